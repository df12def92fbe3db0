"""Rows of the pictures of laboratory reports: names, values, whiskers and dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.charts import WIDE
from vesica.report.lab.pieces import Row, axis_scale, places
from vesica.report.numbers import number

_NAMES: Final = 0.38  # share of a wide picture that the names of rows may take

_REACH: Final = 20.0  # a log axis begins at most this factor below the least value


def wants_log(values: Sequence[float]) -> bool:
    """Whether the values span more than a factor of 20 and none is negative."""
    above = [v for v in values if v > 0.0]
    return bool(above) and min(values) >= 0.0 and max(above) > 20.0 * min(above)


def row_scale(
    values: Sequence[float], rows: Sequence[Row], width: float, *, is_log: bool
) -> tuple[svg.Scale, float]:
    """Scale of a picture of rows, and the px its names take at the left (0: they stand over their rows)."""
    if not values:
        msg = "a picture needs at least one finite value"
        raise ValueError(msg)
    if is_log:  # an end or a dot near zero would stretch the axis: it sits at the edge
        core = [v for row in rows for v in (row.value, row.limit) if v is not None and v > 0.0]
        values = [max(v, min(core) / _REACH) if core else v for v in values]
    room = max((svg.text_width(row.words) for row in rows), default=0.0) + 10.0
    names = 0.0
    if width >= WIDE:
        names = min(max(svg.text_width(row.label, 11.5) for row in rows) + 34.0, _NAMES * width)
    left, right = max(names, 16.0), width - (room if names else 18.0)
    return axis_scale(values, left + 6, right, is_log=is_log, count=6 if width >= WIDE else 4), names


def row_words(row: Row, y: float, names: float, width: float) -> Markup:
    """Name of the row at the left or above, its value at the right end."""
    size = svg.text_width(row.words)
    room = (names if names else width - size - 12) - 26.0
    indent, mark = 4.0, Markup("")
    if row.style is not None:
        mark = svg.text(4.0, y + 15 if names else y + 11, str(row.style.number), class_=f"mark {row.style.css}")
        indent += svg.text_width(str(row.style.number)) + 6
    base = y + 15 if names else y + 11
    shown = svg.shorten(row.label, room, 11.5)
    hover = svg.tag("title", row.label) if shown != row.label else Markup("")
    label = svg.tag("text", hover, shown, x=indent, y=base, class_="name")
    return mark + label + svg.text(width - 2, base, row.words, class_="value", text_anchor="end")


def whisker(row: Row, x: svg.Scale, y: float, css: str) -> Markup:
    """The interval of a row, its ends capped; at the edge of a log axis a zero."""
    if row.low is None or row.high is None or not (math.isfinite(row.low) and math.isfinite(row.high)):
        return Markup("")
    ends = [float(v) for v in places(x, np.array([row.low, row.high]))]
    line = svg.tag("line", x1=ends[0], x2=ends[1], y1=y, y2=y, class_=css)
    caps = [svg.tag("line", x1=e, x2=e, y1=y - 3.5, y2=y + 3.5, class_=css) for e in ends]
    return Markup("").join([line, *caps])


def interval_row(row: Row, x: svg.Scale, y: float, names: float, width: float) -> Markup:
    """One row: small dots, larger ones, the interval and the value; an arrow where only a limit is known."""
    css = row.style.css if row.style else "c0"
    at = y + (11.0 if names else 24.0)
    out = row_words(row, y, names, width)
    for values, radius in ((row.small, 1.7), (row.large, 2.9)):  # below the line, where they can be seen
        there = [float(v) for v in places(x, np.array(values, dtype=float)) if math.isfinite(v)]
        out += Markup("").join(svg.tag("circle", cx=v, cy=at + 6.5, r=radius, class_=f"speck {css}") for v in there)
    out += whisker(row, x, at, f"whisker {css}")
    if row.value is not None and math.isfinite(row.value):
        hover = svg.tag("title", f"{row.label}: {row.words}")
        out += svg.tag("circle", hover, cx=float(places(x, np.array(row.value))), cy=at, r=4.2, class_=f"dot {css}")
    elif row.limit is not None:
        end = float(places(x, np.array(row.limit)))
        tip = max(end - 26.0, x.start)
        data = f"M{end:.1f},{at - 4:.1f}L{end:.1f},{at + 4:.1f}M{end:.1f},{at:.1f}L{tip:.1f},{at:.1f}"
        data += f"M{tip + 5:.1f},{at - 3.5:.1f}L{tip:.1f},{at:.1f}L{tip + 5:.1f},{at + 3.5:.1f}"
        out += svg.tag("path", svg.tag("title", f"{row.label}: below {number(row.limit)}"), d=data,
                       class_=f"line {css}")
    return out


def between(row: Row) -> str:
    """The interval in words, for a screen reader."""
    if row.low is None or row.high is None:
        return ""
    return f" (from {number(row.low)} to {number(row.high)})"
