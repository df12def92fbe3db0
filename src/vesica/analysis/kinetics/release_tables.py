"""Tables of `vesica fit release`, and the words that its sentences share with them."""

from __future__ import annotations

import math
from typing import Final

from vesica.analysis.kinetics.least_squares import Array, Fit
from vesica.analysis.kinetics.profile import Interval, words
from vesica.analysis.kinetics.release import (
    LOSS_UNIT,
    LOSS_WORDS,
    LOSSES,
    MODEL_WORDS,
    Design,
    Naive,
    ReleaseFit,
    is_too_few,
)
from vesica.analysis.kinetics.release_data import ReleaseData
from vesica.analysis.lab import Field, Table
from vesica.analysis.numbers import number

RATE: Final = "particle/cell/h"


def named(name: str) -> str:
    """A parameter, in words."""
    kind, _, rest = name.partition(" ")
    return {"secretion": "release rate", **LOSS_WORDS}.get(kind, kind) + (f", {rest}" if rest else "")


def unit_of(name: str) -> str:
    """Unit of a parameter."""
    return LOSS_UNIT.get(name, RATE)


def loss_words(design: Design, loss: str) -> str:
    """What a fitted loss stands for."""
    parts = [LOSS_WORDS[name] for name in design.contained(loss)]
    return parts[0] if len(parts) == 1 else "the sum of " + ", ".join(parts[:-1]) + " and " + parts[-1]


def _interval_cells(interval: Interval, unit: str) -> tuple[float, float | None, str]:
    return interval.low, None if interval.open_high else interval.high, words(interval, unit, number)


def rates_table(best: ReleaseFit) -> Table:
    """Rates of the chosen model, with intervals."""
    fields = (
        Field("quantity"),
        Field("value"),
        Field("low", "", "profile likelihood, 95 %"),
        Field("high"),
        Field("unit"),
        Field("interval"),
    )
    rows = []
    for name in best.fit.problem.names:
        if name in best.intervals:
            label = loss_words(best.design, name) if name in LOSSES else named(name)
            rows.append(
                (
                    label,
                    best.fit.value(name),
                    *_interval_cells(best.intervals[name], "")[:2],
                    unit_of(name),
                    _interval_cells(best.intervals[name], "")[2],
                )
            )
    rows.append(
        (
            "error of one reading" + (" (given)" if best.fit.problem.scale_is_known else " (relative)"),
            best.fit.sigma,
            None,
            None,
            "",
            "",
        )
    )
    return Table("rates", f"Rates by the model: {MODEL_WORDS[best.model]}", fields, tuple(rows))


def models_table(data: ReleaseData, fits: dict[str, ReleaseFit | None], best: ReleaseFit) -> Table:
    """Every model, with its release rate; for one that was not fitted, why."""
    fields = (
        Field("model"),
        Field("parameters", "", "free numbers, with the scale of the error"),
        Field("aicc"),
        Field("difference", "", "AICc above the best"),
        Field("release_rate", RATE),
        Field("low", RATE),
        Field("high", RATE),
        Field("remark"),
    )
    rows = []
    for name, one in fits.items():
        if one is None:
            why = "too few readings" if is_too_few(data, name) else "not told apart by this design"
            rows.append((MODEL_WORDS[name], None, None, None, None, None, None, why))
            continue
        first = next(key for key in one.fit.problem.names if key.startswith("secretion"))
        aicc = one.fit.aicc
        gap = aicc - best.fit.aicc if math.isfinite(aicc) and math.isfinite(best.fit.aicc) else None
        low, high, _ = _interval_cells(one.intervals[first], "")
        rows.append(
            (
                MODEL_WORDS[name],
                one.fit.problem.n_free,
                aicc if math.isfinite(aicc) else None,
                gap,
                one.fit.value(first),
                low,
                high,
                "chosen" if one is best else "",
            )
        )
    return Table("models", "Nested models", fields, tuple(rows))


def naive_table(data: ReleaseData, best: ReleaseFit, naive: tuple[Naive, ...]) -> Table:
    """The naive rate of each culture, and its bias."""
    fields = (
        Field("culture"),
        Field("time", "h", "since the medium was fresh"),
        Field("naive_rate", RATE),
        Field("fitted_rate", RATE),
        Field("ratio", "", "naive over true, by the fit"),
        Field("low"),
        Field("high"),
    )
    rows = []
    for one in naive:
        culture = data.cultures[one.culture]
        name = "secretion" if len(data.conditions) == 1 else f"secretion {culture.condition}"
        rows.append(
            (
                culture.name,
                one.time,
                one.rate,
                best.fit.value(name),
                one.ratio,
                one.interval.low,
                None if one.interval.open_high else one.interval.high,
            )
        )
    return Table(
        "naive",
        "The naive rate, concentration x volume / cells / time, at the last reading",
        fields,
        tuple(rows),
    )


def readings_table(data: ReleaseData, best: ReleaseFit) -> Table:
    """Every reading beside its fitted value."""
    fields = (
        Field("culture"),
        Field("time", "h"),
        Field("replicate"),
        Field("concentration", "particle/mL"),
        Field("fitted", "particle/mL"),
        Field("residual", "", "in units of the error of one reading"),
    )
    fitted = best.fit.problem.predict(best.fit.values[None])[0]
    residual = standardised(best.fit)
    rows = tuple(
        (
            data.cultures[data.culture[i]].name,
            float(data.time[i]),
            data.replicate[i],
            float(data.concentration[i]),
            float(fitted[i]),
            float(residual[i]),
        )
        for i in range(data.time.size)
    )
    return Table("readings", "Readings and fit", fields, rows)


def standardised(fit: Fit) -> Array:
    """(row,) Residuals in units of the error of one reading."""
    sigma = fit.sigma
    return fit.problem.residuals(fit.values)[0] / (sigma if sigma > 0.0 else 1.0)
