"""The sample sheet: which file is which replicate of which sample and group, and what is known of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vesica.analysis.nta.amounts import Culture
from vesica.analysis.nta.dilution import check_factor
from vesica.errors import Finding, InputError, nearest
from vesica.readers.columns import Columns, read_columns
from vesica.readers.text import Provenance, near_file
from vesica.units import factor

COLUMNS: Final = MappingProxyType({
    "file": ("filename", "file name", "path"),
    "sample": ("sample name", "name"),
    "replicate": ("rep", "repeat"),
    "group": ("condition", "treatment"),
    "dilution": ("dilution factor",),
    "cells": ("cell number", "cell count"),
    "volume": ("sample volume",),
    "protein": ("protein mass", "protein concentration"),
    "time": ("hours",),
    "role": ("type",),
})  # fmt: skip
_ROLES: Final = ("sample", "blank")


@dataclass(frozen=True)
class SheetRow:
    """One line of the sheet; empty words and None where nothing is said."""

    path: str
    line: int
    sample: str
    replicate: str
    group: str
    role: str
    dilution: float | None
    culture: Culture


@dataclass(frozen=True)
class Sheet:
    """A sample sheet: a row for each file.

    Parameters
    ----------
    file : str
    rows : by file name as written in the sheet, resolved against its folder
    provenance : Provenance
    """

    file: str
    rows: tuple[SheetRow, ...]
    provenance: Provenance

    def paths(self, role: str) -> tuple[str, ...]:
        """Files of a role, in the order of the sheet."""
        return tuple(row.path for row in self.rows if row.role == role)

    def by_file(self) -> Mapping[str, SheetRow]:
        """Rows by resolved path."""
        return {str(Path(row.path).resolve()): row for row in self.rows}


def read_sheet(path: str | Path) -> Sheet:
    """Read a sample sheet.

    Columns: ``file`` (relative to the sheet), ``sample``, ``replicate``, ``group``, ``role`` (sample or blank),
    ``dilution``, ``cells``, ``volume (mL)``, ``protein (ug)`` or ``protein (ug/mL)``, ``time (h)``; only ``file``
    is needed.

    Raises
    ------
    InputError
        As `read_columns`; or an empty or repeated file, an unknown role, a dilution below 1, a
        number that is zero or negative.
    """
    table = read_columns(path, known=COLUMNS, required=("file",))
    names = table.words("file")
    _refuse_repeats(table, names)
    folder = Path(path).parent
    rows = []
    cultures, dilutions = _cultures(table), _numbers(table, "dilution", "")
    words = {
        name: table.words(name) if table.has(name) else ("",) * len(table)
        for name in ("sample", "replicate", "group", "role")
    }
    for index, name in enumerate(names):
        role = words["role"][index].lower() or "sample"
        if role not in _ROLES:
            raise table.refuse(
                table.rows[index],
                f"the role `{words['role'][index]}`",
                "a file is a sample or a blank",
                "it is not known what to do with it",
                nearest(role, _ROLES),
            )
        dilution = dilutions[index]
        if dilution is not None:
            check_factor(dilution, Path(path).name, file=str(path), line=table.lines[index])
        rows.append(
            SheetRow(
                str(folder / name),
                table.lines[index],
                words["sample"][index],
                words["replicate"][index],
                words["group"][index],
                role,
                dilution,
                cultures[index],
            )
        )
    return Sheet(str(path), tuple(rows), table.provenance)


def match(sheet: Sheet, files: Sequence[str], blanks: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Check that the sheet knows every file of a sample, and note the rows that no file belongs to.

    A blank of the command line needs no row: what it is, is said.

    Raises
    ------
    InputError
        A file without a row.
    """
    from vesica.errors import error

    known = sheet.by_file()
    names = [Path(row.path).name for row in sheet.rows]
    for file in files:
        if str(Path(file).resolve()) not in known:
            raise error(
                Path(sheet.file).name,
                f"the sheet has no row for `{file}`",
                "with a sample sheet, every file has a row in it (paths are relative to the sheet)",
                "it is not known which sample and group the file belongs to",
                f"add a row for it; {nearest(Path(file).name, names)}",
                file=sheet.file,
            )
    given = {str(Path(file).resolve()) for file in (*files, *blanks)}
    left = [Path(path).name for path in known if path not in given]
    if not left:
        return ()
    return (
        Finding(
            "note",
            Path(sheet.file).name,
            f"{len(left)} row(s) of the sheet are about files that were not given: "
            + ", ".join(f"`{name}`" for name in left[:5]),
            "only files on the command line are read",
            "these rows are ignored",
            "leave the files out of the command to read all of the sheet",
            sheet.file,
        ),
    )


def refuse_missing(sheet: Sheet) -> None:
    """Refuse (InputError) rows about files that are not there, each with its line and the nearest name."""
    found = [
        Finding(
            "error", Path(sheet.file).name, f"there is no file `{row.path}`",
            "paths in a sheet are relative to its folder", "there is nothing to read for this row",
            near_file(Path(row.path)), sheet.file, row.line,
        )
        for row in sheet.rows
        if not Path(row.path).exists()
    ]
    if found:
        raise InputError(*found)


def _refuse_repeats(table: Columns, names: Sequence[str]) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name:
            raise table.refuse(
                table.rows[index],
                "no file is named",
                "every row is about one file",
                "the row would be lost",
                "write the name of the file, or remove the row",
            )
        if name in seen:
            raise table.refuse(
                table.rows[index],
                f"`{name}` stands in line {seen[name]}, too",
                "every file has one row",
                "its particles would be counted twice",
                "remove one of the rows",
            )
        seen[name] = table.lines[index]


def _numbers(table: Columns, name: str, unit: str | None) -> list[float | None]:
    """(row,) numbers above zero, None where the cell is empty or the column missing."""
    if not table.has(name):
        return [None] * len(table)
    values = table.numbers(name, unit, allow_empty=True)
    for row, value in zip(table.rows, values, strict=True):
        if value <= 0 and name != "time":
            raise table.refuse(
                row,
                f"`{name}` is {value:g}",
                "it is larger than zero",
                "nothing can be divided by it",
                "correct the number, or leave the cell empty",
            )
    return [None if math.isnan(value) else float(value) for value in values]


def _cultures(table: Columns) -> list[Culture]:
    cells = _numbers(table, "cells", None if not table.has("cells") or not table.unit("cells") else "cell")
    volume, time = _numbers(table, "volume", "mL"), _numbers(table, "time", "h")
    is_mass = table.has("protein") and _is_mass(table.unit("protein"))
    protein = _numbers(table, "protein", "ug" if is_mass else "ug/mL")
    return [
        Culture(cells[i], volume[i], protein[i] if is_mass else None, None if is_mass else protein[i], time[i])
        for i in range(len(table))
    ]


def _is_mass(unit: str) -> bool:
    try:
        factor(unit, "ug")
    except ValueError:
        return False
    return True
