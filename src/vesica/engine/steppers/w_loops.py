"""Tableau and inner loops of `vesica.engine.steppers.w_method`; arrays are (what, lane), lanes innermost."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit

STAGES: Final = 4
GAMMA: Final = 0.43586652150845900
ALPHA: Final = np.array([
    [0.0, 0.0, 0.0, 0.0],
    [0.87173304301691801, 0.0, 0.0, 0.0],
    [0.84457060015369423, -0.11299064236484185, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0],
])
GAMMAS: Final = np.array([
    [GAMMA, 0.0, 0.0, 0.0],
    [-0.87173304301691801, GAMMA, 0.0, 0.0],
    [-0.90338057013044082, 0.054180672388095326, GAMMA, 0.0],
    [0.24212380706095346, -1.2232505839045147, 0.54526025533510214, GAMMA],
])
WEIGHTS: Final = np.array([0.24212380706095346, -1.2232505839045147, 1.5452602553351020, GAMMA])
EMBEDDED: Final = np.array([0.37810903145819369, -0.096042292212423178, 0.5, 0.21793326075422950])

_INVERSE = np.linalg.inv(GAMMAS)
_A: Final[Any] = ALPHA @ _INVERSE  # with u = GAMMAS k no product with A is left
_C: Final[Any] = np.eye(STAGES) / GAMMA - _INVERSE
_M: Final[Any] = WEIGHTS @ _INVERSE
_E: Final[Any] = (WEIGHTS - EMBEDDED) @ _INVERSE

SAFETY: Final = 0.9
SLOWEST, FASTEST = 0.2, 6.0
EXPLICIT: Final = 1.0  # step times fastest loss below which the matrix is left out; the method is stable up to 1.98
SMALLEST: Final = 1e-9  # of the time to go: a block that needs smaller steps has failed


@njit(cache=True, nogil=True, error_model="numpy")
def copy(v, source, into, rows, first, there):  # noqa: ANN001, ANN201
    """Rows of all lanes into those of a block; lanes that are missing keep what was there before."""
    for k in range(rows.size):
        row, place = into[k], rows[k]
        for lane in range(there):
            v[row, lane] = source[place, first + lane]


@njit(cache=True, nogil=True, error_model="numpy")
def copy_back(out, v, rows, first, there):  # noqa: ANN001, ANN201
    """Values of a block to those of all lanes."""
    for k in range(rows.size):
        for lane in range(there):
            out[k, first + lane] = v[rows[k], lane]


@njit(cache=True, nogil=True, error_model="numpy")
def multiply(out, v, factor_start, factors, first, there):  # noqa: ANN001, ANN201
    """(flux, lane) products of factors."""
    for flux in range(factor_start.size - 1):
        for lane in range(there):
            product = 1.0
            for k in range(factor_start[flux], factor_start[flux + 1]):
                product *= v[factors[k], lane]
            out[flux, first + lane] = product


@njit(cache=True, nogil=True, error_model="numpy")
def load(v, y, state, own, own_into, own_rows, block):  # noqa: ANN001, ANN201
    """States and own numbers of the lanes of a block; lanes that are missing at the end repeat the last one."""
    width, lanes = y.shape[1], state.shape[1]
    first = block * width
    there = min(width, lanes - first)
    for k in range(y.shape[0]):
        for lane in range(there):
            y[k, lane] = state[k, first + lane]
        for lane in range(there, width):
            y[k, lane] = state[k, lanes - 1]
        for lane in range(width):
            v[k, lane] = y[k, lane]
    for k in range(own_rows.size):
        row, source = own_into[k], own_rows[k]
        for lane in range(there):
            v[row, lane] = own[source, first + lane]
        for lane in range(there, width):
            v[row, lane] = own[source, lanes - 1]


@njit(cache=True, nogil=True, error_model="numpy")
def keep(state, y, block):  # noqa: ANN001, ANN201
    """States of a block back to those of all lanes."""
    width, lanes = y.shape[1], state.shape[1]
    first = block * width
    for k in range(y.shape[0]):
        for lane in range(min(width, lanes - first)):
            state[k, first + lane] = y[k, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def average(mean, v, y, constant, own_into):  # noqa: ANN001, ANN201
    """(value, 1) of the mean cell of a block."""
    width = y.shape[1]
    for k in range(constant.size):
        mean[k, 0] = constant[k]
    for k in range(y.shape[0]):
        total = 0.0
        for lane in range(width):
            total += y[k, lane]
        mean[k, 0] = total / width
    for row in own_into:
        total = 0.0
        for lane in range(width):
            total += v[row, lane]
        mean[row, 0] = total / width


@njit(cache=True, nogil=True, error_model="numpy")
def fastest(stored, diagonal):  # noqa: ANN001, ANN201
    """Largest rate of loss of the mean cell, 1/s: what is fast in a cell is lost fast."""
    found = 0.0
    for place in diagonal:
        found = max(found, abs(stored[place, 0]))
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def shift(matrix, stored, place, diagonal, by):  # noqa: ANN001, ANN201
    """``by - J`` into the slots of the factorisation; fill-in starts at zero."""
    matrix[:] = 0.0
    for k in range(place.size):
        matrix[place[k], 0] = -stored[k, 0]
    for k in range(diagonal.size):
        matrix[diagonal[k], 0] += by


@njit(cache=True, nogil=True, error_model="numpy")
def stage_state(v, y, u, stage):  # noqa: ANN001, ANN201
    """The state of a stage, straight into the first values."""
    a, b, c = _A[stage, 0], _A[stage, 1], _A[stage, 2]  # zero from the stage itself on
    for k in range(y.shape[0]):
        to, start, first, second, third = v[k], y[k], u[0, k], u[1, k], u[2, k]
        if stage == 0:
            for lane in range(start.size):
                to[lane] = start[lane]
        elif stage == 1:
            for lane in range(start.size):
                to[lane] = start[lane] + a * first[lane]
        elif stage == 2:
            for lane in range(start.size):
                to[lane] = start[lane] + (a * first[lane] + b * second[lane])
        else:
            for lane in range(start.size):
                to[lane] = start[lane] + (a * first[lane] + b * second[lane] + c * third[lane])


@njit(cache=True, nogil=True, error_model="numpy")
def add_up(v, laws, weight, slope):  # noqa: ANN001, ANN201
    """(state, lane) rates: every flux is the product of its factors, and added to what it moves."""
    factor_start, factors, move_start, move_state = laws
    lanes = v.shape[1]
    flow = np.empty(lanes)
    slope[:] = 0.0
    for flux in range(factor_start.size - 1):
        first, end = factor_start[flux], factor_start[flux + 1]
        one = v[factors[first]]
        if end == first + 1:
            for lane in range(lanes):
                flow[lane] = one[lane]
        else:
            other = v[factors[first + 1]]
            for lane in range(lanes):
                flow[lane] = one[lane] * other[lane]
            for k in range(first + 2, end):
                more = v[factors[k]]
                for lane in range(lanes):
                    flow[lane] *= more[lane]
        for m in range(move_start[flux], move_start[flux + 1]):
            target, once = slope[move_state[m]], weight[m]
            for lane in range(lanes):
                target[lane] += once * flow[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def stage_right(u, slope, stage, per_step):  # noqa: ANN001, ANN201
    """Right-hand side of a stage, into its place among them."""
    a, b, c = _C[stage, 0] * per_step, _C[stage, 1] * per_step, _C[stage, 2] * per_step
    for k in range(slope.shape[0]):
        to, rate, first, second, third = u[stage, k], slope[k], u[0, k], u[1, k], u[2, k]
        if stage == 0:
            for lane in range(rate.size):
                to[lane] = rate[lane]
        elif stage == 1:
            for lane in range(rate.size):
                to[lane] = rate[lane] + a * first[lane]
        elif stage == 2:
            for lane in range(rate.size):
                to[lane] = rate[lane] + (a * first[lane] + b * second[lane])
        else:
            for lane in range(rate.size):
                to[lane] = rate[lane] + (a * first[lane] + b * second[lane] + c * third[lane])


@njit(cache=True, nogil=True, error_model="numpy")
def solve(matrix, b, lu):  # noqa: ANN001, ANN201
    """Solve in place for all lanes (state, lane) with one factorised matrix (slot, 1)."""
    _, _, pivot, below_start, below_slot, _, _, _, _, order, below_row, right_start, right_slot, right_column = lu
    lanes, n = b.shape[1], order.size
    for k in range(n):
        known = b[order[k]]
        for i in range(below_start[k], below_start[k + 1]):
            low, target = matrix[below_slot[i], 0], b[below_row[i]]
            for lane in range(lanes):
                target[lane] -= low * known[lane]
    for k in range(n - 1, -1, -1):
        mine = b[order[k]]
        for i in range(right_start[k], right_start[k + 1]):
            up, other = matrix[right_slot[i], 0], b[right_column[i]]
            for lane in range(lanes):
                mine[lane] -= up * other[lane]
        p = matrix[pivot[k], 0]
        for lane in range(lanes):
            mine[lane] *= p


@njit(cache=True, nogil=True, error_model="numpy")
def finish(work, absolute, relative):  # noqa: ANN001, ANN201
    """Where the step leads; its largest error over what is tolerated, and the lane that has it.

    The error of a lane is the root mean square over its states; not a number where one is not.
    """
    y, u, trial = work[1], work[2], work[3]
    size, lanes = y.shape
    total = np.zeros(lanes)
    for k in range(size):
        before, after, first, second, third, fourth = y[k], trial[k], u[0, k], u[1, k], u[2, k], u[3, k]
        for lane in range(lanes):
            a, b, c, d = first[lane], second[lane], third[lane], fourth[lane]
            end = before[lane] + (_M[0] * a + _M[1] * b + _M[2] * c + _M[3] * d)
            part = _E[0] * a + _E[1] * b + _E[2] * c + _E[3] * d
            part /= absolute[k] + relative * max(abs(before[lane]), abs(end))
            after[lane] = end
            total[lane] += part * part
    worst, at = 0.0, 0
    for lane in range(lanes):
        if not total[lane] <= worst:
            worst, at = total[lane], lane
            if np.isnan(worst):
                break
    return np.sqrt(worst / size), at


@njit(cache=True, nogil=True, error_model="numpy")
def following(error):  # noqa: ANN001, ANN201
    """How many times longer the next step may be."""
    if not np.isfinite(error):
        return 0.5 * SLOWEST
    return min(max(SAFETY / error ** (1.0 / 3.0), SLOWEST), FASTEST) if error > 0.0 else FASTEST
