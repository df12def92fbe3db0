"""Statistical checks with exact tails: each returns an upper bound of the chance of what was seen.

The whole suite may raise one false alarm in 1e6 runs with fresh seeds. A check fails below `ALARM`, so
there is room for a thousand of them.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats
from scipy.optimize import minimize_scalar

ALARM = 1e-6 / 1000


def law_chance(samples: np.ndarray, law: np.ndarray) -> float:
    """Chance that independent whole numbers stray from ``law`` (probabilities of 0, 1, ...) at least as far.

    The number of samples up to each value is binomial; the smallest of its two tails over all values,
    times twice the number of values (Bonferroni). What ``law`` leaves out (a truncated master equation) widens the
    tails: it may lie anywhere. With n samples a shift of the distribution function by
    (6.6 + 2.3) sqrt(F (1 - F) / n) is found with 99 % power at `ALARM` and up to 100 values.
    """
    below = np.cumsum(law)
    lost = max(0.0, 1.0 - below[-1])
    counts = np.bincount(samples.astype(int), minlength=law.size)
    if counts.size > law.size:  # beyond the law: at least so many in its upper tail
        return float(stats.binom.sf(counts[law.size:].sum() - 1, samples.size, lost + 1e-15))
    seen = np.cumsum(counts)[:-1]
    up = stats.binom.cdf(seen, samples.size, np.clip(below[:-1] - 1e-13, 0, 1))
    down = stats.binom.sf(seen - 1, samples.size, np.clip(below[:-1] + lost + 1e-13, 0, 1))
    return float(min(1.0, 2 * max(1, law.size - 1) * min(up.min(initial=1.0), down.min(initial=1.0))))


def mean_chance(values: np.ndarray, probabilities: np.ndarray, seen_mean: float, count: int) -> float:
    """Chance of a mean of ``count`` independent draws at least as far on its side (Chernoff; twice the smaller).

    ``values`` are what a draw may be, so a variance is the mean of squared distances from the known mean.
    With n draws a shift of (6.4 + 2.3 + 0.4) sd / sqrt(n) is found with 99 % power.
    """
    values = values - seen_mean
    scale = math.sqrt(float(np.dot(probabilities, values**2))) or 1.0

    def bound(theta: float) -> float:
        exponents = theta * values / scale
        top = exponents.max()
        return count * (top + math.log(float(np.dot(probabilities, np.exp(exponents - top)))))

    found = minimize_scalar(bound, bounds=(-2.0, 2.0), method="bounded", options={"xatol": 1e-10})
    return min(1.0, 2.0 * math.exp(min(0.0, found.fun)))


def moments_chance(samples: np.ndarray, law: np.ndarray) -> tuple[float, float]:
    """`mean_chance` of the mean and of the mean squared distance from the true mean."""
    x = np.arange(law.size)
    law = law / law.sum()
    mean = float(np.dot(law, x))
    return (mean_chance(x, law, float(samples.mean()), samples.size),
            mean_chance((x - mean) ** 2, law, float(((samples - mean) ** 2).mean()), samples.size))


def continuous_chance(samples: np.ndarray, distribution: object) -> float:
    """Chance of the largest distance from a distribution function (Massart 1990: 2 exp(-2 n d^2), any n)."""
    at = distribution.cdf(np.sort(samples))  # type: ignore[attr-defined]
    n = samples.size
    distance = max(float(np.max(at - np.arange(n) / n)), float(np.max(np.arange(1, n + 1) / n - at)))
    return min(1.0, 2.0 * math.exp(-2.0 * n * distance**2))


def poisson_law(mean: float) -> np.ndarray:
    return stats.poisson.pmf(np.arange(int(mean + 12 * math.sqrt(mean) + 30)), mean)
