r"""Many replicates of stiff equations at once: RODAS4, every lane with its own step.

A Rosenbrock method needs one matrix and its factors for a step, and no iteration, so all lanes
do the same operations and only their numbers differ. Stage i solves

.. math:: \left(\frac{1}{\gamma h} - J\right) u_i = f\Bigl(y + \sum_{j<i} a_{ij} u_j\Bigr)
          + \sum_{j<i} \frac{c_{ij}}{h} u_j

and the last stage is the estimated error. Lanes that are done leave the batch.

Source: Hairer & Wanner, Solving Ordinary Differential Equations II, 2nd ed. (1996), sect. IV.7
and VI.4 (RODAS: order 4 with an embedded 3, stiffly accurate, L-stable).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.lu import LuTape, factorise, solve

Array = NDArray[np.float64]

GAMMA: Final = 0.25
A: Final = (
    (),
    (1.544,),
    (0.9466785280815826, 0.2557011698983284),
    (3.314825187068521, 2.896124015972201, 0.9986419139977817),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950),
    (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0),
)
C: Final = (
    (),
    (-5.6688,),
    (-2.430093356833875, -0.2063599157091915),
    (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
    (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
    (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
)
STAGES: Final = 6
MOST_LANES: Final = 1024  # of one batch: so many that a call costs little beside its work,
VALUES: Final = 20_480  # and so few that states, stages and matrices stay in the cache

_SAFETY, _SLOWEST, _FASTEST = 0.9, 0.2, 6.0
_SMALLEST: Final = 1e-13  # of the time: a smaller step changes it no more
MAX_STEPS: Final = 200_000


class LaneEquations(Protocol):
    """What is integrated: as `vesica.engine.system.Lanes`."""

    def rate(self, state: Array, out: Array) -> None:
        """(state, lane) per second into ``out``."""

    def jacobian(self, state: Array) -> Array:
        """(stored, lane) values in the order of the tape's pattern."""


@dataclass(frozen=True)
class BatchLeg:
    """States of all lanes at the asked times.

    Parameters
    ----------
    states : (time, state, lane)
        NaN from where a lane could not go on.
    reached : (lane,)
        Number of times reached; all of them where it went well.
    steps, rejected : (lane,)
    """

    states: Array
    reached: NDArray[np.int64]
    steps: NDArray[np.int64]
    rejected: NDArray[np.int64]


def integrate(
    part: Callable[[NDArray[np.int64]], LaneEquations],
    tape: LuTape,
    start: Array,
    times: Array,
    relative: float,
    absolute: Array,
) -> BatchLeg:
    """Integrate every lane from ``times[0]`` through the other times.

    Parameters
    ----------
    part : callable
        Equations of some of the lanes, by their numbers.
    tape : LuTape
        Of the pattern of the equations.
    start : (state, lane)
    times : (time,) s, rising
    relative : 1
    absolute : (state, 1) or (state, lane)

    Returns
    -------
    BatchLeg
        The results of a lane do not depend on the lanes beside it.
    """
    lanes = start.shape[1]
    found = BatchLeg(np.full((times.size, *start.shape), np.nan), np.ones(lanes, dtype=np.int64),
                     np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64))
    found.states[0] = start
    absolute = np.broadcast_to(absolute, start.shape)
    width = block(start.shape[0])
    for first in range(0, lanes, width):
        chosen = np.arange(first, min(first + width, lanes))
        _Batch(part, tape, start, times, relative, absolute, found, chosen).run()
    return found


def block(states: int) -> int:
    """Lanes that go side by side: at least 64."""
    return min(MOST_LANES, max(64, VALUES // max(1, states)))


class _Batch:
    """The lanes that are under way, each at its own time; they leave when they arrive."""

    def __init__(self, part: Callable[[NDArray[np.int64]], LaneEquations], tape: LuTape, start: Array,
                 times: Array, relative: float, absolute: Array, found: BatchLeg, chosen: NDArray[np.int64]) -> None:
        self.part, self.tape = part, tape
        self.times, self.relative, self.found = times, relative, found
        self.lane = chosen
        self.state = np.ascontiguousarray(start[:, chosen])
        self.absolute = np.ascontiguousarray(absolute[:, chosen])
        self.time = np.full(chosen.size, times[0])
        self.next = np.ones(chosen.size, dtype=np.int64)
        self.allocate()
        self.step = self.first_step()

    def allocate(self) -> None:
        """Room for the lanes that are left."""
        size, lanes = self.state.shape
        self.equations = self.part(self.lane)
        self.matrix = np.zeros((self.tape.slots, lanes))
        self.u = np.zeros((STAGES, size, lanes))
        self.trial, self.right = np.zeros((size, lanes)), np.zeros((size, lanes))
        self.slope = np.zeros((size, lanes))

    def first_step(self) -> Array:
        """(lane,) s: a hundredth of the time in which the states would change by themselves."""
        self.equations.rate(self.state, self.slope)
        with np.errstate(all="ignore"):  # the same loop for every lane: numpy sums one lane in another order
            level, change = (_error(part, self.state, self.state, self.absolute, self.relative)
                             for part in (self.state, self.slope))
            step = 0.01 * level / change
        span = self.times[-1] - self.times[0]
        usable = np.isfinite(step) & (step > 0)
        return np.where(usable, np.minimum(step, span), 1e-6 * span)

    def run(self) -> None:
        """Step until every lane has arrived or given up."""
        while self.lane.size:
            self.advance()
            gone = (self.next >= self.times.size) | (self.step <= 0.0)
            if gone.any() and (gone.all() or np.count_nonzero(gone) * 4 >= gone.size):
                self.keep(~gone)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Go on with some of the lanes."""
        self.lane, self.time = self.lane[kept], self.time[kept]
        self.next, self.step = self.next[kept], self.step[kept]
        self.state, self.absolute = (np.ascontiguousarray(part[:, kept]) for part in (self.state, self.absolute))
        if self.lane.size:
            self.allocate()

    def advance(self) -> None:
        """One step of every lane, accepted or not; lanes that are done stand still."""
        under_way = (self.next < self.times.size) & (self.step > 0.0)
        goal = self.times[np.minimum(self.next, self.times.size - 1)]
        left = goal - self.time
        lands = self.step >= left * (1.0 - 1e-9)
        h = np.where(under_way, np.where(lands, left, self.step), 1.0)
        with np.errstate(all="ignore"):
            self.stages(h)
            error = _error(self.u[-1], self.state, self.trial, self.absolute, self.relative)
            factor = _SAFETY / np.sqrt(np.sqrt(error))  # roots are rounded alike everywhere, powers are not
        good = under_way & (error <= 1.0)  # false where the error is not a number
        factor = np.where(np.isfinite(error), np.clip(factor, _SLOWEST, _FASTEST), _SLOWEST / 2)
        self.found.steps[self.lane[good]] += 1
        self.found.rejected[self.lane[under_way & ~good]] += 1
        self.state[:, good] = self.trial[:, good]
        arrived = good & lands
        self.time = np.where(arrived, goal, np.where(good, self.time + h, self.time))
        # a step that was cut to land says nothing against the longer one that was planned
        self.step = np.where(under_way, np.where(arrived, np.maximum(self.step, h * factor), h * factor), self.step)
        for place in np.flatnonzero(arrived):
            self.found.states[self.next[place], :, self.lane[place]] = self.state[:, place]
        self.found.reached[self.lane[arrived]] += 1
        self.next[arrived] += 1
        stuck = under_way & ~good & (self.step < _SMALLEST * np.maximum(np.abs(self.time), 1.0))
        tired = self.found.steps[self.lane] + self.found.rejected[self.lane] > MAX_STEPS
        self.step[under_way & (stuck | tired)] = 0.0

    def stages(self, h: Array) -> None:
        """Fill ``u`` with the stages of a step of ``h`` (lane,), and ``trial`` with where they lead."""
        stored = self.equations.jacobian(self.state)
        _shifted(self.matrix, stored, self.tape.place, self.tape.diagonal, 1.0 / (GAMMA * h))
        t = self.tape
        factorise(self.matrix, t.pivot, t.below_start, t.below_slot, t.update_start, t.update_target, t.update_below,
                  t.update_right)
        for i in range(STAGES):
            _stage_state(self.trial, self.state, self.u, _A[i], i)
            self.equations.rate(self.trial, self.slope)
            _stage_right(self.u[i], self.slope, self.u, _C[i], i, 1.0 / h)
            solve(self.matrix, self.u[i], t.order, t.pivot, t.below_start, t.below_slot, t.below_row, t.right_start,
                  t.right_slot, t.right_column)
        self.trial += self.u[-1]


def _padded(rows: tuple[tuple[float, ...], ...]) -> Array:
    table = np.zeros((STAGES, STAGES))
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


_A: Final[Any] = _padded(A)
_C: Final[Any] = _padded(C)


@njit(cache=True, nogil=True, error_model="numpy")
def _shifted(matrix, stored, place, diagonal, shift):  # noqa: ANN001, ANN202
    """``shift - J`` into the slots of the factorisation; fill-in starts at zero."""
    lanes = matrix.shape[1]
    matrix[:] = 0.0
    for k in range(place.size):
        slot = place[k]
        for lane in range(lanes):
            matrix[slot, lane] = -stored[k, lane]
    for k in range(diagonal.size):
        slot = diagonal[k]
        for lane in range(lanes):
            matrix[slot, lane] += shift[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _stage_state(out, state, u, row, stage):  # noqa: ANN001, ANN202
    for k in range(state.shape[0]):
        for lane in range(state.shape[1]):
            out[k, lane] = state[k, lane]
        for j in range(stage):
            if row[j] != 0.0:
                for lane in range(state.shape[1]):
                    out[k, lane] += row[j] * u[j, k, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _stage_right(out, slope, u, row, stage, per_step):  # noqa: ANN001, ANN202
    for k in range(slope.shape[0]):
        for lane in range(slope.shape[1]):
            out[k, lane] = slope[k, lane]
        for j in range(stage):
            for lane in range(slope.shape[1]):
                out[k, lane] += row[j] * per_step[lane] * u[j, k, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _error(estimate, before, after, absolute, relative):  # noqa: ANN001, ANN202
    """(lane,) root mean square of the estimated error over what is tolerated; not a number where it failed."""
    size, lanes = estimate.shape
    total = np.zeros(lanes)
    for k in range(size):
        for lane in range(lanes):
            size_of = max(abs(before[k, lane]), abs(after[k, lane]))
            part = estimate[k, lane] / (absolute[k, lane] + relative * size_of)
            total[lane] += part * part
    return np.sqrt(total / size)
