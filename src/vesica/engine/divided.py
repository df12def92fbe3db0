"""The table that a mean field runs: sizes of vesicles, kinds of cells and places of the vessel written out."""

from __future__ import annotations

from vesica.engine import classes, nodes, places
from vesica.engine.nodes import Group, groups_of, homes_of
from vesica.engine.table import ProcessTable
from vesica.spec.resolved import ResolvedModel


def divided(table: ProcessTable, model: ResolvedModel) -> tuple[ProcessTable, tuple[Group, ...]]:
    """The divided table and the cell types that became kinds; the table itself where nothing is told apart."""
    groups = groups_of(model)
    if not groups and model.domain.is_mixed:
        return table, groups
    found = nodes.divided(classes.divided(table, model), groups)
    return places.divided(found, model.domain, homes_of(model, groups)), groups
