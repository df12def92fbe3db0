"""Range of influence: how far from its source a field, or an effect, is still felt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = Literal["plane", "point", ""]
TENTH: Final = 0.1
FEWEST: Final = 4  # points of a profile to fit three numbers to
PEAK: Final = 0.8  # of the highest value: a profile that begins lower has its source elsewhere
LEVEL: Final = 3.841  # chi-square with one degree of freedom, 95 %


@dataclass(frozen=True)
class Range:
    """How a profile falls off.

    Parameters
    ----------
    to_e, to_tenth : um from the source
        Where it has fallen to 1/e, and to 10 %, of its value at the source over that far away; read off the profile,
        with no law behind it. None where it does not fall so far inside the box.
    length, low, high : um
        Fitted decay length with its 95 % interval (profile likelihood, residuals taken as equal); None where the
        profile does not determine it.
    near, far : value next to the source, and the level it falls to
    """

    to_e: float | None
    to_tenth: float | None
    length: float | None
    low: float | None
    high: float | None
    near: float
    far: float


def decay_length(diffusivity: float, loss: float) -> float:
    """``sqrt(D / k)``: over it a steady profile falls to 1/e; um, from um^2/s and 1/s. Infinite without a loss."""
    return math.sqrt(diffusivity / loss) if loss > 0.0 else math.inf


def range_of(distance: Array, values: Array, *, shape: Shape = "plane", far: float | None = None) -> Range:
    """Range of influence of a profile.

    Parameters
    ----------
    distance : (point,) um from the source, rising
    values : (point,); missing ones are left out
    shape : ``plane`` fits ``far + A exp(-x/L)``, ``point`` fits ``far + A exp(-x/L)/x``, nothing fits nothing
    far : level far away; by default the lowest value for what is read off, and fitted for the length

    Notes
    -----
    A profile whose highest value lies further out has its source elsewhere, and no range from here.
    """
    known = np.isfinite(distance) & np.isfinite(values)
    x, y = distance[known], values[known]
    if x.size < 2 or not y[0] > y.min() or y[0] < PEAK * y.max():
        near = float(y[0]) if x.size else math.nan
        return Range(None, None, None, None, None, near, near)
    ground = float(y.min()) if far is None else far
    share = (y - ground) / (y[0] - ground)
    length, low, high = _fitted(x, y, shape, far) if shape and x.size >= FEWEST else (None, None, None)
    return Range(_falls_to(x, share, math.exp(-1.0)), _falls_to(x, share, TENTH), length, low, high, float(y[0]),
                 ground)


def _falls_to(x: Array, share: Array, level: float) -> float | None:
    """Distance from the first point at which the share first is as low as the level, straight between points."""
    below = np.flatnonzero(share <= level)
    if not below.size:
        return None
    after = int(below[0])
    part = (share[after - 1] - level) / (share[after - 1] - share[after])
    return float(x[after - 1] + part * (x[after] - x[after - 1]) - x[0])


def _fitted(x: Array, y: Array, shape: Shape, far: float | None) -> tuple[float | None, float | None, float | None]:
    """Decay length by least squares: linear in level and height, so only the length is searched.

    It is looked for between half the least distance of two points and ten times the reach of the profile; at an end of
    that, or with an interval that reaches there, it is not determined.
    """
    from scipy.optimize import brentq, minimize_scalar

    lowest, highest = 0.5 * float(np.diff(x).min()), 10.0 * float(x[-1] - x[0])
    grid = np.log(np.geomspace(lowest, highest, 200))

    def left(log_length: float) -> float:
        return _residual(x, y, math.exp(log_length), shape, far)

    sums = np.array([left(one) for one in grid])
    best = int(np.argmin(sums))
    if best in {0, grid.size - 1}:
        return None, None, None
    found = minimize_scalar(left, method="bounded", bounds=(grid[best - 1], grid[best + 1]), options={"xatol": 1e-10})
    free = max(x.size - (2 if far is not None else 3), 1)
    limit = float(found.fun) * (1.0 + LEVEL / free)
    outside = sums > limit
    below, above = np.flatnonzero(outside[: best]), best + 1 + np.flatnonzero(outside[best + 1 :])
    if not below.size or not above.size:
        return None, None, None  # as good as a straight line, or as a step
    ends = (_end(left, limit, float(grid[one]), float(found.x), brentq) for one in (below[-1], above[0]))
    low, high = ends
    return math.exp(float(found.x)), low, high


def _end(left: Callable[[float], float], limit: float, outside: float, best: float, solve: Callable[..., float],
         ) -> float:
    """Where what is left over reaches the limit, um."""
    if left(best) >= limit:  # nothing is left over at all
        return math.exp(best)
    return math.exp(solve(lambda at: left(at) - limit, outside, best, xtol=1e-10))


def _residual(x: Array, y: Array, length: float, shape: Shape, far: float | None) -> float:
    """Sum of squares left by the best height (and level) for a length."""
    law = np.exp(-(x - x[0]) / length)
    if shape == "point":
        law = law / np.maximum(x, 1e-12)
    columns = law[:, None] if far is not None else np.column_stack([law, np.ones(x.size)])
    wanted = y - (far or 0.0)
    scale = np.abs(columns).max(axis=0)
    answer = np.linalg.lstsq(columns / scale, wanted, rcond=None)[0]
    return float(np.sum((wanted - columns / scale @ answer) ** 2))
