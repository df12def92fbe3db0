"""The compiled part of `engine.whole.donor`: births, docking and fusions of a cell in order, lysosomes at once.

MVBs share nothing but the docking sites. So an MVB draws, at its birth or at the start of a leg, what would come first
if every site were free: the lysosome, a try to dock, or the end of the leg. One that the lysosome takes is drawn and
counted on the spot and never stored. A try succeeds with the share of sites that are free then, else the MVB draws
anew: tries are a Poisson process that is thinned (Lewis & Shedler 1979 Nav Res Logist Q 26:403), so docking has exactly
the hazard h_dock (1 - docked/sites). Births, fusions and undockings come by the direct method (Gillespie 1977 J Phys
Chem 81:2340); an MVB that undocks draws a new fate. The hazard of births follows the mean number of endosomes and is
thinned from its larger end. Tethered vesicles act on nothing: how many leave until the end of the leg is one binomial
draw.
"""

from __future__ import annotations

import math

from numba import njit

from vesica.engine.borrowed import borrowed, pointer, shift
from vesica.engine.counters import exponential, uniform
from vesica.engine.whole import donor_arrays as arrays
from vesica.engine.whole import mvbs, records
from vesica.engine.whole import rates as r
from vesica.engine.whole.loading import Tables
from vesica.engine.whole.loading_loop import Bounds, envelope, lent_bounds, passed

# Why a call ends; rooms of free MVBs, docked ones, loaded vesicles, and of what a call returns.
DONE, TIRED, FREE_FULL, DOCKED_FULL, RECORDS_FULL, BURSTS_FULL = range(6)


@njit(cache=True, nogil=True, error_model="numpy")
def advance_cells(at, high, allowed, state, course, tables, found, bounds):  # noqa: ANN001, ANN201
    """Move cells ``at`` to ``high`` to the end of the leg, as far as ``allowed`` events and rooms go.

    Parameters
    ----------
    bounds
        Room for those of one cell.

    Returns
    -------
    at, code
        The next cell; `DONE`, or why it is not. Nothing is drawn in vain.
    """
    tables = Tables(borrowed(tables.quantile), tables.thickness, borrowed(tables.per_size), borrowed(tables.is_lumen),
                    borrowed(tables.empty_share))
    bounds = Bounds(borrowed(bounds.sums), borrowed(bounds.guide), borrowed(bounds.pace))
    return _advance_cells(at, high, allowed, arrays.borrowed_state(state), arrays.borrowed_course(course), tables,
                          arrays.borrowed_found(found), bounds)


@njit(cache=True, nogil=True, error_model="numpy")
def _advance_cells(at, high, allowed, state, course, tables, found, bounds):  # noqa: ANN001, ANN202
    left = allowed
    while at < high:
        rate = shift(pointer(course.rows), at * r.ROW if course.rows.shape[0] > 1 else 0)
        hold = arrays.hold_of(at, state, tables, lent_bounds(bounds), course.ahead)
        most = mvbs.most_slots(rate, state.free[at, : state.n_free[at]], state.docked[at, : state.n_docked[at]])
        if course.clock[at] < 0.0 and not records.has_room(hold, most):
            return at, RECORDS_FULL
        if hold.law.cargo > 0:
            envelope(hold.law, shift(pointer(course.most), at * hold.law.cargo), hold.bounds)
        if course.clock[at] < 0.0:
            s = arrays.stream_of(state, at)
            if hold.law.cargo > 0:
                course.ahead[at] = passed(s, hold.bounds)
            mvbs.leave(s, rate, course.duration, shift(pointer(state.tethered), at), state.tethered[at],
                       arrays.count_of(state, at))
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
    bursts, vesicles = found.number
    if bursts == found.time.size or (hold.is_sized and vesicles + most > found.diameter.size):
        return BURSTS_FULL
    return DONE


@njit(cache=True, nogil=True, error_model="numpy")
def _events(c, rate, state, course, hold, found, most, left):  # noqa: ANN001, ANN202
    """Births, tries to dock, undockings and fusions of one cell until the end of the leg, where rooms allow it."""
    s, duration, n_docked = arrays.stream_of(state, c), course.duration, state.n_docked
    free, count = arrays.first_of(state.free, c), arrays.count_of(state, c)
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
        leave = rate[r.FUSION] + rate[r.UNDOCKING]
        total = birth + leave * n_docked[c]
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
            mvb = shift(free, k * mvbs.MARKS)
            if mvbs.born(s, rate, time, duration, state.share[c], mvb, count, hold):
                first, at = (k, mvb[mvbs.TRY]) if mvb[mvbs.TRY] < at else (first, at)
                state.n_free[c] += 1
        elif n_docked[c] > 0:  # rounding of the sum may point here when nothing is docked
            k = min(int((u - birth) / leave), n_docked[c] - 1)
            if rate[r.UNDOCKING] > 0.0 and u - birth - k * leave >= rate[r.FUSION]:
                _undock(c, rate, time, k, state, course, hold)
                first, at = mvbs.first_try(free, state.n_free[c])
            else:
                _fuse(c, rate, time, k, state, course, hold, found)


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(c, rate, state, duration, hold):  # noqa: ANN001, ANN202
    """Fates of the MVBs that are there at the start of a leg."""
    s, count, kept = arrays.stream_of(state, c), arrays.count_of(state, c), 0
    mvb = arrays.first_of(state.free, c)
    place = mvb
    for _ in range(state.n_free[c]):
        kind, when = mvbs.fate(s, rate, 0.0, duration)
        if kind == mvbs.LYSED_AT:
            mvbs.lyse(s, rate, when, state.share[c], mvb, count, hold)
        else:
            mvbs.put(mvb, place)
            place[mvbs.TRY] = when
            place = shift(place, mvbs.MARKS)
            kept += 1
        mvb = shift(mvb, mvbs.MARKS)
    state.n_free[c] = kept


@njit(cache=True, nogil=True, error_model="numpy")
def _try(c, rate, time, state, course, k, hold):  # noqa: ANN001, ANN202
    """MVB ``k`` docks if it meets a free site, else it draws another fate."""
    s, count, free = arrays.stream_of(state, c), arrays.count_of(state, c), arrays.first_of(state.free, c)
    mvb = shift(free, k * mvbs.MARKS)
    if uniform(s) < 1.0 - state.n_docked[c] / rate[r.SITES]:
        mvbs.put(mvb, shift(arrays.first_of(state.docked, c), state.n_docked[c] * mvbs.MARKS))
        state.n_docked[c] += 1
        count[mvbs.DOCKED] += 1
    else:
        kind, when = mvbs.fate(s, rate, time, course.duration)
        if kind != mvbs.LYSED_AT:
            mvb[mvbs.TRY] = when
            return
        mvbs.lyse(s, rate, when, state.share[c], mvb, count, hold)
    state.n_free[c] -= 1
    mvbs.put(shift(free, state.n_free[c] * mvbs.MARKS), mvb)


@njit(cache=True, nogil=True, error_model="numpy")
def _undock(c, rate, time, k, state, course, hold):  # noqa: ANN001, ANN202
    """Docked MVB ``k`` is free again, with a new fate; one that the lysosome takes is not stored."""
    s, free, docked = arrays.stream_of(state, c), arrays.first_of(state.free, c), arrays.first_of(state.docked, c)
    mvb = shift(docked, k * mvbs.MARKS)
    kind, when = mvbs.fate(s, rate, time, course.duration)
    if kind == mvbs.LYSED_AT:
        mvbs.lyse(s, rate, when, state.share[c], mvb, arrays.count_of(state, c), hold)
    else:
        mvb[mvbs.TRY] = when
        mvbs.put(mvb, shift(free, state.n_free[c] * mvbs.MARKS))
        state.n_free[c] += 1
    state.n_docked[c] -= 1
    mvbs.put(shift(docked, state.n_docked[c] * mvbs.MARKS), mvb)


@njit(cache=True, nogil=True, error_model="numpy")
def _fuse(c, rate, time, k, state, course, hold, found):  # noqa: ANN001, ANN202
    """Docked MVB ``k`` fuses: of its vesicles some leave at once, the rest is tethered."""
    s, count, docked = arrays.stream_of(state, c), arrays.count_of(state, c), arrays.first_of(state.docked, c)
    mvb = shift(docked, k * mvbs.MARKS)
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    share = mvbs.relax(state.share[c], fill, loss, time)
    n = mvbs.look(s, mvb, mvbs.odds(rate, mvb[mvbs.SHARE], mvb[mvbs.GONE], share, loss * time), count, hold)
    burst, vesicle = found.number
    freed = records.ship(s, n, rate[r.RELEASED], int(mvb[mvbs.HEAD]), hold, shift(pointer(found.diameter), vesicle),
                         shift(pointer(found.copies), vesicle * hold.law.cargo))
    found.time[burst] = time
    found.what[burst, 0], found.what[burst, 1], found.what[burst, 2] = c, freed, n - freed
    found.number[0] += 1
    found.number[1] += n if hold.is_sized else 0
    count[mvbs.FREED] += freed
    count[mvbs.FUSED] += 1
    state.tethered[c] += n - freed
    mvbs.leave(s, rate, course.duration - time, shift(pointer(state.tethered), c), n - freed, count)
    state.n_docked[c] -= 1
    mvbs.put(shift(docked, state.n_docked[c] * mvbs.MARKS), mvb)


@njit(cache=True, nogil=True, error_model="numpy")
def _finish(c, rate, state, course, hold, most):  # noqa: ANN001, ANN202
    """Look at MVBs, count R from the end of the leg, carry P and endosomes there; false where a room is full."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    gone = loss * course.duration
    then, share = state.share[c], mvbs.relax(state.share[c], fill, loss, course.duration)
    common = mvbs.odds(rate, then, 0.0, share, gone)  # of all that were looked at when the leg began
    s, count, n_free = arrays.stream_of(state, c), arrays.count_of(state, c), state.n_free[c]
    free, docked = arrays.first_of(state.free, c), arrays.first_of(state.docked, c)
    for k in range(course.looked[c], n_free + state.n_docked[c]):
        mvb = shift(free, k * mvbs.MARKS) if k < n_free else shift(docked, (k - n_free) * mvbs.MARKS)
        if not course.is_looked:
            mvb[mvbs.GONE] -= gone
        elif records.has_room(hold, most):
            chances = common
            if mvb[mvbs.GONE] != 0.0 or mvb[mvbs.SHARE] != then:
                chances = mvbs.odds(rate, mvb[mvbs.SHARE], mvb[mvbs.GONE], share, gone)
            mvb[mvbs.KNOWN] = mvbs.look(s, mvb, chances, count, hold)
            mvb[mvbs.SHARE], mvb[mvbs.GONE] = share, 0.0
        else:
            course.looked[c] = k
            return False
    course.looked[c] = n_free + state.n_docked[c]
    state.share[c] = share
    ends = rate[r.MATURATION] + rate[r.RECYCLING]
    state.endosomes[c] = mvbs.relax(state.endosomes[c], rate[r.FORMATION], ends, course.duration)
    return True
