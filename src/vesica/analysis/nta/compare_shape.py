"""Two groups of size distributions, their shapes: Wasserstein distance in nm, with replicates as the unit.

The distance is the average way, in nm, that particles would have to be moved to turn one distribution into the
other. It is never negative, so two groups from one population lie some nm apart, too: the bootstrap
interval says how far the estimate wanders, the permutation p whether it is more than that.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from vesica.analysis.nta.compare_concentration import permutation_p, smallest_p
from vesica.errors import error
from vesica.readers.records import FloatArray
from vesica.rng import stream

MOST_ENUMERATED = 1000
DRAWS = 1000


@dataclass(frozen=True, eq=False)
class ShapeArm:
    """Size distributions of one group.

    Parameters
    ----------
    name : str
    replicates : (replicate,) of pairs (diameter, concentration)
        (bin,) nm and (bin,) particle/mL in each bin; grids may differ. Negative bins count as empty.
    """

    name: str
    replicates: tuple[tuple[FloatArray, FloatArray], ...]


@dataclass(frozen=True)
class ShapeComparison:
    """How far apart two shapes are.

    Parameters
    ----------
    first, second : str
    n_first, n_second : replicate
    distance : nm
        Between the mean shapes: every replicate scaled to one, so each weighs the same.
    low, high : nm or None
        95 % bootstrap interval over replicates (not videos); None with one replicate in a group.
    distance_pooled : nm
        Between the group mean distributions: replicates with more particles weigh more.
    mean_shift : nm
        Mean diameter of the second shape less that of the first. Where it is as large as ``distance``,
        the shape has moved as a whole.
    p, smallest_p : 0..1 or None
        By regrouping replicates, and the least so few can give.
    words : a sentence
    p_holm : 0..1 or None
    """

    first: str
    second: str
    n_first: int
    n_second: int
    distance: float
    low: float | None
    high: float | None
    distance_pooled: float
    mean_shift: float
    p: float | None
    smallest_p: float | None
    words: str
    p_holm: float | None = None


@dataclass(frozen=True, eq=False)
class _Shapes:
    """Occupied bins of every replicate: diameters, shares that sum to one, and totals."""

    diameter: tuple[FloatArray, ...]
    share: tuple[FloatArray, ...]
    total: FloatArray

    def mean(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values and weights of a weighted mean of replicates, on all of their grids."""
        used = np.flatnonzero(weight)
        return (
            np.concatenate([self.diameter[index] for index in used]),
            np.concatenate([self.share[index] * weight[index] for index in used]),
        )


def compare_shapes(first: ShapeArm, second: ShapeArm) -> ShapeComparison:
    """Compare the shapes of two groups.

    Parameters
    ----------
    first, second : ShapeArm

    Returns
    -------
    ShapeComparison

    Raises
    ------
    InputError
        A replicate without particles, or a group without replicates.

    Notes
    -----
    The bootstrap draws replicates with replacement in each group. Up to 1000 such draws (2 or 3 replicates against
    as many) are enumerated with their probabilities, beyond that 1000 are drawn with a fixed seed. With three
    replicates an interval is made of ten different draws a group: it is too narrow rather than too wide.
    """
    a, b = _shapes(first), _shapes(second)
    n_first, n_second = len(a.share), len(b.share)
    even_first, even_second = np.full(n_first, 1 / n_first), np.full(n_second, 1 / n_second)
    distance = _distance(a.mean(even_first), b.mean(even_second))
    low, high, p, least = None, None, None, None
    words = "One replicate in a group: a distance, but neither interval nor p."
    if min(n_first, n_second) >= 2:
        low, high, how = _bootstrap(a, b)
        p, least = _permutation(a, b), smallest_p(n_first, n_second)
        words = f"Wasserstein distance of mean shapes; {how}; p by regrouping replicates, at least {least:.2g}."
    return ShapeComparison(
        first.name, second.name, n_first, n_second, distance, low, high,
        _distance(a.mean(a.total), b.mean(b.total)),
        _mean(b.mean(even_second)) - _mean(a.mean(even_first)), p, least, words,
    )  # fmt: skip


def check_shapes(arm: ShapeArm) -> None:
    """Refuse (InputError) a group without replicates and a replicate without particles."""
    if not arm.replicates:
        raise error(
            f"compare.{arm.name}", f"group `{arm.name}` is empty", "a group has at least one replicate",
            "there is nothing to compare", "name groups that hold samples",
        )  # fmt: skip
    for index, (_, concentration) in enumerate(arm.replicates):
        if not (np.asarray(concentration) > 0).any():
            raise error(
                f"compare.{arm.name}",
                f"replicate {index + 1} of group `{arm.name}` holds no particles",
                "a shape is made of particles", "it has no diameter to compare",
                "leave this replicate out",
            )  # fmt: skip


def _shapes(arm: ShapeArm) -> _Shapes:
    check_shapes(arm)
    diameters, shares, totals = [], [], []
    for diameter, concentration in arm.replicates:
        held = np.asarray(concentration) > 0
        part = np.asarray(concentration, dtype=float)[held]
        diameters.append(np.asarray(diameter, dtype=float)[held])
        shares.append(part / part.sum())
        totals.append(part.sum())
    return _Shapes(tuple(diameters), tuple(shares), np.array(totals))


Weighted = tuple[FloatArray, FloatArray]


def _distance(first: Weighted, second: Weighted) -> float:
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(first[0], second[0], first[1], second[1]))


def _mean(weighted: Weighted) -> float:
    return float(np.average(weighted[0], weights=weighted[1]))


def _permutation(a: _Shapes, b: _Shapes) -> float:
    both = _Shapes(a.diameter + b.diameter, a.share + b.share, np.concatenate([a.total, b.total]))
    n = both.total.size

    def distance(first: FloatArray, second: FloatArray) -> float:
        chosen = [np.isin(np.arange(n), side.astype(int)).astype(float) for side in (first, second)]
        return _distance(both.mean(chosen[0]), both.mean(chosen[1]))

    index = np.arange(n, dtype=float)
    return permutation_p(distance, index[: a.total.size], index[a.total.size :])


def _bootstrap(a: _Shapes, b: _Shapes) -> tuple[float, float, str]:
    n_first, n_second = a.total.size, b.total.size
    if n_first**n_first * n_second**n_second <= MOST_ENUMERATED:
        pairs = [
            (x, y, p * q) for (x, p), (y, q) in itertools.product(_draws_of(n_first), _draws_of(n_second))
        ]
        how = f"interval over all {n_first**n_first * n_second**n_second} draws of replicates with replacement"
    else:
        random = stream(0, "bootstrap of shapes", 0)
        pairs = [
            (random.multinomial(n_first, np.full(n_first, 1 / n_first)) / n_first,
             random.multinomial(n_second, np.full(n_second, 1 / n_second)) / n_second, 1 / DRAWS)
            for _ in range(DRAWS)
        ]  # fmt: skip
        how = f"interval over {DRAWS} draws of replicates with replacement"
    values = np.array([_distance(a.mean(x), b.mean(y)) for x, y, _ in pairs])
    order = np.argsort(values)
    cumulative = np.cumsum(np.array([p for _, _, p in pairs])[order])
    cut = [values[order[min(int(np.searchsorted(cumulative, q - 1e-12)), order.size - 1)]] for q in (0.025, 0.975)]
    return float(cut[0]), float(cut[1]), how


def _draws_of(n: int) -> list[tuple[FloatArray, float]]:
    """Every outcome of n draws with replacement: weights (replicate,) and probability."""
    counts: dict[tuple[int, ...], float] = {}
    for draw in itertools.combinations_with_replacement(range(n), n):
        count = tuple(draw.count(item) for item in range(n))
        ways = math.factorial(n) / math.prod(math.factorial(item) for item in count)
        counts[count] = ways / n**n
    return [(np.array(count) / n, probability) for count, probability in counts.items()]
