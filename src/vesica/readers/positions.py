"""Tables of cells with their places: CSV, TSV, tables with blanks as R writes them (also packed), and AnnData."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from vesica.errors import InputError, error, nearest
from vesica.readers.records import FloatArray
from vesica.readers.text import (
    PathLike,
    Provenance,
    TextFile,
    decimal_commas,
    guess_delimiter,
    near_file,
    read_text,
)

FORMAT: Final = "cells"
ROW_NAMES: Final = "row"  # the column of names that R writes without a head
IDS: Final = "id"  # of an AnnData file: the names of its observations
AXES: Final = ("x", "y", "z")
LOOKED_AT: Final = 50  # lines that tell how a table is written


@dataclass(frozen=True, eq=False)
class CellTable:
    """One row for each cell, as text.

    Parameters
    ----------
    columns : mapping of head to (cell,) text
    lines : (cell,) one-based lines of the file; empty where it has none
    places : (cell, 2 or 3), optional
        Coordinates that the file holds beside its columns (AnnData).
    """

    file: str
    columns: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...]
    provenance: Provenance
    has_decimal_commas: bool = False
    places: FloatArray | None = None

    def __len__(self) -> int:
        """How many cells."""
        return len(next(iter(self.columns.values()), ()))

    def words(self, name: str, what: str) -> tuple[str, ...]:
        """(cell,) text of a column.

        Raises
        ------
        InputError
            There is no such column.
        """
        if name not in self.columns:
            raise error(Path(self.file).name, f"there is no column `{name}`", f"{what} stand in a column of the table",
                        "it is not known which one is meant", nearest(name, self.columns), file=self.file,
                        line=1 if self.lines else None)
        return self.columns[name]

    def numbers(self, name: str, what: str) -> FloatArray:
        """(cell,) numbers of a column; what is no number is NaN."""
        words = self.words(name, what)
        if self.has_decimal_commas:
            words = tuple(word.replace(",", ".") for word in words)
        try:
            return np.array(words, dtype=float)
        except ValueError:
            return np.array([_number(word) for word in words])


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def read_cells(path: PathLike, spatial: str = "spatial") -> CellTable:
    """A table of cells from a text file or an AnnData file.

    Parameters
    ----------
    spatial : key of ``obsm`` that holds places, of an AnnData file

    Raises
    ------
    InputError
        The file is missing, no table, or holds no places under that key.
    """
    return _h5ad(path, spatial) if os.fspath(path).lower().endswith(".h5ad") else _text(path)


def _text(path: PathLike) -> CellTable:
    text = read_text(path)
    numbered = [(number, line) for number, line in enumerate(text.lines, start=1) if line.strip()]
    while numbered and numbered[0][1].startswith("#"):
        numbered.pop(0)
    if len(numbered) < 2:
        raise text.refuse(1, "the table has no rows", "a table of cells has a head and a row for each cell",
                          "there are no cells", "export it again")
    delimiter = _delimiter([line for _, line in numbered[:LOOKED_AT]])
    rows = [[cell.strip() for cell in row]
            for row in csv.reader([line for _, line in numbered], delimiter=delimiter, skipinitialspace=True)]
    if len(rows) != len(numbered):
        raise text.refuse(None, "a quoted cell goes over more than one line", "a row is a line",
                          "cells would be joined to the wrong columns", "export it without line ends inside cells")
    head, body = rows[0], rows[1:]
    if delimiter in " \t" and all(len(row) == len(head) + 1 for row in body):
        head = [ROW_NAMES, *head]
    head[0] = head[0] or ROW_NAMES
    _check(text, head, body, [number for number, _ in numbered])
    columns = {name: tuple(column) for name, column in zip(head, zip(*body, strict=True), strict=True)}
    kept = decimal_commas(replace(text, lines=text.lines[:LOOKED_AT]), delimiter)
    return CellTable(text.file, MappingProxyType(columns), tuple(number for number, _ in numbered[1:]),
                     text.provenance(FORMAT, {}), kept.has_decimal_commas)


def _delimiter(lines: Sequence[str]) -> str:
    """Tab, comma or semicolon of the head; else blanks, where they make as many cells in every row."""
    if any(mark in lines[0] for mark in "\t,;"):
        return guess_delimiter(lines[0])
    counts = [len(row) for row in csv.reader(lines, delimiter=" ", skipinitialspace=True)]
    is_even = all(one == other for one, other in pairwise(counts[1:]))
    return " " if is_even and counts[1] > 1 and counts[0] in (counts[1], counts[1] - 1) else ","


def _check(text: TextFile, head: Sequence[str], body: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise text.refuse(lines[0], f"column `{twice[0]}` stands there twice", "each column has its own head",
                          "it is not known which one is meant", "rename one of them")
    for number, row in zip(lines[1:], body, strict=True):
        if len(row) != len(head):
            raise text.refuse(number, f"the row has {len(row)} cells, and the head {len(head)}",
                              "every row has the columns of the head", "what is in them would be shifted",
                              "export it again, with names that hold the delimiter in quotes")


def _h5ad(path: PathLike, spatial: str) -> CellTable:
    file = os.fspath(path)
    if not Path(file).is_file():
        raise error(Path(file).name, f"`{file}` does not exist", "a data file is read from the path that is given",
                    "there is nothing to read", near_file(Path(file)), file=file)
    try:
        import anndata
    except ImportError:
        raise error(Path(file).name, f"`{Path(file).name}` is an AnnData file, and anndata is not installed",
                    "these files are read by the package anndata", "the cells cannot be read",
                    "install it: `pip install 'vesica[omics]'`; or export `obs` and the places as csv",
                    file=file) from None
    try:
        data = anndata.read_h5ad(file, backed="r")
    except Exception as failure:  # noqa: BLE001 - whatever h5py and anndata make of a broken file
        raise error(Path(file).name, f"the file cannot be read ({type(failure).__name__}: {failure})",
                    "an .h5ad file is one that anndata wrote", "the cells cannot be read", "export it again",
                    file=file) from None
    try:
        columns = {str(name): tuple(map(str, data.obs[name])) for name in data.obs.columns}
        if spatial not in data.obsm:
            raise _without_places(file, spatial, [str(key) for key in data.obsm])
        places = np.asarray(data.obsm[spatial], dtype=float)
        names = tuple(map(str, data.obs_names))
    finally:
        data.file.close()
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise error(Path(file).name, f"`obsm[{spatial!r}]` has the shape {places.shape}",
                    "places are two or three numbers for each cell", "it is not known where cells are",
                    "write x, y and, if there is one, z", file=file)
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    return CellTable(file, MappingProxyType({**columns, IDS: names}), (), Provenance(file, "h5ad", digest, "utf-8"),
                     places=places)


def _without_places(file: str, spatial: str, known: Sequence[str]) -> InputError:
    return error(Path(file).name, f"there is no `obsm[{spatial!r}]`", "the places of cells stand in `obsm`",
                 "it is not known where cells are", nearest(spatial, known) if known else "add them with squidpy",
                 file=file)
