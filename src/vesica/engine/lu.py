"""Sparse LU factorisation as a tape: the order of operations is found once, then runs for many lanes.

All lanes of a batch share the pattern of their matrices, so pivots (on the diagonal, chosen
after Markowitz for little fill-in), fill-in and the list of multiplications are fixed when a
model is compiled. What remains at run time are loops over lanes without a branch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Index = NDArray[np.int64]


@dataclass(frozen=True)
class LuTape:
    """Places and operations of one pattern.

    Parameters
    ----------
    slots : int
        Stored values, fill-in included.
    place : (stored,)
        Slot of each stored value of the matrix, in the order its pattern was given.
    diagonal : (state,)
        Slot of each diagonal value, in the order of states.
    order : (state,)
        State that is eliminated in step k.
    pivot : (state,)
        Slot of the pivot of step k.
    below_start, below_slot, below_row : of step k, the values below the pivot and their states
    right_start, right_slot, right_column : of step k, the values right of the pivot and their states
    update_start, update_target, update_below, update_right : slots of ``a[target] -= a[below] a[right]``
    """

    slots: int
    place: Index
    diagonal: Index
    order: Index
    pivot: Index
    below_start: Index
    below_slot: Index
    below_row: Index
    right_start: Index
    right_slot: Index
    right_column: Index
    update_start: Index
    update_target: Index
    update_below: Index
    update_right: Index


def lu_tape(size: int, rows: Index, columns: Index) -> LuTape:
    """Find pivots and fill-in for a pattern that holds its whole diagonal.

    Parameters
    ----------
    size : int
        Number of states.
    rows, columns : (stored,)

    Notes
    -----
    Markowitz 1957 Management Science 3:255: the pivot with the smallest product of other
    entries in its row and in its column is eliminated first.
    """
    slot = {(int(row), int(column)): number for number, (row, column) in enumerate(zip(rows, columns, strict=True))}
    in_row: list[set[int]] = [set() for _ in range(size)]
    in_column: list[set[int]] = [set() for _ in range(size)]
    for row, column in slot:
        in_row[row].add(column)
        in_column[column].add(row)
    left = set(range(size))
    order: list[int] = []
    below: list[list[tuple[int, int]]] = []
    right: list[list[tuple[int, int]]] = []
    updates: list[list[tuple[int, int, int]]] = []
    while left:
        k = min(left, key=lambda s: ((len(in_row[s]) - 1) * (len(in_column[s]) - 1), s))
        left.remove(k)
        lower, upper = sorted(in_column[k] - {k}), sorted(in_row[k] - {k})
        for row in lower:
            for column in upper:
                if (row, column) not in slot:
                    slot[row, column] = len(slot)
                    in_row[row].add(column)
                    in_column[column].add(row)
        order.append(k)
        below.append([(slot[row, k], row) for row in lower])
        right.append([(slot[k, column], column) for column in upper])
        updates.append([(slot[r, c], slot[r, k], slot[k, c]) for r in lower for c in upper])
        for row in lower:
            in_row[row].discard(k)
        for column in upper:
            in_column[column].discard(k)
    return LuTape(
        slots=len(slot), place=np.arange(rows.size, dtype=np.int64),
        diagonal=_ints(slot[s, s] for s in range(size)), order=_ints(order), pivot=_ints(slot[k, k] for k in order),
        below_start=_offsets(below), below_slot=_column(below, 0), below_row=_column(below, 1),
        right_start=_offsets(right), right_slot=_column(right, 0), right_column=_column(right, 1),
        update_start=_offsets(updates), update_target=_column(updates, 0), update_below=_column(updates, 1),
        update_right=_column(updates, 2),
    )


def _ints(values) -> Index:  # noqa: ANN001
    return np.array(list(values), dtype=np.int64)


def _offsets(groups: list) -> Index:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups], dtype=np.int64)]).astype(np.int64)


def _column(groups: list, place: int) -> Index:
    return np.array([item[place] for group in groups for item in group], dtype=np.int64)


@njit(cache=True, nogil=True, error_model="numpy")
def factorise(a, pivot, below_start, below_slot, update_start, update_target, update_below, update_right):  # noqa: ANN001, ANN201
    """Factorise in place: (slot, lane) values of the matrices become their L and U; pivots become reciprocals."""
    lanes = a.shape[1]
    for k in range(pivot.size):
        p = a[pivot[k]]
        for lane in range(lanes):
            p[lane] = 1.0 / p[lane]
        for i in range(below_start[k], below_start[k + 1]):
            low = a[below_slot[i]]
            for lane in range(lanes):
                low[lane] *= p[lane]
        for i in range(update_start[k], update_start[k + 1]):
            target, low, up = a[update_target[i]], a[update_below[i]], a[update_right[i]]
            for lane in range(lanes):
                target[lane] -= low[lane] * up[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def solve(a, b, order, pivot, below_start, below_slot, below_row, right_start, right_slot, right_column):  # noqa: ANN001, ANN201, PLR0913
    """Solve in place for right-hand sides ``b`` (state, lane) with what `factorise` left in ``a``."""
    lanes = a.shape[1]
    n = order.size
    for k in range(n):
        known = b[order[k]]
        for i in range(below_start[k], below_start[k + 1]):
            low, target = a[below_slot[i]], b[below_row[i]]
            for lane in range(lanes):
                target[lane] -= low[lane] * known[lane]
    for k in range(n - 1, -1, -1):
        mine = b[order[k]]
        for i in range(right_start[k], right_start[k + 1]):
            up, other = a[right_slot[i]], b[right_column[i]]
            for lane in range(lanes):
                mine[lane] -= up[lane] * other[lane]
        p = a[pivot[k]]
        for lane in range(lanes):
            mine[lane] *= p[lane]
