"""One MVB of a whole-number donor cell: its marks, its vesicles when they are looked at, its fates (compiled).

An MVB is a pointer to its marks, a stream one to its words, ``count`` one to the row of its cell in `Donors.counts`.

With cargo, a vesicle known to be in an MVB is still there with chance e^(-retrofusion x time); its slot may hold
another one.
Vesicles found new are loaded from the pool then, those gone give their copies back (`records`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from vesica.biology.mvb_law import relaxed
from vesica.engine.borrowed import shift
from vesica.engine.counters import binomial, exponential, uniform
from vesica.engine.whole import rates as r
from vesica.engine.whole import records

MADE, FUSED_BACK, TAKEN_BACK, DEGRADED, FREED, DETACHED, BORN, LYSED, DOCKED, FUSED = range(10)
# An MVB in the arrays: P and R at its mark (R from the start of the leg), vesicles known then, slots, the record of its
# first loaded vesicle. Last, the time in the leg at which it tries to dock; infinite if it does not.
SHARE, GONE, KNOWN, SLOTS, HEAD, TRY = range(6)
MARKS = 6
STAYS, LYSED_AT, TRIES_AT = range(3)

relax = njit(cache=True, nogil=True, error_model="numpy")(relaxed)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def put(mvb, place):  # noqa: ANN001, ANN201
    """Copy an MVB to another place."""
    for mark in range(MARKS):
        place[mark] = mvb[mark]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def fate(s, rate, time, duration):  # noqa: ANN001, ANN201
    """What a free MVB meets first after ``time`` if all sites are free, and when."""
    hazard = rate[r.LYSOSOME] + rate[r.DOCKING]
    when = time + exponential(s) / hazard if hazard > 0.0 else math.inf
    if when >= duration:
        return STAYS, math.inf
    return (LYSED_AT if uniform(s) * hazard < rate[r.LYSOSOME] else TRIES_AT), when


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def odds(rate, share_then, gone_then, share, gone):  # noqa: ANN001, ANN201
    """Chances since a mark, given P and R then and now.

    That a slot that was full is so, that it holds the same vesicle, that it is full again if not; that a slot that was
    empty is full.
    """
    decay = math.exp(gone_then - gone)
    came = share - share_then * decay
    loss = rate[r.BUDDING] / rate[r.CAPACITY] + rate[r.RETROFUSION]
    same = math.exp((gone_then - gone) * rate[r.RETROFUSION] / loss) if loss > 0.0 else 1.0
    again = (came + decay - same) / (1.0 - same) if same < 1.0 else 0.0
    return came + decay, same, again, came


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def look(s, mvb, chances, count, hold):  # noqa: ANN001, ANN201
    """Vesicles of an MVB now, given those at its mark and its `odds`; what changed is counted."""
    full, same, again, came = chances
    known = mvb[KNOWN]
    if hold.law.cargo > 0:
        head, new, lost = records.renew(s, known, mvb[SLOTS], (same, again, came), int(mvb[HEAD]), hold)
        mvb[HEAD] = head
    else:
        lost, new = int(known - binomial(s, known, full)), int(binomial(s, mvb[SLOTS] - known, came))
    count[MADE] += new
    count[FUSED_BACK] += lost
    return int(known) + new - lost


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def lyse(s, rate, time, share, mvb, count, hold):  # noqa: ANN001, ANN201
    """The lysosome takes an MVB, which is looked at for the last time."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    chances = odds(rate, mvb[SHARE], mvb[GONE], relax(share, fill, loss, time), loss * time)
    count[DEGRADED] += look(s, mvb, chances, count, hold)
    count[LYSED] += 1
    if mvb[HEAD] >= 0.0:
        records.degrade(int(mvb[HEAD]), hold)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _slots(s, rate):  # noqa: ANN001, ANN202
    slots = math.floor(rate[r.CAPACITY])
    more = rate[r.CAPACITY] - slots
    return slots + 1.0 if more > 0.0 and uniform(s) < more else slots


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def bear(s, rate, share, gone, mvb):  # noqa: ANN001, ANN201
    """An MVB that is known to be empty, marked now."""
    mvb[SHARE], mvb[GONE], mvb[KNOWN], mvb[SLOTS] = share, gone, 0.0, _slots(s, rate)
    mvb[HEAD], mvb[TRY] = records.NOBODY, math.inf


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def born(s, rate, time, duration, share, mvb, count, hold):  # noqa: ANN001, ANN201
    """A new MVB, written to ``mvb`` unless the lysosome takes it within the leg: whether it is there."""
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    loss = fill + rate[r.RETROFUSION]
    count[BORN] += 1
    kind, when = fate(s, rate, time, duration)
    if kind == LYSED_AT:
        n = int(binomial(s, _slots(s, rate), relax(0.0, fill, loss, when - time)))
        count[MADE] += n
        count[DEGRADED] += n
        count[LYSED] += 1
        if hold.law.cargo > 0:
            records.make_in_vain(s, n, hold)
        return False
    bear(s, rate, relax(share, fill, loss, time), loss * time, mvb)
    mvb[TRY] = when
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def leave(s, rate, time, tethered, number, count):  # noqa: ANN001, ANN201
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


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def first_try(free, number):  # noqa: ANN001, ANN201
    """The MVB that tries to dock next, and when."""
    first, at = 0, math.inf
    for k in range(number):
        when = shift(free, k * MARKS)[TRY]
        if when < at:
            first, at = k, when
    return first, at


@njit(cache=True, nogil=True, error_model="numpy")
def most_slots(rate, free, docked):  # noqa: ANN001, ANN201
    """Slots of the largest MVB that is there or may be born."""
    most = math.floor(rate[r.CAPACITY]) + 1.0
    for mvbs in (free, docked):
        for k in range(mvbs.shape[0]):
            most = max(most, mvbs[k, SLOTS])
    return np.int64(most)


@njit(cache=True, nogil=True, error_model="numpy")
def sums(mvbs, number, first, second):  # noqa: ANN001, ANN201
    """Add n and n^2 as last known over the MVBs of each cell; (cell, room, 6), (cell,) x 3."""
    for c in range(number.size):
        for k in range(number[c]):
            n = mvbs[c, k, KNOWN]
            first[c] += n
            second[c] += n * n
