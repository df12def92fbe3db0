"""The medium as hands see it: which states and volumes belong to which compartment, and what fresh medium holds.

A vessel that is divided has every pool of the medium once per place, ``NAME at PLACE``; a place belongs to one
compartment. One stirred body of medium is one compartment of one place without a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.spec.resolved import Domain

Array = NDArray[np.float64]
Index = NDArray[np.int64]
PLACE: Final = " at "  # between the name of a pool or value of the medium and its place
VOLUME: Final = "medium.volume"
FREE, ADDED, REMOVED = "medium.free:", "medium.added:", "medium.removed:"
FIXED: Final = ("medium.plastic:", "medium.matrix:")  # no hand moves what sticks


@dataclass(frozen=True)
class Body:
    """The medium of one compartment.

    Parameters
    ----------
    compartment : str
        Empty where there is only one.
    volumes : (place,)
        Where the volumes stand among all values.
    pools : mapping of pool to (place,)
        States of what moves with the medium.
    """

    compartment: str
    volumes: Index
    pools: Mapping[str, Index]


def compartment_of(domain: Domain, place: str) -> str:
    """Compartment that a place belongs to: ``well 3`` to ``well``; empty where there is only one."""
    if len(domain.compartments) < 2:
        return ""
    return max((one.name for one in domain.compartments if place.startswith(one.name)), key=len)


def bodies(program: Program, names: tuple[str, ...]) -> tuple[Body, ...]:
    """The medium of each compartment.

    Parameters
    ----------
    names : (state,) of pools
    """
    fixed = {pool.name for pool in program.table.pools
             if pool.counter or pool.compartment != "medium" or pool.name.startswith(FIXED)}  # fmt: skip
    places = [name.partition(PLACE)[2] for name in program.index if name.partition(PLACE)[0] == VOLUME]
    divided = [place for place in places if place] or places
    found = []
    for compartment in dict.fromkeys(compartment_of(program.model.domain, place) for place in divided):
        own = [place for place in divided if compartment_of(program.model.domain, place) == compartment]
        order = {place: number for number, place in enumerate(own)}
        pools: dict[str, list[tuple[int, int]]] = {}
        for state, name in enumerate(names):
            pool, _, place = name.partition(PLACE)
            if name not in fixed and pool.startswith("medium.") and place in order:
                pools.setdefault(pool, []).append((order[place], state))
        volumes = [program.index[f"{VOLUME}{PLACE}{place}" if place else VOLUME] for place in own]
        found.append(Body(compartment, np.array(volumes, dtype=np.int64),
                          {pool: np.array([state for _, state in sorted(states)]) for pool, states in pools.items()}))
    return tuple(found)


def in_fresh(program: Program, pool: str) -> int | None:
    """Where the concentration of a pool in fresh medium (1/um^3) stands among all values; nothing where it has none.

    ``TNF.in_fresh_medium`` is that of ``medium.TNF``, ``free:ORIGIN/CARGO.in_fresh_medium`` would be that of vesicles.
    """
    return program.index.get(f"{pool.removeprefix('medium.')}.in_fresh_medium")


def fresh_medium(program: Program, names: tuple[str, ...], values: Array) -> Array:
    """(state, lane) amounts in a vessel of fresh medium; vesicles count as added.

    Parameters
    ----------
    values : (value, lane)
    """
    found = np.zeros((len(names), values.shape[1]))
    counters = {name: state for state, name in enumerate(names) if name.startswith(ADDED)}
    for body in bodies(program, names):
        for pool, states in body.pools.items():
            place = in_fresh(program, pool)
            if place is not None:
                found[states] = values[place] * values[body.volumes]
                if pool.startswith(FREE):
                    found[counters[pool.replace(FREE, ADDED)]] += found[states].sum(axis=0)
    return found
