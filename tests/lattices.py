"""The field of voxels with closed walls, solved in its cosines: the plainest way to see what cells take from it."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn, idctn

from vesica.transport.conductance import Conductance
from vesica.transport.grid import Grid
from vesica.transport.kernels import Kernel


def eigenvalues(grid: Grid) -> np.ndarray:
    """Of minus the discrete Laplacian, (z, y, x) 1/um^2."""
    total = np.zeros(grid.shape)
    for axis, (n, h) in enumerate(zip(grid.shape, grid.spacing[::-1], strict=True)):
        values = (2.0 - 2.0 * np.cos(np.pi * np.arange(n) / n)) / h**2
        total = total + values.reshape([-1 if i == axis else 1 for i in range(3)])
    return total


def lattice_green(grid: Grid, kernel: Kernel) -> np.ndarray:
    """``w_i' G w_j`` of the discrete operator without its mean, (cell, cell) 1/um."""
    values = eigenvalues(grid)
    values[0, 0, 0] = np.inf
    unit = np.eye(kernel.cells)
    fields = [dctn(kernel.spread(one), norm="ortho") for one in unit]
    return np.array([[np.vdot(a, b / values) for a in fields] for b in fields]) / grid.voxel_volume


def captures(grid: Grid, kernel: Kernel, uptake: Conductance, times: np.ndarray, step: float) -> np.ndarray:
    """Rates of uptake (time, cell) from a field that was 1 everywhere, with D* = alpha = 1.

    Heun's exponential Runge-Kutta scheme of second order with a fixed step.
    """
    phase = -step * eigenvalues(grid)
    small = np.abs(phase) < 1e-4
    safe = np.where(small, 1.0, phase)
    one = np.where(small, 1.0 + phase / 2.0, np.expm1(safe) / safe)
    two = np.where(small, 0.5 + phase / 6.0, (one - 1.0) / safe)
    density, out, now = np.ones(grid.shape), [], 0

    def sink(field: np.ndarray) -> np.ndarray:
        return -kernel.spread(uptake.rates(kernel.sample(field))) / grid.voxel_volume

    for time in times:
        while now < round(time / step):
            before = sink(density)
            ahead = np.exp(phase) * dctn(density, norm="ortho") + step * one * dctn(before, norm="ortho")
            after = sink(idctn(ahead, norm="ortho"))
            density = idctn(ahead + step * two * dctn(after - before, norm="ortho"), norm="ortho")
            now += 1
        out.append(uptake.rates(kernel.sample(density)))
    return np.array(out)
