"""Pictures that laboratory reports share: curves with bands and points, values with intervals on rows, bars.

Every function takes the width in px (`charts.WIDE` for a desk, `charts.PANEL_WIDTH` for a phone) and gives one
SVG with its legend inside, so that a picture also stands alone as a file. `both` draws the two widths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.charts import PANEL_WIDTH, WIDE
from vesica.report.lab.pieces import (
    LINE,
    MARK_LINE,
    Axis,
    Curve,
    Mark,
    Points,
    Row,
    Shade,
    axis_scale,
    curve_band,
    curve_line,
    gathered,
    lanes,
    legend,
    mark_lines,
    mark_places,
    point_dots,
    said,
    shaded,
)
from vesica.report.lab.rows import between, interval_row, row_scale, row_words, wants_log, whisker

__all__ = ["Axis", "Curve", "Mark", "Points", "Row", "Shade", "bars", "both", "distribution", "dose_response",
           "intervals", "plane"]

_BOTTOM: Final = 36.0  # px below the plot: tick labels and the name of the axis


def both(draw: Callable[[float], Markup]) -> tuple[Markup, Markup]:
    """The picture for a desk and for a phone: ``LabFigure(name, caption, *both(lambda width: plane(...)))``."""
    return draw(WIDE), draw(PANEL_WIDTH)


def plane(
    title: str,
    x_axis: Axis,
    y_axis: Axis,
    *,
    curves: Sequence[Curve] = (),
    points: Sequence[Points] = (),
    marks: Sequence[Mark] = (),
    levels: Sequence[Mark] = (),
    shades: Sequence[Shade] = (),
    width: float = PANEL_WIDTH,
) -> Markup:
    """Curves with bands and points with whiskers in one coordinate system.

    Parameters
    ----------
    x_axis, y_axis : ``Axis("time (h)")``, ``Axis("dose (particles per cell)", is_log=True)``
    marks, levels : dashed lines at values of x, and at values of y
    shades : shaded ranges of x
    width : px

    Raises
    ------
    ValueError
        Nothing finite to draw.
    """
    names, top = legend([*points, *curves], width)
    y_values = gathered(y_axis.span, [c.y for c in curves], [e for c in curves for e in (c.low, c.high)],
                        [p.y for p in points], [e for p in points for e in (p.low, p.high)],
                        [np.array([m.at for m in levels])])
    x_values = gathered(x_axis.span, [c.x for c in curves], [p.x for p in points], [np.array([m.at for m in marks])])
    is_wide = width >= WIDE
    steps = 5 if is_wide else 4
    left, right = svg.left_margin(axis_scale(y_values, 1.0, 0.0, is_log=y_axis.is_log, count=steps)), width - 14.0
    x = axis_scale(x_values, left, right, is_log=x_axis.is_log, count=8 if is_wide else 5, is_tight=True)
    plot_top = top + LINE + 6 + MARK_LINE * max((lane + 1 for lane in lanes(mark_places(marks, shades, x))), default=0)
    bottom = plot_top + (250.0 if is_wide else 170.0)
    y = axis_scale(y_values, bottom, plot_top, is_log=y_axis.is_log, count=steps)
    parts = [names, shaded(shades, x, plot_top, bottom), svg.y_axis(y, left, right, ""),
             svg.text(0.0, top + 10, y_axis.label, class_="axis"), svg.x_axis(x, bottom, bottom, x_axis.label)]
    parts += [svg.tag("line", x1=left, x2=right, y1=y(m.at), y2=y(m.at), class_="rest") for m in levels]
    parts += [curve_band(c, x, y) for c in curves] + [curve_line(c, x, y) for c in curves]
    parts += [point_dots(p, x, y) for p in points]
    parts += [svg.text(right, y(m.at) - 4, m.words, class_="value", text_anchor="end") for m in levels]
    parts.append(mark_lines(marks, shades, x, plot_top, bottom))
    return svg.picture(width, bottom + _BOTTOM, title, said(x_axis.label, y_axis.label, curves, points, marks), *parts)


def distribution(
    title: str,
    curves: Sequence[Curve],
    *,
    y_label: str,
    x_label: str = "diameter (nm)",
    modes: Sequence[Mark] = (),
    detection: float | None = None,
    x_span: tuple[float, float] | None = None,
    width: float = PANEL_WIDTH,
) -> Markup:
    """Size distributions with bands: modes are marked, and what lies below the detection limit is shaded.

    Parameters
    ----------
    modes : lines at the modes, with their words
    detection : nm or None
        Below this diameter the instrument loses particles; shaded from the left edge on.
    """
    first = x_span[0] if x_span else min(float(c.x[0]) for c in curves)
    shades = () if detection is None or detection <= first else (Shade(first, detection, "partly seen"),)
    across, up = Axis(x_label, span=x_span), Axis(y_label)
    return plane(title, across, up, curves=curves, marks=modes, shades=shades, width=width)


def dose_response(
    title: str,
    x_label: str,
    y_label: str,
    *,
    points: Sequence[Points],
    curves: Sequence[Curve] = (),
    marks: Sequence[Mark] = (),
    width: float = PANEL_WIDTH,
) -> Markup:
    """A response over the dose on a log axis; ``marks`` are EC50, LOD or LOQ."""
    across, up = Axis(x_label, is_log=True), Axis(y_label)
    return plane(title, across, up, points=points, curves=curves, marks=marks, width=width)


def intervals(
    title: str,
    x_label: str,
    groups: Sequence[tuple[str, Sequence[Row]]],
    *,
    marks: Sequence[Mark] = (),
    is_log: bool | None = None,
    width: float = PANEL_WIDTH,
) -> Markup:
    """Values with intervals, one row each, under the names of their groups (an empty name draws no head).

    ``is_log`` is decided by the data where it is None: by powers of ten where they span more than a factor of 20.
    """
    rows = [row for _, members in groups for row in members]
    values = [v for row in rows for v in row.numbers] + [m.at for m in marks]
    x, names = row_scale(values, rows, width, is_log=wants_log(values) if is_log is None else is_log)
    step = (21.0 if names else 35.0) + (4.0 if any(row.small or row.large for row in rows) else 0.0)
    top = 8.0 + MARK_LINE * max((lane + 1 for lane in lanes(mark_places(marks, (), x))), default=0)
    y, parts = top, []
    for head, members in groups:
        if head:
            parts.append(svg.text(4.0, y + 13, svg.shorten(head, width - 8, 11.5), class_="name", font_weight="600"))
            y += 20.0
        for row in members:
            parts.append(interval_row(row, x, y, names, width))
            y += step
        y += 5.0
    axis = svg.x_axis(x, top, y, x_label)
    words = ". ".join(f"{row.label}: {row.words}{between(row)}" for row in rows)
    return svg.picture(width, y + _BOTTOM, title, f"{x_label}. {words}.", axis,
                       mark_lines(marks, (), x, top, y), *parts)


def bars(
    title: str,
    x_label: str,
    rows: Sequence[Row],
    *,
    marks: Sequence[Mark] = (),
    span: tuple[float, float] | None = None,
    width: float = PANEL_WIDTH,
) -> Markup:
    """Horizontal bars from zero with their intervals; ``marks`` are limits that matter (20 % background, say)."""
    values = [v for row in rows for v in row.numbers] + [m.at for m in marks] + [0.0, *(span or ())]
    x, names = row_scale(values, rows, width, is_log=False)
    step = 24.0 if names else 38.0
    top = 8.0 + MARK_LINE * max((lane + 1 for lane in lanes(mark_places(marks, (), x))), default=0)
    bottom, parts, zero = top + step * len(rows), [], x(0.0)
    for i, row in enumerate(rows):
        y = top + step * i
        parts.append(row_words(row, y, names, width))
        at = y + (11.0 if names else 25.0)
        if row.value is not None:
            end = x(row.value)
            hover = svg.tag("title", f"{row.label}: {row.words}")
            css = f"bar-fill {row.style.css if row.style else 'c1'}"
            parts.append(svg.tag("rect", hover, x=min(zero, end), width=abs(end - zero), y=at - 6, height=12,
                                 class_=css))
        parts.append(whisker(row, x, at, "interval"))
    axis = svg.x_axis(x, top, bottom, x_label)
    words = ". ".join(f"{row.label}: {row.words}{between(row)}" for row in rows)
    lines = mark_lines(marks, (), x, top, bottom)
    return svg.picture(width, bottom + _BOTTOM, title, f"{x_label}. {words}.", axis, *parts, lines)
