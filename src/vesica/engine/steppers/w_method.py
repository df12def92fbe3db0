r"""Cells side by side through one step of a tissue: a linearly implicit method that forgives a rough matrix.

A block of cells goes by common steps of its own. Stage i solves, with one matrix A for the whole block,

.. math:: \left(\frac{1}{\gamma h} - A\right) u_i = f\Bigl(y + \sum_{j<i} a_{ij} u_j\Bigr)
          + \sum_{j<i} \frac{c_{ij}}{h} u_j .

The method keeps its order for any A (it is a W-method). Here A is the Jacobian of the mean cell of the block, so
a step costs four evaluations and four solutions with one small sparse factorisation; where nothing is fast against the
step A is zero, and the method an explicit one. A keeps all linear invariants of the equations, and so does every step.

Source: Rang & Angermann 2005 BIT 45:761, doi 10.1007/s10543-005-0035-y (ROS34PW2: order 3 with an embedded 2 for any A,
L-stable where A is the Jacobian). The order conditions are tested.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

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


def evaluate(*_: Any) -> None:
    """Stands for the function of this name of the generated module; see `engine.codegen`."""


def differentiate(*_: Any) -> None:
    """The same."""


def fill_jacobian(*_: Any) -> None:
    """Stands for `sweep.fill_jacobian`."""


def factorise(*_: Any) -> None:
    """Stands for `lu.factorise`."""


def advance_blocks(  # noqa: PLR0913
    block, last, duration, allowed, relative, state, own, step, clock, tally, failed, plan, work,  # noqa: ANN001
) -> Any:
    """Take blocks of lanes through ``duration`` s as far as ``allowed`` steps go; returns the next one to do.

    Its text goes to the generated module, whose kernels it calls.

    Parameters
    ----------
    state : (state, lane), own : (own, lane)
    step, clock : (block,) s
        The step that each will try, and how far each has come.
    tally : (block, 3)
        Steps, rejected steps, steps without a matrix.
    failed : (block,)
        The lane that stopped its block, or -1.
    """
    entry, moving, laws, tape, lu, own_at, absolute, weight, constant = plan
    own_rows, own_into = own_at
    v, y, u, trial, slope, mean, partial, slot, term, stored, matrix = work
    size = y.shape[0]
    spent = 0
    while block < last and spent < allowed:
        if failed[block] >= 0 or clock[block] >= duration:
            block += 1
            continue
        load(v, y, state, own, own_into, own_rows, block)
        evaluate(v, *entry)
        is_old, h_known, fast, here = True, 0.0, 0.0, 0
        while clock[block] < duration and here < allowed:
            left = duration - clock[block]
            pieces = np.ceil(left / step[block] * (1.0 - 1e-9))
            h = left / max(pieces, 1.0)
            if is_old:
                average(mean, v, y, constant, own_into)
                evaluate(mean, *entry)
                evaluate(mean, *moving)
                differentiate(mean, moving[0], moving[1], moving[2], moving[3], moving[4], partial)
                fill_jacobian(mean, partial, slot, term, laws[0], laws[1], weight, tape[0], tape[1],
                              tape[2], tape[3], tape[4], tape[5], tape[6], tape[7], tape[8], stored)
                fast, is_old, h_known = fastest(stored, tape[9]), False, 0.0
            is_explicit = h * fast < EXPLICIT
            if not is_explicit and h != h_known:
                shift(matrix, stored, lu[0], lu[1], 1.0 / (GAMMA * h))
                factorise(matrix, lu[2], lu[3], lu[4], lu[5], lu[6], lu[7], lu[8])
                h_known = h
            for stage in range(STAGES):
                stage_state(v, y, u, stage)
                evaluate(v, *moving)
                add_up(v, laws, weight, slope)
                stage_right(u[stage], slope, u, stage, 1.0 / h)
                if is_explicit:
                    scale(u[stage], GAMMA * h)
                else:
                    solve(matrix, u[stage], lu)
            worst, lane = finish(trial, y, u, absolute, relative)
            here += 1
            good = worst <= 1.0  # false where it is not a number
            factor = SAFETY / worst ** (1.0 / 3.0) if worst > 0.0 else FASTEST
            factor = min(max(factor, SLOWEST), FASTEST) if worst == worst else 0.5 * SLOWEST  # noqa: PLR0124
            if good:
                y[:] = trial
                tally[block, 0] += 1
                tally[block, 2] += is_explicit
                clock[block] = duration if pieces <= 1.0 else clock[block] + h
                step[block] = max(step[block], h * factor) if factor >= 1.0 else h * factor
            else:
                tally[block, 1] += 1
                is_old = tally[block, 0] > 0
                step[block] = h * min(factor, 0.9)
                if step[block] < SMALLEST * duration:
                    failed[block] = lane
                    break
        keep(state, y, block)
        spent += here
    return block


def read_blocks(block, last, state, own, plan, work, out) -> Any:  # noqa: ANN001
    """Values, or products of values where there are laws, of the lanes of some blocks; a text of the generated module.

    Parameters
    ----------
    out : (value or flux, lane)
    """
    entry, rows, own_rows, own_into, state_rows, state_into, factor_start, factors = plan
    lanes, width = out.shape[1], work.shape[1]
    for at in range(block, last):
        first = at * width
        there = min(width, lanes - first)
        copy(work, state, state_into, state_rows, first, there)
        copy(work, own, own_into, own_rows, first, there)
        evaluate(work, *entry)
        copy_back(out, work, rows, first, there)
        multiply(out, work, factor_start, factors, first, there)
    return last


TEXTS: Final = (advance_blocks, read_blocks)  # call kernels, and so go to the generated module
__all__ = ["EXPLICIT", "FASTEST", "GAMMA", "SAFETY", "SLOWEST", "SMALLEST", "STAGES", "Any", "add_up", "average", "copy",
           "copy_back", "fastest", "finish", "keep", "load", "multiply", "np", "scale", "shift", "solve", "stage_right",
           "stage_state"]


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
    row = _A[stage]
    for k in range(y.shape[0]):
        for lane in range(y.shape[1]):
            v[k, lane] = y[k, lane]
        for j in range(stage):
            if row[j] != 0.0:
                for lane in range(y.shape[1]):
                    v[k, lane] += row[j] * u[j, k, lane]


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
def stage_right(out, slope, u, stage, per_step):  # noqa: ANN001, ANN201
    """Right-hand side of a stage."""
    row = _C[stage]
    for k in range(slope.shape[0]):
        for lane in range(slope.shape[1]):
            out[k, lane] = slope[k, lane]
        for j in range(stage):
            once = row[j] * per_step
            for lane in range(slope.shape[1]):
                out[k, lane] += once * u[j, k, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def scale(out, by):  # noqa: ANN001, ANN201
    """Multiply in place: the solution without a matrix."""
    for k in range(out.shape[0]):
        for lane in range(out.shape[1]):
            out[k, lane] *= by


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
def finish(trial, y, u, absolute, relative):  # noqa: ANN001, ANN201
    """Where the step leads; its largest error over what is tolerated, and the lane that has it.

    The error of a lane is the root mean square over its states; not a number where one is not.
    """
    size, lanes = y.shape
    total = np.zeros(lanes)
    for k in range(size):
        for lane in range(lanes):
            a, b, c, d = u[0, k, lane], u[1, k, lane], u[2, k, lane], u[3, k, lane]
            after = y[k, lane] + (_M[0] * a + _M[1] * b + _M[2] * c + _M[3] * d)
            part = _E[0] * a + _E[1] * b + _E[2] * c + _E[3] * d
            part /= absolute[k] + relative * max(abs(y[k, lane]), abs(after))
            trial[k, lane] = after
            total[lane] += part * part
    worst, at = 0.0, 0
    for lane in range(lanes):
        if not total[lane] <= worst:
            worst, at = total[lane], lane
            if total[lane] != total[lane]:  # noqa: PLR0124
                break
    return np.sqrt(worst / size), at
