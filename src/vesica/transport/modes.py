"""A field in the eigenbasis of diffusion: small matrix products along each axis, and a function of the rate between.

Where the walls of an axis are alike its modes are even or odd, so that each transform is two products of half the size.
That is faster than the fast cosine transform up to some 200 voxels along each axis; beyond, between closed walls, that
one takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.transport.basis import AxisBasis, axis_basis
from vesica.transport.grid import Array, Faces, Grid
from vesica.transport.phi import phis

_LONG: Final = 550  # voxels along all axes together from which fast cosine transforms are faster, as measured
_WORK: Final = 4e8  # products in one compiled call, < 0.1 s
FIRST, SECOND, INVERSE, RESOLVE = 1, 2, 3, 4  # of a rate: dt phi_1, dt phi_2, 1/(1 - dt rate), 1/(dt rate)


@dataclass(frozen=True)
class Marginals:
    """Time integral of a step's change, summed over two of the three axes in the eigenbasis.

    Parameters
    ----------
    x, y, z : (n,)
        Of the axes whose walls let something through; of x always.
    """

    x: Array
    y: Array
    z: Array


class Modes:
    """Transforms of one grid with one set of walls, and functions of ``D lap - decay`` between them.

    Parameters
    ----------
    grid : Grid
    faces : Faces
    diffusivity : um^2/s
    decay : 1/s
    dtype : of the fields, float64 or float32
    """

    def __init__(self, grid: Grid, faces: Faces, diffusivity: float, decay: float, dtype: Any = np.float64) -> None:
        self.axes = tuple(axis_basis(grid.voxels[k], grid.spacing[k], *faces[k], diffusivity) for k in range(3))
        self._grid, self._decay, self._dtype = grid, decay, dtype
        self._rates = tuple(diffusivity * axis.values for axis in self.axes)
        self._sums = tuple(np.array(axis.sums) for axis in self.axes)
        self._leaks = tuple(bool(axis.values[0] != 0.0) for axis in self.axes)
        self._is_long = sum(grid.voxels) > _LONG and _has_fast_cosines(grid, faces)
        self._halves = tuple(_half_matrices(axis, dtype) for axis in self.axes if not self._is_long)

    def apply(self, field: NDArray[Any], duration: float, function: int, loss: float = 0.0) -> Marginals:
        """Replace a field by a function of the operator applied to it.

        Parameters
        ----------
        field : (z, y, x), contiguous; changed in place
        duration : s
        function : FIRST, SECOND, INVERSE or RESOLVE
        loss : 1/s
            Of the operator, besides its decay.

        Returns
        -------
        Marginals
            Of FIRST those of ``dt^2 phi_2``, of SECOND those of ``dt^2 phi_3``: integrals over the step.
        """
        if self._is_long:
            return self._by_cosines(field, duration, function, loss)
        nz, ny, nx = field.shape
        x, y, z = self._halves
        for start, stop in _blocks(nz, ny * nx * (ny + nx)):
            _planes_forward(field, start, stop, x[0], y[1])
        marginals = Marginals(*(np.zeros(n) for n in self._grid.voxels))
        scaled = [(duration * rate).astype(self._dtype) for rate in self._rates]
        for start, stop in _blocks(ny, 2 * nz * nx * nz):
            _slabs(field, start, stop, z[1], z[0], *scaled, self._dtype(-duration * (self._decay + loss)), duration,
                   function, self._sums, self._leaks, (marginals.x, marginals.y, marginals.z))
        for start, stop in _blocks(nz, ny * nx * (ny + nx)):
            _planes_backward(field, start, stop, x[1], y[0])
        return marginals

    def _by_cosines(self, field: NDArray[Any], duration: float, function: int, loss: float) -> Marginals:
        """The same between closed walls, by fast transforms; only the constant mode has a sum."""
        from scipy.fft import dctn, idctn

        spectrum = dctn(field, norm="ortho")
        marginals = Marginals(*(np.zeros(n) for n in self._grid.voxels))
        x, y, z = (duration * _in_order(rate) for rate in self._rates)
        for start, stop in _blocks(z.size, 20.0 * x.size * y.size):
            _times_all(spectrum, start, stop, x, y, z, -duration * (self._decay + loss), duration, function,
                       self._sums, (marginals.x, marginals.y, marginals.z))
        field[...] = idctn(spectrum, norm="ortho", overwrite_x=True)
        return marginals

    def total(self, marginals: Marginals) -> float:
        """Sum over all voxels."""
        return float(self._sums[0] @ marginals.x)

    def at_wall(self, marginals: Marginals, axis: int, side: int) -> float:
        """Sum over the voxels at a wall that leaks (side 0 low, 1 high)."""
        return float(self.axes[axis].vectors[-side] @ (marginals.x, marginals.y, marginals.z)[axis])


def _has_fast_cosines(grid: Grid, faces: Faces) -> bool:
    """Closed walls all round, and numbers of voxels with small factors."""
    from scipy.fft import next_fast_len

    is_closed = all(face.kind == "closed" for pair in faces for face in pair)
    return is_closed and all(next_fast_len(n, real=True) == n for n in grid.voxels)


def _in_order(values: Array) -> Array:
    """From even modes first to falling order."""
    found = np.empty_like(values)
    found[0::2], found[1::2] = values[: (values.size + 1) // 2], values[(values.size + 1) // 2 :]
    return found


def _blocks(count: int, cost: float) -> list[tuple[int, int]]:
    step = max(1, int(_WORK / max(cost, 1.0)))
    return [(start, min(start + step, count)) for start in range(0, count, step)]


def _half_matrices(axis: AxisBasis, dtype: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Matrices (even, odd) that act from the right on rows forward, and their transposes.

    Where the walls are unlike, all is even, about an end.
    """
    n = axis.values.size
    evens = (n + 1) // 2 if axis.is_mirrored else n
    half = n - evens
    even, odd = axis.vectors[:evens, :evens].astype(dtype), axis.vectors[:half, evens:].astype(dtype)
    return ((np.ascontiguousarray(even), np.ascontiguousarray(odd)),
            (np.ascontiguousarray(even.T), np.ascontiguousarray(odd.T)))


@njit(cache=True, nogil=True, error_model="numpy")
def _product(a, b, out):  # noqa: ANN001, ANN202
    if a.size > 0 and b.size > 0:
        np.dot(a, b, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _rows_forward(plane, pair):  # noqa: ANN001, ANN202
    """Transform along the rows of a plane in place."""
    m, n = plane.shape
    even, odd = pair
    e, h = len(even), len(odd)
    if n == 1:
        return
    a, b = np.empty((m, e), plane.dtype), np.empty((m, h), plane.dtype)
    c, d = np.empty((m, e), plane.dtype), np.empty((m, h), plane.dtype)
    for r in range(m):
        for i in range(h):
            a[r, i] = plane[r, i] + plane[r, n - 1 - i]
            b[r, i] = plane[r, i] - plane[r, n - 1 - i]
        for i in range(h, e):
            a[r, i] = plane[r, i]
    _product(a, even, c)
    _product(b, odd, d)
    for r in range(m):
        for i in range(e):
            plane[r, i] = c[r, i]
        for i in range(h):
            plane[r, e + i] = d[r, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _rows_backward(plane, pair):  # noqa: ANN001, ANN202
    m, n = plane.shape
    even, odd = pair
    e, h = len(even), len(odd)
    if n == 1:
        return
    a, b = np.empty((m, e), plane.dtype), np.empty((m, h), plane.dtype)
    c, d = np.empty((m, e), plane.dtype), np.empty((m, h), plane.dtype)
    for r in range(m):
        for i in range(e):
            a[r, i] = plane[r, i]
        for i in range(h):
            b[r, i] = plane[r, e + i]
    _product(a, even, c)
    _product(b, odd, d)
    for r in range(m):
        for i in range(h):
            plane[r, i] = c[r, i] + d[r, i]
            plane[r, n - 1 - i] = c[r, i] - d[r, i]
        for i in range(h, e):
            plane[r, i] = c[r, i]


@njit(cache=True, nogil=True, error_model="numpy")
def _columns_forward(plane, pair):  # noqa: ANN001, ANN202
    """Transform down the columns of a plane in place; the matrices act from the left."""
    n, m = plane.shape
    even, odd = pair
    e, h = len(even), len(odd)
    if n == 1:
        return
    a, b = np.empty((e, m), plane.dtype), np.empty((h, m), plane.dtype)
    for i in range(h):
        for r in range(m):
            a[i, r] = plane[i, r] + plane[n - 1 - i, r]
            b[i, r] = plane[i, r] - plane[n - 1 - i, r]
    for i in range(h, e):
        for r in range(m):
            a[i, r] = plane[i, r]
    _product(even, a, plane[:e])
    _product(odd, b, plane[e:])


@njit(cache=True, nogil=True, error_model="numpy")
def _columns_backward(plane, pair):  # noqa: ANN001, ANN202
    n, m = plane.shape
    even, odd = pair
    e, h = len(even), len(odd)
    if n == 1:
        return
    c, d = np.empty((e, m), plane.dtype), np.empty((h, m), plane.dtype)
    _product(even, plane[:e], c)
    _product(odd, plane[e:], d)
    for i in range(h):
        for r in range(m):
            plane[i, r] = c[i, r] + d[i, r]
            plane[n - 1 - i, r] = c[i, r] - d[i, r]
    for i in range(h, e):
        for r in range(m):
            plane[i, r] = c[i, r]


@njit(cache=True, nogil=True, error_model="numpy")
def _planes_forward(field, start, stop, along_x, along_y):  # noqa: ANN001, ANN202
    for z in range(start, stop):
        _rows_forward(field[z], along_x)
        _columns_forward(field[z], along_y)


@njit(cache=True, nogil=True, error_model="numpy")
def _planes_backward(field, start, stop, along_x, along_y):  # noqa: ANN001, ANN202
    for z in range(start, stop):
        _columns_backward(field[z], along_y)
        _rows_backward(field[z], along_x)


@njit(cache=True, nogil=True, error_model="numpy")
def _slabs(  # noqa: ANN202, PLR0913
    field, start, stop, forward, backward, zx, zy, zz, decay, duration, function, sums, leaks, marginals  # noqa: ANN001
):
    """Along z forward, times the function of the rate, and back, one slab of equal y after the other."""
    nz, _, nx = field.shape
    slab = np.empty((nz, nx), field.dtype)
    ex = np.expm1(zx)
    for j in range(start, stop):
        for k in range(nz):
            slab[k] = field[k, j]
        _columns_forward(slab, forward)
        for k in range(nz):
            base = zy[j] + zz[k] + decay
            both = sums[1][j] != 0.0 and sums[2][k] != 0.0
            if function <= SECOND and (both or (leaks[1] and sums[2][k] != 0.0) or (leaks[2] and sums[1][j] != 0.0)):
                _tell(slab[k], base, zx, duration, function, sums, j, k, marginals)
            _times_function(slab[k], base, zx, ex, duration, function)
        _columns_backward(slab, backward)
        for k in range(nz):
            field[k, j] = slab[k]


@njit(cache=True, nogil=True, error_model="numpy")
def _times_all(spectrum, start, stop, zx, zy, zz, decay, duration, function, sums, marginals):  # noqa: ANN001, ANN202, PLR0913
    """Modes of closed walls times the function of the rate."""
    ex = np.expm1(zx)
    for k in range(start, stop):
        for j in range(zy.size):
            row, base = spectrum[k, j], zy[j] + zz[k] + decay
            if j == 0 and k == 0 and function <= SECOND:
                _tell(row, base, zx, duration, function, sums, j, k, marginals)
            _times_function(row, base, zx, ex, duration, function)


@njit(cache=True, nogil=True, error_model="numpy")
def _times_function(row, base, zx, ex, duration, function):  # noqa: ANN001, ANN202
    """One row of modes times the function of the rate."""
    if function == INVERSE:
        for i in range(row.size):
            row[i] /= 1.0 - (base + zx[i])
        return
    if function == RESOLVE:
        for i in range(row.size):
            row[i] /= base + zx[i]
        return
    if base > -0.4:
        for i in range(row.size):
            first, second, _ = phis(base + zx[i])
            row[i] *= duration * (first if function == FIRST else second)
        return
    eb = np.expm1(base)
    if function == FIRST:
        for i in range(row.size):
            row[i] *= duration * (eb + ex[i] * (1.0 + eb)) / (base + zx[i])
    else:
        for i in range(row.size):
            z = base + zx[i]
            row[i] *= duration * (eb + ex[i] * (1.0 + eb) - z) / (z * z)


@njit(cache=True, nogil=True, error_model="numpy")
def _tell(row, base, zx, duration, function, sums, j, k, marginals):  # noqa: ANN001, ANN202
    """Add a row of modes to the marginals, each mode times dt^2 phi_2 or dt^2 phi_3."""
    along = 0.0
    weight = sums[1][j] * sums[2][k]
    for i in range(row.size):
        _, second, third = phis(base + zx[i])
        part = duration * duration * (second if function == FIRST else third) * row[i]
        marginals[0][i] += weight * part
        along += sums[0][i] * part
    marginals[1][j] += sums[2][k] * along
    marginals[2][k] += sums[1][j] * along
