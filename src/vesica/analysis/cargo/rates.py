"""Reads per million of every row of a count table, with counting and between-library error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.readers.counts import CountTable
from vesica.readers.fold_change import size_factors
from vesica.readers.records import FloatArray

MILLION: Final = 1e6
# The median of fewer ratios scatters more than library totals do.
LEAST_SHARED_ROWS: Final = 20
LN2: Final = float(np.log(2.0))
_WIDEST: Final = 1e3  # dispersion: a standard deviation of 30 times the mean
_FREE: Final = 1e6  # degrees of freedom that stand for "known"


@dataclass(frozen=True, eq=False)
class Spread:
    """Between-library error of one table.

    Parameters
    ----------
    dispersion : dimensionless
        Of the negative binomial, common to all rows: variance = mean + dispersion mean^2.
    factor : (row,) dimensionless
        By which a row varies more or less than that, moderated over all rows.
    freedom : (row,) degrees of freedom of the factor; infinite where libraries were not repeated.
    prior_freedom : float
        How many degrees of freedom the other rows are worth.
    repeated : bool
        Whether any group has two libraries or more.
    """

    dispersion: float
    factor: FloatArray
    freedom: FloatArray
    prior_freedom: float
    repeated: bool


@dataclass(frozen=True, eq=False)
class Rates:
    """One group of libraries of one table.

    Parameters
    ----------
    reads : (row,) reads
        Over all libraries of the group.
    exposure : million reads
        Over all libraries of the group.
    log_rate : (row,) natural logarithm of reads per million
    variance : (row,)
        Squared standard error of ``log_rate``: counting and between libraries.
    counting_variance : (row,)
        The part of counting alone.
    freedom : (row,)
    libraries : int
    """

    reads: FloatArray
    exposure: float
    log_rate: FloatArray
    variance: FloatArray
    counting_variance: FloatArray
    freedom: FloatArray
    libraries: int

    @property
    def per_million(self) -> FloatArray:
        """(row,) Reads per million, plain."""
        rate: FloatArray = self.reads / self.exposure
        return rate


def exposures(counts: FloatArray) -> tuple[FloatArray, str]:
    """Depth of each library in million reads, and how it was found.

    Parameters
    ----------
    counts : (row, sample) reads

    Returns
    -------
    (sample,) million reads
        Relative depths by the median of ratios where at least 20 rows are seen in every
        library, by totals otherwise; their mean is the mean total.
    method : str
    """
    totals = counts.sum(axis=0)
    if counts.shape[1] > 1 and int((counts > 0).all(axis=1).sum()) >= LEAST_SHARED_ROWS:
        relative, method = size_factors(counts), "median of ratios"
    else:
        relative, method = totals, "library totals"
    depth: FloatArray = relative / relative.mean() * totals.mean() / MILLION
    return depth, method


def spread(
    table: CountTable, depth: FloatArray, groups: Mapping[str, Sequence[int]], least_mean: float
) -> Spread:
    r"""Estimate the between-library error from repeats within groups.

    Parameters
    ----------
    table : CountTable
    depth : (sample,) million reads
    groups : name -> indices of samples
    least_mean : reads
        Rows with a smaller mean do not take part, and get the common value.

    Notes
    -----
    With fitted means :math:`\mu_{ij} = e_j \sum_j k_{ij} / \sum_j e_j` in each group, the Pearson
    statistic :math:`X_i = \sum_j (k_{ij}-\mu_{ij})^2 / (\mu_{ij} + \phi \mu_{ij}^2)` has :math:`d`
    = samples - groups degrees of freedom. The common :math:`\phi` solves :math:`\sum_i X_i = d n`.
    Rows differ, so :math:`X_i/d` is moderated towards a common value by the scaled-F empirical Bayes
    of Smyth (2004), Stat Appl Genet Mol Biol 3:3, as quasi-likelihood methods for counts do.
    """
    members = [np.array(group) for group in groups.values() if len(group) > 1]
    rows = len(table.ids)
    freedom = sum(len(group) - 1 for group in members)
    if not freedom:
        return Spread(0.0, np.ones(rows), np.full(rows, np.inf), np.inf, repeated=False)
    counts = np.concatenate([table.counts[:, group] for group in members], axis=1)
    means = np.concatenate([_means(table.counts[:, group], depth[group]) for group in members], axis=1)
    used = means.mean(axis=1) >= least_mean
    if used.sum() < 3:
        return Spread(0.0, np.ones(rows), np.full(rows, float(freedom)), 0.0, repeated=True)
    dispersion = _common_dispersion(counts[used], means[used], freedom)
    pearson = (counts - means) ** 2 / np.where(means > 0, means + dispersion * means**2, 1.0)
    scale = pearson.sum(axis=1) / freedom
    prior, prior_freedom = moderation(scale[used], freedom)
    weight = min(prior_freedom, _FREE)
    factor = np.where(used, (weight * prior + freedom * scale) / (weight + freedom), prior)
    return Spread(
        dispersion,
        factor,
        np.where(used, weight + freedom, max(weight, float(freedom))),
        prior_freedom,
        repeated=True,
    )


def _means(counts: FloatArray, depth: FloatArray) -> FloatArray:
    means: FloatArray = np.outer(counts.sum(axis=1) / depth.sum(), depth)
    return means


def _common_dispersion(counts: FloatArray, means: FloatArray, freedom: int) -> float:
    from scipy.optimize import brentq

    seen = means > 0  # a group without a read agrees with its mean of zero
    away, mean = (counts - means)[seen] ** 2, means[seen]

    def excess(dispersion: float) -> float:
        return float((away / (mean + dispersion * mean**2)).sum()) - freedom * len(counts)

    if excess(0.0) <= 0.0:
        return 0.0  # libraries agree as well as counting allows, or better
    return float(brentq(excess, 0.0, _WIDEST)) if excess(_WIDEST) < 0.0 else _WIDEST


def moderation(scale: FloatArray, freedom: int) -> tuple[float, float]:
    """Prior value and prior degrees of freedom of variances that differ between rows.

    Parameters
    ----------
    scale : (row,) sample variances with ``freedom`` degrees of freedom each

    Returns
    -------
    value, freedom : dimensionless
        Of a scaled F law with the same mean and variance of logarithms; infinite freedom where
        the rows differ no more than chance lets them.

    Notes
    -----
    Source: Smyth (2004), Stat Appl Genet Mol Biol 3:3, section 6.2, doi 10.2202/1544-6115.1027.
    """
    from scipy.special import digamma, polygamma

    floor = 1e-5 * float(np.median(scale)) or 1e-12
    logs = np.log(np.maximum(scale, floor))
    shifted = logs - digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(shifted.var(ddof=1) - polygamma(1, freedom / 2))
    if excess <= 0.0:
        return float(np.exp(shifted.mean())), np.inf
    prior = 2.0 * trigamma_inverse(excess)
    return float(np.exp(shifted.mean() + digamma(prior / 2) - np.log(prior / 2))), prior


def trigamma_inverse(value: float) -> float:
    """The x > 0 whose trigamma is ``value`` > 0."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    # 1/x < trigamma(x) < 1/x + 1/x^2 brackets the root; it is sought in log x
    low, high = 0.5 / (value + 1.0), 1.0 / value + 2.0
    while polygamma(1, low) < value:
        low /= 2.0
    root = brentq(lambda log: float(polygamma(1, np.exp(log))) - value, np.log(low), np.log(high), xtol=1e-13)
    return float(np.exp(root))


def rates(counts: FloatArray, depth: FloatArray, between: Spread) -> Rates:
    r"""Logarithm of the rate of every row in one group of libraries.

    Parameters
    ----------
    counts : (row, sample) reads
    depth : (sample,) million reads
    between : Spread

    Notes
    -----
    All reads :math:`K` of the group over its whole depth :math:`E`; with the Jeffreys prior of a Poisson
    rate the posterior is Gamma(K + 1/2, E), so :math:`\ln` rate has mean :math:`\psi(K+1/2) - \ln E` and
    variance :math:`\psi'(K+1/2)`, finite also for no reads. Between libraries :math:`\phi \sum e^2 / E^2`
    comes on top; the sum is multiplied by the row's factor and never falls below counting.
    """
    from scipy.special import digamma, polygamma

    total, exposure = counts.sum(axis=1), float(depth.sum())
    counting: FloatArray = polygamma(1, total + 0.5)
    shared = between.dispersion * float((depth**2).sum()) / exposure**2
    variance = np.maximum(counting, between.factor * (counting + shared))
    return Rates(
        total,
        exposure,
        digamma(total + 0.5) - np.log(exposure),
        variance,
        counting,
        between.freedom,
        counts.shape[1],
    )


def counted(reads: FloatArray, libraries: int, least_mean: float) -> NDArray[np.bool_]:
    """(row,) Whether a row has enough reads in a group to be compared."""
    enough: NDArray[np.bool_] = reads >= least_mean * libraries
    return enough
