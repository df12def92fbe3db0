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


@dataclass(frozen=True, eq=False)
class _Search:
    """A problem, some of whose parameters are held, tied to others, or pulled; see `minimise`.

    Its vectors hold the free parameters on the inner scale, one set or several.
    """

    problem: Problem
    held: dict[int, float]
    pull: Callable[[Array], Array] | None
    tied: tuple[int, Callable[[Array], Array]] | None

    @cached_property
    def free(self) -> list[int]:
        """Indices of the parameters that are searched for."""
        names = range(len(self.problem.names))
        return [i for i in names if i not in self.held and (self.tied is None or i != self.tied[0])]

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest, (free parameter,) each."""
        low, high = (edge[self.free] for edge in self.problem.bounds)
        return low, high

    def whole(self, search: Array) -> Array:
        """(set, parameter) All parameters on their own scale."""
        search = np.atleast_2d(search)
        inner = np.zeros((search.shape[0], len(self.problem.names)))
        inner[:, self.free] = search
        values = np.array(self.problem.outer(inner))
        for index, value in self.held.items():
            values[:, index] = value
        if self.tied is not None:
            values[:, self.tied[0]] = self.tied[1](values)
        return values

    def residuals(self, search: Array) -> Array:
        """(set, row) Residuals, and the pull behind them."""
        values = self.whole(search)
        out = self.problem.residuals(values)
        out = np.where(np.isfinite(out), out, _WORST)  # a solver that gave up: the step is taken back
        return out if self.pull is None else np.concatenate([out, self.pull(values)[:, None]], axis=1)

    def with_slopes(self, at: Array) -> tuple[Array, Array]:
        """Residuals and their slopes: one call of the law, whose cost hardly depends on the number of sets."""
        low, high = self.bounds
        up, down = np.minimum(at + STEP, high), np.maximum(at - STEP, low)
        sides = [np.where(np.eye(at.size, dtype=bool), side, at) for side in (up, down)]
        found = self.residuals(np.concatenate([at[None], *sides]))
        slopes = (found[1 : at.size + 1] - found[at.size + 1 :]) / (up - down)[:, None]
        return found[0], slopes.T

    def total(self, search: Array) -> float:
        """Sum of squares of one set, without the pull."""
        return float((self.problem.residuals(self.whole(search))[0] ** 2).sum())


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
    search = _Search(problem, fixed or {}, pull, tied)
    if not search.free:
        nothing = np.zeros(0)
        return search.whole(nothing)[0], search.total(nothing)
    low, high = search.bounds
    begins = [np.clip(problem.inner(start)[search.free], low + 1e-9, high - 1e-9) for start in starts]
    if tries is not None and tries < len(begins):
        order = np.argsort((search.residuals(np.array(begins)) ** 2).sum(axis=1))
        begins = [begins[i] for i in order[:tries]]
    ends = [_descend(search, begin, tolerance) for begin in begins]
    sums = [search.total(end) for end in ends]
    best = int(np.argmin(sums))
    return search.whole(ends[best])[0], sums[best]


def _descend(search: _Search, begin: Array, tolerance: float) -> Array:
    """(free parameter,) Where the sum of squares ends from one start."""
    from scipy.optimize import least_squares

    known: dict[bytes, tuple[Array, Array]] = {}

    def both(at: Array) -> tuple[Array, Array]:
        key = at.tobytes()
        if key not in known:
            known.clear()  # a search asks for the slope where it asked for the residuals last
            known[key] = search.with_slopes(at)
        return known[key]

    done = least_squares(
        lambda at: both(at)[0],
        begin,
        jac=lambda at: both(at)[1],
        bounds=search.bounds,
        method="trf",
        ftol=tolerance,
        xtol=tolerance,
        gtol=tolerance,
        max_nfev=_MOST_STEPS,
    )
    end = np.asarray(done.x)
    # a trust region stays inside its bounds: a rate that wants to be zero is put there
    for i in np.flatnonzero((end < 1e-4) & ~search.problem.logarithmic[search.free]):
        zero = end.copy()
        zero[i] = 0.0
        if search.total(zero) <= search.total(end) * (1 + 1e-12) and search.pull is None:
            end = zero
    return end


def fit(problem: Problem, tries: int = 2) -> Fit:
    """The best fit, from the ``tries`` starts with the smallest sums of squares."""
    values, rss = minimise(problem, list(problem.starts), tries=tries)
    return Fit(problem, values, rss)
