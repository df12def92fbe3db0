"""Cells that nobody gave positions: thrown at random into a box, one after another, with least distances.

Random sequential addition: a dart is uniform over what its type may occupy; it stays where it falls unless it comes
too near to a cell that is there already. So centres are uniform, and of all places that keep the distances none is
preferred. Types are placed in one order: large cells first, then those that keep further apart, then by name. Large
ones first because small ones find room between them, not the other way round. Where cells of a type lie depends on
the seed, on their type and on types that come before it; types that come after it change nothing, and of one type the
first n cells are the same whatever its number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import TextError
from vesica.rng import stream

if TYPE_CHECKING:  # compiled code is loaded where it is used
    from vesica.spec.darts import Bins

Array = NDArray[np.float64]
Triple = tuple[float, float, float]

SATURATION: Final = {0: 1.0, 1: 0.7476, 2: 0.5470, 3: 0.3841}
"""Share of the space that equal spheres fill when no dart finds room any more, by dimensions.

Source: Renyi 1958 Publ Math Inst Hung Acad Sci 3:109 (a line); Zhang & Torquato 2013 Phys Rev E 88:053312 (2, 3).
"""
TRIES: Final = 1000  # darts for each cell: enough to come within a tenth of saturation
BLOCK: Final = 100_000  # darts of one compiled call
_MARGIN: Final = 1.1  # of saturation: a type that wants more is not tried


@dataclass(frozen=True)
class Wanted:
    """Cells of one type that want places.

    Parameters
    ----------
    count : number of cells
    spacing : um
        Least distance between centres of this type.
    low, high : um
        Corners of where centres may be; equal along an axis for cells in a plane.
    radius : um, optional
        Cells of two types are as far apart as their radii add up to; half of the spacing, if nothing is said.
    """

    count: int
    spacing: float
    low: Triple
    high: Triple
    radius: float | None = None

    @property
    def own(self) -> float:
        """Radius that other types respect, um."""
        return 0.5 * self.spacing if self.radius is None else self.radius

    @property
    def apart(self) -> float:
        """Least distance within the type, um."""
        return max(self.spacing, 2.0 * self.own)


class PlacementFull(TextError):
    """Cells of a type do not fit.

    Attributes
    ----------
    kind, placed, wanted : type, number of cells that found room, number wanted
    packing : share of the space that cells would fill, with their distances
    """

    def __init__(self, kind: str, placed: int, wanted: int, packing: float, dimensions: int) -> None:
        self.kind, self.placed, self.wanted, self.packing = kind, placed, wanted, packing
        what = {1: "length", 2: "area"}.get(dimensions, "volume")
        most = 100.0 * SATURATION[dimensions]
        super().__init__(
            f"{wanted} cells of `{kind}` with their distances would fill {100.0 * packing:.3g} % of their {what}, and "
            f"{placed} of them found room",
            f"cells that are placed one after another at random find no room beyond about {most:.3g} % of the {what}",
            "some cells would lie nearer to one another than they may",
            "make the box larger, or the `count`, `density` or `spacing` smaller",
        )


@dataclass
class _Places:
    """Cells placed so far, and what they must keep."""

    size: Array
    flat: tuple[bool, bool, bool]
    wrap: Array  # period by axis, 0 without
    points: Array
    kinds: NDArray[np.int64]
    filled: int = 0


def place(size: Triple, wanted: Mapping[str, Wanted], seed: int, *, flat: Sequence[bool] = (False, False, False),
          periodic: Sequence[bool] = (False, False, False),
          fixed: Mapping[str, tuple[Array, float]] | None = None) -> dict[str, Array]:
    """Random places of cells in a box.

    Parameters
    ----------
    size : um, along x, y, z
    wanted : mapping of type to what it wants
    flat : by axis
        Whether the box is no dimension along it (one voxel): cells lie in the middle of what they may occupy, and
        distances are those of the other axes.
    periodic : by axis
    fixed : mapping of name to positions (cell, 3) and radius, um
        Cells that have their places; others keep clear of them.

    Returns
    -------
    dict of (cell, 3) um, types in the order of ``wanted``

    Raises
    ------
    PlacementFull
        Where cells find no room.
    """
    order = sorted(wanted, key=lambda name: (-wanted[name].own, -wanted[name].apart, name))
    known = [(np.asarray(positions, float), radius) for positions, radius in (fixed or {}).values()]
    total = sum(one.count for one in wanted.values()) + sum(len(positions) for positions, _ in known)
    flags = (bool(flat[0]), bool(flat[1]), bool(flat[2]))
    wrap = np.where(np.asarray(periodic) & ~np.asarray(flags), np.asarray(size), 0.0)
    places = _Places(np.asarray(size, float), flags, wrap, np.zeros((total, 3)), np.zeros(total, dtype=np.int64))
    radii: list[float] = []
    for positions, radius in known:
        end = places.filled + len(positions)
        places.points[places.filled:end] = np.where(flags, 0.0, positions)
        places.kinds[places.filled:end] = len(radii)
        places.filled = end
        radii.append(radius)
    found = {}
    for name in order:
        one = wanted[name]
        least = np.array([radius + one.own for radius in radii] + [one.apart])
        if one.count:
            found[name] = _placed(places, name, one, least, seed)
        radii.append(one.own)
    return {name: found.get(name, np.zeros((0, 3))) for name in wanted}


def _placed(places: _Places, name: str, one: Wanted, least: Array, seed: int) -> Array:
    """(cell, 3) places of one type, which keeps ``least`` (kind,) from those before it and from itself."""
    from vesica.spec.darts import enter, throw

    low, high = np.asarray(one.low, float), np.asarray(one.high, float)
    dimensions = sum((high > low) & ~np.asarray(places.flat))
    packing, most = _packing(one, low, high, places.flat), _MARGIN * SATURATION[dimensions]
    if packing > most and one.count > TRIES:
        raise PlacementFull(name, 0, one.count, packing, dimensions)
    bins = _bins(places, float(least.max()))
    enter(places.points, 0, places.filled, bins)
    begin, end = places.filled, places.filled + one.count
    random, darts = stream(seed, f"place {name}", 0), 0
    budget = TRIES * one.count + BLOCK
    while places.filled < end and darts < budget:
        block = low + random.random((min(BLOCK, max(1024, 2 * one.count)), 3)) * (high - low)
        block[:, places.flat] = 0.0
        places.filled = throw(block, places.points, places.kinds, places.filled, end, least, bins)
        darts += len(block)
    if places.filled < end:
        raise PlacementFull(name, places.filled - begin, one.count, packing, dimensions)
    return np.where(places.flat, 0.5 * (low + high), places.points[begin:end])


def _packing(one: Wanted, low: Array, high: Array, flat: Sequence[bool]) -> float:
    """Share that cells of one type fill, each with half of its least distance around it, of where they may be.

    Half a distance is added on every side: spheres of cells at the edge reach over it.
    """
    lengths = [b - a + one.apart for a, b, out in zip(low, high, flat, strict=True) if b > a and not out]
    if not lengths:
        return float(one.count > 1)
    ball = {1: one.apart, 2: 0.25 * math.pi * one.apart**2, 3: math.pi / 6.0 * one.apart**3}[len(lengths)]
    return float(one.count * ball / math.prod(lengths))


def _bins(places: _Places, reach: float) -> Bins:
    """Empty bins no narrower than ``reach``, and not many more than there are cells."""
    from vesica.spec.darts import Bins

    flat = np.asarray(places.flat)
    across = np.where(flat, 1.0, places.size)
    number = max(1, len(places.points))
    even = float(across.prod() / number) ** (1.0 / max(1, int((~flat).sum())))
    counts = np.where(flat, 1, np.maximum(1, across // max(reach, even))).astype(np.int64)
    heads = np.full(int(counts.prod()), -1, dtype=np.int64)
    return Bins(across / counts, counts, places.wrap, heads, np.full(number, -1, dtype=np.int64))
