"""Medium changes, samples and additions: times and volumes followed in order, compartment by compartment.

A change takes a share of the medium that is there and gives as much fresh medium; a sample takes a volume, and gives
fresh medium only if it is replaced. Doses, additions and agents bring no volume.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from vesica.errors import nearest
from vesica.spec.arms import Condition
from vesica.spec.exposures import AFTER_END
from vesica.spec.quantities import Notes, seconds
from vesica.spec.resolved import Addition, Arm, Domain, Handling, ResolvedModel
from vesica.spec.treatments import AddedSpec, ConstantExposure, PulseExposure, RepeatedExposure, TableExposure
from vesica.spec.vessel_words import ChangeSpec, HandlingSpec, SampleSpec
from vesica.units import CONCENTRATION

MOST_TIMES = 100_000  # of one line, as `times` says
ROUNDING = 1e-12  # relative: times and volumes closer than that are one
AGENTS = ConstantExposure | PulseExposure | RepeatedExposure | TableExposure


def handled(
    arm: Arm, condition: Condition, model: ResolvedModel, molar_masses: Mapping[str, float | None], notes: Notes
) -> Arm:
    """The arm with what hands do in it: changes and samples of the medium, and solubles added.

    Parameters
    ----------
    molar_masses : mapping of soluble or agent to g/mol
    """
    end = model.schedule.duration
    handling, words = _followed(condition.handling, model.domain, end, notes)
    additions: list[Addition] = []
    for path, exposure in condition.exposures:
        if isinstance(exposure, AddedSpec):
            found, said = _added(exposure, path, model, molar_masses, notes)
            additions += found
            words += said
    additions.sort(key=lambda one: one.at)
    return dataclasses.replace(arm, handling=tuple(handling), additions=tuple(additions),
                               english=(*arm.english, *words))


def check_agents(condition: Condition, solubles: Sequence[str], notes: Notes) -> None:
    """A soluble of the model goes its own way: no schedule can hold it."""
    for path, exposure in condition.exposures:
        if isinstance(exposure, AGENTS) and exposure.agent in solubles:
            level = getattr(exposure, "concentration", "1 mM")
            notes.add("error", f"{path}.agent", f"`{exposure.agent}` is a soluble of this model, given as an agent",
                      "cells or networks make or use up a soluble; an agent stands at the concentration it is given",
                      "it would have two concentrations",
                      f"write `{{add: {exposure.agent}, concentration: {level}, at: 0 h}}`")


def volumes_at(model: ResolvedModel, arm: Arm, time: float) -> dict[str, float]:
    """Volume of each compartment (um^3) from ``time`` s on, by name; of a vessel without any, under no name.

    Samples at the end of the run leave the medium as it is: nothing follows.
    """
    found = _start(model.domain)
    for one in arm.handling:
        if one.at <= time and one.at < model.schedule.duration * (1.0 - ROUNDING):
            found[one.compartment or next(iter(found))] += one.given - one.taken
    return found


def volume_at(model: ResolvedModel, arm: Arm, time: float) -> float:
    """Volume of all medium (um^3) from ``time`` s on."""
    return math.fsum(volumes_at(model, arm, time).values())


def scaled(arm: Arm, factor: float) -> Arm:
    """The arm with so many times the volumes taken and given."""
    return dataclasses.replace(arm, handling=tuple(
        dataclasses.replace(one, taken=one.taken * factor, given=one.given * factor) for one in arm.handling))


def _start(domain: Domain) -> dict[str, float]:
    return {one.name: one.volume for one in domain.compartments} or {"": domain.volume}


def _in_reach(domain: Domain) -> dict[str, float]:
    """Volumes of the compartments that hands reach: not of the liquid between the cells of a slice."""
    return {name: volume for name, volume in _start(domain).items() if name != "slice"}


def _compartment(name: str, domain: Domain) -> str:
    """As `Handling` has it: empty where the vessel has only one."""
    return name if len(domain.compartments) > 1 else ""


def _followed(
    items: Sequence[tuple[str, HandlingSpec]], domain: Domain, end: float, notes: Notes
) -> tuple[list[Handling], list[str]]:
    """Everything in order of time, and of the file at one time; nothing, with findings, from where it is wrong."""
    planned: list[tuple[float, str, HandlingSpec]] = []
    words: list[str] = []
    for path, item in items:
        times = _times(item, path, end, notes)
        if not times or not _is_known_place(item.of, path, domain, notes):
            continue
        planned += [(time, path, item) for time in times]
        words.append(_english(item, times))
    volumes = _in_reach(domain)
    found: list[Handling] = []
    failed: set[str] = set()
    for time, path, item in sorted(planned, key=lambda one: one[0]):
        if path in failed:
            continue
        new = _at(time, path, item, domain, volumes, notes)
        if not new:
            failed.add(path)
        for one in new:
            place = one.compartment or next(iter(volumes))
            volumes[place] += one.given - one.taken
        found += new
    return found, words


def _at(
    time: float, path: str, item: HandlingSpec, domain: Domain, volumes: Mapping[str, float], notes: Notes
) -> list[Handling]:
    """What happens at one time; compartments are named where there are several."""
    if isinstance(item, ChangeSpec):
        return _changed(time, path, item, domain, volumes, notes)
    taken = notes.quantity(item.sample, "um^3", f"{path}.sample", positive=True)
    if taken is None:
        return []
    if item.of is None and len(volumes) > 1:
        notes.add("error", path, f"a sample of a {domain.kind} that does not say from which part",
                  f"the medium of a {domain.kind} is {' and '.join(volumes)}", "what is in it would be unknown",
                  f"add `of: {next(iter(volumes))}`")
        return []
    name = item.of or next(iter(volumes))
    left = volumes[name] - taken
    is_too_much = left < -ROUNDING * volumes[name]
    if is_too_much or (not item.replaced and left <= ROUNDING * volumes[name]):
        said = f"`{item.sample}` is taken at {time / 3600:g} h, and {_volume(volumes[name])} of medium are left"
        said += f" in the {name}" if len(volumes) > 1 else ""
        notes.add("error", f"{path}.sample", said, "a sample leaves medium over the cells, or all of it is replaced",
                  "there would be less medium than none" if is_too_much else "cells would stand dry",
                  "take less, or fewer times" if is_too_much else "take less, fewer times, or write `replaced: true`")
        return []
    given = taken if item.replaced else 0.0
    return [Handling(time, taken, given, _compartment(name, domain), is_sample=True)]


def _changed(
    time: float, path: str, item: ChangeSpec, domain: Domain, volumes: Mapping[str, float], notes: Notes
) -> list[Handling]:
    share = notes.quantity(item.change, "", f"{path}.change", positive=True)
    if share is None:
        return []
    if share > 1.0:
        notes.add("error", f"{path}.change", f"`{item.change}` of the medium is changed",
                  "a change takes at most all of the medium", "there is no more to take",
                  "write `100 %`, or two changes one after another")
        return []
    return [Handling(time, share * volumes[name], share * volumes[name], _compartment(name, domain))
            for name in ([item.of] if item.of else volumes)]


def _volume(value: float) -> str:
    return f"{value / 1e12:.4g} mL" if value >= 1e12 else f"{value / 1e9:.4g} uL"


def _times(item: HandlingSpec | AddedSpec, path: str, end: float, notes: Notes) -> list[float]:
    """Times in s; `every` without `times` goes on to the end of the run."""
    at = seconds(item.at, f"{path}.at", notes)
    every = None if item.every is None else seconds(item.every, f"{path}.every", notes, positive=True)
    if at is None or (item.every is not None and every is None) or math.isnan(end):
        return []
    if every is None and item.times > 1:
        notes.add("error", f"{path}.times", f"{item.times} times without `every`", "what is done again is done at "
                  "intervals", "all of them would happen at once", "add `every: 24 h`, or leave `times` out")
        return []
    last = end * (1.0 + ROUNDING) if isinstance(item, SampleSpec) else end * (1.0 - ROUNDING)
    if every is not None and "times" not in item.model_fields_set and (last - at) / every > MOST_TIMES:
        notes.add("error", f"{path}.every", f"every `{item.every}` is {(last - at) / every:.3g} times before the end "
                  "of the run", f"one line is done at most {MOST_TIMES:,} times", "the run would do nothing else",
                  f"give a longer interval, from `{(last - at) / MOST_TIMES:.2g} s` on")
        return []
    if every is None:
        times = [at]
    elif "times" in item.model_fields_set:
        times = [at + number * every for number in range(item.times)]
    else:
        times = [at + number * every for number in range(1 + max(0, math.floor((last - at) / every)))]
    if times[-1] > last:
        key, wrote = ("at", item.at) if len(times) == 1 else ("times", item.times)
        notes.add("error", f"{path}.{key}", f"`{wrote}` puts it at {times[-1] / 3600:g} h, and the run ends at "
                  f"{end / 3600:g} h", *AFTER_END, "give an earlier time, or a longer `run.duration`")
        return []
    return times


def _is_known_place(of: str | None, path: str, domain: Domain, notes: Notes) -> bool:
    known = list(_in_reach(domain))
    if of is None or of in known:
        return True
    notes.unknown(f"{path}.of", f"part of this {domain.kind}", of, known, "nobody would know where it happens")
    return False


def _english(item: HandlingSpec, times: Sequence[float]) -> str:
    when = f"at {item.at}" if len(times) == 1 else f"{len(times)} times, every {item.every} from {item.at}"
    where = f" of the {item.of}" if item.of else ""
    if isinstance(item, ChangeSpec):
        return f"{item.change} of the medium{where} changed {when}"
    return f"sample of {item.sample}{where} {when}{', replaced by fresh medium' if item.replaced else ''}"


def _added(
    item: AddedSpec, path: str, model: ResolvedModel, molar_masses: Mapping[str, float | None], notes: Notes
) -> tuple[list[Addition], list[str]]:
    evaporates = f"{item.add}.evaporation_rate" in model.parameters
    if item.add not in model.solubles and not evaporates:
        near = nearest(item.add, model.solubles) if model.solubles else "it has none"
        if item.add in molar_masses:
            near = f"write `{{agent: {item.add}, concentration: {item.concentration}, from: {item.at}}}`"
        notes.add("error", f"{path}.add", f"`{item.add}` is no soluble of this model", "what is added is a factor that "
                  "cells or networks make, use up or feel, one under `solubles:`, or an agent that evaporates",
                  "nothing would follow what becomes of it", near)
        return [], []
    if evaporates and item.of is not None and len(model.domain.compartments) > 1:
        notes.add("error", f"{path}.of", f"`{item.add}` is added to the {item.of}",
                  "an agent has one concentration in all of the vessel", "it would be in the other part, too",
                  "leave `of` out, or declare it under `solubles:` by another name")
        return [], []
    level = notes.quantity(item.concentration, CONCENTRATION, f"{path}.concentration", positive=True,
                           molar_mass=molar_masses.get(item.add))
    times = _times(item, path, model.schedule.duration, notes)
    if level is None or not times or not _is_known_place(item.of, path, model.domain, notes):
        return [], []
    reached = _in_reach(model.domain)
    place = item.of or ("" if len(reached) > 1 else next(iter(reached)))
    when = f"at {item.at}" if len(times) == 1 else f"{len(times)} times, every {item.every} from {item.at}"
    where = f" to the {item.of}" if item.of else ""
    return ([Addition(item.add, level, time, _compartment(place, model.domain)) for time in times],
            [f"{item.add} {item.concentration} added{where} {when}"])
