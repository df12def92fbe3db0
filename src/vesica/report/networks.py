"""Levels of networks inside cells over time: what the rest of the cell reads, and all of them behind a fold."""

from __future__ import annotations

from typing import Final

import numpy as np

from vesica.report.blocks import Figure, Section
from vesica.report.courses import figure_of_all, level
from vesica.report.material import Material, entries, rows

SHOWN: Final = 6  # levels of a cell type that are not folded away
_MOVES: Final = 0.02  # of the largest value; smaller changes are no reason to be shown


def networks(material: Material) -> Section:
    """Networks of every cell type; nothing for a model without them."""
    figures: list[Figure] = []
    for cell in material.cell_types:
        known = material.networks(cell)
        if not known:
            continue
        first = shown_levels(material, cell)
        found = figure_of_all(material, cell, [level(material, cell, name) for name in first],
                              title=f"{cell}: {', '.join(known)}")
        figures += [found] if found is not None else []
        for name, network in known.items():
            levels = [str(one) for one in rows(network.get("levels")) if one not in first]
            more = figure_of_all(material, cell, [level(material, cell, one) for one in levels], folded=True,
                                 title=f"{cell}: the other {len(levels)} levels of {network.get('label') or name}")
            figures += [more] if more is not None else []
    if not figures:
        return Section("networks", "")
    lead = ("Levels inside a living cell, of all that acts outside its network first. A dashed line is the level at "
            "rest, where all arms share it; an axis of powers of ten where a level passes through more than two.")
    return Section("networks", "Networks inside cells over time", lead, tuple(figures))


def shown_levels(material: Material, cell: str) -> list[str]:
    """Levels to show: those that published directions name, then those that something outside reads, moving most.

    Where neither moves, those of the networks that move most.
    """
    asked = [str(row.get("quantity", "")) for row in entries(material.summary.get("published"))]
    every = material.network_levels(cell)
    first = [name for name in every if any(q == f"{cell}.{name}" or q.startswith(f"{cell}.{name} ") for q in asked)]
    outputs = material.network_levels(cell, "outputs")
    moves = {name: _moves(material, cell, name) for name in every}
    for names in (outputs, every if not first and not any(moves[name] > _MOVES for name in outputs) else ()):
        moving = [name for name in names if name not in first and moves[name] > _MOVES]
        first += sorted(moving, key=lambda name: moves[name], reverse=True)[: max(SHOWN - len(first), 0)]
    return [name for name in every if name in first]


def _moves(material: Material, cell: str, name: str) -> float:
    """How far a level moves in time and between arms, of its largest value."""
    found = [series[1] for arm in material.arms_with(cell) if (series := material.series(arm, f"{cell}.{name}"))]
    if not found:
        return 0.0
    values = np.concatenate(found)
    top = float(np.nanmax(np.abs(values)))
    return float(np.nanmax(values) - np.nanmin(values)) / top if top > 0.0 else 0.0
