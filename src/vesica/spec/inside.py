"""What is inside cells, in sentences for `vesica check`: phenotypes and networks."""

from __future__ import annotations

from vesica.spec.cells import CellType, Chain, Network
from vesica.spec.resolved import ResolvedModel

MOST_WORDS = 4  # names in a sentence; the rest are counted


def phenotypes(model: ResolvedModel) -> list[str]:
    """A sentence for each chain: its states, where cells start, what the states own."""
    return [_chain(model, cell, chain) for cell in model.cells for chain in cell.chains]


def networks(model: ResolvedModel) -> list[str]:
    """A sentence for each network of each cell type, then of the medium: how large it is, and what it provides."""
    return [_network(owner, network) for owner, network in model.every_network]


def _chain(model: ResolvedModel, cell: CellType, chain: Chain) -> str:
    states = ", ".join(state.name + (" (death)" if state.dies else "") for state in chain.states)
    if chain.settles:
        start = "cells start at the rest of the chain"
    else:
        shares = {state.name: model.parameters[f"{cell.name}.{state.name}.initial"].value for state in chain.living}
        inside = [f"{share:.0%} in {name}" if share < 1.0 else f"all in {name}"
                  for name, share in shares.items() if share > 0.0]
        start = f"cells start {', '.join(inside) or 'nowhere'}"
    owned = [f"{state.name} changes {_listed(list(state.owns))}" for state in chain.living if state.owns]
    return f"{cell.name}: `{chain.name}`: {states}; {'; '.join([start, *owned])}."


def _network(owner: str, network: Network) -> str:
    states = [state for state in network.states if not state.is_hidden]
    hidden = len(network.states) - len(states)
    parts = [] if owner == "medium" else [_count(len(states), "state")
                                          + (f" and {hidden} steps of delays" if hidden else "")]
    parts.append(_count(len(network.reactions), "reaction"))
    if network.assignments:
        parts.append(_count(len(network.assignments), "assignment"))
    provides = f"; gives {_listed(list(network.provides))} to the cell" if network.provides else ""
    label = f" ({network.label})" if network.label and network.label != network.name else ""
    return f"{owner}: `{network.name}`{label}: {', '.join(parts)}{provides}."


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_WORDS} more" if len(names) > MOST_WORDS else ""
    return ", ".join(names[:MOST_WORDS]) + more
