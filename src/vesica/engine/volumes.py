"""The medium as hands see it: which states belong to which compartment, its volumes, and what fresh medium holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes
from vesica.engine.place_numbers import with_volumes
from vesica.engine.places import AT, FREE, IN_FRESH, VOLUME, base, is_placed
from vesica.engine.program import Program
from vesica.engine.rows import place_values
from vesica.spec.handling import volume_at, volumes_at
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]
Index = NDArray[np.int64]
ADDED, REMOVED = "medium.added:", "medium.removed:"


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
        States of what moves with the medium; vesicles of several sizes are a pool each, ``NAME^K``.
    """

    compartment: str
    volumes: Index
    pools: Mapping[str, Index]


def bodies(program: Program, names: Sequence[str]) -> tuple[Body, ...]:
    """The medium of each compartment.

    Parameters
    ----------
    names : (state,) of pools
    """
    still = {pool.name for pool in program.table.pools if not is_placed(pool)}
    places = [name.removeprefix(VOLUME) for name in program.index if name == VOLUME or name.startswith(VOLUME + AT)]
    places = [place for place in places if place] or places  # ` at medium.0`, or nothing of one mixed body
    parts: dict[str, list[str]] = {}
    for place in places:
        compartment = place.removeprefix(AT).partition(".")[0] if len(program.model.domain.compartments) > 1 else ""
        parts.setdefault(compartment, []).append(place)
    moving = [(name.partition(AT)[0], AT + name.partition(AT)[2] if AT in name else "", state)
              for state, name in enumerate(names) if name not in still and name.startswith("medium.")]
    found = []
    for compartment, own in parts.items():
        pools: dict[str, list[int]] = {}
        for pool, place, state in sorted(moving, key=lambda one: own.index(one[1]) if one[1] in own else -1):
            if place in own:
                pools.setdefault(pool, []).append(state)
        found.append(Body(compartment, np.array([program.index[VOLUME + place] for place in own], dtype=np.int64),
                          {pool: np.array(states, dtype=np.int64) for pool, states in pools.items()}))
    return tuple(found)


def set_volumes(program: Program, rows: Sequence[Mapping[str, float]], values: Array, arm: Arm, time: float) -> None:
    """Write the volumes that hold from ``time`` s on, and with places also how fast things pass between them.

    Parameters
    ----------
    rows : (lane,) mappings of parameter path to value
    values : (value, lane)
    """
    if program.model.domain.is_mixed:
        values[program.index[VOLUME]] = volume_at(program.model, arm, time)
        return
    now = with_volumes(program.model.domain, volumes_at(program.model, arm, time))
    for lane, row in enumerate(rows):
        for name, number in place_values(program, row, now).items():
            values[program.index[name], lane] = number


def in_fresh(program: Program, pool: str) -> int | None:
    """Where the concentration of a pool in fresh medium (1/um^3) stands among all values; nothing where it has none.

    ``TNF.in_fresh_medium`` is that of ``medium.TNF``; ``free:ORIGIN/CARGO.in_fresh_medium`` that of vesicles.
    """
    return program.index.get(f"{base(pool).removeprefix('medium.')}{IN_FRESH}")


def fresh(program: Program, pool: str, values: Array) -> Array | float:
    """(lane,) concentration of a pool in fresh medium, 1/um^3; its share of it where sizes are told apart."""
    place = in_fresh(program, pool)
    if place is None:
        return 0.0
    share = classes.share_of(program.model, pool)
    found: Array = values[place] * (values[program.index[share]] if share else 1.0)
    return found


def fresh_medium(program: Program, names: Sequence[str], values: Array) -> Array:
    """(state, lane) amounts in a vessel of fresh medium; vesicles count as added.

    Parameters
    ----------
    values : (value, lane)
    """
    found = np.zeros((len(names), values.shape[1]))
    counters = {name: state for state, name in enumerate(names) if name.startswith(ADDED)}
    for body in bodies(program, names):
        for pool, states in body.pools.items():
            found[states] = fresh(program, pool, values) * values[body.volumes]
            if pool.startswith(FREE):
                found[counters[base(pool).replace(FREE, ADDED)]] += found[states].sum(axis=0)
    return found
