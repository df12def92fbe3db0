"""Uptake by dose and time: three laws, each with and without consumption of the dose, compared by AICc.

A signal in arbitrary units says how uptake changes with dose and time, not how many particles a cell holds: then
the capacity is in signal units, and consumption of the dose has a number of sites of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.kinetics.least_squares import Array, Fit, Problem, fit
from vesica.analysis.kinetics.profile import Interval, Solved, profile, profile_of
from vesica.analysis.kinetics.uptake_data import UptakeData
from vesica.biology.courses import (
    binding_course,
    consumed_course,
    first_order_course,
    half_saturation,
    internalising_course,
)

LAWS: Final = ("first_order", "saturable", "internalising")
LAW_WORDS: Final = {
    "first_order": "first order in the dose",
    "saturable": "saturable binding",
    "internalising": "binding, internalisation and recycling",
}
_RATES: Final = {
    "first_order": ("clearance",),
    "saturable": ("binding", "unbinding", "capacity"),
    "internalising": ("binding", "unbinding", "capacity", "internalisation", "recycling"),
}
NEEDED: Final = 4.0  # difference of AICc
_WIDE: Final = 1e4  # times the typical size: as good as infinite, or zero


@dataclass(frozen=True)
class Law:
    """One model: a law of uptake, and whether cells consume the dose."""

    name: str
    consumes: bool

    @property
    def key(self) -> str:
        """For tables and JSON."""
        return f"{self.name}{'_consumed' if self.consumes else ''}"

    @property
    def words(self) -> str:
        """For people."""
        return LAW_WORDS[self.name] + (", dose consumed" if self.consumes else "")

    def parameters(self, *, counted: bool) -> tuple[str, ...]:
        """Names of the free numbers; a consumed dose in arbitrary units needs the size of a particle's signal."""
        return (*_RATES[self.name], *(("per_particle",) if self.consumes and not counted else ()))


@dataclass(frozen=True, eq=False)
class UptakeFit:
    """One law on one data set.

    Parameters
    ----------
    law : Law
    fit : Fit
    intervals : parameter -> Interval
    half : EC50, particle/cell, at the lowest density; None for a law without one
    half_interval : Interval or None
    """

    law: Law
    fit: Fit
    intervals: dict[str, Interval]
    half: float | None
    half_interval: Interval | None


def units_of(data: UptakeData) -> dict[str, str]:
    """Unit of every parameter."""
    clearance = "mL/cell/h" if data.is_counted else f"({data.unit}) mL/particle/h"
    return {
        "clearance": clearance,
        "binding": "mL/particle/h",
        "unbinding": "1/h",
        "internalisation": "1/h",
        "recycling": "1/h",
        "capacity": data.unit,
        "per_particle": f"({data.unit}) per (particle/cell)",
    }


def predictor(data: UptakeData, law: Law, dose: Array, density: Array, time: Array) -> Callable[[Array], Array]:
    """The law for many parameter sets: ``predict((set, parameter)) -> (set, row)`` in units of the signal.

    Parameters
    ----------
    data : UptakeData
        Says whether the signal counts particles.
    law : Law
    dose, density, time : (row,) particle/mL, cell/mL, h
    """
    names = law.parameters(counted=data.is_counted)
    times = np.unique(time)
    courses = np.unique(np.stack([dose, density], axis=1), axis=0)
    course = np.array(
        [int(np.flatnonzero((courses == pair).all(axis=1))[0]) for pair in zip(dose, density, strict=True)]
    )
    moment = np.searchsorted(times, time)

    def predict(sets: Array) -> Array:
        value = {name: sets[:, i, None] for i, name in enumerate(names)}
        size = value.get("per_particle", np.ones((sets.shape[0], 1)))
        sharing = density if law.consumes else np.zeros(density.size)
        if law.name == "first_order":
            return size * first_order_course(time, dose, value["clearance"] / size, sharing)
        sites = value["capacity"] / size
        if law.name == "saturable":
            return size * binding_course(time, dose, value["binding"], value["unbinding"], sites, sharing)
        rates = (value["binding"], value["unbinding"], sites, value["internalisation"], value["recycling"])
        if not law.consumes:
            return size * sum(internalising_course(time, dose, *rates))
        return size * _consumed(times, courses, rates)[:, course, moment]

    return predict


def _consumed(times: Array, courses: Array, rates: tuple[Array, ...]) -> Array:
    """(set, course, time) particle/cell by the ODE; NaN where the solver gave up. Rates are (set, 1)."""
    n_sets, n_courses = rates[0].shape[0], courses.shape[0]
    out = np.zeros((n_sets, n_courses, times.size))
    given = courses[:, 0] > 0.0
    later = times > 0.0
    if not given.any() or not later.any():
        return out
    spread = [np.repeat(rate[:, 0], int(given.sum())) for rate in rates]
    dose, density = (np.tile(courses[given, i], n_sets) for i in range(2))
    try:
        held = sum(consumed_course(times[later], dose, *spread, density))
    except ArithmeticError:
        return np.full_like(out, math.nan)
    out[np.ix_(np.arange(n_sets), np.flatnonzero(given), np.flatnonzero(later))] = held.reshape(
        n_sets, -1, int(later.sum())
    )
    return out


def problem_of(data: UptakeData, law: Law, near: Fit | None = None) -> Problem:
    """The least-squares problem of a law; ``near`` is the fit without consumption, to start from."""
    names = law.parameters(counted=data.is_counted)
    longest = float(data.time.max())
    dose = float(np.median(data.dose[data.dose > 0]))
    top = float(data.signal.max())
    offered = float(np.median(data.per_cell[data.dose > 0]))
    typical = {
        "clearance": top / (dose * longest),
        "binding": 1.0 / (dose * longest),
        "unbinding": 1.0 / longest,
        "internalisation": 1.0 / longest,
        "recycling": 1.0 / longest,
        "capacity": top,
        "per_particle": top / offered,
    }
    scale = np.array([typical[name] for name in names])
    grid = {
        "clearance": (0.5, 1.0, 2.0),
        "binding": (0.3, 3.0, 30.0),
        "unbinding": (0.3, 3.0),
        "internalisation": (0.3, 3.0),
        "recycling": (0.1, 1.0),
        "capacity": (1.0, 3.0),
        "per_particle": (1.0, 3.0, 30.0),
    }
    if near is None:
        starts = np.array(list(itertools.product(*(grid[name] for name in names)))) * scale
    else:
        tails = (
            [near.values]
            if data.is_counted
            else [np.append(near.values, factor * typical["per_particle"]) for factor in grid["per_particle"]]
        )
        starts = np.array(tails)
    ones = np.ones(len(names), dtype=bool)
    predict = predictor(data, law, data.dose, data.density, data.time)
    return Problem(
        names, predict, data.signal, data.weight, data.scale_is_known, starts, scale, scale * _WIDE, ones
    )


def fit_law(data: UptakeData, law: Law, near: Fit | None = None) -> UptakeFit:
    """Fit one law, without intervals; its EC50 is per cell at the lowest density of the table."""
    found = fit(problem_of(data, law, near), tries=3)
    half = None if law.name == "first_order" else float(half_dose(data, law)(found.values[None])[0])
    return UptakeFit(law, found, {}, half, None)


def half_dose(data: UptakeData, law: Law) -> Callable[[Array], Array]:
    """Nominal dose with half of the sites taken, as a function ``(set, parameter) -> (set,) particle/cell``."""
    names = law.parameters(counted=data.is_counted)
    density = float(data.density.min())

    def quantity(sets: Array) -> Array:
        value = {name: sets[:, i] for i, name in enumerate(names)}
        sites = value["capacity"] / value.get("per_particle", 1.0) if law.consumes else 0.0
        leaving = value["unbinding"] + value.get("internalisation", 0.0)
        return half_saturation(value["binding"], leaving, sites, density if law.consumes else 0.0) / density

    return quantity


def half_solved(data: UptakeData, law: Law) -> Solved:
    """`half_dose` solved for the rate of binding; half of the sites must hold less than the dose."""
    names = law.parameters(counted=data.is_counted)
    density = float(data.density.min())

    def solve(sets: Array, value: float) -> Array:
        part = {name: sets[:, i] for i, name in enumerate(names)}
        sites = part["capacity"] / part.get("per_particle", 1.0) if law.consumes else 0.0
        free = density * (value - sites / 2.0) + 0.0 * part["unbinding"]
        leaving = part["unbinding"] + part.get("internalisation", 0.0)
        return np.where(free > 0.0, leaving / np.where(free > 0.0, free, 1.0), np.nan)

    def begin(values: Array, value: float) -> tuple[Array, ...]:
        """Fewer sites, or sites that let go so fast that binding stays as it is."""
        part = dict(zip(names, values, strict=True))
        size = part.get("per_particle", 1.0)
        fewer, looser = values.copy(), values.copy()
        sites = 0.0
        if law.consumes:
            fewer[names.index("capacity")] = looser[names.index("capacity")] = min(part["capacity"], value * size)
            sites = min(part["capacity"] / size, value)
        leaving = part["binding"] * density * (value - sites / 2.0)
        looser[names.index("unbinding")] = max(leaving - part.get("internalisation", 0.0), 1e-9 * leaving)
        return fewer, looser

    return Solved(names.index("binding"), solve, begin)


def fit_all(data: UptakeData, *, intervals: bool = True) -> dict[str, UptakeFit]:
    """Every law that has fewer free numbers than readings; intervals of the best one only."""
    out: dict[str, UptakeFit] = {}
    for name in LAWS:
        near: Fit | None = None
        for consumes in (False, True):
            law = Law(name, consumes)
            if data.signal.size <= len(law.parameters(counted=data.is_counted)) + 2:
                continue
            found = fit_law(data, law, near)
            near = found.fit
            out[law.key] = found
    best = best_of(out, counted=data.is_counted)
    if intervals:
        out[best.law.key] = with_intervals(data, best)
    return out


def with_intervals(data: UptakeData, found: UptakeFit) -> UptakeFit:
    """The same fit with profile intervals of its numbers and of its EC50."""
    limits = {name: profile(found.fit, i) for i, name in enumerate(found.fit.problem.names)}
    half_interval = None
    if found.half is not None:
        scale = float(np.median(data.per_cell[data.dose > 0]))
        half_interval = profile_of(
            found.fit,
            half_dose(data, found.law),
            scale,
            scale * _WIDE,
            bottom=scale / _WIDE,
            solved=half_solved(data, found.law),
        )
    return UptakeFit(found.law, found.fit, limits, found.half, half_interval)


def best_of(fits: dict[str, UptakeFit], *, counted: bool) -> UptakeFit:
    """The law with the lowest AICc.

    Where particles are counted, those that cells hold are missing in the medium, so only laws with a consumed
    dose can be true.
    """
    usable = [one for one in fits.values() if one.law.consumes or not counted]
    return min(usable, key=lambda one: (one.fit.aicc, len(one.fit.values)))


def consumed_share(data: UptakeData, found: UptakeFit) -> Array | None:
    """(row,) Share of the dose that the cells hold, by the fit; None where the signal cannot be counted.

    Only a signal in particles per cell, or a law with a consumed dose, says how many particles a cell holds.
    """
    if not (data.is_counted or found.law.consumes):
        return None
    size = 1.0 if data.is_counted else found.fit.value("per_particle")
    predicted = found.fit.problem.predict(found.fit.values[None])[0] / size
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(data.dose > 0.0, predicted * data.density / data.dose, math.nan)


def plateau(data: UptakeData, fits: dict[str, UptakeFit]) -> str:
    """``saturation``, ``depletion``, ``both``, ``none`` or ``undecided``: what bends the curves.

    Notes
    -----
    A feature is needed where the best AICc of all laws without it is at least 4 above the best with it
    (about 7 to 1 in Akaike weights). Undecided: the curves bend, but either feature alone will do, as with one
    dose at one density in arbitrary units, where both give the same exponential approach to a plateau.
    """

    def lowest(*, saturable: bool | None = None, consumes: bool | None = None) -> float:
        return min(
            (
                one.fit.aicc
                for one in fits.values()
                if saturable in {None, one.law.name != "first_order"} and consumes in {None, one.law.consumes}
            ),
            default=math.inf,
        )

    saturation = lowest(saturable=False) - lowest(saturable=True) > NEEDED
    depletion = lowest(consumes=False) - lowest(consumes=True) > NEEDED
    levels = [np.unique(values[data.dose > 0.0]).size for values in (data.dose, np.round(data.density, 6))]
    separable = data.is_counted or max(levels) > 1
    if (saturation or depletion) and separable:
        return "both" if saturation and depletion else "saturation" if saturation else "depletion"
    return "undecided" if lowest(saturable=False, consumes=False) - lowest() > NEEDED else "none"
