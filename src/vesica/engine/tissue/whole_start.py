"""Whole numbers of cells at rest, drawn around the means of the cell type (compiled)."""

from __future__ import annotations

import math

from numba import njit

from vesica.engine.counters import binomial, exponential, poisson, uniform
from vesica.engine.tissue.whole_table import (
    BUDDING,
    CAPACITY,
    DOCKED,
    FUSED,
    LYSED,
    RETRO,
    SITES,
    UNDOCKED,
)
from vesica.engine.whole.donor_rest import NEVER, visits


@njit(cache=True, nogil=True, error_model="numpy")
def choose(state, rows, streams):  # noqa: ANN001, ANN201
    """One phenotype of a chain for each cell, with its share as the chance."""
    for lane in range(state.shape[1]):
        total = 0.0
        for row in rows:
            total += state[row, lane]
        left, chosen = uniform(streams[lane]) * total, rows[-1]
        for row in rows:
            if left < state[row, lane]:
                chosen = row
                break
            left -= state[row, lane]
        for row in rows:
            state[row, lane] = 1.0 if row == chosen else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def count(state, rates, streams, mvb):  # noqa: ANN001, ANN201
    """MVBs of each cell: free ones Poisson, docked ones binomial among the sites."""
    for lane in range(state.shape[1]):
        s, sites, mean = streams[lane], rates[SITES, lane], state[mvb[1], lane]
        state[mvb[0], lane] = poisson(s, state[mvb[0], lane])
        share = mean / sites
        state[mvb[1], lane] = poisson(s, mean) if math.isinf(sites) else binomial(s, math.floor(sites), share)


@njit(cache=True, nogil=True, error_model="numpy")
def furnish(state, first, rates, streams, free, docked, ids):  # noqa: ANN001, ANN201
    """Ages of the MVBs of the cells of a job, as at rest without saturation, and what cells hold in them and tethered.

    Cargo is what there is on average for each vesicle.
    """
    rows, mvb = ids[12], ids[13]
    for lane in range(free.shape[0]):
        at, s, rate = first + lane, streams[first + lane], rates[:, first + lane]
        gain = rate[BUDDING] / rate[CAPACITY]
        loss = gain + rate[RETRO]
        sites = max(1.0 - state[mvb[1], at] / rate[SITES], 0.0)
        free_ends, docked_ends = rate[LYSED] + rate[DOCKED] * sites, rate[FUSED] + rate[UNDOCKED]
        ends = free_ends * docked_ends
        again = rate[DOCKED] * sites * rate[UNDOCKED] / ends if ends > 0.0 else 0.0
        for stage in range(2):
            x, vesicles, squares = free[lane] if stage == 0 else docked[lane], 0.0, 0.0
            for k in range(round(state[mvb[stage], at])):
                age = exponential(s) / free_ends if free_ends > 0.0 else NEVER
                if stage == 1:
                    age = age + exponential(s) / docked_ends if docked_ends > 0.0 else NEVER
                age += visits(s, again, free_ends, docked_ends)
                x[k] = gain / loss * -math.expm1(-loss * age) if loss > 0.0 else 0.0
                vesicles += rate[CAPACITY] * x[k]
                squares += rate[CAPACITY] * x[k] * (1.0 + (rate[CAPACITY] - 1.0) * x[k])
            rescale(state, at, rows[:, stage], vesicles)
            state[mvb[2 + stage], at] = squares
        rescale(state, at, rows[:, 2], poisson(s, state[rows[0, 2], at]))


@njit(cache=True, nogil=True, error_model="numpy")
def rescale(state, at, rows, vesicles):  # noqa: ANN001, ANN201
    """So many vesicles, and cargo in proportion."""
    before = state[rows[0], at]
    for c in range(1, rows.size):
        state[rows[c], at] *= vesicles / before if before > 0.0 else 0.0
    state[rows[0], at] = vesicles
