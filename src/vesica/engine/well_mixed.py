"""The `WellMixed` fidelity: the mean of every pool, one average cell per type and arm."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesica.engine.doses import Given, Snapshot, Source, gift, level, present_in
from vesica.engine.program import Program
from vesica.engine.rest import Rests, resting
from vesica.engine.rows import value_vector
from vesica.engine.schedule import edges, output_times, tick
from vesica.engine.steppers.stiff import integrate
from vesica.engine.system import System, runaway
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
    """One arm from start to end.

    Parameters
    ----------
    times : (time,) s
    values : (time, pool)
        NaN where the arm does not hold the pool, or after it diverged.
    row : mapping of parameter path to value
        The numbers it ran with.
    last_values : (value,)
        Every value of the model at the end, rule factors and hazards included.
    snapshots : mapping of time s to amounts by pool
        State just before the edges that other arms take doses at.
    message : str
        Why it stopped early; empty when it did not.
    """

    arm: Arm
    times: Array
    values: Array
    row: Mapping[str, float]
    last_values: Array
    snapshots: Mapping[float, Snapshot]
    given: tuple[Given, ...] = ()
    message: str = ""
    solver: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """The arm as a source of doses."""
        return Source(self.arm, self.snapshots)


def run_arm(
    program: Program,
    arm: Arm,
    row: Mapping[str, float],
    sources: Mapping[str, Source],
    snapshot_times: tuple[float, ...] = (),
    rests: Rests | None = None,
) -> Trajectory:
    """Bring the cells to rest, then follow the arm's schedule edge by edge.

    Parameters
    ----------
    row : mapping of parameter path to value
    sources : mapping of arm to source
        The arms that doses are taken from.
    snapshot_times : s
        Times at which another arm takes vesicles from this one.
    rests : dict, optional
        Resting cells already found, by what is present and all numbers; arms that differ
        only in schedule and counts share them.

    Raises
    ------
    RunFault
        Untreated cells run away. An arm that does so later comes back with a message.
    """
    schedule = program.model.schedule
    present = present_in(program, arm, {name: source.arm for name, source in sources.items()})
    tables = program.tables(present)
    system = System(tables, value_vector(program, row), arm.counts)
    state = resting(program, system, present, {} if rests is None else rests)
    absolute = _absolute(tables.names, arm, schedule.absolute_tolerance)
    grid = output_times(schedule)
    out = np.full((grid.size, len(program.species)), np.nan)
    stops = edges(schedule, arm, snapshot_times)
    snapshots: dict[float, Snapshot] = {}
    given: list[Given] = []
    message, evaluations, solver = "", 0, "CVODE"
    for begin, end in itertools.pairwise(stops):
        if begin in snapshot_times:
            snapshots[begin] = _by_name(system, state)
        _set_agents(program, system, arm, begin)
        gifts = [gift(program, dose, arm, sources[dose.from_arm]) for dose in arm.doses if tick(dose.at) == begin]
        state = _with_gifts(system, state, gifts)
        given += gifts
        times = np.concatenate([[begin], grid[(grid > begin) & (grid < end)], [end]])
        leg = integrate(system, state, times, schedule.relative_tolerance, absolute)
        evaluations, solver = evaluations + leg.evaluations, leg.solver
        reached = times[: leg.reached]
        out[np.ix_(np.isin(grid, reached), tables.columns)] = leg.states[np.isin(reached, grid)]
        if leg.reached < times.size:
            message = runaway(system, leg.states[-1], reached[-1], leg.message)
            break
        state = leg.states[-1].copy()
    if stops[-1] in snapshot_times:
        snapshots[stops[-1]] = _by_name(system, state)
    return Trajectory(arm, grid, out, row, _all_values(system, state), snapshots, tuple(given), message,
                      {"solver": solver, "evaluations": evaluations, "states": system.size})


def _by_name(system: System, state: Array) -> Snapshot:
    return dict(zip(system.tables.names, state.tolist(), strict=True))


def _all_values(system: System, state: Array) -> Array:
    """(value,) of the model at a state, rule factors and hazards included."""
    system.rate(state, np.zeros(system.size))
    return system.values.copy()


def _absolute(names: tuple[str, ...], arm: Arm, tolerance: float) -> Array:
    """(state,) absolute tolerance: per cell as given; totals of the medium times the cells of the dish."""
    cells = max([count for count in arm.counts.values() if count > 0], default=1.0)
    return np.array([tolerance * (cells if name.startswith("medium.") else 1.0) for name in names])


def _set_agents(program: Program, system: System, arm: Arm, time: float) -> None:
    """Set the concentrations that hold from ``time`` s on."""
    for agent in program.model.agents:
        levels = [level(exposure, time) for exposure in arm.exposures if exposure.agent == agent]
        system.values[program.index[f"agent.{agent}"]] = sum(levels)


def _with_gifts(system: System, state: Array, gifts: list[Given]) -> Array:
    """(state,) after doses were added."""
    state = state.copy()
    place = {name: number for number, name in enumerate(system.tables.names)}
    for given in gifts:
        for name, amount in given.amounts.items():
            if name in place:
                state[place[name]] += amount
    return state
