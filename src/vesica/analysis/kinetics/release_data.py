"""Time courses of particles in medium: the table as written becomes cultures and readings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array
from vesica.analysis.numbers import number
from vesica.errors import Finding, error
from vesica.readers.columns import Columns, read_columns
from vesica.readers.text import PathLike, Provenance

PER_VOLUME: Final = "particle/mL"
_KNOWN: Final = {
    "time": ("hours", "t"),
    "concentration": ("particles per mL", "conc", "particle concentration"),
    "particles": ("number", "particle number", "count"),
    "condition": ("arm", "group", "treatment"),
    "replicate": ("well", "dish", "sample"),
    "cells": ("cell number", "cell count", "number of cells"),
    "volume": ("medium volume",),
    "surface": ("plastic", "plastic area", "area"),
    "sd": ("standard deviation", "error"),
    "event": ("medium change", "medium", "events"),
}
_CELL_FREE: Final = frozenset(
    {"cellfree", "nocells", "nocell", "withoutcells", "mediumonly", "cellfreemedium"}
)
_CHANGE: Final = frozenset({"mediumchange", "change", "replaced", "mediumreplaced", "yes", "refresh", "x"})


@dataclass(frozen=True)
class Culture:
    """Wells that share one curve.

    Parameters
    ----------
    condition : str
    cells : cell
        At the start; 0 in a cell-free arm.
    volume : mL
    surface : cm^2 or None
        Plastic that adsorbs; None where it was not given.
    changes : (change,) h
        Times at which the medium was replaced.
    """

    condition: str
    cells: float
    volume: float
    surface: float | None
    changes: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """For tables: the condition, and what tells it from its siblings."""
        parts = [self.condition or ("cells" if self.cells else "cell-free")]
        parts.append(
            f"{number(self.cells)} cells in {number(self.volume)} mL" if self.cells else f"{number(self.volume)} mL"
        )
        return ", ".join(parts) + (f", {number(self.surface)} cm²" if self.surface is not None else "")


@dataclass(frozen=True, eq=False)
class ReleaseData:
    """Readings of all cultures.

    Parameters
    ----------
    cultures : (culture,)
    culture : (row,) int
    time : (row,) h
    concentration : (row,) particle/mL
    sd : (row,) particle/mL or None
    replicate : (row,) str
    growth : 1/h
    carry_over : share of the old medium that stays at a medium change
    findings, provenance
    """

    cultures: tuple[Culture, ...]
    culture: np.ndarray
    time: Array
    concentration: Array
    sd: Array | None
    replicate: tuple[str, ...]
    growth: float = 0.0
    carry_over: float = 0.0
    findings: tuple[Finding, ...] = ()
    provenance: Provenance | None = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """Conditions with cells, in the order of the file: each has a release rate of its own."""
        return tuple(dict.fromkeys(one.condition for one in self.cultures if one.cells > 0))


def read_release(
    path: PathLike,
    *,
    cells: float | None = None,
    volume: float | None = None,
    growth: float = 0.0,
    changes: Sequence[float] = (),
    carry_over: float = 0.0,
) -> ReleaseData:
    """Read a time course of particles.

    Parameters
    ----------
    path : table with the columns time and concentration (or particles)
    cells : cell, optional
        Where the table has no column for it; cell-free conditions hold none.
    volume : mL, optional
    growth : 1/h
    changes : (change,) h
        Medium changes of every culture, beside those of the table.
    carry_over : 1

    Raises
    ------
    InputError
        Units missing, negative readings, no cells or volume, a cell-free arm with cells, too few times.
    """
    table = read_columns(path, known=_KNOWN, required=("time",))
    if table.has("concentration") == table.has("particles"):
        raise table.refuse(
            None,
            "there is neither `concentration` nor `particles`"
            if not table.has("particles")
            else "there are both `concentration` and `particles`",
            "readings are a concentration, or a number of particles in the whole medium",
            "it would be a guess what was measured",
            "keep one column, as `concentration (particle/mL)`",
        )
    size = len(table)
    time = table.numbers("time", "h", low=0.0)
    conditions = _words(table, "condition", size)
    free = [_folded(word) in _CELL_FREE for word in conditions]
    amount = _cells(table, conditions, free, cells)
    volumes = _constant(table, "volume", "mL", volume, "--volume 10 mL")
    areas = table.numbers("surface", "cm^2", low=0.0) if table.has("surface") else None
    events = _events(table, time)
    reading, sd = _readings(table, volumes, events)
    keys = [
        (conditions[i], float(amount[i]), float(volumes[i]), None if areas is None else float(areas[i]))
        for i in range(size)
    ]
    # a row that only says that the medium was changed may leave the number of cells to the other rows
    changed: dict[tuple[str, float, float, float | None], set[float]] = {key: set(changes) for key in keys}
    for i in np.flatnonzero(events):
        changed[keys[i]].add(float(time[i]))
    used = [i for i in range(size) if not math.isnan(reading[i])]
    names = list(dict.fromkeys(keys[i] for i in used))
    cultures = tuple(Culture(*key, tuple(sorted(changed[key]))) for key in names)
    keep, findings = _usable(table, used, reading, time, sd)
    data = ReleaseData(
        cultures,
        np.array([names.index(keys[i]) for i in keep], dtype=int),
        time[keep],
        reading[keep],
        None if sd is None else sd[keep],
        tuple(_words(table, "replicate", size)[i] for i in keep),
        growth,
        carry_over,
        tuple(findings),
        table.provenance,
    )
    _enough(table, data)
    return data


def _words(table: Columns, name: str, size: int) -> tuple[str, ...]:
    return table.words(name) if table.has(name) else ("",) * size


def _folded(word: str) -> str:
    return re.sub(r"[\s_\-]+", "", word).lower()


def positive(table: Columns, name: str, unit: str, consequence: str) -> Array:
    """(row,) A column whose values are above zero."""
    values = table.numbers(name, unit)
    for row, value in zip(table.rows, values, strict=True):
        if value <= 0.0:
            raise table.refuse(row, f"`{name}` is {value:g}", "it is above zero", consequence, "correct the row")
    return values


def _constant(table: Columns, name: str, unit: str, given: float | None, option: str) -> Array:
    """A column, or one number for all rows."""
    if table.has(name):
        return positive(table, name, unit, "concentrations could not be turned into particles")
    if given is None:
        raise table.refuse(
            None,
            f"there is no column `{name}`, and no option for it",
            f"a concentration becomes particles through the `{name}`",
            "rates per cell cannot be computed",
            f"add a column `{name} ({unit})`, or `{option}`",
        )
    return np.full(len(table), given)


def _cells(table: Columns, conditions: Sequence[str], free: Sequence[bool], given: float | None) -> Array:
    if not table.has("cells"):
        if given is None:
            raise table.refuse(
                None,
                "there is no column `cells`, and no option for it",
                "a rate per cell needs the number of cells",
                "particles could not be shared out over cells",
                "add a column `cells`, or `--cells 1e6`",
            )
        return np.array([0.0 if is_free else given for is_free in free])
    unit = "cell" if table.unit("cells") else ""
    written = table.numbers("cells", unit, allow_empty=True, low=0.0)
    out = np.array(written)
    for i, row in enumerate(table.rows):
        if free[i] and written[i] > 0:
            raise table.refuse(
                row,
                f"condition `{conditions[i]}` has {written[i]:g} cells",
                "a cell-free arm holds no cells",
                "what is lost without cells would be mixed with what cells take up",
                "write 0 cells, or give the condition another name",
            )
        if math.isnan(written[i]):
            if not free[i] and given is None:
                raise table.refuse(
                    row,
                    "the number of cells is missing",
                    "each row has its number of cells at 0 h",
                    "particles could not be shared out over cells",
                    "fill the cell, or give `--cells 1e6`",
                )
            out[i] = 0.0 if free[i] else given
    return out


def _events(table: Columns, time: Array) -> np.ndarray:
    """(row,) bool: the medium is replaced at the time of the row, after its reading."""
    out = np.zeros(len(table), dtype=bool)
    if not table.has("event"):
        return out
    for i, (row, word) in enumerate(zip(table.rows, table.words("event"), strict=True)):
        if not word or _folded(word) in {"no", "none", "-"}:
            continue
        if _folded(word) not in _CHANGE:
            raise table.refuse(
                row,
                f"`{word}` stands in column `event`",
                "the one event is a medium change",
                "it would be passed over unseen",
                "write `medium change`, or leave the cell empty",
            )
        if time[i] <= 0.0:
            raise table.refuse(
                row,
                "the medium is changed at 0 h",
                "the clock starts with fresh medium",
                "the change would do nothing",
                "leave the event out",
            )
        out[i] = True
    return out


def _readings(table: Columns, volume: Array, events: np.ndarray) -> tuple[Array, Array | None]:
    """(row,) particle/mL, NaN in rows that only hold an event; and standard deviations."""
    by_volume = table.has("concentration")
    name = "concentration" if by_volume else "particles"
    unit = PER_VOLUME if by_volume else "particle" if table.unit(name) else ""  # a count needs no unit
    per = 1.0 if by_volume else volume
    values = table.numbers(name, unit, allow_empty=True, low=0.0) / per
    for row, value, event in zip(table.rows, values, events, strict=True):
        if math.isnan(value) and not event:
            raise table.refuse(
                row,
                f"the {name} is missing",
                "every row holds a reading or an event",
                "the row says nothing",
                "fill the cell, or remove the row",
            )
    if not table.has("sd"):
        return values, None
    sd = table.numbers("sd", unit, allow_empty=True) / per
    for row, value, reading in zip(table.rows, sd, values, strict=True):
        if not math.isnan(reading) and not value > 0.0:
            raise table.refuse(
                row,
                f"`sd` is {value:g}",
                "a standard deviation is above zero for every reading",
                "the reading would outweigh all others",
                "correct it, or remove the column",
            )
    return values, sd


def _usable(
    table: Columns, used: Sequence[int], reading: Array, time: Array, sd: Array | None
) -> tuple[list[int], list[Finding]]:
    """Rows that enter the fit: zeros have no logarithm, so they need a standard deviation."""
    if sd is not None:
        return list(used), []
    zeros = [i for i in used if reading[i] == 0.0]
    late = next((i for i in zeros if time[i] > 0.0), None)
    if late is not None:
        raise table.refuse(
            table.rows[late],
            f"the reading at {time[late]:g} h is zero",
            "errors are taken as multiplicative, and zero has no logarithm",
            "leaving it out would raise the release rate",
            "add a column `sd` with the error of each reading (a zero then counts as one)",
        )
    if not zeros:
        return list(used), []
    note = Finding(
        "note",
        "time",
        f"{len(zeros)} reading{'s' if len(zeros) > 1 else ''} of zero at 0 h",
        "fresh medium holds nothing",
        "they agree with a start at zero and are not fitted",
        "nothing to do",
        file=table.text.file,
        line=table.rows[zeros[0]].line,
    )
    return [i for i in used if i not in zeros], [note]


def _enough(table: Columns, data: ReleaseData) -> None:
    with_cells = np.array([data.cultures[c].cells > 0 for c in data.culture], dtype=bool)
    if not with_cells.any():
        raise table.refuse(
            None,
            "no culture holds cells",
            "release is measured where cells are",
            "there is no rate to find",
            "add the arm with cells, or give `--cells 1e6`",
        )
    times = np.unique(data.time[with_cells & (data.time > 0.0)])
    if times.size < 2 or data.time.size < 3:
        seen = ", ".join(f"{value:g} h" for value in times) or "none"
        raise table.refuse(
            None,
            f"cultures with cells were read at: {seen}",
            "a time course has at least two times after 0 h, and three readings",
            "constant release, decay and re-uptake all pass through one point",
            "measure at more times; from one time only the naive rate can be computed",
        )


def refuse_numbers(**given: tuple[str, float | None]) -> None:
    """Check options that must be above zero: ``cells=("--cells", 1e6)``.

    Raises
    ------
    InputError
        A number that is zero, negative or not finite.
    """
    for name, (option, value) in given.items():
        if value is not None and not (math.isfinite(value) and value > 0.0):
            raise error(
                option,
                f"`{option}` is {value:g}",
                f"{name} is a number above zero",
                "rates per cell would have no meaning",
                f"write `{option} 1e6`" if name == "cells" else f"write a value above zero after `{option}`",
            )


def cell_column_warning(data: ReleaseData) -> tuple[Finding, ...]:
    """Warn where each time of one condition has its own number of cells: a count at harvest, by the look of it."""
    by_condition: Mapping[str, list[int]] = {name: [] for name in data.conditions}
    for index, one in enumerate(data.cultures):
        if one.cells > 0:
            by_condition[one.condition].append(index)
    for name, members in by_condition.items():
        spans = [np.unique(data.time[data.culture == index]).size for index in members]
        if len(members) > 2 and max(spans) == 1:
            return (
                Finding(
                    "warning",
                    "cells",
                    f"every time of `{name or 'cells'}` has its own number of cells",
                    "`cells` is the number at 0 h, and other numbers are other cultures",
                    "counts at harvest are read as cultures of different density",
                    "give the number at 0 h to all times, and `--doubling 24 h` for growth",
                ),
            )
    return ()
