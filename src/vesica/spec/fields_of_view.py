"""Several fields of view: put together by their offsets, and refused where they all have coordinates of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from vesica.errors import error, nearest
from vesica.spec.quantities import Notes
from vesica.spec.space_words import PositionsSpec
from vesica.units import to_internal

if TYPE_CHECKING:
    from vesica.spec.space import Array

HEADS: Final = frozenset({"fov", "fovid", "fieldofview", "field", "tile", "tileid", "image", "imageid"})
OVERLAP: Final = 1.5  # of the areas of all fields with what they span together: tiles beside one another are at 1
FEWEST: Final = 3  # cells of a field that count in that


def put_together(columns: Mapping[str, tuple[str, ...]], places: Array, said: PositionsSpec, notes: Notes) -> None:
    """Add offsets of fields of view to places (cell, 3), um, in place.

    Raises
    ------
    InputError
        Fields lie over one another and nobody says where they belong; a field without an offset.
    """
    name = said.fov or next((head for head in columns if _plain(head) in HEADS), "")
    if said.fov is not None and said.fov not in columns:
        raise error("positions.fov", f"there is no column `{said.fov}`", "fields of view stand in a column of the data",
                    "nobody knows which cell is in which", nearest(said.fov, columns))
    if said.fov_offsets:
        if not name:
            raise error("positions.fov_offsets", "offsets of fields of view, and no column says in which a cell is",
                        "fields of view stand in a column of the data", "they would be added to nobody",
                        "write `fov: COLUMN`")
        _add(columns[name], places, said)
        return
    if name:
        _check(name, columns[name], places)


def _plain(head: str) -> str:
    return "".join(mark for mark in head.lower() if mark.isalnum())


def _add(column: tuple[str, ...], places: Array, said: PositionsSpec) -> None:
    lacking = sorted({word for word in column if word not in said.fov_offsets})
    if lacking:
        raise error("positions.fov_offsets", f"{len(lacking)} fields of view have no offset: "
                    f"{', '.join(f'`{word}`' for word in lacking[:5])}", "every field of view lies somewhere",
                    "their cells would lie over others", "add them, as `NAME: [0 um, 0 um]`")
    offsets = {}
    for word in set(column):
        numbers = [to_internal(text, "um", f"positions.fov_offsets.{word}") for text in said.fov_offsets[word]]
        offsets[word] = [*numbers, 0.0, 0.0, 0.0][:3]
    places += np.array([offsets[word] for word in column])


def _check(name: str, column: tuple[str, ...], places: Array) -> None:
    """Refuse fields whose cells all lie over one another."""
    words = np.array(column)
    areas, held = [], []
    for word in np.unique(words):
        inside = places[words == word][:, :2]
        if len(inside) >= FEWEST:
            areas.append(float(np.prod(np.ptp(inside, axis=0))))
            held.append(inside)
    if len(areas) < 2:
        return
    whole = float(np.prod(np.ptp(np.concatenate(held), axis=0)))
    if sum(areas) > OVERLAP * whole:
        raise error("positions", f"{len(areas)} fields of view (column `{name}`) lie over one another: their areas add "
                    f"up to {sum(areas) / whole:.3g} times what they span",
                    "places of all cells are in one system of coordinates",
                    "cells of different fields would be neighbours",
                    f"give the corner of each: `fov: {name}` and `fov_offsets: {{{words[0]}: [0 um, 0 um], ...}}`")
