r"""Vesicles that take whole copies of every cargo from the pools of a cell, drawn sparsely: empty ones cost nothing.

The law is that of `vesicles.take`: of cargo i a vesicle of diameter d takes none with chance
:math:`P_i = \pi_i + (1 - \pi_i)(1 - p_i(d))^{c_i}`, c the pool, :math:`p_i = \min(1, w_i size_i(d)/(1 - \pi_i))`.
So it takes anything with chance :math:`w(d) = 1 - \prod_i P_i`, which rises with d and with every pool.

A cell divides the size law into `STRATA` of equal probability. With a bound for its pools, w at the right end of a
stratum bounds w in it: out of n vesicles Binomial(n, mean of the bounds) are candidates, each
in a stratum chosen in proportion, and loaded with chance w(d)/bound at its diameter and the pools of that moment. That
is thinning, so the law is exact for any valid bound. One uniform number then tells whether a candidate is loaded, which
cargo is its first, and how many copies of it there are, by inversion of the same distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import binomial, uniform
from vesica.engine.whole.vesicles import diameters

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Words = NDArray[np.uint64]

STRATA: Final = 64
PIECES: Final = 32  # linear pieces of the quantile function in a stratum
TRIES: Final = 256  # for the diameter of an empty vesicle
# Rows of the work space of `_occupied`: p, chance of no copy for a vesicle that is not empty by fate, chance of one or
# more, and that for this cargo or an earlier one.
CHANCE, NONE, SOME, ANY = range(4)


class Tables(NamedTuple):
    """What compiled functions need of `Loads`.

    Parameters
    ----------
    quantile : (knot,) um
        Inverse distribution function of the diameter at even probabilities; empty if diameters are not drawn.
    thickness : um
    per_size : (1 or cell, cargo)
        Divided by 1 - empty_share.
    is_lumen : (cargo,) bool
    empty_share : (cargo,)
    """

    quantile: Array
    thickness: float
    per_size: Array
    is_lumen: NDArray[np.bool_]
    empty_share: Array


@dataclass(frozen=True)
class Loads:
    """How vesicles are loaded while nothing changes but the pools.

    Parameters
    ----------
    law
        Of the diameters.
    per_size : (1 or cell, cargo) 1/um^3 or 1/um^2
        Enrichment / cell volume for lumen cargo, enrichment / membrane area for membrane cargo.
    is_lumen : (cargo,) bool
    empty_share : (cargo,) 1
        Vesicles that take none whatever their size; the others take 1/(1 - empty_share) as much.
    """

    law: SizeLaw
    per_size: Array
    is_lumen: NDArray[np.bool_]
    empty_share: Array

    def __post_init__(self) -> None:
        columns = {np.shape(self.per_size)[-1:], np.shape(self.is_lumen), np.shape(self.empty_share)}
        if np.ndim(self.per_size) != 2 or len(columns) != 1:
            raise ValueError("loads need per_size (1 or cell, cargo), is_lumen (cargo,) and empty_share (cargo,), "
                             f"not {columns}")
        is_right = np.isfinite(self.per_size) & (np.asarray(self.per_size) >= 0.0)
        if not (is_right.all() and all(0.0 <= share < 1.0 for share in self.empty_share)):
            raise ValueError(f"loads need per_size >= 0 and 0 <= empty_share < 1, not {self}")

    def tables(self) -> Tables:
        """For the compiled functions."""
        empty = np.asarray(self.empty_share, dtype=float)
        return Tables(quantiles(self.law), float(self.law.thickness), np.asarray(self.per_size, dtype=float)
                      / (1.0 - empty), np.asarray(self.is_lumen, dtype=np.bool_), empty)


def sizes_only(law: SizeLaw) -> Loads:
    """Vesicles with a diameter and no cargo."""
    return Loads(law, np.zeros((1, 0)), np.zeros(0, dtype=np.bool_), np.zeros(0))


def no_tables() -> Tables:
    """Vesicles that are only counted."""
    none = np.zeros(0)
    none.setflags(write=False)  # as those of `quantiles`: one compiled version for both
    return Tables(none, 0.0, np.zeros((1, 0)), np.zeros(0, dtype=np.bool_), np.zeros(0))


@lru_cache(maxsize=64)
def quantiles(law: SizeLaw) -> Array:
    """(STRATA * PIECES + 1,) um: diameters at even probabilities from 0 to 1, to be joined by straight lines.

    Between two knots the density is its mean there. Chords lie above the convex upper end, most in the last piece if
    the upper bound is far out: that piece ends where the mean of d^3 is the law's, so it stands for its tail by volume.
    """
    knots = diameters(law, np.linspace(0.0, 1.0, STRATA * PIECES + 1))
    before, top = float(knots[-2]), float(knots[-1])

    def excess(last: float) -> float:
        knots[-1] = last
        return table_moment(knots, 3) - law.moment(3)

    if excess(before) < 0.0 < excess(top):
        for _ in range(60):
            middle = 0.5 * (before + top)
            before, top = (middle, top) if excess(middle) < 0.0 else (before, middle)
    knots[-1] = top
    knots.setflags(write=False)
    return knots


def table_moment(knots: Array, order: int) -> float:
    """Mean of d^order of the diameters that straight lines between the knots give, um^order.

    A piece from a to b contributes (a^k + a^(k-1) b + ... + b^k)/(k + 1) with equal weight.
    """
    a, b = knots[:-1], knots[1:]
    return float(sum((a ** (order - j) * b**j).mean() for j in range(order + 1)) / (order + 1))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _diameter(quantile, u):  # noqa: ANN001, ANN202
    x = u * (quantile.size - 1)
    k = min(int(x), quantile.size - 2)
    return quantile[k] + (x - k) * (quantile[k + 1] - quantile[k])


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _occupied(tables, row, d, pool, work):  # noqa: ANN001, ANN202
    """w(d): chance to take a copy of anything; fills the work space (4, cargo)."""
    inner = max(d - 2.0 * tables.thickness, 0.0)
    volume, area = math.pi / 6.0 * inner * inner * inner, math.pi * d * d
    total = 0.0
    for i in range(pool.size):
        p = min(1.0, tables.per_size[row, i] * (volume if tables.is_lumen[i] else area))
        # log(1 - p): four terms leave out p^4/5 of it, 2e-13.
        log_none = -p * (1.0 + p * (0.5 + p * (1.0 / 3.0 + p * 0.25))) if p < 1e-3 else math.log1p(-p)
        lost = -math.expm1(pool[i] * log_none) if pool[i] > 0 else 0.0
        some = (1.0 - tables.empty_share[i]) * lost
        total += some - total * some
        work[CHANCE, i], work[NONE, i], work[SOME, i], work[ANY, i] = p, 1.0 - lost, some, total
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def envelope(tables, row, pool, work, bound):  # noqa: ANN001, ANN201
    """Fill ``bound`` (STRATA,) with sums of w at the right ends of the strata, divided by their number.

    Parameters
    ----------
    tables, row
        Of the loads, and which row of ``per_size`` is this cell's.
    pool : (cargo,) int64
        Never exceeded while ``bound`` is used.
    work : (4, cargo)
    """
    pieces = (tables.quantile.size - 1) // STRATA
    total = 0.0
    for j in range(STRATA):
        total += _occupied(tables, row, tables.quantile[(j + 1) * pieces], pool, work)
        bound[j] = total / STRATA


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def candidates(s, number, bound):  # noqa: ANN001, ANN201
    """How many of ``number`` new vesicles may be loaded."""
    return int(binomial(s, float(number), min(1.0, bound[STRATA - 1])))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def try_candidate(s, tables, row, bound, pool, work, copies, k):  # noqa: ANN001, ANN201
    """Diameter of a candidate in um, and its copies in row ``k`` of ``copies``, if it is loaded; else below zero."""
    x = uniform(s) * bound[STRATA - 1]
    low, high = 0, STRATA - 1
    while low < high:
        middle = (low + high) // 2
        if x < bound[middle]:
            high = middle
        else:
            low = middle + 1
    below = bound[low - 1] if low > 0 else 0.0
    height = bound[low] - below
    d = _diameter(tables.quantile, (low + (x - below) / height) / STRATA)
    u = uniform(s) * height * STRATA
    if u >= _occupied(tables, row, d, pool, work):
        return -1.0
    _copies(s, u, tables, pool, work, copies, k)
    return d


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _copies(s, u, tables, pool, work, copies, k):  # noqa: ANN001, ANN202
    """Copies of a vesicle that takes at least one, given ``u`` uniform below w(d)."""
    first, before = 0, 0.0
    while u >= work[ANY, first]:
        before = work[ANY, first]
        first += 1
    for i in range(pool.size):
        copies[k, i] = 0
        if i >= first:
            below = (u - before) / (1.0 - before) if i == first else uniform(s)
            if below < work[SOME, i] or i == first:
                copies[k, i] = _some(s, below / (1.0 - tables.empty_share[i]), pool[i], work[CHANCE, i], work[NONE, i])


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
def empty_diameter(s, tables, row, pool, work):  # noqa: ANN001, ANN201
    """Diameter in um of a vesicle that took nothing from these pools: density f(d) (1 - w(d)), normalised.

    By rejection. With acceptance a, a share a of vesicles is empty, or less, and misses all tries with chance
    (1 - a)^TRIES: fewer than 1/(e TRIES) = 0.14 % of vesicles, at the worst a, get the smallest of the tries instead.
    """
    if pool.size == 0:
        return _diameter(tables.quantile, uniform(s))
    top = 1.0 - _occupied(tables, row, tables.quantile[0], pool, work)
    least = tables.quantile[tables.quantile.size - 1]
    for _ in range(TRIES):
        d = _diameter(tables.quantile, uniform(s))
        if uniform(s) * top < 1.0 - _occupied(tables, row, d, pool, work):
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
    work = np.empty((4, pool.size))
    for k in range(number):
        sizes[k] = _diameter(tables.quantile, uniform(stream))
        if pool.size > 0:
            u = uniform(stream)
            if u < _occupied(tables, row, sizes[k], pool, work):
                _copies(stream, u, tables, pool, work, copies, k)
                pool -= copies[k]
    return sizes, copies
