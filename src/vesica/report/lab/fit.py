"""Pictures of `vesica fit`: courses with their readings, dose-response, intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vesica.analysis.kinetics.release import MODEL_WORDS, predictor
from vesica.analysis.kinetics.release_data import ReleaseData
from vesica.analysis.kinetics.release_outcome import ReleaseStudy
from vesica.analysis.kinetics.uptake import predictor as uptake_predictor
from vesica.analysis.kinetics.uptake_outcome import UptakeStudy
from vesica.report.lab.charts import Axis, Curve, Mark, Points, Row, both, dose_response, intervals, plane
from vesica.report.lab.page import LabFigure
from vesica.report.material import ArmStyle
from vesica.report.numbers import number, pretty_unit

_FINE = 240  # points of a curve
_MOST = 7  # curves of one picture


def release_figures(study: ReleaseStudy) -> tuple[LabFigure, ...]:
    """The time course of each culture with the fit, and the release rate by every model beside the naive one."""
    return (_course(study), _rates(study))


def _course(study: ReleaseStudy) -> LabFigure:
    data, best = study.data, study.best
    fine = np.linspace(0.0, float(data.time.max()), _FINE)
    curves, points = [], []
    for index, one in enumerate(data.cultures[:_MOST]):
        style = ArmStyle(one.name, index + 1)
        rows = data.culture == index
        at = replace(
            data,
            culture=np.full(fine.size, index),
            time=fine,
            concentration=fine,
            sd=None,
            replicate=("",) * fine.size,
        )
        values = predictor(data, best.design.kept, curve=_without_findings(at))(best.fit.values[None])[0]
        curves.append(Curve(f"{one.name}, fit", style, fine, values))
        low = high = None
        if data.sd is not None:
            low, high = data.concentration[rows] - data.sd[rows], data.concentration[rows] + data.sd[rows]
        points.append(Points(one.name, style, data.time[rows], data.concentration[rows], low, high))
    caption = (
        f"Particles in the medium (particles/mL) over time (h): readings as dots, the model "
        f"`{MODEL_WORDS[best.model]}` as lines."
    )
    if len(data.cultures) > _MOST:
        caption += f" The first {_MOST} of {len(data.cultures)} cultures."
    return LabFigure(
        "time_course",
        caption,
        *both(
            lambda width: plane(
                "Particles in the medium",
                Axis("time (h)"),
                Axis("concentration (particles/mL)"),
                curves=curves,
                points=points,
                width=width,
            )
        ),
        title="Particles in the medium",
    )


def _without_findings(data: ReleaseData) -> ReleaseData:
    return replace(data, findings=(), provenance=None)


def _rates(study: ReleaseStudy) -> LabFigure:
    models = []
    for model, one in study.fits.items():
        if one is None:
            continue
        for name in one.fit.problem.names:
            if not name.startswith("secretion"):
                continue
            limits = one.intervals[name]
            label = MODEL_WORDS[model] + name.removeprefix("secretion").replace(" ", ", ", 1)
            style = ArmStyle("chosen", 1) if one is study.best else None
            models.append(
                Row(label, one.fit.value(name), limits.low, None if limits.open_high else limits.high, style)
            )
    naive = [Row(study.data.cultures[one.culture].name, one.rate) for one in study.naive]
    caption = (
        "Release rate (particles per cell per hour) with 95 % profile-likelihood intervals by each model (number 1 "
        "marks the one that AICc chooses), and the naive rate, which has no model of losses."
    )
    return LabFigure(
        "release_rate",
        caption,
        *both(
            lambda width: intervals(
                "Release rate",
                "release rate (particles per cell per hour)",
                (("by model", models), ("without a model", naive)),
                width=width,
            )
        ),
        title="Release rate",
    )


def uptake_figures(study: UptakeStudy) -> tuple[LabFigure, ...]:
    """Uptake over time for each dose, and over the dose at the last time."""
    return (_over_time(study), _over_dose(study))


def _over_time(study: UptakeStudy) -> LabFigure:
    data, best = study.data, study.best
    fine = np.linspace(0.0, float(data.time.max()), _FINE)
    pairs = np.unique(np.stack([data.dose, data.density], axis=1), axis=0)
    curves, points = [], []
    for index, (dose, density) in enumerate(pairs[:_MOST]):
        style = ArmStyle(f"{number(dose / density)} per cell", index + 1)
        name = (
            style.name if np.unique(data.density).size == 1 else f"{style.name}, {number(density)} cells/mL"
        )
        law = uptake_predictor(data, best.law, np.full(_FINE, dose), np.full(_FINE, density), fine)
        curves.append(Curve(f"{name}, fit", style, fine, law(best.fit.values[None])[0]))
        rows = (data.dose == dose) & (data.density == density)
        points.append(Points(name, style, data.time[rows], data.signal[rows]))
    caption = (
        f"Net signal ({data.unit}) over time (h) for each nominal dose (particles per cell): readings as dots, the law "
        f"`{best.law.words}` as lines."
    )
    return LabFigure(
        "uptake_course",
        caption,
        *both(
            lambda width: plane(
                "Uptake over time",
                Axis("time (h)"),
                Axis(f"net signal ({pretty_unit(data.unit)})"),
                curves=curves,
                points=points,
                width=width,
            )
        ),
        title="Uptake over time",
    )


def _over_dose(study: UptakeStudy) -> LabFigure:
    data, best = study.data, study.best
    last = float(data.time.max())
    given = data.dose > 0.0
    curves, points = [], []
    for index, density in enumerate(np.unique(data.density)[:_MOST]):
        rows = given & (data.density == density) & (data.time == last)
        if not rows.any():
            continue
        per_cell = np.geomspace(data.per_cell[given].min() / 2, data.per_cell[given].max() * 2, 80)
        law = uptake_predictor(data, best.law, per_cell * density, np.full(80, density), np.full(80, last))
        style = ArmStyle(f"{number(density)} cells/mL", index + 1)
        curves.append(Curve(f"{style.name}, fit", style, per_cell, law(best.fit.values[None])[0]))
        points.append(Points(style.name, style, data.per_cell[rows], data.signal[rows]))
    marks = []
    inside = data.per_cell[given].min() / 2, data.per_cell[given].max() * 2
    if best.half is not None and inside[0] < best.half < inside[1]:
        marks = [Mark(best.half, f"EC50 {number(best.half)}")]
    caption = (
        f"Net signal ({data.unit}) at {number(last)} h over the nominal dose (particles per cell); the dashed line is "
        "the dose at which half of the sites are taken at rest, by the fit."
    )
    return LabFigure(
        "dose_response",
        caption,
        *both(
            lambda width: dose_response(
                "Uptake over dose",
                "dose (particles per cell)",
                f"net signal ({pretty_unit(data.unit)})",
                points=points,
                curves=curves,
                marks=marks,
                width=width,
            )
        ),
        title="Uptake over dose",
    )
