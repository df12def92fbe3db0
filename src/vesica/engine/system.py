"""The differential equations of one arm: state in, rate of change and Jacobian out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vesica.engine import sweep
from vesica.engine.codegen import compiled
from vesica.engine.program import Tables

Array = NDArray[np.float64]


class System:
    """Work arrays of one arm around the compiled loops; holds no result.

    Parameters
    ----------
    tables : Tables
        Live part of the program.
    values : (value,)
        Parameters, derived numbers and inputs of the arm; pools are written at each call.
    counts : mapping of cell type to cells
    """

    def __init__(self, tables: Tables, values: Array, counts: Mapping[str, float]) -> None:
        self.tables, self.values = tables, values
        self.weight = tables.move_count * np.array([counts[name] if name else 1.0 for name in tables.move_owner])
        self._kernels = compiled()
        tape = tables.tape
        self._partial = np.zeros(tables.args.size)
        self._slot = np.zeros(tape.slots)
        self._term = np.zeros(tape.term_flux.size)
        self.stored = np.zeros(tape.rows.size)

    @property
    def size(self) -> int:
        """Number of states."""
        return self.tables.pools.size

    def rate(self, state: Array, out: Array) -> None:
        """(state,) per second into ``out``."""
        t, v = self.tables, self.values
        v[t.pools] = state
        self._kernels.evaluate(v, t.classes, t.starts, t.ends, t.first, t.args, t.out)
        sweep.add_fluxes(v, t.factor_start, t.factors, t.move_start, t.move_state, self.weight, out)

    def jacobian(self, state: Array) -> Array:
        """Stored values of the matrix d(rate)/d(state), in the tape's CSC order."""
        t, v, tape = self.tables, self.values, self.tables.tape
        v[t.pools] = state
        self._kernels.evaluate(v, t.classes, t.starts, t.ends, t.first, t.args, t.out)
        self._kernels.differentiate(v, t.classes, t.starts, t.ends, t.first, t.args, self._partial)
        sweep.fill_jacobian(
            v, self._partial, self._slot, self._term, t.factor_start, t.factors, self.weight,
            tape.chain_target, tape.chain_partial, tape.chain_source, tape.term_flux, tape.term_skip, tape.term_slot,
            tape.entry_place, tape.entry_move, tape.entry_term, self.stored,
        )
        return self.stored

    def dense_jacobian(self, state: Array, out: Array) -> None:
        """The same as a dense (state, state) matrix; ``out`` is zero outside the pattern."""
        sweep.scatter(self.jacobian(state), self.tables.tape.rows, self.tables.tape.columns, out)


def runaway(system: System, state: Array, time: float, message: str) -> str:
    """Which variable runs away, and when, in words.

    Parameters
    ----------
    state : (state,)
        The last one that was reached.
    time : s
    message : str
        What the solver said.
    """
    rate = np.zeros(system.size)
    with np.errstate(all="ignore"):
        system.rate(state, rate)
        score = np.abs(state) + np.abs(rate) * 3600.0  # where an hour more would take it; causes outgrow effects
    worst = int(np.argmax(np.where(np.isfinite(rate), score, np.inf)))
    return f"`{system.tables.names[worst]}` runs away after {time / 3600:.4g} h ({message})"
