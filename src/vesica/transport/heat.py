"""Heat kernels along one axis between two walls: of the continuum, and of its voxels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from vesica.transport.basis import axis_basis
from vesica.transport.grid import Array, Face

_IMAGES: Final = 3  # to each side; the next is exp(-64) while tau < (length/2)^2
_SIGNS: Final = {"closed": 1.0, "held": -1.0, "periodic": 0.0}
_MODES: Final = 5  # the next is exp(-(5.5 pi)^2/4) from there on


@dataclass(frozen=True)
class Axis:
    """One axis.

    Parameters
    ----------
    length : um
    spacing : um
    signs : of the images in the low and the high wall, +1 closed, -1 held; (0, 0) on a periodic axis
    vectors : (n, n), orthonormal columns
    values : (n,), <= 0, 1/um^2
        Of the discrete second derivative.
    """

    length: float
    spacing: float
    signs: tuple[float, float]
    vectors: Array
    values: Array

    @classmethod
    def of(cls, n: int, spacing: float, faces: tuple[Face, Face]) -> Axis:
        """The axis of n voxels; an open wall is taken as closed."""
        low, high = (Face() if face.kind == "open" else face for face in faces)
        basis = axis_basis(n, spacing, low, high, 1.0)
        one, two = (_SIGNS[face.kind] for face in (low, high))
        return cls(n * spacing, spacing, (one, two), basis.vectors, basis.values)

    @property
    def is_periodic(self) -> bool:
        """Whether both ends are one."""
        return self.signs[0] == 0.0

    def project(self, weights: Array) -> Array:
        """Weights over voxels (cell, n) in the eigenvectors, (cell, n)."""
        return np.asarray(weights @ self.vectors)

    def discrete(self, one: Array, two: Array, tau: Array) -> Array:
        """``one' exp(tau L) two / h`` of projected weights, (cell, tau) 1/um."""
        return np.asarray((one * two) @ np.exp(np.outer(self.values, tau)) / self.spacing)

    def continuum(self, x: Array, y: Array, tau: Array) -> Array:
        """Heat kernel from y to x, (cell, tau) 1/um; ``tau`` rises."""
        split = int(np.searchsorted(tau, (self.length / (4.0 if self.is_periodic else 2.0)) ** 2))
        out = np.empty((x.size, tau.size))
        low, high = self.signs
        _images(np.ascontiguousarray(x), np.ascontiguousarray(y), tau[:split], self.length, low, high, out)
        out[:, split:] = self._modes(x, y, tau[split:])
        return out

    def apart(self, x: Array, y: Array) -> Array:
        """Distance along the axis, um; the shorter way on a periodic one."""
        away = np.abs(x - y)
        return np.minimum(away, self.length - away) if self.is_periodic else away

    def clear_of(self, gap: Array) -> tuple[Array, Array]:
        """Bounds of the coordinates that keep a gap to the walls, um."""
        if self.is_periodic:
            return np.full_like(gap, -np.inf), np.full_like(gap, np.inf)
        low = np.minimum(gap, self.length / 2.0)
        return low, self.length - low

    def images(self, x: Array, clear: Array) -> Iterator[tuple[float, Array, Array]]:
        """Sign, distance to the image of x, and to that of a second coordinate, for each wall."""
        if not self.is_periodic:
            yield self.signs[0], 2.0 * x, 2.0 * clear
            yield self.signs[1], 2.0 * (self.length - x), 2.0 * (self.length - clear)

    def _modes(self, x: Array, y: Array, tau: Array) -> Array:
        low, high = self.signs
        turn = math.pi / self.length
        if self.is_periodic:
            wave = 2.0 * turn * np.arange(_MODES)
            shape = np.cos(np.outer(x - y, wave))
        else:
            wave = turn * (np.arange(_MODES) + (0.0 if low == high else 0.5) + (1.0 if low == high < 0.0 else 0.0))
            curve = np.cos if low > 0.0 else np.sin
            shape = curve(np.outer(x, wave)) * curve(np.outer(y, wave))
        share = np.where(wave == 0.0, 1.0, 2.0) / self.length
        return np.asarray((shape * share) @ np.exp(-np.outer(wave**2, tau)))


@njit(cache=True, nogil=True, error_model="numpy")
def _images(x, y, tau, length, low, high, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum over the images of y in both walls (or over the periods), into the first columns of ``out``."""
    for k in range(tau.size):
        scale = 1.0 / math.sqrt(4.0 * math.pi * tau[k])
        for cell in range(x.size):
            total = 0.0
            for m in range(-_IMAGES, _IMAGES + 1):
                if low == 0.0:
                    total += math.exp(-((x[cell] - y[cell] + m * length) ** 2) / (4.0 * tau[k]))
                    continue
                both = low * high if m % 2 else 1.0
                one = (x[cell] - y[cell] + 2.0 * m * length) ** 2 / (4.0 * tau[k])
                two = (x[cell] + y[cell] + 2.0 * m * length) ** 2 / (4.0 * tau[k])
                if one < 45.0:
                    total += both * math.exp(-one)
                if two < 45.0:
                    total += both * low * math.exp(-two)
            out[cell, k] = total * scale
