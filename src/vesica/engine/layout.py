"""The equations of one replicate laid out for a single pass, without loops over lanes.

Fluxes are sorted by their number of factors and states by how many fluxes move them, so that the processor
foresees every loop; a state adds up its fluxes in the order of the tables, as the batch does, so that both agree to
the last digit. All index arrays lie one after another in one block: a call then unpacks one array, not fourteen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vesica.engine.program import Tables

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """What ``rate_one`` of the compiled kernels reads.

    Parameters
    ----------
    plan : (all,) uint32
        Where each array begins, then the arrays: pools; class, first and all args, out of each kernel; numbers of
        factors, how many fluxes have each, factors; numbers of moves, how many states have each, fluxes, states.
    moves : (kept move,)
        Which move of the tables each number of ``fluxes`` is.
    fluxes : int
        How many fluxes are computed.
    """

    plan: NDArray[np.uint32]
    moves: Index
    fluxes: int


def layout(tables: Tables, still: NDArray[np.bool_] | None = None) -> Layout:
    """Lay out the tables.

    Parameters
    ----------
    still : (state,) bool, optional
        States whose rate is zero; fluxes that move no other state are left out.
    """
    size, walk = tables.pools.size, tables.moving
    kept = np.arange(tables.move_state.size) if still is None else np.flatnonzero(~still[tables.move_state])
    flux_of = np.repeat(np.arange(len(tables.fluxes)), np.diff(tables.move_start))[kept]
    number_of_factors = np.diff(tables.factor_start)
    used = np.unique(flux_of)
    used = used[np.argsort(number_of_factors[used], kind="stable")]
    place = np.zeros(len(tables.fluxes), dtype=np.int64)
    place[used] = np.arange(used.size)
    moved = np.bincount(tables.move_state[kept], minlength=size)
    states = np.argsort(moved, kind="stable")
    by_state = np.argsort(tables.move_state[kept], kind="stable")
    moves = by_state[_rows(np.concatenate([[0], np.cumsum(moved)]), states)]
    factors = tables.factors[_rows(tables.factor_start, used)]
    classes = np.repeat(walk.classes, walk.ends - walk.starts)
    plan = _block(tables.pools, classes, walk.first, walk.args, walk.out,
                  *np.unique(number_of_factors[used], return_counts=True), factors,
                  *np.unique(moved[states], return_counts=True), place[flux_of[moves]], states)
    return Layout(plan, kept[moves], used.size)


def _rows(start: Index, chosen: Index) -> Index:
    """Places of what chosen rows hold; row r holds ``start[r]:start[r + 1]``."""
    lengths = start[chosen + 1] - start[chosen]
    before = np.cumsum(lengths) - lengths
    return np.repeat(start[chosen] - before, lengths) + np.arange(lengths.sum())


def _block(*arrays: Index) -> NDArray[np.uint32]:
    starts = np.cumsum([len(arrays) + 1, *(array.size for array in arrays)])
    return np.concatenate([starts, *arrays]).astype(np.uint32)
