"""Split stepping as in BioFVM, the readable opponent of the fields: Ghaffarizadeh et al. 2016 Bioinformatics 32:1256.

Each step: diffusion and decay along x, y and z one after the other, implicit (Thomas), then sources and sinks of cells
by backward Euler, each in the one voxel of its cell. First order in time.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def thomas(n: int, pull: float, loss: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of ``(1 + loss) u - pull (neighbours - u)`` with closed ends: factor of elimination, and pivots."""
    diagonal = np.full(n, 1.0 + loss + 2.0 * pull)
    diagonal[0] -= pull
    diagonal[-1] -= pull
    factor, pivot = np.zeros(n), np.zeros(n)
    pivot[0] = 1.0 / diagonal[0]
    for i in range(1, n):
        factor[i] = pull * pivot[i - 1]
        pivot[i] = 1.0 / (diagonal[i] - pull * factor[i])
    return factor, pivot


@njit(cache=True, nogil=True, error_model="numpy")
def split_step(u, pull, x, y, z, at, gain, loss):
    """One step in place; ``gain`` is dt S/V and ``loss`` dt K/V of the cells in the voxels ``at``."""
    nz, ny, nx = u.shape
    for k in range(nz):
        for j in range(ny):
            row = u[k, j]
            for i in range(1, nx):
                row[i] += x[0][i] * row[i - 1]
            row[nx - 1] *= x[1][nx - 1]
            for i in range(nx - 2, -1, -1):
                row[i] = (row[i] + pull * row[i + 1]) * x[1][i]
        for j in range(1, ny):
            for i in range(nx):
                u[k, j, i] += y[0][j] * u[k, j - 1, i]
        for i in range(nx):
            u[k, ny - 1, i] *= y[1][ny - 1]
        for j in range(ny - 2, -1, -1):
            for i in range(nx):
                u[k, j, i] = (u[k, j, i] + pull * u[k, j + 1, i]) * y[1][j]
    for j in range(ny):
        for k in range(1, nz):
            for i in range(nx):
                u[k, j, i] += z[0][k] * u[k - 1, j, i]
        for i in range(nx):
            u[nz - 1, j, i] *= z[1][nz - 1]
        for k in range(nz - 2, -1, -1):
            for i in range(nx):
                u[k, j, i] = (u[k, j, i] + pull * u[k + 1, j, i]) * z[1][k]
    flat = u.reshape(u.size)
    for cell in range(at.size):
        flat[at[cell]] = (flat[at[cell]] + gain[cell]) / (1.0 + loss[cell])
