"""Reaction networks inside cells: states are levels of a living cell, and what reactions make for outside is booked.

A reaction that moves states, cargo and solubles alike is a flux for each of the three, with one rate per living cell:
levels stay as they are when cells die, cargo and solubles are of all cells together.
"""

from __future__ import annotations

from collections.abc import Callable

from vesica.engine.contact import bind_junctions
from vesica.engine.expressions import assign, factors
from vesica.engine.naming import Names
from vesica.engine.table import TIMES, Pool, Watched
from vesica.spec.cells import CellType, Network, NetworkState, Reaction
from vesica.spec.networks import gate_of
from vesica.spec.vocabulary import OVER_THE_CELL


def bind_networks(names: Names, cell: CellType) -> None:
    """Every network of one cell type; its cargo and solubles are there already."""
    for network in cell.networks:
        _pools(names, cell, network)
    for network in cell.networks:
        look_up = _words(names, cell, network)
        for one in network.assignments:
            value = assign(f"{cell.name}.{one.name}", one.value, look_up, names.table)
            names.table.watch(Watched(value, cell.name, one.unit, one.label, frozenset({f"cell:{cell.name}"})))
        for reaction in network.reactions:
            _reaction(names, cell, network, reaction, look_up)
    bind_junctions(names, cell)


def _words(names: Names, cell: CellType, network: Network) -> Callable[[str], str]:
    own = {name: f"{cell.name}.{network.name}.{name}" for name in network.constants}
    return lambda word: own[word] if word in own else _felt(names, cell.name, word)


def _felt(names: Names, c: str, word: str) -> str:
    """Value name of a word as the networks of a cell feel it: what comes from outside can be blocked."""
    value, gate = names.source(c, word), gate_of(word, names.model.solubles)
    return names.table.assign(f"{c}.{word} as felt", "product", value, f"{c}.{gate}") if gate else value


def _pools(names: Names, cell: CellType, network: Network) -> None:
    c, needs = cell.name, frozenset({f"cell:{cell.name}"})
    totals = dict(network.conserved)
    for state in network.states:
        rest, pulse = (_amount(names, c, network, state, end) if has else None
                       for end, has in (("initial", state.has_start), ("at_start", state.has_pulse)))
        pool = Pool(_place(c, state), c, state.unit, state.label, needs, rest=rest, pulse=pulse, is_level=True)
        names.table.pool(pool)
        for total, parts in totals.items():
            if (weight := dict(parts).get(state.name, 0)):
                names.table.weigh(f"{total} of {network.name} in {c}", pool.name, weight)
        if state.compartment:
            size = f"{c}.{network.name}.{state.compartment}"
            names.table.assign(f"{c}.{state.name}", "quotient", pool.name, size)
            names.table.watch(Watched(f"{c}.{state.name}", c, state.unit, state.label, needs))


def _place(c: str, state: NetworkState) -> str:
    """Name of the pool of a state; one in a compartment is held as an amount over the whole cell."""
    return f"{c}.{state.name}" + (OVER_THE_CELL if state.compartment else "")


def _amount(names: Names, c: str, network: Network, state: NetworkState, end: str) -> str:
    """Value name of a level at the start as the pool holds it."""
    path = f"{c}.{state.name}.{end}"
    size = f"{c}.{network.name}.{state.compartment}"
    return names.table.derive(f"{path}{TIMES}{size}") if state.compartment else path


def _reaction(
    names: Names, cell: CellType, network: Network, reaction: Reaction, look_up: Callable[[str], str]
) -> None:
    c, needs = cell.name, frozenset({f"cell:{cell.name}"})
    target = f"{network.name}_{reaction.name}"
    rate = names.modified(c, target, factors(reaction.rate, look_up, names.table))
    levels: dict[str, int] = {}
    cargo: dict[str, int] = {}
    solubles: dict[str, int] = {}
    places = {state.name: _place(c, state) for state in network.states}
    for name, count in reaction.moves:
        if name in places:
            levels[places[name]] = count
        elif name in cell.cargo:
            for pool, number in names.changed(cell, name, count).items():
                cargo[pool] = cargo.get(pool, 0) + number
        else:
            solubles[f"medium.{name}"] = count
    flux, alive, where = names.table.flux, names.alive(c), f"{c}.{target}"
    if levels:
        flux(f"network/{where}", c, rate, levels, needs)
    if cargo:
        tokens = tuple(f"{name} of {c}" for name, _ in reaction.moves if name in cell.cargo)
        flux(f"conversion/{where}", c, (*rate, *alive), cargo, needs, tokens)
    if solubles:  # one that takes has a law of its own: whole numbers know none for it
        process = "exchange" if min(solubles.values()) > 0 else "consumption"
        flux(f"{process}/{where}", c, (*rate, *alive), solubles, needs)
