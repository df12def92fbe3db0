"""Profile-likelihood intervals: how far one number can be moved while all others make up for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from vesica.analysis.kinetics.least_squares import Array, Fit, minimise

LEVEL = 0.95
_TOLERANCE = 1e-8  # of the search, far below what moves an end by its own tolerance of 1e-4


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
    begin : ((parameter,), value) -> (parameter,)
        The nearest place at which one does.
    """

    index: int
    solve: Callable[[Array, float], Array]
    begin: Callable[[Array, float], Array]


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
        lambda start, value: minimise(fit.problem, [start], {index: value}, tolerance=_TOLERANCE),
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

    def held(start: Array, value: float) -> tuple[Array, float]:
        if solved is not None:
            tied = solved.index, lambda sets: solved.solve(sets, value)
            return minimise(fit.problem, [solved.begin(start, value)], tied=tied, tolerance=_TOLERANCE)
        size = max(abs(value), 1e-9 * scale)
        return minimise(
            fit.problem,
            [start],
            pull=lambda sets: stiff * (quantity(sets) - value) / size,
            tolerance=_TOLERANCE,
        )

    return _interval(fit, _Trail(fit, best, held), scale, bottom, limit, level)


class _Trail:
    """Sum of squares at a value, each search begun at the nearest value that was solved before."""

    def __init__(self, fit: Fit, best: float, solve: Callable[[Array, float], tuple[Array, float]]) -> None:
        self.best, self._solve, self._known = best, solve, {best: (fit.values, fit.rss)}

    def __call__(self, value: float) -> float:
        if value not in self._known:
            near = min(self._known, key=lambda other: abs(other - value))
            self._known[value] = self._solve(self._known[near][0], value)
        return self._known[value][1]


def _interval(fit: Fit, rss_at: _Trail, scale: float, bottom: float, limit: float, level: float) -> Interval:
    allowed = rise(fit, level)
    if not math.isfinite(allowed):
        return Interval(0.0, math.inf, open_low=True, open_high=True)

    best = rss_at.best

    def excess(value: float) -> float:
        return rss_at(value) - fit.rss - allowed

    low, open_low = _crossing_below(excess, best, bottom)
    high, open_high = _crossing_above(excess, best, scale, limit)
    return Interval(low, high, open_low, open_high)


def _crossing_below(excess: Callable[[float], float], best: float, bottom: float) -> tuple[float, bool]:
    """The lower end, and whether even the bottom is within."""
    if best <= bottom or excess(bottom) <= 0.0:
        return 0.0, True
    inside, outside, share = best, bottom, 0.9
    while best * share > max(bottom, best * 1e-9):
        if excess(best * share) > 0.0:
            outside = best * share
            break
        inside = best * share
        share = share**1.8
    return _between(excess, outside, inside), False


def _crossing_above(
    excess: Callable[[float], float], best: float, scale: float, limit: float
) -> tuple[float, bool]:
    """The upper end, and whether the data set none."""
    inside, step = best, max(0.1 * best, 1e-3 * scale)
    while True:
        candidate = min(inside + step, limit)
        if excess(candidate) > 0.0:
            return _between(excess, candidate, inside), False
        if candidate >= limit:
            return math.inf, True
        inside, step = candidate, step * 2.0


def _between(excess: Callable[[float], float], outside: float, inside: float) -> float:
    from scipy.optimize import brentq

    if inside == outside:
        return inside
    return (
        float(brentq(excess, outside, inside, rtol=1e-4, xtol=1e-9 * abs(inside) + 1e-300))
        if excess(inside) < 0.0
        else inside
    )


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
