"""Plate-reader tables: grids with row letters as readers export them, or one well a line; and what stands in the wells.

A grid is found by its head ``1, 2, 3 ...`` above rows that begin with A, B, C ..., wherever it stands in the
file and whatever surrounds it; a file may hold several, of readings and of words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vesica.errors import nearest
from vesica.readers.columns import Columns, read_columns
from vesica.readers.plate_words import KINDS, Layout, Place, Standards, place_of
from vesica.readers.text import (
    PathLike,
    Provenance,
    Row,
    TextFile,
    decimal_commas,
    number,
    read_text,
    split_rows,
)

FORMATS: Final = {6: (2, 3), 12: (3, 4), 24: (4, 6), 48: (6, 8), 96: (8, 12), 384: (16, 24)}  # wells -> rows, columns
KNOWN: Final = {
    "well": ("position",),
    "signal": ("value", "reading", "absorbance", "od", "od450", "fluorescence", "rfu", "luminescence", "rlu", "aeb"),
    "role": ("type", "kind"),
    "sample": ("name", "content", "sample name"),
    "concentration": ("standard", "conc", "expected"),
    "dilution": ("dilution factor",),
}
_WELL: Final = re.compile(r"([A-Za-z])0*(\d{1,2})")
_OVER: Final = re.compile(r"(?i)over(flow)?|ovr?flw|ovr|sat|#sat|\*+|>\s*[\d.,]+")
_NUMBER: Final = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")
_EMPTY: Final = frozenset({"", "-", "–", "empty", "n/a", "na", "nan"})
_DELIMITERS: Final = ("\t", ";", ",")
_FEWEST_COLUMNS: Final = 3


@dataclass(frozen=True)
class Well:
    """One reading: None where the detector was saturated. ``line`` is one-based."""

    name: str
    signal: float | None
    line: int


@dataclass(frozen=True)
class Reading:
    """All wells that were read.

    Parameters
    ----------
    wells : (well,) Well, in the order of the file
    unit : str
        Of the signal, as the head of a long table says; empty where it says nothing.
    title : str
        Of the grid, as the line above it says.
    provenance : Provenance
    """

    wells: tuple[Well, ...]
    unit: str
    title: str
    provenance: Provenance


@dataclass(frozen=True)
class _Grid:
    title: str
    line: int
    cells: tuple[tuple[str, Row, int], ...]  # well, row, column in the row

    @property
    def words(self) -> list[str]:
        return [row.cells[column] if column < len(row.cells) else "" for _, row, column in self.cells]


def read_plate(path: PathLike, *, wells: int = 96, grid: str = "", standards: Standards | None = None
               ) -> tuple[Reading, Layout | None]:
    """Read the signals of a plate, and the layout where the same file holds one.

    Parameters
    ----------
    path : path
    wells : 6, 12, 24, 48, 96 or 384
        Of the plate, for long tables; a grid shows its own size.
    grid : str
        Title of the grid to read, where the file holds several with numbers.
    standards : Standards, optional
        Concentrations of wells that are called ``std1``, ``std2`` ...

    Raises
    ------
    InputError
        No plate in the file, several grids, a well that the plate does not have or that comes twice, a cell that is
        no number.
    """
    text, rows = _split(path)
    grids = list(_grids(rows))
    if not grids:
        return _read_long(path, wells, standards)
    numeric = [one for one in grids if _is_numeric(one.words)]
    chosen = _chosen(text, numeric, grid)
    read = Reading(tuple(_well(text, *cell) for cell in chosen.cells if not _is_empty(cell)), "", chosen.title,
                   text.provenance("plate grid", {"plate": text.lines}))
    if not read.wells:
        raise text.refuse(chosen.line, "no well of the grid holds a number", "a plate has readings",
                          "there is nothing to compute", "export the readings")
    worded = [one for one in grids if one not in numeric and any(one.words)]
    layout = _layout_of(text, worded[0], standards) if len(worded) == 1 else None
    return read, layout


def read_layout(path: PathLike, *, wells: int = 96, standards: Standards | None = None) -> Layout:
    """Read what stands in the wells: a grid of words, or one well a line.

    Raises
    ------
    InputError
        As `read_plate`, and words that are not understood.
    """
    text, rows = _split(path)
    grids = [one for one in _grids(rows) if any(one.words)]
    if len(grids) > 1:
        raise text.refuse(grids[1].line, f"the file holds {len(grids)} grids", "a layout is one grid",
                          "it is not known which one says what stands in the wells", "keep one of them")
    if grids:
        return _layout_of(text, grids[0], standards)
    columns = read_columns(path, known=KNOWN, required=("well",))
    layout = _long_layout(columns, _places(columns, wells), standards)
    if layout is None:
        raise columns.refuse(None, "no column says what stands in the wells",
                             "a layout has `role` or `sample`, and `concentration` of the standards",
                             "samples and standards cannot be told apart", "add the columns")
    return layout


def _split(path: PathLike) -> tuple[TextFile, tuple[Row, ...]]:
    """The file split by the delimiter that shows a grid, or by commas."""
    text = read_text(path)
    for delimiter in _DELIMITERS:
        rows = split_rows(text, delimiter)
        if any(_head(row) is not None for row in rows):
            return decimal_commas(text, delimiter), rows
    return text, split_rows(text, ",")


def _head(row: Row) -> int | None:
    """First column of a head ``1, 2, 3 ...``, or None."""
    cells = list(row.cells)
    while cells and not cells[-1]:
        cells.pop()
    for first in range(min(3, len(cells))):
        count = len(cells) - first
        if count >= _FEWEST_COLUMNS and cells[first:] == [str(n) for n in range(1, count + 1)]:
            return first
    return None


def _grids(rows: Sequence[Row]) -> Iterator[_Grid]:
    for place, row in enumerate(rows):
        if _head(row) is None:
            continue
        count = sum(bool(cell) and cell.isdigit() for cell in row.cells)
        cells: list[tuple[str, Row, int]] = []
        for below in rows[place + 1:]:
            letter = next((i for i, cell in enumerate(below.cells) if cell), None)
            expected = chr(ord("A") + len(cells) // count)
            if letter is None or below.cells[letter].upper() != expected:
                break
            cells += [(f"{expected}{n}", below, letter + n) for n in range(1, count + 1)]
        if cells:
            above = next((r for r in reversed(rows[:place]) if not r.is_blank), None)
            is_title = above is not None and not re.fullmatch(r"[A-P]", above.name)
            yield _Grid(" ".join(filter(None, above.cells)) if above and is_title else "", row.line, tuple(cells))


def _is_numeric(words: Sequence[str]) -> bool:
    """Whether more of the cells are numbers than words (a stray word is an error, not a layout)."""
    said = [word for word in words if word.lower() not in _EMPTY]
    return 2 * sum(bool(_OVER.fullmatch(word) or _NUMBER.fullmatch(word)) for word in said) > len(said)


def _chosen(text: TextFile, numeric: Sequence[_Grid], title: str) -> _Grid:
    titles = [one.title or f"grid {n}" for n, one in enumerate(numeric, start=1)]
    if not numeric:
        raise text.refuse(None, "the file holds a grid of words, and none of numbers", "a plate has readings",
                          "there is nothing to compute", "give this file as --layout, and the readings as FILE")
    if title:
        if title in titles:
            return numeric[titles.index(title)]
        raise text.refuse(None, f"no grid is called `{title}`", "--grid names one of the grids of the file",
                          "it is not known which readings are meant", nearest(title, titles))
    if len(numeric) > 1:
        raise text.refuse(numeric[1].line, f"the file holds {len(numeric)} grids of numbers: {', '.join(titles)}",
                          "one reading is evaluated at a time", "readings of different kinds would be mixed",
                          f'name one: --grid "{titles[0]}"')
    return numeric[0]


def _is_empty(cell: tuple[str, Row, int]) -> bool:
    _, row, column = cell
    return column >= len(row.cells) or row.cells[column].lower() in _EMPTY


def _well(text: TextFile, name: str, row: Row, column: int) -> Well:
    if _OVER.fullmatch(row.cells[column]):
        return Well(name, None, row.line)
    return Well(name, number(text, row, column, name), row.line)


def _layout_of(text: TextFile, grid: _Grid, standards: Standards | None) -> Layout:
    places = {}
    for (name, row, _), words in zip(grid.cells, grid.words, strict=True):
        if words.lower() not in _EMPTY:
            places[name] = place_of(text, row.line, name, words, standards)
    return Layout.of(text, places, text.provenance("plate layout", {"layout": text.lines}))


def _read_long(path: PathLike, wells: int, standards: Standards | None) -> tuple[Reading, Layout | None]:
    columns = read_columns(path, known=KNOWN, required=("well", "signal"))
    named = _places(columns, wells)
    at = columns.heads["signal"][0]
    read = []
    for (name, row), word in zip(named, columns.words("signal"), strict=True):
        if word.lower() not in _EMPTY:
            signal = None if _OVER.fullmatch(word) else number(columns.text, row, at, columns.heads["signal"][1])
            read.append(Well(name, signal, row.line))
    if not read:
        raise columns.refuse(None, "no well has a reading", "a plate has readings", "there is nothing to compute",
                             "export the readings")
    return Reading(tuple(read), columns.unit("signal"), "", columns.provenance), _long_layout(columns, named, standards)


def _places(columns: Columns, wells: int) -> list[tuple[str, Row]]:
    """(row,) Well and row; a well that the plate does not have, or that comes twice, is refused."""
    rows, across = FORMATS[wells]
    found: dict[str, Row] = {}
    for word, row in zip(columns.words("well"), columns.rows, strict=True):
        match = _WELL.fullmatch(word.strip())
        last = chr(ord("A") + rows - 1)
        if match is None or not ("A" <= match[1].upper() <= last and 1 <= int(match[2]) <= across):
            raise columns.refuse(row, f"`{word}` is no well of a plate of {wells}",
                                 f"its wells are A1 to {last}{across}", "the reading would belong to no place",
                                 "correct it, or name the plate, as --wells 384")
        name = f"{match[1].upper()}{int(match[2])}"
        if name in found:
            raise columns.refuse(row, f"well {name} stands here and on line {found[name].line}",
                                 "each well is read once", "one of the readings would be lost", "remove one of them")
        found[name] = row
    return list(found.items())


def _long_layout(columns: Columns, named: Sequence[tuple[str, Row]], standards: Standards | None) -> Layout | None:
    if not any(columns.has(name) for name in ("role", "sample", "concentration")):
        return None
    count = len(columns)
    text = columns.text
    unit = columns.unit("concentration") if columns.has("concentration") else ""
    levels = columns.numbers("concentration", None, allow_empty=True, low=0.0) if columns.has("concentration") else [
        math.nan] * count
    folds = columns.numbers("dilution", allow_empty=True) if columns.has("dilution") else [math.nan] * count
    names = columns.words("sample") if columns.has("sample") else [""] * count
    roles = columns.words("role") if columns.has("role") else [""] * count
    places: dict[str, Place] = {}
    for n, (well, row) in enumerate(named):
        kind = _kind(columns, row, roles[n], level=float(levels[n]), name=names[n])
        if kind == "empty":
            continue
        if kind == "standard" and not unit and not math.isnan(levels[n]):
            raise columns.refuse(None, "the concentrations of the standards have no unit",
                                 "results are in the unit of the standards", "they would mean nothing",
                                 "write the head as `concentration (pg/mL)`")
        if kind == "standard" and math.isnan(levels[n]):
            places[well] = place_of(text, row.line, well, names[n] or roles[n], standards)
            if places[well].kind != "standard":
                raise columns.refuse(row, f"the standard in {well} has no concentration", "standards are known",
                                     "no curve can be fitted", "fill the column `concentration`")
            continue
        if kind == "sample" and not names[n]:
            raise columns.refuse(row, f"the sample in {well} has no name", "wells of one sample share its name",
                                 "replicates could not be told from other samples", "fill the column `sample`")
        dilution = 1.0 if math.isnan(folds[n]) else float(folds[n])
        if not dilution >= 1.0:
            raise columns.refuse(row, f"the dilution of {well} is {dilution:g}", "a dilution of 1 in 10 is written 10",
                                 "the concentration would be divided, not multiplied", f"write {1 / dilution:g}"
                                 if dilution > 0 else "write 1 for an undiluted sample")
        level = float(levels[n]) if kind == "standard" else math.nan
        places[well] = Place(well, kind, names[n] if kind == "sample" else "", level,
                             unit if kind == "standard" else "", dilution if kind == "sample" else 1.0, row.line)
    return Layout.of(text, places, columns.provenance)


def _kind(columns: Columns, row: Row, role: str, *, level: float, name: str) -> str:
    if role:
        folded = role.strip().lower()
        kind = next((kind for kind, words in KINDS.items() if folded in words
                     or (kind == "standard" and re.fullmatch(r"(std|standard|cal)\s*\d+", folded))), None)
        if kind is None:
            raise columns.refuse(row, f"`{role}` is no role of a well", f"roles are {', '.join(KINDS)}",
                                 "the well would count as something it is not",
                                 nearest(folded, [word for words in KINDS.values() for word in words]))
        return kind
    if name.strip().lower() in KINDS["blank"]:
        return "blank"
    if not math.isnan(level):
        return "standard"
    return "sample" if name.strip() else "empty"

