"""Shares where there are too many coalitions to run them all: players around tables.

A round seats the players around a table by chance and runs every arc of neighbours. Each arc with its next neighbour on
either side is a step of an order, so that n (n - 1) runs hold 2 n orders: those that begin at each seat, both ways
round. Every player comes at every place of an order equally often, and an order comes with its reverse, so that what
scatters from round to round is small. A round is one independent, unbiased draw of all shares, which add up exactly,
and of the interaction of every pair, whose arcs between them are two samples. Own construction; for sampled orders
and their reverses see Mitchell et al. 2022 J Mach Learn Res 23(43):1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.rng import stream

Array = NDArray[np.float64]
CONFIDENCE: Final = 0.95
FEWEST: Final = 3  # rounds that an interval is made of


@dataclass(frozen=True)
class Estimate:
    """Values with 95 % intervals; one of zero width is exact.

    Parameters
    ----------
    value, low, high : of the same shape
    """

    value: Array
    low: Array
    high: Array

    @staticmethod
    def exact(value: Array) -> Estimate:
        """A value that is known."""
        return Estimate(value, value, value)


def seats(count: int, seed: int, number: int) -> NDArray[np.int64]:
    """(n,) who sits where in a round; it depends on the number of the round only."""
    return np.asarray(stream(seed, "seats around a table", number).permutation(count), dtype=np.int64)


def arc(table: NDArray[np.int64], first: int, length: int) -> int:
    """Coalition of ``length`` neighbours from seat ``first`` on."""
    coalition = 0
    for place in range(first, first + length):
        coalition |= 1 << int(table[place % table.size])
    return coalition


def arcs(table: NDArray[np.int64]) -> list[int]:
    """Every coalition that a round needs, none and all of them included."""
    count = table.size
    some = [arc(table, first, length) for length in range(1, count) for first in range(count)]
    return [0, *some, (1 << count) - 1]


def runs(count: int, rounds: int) -> int:
    """Coalitions of so many rounds at most: those of none, all, one and all but one are in every round."""
    shared = min(1 << count, 2 + 2 * count)
    return min(1 << count, shared + rounds * max(0, count * (count - 3)))


def rounds_within(count: int, budget: int) -> int:
    """Rounds that a budget of runs pays for."""
    each = count * (count - 3)
    return max(0, (budget - 2 - 2 * count) // each) if each > 0 else 0


def of_round(table: NDArray[np.int64], values: Mapping[int, float]) -> tuple[Array, Array]:
    """Shares and interactions that one round gives.

    Parameters
    ----------
    values : mapping of coalition to value

    Returns
    -------
    (n,), (n, n)
    """
    count = table.size
    # (length, first): the value of every arc; an empty arc and a full one are the same from each seat
    known = np.array([[values[arc(table, first, length)] for first in range(count)] for length in range(count + 1)])
    share, pair = np.zeros(count), np.zeros((count, count))
    for length in range(count):
        here, right = known[length], known[length + 1]
        left = np.roll(right, 1)  # the arc that begins one seat earlier
        after, before = np.roll(table, -length), np.roll(table, 1)
        np.add.at(share, after, (right - here) / (2 * count))
        np.add.at(share, before, (left - here) / (2 * count))
        if length < count - 1:
            together = np.roll(known[length + 2], 1) - left - right + here
            np.add.at(pair, (before, after), together / 2)
    return share, pair + pair.T


def combined(draws: Array) -> Estimate:
    """Mean of independent rounds with its 95 % interval, by Student's t.

    Parameters
    ----------
    draws : (round, ...)
    """
    from scipy.stats import t

    rounds = draws.shape[0]
    mean = draws.mean(axis=0)
    if rounds < 2:
        return Estimate(mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf))
    reach = t.ppf(0.5 + CONFIDENCE / 2, rounds - 1) * draws.std(axis=0, ddof=1) / np.sqrt(rounds)
    return Estimate(mean, mean - reach, mean + reach)
