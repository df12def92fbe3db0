"""The section about the vessel: its parts, what stands at which height, and how insert and well come together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from vesica.report import charts
from vesica.report.blocks import Cell, Column, Figure, Panel, Prose, Section, Table, arm_keys, figure_cell
from vesica.report.charts import Line
from vesica.report.material import Array, Material, get, mapping, positive, rows
from vesica.report.numbers import number
from vesica.report.passage import vesicles_of
from vesica.report.vessel_charts import Profile, profiles

MOST: Final = 3  # contents shown, those of which there is most
ARMS: Final = 6  # lines in a panel
ALIKE: Final = 10.0  # times by which parts may differ and still share a range
TIMES: Final = (1 / 16, 1 / 4, 1 / 2, 1.0)  # shares of the time since there is any, at which profiles are shown
_NANOMOLAR: Final = 6.02214076e11  # molecules per mL
# what the distance is in which part
_ALONG: Final = {"slice": "depth below the face (µm)", "channel": "way along the channel (mm)"}
_ABOVE: Final = "height above the cells (mm)"


@dataclass(frozen=True)
class Content:
    """Something in the medium: its pool without the part, its name, and how it is counted."""

    pool: str
    title: str
    unit: str
    per_unit: float  # of the pool's amount per mL


@dataclass(frozen=True)
class Part:
    """A part of the vessel as the summary has it."""

    name: str
    liquid: float  # mL
    layers: Array  # um

    @property
    def places(self) -> Array:
        """Where each layer's concentration holds, um: its middle; at the cells in the lowest of a column."""
        middles = np.cumsum(self.layers) - 0.5 * self.layers
        if self.name not in _ALONG:
            middles[0] = 0.0
        return np.asarray(middles)

    @property
    def distance(self) -> tuple[Array, str]:
        """The same as it is shown, and its label."""
        return self.places * (1.0 if self.name == "slice" else 1e-3), _ALONG.get(self.name, _ABOVE)


def vessel(material: Material) -> Section:
    """Its parts, profiles of what stands still or flows, and parts against each other in time."""
    domain = mapping(material.summary.get("domain"))
    parts = [part for name, said in mapping(domain.get("compartments")).items() if (part := _part(str(name), said))]
    if not parts:
        return Section("vessel", "")  # a run of an older version
    blocks: list[Any] = [Prose(said)] if (said := tuple(map(str, rows(domain.get("words"))))) else []
    blocks.append(_table(domain, parts))
    contents = _contents(material)
    blocks += [figure for part in parts if part.layers.size > 1 if (figure := _profiles(material, part, contents))]
    if len(parts) > 1 and (figure := _courses(material, parts, contents)):
        blocks.append(figure)
    return Section("vessel", "The vessel", "", tuple(blocks))


def _part(name: str, said: object) -> Part | None:
    liquid, layers = get(said, "liquid_mL"), rows(get(said, "layers_um"))
    return Part(name, float(liquid), np.asarray(layers, dtype=float)) if positive(liquid) and layers else None


def _table(domain: Mapping[str, Any], parts: Sequence[Part]) -> Table:
    heads = (Column("part"), Column("cells in it"), Column("medium", "mL", is_number=True),
             Column("depth", "mm", is_number=True), Column("layers", is_number=True),
             Column("thinnest", "µm", is_number=True))  # fmt: skip
    content = tuple(
        (Cell(part.name), Cell(", ".join(map(str, rows(get(domain, "compartments", part.name, "cells")))) or "none"),
         figure_cell(part.liquid), *_depths(part)) for part in parts
    )  # fmt: skip
    return Table("Parts of the vessel", heads, content)


def _depths(part: Part) -> tuple[Cell, Cell, Cell]:
    """Depth, number of layers and the thinnest; a bath has no depth that matters, and what is mixed no layers."""
    depth = Cell() if part.name == "bath" else figure_cell(float(part.layers.sum()) / 1e3)
    if part.layers.size == 1:
        return depth, Cell("mixed"), Cell()
    return depth, Cell(str(part.layers.size)), figure_cell(float(part.layers.min()))


def _contents(material: Material) -> list[Content]:
    """Vesicles, then solubles, of which there are most in some arm."""
    vesicles = [Content(f"free:{origin}", vesicles_of(origin), "particles/mL", 1.0) for origin in material.origins]
    solubles = [Content(str(name).removeprefix("medium."), str(name).removeprefix("medium."), "nM", _NANOMOLAR)
                for name in mapping(material.summary.get("species")) if str(name).startswith("medium.")]
    found: list[Content] = []
    for kind in (vesicles, solubles):
        amounts = {one: max((peak for arm in material.arms if (peak := _peak(material, arm, one)) > 0.0), default=0.0)
                   for one in kind}
        found += sorted((one for one in kind if amounts[one] > 0.0), key=lambda one: -amounts[one])[:MOST]
    return found


def _peak(material: Material, arm: str, content: Content) -> float:
    series = material.series(arm, f"medium.{content.pool}")
    return 0.0 if series is None else float(np.nanmax(series[1]))


def _profiles(material: Material, part: Part, contents: Iterable[Content]) -> Figure | None:
    """Concentration over the height, or along the channel, at some times, in the arm that holds most."""
    panels, arms = [], {}
    for content in contents:
        arm = max(material.arms, key=lambda arm: _peak(material, arm, content))
        found = _at_times(material, arm, part, content)
        if found:
            distance, label = part.distance
            title = f"{content.title}, {part.name}"
            arms[content.title] = arm
            panels.append(Panel(title, profiles(distance, found, title, content.unit, label)))
    if not panels:
        return None
    named = "; ".join(f"{title} in `{arm}`" for title, arm in arms.items())
    of = f"in arm `{next(iter(arms.values()))}`" if len(set(arms.values())) == 1 else named
    caption = f"At several times, in the arm that holds most: {of}."
    return Figure(caption, tuple(panels), title=f"profiles, {part.name}")


def _at_times(material: Material, arm: str, part: Part, content: Content) -> list[Profile]:
    series = [material.series(arm, f"{part.name}.{layer}.{content.pool}") for layer in range(part.layers.size)]
    known = [one for one in series if one is not None]
    if len(known) < len(series):
        return []
    time = known[0][0]
    room = part.liquid * part.layers / part.layers.sum() * content.per_unit
    values = np.stack([amounts for _, amounts in known], axis=1) / room
    some = np.flatnonzero(np.nan_to_num(values).max(axis=1) > 0.0)
    if not some.size:
        return []
    begin, end = time[some[0]], time[some[-1]]
    at = dict.fromkeys(int(np.argmin(np.abs(time - begin - share * (end - begin)))) for share in TIMES)
    return [Profile(f"{number(time[k])} h", values[k]) for k in at]


def _courses(material: Material, parts: Sequence[Part], contents: Iterable[Content]) -> Figure | None:
    """Mean concentrations of the parts side by side, on one range for each content."""
    panels, drawn = [], {}
    for content in contents:
        lines = [_lines(material, part, content) for part in parts]
        if not all(lines):
            continue
        tops = [charts.spans(of)[1] for of in lines]
        for part, of in zip(parts, lines, strict=True):
            span = charts.spans([line for of in lines for line in of] if max(tops) < ALIKE * min(tops) else of)
            drawn |= {line.style.name: line.style for line in of}
            title = f"{content.title}, {part.name}"
            panels.append(Panel(title, charts.lines(of, title, content.unit, span=span)))
    if not panels:
        return None
    caption = f"Mean concentration of each part, on one range where they are within {ALIKE:g} times of each other. "
    caption += "Numbers at the line ends are arms."
    return Figure(caption, tuple(panels), arm_keys(list(drawn.values())), title="parts against each other")


def _lines(material: Material, part: Part, content: Content) -> list[Line]:
    found = []
    for arm, style in material.styles.items():
        series = material.series(arm, f"{part.name}.{content.pool}")
        if series is not None and len(found) < ARMS:
            found.append(Line(style, series[0], series[1] / part.liquid / content.per_unit))
    return found
