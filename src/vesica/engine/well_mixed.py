"""The `WellMixed` fidelity: the mean of every pool, one average cell per type and arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.rows import value_vector
from vesica.engine.schedule import edges, output_times, tick
from vesica.engine.steppers.stiff import integrate
from vesica.engine.system import System
from vesica.errors import Finding, RunFault
from vesica.spec.resolved import Arm, Dose, Exposure

Array = NDArray[np.float64]
Snapshot = dict[str, float]

REST_TIME: Final = 180 * 86400.0  # s; resting cells are found by letting them stand this long
REST_TOLERANCE: Final = 1e-9


@dataclass(frozen=True)
class Given:
    """What a dose brought, in the receiving dish and out of the source."""

    dose: Dose
    vesicles: float
    share_of_source: float
    amounts: Mapping[str, float]


@dataclass(frozen=True)
class Source:
    """What other arms need of an arm: who it was, and its amounts at the times doses are taken."""

    arm: Arm
    snapshots: Mapping[float, Snapshot]


@dataclass(frozen=True)
class Trajectory:
    """One arm from start to end.

    Parameters
    ----------
    values : (time, pool)
        NaN where the arm does not hold the pool, or after it diverged.
    snapshots : mapping of time s to amounts by pool
        State just before the edges that other arms take doses at.
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
        """This arm as a source of doses."""
        return Source(self.arm, self.snapshots)


def present_in(program: Program, arm: Arm, sources: Mapping[str, Arm]) -> frozenset[str]:
    """Cell types and vesicle origins an arm holds, its doses included."""
    cells = {name for name, count in arm.counts.items() if count > 0}
    origins = set(cells)
    for dose in arm.doses:
        origins |= {part.split(":")[1] for part in present_in(program, sources[dose.from_arm], sources)
                    if part.startswith("origin:")}
    secreting = {cell.name for cell in program.model.cells if cell.secretes_vesicles}
    return frozenset({f"cell:{name}" for name in cells} | {f"origin:{name}" for name in origins & secreting})


def run_arm(
    program: Program,
    arm: Arm,
    row: Mapping[str, float],
    sources: Mapping[str, Source],
    snapshot_times: tuple[float, ...] = (),
    rests: dict[tuple[frozenset[str], bytes], Array] | None = None,
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
    """
    schedule = program.model.schedule
    present = present_in(program, arm, {name: source.arm for name, source in sources.items()})
    tables = program.tables(present)
    system = System(tables, value_vector(program, row), arm.counts)
    names, columns = tables.names, tables.columns
    state = _rest(program, system, present, rests)
    grid = output_times(schedule)
    out = np.full((grid.size, len(program.species)), np.nan)
    out[0, columns] = state
    snapshots: dict[float, Snapshot] = {}
    given: list[Given] = []
    stops = edges(schedule, arm, snapshot_times)
    message, evaluations, solver = "", 0, "CVODE"
    absolute = _absolute(names, arm, schedule.absolute_tolerance)
    for begin, end in zip(stops[:-1], stops[1:], strict=True):
        if begin in snapshot_times:
            snapshots[begin] = dict(zip(names, state.tolist(), strict=True))
        state = _enter(program, system, arm, names, state, begin, sources, given)
        out[grid == begin] = np.nan
        out[np.ix_(grid == begin, columns)] = state
        inner = grid[(grid > begin) & (grid < end)]
        times = np.concatenate([[begin], inner, [end]])
        leg = integrate(system, state, times, schedule.relative_tolerance, absolute)
        evaluations, solver = evaluations + leg.evaluations, leg.solver
        shown = np.isin(grid, times[: leg.reached])
        kept = np.isin(times[: leg.reached], grid)
        out[np.ix_(shown, columns)] = leg.states[kept]
        if leg.reached < times.size:
            message = _blame(system, names, leg.states[-1], times[leg.reached - 1], leg.message)
            break
        state = leg.states[-1].copy()
    if stops[-1] in snapshot_times:
        snapshots[stops[-1]] = dict(zip(names, state.tolist(), strict=True))
    last = _all_values(system, state)
    return Trajectory(arm, grid, out, row, last, snapshots, tuple(given), message,
                      {"solver": solver, "evaluations": evaluations, "states": system.size})


def _all_values(system: System, state: Array) -> Array:
    """Every value of the model at a state, rule factors and hazards included."""
    system.rate(state, np.zeros(system.size))
    return system.values.copy()


def _rest(
    program: Program, system: System, present: frozenset[str], rests: dict[tuple[frozenset[str], bytes], Array] | None
) -> Array:
    known = {} if rests is None else rests
    key = (present, system.values.tobytes())
    if key not in known:
        known[key] = _rested(program, system, system.tables.names)
        system.values[system.tables.pools] = 0.0
    return known[key].copy()


def _rested(program: Program, system: System, names: tuple[str, ...]) -> Array:
    """State of cells that stood long in fresh medium without exposures, counters at zero.

    The medium is emptied: its pools start the run at zero.
    """
    pools = {pool.name: pool for pool in program.table.pools}
    state = np.array([
        system.values[program.index[rest]] if (rest := pools[name].rest) is not None else 0.0 for name in names
    ])
    keep = np.array([pools[name].compartment != "medium" and not pools[name].counter for name in names], dtype=bool)
    restart = np.array([pools[name].restart for name in names], dtype=bool)
    if keep.any():
        held = _Held(system, keep, restart)
        leg = integrate(held, state, np.array([0.0, REST_TIME]), REST_TOLERANCE, np.full(state.size, 1e-9))  # type: ignore[arg-type]
        state = leg.states[-1].copy()
        if leg.reached < leg.asked:
            blame = _blame(system, names, state, 0.0, leg.message)
            raise RunFault(Finding("error", "rest", f"no resting state was found: {blame}",
                                   "cells stand without exposures before a run, until nothing changes",
                                   "the run would start from an arbitrary state",
                                   "look at the rules that act on this variable in untreated cells"))
    first = np.array([system.values[program.index[pools[name].rest or "1"]] for name in names])
    state[restart] = first[restart]
    state[~keep] = 0.0
    return np.where(np.abs(state) < 1e-300, 0.0, state)


class _Held:
    """A system whose medium, counters and fates stand still, to find resting cells."""

    def __init__(self, system: System, moving: NDArray[np.bool_], fixed: NDArray[np.bool_]) -> None:
        self._system, self._still = system, ~moving | fixed
        self.size, self.tables = system.size, system.tables
        self._frozen_entries = self._still[system.tables.tape.rows]

    def rate(self, state: Array, out: Array) -> None:
        self._system.rate(state, out)
        out[self._still] = 0.0

    def jacobian(self, state: Array) -> Array:
        stored = self._system.jacobian(state)
        stored[self._frozen_entries] = 0.0
        return stored

    def dense_jacobian(self, state: Array, out: Array) -> None:
        tape = self.tables.tape
        out[tape.rows, tape.columns] = self.jacobian(state)


def _absolute(names: tuple[str, ...], arm: Arm, tolerance: float) -> Array:
    """Absolute tolerance: per cell as given; totals of the medium times the cells of the dish."""
    cells = max([count for count in arm.counts.values() if count > 0], default=1.0)
    return np.array([tolerance * (cells if name.startswith("medium.") else 1.0) for name in names])


def _enter(
    program: Program, system: System, arm: Arm, names: tuple[str, ...], state: Array, time: float,
    sources: Mapping[str, Source], given: list[Given],
) -> Array:
    """Set the inputs that hold from ``time`` on, and add the doses given at it."""
    for agent in program.model.agents:
        levels = [_level(exposure, time) for exposure in arm.exposures if exposure.agent == agent]
        system.values[program.index[f"agent.{agent}"]] = sum(levels)
    state = state.copy()
    place = {name: number for number, name in enumerate(names)}
    for dose in arm.doses:
        if tick(dose.at) == time:
            gift = _gift(program, dose, arm, sources[dose.from_arm])
            given.append(gift)
            for name, amount in gift.amounts.items():
                if name in place:
                    state[place[name]] += amount
    return state


def _level(exposure: Exposure, time: float) -> float:
    """Concentration that holds from ``time`` on."""
    begun = [level for start, level in zip(exposure.times, exposure.levels, strict=True) if tick(start) <= time]
    return begun[-1] if begun else 0.0


def _gift(program: Program, dose: Dose, arm: Arm, source: Source) -> Given:
    """Amounts a dose brings: vesicles with their cargo, and a share of the solubles."""
    snapshot = source.snapshots[tick(dose.at)]
    free = {name: amount for name, amount in snapshot.items() if name.startswith("medium.free:")}
    available = sum(amount for name, amount in free.items() if "/" not in name)
    receiving = arm.counts[dose.recipient]
    if dose.measure == "particles_per_cell":
        wanted = dose.amount * receiving
    else:
        donors = sum(count for name, count in source.arm.counts.items()
                     if any(c.name == name and c.secretes_vesicles for c in program.model.cells))
        wanted = dose.amount * receiving * available / donors
    share = wanted / available if available > 0 else 0.0
    amounts: dict[str, float] = {}
    for name, amount in free.items():
        amounts[name] = amount * share
        amounts[name.replace("medium.free:", "medium.added:")] = amount * share
    for soluble in program.model.solubles:
        amounts[f"medium.{soluble}"] = snapshot[f"medium.{soluble}"] * share * dose.carry_over
    return Given(dose, available * share, share, amounts)


def _blame(system: System, names: tuple[str, ...], state: Array, time: float, message: str) -> str:
    """Which variable ran away, and when."""
    rate = np.zeros(system.size)
    with np.errstate(all="ignore"):
        system.rate(state, rate)
        score = np.abs(state) + np.abs(rate) * 3600.0  # where an hour more would take it; causes outgrow effects
    worst = int(np.argmax(np.where(np.isfinite(rate), score, np.inf)))
    return f"`{names[worst]}` runs away after {time / 3600:.4g} h ({message})"
