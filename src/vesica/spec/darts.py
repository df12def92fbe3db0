"""Compiled loops of placing: darts are thrown one after another through a grid of bins."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Bins(NamedTuple):
    """Points by where they are: ``heads`` (bin,) is the last point entered, ``links`` (point,) the one before it.

    By axis: ``edges`` of a bin, ``counts`` of bins, ``wrap`` the period of the box, 0 without.
    """

    edges: Array
    counts: Index
    wrap: Array
    heads: Index
    links: Index


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _bin(x: Array, bins: Bins, axis: int) -> int:
    """Number of the bin of a coordinate; points on the far wall belong to the last one."""
    return min(max(int(x[axis] / bins.edges[axis]), 0), bins.counts[axis] - 1)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _beside(at: int, step: int, bins: Bins, axis: int) -> int:
    """Number of the bin ``step`` further along an axis; -1 where there is none."""
    found = at + step
    if 0 <= found < bins.counts[axis]:
        return found
    return (found + bins.counts[axis]) % bins.counts[axis] if bins.wrap[axis] > 0.0 else -1


@njit(cache=True, nogil=True, error_model="numpy")
def enter(points: Array, begin: int, end: int, bins: Bins) -> None:
    """Enter points ``begin`` to ``end``."""
    for i in range(begin, end):
        b = (_bin(points[i], bins, 2) * bins.counts[1] + _bin(points[i], bins, 1)) * bins.counts[0]
        b += _bin(points[i], bins, 0)
        bins.links[i] = bins.heads[b]
        bins.heads[b] = i


@njit(cache=True, nogil=True, error_model="numpy")
def _is_free(x: Array, points: Array, kinds: Index, least: Array, bins: Bins) -> bool:
    """Whether a dart keeps its least distance (by kind, ``least``) from all points in the bins around it."""
    bx, by, bz = _bin(x, bins, 0), _bin(x, bins, 1), _bin(x, bins, 2)
    for dz in range(-1, 2):
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                kx, ky, kz = _beside(bx, dx, bins, 0), _beside(by, dy, bins, 1), _beside(bz, dz, bins, 2)
                if min(kx, ky, kz) < 0:
                    continue
                i = bins.heads[(kz * bins.counts[1] + ky) * bins.counts[0] + kx]
                while i >= 0:
                    if _square(x, points[i], bins.wrap) < least[kinds[i]] ** 2:
                        return False
                    i = bins.links[i]
    return True


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _square(a: Array, b: Array, wrap: Array) -> float:
    """Squared distance, to the nearest image where the box is periodic."""
    found = 0.0
    for axis in range(3):
        d = a[axis] - b[axis]
        if wrap[axis] > 0.0:
            d -= wrap[axis] * math.floor(d / wrap[axis] + 0.5)
        found += d * d
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def throw(darts: Array, points: Array, kinds: Index, begin: int, end: int, least: Array, bins: Bins) -> int:
    """Throw darts in order until point ``end`` is placed; those that come too near to a point are lost.

    Points are of the last kind in ``least``.

    Returns
    -------
    number of points after the last dart
    """
    at = begin
    for n in range(darts.shape[0]):
        if at == end:
            break
        if _is_free(darts[n], points, kinds, least, bins):
            points[at] = darts[n]
            kinds[at] = least.size - 1
            enter(points, at, at + 1, bins)
            at += 1
    return at
