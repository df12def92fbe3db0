"""Courses of a quantity in time, arm by arm: panels, and figures of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from vesica.report import charts
from vesica.report.blocks import Figure, Panel, arm_keys
from vesica.report.charts import Line
from vesica.report.material import Array, Material, entries, get
from vesica.report.numbers import for_reading, is_number, number, ranges

Reader = Callable[[str], tuple[Array, Array] | None]

DECADES: Final = (2.0, 6.0)  # powers of ten of which a logarithmic axis shows more; beyond, the low end is nothing
_LEAST_SPAN: Final = 0.1  # of the level; smaller changes count as none when directions are compared
_STEADY: Final = 1e-9  # relative change below which a course is called constant


@dataclass(frozen=True)
class Wanted:
    """A quantity to draw: its course in an arm, and the level at rest where all arms share it."""

    title: str
    y_label: str
    read: Reader
    rest: float | None = None


def plain(material: Material, species: str, factor: float = 1.0) -> Reader:
    """A species as the run has it, times a factor."""

    def read(arm: str) -> tuple[Array, Array] | None:
        found = material.series(arm, species)
        return None if found is None else (found[0], factor * found[1])

    return read


def level(material: Material, cell: str, name: str) -> Wanted:
    """A signal, or a level of a network, in the unit people read."""
    species = f"{cell}.{name}"
    factor, unit = for_reading(material.unit(species))
    basal = [factor * float(b) for arm in material.arms.values()
             if is_number(b := get(arm, "cells", cell, "signals", name, "basal"))]
    rest = basal[0] if basal and max(basal) - min(basal) <= 0.01 * abs(basal[0]) else None
    y_label = "relative level" if unit in {"", "1"} else "level" if unit == "level" else f"level ({unit})"
    return Wanted(material.label(species), y_label, plain(material, species, factor), rest)


def figure_of_all(
    material: Material, cell: str, wanted: Sequence[Wanted], *, title: str = "", folded: bool = False
) -> Figure | None:
    """All quantities of a cell type that change in some arm; nothing where none does."""
    panels, drawn, steady = [], [], []
    for one in wanted:
        more, arms = panels_of(material, cell, one, steady)
        panels += more
        drawn += arms
    return figure_of(material, title or cell, panels, drawn, steady, folded=folded) if panels else None


def panels_of(
    material: Material,
    cell: str,
    wanted: Wanted,
    steady: list[str] | None = None,
) -> tuple[list[Panel], list[str]]:
    """Panels of one quantity, arms in groups on a common range; and the arms drawn.

    What stays above zero and moves over `DECADES` powers of ten has an axis of powers of ten.
    A quantity that is constant and the same in every arm is named in ``steady`` instead.
    """
    title, y_label = wanted.title, wanted.y_label
    courses: dict[str, Line] = {}
    for arm in material.arms_with(cell):
        found = wanted.read(arm)
        if found is not None:
            courses[arm] = Line(material.styles[arm], *found)
    if not courses:
        return [], []
    low, high = charts.spans(list(courses.values()))
    if high - low <= _STEADY * max(abs(high), abs(low), 1e-30):
        if steady is not None:
            steady.append(f"{title} ({number(high)} {y_label})")
        return [], []
    if high - low < _LEAST_SPAN * abs(high):  # a small change shall look small
        middle, half = 0.5 * (high + low), 0.5 * _LEAST_SPAN * abs(high)
        low, high = middle - half, middle + half
    is_log = low > 0.0 and DECADES[0] <= math.log10(high / low) <= DECADES[1]
    groups = [kept for group in material.groups(cell) if (kept := [arm for arm in group if arm in courses])]
    panels = []
    for group in groups:
        members = [material.styles[arm].number for arm in group]
        name = title if len(groups) == 1 else f"{title}, arms {ranges(members)}"
        marks = [
            d["at_h"]
            for arm in group
            for d in entries(material.arms[arm].get("dose"))
            if is_number(d.get("at_h"))
        ]
        chosen = [courses[arm] for arm in group]
        panels.append(
            Panel(name, charts.lines(chosen, name, y_label, span=(low, high), rest=wanted.rest, marks=marks,
                                      is_log=is_log))
        )
    return panels, list(courses)


def figure_of(
    material: Material, title: str, panels: list[Panel], drawn: Sequence[str], steady: Sequence[str],
    *, folded: bool = False,
) -> Figure:
    """Panels with their legend, and what is not drawn because it is constant."""
    styles = [style for name, style in material.styles.items() if name in drawn]
    caption = "Numbers at the line ends are arms; where lines coincide, the lowest number lies on top. "
    caption += "No axis spans less than 10 % of its level."
    if any(entries(material.arms[arm].get("dose")) for arm in drawn):
        caption += " Dotted vertical: vesicles are added."
    if steady:
        caption += f" Constant in every arm: {', '.join(steady)}."
    return Figure(caption, tuple(panels), arm_keys(styles), title=title, folded=folded)
