"""Resting cells: what untreated cells settle to before a run begins."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.steppers.stiff import integrate
from vesica.engine.system import System, runaway
from vesica.errors import Finding, RunFault

Array = NDArray[np.float64]
Rests = dict[tuple[frozenset[str], bytes], Array]

REST_TIME: Final = 180 * 86400.0  # s; resting cells are found by letting them stand this long
REST_TOLERANCE: Final = 1e-9


def resting(program: Program, system: System, present: frozenset[str], known: Rests) -> Array:
    """(state,) of cells that stood long in fresh medium without exposures, counters at zero.

    The medium is emptied: its pools start the run at zero.

    Parameters
    ----------
    present : frozenset of str
        What the arm holds, as `doses.present_in` gives it.
    known : dict
        States already found, by what is present and all numbers; one that is missing is added.

    Raises
    ------
    RunFault
        Untreated cells run away.
    """
    key = (present, system.values.tobytes())
    if key not in known:
        known[key] = _settle(program, system)
    return known[key].copy()


def _settle(program: Program, system: System) -> Array:
    by_name = {pool.name: pool for pool in program.table.pools}
    pools = [by_name[name] for name in system.tables.names]
    start = np.array([0.0 if pool.rest is None else system.values[program.index[pool.rest]] for pool in pools])
    keep = np.array([pool.compartment != "medium" and not pool.counter for pool in pools], dtype=bool)
    restart = np.array([pool.restart for pool in pools], dtype=bool)
    state = start.copy()
    if keep.any():
        held = _Held(system, ~keep | restart)
        leg = integrate(held, start, np.array([0.0, REST_TIME]), REST_TOLERANCE, np.full(start.size, 1e-9))
        state = leg.states[-1].copy()
        if leg.reached < leg.asked:
            blame = runaway(system, state, 0.0, leg.message)
            raise RunFault(Finding("error", "rest", f"no resting state was found: {blame}",
                                   "cells stand without exposures before a run, until nothing changes",
                                   "the run would start from an arbitrary state",
                                   "look at the rules that act on this variable in untreated cells"))
    state[restart] = start[restart]
    state[~keep] = 0.0
    return np.where(np.abs(state) < 1e-300, 0.0, state)  # so small a number is a solver's way to say none


class _Held:
    """A system some of whose states, (state,) bool, stand still."""

    def __init__(self, system: System, still: NDArray[np.bool_]) -> None:
        self._system, self._still = system, still
        self.size, self.tables = system.size, system.tables
        self._still_entries = still[system.tables.tape.rows]

    def rate(self, state: Array, out: Array) -> None:
        self._system.rate(state, out)
        out[self._still] = 0.0

    def jacobian(self, state: Array) -> Array:
        stored = self._system.jacobian(state)
        stored[self._still_entries] = 0.0
        return stored

    def dense_jacobian(self, state: Array, out: Array) -> None:
        tape = self.tables.tape
        out[tape.rows, tape.columns] = self.jacobian(state)
