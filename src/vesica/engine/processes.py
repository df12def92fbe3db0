"""Binds the kernels of `biology` to the pools of a model: the one list of what happens."""

from __future__ import annotations

from vesica.engine import drugs
from vesica.engine.death import bind_death
from vesica.engine.donor import bind_donor
from vesica.engine.naming import Names
from vesica.engine.networks import bind_networks
from vesica.engine.phenotypes import bind_phenotypes
from vesica.engine.recipient import bind_cell_contents, bind_recipient
from vesica.engine.shedding import bind_shedding
from vesica.engine.table import Pool, ProcessTable, TableBuilder, Token
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import CLEARANCE, label_of


def process_table(model: ResolvedModel) -> ProcessTable:
    """Every pool, law and token of a model.

    Raises
    ------
    AssertionError
        Never for a model that `spec.check` accepts.
    """
    builder = TableBuilder()
    names = Names(model, builder)
    for origin in model.origins:
        _bind_medium(names, origin)
    for soluble in model.solubles:
        _bind_soluble(names, soluble)
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
    return ProcessTable(
        pools=tuple(builder.pools.values()),
        assignments=tuple(builder.assignments.values()),
        fluxes=tuple(builder.fluxes),
        tokens=tuple(Token(name, weights) for name, weights in builder.tokens.items()),
        inputs=(*(f"agent.{agent}" for agent in model.agents), *drugs.inputs(model)),
        parameters=tuple(model.parameters),
        derived=tuple(builder.derived),
        watched=tuple(builder.watched.values()),
    )


def _bind_medium(names: Names, origin: str) -> None:
    """Free vesicles of one origin: decay, and loss to plastic."""
    needs = frozenset({f"origin:{origin}"})
    for content in names.contents(origin):
        unit = content.unit
        for pool, label, weight in (
            ("free", "free in the medium", 1),
            ("plastic", "on plastic", 1),
            ("decayed", "lost in the medium", 1),
            ("added", "added from another dish", -1),
        ):
            name = f"medium.{pool}:{origin}{content.suffix}"
            counter = pool in ("decayed", "added")
            described = f"{content.label} of {label_of(origin)} {label}"
            names.table.pool(Pool(name, "medium", unit, described, needs, counter=counter), **{content.token: weight})
        free = f"medium.free:{origin}{content.suffix}"
        freed = {f"medium.{content.frees}": 1} if content.frees else {}
        for process, rate, to in (
            ("medium_decay", "medium.ev_decay_rate", "decayed"),
            ("plastic_loss", "medium.plastic_loss_rate", "plastic"),
        ):
            moves = {free: -1, f"medium.{to}:{origin}{content.suffix}": 1} | (freed if to == "decayed" else {})
            names.table.flux(f"{process}/{origin}{content.suffix}", "medium", (rate, free), moves, needs)


def _bind_soluble(names: Names, soluble: str) -> None:
    """A secreted factor in the medium, and its decay; cells bind their own secretion."""
    pool = Pool(f"medium.{soluble}", "medium", "molecule", f"{soluble} in the medium", frozenset())
    names.table.pool(pool)
    decay = names.drugged("medium", f"{soluble}{CLEARANCE}", f"{soluble}.decay_rate")
    names.table.flux(f"soluble_decay/{soluble}", "medium", (decay, pool.name), {pool.name: -1}, frozenset())
