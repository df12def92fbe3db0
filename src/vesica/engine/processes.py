"""Binds the kernels of `biology` to the pools of a model: the one list of what happens."""

from __future__ import annotations

from vesica.engine import drugs
from vesica.engine.death import bind_death
from vesica.engine.donor import bind_donor
from vesica.engine.matrix import bind_matrix
from vesica.engine.medium import bind_medium
from vesica.engine.naming import Names
from vesica.engine.networks import bind_networks
from vesica.engine.phenotypes import bind_phenotypes
from vesica.engine.places import parts
from vesica.engine.recipient import bind_cell_contents, bind_recipient
from vesica.engine.shedding import bind_shedding
from vesica.engine.table import ProcessTable, TableBuilder, Token
from vesica.spec.resolved import ResolvedModel


def process_table(model: ResolvedModel) -> ProcessTable:
    """Every pool, law and token of a model.

    Raises
    ------
    AssertionError
        Never for a model that `spec.check` accepts.
    """
    builder = TableBuilder()
    names = Names(model, builder)
    bind_medium(names)
    for cell in model.cells:
        drugs.bind_drugs(model, builder, cell.name)
        bind_cell_contents(names, cell)
        bind_networks(names, cell)
        bind_phenotypes(names, cell)
    for cell in model.cells:
        if cell.secretes_vesicles:
            bind_donor(names, cell)
        if cell.sheds_microvesicles:
            bind_shedding(names, cell)
        if cell.takes_up_vesicles:
            bind_recipient(names, cell)
        if cell.can_die:
            bind_death(names, cell)
        if cell.matrix is not None:
            bind_matrix(names, cell, cell.matrix)
    return ProcessTable(
        pools=tuple(builder.pools.values()),
        assignments=tuple(builder.assignments.values()),
        fluxes=tuple(builder.fluxes),
        tokens=tuple(Token(name, weights) for name, weights in builder.tokens.items()),
        inputs=(*(f"agent.{agent}" for agent in model.agents if f"agent.{agent}" not in builder.pools),
                *drugs.inputs(model)),
        parameters=tuple(model.parameters),
        derived=tuple(builder.derived),
        watched=tuple(builder.watched.values()),
        parts=parts(builder.pools.values(), model.domain),
    )
