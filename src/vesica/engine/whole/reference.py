"""One donor cell, event by event: every endosome, budding, back-fusion and fate (direct method).

Slow and plain: what `engine.whole.donor` is tested against.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import binomial, exponential, normal, uniform
from vesica.engine.whole import rates as r

# Places in the counters.
MADE, FUSED_BACK, TAKEN_BACK, DEGRADED, FREED, FUSED = range(6)
# Places in the numbers of the cell.
ENDOSOMES, FREE, DOCKED, TETHERED = range(4)


class Vesicles(NamedTuple):
    """Every vesicle of a cell with its diameter (column 0) and its copies.

    Parameters
    ----------
    free, docked : (room, slot, 1 + cargo)
    left : (room, 1 + cargo)
        Those of all bursts, each burst's released ones first; overwritten by every call.
    pool : (cargo,) int64
    law : (5,)
        Median, geometric standard deviation, bounds, thickness.
    per_size, is_lumen, empty_share : (cargo,)
        As in `loading.Loads`.
    """

    free: NDArray[np.float64]
    docked: NDArray[np.float64]
    left: NDArray[np.float64]
    pool: NDArray[np.int64]
    law: NDArray[np.float64]
    per_size: NDArray[np.float64]
    is_lumen: NDArray[np.bool_]
    empty_share: NDArray[np.float64]


def vesicles(law: SizeLaw, pool: NDArray[np.int64], per_size: NDArray[np.float64], is_lumen: NDArray[np.bool_],
             empty_share: NDArray[np.float64], room: int, slots: int) -> Vesicles:
    """None yet, and what they will be loaded from."""
    numbers = np.array([law.median, law.gsd, law.low, law.high, law.thickness])
    columns = 1 + pool.size
    return Vesicles(np.zeros((room, slots, columns)), np.zeros((room, slots, columns)),
                    np.zeros((room * slots, columns)), pool.copy(), numbers, per_size, is_lumen, empty_share)


@njit(cache=True, nogil=True, error_model="numpy")
def _bud(stream, held, vesicle):  # noqa: ANN001, ANN202
    """A new vesicle takes its diameter, by rejection, and its copies out of the pool."""
    median, gsd, low, high, thickness = held.law
    d = median * math.exp(math.log(gsd) * normal(stream))
    while d < low or d > high:
        d = median * math.exp(math.log(gsd) * normal(stream))
    vesicle[0] = d
    for i in range(held.pool.size):
        vesicle[1 + i] = 0.0
        if uniform(stream) >= held.empty_share[i]:
            size = math.pi / 6.0 * (d - 2.0 * thickness) ** 3 if held.is_lumen[i] else math.pi * d * d
            chance = min(1.0, held.per_size[i] * size / (1.0 - held.empty_share[i]))
            vesicle[1 + i] = binomial(stream, float(held.pool[i]), chance)
        held.pool[i] -= np.int64(vesicle[1 + i])


@njit(cache=True, nogil=True, error_model="numpy")
def simulate(stream, rate, duration, cell, free, docked, counts, bursts, held):  # noqa: ANN001, ANN201, PLR0912, PLR0915
    """Follow one cell for ``duration`` s at constant rates; all arrays but ``rate`` are moved on.

    Parameters
    ----------
    stream : (SIZE,) uint64
    rate : (14,), see `rates.Rates`
    cell : (4,) int64
        Endosomes, free MVBs, docked MVBs, tethered vesicles.
    free, docked : (room, 2) int64
        Vesicles in each MVB, and its slots.
    counts : (6,) int64
        Every budding and back-fusion counts here: more than the net numbers of `donor`.
    bursts : (room, 3)
        Time, vesicles released, vesicles tethered.
    held : Vesicles
        With cargo, tethered vesicles must not leave.

    Returns
    -------
    int
        Bursts written.
    """
    time, fused, left_so_far = 0.0, 0, 0
    hazard = np.zeros(11)
    fill = rate[r.BUDDING] / rate[r.CAPACITY]
    while True:
        inside = np.array([free[: cell[FREE], 0].sum(), docked[: cell[DOCKED], 0].sum()])
        slots = np.array([free[: cell[FREE], 1].sum(), docked[: cell[DOCKED], 1].sum()])
        hazard[0] = rate[r.FORMATION]
        hazard[1] = rate[r.RECYCLING] * cell[ENDOSOMES]
        hazard[2] = rate[r.MATURATION] * cell[ENDOSOMES]
        hazard[3] = fill * (slots.sum() - inside.sum())
        hazard[4] = rate[r.RETROFUSION] * inside.sum()
        hazard[5] = rate[r.LYSOSOME] * cell[FREE]
        hazard[6] = rate[r.DOCKING] * max(0.0, 1.0 - cell[DOCKED] / rate[r.SITES]) * cell[FREE]
        hazard[7] = rate[r.FUSION] * cell[DOCKED]
        hazard[8] = rate[r.DETACHMENT] * cell[TETHERED]
        hazard[9] = rate[r.TETHER_RETURN] * cell[TETHERED]
        hazard[10] = rate[r.UNDOCKING] * cell[DOCKED]
        total = hazard.sum()
        time += exponential(stream) / total if total > 0.0 else duration
        if time >= duration:
            return fused
        left, what = uniform(stream) * total, 0
        while what < 10 and left >= hazard[what]:
            left -= hazard[what]
            what += 1
        if what == 0:
            cell[ENDOSOMES] += 1
        elif what == 1:
            cell[ENDOSOMES] -= 1
        elif what == 2:
            cell[ENDOSOMES] -= 1
            whole = np.floor(rate[r.CAPACITY])
            free[cell[FREE], 0] = 0
            free[cell[FREE], 1] = whole + (1 if uniform(stream) < rate[r.CAPACITY] - whole else 0)
            cell[FREE] += 1
        elif what in (3, 4):
            # A slot at random among the empty (full) ones, in free MVBs first, then in docked ones.
            place = np.int64(uniform(stream) * (slots.sum() - inside.sum() if what == 3 else inside.sum()))
            for k in range(cell[FREE] + cell[DOCKED]):
                mvb = free[k] if k < cell[FREE] else docked[k - cell[FREE]]
                weight = mvb[1] - mvb[0] if what == 3 else mvb[0]
                if place < weight:
                    inner = held.free[k] if k < cell[FREE] else held.docked[k - cell[FREE]]
                    if what == 3:
                        _bud(stream, held, inner[mvb[0]])
                    else:
                        for i in range(held.pool.size):
                            held.pool[i] += np.int64(inner[place, 1 + i])
                        inner[place] = inner[mvb[0] - 1]
                    mvb[0] += 1 if what == 3 else -1
                    counts[MADE if what == 3 else FUSED_BACK] += 1
                    break
                place -= weight
        elif what in (5, 6):
            chosen = np.int64(uniform(stream) * cell[FREE])
            if what == 5:
                counts[DEGRADED] += free[chosen, 0]
            else:
                docked[cell[DOCKED]] = free[chosen]
                held.docked[cell[DOCKED]] = held.free[chosen]
                cell[DOCKED] += 1
            cell[FREE] -= 1
            free[chosen] = free[cell[FREE]]
            held.free[chosen] = held.free[cell[FREE]]
        elif what == 10:
            chosen = np.int64(uniform(stream) * cell[DOCKED])
            free[cell[FREE]] = docked[chosen]
            held.free[cell[FREE]] = held.docked[chosen]
            cell[FREE] += 1
            cell[DOCKED] -= 1
            docked[chosen] = docked[cell[DOCKED]]
            held.docked[chosen] = held.docked[cell[DOCKED]]
        elif what == 7:
            chosen = np.int64(uniform(stream) * cell[DOCKED])
            leaving, number = 0, docked[chosen, 0]
            for k in range(number):
                is_free = uniform(stream) < rate[r.RELEASED]
                held.left[left_so_far + (leaving if is_free else number - 1 - k + leaving)] = held.docked[chosen, k]
                leaving += 1 if is_free else 0
            left_so_far += number
            bursts[fused, 0], bursts[fused, 1], bursts[fused, 2] = time, leaving, docked[chosen, 0] - leaving
            fused += 1
            cell[TETHERED] += docked[chosen, 0] - leaving
            cell[DOCKED] -= 1
            docked[chosen] = docked[cell[DOCKED]]
            held.docked[chosen] = held.docked[cell[DOCKED]]
            counts[FREED] += leaving
            counts[FUSED] += 1
        else:
            cell[TETHERED] -= 1
            counts[FREED if what == 8 else TAKEN_BACK] += 1
