"""The arrays on which the compiled part of `engine.whole.donor` works, and the pointers to those of one cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.borrowed import borrowed, pointer, shift
from vesica.engine.counters import SIZE
from vesica.engine.whole import mvbs, records
from vesica.engine.whole.loading_loop import law_of
from vesica.engine.whole.records import Hold

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class State(NamedTuple):
    """Arrays of `donor.Donors`, under the same names."""

    streams: NDArray[np.uint64]
    share: Array
    endosomes: Array
    free: Array
    docked: Array
    n_free: Index
    n_docked: Index
    tethered: Index
    counts: Index
    pool: Index
    moved: Index
    link: Index
    diameter: Array
    copies: Index
    rooms: Index


class Course(NamedTuple):
    """A leg and how far each cell is in it.

    Parameters
    ----------
    rows : (1 or cell, 14)
    duration : s
    is_looked
        Draw the vesicles of every MVB at the end.
    clock : (cell,) s
        Negative before the start.
    looked : (cell,) int64
        MVBs looked at; negative while there are events.
    most : (cell, cargo) int64
        No pool exceeds it in the leg.
    ahead : (cell,)
        New vesicles to pass until the next that may be loaded.
    """

    rows: Array
    duration: float
    is_looked: bool
    clock: Array
    looked: Index
    most: Index
    ahead: Array


class Found(NamedTuple):
    """Rooms for bursts: (room,) s; (room, 3) cell, vesicles released, tethered; and for the vesicles of all of them.

    ``number`` (2,): bursts and vesicles so far.
    """

    number: Index
    time: Array
    what: Index
    diameter: Array
    copies: Index


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def borrowed_state(state):  # noqa: ANN001, ANN201
    """The same, uncounted."""
    return State(borrowed(state.streams), borrowed(state.share), borrowed(state.endosomes), borrowed(state.free),
                 borrowed(state.docked), borrowed(state.n_free), borrowed(state.n_docked), borrowed(state.tethered),
                 borrowed(state.counts), borrowed(state.pool), borrowed(state.moved), borrowed(state.link),
                 borrowed(state.diameter), borrowed(state.copies), borrowed(state.rooms))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def borrowed_course(course):  # noqa: ANN001, ANN201
    """The same, uncounted."""
    return Course(borrowed(course.rows), course.duration, course.is_looked, borrowed(course.clock),
                  borrowed(course.looked), borrowed(course.most), borrowed(course.ahead))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def borrowed_found(found):  # noqa: ANN001, ANN201
    """The same, uncounted."""
    return Found(borrowed(found.number), borrowed(found.time), borrowed(found.what), borrowed(found.diameter),
                 borrowed(found.copies))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def hold_of(c, state, tables, bounds, ahead):  # noqa: ANN001, ANN201
    """`Hold` of one cell, with ``bounds`` as pointers."""
    cargo, room = state.pool.shape[1], state.link.shape[1]
    return Hold(room, tables.quantile.size > 0, shift(pointer(state.pool), c * cargo),
                shift(pointer(state.moved), c * cargo * records.KINDS), shift(pointer(state.link), c * room),
                shift(pointer(state.diameter), c * room), shift(pointer(state.copies), c * room * cargo),
                shift(pointer(state.rooms), c * state.rooms.shape[1]),
                law_of(tables, c if tables.per_size.shape[0] > 1 else 0), bounds, shift(pointer(ahead), c))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def stream_of(state, c):  # noqa: ANN001, ANN201
    """Pointer to the words of a cell's stream."""
    return shift(pointer(state.streams), c * SIZE)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def first_of(mvbs_of_all, c):  # noqa: ANN001, ANN201
    """Pointer to the first MVB of a cell in (cell, room, MARKS)."""
    return shift(pointer(mvbs_of_all), c * mvbs_of_all.shape[1] * mvbs.MARKS)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def count_of(state, c):  # noqa: ANN001, ANN201
    """Pointer to the row of a cell in `Donors.counts`."""
    return shift(pointer(state.counts), c * state.counts.shape[1])
