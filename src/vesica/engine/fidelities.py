"""Runs of a model in whole numbers: which function makes a replicate, and many of them side by side.

A replicate is the same numbers wherever it is made: alone, in a series, in one process or in many.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final

from vesica.engine.steppers.threads import one_thread
from vesica.errors import Finding, RunFault, keep_interrupts
from vesica.spec.resolved import ResolvedModel

if TYPE_CHECKING:  # `vesica check` asks this module whether a model is whole, and compiles nothing
    from vesica.engine.program import Program
    from vesica.engine.well_mixed import Trajectory

    Trajectories = Callable[[Program, int], Iterator[Trajectory]]
    Found = tuple[int, Trajectory | RunFault]

# Fidelity -> module:function that makes all arms of one replicate, in an order in which doses are ready;
# by name, so that its kernels are loaded only when a model asks for them, and in every process.
WHOLE: Final[dict[str, str]] = {"stochastic": "vesica.engine.whole.run:trajectories"}
SPATIAL: Final = "tissue"
TRACED: Final = 8  # cells of each type that are followed in time


def is_whole(model: ResolvedModel) -> bool:
    """Whether a model is run in whole numbers, with chance."""
    return model.schedule.fidelity in WHOLE


def is_spatial(model: ResolvedModel) -> bool:
    """Whether a model is run in space: cells with positions, fields between them."""
    return model.schedule.fidelity == SPATIAL


def replicates(program: Program, numbers: Sequence[int], workers: int | None = None) -> Iterator[Found]:
    """(replicate, trajectory of an arm) for every arm of these replicates, each as soon as it is known.

    Replicates come in any order; a fault takes the place of the arm that it stopped.

    Parameters
    ----------
    workers : int, optional
        Processes; the number of cores by default. What a replicate is does not depend on it.
    """
    from vesica.engine import warm

    name = WHOLE[program.model.schedule.fidelity]
    warm.make_ready(program.model.schedule.fidelity)
    workers = min(workers or os.cpu_count() or 1, len(numbers))
    if workers > 1:
        yield from _side_by_side(program.model, name, numbers, workers)
        return
    for number in numbers:
        for found in _made(program, _function(name), number):
            yield number, found


def _function(name: str) -> Trajectories:
    module, _, function = name.partition(":")
    found: Trajectories = getattr(importlib.import_module(module), function)
    return found


def _made(program: Program, function: Trajectories, number: int) -> Iterator[Trajectory | RunFault]:
    """The arms of a replicate; a fault, if there is one, comes last."""
    with one_thread():
        try:
            yield from function(program, number)
        except RunFault as fault:
            yield fault


_READY: dict[str, tuple[Program, Trajectories]] = {}


def _prepare(model: ResolvedModel, name: str) -> None:
    """In a worker: compile once."""
    from vesica.engine.program import compile_model

    keep_interrupts()
    _READY["it"] = compile_model(model), _function(name)


def _work(number: int) -> list[Trajectory | Finding]:
    """A whole replicate; a fault travels as its finding, as exceptions lose theirs on the way."""
    return [found.findings[0] if isinstance(found, RunFault) else found for found in _made(*_READY["it"], number)]


def _side_by_side(model: ResolvedModel, name: str, numbers: Sequence[int], workers: int) -> Iterator[Found]:
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")  # fork after numba's threads have started is fatal
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(model, name))
    is_done = False
    try:
        for number, results in _as_they_end(pool, numbers, 2 * workers):
            for found in results:
                yield number, RunFault(found) if isinstance(found, Finding) else found
        is_done = True
    except BrokenProcessPool:
        raise RunFault(Finding(
            "error", "", "a process that computed replicates was ended from outside",
            "all processes of a run live until it ends", "its replicate is missing; those that were stored are kept",
            "see whether the memory was full, then resume the run with `--resume`; in a script of your own, start "
            'the run below `if __name__ == "__main__":`')) from None
    finally:
        pool.shutdown(wait=is_done, cancel_futures=True)
        if not is_done:  # a replicate takes minutes, and whoever stopped the run waits
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()


def _as_they_end(pool: ProcessPoolExecutor, numbers: Sequence[int], at_once: int
                 ) -> Iterator[tuple[int, list[Trajectory | Finding]]]:
    """Results in the order in which they are ready; few wait in memory at a time."""
    left = iter(numbers)
    running: dict[Future[list[Trajectory | Finding]], int] = {}
    while True:
        while len(running) < at_once and (number := next(left, None)) is not None:
            running[pool.submit(_work, number)] = number
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()
