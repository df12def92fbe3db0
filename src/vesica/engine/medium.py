"""The medium: free vesicles, solubles, and the reactions between these.

A reaction of the medium has a rate per volume, so that a law reads the same in a stirred dish and in each place of a
divided vessel; times the volume it is a flux in molecules.
"""

from __future__ import annotations

from collections.abc import Callable

from vesica.engine import drugs
from vesica.engine.expressions import assign, factors
from vesica.engine.naming import Names
from vesica.engine.places import FLOW, IN_FRESH, VOLUME
from vesica.engine.table import Pool
from vesica.spec.cells import Network
from vesica.spec.medium_networks import FREE, OWNER
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import FRESH, label_of, sender_of


def bind_medium(names: Names) -> None:
    """Agents, vesicles and solubles of the medium, then the networks between them."""
    names.table.derive(VOLUME)
    for agent in names.model.agents:
        _bind_agent(names, agent)
    for origin in names.model.origins:
        _bind_vesicles(names, origin)
    for soluble in names.model.solubles:
        _bind_soluble(names, soluble)
    values = {one.name: f"{OWNER}.{network.name}.{one.name}"
              for network in names.model.networks for one in network.assignments}
    for network in names.model.networks:
        _bind_network(names, network, values)


def _bind_agent(names: Names, agent: str) -> None:
    """An agent that evaporates is a concentration that falls; any other stands as its schedule says."""
    rate = f"{agent}.evaporation_rate"
    if rate in names.model.parameters:
        pool = Pool(f"agent.{agent}", "medium", "molecule/um^3", f"{agent} in the medium", frozenset())
        names.table.pool(pool)
        names.table.flux(f"evaporation/{agent}", "medium", (rate, pool.name), {pool.name: -1}, frozenset())


def _bind_vesicles(names: Names, origin: str) -> None:
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
    drugs.bind_clearance(names.model, names.table, soluble)
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
    return names.table.assign("medium.outflow", "quotient", FLOW, names.table.derive(VOLUME))


def _bind_network(names: Names, network: Network, values: dict[str, str]) -> None:
    """Reactions between solubles; nobody dies of them, and no vesicle is moved."""
    own = {name: f"{OWNER}.{network.name}.{name}" for name in network.constants}
    look_up = _words(names, own, values)
    for one in network.assignments:
        assign(values[one.name], one.value, look_up, names.table)
    for reaction in network.reactions:
        rate = (*factors(reaction.rate, look_up, names.table), names.table.derive(VOLUME))
        moves = {f"{OWNER}.{name}": count for name, count in reaction.moves}
        names.table.flux(f"medium_reaction/{network.name}_{reaction.name}", OWNER, rate, moves, frozenset())


def _words(names: Names, own: dict[str, str], values: dict[str, str]) -> Callable[[str], str]:
    def look_up(word: str) -> str:
        if word in own or word in values:
            return own.get(word) or values[word]
        if word in names.model.agents:
            return f"agent.{word}"
        if word in names.model.solubles:
            return names.concentration(word)
        return names.on_free_vesicles(word.removeprefix(FREE))

    return look_up
