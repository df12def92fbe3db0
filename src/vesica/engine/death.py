"""Death takes the cell with all it holds.

Pools hold amounts per cell at the start. Each loses at the hazard of death; what living cells make,
and the room they offer, is multiplied by the share alive; and what a law reads is taken per living cell.
"""

from __future__ import annotations

from vesica.engine.naming import Content, Names, ago_token
from vesica.engine.phenotypes import hazards_of_death, token_of
from vesica.engine.shedding import leaving, made_pools
from vesica.engine.table import RUNNING, Pool
from vesica.spec.cells import CellType
from vesica.spec.vocabulary import APOPTOTIC, label_of, origin_of


def bind_death(names: Names, cell: CellType) -> None:
    """Survival of one cell type, and the loss of what its dying cells hold; bound after everything else of it.

    Signals are levels of a living cell and stay. Vesicles in a dying cell, on it or tethered to it are lost with it,
    and counted; the cell's own molecules are degraded, except for those that its apoptotic vesicles take.
    Cells die at the hazard of death, and by entering a phenotype that dies; nobody dies at rest.
    """
    c = cell.name
    held = _held(names, cell)
    _survival(names, cell)
    death = names.table.assign(f"{c}.dying", "product", _total(names, cell), names.table.derive(RUNNING))
    contents = {content.token: content for content in names.contents()}
    for pool in held:
        inside = [token for token, weights in names.table.tokens.items() if pool.name in weights]
        moves = {pool.name: -1}
        for token in inside:
            if token in contents:
                moves[_counter(names, cell, pool, contents[token])] = 1
        opened = tuple(token for token in inside if token not in contents)
        share = _share_lost(names, cell, pool)
        names.table.flux(f"death/{pool.name}", c, (death, pool.name, *share), moves, pool.needs, opened)
    if cell.forms_apoptotic_vesicles:
        _apoptosis(names, cell, death)


def _total(names: Names, cell: CellType, without: str = "", within: str = "") -> str:
    """Value name of the hazard of death from all causes, but for one chain; ``within`` a phenotype or for the mean."""
    total = names.rate(cell.name, "death_rate", within=within)
    for chain, hazard in hazards_of_death(names, cell).items():
        if chain != without:
            total = names.table.assign(f"{total}+{chain}", "total", total, hazard)
    return total


def _share_lost(names: Names, cell: CellType, pool: Pool) -> tuple[str, ...]:
    """The share of a pool that no apoptotic vesicle takes, as a factor; nothing where all is lost."""
    takes = cell.forms_apoptotic_vesicles and pool.name in {f"{cell.name}.{cargo}" for cargo in cell.cargo}
    return (names.table.derive(f"{cell.name}.apoptotic_rest_share"),) if takes else ()


def _apoptosis(names: Names, cell: CellType, death: str) -> None:
    """A dying cell turns into vesicles, free at once, that take a share of its own cargo (not what targets hold)."""
    c, origin, needs = cell.name, origin_of(cell.name, APOPTOTIC), frozenset({f"cell:{cell.name}"})
    made_pools(names, cell, origin)
    names.table.flux(f"blebbing/{c}", c, (death, f"{c}.alive", f"{c}.apoptotic_vesicles_per_cell"),
                     leaving(origin, None), needs)
    for cargo in cell.cargo:
        own = f"{c}.{cargo}"
        names.table.flux(f"blebbing_load/{c}/{cargo}", c, (death, own, f"{c}.apoptotic_cargo_share"),
                         {own: -1} | leaving(origin, cargo), needs, (ago_token(c),) * names.uses_ago(cell, cargo))


def _counter(names: Names, cell: CellType, pool: Pool, content: Content) -> str:
    """Counter of what went with dying cells, by the class of vesicles that carried it; pools of a donor name none."""
    origin = pool.name.partition(":")[2].partition("/")[0] or cell.name
    label = f"{content.label} of {label_of(origin)} lost with dying cells so far"
    counter = Pool(f"{cell.name}.died_with:{origin}{content.suffix}", cell.name, content.unit, label, pool.needs,
                   counter=True)
    return names.table.pool(counter, **{content.token: 1})


def _survival(names: Names, cell: CellType) -> None:
    """Cells alive and dead; those of a phenotype die at its own hazard, and at the means of the other chains."""
    c, running = cell.name, names.table.derive(RUNNING)
    token, needs = f"cells {c}", frozenset({f"cell:{c}"})
    alive = Pool(f"{c}.alive", c, "", "share alive", needs, rest=names.table.derive("one"), restart=True,
                 is_share=True)
    names.table.pool(alive, **{token: 1})
    names.table.pool(Pool(f"{c}.dead", c, "", "share dead", needs, counter=True), **{token: 1})
    opened = tuple(token_of(cell, chain) for chain in cell.chains)
    names.table.flux(f"death/{c}", c, (running, names.rate(c, "death_rate"), alive.name),
                     {alive.name: -1, f"{c}.dead": 1}, needs, opened)
    for chain in cell.chains:
        for state in chain.living:
            hazard = _total(names, cell, chain.name, state.name)
            names.table.flux(f"death/{c}.{state.name}", c, (running, hazard, f"{c}.{state.name}"),
                             {f"{c}.{state.name}": -1}, needs, (token_of(cell, chain),))


def _held(names: Names, cell: CellType) -> list[Pool]:
    """Pools of what a cell holds: all of its own but levels, shares of cells and counters."""
    return [pool for pool in names.table.pools.values()
            if pool.compartment == cell.name and not (pool.counter or pool.is_level or pool.is_share)]  # fmt: skip
