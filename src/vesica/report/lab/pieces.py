"""Pieces of the pictures of laboratory reports: what is drawn, and the small drawings it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number

LINE: Final = 15.0  # px, one line of words
MARK_LINE: Final = 13.0  # px, one line of words over a plot
_SWATCH: Final = 22.0
_FIT: Final = ", fit"  # end of the name of a curve that belongs to points


@dataclass(frozen=True)
class Axis:
    """One axis of a coordinate system.

    Parameters
    ----------
    label : what it shows, with its unit: ``time (h)``
    is_log : by powers of ten; values that are not positive sit at the edge
    span : both ends; by default what the data need (a linear axis that begins near zero begins at zero)
    """

    label: str
    is_log: bool = False
    span: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Curve:
    """A line, with a band where ``low`` and ``high`` are given; NaN interrupts it.

    ``x``, ``y``, ``low``, ``high``: (point,) in the units of the axes. An empty ``name`` stays out of the legend.
    """

    name: str
    style: ArmStyle
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    dash: str | None = None


@dataclass(frozen=True, eq=False)
class Points:
    """Measured values as dots, with whiskers where ``low`` and ``high`` are given.

    ``x``, ``y``, ``low``, ``high``: (point,) in the units of the axes. On a log axis a zero sits at the edge.
    """

    name: str
    style: ArmStyle
    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    hollow: bool = False
    radius: float = 3.6


@dataclass(frozen=True)
class Mark:
    """A dashed line at a value of an axis, with its words; the colour of ``style`` where one is given."""

    at: float
    words: str
    style: ArmStyle | None = None


@dataclass(frozen=True)
class Shade:
    """A range of x that is shaded, with its words: where the instrument does not see everything, say."""

    low: float
    high: float
    words: str


@dataclass(frozen=True)
class Row:
    """One value on a row of its own.

    Parameters
    ----------
    label : what it is the value of
    value : or None where only an upper limit is known
    low, high : ends of its interval
    style : number and colour, of its group
    large, small : the values it was made of: replicates, and the single measurements (videos, wells) in them
    note : words at the right end; by default the value
    limit : upper limit, drawn as an arrow that points down from it (in place of a value below the limit)
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    style: ArmStyle | None = None
    large: tuple[float, ...] = ()
    small: tuple[float, ...] = ()
    note: str = ""
    limit: float | None = None

    @property
    def numbers(self) -> list[float]:
        """Everything that is drawn and finite."""
        some = (self.value, self.low, self.high, self.limit, *self.large, *self.small)
        return [float(v) for v in some if v is not None and math.isfinite(v)]

    @property
    def words(self) -> str:
        """What stands at its right end."""
        if self.note:
            return self.note
        return number(self.value) if self.value is not None else f"< {number(self.limit)}"


def legend(series: Sequence[Curve | Points], width: float) -> tuple[Markup, float]:
    """Names of the series in lines of ``width``, and the height they take; nothing where there is one or none.

    Points ``a`` and a curve ``a`` or ``a, fit`` of the same colour share one entry.
    """
    entries: dict[tuple[str, str], list[Curve | Points]] = {}
    for one in series:
        if one.name:
            entries.setdefault((one.name.removesuffix(_FIT), one.style.css), []).append(one)
    kinds = {type(one) for many in entries.values() for one in many}
    if len(entries) < 2 and len(kinds) < 2:
        return Markup(""), 0.0
    words = [(many, name) for (name, _), many in entries.items()]
    if any(one.name.endswith(_FIT) for many in entries.values() for one in many):
        words.append(([], "dots: measured; lines: fit"))
    out, x, y = Markup(""), 0.0, 9.0
    for many, name in words:
        indent = _SWATCH if many else 0.0
        shown = svg.shorten(name, width - indent - 8)
        needed = indent + svg.text_width(shown, 11.5) + 12
        if x > 0 and x + needed > width:
            x, y = 0.0, y + LINE
        out += Markup("").join(_swatch(one, x, y) for one in many)
        out += svg.text(x + indent, y + 3.6, shown, class_="name" if many else "axis")
        x += needed
    return out, y + 10.0


def _swatch(one: Curve | Points, x: float, y: float) -> Markup:
    css = one.style.css
    if isinstance(one, Points):
        return svg.tag("circle", cx=x + 9, cy=y, r=3.6, class_=f"dot {'hollow ' if one.hollow else ''}{css}")
    return svg.tag("path", d=f"M{x:.1f},{y:.1f}L{x + 18:.1f},{y:.1f}", class_=f"line {css}",
                   stroke_dasharray=one.dash or one.style.dash)


def gathered(span: tuple[float, float] | None, *series: Sequence[Array | None]) -> list[float]:
    """Everything finite, or the span where one is given.

    Raises
    ------
    ValueError
        Nothing finite.
    """
    if span is not None:
        return list(span)
    arrays = [np.asarray(a, dtype=float).ravel() for many in series for a in many if a is not None]
    values = np.concatenate(arrays) if arrays else np.array([])
    values = values[np.isfinite(values)]
    if not values.size:
        msg = "a picture needs at least one finite value"
        raise ValueError(msg)
    return [float(v) for v in values]


def axis_scale(
    values: Sequence[float], start: float, end: float, *, is_log: bool, count: int, is_tight: bool = False
) -> svg.Scale:
    """Round scale over the values; ``is_tight`` ends where the data end (linear scales)."""
    if is_log:
        return _log_scale([v for v in values if v > 0.0] or [1.0], start, end, count)
    low, high = min(values), max(values)
    round_ends = svg.linear_scale(low, high, start, end, count=count)
    if not is_tight or not high > low:
        return round_ends
    first = round_ends.low if round_ends.low == 0.0 and 0.0 <= low < 0.6 * high else low
    ticks = tuple(t for t in round_ends.ticks if first <= t <= high)
    return svg.Scale(first, high, start, end, ticks)


def _log_scale(above: Sequence[float], start: float, end: float, count: int) -> svg.Scale:
    """Powers of ten; below two decades also 2 and 5 times them, and the ends are taken from those."""
    low, high = min(above), max(above)
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    if last - first > 2:
        return svg.log_scale(low, high, start, end, count=count)
    series = [m * 10.0**p for p in range(first - 1, last + 2) for m in (1.0, 2.0, 5.0)]
    lower = max(t for t in series if t <= low * (1 + 1e-9))
    upper = min(t for t in series if t >= high * (1 - 1e-9) and t > lower)
    return svg.Scale(lower, upper, start, end, tuple(t for t in series if lower <= t <= upper), is_log=True)


def places(scale: svg.Scale, values: Array) -> Array:
    """Places in px of many values; NaN stays NaN, what has no logarithm or lies beyond an end sits at that end."""
    values = np.asarray(values, dtype=float)
    if scale.is_log:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log10(np.maximum(values, 0.0) / scale.low) / math.log10(scale.high / scale.low)
    else:
        share = (values - scale.low) / (scale.high - scale.low)
    return scale.start + np.clip(share, 0.0, 1.0) * (scale.end - scale.start)


def _inside(scale: svg.Scale, values: Array) -> Array:
    """The values that the axis shows; NaN elsewhere, so that no line runs along an edge."""
    slack = 1e-9 * (scale.high - scale.low)
    return np.where((values >= scale.low - slack) & (values <= scale.high + slack), values, np.nan)


def curve_band(curve: Curve, x: svg.Scale, y: svg.Scale) -> Markup:
    """The ribbon between ``low`` and ``high``."""
    if curve.low is None or curve.high is None:
        return Markup("")
    across = places(x, _inside(x, np.asarray(curve.x, dtype=float)))
    low, high = places(y, curve.low), places(y, curve.high)
    known = np.isfinite(across) & np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(int), [0]))))
    data = ""
    for first, past in zip(edges[::2], edges[1::2], strict=True):
        part = slice(int(first), int(past))
        there = svg.path_of(across[part], high[part])
        back = svg.path_of(across[part][::-1], low[part][::-1])
        data += f"{there}L{back[1:]}Z"
    return svg.tag("path", d=data, class_=f"ribbon {curve.style.css}") if data else Markup("")


def curve_line(curve: Curve, x: svg.Scale, y: svg.Scale) -> Markup:
    """The line itself."""
    values = np.asarray(curve.y, dtype=float)
    if y.is_log:
        values = np.where(values > 0.0, values, np.nan)
    data = svg.path_of(places(x, _inside(x, np.asarray(curve.x, dtype=float))), places(y, values))
    hover = svg.tag("title", curve.name) if curve.name else Markup("")
    return svg.tag("path", hover, d=data, class_=f"line {curve.style.css}",
                   stroke_dasharray=curve.dash or curve.style.dash) if data else Markup("")


def point_dots(points: Points, x: svg.Scale, y: svg.Scale) -> Markup:
    """Whiskers and dots, each with its values on hover."""
    across, up = places(x, points.x), places(y, points.y)
    ends = None
    if points.low is not None and points.high is not None:
        ends = (places(y, points.low), places(y, points.high))
    css, out = f"dot {'hollow ' if points.hollow else ''}{points.style.css}", Markup("")
    for i in np.flatnonzero(np.isfinite(across) & np.isfinite(up)):
        if ends is not None and np.isfinite(ends[0][i]) and np.isfinite(ends[1][i]):
            out += svg.tag("line", x1=float(across[i]), x2=float(across[i]), y1=float(ends[0][i]),
                           y2=float(ends[1][i]), class_=f"whisker {points.style.css}")
        words = f"{points.name}: {number(float(points.x[i]))}, {number(float(points.y[i]))}"
        out += svg.tag("circle", svg.tag("title", words), cx=float(across[i]), cy=float(up[i]),
                       r=float(points.radius), class_=css)
    return out


def lanes(places_and_words: Sequence[tuple[float, str]]) -> list[int]:
    """Line (0 is the lowest) on which the words at each place stand, so that none covers another.

    Places are px of the middle of the words.
    """
    taken: list[float] = []
    out = [0] * len(places_and_words)
    for i in sorted(range(len(out)), key=lambda k: places_and_words[k][0]):
        at, words = places_and_words[i]
        half = svg.text_width(words) / 2 + 4
        lane = next((k for k, end in enumerate(taken) if at - half >= end), len(taken))
        if lane == len(taken):
            taken.append(0.0)
        taken[lane] = at + half
        out[i] = lane
    return out


def mark_places(marks: Sequence[Mark], shades: Sequence[Shade], x: svg.Scale) -> list[tuple[float, str]]:
    """Places in px of the middle of the words over a plot, kept inside it."""
    wanted = [(x(m.at), m.words) for m in marks]
    wanted += [((x(s.low) + x(s.high)) / 2, s.words) for s in shades]
    out = []
    for at, words in wanted:
        half = svg.text_width(words) / 2
        out.append((min(max(at, x.start - 2 + half), x.end + 12 - half), words))
    return out


def mark_lines(marks: Sequence[Mark], shades: Sequence[Shade], x: svg.Scale, top: float, bottom: float) -> Markup:
    """Dashed lines at the marks, and all words over the plot, on as many lines as they need."""
    middle = mark_places(marks, shades, x)
    out = Markup("")
    for i, ((at, words), lane) in enumerate(zip(middle, lanes(middle), strict=True)):
        y = top - 5 - MARK_LINE * lane
        css = "value"
        if i < len(marks):
            style = marks[i].style
            line = "event" if style is None else f"mode {style.css}"
            css = "value" if style is None else f"mark {style.css}"
            out += svg.tag("line", x1=x(marks[i].at), x2=x(marks[i].at), y1=y + 3, y2=bottom, class_=line)
        out += svg.text(at, y, words, class_=css, text_anchor="middle")
    return out


def shaded(shades: Sequence[Shade], x: svg.Scale, top: float, bottom: float) -> Markup:
    """The shaded ranges."""
    return Markup("").join(
        svg.tag("rect", x=x(s.low), width=max(x(s.high) - x(s.low), 0.0), y=top, height=bottom - top, class_="band")
        for s in shades
    )


def said(x_label: str, y_label: str, curves: Sequence[Curve], points: Sequence[Points], marks: Sequence[Mark]) -> str:
    """The picture in words, for a screen reader."""
    parts = [f"{y_label} against {x_label}"]
    for one in [*curves, *points]:
        values = np.asarray(one.y, dtype=float)
        if one.name and np.isfinite(values).any():
            top = int(np.nanargmax(values))
            parts.append(f"{one.name}: highest {number(float(values[top]))} at {number(float(one.x[top]))}")
    return ". ".join([*parts, *(mark.words for mark in marks)]) + "."
