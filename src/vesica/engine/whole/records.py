"""Loaded vesicles of one cell: records in rooms that are used again, a list for every MVB, heads kept by the MVBs.

Empty vesicles are only counted. Lists grow at the head, so their order follows from the cell alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.borrowed import shift
from vesica.engine.counters import binomial, uniform
from vesica.engine.whole import loading_loop as loading
from vesica.engine.whole.loading_loop import Bounds, Law

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Columns of the copies that moved so far; what is given back or in the lysosome is no longer in a vesicle.
MADE, FUSED_BACK, DEGRADED, RELEASED, TETHERED = range(5)
KINDS = 5
# State of the rooms: first of those given back, how many were ever used, how many are in use.
VACANT, USED, LIVE = range(3)
NOBODY = -1  # end of a list


class Hold(NamedTuple):
    """Cargo of one cell inside a leg, as pointers (`engine.borrowed`).

    Parameters
    ----------
    room
        For loaded vesicles.
    is_sized
        Vesicles have a diameter.
    pool : (cargo,) int64 copies in the cell
    moved : (cargo, 5) int64
    link : (room,) int64, next record of the list
    diameter : (room,) um
    copies : (room, cargo) int64
    rooms : (3,) int64
    law, bounds
        Of `loading_loop`.
    ahead : (1,) new vesicles to pass until the next candidate
    """

    room: int
    is_sized: bool
    pool: Any
    moved: Any
    link: Any
    diameter: Any
    copies: Any
    rooms: Any
    law: Law
    bounds: Bounds
    ahead: Any


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _move(hold, k, column):  # noqa: ANN001, ANN202
    """Count the copies of record ``k`` in a column of ``moved``."""
    for i in range(hold.law.cargo):
        hold.moved[i * KINDS + column] += hold.copies[k * hold.law.cargo + i]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def has_room(hold, most):  # noqa: ANN001, ANN201
    """Whether ``most`` vesicles more may be loaded."""
    return hold.law.cargo == 0 or hold.rooms[LIVE] + most < hold.room


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _vacate(hold, k):  # noqa: ANN001, ANN202
    """Give a room back; returns the next record of its list."""
    following = hold.link[k]
    hold.link[k] = hold.rooms[VACANT]
    hold.rooms[VACANT] = k
    hold.rooms[LIVE] -= 1
    return following


@njit(cache=True, nogil=True, error_model="numpy")
def fill(s, number, head, hold, taken):  # noqa: ANN001, ANN201
    """Load ``number`` new vesicles from the pool: the new head of their list.

    With ``taken`` what they hold leaves the pool; without, it comes from nowhere (cells at rest).
    """
    ahead, left = hold.ahead[0], float(number)
    while ahead < left:
        left -= ahead + 1.0
        ahead = loading.passed(s, hold.bounds)
        rooms = hold.rooms
        is_new = rooms[VACANT] == NOBODY
        k = rooms[USED] if is_new else rooms[VACANT]
        d = loading.try_candidate(s, hold.law, hold.bounds, hold.pool, shift(hold.copies, k * hold.law.cargo))
        if d < 0.0:
            continue
        if is_new:
            rooms[USED] += 1
        else:
            rooms[VACANT] = hold.link[k]
        rooms[LIVE] += 1
        hold.diameter[k] = d
        hold.link[k] = head
        head = k
        if taken:
            for i in range(hold.law.cargo):
                hold.pool[i] -= hold.copies[k * hold.law.cargo + i]
            _move(hold, k, MADE)
    hold.ahead[0] = ahead - left
    return head


@njit(cache=True, nogil=True, error_model="numpy")
def renew(s, known, slots, chances, head, hold):  # noqa: ANN001, ANN201
    """Who is in an MVB now, given ``known`` vesicles in it before.

    Parameters
    ----------
    known, slots : vesicle
    chances
        That a vesicle is still there; that a slot whose vesicle left is full again; that an empty slot is full.
    head
        First loaded vesicle of the MVB.

    Returns
    -------
    head, new, gone
    """
    same, again, came = chances
    loaded, left, last, k = 0, 0, NOBODY, head
    while k != NOBODY:
        loaded += 1
        if uniform(s) < same:
            last = k
            k = hold.link[k]
            continue
        left += 1
        for i in range(hold.law.cargo):
            hold.pool[i] += hold.copies[k * hold.law.cargo + i]
        _move(hold, k, FUSED_BACK)
        following = _vacate(hold, k)
        if last == NOBODY:
            head = following
        else:
            hold.link[last] = following
        k = following
    gone = left + int(known - loaded - binomial(s, known - loaded, same))
    new = int(binomial(s, float(gone), again) + binomial(s, slots - known, came))
    return fill(s, new, head, hold, True), new, gone


@njit(cache=True, nogil=True, error_model="numpy")
def degrade(head, hold):  # noqa: ANN001, ANN201
    """The lysosome takes a list."""
    k = head
    while k != NOBODY:
        _move(hold, k, DEGRADED)
        k = _vacate(hold, k)


@njit(cache=True, nogil=True, error_model="numpy")
def make_in_vain(s, number, hold):  # noqa: ANN001, ANN201
    """Load ``number`` vesicles that the lysosome takes unseen."""
    degrade(fill(s, number, NOBODY, hold, True), hold)


@njit(cache=True, nogil=True, error_model="numpy")
def ship(s, number, share, head, hold, diameter, copies):  # noqa: ANN001, ANN201
    """An MVB with ``number`` vesicles fuses; each leaves at once with chance ``share``. Returns how many do.

    Those that leave are written first, then those that are tethered: to ``diameter`` (number or more,) um and
    ``copies`` (number or more, cargo), both pointers, unless diameters are not drawn.
    """
    cargo = hold.law.cargo
    if not hold.is_sized:
        return int(binomial(s, float(number), share))
    front, back, k = 0, number, head
    while k != NOBODY:
        is_free = uniform(s) < share
        if is_free:
            place = front
            front += 1
        else:
            back -= 1
            place = back
        diameter[place] = hold.diameter[k]
        for i in range(cargo):
            copies[place * cargo + i] = hold.copies[k * cargo + i]
        _move(hold, k, RELEASED if is_free else TETHERED)
        k = _vacate(hold, k)
    freed = front + int(binomial(s, float(back - front), share))
    for place in range(front, back):
        diameter[place] = loading.empty_diameter(s, hold.law, hold.pool)
        for i in range(cargo):
            copies[place * cargo + i] = 0
    return freed


@njit(cache=True, nogil=True, error_model="numpy")
def add_copies(heads, link, copies, total):  # noqa: ANN001, ANN201
    """Add the copies in the listed vesicles of a cell to ``total`` (cargo,); heads (mvb,)."""
    if total.size > 0:
        for head in heads:
            k = int(head)
            while k != NOBODY:
                for i in range(total.size):
                    total[i] += copies[k, i]
                k = link[k]


@njit(cache=True, nogil=True, error_model="numpy")
def copies_inside(heads, number, link, copies, found):  # noqa: ANN001, ANN201
    """Add those of every cell; heads (cell, mvb), number (cell,), found (cell, cargo)."""
    for c in range(number.size):
        add_copies(heads[c, : number[c]], link[c], copies[c], found[c])
