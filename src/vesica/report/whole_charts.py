"""Pictures of whole numbers: histograms of several arms in one panel, and single cells in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.charts import PANEL_WIDTH
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number

HEIGHT: Final = 214.0
_TOP: Final = 26.0
_BOTTOM: Final = 36.0
_BARS: Final = 40  # at most, of one panel


@dataclass(frozen=True)
class Histogram:
    """Values of one arm, and how often each was seen; ``never`` is how many have none."""

    style: ArmStyle
    values: Array
    counts: Array
    never: float = 0.0


def edges_of(shown: Sequence[Histogram]) -> Array:
    """(bar + 1,) common edges, at most `_BARS` bars.

    Values on a grid (whole numbers, or those divided by the hours of the run) get bars of equally many grid
    points each, as others would show a comb that is not there.
    """
    values = np.unique(np.concatenate([one.values for one in shown]))
    low, high = float(values[0]), float(values[-1])
    step = 1.0 if np.all(values == np.round(values)) else float(np.diff(values).min(initial=high - low or 1.0))
    places = (values - low) / step
    if np.abs(places - np.round(places)).max() > 1e-6:
        return np.linspace(low, high, _BARS + 1)
    points = round((high - low) / step) + 1
    width = math.ceil(points / _BARS)
    return np.asarray(low + step * (width * np.arange(math.ceil(points / width) + 1) - 0.5), dtype=np.float64)


def histograms(shown: Sequence[Histogram], title: str, x_label: str, *, is_log: bool = False,
               law: tuple[Array, Array] | None = None) -> Markup:
    """Outlines of the histograms of several arms: share of what was seen (%) in each bar.

    Parameters
    ----------
    is_log : bool
        Shares by powers of ten, for what is mostly zero.
    law : (value,) and probabilities, optional
        Law that the numbers should follow, drawn as a dotted line.
    """
    edges = edges_of(shown)
    shares = [100.0 * np.histogram(one.values, edges, weights=one.counts)[0] / one.counts.sum() for one in shown]
    top = max(float(share.max()) for share in shares)
    bottom = HEIGHT - _BOTTOM
    if is_log:
        least = min(float(share[share > 0].min()) for share in shares)
        y = svg.log_scale(least * 0.8, top, bottom, _TOP + 4)
    else:
        y = svg.linear_scale(0.0, top, bottom, _TOP + 4)
    left, right = svg.left_margin(y), PANEL_WIDTH - 14.0
    is_whole = all(bool(np.all(one.values == np.round(one.values))) for one in shown)
    x = _along(float(edges[0]), float(edges[-1]), left, right, is_whole=is_whole)
    parts = [svg.y_axis(y, left, right, "share (%)"), svg.x_axis(x, bottom, bottom, x_label)]
    for one, share in reversed(list(zip(shown, shares, strict=True))):
        line = _outline(edges, share, x, y)
        parts.append(svg.tag("path", d=line, class_=f"line outline {one.style.css}", stroke_dasharray=one.style.dash))
    if law is not None:
        expected = 100.0 * np.histogram(law[0], edges, weights=law[1])[0]
        parts.append(svg.tag("path", d=_outline(edges, expected, x, y), class_="line law threshold"))
    means = [float(one.values @ one.counts / one.counts.sum()) for one in shown]
    said = "; ".join(f"{one.style.name} has a mean of {number(mean)}" for one, mean in zip(shown, means, strict=True))
    return svg.picture(PANEL_WIDTH, HEIGHT, title, f"Share of {x_label}. {said}.", *parts)


def risen(shown: Sequence[Histogram], title: str, y_label: str, end: float) -> Markup:
    """Share of all (%) that have had theirs by a time (h), from 0 to ``end``: steps up; those that never do count."""
    totals = [float(one.counts.sum() + one.never) for one in shown]
    lasts = [100.0 * float(one.counts.sum()) / total for one, total in zip(shown, totals, strict=True)]
    y = svg.linear_scale(0.0, max(lasts), HEIGHT - _BOTTOM, _TOP + 4)
    x = svg.hour_scale(0.0, end, svg.left_margin(y), PANEL_WIDTH - 14.0)
    courses = [np.concatenate([[0.0], np.cumsum(one.counts) * 100.0 / total])
               for one, total in zip(shown, totals, strict=True)]
    said = "; ".join(f"{one.style.name} reaches {number(last)} %" for one, last in zip(shown, lasts, strict=True))
    return _steps(shown, courses, (x, y), title, ("time (h)", y_label), said)


def remaining(shown: Sequence[Histogram], title: str, y_label: str) -> Markup:
    """Share (%) of waiting times that are longer than a time (h), on an axis of powers of ten."""
    y = svg.linear_scale(0.0, 100.0, HEIGHT - _BOTTOM, _TOP + 4)
    courses = [100.0 - np.concatenate([[0.0], np.cumsum(one.counts) * 100.0 / one.counts.sum()]) for one in shown]
    few = [float(one.values[np.searchsorted(-course[1:], -98.0)]) for one, course in zip(shown, courses, strict=True)]
    longest = max(float(one.values[-1]) for one in shown)
    left, right = svg.left_margin(y), PANEL_WIDTH - 14.0
    ticks = svg.log_scale(max(min(few), longest / 1e4), longest, left, right).ticks
    low, high = max(min(few) / 2.0, longest / 1e4), 1.1 * longest
    x = svg.Scale(low, high, left, right, tuple(tick for tick in ticks if low <= tick <= high), is_log=True)
    halves = [float(one.values[np.searchsorted(np.cumsum(one.counts), 0.5 * one.counts.sum())]) for one in shown]
    said = "; ".join(f"half of those of {one.style.name} are longer than {number(half)} h"
                     for one, half in zip(shown, halves, strict=True))
    return _steps(shown, courses, (x, y), title, ("time (h)", y_label), said)


def _steps(shown: Sequence[Histogram], courses: Sequence[Array], scales: tuple[svg.Scale, svg.Scale], title: str,
           labels: tuple[str, str], said: str) -> Markup:
    """Lines that step at the values of each arm, from the left end of the axis to the right."""
    x, y = scales
    bottom = HEIGHT - _BOTTOM
    parts = [svg.y_axis(y, x.start, x.end, labels[1]), svg.x_axis(x, bottom, bottom, labels[0])]
    for one, course in reversed(list(zip(shown, courses, strict=True))):
        points = [f"M{x.start:.1f},{y(float(course[0])):.1f}"]
        for value, before, after in zip(one.values, course[:-1], course[1:], strict=True):
            place = x(max(float(value), x.low))
            points += [f"L{place:.1f},{y(float(before)):.1f}", f"L{place:.1f},{y(float(after)):.1f}"]
        points.append(f"L{x.end:.1f},{y(float(course[-1])):.1f}")
        parts.append(svg.tag("path", d="".join(points), class_=f"line outline {one.style.css}",
                             stroke_dasharray=one.style.dash))
    return svg.picture(PANEL_WIDTH, HEIGHT, title, f"{labels[1]} against {labels[0]}. {said}.", *parts)


def _along(low: float, high: float, left: float, right: float, *, is_whole: bool) -> svg.Scale:
    """A horizontal axis that ends where the bars end, with round ticks; of whole numbers only whole ones."""
    ticks = svg.linear_scale(low, high, left, right, count=5).ticks
    if is_whole and high - low <= 6.0:
        ticks = tuple(float(value) for value in range(math.ceil(low), math.floor(high) + 1))
    kept = tuple(tick for tick in ticks if low <= tick <= high and (tick.is_integer() or not is_whole))
    return svg.Scale(low, high, left, right, kept)


def _outline(edges: Array, shares: Array, x: svg.Scale, y: svg.Scale) -> str:
    """Path of the steps; a bar of nothing lies on the base line."""
    heights = [y(float(share)) if share > 0 or not y.is_log else y.start for share in shares]
    points = [f"{x(float(edges[0])):.1f},{y.start:.1f}"]
    for place, height in enumerate(heights):
        points += [f"{x(float(edges[place])):.1f},{height:.1f}", f"{x(float(edges[place + 1])):.1f},{height:.1f}"]
    return "M" + "L".join([*points, f"{x(float(edges[-1])):.1f},{y.start:.1f}"])


def cells(style: ArmStyle, time: Array, single: Array, mean: Array, title: str, y_label: str,
          span: tuple[float, float]) -> Markup:
    """Single cells (cell, time) as thin lines, the mean of the sample as a thick one; time in h."""
    bottom = HEIGHT - _BOTTOM
    y = svg.linear_scale(*span, bottom, _TOP + 4)
    left, right = svg.left_margin(y), PANEL_WIDTH - 14.0
    x = svg.hour_scale(float(time[0]), float(time[-1]), left, right)
    parts = [svg.y_axis(y, left, right, y_label), svg.x_axis(x, bottom, bottom, "time (h)")]
    parts += [svg.tag("path", d=svg.path_of(x.many(time), y.many(values)), class_=f"line thin {style.css}")
              for values in single]
    parts.append(svg.tag("path", d=svg.path_of(x.many(time), y.many(mean)), class_="line whole-mean threshold"))
    ends = single[:, -1][np.isfinite(single[:, -1])]
    said = f"Single cells end between {number(float(ends.min()))} and {number(float(ends.max()))}" if ends.size else "-"
    return svg.picture(PANEL_WIDTH, HEIGHT, title, f"{y_label} against time (h). {said}.", *parts)
