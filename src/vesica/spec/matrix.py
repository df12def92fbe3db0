"""Words on the matrix that cells lay down around themselves: what it holds, what digests it, and their numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType, Matrix
from vesica.spec.quantities import Given, Notes
from vesica.spec.rule_words import MATRIX
from vesica.spec.vocabulary import CELL_MATRIX, CELL_MATRIX_FACTOR, CELL_MATRIX_PROTEASE, SOURCE_UNITS, Field

_OFFERED: Final = "@offered.matrix."  # entries of the library, for whatever the matrix holds and what digests it
_KINDS: Final = {"factors": CELL_MATRIX_FACTOR, "proteases": CELL_MATRIX_PROTEASE}


def of_cell(said: Sequence[tuple[str, CellSpec]], solubles: Collection[str], notes: Notes) -> Matrix | None:
    """The matrix of a cell type, as the base and arms say together; none where nobody says so."""
    if all(words.matrix is None for _, words in said):
        return None
    held: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for place, kind, name in _named(said):
        if name in solubles:
            held[kind].add(name)
        else:
            notes.unknown(f"{place}.matrix.{kind}.{name}", "soluble", name, solubles,
                          "it would never meet the matrix (define it under `solubles:`)")
    return Matrix(*(tuple(sorted(held[kind])) for kind in _KINDS))


def _named(said: Sequence[tuple[str, CellSpec]]) -> Iterator[tuple[str, str, str]]:
    for place, words in said:
        for kind in _KINDS if words.matrix is not None else ():
            yield from ((place, kind, name) for name in getattr(words.matrix, kind))


def _owned(matrix: Matrix | None) -> Iterator[tuple[str, str, Field]]:
    """Owner, name and field of each number of a factor or protease."""
    for kind, fields in _KINDS.items() if matrix is not None else ():
        yield from ((owner, *item) for owner in getattr(matrix, kind) for item in fields.items())


def expected(cell: CellType) -> dict[str, Field]:
    """Parameters of a cell's matrix, by path."""
    paths = {f"{cell.name}.{name}": field for name, field in CELL_MATRIX.items()} if cell.matrix else {}
    return paths | {f"{cell.name}.{owner}.{name}": field for owner, name, field in _owned(cell.matrix)}


def library_numbers(cell: CellType, place: str) -> dict[str, Given]:
    """What the library offers for factors and proteases, by path without the cell; the rest is machinery."""
    return {f"{owner}.{name}": Given(f"{_OFFERED}{name.removeprefix(f'{MATRIX}_')}", place)
            for owner, name, _ in _owned(cell.matrix)}


def written_numbers(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The numbers of these that the user gives in one ``cells:`` block, by path."""
    return {f"{name}.{owner}.{MATRIX}_{key}": Given(text, f"{place}.matrix.{kind}.{owner}.{key}")
            for kind in _KINDS if cell.matrix is not None
            for owner, item in getattr(cell.matrix, kind).items() for key, text in item if text is not None}


def words(cell: CellType, cargo: Mapping[str, str], solubles: Mapping[str, str]) -> dict[str, str]:
    """Words that rules may start from, with their labels: the matrix, and copies that it holds for each cell."""
    if cell.matrix is None:
        return {}
    around = f"in the matrix of the {cell.label}"
    found = {MATRIX: f"the matrix of the {cell.label}"}
    found |= {f"{MATRIX}_{name}": f"{label} on vesicles {around}" for name, label in cargo.items()}
    return found | {f"{MATRIX}_{name}": f"{solubles[name]} {around}" for name in cell.matrix.factors}


def units(cell: CellType, cargo: Iterable[str]) -> dict[str, str]:
    """Unit of each of these words, for expressions."""
    names = dict.fromkeys((*cargo, *(cell.matrix.factors if cell.matrix else ())), "")
    return dict.fromkeys(words(cell, names, names), SOURCE_UNITS["matrix"])
