r"""Loading: how much more of a molecule the EVs hold than their cells, relative to the typical one.

The normal-normal shrinkage is our own because no maintained library fits: PyDESeq2 shrinks fold changes under
one dispersion per row for both sides, and EV libraries scatter more, and on fewer reads, than those of
cells; it also needs repeats. The variance of the prior is that of Paule and Mandel (1982), J Res
Natl Bur Stand 87:377.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.cargo.rates import LN2, Rates, counted
from vesica.readers.records import FloatArray

LEVEL: Final = 0.95
BOTH, CELLS_ONLY, EVS_ONLY, FEW, ABSENT = (
    "counted",
    "few reads in EVs",
    "few reads in cells",
    "few reads",
    "no reads",
)


@dataclass(frozen=True, eq=False)
class Loading:
    """EV over cell in one group; logarithms to base 2, relative to the median row counted on both sides.

    Parameters
    ----------
    group : str
    ratio, standard_error : (row,) log2
        As measured.
    counting_low, counting_high : (row,) log2
        95 % interval of counting alone, exact; infinite on the side where no read was seen.
    shrunk, low, high : (row,) log2
        Posterior mean and 95 % interval; NaN for rows without any read.
    sign_error : (row,) 0..0.5
        Probability that the sign of ``shrunk`` is wrong (local false sign rate).
    s_value : (row,) 0..0.5
        Expected share of wrong signs among this row and all surer ones.
    status : (row,) str
    centre : log2
        What was taken off every row: the median ratio of reads per million.
    centre_error : log2
        Standard error of the centre, part of every row's ``standard_error``.
    prior_mean, prior_sd : log2
    """

    group: str
    cells: Rates
    evs: Rates
    ratio: FloatArray
    standard_error: FloatArray
    counting_low: FloatArray
    counting_high: FloatArray
    shrunk: FloatArray
    low: FloatArray
    high: FloatArray
    sign_error: FloatArray
    s_value: FloatArray
    status: tuple[str, ...]
    centre: float
    centre_error: float
    prior_mean: float
    prior_sd: float

    @property
    def is_counted(self) -> NDArray[np.bool_]:
        """(row,) Rows with enough reads on both sides."""
        return np.array([status == BOTH for status in self.status], dtype=bool)


def loading(group: str, cells: Rates, evs: Rates, least_mean: float) -> Loading:
    """Loading ratios of one group.

    Parameters
    ----------
    group : str
    cells, evs : Rates
        Of the same rows.
    least_mean : reads per library

    Raises
    ------
    ValueError
        Fewer than three rows have enough reads on both sides.
    """
    status = statuses(cells, evs, least_mean)
    used = np.array([one == BOTH for one in status], dtype=bool)
    if used.sum() < 3:
        few = f"only {int(used.sum())} of {len(used)} rows"
        msg = f"{few} have {least_mean:g} reads per library or more in cells and in EVs"
        raise ValueError(msg)
    plain = (evs.log_rate - cells.log_rate) / LN2
    centre = float(np.median(plain[used]))
    ratio = plain - centre
    variance = (cells.variance + evs.variance) / LN2**2
    low, high = ratio_interval(cells.reads, evs.reads, cells.exposure, evs.exposure)
    mean, tau = prior(ratio[used], variance[used])
    shared = centre_variance(variance[used], tau)
    mean_variance = float(1.0 / (1.0 / (variance[used] + tau**2)).sum()) + shared
    variance = variance + shared
    shrunk, sd = shrink(ratio, variance, mean, tau, mean_variance)
    freedom = joint_freedom(cells, evs)
    wrong, half = _tails(shrunk, sd, freedom)
    seen = np.array([one != ABSENT for one in status], dtype=bool)
    wrong = np.where(seen, wrong, np.nan)
    return Loading(
        group,
        cells,
        evs,
        ratio,
        np.sqrt(variance),
        low - centre,
        high - centre,
        np.where(seen, shrunk, np.nan),
        np.where(seen, shrunk - half, np.nan),
        np.where(seen, shrunk + half, np.nan),
        wrong,
        s_values(wrong),
        status,
        centre,
        float(np.sqrt(shared)),
        mean,
        tau,
    )


def centre_variance(variance: FloatArray, tau: float) -> float:
    r"""Variance of the median of measured ratios about the median of the true ones, log2 squared.

    Notes
    -----
    An error :math:`e` moves a row across the true median when the row lies within :math:`|e|` of it: that happens to
    :math:`n f E|e|` rows, half of them each way, and each moves the median by :math:`1/(n f)`. So the
    variance is :math:`E|e|/(n f)`, with :math:`E|e| = \sqrt{2v/\pi}` and the density :math:`f` at the middle of a
    normal law of variance :math:`\tau^2 + \bar v`. With :math:`\tau = 0` it gives :math:`2v/n`,
    for an exact :math:`\pi v/2n`.
    """
    size = float(np.sqrt(2.0 * variance / np.pi).mean())
    density = 1.0 / np.sqrt(2.0 * np.pi * (tau**2 + float(variance.mean())))
    return float(size / (len(variance) * density))


def statuses(cells: Rates, evs: Rates, least_mean: float) -> tuple[str, ...]:
    """(row,) Which side has enough reads."""
    names = {(True, True): BOTH, (True, False): CELLS_ONLY, (False, True): EVS_ONLY, (False, False): FEW}
    sides = zip(
        counted(cells.reads, cells.libraries, least_mean),
        counted(evs.reads, evs.libraries, least_mean),
        cells.reads + evs.reads,
        strict=True,
    )
    return tuple(names[bool(one), bool(two)] if both else ABSENT for one, two, both in sides)


def prior(ratio: FloatArray, variance: FloatArray) -> tuple[float, float]:
    r"""Mean and standard deviation of the true ratios, given measured ones with known variances.

    Parameters
    ----------
    ratio, variance : (row,) log2 and its square

    Notes
    -----
    Paule and Mandel: :math:`\sum (x-m)^2/(v+\tau^2) = n-1` with :math:`m` the mean weighted by
    :math:`1/(v+\tau^2)`; :math:`\tau = 0` where rows differ no more than their errors.
    """
    from scipy.optimize import brentq

    def mean(between: float) -> float:
        weight = 1.0 / (variance + between)
        return float(weight @ ratio / weight.sum())

    def excess(between: float) -> float:
        return float((((ratio - mean(between)) ** 2) / (variance + between)).sum()) - (len(ratio) - 1)

    if excess(0.0) <= 0.0:
        return mean(0.0), 0.0
    widest = float(((ratio - ratio.mean()) ** 2).sum()) + 1.0
    between = float(brentq(excess, 0.0, widest, xtol=1e-12))
    return mean(between), float(np.sqrt(between))


def shrink(
    ratio: FloatArray, variance: FloatArray, mean: float, tau: float, mean_variance: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and standard deviation of a normal value with a normal prior of uncertain mean.

    Limits: ``variance`` 0 leaves a row as measured, an infinite one gives the prior, ``tau`` 0 gives ``mean``
    with its own error. What the mean does not know enters by the share the prior has in the result.
    """
    trust = tau**2 / (tau**2 + variance) if tau > 0 else np.zeros_like(variance)
    return mean + trust * (ratio - mean), np.sqrt(trust * variance + (1.0 - trust) ** 2 * mean_variance)


def joint_freedom(cells: Rates, evs: Rates) -> FloatArray:
    """(row,) Degrees of freedom of the summed variance (Welch and Satterthwaite)."""
    parts = cells.variance**2 / cells.freedom + evs.variance**2 / evs.freedom
    with np.errstate(divide="ignore"):
        freedom: FloatArray = (cells.variance + evs.variance) ** 2 / parts
    return freedom


def _tails(shrunk: FloatArray, sd: FloatArray, freedom: FloatArray) -> tuple[FloatArray, FloatArray]:
    from scipy import stats

    finite = np.minimum(freedom, 1e9)
    safe = np.where(sd > 0, sd, 1.0)
    wrong = np.where(sd > 0, stats.t.sf(np.abs(shrunk) / safe, finite), np.where(shrunk == 0, 0.5, 0.0))
    return wrong, sd * stats.t.ppf(0.5 + LEVEL / 2, finite)


def s_values(wrong: FloatArray) -> FloatArray:
    """(row,) Mean of ``wrong`` over this row and all with a smaller one; NaN stays NaN.

    Source: Stephens (2017), Biostatistics 18:275, doi 10.1093/biostatistics/kxw041.
    """
    out = np.full(len(wrong), np.nan)
    rows = np.flatnonzero(np.isfinite(wrong))
    order = rows[np.argsort(wrong[rows], kind="stable")]
    out[order] = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    return out


def ratio_interval(
    below: FloatArray, above: FloatArray, below_exposure: float, above_exposure: float, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Exact interval of log2 of the ratio of two Poisson rates, ``above`` over ``below``.

    Given their sum, ``above`` is binomial; the interval is that of Clopper and Pearson (1934), Biometrika
    26:404, turned into a ratio of rates. Both ends are infinite where nothing was counted.
    """
    from scipy import stats

    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        low = stats.beta.ppf(tail, above, below + 1.0)
        high = stats.beta.ppf(1.0 - tail, above + 1.0, below)
        low, high = np.where(above > 0, low, 0.0), np.where(below > 0, high, 1.0)
        factor = np.log2(below_exposure / above_exposure)
        return np.log2(low) - np.log2(1.0 - low) + factor, np.log2(high) - np.log2(1.0 - high) + factor
