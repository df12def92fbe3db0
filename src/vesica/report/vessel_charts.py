"""Profiles: a concentration over a distance, at several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.charts import PANEL_WIDTH
from vesica.report.courses import DECADES
from vesica.report.material import Array
from vesica.report.numbers import number

_HEIGHT: Final = 214.0
_BOTTOM: Final = 36.0
_TOP: Final = 30.0
_CSS: Final = ("c6", "c4", "c2", "c1")  # times, early to late


@dataclass(frozen=True)
class Profile:
    """Values over the distance at one time."""

    label: str
    values: Array


def profiles(distance: Array, courses: Sequence[Profile], title: str, y_label: str, x_label: str) -> Markup:
    """One line for each time, with the time at its end; by powers of ten where values span several."""
    seen = np.concatenate([one.values for one in courses])
    seen = seen[np.isfinite(seen)]
    low, high = float(seen.min()), float(seen.max())
    is_log = low > 0.0 and DECADES[0] <= math.log10(high / low) <= DECADES[1]
    bottom = _HEIGHT - _BOTTOM
    y = (svg.log_scale if is_log else svg.linear_scale)(low if is_log else 0.0, high, bottom, _TOP)
    left = svg.left_margin(y)
    right = PANEL_WIDTH - 8.0 - max(svg.text_width(one.label) for one in courses)
    x = svg.Scale(0.0, float(distance[-1]), left, right, _ticks(float(distance[-1]), left, right))
    parts = [svg.y_axis(y, left, right, y_label), svg.x_axis(x, bottom, bottom, x_label)]
    ends = svg.spread([y(float(one.values[-1])) for one in courses], 10.5, y.end, y.start)
    for place, (one, end) in enumerate(zip(courses, ends, strict=True)):
        css = _CSS[len(_CSS) - len(courses) + place] if len(courses) <= len(_CSS) else _CSS[-1]
        parts.append(svg.tag("path", d=svg.path_of(x.many(distance), y.many(one.values)), class_=f"line {css}"))
        parts.append(svg.text(right + 4, end + 3.6, one.label, class_=f"mark {css}"))
    said = "; ".join(f"{one.label}: {number(one.values[0])} at one end, {number(one.values[-1])} at the other"
                     for one in courses)
    return svg.picture(PANEL_WIDTH, _HEIGHT, title, f"{y_label} over {x_label}. {said}.", *parts)


def _ticks(end: float, left: float, right: float) -> tuple[float, ...]:
    return tuple(tick for tick in svg.linear_scale(0.0, end, left, right).ticks if tick <= end)
