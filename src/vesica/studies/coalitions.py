"""Runs a model with some of its players turned off: coalitions side by side, as lanes of one batch.

A dose is the same volume of the source's medium in all of them: what a player that is off leaves in that medium is not
counted as particles in place of what others send.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from vesica.analysis.attribution.controls import DOSED
from vesica.analysis.runs.quantities import Quantities, quantities
from vesica.engine.gates import gated
from vesica.engine.program import Program
from vesica.engine.rest import Rests
from vesica.engine.simulate import as_arm_run, run_all_lanes
from vesica.engine.well_mixed import Trajectory
from vesica.errors import Finding, RunFault, keep_interrupts
from vesica.spec.resolved import Arm, Dose, ResolvedModel
from vesica.studies.draws import DRAW_TOLERANCE, draw

BATCH: Final = 64  # coalitions that go side by side
Wanted = tuple[str, str]  # arm and key of a quantity, or `DOSED`
Values = dict[Wanted, float]
Off = Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """Some coalitions of one draw.

    Parameters
    ----------
    bench : place of the bench they run on
    draw : number of the draw, or None for the model's own numbers
    offs : mapping of the coalition's number to the numbers that turn off who is not in it
    """

    bench: int
    draw: int | None
    offs: Mapping[int, Off]


@dataclass(frozen=True)
class Setting:
    """What a worker needs to make its bench.

    Parameters
    ----------
    wanted : what is looked at in each run
    """

    model: ResolvedModel
    by_cargo: bool
    wanted: tuple[Wanted, ...]


@dataclass
class Bench:
    """A program with gates, the rests it has found, and what doses are by draw."""

    program: Program
    wanted: tuple[Wanted, ...]
    rests: Rests = field(default_factory=dict)
    fixed: dict[int | None, Program] = field(default_factory=dict)

    def run(self, number: int | None, offs: Mapping[int, Off]) -> dict[int, Values]:
        """Values of every coalition.

        Raises
        ------
        RunFault
            A run found no rest, or ran away.
        """
        found: dict[int, Values] = {coalition: {} for coalition in offs}
        for arm in runs(self._with_doses(number), number, offs, self.rests):
            for coalition, trajectory in arm.items():
                name = trajectory.arm.name
                keys = [key for of, key in self.wanted if of == name]
                if keys:
                    flat = {key: value for key, (value, _) in read(self.program, trajectory).items()}
                    flat[DOSED] = sum(one.share_of_source for one in trajectory.given)
                    found[coalition] |= {(name, key): flat[key] for key in keys if key in flat}
        return found

    def _with_doses(self, number: int | None) -> Program:
        """The program in which doses are shares of their source, those of a run with all players."""
        if number not in self.fixed:
            self.rests.clear()  # those of another draw
            self.fixed = {number: shared_doses(self.program, number, self.rests)}
        return self.fixed[number]


def stood(model: ResolvedModel, arms: Iterable[str], at: float | None) -> ResolvedModel:
    """The model with these arms and those that their doses come from, run up to a time with one output."""
    needed = _with_sources(model, arms)
    end = model.schedule.duration if at is None else at
    schedule = replace(model.schedule, duration=end, every=end, relative_tolerance=DRAW_TOLERANCE,
                       fidelity="well_mixed", replicates=1)
    kept = tuple(arm for arm in model.arms if arm.name in needed)
    return replace(model, arms=kept, schedule=schedule, observe=(), published=())


def _with_sources(model: ResolvedModel, arms: Iterable[str]) -> set[str]:
    by_name, needed, left = {arm.name: arm for arm in model.arms}, set[str](), list(arms)
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += [dose.from_arm for dose in by_name[name].doses]
    return needed


def runs(program: Program, number: int | None, offs: Mapping[int, Off], rests: Rests
         ) -> Iterator[dict[int, Trajectory]]:
    """All arms of every coalition, arm by arm.

    Raises
    ------
    RunFault
    """
    drawn = {} if number is None else draw(program.model, program.model.schedule.seed, number)
    messages = dict.fromkeys(offs, "")
    yield from run_all_lanes(program, dict.fromkeys(offs, drawn), messages, offs, rests)
    if wrong := next((message for message in messages.values() if message), ""):
        raise RunFault(Finding("error", "attribute", wrong, "every state stays finite",
                               "the value of a coalition is missing, and so are all shares",
                               "look at the rules that act on this variable"))


def read(program: Program, trajectory: Trajectory) -> Quantities:
    """Every quantity of an arm at the end."""
    return quantities(program.model, as_arm_run(program, trajectory))


def shared_doses(program: Program, number: int | None, rests: Rests) -> Program:
    """The program with every dose as the share of its source that it is in a run with all players."""
    if not any(arm.doses for arm in program.model.arms):
        return program
    given = {one.arm.name: one.given for arm in runs(program, number, {0: {}}, rests) for one in arm.values()}

    def share(arm: Arm, dose: Dose) -> float:
        return next((one.share_of_source for one in given[arm.name] if one.dose == dose), 0.0)  # none after the end

    arms = tuple(replace(arm, doses=tuple(replace(dose, measure="share_of_source", amount=share(arm, dose))
                                          for dose in arm.doses)) for arm in program.model.arms)
    return replace(program, model=replace(program.model, arms=arms))


def batches(bench: int, number: int | None, offs: Mapping[int, Off]) -> list[Task]:
    """The work in pieces of a size that a core takes at once."""
    names = list(offs)
    return [Task(bench, number, {name: offs[name] for name in names[first:first + BATCH]})
            for first in range(0, len(names), BATCH)]


_BENCHES: list[Bench] = []


def prepare(settings: Sequence[Setting]) -> None:
    """In a worker: compile every bench once."""
    if multiprocessing.parent_process() is not None:
        keep_interrupts()
    _BENCHES[:] = [Bench(gated(one.model, by_cargo=one.by_cargo)[0], one.wanted) for one in settings]


def work(task: Task) -> tuple[Task, dict[int, Values]]:
    """The values of a task's coalitions."""
    return task, _BENCHES[task.bench].run(task.draw, task.offs)


def compute(settings: Sequence[Setting], tasks: Sequence[Task], workers: int
            ) -> Iterator[tuple[Task, dict[int, Values]]]:
    """All tasks, in their order; the results do not depend on the number of workers."""
    if workers == 1 or len(tasks) < 2:
        prepare(settings)
        yield from map(work, tasks)
        return
    context = multiprocessing.get_context("spawn")  # fork after numba's threads have started is fatal
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=prepare, initargs=(tuple(settings),))
    try:
        yield from pool.map(work, tasks)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
