"""A dilution series: the same sample at several dilutions has one concentration, or the instrument left its range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from vesica.analysis.nta import intervals
from vesica.analysis.nta.records import DilutionSeries, ReplicateResult, SampleResult
from vesica.analysis.numbers import number
from vesica.errors import Finding

CHANCE: Final = 0.01  # of a warning about a series that agrees


def dilution_series(sample: SampleResult, frames: dict[str, float | None]) -> DilutionSeries | None:
    """Compare the concentrations of one sample measured at several dilutions; None where there is one dilution.

    Parameters
    ----------
    sample : SampleResult
    frames : file -> particles per frame, mean of the used videos

    Notes
    -----
    Each step has the standard error of its videos or replicates, widened by ``t(df) / 1.96`` where few of them were
    measured, and never less than by counting. Disagreement is the weighted sum of squares about the
    weighted mean of the logarithms, against chi squared with steps - 1 degrees of freedom. The slope of log
    concentration over log dilution is weighted alike: above zero, the dilute steps count more than the dense
    ones, as when
    tracks are lost to crowding, or when the diluent brings particles of its own.
    """
    by_factor: dict[float, list[ReplicateResult]] = {}
    for part in sample.replicates:
        if part.dilution.factor is not None:
            by_factor.setdefault(part.dilution.factor, []).append(part)
    if len(by_factor) < 2:
        return None
    factors = sorted(by_factor)
    steps = [
        intervals.nested_mean(
            [one.video_concentrations for one in by_factor[factor]], [one.tracks for one in by_factor[factor]]
        )
        for factor in factors
    ]
    values = np.array([one.value for one in steps])
    errors = np.array([_error(one) for one in steps])
    seen = tuple(_mean([frames.get(one.file) for one in by_factor[factor]]) for factor in factors)
    usable = bool((values > 0).all() and np.isfinite(errors).all() and (errors > 0).all())
    slope, p = _test(np.log(factors), np.log(values), errors / values) if usable else (math.nan, math.nan)
    return DilutionSeries(
        sample.name, tuple(factors), tuple(values), tuple(errors), seen, slope, p,
        agrees=not p < CHANCE, words=_words(values, factors, slope, p),
    )  # fmt: skip


def _error(step: object) -> float:
    se, df = getattr(step, "se", None), getattr(step, "df", math.nan)
    return (
        math.nan
        if se is None
        else float(se) * intervals.t_quantile(df, 0.975) / intervals.t_quantile(math.inf, 0.975)
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _test(x: np.ndarray, y: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    from scipy import special

    weights = 1.0 / errors**2
    mean_x, mean_y = weights @ x / weights.sum(), weights @ y / weights.sum()
    slope = float(weights @ ((x - mean_x) * (y - mean_y)) / (weights @ (x - mean_x) ** 2))
    return slope, float(special.chdtrc(y.size - 1, weights @ (y - mean_y) ** 2))


def _words(values: np.ndarray, factors: Sequence[float], slope: float, p: float) -> str:
    if math.isnan(p):
        return "cannot be judged: a step has no error of its own"
    fold = float(values.max() / values.min())
    if not p < CHANCE:
        return (
            f"agrees: scaled back, the steps differ {fold:.2g}-fold, as videos and counting allow (p = {p:.2g})"
        )
    way = (
        "dilute steps give more: dense ones lose tracks, or the diluent holds particles"
        if slope > 0
        else "dilute steps give less: particles stick or fall below the range"
    )
    return f"disagrees: scaled back, the steps differ {fold:.2g}-fold, beyond videos and counting (p = {p:.1g}); {way}"


def finding(series: DilutionSeries) -> Finding | None:
    """A warning with the numbers, where a series disagrees."""
    if series.agrees:
        return None
    steps = ", ".join(
        f"{number(value)} at {factor:g}-fold"
        for value, factor in zip(series.concentrations, series.factors, strict=True)
    )
    return Finding(
        "warning",
        series.sample,
        f"dilution series of `{series.sample}`: {steps} particle/mL; {series.words}",
        "scaled back by its dilution, a sample has one concentration",
        "their mean depends on which dilutions were measured",
        "keep the steps inside the range of particles per frame, and measure the diluent as a blank",
    )
