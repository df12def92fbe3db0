r"""The compiled part of `engine.whole.loading`: which of many new vesicles are loaded, and with what.

A cell divides the size law into `STRATA` of equal probability. With a bound for its pools, w at the right end of a
stratum bounds w in it: with the mean of the bounds as chance a vesicle is a candidate, in a stratum chosen in
proportion, and loaded with chance w(d)/bound at its diameter and the pools of that moment. That is thinning, so
the law is exact for any valid bound. From candidate to candidate is a geometric number of vesicles. One uniform
number tells whether a candidate is loaded, which cargo is its first, and how many copies of it there are, by inversion
of the same distribution.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.borrowed import pointer, shift
from vesica.engine.counters import binomial, exponential, uniform
from vesica.engine.whole.loading import PIECES, STRATA, Tables

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Words = NDArray[np.uint64]

TRIES: Final = 256  # for the diameter of an empty vesicle


class Law(NamedTuple):
    """`Tables` of one cell as pointers, of which ``per_size`` is at its row; ``cargo`` counts them."""

    cargo: int
    quantile: Any
    thickness: float
    per_size: Any
    is_lumen: Any
    empty_share: Any


class Bounds(NamedTuple):
    """What no vesicle of a cell exceeds in a leg, and how far its next candidate is.

    Parameters
    ----------
    sums : (STRATA,)
        Of w at the right ends of the strata, divided by their number: the last is the share of candidates.
    guide : (STRATA,) int64
        The stratum of k/STRATA of the last of them: where to begin the search.
    pace : (1,)
        Candidates per vesicle as hazard, -log(1 - share).
    """

    sums: Array
    guide: Index
    pace: Array


def no_bounds() -> Bounds:
    """Room for those of one cell."""
    return Bounds(np.zeros(STRATA), np.zeros(STRATA, dtype=np.int64), np.zeros(1))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def law_of(tables, row):  # noqa: ANN001, ANN201
    """`Law` of the cell with this row."""
    cargo = tables.is_lumen.size
    return Law(cargo, pointer(tables.quantile), tables.thickness, shift(pointer(tables.per_size), row * cargo),
               pointer(tables.is_lumen.view(np.uint8)), pointer(tables.empty_share))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def lent_bounds(bounds):  # noqa: ANN001, ANN201
    """The same as pointers."""
    return Bounds(pointer(bounds.sums), pointer(bounds.guide), pointer(bounds.pace))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _diameter(quantile, u):  # noqa: ANN001, ANN202
    x = u * (STRATA * PIECES)
    k = min(int(x), STRATA * PIECES - 1)
    return quantile[k] + (x - k) * (quantile[k + 1] - quantile[k])


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _sizes(law, d):  # noqa: ANN001, ANN202
    """Volume of the lumen and area of the membrane."""
    inner = max(d - 2.0 * law.thickness, 0.0)
    return math.pi / 6.0 * inner * inner * inner, math.pi * d * d


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _chance(law, i, volume, area):  # noqa: ANN001, ANN202
    """Chance p of one copy of cargo i, for a vesicle that is not without it by fate."""
    return min(1.0, law.per_size[i] * (volume if law.is_lumen[i] != 0 else area))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _any(pool, p):  # noqa: ANN001, ANN202
    """1 - (1 - p)^pool."""
    if pool <= 0:
        return 0.0
    # log(1 - p): four terms leave out p^4/5 of it, 2e-13.
    log_none = -p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + p * 0.25))) if p < 1e-3 else math.log1p(-p)
    return -math.expm1(pool * log_none)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _occupied(law, d, pool):  # noqa: ANN001, ANN202
    """w(d): chance to take a copy of anything."""
    volume, area = _sizes(law, d)
    total = 0.0
    for i in range(law.cargo):
        some = (1.0 - law.empty_share[i]) * _any(pool[i], _chance(law, i, volume, area))
        total += some - total * some
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def envelope(law, pool, bounds):  # noqa: ANN001, ANN201
    """Fill ``bounds``.

    Parameters
    ----------
    law
    pool : (cargo,) int64
        Never exceeded while the bounds are used.
    """
    total = 0.0
    for j in range(STRATA):
        total += _occupied(law, law.quantile[(j + 1) * PIECES], pool)
        bounds.sums[j] = total / STRATA
    share, low = bounds.sums[STRATA - 1], 0
    for k in range(STRATA):
        while low < STRATA - 1 and bounds.sums[low] <= share * k / STRATA:
            low += 1
        bounds.guide[k] = low
    bounds.pace[0] = -math.log1p(-share) if share < 1.0 else math.inf


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def passed(s, bounds):  # noqa: ANN001, ANN201
    """New vesicles to pass until the next that may be loaded (a float): geometric, the whole part of an exponential."""
    return np.floor(exponential(s) / bounds.pace[0])


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def try_candidate(s, law, bounds, pool, copies):  # noqa: ANN001, ANN201
    """Diameter of a candidate in um, and its copies in ``copies``, if it is loaded; else below zero."""
    sums = bounds.sums
    u = uniform(s)
    x, j = u * sums[STRATA - 1], bounds.guide[int(u * STRATA)]
    while j < STRATA - 1 and x >= sums[j]:
        j += 1
    below = sums[j - 1] if j > 0 else 0.0
    height = sums[j] - below
    d = _diameter(law.quantile, (j + (x - below) / height) / STRATA)
    return d if _take(s, uniform(s) * height * STRATA, law, d, pool, copies) else -1.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _take(s, u, law, d, pool, copies):  # noqa: ANN001, ANN202
    """Whether a vesicle is loaded, if ``u`` is below w(d); then ``copies`` are what it takes.

    Of the chances to take this cargo or one before it, the first above ``u`` names the first cargo.
    """
    volume, area = _sizes(law, d)
    before, is_loaded = 0.0, False
    for i in range(law.cargo):
        copies[i] = 0
        p, given = _chance(law, i, volume, area), 1.0 - law.empty_share[i]
        if is_loaded:
            v = uniform(s)
            if v >= given * p * pool[i]:  # no more than this take any
                continue
            lost = _any(pool[i], p)
            if v < given * lost:
                copies[i] = _some(s, v / given, pool[i], p, 1.0 - lost)
            continue
        lost = _any(pool[i], p)
        some = given * lost
        if u < before + some - before * some:
            is_loaded = True
            copies[i] = _some(s, (u - before) / (1.0 - before) / given, pool[i], p, 1.0 - lost)
        before += some - before * some
    return is_loaded


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _some(s, u, pool, p, none):  # noqa: ANN001, ANN202
    """A binomial number that is not zero, from ``u`` uniform below its chance to be so."""
    if p >= 1.0:
        return pool
    found = 0
    if pool * p >= 10.0:
        while found == 0:
            found = np.int64(binomial(s, float(pool), p))
        return found
    odds, found = p / (1.0 - p), 1
    weight = none * odds * pool
    while u > weight and found < pool:
        u -= weight
        found += 1
        weight *= odds * (pool - found + 1) / found
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def empty_diameter(s, law, pool):  # noqa: ANN001, ANN201
    """Diameter in um of a vesicle that took nothing from these pools: density f(d) (1 - w(d)), normalised.

    By rejection. With acceptance a, a share a of vesicles is empty, or less, and misses all tries with chance
    (1 - a)^TRIES: fewer than 1/(e TRIES) = 0.14 % of vesicles, at the worst a, get the smallest of the tries instead.
    """
    if law.cargo == 0:
        return _diameter(law.quantile, uniform(s))
    top = 1.0 - _occupied(law, law.quantile[0], pool)
    least = law.quantile[STRATA * PIECES]
    for _ in range(TRIES):
        d = _diameter(law.quantile, uniform(s))
        if uniform(s) * top < 1.0 - _occupied(law, d, pool):
            return d
        least = min(least, d)
    return least


@njit(cache=True, nogil=True, error_model="numpy")
def load_batch(stream: Words, number: int, tables: Tables, row: int, pool: Index) -> tuple[Array, Index]:
    """Vesicles that bud one after another and take their cargo from ``pool`` (cargo,), which goes down.

    Parameters
    ----------
    stream : (SIZE,) uint64
        Moved on.
    number
        Of vesicles.
    tables, row
        `Loads.tables`, and which row of ``per_size`` is the cell's.
    pool : (cargo,) int64

    Returns
    -------
    (vesicle,) um, (vesicle, cargo) int64
    """
    sizes, copies = np.empty(number), np.zeros((number, pool.size), dtype=np.int64)
    s, law, left = pointer(stream), law_of(tables, row), pointer(pool)
    for k in range(number):
        sizes[k] = _diameter(law.quantile, uniform(s))
        if law.cargo > 0 and _take(s, uniform(s), law, sizes[k], left, shift(pointer(copies), k * law.cargo)):
            for i in range(law.cargo):
                pool[i] -= copies[k, i]
    return sizes, copies
