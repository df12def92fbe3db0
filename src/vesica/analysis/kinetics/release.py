"""Release into medium: nested models, what a design can tell, and the naive rate beside it.

``dN/dt = q n - (k_decay + k_plastic A/V + u n/V) N``: the three losses enter one time course only as a sum, and
over several cultures as a linear law in (1, n/V, A/V). The rank of that table is what can be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array, Fit, Problem, fit
from vesica.analysis.kinetics.profile import Interval, profile, profile_of
from vesica.analysis.kinetics.release_data import ReleaseData
from vesica.biology.courses import release_course

LOSSES: Final = ("decay", "reuptake", "plastic")
LOSS_UNIT: Final = {"decay": "1/h", "reuptake": "mL/cell/h", "plastic": "cm/h"}
LOSS_WORDS: Final = {
    "decay": "decay in medium",
    "reuptake": "re-uptake by cells",
    "plastic": "loss to plastic",
}
MODELS: Final = {
    "constant": (),
    "decay": ("decay",),
    "reuptake": ("decay", "reuptake"),
    "plastic": ("decay", "reuptake", "plastic"),
}
MODEL_WORDS: Final = {
    "constant": "constant release",
    "decay": "release and decay",
    "reuptake": "release, decay and re-uptake",
    "plastic": "release, decay, re-uptake and loss to plastic",
}
_FASTEST: Final = 40.0  # losses above this many per shortest interval are as good as infinite


@dataclass(frozen=True)
class Design:
    """What the cultures can tell about the losses.

    Parameters
    ----------
    kept : losses that are fitted
        Each stands for itself and for what ``within`` says.
    within : loss that cannot be told -> fitted losses that contain it
    """

    kept: tuple[str, ...]
    within: dict[str, tuple[str, ...]]

    def contained(self, loss: str) -> tuple[str, ...]:
        """What a fitted loss stands for, itself first."""
        return (loss, *(other for other, hosts in self.within.items() if loss in hosts))


@dataclass(frozen=True, eq=False)
class ReleaseFit:
    """One model on one data set.

    Parameters
    ----------
    model : key of `MODELS`
    design : Design
    fit : Fit
    intervals : parameter -> Interval
    """

    model: str
    design: Design
    fit: Fit
    intervals: dict[str, Interval]


@dataclass(frozen=True)
class Naive:
    """``concentration x volume / cells / time`` at the last time of one culture.

    Parameters
    ----------
    culture : int
    time : h
        Since the medium was fresh.
    rate : particle/cell/h
        The geometric mean over replicates.
    ratio : what the fitted law says the naive rate is, as a share of the true one
    interval : of that ratio
    """

    culture: int
    time: float
    rate: float
    ratio: float
    interval: Interval


def loss_table(data: ReleaseData) -> Array:
    """(line, loss) Coefficients of decay, re-uptake and plastic wherever a loss can be seen."""
    lines = []
    for index, one in enumerate(data.cultures):
        times = np.unique(data.time[data.culture == index])
        if times.size < 2:
            continue
        area = 1.0 if one.surface is None else one.surface  # unknown, but the same everywhere
        ends = {1.0, math.exp(data.growth * float(times[-1]))} if one.cells else {1.0}
        lines += [(1.0, one.cells * growth / one.volume, area / one.volume) for growth in ends]
    table = np.array(lines, dtype=float).reshape(-1, 3)
    if all(one.surface is None for one in data.cultures):
        table[:, 2] = 1.0  # without areas plastic is taken to be the same for all volumes
    return table


def design_of(data: ReleaseData, losses: tuple[str, ...]) -> Design:
    """Which of the losses can be told apart, and what stands in for the others."""
    table = loss_table(data)
    size = np.abs(table).max(axis=0, initial=0.0)
    table = table / np.where(size > 0.0, size, 1.0)
    kept: list[str] = []
    within: dict[str, tuple[str, ...]] = {}
    for loss in losses:
        column = table[:, LOSSES.index(loss)]
        basis = table[:, [LOSSES.index(name) for name in kept]]
        if not column.any():  # no cells, or no plastic: it plays no part
            within[loss] = ()
            continue
        share = np.linalg.lstsq(basis, column, rcond=None)[0] if kept else np.zeros(0)
        if not kept or np.abs(column - basis @ share).max() > 1e-6:
            kept.append(loss)
        else:
            within[loss] = tuple(name for name, part in zip(kept, share, strict=True) if abs(part) > 1e-6)
    return Design(tuple(kept), within)


def _segments(data: ReleaseData) -> tuple[Array, Array]:
    """(row, segment) Spans in h between changes, and the time each begins; unused ones come first, with span 0."""
    most = max((len(one.changes) for one in data.cultures), default=0)
    span = np.zeros((data.time.size, most + 1))
    begin = np.zeros_like(span)
    for row, (index, time) in enumerate(zip(data.culture, data.time, strict=True)):
        edges = [0.0, *(t for t in data.cultures[index].changes if t < time), float(time)]
        for back in range(1, len(edges)):
            span[row, -back] = edges[-back] - edges[-back - 1]
            begin[row, -back] = edges[-back - 1]
    return span, begin


def starts_of(data: ReleaseData) -> tuple[str, ...]:
    """Names of the unknown concentrations at 0 h: one per cell-free culture, one for the medium of the others."""
    names = [f"start {index}" for index, one in enumerate(data.cultures) if not one.cells]
    with_cells = np.array([data.cultures[c].cells > 0 for c in data.culture], dtype=bool)
    return (*(["background"] if (with_cells & (data.time == 0.0)).any() else []), *names)


def predictor(
    data: ReleaseData, losses: tuple[str, ...], *, curve: ReleaseData | None = None
) -> Callable[[Array], Array]:
    """The law for many parameter sets: ``predict((set, parameter)) -> (set, row) particle/mL``.

    Parameters
    ----------
    data : ReleaseData
        Fixes the parameters: secretion of each condition, losses, concentrations at the start.
    losses : those that are fitted
    curve : ReleaseData, optional
        Times and cultures to predict instead.
    """
    at = data if curve is None else curve
    names = parameter_names(data, losses)
    span, begin = _segments(at)
    cultures = [at.cultures[index] for index in at.culture]
    cells = np.array([one.cells for one in cultures])
    volume = np.array([one.volume for one in cultures])
    areas_known = any(one.surface is not None for one in data.cultures)
    area = (
        np.array([one.surface or 0.0 for one in cultures]) / volume if areas_known else np.ones(volume.size)
    )
    conditions = data.conditions
    secreting = np.array([conditions.index(one.condition) if one.cells else 0 for one in cultures])
    start_names = starts_of(data)
    own = np.array(
        [
            start_names.index(f"start {index}")
            if not at.cultures[index].cells
            else (0 if "background" in start_names else -1)
            for index in at.culture
        ]
    )
    grown = cells[:, None] * np.exp(data.growth * begin)
    changed = span.shape[1] - 1
    used = np.array(
        [sum(t < time for t in at.cultures[i].changes) for i, time in zip(at.culture, at.time, strict=True)]
    )

    def predict(sets: Array) -> Array:
        column = {name: sets[:, i, None] for i, name in enumerate(names)}
        secretion = sets[:, : len(conditions)][:, secreting]
        offset = len(conditions) + len(losses)
        fresh = np.where(own >= 0, sets[:, offset + np.maximum(own, 0)] if start_names else 0.0, 0.0) * volume
        zero = np.zeros((sets.shape[0], 1))
        loss = column.get("decay", zero) + column.get("plastic", zero) * area
        capture = column.get("reuptake", zero) / volume
        amount = fresh
        for segment in range(changed + 1):
            amount = release_course(
                span[:, segment], amount, secretion, grown[:, segment], loss, capture, data.growth
            )
            if segment < changed:  # a change lies at the end of the last `used` segments before the final one
                real = segment >= changed - used
                amount = np.where(real, amount * data.carry_over + fresh, amount)
        return amount / volume

    return predict


def parameter_names(data: ReleaseData, losses: tuple[str, ...]) -> tuple[str, ...]:
    """Secretion of each condition, losses, starts: the order of every parameter array."""
    secretions = (
        ("secretion",) if len(data.conditions) == 1 else tuple(f"secretion {c}" for c in data.conditions)
    )
    return (*secretions, *losses, *starts_of(data))


def naive_rates(data: ReleaseData) -> Array:
    """(row,) particle/cell/h from each reading alone; NaN without cells and at 0 h."""
    span, _ = _segments(data)
    cells = np.array([data.cultures[i].cells for i in data.culture])
    volume = np.array([data.cultures[i].volume for i in data.culture])
    good = (cells > 0) & (span[:, -1] > 0)
    return np.where(good, data.concentration * volume / np.where(good, cells * span[:, -1], 1.0), math.nan)


def problem_of(data: ReleaseData, losses: tuple[str, ...]) -> Problem:
    """The least-squares problem of a model."""
    names = parameter_names(data, losses)
    naive = naive_rates(data)
    secretion = [
        float(np.nanmedian(naive[[data.cultures[i].condition == c for i in data.culture]]))
        for c in data.conditions
    ]
    secretion = [value if value > 0 else 1.0 for value in secretion]
    longest = float(data.time.max())
    gaps = np.diff(np.unique(np.append(data.time, 0.0)))
    table = loss_table(data)
    size = {loss: 1.0 / (longest * (table[:, i].max(initial=0.0) or 1.0)) for i, loss in enumerate(LOSSES)}
    first = []
    for name in starts_of(data):
        rows = [
            i
            for i, c in enumerate(data.culture)
            if (name == f"start {c}")
            or (name == "background" and data.cultures[c].cells and data.time[i] == 0)
        ]
        first.append(max(float(data.concentration[min(rows, key=lambda i: data.time[i])]), 1e-12))
    scale = np.array([*secretion, *(size[loss] for loss in losses), *first])
    exponents = (0.05, 0.5, 2.0) if losses else (0.0,)
    starts = [
        np.array(
            [
                *(q / float(release_course(1.0, 0.0, 1.0, 1.0, x)) for q in secretion),
                *(x * size[loss] / len(losses) for loss in losses),
                *first,
            ]
        )
        for x in exponents
    ]
    fastest = _FASTEST / float(gaps.min()) * longest
    limit = scale * np.array([*(1e6 for _ in secretion), *(fastest for _ in losses), *(1e6 for _ in first)])
    logarithmic = np.array([name not in LOSSES for name in names])
    return Problem(
        names,
        predictor(data, losses),
        data.concentration,
        data.sd,
        data.sd is not None,
        np.array(starts),
        scale,
        limit,
        logarithmic,
    )


def fit_release(data: ReleaseData, model: str, *, intervals: bool = True) -> ReleaseFit | None:
    """Fit one model; None where the design shows only what a smaller one fits already."""
    losses = MODELS[model]
    design = design_of(data, losses)
    smaller = list(MODELS)[: list(MODELS).index(model)]
    if any(design.kept == design_of(data, MODELS[name]).kept for name in smaller):
        return None
    full = design_of(data, LOSSES).within  # what a fitted loss stands for is a matter of the whole design
    design = Design(
        design.kept, {loss: hosts for loss, hosts in full.items() if set(hosts) & set(design.kept)}
    )
    found = fit(problem_of(data, design.kept))
    shown = [name for name in found.problem.names if not name.startswith(("start", "background"))]
    limits = {name: profile(found, found.problem.names.index(name)) for name in shown} if intervals else {}
    if any(limits[loss].open_high for loss in design.kept if loss in limits):
        # a loss of any size is balanced by as much release: no end of the search is an end of the interval
        limits = {
            name: replace(one, high=math.inf, open_high=True) if name.startswith("secretion") else one
            for name, one in limits.items()
        }
    return ReleaseFit(model, design, found, limits)


def fit_all(data: ReleaseData) -> dict[str, ReleaseFit | None]:
    """Every nested model, smallest first; those that the design cannot tell from a smaller one are None."""
    return {model: None if is_too_few(data, model) else fit_release(data, model) for model in MODELS}


def is_too_few(data: ReleaseData, model: str) -> bool:
    """Whether a model has as many free numbers as there are readings, or one less; never the smallest."""
    free = len(parameter_names(data, design_of(data, MODELS[model]).kept)) + (data.sd is None)
    return model != "constant" and data.concentration.size <= free + 1


def naive_of(data: ReleaseData, fitted: ReleaseFit) -> tuple[Naive, ...]:
    """The naive rate at the last time of each culture with cells, and its bias with a profile interval."""
    rates = naive_rates(data)
    span, _ = _segments(data)
    out = []
    for index, one in enumerate(data.cultures):
        rows = np.flatnonzero((data.culture == index) & np.isfinite(rates) & (rates > 0.0))
        if not rows.size:
            continue
        last = rows[data.time[rows] == data.time[rows].max()]
        row = int(last[0])
        secretion = data.conditions.index(one.condition)
        scale = one.volume / (one.cells * span[row, -1])

        def ratio(sets: Array, row: int = row, secretion: int = secretion, scale: float = scale) -> Array:
            return fitted.fit.problem.predict(sets)[:, row] * scale / sets[:, secretion]

        best = float(ratio(fitted.fit.values[None])[0])
        exact = (
            not fitted.design.kept and "background" not in fitted.fit.problem.names and data.carry_over == 0.0
        )
        limits = Interval(best, best) if exact else profile_of(fitted.fit, ratio, best, 1e3, bottom=1e-6)
        out.append(
            Naive(index, float(span[row, -1]), float(np.exp(np.log(rates[last]).mean())), best, limits)
        )
    return tuple(out)


def best_of(fits: dict[str, ReleaseFit | None]) -> ReleaseFit:
    """The model with the lowest AICc; the smaller one where they are equal."""
    usable = [one for one in fits.values() if one is not None]
    return min(usable, key=lambda one: (one.fit.aicc, len(one.design.kept)))
