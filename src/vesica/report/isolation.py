"""What isolation left of every dose, step by step, and what it is called in the source."""

from __future__ import annotations

from typing import Any, Final

from vesica.report.blocks import Cell, Column, Section, Table, figure_cell
from vesica.report.material import Material, entries, mapping

_LEAD: Final = (
    "Shares of what was there before the first step. Vesicles are counted by number: methods keep large ones better, "
    "so that more cargo than vesicles is left. Soluble factors come along in solution and adsorbed on vesicles."
)


def isolation(material: Material) -> Section:
    """One row per step of every dose; nothing where no dose was isolated."""
    found = [(name, dose, step) for name, arm in material.arms.items() for dose in entries(arm.get("dose"))
             for step in entries(dose.get("isolation"))]
    if not found:
        return Section("isolation", "")
    solubles = list(dict.fromkeys(name for _, _, step in found for name in mapping(step.get("solubles"))))
    heads = [Column("arm"), Column("from"), Column("step"), Column("vesicles", "left", is_number=True),
             Column("lipoproteins", "left", is_number=True)]
    heads += [Column(name, "left", is_number=True) for name in solubles]
    content = []
    for name, dose, step in found:
        row: list[Any] = [Cell(name, style=material.styles[name]),
                          Cell(str(dose.get("from_arm") or dose.get("preparation"))), Cell(str(step.get("step")))]
        row += [figure_cell(step.get(key)) for key in ("vesicles", "lipoproteins")]
        row += [figure_cell(mapping(step.get("solubles")).get(one)) for one in solubles]
        content.append(tuple(row))
    return Section("isolation", "What isolation left", _LEAD, (Table("Steps between dishes", tuple(heads),
                                                                     tuple(content)),))
