"""Maximum likelihood of a size law, and profile-likelihood intervals: one-sided where the data say so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.nta.fits_laws import BehindLimit, SizeLaw
from vesica.readers.records import FloatArray

# 95 % point of chi-squared with one degree of freedom (Wilks 1938).
DEVIANCE_95: Final = 3.841458820694124
_AT_BOUND: Final = 1e-4


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % profile-likelihood interval.

    Parameters
    ----------
    value, low, high : float
    has_low, has_high : bool
        False where the likelihood stays within its limit up to the edge of what is possible: the
        data give no bound on this side, and ``low`` or ``high`` is that edge or infinite.
    """

    value: float
    low: float
    high: float
    has_low: bool = True
    has_high: bool = True

    @property
    def is_bounded(self) -> bool:
        """Whether the data bound it on both sides."""
        return self.has_low and self.has_high

    def map(self, function: Callable[[float], float]) -> Interval:
        """Through an increasing function."""
        return Interval(
            function(self.value), function(self.low), function(self.high), self.has_low, self.has_high
        )

    def words(self, unit: str = "") -> str:
        """``92.1 nm (90.3 to 94.0)``, or which side the data leave open."""
        suffix = f" {unit}" if unit else ""
        head = f"{self.value:.4g}{suffix}"
        if self.is_bounded:
            return f"{head} ({self.low:.4g} to {self.high:.4g})"
        if self.has_low:
            return f"{head} (at least {self.low:.4g}; the data give no upper bound)"
        if self.has_high:
            return f"{head} (at most {self.high:.4g}; the data give no lower bound)"
        return f"{head} (the data give no bound on either side)"


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest.

    ``at_bound`` are the indices of parameters that ended at a bound.
    """

    parameters: FloatArray
    log_likelihood: float
    has_converged: bool
    at_bound: tuple[int, ...]


def maximise(law: SizeLaw) -> Maximum:
    """Maximum likelihood from every start of the law; the best is kept."""
    found = [_climb(law, start, range(start.size)) for start in law.starts()]
    best = max(found, key=lambda one: one[1])
    return _maximum(law, *best)


def _maximum(law: SizeLaw, parameters: FloatArray, value: float, has_converged: bool) -> Maximum:  # noqa: FBT001
    lower, upper = np.array(law.bounds).T
    near = np.minimum(parameters - lower, upper - parameters) < _AT_BOUND
    return Maximum(parameters, value, has_converged, tuple(int(index) for index in np.flatnonzero(near)))


def _climb(law: SizeLaw, start: FloatArray, free: range | list[int]) -> tuple[FloatArray, float, bool]:
    """Largest log-likelihood with only the ``free`` parameters moving."""
    from scipy.optimize import minimize

    index = np.array(list(free), dtype=int)
    if index.size == 0:
        return start, law.log_likelihood(start)[0], True

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        parameters = start.copy()
        parameters[index] = values
        value, gradient = law.log_likelihood(parameters)
        return -value / law.data.tracks, -gradient[index] / law.data.tracks

    bounds = [law.bounds[item] for item in index]
    fit = minimize(
        loss, start[index], jac=True, bounds=bounds, method="L-BFGS-B",
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    parameters = start.copy()
    parameters[index] = fit.x
    # A line search that finds nothing better at rounding is a maximum, too.
    flat = bool(np.abs(np.asarray(fit.jac) * _inside(fit.x, bounds)).max() < 1e-4)
    return parameters, -float(fit.fun) * law.data.tracks, bool(fit.success) or flat


def _inside(values: FloatArray, bounds: list[tuple[float, float]]) -> FloatArray:
    lower, upper = np.array(bounds).T
    return ((values > lower + _AT_BOUND) & (values < upper - _AT_BOUND)).astype(float)


def parameter_deviance(law: SizeLaw, best: Maximum, index: int, value: float) -> float:
    """Twice the log-likelihood lost by fixing one parameter, the others refitted; >= 0."""
    start = best.parameters.copy()
    start[index] = value
    others = [item for item in range(start.size) if item != index]
    return max(2.0 * (best.log_likelihood - _climb(law, start, others)[1]), 0.0)


def parameter_interval(law: SizeLaw, best: Maximum, index: int) -> Interval:
    """Interval of one parameter of the likelihood, in its own (logarithmic) scale."""
    return _interval(
        lambda value: parameter_deviance(law, best, index, value),
        float(best.parameters[index]), law.bounds[index], law.data.tracks,
    )  # fmt: skip


def unseen_factor_deviance(
    law: BehindLimit, best: Maximum, log_factor: float, window: tuple[float, float] | None
) -> float:
    """Twice the log-likelihood lost by fixing ln(true / measured number); infinite where no law gives it."""
    return _factor_profile(law, best, window)[0](log_factor)


def _factor_profile(
    law: BehindLimit, best: Maximum, window: tuple[float, float] | None
) -> tuple[Callable[[float], float], Callable[[], FloatArray]]:
    """The deviance as a function of ln(true / measured number), and the law it was found with.

    Each call starts where the last one ended.
    """
    from scipy.optimize import minimize

    scale = law.data.tracks
    last = [best.parameters]

    def deviance(log_factor: float) -> float:
        smallest = math.inf
        for start in (last[0], best.parameters, *law.starts()):
            fit = minimize(
                lambda p: tuple(-part / scale for part in law.log_likelihood(p)),
                start, jac=True, bounds=law.bounds, method="SLSQP",
                constraints={
                    "type": "eq",
                    "fun": lambda p: law.seen_share(p, window)[0] + log_factor,
                    "jac": lambda p: law.seen_share(p, window)[1],
                },
                options={"maxiter": 100, "ftol": 1e-12},
            )  # fmt: skip
            if abs(law.seen_share(fit.x, window)[0] + log_factor) < 1e-6:
                smallest = min(smallest, 2.0 * (best.log_likelihood + float(fit.fun) * scale))
                if fit.success:
                    last[0] = fit.x
                    break
        return max(smallest, 0.0)

    return deviance, lambda: last[0]


def unseen_factor_interval(
    law: BehindLimit, best: Maximum, window: tuple[float, float] | None = None
) -> Interval:
    """Interval of (true number / number measured), by profile likelihood.

    Parameters
    ----------
    law : BehindLimit
    best : Maximum of that law
    window : (low, high) nm, optional
        Which true particles are meant; all of the law without it.

    Returns
    -------
    Interval, dimensionless
        Without an upper end where the law that reaches it has its median below the smallest vesicle of the law:
        its number then depends on where the law is cut, which nobody measured. Only "at least" is known.
    """
    value = -law.seen_share(best.parameters, window)[0]
    corners = [
        -law.seen_share(np.array([median, width]), window)[0]
        for median in law.bounds[0] for width in law.bounds[1]
    ]  # fmt: skip
    deviance, law_there = _factor_profile(law, best, window)
    high, has_high = _crossing(deviance, value, max(value, *corners), law.data.tracks)
    if has_high:
        deviance(high)
        has_high = bool(law_there()[0] > math.log(law.low))
    low, has_low = _crossing(deviance, value, min(value, *corners), law.data.tracks)
    return Interval(
        math.exp(value), math.exp(low) if has_low else 0.0, math.exp(high) if has_high else math.inf,
        has_low, has_high,
    )  # fmt: skip


def _interval(
    deviance: Callable[[float], float], best: float, bounds: tuple[float, float], tracks: float
) -> Interval:
    low, has_low = _crossing(deviance, best, bounds[0], tracks)
    high, has_high = _crossing(deviance, best, bounds[1], tracks)
    return Interval(best, low, high, has_low, has_high)


def _crossing(
    deviance: Callable[[float], float], best: float, bound: float, tracks: float
) -> tuple[float, bool]:
    """Where the profile crosses its 95 % limit on the way to a bound, and whether it does."""
    from scipy.optimize import brentq

    def excess(value: float) -> float:
        return min(deviance(value), 1e6) - DEVIANCE_95

    step = math.copysign(1.0 / math.sqrt(tracks), bound - best)
    inner, outer = best, best + step
    while (outer - bound) * step < 0 and excess(outer) <= 0:
        step *= 2.0
        inner, outer = outer, outer + step
    if (outer - bound) * step >= 0:
        outer = bound
        if outer == inner or excess(outer) <= 0:
            return bound, False
    return float(brentq(excess, inner, outer, xtol=1e-8, rtol=1e-9)), True
