"""Two groups of concentrations, videos nested in replicates: fold change, interval, p, replicates needed.

Everything is on the logarithm: concentrations vary by factors. The replicate is the unit; videos of one replicate tell
how well it was measured, not how much replicates differ.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vesica.analysis.numbers import counted
from vesica.errors import Finding, InputError, error
from vesica.readers.records import FloatArray

POWER: Final = 0.8
ALPHA: Final = 0.05
# scipy enumerates every regrouping up to this many, and draws this many beyond.
MOST_REGROUPINGS: Final = 9999
_MOST_REPLICATES: Final = 1000
# Optimisers stop anywhere on the flat way to zero. A variance between replicates of a hundredth of that between
# videos adds a twentieth to the variance of a mean of five videos: not told from zero.
_SINGULAR: Final = 0.01
_SURE: Final = 37.0  # the critical value is 4.3 at most (two degrees of freedom): power is one to all digits
_NORMAL_SUM: Final = 2.8015852181  # normal quantiles of 97.5 % and 80 %

Method = Literal["replicate means", "mixed model", "none"]


@dataclass(frozen=True, eq=False)
class Arm:
    """One group of a comparison.

    Parameters
    ----------
    name : str
    replicates : (replicate,) of (video,) particle/mL, each > 0
    labels : (replicate,) str, optional
        Names of the replicates, for errors.
    objection : Finding, optional
        Why this group has no concentration to compare.
    """

    name: str
    replicates: tuple[FloatArray, ...]
    labels: tuple[str, ...] = ()
    objection: Finding | None = None

    @property
    def log_means(self) -> FloatArray:
        """(replicate,) Mean of the logarithms of the videos."""
        return np.array([np.log(videos).mean() for videos in self.replicates])


@dataclass(frozen=True)
class ConcentrationComparison:
    """Second group over the first.

    Parameters
    ----------
    first, second : str
    n_first, n_second : replicate
    fold : dimensionless
        Ratio of geometric means, second over first.
    low, high : dimensionless or None
        95 % interval; None where nothing was repeated.
    p : 0..1 or None
        Of the model: that there is no difference.
    p_permutation : 0..1 or None
        By regrouping the replicates in every way: holds without any assumption on their distribution.
    smallest_p : 0..1 or None
        The least that regrouping so few replicates can give, whatever the data.
    method : "replicate means", "mixed model" or "none"
    spread : dimensionless or None
        Standard deviation between log replicate means, both groups together.
    needed : replicate in each group, or None
        For 80 % power at 5 % to see this fold at this spread; None above 1000.
    needed_for_double : replicate in each group, or None
        The same for a two-fold difference.
    words : what was done, a sentence
    notes : notes and warnings
    p_holm : 0..1 or None
        ``p`` corrected for the number of pairs compared.
    """

    first: str
    second: str
    n_first: int
    n_second: int
    fold: float
    low: float | None
    high: float | None
    p: float | None
    p_permutation: float | None
    smallest_p: float | None
    method: Method
    spread: float | None
    needed: int | None
    needed_for_double: int | None
    words: str
    notes: tuple[Finding, ...] = ()
    p_holm: float | None = None


@dataclass(frozen=True)
class _Effect:
    """Difference of logarithms, with its standard error and degrees of freedom."""

    difference: float
    se: float
    df: float
    method: Method
    words: str


def compare_concentrations(first: Arm, second: Arm) -> ConcentrationComparison:
    """Compare two groups.

    Parameters
    ----------
    first, second : Arm

    Returns
    -------
    ConcentrationComparison

    Raises
    ------
    InputError
        A concentration that is not above zero; or videos are unevenly spread over the replicates and the extra
        library for mixed models is not installed.

    Notes
    -----
    With equally many videos in every replicate, the mixed model (restricted likelihood, random intercept for each
    replicate) is exactly the two-sample t test on replicate means, and that is computed. Otherwise the mixed model
    is fitted by statsmodels and its ratio referred to t with replicates - 2 degrees of freedom: the normal law of its
    own summary would be too sure with few replicates. Where its variance between replicates comes out as zero, videos
    would pass for replicates; then replicate means are compared, and the result says so.
    """
    check_arm(first)
    check_arm(second)
    a, b = first.log_means, second.log_means
    difference = float(b.mean() - a.mean())
    if min(a.size, b.size) < 2:
        return _unrepeated(first, second, difference)
    effect = _effect(first, second)
    spread = _pooled_spread(a, b)
    low, high, p = _t_interval(effect)
    permutation = permutation_p(
        lambda x, y: abs(float(np.mean(x) - np.mean(y))), a, b
    )
    return ConcentrationComparison(
        first.name, second.name, a.size, b.size, math.exp(effect.difference), low, high, p, permutation,
        smallest_p(a.size, b.size), effect.method, spread,
        replicates_needed(effect.difference, spread), replicates_needed(math.log(2.0), spread), effect.words,
    )  # fmt: skip


def smallest_p(n_first: int, n_second: int) -> float:
    """The least p of a two-sided permutation test: 1 / C(n, n_first), twice that for groups of equal size.

    With equal sizes swapping the groups gives the same difference: 3 against 3 cannot go below 0.1.
    """
    ways = math.comb(n_first + n_second, n_first)
    least = (2 if n_first == n_second else 1) / ways
    return least if ways <= MOST_REGROUPINGS else max(least, 1.0 / (MOST_REGROUPINGS + 1))


def permutation_p(
    distance: Callable[[FloatArray, FloatArray], float], first: FloatArray, second: FloatArray
) -> float:
    """Share of regroupings of the replicates whose distance is at least that seen.

    Parameters
    ----------
    distance : of two arrays (replicate,); larger is further
    first, second : (replicate,)

    Returns
    -------
    0..1
        Exact up to 9999 regroupings, else from as many drawn with a fixed seed.
    """
    from scipy.stats import permutation_test

    result = permutation_test(
        (first, second), distance, permutation_type="independent", alternative="greater",
        n_resamples=MOST_REGROUPINGS, rng=np.random.default_rng(0), vectorized=False,
    )  # fmt: skip
    return float(result.pvalue)


def power(difference: float, spread: float, n: int) -> float:
    """Power of the two-sided t test at 5 %, n replicates in each group; by the noncentral t law."""
    from scipy.stats import nct, t

    df = 2 * n - 2
    critical = t.ppf(1 - ALPHA / 2, df)
    shift = abs(difference) / spread * math.sqrt(n / 2)
    if shift > _SURE:
        return 1.0  # the noncentral law loses its digits there
    # The survival function at the upper limit and the law at the lower: both tails.
    return float(nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift))


def replicates_needed(difference: float, spread: float) -> int | None:
    """Replicates in each group for 80 % power at 5 %; None where 1000 are not enough.

    Parameters
    ----------
    difference : of the natural logarithms
    spread : standard deviation between log replicate means
    """
    if spread <= 0:
        return 2 if difference else None
    effect = abs(difference) / spread
    if effect * math.sqrt(_MOST_REPLICATES / 2) < _NORMAL_SUM:
        return None
    # The normal limit needs fewer than the t test: the search begins there and goes up by a few.
    n = max(2, math.floor(2 * (_NORMAL_SUM / effect) ** 2))
    while n <= _MOST_REPLICATES:
        if power(difference, spread, n) >= POWER:
            return n
        n += 1
    return None


def check_arm(arm: Arm) -> None:
    """Refuse (InputError) what has no logarithm: concentrations at or below zero, an empty group."""
    if arm.objection is not None:
        raise InputError(arm.objection)
    for index, videos in enumerate(arm.replicates):
        label = arm.labels[index] if index < len(arm.labels) else str(index + 1)
        values = np.asarray(videos)
        if values.size == 0 or not (np.isfinite(values).all() and (values > 0).all()):
            shown = ", ".join(f"{value:.4g}" for value in values) or "nothing"
            raise error(
                f"compare.{arm.name}",
                f"replicate `{label}` of group `{arm.name}` has the concentration {shown} particle/mL",
                "fold changes compare concentrations above zero",
                "its logarithm does not exist; the sample is at or below the blank",
                "report it as below the limit, and compare groups whose replicates are all above it",
            )
    if not arm.replicates:
        raise error(
            f"compare.{arm.name}", f"group `{arm.name}` is empty", "a group has at least one replicate",
            "there is nothing to compare", "name groups that hold samples",
        )  # fmt: skip


def _unrepeated(first: Arm, second: Arm, difference: float) -> ConcentrationComparison:
    n_first, n_second = len(first.replicates), len(second.replicates)
    words = (
        f"{n_first} against {n_second} replicates: without two in each group the difference between "
        "groups cannot be told from that between replicates, so there is no interval and no p. "
        "Videos of one sample are no replicates."
    )
    note = Finding(
        "warning", f"compare.{first.name},{second.name}",
        f"{counted(n_first, 'replicate')} of `{first.name}`, {n_second} of `{second.name}`",
        "a test of groups needs at least two replicates in each",
        "a p from videos would call the difference of two tubes a difference of two conditions",
        "measure independent replicates; three in each group is a beginning",
    )  # fmt: skip
    return ConcentrationComparison(
        first.name, second.name, n_first, n_second, math.exp(difference), None, None, None, None, None,
        "none", None, None, None, words, (note,),
    )  # fmt: skip


def _pooled_spread(a: FloatArray, b: FloatArray) -> float:
    squares = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    return math.sqrt(squares / (a.size + b.size - 2))


def _t_interval(effect: _Effect) -> tuple[float, float, float]:
    from scipy.stats import t

    if effect.se == 0:  # replicates that are identical
        return math.exp(effect.difference), math.exp(effect.difference), float(effect.difference == 0)
    half = float(t.ppf(0.975, effect.df)) * effect.se
    p = 2 * float(t.sf(abs(effect.difference) / effect.se, effect.df))
    return math.exp(effect.difference - half), math.exp(effect.difference + half), p


def _effect(first: Arm, second: Arm) -> _Effect:
    sizes = {len(videos) for arm in (first, second) for videos in arm.replicates}
    if len(sizes) == 1:
        videos = sizes.pop()
        return _means(
            first, second,
            f"t test on replicate means of the logarithm, which with {videos} "
            f"video{'s' * (videos != 1)} in every replicate is the mixed model",
        )  # fmt: skip
    return _mixed(first, second)


def _means(first: Arm, second: Arm, words: str) -> _Effect:
    a, b = first.log_means, second.log_means
    se = _pooled_spread(a, b) * math.sqrt(1 / a.size + 1 / b.size)
    return _Effect(float(b.mean() - a.mean()), se, a.size + b.size - 2, "replicate means", f"{words}.")


def _mixed(first: Arm, second: Arm) -> _Effect:
    """Restricted likelihood with a random intercept for each replicate; replicate means where it is singular."""
    try:
        from statsmodels.regression.mixed_linear_model import MixedLM
    except ImportError as missing:
        raise error(
            "compare", "replicates with different numbers of videos, and statsmodels is not installed",
            "unequal numbers of videos are compared by a mixed model",
            "replicates with few videos would weigh as much as those with many",
            'write `pip install "vesica[statistics]"`',
        ) from missing  # fmt: skip
    values, group, replicate = _long(first, second)
    design = np.column_stack([np.ones_like(group), group])
    scale = float(values.std()) or 1.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = MixedLM((values - values.mean()) / scale, design, groups=replicate).fit(reml=True)
            variance, se = float(np.asarray(fit.cov_re).ravel()[0]), float(fit.bse_fe[1]) * scale
            estimate, settled = float(fit.fe_params[1]) * scale, bool(fit.converged)
        except (np.linalg.LinAlgError, ValueError):
            variance, se, estimate, settled = 0.0, math.nan, math.nan, False
    if not settled or not math.isfinite(se) or se == 0 or variance < _SINGULAR * float(fit.scale):
        why = "its variance between replicates came out as next to zero" if settled else "it did not settle"
        return _means(
            first, second,
            f"mixed model tried, but {why}: compared by a t test on replicate means of the logarithm instead",
        )  # fmt: skip
    df = len(first.replicates) + len(second.replicates) - 2
    words = (
        "mixed model on the logarithm, videos nested in replicates (restricted likelihood), "
        f"t with {df} degrees of freedom"
    )
    if caught:
        words += "; the optimiser remarked on its way but settled"
    return _Effect(estimate, se, df, "mixed model", f"{words}.")


def _long(first: Arm, second: Arm) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(video,) log concentration, 0 or 1 for the group, number of the replicate."""
    parts: list[tuple[FloatArray, float]] = [(np.log(v), 0.0) for v in first.replicates]
    parts += [(np.log(v), 1.0) for v in second.replicates]
    sizes: Sequence[int] = [part.size for part, _ in parts]
    return (
        np.concatenate([part for part, _ in parts]),
        np.repeat([group for _, group in parts], sizes),
        np.repeat(np.arange(len(parts)), sizes),
    )
