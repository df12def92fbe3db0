"""The compiled part of `engine.whole.donor`: births, docking and fusions of a cell in order, lysosomes at once.

MVBs share nothing but the docking sites. So an MVB draws, at its birth or at the start of a leg, what would come first
if every site were free: the lysosome, a try to dock, or the end of the leg. One that the lysosome takes is drawn and
counted on the spot and never stored. A try succeeds with the share of sites that are free then, else the MVB draws
anew: tries are a Poisson process that is thinned (Lewis & Shedler 1979 Nav Res Logist Q 26:403), so docking has exactly
the hazard h_dock (1 - docked/sites). Births and fusions come by the direct method (Gillespie 1977 J Phys Chem 81:2340);
the hazard of births follows the mean number of endosomes and is thinned from its larger end. Tethered vesicles act
on nothing: how many leave until the end of the leg is one binomial draw.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.borrowed import borrowed
from vesica.engine.counters import exponential, uniform
from vesica.engine.whole import mvbs, records
from vesica.engine.whole import rates as r
from vesica.engine.whole.loading import Tables, envelope
from vesica.engine.whole.records import Hold

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Why a call ends; rooms of free MVBs, docked ones, loaded vesicles, and of what a call returns.
DONE, TIRED, FREE_FULL, DOCKED_FULL, RECORDS_FULL, BURSTS_FULL = range(6)


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
    rows : (1 or cell, 13)
    duration : s
    is_looked
        Draw the vesicles of every MVB at the end.
    clock : (cell,) s
        Negative before the start.
    looked : (cell,) int64
        MVBs looked at; negative while there are events.
    most : (cell, cargo) int64
        No pool exceeds it in the leg.
    """

    rows: Array
    duration: float
    is_looked: bool
    clock: Array
    looked: Index
    most: Index


class Found(NamedTuple):
    """Rooms for bursts: (room,) s; (room, 3) cell, vesicles released, tethered; and for the vesicles of all of them.

    ``number`` (2,): bursts and vesicles so far.
    """

    number: Index
    time: Array
    what: Index
    diameter: Array
    copies: Index


@njit(cache=True, nogil=True, error_model="numpy")
def advance_cells(at, high, allowed, state, course, tables, found, bound, work):  # noqa: ANN001, ANN201
    """Move cells ``at`` to ``high`` to the end of the leg, as far as ``allowed`` events and rooms go.

    Parameters
    ----------
    bound, work : (STRATA,), (4, cargo)
        Work space of `loading`.

    Returns
    -------
    at, code
        The next cell; `DONE`, or why it is not. Nothing is drawn in vain.
    """
    lent = _borrowed_state(state)
    course = Course(borrowed(course.rows), course.duration, course.is_looked, borrowed(course.clock),
                    borrowed(course.looked), borrowed(course.most))
    tables = Tables(borrowed(tables.quantile), tables.thickness, borrowed(tables.per_size), borrowed(tables.is_lumen),
                    borrowed(tables.empty_share))
    found = Found(borrowed(found.number), borrowed(found.time), borrowed(found.what), borrowed(found.diameter),
                  borrowed(found.copies))
    return _advance_cells(at, high, allowed, lent, course, tables, found, borrowed(bound), borrowed(work))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _borrowed_state(state):  # noqa: ANN001, ANN202
    return State(borrowed(state.streams), borrowed(state.share), borrowed(state.endosomes), borrowed(state.free),
                 borrowed(state.docked), borrowed(state.n_free), borrowed(state.n_docked), borrowed(state.tethered),
                 borrowed(state.counts), borrowed(state.pool), borrowed(state.moved), borrowed(state.link),
                 borrowed(state.diameter), borrowed(state.copies), borrowed(state.rooms))


@njit(cache=True, nogil=True, error_model="numpy")
def _advance_cells(at, high, allowed, state, course, tables, found, bound, work):  # noqa: ANN001, ANN202
    left = allowed
    while at < high:
        rate = course.rows[at if course.rows.shape[0] > 1 else 0]
        row = at if tables.per_size.shape[0] > 1 else 0
        hold = Hold(state.pool[at], state.moved[at], state.link[at], state.diameter[at], state.copies[at],
                    state.rooms[at], tables, row, bound, work)
        most = mvbs.most_slots(rate, state.free[at, : state.n_free[at]], state.docked[at, : state.n_docked[at]])
        if course.clock[at] < 0.0:
            if not records.has_room(hold, most):
                return at, RECORDS_FULL
            records.add_copies(state.free[at, : state.n_free[at], mvbs.HEAD], hold.link, hold.copies, course.most[at])
            records.add_copies(state.docked[at, : state.n_docked[at], mvbs.HEAD], hold.link, hold.copies,
                               course.most[at])
        if hold.pool.size > 0:
            envelope(tables, row, course.most[at], work, bound)
        if course.clock[at] < 0.0:
            mvbs.leave(state.streams[at], rate, course.duration, state.tethered[at : at + 1], state.tethered[at],
                       state.counts[at])
            _begin(at, rate, state, course.duration, hold)
            course.clock[at] = 0.0
        if course.looked[at] < 0:
            code, left = _events(at, rate, state, course, hold, found, most, left)
            if code != DONE:
                return at, code
            course.looked[at] = 0
        if not _finish(at, rate, state, course, hold, most):
            return at, RECORDS_FULL
        left -= course.looked[at] if course.is_looked else 0
        at += 1
    return at, DONE


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _room(c, state, found, hold, most):  # noqa: ANN001, ANN202
    """`DONE` where one event more has room, else what has none."""
    if state.n_free[c] == state.free.shape[1]:
        return FREE_FULL
    if state.n_docked[c] == state.docked.shape[1]:
        return DOCKED_FULL
    if not records.has_room(hold, most):
        return RECORDS_FULL
    is_drawn = hold.tables.quantile.size > 0
    bursts, vesicles = found.number
    if bursts == found.time.size or (is_drawn and vesicles + most > found.diameter.size):
        return BURSTS_FULL
    return DONE


@njit(cache=True, nogil=True, error_model="numpy")
def _events(c, rate, state, course, hold, found, most, left):  # noqa: ANN001, ANN202
    """Births, tries to dock and fusions of one cell until the end of the leg, where rooms allow it."""
    s, duration, free, n_docked = state.streams[c], course.duration, state.free[c], state.n_docked
    ends = rate[r.MATURATION] + rate[r.RECYCLING]
    later = mvbs.relax(state.endosomes[c], rate[r.FORMATION], ends, duration)
    is_steady = abs(later - state.endosomes[c]) <= 1e-12 * state.endosomes[c]
    birth = rate[r.MATURATION] * max(state.endosomes[c], later)
    first, at = mvbs.first_try(free, state.n_free[c])
    while True:
        if left <= 0:
            return TIRED, left
        code = _room(c, state, found, hold, most)
        if code != DONE:
            return code, left
        left -= 1
        total = birth + rate[r.FUSION] * n_docked[c]
        time = course.clock[c] + exponential(s) / total if total > 0.0 else math.inf
        if min(time, at) >= duration:
            return DONE, left
        course.clock[c] = min(time, at)
        if at <= time:
            _try(c, rate, at, state, course, first, hold)
            first, at = mvbs.first_try(free, state.n_free[c])
            continue
        u = uniform(s) * total
        if u < birth:
            endosomes = mvbs.relax(state.endosomes[c], rate[r.FORMATION], ends, time)
            if not is_steady and u >= rate[r.MATURATION] * endosomes:
                continue
            k = state.n_free[c]
            if mvbs.born(s, rate, time, duration, state.share[c], free[k], state.counts[c], hold):
                if free[k, mvbs.TRY] < at:
                    first, at = k, free[k, mvbs.TRY]
                state.n_free[c] += 1
        elif n_docked[c] > 0:  # rounding of the sum may point here when nothing is docked
            k = min(int((u - birth) / rate[r.FUSION]), n_docked[c] - 1)
            _fuse(c, rate, time, k, state, course, hold, found)


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(c, rate, state, duration, hold):  # noqa: ANN001, ANN202
    """Fates of the MVBs that are there at the start of a leg."""
    s, free, kept = state.streams[c], state.free[c], 0
    for k in range(state.n_free[c]):
        kind, when = mvbs.fate(s, rate, 0.0, duration)
        if kind == mvbs.LYSED_AT:
            mvbs.lyse(s, rate, when, state.share[c], free[k], state.counts[c], hold)
            continue
        for place in range(mvbs.TRY):
            free[kept, place] = free[k, place]
        free[kept, mvbs.TRY] = when
        kept += 1
    state.n_free[c] = kept


@njit(cache=True, nogil=True, error_model="numpy")
def _try(c, rate, time, state, course, k, hold):  # noqa: ANN001, ANN202
    """MVB ``k`` docks if it meets a free site, else it draws another fate."""
    s, free, count = state.streams[c], state.free[c], state.counts[c]
    if uniform(s) < 1.0 - state.n_docked[c] / rate[r.SITES]:
        state.docked[c, state.n_docked[c]] = free[k]
        state.n_docked[c] += 1
        count[mvbs.DOCKED] += 1
    else:
        kind, when = mvbs.fate(s, rate, time, course.duration)
        if kind != mvbs.LYSED_AT:
            free[k, mvbs.TRY] = when
            return
        mvbs.lyse(s, rate, when, state.share[c], free[k], count, hold)
    state.n_free[c] -= 1
    free[k] = free[state.n_free[c]]


@njit(cache=True, nogil=True, error_model="numpy")
def _fuse(c, rate, time, k, state, course, hold, found):  # noqa: ANN001, ANN202
    """Docked MVB ``k`` fuses: of its vesicles some leave at once, the rest is tethered."""
    s, mvb, count = state.streams[c], state.docked[c, k], state.counts[c]
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    n = mvbs.look(s, rate, mvb, mvbs.relax(state.share[c], fill, loss, time), loss * time, count, hold)
    burst, vesicle = found.number
    freed = records.ship(s, n, rate[r.RELEASED], int(mvb[mvbs.HEAD]), hold, found.diameter[vesicle:],
                         found.copies[vesicle:])
    found.time[burst] = time
    found.what[burst, 0], found.what[burst, 1], found.what[burst, 2] = c, freed, n - freed
    found.number[0] += 1
    found.number[1] += n if hold.tables.quantile.size > 0 else 0
    count[mvbs.FREED] += freed
    count[mvbs.FUSED] += 1
    state.tethered[c] += n - freed
    mvbs.leave(s, rate, course.duration - time, state.tethered[c : c + 1], n - freed, count)
    state.n_docked[c] -= 1
    state.docked[c, k] = state.docked[c, state.n_docked[c]]


@njit(cache=True, nogil=True, error_model="numpy")
def _finish(c, rate, state, course, hold, most):  # noqa: ANN001, ANN202
    """Look at MVBs, count R from the end of the leg, carry P and endosomes there; false where a room is full."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    gone = loss * course.duration
    share = mvbs.relax(state.share[c], fill, loss, course.duration)
    n_free = state.n_free[c]
    for k in range(course.looked[c], n_free + state.n_docked[c]):
        mvb = state.free[c, k] if k < n_free else state.docked[c, k - n_free]
        if not course.is_looked:
            mvb[mvbs.GONE] -= gone
        elif records.has_room(hold, most):
            mvb[mvbs.KNOWN] = mvbs.look(state.streams[c], rate, mvb, share, gone, state.counts[c], hold)
            mvb[mvbs.SHARE], mvb[mvbs.GONE] = share, 0.0
        else:
            course.looked[c] = k
            return False
    course.looked[c] = n_free + state.n_docked[c]
    state.share[c] = share
    ends = rate[r.MATURATION] + rate[r.RECYCLING]
    state.endosomes[c] = mvbs.relax(state.endosomes[c], rate[r.FORMATION], ends, course.duration)
    return True
