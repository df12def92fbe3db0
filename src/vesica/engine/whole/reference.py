"""One donor cell, event by event: every endosome, budding, back-fusion and fate (direct method).

Slow and plain: what `engine.whole.donor` is tested against.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from vesica.engine.counters import exponential, uniform
from vesica.engine.whole import rates as r

# Places in the counters.
MADE, FUSED_BACK, TAKEN_BACK, DEGRADED, FREED, FUSED = range(6)
# Places in the numbers of the cell.
ENDOSOMES, FREE, DOCKED, TETHERED = range(4)


@njit(cache=True, nogil=True, error_model="numpy")
def simulate(stream, rate, duration, cell, free, docked, counts, bursts):  # noqa: ANN001, ANN201, PLR0912, PLR0915
    """Follow one cell for ``duration`` s at constant rates; all arrays but ``rate`` are moved on.

    Parameters
    ----------
    stream : (SIZE,) uint64
    rate : (13,), see `rates.Rates`
    cell : (4,) int64
        Endosomes, free MVBs, docked MVBs, tethered vesicles.
    free, docked : (room, 2) int64
        Vesicles in each MVB, and its slots.
    counts : (6,) int64
        Every budding and back-fusion counts here: more than the net numbers of `donor`.
    bursts : (room, 3)
        Time, vesicles released, vesicles tethered.

    Returns
    -------
    int
        Bursts written.
    """
    time, fused = 0.0, 0
    hazard = np.zeros(10)
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
        total = hazard.sum()
        time += exponential(stream) / total if total > 0.0 else duration
        if time >= duration:
            return fused
        left, what = uniform(stream) * total, 0
        while what < 9 and left >= hazard[what]:
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
                cell[DOCKED] += 1
            cell[FREE] -= 1
            free[chosen] = free[cell[FREE]]
        elif what == 7:
            chosen = np.int64(uniform(stream) * cell[DOCKED])
            leaving = 0
            for _ in range(docked[chosen, 0]):
                leaving += 1 if uniform(stream) < rate[r.RELEASED] else 0
            bursts[fused, 0], bursts[fused, 1], bursts[fused, 2] = time, leaving, docked[chosen, 0] - leaving
            fused += 1
            cell[TETHERED] += docked[chosen, 0] - leaving
            cell[DOCKED] -= 1
            docked[chosen] = docked[cell[DOCKED]]
            counts[FREED] += leaving
            counts[FUSED] += 1
        else:
            cell[TETHERED] -= 1
            counts[FREED if what == 8 else TAKEN_BACK] += 1
