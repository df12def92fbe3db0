"""The differential equations of an arm, for one replicate or many: states in, rates and Jacobians out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vesica.engine import sweep
from vesica.engine.codegen import compiled
from vesica.engine.layout import layout
from vesica.engine.program import Tables

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Lanes:
    """Work arrays of a batch of replicates around the compiled loops; holds no result.

    Parameters
    ----------
    tables : Tables
        Live part of the program.
    values : (value, lane)
        Parameters, derived numbers and inputs of each replicate; pools are written at each call.
    counts : mapping of cell type to cells
        The same in all lanes.
    still : (state,) bool, optional
        States that are held where they are.
    is_single : bool
        One run of its own, not a replicate among others: it goes by another solver.
    is_fixed : bool
        Nobody writes into ``values`` any more: what rests on no pool is computed here, once.
    """

    def __init__(self, tables: Tables, values: Array, counts: Mapping[str, float], still: Mask | None = None,
                 *, is_single: bool = False, is_fixed: bool = False) -> None:
        self.tables, self.values, self.counts, self.still = tables, values, counts, still
        self.is_single = is_single
        self.weight = tables.move_count * np.array([counts[name] if name else 1.0 for name in tables.move_owner])
        self._kernels = compiled()
        tape, lanes = tables.tape, values.shape[1]
        self._flow = np.zeros(lanes)
        self._partial = np.zeros((tables.args.size, lanes))
        self._slot = np.zeros((tape.slots, lanes))
        self._term = np.zeros((tape.term_flux.size, lanes))
        self.stored = np.zeros((tape.rows.size, lanes))
        self._walk = tables.moving if is_fixed else tables.walk
        if is_fixed:
            self._kernels.evaluate(values, *tables.walk)

    @property
    def size(self) -> int:
        """Number of states."""
        return self.tables.pools.size

    @property
    def lanes(self) -> int:
        """Number of replicates."""
        return self.values.shape[1]

    def part(self, chosen: NDArray[np.int64]) -> Lanes:
        """The same equations for some of the lanes, with a copy of their values."""
        return Lanes(self.tables, np.ascontiguousarray(self.values[:, chosen]), self.counts, self.still, is_fixed=True)

    def alone(self, lane: int) -> System:
        """One of the lanes, for a solver that knows plain vectors."""
        return System(self.tables, self.values[:, lane].copy(), self.counts, self.still)

    def watched(self, lane: int, states: Array) -> Array:
        """(time, watched) values of one lane that results hold beside its states (time, state)."""
        t = self.tables
        values = np.repeat(self.values[:, lane:lane + 1], states.shape[0], axis=1)
        values[t.pools] = states.T
        if t.watched.size and states.size:
            self._kernels.evaluate(values, *t.walk)
        found: Array = values[t.watched].T
        return found

    def rate(self, state: Array, out: Array) -> None:
        """(state, lane) per second into ``out``."""
        t, v = self.tables, self.values
        v[t.pools] = state
        self._kernels.evaluate(v, *self._walk)
        sweep.add_fluxes(v, t.factor_start, t.factors, t.move_start, t.move_state, self.weight, self._flow, out)
        if self.still is not None:
            out[self.still] = 0.0

    def jacobian(self, state: Array) -> Array:
        """(stored, lane) values of the matrix d(rate)/d(state), in the tape's CSC order."""
        t, v, tape = self.tables, self.values, self.tables.tape
        v[t.pools] = state
        self._kernels.evaluate(v, *self._walk)
        self._kernels.differentiate(v, *self._walk[:5], self._partial)
        sweep.fill_jacobian(
            v, self._partial, self._slot, self._term, t.factor_start, t.factors, self.weight,
            tape.chain_target, tape.chain_partial, tape.chain_source, tape.term_flux, tape.term_skip, tape.term_slot,
            tape.entry_place, tape.entry_move, tape.entry_term, self.stored,
        )
        if self.still is not None:
            self.stored[self.still[tape.rows]] = 0.0
        return self.stored


class System:
    """One replicate, with plain vectors: what CVODE and LSODA call.

    Parameters
    ----------
    tables, counts, still : as of `Lanes`
    values : (value,)
        Taken over: nobody else writes into it.
    """

    def __init__(self, tables: Tables, values: Array, counts: Mapping[str, float], still: Mask | None = None) -> None:
        self.tables, self.values = tables, values
        self._one = Lanes(tables, values[:, None], counts, still, is_fixed=True)
        self.weight = self._one.weight
        found = tables.layout if still is None else layout(tables, still)
        self._rate = compiled().rate_one
        self._given = (values, np.zeros(found.fluxes), self.weight[found.moves], found.plan)

    @property
    def size(self) -> int:
        """Number of states."""
        return self._one.size

    def rate(self, state: Array, out: Array) -> None:
        """(state,) per second into ``out``."""
        self._rate(state, out, *self._given)

    def jacobian(self, state: Array) -> Array:
        """Stored values of the matrix d(rate)/d(state), in the tape's CSC order."""
        stored: Array = self._one.jacobian(state[:, None])[:, 0]
        return stored

    def dense_jacobian(self, state: Array, out: Array) -> None:
        """The same as a dense (state, state) matrix; ``out`` is zero outside the pattern."""
        sweep.scatter(self.jacobian(state), self.tables.tape.rows, self.tables.tape.columns, out)


def runaway(lanes: Lanes, lane: int, state: Array, time: float, message: str) -> str:
    """Which variable of a lane runs away, and when, in words.

    Parameters
    ----------
    state : (state,)
        The last one that was reached.
    time : s
    message : str
        What the solver said.
    """
    system = lanes.alone(lane)
    rate = np.zeros(system.size)
    with np.errstate(all="ignore"):
        system.rate(state, rate)
        score = np.abs(state) + np.abs(rate) * 3600.0  # where an hour more would take it; causes outgrow effects
    worst = int(np.argmax(np.where(np.isfinite(rate), score, np.inf)))
    return f"`{system.tables.names[worst].partition('#')[0]}` runs away after {time / 3600:.4g} h ({message})"
