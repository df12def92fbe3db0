"""How cells of a size of their own meet the voxels of a grid: one normalised kernel to give and to take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.special import erf

from vesica.transport.grid import CLOSED, Array, Faces, Grid

Index = NDArray[np.int32]
_REACH: Final = 3.5  # standard deviations at which the Gaussian is cut; the rest, 5e-4, is shared out
_VOXELS: Final = 0.6  # least width in voxels: a cell is felt alike wherever it lies in its voxel, to 1.4e-3 voxels
# Least width in radii. A Gaussian of width s takes like a sphere of radius sqrt(pi) s, so that 47 % of a cell's
# resistance are left to its surface; and after a switch-on the rate of capture follows a (1 + a/sqrt(pi D t)) to 3 %
# from t = h^2/D on, on voxels of a/1.6 and more.
_RADII: Final = 1.06
_WORK: Final = 5e7  # products in one compiled call, < 0.1 s


def width_for(grid: Grid, radius: ArrayLike) -> Array:
    """Widths of the kernels of round cells, (cell, 3) um along x, y, z: ``max(0.6 h, 1.06 a)``.

    Parameters
    ----------
    radius : (cell,) um
    """
    least = _VOXELS * np.asarray(grid.spacing)
    return np.maximum(least, _RADII * np.atleast_1d(np.asarray(radius, dtype=float))[:, None])


def arbor_width(grid: Grid, radius: ArrayLike) -> Array:
    """Widths of the kernels of cells that fill a ball with their processes, (cell, 3) um.

    Parameters
    ----------
    radius : (cell,) um
        Of the territory. A Gaussian of width ``R/sqrt(5)`` has its mean square along each axis.
    """
    least = _VOXELS * np.asarray(grid.spacing)
    return np.maximum(least, np.atleast_1d(np.asarray(radius, dtype=float))[:, None] / math.sqrt(5.0))


@dataclass(frozen=True)
class Kernel:
    """Weights of cells over voxels, the product of one row for each axis; they are >= 0 and sum to 1.

    Parameters
    ----------
    grid : Grid
    order : (cell,)
        Cells by their place, as memory lies; what follows is in this order.
    first : (cell, 3)
        First voxel of a row along x, y, z; a row goes on from the last voxel to voxel 0.
    count : (cell, 3)
        Voxels of a row.
    rows : (cell, most), for x, y, z
        Weights, 0 beyond the count.
    """

    grid: Grid
    order: NDArray[np.intp]
    first: Index
    count: Index
    rows: tuple[Array, Array, Array]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.first.shape[0])

    def sample(self, density: NDArray[Any]) -> Array:
        """Mean of a field over the kernel of each cell, (cell,).

        Parameters
        ----------
        density : (z, y, x) or flat, any unit
        """
        field = np.ascontiguousarray(density).reshape(self.grid.shape)
        found = np.empty(self.cells)
        for start, stop in self._blocks:
            _sample(field, self.first, self.count, *self.rows, start, stop, found)
        return self._by_cell(found)

    def spread(self, amounts: ArrayLike, out: Array | None = None) -> Array:
        """Amount in each voxel, (z, y, x), of what the cells give.

        Parameters
        ----------
        amounts : (cell,)
        out : (z, y, x), contiguous
            Added to, if given. Cells are added one after the other by their place, so that the sum does not depend on
            threads, nor on the order of cells that lie apart.
        """
        field = np.zeros(self.grid.shape) if out is None else out
        given = np.asarray(amounts, dtype=float)[self.order]
        for start, stop in self._blocks:
            _spread(field, self.first, self.count, *self.rows, start, stop, given)
        return field

    @cached_property
    def overlap(self) -> Array:
        """Sum of the squared weights of each cell, (cell,)."""
        return self._by_cell(np.prod([np.einsum("ck,ck->c", row, row) for row in self.rows], axis=0))

    @property
    def volumes(self) -> Array:
        """Volume that a cell's kernel fills, um^3, (cell,): what it would empty if nothing moved."""
        return self.grid.voxel_volume / self.overlap

    def axis_weights(self, axis: int) -> Array:
        """Weights along x, y or z (0, 1, 2) over all voxels of the axis, (cell, voxel)."""
        n = self.grid.voxels[axis]
        row = self.rows[axis]
        full = np.zeros((self.cells, n))
        at = (self.first[:, axis, None] + np.arange(row.shape[1])) % n
        np.put_along_axis(full, at, row, axis=1)
        return self._by_cell(full)

    def matrix(self) -> csr_matrix:
        """All weights, (cell, voxel in the order of a flat field): for tests and small tissues."""
        x, y, z = (self.axis_weights(axis) for axis in range(3))
        return csr_matrix(np.einsum("ci,cj,ck->cijk", z, y, x).reshape(self.cells, self.grid.size))

    def _by_cell(self, found: Array) -> Array:
        """From the order of places to that of cells."""
        out = np.empty_like(found)
        out[self.order] = found
        return out

    @cached_property
    def _blocks(self) -> list[tuple[int, int]]:
        """Cells of one compiled call."""
        work = int(np.prod(self.count.max(axis=0, initial=1).astype(float)))
        step = max(1, int(_WORK / work))
        return [(start, min(start + step, self.cells)) for start in range(0, self.cells, step)]


def gaussian_kernel(grid: Grid, positions: Array, width: ArrayLike, faces: Faces = CLOSED) -> Kernel:
    """Gaussians integrated over voxels.

    Parameters
    ----------
    grid : Grid
    positions : (cell, 3) um
        Columns x, y, z, inside the box.
    width : (cell, 3), (cell, 1) or a number, um
        Standard deviation of the weights, the voxel's own ``h^2/12`` included.
    faces : Faces
        What lies outside is wrapped on periodic axes, else reflected: weights stay positive and sum to 1.

    Returns
    -------
    Kernel
        An axis of one voxel has the weight 1.
    """
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    widths = np.broadcast_to(np.asarray(width, dtype=float), places.shape)
    parts = [
        _axis_rows(places[:, axis], widths[:, axis], grid.voxels[axis], grid.spacing[axis],
                   is_periodic=faces[axis][0].kind == "periodic")
        for axis in range(3)
    ]
    firsts, counts, rows = zip(*parts, strict=True)
    first, count = np.stack(firsts, axis=1), np.stack(counts, axis=1)
    order = np.lexsort((*places.T, *first.T))  # by first voxels as memory lies, and by place where these are alike
    x, y, z = (np.ascontiguousarray(row[order]) for row in rows)
    return Kernel(grid, order, first[order], count[order], (x, y, z))


def _axis_rows(x: Array, width: Array, n: int, h: float, *, is_periodic: bool) -> tuple[Index, Index, Array]:
    """First voxel, number of voxels and weights (cell, most) along one axis."""
    own = np.sqrt(np.maximum(width**2 - h**2 / 12.0, (0.1 * h) ** 2))
    reach = _REACH * own
    low = np.floor((x - reach) / h).astype(np.int64)
    spans = np.floor((x + reach) / h).astype(np.int64) - low + 1
    most = int(spans.max(initial=1))
    edges = (low[:, None] + np.arange(most + 1)) * h - x[:, None]
    below = erf(np.clip(edges, -reach[:, None], reach[:, None]) / (math.sqrt(2.0) * own[:, None]))
    raw = np.diff(below, axis=1) / (2.0 * math.erf(_REACH / math.sqrt(2.0)))
    count = np.minimum(spans, n)
    if is_periodic:
        first = np.where(spans >= n, 0, low % n)
        at = low[:, None] + np.arange(most)
        slot = (at - first[:, None]) % n
    else:
        first = np.clip(low, 0, n - count)
        at = (low[:, None] + np.arange(most)) % (2 * n)  # reflected: the box and its mirror image repeat
        slot = np.minimum(at, 2 * n - 1 - at) - first[:, None]
    rows = np.zeros((x.size, int(count.max(initial=1))))
    inside = raw > 0.0
    np.add.at(rows, (np.nonzero(inside)[0], slot[inside]), raw[inside])
    return first.astype(np.int32), count.astype(np.int32), rows


@njit(cache=True, nogil=True, error_model="numpy")
def _sample(field, first, count, in_x, in_y, in_z, start, stop, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Lines along x are added up before they are weighted: slices without wrapping, which compile to vectors."""
    nz, ny, nx = field.shape
    line = np.empty(in_x.shape[1])
    for cell in range(start, stop):
        x0, y, z = first[cell]
        size_x, size_y, size_z = count[cell]
        head = min(size_x, nx - x0)
        line[:size_x] = 0.0
        before, after = line[:head], line[head:size_x]
        for k in range(size_z):
            y = first[cell, 1]
            for j in range(size_y):
                share = in_z[cell, k] * in_y[cell, j]
                voxels = field[z, y, x0 : x0 + head]
                for i in range(before.size):
                    before[i] += share * voxels[i]
                if head < size_x:
                    voxels = field[z, y, : size_x - head]
                    for i in range(after.size):
                        after[i] += share * voxels[i]
                y = y + 1 if y + 1 < ny else 0
            z = z + 1 if z + 1 < nz else 0
        total = 0.0
        for i in range(size_x):
            total += in_x[cell, i] * line[i]
        out[cell] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _spread(field, first, count, in_x, in_y, in_z, start, stop, given):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    nz, ny, nx = field.shape
    for cell in range(start, stop):
        x0, y, z = first[cell]
        size_x, size_y, size_z = count[cell]
        head = min(size_x, nx - x0)
        before, after = in_x[cell, :head], in_x[cell, head:size_x]
        for k in range(size_z):
            y = first[cell, 1]
            for j in range(size_y):
                share = given[cell] * in_z[cell, k] * in_y[cell, j]
                voxels = field[z, y, x0 : x0 + head]
                for i in range(before.size):
                    voxels[i] += share * before[i]
                if head < size_x:
                    voxels = field[z, y, : size_x - head]
                    for i in range(after.size):
                        voxels[i] += share * after[i]
                y = y + 1 if y + 1 < ny else 0
            z = z + 1 if z + 1 < nz else 0
