"""A slab of the box that is looked at: which two axes are shown, and how much of the third."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error

Array = NDArray[np.float64]
AXES: Final = ("x", "y", "z")
WHOLE: Final = 40.0  # um: a box no thicker is shown whole
THICK: Final = 30.0  # um, of a slab of a thicker box


@dataclass(frozen=True)
class Slab:
    """Part of the box between two planes; lengths um.

    Parameters
    ----------
    shown : axes shown across and upwards (0, 1, 2 for x, y, z)
    normal : the axis looked along
    low, high : where the slab begins and ends along it
    box : size of the whole box
    """

    shown: tuple[int, int]
    normal: int
    low: float
    high: float
    box: tuple[float, float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Across and upwards."""
        return self.box[self.shown[0]], self.box[self.shown[1]]

    @property
    def words(self) -> str:
        """``z from 85 to 115 µm``, or that it is all there is."""
        if self.low <= 0.0 and self.high >= self.box[self.normal]:
            return f"the whole box, {self.box[self.normal]:.4g} µm thick along {AXES[self.normal]}"
        return f"{AXES[self.normal]} from {self.low:.4g} to {self.high:.4g} µm"

    def holds(self, positions: Array) -> NDArray[np.bool_]:
        """(cell,) whether the centre of a cell lies in the slab; ``positions`` (cell, 3)."""
        along = positions[:, self.normal]
        return np.asarray((along >= self.low) & (along <= self.high))

    def flat(self, positions: Array) -> Array:
        """(cell, 2) across and upwards."""
        return positions[:, list(self.shown)]

    def image(self, density: Array, centres: tuple[Array, Array, Array]) -> Array:
        """(row, column) of a field (z, y, x): mean of the layers in the slab, rows upwards.

        Where no middle of a layer lies in the slab, the layer in which the middle of the slab lies.
        """
        along = centres[self.normal]
        inside = np.flatnonzero((along >= self.low) & (along <= self.high))
        if not inside.size:
            inside = np.array([int(np.argmin(np.abs(along - 0.5 * (self.low + self.high))))])
        mean = density.take(inside, axis=2 - self.normal).mean(axis=2 - self.normal)
        return np.asarray(mean if self.shown[0] < self.shown[1] else mean.T)


def slab_of(size: tuple[float, float, float], *, plane: str = "", at: float | None = None,
            thickness: float | None = None, cells: Array | None = None) -> Slab:
    """What is looked at: by default along the shortest axis, all of a thin box, and 30 um of a thick one.

    Parameters
    ----------
    size : of the box, um
    cells : (cell, 3) um
        A slab of which nobody said where it is lies where most of them are, near the middle; sections of one block lie
        apart, and the middle may be empty.
    plane : ``xy``, ``xz``, ``yz``, ``yx`` ...: shown across and upwards
    at, thickness : middle of the slab and how thick it is, um

    Raises
    ------
    InputError
        No such plane, or a slab outside the box.
    """
    normal = max(range(3), key=lambda axis: (-size[axis], axis))
    shown = tuple(axis for axis in range(3) if axis != normal)
    if plane:
        if len(plane) != 2 or plane[0] == plane[1] or not set(plane) <= set(AXES):
            raise error("--plane", f"`{plane}`", "a plane is named by the two axes it shows", "nothing could be drawn",
                        "write `xy`, `xz` or `yz`")
        shown = (AXES.index(plane[0]), AXES.index(plane[1]))
        normal = 3 - sum(shown)
    deep = size[normal]
    if at is None and thickness is None and deep <= WHOLE:
        return Slab((shown[0], shown[1]), normal, 0.0, deep, size)
    thick = min(THICK, deep) if thickness is None else thickness
    middle = at if at is not None else _fullest(0.5 * deep, thick, None if cells is None else cells[:, normal])
    if not thick > 0.0:
        raise error("--thickness", f"a slab {thick:g} um thick", "a slab has a thickness above zero",
                    "no cell would lie in it", "write `--thickness 30`")
    low, high = max(middle - 0.5 * thick, 0.0), min(middle + 0.5 * thick, deep)
    if not low < high:
        raise error("--slice", f"{AXES[normal]} = {middle:g} um", f"the box reaches from 0 to {deep:g} um along "
                    f"{AXES[normal]}", "nothing lies there", f"write `--slice {0.5 * deep:g}`")
    return Slab((shown[0], shown[1]), normal, low, high, size)


def _fullest(middle: float, thick: float, along: Array | None) -> float:
    """Middle of the slab with the most cells; of several within a tenth of that, the one nearest to ``middle``."""
    if along is None or not along.size:
        return middle
    places = np.sort(along)
    centres = np.append(np.unique(np.round(places)), middle)
    count = np.searchsorted(places, centres + 0.5 * thick, "right") - np.searchsorted(places, centres - 0.5 * thick)
    full = centres[count >= 0.9 * count.max()]
    return float(full[np.argmin(np.abs(full - middle))])
