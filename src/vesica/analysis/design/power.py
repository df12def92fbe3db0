r"""Power of the t-test by which a design decides: by simulation for any noise, exact for normal noise.

A design reads wells of several kinds (arms, at a time of harvest), ``n`` of each. Each well gives one *score*, a fixed
sum of its log readings, and the scores of all kinds are added: :math:`L = \sum_k \bar x_k`. For two kinds with scores
``+log`` and ``-log`` that is a log ratio. A hypothesis that predicts :math:`L_0` is refuted by Welch's test,

.. math:: T = (L - L_0) / \sqrt{\textstyle\sum_k s_k^2 / n}, \qquad
          \nu = (n - 1) (\textstyle\sum_k s_k^2)^2 / \textstyle\sum_k s_k^4

two-sided at a stated error. Source: Welch, Biometrika 34:28 (1947), doi 10.1093/biomet/34.1-2.28.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEPS: Final = 4096  # of the table of critical values in 1/df; linear between them is good to 1e-6
_NODES: Final = 64  # of the quadrature over the ratio of two variances


@functools.lru_cache(maxsize=16)
def _critical_table(error: float) -> tuple[Array, Array]:
    from scipy.special import stdtrit

    inverse = np.linspace(0.0, 1.0, _STEPS + 1)
    with np.errstate(divide="ignore"):
        return inverse, -stdtrit(1.0 / np.maximum(inverse, 1e-12), error / 2.0)


def critical(freedom: Array, error: float) -> Array:
    """Values that |T| passes with the chance ``error``, by degrees of freedom (>= 1, any shape)."""
    inverse, table = _critical_table(error)
    return np.interp(1.0 / freedom, inverse, table)


def moments(scores: Array) -> tuple[Array, Array]:
    """Mean and variance of the first 2, 3, ... N replicates.

    Parameters
    ----------
    scores : (simulation, N)

    Returns
    -------
    mean, variance : (simulation, N - 1)
    """
    count = np.arange(1, scores.shape[1] + 1)
    middle = scores[:, :1]  # any constant near the values keeps digits
    first = np.cumsum(scores - middle, axis=1)
    second = np.cumsum((scores - middle) ** 2, axis=1)
    mean = first / count
    spread = np.maximum(second - first * mean, 0.0)[:, 1:] / (count[1:] - 1)
    return mean[:, 1:] + middle, spread


def decisions(kinds: Sequence[Array], predicted: float, error: float) -> NDArray[np.int8]:
    """What the test says of a prediction: 1 refuted, too low; -1 refuted, too high; 0 not refuted.

    Where no well differs from another of its kind (all readings at a limit) nothing is refuted.

    Parameters
    ----------
    kinds : (simulation, N) each
        Scores of the wells of each kind.
    predicted : the sum of mean scores by the hypothesis
    error : two-sided

    Returns
    -------
    (simulation, N - 1) for 2, 3, ... N replicates
    """
    found = [moments(scores) for scores in kinds]
    total = sum((mean for mean, _ in found), np.zeros_like(found[0][0]))
    count = np.arange(2, kinds[0].shape[1] + 1)
    variance = sum((one for _, one in found), np.zeros_like(total))
    fourth = sum((one**2 for _, one in found), np.zeros_like(total))
    known = variance > 0
    safe = np.where(known, variance, 1.0)
    freedom = np.where(known, (count - 1) * safe**2 / np.where(known, fourth, 1.0), 1.0)
    t = (total - predicted) / np.sqrt(safe / count)
    is_refuted = known & (np.abs(t) > critical(np.maximum(freedom, 1.0), error))
    return (np.sign(t) * is_refuted).astype(np.int8)


def welch_power(effect: float, sd: tuple[float, float], replicates: int, error: float) -> float:
    r"""Exact chance that Welch's test of two kinds of wells finds a true difference, on its side.

    With :math:`s_1^2 = \sigma_1^2 W_1/(n-1)` and likewise for 2, :math:`R = W_1/(W_1+W_2)` is Beta((n-1)/2, (n-1)/2)
    and independent of :math:`W_1+W_2`, a chi-square of 2(n-1) degrees of freedom. Given R the statistic is a
    multiple of a noncentral t with 2(n-1) degrees of freedom. What is left is one integral over R.

    Parameters
    ----------
    effect : true difference of the means
    sd : of the readings of either kind, > 0
    replicates : of each kind, >= 2
    error : two-sided
    """
    from scipy.special import nctdtr, roots_jacobi

    n = replicates
    place, weight = roots_jacobi(_NODES, (n - 3) / 2, (n - 3) / 2)
    ratio, weight = (1.0 + place) / 2.0, weight / weight.sum()
    first, second = sd[0] ** 2 * ratio, sd[1] ** 2 * (1.0 - ratio)
    freedom = (n - 1) * (first + second) ** 2 / (first**2 + second**2)
    both = sd[0] ** 2 + sd[1] ** 2
    limit = critical(freedom, error) * np.sqrt(2.0 * (first + second) / both)
    shift = abs(effect) / math.sqrt(both / n)
    return float(weight @ (1.0 - nctdtr(2.0 * (n - 1), shift, limit)))


def needed(powers: Sequence[float], target: float) -> int | None:
    """Fewest replicates from which on the power stays at or above the target; None where it does not get there.

    Parameters
    ----------
    powers : of 2, 3, ... N replicates
    """
    short = [place for place, power in enumerate(powers) if power < target]
    first = short[-1] + 1 if short else 0
    return None if first >= len(powers) else first + 2


def interval(share: float, trials: int) -> tuple[float, float]:
    """Exact 95 % interval of a simulated chance (Clopper and Pearson 1934, Biometrika 26:404)."""
    from scipy.stats import beta

    hits = round(share * trials)
    low = float(beta.ppf(0.025, hits, trials - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(0.975, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high
