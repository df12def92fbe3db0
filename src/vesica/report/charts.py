"""The pictures of a report: lines, stacked bars, dots on rows, density, heat map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number, percent, ranges

PANEL_WIDTH: Final = 340.0
WIDE: Final = 720.0
_TOP: Final = 26.0
_BOTTOM: Final = 36.0


@dataclass(frozen=True)
class Line:
    """One arm's course in time (h)."""

    style: ArmStyle
    time: Array
    values: Array


def lines(
    courses: Sequence[Line],
    title: str,
    y_label: str,
    *,
    span: tuple[float, float] | None = None,
    rest: float | None = None,
    marks: Sequence[float] = (),
    is_log: bool = False,
) -> Markup:
    """Courses in time, each marked at its end with the number of its arm.

    ``span`` fixes the vertical range, ``rest`` draws the resting level, ``marks`` the times (h) of events.
    """
    height = 214.0
    low, high = span or spans(courses)
    bottom = height - _BOTTOM
    y = (svg.log_scale if is_log else svg.linear_scale)(low, high, bottom, _TOP + 4)
    left, right = svg.left_margin(y), PANEL_WIDTH - 26.0
    start, end = min(c.time[0] for c in courses), max(c.time[-1] for c in courses)
    x = svg.hour_scale(float(start), float(end), left, right)
    parts = [svg.y_axis(y, left, right, y_label), svg.x_axis(x, bottom, bottom, "time (h)")]
    if rest is not None and y.low <= rest <= y.high:
        parts.append(svg.tag("line", x1=left, x2=right, y1=y(rest), y2=y(rest), class_="rest"))
    parts += [
        svg.tag("line", x1=x(m), x2=x(m), y1=y.end, y2=bottom, class_="event")
        for m in sorted(set(marks))
        if start < m < end
    ]
    for course in reversed(courses):
        data = svg.path_of(x.many(course.time), y.many(course.values))
        css = f"line {course.style.css}"
        parts.append(svg.tag("path", d=data, class_=css, stroke_dasharray=course.style.dash))
    parts.append(_line_ends(courses, x, y))
    words = "; ".join(f"{c.style.name} ends at {number(_last(c.values)[1])}" for c in courses)
    return svg.picture(PANEL_WIDTH, height, title, f"{y_label} against time (h). {words}.", *parts)


def _last(values: Array) -> tuple[int, float]:
    index = int(np.flatnonzero(np.isfinite(values))[-1])
    return index, float(values[index])


def _line_ends(courses: Sequence[Line], x: svg.Scale, y: svg.Scale) -> Markup:
    """Numbers of the arms at the ends of their lines, moved apart where they would touch."""
    ends = [(course, *_last(course.values)) for course in courses]
    places = svg.spread([y(value) for _, _, value in ends], 10.5, y.end, y.start)
    out = Markup("")
    for (course, index, value), place in zip(ends, places, strict=True):
        at = x(float(course.time[index]))
        out += svg.tag("line", x1=at, y1=y(value), x2=at + 6, y2=place, class_=f"leader {course.style.css}")
        css = f"mark {course.style.css}"
        out += svg.text(at + 8, place + 3.6, course.style.number, class_=css)
    return out


def spans(courses: Sequence[Line]) -> tuple[float, float]:
    """Lowest and highest value of all courses."""
    low = min(float(np.nanmin(c.values)) for c in courses)
    high = max(float(np.nanmax(c.values)) for c in courses)
    return low, high


@dataclass(frozen=True)
class Segment:
    """Part of a stacked bar: share of the whole, colour class, name."""

    name: str
    css: str
    share: float


@dataclass(frozen=True)
class Bar:
    """A stacked bar with the words above it, left and right."""

    label: str
    segments: tuple[Segment, ...]
    total: str = ""
    style: ArmStyle | None = None


def stacked(bars: Sequence[Bar], title: str, x_label: str, width: float = PANEL_WIDTH) -> Markup:
    """Shares as stacked bars, one under the other, with the per cent written where it fits."""
    step, thick, top = 40.0, 17.0, 6.0
    bottom = top + step * len(bars)
    x = svg.linear_scale(0.0, 100.0, 4.0, width - 14.0, count=4)
    parts = [svg.x_axis(x, top, bottom, x_label)]
    for i, bar in enumerate(bars):
        y = top + step * i
        room = width - svg.text_width(bar.total) - 20
        parts.append(_row_label(bar.label, bar.style, 4.0, y + 11, room))
        parts.append(svg.text(x.end, y + 11, bar.total, class_="value", text_anchor="end"))
        at = 0.0
        for part in bar.segments:
            x0, x1 = x(100 * at), x(100 * (at + part.share))
            at += part.share
            hover = svg.tag("title", f"{part.name}: {percent(part.share)}")
            rect = {"x": x0, "y": y + 17, "width": max(x1 - x0, 0.0), "height": thick}
            parts.append(svg.tag("rect", hover, class_=f"segment {part.css}", **rect))
            words = f"{100 * part.share:.0f}"
            if x1 - x0 > svg.text_width(words) + 6:
                middle = (x0 + x1) / 2
                parts.append(svg.text(middle, y + 29.5, words, class_="on-colour", text_anchor="middle"))
    said = ". ".join(
        f"{bar.label}: " + ", ".join(f"{part.name} {percent(part.share)}" for part in bar.segments)
        for bar in bars
    )
    return svg.picture(width, bottom + _BOTTOM, title, f"{x_label}. {said}.", *parts)


def _row_label(label: str, style: ArmStyle | None, x: float, y: float, room: float) -> Markup:
    """A name, with the coloured number of its arm before it."""
    if style is None:
        return svg.text(x, y, svg.shorten(label, room), class_="name")
    head = f"{style.number}"
    indent = svg.text_width(head) + 6
    mark = svg.text(x, y, head, class_=f"mark {style.css}")
    return mark + svg.text(x + indent, y, svg.shorten(label, room - indent), class_="name")


@dataclass(frozen=True)
class Dot:
    """One value on a row; ``shape`` is filled, hollow or bar."""

    value: float
    css: str
    words: str
    shape: str = "filled"


@dataclass(frozen=True)
class DotRow:
    """A named row of dots; ``joined`` draws a line between the lowest and the highest."""

    label: str
    dots: tuple[Dot, ...]
    style: ArmStyle | None = None
    note: str = ""
    joined: bool = False


def dot_rows(
    content: Sequence[DotRow],
    title: str,
    x_label: str,
    *,
    width: float = PANEL_WIDTH,
    limits: tuple[float, float] | None = None,
    is_log: bool = True,
) -> Markup:
    """Values as dots on named rows. On a log axis a zero sits at the left edge and is written as 0."""
    values = [dot.value for row in content for dot in row.dots]
    x = _dot_scale(values, width, limits, is_log=is_log)
    parts, y = [], 8.0
    for row in content:
        lanes = [[i for i, dot in enumerate(row.dots)]] if row.joined else [[i] for i in range(len(row.dots))]
        inside = 20.0 + 11.0 * len(lanes)
        room = width - 44.0 - svg.text_width(row.note)
        parts.append(_row_label(row.label, row.style, 4.0, y + 11, room))
        if row.note:
            parts.append(svg.text(x.end, y + 11, row.note, class_="value", text_anchor="end"))
        for lane, members in enumerate(lanes):
            parts.append(_lane([row.dots[i] for i in members], x, y + 21 + 11.0 * lane, joined=row.joined))
        y += inside + 8
    axis = svg.x_axis(x, 4.0, y, x_label)
    said = ". ".join(
        f"{row.label}: " + ", ".join(f"{dot.words} {number(dot.value)}" for dot in row.dots)
        for row in content
    )
    return svg.picture(width, y + _BOTTOM, title, f"{x_label}. {said}.", axis, *parts)


def _dot_scale(
    values: Sequence[float], width: float, limits: tuple[float, float] | None, *, is_log: bool
) -> svg.Scale:
    start, end = 16.0, width - 30.0
    if not is_log:
        return svg.linear_scale(*(limits or (min(values), max(values))), start, end)
    above = [v for v in values if v > 0.0] or [1.0]
    low, high = limits or (min(above), max(above))
    return svg.log_scale(low, high, start, end, count=6 if width < 500 else 10)


def _lane(dots: Sequence[Dot], x: svg.Scale, y: float, *, joined: bool) -> Markup:
    places = [x.start if x.is_log and dot.value <= 0.0 else x(dot.value) for dot in dots]
    out = Markup("")
    if joined and len(places) > 1:
        out += svg.tag("line", x1=min(places), x2=max(places), y1=y, y2=y, class_="join")
    for dot, at in zip(dots, places, strict=True):
        hover = svg.tag("title", f"{dot.words}: {number(dot.value)}")
        if dot.shape == "bar":
            out += svg.tag("rect", hover, x=at - 1.5, y=y - 7, width=3, height=14, class_=f"needed {dot.css}")
        else:
            out += svg.tag("circle", hover, cx=at, cy=y, r=4.5, class_=f"dot {dot.shape} {dot.css}")
        if not joined:
            words = ("0 · " if x.is_log and dot.value <= 0.0 else "") + dot.words
            fits = at + 8 + svg.text_width(words) < x.end + 28
            side = {} if fits else {"text_anchor": "end"}
            out += svg.text(at + (8 if fits else -8), y + 3.6, words, class_=f"mark {dot.css}", **side)
    return out


def together(values: Sequence[tuple[ArmStyle, float]], within: float = 0.01) -> tuple[Dot, ...]:
    """One dot per distinct value; arms that agree to ``within`` share one that carries all their numbers."""
    groups: list[list[tuple[ArmStyle, float]]] = []
    for style, value in sorted(values, key=lambda pair: pair[1]):
        if groups and math.isclose(value, groups[-1][0][1], rel_tol=within):
            groups[-1].append((style, value))
        else:
            groups.append([(style, value)])
    out = []
    for group in groups:
        first = min(group, key=lambda pair: pair[0].number)[0]
        css = first.css if len(group) == 1 else "several"
        out.append(Dot(group[0][1], css, ranges([style.number for style, _ in group])))
    return tuple(out)


def density(grid: Array, values: Array, median: float | None, title: str) -> Markup:
    """A size law: density (1/nm) over diameter (nm), with its median where it is known."""
    height = 214.0
    bottom = height - _BOTTOM
    y = svg.linear_scale(0.0, float(np.nanmax(values)), bottom, _TOP + 4)
    left, right = svg.left_margin(y), PANEL_WIDTH - 12.0
    first, last = float(grid[0]), float(grid[-1])
    ticks = svg.linear_scale(first, last, left, right, count=5).ticks
    x = svg.Scale(first, last, left, right, tuple(t for t in ticks if first <= t <= last))
    line = svg.path_of(x.many(grid), y.many(values))
    area = f"{line}L{right:.1f},{bottom:.1f}L{left:.1f},{bottom:.1f}Z"
    parts = [svg.y_axis(y, left, right, "density (1/nm)"), svg.x_axis(x, bottom, bottom, "diameter (nm)")]
    parts += [svg.tag("path", d=area, class_="area"), svg.tag("path", d=line, class_="line c1")]
    said = f"Density of diameters from {number(first)} to {number(last)} nm."
    if median is not None and first <= median <= last:
        at = x(median)
        parts.append(svg.tag("line", x1=at, x2=at, y1=_TOP + 4, y2=bottom, class_="event"))
        near_right = at > (left + right) / 2
        words = f"median {number(median)} nm"
        side = {"text_anchor": "end"} if near_right else {}
        parts.append(svg.text(at + (-5 if near_right else 5), _TOP + 14, words, class_="value", **side))
        said += f" Median {number(median)} nm."
    return svg.picture(PANEL_WIDTH, height, title, said, *parts)


def heat_map(
    senders: Sequence[str],
    receivers: Sequence[str],
    table: Sequence[Sequence[float | None]],
    highest: float,
    title: str,
) -> Markup:
    """Vesicles from sender (row) to receiver (column); colour by powers of ten below ``highest``."""
    left = min(max(svg.text_width(s) for s in senders) + 12, 112.0)
    cell = min(max((PANEL_WIDTH - left - 4) / len(receivers), 40.0), 84.0)
    high, top = 34.0, 44.0
    width = max(PANEL_WIDTH, left + cell * len(receivers) + 4)
    parts = [
        svg.text(0.0, 11.0, "from sender ↓ to receiver →  (EV)", class_="axis"),
    ]
    for j, receiver in enumerate(receivers):
        words = svg.shorten(receiver, cell - 4)
        parts.append(svg.text(left + cell * (j + 0.5), top - 8, words, class_="name", text_anchor="middle"))
    for i, sender in enumerate(senders):
        y = top + high * i
        parts.append(
            svg.text(left - 8, y + 21, svg.shorten(sender, left - 10), class_="name", text_anchor="end")
        )
        for j, receiver in enumerate(receivers):
            value = table[i][j]
            level = 0.0
            if value is not None and value > 0.0 and highest > 0.0:
                level = min(max(1.0 + math.log10(value / highest) / 6.0, 0.06), 1.0)
            hover = svg.tag("title", f"{sender} to {receiver}: {number(value)} EV")
            rect = {"x": left + cell * j + 1, "y": y + 1, "width": cell - 2, "height": high - 2, "rx": 3}
            parts.append(svg.tag("rect", hover, class_="heat", fill_opacity=f"{0.9 * level:.2f}", **rect))
            css = "heat-number strong" if level > 0.62 else "heat-number"
            words = number(value, 2)
            parts.append(svg.text(left + cell * (j + 0.5), y + 21.5, words, class_=css, text_anchor="middle"))
    said = "; ".join(
        f"{s} to {r} {number(table[i][j])}" for i, s in enumerate(senders) for j, r in enumerate(receivers)
    )
    return svg.picture(width, top + high * len(senders) + 6, title, f"Vesicles (EV): {said}.", *parts)
