"""What comes into a vessel by hand is spread evenly over a part of it, and over the sizes of its vesicles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes
from vesica.engine.places import AT, VOLUME
from vesica.spec.resolved import Domain

if TYPE_CHECKING:  # `vesica check` compiles nothing
    from vesica.engine.program import Program

Array = NDArray[np.float64]


def compartment_of(domain: Domain, cell: str) -> str:
    """Name of the part of the vessel that a cell type is in: empty for all of it or nobody; of a slice the bath."""
    if domain.is_mixed or domain.kind == "slice":
        return "" if domain.is_mixed else "bath"
    return next((one.name for one in domain.compartments if cell in one.cells), "")


def portions(running: Program, values: Array, name: str, compartment: str = "") -> dict[str, float]:
    """How an amount of a pool of the medium is shared out among its parts.

    Parameters
    ----------
    running : Program
        The divided one.
    values : (value,)
        Of one replicate: volumes of places and shares of sizes are read.
    name : str
        Of the undivided table.
    compartment : str
        Where it is poured in; everywhere if empty.

    Returns
    -------
    mapping of name to share; the shares sum to 1, or there are none where the model has no such pool
    """
    members = [one for one in running.members(name) if not compartment or AT not in one
               or one.partition(AT)[2].startswith(f"{compartment}.")]
    room = [_volume(running, values, one) * _size_share(running, values, one) for one in members]
    total = sum(room)
    return {one: share / total for one, share in zip(members, room, strict=True)} if total > 0.0 else {}


def _volume(running: Program, values: Array, name: str) -> float:
    place = name.partition(AT)[2]
    return float(values[running.index[f"{VOLUME}{AT}{place}"]]) if place else 1.0


def _size_share(running: Program, values: Array, name: str) -> float:
    share = classes.share_of(running.model, name)
    return float(values[running.index[share]]) if share else 1.0


def add(running: Program, names: Sequence[str], values: Array, state: Array, amounts: dict[str, float],
        compartment: str = "") -> None:
    """Add amounts by pool, as of the undivided table, to a state (state,) of which ``names`` are the pools."""
    at = {name: number for number, name in enumerate(names)}
    for pool, amount in amounts.items():
        for name, share in portions(running, values, pool, compartment).items():
            if name in at:
                state[at[name]] += amount * share
