"""Many replicates of one network by leaps: the loop over them is compiled, and each has its own stream.

What a replicate becomes depends neither on the others nor on how they are shared out to threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.network import Network
from vesica.engine.steppers import ssa, tau

Array = NDArray[np.float64]
leap_on, refresh_all, fire_on = tau.leap_on, ssa.refresh_all, ssa.fire_on
EXACT_EVENTS: Final = tau.EXACT_EVENTS

ALLOWED: Final = 1_000_000  # firings, or reactions looked at in leaps, of one call of the compiled loop: about 0.1 s
BLOCK: Final = 256  # replicates of one job


@dataclass(frozen=True)
class Crowd:
    """Replicates, and how they went.

    Parameters
    ----------
    v : (replicate, value)
        Parameters, inputs and pools of each; pools hold whole numbers.
    clock : (replicate,) s
        Until when each came; NaN where a rate was no number: its pools mean nothing.
    counts : (replicate, reaction)
        Firings.
    steps : (replicate, 3)
        Leaps, critical firings, exact events.
    """

    v: Array
    clock: Array
    counts: NDArray[np.int64]
    steps: NDArray[np.int64]

    def total(self) -> tau.Steps:
        """The steps of all together."""
        return tau.Steps(*self.steps.sum(axis=0).tolist(), lost=int(np.isnan(self.clock).sum()))


def advance(net: Network, v: Array, streams: NDArray[np.uint64], duration: float, workers: int = 1,
            block: int = BLOCK) -> Crowd:
    """Leap every replicate through ``duration`` s, each as `tau.advance` would.

    Parameters
    ----------
    v : (replicate, value)
        Changed in place.
    streams : (replicate, counters.SIZE) uint64
        Moved on.
    workers : threads
    block : replicates of one job; neither changes any number
    """
    size = v.shape[0]
    many = Crowd(v, np.zeros(size), np.zeros((size, len(net.reactions)), dtype=np.int64),
                 np.zeros((size, 3), dtype=np.int64))
    ends = {low: min(low + block, size) for low in range(0, size, block)}
    at = {low: low for low in ends}

    def work(low: int) -> int:
        found: int = _advance_some(at[low], ends[low], duration, ALLOWED, v, streams, many.clock, many.counts,
                                   many.steps, np.zeros(int(net.level[-1])), tau.arrays(net), ssa.arrays(net))
        return found

    if workers <= 1 or len(at) < 2:  # starting a thread takes longer than a window of a few cells
        while at:
            at = {low: reached for low in at if (reached := work(low)) < ends[low]}
        return many
    with ThreadPoolExecutor(max_workers=workers) as pool:
        while at:  # every call comes back soon, so that Ctrl-C is heard
            at = {low: reached for low, reached in zip(list(at), pool.map(work, list(at)), strict=True)
                  if reached < ends[low]}
    return many


@njit(cache=True, nogil=True, error_model="numpy")
def _advance_some(at, high, until, allowed, v, streams, clock, counts, steps, sums, leap_arrays, fire_arrays):  # noqa: ANN001, ANN202, PLR0913
    """Replicates ``at`` to ``high``, as far as ``allowed`` goes; returns the next one to do."""
    spent = 0
    while at < high and spent < allowed:
        if not clock[at] < until:  # arrived, or lost
            at += 1
            continue
        time, leaps, critical, is_short = leap_on(v[at], streams[at], counts[at], clock[at], until, *leap_arrays)
        steps[at, 0] += leaps
        steps[at, 1] += critical
        spent += (1 + leaps) * counts.shape[1]
        if is_short:
            refresh_all(v[at], sums, *fire_arrays)
            time, fired = fire_on(v[at], sums, streams[at], counts[at], time, until, EXACT_EVENTS, *fire_arrays)
            steps[at, 2] += fired
            spent += fired
        clock[at] = time
    return at
