"""Samples of the medium: what a lab would have found in the tubes, and the volume of medium over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.report.blocks import Cell, Column, Section, Table, figure_cell
from vesica.report.material import Material, entries, get, mapping, positive, rows
from vesica.report.numbers import hours, is_number, number

Array = NDArray[np.float64]
_MANY: Final = 12  # rows of a table before it is folded


def samples(material: Material) -> Section:
    """One row per sample: when, how much, and what was in it; nothing where no arm was sampled."""
    found = [(name, row) for name, arm in material.arms.items() for row in entries(get(arm, "medium", "samples"))]
    if not found:
        return Section("samples", "")
    solubles = _names(found, "solubles_nM")
    agents = _names(found, "agents_mM")
    heads = [Column("arm"), Column("taken"), Column("volume", "mL", is_number=True),
             Column("vesicles", "per mL", is_number=True), Column("vesicles", "in the sample", is_number=True)]
    heads += [Column(name, "nM", is_number=True) for name in solubles]
    heads += [Column(name, "mM", is_number=True) for name in agents]
    content = []
    for name, row in found:
        taken = hours(row["at_h"]) if is_number(row.get("at_h")) else ""
        where = f"from the {row['of']}" if row.get("of") else ""
        cells = [Cell(name, style=material.styles[name]), Cell(taken, where)]
        cells += [figure_cell(row.get(key)) for key in ("volume_mL", "vesicles_per_mL", "vesicles")]
        cells += [figure_cell(get(row, key, what)) for key, names in (("solubles_nM", solubles), ("agents_mM", agents))
                  for what in names]
        content.append(tuple(cells))
    lead = "What stood in the medium when it was taken, before any instrument; vesicles of all classes together."
    table = Table(f"{len(content)} samples", tuple(heads), tuple(content), folded=len(content) > _MANY)
    return Section("samples", "Samples of the medium", lead, (table,))


def _names(found: list[tuple[str, Mapping[str, Any]]], key: str) -> list[str]:
    """Names that some sample has more than none of."""
    return list(dict.fromkeys(str(name) for _, row in found for name, value in mapping(row.get(key)).items()
                              if positive(value)))


def volume(material: Material, arm: str, times: Array) -> Array | None:
    """(time,) mL of medium at times in h; nothing where it is not known."""
    steps = [step for step in rows(get(material.arms[arm], "medium", "volume_mL")) if len(rows(step)) == 2]
    if not steps:
        whole = get(material.summary, "domain", "volume_mL")
        return np.full(times.size, float(whole)) if positive(whole) else None
    starts, volumes = np.array(steps, dtype=float).T
    return volumes[np.maximum(np.searchsorted(starts, times * (1 + 1e-12), side="right") - 1, 0)]


def volume_words(material: Material) -> str:
    """Volume of medium for a line of facts: a range where samples make it less."""
    found = [float(v) for arm in material.arms.values() for step in rows(get(arm, "medium", "volume_mL"))
             for v in rows(step)[1:] if is_number(v)]
    whole, held = (get(material.summary, "domain", key) for key in ("dish_volume_mL", "volume_mL"))
    if not positive(held):
        return ""
    scale = float(whole) / float(held) if positive(whole) else 1.0
    most, least = float(held) * scale, min([*found, float(held)]) * scale
    return number(most) if math.isclose(most, least) else f"{number(most)} to {number(least)}"
