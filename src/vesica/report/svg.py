"""Small pieces of SVG: elements, scales with round ticks, axes, paths.

Pictures are drawn here and not by matplotlib because they must follow the reader's theme
(colours are CSS classes), stay sharp and legible on a phone (text is text, at its own
size), and weigh a few kB each; matplotlib's SVG has fixed colours and weighs ten times that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from vesica.report.numbers import tick

FONT: Final = 11.0  # px, size of labels
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HOUR_STEPS: Final = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 720)


def clean(text: object) -> str:
    """Text without the characters that XML forbids."""
    return _CONTROL.sub("", str(text))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """One element; text is escaped, ``class_`` is ``class`` and ``a_b`` is ``a-b``; None is left out."""
    written = Markup("")
    for key, value in attributes.items():
        if value is None:
            continue
        text = f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else clean(value)
        written += Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), text)
    inside = Markup("").join(c if isinstance(c, Markup) else escape(clean(c)) for c in children)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)


def text(x: float, y: float, words: object, **attributes: object) -> Markup:
    """A line of text."""
    return tag("text", words, x=float(x), y=float(y), **attributes)


def picture(width: float, height: float, title: str, description: str, *parts: Markup) -> Markup:
    """The whole drawing, with the words a screen reader says."""
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        *parts,
        viewBox=f"0 0 {width:g} {math.ceil(height)}",
        role="img",
        class_="picture",
        style=f"max-width:{width * 1.35:.0f}px",
    )


def text_width(words: str, size: float = FONT) -> float:
    """Approximate width of a text in px; slightly too wide rather than too narrow."""
    narrow = sum(letter in "iljtf.,:;'|·⁰¹²³⁴⁵⁶⁷⁸⁹⁻ " for letter in words)
    wide = sum(letter in "mwMWOQGDHN@%–—" for letter in words)
    return size * (0.62 * (len(words) - narrow - wide) + 0.38 * narrow + 0.86 * wide)


def shorten(words: str, width: float, size: float = FONT) -> str:
    """The text, with an ellipsis where it would be wider than ``width``: in its middle, as names differ at the end."""
    if text_width(words, size) <= width:
        return words
    head, tail = words, ""
    while head and text_width(f"{head}…{tail}", size) > width:
        head = head[:-1]
        if len(tail) < len(head) / 2:
            tail = words[len(words) - len(tail) - 1 :]
    return f"{head.rstrip()}…{tail.lstrip()}"


@dataclass(frozen=True)
class Scale:
    """Maps values in [low, high] to px in [start, end], linearly or by powers of ten."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Place of a value, in px; beyond the ends it stays at the end."""
        if self.is_log:
            share = (math.log10(value) - math.log10(self.low)) / (
                math.log10(self.high) - math.log10(self.low)
            )
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def many(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same for an array, beyond the ends too; NaN stays NaN. Values of a log scale are above zero."""
        low, high = self.low, self.high
        if self.is_log:
            low, high, values = math.log10(low), math.log10(high), np.log10(values)
        return self.start + (values - low) / (high - low) * (self.end - self.start)


FLAT = 1e-9
"""Values closer than this share of themselves are one value: between them is only rounding, and no room for ticks."""


def linear_scale(low: float, high: float, start: float, end: float, count: int = 4) -> Scale:
    """A linear scale whose ends are round; starts at zero where the data come near it."""
    if 0.0 <= low < 0.6 * high:
        low = 0.0
    if not high - low > FLAT * max(abs(low), abs(high)):
        low, high = (0.0, 1.0) if low == 0.0 else sorted((0.0, 2.0 * low))
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((m * power for m in (1.0, 2.0, 2.5, 5.0) if m * power >= rough * 0.999), 10.0 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


def hour_scale(low: float, high: float, start: float, end: float, count: int = 6) -> Scale:
    """A scale of hours with the steps of a clock; ends where the data end."""
    high = high if high > low else low + 1.0
    step = next((s for s in _HOUR_STEPS if (high - low) / s <= count), None)
    if step is None:
        step = 720.0 * math.ceil((high - low) / (720.0 * count))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Scale(low, high, start, end, tuple(i * step for i in range(first, last + 1)))


def log_scale(low: float, high: float, start: float, end: float, count: int = 6) -> Scale:
    """A scale by powers of ten; at most ``count`` ticks."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    step = max(1, math.ceil((last - first) / count))
    ticks = tuple(10.0**p for p in range(first, last + 1, step))
    return Scale(10.0**first, 10.0**last, start, end, ticks, is_log=True)


def left_margin(scale: Scale) -> float:
    """Room that the tick labels of a vertical axis need."""
    return max(text_width(tick(value)) for value in scale.ticks) + 8.0


def y_axis(scale: Scale, left: float, right: float, label: str) -> Markup:
    """Horizontal hairlines, their labels, and the quantity with its unit above them."""
    lines = Markup("").join(
        tag("line", x1=left, x2=right, y1=scale(v), y2=scale(v), class_="grid") for v in scale.ticks
    )
    labels = Markup("").join(
        text(left - 6, scale(v) + 3.8, tick(v), class_="tick", text_anchor="end") for v in scale.ticks
    )
    return lines + labels + text(0.0, scale.end - 12, label, class_="axis")


def x_axis(
    scale: Scale, top: float, bottom: float, label: str, shown: Callable[[float], str] = tick
) -> Markup:
    """Base line, ticks, their labels without overlap, and the quantity with its unit below."""
    out = tag("line", x1=scale.start, x2=scale.end, y1=bottom, y2=bottom, class_="base")
    free_from = -math.inf
    for value in scale.ticks:
        x, words = scale(value), shown(value)
        half = text_width(words) / 2
        out += tag("line", x1=x, x2=x, y1=top, y2=bottom + 4, class_="grid")
        if x - half < free_from:
            continue
        free_from = x + half + 4
        out += text(x, bottom + 16, words, class_="tick", text_anchor="middle")
    return out + text(scale.end, bottom + 31, label, class_="axis", text_anchor="end")


def simplify(x: NDArray[np.float64], y: NDArray[np.float64], tolerance: float = 0.2) -> NDArray[np.intp]:
    """Indices of the points that a line needs to stay within ``tolerance`` px (Douglas and Peucker, 1973)."""
    keep = np.zeros(x.size, dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, x.size - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        dx, dy = x[last] - x[first], y[last] - y[first]
        inner = slice(first + 1, last)
        away = np.abs(dx * (y[inner] - y[first]) - dy * (x[inner] - x[first])) / (math.hypot(dx, dy) or 1.0)
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return np.flatnonzero(keep)


def path_of(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Path data of a line in px, interrupted where a value is missing."""
    finite = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], finite.astype(int), [0]))))
    pieces = []
    for first, past in zip(edges[::2], edges[1::2], strict=True):
        part = slice(int(first), int(past))
        index = simplify(x[part], y[part])
        points = [f"{a:.1f},{b:.1f}" for a, b in zip(x[part][index], y[part][index], strict=True)]
        pieces.append("M" + "L".join(points))
    return "".join(pieces)


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The positions, moved apart to at least ``gap`` within [low, high], order kept."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    gap = min(gap, (high - low) / max(len(order) - 1, 1))
    placed: list[float] = []
    for i in order:
        placed.append(max(positions[i], placed[-1] + gap if placed else low))
    limit = high
    for k in range(len(placed) - 1, -1, -1):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    out = [0.0] * len(positions)
    for k, i in enumerate(order):
        out[i] = placed[k]
    return out
