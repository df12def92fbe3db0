"""Words on cells that crawl: how fast, how straight, and what draws them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType, Motility
from vesica.spec.quantities import Given, Notes
from vesica.spec.vocabulary import CELL_CHEMOTAXIS, CELL_MOTILITY, CELL_SENSING, CHEMOTAXIS, Field

_PREFIX: Final = "motility_"
_OFFERED: Final = "@offered.motility."  # entries of the library, for any cell type that crawls
_SENSING: Final = "@offered.gradient.sensing_kd"


def of_cell(said: Sequence[tuple[str, CellSpec]], substances: Collection[str], notes: Notes) -> Motility | None:
    """How a cell type crawls, as the base and arms say together; none where nobody says so.

    ``substances`` are the solubles and agents that may draw it.
    """
    if all(words.motility is None for _, words in said):
        return None
    attractants: set[str] = set()
    for place, words in said:
        for name in words.motility.chemotaxis if words.motility is not None else ():
            if name in substances:
                attractants.add(name)
            else:
                notes.unknown(f"{place}.motility.chemotaxis.{name}", "soluble or agent", name, substances,
                              "cells would go after nothing (define it under `solubles:`)")
    return Motility(tuple(sorted(attractants)))


def expected(cell: CellType) -> dict[str, Field]:
    """Parameters of crawling, by path."""
    if cell.motility is None:
        return {}
    paths = {f"{cell.name}.{name}": field for name, field in CELL_MOTILITY.items()}
    for name in cell.motility.attractants:
        paths[f"{cell.name}.{CHEMOTAXIS}{name}"] = CELL_CHEMOTAXIS
        paths |= {f"{cell.name}.{name}.{key}": field for key, field in CELL_SENSING.items()}
    return paths


def library_numbers(cell: CellType, place: str) -> dict[str, Given]:
    """What the library offers, by path without the cell; nothing draws a cell before the model says how much."""
    if cell.motility is None:
        return {}
    found = {name: Given(f"{_OFFERED}{name.removeprefix(_PREFIX)}", place) for name in CELL_MOTILITY}
    for name in cell.motility.attractants:
        found |= {f"{CHEMOTAXIS}{name}": Given("0", "default"), f"{name}.sensing_kd": Given(_SENSING, place)}
    return found


def written_numbers(cell: CellSpec, name: str, place: str) -> dict[str, Given]:
    """The numbers of these that the user gives in one ``cells:`` block, by path."""
    said = cell.motility
    if said is None:
        return {}
    own = {key: getattr(said, key.removeprefix(_PREFIX)) for key in CELL_MOTILITY}
    found = {f"{name}.{key}": Given(text, f"{place}.motility.{key.removeprefix(_PREFIX)}")
             for key, text in own.items() if text is not None}
    return found | {f"{name}.{CHEMOTAXIS}{soluble}": Given(text, f"{place}.motility.chemotaxis.{soluble}")
                    for soluble, text in said.chemotaxis.items()}
