"""The `Stochastic` fidelity: whole numbers, well mixed, one replicate of every arm after another.

The dish is a sample of at most ``cells_at_most`` cells a type with its share of the medium (`spec.sample`).
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesica.engine import drugs, schedule
from vesica.engine.fidelities import TRACED
from vesica.engine.program import Program, compile_model
from vesica.engine.rest import Rests
from vesica.engine.rows import parameter_row
from vesica.engine.schedule import edges, output_times, tick
from vesica.engine.steppers.tau import Steps
from vesica.engine.well_mixed import Trajectory
from vesica.engine.whole import step
from vesica.engine.whole.bench import supplied
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.distributions import distributions
from vesica.engine.whole.doses import Taken, give, taken
from vesica.engine.whole.hands import Hands
from vesica.engine.whole.levels import levels
from vesica.engine.whole.start import dish_at_rest
from vesica.engine.whole.windows import Pace
from vesica.spec.resolved import Arm
from vesica.spec.sample import sampled

Array = NDArray[np.float64]

def trajectories(program: Program, replicate: int, rests: Rests | None = None, *,
                 finer: float = 1.0) -> Iterator[Trajectory]:
    """All arms of one replicate, in an order in which doses are ready.

    Parameters
    ----------
    program : Program
        Of the whole dish, or of a sample of it: a larger one is sampled first.
    replicate : int
        Names the random numbers with the seed of the model.
    rests : dict, optional
        Mean-field rests already found; replicates share them.
    finer : float
        Windows are so many times shorter, to see what they do.

    Raises
    ------
    RunFault
        Untreated cells run away. An arm that does so later comes back with a message, and is the last.
    """
    model, share = sampled(program.model)
    program = program if share == 1.0 else compile_model(model)
    own = _Replicate(replicate, {} if rests is None else rests, finer)
    for arm in schedule.ordered(model.arms):
        times = schedule.snapshot_times(model.arms, arm.name)
        trajectory, at = _run_arm(program, arm, times, own)
        own.sources[arm.name] = _Source(arm, at)
        yield trajectory
        if trajectory.message:
            return


@dataclass(frozen=True)
class _Source:
    """An arm that doses are taken from, and its medium at those times."""

    arm: Arm
    at: Mapping[float, Taken]


@dataclass(frozen=True)
class _Replicate:
    """What the arms of one replicate share; see `trajectories`."""

    number: int
    rests: Rests
    finer: float
    sources: dict[str, _Source] = field(default_factory=dict)


def _run_arm(program: Program, arm: Arm, taken_at: tuple[float, ...],
             own: _Replicate) -> tuple[Trajectory, dict[float, Taken]]:
    plan, sources = program.model.schedule, own.sources
    row = parameter_row(program.model, arm)
    dish = dish_at_rest(program, arm, row, {name: one.arm for name, one in sources.items()}, own.number, own.rests)
    grid = output_times(plan)
    out = _Output(program, dish, grid)
    pace = Pace(plan.longest_window, own.finer)
    snapshots, given, steps, message, hands = {}, [], Steps(), "", Hands(dish)
    stops = edges(plan, arm, taken_at)
    for begin, end in itertools.pairwise(stops):
        if begin in taken_at:
            snapshots[begin] = taken(dish)
        hands.act(dish, begin)
        for name, felt in drugs.levels(program.model, arm, begin).items():
            dish.set_input(name, felt)
        given += [give(dish, dose, sources[dose.from_arm].at[tick(dose.at)], row) for dose in arm.doses
                  if tick(dose.at) == begin]
        given += [supplied(dish, one, row) for one in arm.supplies if tick(one.at) == begin]
        pace.jump()
        for time in [*grid[(grid > begin) & (grid < end)], end]:
            out.keep(dish)
            while not message and dish.time < time:
                length = pace.next(time - dish.time)
                window = step.advance(dish, length, threads())
                dish.time = time if time - dish.time < 1e-6 else dish.time
                steps += window.steps
                message = window.message
                if not message:
                    pace.learn(window.held, length)
        if message:
            break
    if not message:
        out.keep(dish)
        hands.take_last(dish, stops[-1])
        if stops[-1] in taken_at:
            snapshots[stops[-1]] = taken(dish)
    done = {"leaps": steps.leaps, "critical": steps.critical, "exact": steps.exact, "windows": pace.windows,
            "largest_change": pace.largest_change, "vesicles": int(dish.journey.arrived[:, 0].sum())}
    notes = {"distributions": distributions(dish), "steps": done}
    notes |= {"unrest": list(dish.unrest)} if dish.unrest else {}
    notes |= {"samples": hands.samples} if hands.samples else {}
    trajectory = Trajectory(arm, grid, out.values, row, _last_values(dish), {}, tuple(given), message,
                            {"solver": "whole numbers", "states": len(program.species)}, trace=out.trace, notes=notes)
    return trajectory, snapshots


def threads() -> int:
    """Threads of a window: all cores, or one where replicates already run side by side. They change no number."""
    return 1 if multiprocessing.parent_process() is not None else os.cpu_count() or 1


class _Output:
    """Rows of results: means over the cells of a type, totals of the medium, and single cells.

    Parameters
    ----------
    values : (time, species)
    trace : (traced, time, species)
    """

    def __init__(self, program: Program, dish: Dish, grid: Array) -> None:
        self.column = {name: place for place, name in enumerate(program.species)}
        self.grid = grid
        self.values = np.full((grid.size, len(self.column)), np.nan)
        traced = min(TRACED, max((one.number for one in dish.cells), default=0))
        self.trace = np.full((traced, grid.size, len(self.column)), np.nan)

    def keep(self, dish: Dish) -> None:
        """Write the row of the dish's time, if it is a time of output."""
        for row in np.flatnonzero(self.grid == dish.time):
            for name, amounts in levels(dish).items():
                known = amounts[np.isfinite(amounts)]
                self.values[row, self.column[name]] = known.sum() / known.size
                if not name.startswith(("medium.", "agent.")):
                    few = amounts[: self.trace.shape[0]]
                    self.trace[: few.size, row, self.column[name]] = few


def _last_values(dish: Dish) -> Array:
    """(value,) at the end, means over the cells that own them."""
    last = dish.medium[:, 0].copy()
    for cells in dish.cells:
        own = [place for name, place in dish.laws.program.index.items() if name.startswith(f"{cells.name}.")]
        last[own] = cells.values[own].mean(axis=1)
    return last
