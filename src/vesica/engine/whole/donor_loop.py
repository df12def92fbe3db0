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

from numba import njit

from vesica.biology.mvb_law import relaxed
from vesica.engine.counters import binomial, exponential, poisson, uniform
from vesica.engine.whole import rates as r

MADE, FUSED_BACK, TAKEN_BACK, DEGRADED, FREED, DETACHED, BORN, LYSED, DOCKED, FUSED = range(10)
# An MVB in the arrays: P and R at its mark (R from the start of the leg), vesicles known then, slots.
# Last, the time in the leg at which it tries to dock; infinite if it does not.
SHARE, GONE, KNOWN, SLOTS, TRY = range(5)
STAYS, LYSED_AT, TRIES_AT = range(3)
DONE, FULL, TIRED = range(3)

relax = njit(cache=True, nogil=True, error_model="numpy")(relaxed)


@njit(cache=True, nogil=True, error_model="numpy")
def advance_cells(  # noqa: ANN201, PLR0913
    at, high, allowed, streams, rows, duration, is_looked, clock, share, endosomes, free, docked, n_free,  # noqa: ANN001
    n_docked, tethered, counts, burst_time, burst,  # noqa: ANN001
):
    """Move cells ``at`` to ``high`` to the end of the leg, as far as ``allowed`` events, rooms and bursts go.

    Parameters
    ----------
    rows : (1 or cell, 13)
    clock : (cell,) s
        Of the leg; negative before its start.
    burst_time, burst : (room,) s, (room, 3)
        Time; cell, vesicles released and tethered.

    Returns
    -------
    at, code, written
        The next cell; `DONE`, or why it is not: an array is `FULL`, or `TIRED` (nothing is drawn in vain).
    """
    left, written = allowed, 0
    while at < high:
        rate = rows[at if rows.shape[0] > 1 else 0]
        s = streams[at]
        if clock[at] < 0.0:
            _leave(s, rate, duration, tethered[at : at + 1], tethered[at], counts[at])
            _begin(s, rate, duration, share[at], free[at], n_free[at : at + 1], counts[at])
            clock[at] = 0.0
        code, left, written = _events(
            at, s, rate, duration, clock, share[at], endosomes[at], free[at], docked[at], n_free, n_docked,
            tethered, counts[at], burst_time, burst, left, written)
        if code != DONE:
            return at, code, written
        left -= _finish(s, rate, duration, is_looked, at, share, endosomes, free[at, : n_free[at]],
                        docked[at, : n_docked[at]], counts[at])
        at += 1
    return at, DONE, written


@njit(cache=True, nogil=True, error_model="numpy")
def _events(  # noqa: ANN202, PLR0913
    c, s, rate, duration, clock, share, endosomes, free, docked, n_free, n_docked, tethered, count, burst_time,  # noqa: ANN001
    burst, left, written,  # noqa: ANN001
):
    """Births, tries to dock and fusions of one cell until the end of the leg, where rooms allow it."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    ends = rate[r.MATURATION] + rate[r.RECYCLING]
    later = relax(endosomes, rate[r.FORMATION], ends, duration)
    is_steady = abs(later - endosomes) <= 1e-12 * endosomes
    birth = rate[r.MATURATION] * max(endosomes, later)
    first, at = _first(free, n_free[c])
    while True:
        if left <= 0:
            return TIRED, left, written
        if n_free[c] == free.shape[0] or n_docked[c] == docked.shape[0] or written == burst_time.size:
            return FULL, left, written
        left -= 1
        total = birth + rate[r.FUSION] * n_docked[c]
        time = clock[c] + exponential(s) / total if total > 0.0 else math.inf
        if min(time, at) >= duration:
            return DONE, left, written
        clock[c] = min(time, at)
        if at <= time:
            _try(s, rate, at, duration, share, free, docked, n_free[c : c + 1], n_docked[c : c + 1], first, count)
            first, at = _first(free, n_free[c])
            continue
        u = uniform(s) * total
        if u < birth:
            if not is_steady and u >= rate[r.MATURATION] * relax(endosomes, rate[r.FORMATION], ends, time):
                continue
            if _born(s, rate, time, duration, share, free, n_free[c], count):
                if free[n_free[c], TRY] < at:
                    first, at = n_free[c], free[n_free[c], TRY]
                n_free[c] += 1
        elif n_docked[c] > 0:  # rounding of the sum may point here when nothing is docked
            k = min(int((u - birth) / rate[r.FUSION]), n_docked[c] - 1)
            n = _look(s, docked[k], relax(share, fill, loss, time), loss * time, count)
            n_docked[c] -= 1
            docked[k] = docked[n_docked[c]]
            burst_time[written] = time
            burst[written] = c
            burst[written, 1] = _fuse(s, rate, duration - time, n, tethered[c : c + 1], count)
            burst[written, 2] = n - burst[written, 1]
            written += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _fate(s, rate, time, duration):  # noqa: ANN001, ANN202
    """What a free MVB meets first after ``time`` if all sites are free, and when."""
    hazard = rate[r.LYSOSOME] + rate[r.DOCKING]
    when = time + exponential(s) / hazard if hazard > 0.0 else math.inf
    if when >= duration:
        return STAYS, math.inf
    return (LYSED_AT if uniform(s) * hazard < rate[r.LYSOSOME] else TRIES_AT), when


@njit(cache=True, nogil=True, error_model="numpy")
def _lyse(s, rate, time, share, mvb, count):  # noqa: ANN001, ANN202
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    count[DEGRADED] += _look(s, mvb, relax(share, fill, loss, time), loss * time, count)
    count[LYSED] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(s, rate, duration, share, free, n_free, count):  # noqa: ANN001, ANN202
    """Fates of the MVBs that are there at the start of a leg."""
    kept = 0
    for k in range(n_free[0]):
        kind, when = _fate(s, rate, 0.0, duration)
        if kind == LYSED_AT:
            _lyse(s, rate, when, share, free[k], count)
            continue
        for place in range(TRY):
            free[kept, place] = free[k, place]
        free[kept, TRY] = when
        kept += 1
    n_free[0] = kept


@njit(cache=True, nogil=True, error_model="numpy")
def _born(s, rate, time, duration, share, free, k, count):  # noqa: ANN001, ANN202
    """A new MVB, written to place ``k`` unless the lysosome takes it within the leg: whether it is there."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    count[BORN] += 1
    kind, when = _fate(s, rate, time, duration)
    if kind == LYSED_AT:
        n = int(binomial(s, _slots(s, rate), relax(0.0, fill, loss, when - time)))
        count[MADE] += n
        count[DEGRADED] += n
        count[LYSED] += 1
        return False
    _bear(s, rate, relax(share, fill, loss, time), loss * time, free[k])
    free[k, TRY] = when
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _try(s, rate, time, duration, share, free, docked, n_free, n_docked, k, count):  # noqa: ANN001, ANN202, PLR0913
    """MVB ``k`` docks if it meets a free site, else it draws another fate."""
    if uniform(s) < 1.0 - n_docked[0] / rate[r.SITES]:
        docked[n_docked[0]] = free[k]
        n_docked[0] += 1
        count[DOCKED] += 1
    else:
        kind, when = _fate(s, rate, time, duration)
        if kind != LYSED_AT:
            free[k, TRY] = when
            return
        _lyse(s, rate, when, share, free[k], count)
    n_free[0] -= 1
    free[k] = free[n_free[0]]


@njit(cache=True, nogil=True, error_model="numpy")
def _first(free, number):  # noqa: ANN001, ANN202
    """The MVB that tries to dock next, and when."""
    first, at = 0, math.inf
    for k in range(number):
        if free[k, TRY] < at:
            first, at = k, free[k, TRY]
    return first, at


@njit(cache=True, nogil=True, error_model="numpy")
def _fuse(s, rate, time, n, tethered, count):  # noqa: ANN001, ANN202
    """Of ``n`` vesicles some leave at once; the rest is tethered, ``time`` before the end of the leg."""
    freed = int(binomial(s, float(n), rate[r.RELEASED]))
    count[FREED] += freed
    count[FUSED] += 1
    tethered[0] += n - freed
    _leave(s, rate, time, tethered, n - freed, count)
    return freed


@njit(cache=True, nogil=True, error_model="numpy")
def _slots(s, rate):  # noqa: ANN001, ANN202
    slots = math.floor(rate[r.CAPACITY])
    more = rate[r.CAPACITY] - slots
    return slots + 1.0 if more > 0.0 and uniform(s) < more else slots


@njit(cache=True, nogil=True, error_model="numpy")
def _bear(s, rate, share, gone, mvb):  # noqa: ANN001, ANN202
    """An MVB that is known to be empty, marked now."""
    mvb[SHARE], mvb[GONE], mvb[KNOWN], mvb[SLOTS], mvb[TRY] = share, gone, 0.0, _slots(s, rate), math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def _look(s, mvb, share, gone, count):  # noqa: ANN001, ANN202
    """Vesicles of an MVB now, given those at its mark; what changed is counted."""
    decay = math.exp(mvb[GONE] - gone)
    chance = share - mvb[SHARE] * decay
    stayed = binomial(s, mvb[KNOWN], chance + decay)
    came = binomial(s, mvb[SLOTS] - mvb[KNOWN], chance)
    count[MADE] += int(came)
    count[FUSED_BACK] += int(mvb[KNOWN] - stayed)
    return int(stayed + came)


@njit(cache=True, nogil=True, error_model="numpy")
def _leave(s, rate, time, tethered, number, count):  # noqa: ANN001, ANN202
    """Of ``number`` tethered vesicles some detach or are taken back within ``time``."""
    exits = rate[r.DETACHMENT] + rate[r.TETHER_RETURN]
    if not exits > 0.0 or number == 0:
        return
    gone = int(binomial(s, float(number), -math.expm1(-exits * time)))
    detached = int(binomial(s, float(gone), rate[r.DETACHMENT] / exits))
    tethered[0] -= gone
    count[FREED] += detached
    count[DETACHED] += detached
    count[TAKEN_BACK] += gone - detached


@njit(cache=True, nogil=True, error_model="numpy")
def _finish(s, rate, duration, is_looked, c, share, endosomes, free, docked, count):  # noqa: ANN001, ANN202, PLR0913
    """Carry P and endosomes to the end of the leg, look, and count R from there; returns how many looks."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    gone = loss * duration
    share[c] = relax(share[c], fill, loss, duration)
    endosomes[c] = relax(endosomes[c], rate[r.FORMATION], rate[r.MATURATION] + rate[r.RECYCLING], duration)
    for mvbs in (free, docked):
        for k in range(mvbs.shape[0]):
            if is_looked:
                mvbs[k, KNOWN] = _look(s, mvbs[k], share[c], gone, count)
                mvbs[k, SHARE], mvbs[k, GONE] = share[c], 0.0
            else:
                mvbs[k, GONE] -= gone
    return (free.shape[0] + docked.shape[0]) if is_looked else 0


@njit(cache=True, nogil=True, error_model="numpy")
def furnish(streams, rate, mean_free, mean_docked, docking, share, free, docked, n_free, n_docked):  # noqa: ANN001, ANN201, PLR0913
    """Resting cells in the mean-field approximation; see `donor.resting`. Stops where a room is too small."""
    loss = rate[r.BUDDING] / rate[r.CAPACITY] + rate[r.RETROFUSION]
    rest = rate[r.BUDDING] / rate[r.CAPACITY] / loss if loss > 0.0 else 0.0
    leave = rate[r.LYSOSOME] + docking
    for c in range(n_free.size):
        s = streams[c]
        share[c] = rest
        n_free[c] = min(int(poisson(s, mean_free)), free.shape[1])
        if math.isinf(rate[r.SITES]):
            n_docked[c] = min(int(poisson(s, mean_docked)), docked.shape[1])
        else:
            n_docked[c] = min(int(binomial(s, math.floor(rate[r.SITES]), mean_docked / rate[r.SITES])),
                              docked.shape[1])
        for k in range(n_free[c]):
            _bear(s, rate, rest, -loss * exponential(s) / leave, free[c, k])
        for k in range(n_docked[c]):
            age = exponential(s) / leave + exponential(s) / rate[r.FUSION]
            _bear(s, rate, rest, -loss * age, docked[c, k])


@njit(cache=True, nogil=True, error_model="numpy")
def sums(mvbs, number, first, second):  # noqa: ANN001, ANN201
    """Add n and n^2 as last known over the MVBs of each cell; (cell, room, 5), (cell,) x 3."""
    for c in range(number.size):
        for k in range(number[c]):
            n = mvbs[c, k, KNOWN]
            first[c] += n
            second[c] += n * n
