"""Phenotypes of cells: Markov chains whose hazards rules may change, and which change the rates they own.

As everything of a cell, a state is counted per cell at the start: the share p of all cells that are alive and in it.
Then ``dp_B/dt = sum_A h_AB p_A - (sum_C h_BC + other hazards of death) p_B`` is linear in the shares, and a transition
moves one cell from A to B, or from A to the dead. Shares of the living, which rates read, are ``p / alive``.
"""

from __future__ import annotations

from vesica.engine.naming import Names
from vesica.engine.table import RUNNING, Pool
from vesica.spec.cells import CellType, Chain


def bind_phenotypes(names: Names, cell: CellType) -> None:
    """The states and transitions of the chains of one cell type; how else its cells die is bound with death."""
    for chain in cell.chains:
        _pools(names, cell, chain)
        for begin, end in chain.transitions:
            _transition(names, cell, chain, begin, end)


def _pools(names: Names, cell: CellType, chain: Chain) -> None:
    """A cell is alive and in one state, or dead: the shares in all states are the share alive."""
    c, needs, token = cell.name, frozenset({f"cell:{cell.name}"}), token_of(cell, chain)
    for state in chain.states:
        if state.dies:
            dead = Pool(f"{c}.died_of:{state.name}", c, "", f"share dead: {state.label}", needs, counter=True)
            names.table.pool(dead)
            continue
        start = None if chain.settles else names.table.derive(f"{c}.{state.name}_start_share")
        rest = names.table.derive("one") if chain.settles and state == chain.living[0] else start
        pool = Pool(f"{c}.{state.name}", c, "", f"share alive and {state.label}", needs, rest=rest, is_share=True)
        names.table.pool(pool, **{token: 1})
    if cell.can_die:
        names.table.weigh(token, f"{c}.alive", -1)


def token_of(cell: CellType, chain: Chain) -> str:
    """What the transitions of a chain conserve: shares in its states, less the share alive."""
    return f"phenotypes {cell.name}.{chain.name}"


def _transition(names: Names, cell: CellType, chain: Chain, begin: str, end: str) -> None:
    c, word = cell.name, f"{begin}_to_{end}"
    dies = any(state.name == end and state.dies for state in chain.states)
    factors = (hazard(names, c, begin, end), f"{c}.{begin}")
    if dies or not chain.settles:
        factors = (names.table.derive(RUNNING), *factors)
    after = {f"{c}.alive": -1, f"{c}.dead": 1, f"{c}.died_of:{end}": 1} if dies else {f"{c}.{end}": 1}
    others = () if not dies else tuple(token_of(cell, other) for other in cell.chains if other.name != chain.name)
    names.table.flux(f"{'dying' if dies else 'phenotype'}/{c}.{word}", c, factors, {f"{c}.{begin}": -1, **after},
                     frozenset({f"cell:{c}"}), others)


def hazard(names: Names, c: str, begin: str, end: str) -> str:
    """Value name of the hazard of a transition, for a cell that is in its first state."""
    word = f"{begin}_to_{end}"
    return names.rate(c, word, f"{c}.{word}.hazard", within=begin)


def hazards_of_death(names: Names, cell: CellType) -> dict[str, str]:
    """Chain -> value name of the mean hazard of death by it, of the chains in which some state is death."""
    found: dict[str, str] = {}
    for chain in cell.chains:
        dying = {state.name for state in chain.states if state.dies}
        for begin, end in chain.transitions:
            if end in dying:
                share = names.living(cell.name, f"{cell.name}.{begin}")
                part = names.table.assign(f"{cell.name}.dying:{begin}_to_{end}", "product",
                                          hazard(names, cell.name, begin, end), share)
                found[chain.name] = part if chain.name not in found else names.table.assign(
                    f"{found[chain.name]}+{end}", "total", found[chain.name], part)
    return found
