"""What differs between arms: who is there, what is added, which numbers are changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vesica.analysis.explain.changes import Change, left_over, same
from vesica.analysis.explain.numbers import unit_shown
from vesica.spec.resolved import (
    Addition,
    Arm,
    Dose,
    Exposure,
    Handling,
    Inhibition,
    Loss,
    ResolvedModel,
    Supply,
)

NM: Final = 0.602214076  # molecule/um^3
HOUR: Final = 3600.0
MOST_STEPS: Final = 4
MOST_PATHS: Final = 6
_CONCENTRATIONS: Final = ((1e9, "M"), (1e6, "mM"), (1e3, "uM"), (1.0, "nM"), (1e-3, "pM"))
Added = Exposure | Dose | Supply | Inhibition | Handling | Addition


def all_arms(one: ResolvedModel, other: ResolvedModel) -> Iterator[Change]:
    """Changes of the arms of two models; what is so in every arm is said once."""
    here, there = ({arm.name: arm for arm in model.arms} for model in (one, other))
    both = [name for name in here if name in there]
    for name in here:
        if name not in there:
            yield Change("Arms", f"arm {name}", "A", first="; ".join(here[name].english) or "nothing added")
    for name in there:
        if name not in here:
            yield Change("Arms", f"arm {name}", "B", second="; ".join(there[name].english) or "nothing added")
    places: dict[Change, list[str]] = {}
    for name in both:
        for change in arm_changes(here[name], there[name], one, other):
            places.setdefault(change, []).append(name)
    for change, names in places.items():
        where = "every arm" if len(names) == len(both) > 1 else f"arm{'s' * (len(names) > 1)} {shortened(names)}"
        yield change.turned(f"{where}: {change.what}")


def arm_changes(one: Arm, other: Arm, model: ResolvedModel, other_model: ResolvedModel) -> Iterator[Change]:
    """Changes of one arm against another."""
    for cell in sorted({*one.counts, *other.counts}):
        here, there = one.counts.get(cell, 0.0), other.counts.get(cell, 0.0)
        if not same(here, there):
            yield Change("Arms", f"{cell} cells", "", f"{here:,.10g}", f"{there:,.10g}", there / here if here else None)
    yield from _lists(*left_over(one.exposures, other.exposures, _same_exposure))
    yield from _lists(*left_over(one.doses, other.doses, _same_fields))
    yield from _lists(*left_over(one.supplies, other.supplies, _same_fields))
    yield from _lists(*left_over(one.handling, other.handling, _same_fields))
    yield from _lists(*left_over(one.additions, other.additions, _same_fields))
    yield from _lists(*left_over(one.inhibitions, other.inhibitions, _same_inhibition))
    yield from _factors(one.factors, other.factors)
    yield from _losses(one.losses, other.losses)
    for path in sorted({*one.values, *other.values}):
        here, there = _value(one, path, model), _value(other, path, other_model)
        if (path in one.values) != (path in other.values) or not same(one.values[path], other.values[path]):
            yield Change("Arms", path, "", here, there)
    if (one.against or "") != (other.against or ""):
        yield Change("Arms", "is shown against", "", one.against or "nothing", other.against or "nothing")


def _lists(alone: Sequence[Added], rest: Sequence[Added]) -> Iterator[Change]:
    """Things that only one arm has; two of the same substance are one change."""
    left = list(rest)
    for item in alone:
        partner = next((there for there in left if _subject(there) == _subject(item)), None)
        if partner is None:
            yield Change("Arms", _subject(item), "A", first=_text(item))
        else:
            left.remove(partner)
            yield Change("Arms", _subject(item), "", _text(item), _text(partner))
    yield from (Change("Arms", _subject(item), "B", second=_text(item)) for item in left)


def _subject(item: Added) -> str:
    if isinstance(item, Exposure):
        return item.agent
    if isinstance(item, Handling):
        return "sample" if item.is_sample else "medium change"
    if isinstance(item, Addition):
        return f"{item.soluble} added"
    if isinstance(item, Inhibition):
        return f"drug {item.drug}"
    return f"vesicles of {item.preparation}" if isinstance(item, Supply) else f"vesicles of arm {item.from_arm}"


def _text(item: Added) -> str:
    if isinstance(item, Exposure):
        return exposure_text(item)
    if isinstance(item, Inhibition):
        return f"{_course_text(item)} on {shortened(item.paths)}"
    if isinstance(item, Handling):
        where = f" of the {item.compartment}" if item.compartment else ""
        return f"{item.taken / 1e9:.4g} uL{where} out, {item.given / 1e9:.4g} uL in, at {item.at / HOUR:.4g} h"
    if isinstance(item, Addition):
        return f"{concentration(item.concentration)} at {item.at / HOUR:.4g} h"
    bench = f", after {', then '.join(step.label for step in item.isolation)}" if item.isolation else ""
    if isinstance(item, Supply):
        amount = (f"{item.amount * 1e12:.4g} EV/mL" if item.measure == "concentration"
                  else f"{item.amount:.4g} particles per {item.recipient}")
        return f"{amount} at {item.at / HOUR:.4g} h{bench}"
    carried = f", with {item.carry_over:.4g} of its solubles" if item.carry_over else ""
    return (f"{item.amount:.4g} {item.measure.replace('_', ' ')} ({item.recipient}) at {item.at / HOUR:.4g} h"
            f"{carried}{bench}")


def _course_text(item: Inhibition) -> str:
    """``10 uM``, which has been there before the run, or its course in it."""
    return exposure_text(item) if item.is_timed else concentration(item.before)


def exposure_text(exposure: Exposure | Inhibition) -> str:
    """``40 mM from 0 h to 24 h``."""
    steps = list(zip(exposure.times, exposure.levels, strict=True))
    if not steps:
        return "never"
    if len(steps) > MOST_STEPS:
        return f"a course of {len(steps)} steps, at most {concentration(max(exposure.levels))}"
    ends = [f"{time / HOUR:.4g} h" for time in exposure.times[1:]] + ["the end"]
    said = ", ".join(f"{concentration(level)} from {time / HOUR:.4g} h to {end}"
                     for (time, level), end in zip(steps, ends, strict=True) if level) or "none"
    return f"{said} at {face}" if (face := getattr(exposure, "face", "")) else said


def concentration(level: float) -> str:
    """A level in molecule/um^3 as people write it."""
    amount = level / NM
    size, unit = next(((size, unit) for size, unit in _CONCENTRATIONS if amount >= size), (1.0, "nM"))
    return f"{amount / size:.4g} {unit}"


def shortened(paths: Sequence[str]) -> str:
    """The first few of many names."""
    shown = ", ".join(paths[:MOST_PATHS])
    return shown + (f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else "")


def _factors(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[Change]:
    """Numbers that are multiplied, those with the same change together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path in sorted({*one, *other}):
        here, there = one.get(path, 1.0), other.get(path, 1.0)
        if not same(here, there):
            groups.setdefault((f"{here:.4g}", f"{there:.4g}"), []).append(path)
    for (here, there), paths in groups.items():
        yield Change("Arms", f"factor on {shortened(paths)}", "", here, there)


def _losses(one: Sequence[Loss], other: Sequence[Loss]) -> Iterator[Change]:
    """Genes that are lost, by the numbers they change."""
    here, there = ({loss.path: loss for loss in losses} for losses in (one, other))
    for path in sorted({*here, *there}):
        lost = [f"{side[path].lost:.4g} of {side[path].fold.split('.')[1]}" if path in side else "nothing"
                for side in (here, there)]
        if lost[0] != lost[1]:
            yield Change("Arms", f"lost of what {path} needs", "", *lost)


def _value(arm: Arm, path: str, model: ResolvedModel) -> str:
    """The value in an arm, in the unit of the model."""
    if path not in model.parameters:
        return "no such number"
    number = model.parameters[path]
    unit, scale = unit_shown(number)
    return f"{scale * arm.values.get(path, number.value):.4g} {unit}".strip()


def _same_exposure(one: Exposure, other: Exposure) -> bool:
    return one.agent == other.agent and same(one.times, other.times) and same(one.levels, other.levels)


def _same_fields(one: Added, other: Added) -> bool:
    return all(same(getattr(one, name), getattr(other, name)) for name in vars(one))


def _same_inhibition(one: Inhibition, other: Inhibition) -> bool:
    return (one.drug == other.drug and sorted(one.paths) == sorted(other.paths)
            and all(same(getattr(one, name), getattr(other, name)) for name in ("times", "levels", "before")))
