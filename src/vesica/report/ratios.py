"""Ratios on a logarithmic axis: each arm over its own control, predicted beside measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from vesica.report import svg
from vesica.report.blocks import Panel
from vesica.report.charts import PANEL_WIDTH, WIDE
from vesica.report.material import ArmStyle
from vesica.report.numbers import number

SAME: Final = 1.1  # a ratio within this factor of one counts as no change
_NOTE: Final = 90.0  # px; a longer note stands below the name
_STEPS: Final = (1.0, 2.0, 5.0)
_FINE: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 2.0)


@dataclass(frozen=True)
class RatioRow:
    """One ratio on a row, with what was measured and its interval where that is known."""

    label: str
    value: float
    style: ArmStyle | None = None
    note: str = ""
    measured: float | None = None
    interval: tuple[float, float] | None = None


def _numbers(row: RatioRow) -> list[float]:
    found = [row.value, *([row.measured] if row.measured else []), *(row.interval or ())]
    return [x for x in found if math.isfinite(x) and x > 0.0]


def ratio_scale(values: Sequence[float], start: float, end: float) -> svg.Scale:
    """A log scale around one with ticks at round ratios; it spans at least 0.8 to 1.25."""
    low, high = min(0.8, *values), max(1.25, *values)
    if high / low < 4.0:
        ticks = [t for t in _FINE if low * 0.97 <= t <= high * 1.03]
    else:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        steps = _STEPS if high / low < 300.0 else (1.0,)
        ticks = [s * 10.0**p for p in powers for s in steps]
        ticks = [t for t in ticks if low * 0.7 <= t <= high * 1.4]
    return svg.Scale(min(low, *ticks), max(high, *ticks), start, end, tuple(ticks), is_log=True)


def ratio_rows(content: Sequence[RatioRow], title: str, x_label: str, width: float = PANEL_WIDTH) -> Markup:
    """Ratios on named rows; a line at one, a band where a change counts as none."""
    values = [x for row in content for x in _numbers(row)] or [1.0]
    x = ratio_scale(values, 14.0, width - 26.0)
    step, top = 37.0 + 15.0 * any(map(_is_long, content)), 6.0
    bottom = top + step * len(content)
    band = svg.tag("rect", x=x(1 / SAME), y=top, width=x(SAME) - x(1 / SAME), height=bottom - top, class_="band")
    one = svg.tag("line", x1=x(1.0), x2=x(1.0), y1=top, y2=bottom, class_="rest")
    parts = [band, svg.x_axis(x, top, bottom, x_label), one]
    parts += [_row(row, x, top + step * i, width) for i, row in enumerate(content)]
    said = ". ".join(f"{row.label}: {_said(row)}" for row in content)
    return svg.picture(width, bottom + 36.0, title, f"{x_label}. {said}.", *parts)


def _said(row: RatioRow) -> str:
    words = f"×{number(row.value)}"
    if row.measured is not None:
        words += f", measured ×{number(row.measured)}"
    if row.interval is not None:
        words += f" ({number(row.interval[0], 2)} to {number(row.interval[1], 2)})"
    return words


def _is_long(row: RatioRow) -> bool:
    """Whether the note needs a line of its own."""
    return svg.text_width(row.note) > _NOTE


def _row(row: RatioRow, x: svg.Scale, y: float, width: float) -> Markup:
    note = row.note or f"×{number(row.value)}"
    head = f"{row.style.number}" if row.style else ""
    indent = svg.text_width(head) + 6 if head else 0.0
    room = width - 16.0 - (0.0 if _is_long(row) else svg.text_width(note)) - indent
    out = svg.text(4.0, y + 12, head, class_=f"mark {row.style.css}") if row.style else Markup("")
    out += svg.text(4.0 + indent, y + 12, svg.shorten(row.label, room), class_="name")
    if _is_long(row):
        y += 15.0
        out += svg.text(4.0, y + 12, note, class_="value")
    else:
        out += svg.text(width - 4.0, y + 12, note, class_="value", text_anchor="end")
    level, css = y + 24.0, row.style.css if row.style else "c1"
    if row.interval is not None and min(row.interval) > 0.0:
        low, high = (x(v) for v in row.interval)
        out += svg.tag("line", x1=low, x2=high, y1=level, y2=level, class_="interval")
        for at in (low, high):
            out += svg.tag("line", x1=at, x2=at, y1=level - 4, y2=level + 4, class_="interval")
    if row.measured is not None and row.measured > 0.0:
        hover = svg.tag("title", f"measured ×{number(row.measured)}")
        out += svg.tag("rect", hover, x=x(row.measured) - 1.5, y=level - 7, width=3, height=14, class_="needed")
    hover = svg.tag("title", f"{row.label}: ×{number(row.value)}")
    if row.value > 0.0:
        out += svg.tag("circle", hover, cx=x(row.value), cy=level, r=4.5, class_=f"dot filled {css}")
    else:
        out += svg.tag("circle", hover, cx=x.start, cy=level, r=4.5, class_=f"dot hollow {css}")
    return out


def ratio_panel(content: Sequence[RatioRow], title: str, x_label: str, *, alone: bool = True) -> Panel:
    """The rows as a panel; one that stands alone is drawn wide for a desk."""
    if not alone:
        return Panel(title, ratio_rows(content, title, x_label))
    return Panel(title, ratio_rows(content, title, x_label, WIDE), ratio_rows(content, title, x_label))
