"""Binds the kernels of `biology` to the pools of a model: the one list of what happens."""

from __future__ import annotations

from vesica.engine.death import bind_death
from vesica.engine.donor import bind_donor
from vesica.engine.naming import Names
from vesica.engine.networks import bind_networks
from vesica.engine.phenotypes import bind_phenotypes
from vesica.engine.places import FLOW, IN_FRESH, VOLUME
from vesica.engine.recipient import bind_cell_contents, bind_recipient
from vesica.engine.shedding import bind_shedding
from vesica.engine.table import Pool, ProcessTable, TableBuilder, Token
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import FRESH, label_of, sender_of


def process_table(model: ResolvedModel) -> ProcessTable:
    """Every pool, law and token of a model.

    Raises
    ------
    AssertionError
        Never for a model that `spec.check` accepts.
    """
    builder = TableBuilder()
    names = Names(model, builder)
    builder.derive(VOLUME)
    for agent in model.agents:
        _bind_agent(names, agent)
    for origin in model.origins:
        _bind_medium(names, origin)
    for soluble in model.solubles:
        _bind_soluble(names, soluble)
    for cell in model.cells:
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
        inputs=tuple(f"agent.{agent}" for agent in model.agents if f"agent.{agent}" not in builder.pools),
        parameters=tuple(model.parameters),
        derived=tuple(builder.derived),
        watched=tuple(builder.watched.values()),
    )


def _bind_agent(names: Names, agent: str) -> None:
    """An agent that evaporates is a concentration that falls; any other stands as its schedule says."""
    rate = f"{agent}.evaporation_rate"
    if rate in names.model.parameters:
        pool = Pool(f"agent.{agent}", "medium", "molecule/um^3", f"{agent} in the medium", frozenset())
        names.table.pool(pool)
        names.table.flux(f"evaporation/{agent}", "medium", (rate, pool.name), {pool.name: -1}, frozenset())


def _bind_medium(names: Names, origin: str) -> None:
    """Free vesicles of one origin: decay, and loss to plastic."""
    needs = frozenset({f"origin:{origin}"})
    is_fresh = f"{sender_of(origin)}.{FRESH}" in names.model.parameters
    for content in names.contents(origin):
        unit = content.unit
        for pool, label, weight in (
            ("free", "free in the medium", 1),
            ("plastic", "on plastic", 1),
            ("decayed", "lost in the medium", 1),
            ("added", "added from another dish", -1),
            *((("removed", "taken out of the vessel", 1),) if is_taken_from(names.model) else ()),
        ):
            name = f"medium.{pool}:{origin}{content.suffix}"
            counter = pool in ("decayed", "added", "removed")
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
        if FLOW in names.model.parameters:
            moves = {free: -1, f"medium.removed:{origin}{content.suffix}": 1}
            names.table.flux(f"outflow/{origin}{content.suffix}", "medium", (_outflow(names), free), moves, needs)
        if is_fresh:
            fresh = names.table.derive(f"free:{origin}{content.suffix}{IN_FRESH}")
            if FLOW in names.model.parameters:
                moves = {free: 1, f"medium.added:{origin}{content.suffix}": 1}
                names.table.flux(f"inflow/{origin}{content.suffix}", "medium", (FLOW, fresh), moves, needs)


def _bind_soluble(names: Names, soluble: str) -> None:
    """A secreted factor in the medium, and its decay; cells bind their own secretion."""
    pool = Pool(f"medium.{soluble}", "medium", "molecule", f"{soluble} in the medium", frozenset())
    names.table.pool(pool)
    names.table.flux(f"soluble_decay/{soluble}", "medium", (f"{soluble}.decay_rate", pool.name), {pool.name: -1},
                     frozenset())
    if FLOW in names.model.parameters:
        names.table.flux(f"outflow/{soluble}", "medium", (_outflow(names), pool.name), {pool.name: -1}, frozenset())
        if f"{soluble}{IN_FRESH}" in names.model.parameters:
            names.table.flux(f"inflow/{soluble}", "medium", (FLOW, f"{soluble}{IN_FRESH}"), {pool.name: 1},
                             frozenset())


def is_taken_from(model: ResolvedModel) -> bool:
    """Whether medium leaves the vessel: with a flow, or by hand."""
    return FLOW in model.parameters or any(arm.handling for arm in model.arms)


def _outflow(names: Names) -> str:
    """Value name of the share of the medium that flows out per time."""
    return names.table.assign("medium.outflow", "quotient", FLOW, names.table.derive("medium.volume"))
