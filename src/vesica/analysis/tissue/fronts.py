"""Fronts: where a quantity of cells crosses a threshold along an axis, how fast that moves, and when there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.tissue.profiles import LEAST, edges_for, means

Array = NDArray[np.float64]
FEWEST: Final = 4  # times at which a front must stand inside the box
TIDY: Final = 0.8  # share of the bins that must lie on their side of the threshold, or the profile has no border
RISE: Final = 0.10  # of the highest mean: less than this above rest is no event
HOUR: Final = 3600.0
LEVEL: Final = 0.95  # of the interval of the speed
AXES: Final = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Front:
    """A front along an axis.

    Parameters
    ----------
    axis, side : along which it moves, and the face it comes from
    threshold : of the quantity
    times : (time,) s
    positions : (time,) um from the face it comes from; NaN before it begins and once it has left the box
    speed, low, high : um/h, with a 95 % interval; None where there is no front
    verdict : ``moves``, ``stands`` (it is there and does not get on), ``slows`` or ``none``
    words : one sentence
    """

    axis: int
    side: Literal["low", "high"]
    threshold: float
    times: Array
    positions: Array
    speed: float | None
    low: float | None
    high: float | None
    verdict: Literal["moves", "stands", "slows", "none"]
    words: str


def crossing(distance: Array, mean: Array, threshold: float) -> float:
    """Distance at which a profile first falls below the threshold, coming from where it is above; um.

    NaN where its beginning is not above the threshold or the profile has no border (`TIDY`), infinite where it is above
    everywhere. Between bins the profile is taken as straight.
    """
    known = np.isfinite(mean)
    distance, mean = distance[known], mean[known]
    if not mean.size or mean[0] <= threshold:
        return float("nan")
    below = np.flatnonzero(mean <= threshold)
    if not below.size:
        return float("inf")
    after = int(below[0])
    if after + np.count_nonzero(mean[after:] <= threshold) < TIDY * mean.size:
        return float("nan")
    before = after - 1
    share = (mean[before] - threshold) / (mean[before] - mean[after])
    return float(distance[before] + share * (distance[after] - distance[before]))


def find(times: Array, positions: Array, course: Array, size: tuple[float, float, float], *,
         axis: int | None = None, threshold: float | None = None) -> Front:
    """The front of a quantity.

    Parameters
    ----------
    times : (time,) s
    positions : (cell, 3) um
    course : (time, cell)
        The quantity; cells in which it is always missing are left out.
    size : um, of the box
    axis : 0, 1, 2; by default that along which means of the bins differ most
    threshold : by default half-way between the mean at the start and the highest mean of a bin

    Notes
    -----
    Cells are put in even bins along the axis, at least five in each; the front stands where the profile of the means
    falls below the threshold, seen from the face at which it rises first. Its speed is the median of the slopes of
    all pairs of times (Theil and Sen); the interval is Sen's, from the ranks of the slopes. It says how straight the
    course is; cells and parameters bring their own uncertainty.
    """
    held = np.isfinite(course).any(axis=0)
    positions, course = positions[held], course[:, held]
    if course.shape[1] < 2 * LEAST or times.size < 2:
        return _none(times, axis or 0, threshold, "too few cells or times to look for a front")
    axis = _axis_of(positions, course, size) if axis is None else axis
    along = positions[:, axis]
    edges = edges_for(along)
    if edges.size < 4:
        return _none(times, axis, threshold, f"too few cells along {AXES[axis]} for a profile")
    mean = means(along, course, edges)
    distance = means(along, along[None], edges, least=1)[0]
    if not np.isfinite(mean).any():
        return _none(times, axis, threshold, "too few cells in every bin")
    rest, top = float(np.nanmean(course[0])), float(np.nanmax(mean))
    if threshold is None:
        if top - rest <= RISE * max(abs(top), abs(rest)):
            return _none(times, axis, threshold, "it rises nowhere above its start")
        threshold = 0.5 * (rest + top)
    side = _side(mean, threshold)
    if side == "high":
        mean, distance = mean[:, ::-1], size[axis] - distance[::-1]
    places = np.array([crossing(distance, row, threshold) for row in mean])
    return _judged(times, places, _Seen(axis, side, threshold, float(edges[1] - edges[0])))


def _axis_of(positions: Array, course: Array, size: tuple[float, float, float]) -> int:
    """Along which axis bins differ most over the run, of those that are long enough to have bins."""
    longest = max(size)
    spread = []
    for axis, length in enumerate(size):
        if length < 0.1 * longest:
            spread.append(-1.0)
            continue
        mean = means(positions[:, axis], course, edges_for(positions[:, axis]))
        mean = mean[:, np.isfinite(mean).all(axis=0)]
        spread.append(float(mean.var(axis=1).sum()) if mean.size else -1.0)
    return int(np.argmax(spread))


def _side(mean: Array, threshold: float) -> Literal["low", "high"]:
    """The end that is above the threshold first; of two at once, the one that is above it more often."""
    whole = mean[:, np.isfinite(mean).all(axis=0)]
    if not whole.size:
        return "low"
    ends = whole[:, [0, -1]] > threshold
    first = [int(np.argmax(column)) if column.any() else len(column) for column in ends.T]
    if first[0] != first[1]:
        return "low" if first[0] < first[1] else "high"
    return "low" if ends[:, 0].sum() >= ends[:, 1].sum() else "high"


@dataclass(frozen=True)
class _Seen:
    """Along what, from where, at which threshold, and how finely (um)."""

    axis: int
    side: Literal["low", "high"]
    threshold: float
    bin: float


def _judged(times: Array, places: Array, seen: _Seen) -> Front:
    """What the course of the places says; what moves by less than a bin stands."""
    axis, side, threshold = seen.axis, seen.side, seen.threshold
    inside = np.isfinite(places)
    kept = np.where(inside, places, np.nan)
    hours = times[inside] / HOUR
    from_where = f"from the {side} end of {AXES[axis]}"
    if inside.sum() < FEWEST:
        many = int(inside.sum())
        why = f"the threshold is passed in the box at {many} stored times only, too few for a speed"
        if np.isinf(places).any():
            why = (f"it goes through the box within {many} stored times, too few to tell it from a rise that is "
                   "everywhere at once")
        elif not many:
            why = "at no stored time is one end above the threshold and the other below"
        return Front(axis, side, threshold, times, kept, None, None, None, "none", f"No front: {why}.")
    speed, low, high = slope(hours, places[inside])
    halves = np.array_split(np.arange(hours.size), 2)
    if low <= 0.0 or places[inside][-1] - places[inside][0] < seen.bin:
        at = float(np.median(places[inside]))
        return Front(axis, side, threshold, times, kept, speed, low, high, "stands",
                     f"A border stands {at:.0f} µm {from_where} and does not get on ({speed:.3g} µm/h, "
                     f"95 % interval {low:.3g} to {high:.3g}).")
    said = f"{speed:.3g} µm/h (95 % interval {low:.3g} to {high:.3g}) {from_where}"
    if min(half.size for half in halves) >= FEWEST:
        early, late = (slope(hours[half], places[inside][half]) for half in halves)
        if late[2] < early[1]:
            return Front(axis, side, threshold, times, kept, speed, low, high, "slows",
                         f"It slows down, from {early[0]:.3g} to {late[0]:.3g} µm/h; over all {said}.")
    return Front(axis, side, threshold, times, kept, speed, low, high, "moves", f"It moves at {said}.")


def slope(hours: Array, places: Array) -> tuple[float, float, float]:
    """Median slope of all pairs with its 95 % interval, um/h."""
    from scipy.stats import theilslopes

    found = theilslopes(places, hours, alpha=LEVEL)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _none(times: Array, axis: int, threshold: float | None, why: str) -> Front:
    return Front(axis, "low", float("nan") if threshold is None else threshold, times, np.full(times.size, np.nan),
                 None, None, None, "none", f"No front: {why}.")
