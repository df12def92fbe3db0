"""Profile-likelihood intervals: how far one number can be moved while all others make up for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vesica.analysis.kinetics.least_squares import Array, Fit, minimise

LEVEL = 0.95
_EXCLUDED = 1e3  # times what is allowed
_DEEPEST = 20.0  # of the logarithm, as good as zero
_TOLERANCE = 1e-7  # of the search; at an end of 1e-4 the sum of squares is right to 1e-5 or so


@dataclass(frozen=True)
class Interval:
    """A confidence interval; an end that the data do not give is open.

    Parameters
    ----------
    low, high : float
        ``high`` is infinite where ``open_high``.
    open_low : bool
        The data do not exclude zero.
    open_high : bool
        The data do not exclude values of any size.
    """

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def scaled(self, factor: float) -> Interval:
        """The interval in another unit."""
        return Interval(self.low * factor, self.high * factor, self.open_low, self.open_high)


@dataclass(frozen=True)
class Solved:
    """A quantity solved for one parameter, so that it can be held exactly.

    Parameters
    ----------
    index : of the parameter
    solve : ((set, parameter), value) -> (set,)
        The parameter that gives the value; NaN where none does.
    begin : ((parameter,), value) -> places
        (parameter,) each: places near by at which one does.
    """

    index: int
    solve: Callable[[Array, float], Array]
    begin: Callable[[Array, float], tuple[Array, ...]]


def rise(fit: Fit, level: float = LEVEL) -> float:
    """How far the sum of squares may rise above its minimum.

    Notes
    -----
    Estimated scale: ``RSS F(1, n - p) / (n - p)``, which has its level exactly where the law is linear in the
    parameters (Bates & Watts, Nonlinear Regression Analysis, 1988, ch. 6); chi-square where standard
    deviations were given.
    """
    from scipy.stats import chi2, f

    if fit.problem.scale_is_known:
        return float(chi2.ppf(level, 1))
    left = fit.n_rows - len(fit.values)
    return fit.rss * float(f.ppf(level, 1, left)) / left if left > 0 else math.inf


def profile(fit: Fit, index: int, level: float = LEVEL) -> Interval:
    """The interval of one parameter.

    Parameters
    ----------
    fit : Fit
    index : int
    level : float
        Confidence.
    """
    limit, scale = float(fit.problem.limit[index]), float(fit.problem.scale[index])
    bottom = 1e-12 * scale if fit.problem.logarithmic[index] else 0.0
    solved = _Trail(
        fit,
        float(fit.values[index]),
        lambda starts, value: minimise(fit.problem, starts, {index: value}, tolerance=_TOLERANCE, tries=1),
    )
    return _interval(fit, solved, scale, bottom, limit, level)


def profile_of(
    fit: Fit,
    quantity: Callable[[Array], Array],
    scale: float,
    limit: float,
    *,
    level: float = LEVEL,
    bottom: float = 0.0,
    solved: Solved | None = None,
) -> Interval:
    """The interval of a quantity that depends on several parameters.

    Parameters
    ----------
    fit : Fit
    quantity : (set, parameter) -> (set,)
        Positive.
    scale, limit, bottom : float
        Typical size of the quantity; beyond ``limit`` it is as good as infinite, at ``bottom`` as good as zero.
    solved : Solved, optional

    Notes
    -----
    Without ``solved`` the quantity is held by a residual whose weight makes it right to about 1e-7 of its value.
    """
    best = float(quantity(fit.values[None])[0])
    stiff = 1e4 * math.sqrt(max(fit.rss, 1e-12))

    def held(starts: list[Array], value: float) -> tuple[Array, float]:
        if solved is not None:
            tied = solved.index, lambda sets: solved.solve(sets, value)
            places = [place for start in starts for place in (start, *solved.begin(start, value))]
            return minimise(fit.problem, places, tied=tied, tolerance=_TOLERANCE, tries=1)
        size = max(abs(value), 1e-9 * scale)
        return minimise(
            fit.problem,
            starts,
            pull=lambda sets: stiff * (quantity(sets) - value) / size,
            tolerance=_TOLERANCE,
            tries=1,
        )

    return _interval(fit, _Trail(fit, best, held), scale, bottom, limit, level)


class _Trail:
    """Sum of squares at a value; a search begins at what was solved nearby, and where its line leads."""

    def __init__(
        self, fit: Fit, best: float, solve: Callable[[list[Array], float], tuple[Array, float]]
    ) -> None:
        self.best, self._problem, self._solve = best, fit.problem, solve
        self._known = {best: (fit.values, fit.rss)}

    def __call__(self, value: float) -> float:
        if value not in self._known:
            self._known[value] = self._solve(self._starts(value), value)
        return self._known[value][1]

    def _starts(self, value: float) -> list[Array]:
        near, *others = sorted(self._known, key=lambda other: abs(other - value))
        starts = [self._known[near][0]]
        if others and abs(value - near) < 3.0 * abs(others[0] - near):
            ends = [self._problem.inner(self._known[one][0]) for one in (near, others[0])]
            place = ends[0] + (value - near) / (others[0] - near) * (ends[1] - ends[0])
            low, high = self._problem.bounds
            starts.append(self._problem.outer(np.clip(place, low, high)))
        return starts


def _interval(fit: Fit, rss_at: _Trail, scale: float, bottom: float, limit: float, level: float) -> Interval:
    allowed = rise(fit, level)
    if not math.isfinite(allowed):
        return Interval(0.0, math.inf, open_low=True, open_high=True)

    best = rss_at.best
    edge = math.sqrt(allowed)

    def excess(value: float) -> float:
        """The root of the rise, less what is allowed: a straight line where the law is linear."""
        rss = rss_at(value)
        if not math.isfinite(rss):  # the law has no value anywhere near: as good as excluded
            return _EXCLUDED * edge
        return min(math.sqrt(max(rss - fit.rss, 0.0)), _EXCLUDED * edge) - edge

    low, open_low = _crossing_below(excess, edge, best, bottom)
    high, open_high = _crossing_above(excess, edge, best, scale, limit)
    return Interval(low, high, open_low, open_high)


def _onward(step: float, depth: float, edge: float) -> float:
    """The next distance, where the root of the rise at this one is ``depth`` and is to be ``edge``."""
    return step * min(max(1.15 * edge / depth if depth > 0.0 else 6.0, 1.5), 6.0)


def _crossing_below(
    excess: Callable[[float], float], edge: float, best: float, bottom: float
) -> tuple[float, bool]:
    """The lower end, and whether even the bottom is within."""
    if best <= bottom or excess(bottom) <= 0.0:
        return 0.0, True
    inside, outside, step = best, bottom, -math.log(0.9)
    while step < _DEEPEST and best * math.exp(-step) > bottom:
        candidate = best * math.exp(-step)
        over = excess(candidate)
        if over > 0.0:
            outside = candidate
            break
        inside, step = candidate, _onward(step, over + edge, edge)
    return _between(excess, outside, inside), False


def _crossing_above(
    excess: Callable[[float], float], edge: float, best: float, scale: float, limit: float
) -> tuple[float, bool]:
    """The upper end, and whether the data set none."""
    inside, step = best, max(0.1 * best, 1e-3 * scale)
    while True:
        candidate = min(best + step, limit)
        over = excess(candidate)
        if over > 0.0:
            return _between(excess, candidate, inside), False
        if candidate >= limit:
            return math.inf, True
        inside, step = candidate, _onward(step, over + edge, edge)


def _between(excess: Callable[[float], float], outside: float, inside: float) -> float:
    from scipy.optimize import brentq

    if inside == outside or excess(inside) >= 0.0:
        return inside
    return float(brentq(excess, outside, inside, rtol=1e-4, xtol=1e-9 * abs(inside) + 1e-300))


def words(interval: Interval, unit: str, number: Callable[[float], str]) -> str:
    """The interval as people read it."""
    tail = f" {unit}" if unit else ""
    if interval.open_low and interval.open_high:
        return "not limited by these data"
    if interval.open_low:
        return f"below {number(interval.high)}{tail}; zero is not excluded"
    if interval.open_high:
        return f"above {number(interval.low)}{tail}; no upper limit"
    return f"{number(interval.low)} to {number(interval.high)}{tail}"
