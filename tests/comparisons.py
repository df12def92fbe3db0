"""Statistical comparisons with a stated false alarm, for tests of simulated whole numbers.

ALARM is the chance of each comparison to fail for correct code: the tests that use this module make fewer than 400,
so together they fail by chance less often than 4e-7, within the suite's 1e-6.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2, ks_2samp, kstest, norm, poisson

ALARM = 1e-9
LEAST = 40.0  # expected number in a cell of a table


def limit() -> float:
    """Standard errors that a normal number passes with chance ALARM, two-sided: 6.11."""
    return float(norm.isf(ALARM / 2))


def agrees_with_mean(sample: np.ndarray, mean: float, variance: float) -> bool:
    """Whether a mean of independent draws is within `limit` of its value; the variance is known.

    Normal: fair where skewness/sqrt(draws) x z^3/6 < 1, which holds for skewness 1 from 1,500 draws.
    """
    return abs(np.mean(sample) - mean) <= limit() * np.sqrt(variance / len(sample))


def is_poisson_total(total: int, mean: float) -> bool:
    """Exact tails of a Poisson number."""
    return min(poisson.cdf(total, mean), poisson.sf(total - 1, mean)) > ALARM / 2


def follows(sample: np.ndarray, pmf: np.ndarray) -> bool:
    """Pearson's chi-square of whole numbers against a law on 0, 1, ...; neighbours are joined to LEAST expected."""
    seen = np.bincount(sample, minlength=pmf.size).astype(float)
    expected = np.append(pmf, np.zeros(seen.size - pmf.size)) * len(sample)
    joined = _join(np.stack([seen, expected], axis=1), expected)
    return bool(chi2.sf(((joined[:, 0] - joined[:, 1]) ** 2 / joined[:, 1]).sum(), len(joined) - 1) > ALARM)


def same_law(a: np.ndarray, b: np.ndarray) -> bool:
    """Chi-square of homogeneity of two samples of whole numbers; neighbours are joined to LEAST expected in each."""
    top = int(max(a.max(), b.max())) + 1
    table = np.stack([np.bincount(x, minlength=top) for x in (a, b)], axis=1).astype(float)
    return _homogeneous(_join(table, table.sum(axis=1) * min(len(a), len(b)) / (len(a) + len(b))))


def same_pairs(a: np.ndarray, b: np.ndarray) -> bool:
    """The same for pairs (sample, 2), sorted into quintiles of the joint sample: tells joint laws apart."""
    both = np.concatenate([a, b])
    edges = [np.unique(np.quantile(both[:, k], (0.2, 0.4, 0.6, 0.8))) for k in range(2)]
    codes = [sum(np.searchsorted(edges[k], x[:, k], side="right") * 5 ** k for k in range(2)) for x in (a, b)]
    return same_law(np.asarray(codes[0]), np.asarray(codes[1]))


def same_times(a: np.ndarray, b: np.ndarray) -> bool:
    """Kolmogorov and Smirnov's test of two samples of a continuous law."""
    return bool(ks_2samp(a, b, method="asymp").pvalue > ALARM)


def is_uniform(sample: np.ndarray) -> bool:
    """Kolmogorov's test of numbers in (0, 1), exact."""
    return bool(kstest(sample, "uniform").pvalue > ALARM)


def _join(table: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Rows joined with their followers until each expects LEAST."""
    rows, row, weight = [], np.zeros(table.shape[1]), 0.0
    for line, one in zip(table, expected, strict=True):
        row, weight = row + line, weight + one
        if weight >= LEAST:
            rows.append(row)
            row, weight = np.zeros(table.shape[1]), 0.0
    rows[-1] = rows[-1] + row
    return np.array(rows)


def _homogeneous(table: np.ndarray) -> bool:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return bool(chi2.sf(((table - expected) ** 2 / expected).sum(), max(1, len(table) - 1)) > ALARM)
