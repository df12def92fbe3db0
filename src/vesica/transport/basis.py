"""Eigenbasis of diffusion along one axis of voxels, for any mix of walls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from vesica.transport.grid import Array, Face


@dataclass(frozen=True)
class AxisBasis:
    """Eigenvectors of the symmetric finite volumes of d2/dx2.

    Parameters
    ----------
    vectors : (n, n)
        Orthonormal columns. Where `is_mirrored`, the even ones come first, then the odd ones, each with falling value.
    values : (n,) 1/um^2, <= 0
    is_mirrored : whether both walls are alike, so that every column is even or odd about the middle
    """

    vectors: Array
    values: Array
    is_mirrored: bool

    @cached_property
    def sums(self) -> Array:
        """Sum of each column, (n,); exactly 0 where no wall takes anything, but for the constant column."""
        n = self.values.size
        found = self.vectors.sum(axis=0)
        if self.values[0] == 0.0:
            found[:] = 0.0
            found[0] = np.sqrt(n)
        return found


def wall_speed(face: Face, spacing: float, diffusivity: float) -> float:
    """Flux through a wall over the difference between the middle of the voxel at it and the value of the wall, um/s.

    Half a voxel of liquid, and behind it what an open wall lets through: ``1/(h/(2 D) + 1/exchange)``.
    """
    if face.kind in {"closed", "periodic"} or diffusivity == 0.0:
        return 0.0
    half = 2.0 * diffusivity / spacing
    if face.kind == "held":
        return half
    return half * face.exchange / (half + face.exchange)


def axis_basis(n: int, spacing: float, low: Face, high: Face, diffusivity: float) -> AxisBasis:
    """Basis of an axis; equal ones are one object.

    Parameters
    ----------
    n : number of voxels
    spacing : um
    low, high : walls at the two ends
    diffusivity : um^2/s
        Matters behind open walls alone.

    Notes
    -----
    ``(C[i-1] - 2 C[i] + C[i+1])/h^2``, and at a wall ``-(k/(D h)) C`` in place of the missing neighbour, k of
    `wall_speed`. Closed walls have the cosines ``cos((i + 1/2) pi j/n)`` with ``-(2/h sin(pi j/(2 n)))^2``, periodic
    ones the waves with ``-(2/h sin(pi m/n))^2``.
    """
    if low.kind == "periodic":
        return _periodic(n, spacing)
    ends = [wall_speed(face, spacing, diffusivity) / (diffusivity * spacing) if diffusivity > 0.0 else 0.0
            for face in (low, high)]
    return _closed(n, spacing) if ends == [0.0, 0.0] else _walled(n, spacing, ends[0], ends[1])


def _frozen(vectors: Array, values: Array, order: Array, *, is_mirrored: bool) -> AxisBasis:
    vectors, values = np.ascontiguousarray(vectors[:, order]), values[order]
    vectors.flags.writeable = values.flags.writeable = False
    return AxisBasis(vectors, values, is_mirrored)


@lru_cache(maxsize=64)
def _closed(n: int, spacing: float) -> AxisBasis:
    j = np.arange(n)
    vectors = np.cos((j[:, None] + 0.5) * np.pi * j / n)
    vectors = _with_parity(vectors, j % 2 == 0)
    values = -((2.0 / spacing * np.sin(0.5 * np.pi * j / n)) ** 2)
    return _frozen(vectors, values, np.argsort(j % 2, kind="stable"), is_mirrored=True)


@lru_cache(maxsize=64)
def _periodic(n: int, spacing: float) -> AxisBasis:
    """Waves about the middle of the axis: cosines are even, sines are odd."""
    even, odd = np.arange(n // 2 + 1), np.arange(1, (n + 1) // 2)
    if n % 2 == 0:  # about the middle between two voxels the fastest cosine is 0 and the fastest sine is not
        even, odd = even[:-1], np.append(odd, n // 2)
    x = (np.arange(n) - 0.5 * (n - 1)) * 2.0 * np.pi / n
    vectors = np.concatenate([np.cos(x[:, None] * even), np.sin(x[:, None] * odd)], axis=1)
    waves = np.concatenate([even, odd])
    vectors = _with_parity(vectors, np.arange(n) < even.size)
    values = -((2.0 / spacing * np.sin(np.pi * waves / n)) ** 2)
    return _frozen(vectors, values, np.arange(n), is_mirrored=True)


@lru_cache(maxsize=64)
def _walled(n: int, spacing: float, low: float, high: float) -> AxisBasis:
    step = 1.0 / spacing**2
    matrix = np.diag(np.full(n, -2.0 * step)) + step * (np.eye(n, k=1) + np.eye(n, k=-1))
    matrix[0, 0] += step - low
    matrix[-1, -1] += step - high
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = np.minimum(values[::-1], 0.0), vectors[:, ::-1]
    j = np.arange(n)
    if low != high:
        return _frozen(vectors, values, j, is_mirrored=False)
    vectors = _with_parity(vectors, j % 2 == 0)  # the j-th has j changes of sign
    return _frozen(vectors, values, np.argsort(j % 2, kind="stable"), is_mirrored=True)


def _with_parity(vectors: Array, is_even: Array) -> Array:
    """Columns that are even or odd to the last bit, of length 1."""
    sign = np.where(is_even, 1.0, -1.0)
    exact = vectors + sign * vectors[::-1]
    return np.asarray(exact / np.linalg.norm(exact, axis=0))
