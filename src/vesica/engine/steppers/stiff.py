"""One stiff run: CVODE with the assembled Jacobian, SciPy's LSODA where CVODE gives up."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tables import Tables

Array = NDArray[np.float64]
SPARSE_ABOVE: Final = 200  # states; at 160 a linear test system took 16 ms dense and 23 ms sparse
MAX_STEPS: Final = 20_000  # between two outputs
BETWEEN: Final = 65  # outputs that a leg without any is given, so that cells that go up and down may take more steps
MAX_EVALUATIONS: Final = 50_000  # of the fallback; a run that needs more has run away


class Equations(Protocol):
    """What is integrated: `engine.system.System`, or one that holds some of its states still."""

    tables: Tables

    @property
    def size(self) -> int: ...  # noqa: D102 - as in System

    def rate(self, state: Array, out: Array) -> None: ...  # noqa: D102

    def jacobian(self, state: Array) -> Array: ...  # noqa: D102

    def dense_jacobian(self, state: Array, out: Array) -> None: ...  # noqa: D102


@dataclass(frozen=True)
class Leg:
    """States at the asked times, up to where the integration came.

    Parameters
    ----------
    states : (time, state)
    reached : int
        Number of times that were reached; fewer than asked means it diverged.
    message : str
        Why it stopped; empty when it did not.
    evaluations : int
        Of the rate.
    solver : str
        Which one it was.
    asked : int
        Number of times asked for.
    """

    states: Array
    reached: int
    message: str
    evaluations: int
    solver: str
    asked: int


def integrate(system: Equations, start: Array, times: Array, relative: float, absolute: Array) -> Leg:
    """Integrate from ``times[0]`` through the other times.

    Parameters
    ----------
    start : (state,)
    times : (time,) s, rising
    relative : 1
    absolute : (state,)

    Returns
    -------
    Leg
        ``states[0]`` is ``start``.
    """
    if system.size == 0:
        return Leg(np.zeros((times.size, 0)), times.size, "", 0, "none", times.size)
    leg = _cvode(system, start, times, relative, absolute)
    if leg.reached == times.size:
        return leg
    second = _lsoda(system, start, times, relative, absolute)
    return second if second.reached > leg.reached else leg


def _cvode(system: Equations, start: Array, times: Array, relative: float, absolute: Array) -> Leg:
    for level in ("WARNING", "ERROR"):  # the C library would write to our standard output
        os.environ.setdefault(f"SUNLOGGER_{level}_FILENAME", os.devnull)
    from scipy import sparse
    from sksundae.cvode import CVODE

    def rate(_t: float, y: Array, out: Array) -> None:
        system.rate(y, out)

    options: dict[str, object] = {}
    if system.size > SPARSE_ABOVE:
        tape = system.tables.tape
        pattern = sparse.csc_matrix((np.ones(tape.rows.size), (tape.rows, tape.columns)), (system.size, system.size))

        def matrix(_t: float, y: Array, _rate: Array, out: Array) -> None:
            out[:] = system.jacobian(y)

        options = {"linsolver": "sparse", "sparsity": pattern}
    else:

        def matrix(_t: float, y: Array, _rate: Array, out: Array) -> None:
            system.dense_jacobian(y, out)

    with warnings.catch_warnings():
        # scikit-sundae announces that our Jacobian replaces its own approximation
        warnings.filterwarnings("ignore", message="Custom sparse Jacobian approximation", category=UserWarning)
        solver = CVODE(rate, rtol=relative, atol=absolute, jacfn=matrix, max_num_steps=MAX_STEPS, **options)
    # with two times CVODE would return every step it took, without an end to their number
    asked = times if times.size > 2 else np.linspace(times[0], times[-1], BETWEEN)
    # the binding prints the solver's complaint; it is in the message of the leg already
    with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        found = solver.solve(asked, start)
    states = found.y if times.size > 2 else found.y[[0, -1]] if len(found.y) == asked.size else found.y[:1]
    good = np.isfinite(states).all(axis=1)
    reached = int(good.argmin()) if not good.all() else good.size
    message = "" if reached == times.size else f"CVODE stopped: {found.message}"
    return Leg(states[:reached], reached, message, int(found.nfev), "CVODE", times.size)


class _GaveUp(Exception):
    """The fallback was asked for too many evaluations."""


def _lsoda(system: Equations, start: Array, times: Array, relative: float, absolute: Array) -> Leg:
    from scipy.integrate import solve_ivp

    buffer, dense = np.zeros(system.size), np.zeros((system.size, system.size))

    spent = 0

    def rate(_t: float, y: Array) -> Array:
        nonlocal spent
        spent += 1
        if spent > MAX_EVALUATIONS:
            raise _GaveUp
        system.rate(y, buffer)
        return buffer.copy()

    def matrix(_t: float, y: Array) -> Array:
        system.dense_jacobian(y, dense)
        return dense

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.filterwarnings("ignore", message="lsoda", category=UserWarning)  # the outcome is checked below
        try:
            found = solve_ivp(rate, (times[0], times[-1]), start, method="LSODA", t_eval=times, jac=matrix,
                              rtol=relative, atol=absolute)
        except _GaveUp:
            return Leg(start[None, :], 1, "LSODA gave up", spent, "LSODA", times.size)
    states = found.y.T
    good = np.isfinite(states).all(axis=1) if states.size else np.zeros(0, dtype=bool)
    reached = int(good.argmin()) if not good.all() else good.size
    message = "" if reached == times.size else f"LSODA stopped: {found.message}"
    return Leg(states[:reached], reached, message, int(found.nfev), "LSODA", times.size)
