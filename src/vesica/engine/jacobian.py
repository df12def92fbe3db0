"""The exact Jacobian as a tape: chain rule over assigned values, then over fluxes.

A *slot* is one number d(value)/d(state). Slot 0 is the constant one, d(state)/d(itself).
The tape lists, in order of evaluation, which partial derivative times which slot is added
to which slot; then each flux adds the product of its other factors times a slot to the
entries of the matrix that its moves touch. All of it is fixed when a model is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.engine.table import Assignment, Flux

Index = NDArray[np.int64]


@dataclass(frozen=True)
class JacobianTape:
    """Index arrays of the sweep.

    ``chain_*``: slot[target] += partial[chain_partial] * slot[chain_source].
    ``term_*``: term t is d(flux)/d(state) through one factor: the flux's factors without
    number ``term_skip`` times slot ``term_slot``. ``entry_*``: matrix value number
    ``entry_place`` += move ``entry_move`` times term ``entry_term``.
    ``rows``, ``columns``: the matrix pattern, sorted by column then row (CSC); each
    (row, column) is there once.
    """

    slots: int
    chain_target: Index
    chain_partial: Index
    chain_source: Index
    term_flux: Index
    term_skip: Index
    term_slot: Index
    entry_place: Index
    entry_move: Index
    entry_term: Index
    rows: Index
    columns: Index


def jacobian_tape(
    index: dict[str, int],
    ordered: list[Assignment],
    first: list[int],
    fluxes: tuple[Flux, ...],
    moves: list[list[tuple[int, int, str]]],
    state: dict[str, int],
) -> JacobianTape:
    """Build the tape for the live part of a program; see `JacobianTape`."""
    slots, chain = _chain(ordered, first, state)
    terms: list[tuple[int, int, int]] = []
    entries: list[tuple[int, int, int, int]] = []
    move_number = 0
    for number, flux in enumerate(fluxes):
        mine = [
            (column, (number, place, slot))
            for place, name in enumerate(flux.factors)
            for column, slot in slots.get(name, {}).items()
        ]
        for column, term in mine:
            entries.extend(
                (row, column, move_number + offset, len(terms)) for offset, (row, _, _) in enumerate(moves[number])
            )
            terms.append(term)
        move_number += len(moves[number])
    pattern = sorted({(column, row) for row, column, _, _ in entries} | {(s, s) for s in state.values()})
    place = {pair: number for number, pair in enumerate(pattern)}
    return JacobianTape(
        slots=1 + sum(len(found) for name, found in slots.items() if name not in state),
        chain_target=_column(chain, 0), chain_partial=_column(chain, 1), chain_source=_column(chain, 2),
        term_flux=_column(terms, 0), term_skip=_column(terms, 1), term_slot=_column(terms, 2),
        entry_place=np.array([place[column, row] for row, column, _, _ in entries], dtype=np.int64),
        entry_move=_column(entries, 2), entry_term=_column(entries, 3),
        rows=np.array([row for _, row in pattern], dtype=np.int64),
        columns=np.array([column for column, _ in pattern], dtype=np.int64),
    )


def _chain(
    ordered: list[Assignment], first: list[int], state: dict[str, int]
) -> tuple[dict[str, dict[int, int]], list[tuple[int, int, int]]]:
    """Slots of every value by state, and the steps that fill them."""
    slots: dict[str, dict[int, int]] = {name: {place: 0} for name, place in state.items()}
    chain: list[tuple[int, int, int]] = []
    used = 1
    for number, assignment in enumerate(ordered):
        mine: dict[int, int] = {}
        for place, arg in enumerate(assignment.args):
            for column, source in slots.get(arg, {}).items():
                if column not in mine:
                    mine[column] = used
                    used += 1
                chain.append((mine[column], first[number] + place, source))
        if mine:
            slots[assignment.target] = mine
    return slots, chain


def _column(rows: list[tuple[int, ...]], place: int) -> Index:
    return np.array([row[place] for row in rows], dtype=np.int64)
