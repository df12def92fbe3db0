"""The `WellMixed` fidelity: the mean of every pool, one average cell per type and arm.

One run is integrated by CVODE; many replicates of an arm go side by side as lanes of a batch.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import drugs, pouring
from vesica.engine.doses import Given, Snapshot, Source, gift, present_in, supplied
from vesica.engine.hands import Hands, Sample
from vesica.engine.legs import follow
from vesica.engine.nodes import Means, counts, means
from vesica.engine.places import base, is_placed, kind_of_cells
from vesica.engine.program import Program
from vesica.engine.rest import Rests, resting
from vesica.engine.rows import value_vector
from vesica.engine.schedule import edges, output_times, tick
from vesica.engine.system import Lanes, runaway
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]
_OWNER: Final = re.compile(r"[A-Za-z]\w*(?=[.~])")  # of a value
NOTHING: Final = 1e-8  # of the absolute tolerance
SMALLEST_SHARE: Final = 1e-12  # of cells alive, that the solver tells from none


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
    trace : (traced, time, pool), optional
        Single cells, where the fidelity follows them.
    notes : mapping
        Further small facts, stored with the row.
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
    trace: Array | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

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
    """One replicate of `run_lanes`."""
    return run_lanes(program, arm, [row], [sources], snapshot_times, rests, is_single=True)[0]


def run_lanes(
    program: Program,
    arm: Arm,
    rows: Sequence[Mapping[str, float]],
    sources: Sequence[Mapping[str, Source]],
    snapshot_times: tuple[float, ...] = (),
    rests: Rests | None = None,
    *,
    is_single: bool = False,
) -> list[Trajectory]:
    """Bring the cells to rest, then follow the arm's schedule edge by edge, all replicates side by side.

    Parameters
    ----------
    rows : (lane,) mappings of parameter path to value
    sources : (lane,) mappings of arm to source
        The arms that doses are taken from.
    snapshot_times : s
        Times at which another arm takes vesicles from this one.
    rests : dict, optional
        Resting cells already found, by what is present and all numbers; arms that differ
        only in schedule and counts share them.
    is_single : bool
        A run of its own: by CVODE, not by the batch stepper of replicates.

    Raises
    ------
    RunFault
        Untreated cells run away. A replicate that does so later comes back with a message.
    """
    schedule = program.model.schedule
    present = present_in(program, arm, {name: source.arm for name, source in sources[0].items()})
    running = program.divided
    tables = running.tables(present)
    system = Lanes(tables, np.stack([value_vector(running, row) for row in rows], axis=1),
                   counts(arm, running.groups), is_single=is_single)
    column = {name: at for at, name in enumerate(program.species)}
    pools = means(running.table, running.groups, tables.names, column)
    shown = means(running.table, running.groups, (*tables.names, *tables.watched_names), column)
    _set_drugs(running, system, arm, None)
    rest = resting(running, system, present, {} if rests is None else rests)
    state = rest.state
    absolute = _absolute(program, tables.names, arm)
    nothing = NOTHING * absolute  # so small a number is a solver's way to say none
    grid = output_times(schedule)
    out = np.full((len(rows), grid.size, len(program.species)), np.nan)
    stops = edges(schedule, arm, snapshot_times)
    hands = Hands(running, system, arm, rows)
    books = [_Book(message=message) for message in rest.messages]
    for begin, end in itertools.pairwise(stops):
        if begin in snapshot_times:
            _take_snapshots(books, begin, program, pools, state)
        _set_drugs(running, system, arm, begin)
        state = state.copy()
        hands.act(state, begin)
        for lane, book in enumerate(books):
            gifts = [gift(program, dose, arm, sources[lane][dose.from_arm], rows[lane]) for dose in arm.doses
                     if tick(dose.at) == begin]
            gifts += [supplied(program, one, arm, rows[lane]) for one in arm.supplies if tick(one.at) == begin]
            for given in gifts:
                pouring.add(running, tables.names, system.values[:, lane], state[:, lane], dict(given.amounts),
                            pouring.compartment_of(program.model.domain, given.dose.recipient))
            book.given += gifts
        times = np.concatenate([[begin], grid[(grid > begin) & (grid < end)], [end]])
        leg = follow(system, state, times, schedule.relative_tolerance, absolute)
        for lane, book in enumerate(books):
            if not book.message:
                known = times[: leg.reached[lane]]
                states = leg.states[: known.size, :, lane]
                kept = states[np.isin(known, grid)]
                kept = np.where(np.abs(kept) < nothing, 0.0, kept)
                kept = np.concatenate([kept, system.watched(lane, kept)], axis=1)
                out[lane][np.ix_(np.isin(grid, known), shown.columns)] = shown.of(kept)
                if leg.reached[lane] < times.size:
                    last = int(leg.reached[lane]) - 1
                    book.message = runaway(system, lane, leg.states[last, :, lane], times[last], leg.messages[lane])
            book.evaluations += int(leg.evaluations[lane])
            book.solver = leg.solver
        if all(book.message for book in books):
            break
        state = leg.states[-1]
    hands.take_last(state, stops[-1])
    if stops[-1] in snapshot_times:
        _take_snapshots(books, stops[-1], program, pools, state)
    last_values = _all_values(program, system, state)
    return [Trajectory(arm, grid, out[lane], row, last_values[:, lane].copy(), book.snapshots, tuple(book.given),
                       book.message, {"solver": book.solver, "evaluations": book.evaluations, "states": system.size},
                       notes=_notes(rest.unrest, hands.samples[lane]))
            for lane, (row, book) in enumerate(zip(rows, books, strict=True))]


@dataclass
class _Book:
    """What is noted of one replicate while it runs."""

    snapshots: dict[float, Snapshot] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    message: str = ""
    evaluations: int = 0
    solver: str = ""


def _take_snapshots(books: list[_Book], time: float, program: Program, pools: Means, state: Array) -> None:
    names = [program.species[column] for column in pools.columns]
    for lane, book in enumerate(books):
        book.snapshots[time] = dict(zip(names, pools.of(state[:, lane]).tolist(), strict=True))


def _all_values(program: Program, system: Lanes, state: Array) -> Array:
    """(value, lane) of the model at a state, rule factors and hazards included; means over kinds of cells."""
    system.rate(state, np.zeros_like(state))
    running = program.divided
    if running is program:
        return system.values
    found = np.zeros((program.size, system.lanes))
    weights = {name: weight for group in running.groups
               for name, weight in zip(group.names(group.cell), group.weights.tolist(), strict=True)}
    placed = {pool.name for pool in program.table.pools if is_placed(pool)}
    for name, place in program.index.items():
        members = running.members(name)
        share = np.array([_weight(name, member, weights) for member in members])
        if members:
            scale = 1.0 if name in placed else share.sum()
            found[place] = share @ system.values[[running.index[member] for member in members]] / scale
    return found


def _weight(name: str, member: str, weights: Mapping[str, float]) -> float:
    """Share of the cells that a value of a kind of cells stands for; 1 for what is no kind's."""
    kind = kind_of_cells(member)
    owners = _OWNER.findall(name)  # of an expression, the first that has kinds
    return next((weights[of] for owner in owners if (of := f"{owner}#{kind}") in weights), 1.0) if kind else 1.0


def _absolute(program: Program, names: tuple[str, ...], arm: Arm) -> Array:
    """(state,) absolute tolerance: per cell as given; totals of the medium times the cells of the dish.

    The share alive divides, so it is known to the relative tolerance however small it becomes, and its parts with it.
    """
    tolerance = program.model.schedule.absolute_tolerance
    shares = {pool.name for pool in program.table.pools if pool.is_share}
    cells = max([count for count in arm.counts.values() if count > 0], default=1.0)
    scale = {True: cells, False: 1.0}
    return np.array([tolerance * (SMALLEST_SHARE if name in shares else scale[name.startswith("medium.")])
                     for name in map(base, names)])


def _notes(unrest: tuple[str, ...], samples: list[Sample]) -> dict[str, Any]:
    return ({"unrest": list(unrest)} if unrest else {}) | ({"samples": samples} if samples else {})


def _set_drugs(program: Program, system: Lanes, arm: Arm, time: float | None) -> None:
    """Set what cells feel of drugs from ``time`` s on; before the run (None) of those that stand there."""
    for name, value in drugs.levels(program.model, arm, time).items():
        system.values[program.index[name]] = value
