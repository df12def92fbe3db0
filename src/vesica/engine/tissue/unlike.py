"""Cells of a tissue that differ: the numbers each has for its own, and what it rests at with them.

A cell draws from a stream of its own, named by the seed, its type and its key, so its numbers do not depend on which
other cells there are, nor on their order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Part, Program
from vesica.engine.rest import NONE, REST_TIME, never_filled
from vesica.engine.rows import with_derived
from vesica.engine.spread import factors
from vesica.engine.system import Lanes
from vesica.engine.table import RUNNING
from vesica.engine.tissue.lanes import CellLanes
from vesica.engine.whole.donor import streams_of
from vesica.engine.whole.unlike import normals
from vesica.spec.cells import CellType
from vesica.spec.variability import factors_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]

REST_TOLERANCE: Final = 1e-6  # relative; levels at rest attract, so they come out far better than that


def keys_of(ids: Iterable[str]) -> NDArray[np.uint64]:
    """(cell,) keys of cells by their names: 64 bits each, the same on every machine."""
    words = [hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids]
    return np.frombuffer(b"".join(words), dtype="<u8").astype(np.uint64)


def values_of_lanes(program: Program, row: Mapping[str, float], kind: CellType, keys: NDArray[np.uint64], seed: int
                    ) -> tuple[Index, Array]:
    """Numbers that differ from cell to cell, with those that are derived from them: for `CellLanes.give`.

    Parameters
    ----------
    row : mapping of parameter path to value
        The means of the numbers that vary, and how much they do.
    keys : (lane,)
        Of the cells.

    Returns
    -------
    places : (place,)
        In the numbering of ``program``; empty where all cells are alike.
    numbers : (place, lane)

    Raises
    ------
    InputError
        A cell cannot be with the numbers it drew.
    """
    if not kind.spreads or not any(row[path] for one in kind.spreads for path in one.variations):
        return np.empty(0, dtype=np.int64), np.empty((0, keys.size))
    streams = streams_of(seed, f"{kind.name}|spread", keys)
    drawn = normals(streams, sum(factors_of(one) for one in kind.spreads))
    own = {path: row[path] * factor for path, factor in factors(kind.spreads, row, drawn).items()}
    found = {name: numbers for name, numbers in with_derived(program, row, own).items() if name in program.index}
    return np.array([program.index[name] for name in found], dtype=np.int64), np.array(list(found.values()))


def rest_of_lanes(program: Program, kind: CellType, present: frozenset[str], values: Array, own: tuple[Index, Array],
                  workers: int = 1) -> tuple[Index, Array]:
    """What cells rest at that differ, from the rest of the cell with the mean numbers.

    Parameters
    ----------
    values : (value,)
        Numbers of all, and the pools of the mean cell at rest in fresh medium.
    own : places and (place, lane) numbers
        As of `values_of_lanes`.

    Returns
    -------
    places : (pool,)
        Pools of the cell that rest elsewhere than in the mean cell; the others stay.
    state : (pool, lane)
        What is added at the start of a run is added.

    Raises
    ------
    RunFault
        A cell runs away.
    """
    values = values.copy()
    values[[program.index[name] for name in program.table.derived if name == RUNNING]] = 0.0
    inner = [pool.name for pool in program.table.pools if pool.compartment == kind.name
             and not (pool.counter or pool.restart) and ":" not in pool.name]  # fresh medium: nothing is taken up
    tables = program.tables(present, Part(kind.name, pools=frozenset(inner)))
    empty = never_filled(Lanes(tables, values[:, None].copy(), dict.fromkeys(tables.move_owner, 1.0)),
                         values[tables.pools][:, None])
    filled = frozenset(name for name, is_empty in zip(tables.names, empty, strict=True) if not is_empty)
    if not filled:
        return np.empty(0, dtype=np.int64), np.empty((0, own[1].shape[1]))
    tables = program.tables(present, Part(kind.name, pools=filled))
    cells = CellLanes(tables, values, lanes=own[1].shape[1], relative=REST_TOLERANCE, absolute=REST_TOLERANCE,
                      workers=workers, label=f"{kind.name} cell")
    cells.give(*own)
    cells.advance(REST_TIME)
    state = np.where(np.abs(cells.state) < NONE, 0.0, cells.state)
    pulses = {pool.name: program.index[pool.pulse] for pool in program.table.pools if pool.pulse is not None}
    given = dict(zip(own[0].tolist(), own[1], strict=True))
    for k, name in enumerate(tables.names):
        if name in pulses:
            state[k] += given.get(pulses[name], values[pulses[name]])
    return tables.pools, state
