r"""What the voxels hide of the resistance that diffusion sets between a cell's surface and its surroundings.

A cell takes ``U`` per time. On the grid the field at the cell then falls by ``U w'Gw``, with G the Green's function of
the discrete operator; in truth the concentration at its surface falls by ``U/(4 pi alpha D* a)`` plus what the walls
reflect. The difference is a resistance ``g = gamma/(alpha D*)`` between the sample ``<C>`` and the surface:
``U = k <C>/(1 + k g)``. gamma depends on geometry alone. With ``tau = D* t``, the continuum's heat kernels p along the
axes (method of images, or modes) and the grid's q from the operator's own eigenvectors,

    gamma_ii = 1/(4 pi a) + int_0^inf {[p_x p_y p_z - (4 pi tau)^(-3/2)] - q_x q_y q_z} dtau

for one cell, and the same without the first two terms' difference for two. p and q tend to the same for long times, so
the integral converges in closed, thin and periodic boxes alike. It is summed over equal steps of log tau.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, diags_array
from scipy.spatial import cKDTree
from scipy.special import erf

from vesica.transport.grid import Array, Faces, Grid
from vesica.transport.heat import Axis
from vesica.transport.kernels import Kernel, gaussian_kernel
from vesica.transport.spheres import image_term, shell_term

_STEP: Final = 0.3  # of log tau
_EARLY: Final = 1e-5  # of the square of the least width: q is still its sum of squares
_LATE: Final = 10.0  # of the square of the longest edge: the slowest difference has died to exp(-24)
_BLOCK: Final = 2048  # cells or pairs at a time
_NEGLIGIBLE: Final = 5e-4  # of what diffusion brings to a sphere: its neighbours add a few times that
_ROOM: Final = 1.0 + 1e-9
_LEAST: Final = 0.02  # of 1/(4 pi a), beside held walls; see `self_resistance`


def self_resistance(grid: Grid, faces: Faces, positions: Array, width: ArrayLike, radius: ArrayLike) -> Array:
    """Resistance gamma that the grid hides from each cell, (cell,) 1/um.

    Parameters
    ----------
    grid : Grid
    faces : Faces
        An open wall counts as closed here: its resistance is the field's business.
    positions : (cell, 3) um
    width : (cell, 3) um
        As for `kernels.gaussian_kernel`.
    radius : (cell,) or a number, um

    Notes
    -----
    Touching and cut closed walls follow the exact law of two spheres (`spheres.image_term`). A sphere at a held wall
    has no resistance left where they touch; there gamma is kept at 2 % of 1/(4 pi a) at least.
    """
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    radii = np.broadcast_to(np.asarray(radius, dtype=float), places.shape[:1])
    widths = np.broadcast_to(np.asarray(width, dtype=float), places.shape)
    axes = _axes(grid, faces)
    tau = _times(grid, widths)
    out = np.empty(len(places))
    for start in range(0, len(places), _BLOCK):
        part = slice(start, start + _BLOCK)
        kernel = gaussian_kernel(grid, places[part], widths[part], faces)
        out[part] = _self_part(axes, kernel, places[part], radii[part], tau)
    return np.maximum(out, _LEAST / (4.0 * math.pi * radii))


def pair_resistance(
    grid: Grid, faces: Faces, positions: Array, width: ArrayLike, radius: ArrayLike, *, reach: float = 4.0
) -> csr_matrix:
    """The same between cells nearer than ``reach`` widths, symmetric (cell, cell) 1/um, without diagonal.

    Parameters
    ----------
    reach : 1
        Beyond it the grid's own interaction, over ``1/(4 pi a)``, errs by ``erfc(reach/2) a/r`` (0.5 % of a/r at 4)
        and by the lattice's ``0.25 (h/r)^2 a/r`` along its axes (4 % of a/r where the width is 0.6 h).

    Notes
    -----
    Overlapping cells interact as two charged shells do, so that the matrix with `self_resistance` stays positive.
    """
    places = np.asarray(positions, dtype=float).reshape(-1, 3)
    radii = np.broadcast_to(np.asarray(radius, dtype=float), places.shape[:1])
    widths = np.broadcast_to(np.asarray(width, dtype=float), places.shape)
    pairs = _near_pairs(grid, faces, places, reach * _widest(grid, widths))
    axes = _axes(grid, faces)
    tau = _times(grid, widths)
    kernel = gaussian_kernel(grid, places, widths, faces)
    modes = [axis.project(kernel.axis_weights(k)) for k, axis in enumerate(axes)]
    values = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK):
        part = slice(start, start + _BLOCK)
        values[part] = _pair_part(axes, modes, places, radii, pairs[part], tau)
    rows, columns = pairs.T
    size = (len(places), len(places))
    upper = csr_matrix((values, (rows, columns)), shape=size)
    return csr_matrix(upper + upper.T)


class NearPairs:
    """Resistances between cells that stay where they are, found when cells first take fast enough.

    Parameters
    ----------
    grid, faces, positions, width, radius :
        As for `pair_resistance`.
    """

    def __init__(self, grid: Grid, faces: Faces, positions: Array, width: Array, radius: Array) -> None:
        self._arguments = (grid, faces, positions, width, radius)
        self._share = 1.0 / (4.0 * math.pi * radius)
        # Gaussians err by less than 1 % for cells 4 radii apart while their width is 4/3 of a radius
        self.are_coarse = bool(len(radius)) and _widest(grid, width) > 4.0 / 3.0 * float(np.min(radius)) * _ROOM
        self._lock, self._found = Lock(), None

    def over(self, spread: ArrayLike, taking: Array) -> csr_matrix | None:
        """Resistances in s/um^3, or None where leaving them out changes uptake by less than about 0.2 %.

        Parameters
        ----------
        spread : (cell,) or a number, um^2/s
            ``alpha D*``.
        taking : (cell,) um^3/s
            Reactivities.
        """
        root = np.broadcast_to(np.sqrt(np.asarray(spread, dtype=float)), taking.shape)
        if not self.are_coarse or np.any(root == 0.0):
            return None
        if float(np.max(taking * self._share / root**2)) < _NEGLIGIBLE:
            return None
        with self._lock:
            if self._found is None:
                self._found = pair_resistance(*self._arguments)
        scale = diags_array(1.0 / root)
        return csr_matrix(scale @ self._found @ scale)


def _axes(grid: Grid, faces: Faces) -> list[Axis]:
    return [Axis.of(n, h, pair) for n, h, pair in zip(grid.voxels, grid.spacing, faces, strict=True)]


def _widest(grid: Grid, widths: Array) -> float:
    """Largest width along an axis that has voxels, um."""
    real = [k for k in range(3) if grid.voxels[k] > 1]
    return float(np.max(widths[:, real], initial=0.0)) if real else max(grid.spacing)


def _times(grid: Grid, widths: Array) -> Array:
    """Equal steps of log tau, um^2."""
    low = math.log(_EARLY * float(widths.min(initial=max(grid.spacing))) ** 2)
    edges = [n * h for n, h in zip(grid.voxels, grid.spacing, strict=True)]
    high = math.log(_LATE * max(edges) ** 2)
    return np.asarray(np.exp(np.arange(low, high + _STEP, _STEP)))


def _self_part(axes: Sequence[Axis], kernel: Kernel, places: Array, radii: Array, tau: Array) -> Array:
    full = np.ones((len(places), tau.size))
    grid = np.ones_like(full)
    special = np.ones_like(full)  # of the free kernel: the cell itself and its nearest images
    last = tau[-1] * math.exp(_STEP / 2.0)
    out = 1.0 / (4.0 * math.pi * radii) - _tail(np.zeros(len(places)), last)
    for k, axis in enumerate(axes):
        x = np.clip(places[:, k], *axis.clear_of(radii / 2.0))  # images of an edge would diverge on it
        full *= axis.continuum(x, x, tau)
        grid *= axis.discrete(*2 * (axis.project(kernel.axis_weights(k)),), tau)
        for sign, distance, near in axis.images(places[:, k], x):
            special += sign * np.exp(-(near[:, None] ** 2) / (4.0 * tau))
            out += image_term(sign, distance, radii) - sign * _tail(near, last)
    return np.asarray(out + _sum(full - special * _free(tau) - grid, tau))


def _pair_part(
    axes: Sequence[Axis], modes: Sequence[Array], places: Array, radii: Array, pairs: Array, tau: Array
) -> Array:
    one, two = pairs.T
    full, grid = np.ones((len(pairs), tau.size)), np.ones((len(pairs), tau.size))
    square = np.zeros(len(pairs))
    for k, axis in enumerate(axes):
        x, y = (np.clip(places[i, k], *axis.clear_of(radii[i] / 2.0)) for i in (one, two))
        full *= axis.continuum(x, y, tau)
        grid *= axis.discrete(modes[k][one], modes[k][two], tau)
        square += axis.apart(x, y) ** 2
    distance = np.sqrt(square)
    full -= _free(tau) * np.exp(-square[:, None] / (4.0 * tau))
    direct = shell_term(distance, radii[one], radii[two]) - _tail(distance, tau[-1] * math.exp(_STEP / 2.0))
    return np.asarray(direct + _sum(full - grid, tau), dtype=float)


def _free(tau: Array) -> Array:
    """Heat kernel of space at its source, 1/um^3."""
    return np.asarray((4.0 * math.pi * tau) ** -1.5)


def _tail(distance: Array, last: float) -> Array:
    """``int_last^inf exp(-d^2/4 tau) (4 pi tau)^(-3/2) dtau``, 1/um."""
    far = np.maximum(distance, 1e-6 * math.sqrt(last))
    return np.asarray(erf(far / (2.0 * math.sqrt(last))) / (4.0 * math.pi * far))


def _sum(integrand: Array, tau: Array) -> Array:
    """Over log tau, by the midpoint rule: equal steps are exact to exp(-pi^2/step) for smooth integrands."""
    return np.asarray(integrand @ (_STEP * tau))


def _near_pairs(grid: Grid, faces: Faces, places: Array, reach: float) -> Array:
    """(pair, 2) indices, the smaller first."""
    edges = [n * h for n, h in zip(grid.voxels, grid.spacing, strict=True)]
    around = [edge if face[0].kind == "periodic" else 0.0 for edge, face in zip(edges, faces, strict=True)]
    inside = np.where(np.asarray(around) > 0.0, places % np.where(np.asarray(around) > 0.0, around, 1.0), places)
    tree = cKDTree(inside, boxsize=around)
    pairs = tree.query_pairs(reach, output_type="ndarray")
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])
