"""Checks of a model that is run in whole numbers, and what such a run takes. No solver, no random number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vesica.biology.mvb_law import fusion_share, fusion_stages
from vesica.engine.doses import in_fresh_medium, particles_wanted
from vesica.engine.rows import parameter_row
from vesica.errors import Finding
from vesica.spec.model import MOST_CELLS
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.sample import sampled
from vesica.spec.variability import least
from vesica.spec.vocabulary import FRESH, sender_of

LARGEST: Final = 2.0**53  # up to here every whole number is a float
ROUNDED: Final = 0.05  # most that whole cells may change a cell type's share of the dish
MOST_EVENTS: Final = 1e10
# What a run takes, only to say what to expect. Guessed, then both speeds were divided by what two examples took more:
# `mirna_stoichiometry` 64 s of a core, `single_cell_secretion` 27 s (both 2.7 times the first guess).
EVENTS_PER_VESICLE: Final = 10.0  # release, binding, unbinding, uptake, fate
EVENTS_PER_SECOND: Final = 1.1e6  # of one core
WINDOWS_PER_SECOND: Final = 7.5e4  # windows of one cell, its MVBs, cargo and signals included
BYTES_PER_VESICLE: Final = 100.0


@dataclass(frozen=True)
class Expected:
    """What all arms of one replicate make, from the resting rates of the donors.

    Parameters
    ----------
    vesicles : vesicle
        Set free, and given by doses.
    windows : windows of single cells
    """

    vesicles: float
    windows: float

    @property
    def events(self) -> float:
        """Vesicles that leave, bind, unbind, are taken up, are degraded: one exact event each."""
        return EVENTS_PER_VESICLE * self.vesicles


def check(model: ResolvedModel) -> list[Finding]:
    """Findings that only a run in whole numbers has; none for one of means."""
    if model.schedule.fidelity in {"well_mixed", "tissue"}:
        return []
    if model.domain.kind != "dish":
        return [_vessel(model.domain.kind)]
    followed, share = sampled(model)
    found = [*_nobody(model), *_cells(model, followed, share), *_amounts(followed), *_parts(followed),
             *_room(followed)]
    if any(finding.severity == "error" for finding in found):
        return found
    return [*found, *_events(followed)]


def expected(model: ResolvedModel) -> Expected:
    """Estimate of one replicate of the model's sample."""
    vesicles = windows = 0.0
    followed, _ = sampled(model)
    schedule = model.schedule
    for arm in followed.arms:
        row = parameter_row(followed, arm)
        for cell in followed.cells:
            cells = arm.counts.get(cell.name, 0.0)
            windows += cells * math.ceil(schedule.duration / schedule.longest_window)
            if cell.secretes_vesicles:
                vesicles += cells * resting_release(row, cell.name) * schedule.duration
        vesicles += sum(dose.amount * arm.counts[dose.recipient] for dose in arm.doses
                        if dose.measure == "particles_per_cell")
        vesicles += sum(particles_wanted(followed, supply, arm) for supply in arm.supplies)
        vesicles += sum(row[f"{sender_of(origin)}.{FRESH}"] for origin in in_fresh_medium(followed)
                        ) * followed.domain.volume
    return Expected(vesicles, windows)


def resting_release(row: Mapping[str, float], cell: str) -> float:
    """Vesicles set free by one cell, vesicle/s, at the rates without rules and with free docking sites.

    MVBs mature from endosomes at a steady rate; each buds vesicles until it docks and fuses, or ends in
    the lysosome (means of `vesica.biology.mvb_law`).
    """
    def rate(name: str) -> float:
        return row[f"{cell}.{name}"]

    def share(part: float, *others: float) -> float:
        total = part + sum(others)
        return part / total if total > 0 else 0.0

    mvbs = rate("endosome_formation_rate") * share(rate("endosome_maturation_rate"), rate("endosome_recycling_rate"))
    dock, lysosome = rate("mvb_docking_rate") * rate("rab27_activity"), rate("mvb_lysosome_rate")
    fusion = rate("mvb_fusion_rate") * rate("snare_activity")
    escrt = rate("escrt_share")
    bud = rate("ilv_budding_rate") * (escrt * rate("escrt_activity") + (1 - escrt) * rate("nsmase2_activity"))
    if not (dock > 0 and fusion > 0):
        return 0.0
    fates = lysosome, dock, rate("mvb_undocking_rate"), fusion
    age = sum(1.0 / stage for stage in fusion_stages(*fates))
    filling = bud / rate("ilv_capacity") + rate("retrofusion_rate")
    level = bud / filling if filling > 0 else 0.0
    inside = level * (1.0 - math.exp(-filling * age))
    detach = share(rate("tether_detachment_rate"), rate("tether_return_rate"))
    leaving = rate("released_share") + (1.0 - rate("released_share")) * detach
    return mvbs * fusion_share(*fates) * inside * leaving


def _vessel(kind: str) -> Finding:
    return Finding("error", "domain.kind", f"a {kind} in whole numbers",
                   "whole numbers follow one stirred body of medium",
                   "vesicles would pass between its parts as if nothing lay between",
                   "write `fidelity: well_mixed`, or `kind: dish`")


def _nobody(model: ResolvedModel) -> list[Finding]:
    """Arms without a cell."""
    return [Finding("error", f"arms.{arm.name}", f"there is no cell in arm `{arm.name}`",
                    "a run in whole numbers follows cells and their vesicles", "there would be nothing to follow",
                    "give a cell type a count, leave the arm out, or run `fidelity: well_mixed`")
            for arm in model.arms if not any(count > 0 for count in arm.counts.values())]


def _cells(model: ResolvedModel, followed: ResolvedModel, share: float) -> list[Finding]:
    """Cell types that the common share leaves without a cell, or with another share than they had."""
    found: dict[str, Finding] = {}
    for arm, small in zip(model.arms, followed.arms, strict=True):
        for cell, count in arm.counts.items():
            if count > 0 and cell not in found and (finding := _cell(model, arm, cell, small.counts[cell], share)):
                found[cell] = finding
    return list(found.values())


def _cell(model: ResolvedModel, arm: Arm, cell: str, whole: float, share: float) -> Finding | None:
    wanted = arm.counts[cell] * share
    says = (f"{arm.counts[cell]:g} {cell} cells in arm `{arm.name}` are {wanted:.3g} in a sample of {share:.2g} of the "
            "dish")
    largest = model.schedule.cells_at_most / share if share < 1 else 0.0
    if whole < 1:
        return Finding("error", "run.cells_at_most", says, "a sample holds whole cells of every type of the dish",
                       "this type would be missing", _enough(largest, share, arm.counts[cell]))
    if abs(whole / wanted - 1.0) > ROUNDED:
        return Finding("warning", "run.cells_at_most", f"{says}, so {whole:g}",
                       "rounding to whole cells changes no type by more than 5 %",
                       f"there are {100 * abs(whole / wanted - 1.0):.0f} % too "
                       f"{'many' if whole > wanted else 'few'} of them",
                       _enough(10.0 * largest, share, arm.counts[cell]))
    return None


def _enough(largest: float, share: float, count: float) -> str:
    """The way out: ``largest`` is what `cells_at_most` would be for a type of one cell."""
    if share == 1.0 or count < 1.0:
        return "give a whole number of cells as `count`"
    needed = math.ceil(largest / count)
    if needed > MOST_CELLS:
        return "the types are too unequal for one sample: leave the rare one out, or run `fidelity: well_mixed`"
    return f"write `cells_at_most: {needed}`"


def _amounts(model: ResolvedModel) -> list[Finding]:
    """Amounts that no whole number stands for."""
    cells = {arm.name: max(arm.counts.values(), default=0.0) for arm in model.arms}
    found = [
        (path, f"`{path}` is {parameter.value:.3g} molecules", parameter.value)
        for path, parameter in model.parameters.items() if path.endswith((".basal", ".target_sites"))
    ]
    found += [(f"arms.{arm.name}.exposures", f"a dose of {dose.amount * cells[arm.name]:.3g} vesicles",
               dose.amount * cells[arm.name])
              for arm in model.arms for dose in arm.doses if dose.measure == "particles_per_cell"]
    found += [(f"arms.{arm.name}.exposures", f"{wanted:.3g} vesicles of `{supply.preparation}`", wanted)
              for arm in model.arms for supply in arm.supplies
              for wanted in [particles_wanted(model, supply, arm)]]
    return [Finding("error", path, says, f"a whole number here is at most 2^53 = {LARGEST:.1e}",
                    "one more or less would be lost to rounding, and the ledger could not close",
                    "check the unit; or run `fidelity: well_mixed`")
            for path, says, amount in found if amount > LARGEST]


def _parts(model: ResolvedModel) -> list[Finding]:
    """Rooms that hold less than one, in any cell."""
    wrong = {path: (value * least(model, row, path), arm.name) for arm in reversed(model.arms)
             for row in [parameter_row(model, arm)] for path, value in row.items()
             if path.endswith((".ilv_capacity", ".docking_sites")) and 0 < value * least(model, row, path) < 1}
    return [Finding("error", path, f"`{path}` is {value:g} in arm `{arm}`",
                    "in whole numbers an MVB has room for one ILV at least, and a cell for one docked MVB",
                    "a part of one would be taken for one or for none",
                    "write 1 or more, or let it vary less from cell to cell; or run `fidelity: well_mixed`")
            for path, (value, arm) in wrong.items()]


def _room(model: ResolvedModel) -> list[Finding]:
    """Medium that has less room than its cells."""
    for arm in model.arms:
        row = parameter_row(model, arm)
        cells = sum(count * row.get(f"{cell}.cell_volume", 0.0) for cell, count in arm.counts.items())
        if cells > model.domain.volume:
            return [Finding("error", "domain.medium", f"{model.domain.volume:.3g} um^3 of medium for cells of "
                            f"{cells:.3g} um^3 in arm `{arm.name}`", "cells stand in more medium than they have volume",
                            "vesicles would meet cells faster than they can move",
                            "check the units of `medium` and `count`")]
    return []


def _windows(model: ResolvedModel, windows: float) -> list[Finding]:
    seconds = windows / WINDOWS_PER_SECOND
    if seconds <= MOST_EVENTS / EVENTS_PER_SECOND:
        return []
    schedule = model.schedule
    return [Finding("warning", "run.window" if schedule.window else "run.every",
                    f"rates are held for {schedule.longest_window:.3g} s, and there are {windows:.1e} such windows of "
                    "single cells", "a run takes an hour or so on one core",
                    f"this one takes about {seconds / 3600.0:,.0f} h of a core",
                    "write a longer `window` (and `every`), fewer cells or fewer replicates")]


def _events(model: ResolvedModel) -> list[Finding]:
    one = expected(model)
    return [*_vesicles(model, one), *_windows(model, one.windows * model.schedule.replicates)]


def _vesicles(model: ResolvedModel, one: Expected) -> list[Finding]:
    events = one.events * model.schedule.replicates
    if events <= MOST_EVENTS:
        return []
    hours = events / EVENTS_PER_SECOND / 3600.0
    most = max(count for arm in model.arms for count in arm.counts.values())
    smaller = max(1, int(most * MOST_EVENTS / events))
    return [Finding("warning", "run.fidelity", f"about {events:.1e} events of single vesicles",
                    f"a run of up to {MOST_EVENTS:.0e} events takes an hour or so on one core",
                    f"this one takes about {hours:,.0f} h of a core",
                    f"write `cells_at_most: {smaller}` or fewer replicates; `fidelity: well_mixed` gives the means")]


def cost(model: ResolvedModel) -> dict[str, float | int]:
    """What a run in whole numbers takes, by the words that say so."""
    followed, share = sampled(model)
    one, replicates = expected(model), model.schedule.replicates
    most = {cell.name: max(arm.counts.get(cell.name, 0.0) for arm in followed.arms) for cell in followed.cells}
    seconds = (one.events / EVENTS_PER_SECOND + one.windows / WINDOWS_PER_SECOND) * replicates
    return {
        "cells followed in an arm": int(sum(most.values())),
        "of the dish": share,
        "replicates": replicates,
        "vesicles (at resting rates)": one.vesicles * replicates,
        "minutes of a core": seconds / 60.0,
        "MB of vesicles at most": one.vesicles / max(1, len(model.arms)) * BYTES_PER_VESICLE / 1e6,
    }
