"""The compiled part of `engine.whole.journey`: one vesicle of the dish after another, event by event.

The direct method (Gillespie 1977 J Phys Chem 81:2340) with bounds in place of sums: a state offers its number of
vesicles times the largest hazard any of them may have; one of them is chosen evenly, and the event is refused with
the share of the bound that its own hazard leaves (thinning: Lewis & Shedler 1979 Nav Res Logist Q 26:403). The law is
that of the hazards; only wasted draws depend on the bounds. The cell that binds or drinks a free vesicle comes from an
alias table (Walker 1977 ACM TOMS 3:253) over bounds of its hazards. Tables are made anew when a cell has more free
sites than its bound, which then are made wider, and after so many refusals that they pay for it, and then narrower:
all known from the past, so the law stays.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from vesica.engine.counters import exponential, uniform

CLASS, CELL, SIZE, COPIES = range(4)  # columns of a row: cell 0 in the medium, bits of the diameter, then copies
# States are stretches of the rows, from one edge to the next; behind the last is room for more.
TETHERED, FREE, BOUND, INSIDE, GONE = range(5)
ARRIVED, DECAYED, PLASTIC = range(3)  # tallies of the medium
TAKEN_BACK, DETACHED, DEGRADED, ESCAPED, FUSED = range(5)  # tallies of cells
DONE, TIRED = range(2)
DRINKS, BINDS, WEIGHT, KEEP, OTHER = range(5)  # columns of the tables of meetings
REFUSED, SPARE = range(2)  # of ``wide``: draws refused for want of sites, and sites that bounds have to spare
ROOMY = 1.25  # a bound in free sites, beside the spare ones

# Events: three of each state in the order of its hazards; the third of the medium is a meeting with a cell.
DETACH, TAKE_BACK, _, DECAY, STICK, BIND, UNBIND, INTERNALISE, FUSE, DEGRADE, RECYCLE, ESCAPE, DRINK = range(13)
NOTHING = 13
# Where each leads, and the tally it counts in (of the medium or of the cell; -1 none).
TO = np.array([FREE, GONE, GONE, GONE, GONE, BOUND, FREE, INSIDE, GONE, GONE, FREE, GONE, INSIDE])
TALLY = np.array([DETACHED, TAKEN_BACK, -1, DECAYED, PLASTIC, -1, -1, -1, FUSED, DEGRADED, -1, ESCAPED, -1])


@njit(cache=True, nogil=True, error_model="numpy")
def tabulate(held, sites, meeting, hazards, top, cap, wide):  # noqa: ANN001, ANN201
    """Make the alias tables and the bound of the free vesicles from the sites that are free now.

    Parameters
    ----------
    held, sites : (cell,)
    meeting : (class, cell, 5)
        Hazard of drinking and of binding for each free site, then what is set here: bound of their sum, alias table.
    hazards, top
        As in `advance`; set for free vesicles.
    cap, wide : (cell,), (2,) int64
        Bounds of free sites (set here); refusals since (set to zero), and spare sites.
    """
    for i in range(held.size):
        cap[i] = min(sites[i], ROOMY * max(0.0, sites[i] - held[i]) + wide[SPARE])
    top[FREE] = 0.0
    for kind in range(meeting.shape[0]):
        total = 0.0
        for i in range(held.size):
            meeting[kind, i, WEIGHT] = meeting[kind, i, DRINKS] + meeting[kind, i, BINDS] * cap[i]
            total += meeting[kind, i, WEIGHT]
        if total > 0.0:
            _alias(meeting[kind], total)
        hazards[FREE, 0, kind, 2] = total
        top[FREE] = max(top[FREE], hazards[FREE, 0, kind].sum())
    wide[REFUSED] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _alias(table, total):  # noqa: ANN001, ANN202
    """Place i keeps a draw with chance `KEEP`, else it goes to `OTHER` (Vose 1991 IEEE Trans Softw Eng 17:972)."""
    n = table.shape[0]
    queue = np.empty(n, dtype=np.int64)  # those below one from the left, the others from the right
    low, high = 0, n
    for i in range(n):
        table[i, KEEP], table[i, OTHER] = table[i, WEIGHT] * (n / total), i
        if table[i, KEEP] < 1.0:
            queue[low] = i
            low += 1
        else:
            high -= 1
            queue[high] = i
    while low > 0 and high < n:
        low -= 1
        few, many = queue[low], queue[high]
        table[few, OTHER] = many
        table[many, KEEP] -= 1.0 - table[few, KEEP]
        if table[many, KEEP] < 1.0:
            high += 1
            queue[low] = many
            low += 1
    for k in range(n):  # those that are left are one but for rounding
        if k < low or k >= high:
            table[queue[k], KEEP] = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def advance(  # noqa: ANN201, PLR0913
    allowed, s, rows, edge, held, medium, fates, taken_up, first_uptake, first_copy,  # noqa: ANN001
    sites, meeting, hazards, top, cap, wide,  # noqa: ANN001
    times, states, entering, at, clock, start, duration,  # noqa: ANN001
):
    """Fire events until the end of the window, as far as ``allowed`` draws go.

    Parameters
    ----------
    s ... first_copy
        Of the `Journey`; there must be room for all that enter.
    hazards : (state, cell, class, 3) 1/s
        Of one vesicle, in the order of the events; those of free ones at cell 0.
    top : (state,) 1/s
        Their largest sums.
    sites ... wide
        As in `tabulate`.
    times, states, entering : (vesicle,) s in the window, (vesicle,), (vesicle, 3 + cargo)
    at, clock : (1,) int64, (1,) s
        Next vesicle to enter, and time in the window; moved on.
    start : s, of the window, for first times

    Returns
    -------
    `DONE` or `TIRED` (nothing is drawn in vain).
    """
    left, row = allowed, np.empty(rows.shape[1], dtype=np.int32)
    while left > 0:
        left -= 1
        total = 0.0
        for state in range(GONE):
            total += (edge[state + 1] - edge[state]) * top[state]
        time = clock[0] + exponential(s) / total if total > 0.0 else math.inf
        if at[0] < times.size and times[at[0]] <= time:
            clock[0] = times[at[0]]
            _enter(rows, edge, medium, states[at[0]], entering, at[0], row)
            at[0] += 1
            continue
        if time >= duration:
            return DONE
        clock[0] = time
        state = _state(edge, top, uniform(s) * total)
        k = edge[state] + int(uniform(s) * (edge[state + 1] - edge[state]))
        what, i = _event(hazards, state, rows[k, CELL], rows[k, CLASS], uniform(s) * top[state]), rows[k, CELL]
        if what == BIND:
            what, i = _meet(s, rows[k, CLASS], held, sites, meeting)
            wide[REFUSED] += what == NOTHING
        if what != NOTHING:
            for c in range(row.size):
                row[c] = rows[k, c]
            _book(what, i, row, medium, fates)
            _note(what, i, row, held, taken_up, first_uptake, first_copy, start + time)
            row[CELL] = i if TO[what] > FREE else 0
            _move(rows, edge, row, k, state, TO[what])
        is_loose = sites[i] - held[i] > cap[i]
        if is_loose or wide[REFUSED] > held.size:
            wide[SPARE] = max(1, 2 * wide[SPARE]) if is_loose else wide[SPARE] // 2
            tabulate(held, sites, meeting, hazards, top, cap, wide)
            left -= meeting.size
    return TIRED


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _state(edge, top, u):  # noqa: ANN001, ANN202
    """Which state holds the place ``u`` of the sum; what rounding leaves goes to the last that offers any."""
    last, chosen = 0, -1
    for state in range(GONE):
        offered = (edge[state + 1] - edge[state]) * top[state]
        if offered > 0.0:
            last = state
            if chosen < 0 and u < offered:
                chosen = state
        u -= offered
    return chosen if chosen >= 0 else last


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _event(hazards, state, i, kind, u):  # noqa: ANN001, ANN202
    """Which of its three events happens to a vesicle, or nothing."""
    first = hazards[state, i, kind, 0]
    second = first + hazards[state, i, kind, 1]
    if u >= second + hazards[state, i, kind, 2]:
        return NOTHING
    return 3 * state + (0 if u < first else 1 if u < second else 2)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _meet(s, kind, held, sites, meeting):  # noqa: ANN001, ANN202
    """What comes of a meeting of a free vesicle, and the cell it meets."""
    i = int(uniform(s) * held.size)
    if uniform(s) >= meeting[kind, i, KEEP]:
        i = int(meeting[kind, i, OTHER])
    u = uniform(s) * meeting[kind, i, WEIGHT] - meeting[kind, i, DRINKS]
    is_bound = u < meeting[kind, i, BINDS] * (sites[i] - held[i])
    return (DRINK if u < 0.0 else BIND if is_bound else NOTHING), i


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _book(what, i, row, medium, fates):  # noqa: ANN001, ANN202
    """Count the vesicle and its copies where the event is counted."""
    tally, kind = TALLY[what], row[CLASS]
    if what in (DECAY, STICK):
        medium[tally, kind, 0] += 1
        for c in range(COPIES, row.size):
            medium[tally, kind, c - COPIES + 1] += row[c]
    elif tally >= 0:
        fates[tally, i, kind, 0] += 1
        for c in range(COPIES, row.size):
            fates[tally, i, kind, c - COPIES + 1] += row[c]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _note(what, i, row, held, taken_up, first_uptake, first_copy, now):  # noqa: ANN001, ANN202
    """What the event means for the cell: sites held, vesicles taken up, first times."""
    if what == BIND:
        held[i] += 1
    elif UNBIND <= what <= FUSE:
        held[i] -= 1
    if what in (INTERNALISE, FUSE, DRINK):
        taken_up[i, row[CLASS]] += 1
        if math.isnan(first_uptake[i]):
            first_uptake[i] = now
    elif what == RECYCLE:
        taken_up[i, row[CLASS]] -= 1
    if what in (FUSE, ESCAPE):
        for c in range(COPIES, row.size):
            if row[c] > 0 and math.isnan(first_copy[i, c - COPIES]):
                first_copy[i, c - COPIES] = now


@njit(cache=True, nogil=True, error_model="numpy")
def _enter(rows, edge, medium, state, entering, k, row):  # noqa: ANN001, ANN202
    for c in range(row.size):
        row[c] = entering[k, c]
    medium[ARRIVED, row[CLASS], 0] += 1
    for c in range(COPIES, row.size):
        medium[ARRIVED, row[CLASS], c - COPIES + 1] += row[c]
    _move(rows, edge, row, edge[GONE], GONE, state)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _move(rows, edge, row, k, before, after):  # noqa: ANN001, ANN202
    """Put ``row``, of place ``k``, into another state: the gap goes from stretch to stretch, each gives one row."""
    while before < after:
        before += 1
        edge[before] -= 1
        for c in range(row.size):
            rows[k, c] = rows[edge[before], c]
        k = edge[before]
    while before > after:
        for c in range(row.size):
            rows[k, c] = rows[edge[before], c]
        k = edge[before]
        edge[before] += 1
        before -= 1
    for c in range(row.size):
        rows[k, c] = row[c]


@njit(cache=True, nogil=True, error_model="numpy")
def insert(rows, edge, state, entering):  # noqa: ANN001, ANN201
    """Put rows into a state; there must be room."""
    row = np.empty(rows.shape[1], dtype=np.int32)
    for k in range(entering.shape[0]):
        for c in range(row.size):
            row[c] = entering[k, c]
        _move(rows, edge, row, edge[GONE], GONE, state)


@njit(cache=True, nogil=True, error_model="numpy")
def count(rows, found):  # noqa: ANN001, ANN201
    """Add vesicles and copies of the rows to ``found`` (cell, class, content)."""
    for k in range(rows.shape[0]):
        i, kind = rows[k, CELL], rows[k, CLASS]
        found[i, kind, 0] += 1
        for c in range(COPIES, rows.shape[1]):
            found[i, kind, c - COPIES + 1] += rows[k, c]


@njit(cache=True, nogil=True, error_model="numpy")
def choose(s, places, number):  # noqa: ANN001, ANN201
    """(number,) of the ``places``, evenly: each once at most, or with repeats where more are wanted than there are.

    ``places`` are put in another order.
    """
    found = np.empty(number, dtype=np.int64)
    is_repeated = number > places.size
    for k in range(number):
        first = 0 if is_repeated else k
        j = first + int(uniform(s) * (places.size - first))
        found[k] = places[j]
        if not is_repeated:
            places[j] = places[k]
    return found
