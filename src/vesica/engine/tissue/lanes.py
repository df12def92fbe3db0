"""The cells of a type in a tissue: the same equations for each, in blocks of cells that step together.

Only what differs is held for each cell: its state, and the numbers that were given to each. Work arrays belong to a
thread, not to a cell, and what a block becomes depends neither on the other blocks nor on threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.codegen import compiled
from vesica.engine.steppers.w_loops import STAGES
from vesica.engine.system import Lanes, runaway
from vesica.engine.tables import Tables, Walk
from vesica.engine.tissue.local import compact, meeting, needed
from vesica.errors import Finding, RunFault

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BLOCK: Final = 64  # lanes that step together
JOB: Final = 8  # blocks of one job of a thread
WORK: Final = 5e7  # operations of one call of the compiled loop: less than 0.1 s
RELATIVE: Final = 1e-4
ABSOLUTE: Final = 1e-6  # of any unit


@dataclass(frozen=True)
class Counts:
    """How a step of all cells went, over all blocks: accepted steps, rejected ones, accepted ones without a matrix."""

    steps: int
    rejected: int
    explicit: int = 0


def flux_values(tables: Tables, values: Array) -> Array:
    """(flux, lane) rates of all fluxes of a table, each per owner.

    Parameters
    ----------
    values : (value, lane)
        Numbers and pools; assigned values are written into it.
    """
    kernels = compiled()
    kernels.evaluate(values, *tables.walk)
    out = np.empty((len(tables.fluxes), values.shape[1]))
    kernels.multiply(out, values, tables.factor_start, tables.factors, 0, values.shape[1])
    return out


class CellLanes:
    """Cells of one type, a lane for each.

    Parameters
    ----------
    tables : Tables
        What goes on inside a cell.
    values : (value,) or (value, lane)
        Numbers, inputs and pools in the numbering of the program; what is the same in all lanes is held once.
    weight : (move,), optional
        Of each move of the tables; the integers of the table unless told, so all amounts are those of one cell.
    lanes : int, optional
        How many cells, where ``values`` are those of each.
    relative, absolute : 1, and (state,) or one number
        Tolerated error of a step, as a root mean square over the states of a cell.
    workers : int
        Threads; they change no number.
    label : str
        Of a cell, for messages.

    Attributes
    ----------
    state : (state, lane)
        Pools in the order of ``tables.names``; it may be written to between steps.
    drawn : frozenset of str
        Processes that happen by chance: what they send is known only when it was sent.
    """

    drawn: frozenset[str] = frozenset()

    def __init__(self, tables: Tables, values: Array, weight: Array | None = None, *, lanes: int | None = None,
                 relative: float = RELATIVE, absolute: float | Array = ABSOLUTE, workers: int = 1,
                 label: str = "cell") -> None:
        self.tables, self.label, self.workers = tables, label, workers
        self.relative = relative
        self.absolute = np.broadcast_to(np.asarray(absolute, dtype=np.float64), tables.pools.shape).copy()
        self.weight = tables.move_count.copy() if weight is None else weight
        self.lanes = int(lanes or 1) if values.ndim == 1 else values.shape[1]
        self.blocks = -(-self.lanes // BLOCK)
        self.time = 0.0
        self._shared = values.copy() if values.ndim == 1 else values[:, 0].copy()
        self._own: Array = np.empty((0, self.lanes))
        self._own_places: Index = np.empty(0, dtype=np.int64)
        self._step = np.full(self.blocks, np.inf)
        self.state = np.repeat(self._shared[tables.pools][:, None], self.lanes, axis=1)
        if values.ndim == 2:
            self.state[:] = values[tables.pools]
            self.give(np.flatnonzero((values != values[:, :1]).any(axis=1)), values)
        self._forget()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the pools, in the order of ``state``."""
        return self.tables.names

    def give(self, places: Index, numbers: Array) -> None:
        """Set numbers or inputs, or pools.

        Parameters
        ----------
        places : (place,)
            In the numbering of the program.
        numbers : (place,) or (place, lane)
            The same for all cells, or one for each; also the whole (value, lane).
        """
        places = np.asarray(places, dtype=np.int64)
        if numbers.shape[0] != places.size:
            numbers = numbers[places]
        pool_of = {int(place): k for k, place in enumerate(self.tables.pools)}
        is_pool = np.array([int(place) in pool_of for place in places], dtype=bool)
        for k in np.flatnonzero(is_pool):
            self.state[pool_of[int(places[k])]] = numbers[k]
        places, numbers = places[~is_pool], numbers[~is_pool]
        if numbers.ndim == 1:
            kept = ~np.isin(self._own_places, places)
            if kept.all() and np.array_equal(self._shared[places], numbers):
                return
            self._own, self._own_places = self._own[kept], self._own_places[kept]
            self._shared[places] = numbers
            self._forget()
            return
        fresh = places[~np.isin(places, self._own_places)]
        if fresh.size:
            self._own = np.concatenate([self._own, np.empty((fresh.size, self.lanes))])
            self._own_places = np.concatenate([self._own_places, fresh])
            self._forget()
        row_of = {int(place): k for k, place in enumerate(self._own_places)}
        self._own[[row_of[int(place)] for place in places]] = numbers

    def advance(self, duration: float) -> Counts:
        """Take all cells through ``duration`` s with the numbers that they have.

        Raises
        ------
        RunFault
            A cell runs away; the message names it. The cells beside it stand where their block came to.
        """
        plan, spaces = self._prepared()
        tally = np.zeros((self.blocks, 3), dtype=np.int64)
        clock, failed = np.zeros(self.blocks), np.full(self.blocks, -1, dtype=np.int64)
        step = np.where(np.isfinite(self._step), self._step, duration)
        allowed = max(1, int(WORK / (BLOCK * STAGES * (1 + self.tables.move_state.size + self.tables.factors.size))))
        advance_blocks = compiled().advance_blocks

        def work(low: int) -> int:
            space = spaces.pop() if spaces else self._space(plan)
            found: int = advance_blocks(low, min(low - low % JOB + JOB, self.blocks), duration, allowed, self.relative,
                                        (self.state, self._own), (step, clock, tally, failed), plan, space)
            spaces.append(space)
            return found

        share_out(work, self.blocks, self.workers)
        self._step = step
        if (failed >= 0).any():
            self._lost(int(np.argmax(failed >= 0)), failed, clock)
        self.time += duration
        return Counts(*tally.sum(axis=0).tolist())

    def fluxes(self, tables: Tables) -> Array:
        """(flux, lane) rates of the fluxes of other tables of the same program, at the present state."""
        return self._read(tables, len(tables.fluxes), tables.pools[:0], tables.factor_start, tables.factors)

    def watched(self, tables: Tables | None = None) -> Array:
        """(watched, lane) values that tables of the same program watch, at the present state; its own unless told."""
        chosen = self.tables if tables is None else tables
        return self._read(chosen, chosen.watched.size, chosen.watched, chosen.factor_start[:1], chosen.factors[:0])

    def values(self, lane: int) -> Array:
        """(value,) numbers, inputs and pools of one cell in the numbering of the program."""
        found = self._shared.copy()
        found[self._own_places] = self._own[:, lane]
        found[self.tables.pools] = self.state[:, lane]
        return found

    def saved(self) -> dict[str, Any]:
        """All that is needed to go on bit for bit; `restore` takes it."""
        return {"state": self.state, "shared": self._shared, "own": self._own, "own_places": self._own_places,
                "step": self._step, "time": self.time}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what was `saved`."""
        self.state[:] = saved["state"]
        self._shared, self._own = np.array(saved["shared"]), np.array(saved["own"]).reshape(-1, self.lanes)
        self._own_places = np.array(saved["own_places"], dtype=np.int64)
        self._step, self.time = np.array(saved["step"]), float(saved["time"])
        self._forget()

    def _forget(self) -> None:
        """Shared numbers are other ones, or other numbers are shared: what rests on them is found anew."""
        self._plan: Any = None
        self._spaces: list[Any] = []
        self._readings: dict[Tables, Any] = {}

    def _prepared(self) -> tuple[Any, list[Any]]:
        if self._plan is None:
            self._plan = self._planned()
        return self._plan, self._spaces

    def _planned(self) -> Any:
        places, local = compact(self.tables, self.tables.pools)
        lu, tape = self.tables.lu, self.tables.tape
        used = needed(local, local.factors)
        moves = local.resting_on(local.pools)
        own_rows, own_into = meeting(self._own_places, places)
        own = local.resting_on(own_into)
        constant = self._constants(places, local.kernels(used & ~moves & ~own))
        diagonal = np.flatnonzero(tape.rows == tape.columns)
        return (
            tuple(local.kernels(used & own & ~moves)), tuple(local.kernels(used & moves)),
            (local.factor_start, local.factors, local.move_start, local.move_state),
            (tape.chain_target, tape.chain_partial, tape.chain_source, tape.term_flux, tape.term_skip, tape.term_slot,
             tape.entry_place, tape.entry_move, tape.entry_term, diagonal),
            (lu.place, lu.diagonal, lu.pivot, lu.below_start, lu.below_slot, lu.update_start, lu.update_target,
             lu.update_below, lu.update_right, lu.order, lu.below_row, lu.right_start, lu.right_slot, lu.right_column),
            (own_rows, own_into), self.absolute, self.weight, constant,
        )

    def _space(self, plan: Any) -> Any:
        """Work arrays of one thread."""
        tape, size, constant = self.tables.tape, self.tables.pools.size, plan[-1]
        wide = [np.zeros((size, BLOCK)) for _ in range(3)]
        narrow = [np.zeros((rows, 1)) for rows in (constant.size, self.tables.args.size, tape.slots,
                                                   tape.term_flux.size, tape.rows.size, self.tables.lu.slots)]
        v = np.repeat(constant[:, None], BLOCK, axis=1)
        return (v, wide[0], np.zeros((STAGES, size, BLOCK)), *wide[1:], *narrow)

    def _constants(self, places: Index, kernels: Walk) -> Array:
        """(row,) values of which those that rest on shared numbers alone are computed."""
        rows = self._shared[places][:, None]
        compiled().evaluate(rows, *kernels)
        return np.ascontiguousarray(rows[:, 0])

    def part(self, tables: Tables, job: int) -> Array:
        """(flux, lane) rates of the fluxes of other tables for the lanes of one job, `lanes_of` it."""
        lanes = lanes_of(job, self.lanes)
        out = np.empty((len(tables.fluxes), lanes.stop - lanes.start))
        self._fill(job, self._known(tables, tables.pools[:0], tables.factor_start, tables.factors), out, lanes.start)
        return out

    def _read(self, tables: Tables, size: int, wanted: Index, starts: Index, factors: Index) -> Array:
        out = np.empty((size, self.lanes))
        known = self._known(tables, wanted, starts, factors)

        def work(low: int) -> int:
            return self._fill(low // JOB, known, out, 0)

        share_out(work, self.blocks, self.workers)
        return out

    def _known(self, tables: Tables, wanted: Index, starts: Index, factors: Index) -> Any:
        key = (tables, bool(wanted.size))
        if key not in self._readings:
            self._readings[key] = self._reading(tables, wanted, starts, factors)
        return self._readings[key]

    def _fill(self, job: int, known: Any, out: Array, origin: int) -> int:
        plan, values, spaces = known
        space = spaces.pop() if spaces else np.repeat(values[:, None], BLOCK, axis=1)
        low = job * JOB
        found: int = compiled().read_blocks(low, min(low + JOB, self.blocks), self.state, self._own, plan, space, out,
                                            origin)
        spaces.append(space)
        return found

    def _reading(self, tables: Tables, wanted: Index, starts: Index, factors: Index) -> Any:
        places, local = compact(tables, np.concatenate([wanted, factors]))
        row = {int(place): k for k, place in enumerate(places)}
        rows, own_factors = (np.array([row[int(k)] for k in some], dtype=np.int64) for some in (wanted, factors))
        own_rows, own_into = meeting(self._own_places, places)
        state_rows, state_into = meeting(self.tables.pools, places)
        used = needed(local, np.concatenate([rows, own_factors]))
        differs = local.resting_on(np.concatenate([own_into, state_into]))
        constant = self._constants(places, local.kernels(used & ~differs))
        plan = (tuple(local.kernels(used & differs)), rows, own_rows, own_into, state_rows, state_into, starts,
                own_factors)
        return plan, constant, []

    def _lost(self, block: int, failed: Index, clock: Array) -> None:
        lane = min(block * BLOCK + int(failed[block]), self.lanes - 1)
        one = Lanes(self.tables, self.values(lane)[:, None], dict.fromkeys(self.tables.move_owner, 1.0))
        said = runaway(one, 0, self.state[:, lane], self.time + float(clock[block]), "its step became too small")
        raise RunFault(Finding("error", self.label, f"{self.label} {lane}: {said}",
                               "what a cell holds stays finite", "nobody knows what the cell does from there on",
                               "look at the rules and rates that act on this variable, and at what the cell meets"))


def lanes_of(job: int, lanes: int) -> slice:
    """The lanes of one job of a thread."""
    return slice(min(job * JOB * BLOCK, lanes), min((job + 1) * JOB * BLOCK, lanes))


def share_out(work: Any, blocks: int, workers: int) -> None:
    """Do all jobs; every call comes back soon, so that Ctrl-C is heard."""
    ends = {low: min(low + JOB, blocks) for low in range(0, blocks, JOB)}
    at = {low: low for low in ends}
    if workers <= 1 or len(at) < 2:
        while at:
            at = {low: reached for low in at if (reached := work(at[low])) < ends[low]}
        return
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        while at:
            at = {low: reached for low, reached in zip(list(at), pool.map(work, list(at.values())), strict=True)
                  if reached < ends[low]}
    finally:
        pool.shutdown(cancel_futures=True)
