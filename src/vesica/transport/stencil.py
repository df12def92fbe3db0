"""Diffusion and decay on voxels as finite volumes: the rate of change of a field, and what goes through walls."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.transport.basis import wall_speed
from vesica.transport.grid import Array, Grid
from vesica.transport.liquid import Liquid

_CALL: Final = 20_000_000  # voxels in one compiled call, < 0.2 s
Pairs = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


class Diffusion:
    """``(div(alpha D grad C))/alpha - decay C`` with its walls.

    Fluxes between voxels go by the harmonic mean of ``alpha D`` of the two, so that they are exact between two slabs.
    """

    def __init__(self, grid: Grid, liquid: Liquid) -> None:
        self._grid, self._decay = grid, liquid.decay
        self.fraction: Array | float = liquid.fraction if liquid.fraction_map is None else liquid.fraction_map
        local = liquid.diffusivity * (1.0 if liquid.relative_diffusivity is None else liquid.relative_diffusivity)
        self._through = None if liquid.is_uniform else np.broadcast_to(self.fraction * local, grid.shape).copy()
        self._fractions = None if liquid.is_uniform else np.broadcast_to(self.fraction, grid.shape).copy()
        self._pull = np.array([liquid.diffusivity / h**2 if n > 1 else 0.0
                               for n, h in zip(grid.voxels, grid.spacing, strict=True)])
        self._faces = [face for pair in liquid.faces for face in pair]
        self._wraps = tuple(pair[0].kind == "periodic" for pair in liquid.faces)
        self.values = np.array([face.value for face in self._faces])
        self.losses = [self._loss(k, liquid) for k in range(6)]
        self._flat = np.array([float(np.max(loss)) for loss in self.losses])
        self.leaks = [bool(np.any(loss > 0.0)) for loss in self.losses]
        self._square = np.array(grid.spacing) ** 2

    def _loss(self, wall: int, liquid: Liquid) -> Array:
        """Rate at which voxels at a wall lose to it, 1/s, as far as they stand above its value."""
        axis, side = divmod(wall, 2)
        h = self._grid.spacing[axis]
        whole = liquid.relative_diffusivity
        relative = np.ones(1) if whole is None else whole.take(-side, 2 - axis)
        kinds, which = np.unique(relative, return_inverse=True)
        speeds = [wall_speed(self._faces[wall], h, liquid.diffusivity * part) / h for part in kinds]
        return np.asarray(np.array(speeds)[which].reshape(relative.shape))

    def rate(self, density: NDArray[Any], out: NDArray[Any], *, gains: bool = True) -> None:
        """Rate of change of a field into ``out``, 1/um^3 of liquid/s; ``gains`` adds what comes through walls."""
        nz = self._grid.shape[0]
        step = max(1, _CALL // max(1, self._grid.size // nz))
        value = self.values if gains else np.zeros(6)
        for start in range(0, nz, step):
            stop = min(start + step, nz)
            if self._through is None:
                gain = self._flat * value
                _uniform(density, out, start, stop, self._pull, self._flat, gain, self._wraps, self._decay)
            else:
                maps = self._through, self._fractions
                _mapped(density, out, start, stop, *maps, self._square, self._wraps, self._decay)
        if self._through is not None:
            self._walls(density, out, value)

    def _walls(self, density: NDArray[Any], out: NDArray[Any], value: Array) -> None:
        for wall, loss in enumerate(self.losses):
            if self.leaks[wall]:
                at = wall_slice(wall)
                out[at] -= loss * (density[at] - value[wall])

    def amount(self, density: NDArray[Any]) -> float:
        """Amount in the liquid."""
        volume = self._grid.voxel_volume
        if isinstance(self.fraction, float):
            return volume * self.fraction * float(density.sum(dtype=float))
        return volume * float(np.sum(self.fraction * density))

    def through_walls(self, density: NDArray[Any], duration: float) -> Array:
        """Net amount out through each wall, (6,), x low, x high, y low ..., of a time integral of the density."""
        found = np.zeros(6)
        for wall, loss in enumerate(self.losses):
            if self.leaks[wall]:
                at = wall_slice(wall)
                part = self.fraction if isinstance(self.fraction, float) else self.fraction[at]
                over = density[at].astype(float) - self.values[wall] * duration
                found[wall] = self._grid.voxel_volume * float(np.sum(part * loss * over))
        return found


def wall_slice(wall: int) -> tuple[Any, ...]:
    """Voxels at a wall, 0 x low, 1 x high, 2 y low ..., of a (z, y, x) array."""
    axis, side = divmod(wall, 2)
    index: list[Any] = [slice(None)] * 3
    index[2 - axis] = -side
    return tuple(index)


@njit(cache=True, nogil=True, error_model="numpy")
def _uniform(u, out, start, stop, pull, loss, gain, wraps, decay):  # noqa: ANN001, ANN202
    nz, ny, nx = u.shape
    rx, ry, rz = pull
    for z in range(start, stop):
        z_low, z_high, z_loss, z_gain = _ends(z, nz, loss[4], loss[5], gain[4], gain[5], wraps[2])
        for y in range(ny):
            y_low, y_high, y_loss, y_gain = _ends(y, ny, loss[2], loss[3], gain[2], gain[3], wraps[1])
            here, to = u[z, y], out[z, y]
            a, b, c, d = u[z_low, y], u[z_high, y], u[z, y_low], u[z, y_high]
            centre = 2.0 * (rx + ry + rz) + decay + z_loss + y_loss
            more = z_gain + y_gain
            for x in range(1, nx - 1):
                near = rx * (here[x - 1] + here[x + 1]) + ry * (c[x] + d[x]) + rz * (a[x] + b[x])
                to[x] = near - centre * here[x] + more
            for x in (0, nx - 1):
                x_low, x_high, x_loss, x_gain = _ends(x, nx, loss[0], loss[1], gain[0], gain[1], wraps[0])
                near = rx * (here[x_low] + here[x_high]) + ry * (c[x] + d[x]) + rz * (a[x] + b[x])
                to[x] = near - (centre + x_loss) * here[x] + more + x_gain


@njit(cache=True, nogil=True, error_model="numpy")
def _ends(i, n, loss_low, loss_high, gain_low, gain_high, wraps):  # noqa: ANN001, ANN202
    """Neighbours along an axis (itself behind a wall), and what walls take and give."""
    low, high, loss, gain = i - 1, i + 1, 0.0, 0.0
    if i == 0:
        low = n - 1 if wraps else 0
        loss += loss_low
        gain += gain_low
    if i == n - 1:
        high = 0 if wraps else i
        loss += loss_high
        gain += gain_high
    return low, high, loss, gain


@njit(cache=True, nogil=True, error_model="numpy")
def _mapped(u, out, start, stop, through, fraction, square, wraps, decay):  # noqa: ANN001, ANN202
    nz, ny, nx = u.shape
    for z in range(start, stop):
        z_low, z_high, _, _ = _ends(z, nz, 0.0, 0.0, 0.0, 0.0, wraps[2])
        for y in range(ny):
            y_low, y_high, _, _ = _ends(y, ny, 0.0, 0.0, 0.0, 0.0, wraps[1])
            for x in range(nx):
                x_low, x_high, _, _ = _ends(x, nx, 0.0, 0.0, 0.0, 0.0, wraps[0])
                p, c = through[z, y, x], u[z, y, x]
                along = _between(p, through[z, y, x_low]) * (u[z, y, x_low] - c)
                along += _between(p, through[z, y, x_high]) * (u[z, y, x_high] - c)
                across = _between(p, through[z, y_low, x]) * (u[z, y_low, x] - c)
                across += _between(p, through[z, y_high, x]) * (u[z, y_high, x] - c)
                up = _between(p, through[z_low, y, x]) * (u[z_low, y, x] - c)
                up += _between(p, through[z_high, y, x]) * (u[z_high, y, x] - c)
                out[z, y, x] = (along / square[0] + across / square[1] + up / square[2]) / fraction[z, y, x] - decay * c


@njit(cache=True, nogil=True, error_model="numpy")
def _between(p, q):  # noqa: ANN001, ANN202
    """Harmonic mean, 0 if one is 0."""
    return 2.0 * p * q / (p + q) if p > 0.0 and q > 0.0 else 0.0
