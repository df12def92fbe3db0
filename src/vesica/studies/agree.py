"""Do two fidelities say the same? Runs whole numbers at growing copy numbers beside the mean field, and compares.

The dish is a few cells with their share of the medium, the same cells at every scale: what couples cells through the
medium fluctuates as 1 / (scale x cells), so that with fewer cells at larger scales a gap would not fall. Smaller
scales cost less and get more replicates instead, which keeps the work and the error of every scale alike.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import math
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.agreement.modes import by_modes
from vesica.analysis.agreement.verdict import Comparison, Observable, compare
from vesica.engine import check_whole
from vesica.engine.program import Program, compile_model
from vesica.engine.rest import Rests
from vesica.engine.simulate import run_all
from vesica.engine.well_mixed import Trajectory
from vesica.engine.whole.run import trajectories
from vesica.errors import Finding, InputError, RunFault, error
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import few_cells, scaled
from vesica.spec.variability import alike
from vesica.studies.observables import Place, observables, per_living_cell

Array = NDArray[np.float64]
ReportProgress = Callable[[float, str], None]
Task = tuple[int, bool, int]  # place of the scale, halved windows, replicate

ALARM: Final = 1e-3  # chance that models that agree are said to disagree, over all comparisons together
MOST_EXTRA: Final = 8  # a smaller scale gets at most so many times the replicates of the largest
LARGEST_SCALE: Final = 1e4
STEP_ORDER: Final = 2.0  # |error| <= 2 |difference to half the window| for any order of one and more


class Fidelity(Protocol):
    """Trajectories of all arms of one replicate, in an order in which doses are ready."""

    def __call__(self, program: Program, replicate: int, rests: Rests, *, finer: float) -> Iterator[Trajectory]:
        """Values are means per cell, and totals of the medium; time steps are ``finer`` times shorter.

        Mean-field rests are kept in ``rests`` for the next replicate of the same program.
        """


@dataclass(frozen=True)
class Plan:
    """What is run.

    Parameters
    ----------
    scales : rising factors on copy numbers
    replicates : at the largest scale
    cells : of the commonest type of any arm
    alarm : false-alarm rate of the whole comparison
    """

    scales: tuple[float, ...] = (1.0, 10.0, 100.0)
    replicates: int = 20
    cells: int = 4
    alarm: float = ALARM

    def replicates_at(self, scale: float) -> int:
        """More where a replicate costs less."""
        return self.replicates * int(min(MOST_EXTRA, self.scales[-1] / scale))

    def tasks(self) -> list[Task]:
        """Every run, and at the largest scale all once more with half the window."""
        last = len(self.scales) - 1
        found = [(k, False, r) for k, scale in enumerate(self.scales) for r in range(self.replicates_at(scale))]
        return found + [(last, True, r) for r in range(self.replicates)]


def check(plan: Plan) -> None:
    """Raise `InputError` where a plan cannot be run."""
    rises = all(low < high for low, high in itertools.pairwise(plan.scales))  # false for nan
    if not (len(plan.scales) > 1 and rises and plan.scales[0] >= 1.0 and plan.scales[-1] < math.inf):
        raise error("--scales", f"`--scales {','.join(f'{s:g}' for s in plan.scales)}`",
                    "scales are at least two rising numbers from 1 on", "one cannot see whether the gap falls",
                    "write `--scales 1,10,100`")
    if plan.scales[-1] > LARGEST_SCALE:
        raise error("--scales", f"`--scales {','.join(f'{s:g}' for s in plan.scales)}`",
                    f"scales go up to {LARGEST_SCALE:,.0f}", "a cell would hold millions of MVBs, and fill the memory",
                    "write `--scales 1,10,100`")
    if plan.replicates < 8:
        raise error("--replicates", f"`--replicates {plan.replicates}`", "a comparison has at least 8 replicates",
                    "their scatter would not be known", "write `--replicates 20`")


def models(model: ResolvedModel, plan: Plan) -> list[ResolvedModel]:
    """(scale,) the dishes that are run."""
    model = replace(model, domain=model.domain.stirred)  # as whole numbers are
    small = few_cells(alike(model), plan.cells)  # few cells that differ are no sample of many
    found = []
    for k, scale in enumerate(plan.scales):
        seed = small.schedule.seed + 7919 * k  # scales err independently
        schedule = replace(small.schedule, seed=seed, fidelity="stochastic", cells_at_most=plan.cells)
        found.append(replace(scaled(small, scale), schedule=schedule))
    return found


_WORK: dict[str, object] = {}


def _prepare(dishes: Sequence[ResolvedModel], places: Sequence[Place], fidelity: Fidelity) -> None:
    """In a worker: compile every dish once."""
    programs: list[tuple[Program, Rests]] = [(compile_model(model), {}) for model in dishes]
    _WORK.update(programs=programs, places=places, fidelity=fidelity)


def _work(task: Task) -> tuple[Task, list[float]]:
    programs: list[tuple[Program, Rests]] = _WORK["programs"]  # type: ignore[assignment]
    fidelity: Fidelity = _WORK["fidelity"]  # type: ignore[assignment]
    scale, is_halved, replicate = task
    program, rests = programs[scale]
    runs = fidelity(program, replicate, rests, finer=2.0 if is_halved else 1.0)
    return task, read(program, runs, _WORK["places"])  # type: ignore[arg-type]


def read(program: Program, trajectories: Iterator[Trajectory], places: Sequence[Place]) -> list[float]:
    """Values of observables, as they stand.

    Raises
    ------
    RunFault
        A run stopped early, or does not know a value that the mean field knows.
    """
    column = {pool.name: place for place, pool in enumerate(program.table.pools)}
    found = {}
    for one in trajectories:
        if one.message:
            raise _fault(f"arm `{one.arm.name}` stopped: {one.message}")
        found[one.arm.name] = one
    values = []
    for arm, pool, time in places:
        row = int(np.argmin(np.abs(found[arm].times - time)))
        values.append(float(found[arm].values[row, column[pool]]))
        if not np.isfinite(values[-1]):
            raise _fault(f"`{pool}` of arm `{arm}` is not known at {time / 3600.0:g} h")
    return values


def _fault(said: str) -> RunFault:
    return RunFault(Finding("error", "agree", said, "both fidelities give every pool of every arm at all times",
                            "they cannot be compared", "look at the rules that act there; what was run is kept"))


def run(
    model: ResolvedModel,
    plan: Plan,
    *,
    fidelity: Fidelity = trajectories,
    partial: Path | None = None,
    workers: int | None = None,
    report_progress: ReportProgress | None = None,
) -> list[Comparison]:
    """Every observable of every arm, compared.

    Parameters
    ----------
    partial : path, optional
        Finished replicates are kept in that file, so that a study cut off goes on where it was.
    workers : int, optional
        Processes; the number of cores by default. The results do not depend on it.

    Raises
    ------
    InputError
        The plan cannot be run.
    RunFault
        A run of either fidelity stopped early.
    """
    check(plan)
    dishes = models(model, plan)
    if wrong := [finding for finding in check_whole.check(dishes[0]) if finding.severity == "error"]:
        raise InputError(*wrong)
    reference = [compile_model(dish) for dish in dishes]
    first = list(run_all(reference[0]))
    watched = observables(reference[0], first)
    places = [(one.arm, one.pool, one.time) for one in watched]
    mean_fields = [read(reference[0], iter(first), places)]
    mean_fields += [read(program, run_all(program), places) for program in reference[1:]]
    digest = _digest(model, plan, places)
    known = dict(_kept(partial, digest))
    tasks = [task for task in plan.tasks() if task not in known]
    for task, values in _compute(tasks, (dishes, places, fidelity), workers or os.cpu_count() or 1):
        known[task] = values
        _keep(partial, digest, task, values)
        if report_progress is not None:
            share = sum(_cost(plan, one) for one in known) / sum(_cost(plan, one) for one in plan.tasks())
            report_progress(share, f"replicates at x{plan.scales[task[0]]:g}")
    divisors = np.array([[scale if one.is_extensive else 1.0 for one in watched] for scale in plan.scales])
    dying = {cell.name for cell in model.cells if cell.can_die}
    known = {task: per_living_cell(watched, np.array(values), dying) for task, values in known.items()}
    fields = np.array([per_living_cell(watched, np.array(values), dying) for values in mean_fields])
    return _judged(model, plan, watched, fields / divisors, known, divisors)


def _cost(plan: Plan, task: Task) -> float:
    """Work of a run, in runs at x1: its events are as many as its copies."""
    return plan.scales[task[0]] * (2.0 if task[1] else 1.0)


def _judged(
    model: ResolvedModel, plan: Plan, watched: Sequence[Observable], mean_fields: Array,
    known: Mapping[Task, Array], divisors: Array,
) -> list[Comparison]:
    last = len(plan.scales) - 1
    samples = [np.array([known[k, False, r] for r in range(plan.replicates_at(scale))]) / divisors[k]
               for k, scale in enumerate(plan.scales)]
    halved = np.array([known[last, True, r] for r in range(plan.replicates)]) / divisors[last]
    steps = stepping(samples[-1], halved)
    scales, alarm = np.array(plan.scales), plan.alarm / len(watched)
    found = []
    for j, one in enumerate(watched):
        mine = [sample[np.isfinite(sample[:, j]), j] for sample in samples]
        comparison = compare(one, scales, mean_fields[:, j], mine, stepping=float(steps[j]), alarm=alarm)
        found.append(by_modes(comparison, scales, mine, alarm=alarm, seed=model.schedule.seed))
    return found


def stepping(whole: Array, halved: Array) -> Array:
    """(observable,) how far windows move a mean: twice its difference to half the window, less the error of that.

    Parameters
    ----------
    whole, halved : (replicate, observable)
        Of the same replicates.
    """
    apart = halved - whole
    error = np.std(apart, axis=0, ddof=1) / np.sqrt(len(apart))
    return np.asarray(STEP_ORDER * np.maximum(np.abs(apart.mean(axis=0)) - error, 0.0))


def _compute(
    tasks: Sequence[Task], setting: tuple[Sequence[ResolvedModel], Sequence[Place], Fidelity],
    workers: int,
) -> Iterator[tuple[Task, list[float]]]:
    if workers == 1 or len(tasks) < 2:
        _prepare(*setting)
        yield from map(_work, tasks)
        return
    context = multiprocessing.get_context("spawn")  # fork after numba's threads have started is fatal
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=setting)
    try:
        yield from pool.map(_work, tasks)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _digest(model: ResolvedModel, plan: Plan, places: Sequence[Place]) -> str:
    """Names what a kept replicate belongs to; more replicates may be asked for later."""
    what = repr((plan.scales, plan.cells, places)) + io.dump_resolved(model)
    return hashlib.blake2b(what.encode(), digest_size=12).hexdigest()


def _keep(partial: Path | None, digest: str, task: Task, values: Sequence[float]) -> None:
    if partial is not None:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("a", encoding="utf-8") as file:
            # the line break comes first, so that a line that was cut off spoils no other
            file.write("\n" + json.dumps([digest, *task, values]))


def _kept(partial: Path | None, digest: str) -> Iterator[tuple[Task, list[float]]]:
    if partial is None or not partial.exists():
        return
    for line in partial.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # a line that was being written when the study was cut off
            of, k, is_halved, replicate, values = json.loads(line)
            if of == digest:
                yield (k, is_halved, replicate), values
