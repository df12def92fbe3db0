"""Rows of the user's table of cells: read, joined with a second table, left out, and given their cell types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

import numpy as np

from vesica.errors import error, nearest
from vesica.readers.positions import IDS, CellTable, read_cells
from vesica.spec.measured import file_of
from vesica.spec.quantities import Notes
from vesica.spec.space_words import PositionsSpec
from vesica.units import to_internal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vesica.spec.space import Array

PLACE: Final = "positions"
LISTED: Final = 5  # names that a finding lists


@dataclass
class Rows:
    """Cells as they are sorted out: their columns, and places in um."""

    columns: dict[str, tuple[str, ...]]
    places: Array  # (cell, 3); z is zero where the data have none
    ids: tuple[str, ...]

    def keep(self, wanted: NDArray[np.bool_]) -> None:
        """Leave all others out."""
        index = np.flatnonzero(wanted)
        self.columns = {name: tuple(column[i] for i in index) for name, column in self.columns.items()}
        self.places = self.places[index]
        self.ids = tuple(self.ids[i] for i in index) if self.ids else ()

    def __len__(self) -> int:
        return len(self.places)


def read(said: PositionsSpec, notes: Notes) -> tuple[Rows, bool]:
    """Every cell of the file with what the joined table says of it, and whether the data have a third coordinate."""
    table = read_cells(file_of(said.file, f"{PLACE}.file", notes), said.spatial)
    unit = to_internal(f"1 {said.unit}" if _is_bare(said.unit) else said.unit, "um", f"{PLACE}.unit")
    if table.places is not None:
        has_z = table.places.shape[1] == 3
        places = np.zeros((len(table), 3))
        places[:, :table.places.shape[1]] = table.places
    else:
        names = [said.columns.x, said.columns.y, *([said.columns.z] if said.columns.z else [])]
        has_z = len(names) == 3
        places = np.zeros((len(table), 3))
        for axis, name in enumerate(names):
            places[:, axis] = table.numbers(name, "coordinates")
    head = said.columns.id or (IDS if table.places is not None else None)
    ids = table.words(head, "ids") if head else ()
    rows = Rows(dict(table.columns), places * unit, ids)
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise error(f"{PLACE}.columns.id", f"{len(twice)} ids stand there more than once: {_some(twice)}",
                    "an id means one cell", "cells would be taken for one another", "correct the table")
    if said.join is not None:
        _join(rows, table, said, notes)
    return rows, has_z


def _is_bare(unit: str | float) -> bool:
    return isinstance(unit, str) and not any(mark.isdigit() for mark in unit)


def _join(rows: Rows, table: CellTable, said: PositionsSpec, notes: Notes) -> None:
    """Add the columns of the second table."""
    join = said.join
    if join is None:
        return
    other = read_cells(file_of(join.file, f"{PLACE}.join.file", notes))
    if (join.rows is None) == (join.id is None):
        raise error(f"{PLACE}.join", "the join names " + ("rows and an id" if join.id else "neither rows nor an id"),
                    "two tables belong together by ids, or row by row", "cells would get what belongs to others",
                    "write `id: COLUMN`, or `rows: in order`")
    if join.rows is not None:
        if len(other) != len(rows):
            raise error(f"{PLACE}.join", f"{len(other)} rows for {len(rows)} cells",
                        "row by row, both tables have as many rows", "cells would get what belongs to others",
                        "give tables of the same cells in the same order")
        rows.columns |= {name: column for name, column in other.columns.items() if name not in rows.columns}
        if said.type in other.columns:
            rows.columns[said.type] = other.columns[said.type]
        return
    keys = table.words(join.on, "ids") if join.on else rows.ids
    if not keys:
        raise error(f"{PLACE}.join", "the first table has no column of ids", "two tables belong together by ids",
                    "nobody knows whose row is whose", "write `columns: {id: COLUMN}`, or `on: COLUMN` in the join")
    place_of = {key: row for row, key in enumerate(other.words(join.id or "", "ids"))}
    if len(place_of) < len(other):
        raise error(f"{PLACE}.join.id", f"{len(other) - len(place_of)} rows repeat an id of `{join.file}`",
                    "an id means one cell", "it is not known which row counts", "correct the table")
    missing = [key for key in keys if key not in place_of]
    _note_strangers(missing, len(keys), len(other), f"{PLACE}.join", join.file, notes)
    rows.keep(np.array([key in place_of for key in keys], dtype=bool))
    index = [place_of[key] for key in keys if key in place_of]
    rows.columns |= {name: tuple(column[i] for i in index) for name, column in other.columns.items()
                     if name not in rows.columns or name == said.type}


def _note_strangers(missing: Sequence[str], cells: int, others: int, path: str, file: str, notes: Notes) -> None:
    """Cells without a row, and rows without a cell."""
    if len(missing) == cells:
        raise error(path, f"none of {cells} ids stands in `{file}`; the first is `{missing[0]}`",
                    "two tables belong together by ids", "nobody knows whose row is whose",
                    "check `id` and `on`, and how ids are written in both")
    if missing:
        notes.add("warning", path, f"{len(missing)} of {cells} cells have no row in `{file}`: {_some(missing)}",
                  "a cell without a row has no type", "they are left out", "check how their ids are written")
    unused = others - (cells - len(missing))
    if unused > 0:
        notes.add("note", path, f"{unused} rows of `{file}` belong to no cell with a place",
                  "the second table may hold more cells", "they are left out", "nothing to do, if you expect it")


def leave_out(rows: Rows, said: PositionsSpec, notes: Notes) -> None:
    """Drop the cells that the model leaves out."""
    for name, patterns in said.leave_out.items():
        if name not in rows.columns:
            notes.unknown(f"{PLACE}.leave_out.{name}", "column of the data", name, rows.columns,
                          "nobody would be left out")
            continue
        column = rows.columns[name]
        held = {word: any(fnmatchcase(word, pattern) for pattern in patterns) for word in set(column)}
        idle = [pattern for pattern in patterns if not any(fnmatchcase(word, pattern) for word in held)]
        if idle:
            notes.add("warning", f"{PLACE}.leave_out.{name}", f"no `{name}` is {' or '.join(idle)}",
                      "it leaves out what is there", "it does nothing", nearest(idle[0], held))
        rows.keep(np.array([not held[word] for word in column], dtype=bool))


def kinds(rows: Rows, said: PositionsSpec, notes: Notes) -> list[str]:
    """The cell type of each row; nothing, with a finding, for what no type means."""
    if said.type not in rows.columns:
        notes.unknown(f"{PLACE}.type", "column of the data", said.type, rows.columns, "nobody knows what cells are")
        return [""] * len(rows)
    column = rows.columns[said.type]
    counts = Counter(column)
    meant: dict[str, list[str]] = {word: [name for name, patterns in said.types.items()
                                          if any(fnmatchcase(word, pattern) for pattern in patterns)]
                                   for word in counts}  # fmt: skip
    for name, patterns in said.types.items():
        for pattern in patterns:
            if not any(fnmatchcase(word, pattern) for word in counts):
                notes.add("error", f"{PLACE}.types.{name}", f"no cell is `{pattern}` in column `{said.type}`",
                          "a pattern stands for values of the data", "the cell type would lack them",
                          nearest(pattern, counts))
    twice = [word for word, names in meant.items() if len(names) > 1]
    if twice:
        notes.add("error", f"{PLACE}.types", f"`{twice[0]}` is {' and '.join(meant[twice[0]])}",
                  "a cell is of one type", "it would be counted twice", "give narrower patterns")
    unknown = {word: count for word, count in counts.items() if not meant[word]}
    if unknown:
        rest = "; ".join(f"`{word}` ({count})" for word, count in sorted(unknown.items(), key=lambda one: -one[1])[:12])
        more = f" and {len(unknown) - 12} more" if len(unknown) > 12 else ""
        first = max(unknown, key=lambda word: unknown[word])
        patterns_ = [pattern for patterns in said.types.values() for pattern in patterns]
        hint = nearest(first, patterns_)
        notes.add("error", f"{PLACE}.types",
                  f"{sum(unknown.values())} of {len(rows)} cells are of no type: {rest}{more}",
                  "every cell of the data is of a type of the model, or left out",
                  "tissue would have holes that nobody asked for",
                  (f"{hint} Or " if hint.startswith("did you mean") else "") + "name them under `types:`, or write "
                  f"`leave_out: {{{said.type}: [{first}, ...]}}`")
    return [names[0] if len(names) == 1 else "" for names in (meant[word] for word in column)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:LISTED]) + (", ..." if len(names) > LISTED else "")
