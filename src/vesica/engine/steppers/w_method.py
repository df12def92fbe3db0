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

from vesica.engine.lu import factorise
from vesica.engine.steppers.w_loops import (
    EXPLICIT,
    GAMMA,
    SAFETY,
    SMALLEST,
    STAGES,
    add_up,
    average,
    copy,
    copy_back,
    fastest,
    finish,
    following,
    keep,
    load,
    multiply,
    shift,
    solve,
    stage_right,
    stage_state,
)
from vesica.engine.sweep import fill_jacobian


def evaluate(*_: Any) -> None:
    """Stands for the function of this name of the generated module; see `engine.codegen`."""


def differentiate(*_: Any) -> None:
    """The same."""


def advance_blocks(block, last, duration, allowed, relative, lanes, blocks, plan, work) -> Any:  # noqa: ANN001
    """Take blocks of lanes through ``duration`` s as far as ``allowed`` steps go; returns the next one to do.

    Its text goes to the generated module, whose kernels it calls, and so do those of the three below.

    Parameters
    ----------
    lanes : state (state, lane), own (own, lane)
    blocks : step, clock (block,) s; tally (block, 3); failed (block,)
        The step that each will try, how far each has come; steps, rejected steps, steps without a matrix; the lane
        that stopped its block, or -1.
    """
    state, own = lanes
    step, clock, tally, failed = blocks
    entry, own_rows, own_into = plan[0], plan[5][0], plan[5][1]
    v, y = work[0], work[1]
    spent = 0
    while block < last and spent < allowed:
        if failed[block] >= 0 or clock[block] >= duration:
            block += 1
            continue
        load(v, y, state, own, own_into, own_rows, block)
        evaluate(v, *entry)
        is_old, h_known, fast, here = True, 0.0, 0.0, 0
        while clock[block] < duration and here < allowed and failed[block] < 0:
            pieces = max(np.ceil((duration - clock[block]) / step[block] * (1.0 - 1e-9)), 1.0)
            h = (duration - clock[block]) / pieces
            if is_old:
                fast, is_old, h_known = linearise(plan, work), False, 0.0
            is_explicit = h * fast < EXPLICIT
            if not is_explicit and h != h_known:
                prepare(h, plan, work)
                h_known = h
            stages(h, is_explicit, plan, work)
            worst, lane = finish(work, plan[6], relative)
            factor = following(worst)
            here += 1
            if worst <= 1.0:  # false where it is not a number
                y[:] = work[3]
                tally[block, 0] += 1
                tally[block, 2] += is_explicit
                clock[block] = duration if pieces == 1.0 else clock[block] + h
                step[block] = max(step[block], h * factor) if factor >= 1.0 else h * factor
            else:
                is_old = tally[block, 0] > 0  # the matrix is that of where the block was when it came
                tally[block, 1] += 1
                step[block] = h * min(factor, SAFETY)
                if step[block] < SMALLEST * duration:
                    failed[block] = lane
        keep(state, y, block)
        spent += here
    return block


def linearise(plan, work) -> Any:  # noqa: ANN001
    """Jacobian of the mean cell of a block; returns the rate of what is lost fastest, 1/s."""
    entry, moving, laws, tape = plan[0], plan[1], plan[2], plan[3]
    own_into, weight, constant = plan[5][1], plan[7], plan[8]
    v, y, mean, partial, slot, term, stored = work[0], work[1], work[5], work[6], work[7], work[8], work[9]
    average(mean, v, y, constant, own_into)
    evaluate(mean, *entry)
    evaluate(mean, *moving)
    differentiate(mean, moving[0], moving[1], moving[2], moving[3], moving[4], partial)
    fill_jacobian(mean, partial, slot, term, laws[0], laws[1], weight, tape[0], tape[1], tape[2], tape[3], tape[4],
                  tape[5], tape[6], tape[7], tape[8], stored)
    return fastest(stored, tape[9])


def prepare(h, plan, work) -> Any:  # noqa: ANN001
    """Factorise the matrix of a step."""
    lu, matrix = plan[4], work[10]
    shift(matrix, work[9], lu[0], lu[1], 1.0 / (GAMMA * h))
    factorise(matrix, lu[2], lu[3], lu[4], lu[5], lu[6], lu[7], lu[8])


def stages(h, is_explicit, plan, work) -> Any:  # noqa: ANN001
    """Fill the stages of a step."""
    v, y, u, slope = work[0], work[1], work[2], work[4]
    for stage in range(STAGES):
        stage_state(v, y, u, stage)
        evaluate(v, *plan[1])
        add_up(v, plan[2], plan[7], slope)
        stage_right(u, slope, stage, 1.0 / h)
        if is_explicit:
            u[stage] *= GAMMA * h
        else:
            solve(work[10], u[stage], plan[4])


def read_blocks(block, last, state, own, plan, work, out, origin) -> Any:  # noqa: ANN001
    """Values, or products of values where there are laws, of the lanes of some blocks; a text of the generated module.

    Parameters
    ----------
    out : (value or flux, lane)
        Of the lanes from ``origin`` on.
    """
    entry, rows, own_rows, own_into, state_rows, state_into, factor_start, factors = plan
    lanes, width = state.shape[1], work.shape[1]
    for at in range(block, last):
        first = at * width
        there = min(width, lanes - first)
        copy(work, state, state_into, state_rows, first, there)
        copy(work, own, own_into, own_rows, first, there)
        evaluate(work, *entry)
        copy_back(out, work, rows, first - origin, there)
        multiply(out, work, factor_start, factors, first - origin, there)
    return last


INLINED: Final = (linearise, prepare, stages)
TEXTS: Final = (*INLINED, advance_blocks, read_blocks)
IMPORTS: Final = """import numpy as np
from typing import Any
from vesica.engine.lu import factorise
from vesica.engine.steppers.w_loops import *
from vesica.engine.sweep import fill_jacobian
"""
