"""Maximum likelihood by least squares: problems, fits, AICc.

Every rate is a free number above zero; those marked logarithmic are searched by their logarithm, the others may
be exactly zero. Errors are multiplicative (residuals of logarithms) or weighted; their scale is estimated unless
standard deviations were given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_WORST = 1e6  # residual of a place where the law has no value
_MOST_STEPS = 100
_EXACT = 1e-9  # of the error of readings that lie on the curve, as numbers typed from a formula do
STEP = 1e-4  # of the central difference, in search coordinates: error 1e-8, above the noise of the ODE solver


@dataclass(frozen=True, eq=False)
class Problem:
    """Readings and a law that predicts them.

    Parameters
    ----------
    names : (parameter,) str
    predict : (set, parameter) -> (set, row)
        The law, for many sets of parameters at once.
    observed : (row,)
    weight : (row,) or None
        Standard deviations (relative ones where ``scale_is_known`` is false). None: multiplicative errors.
    scale_is_known : bool
    starts : (start, parameter)
        Where to begin.
    scale : (parameter,)
        A typical size of each parameter, for steps.
    limit : (parameter,)
        Beyond it a parameter is as good as infinite.
    logarithmic : (parameter,) bool
        Searched by its logarithm, never zero; from ``1e-12 scale``.
    """

    names: tuple[str, ...]
    predict: Callable[[Array], Array]
    observed: Array
    weight: Array | None
    scale_is_known: bool
    starts: Array
    scale: Array
    limit: Array
    logarithmic: NDArray[np.bool_]

    @property
    def n_free(self) -> int:
        """Parameters, with the scale of the error where it is estimated."""
        return len(self.names) + (not self.scale_is_known)

    def outer(self, search: Array) -> Array:
        """(..., parameter) Parameters from search coordinates."""
        return (
            np.where(self.logarithmic, np.exp(np.where(self.logarithmic, search, 0.0)), search) * self.scale
        )

    def inner(self, values: Array) -> Array:
        """(..., parameter) Search coordinates of parameters."""
        relative = np.asarray(values, dtype=float) / self.scale
        return np.where(
            self.logarithmic, np.log(np.where(self.logarithmic, np.maximum(relative, 1e-300), 1.0)), relative
        )

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest search coordinates."""
        high = self.inner(self.limit)
        return np.where(self.logarithmic, math.log(1e-12), 0.0), high

    def residuals(self, values: Array) -> Array:
        """(set, row) Residuals of (set, parameter), in units of the weight."""
        predicted = self.predict(np.atleast_2d(values))
        if self.weight is None:
            with np.errstate(divide="ignore"):
                return np.log(self.observed) - np.log(np.maximum(predicted, 1e-300))
        return (self.observed - predicted) / self.weight


@dataclass(frozen=True, eq=False)
class Fit:
    """The best parameters of a problem.

    Parameters
    ----------
    problem : Problem
    values : (parameter,)
    rss : sum of squared residuals, in units of the weights
    """

    problem: Problem
    values: Array
    rss: float

    @property
    def n_rows(self) -> int:
        """Readings."""
        return int(self.problem.observed.size)

    @property
    def sigma(self) -> float:
        """Scale of the error: 1 where it is known, else its maximum-likelihood value."""
        return 1.0 if self.problem.scale_is_known else max(math.sqrt(self.rss / self.n_rows), _EXACT)

    @property
    def log_likelihood(self) -> float:
        """Of the readings, with all constants, so that other programs find the same number."""
        problem, sigma = self.problem, self.sigma
        jacobian = np.log(problem.observed).sum() if problem.weight is None else np.log(problem.weight).sum()
        return float(
            -0.5 * self.rss / sigma**2
            - self.n_rows * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
            - jacobian
        )

    @property
    def aicc(self) -> float:
        """Akaike's criterion for small samples; infinite where there are too few readings."""
        n, k = self.n_rows, self.problem.n_free
        if n - k - 1 <= 0:
            return math.inf
        return -2.0 * self.log_likelihood + 2.0 * k + 2.0 * k * (k + 1) / (n - k - 1)

    def value(self, name: str) -> float:
        """One parameter."""
        return float(self.values[self.problem.names.index(name)])


def minimise(
    problem: Problem,
    starts: Sequence[Array],
    fixed: dict[int, float] | None = None,
    pull: Callable[[Array], Array] | None = None,
    tied: tuple[int, Callable[[Array], Array]] | None = None,
    tolerance: float = 1e-10,
    tries: int | None = None,
) -> tuple[Array, float]:
    """The best parameters and their sum of squares, from several starts.

    Parameters
    ----------
    problem : Problem
    starts : (parameter,) each
    fixed : index -> value
        Parameters held.
    pull : (set, parameter) -> (set,), optional
        A residual that must vanish (a constraint, strongly weighted); not part of the sum that is returned.
    tied : index and (set, parameter) -> (set,), optional
        A parameter that follows from the others.
    tolerance : float
        Of the search; profiles need less than the best fit.
    tries : int, optional
        Only so many starts are searched from: those with the smallest sums of squares.
    """
    from scipy.optimize import least_squares

    held = fixed or {}
    free = [i for i in range(len(problem.names)) if i not in held and (tied is None or i != tied[0])]
    low, high = (edge[free] for edge in problem.bounds)

    def whole(search: Array) -> Array:
        values = np.empty((search.shape[0], len(problem.names)))
        inner = np.zeros_like(values)
        inner[:, free] = search
        values[:] = problem.outer(inner)
        for index, value in held.items():
            values[:, index] = value
        if tied is not None:
            values[:, tied[0]] = tied[1](values)
        return values

    def residuals(search: Array) -> Array:
        values = whole(np.atleast_2d(search))
        out = problem.residuals(values)
        out = np.where(np.isfinite(out), out, _WORST)  # a solver that gave up: the step is taken back
        return out if pull is None else np.concatenate([out, pull(values)[:, None]], axis=1)

    known: dict[bytes, tuple[Array, Array]] = {}

    def both(search: Array) -> tuple[Array, Array]:
        """Residuals and their slopes: one call of the law, whose cost hardly depends on the number of sets."""
        key = search.tobytes()
        if key not in known:
            up, down = np.minimum(search + STEP, high), np.maximum(search - STEP, low)
            sides = [np.where(np.eye(len(free), dtype=bool), side, search) for side in (up, down)]
            found = residuals(np.concatenate([search[None], *sides]))
            slopes = (found[1 : len(free) + 1] - found[len(free) + 1 :]) / (up - down)[:, None]
            known.clear()  # a search asks for the slope where it asked for the residuals last
            known[key] = found[0], slopes.T
        return known[key]

    def total(search: Array) -> float:
        return float((problem.residuals(whole(np.atleast_2d(search)))[0] ** 2).sum())

    if not free:
        values = whole(np.zeros((1, 0)))[0]
        return values, float((problem.residuals(values)[0] ** 2).sum())
    best: tuple[Array, float] | None = None
    begins = [np.clip(problem.inner(start)[free], low + 1e-9, high - 1e-9) for start in starts]
    if tries is not None and tries < len(begins):
        order = np.argsort((residuals(np.array(begins)) ** 2).sum(axis=1))
        begins = [begins[i] for i in order[:tries]]
    for begin in begins:
        done = least_squares(
            lambda s: both(s)[0],
            begin,
            jac=lambda s: both(s)[1],
            bounds=(low, high),
            method="trf",
            ftol=tolerance,
            xtol=tolerance,
            gtol=tolerance,
            max_nfev=_MOST_STEPS,
        )
        end = np.asarray(done.x)
        # a trust region stays inside its bounds: a rate that wants to be zero is put there
        for i in np.flatnonzero((end < 1e-4) & ~problem.logarithmic[free]):
            zero = end.copy()
            zero[i] = 0.0
            if total(zero) <= total(end) * (1 + 1e-12) and pull is None:
                end = zero
        sum_of_squares = total(end)
        if best is None or sum_of_squares < best[1]:
            best = whole(end[None])[0], sum_of_squares
    assert best is not None  # noqa: S101 - a problem has at least one start
    return best


def fit(problem: Problem, tries: int = 2) -> Fit:
    """The best fit, from the ``tries`` starts with the smallest sums of squares."""
    values, rss = minimise(problem, list(problem.starts), tries=tries)
    return Fit(problem, values, rss)
