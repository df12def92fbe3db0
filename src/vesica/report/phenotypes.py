"""Shares of cells in each phenotype over time: one picture per arm, living states below, the dead by kind on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from vesica.report import svg
from vesica.report.blocks import Figure, Key, Panel, Section
from vesica.report.charts import PANEL_WIDTH
from vesica.report.material import Array, Material, mapping
from vesica.report.numbers import percent

LIVING, DYING = 6, 4  # colours of the style sheet
_HEIGHT, _TOP, _BOTTOM = 190.0, 26.0, 36.0
_TALL: Final = 11.0  # px that a share needs for its number
_SEEN: Final = 5e-4  # a share that is drawn


@dataclass(frozen=True)
class Layer:
    """The cells in one state over time, as a share of those at the start."""

    name: str
    css: str
    values: Array


def phenotypes(material: Material) -> Section:
    """Chains of every cell type, arm by arm; nothing for a model without them."""
    figures = [figure for cell, chains in mapping(material.summary.get("phenotypes")).items()
               for chain in mapping(chains).values()
               if (figure := _figure(material, str(cell), mapping(chain))) is not None]
    if not figures:
        return Section("phenotypes", "")
    lead = "Cells in each state, of all cells at the start. The dead are above the living, by what they died of."
    return Section("phenotypes", "Phenotypes over time", lead, tuple(figures))


def _states(chain: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The states of a chain, by name."""
    return {str(name): mapping(of) for name, of in mapping(chain.get("states")).items()}


def _figure(material: Material, cell: str, chain: Mapping[str, Any]) -> Figure | None:
    panels, used = [], set()
    for arm in material.arms_with(cell):
        found = _layers(material, arm, cell, _states(chain))
        if found is None:
            continue
        time, layers = found
        shown = [layer for layer in layers if float(np.nanmax(layer.values)) > _SEEN]
        used |= {layer.css for layer in shown}
        title = f"{material.styles[arm].number} · {arm}"
        panels.append(Panel(title, areas(time, shown, title)))
    if not panels:
        return None
    keys = tuple(Key(name, css=css) for name, css in _names(_states(chain)) if css in used)
    return Figure("Numbers on the right are shares at the end, in per cent.", tuple(panels), keys,
                  title=f"{cell}: {chain.get('label') or 'phenotypes'}")


def _names(states: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, colour) of the states, of the living first, and of those who died otherwise."""
    living = [str(of.get("label") or name) for name, of in states.items() if not of.get("dies")]
    dying = [str(of.get("label") or name) for name, of in states.items() if of.get("dies")]
    return [*((label, f"state-{place % LIVING}") for place, label in enumerate(living)),
            *((f"dead: {label}", f"death-{place % DYING}") for place, label in enumerate(dying)),
            ("dead otherwise" if dying else "dead", "death-other")]


def _layers(material: Material, arm: str, cell: str, states: Mapping[str, Any]) -> tuple[Array, list[Layer]] | None:
    """Time (h) and the layers of one arm, from below; None where the run lacks one of them."""
    living = [f"{cell}.{name}" for name, of in states.items() if not of.get("dies")]
    dying = [f"{cell}.died_of:{name}" for name, of in states.items() if of.get("dies")]
    found = [material.series(arm, species) for species in (*living, *dying)]
    known = [series for series in found if series is not None]
    if not known or len(known) < len(found):
        return None
    values = [of for _, of in known]
    dead = material.series(arm, f"{cell}.dead")
    other = np.zeros_like(known[0][0]) if dead is None else np.maximum(dead[1] - sum(values[len(living):]), 0.0)
    return known[0][0], [Layer(*name, of) for name, of in zip(_names(states), [*values, other], strict=True)]


def areas(time: Array, layers: Sequence[Layer], title: str) -> Markup:
    """Layers one upon the other, with the share at the end beside each that is tall enough for it."""
    bottom = _HEIGHT - _BOTTOM
    y = svg.linear_scale(0.0, 100.0, bottom, _TOP)
    left, right = svg.left_margin(y), PANEL_WIDTH - 34.0
    x = svg.hour_scale(float(time[0]), float(time[-1]), left, right)
    parts = [svg.y_axis(y, left, right, "cells (%)"), svg.x_axis(x, bottom, bottom, "time (h)")]
    edges = np.cumsum([np.zeros_like(time), *(layer.values for layer in layers)], axis=0) * 100.0
    said = []
    for layer, below, above in zip(layers, edges[:-1], edges[1:], strict=True):
        last = percent(float(layer.values[-1]))
        outline = svg.path_of(x.many(time), y.many(above)) + svg.path_of(x.many(time[::-1]), y.many(below[::-1]))
        parts.append(svg.tag("path", svg.tag("title", f"{layer.name}: {last} at the end"),
                             d=outline.replace("M", "L").replace("L", "M", 1) + "Z", class_=f"segment {layer.css}"))
        if y(below[-1]) - y(above[-1]) >= _TALL:
            parts.append(svg.text(right + 5, (y(below[-1]) + y(above[-1])) / 2 + 3.8,
                                  f"{100 * layer.values[-1]:.0f}", class_="value"))
        said.append(f"{layer.name} {last}")
    words = f"Cells (%) against time (h). At the end: {', '.join(said)}."
    return svg.picture(PANEL_WIDTH, _HEIGHT, title, words, *parts)
