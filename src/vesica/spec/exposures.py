"""Exposures as written become steps of concentration; doses become `resolved.Dose`."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from vesica.library import Library
from vesica.spec import isolation
from vesica.spec.quantities import Notes, seconds
from vesica.spec.resolved import Dose, Exposure, Supply
from vesica.spec.treatments import (
    ConstantExposure,
    DoseSpec,
    PulseExposure,
    RepeatedExposure,
    TableExposure,
    VesiclesSpec,
)
from vesica.units import CONCENTRATION

AgentExposure = ConstantExposure | PulseExposure | RepeatedExposure | TableExposure
Step = tuple[float, float, float]  # from s, to s, level molecule/um^3
MOST_ROWS: Final = 100_000
AFTER_END: Final = ("what happens in a run happens before its end", "it would have no effect, without a sign")


def steps_of(
    exposure: AgentExposure, path: str, end: float, molar_mass: float | None, notes: Notes
) -> tuple[list[Step], str]:
    """The steps of one exposure (clipped to the run), and a sentence; nothing, with findings, where it is wrong."""
    if isinstance(exposure, TableExposure):
        return _table(exposure, path, end, molar_mass, notes)
    level = notes.quantity(exposure.concentration, CONCENTRATION, f"{path}.concentration", molar_mass=molar_mass)
    if isinstance(exposure, ConstantExposure):
        spans, words = _constant(exposure, path, end, notes)
    elif isinstance(exposure, PulseExposure):
        spans, words = _pulses(exposure.at, exposure.length, None, 1, path, end, notes)
    else:
        spans, words = _pulses(exposure.at, exposure.length, exposure.every, exposure.times, path, end, notes)
    if level is None:
        return [], ""
    return ([(start, stop, level) for start, stop in spans],
            f"{exposure.agent} {exposure.concentration} {words}{_at(exposure.face)}")


def _constant(
    exposure: ConstantExposure, path: str, end: float, notes: Notes
) -> tuple[list[tuple[float, float]], str]:
    start = seconds(exposure.start, f"{path}.from", notes)
    stop = end if exposure.end is None else seconds(exposure.end, f"{path}.to", notes)
    if start is None or stop is None:
        return [], ""
    if exposure.end is not None and stop <= start:
        notes.add("error", f"{path}.to", f"the exposure ends at `{exposure.end}` and begins at `{exposure.start}`",
                  "an exposure ends after it begins", "it would have no effect, without a sign",
                  "give a `to` later than `from`")
        return [], ""
    if _is_after_end(start, f"{path}.from", exposure.start, end, notes):
        return [], ""
    if stop > end * (1.0 + 1e-9):
        notes.add("warning", f"{path}.to", f"the exposure lasts to `{exposure.end}`, and the run ends at "
                  f"{end / 3600:g} h", "what happens in a run happens before its end",
                  "the exposure is cut at the end of the run", "give an earlier `to`, or a longer `run.duration`")
    last = "the end" if exposure.end is None else exposure.end
    return [(start, min(stop, end))], f"from {exposure.start} to {last}"


def _pulses(
    at: str | float, length: str | float, every: str | float | None, times: int, path: str, end: float, notes: Notes
) -> tuple[list[tuple[float, float]], str]:
    first = seconds(at, f"{path}.at", notes)
    width = seconds(length, f"{path}.length", notes, positive=True)
    period = 0.0 if every is None else seconds(every, f"{path}.every", notes, positive=True)
    if first is None or width is None or period is None:
        return [], ""
    if every is not None and width > period:
        notes.add("error", f"{path}.length", f"pulses of `{length}` every `{every}` overlap",
                  "a pulse ends before the next begins", "the concentration would pile up unseen",
                  "shorten `length`, or write one exposure from start to end")
        return [], ""
    last = first + (times - 1) * period
    if _is_after_end(last, f"{path}.at" if times == 1 else f"{path}.times", at if times == 1 else times, end, notes):
        return [], ""
    spans = [(first + index * period, min(first + index * period + width, end)) for index in range(times)]
    words = f"at {at} for {length}" if times == 1 else f"{times} times for {length}, every {every} from {at}"
    return spans, words


def _is_after_end(time: float, path: str, wrote: object, end: float, notes: Notes) -> bool:
    if time < end or math.isnan(end):  # a duration that could not be read has its own finding
        return False
    notes.add("error", path, f"`{wrote}` puts it at {time / 3600:g} h, and the run ends at {end / 3600:g} h",
              *AFTER_END, "give an earlier time, or a longer `run.duration`")
    return True


def _table(
    exposure: TableExposure, path: str, end: float, molar_mass: float | None, notes: Notes
) -> tuple[list[Step], str]:
    """A CSV of times and concentrations: each level holds until the next row."""
    place = f"{path}.csv"
    file = Path(notes.origin.place(place)[0] or "").parent / exposure.csv
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row, _ in zip(csv.reader(stream), range(MOST_ROWS), strict=False) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as failure:
        notes.add("error", place, f"`{exposure.csv}` cannot be read ({type(failure).__name__})",
                  "an exposure table is a CSV file beside the model", "the exposure is unknown",
                  "give the path of a UTF-8 CSV file, relative to the model file")
        return [], ""
    units = [_unit_of_heading(heading) for heading in rows[0][:2]] if rows else []
    if len(units) != 2 or not all(units) or len(rows) < 2:
        notes.add("error", place, f"the first line of `{exposure.csv}` is `{','.join(rows[0]) if rows else ''}`",
                  "it names two columns with their units, and at least one row follows",
                  "numbers without units could mean anything", "begin with `time (h),concentration (mM)`")
        return [], ""
    points: list[tuple[float, float]] = []
    for number, row in enumerate(rows[1:], start=2):
        before = len(notes.findings)
        here = f"{place} row {number}"
        cells = [*row, "", ""][:2]
        time = notes.quantity(f"{cells[0]} {units[0]}", "s", here)
        level = notes.quantity(f"{cells[1]} {units[1]}", CONCENTRATION, here, molar_mass=molar_mass)
        if time is None or level is None or len(notes.findings) > before:
            return [], ""
        if points and time <= points[-1][0]:
            notes.add("error", here, f"time `{cells[0]}` does not follow the row above", "times increase",
                      "the order of the steps is unknown", "sort the file by time, each time once")
            return [], ""
        points.append((time, level))
    if _is_after_end(points[0][0], place, exposure.csv, end, notes):
        return [], ""
    stops = [time for time, _ in points[1:]] + [end]
    spans = zip(points, stops, strict=True)
    steps = [(time, min(stop, end), level) for (time, level), stop in spans if time < end]
    return steps, f"{exposure.agent} as in {exposure.csv}{_at(exposure.face)}"


def _at(face: str | None) -> str:
    return "" if face is None else f" at {face}"


def _unit_of_heading(heading: str) -> str:
    """The unit in ``time (h)`` or ``time [h]``."""
    for opening, closing in ("()", "[]"):
        before, found, rest = heading.partition(opening)
        if found and before.strip() and rest.rstrip().endswith(closing):
            return rest.rstrip()[:-1].strip()
    return ""


def combine(agent: str, steps: Sequence[Step], end: float, face: str = "") -> Exposure:
    """One exposure from the steps of one agent; where they overlap, levels add up; what lasts to the end stays on.

    Levels are summed over the steps present at each edge, not updated by differences,
    so that rounding leaves no trace after the last one.
    """
    edges = sorted({edge for start, stop, _ in steps for edge in (start, stop) if edge < end})
    times: list[float] = []
    levels: list[float] = []
    for edge in edges:
        level = sum((height for start, stop, height in steps if start <= edge < stop), 0.0)
        if level != (levels[-1] if levels else 0.0):
            times.append(edge)
            levels.append(level)
    return Exposure(agent, tuple(times), tuple(levels), face)


def dose_of(
    dose: DoseSpec, path: str, counts: Mapping[str, float], arms: Sequence[str], end: float, library: Library,
    notes: Notes,
) -> tuple[Dose, str] | None:
    """A dose and its sentence, or ``None`` with findings."""
    before = len(notes.findings)
    if dose.doses_from not in arms:
        notes.unknown(f"{path}.doses_from", "arm", dose.doses_from, arms, "there is no medium to take vesicles from")
    at = seconds(dose.at, f"{path}.at", notes)
    if at is not None:
        _is_after_end(at, f"{path}.at", dose.at, end, notes)
    recipient = _recipient(dose.to, path, counts, notes)
    measures = [name for name in ("particles_per_cell", "donor_cells_per_cell") if getattr(dose, name) is not None]
    if len(measures) != 1:
        notes.add("error", path, f"the dose says {' and '.join(measures) or 'no amount'}",
                  "a dose is `particles_per_cell` or `donor_cells_per_cell`, one of them",
                  "the amount is unknown", "give exactly one, for instance `particles_per_cell: 1e3`")
        return None
    text = getattr(dose, measures[0])
    unit = "vesicle/cell" if measures[0] == "particles_per_cell" else "cell/cell"
    amount = notes.quantity(text, unit, f"{path}.{measures[0]}", bare=unit, positive=True)
    carried = notes.quantity(dose.carry_over, "", f"{path}.carry_over", at_most=1.0)
    steps = isolation.steps_of(dose.isolation, f"{path}.isolation", library, notes)
    if steps and carried:
        notes.add("error", f"{path}.carry_over", f"`carry_over: {dose.carry_over}` beside `isolation:`",
                  "what comes along follows from the steps of isolation", "the solubles would be counted twice",
                  "delete `carry_over`; a step may say `solubles: 2 %`")
    if at is None or amount is None or carried is None or len(notes.findings) > before:
        return None
    what = "vesicles" if unit == "vesicle/cell" else "donor cells' vesicles"
    words = f"{amount:g} {what} per {recipient} from the medium of arm {dose.doses_from} at {dose.at}"
    words += f", with {carried:.3g} of its solubles" if carried else ""
    words += f", after {isolation.in_words(steps)}" if steps else ""
    found = Dose(dose.doses_from, recipient or "", measures[0], amount, at, carried, steps)  # type: ignore[arg-type]
    return found, words


def supply_of(
    given: VesiclesSpec, path: str, counts: Mapping[str, float], end: float, library: Library, notes: Notes
) -> tuple[Supply, str] | None:
    """Vesicles of a preparation and their sentence, or ``None`` with findings."""
    before = len(notes.findings)
    at = seconds(given.at, f"{path}.at", notes)
    if at is not None:
        _is_after_end(at, f"{path}.at", given.at, end, notes)
    measures = [name for name in ("concentration", "particles_per_cell") if getattr(given, name) is not None]
    if len(measures) != 1:
        notes.add("error", path, f"the exposure says {' and '.join(measures) or 'no amount'}",
                  "vesicles are given as a `concentration` or as `particles_per_cell`, one of them",
                  "the amount is unknown", "give exactly one, for instance `concentration: 1e9 EV/mL`")
        return None
    text, per_cell = getattr(given, measures[0]), measures[0] == "particles_per_cell"
    recipient = _recipient(given.to, path, counts, notes) if per_cell or given.to is not None else ""
    unit = "vesicle/cell" if per_cell else "vesicle/um^3"
    amount = notes.quantity(text, unit, f"{path}.{measures[0]}", bare=unit if per_cell else "", positive=True)
    steps = isolation.steps_of(given.isolation, f"{path}.isolation", library, notes)
    if at is None or amount is None or recipient is None or len(notes.findings) > before:
        return None
    what = f"{amount:g} particles per {recipient}" if per_cell else f"{text}"
    words = f"{what} of {given.vesicles} at {given.at}"
    words += f", after {isolation.in_words(steps)}" if steps else ""
    found = Supply(given.vesicles, measures[0], amount, at, recipient, steps)  # type: ignore[arg-type]
    return found, words


def _recipient(to: str | None, path: str, counts: Mapping[str, float], notes: Notes) -> str | None:
    present = sorted(name for name, count in counts.items() if count > 0.0)
    if to is None:
        if len(present) == 1:
            return present[0]
        holds = ", ".join(present) or "no cells"
        notes.add("error", path, f"the dose does not say for whom, and the arm holds {holds}",
                  "a dose is counted per cell of one type", "the amount is unknown",
                  f"add `to: {present[0]}`" if present else "give the arm cells")
        return None
    if to not in present:
        notes.unknown(f"{path}.to", "cell type of this arm", to, present, "nobody would get the dose")
        return None
    return to
