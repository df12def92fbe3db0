"""The live part of a program as whole-number reactions: what fires, what it moves, what that changes.

A flux becomes a reaction: its rate is the number of firings per time, its moves are whole numbers.
A pool that stands twice among the factors is a pair: x (x - 1) stands for x x. The dependency
graph lists, for every reaction, which kernels and which propensities change when it fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.tables import Tables

Index = NDArray[np.int64]
Place = NDArray[np.uint32]  # unsigned: compiled loops need not ask whether an index counts from the end
FAN = 8  # children of a node of the tree of sums


@dataclass(frozen=True)
class Network:
    """Index arrays over one vector of values, in which the pools hold whole numbers.

    Parameters
    ----------
    names : (state,)
    place : (state,)
        Of each pool in the vector of values.
    classes, first, args, out : (instance,) of kernels, arguments first, as in `Tables`
    factor_start, factors, factor_less : of each reaction
        Its rate is the product of ``v[factor] - less``; ``less`` counts earlier factors that are the same pool.
    fixed_start, fixed : of each reaction
        Factors that no state changes.
    one, two, two_less : (reaction,)
        The first two other factors; the constant one where there are fewer.
    more_start, more, more_less : of each reaction
        The factors that are left.
    move_start, move_state, move_place, move_count : of each reaction
        Which state, its place among the values, how many.
    kernel_start, kernel : instances to be computed again after a reaction, in order
    live : instances that some reaction changes, in order
    change_start, change : reactions whose rates change with it
    order, is_pair : (state,)
        Highest order of a reaction in which the state stands, 2 where a kernel reads it, 0 where no
        rate does; and whether one takes two of it at once.
    level : (level + 1,)
        Offsets of the levels of the tree of sums over reactions.
    touch_start, touch_node, touch_child : of each reaction
        Nodes of the tree whose sums change when it fires, lower ones first, and their first children.
    """

    names: tuple[str, ...]
    reactions: tuple[str, ...]
    place: Index
    classes: Index
    first: Index
    args: Index
    out: Index
    factor_start: Index
    factors: Index
    factor_less: NDArray[np.float64]
    fixed_start: Place
    fixed: Place
    one: Place
    two: Place
    two_less: NDArray[np.float64]
    more_start: Place
    more: Place
    more_less: NDArray[np.float64]
    move_start: Place
    move_state: Place
    move_place: Place
    move_count: NDArray[np.float64]
    kernel_start: Place
    kernel: Place
    live: Place
    change_start: Place
    change: Place
    order: NDArray[np.float64]
    is_pair: NDArray[np.bool_]
    level: Index
    touch_start: Place
    touch_node: Place
    touch_child: Place


def network(program: Program, tables: Tables, counts: Mapping[str, int]) -> Network:
    """Reactions of one arm.

    Parameters
    ----------
    counts : mapping of cell type to cells
        Multiplies the moves of a cell's flux in the medium; whole numbers.
    """
    place_of = {int(place): state for state, place in enumerate(tables.pools)}
    classes = np.repeat(tables.classes, tables.ends - tables.starts)
    depends = _dependencies(tables, place_of)
    factors = [tables.factors[a:b].tolist() for a, b in _pairs(tables.factor_start)]
    less = [[sum(other == value for other in group[:k]) if value in place_of else 0 for k, value in enumerate(group)]
            for group in factors]
    moves = [[(int(tables.move_state[m]), int(tables.move_count[m]) * (counts[tables.move_owner[m]]
              if tables.move_owner[m] else 1)) for m in range(a, b)] for a, b in _pairs(tables.move_start)]
    reactants = [set().union(*(depends.get(value, set()) for value in group)) if group else set() for group in factors]
    kernels, changes = [], []
    for group in moves:
        moved = {state for state, count in group if count}
        kernels.append([k for k, value in enumerate(tables.out.tolist()) if depends[value] & moved])
        changes.append([r for r, needed in enumerate(reactants) if needed & moved])
    return Network(
        names=tables.names, reactions=tuple(flux.name for flux in tables.fluxes), place=tables.pools,
        classes=classes, first=tables.first, args=tables.args, out=tables.out,
        factor_start=tables.factor_start, factors=tables.factors,
        factor_less=np.array([fewer for group in less for fewer in group], dtype=float),
        **_split(factors, less, depends),
        move_start=_offsets(moves), move_state=_flat([[state for state, _ in group] for group in moves]),
        move_place=_flat([[tables.pools[state] for state, _ in group] for group in moves]),
        move_count=np.array([count for group in moves for _, count in group], dtype=float),
        kernel_start=_offsets(kernels), kernel=_flat(kernels),
        live=_flat([sorted(set().union(*kernels))]), change_start=_offsets(changes), change=_flat(changes),
        order=_orders(factors, place_of, reactants), is_pair=_pairs_of(factors, place_of),
        **_tree(len(factors), changes),
    )


def _split(factors: list[list[int]], less: list[list[int]], depends: Mapping[int, set[int]]) -> dict[str, Any]:
    """Factors that stay, two that change, and the rest: most rates are a constant times one or two pools."""
    pairs = [list(zip(group, fewer, strict=True)) for group, fewer in zip(factors, less, strict=True)]
    fixed = [[value for value, _ in group if not depends.get(value)] for group in pairs]
    live = [[pair for pair in group if depends.get(pair[0])] for group in pairs]
    first = [([*group, (0, 0), (0, 0)])[:2] for group in live]  # value 0 is the constant one
    return {
        "fixed_start": _offsets(fixed), "fixed": _flat(fixed),
        "one": _flat([[group[0][0]] for group in first]), "two": _flat([[group[1][0]] for group in first]),
        "two_less": np.array([group[1][1] for group in first], dtype=float),
        "more_start": _offsets([group[2:] for group in live]),
        "more": _flat([[value for value, _ in group[2:]] for group in live]),
        "more_less": np.array([fewer for group in live for _, fewer in group[2:]], dtype=float),
    }


def _tree(leaves: int, changes: list[list[int]]) -> dict[str, Any]:
    level = levels(leaves)
    touched: list[list[tuple[int, int]]] = []
    for group in changes:
        nodes, found = set(group), []
        for k in range(level.size - 2):
            nodes = {node // FAN for node in nodes}
            found += [(int(level[k + 1]) + node, int(level[k]) + node * FAN) for node in sorted(nodes)]
        touched.append(found)
    return {"level": level, "touch_start": _offsets(touched),
            "touch_node": _flat([[node for node, _ in found] for found in touched]),
            "touch_child": _flat([[child for _, child in found] for found in touched])}


def levels(leaves: int) -> Index:
    """Offsets of a tree of sums: leaves first, every level a whole number of nodes, the last one of `FAN` children."""
    sizes = [max(1, leaves)]
    while sizes[-1] > FAN:
        sizes.append(-(-sizes[-1] // FAN))
    padded = [FAN * -(-size // FAN) for size in sizes]
    return np.concatenate([[0], np.cumsum(padded)]).astype(np.int64)


def _dependencies(tables: Tables, place_of: Mapping[int, int]) -> dict[int, set[int]]:
    """States that each value rests on; empty for parameters."""
    depends: dict[int, set[int]] = {place: {state} for place, state in place_of.items()}
    ends = [*tables.first.tolist()[1:], tables.args.size]
    for instance, value in enumerate(tables.out.tolist()):
        arguments = tables.args[tables.first[instance]:ends[instance]].tolist()
        depends[value] = set().union(*(depends.get(argument, set()) for argument in arguments))
    return depends


def _orders(factors: list[list[int]], place_of: Mapping[int, int], reactants: list[set[int]]) -> NDArray[np.float64]:
    order = np.zeros(len(place_of))
    for group, needed in zip(factors, reactants, strict=True):
        direct = [place_of[value] for value in group if value in place_of]
        is_plain = set(direct) == needed  # no kernel reads a state
        for state in needed:
            order[state] = max(order[state], len(direct) if is_plain else max(2, len(direct)))
    return order


def _pairs_of(factors: list[list[int]], place_of: Mapping[int, int]) -> NDArray[np.bool_]:
    found = np.zeros(len(place_of), dtype=bool)
    for group in factors:
        for value in set(group) & set(place_of):
            found[place_of[value]] |= group.count(value) > 1
    return found


def _pairs(offsets: Index) -> list[tuple[int, int]]:
    return list(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True))


def _offsets(groups: list) -> Place:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.uint32)


def _flat(groups: list) -> Place:
    return np.array([item for group in groups for item in group], dtype=np.uint32)
