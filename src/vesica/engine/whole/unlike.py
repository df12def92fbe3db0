"""Cells of a type that differ: each draws its own numbers, and stands at rest with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.counters import normal
from vesica.engine.program import Part, Program
from vesica.engine.rest import resting
from vesica.engine.rows import with_derived
from vesica.engine.spread import factors
from vesica.engine.system import Lanes
from vesica.errors import Finding, InputError, RunFault
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm
from vesica.spec.variability import factors_of

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

BLOCK: Final = 64  # cells that are brought to rest side by side; it changes no number
RELATIVE: Final = 1e-7  # tolerance of the rest: far below the noise of the whole numbers that are drawn around it


def put_numbers(program: Program, kind: CellType, row: Mapping[str, float], values: Array, streams: Words) -> bool:
    """Give every cell its own numbers; says whether they differ.

    Parameters
    ----------
    row : mapping of parameter path to value
        The numbers of the type, which are the means of those of its cells.
    values : (value, cell)
        Changed in place.
    streams : (cell, SIZE) uint64
        One of each cell; moved on.

    Raises
    ------
    RunFault
        A cell cannot be with the numbers it drew.
    """
    drawn = normals(streams, sum(factors_of(one) for one in kind.spreads))
    own = {path: row[path] * factor for path, factor in factors(kind.spreads, row, drawn).items()}
    try:
        everything = with_derived(program, row, own)
    except InputError as failure:
        raise RunFault(*failure.findings) from None
    for name, numbers in everything.items():
        values[program.index[name]] = numbers
    return any(numbers.size > 0 and bool(np.any(numbers != row[path])) for path, numbers in own.items())


def put_rest(program: Program, kind: CellType, arm: Arm, present: frozenset[str], values: Array) -> None:
    """Let every cell stand until it rests with its own numbers; cells at rest meet nobody, as the medium is fresh.

    Parameters
    ----------
    values : (value, cell)
        Pools of the cells are changed in place.

    Raises
    ------
    RunFault
        A cell runs away.
    """
    own = frozenset(pool.name for pool in program.table.pools
                    if pool.compartment == kind.name and not pool.counter and ":" not in pool.name)  # fresh medium
    tables = program.tables(present, Part(kind.name, pools=own))
    for first in range(0, values.shape[1], BLOCK):
        block = slice(first, first + BLOCK)
        rest = resting(program, Lanes(tables, np.ascontiguousarray(values[:, block]), arm.counts), present, {},
                       RELATIVE)
        lost = [(cell, message) for cell, message in enumerate(rest.messages, start=first) if message]
        if lost:
            raise RunFault(Finding("error", kind.name, f"{kind.name} cell {lost[0][0]}: {lost[0][1]}",
                                   "cells stand without exposures before a run, until nothing changes",
                                   "the run would start from an arbitrary state",
                                   "let the numbers in `variability` vary less, or look at the rules that act on this "
                                   "variable in untreated cells"))
        values[tables.pools, block] = rest.state


@njit(cache=True, nogil=True, error_model="numpy")
def normals(streams, number):  # noqa: ANN001, ANN201
    """(number, cell) standard normals, those of a cell from its own stream."""
    found = np.empty((number, streams.shape[0]))
    for cell in range(streams.shape[0]):
        for k in range(number):
            found[k, cell] = normal(streams[cell])
    return found
