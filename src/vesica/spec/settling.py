"""Who lives where: numbers of cells from densities and data, and a place for each of them in every arm.

Cells have the same places in all arms. Of a type that an arm has fewer of, some are left out (always the same ones
first); those that an arm has more of come on top of the others.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from vesica.rng import stream
from vesica.spec.cell_words import CellSpec
from vesica.spec.model import ModelSpec
from vesica.spec.placing import PlacementFull, Wanted, place
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Arm, Parameter
from vesica.spec.space import Placed, Region, Space, Triple
from vesica.spec.space_words import MonolayerSpec
from vesica.spec.spaces import Frame
from vesica.units import as_written, split

if TYPE_CHECKING:
    from vesica.spec.space import Array

MOST_PLACED: Final = 5_000_000


def counted(spec: ModelSpec, frame: Frame, notes: Notes) -> ModelSpec:
    """The words with a count of every cell type: that of the data, or what a density means."""
    base = {**{name: CellSpec() for name in frame.data if name not in spec.cells}, **spec.cells}
    cells = {name: _counted(cell, cell, f"cells.{name}", spec, frame, notes) for name, cell in base.items()}
    for name, cell in cells.items():
        if cell.spacing is not None:
            notes.quantity(cell.spacing, "um", f"cells.{name}.spacing")
    for name, data in frame.data.items():
        if cells[name].count is None:
            cells[name] = cells[name].model_copy(update={"count": float(data.count)})
    arms = {}
    for arm, said in spec.arms.items():
        changed = {}
        for name, cell in said.cells.items():
            here = f"arms.{arm}.cells.{name}"
            for word in ("spacing", "region"):
                if getattr(cell, word) is not None:
                    notes.add("error", f"{here}.{word}", f"`{word}` in an arm",
                              "cells have the same places in all arms", "arms would differ in more than they say",
                              f"write it under `cells.{name}:`")
            changed[name] = _counted(cell, base.get(name, cell), here, spec, frame, notes)
        arms[arm] = said.model_copy(update={"cells": changed})
    return spec.model_copy(update={"cells": cells, "arms": arms})


def _counted(cell: CellSpec, base: CellSpec, path: str, spec: ModelSpec, frame: Frame, notes: Notes) -> CellSpec:
    """The words of one cell type with a count in place of a density."""
    if cell.density is None:
        return cell
    if cell.count is not None:
        notes.add("error", f"{path}.density", f"`density: {cell.density}` beside `count: {as_written(cell.count)}`",
                  "a number of cells is given once", "the two may contradict each other", "delete one of them")
        return cell
    x, y, z = _extent(base.region, frame.space)
    is_flat = isinstance(spec.domain, MonolayerSpec)
    unit, room = ("1/um^2", x * y) if is_flat else ("1/um^3", x * y * z)
    with contextlib.suppress(ValueError):  # `quantity` says what is wrong
        unit = f"cell*{unit}" if "cell" in split(cell.density)[1] else unit
    density = notes.quantity(cell.density, unit, f"{path}.density")
    number = math.nan if density is None else density * room
    return cell.model_copy(update={"count": float(round(number)) if math.isfinite(number) else 0.0})


def _extent(name: str | None, space: Space) -> tuple[float, float, float]:
    """Edges of a region, or of the box, um."""
    one = next((region for region in space.regions if region.name == name), None)
    if one is None:
        return space.size
    x, y, z = (high - low for low, high in zip(one.low, one.high, strict=True))
    return x, y, z


def settled(
    arms: Sequence[Arm], spec: ModelSpec, frame: Frame, numbers: Mapping[str, Parameter], notes: Notes
) -> Space:
    """The box with the cells of every arm in it."""
    space = frame.space
    most = _most(arms, spec, notes)
    if notes.has_errors:
        return space
    for name, count in most.items():
        if name in frame.data and count > frame.data[name].count:
            notes.add("error", f"cells.{name}", f"{count} cells of `{name}`, of which the data hold "
                      f"{frame.data[name].count}", "cells that have positions in the data are as many as there",
                      "some would be nowhere", "give a lower `count`, or none to take all of them")
    radii = {name: radius_of(numbers[f"{name}.cell_volume"].value) for name in most}
    _check_regions(most, spec, space, notes)
    if notes.has_errors:
        return space
    data = {name: _chosen(name, frame.data[name], most[name], spec.run.seed) for name in most if name in frame.data}
    fixed = {name: (placed.positions, radii[name]) for name, placed in data.items()}
    made = {name: count for name, count in most.items() if name not in data}
    wanted = {name: _wanted(name, count, spec, space, radii[name], notes) for name, count in made.items()}
    if notes.has_errors:
        return space
    try:
        found = _placed(space, wanted, spec.run.seed, fixed)
    except PlacementFull as failure:
        notes.take(failure.finding(f"cells.{failure.kind}"))
        return space
    cells = data | {name: Placed(positions) for name, positions in found.items()}
    _check_overlap(cells, radii, notes)
    first = np.arange(max(most.values(), default=0))
    return replace(space, cells={
        arm.name: {name: cells[name].some(first[:round(arm.counts[name])]) for name in sorted(cells)
                   if arm.counts.get(name, 0.0) > 0.0} for arm in arms
    })  # fmt: skip


def radius_of(volume: float) -> float:
    """Radius (um) of a sphere of that volume (um^3)."""
    return float((3.0 * volume / (4.0 * math.pi)) ** (1.0 / 3.0))


def _most(arms: Sequence[Arm], spec: ModelSpec, notes: Notes) -> dict[str, int]:
    """The largest number of cells of each type in any arm."""
    found: dict[str, int] = {}
    for arm in arms:
        for name, count in arm.counts.items():
            if count != round(count):
                notes.add("error", f"cells.{name}", f"{count:g} cells of `{name}`", "cells in space are whole",
                          "a part of a cell has no place", f"write `count: {math.ceil(count)}`")
            found[name] = max(found.get(name, 0), round(count))
    total = sum(found.values())
    if total > MOST_PLACED:
        notes.add("error", "cells", f"{total:.3g} cells with positions", f"a box holds at most {MOST_PLACED} cells",
                  "no memory would hold their states", "give a smaller box, or fewer cells")
    return {name: count for name, count in sorted(found.items()) if count}


def _check_regions(most: Mapping[str, int], spec: ModelSpec, space: Space, notes: Notes) -> None:
    for name in most:
        region = spec.cells[name].region if name in spec.cells else None
        known = [one.name for one in space.regions]
        if region is not None and region not in known:
            notes.unknown(f"cells.{name}.region", "region of the domain", region, known, "cells would be nowhere")


def _chosen(name: str, data: Placed, count: int, seed: int) -> Placed:
    """So many of the cells of the data, in an order of which each arm takes the first ones."""
    order = stream(seed, f"cells of the data {name}", 0).permutation(data.count)[:count]
    return data.some(order)


def _wanted(name: str, count: int, spec: ModelSpec, space: Space, radius: float, notes: Notes) -> Wanted:
    said = spec.cells[name]
    spacing = 0.0 if said.spacing is None else notes.quantity(said.spacing, "um", f"cells.{name}.spacing") or 0.0
    box = next((one for one in space.regions if one.name == said.region), Region("", (0.0, 0.0, 0.0), space.size))
    low, high = box.low, box.high
    if isinstance(spec.domain, MonolayerSpec):
        low, high = (*low[:2], radius), (*high[:2], radius)
        if 2.0 * radius > space.size[2]:
            notes.add("error", "domain.height", f"a `{name}` is {2.0 * radius:.3g} um high, and the medium "
                      f"{space.size[2]:.3g} um", "cells on a bottom are covered by medium", "they would stick out",
                      f"give a `height` above {2.0 * radius:.3g} um")
    return Wanted(count, spacing, low, high)


def _check_overlap(cells: Mapping[str, Placed], radii: Mapping[str, float], notes: Notes) -> None:
    """Bodies that reach into one another: as spheres of the volume of their cells."""
    from scipy.spatial import cKDTree

    points = np.concatenate([one.positions for one in cells.values()] or [np.zeros((0, 3))])
    own = np.concatenate([np.full(one.count, radii[name]) for name, one in cells.items()] or [np.zeros(0)])
    if len(points) < 2:
        return
    distance, other = cKDTree(points).query(points, k=2)
    deep = distance[:, 1] < 0.5 * (own + own[other[:, 1]])
    if deep.any():
        notes.add("note", "cells", f"{int(deep.sum())} of {len(points)} cells lie deep inside their nearest neighbour: "
                  f"centres down to {distance[:, 1].min():.2g} um apart",
                  "spheres of the volume of a cell lie side by side", "they exchange as spheres that share their place",
                  "nothing to do for cells of a section, which lie over one another; cells that are made keep apart "
                  "with `spacing: 12 um`")


def _placed(space: Space, wanted: Mapping[str, Wanted], seed: int, fixed: Mapping[str, tuple[Array, float]]
            ) -> Mapping[str, Array]:
    """`place`, which models that are checked and then run ask for twice."""
    held = tuple((name, positions.tobytes(), radius) for name, (positions, radius) in fixed.items())
    periodic = tuple(low.kind == "periodic" for low, _ in space.walls)
    return _kept(space.size, tuple(n == 1 for n in space.voxels), periodic, tuple(wanted.items()), held, seed)


@functools.lru_cache(maxsize=2)
def _kept(size: Triple, flat: tuple[bool, ...], periodic: tuple[bool, ...], wanted: tuple[tuple[str, Wanted], ...],
          held: tuple[tuple[str, bytes, float], ...], seed: int) -> Mapping[str, Array]:
    fixed = {name: (np.frombuffer(positions).reshape(-1, 3), radius) for name, positions, radius in held}
    return place(size, dict(wanted), seed, flat=flat, periodic=periodic, fixed=fixed)
