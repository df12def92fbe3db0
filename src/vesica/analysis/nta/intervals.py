"""Intervals of means: videos nested in replicates, the counting error as a floor, differences of two means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from vesica.analysis.nta.records import Estimate, Level
from vesica.readers.records import FloatArray

COVERAGE: Final = 0.95
_WORDS: Final = {
    "samples": "t interval of {n} sample means",
    "replicates": "t interval of {n} replicate means; videos only make up each mean",
    "videos": "t interval of {n} videos of one measurement: not of replicates",
}
_COUNTED: Final = "counting error of the tracks, which is larger than the spread of the {n} {level}"
_ALONE: Final = "one {one}: only the counting error of its tracks"
_NOTHING: Final = "one {one} without a number of tracks: no interval"


def t_quantile(df: float, share: float) -> float:
    """Quantile of Student's t; the normal one for infinite ``df``."""
    from scipy import special

    return float(special.ndtri(share) if math.isinf(df) else special.stdtrit(df, share))


def mean_estimate(
    values: FloatArray,
    level: Level,
    *,
    counting_se: float | None = None,
    common_se: float = 0.0,
    value: float | None = None,
    is_positive: bool = True,
) -> Estimate:
    """Mean of independent units with its 95 % interval.

    Parameters
    ----------
    values : (unit,)
    level : what the units are
    counting_se : unit of ``values``, or None where nothing was counted
        Standard error of the mean by counting alone: the interval is never narrower than that.
    common_se : unit of ``values``
        Of an error that all units share (the blank's), so that their spread does not show it.
    value : unit of ``values``, optional
        The estimate, where it is not the plain mean of the units (a statistic of the mean distribution).
    is_positive : bool
        The quantity cannot be negative, so the interval ends at zero; it covers no less for that.

    Returns
    -------
    Estimate
        ``mean -+ t(n - 1) s / sqrt(n)``. Where the counting error is the larger one, it is used with the
        normal quantile: its size is known and not estimated from the spread. With one unit
        there is the counting error, or nothing.
    """
    n = values.size
    centre = float(values.mean()) if value is None else value
    spread = float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else None
    one = {"samples": "sample", "replicates": "replicate"}.get(level, "video")
    if spread is None:
        if counting_se is None:
            return Estimate(centre, None, None, None, math.nan, "none", n, _NOTHING.format(one=one))
        words, se, df, level = _ALONE.format(one=one), counting_se, math.inf, "none"
    elif counting_se is not None and 1.96 * counting_se > t_quantile(n - 1, 0.975) * spread:
        words, se, df = _COUNTED.format(n=n, level=level), counting_se, math.inf
    else:
        words, se, df = _WORDS[level].format(n=n), spread, float(n - 1)
    own = Estimate(centre, se, None, None, df, level, n, words)
    return with_interval(own, is_positive=is_positive) if not common_se else _widen(own, common_se)


def with_interval(estimate: Estimate, *, is_positive: bool = True) -> Estimate:
    """The same estimate with the interval that its standard error and degrees of freedom give."""
    if estimate.se is None:
        return estimate
    half = t_quantile(estimate.df, (1 + COVERAGE) / 2) * estimate.se
    low = estimate.value - half
    return Estimate(
        estimate.value,
        estimate.se,
        max(low, 0.0) if is_positive else low,
        estimate.value + half,
        estimate.df,
        estimate.level,
        estimate.n,
        estimate.words,
    )


def _widen(own: Estimate, common_se: float) -> Estimate:
    se = math.hypot(own.se or 0.0, common_se)
    df = own.df * (se / own.se) ** 4 if own.se else math.inf  # Welch-Satterthwaite, the common error known
    return with_interval(
        Estimate(own.value, se, None, None, df, own.level, own.n, f"{own.words}; the error of the blank is added")
    )


def nested_mean(replicates: Sequence[FloatArray], tracks: Sequence[int | None]) -> Estimate:
    """Mean concentration of a sample from videos nested in replicates.

    Parameters
    ----------
    replicates : (replicate,) of (video,)
        Values of each video.
    tracks : (replicate,)
        Tracks of all its videos, None where unknown.

    Returns
    -------
    Estimate
        With two or more replicates: of the replicate means, each counting once, with t on replicates - 1
        degrees of freedom. This is the exact interval of the balanced one-way random effects model: the variance of a
        replicate mean is that between replicates plus that of its videos, and both are in the spread
        of the means. With one replicate: of its videos, and ``level`` says so.

    Notes
    -----
    N tracks have the relative counting error 1 / sqrt(N); that of the mean of means m_i is
    sqrt(sum m_i^2 / N_i) / n.
    """
    means = np.array([one.mean() for one in replicates])
    counting = None
    if all(count for count in tracks):
        counts = np.array([float(count or 0) for count in tracks])
        counting = float(np.sqrt(np.sum(means**2 / counts)) / means.size)
    if means.size > 1:
        return mean_estimate(means, "replicates", counting_se=counting)
    return mean_estimate(replicates[0], "videos", counting_se=counting)


def difference(gross: Estimate, blank: Estimate) -> Estimate:
    """``gross - blank`` with the errors of both; Welch-Satterthwaite degrees of freedom.

    The interval is not cut at zero: it is the caller who knows whether the value may be shown.
    """
    value = gross.value - blank.value
    words = f"{gross.words}, and of the blank: {blank.words}"
    if gross.se is None or blank.se is None:
        return Estimate(
            value, None, None, None, math.nan, gross.level, gross.n, "no interval: nothing was repeated"
        )
    variance = gross.se**2 + blank.se**2
    parts = sum(one.se**4 / one.df for one in (gross, blank) if one.se and math.isfinite(one.df))
    df = variance**2 / parts if parts > 0 else math.inf
    return with_interval(
        Estimate(value, math.sqrt(variance), None, None, df, gross.level, gross.n, words), is_positive=False
    )


def ratio_interval(top: Estimate, bottom: Estimate) -> tuple[float | None, float | None]:
    """95 % interval of ``top / bottom`` on the log scale (delta method); None where a part has no error or is zero."""
    if top.se is None or bottom.se is None or top.value <= 0 or bottom.value <= 0:
        return None, None
    se = math.hypot(top.se / top.value, bottom.se / bottom.value)
    df = min(top.df, bottom.df)  # the safe side
    factor = math.exp(min(t_quantile(df, (1 + COVERAGE) / 2) * se, 50.0))
    share = top.value / bottom.value
    return share / factor, share * factor
