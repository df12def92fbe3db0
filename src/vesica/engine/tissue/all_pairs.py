"""Capture between all cells at once, where voxels are alike: the field is eliminated, cells remain.

Without cells the operator of a field is diagonal along each axis, so the concentration that cell i makes at cell j,
``H_ij = w_j' A^-1 w_i`` with ``A = alpha V (decay - D* lap)``, is an integral over time of a product of one number for
each axis. What cells then take from each other is a dense system of as many unknowns as cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from vesica.transport.basis import AxisBasis, axis_basis
from vesica.transport.grid import Grid
from vesica.transport.kernels import Kernel
from vesica.transport.liquid import Liquid, Uptake

Array = NDArray[np.float64]
MOST: Final = 6000  # cells: three square matrices of them are 0.9 GiB
_STEP: Final = 0.25  # of the logarithm of time
_EARLY: Final = 1e-8  # of the time in which a weight spreads by itself
_LATE: Final = 40.0  # times of the slowest wave: exp(-40) of it is left


@dataclass(frozen=True)
class Green:
    """Concentration at each cell of a source at each cell.

    Parameters
    ----------
    waves : (cell, cell) s/um^3
        Without what is the same everywhere.
    even : s/um^3
        What is the same everywhere: infinite without decay, 0 where a wall lets through.
    """

    waves: Array
    even: float


def green(grid: Grid, liquid: Liquid, kernel: Kernel) -> Green:
    """Of a liquid of equal voxels that stands still."""
    axes = [axis_basis(n, h, *faces, liquid.diffusivity)
            for n, h, faces in zip(grid.voxels, grid.spacing, liquid.faces, strict=True)]
    shapes = [kernel.axis_weights(k) @ axis.vectors for k, axis in enumerate(axes)]
    is_closed = all(axis.values[0] == 0.0 for axis in axes)
    share = 1.0 / grid.size if is_closed else 0.0
    per_amount = 1.0 / (liquid.fraction * grid.voxel_volume)
    times, steps = _times(axes, liquid, is_closed=is_closed)
    found = np.zeros((kernel.cells, kernel.cells))
    for time, step in zip(times, steps, strict=True):
        part = np.full_like(found, step * np.exp(-liquid.decay * time))
        for axis, shape in zip(axes, shapes, strict=True):
            part *= (shape * np.exp(liquid.diffusivity * time * axis.values)) @ shape.T
        found += part
        found -= share * step * np.exp(-liquid.decay * time)
    found *= per_amount
    even = share * per_amount / liquid.decay if liquid.decay > 0.0 else np.inf if is_closed else 0.0
    return Green(found, even)


def _times(axes: list[AxisBasis], liquid: Liquid, *, is_closed: bool) -> tuple[Array, Array]:
    """Equal steps of the logarithm of time, and how much time each stands for, s; the first for all before it, too."""
    rates = [-liquid.diffusivity * axis.values for axis in axes]
    fastest = sum(float(rate.max()) for rate in rates) + liquid.decay
    slowest = liquid.decay + (min((float(rate[rate > 0.0].min()) for rate in rates if (rate > 0.0).any()), default=0.0)
                              if is_closed else sum(float(rate.min()) for rate in rates))
    if fastest == 0.0:
        return np.zeros(0), np.zeros(0)
    times = np.exp(np.arange(np.log(_EARLY / fastest), np.log(_LATE / max(slowest, _EARLY * fastest)) + _STEP, _STEP))
    steps = _STEP * times
    steps[0] = times[0] * _STEP / -np.expm1(-_STEP)
    return times, steps


def captures(found: Green, uptake: Uptake) -> tuple[Array, Array]:
    """(sender, receiver) probabilities of capture, and (sender,) of none.

    With u what cells take of one vesicle that cell i sent, and m what then stands everywhere:
    ``u = K (H (e_i - u) + m)`` and ``sum u + m/even = 1``.
    """
    cells = len(found.waves)
    taken = np.stack([uptake.rates(column) for column in found.waves.T], axis=1)
    size = cells + (found.even > 0.0)
    matrix, right = np.zeros((size, size)), np.zeros((size, cells))
    matrix[:cells, :cells] = taken
    matrix.flat[: cells * size : size + 1] += 1.0
    right[:cells] = taken
    if found.even > 0.0:
        matrix[:cells, cells] = -uptake.rates(np.ones(cells))
        matrix[cells, :cells] = 1.0
        matrix[cells, cells] = 1.0 / found.even
        right[cells] = 1.0
    probability = solve(matrix, right, overwrite_a=True, overwrite_b=True, check_finite=False)[:cells].T
    return np.ascontiguousarray(probability), 1.0 - probability.sum(axis=1)
