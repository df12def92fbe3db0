"""What `vesica fit release` says: rates, models, verdicts and the naive rate, in sentences and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from vesica.analysis.kinetics import petab, petab_release
from vesica.analysis.kinetics.model_file import release_model
from vesica.analysis.kinetics.profile import Interval, words
from vesica.analysis.kinetics.release import (
    LOSS_UNIT,
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
from vesica.analysis.kinetics.release_findings import (
    checks,
    course_warning,
    growth_note,
    steady_cells_note,
)
from vesica.analysis.kinetics.release_tables import (
    loss_words,
    models_table,
    naive_table,
    named,
    rates_table,
    readings_table,
    unit_of,
)
from vesica.analysis.lab import LabOutcome
from vesica.analysis.numbers import number

NEEDED: Final = 4.0  # difference of AICc, about 7 to 1 in Akaike weights


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
        (*_headline(data, best, naive), *_doubt(fits, best), *verdict),
        (rates_table(best), models_table(data, fits, best), naive_table(data, best, naive), readings_table(data, best)),
        _summary(fits, best, largest, naive, verdict, design),
        (
            *data.findings,
            *cell_column_warning(data),
            *course_warning(data),
            *checks(data, best),
            *growth_note(data, design),
            *steady_cells_note(data),
        ),
        () if data.provenance is None else (data.provenance,),
    )
    return ReleaseStudy(data, fits, best, largest, naive, outcome)


def _headline(data: ReleaseData, best: ReleaseFit, naive: tuple[Naive, ...]) -> list[str]:
    lines = []
    for name in best.fit.problem.names:
        if name.startswith("secretion"):
            value, interval = best.fit.value(name), best.intervals[name]
            lines.append(
                f"R{named(name)[1:]}: {number(value)} particles per cell per hour "
                f"(95 % interval {words(interval, '', number)}), by the model `{MODEL_WORDS[best.model]}`."
            )
    if naive:
        last = min(naive, key=lambda one: one.ratio)
        place = f", {data.cultures[last.culture].name}," if len(naive) > 1 else ""
        bias = (
            "the model holds no losses, so it sees no bias in it"
            if not best.design.kept
            else f"by the fit it reads {number(100 * last.ratio)} % of the true rate "
            f"({words(last.interval.scaled(100), '%', number)})"
        )
        lines.append(
            f"The naive rate (concentration x volume / cells / time) at {number(last.time)} h{place} is "
            f"{number(last.rate)} particles per cell per hour; {bias}."
        )
    return lines


def _doubt(fits: dict[str, ReleaseFit | None], best: ReleaseFit) -> list[str]:
    """Models that fit nearly as well and have another release rate: the intervals leave this doubt out."""
    first = next(name for name in best.fit.problem.names if name.startswith("secretion"))
    interval = best.intervals[first]
    return [
        f"The model `{MODEL_WORDS[name]}` fits nearly as well and gives {number(one.fit.value(first))} "
        f"({words(one.intervals[first], '', number)}): these readings do not decide."
        for name, one in fits.items()
        if one is not None
        and one is not best
        and one.fit.aicc - best.fit.aicc < NEEDED
        and not interval.low <= one.fit.value(first) <= interval.high
    ]


def verdicts(data: ReleaseData, design: Design, largest: ReleaseFit) -> tuple[str, ...]:
    """What the design can tell about the losses, with intervals, and what would tell the rest."""
    lines = []
    hosts = {host for place in design.within.values() for host in place}
    for loss in design.kept:
        if loss not in largest.intervals:
            continue
        interval = words(largest.intervals[loss], LOSS_UNIT[loss], number)
        value = f"{number(largest.fit.value(loss))} {LOSS_UNIT[loss]}"
        what = loss_words(design, loss)
        lines.append(
            f"Only the sum is identifiable: {what} is {value} ({interval})."
            if loss in hosts
            else f"Identifiable: {what} is {value} ({interval})."
        )
    if design.kept and not largest.design.kept:
        lines.append(
            f"No loss could be fitted to {data.concentration.size} readings: where EVs are lost, cells release more."
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
            name: {"value": one.fit.value(name), "unit": unit_of(name), **_interval_json(one.intervals[name])}
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
