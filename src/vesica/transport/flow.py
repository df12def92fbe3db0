"""Flow that carries a field: profiles, the Peclet number, and a flux that keeps fields from going below zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.transport.grid import Array, Grid
from vesica.transport.liquid import Liquid, Velocity

_CLOSED, _WRAPS, _PASSES = 0, 1, 2


def peclet_number(speed: float, length: float, diffusivity: float) -> float:
    """Carried over spread, ``v L/D``: below 1 flow matters little over that length.

    Parameters
    ----------
    speed : um/s
    length : um
        A decay length, a distance between cells, or the edge of a voxel.
    diffusivity : um^2/s, > 0
    """
    return abs(speed) * length / diffusivity


def uniform_flow(axis: int, speed: float) -> Velocity:
    """The same velocity everywhere, along x, y or z (0, 1, 2), um/s."""
    return tuple(speed if k == axis else 0.0 for k in range(3))  # type: ignore[return-value]


def channel_flow(grid: Grid, axis: int, across: int, mean: float) -> Velocity:
    """Laminar flow between two plates: ``6 mean s (1 - s)``, s from 0 to 1 between the walls of ``across``.

    Each face has the mean over its own height, so that the total is exact.

    Parameters
    ----------
    grid : Grid
    axis, across : 0, 1, 2 for x, y, z, unlike
    mean : um/s
    """
    edges = np.linspace(0.0, 1.0, grid.voxels[across] + 1)
    speed = mean * np.diff(3.0 * edges**2 - 2.0 * edges**3) * grid.voxels[across]
    shape = [1, 1, 1]
    shape[2 - across] = speed.size
    return tuple(speed.reshape(shape) if k == axis else 0.0 for k in range(3))  # type: ignore[return-value]


class Advection:
    """``-div(q C)/alpha``, by the limited upwind flux of van Leer 1974 J Comput Phys 14:361, second order where smooth.

    What flows in through a held or open wall has the value of the wall; what flows out has that of its voxel.
    """

    def __init__(self, grid: Grid, liquid: Liquid) -> None:
        assert liquid.velocity is not None  # noqa: S101
        self._grid = grid
        self._volume = grid.voxel_volume * liquid.fraction
        self._share = None if liquid.fraction_map is None else liquid.fraction / liquid.fraction_map
        self._axes = []
        fastest = 0.0
        for axis in range(3):
            shape = [grid.shape[k] + (k == 2 - axis) for k in range(3)]
            speed = np.broadcast_to(np.asarray(liquid.velocity[axis], dtype=float), shape)
            if not np.any(speed):
                continue
            pair = liquid.faces[axis]
            kinds = tuple({"closed": _CLOSED, "periodic": _WRAPS}.get(face.kind, _PASSES) for face in pair)
            self._axes.append((axis, np.moveaxis(speed, 2 - axis, 0) / grid.spacing[axis], kinds,
                               tuple(face.value for face in pair)))
            fastest += float(np.abs(speed).max()) / grid.spacing[axis]
        most = 1.0 if self._share is None else float(self._share.max())
        self.longest_step = 0.5 / (fastest * most) if fastest > 0.0 else np.inf

    def add_rate(self, density: NDArray[Any], out: NDArray[Any]) -> Array:
        """Add the rate of change to ``out``; returns the amount/s out through each wall, (6,)."""
        through = np.zeros(6)
        target = out if self._share is None else np.zeros_like(out)
        for axis, speed, kinds, values in self._axes:
            sums = np.zeros(2)
            _carry(np.moveaxis(density, 2 - axis, 0), np.moveaxis(target, 2 - axis, 0), speed, kinds, values, sums)
            through[2 * axis : 2 * axis + 2] = self._volume * sums
        if self._share is not None:
            out += self._share * target
        return through


@njit(cache=True, nogil=True, error_model="numpy")
def _carry(u, out, speed, kinds, values, sums):  # noqa: ANN001, ANN202
    """Move along the first axis; ``speed`` is velocity over spacing at the n + 1 faces."""
    n, height, width = u.shape
    for face in range(n if kinds[0] == _WRAPS else n + 1):
        for j in range(height):
            for i in range(width):
                v = speed[face, j, i]
                if v == 0.0:
                    continue
                value = _upwind(u, face, j, i, n, v, kinds, values)
                if face > 0 or kinds[0] == _WRAPS:
                    out[(face - 1) % n, j, i] -= v * value
                else:
                    sums[0] -= v * value
                if face < n:
                    out[face, j, i] += v * value
                else:
                    sums[1] += v * value


@njit(cache=True, nogil=True, error_model="numpy")
def _upwind(u, face, j, i, n, v, kinds, values):  # noqa: ANN001, ANN202
    """Density that crosses a face: that of the voxel it comes from, with half its limited slope."""
    ahead = 1 if v > 0.0 else -1
    at = face - 1 if v > 0.0 else face
    wraps = kinds[0] == _WRAPS
    if not wraps and (at < 0 or at >= n):
        return values[0] if at < 0 else values[1]
    here = u[at % n, j, i]
    behind, before = at - ahead, at + ahead
    if not wraps and (before < 0 or before >= n):
        return here
    if wraps or 0 <= behind < n:
        back = u[behind % n, j, i]
    else:
        side = 0 if behind < 0 else 1
        back = 2.0 * values[side] - here if kinds[side] == _PASSES else here  # the wall is half a voxel away
    a, b = here - back, u[before % n, j, i] - here
    return here + a * b / (a + b) if a * b > 0.0 else here
