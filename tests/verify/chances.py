"""What the ladders share: exact limits of counts and means, and seeds nobody chose."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

SIMULATIONS = 1500
FALSE_ALARM = 1e-8  # a hundredth of the suite's 1e-6
SIGMA = float(stats.norm.isf(FALSE_ALARM / 2))  # 5.73


def limits(chance: float, n: int, false_alarm: float = FALSE_ALARM) -> tuple[int, int]:
    """Counts outside of which the chance is refuted: exact binomial tails, half of the false alarms on each side."""
    law = stats.binom(n, chance)
    return int(law.ppf(false_alarm / 2)), int(law.isf(false_alarm / 2))


def agrees(hits: int, chance: float, n: int = SIMULATIONS, false_alarm: float = FALSE_ALARM) -> bool:
    low, high = limits(chance, n, false_alarm)
    return low <= hits <= high


def between(hits: int, least: float, most: float, n: int = SIMULATIONS) -> bool:
    """Whether a count agrees with some chance between two: where a law is known to lie between them."""
    return limits(least, n)[0] <= hits <= limits(most, n)[1]


def mean_off(values: np.ndarray, expected: float) -> float:
    """Distance of a mean from what is expected, in standard errors; SIGMA is a false alarm."""
    return abs(float(values.mean()) - expected) / (float(values.std(ddof=1)) / math.sqrt(values.size))


def error_ratio(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Mean squared stated error over the variance of the values, as a logarithm, and the standard error of that.

    Both means have a normal law for many values (delta method): the variance's own spread comes from the fourth moment.
    """
    centred = (values - values.mean()) ** 2
    squares = errors**2
    spread = math.hypot(*(float(one.std(ddof=1)) / float(one.mean()) for one in (centred, squares)))
    return math.log(float(squares.mean() / centred.mean())), spread / math.sqrt(values.size)
