"""What `vesica fit release` says: rates, models, verdicts and the naive rate, in sentences and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vesica.analysis.kinetics import petab, petab_release
from vesica.analysis.kinetics.least_squares import Array, Fit
from vesica.analysis.kinetics.model_file import release_model
from vesica.analysis.kinetics.profile import Interval, words
from vesica.analysis.kinetics.release import (
    LOSS_UNIT,
    LOSS_WORDS,
    LOSSES,
    MODEL_WORDS,
    Design,
    Naive,
    ReleaseFit,
    best_of,
    design_of,
    fit_all,
    naive_of,
)
from vesica.analysis.kinetics.release_data import ReleaseData, cell_column_warning
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.errors import Finding

RATE = "particle/cell/h"
ALPHA = 0.01  # false-alarm rate of each check of the errors


@dataclass(frozen=True, eq=False)
class ReleaseStudy:
    """Everything that was found.

    Parameters
    ----------
    data, fits, best, naive
    largest : the fit with all losses that the design can tell apart
    outcome : LabOutcome
    """

    data: ReleaseData
    fits: dict[str, ReleaseFit | None]
    best: ReleaseFit
    largest: ReleaseFit
    naive: tuple[Naive, ...]
    outcome: LabOutcome

    def files(self, cell: str) -> dict[str, bytes]:
        """The PEtab problem and the model file."""
        problem = petab_release.petab_problem(self.data, self.best)
        return {**petab.files(problem), "model.yaml": release_model(self.data, self.best, cell)}


def study(data: ReleaseData) -> ReleaseStudy:
    """Fit all models to a time course, choose by AICc, and say what the design can tell."""
    fits = fit_all(data)
    best = best_of(fits)
    largest = [one for one in fits.values() if one is not None][-1]
    naive = naive_of(data, best)
    design = design_of(data, LOSSES)
    verdict = verdicts(data, design, largest)
    outcome = LabOutcome(
        "release",
        "Release of EVs into the medium",
        (*_headline(best, naive), *verdict),
        (_rates(best), _models(fits, best), _naive(data, best, naive), _readings(data, best)),
        _summary(fits, best, largest, naive, verdict, design),
        (*data.findings, *cell_column_warning(data), *_checks(data, best), *_growth_note(data, design)),
        () if data.provenance is None else (data.provenance,),
    )
    return ReleaseStudy(data, fits, best, largest, naive, outcome)


def shown(value: float) -> str:
    """A number with three digits: ``0.0179``, ``4,610``, ``1.15e-07``."""
    return f"{float(f'{value:.3g}'):,.0f}" if 1e3 <= abs(value) < 1e6 else f"{value:.3g}"


def _named(name: str) -> str:
    kind, _, rest = name.partition(" ")
    return {"secretion": "release rate", **LOSS_WORDS}.get(kind, kind) + (f", {rest}" if rest else "")


def _unit(name: str) -> str:
    return LOSS_UNIT.get(name, RATE)


def loss_words(design: Design, loss: str) -> str:
    """What a fitted loss stands for."""
    parts = [LOSS_WORDS[name] for name in design.contained(loss)]
    return parts[0] if len(parts) == 1 else "the sum of " + ", ".join(parts[:-1]) + " and " + parts[-1]


def _headline(best: ReleaseFit, naive: tuple[Naive, ...]) -> list[str]:
    lines = []
    for name in best.fit.problem.names:
        if name.startswith("secretion"):
            value, interval = best.fit.value(name), best.intervals[name]
            lines.append(
                f"{_named(name).capitalize()}: {shown(value)} particles per cell per hour "
                f"(95 % interval {words(interval, '', shown)}), by the model `{MODEL_WORDS[best.model]}`."
            )
    if naive:
        last = min(naive, key=lambda one: one.ratio)
        lines.append(
            f"The naive rate (concentration x volume / cells / time) at {shown(last.time)} h is {shown(last.rate)} "
            f"particles per cell per hour; by the fit it reads {shown(100 * last.ratio)} % of the true rate "
            f"({words(last.interval.scaled(100), '%', shown)})."
        )
    return lines


def verdicts(data: ReleaseData, design: Design, largest: ReleaseFit) -> tuple[str, ...]:
    """What the design can tell about the losses, with intervals, and what would tell the rest."""
    lines = []
    hosts = {host for place in design.within.values() for host in place}
    for loss in design.kept:
        if loss not in largest.intervals:
            continue
        interval = words(largest.intervals[loss], LOSS_UNIT[loss], shown)
        value = f"{shown(largest.fit.value(loss))} {LOSS_UNIT[loss]}"
        what = loss_words(design, loss)
        lines.append(
            f"Only the sum is identifiable: {what} is {value} ({interval})."
            if loss in hosts
            else f"Identifiable: {what} is {value} ({interval})."
        )
    merged = [loss for loss, place in design.within.items() if place]
    advice = []
    if "reuptake" in merged:
        advice.append(
            "re-uptake needs two densities of cells (with the same condition), or a cell-free arm with added EVs"
        )
    if "plastic" in merged:
        cell_free = any(not one.cells for one in data.cultures)
        advice.append(
            ("" if cell_free else "decay and loss to plastic need a cell-free arm with added EVs; ")
            + "loss to plastic needs two areas of plastic per volume (column `surface (cm^2)`)"
        )
    if advice:
        lines.append("To tell them apart: " + "; ".join(advice) + ".")
    if not design.kept:
        lines.append("The losses are not identifiable: no culture was read at two times.")
    return tuple(lines)


def _interval_cells(interval: Interval, unit: str) -> tuple[float, float | None, str]:
    return interval.low, None if interval.open_high else interval.high, words(interval, unit, shown)


def _rates(best: ReleaseFit) -> Table:
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
            label = loss_words(best.design, name) if name in LOSSES else _named(name)
            rows.append(
                (
                    label,
                    best.fit.value(name),
                    *_interval_cells(best.intervals[name], "")[:2],
                    _unit(name),
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
    return Table("rates", f"Rates by the model `{MODEL_WORDS[best.model]}`", fields, tuple(rows))


def _models(fits: dict[str, ReleaseFit | None], best: ReleaseFit) -> Table:
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
            rows.append(
                (
                    MODEL_WORDS[name],
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    "same curves as a smaller model with this design, or too few readings",
                )
            )
            continue
        first = next(key for key in one.fit.problem.names if key.startswith("secretion"))
        aicc = one.fit.aicc
        gap = aicc - best.fit.aicc if math.isfinite(aicc) and math.isfinite(best.fit.aicc) else None
        low, high, _ = _interval_cells(one.intervals[first], "")
        rows.append(
            (
                MODEL_WORDS[name],
                one.fit.problem.n_free,
                aicc,
                gap,
                one.fit.value(first),
                low,
                high,
                "chosen" if one is best else "",
            )
        )
    return Table("models", "Nested models", fields, tuple(rows))


def _naive(data: ReleaseData, best: ReleaseFit, naive: tuple[Naive, ...]) -> Table:
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


def _readings(data: ReleaseData, best: ReleaseFit) -> Table:
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


def _interval_json(interval: Interval) -> dict[str, object]:
    return {
        "low": interval.low,
        "high": None if interval.open_high else interval.high,
        "zero_excluded": not interval.open_low,
    }


def _summary(
    fits: dict[str, ReleaseFit | None],
    best: ReleaseFit,
    largest: ReleaseFit,
    naive: tuple[Naive, ...],
    verdict: tuple[str, ...],
    design: Design,
) -> dict[str, object]:
    def rates(one: ReleaseFit) -> dict[str, object]:
        return {
            name: {"value": one.fit.value(name), "unit": _unit(name), **_interval_json(one.intervals[name])}
            for name in one.intervals
        }

    return {
        "model": best.model,
        "rates": rates(best),
        "sigma": best.fit.sigma,
        "models": {
            name: None
            if one is None
            else {
                "aicc": one.fit.aicc if math.isfinite(one.fit.aicc) else None,
                "log_likelihood": one.fit.log_likelihood,
                "parameters": one.fit.problem.n_free,
            }
            for name, one in fits.items()
        },
        "identifiability": {
            "verdict": list(verdict),
            "identifiable": list(design.kept),
            "inside": {name: list(hosts) for name, hosts in design.within.items()},
            "rates": rates(largest),
        },
        "naive": [
            {"time_h": one.time, "rate": one.rate, "ratio": one.ratio, **_interval_json(one.interval)}
            for one in naive
        ],
    }


def _checks(data: ReleaseData, best: ReleaseFit) -> list[Finding]:
    """Whether the errors are what the intervals assume: independent, and of the given size."""
    from scipy.stats import chi2, f_oneway

    file = None if data.provenance is None else data.provenance.file
    found = []
    left = best.fit.n_rows - len(best.fit.values)
    if best.fit.problem.scale_is_known and left > 0 and chi2.sf(best.fit.rss, left) < ALPHA:
        found.append(
            Finding(
                "warning",
                "sd",
                f"readings scatter {math.sqrt(best.fit.rss / left):.2g} times as much as `sd` says",
                "given standard deviations hold the whole error of a reading",
                "intervals are too narrow",
                "leave `sd` out, so that the error is estimated",
                file=file,
            )
        )
    residual = standardised(best.fit)
    series = [
        residual[[i for i in range(data.time.size) if (data.culture[i], data.replicate[i]) == key]]
        for key in dict.fromkeys(zip(data.culture, data.replicate, strict=True))
        if key[1]
    ]
    series = [one for one in series if one.size > 1]
    if len(series) > 2 and sum(one.size for one in series) > len(series) and f_oneway(*series).pvalue < ALPHA:
        found.append(
            Finding(
                "warning",
                "replicate",
                "readings of one replicate deviate together",
                "readings are taken as independent",
                "intervals are too narrow: there are fewer independent wells than readings",
                "judge by the replicates, or use other wells at each time",
                file=file,
            )
        )
    return found


def _growth_note(data: ReleaseData, design: Design) -> list[Finding]:
    with_cells = [one for one in data.cultures if one.cells]
    if (
        not data.growth
        or "reuptake" not in design.kept
        or np.unique([one.cells / one.volume for one in with_cells]).size > 1
    ):
        return []
    if any(not one.cells for one in data.cultures):
        return []
    return [
        Finding(
            "note",
            "--doubling",
            "re-uptake is told from decay by the growth of the cells alone",
            "both are told apart safely by two densities",
            "the interval rests on the doubling time that was given",
            "add a second density, or a cell-free arm with added EVs",
        )
    ]
