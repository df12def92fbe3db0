"""Fluorescence traces of single cells: a column of times, and one column for each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.readers.columns import split_head
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import (
    PathLike,
    Provenance,
    TextFile,
    decimal_commas,
    guess_delimiter,
    number,
    read_text,
    split_rows,
)
from vesica.units import factor, near_unit

FORMAT: Final = "traces"
UNEVEN: Final = 0.01  # of the interval: times are rounded when they are written
FEWEST: Final = 3


@dataclass(frozen=True, eq=False)
class Traces:
    """Fluorescence of several cells at the same times.

    Parameters
    ----------
    time : (frame,) s
        Uniform.
    cells : (cell,) names of the columns
    unit : str
        Of the fluorescence, as written in the first column of a cell.
    fluorescence : (cell, frame)
    provenance : Provenance
    """

    time: FloatArray
    cells: tuple[str, ...]
    unit: str
    fluorescence: FloatArray
    provenance: Provenance

    @property
    def interval(self) -> float:
        """Time between frames, s."""
        return float((self.time[-1] - self.time[0]) / (self.time.size - 1))


def read_traces(path: PathLike) -> Traces:
    """Read traces; the first column is ``time (s)`` or another unit of time, `#` lines above the head are comments.

    Raises
    ------
    InputError
        Not a text table, no unit of time, names that repeat, gaps, cells that are no numbers, uneven frames.
    """
    text = read_text(path)
    first = next((i for i, line in enumerate(text.lines) if line.strip() and not line.startswith("#")), 0)
    delimiter = guess_delimiter(text.lines[first])
    text = decimal_commas(text, delimiter)
    head, *rest = split_rows(text, delimiter)[first:]
    rows = tuple(row for row in rest if not row.is_blank)
    scale = _seconds(text, head.cells[0] if head.cells else "", head.line)
    heads = [split_head(cell) for cell in head.cells[1:] if cell]
    cells = tuple(name for name, _ in heads)
    if not cells or len(set(cells)) < len(cells):
        raise text.refuse(
            head.line,
            f"the cells are called {', '.join(cells) or '(none)'}",
            "each cell has a column with a name of its own",
            "its events could not be told from others",
            "write a head such as `time (s),cell 1 (AU),cell 2 (AU)`",
        )
    if len(rows) < FEWEST:
        raise text.refuse(
            head.line,
            f"{len(rows)} frames follow the head",
            f"a trace has {FEWEST} frames or more",
            "there is nothing to search",
            "export the whole recording",
        )
    values = np.array(
        [[number(text, row, column, head.cells[column]) for column in range(len(cells) + 1)] for row in rows]
    )
    time = values[:, 0] * scale
    _check_even(text, time, [row.line for row in rows])
    return Traces(
        frozen(time),
        cells,
        heads[0][1],
        frozen(values[:, 1:].T),
        text.provenance(FORMAT, {"table": text.lines}),
    )


def _seconds(text: TextFile, head: str, line: int) -> float:
    name, unit = split_head(head)
    if name.lower() not in {"time", "t"} or not unit:
        raise text.refuse(
            line,
            f"the first column is `{head}`",
            "it holds the times of the frames, with their unit",
            "rates would be off by the length of a frame",
            "write `time (s)`",
        )
    try:
        return factor(unit, "s")
    except ValueError as failure:
        raise text.refuse(
            line,
            f"`{head}`: {failure}",
            "the first column is a time",
            "rates would have no meaning",
            near_unit(unit, "s") or "write `time (s)`",
        ) from None


def _check_even(text: TextFile, time: FloatArray, lines: list[int]) -> None:
    steps = np.diff(time)
    usual = float(np.median(steps))
    uneven = np.flatnonzero(~(np.abs(steps - usual) <= UNEVEN * usual)) if usual > 0 else np.array([0])
    if uneven.size:
        at = int(uneven[0])
        raise text.refuse(
            lines[at + 1],
            f"the time rises by {steps[at]:.6g} s here, by {usual:.6g} s elsewhere",
            "frames are evenly spaced",
            "a gap would be read as a jump",
            "export an uninterrupted recording, or cut it at the gap",
        )
