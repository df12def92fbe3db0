"""Size and diffusion blocks of a NanoSight summary."""

from __future__ import annotations

import itertools
import re
from types import MappingProxyType
from typing import Literal

import numpy as np

from vesica.readers.nanosight_record import WeightedBlock
from vesica.readers.nanosight_rows import AVERAGE, ERROR, PER_BIN, PRINTED
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import Row, TextFile, number

Sections = dict[str, tuple[Row, ...]]
_KINDS: tuple[tuple[str, Literal["size", "diffusion"]], ...] = (
    ("Size Data", "size"),
    ("Diffusion Coefficient Data", "diffusion"),
)


def cell(row: Row | None, column: int) -> str:
    """Return the cell, or nothing where the row is missing or short."""
    return row.cells[column] if row is not None and column < len(row.cells) else ""


def number_rows(text: TextFile, sections: Sections) -> tuple[Row, ...]:
    """Rows of `[Size Data]` from `Weighting,Number` to the next weighting."""
    rows = sections.get("Size Data", ())
    for block in _split(rows):
        if cell(block[0], 1) == "Number":
            return block
    raise text.refuse(
        rows[0].line if rows else None,
        "no size distribution with weighting `Number`",
        "vesicles are counted, so the number weighting is read",
        "surface or volume weights would move the peak to larger sizes",
        "tick `Number` under size data when exporting the summary",
    )


def read_blocks(text: TextFile, sections: Sections, n_videos: int) -> tuple[WeightedBlock, ...]:
    """All blocks, the number weighting of sizes first."""
    wanted = number_rows(text, sections)
    found = [_block(text, wanted, "size", n_videos)]
    for section, kind in _KINDS:
        others = [rows for rows in _split(sections.get(section, ())) if rows[0].line != wanted[0].line]
        found += [_block(text, rows, kind, n_videos) for rows in others]
    included = " ".join(row.name for row in sections.get("Data Included", ()))
    if found[0].percentiles is None and "Number weighting - With Percentiles" in included:
        raise text.refuse(
            wanted[-1].line,
            "the size distribution ends without its percentiles",
            "`[Data Included]` announces percentiles 0 to 100",
            "the file is cut off, and bins may be missing",
            "copy or export the file again",
        )
    return tuple(found)


def printed_averages(text: TextFile, rows: tuple[Row, ...]) -> tuple[FloatArray | None, FloatArray | None]:
    """(bin,) Average and standard error as printed, None where the export lacks them."""
    header, bins = _graph_rows(text, rows)
    names = [name.lower() for name in header.cells]
    found = []
    for label in (AVERAGE, ERROR):
        column = names.index(label.lower()) if label.lower() in names else None
        found.append(None if column is None else frozen(_numbers(text, bins, [column], label)[:, 0]))
    return found[0], found[1]


def _split(rows: tuple[Row, ...]) -> list[tuple[Row, ...]]:
    starts = [index for index, row in enumerate(rows) if row.name == "Weighting"]
    return [rows[start:end] for start, end in itertools.pairwise([*starts, len(rows)])]


def _graph_rows(text: TextFile, rows: tuple[Row, ...]) -> tuple[Row, list[Row]]:
    """Header and rows of the graph data."""
    start = next((at for at, row in enumerate(rows) if row.name.lower().startswith("bin centre (")), None)
    if start is None:
        raise text.refuse(
            rows[0].line,
            "no line `Bin centre (nm), ...` follows",
            "the bins come after this header",
            "there is no distribution to read",
            "export the summary with its graph data",
        )
    bins = itertools.takewhile(lambda row: not (row.is_blank or row.name == "Percentile"), rows[start + 1 :])
    return rows[start], list(bins)


def _block(
    text: TextFile, rows: tuple[Row, ...], kind: Literal["size", "diffusion"], n_videos: int
) -> WeightedBlock:
    header, bins = _graph_rows(text, rows)
    weighting = cell(rows[0], 1)
    label = PER_BIN if kind == "size" and weighting == "Number" else "amount"
    columns = _video_columns(text, header, n_videos, is_counted=label == PER_BIN)
    centre = _bin_centres(text, header, bins)
    amount = _numbers(text, bins, columns, label)
    if (amount < 0).any():
        bad = int(np.argmax((amount < 0).any(axis=1)))
        raise text.refuse(
            bins[bad].line,
            f"a concentration of {amount[bad].min():g}",
            "concentrations are zero or more",
            "a negative number of particles has no meaning",
            "export the file again",
        )
    top = {row.name: row for row in rows if row.line < header.line}
    printed = {
        name.lower().replace(" ", "_"): tuple(optional(text, top.get(name), 1 + at) for at in range(n_videos))
        for name in (*PRINTED, "Valid Tracks")
    }
    return WeightedBlock(
        kind, weighting, centre, frozen(amount), MappingProxyType(printed), _percentiles(text, rows, n_videos)
    )


def _video_columns(text: TextFile, header: Row, n_videos: int, *, is_counted: bool) -> list[int]:
    """Columns of the videos: by name for particles per bin, by place for weights whose names differ."""
    if not is_counted:
        return list(range(1, n_videos + 1))
    columns = [index for index, name in enumerate(header.cells) if name.lower() == PER_BIN.lower()]
    if len(columns) != n_videos:
        raise text.refuse(
            header.line,
            f"{len(columns)} columns `{PER_BIN}`",
            f"`Filename:` names {n_videos} videos, so there are {n_videos} such columns",
            "videos and columns could not be matched",
            "export the file again",
        )
    return columns


def _numbers(text: TextFile, rows: list[Row], columns: list[int], label: str) -> FloatArray:
    """(row, column) Numbers; the plain loop is fast, and `number` finds what it stumbles over."""
    if not text.has_decimal_commas:
        try:
            values = np.array([[float(row.cells[column]) for column in columns] for row in rows])
        except (ValueError, IndexError):
            pass
        else:
            if np.isfinite(values).all():
                return values
    return np.array([[number(text, row, column, label) for column in columns] for row in rows])


def _bin_centres(text: TextFile, header: Row, rows: list[Row]) -> FloatArray:
    if len(rows) < 3:
        raise text.refuse(
            header.line,
            f"{len(rows)} bins follow",
            "a distribution has at least three bins",
            "a shape cannot be read from it",
            "export the file again",
        )
    centre = frozen(_numbers(text, rows, [0], header.name)[:, 0])
    steps = np.diff(centre)
    width = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - width) > 1e-6 * max(width, 1.0))
    if width <= 0 or uneven.size:
        bad = int(uneven[0]) + 1 if uneven.size else 1
        raise text.refuse(
            rows[bad].line,
            f"bin centre {centre[bad]:g} nm follows {centre[bad - 1]:g} nm",
            f"bins are {width:g} nm apart, without gaps",
            "particles of the missing bins would be lost without a sign",
            "export the file again",
        )
    return centre


def _percentiles(text: TextFile, rows: tuple[Row, ...], n_videos: int) -> FloatArray | None:
    """(101, video), or None where the block has no such table, or not a whole one."""
    start = next((at for at, row in enumerate(rows) if row.name == "Percentile"), None)
    if start is None or len(rows) < start + 102:
        return None
    table = list(rows[start + 1 : start + 102])
    if [row.name for row in table] != [str(share) for share in range(101)]:
        return None
    return frozen(_numbers(text, table, list(range(1, n_videos + 1)), "Percentile"))


def optional(text: TextFile, row: Row | None, column: int) -> float | None:
    """Read a number, or None for a missing row, an empty cell or words such as `Not recorded`."""
    said = cell(row, column)
    if row is None or "#" in said or not re.match(r"[-+]?\.?\d", said):
        return None
    return number(text, row, column, row.name)
