"""Arms: the base merged with what each says, cells counted, doses ordered, twins found."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vesica.errors import Finding
from vesica.library import Library
from vesica.spec.cell_words import CellSpec
from vesica.spec.exposures import Step, combine, dose_of, steps_of, supply_of
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Arm, BenchStep, Dose, Exposure, Inhibition, Loss, ResolvedModel, Supply
from vesica.spec.treatments import AddedSpec, DoseSpec, ExposureSpec, InterventionSpec, VesiclesSpec
from vesica.spec.vessel_words import HandlingSpec
from vesica.spec.words import Quantity

BASE: str = "base"
MOST_CELLS = 1e10  # in a dish, of one type
_T = TypeVar("_T")


@dataclass(frozen=True)
class Condition:
    """One arm after merging, still in the user's words; each part with the path it was written at."""

    name: str
    place: str
    counts: Mapping[str, tuple[str, Quantity | None]]
    exposures: Sequence[tuple[str, ExposureSpec]]
    interventions: Sequence[tuple[str, InterventionSpec]]
    against: str | None = None
    handling: Sequence[tuple[str, HandlingSpec]] = ()


@dataclass(frozen=True)
class Offered:
    """A drug of the library: what it acts on in any model, and its molar mass in g/mol."""

    name: str
    targets: tuple[str, ...]
    molar_mass: float | None = None


@dataclass(frozen=True)
class Shelf:
    """What the library offers to interventions: drugs, and genes that it says more about."""

    drugs: Mapping[str, Offered]
    genes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """What one intervention does to an arm: factors, values and losses by path, a drug, a sentence, and findings.

    ``is_agent`` where rules read the drug by its name, too: then it is in the medium as an agent.
    """

    factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    english: str = ""
    findings: tuple[Finding, ...] = ()
    losses: tuple[Loss, ...] = ()
    inhibition: Inhibition | None = None
    is_agent: bool = False


Apply = Callable[[InterventionSpec, ResolvedModel, Shelf, str], Effect]


def conditions(spec: ModelSpec) -> list[Condition]:
    """The arms of a model; a model without arms has one, the base."""
    result = []
    for name, arm in spec.arms.items():
        place = f"arms.{name}"
        result.append(Condition(
            name, place, _counts(spec, arm.cells, f"{place}."),
            _placed(arm.exposures, spec.exposures, place, "exposures"),
            _placed(arm.interventions, spec.interventions, place, "interventions"), arm.against,
            _placed(arm.handling, spec.handling, place, "handling"),
        ))  # fmt: skip
    if not spec.arms:
        result.append(Condition(BASE, "", _counts(spec, {}, ""), _placed(None, spec.exposures, "", "exposures"),
                                _placed(None, spec.interventions, "", "interventions"), None,
                                _placed(None, spec.handling, "", "handling")))
    return result


def _counts(spec: ModelSpec, changes: Mapping[str, CellSpec], place: str) -> dict[str, tuple[str, Quantity | None]]:
    """Maps merge: the count the arm gives, or else the base's, each with its path."""
    counts: dict[str, tuple[str, Quantity | None]] = {
        name: (f"cells.{name}.count", cell.count) for name, cell in spec.cells.items()
    }
    for name, cell in changes.items():
        if cell.count is not None or name not in counts:
            counts[name] = (f"{place}cells.{name}.count", cell.count)
    return counts


def _placed(own: Sequence[_T] | None, base: Sequence[_T], place: str, key: str) -> list[tuple[str, _T]]:
    """Lists replace: the arm's own, or the base's, each item with its path."""
    prefix = key if own is None else f"{place}.{key}"
    return [(f"{prefix}[{index}]", item) for index, item in enumerate(base if own is None else own)]


def count_cells(condition: Condition, cells: Sequence[str], notes: Notes) -> dict[str, float]:
    """Cells of each type in one arm; a type the arm does not name has none."""
    counts = {}
    for name in cells:
        place, text = condition.counts.get(name, ("", 0.0))
        if text is None:
            notes.add("error", place.removesuffix(".count"), f"`{name}` has no `count`",
                      "every cell type of an arm says how many cells there are",
                      "the amounts per dish are unknown", "add `count: 1e6`, or `count: 0`")
        counts[name] = 0.0 if text is None else notes.quantity(text, "cell", place, bare="cell") or 0.0
        if counts[name] > MOST_CELLS or 0.0 < counts[name] < 1.0:
            notes.add("warning", place, f"`{text}` is {counts[name]:.3g} cells of type `{name}`",
                      f"a dish holds from 1 to {MOST_CELLS:.0e} cells of a type, or none".replace("e+", "e"),
                      "the run is made, and stands for no experiment", "check the number and its unit")
    return counts


def resolve_arm(
    condition: Condition, counts: Mapping[str, float], names: Sequence[str], end: float,
    molar_masses: Mapping[str, float | None], library: Library, notes: Notes,
) -> Arm:
    """Who is there and what is added; interventions and changed numbers come later."""
    steps: dict[tuple[str, str], list[Step]] = {}
    doses: list[Dose] = []
    supplies: list[Supply] = []
    english: list[str] = []
    for path, exposure in condition.exposures:
        if isinstance(exposure, DoseSpec):
            found = dose_of(exposure, path, counts, names, end, library, notes)
            if found:
                doses.append(found[0])
                english.append(found[1])
            continue
        if isinstance(exposure, VesiclesSpec):
            supply = supply_of(exposure, path, counts, end, library, notes)
            if supply:
                supplies.append(supply[0])
                english.append(supply[1])
            continue
        if isinstance(exposure, AddedSpec):
            continue
        if exposure.agent not in molar_masses:
            if notes.has_errors_at(f"{path}.agent"):  # a soluble, which `handling.check_agents` has said
                continue
            notes.unknown(f"{path}.agent", "agent", exposure.agent, molar_masses, "nothing would be added")
            continue
        new, words = steps_of(exposure, path, end, molar_masses[exposure.agent], notes)
        steps.setdefault((exposure.agent, exposure.face or ""), []).extend(new)
        english += [words] if words else []
    exposures = [combine(agent, steps[agent, face], end, face) for agent, face in sorted(steps)]
    present = tuple(exposure for exposure in exposures if exposure.times)
    if condition.against is not None and condition.against not in names:
        notes.unknown(f"{condition.place}.against", "arm", condition.against, names, "there is nothing to compare with")
    return Arm(condition.name, dict(counts), present, tuple(doses), english=tuple(english), against=condition.against,
               supplies=tuple(supplies))


def intervene(
    arm: Arm, condition: Condition, model: ResolvedModel, shelf: Shelf, apply: Apply, notes: Notes
) -> Arm:
    """The arm with its interventions: factors of several multiply."""
    factors, values, english = dict(arm.factors), dict(arm.values), list(arm.english)
    exposures = {exposure.agent: exposure for exposure in arm.exposures}
    inhibitions, losses = list(arm.inhibitions), list(arm.losses)
    for path, intervention in condition.interventions:
        effect = apply(intervention, model, shelf, path)
        notes.take(*effect.findings)
        for target, factor in effect.factors.items():
            factors[target] = factors.get(target, 1.0) * factor
        values |= effect.values
        losses += effect.losses
        held = () if effect.inhibition is None else effect.inhibition.paths
        inhibitions += [] if effect.inhibition is None else [effect.inhibition]
        if effect.inhibition is not None and effect.is_agent:
            _expose(exposures, effect.inhibition, path, notes)
        english += [effect.english] if effect.english else []
        lost = [one.path for one in effect.losses]
        touched = {path.split(".")[0] for path in (*effect.factors, *effect.values, *held, *lost)} & set(arm.counts)
        if touched and not any(arm.counts[cell] for cell in touched):
            notes.add("warning", path, f"it changes the {', '.join(sorted(touched))}, and arm `{arm.name}` has none",
                      "an intervention acts on cells that are there",
                      "it has no effect (vesicles keep what their donors gave them in the source arm)",
                      "delete it, or give it to the arm that holds these cells")
    return dataclasses.replace(arm, factors=factors, values=values, english=tuple(english),
                               inhibitions=tuple(inhibitions), losses=tuple(losses),
                               exposures=tuple(exposures[agent] for agent in sorted(exposures)))


def _expose(exposures: dict[str, Exposure], given: Inhibition, path: str, notes: Notes) -> None:
    if given.drug in exposures:
        notes.add("error", path, f"`{given.drug}` is given twice in this arm, and rules name it",
                  "a drug that rules name is given once", "its two concentrations would contradict each other",
                  "delete one of them (the inhibitor also acts through the rules that name it)")
    exposures[given.drug] = Exposure(given.drug, given.times, given.levels)


def check_order(arms: Sequence[Arm], conditions_: Sequence[Condition], notes: Notes) -> None:
    """Arms that give vesicles to one another form no circle."""
    sources = {arm.name: [dose.from_arm for dose in arm.doses] for arm in arms}
    reported: set[frozenset[str]] = set()
    for condition in conditions_:
        circle = _circle(condition.name, sources)
        if not circle or frozenset(circle) in reported:
            continue
        reported.add(frozenset(circle))
        place = next(path for path, item in condition.exposures
                     if isinstance(item, DoseSpec) and item.doses_from in circle)  # fmt: skip
        notes.add("error", f"{place}.doses_from", f"the arms dose one another: {' -> '.join((*circle, circle[0]))}",
                  "an arm runs after the arms its vesicles come from", "none of them could run first",
                  "take one `doses_from` away (an arm without `exposures:` has those of the base)")


def check_controls(conditions_: Sequence[Condition], notes: Notes) -> None:
    """Each arm that is compared is in the end compared with one that is not."""
    controls = {one.name: [one.against] for one in conditions_ if one.against is not None}
    reported: set[frozenset[str]] = set()
    for condition in conditions_:
        circle = _circle(condition.name, controls)
        if circle and frozenset(circle) not in reported:
            reported.add(frozenset(circle))
            notes.add("error", f"{condition.place}.against",
                      f"the arms are compared in a circle: {' -> '.join((*circle, circle[0]))}",
                      "an arm is compared with another one, and the last of them with none",
                      "none of them would be the control", "take one `against` away")


def _circle(start: str, sources: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The arms on a way from ``start`` back to it, or nothing."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for source in sources.get(way[-1], ()):
            if source == start:
                return way
            if source not in seen:
                seen.add(source)
                ways.append((*way, source))
    return ()


def check_twins(arms: Sequence[Arm], notes: Notes) -> None:
    """Two arms that come out alike are probably a slip."""
    first: dict[str, str] = {}
    for arm in arms:
        content = "; ".join((
            *(f"{name}={count:.12g}" for name, count in sorted(arm.counts.items()) if count),
            *(f"{item.agent} {item.face}: {_rounded(item.times)} {_rounded(item.levels)}" for item in arm.exposures),
            *sorted(f"{dose.from_arm} to {dose.recipient}: {dose.measure} "
                    f"{_rounded((dose.amount, dose.at, dose.carry_over))}{_bench(dose.isolation)}"
                    for dose in arm.doses),
            *sorted(f"{one.preparation} to {one.recipient}: {one.measure} {_rounded((one.amount, one.at))}"
                    f"{_bench(one.isolation)}" for one in arm.supplies),
            *(f"{one.soluble} {one.compartment} {_rounded((one.concentration, one.at))}" for one in arm.additions),
            *(f"{one.compartment} {_rounded((one.at, one.taken, one.given))}" for one in arm.handling),
            *(f"{path}*{factor:.12g}" for path, factor in sorted(arm.factors.items()) if factor != 1.0),
            *(f"{path}={value:.12g}" for path, value in sorted(arm.values.items())),
            *sorted(f"{one.path} without {one.lost:.12g} by {one.fold}" for one in arm.losses),
            *sorted(f"{item.drug} {item.before:.12g} {_rounded(item.times)} {_rounded(item.levels)} on "
                    f"{' '.join(item.paths)}" for item in arm.inhibitions),
        ))  # fmt: skip
        if content in first:
            notes.add("warning", f"arms.{arm.name}", f"arms `{first[content]}` and `{arm.name}` come out alike",
                      "each arm is another condition", "the second says nothing new",
                      "check what should differ, or delete one of them")
        first.setdefault(content, arm.name)


def _bench(steps: Sequence[BenchStep]) -> str:
    """What is done between dishes, as one text."""
    return "".join(f" > {one.kind} {one.name} {one.detergent} {one.cycles} {_rounded((one.time, *one.own.values()))}"
                   f"{' '.join(one.own)}" for one in steps)  # fmt: skip


def _rounded(numbers: Iterable[float]) -> str:
    """To twelve digits: `40 mM` and `0.04 M` differ in the last bits."""
    return " ".join(f"{number:.12g}" for number in numbers)
