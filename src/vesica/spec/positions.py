"""Cells of the user's data: joined, sorted into cell types, and moved into the box; findings with their counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from vesica.errors import InputError, error
from vesica.library import Library
from vesica.readers.positions import AXES
from vesica.spec import cell_rows, fields_of_view, spaces
from vesica.spec.cell_rows import PLACE, Rows
from vesica.spec.quantities import Notes
from vesica.spec.space import Placed, Triple
from vesica.spec.space_words import PositionsSpec, TissueSpec
from vesica.units import factor, to_internal

if TYPE_CHECKING:

    from vesica.spec.space import Array

MOST_PLANES: Final = 100  # different z above which they are no planes


@dataclass(frozen=True)
class Found:
    """Cells of the data by type, in the box, and the size of the box where the model gives none (um)."""

    cells: Mapping[str, Placed]
    size: Triple
    planes: tuple[float, ...] = ()  # z of planes, um, in the coordinates of the data


def of_model(
    said: PositionsSpec, box: spaces.SpatialSpec, size: Triple | None, edges: Triple, library: Library, notes: Notes
) -> Found | None:
    """The cells of a model's data, with findings about the space between planes."""
    height = spaces.height_of(box, notes)
    found = read(said, size, edges, is_flat=height is not None, notes=notes)
    if found is None:
        return None
    if height is not None:
        return replace(found, size=(found.size[0], found.size[1], height))
    if isinstance(box, TissueSpec):
        _check_planes(found, library, notes)
    return found


def _check_planes(found: Found, library: Library, notes: Notes) -> None:
    """Planes of cells that vesicles do not reach from one another."""
    gaps = np.diff(found.planes)
    diffusivity, half_life = (library.entries[f"laboratory.tissue.{name}"]
                              for name in ("diffusivity", "loss_half_life"))
    reach = math.sqrt(diffusivity.value * factor(diffusivity.unit, "um^2/s")
                      * half_life.value * factor(half_life.unit, "s") / math.log(2.0))
    wide = gaps[gaps > reach]
    if len(wide):
        slow = f"{diffusivity.value:g} {diffusivity.unit}, half of them lost in {half_life.value:g} {half_life.unit}"
        notes.add("warning", PLACE, f"{len(found.planes)} planes of cells, {len(wide)} gaps between them up to "
                  f"{max(wide):.3g} um wide",
                  f"a vesicle of 100 nm reaches about {reach:.2g} um in tissue (estimates: {slow})",
                  "cells between the planes are missing: vesicles hardly reach the next plane, and what would have "
                  "been taken up between is not",
                  "run one plane as a section (`crop: {z: ...}`, `thickness: 10 um`), or read results across planes "
                  "with care")


def read(said: PositionsSpec, size: Triple | None, edges: Triple, *, is_flat: bool, notes: Notes) -> Found | None:
    """The cells of a file, or nothing, with findings.

    Parameters
    ----------
    size : um, optional
        Of the box, where the model gives it: then places are those of the data from `origin` on.
    edges : um, of a voxel; one is the margin around cells by default
    is_flat : whether cells lie on a bottom, and the data need no third coordinate
    """
    before = len(notes.findings)
    try:
        rows, has_z = cell_rows.read(said, notes)
        cell_rows.leave_out(rows, said, notes)
        kinds = cell_rows.kinds(rows, said, notes)
        rows.keep(np.array([kind != "" for kind in kinds], dtype=bool))
        kinds = [kind for kind in kinds if kind]
        _check_finite(rows, has_z=has_z)
        fields_of_view.put_together(rows.columns, rows.places, said, notes)
        kinds = _cropped(rows, kinds, said, has_z=has_z)
    except InputError as failure:
        notes.take(*(replace(finding, path=PLACE) if not finding.path.startswith(PLACE) else finding
                     for finding in failure.findings))
        return None
    thickness = _thickness(said, size, notes, has_z=has_z, is_flat=is_flat)
    if not len(rows):
        notes.add("error", PLACE, "no cell is left", "a model holds the cells of its data", "the box would be empty",
                  "check `types`, `leave_out` and `crop`")
    if any(finding.severity == "error" for finding in notes.findings[before:]):
        return None
    planes = _planes(rows.places) if has_z else ()
    box = _put_into(rows, said, size, edges, thickness, notes)
    if box is None:
        return None
    _check_apart(rows, notes)
    for name in (said.columns.x, said.columns.y, said.columns.z, said.columns.id):
        rows.columns.pop(name or "", None)  # said by places and ids
    return Found({kind: _placed(rows, kinds, kind) for kind in sorted(set(kinds))}, box, planes)


def _check_finite(rows: Rows, *, has_z: bool) -> None:
    bad = ~np.isfinite(rows.places).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        who = f"cell `{rows.ids[first]}`" if rows.ids else f"row {first + 1} of the cells"
        raise error(PLACE, f"{int(bad.sum())} of {len(rows)} cells have a coordinate that is no number, first {who}",
                    f"a place is {'three' if has_z else 'two'} numbers", "these cells would be nowhere",
                    f"correct them, or leave them out by a column, as `leave_out: {{{AXES[0]}: [nan, NA, \"\"]}}`")


def _cropped(rows: Rows, kinds: Sequence[str], said: PositionsSpec, *, has_z: bool) -> list[str]:
    """Only the cells in the crop, with their types."""
    keep = np.ones(len(rows), dtype=bool)
    for axis, name in enumerate(AXES):
        span = getattr(said.crop, name)
        if span is None:
            continue
        low, high = (_length(end, f"{PLACE}.crop.{name}") for end in span)
        if name == "z" and not has_z:
            raise error(f"{PLACE}.crop.z", "a crop along z of data without z", "a crop is of a coordinate of the data",
                        "it would do nothing", "delete it, or name the column: `columns: {z: COLUMN}`")
        if not low < high:
            raise error(f"{PLACE}.crop.{name}", f"from {low:g} to {high:g} um", "a crop goes from low to high",
                        "nothing would be left", "exchange the two")
        keep &= (rows.places[:, axis] >= low) & (rows.places[:, axis] <= high)
    if len(rows) and not keep.any():
        ends = "; ".join(f"{name} {low:.6g} to {high:.6g} um" for name, low, high in
                         zip(AXES, rows.places.min(axis=0), rows.places.max(axis=0), strict=True))
        raise error(f"{PLACE}.crop", f"none of {len(rows)} cells lies in the crop", f"the data span {ends}",
                    "the box would be empty", "give a crop within that, in um of the data")
    rows.keep(keep)
    return [kind for kind, held in zip(kinds, keep, strict=True) if held]


def _length(text: str | float, path: str) -> float:
    return to_internal(text, "um", path)


def _thickness(said: PositionsSpec, size: Triple | None, notes: Notes, *, has_z: bool, is_flat: bool) -> float:
    """Of the section, um: said, or that of the box; zero for cells with a third coordinate."""
    if said.thickness is not None:
        found = notes.quantity(said.thickness, "um", f"{PLACE}.thickness", positive=True) or math.nan
        if size is not None and not has_z and not is_flat and abs(found - size[2]) > 1e-9 * size[2]:
            notes.add("error", f"{PLACE}.thickness", f"a section of `{said.thickness}` in a box {size[2]:g} um high",
                      "a box is as high as its section", "the rest would be empty of cells",
                      "delete one of them")
        return found
    if has_z or is_flat or size is not None:
        return 0.0 if has_z else size[2] if size is not None else 0.0
    notes.add("error", PLACE, "the data have two coordinates, and no thickness", "a section has a thickness",
              "nobody would know in how much liquid its cells are", "add `thickness: 10 um`")
    return math.nan


def _planes(places: Array) -> tuple[float, ...]:
    """The z of planes, where cells lie in few of them."""
    found = np.unique(np.round(places[:, 2], 6))
    return tuple(map(float, found)) if 1 < len(found) <= MOST_PLANES and len(places) >= 4 * len(found) else ()


def _put_into(
    rows: Rows, said: PositionsSpec, size: Triple | None, edges: Triple, thickness: float, notes: Notes
) -> Triple | None:
    """Move cells into the box, whose size is returned; nothing, with a finding, where they do not fit."""
    is_section = thickness > 0.0
    low, high = rows.places.min(axis=0), rows.places.max(axis=0)
    if size is None:
        if said.origin is not None:
            notes.add("error", f"{PLACE}.origin", "an `origin` without a size of the domain",
                      "without a size the box is that around the cells", "it would do nothing",
                      "delete it, or give `domain: {size: ...}`")
        if len(rows) > 1 and edges[0] > high[0] - low[0] and edges[1] > high[1] - low[1]:
            notes.add("error", "domain.voxel", f"voxels of {edges[0]:.4g} x {edges[1]:.4g} um around cells that span "
                      f"{high[0] - low[0]:.4g} x {high[1] - low[1]:.4g} um", "a box holds more than one voxel",
                      "all cells would be in one place", "give smaller voxels, or check the `unit` of the positions")
            return None
        margin = None if said.margin is None else notes.quantity(said.margin, "um", f"{PLACE}.margin")
        around = np.array(edges if margin is None else [margin] * 3)
        span = np.maximum(high - low + 2.0 * around, edges)
        rows.places += around - low + 0.5 * (span - (high - low + 2.0 * around))
        x, y, z = map(float, span)
        if is_section:
            rows.places[:, 2] = 0.5 * thickness
        return (x, y, thickness if is_section else z)
    if said.margin is not None:
        notes.add("error", f"{PLACE}.margin", "a `margin` beside a size of the domain",
                  "a margin makes the box, where nothing else does", "it would do nothing", "delete one of them")
    origin = [_length(text, f"{PLACE}.origin") for text in said.origin or ()]
    rows.places -= np.array([*origin, 0.0, 0.0, 0.0][:3] if len(origin) < 3 else origin[:3])
    if is_section:
        rows.places[:, 2] = 0.5 * size[2]
    outside = ((rows.places < 0.0) | (rows.places > np.array(size))).any(axis=1)
    if outside.any():
        span_ = "; ".join(f"{name} {a:.6g} to {b:.6g}" for name, a, b in zip(AXES, low, high, strict=True))
        notes.add("error", PLACE, f"{int(outside.sum())} of {len(rows)} cells lie outside the box",
                  f"cells lie inside; the data span {span_} um", "these cells would be nowhere",
                  "leave out `size` (the box is then that around the cells), or give `origin:` or `crop:`")
        return None
    return size


def _check_apart(rows: Rows, notes: Notes) -> None:
    """Cells at one place."""
    same = len(rows) - len(np.unique(np.round(rows.places, 6), axis=0))
    if same:
        notes.add("warning", PLACE, f"{same} of {len(rows)} cells are where another one is",
                  "two cells are at two places", "they act as one larger cell",
                  "look for cells that the table holds twice")


def _placed(rows: Rows, kinds: Sequence[str], kind: str) -> Placed:
    index = np.array([i for i, one in enumerate(kinds) if one == kind], dtype=np.int64)
    return Placed(rows.places, rows.ids, rows.columns).some(index)
