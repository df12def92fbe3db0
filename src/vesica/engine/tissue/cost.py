"""What a run in space takes, said before it starts, and what the machine has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from vesica.engine import classes, schedule  # no compiled module among its imports
from vesica.engine.places import is_placed
from vesica.engine.processes import process_table
from vesica.engine.tissue.memory import memory_free, memory_limit
from vesica.errors import Finding
from vesica.spec.resolved import Arm, ResolvedModel

GIB: Final = 2.0**30
# Measured on one machine with two cores; only to say what to expect, within a factor of two or three.
BASE: Final = 300e6  # bytes: Python with its libraries and compiled kernels
WORK_ARRAYS: Final = 12  # of the field solver, in each of two threads, each as large as a field
PER_FIELD: Final = 1  # arrays for each field that stay
BYTES_PER_STATE: Final = 24.0  # of a cell: state, its last step, what is stored
BYTES_PER_MEETING: Final = 80.0  # a cell and a field: sent, captured, sampled, conductance
BYTES_PER_CELL: Final = 2000.0  # kernel, place, neighbours
SUBSTEPS: Final = 10.0  # of a field in a step, as its error and strong absorbers ask for
SECONDS_PER_SUBSTEP: Final = 4e-4  # of a core, whatever its size
SECONDS_PER_VOXEL: Final = 1e-8  # of a field in a substep
SECONDS_PER_LENGTH: Final = 1.5e-10  # of it, for each voxel along the axes: its transform
SECONDS_PER_MEETING: Final = 1.5e-6  # a cell in a substep: its kernel is sampled and spread
SECONDS_PER_STATE: Final = 1e-7  # a state of a cell in a step
OF_A_CORE: Final = 0.6  # seconds of a run for those of a core: fields, and blocks of cells, go on two threads
SECONDS_TO_BEGIN: Final = 3.0  # of an arm: rest, kernels, layout
STEPS_PER_INTERVAL: Final = 2.5  # between two outputs, when nothing jumps
STEPS_AFTER_JUMP: Final = 20.0


@dataclass(frozen=True)
class Counts:
    """What an arm consists of.

    Parameters
    ----------
    states : of all cells together
    quantities : stored of each cell
    """

    cells: int
    voxels: tuple[int, int, int]
    fields: int
    states: float
    steps: float
    quantities: int
    cell_times: int
    field_times: int
    is_single: bool = False

    @property
    def size(self) -> int:
        """Voxels."""
        return math.prod(self.voxels)


@dataclass(frozen=True)
class Cost:
    """Memory and results in bytes, time in s."""

    memory: float
    seconds: float
    results: float


def counts_of(model: ResolvedModel, arm: Arm) -> Counts:
    """Count what an arm holds, from the table of its processes; nothing is compiled."""
    table = classes.sized(process_table(model), model)
    space, run = model.domain.space, model.schedule.tissue
    fields = [pool.name for pool in table.pools if is_placed(pool)]
    own = {cell.name: sum(pool.compartment == cell.name for pool in table.pools) for cell in model.cells}
    placed = {cell: one.count for cell, one in (space.cells.get(arm.name, {}) if space else {}).items()}
    cells = placed or {cell: int(count) for cell, count in arm.counts.items()}
    shortest = min(every for every in (model.schedule.every, run.cells_every, run.fields_every) if every > 0.0)
    outputs = _times(model.schedule.duration, shortest)
    jumps = len(schedule.edges(model.schedule, arm, ())) - 1  # the end is none
    steps = outputs * STEPS_PER_INTERVAL + jumps * STEPS_AFTER_JUMP
    if run.longest_step > 0.0:
        steps = max(steps, model.schedule.duration / run.longest_step)
    return Counts(
        sum(cells.values()), space.voxels if space else (1, 1, 1), len(fields),
        float(sum(count * own.get(cell, 0) for cell, count in cells.items())), steps, max(own.values(), default=0),
        _times(model.schedule.duration, run.cells_every), _times(model.schedule.duration, run.fields_every),
        run.precision == "single")


def cost_of(counts: Counts) -> Cost:
    """Memory, time and size of results of one arm."""
    number = 4.0 if counts.is_single else 8.0
    meetings = float(counts.cells) * counts.fields
    memory = (number * counts.size * (PER_FIELD * counts.fields + 2 * WORK_ARRAYS) + BYTES_PER_STATE * counts.states
              + BYTES_PER_MEETING * meetings + BYTES_PER_CELL * counts.cells)
    lengths = sum(n for n in counts.voxels if n > 1)
    of_field = SECONDS_PER_SUBSTEP + (SECONDS_PER_VOXEL + SECONDS_PER_LENGTH * lengths) * counts.size
    each = SUBSTEPS * (of_field * counts.fields + SECONDS_PER_MEETING * meetings) + SECONDS_PER_STATE * counts.states
    results = 4.0 * (counts.cell_times * counts.quantities * counts.cells
                     + counts.field_times * counts.fields * counts.size)
    return Cost(memory, SECONDS_TO_BEGIN + OF_A_CORE * each * counts.steps, results)


def expected(model: ResolvedModel) -> Cost:
    """Of all arms, one after the other: the most memory, and times and results together."""
    found = [cost_of(counts_of(model, arm)) for arm in model.arms]
    return Cost(BASE + max((one.memory for one in found), default=0.0), sum(one.seconds for one in found),
                sum(one.results for one in found))


def in_words(model: ResolvedModel) -> dict[str, float | int]:
    """For ``vesica check``: numbers by the words that say what they are."""
    largest = max((counts_of(model, arm) for arm in model.arms), key=lambda one: one.cells, default=None)
    if largest is None:
        return {}
    cost, has = expected(model), memory_limit()
    found: dict[str, float | int] = {
        "cells": largest.cells, "voxels": largest.size, "fields": largest.fields,
        "states": round(largest.states), "GiB of memory": cost.memory / GIB}
    if has is not None:
        found["GiB that this machine has"] = has / GIB
    return found | {"minutes": cost.seconds / 60.0, "MB of results": cost.results / 1e6}


def estimate(model: ResolvedModel) -> dict[str, float]:
    """For ``run.json``, in the units of what was measured there."""
    cost = expected(model)
    return {"memory_mb": round(cost.memory / 1e6, 1), "seconds": round(cost.seconds, 1)}


def findings(model: ResolvedModel) -> list[Finding]:
    """An error where a run cannot fit into the memory of this machine, a warning where it fills what is free now."""
    need, has, free = expected(model).memory, memory_limit(), memory_free()
    largest = max((counts_of(model, arm) for arm in model.arms), key=lambda one: one.size * one.fields + one.cells)
    wrote = (f"{largest.cells:,} cells and {largest.fields} fields on {largest.size:,} voxels need "
             f"{need / GIB:.3g} GiB of memory")
    fix = f"write larger voxels{' or `precision: single`' * (not largest.is_single)}, or a smaller box"
    if has is not None and need > has:
        return [Finding("error", "domain", wrote, f"this machine has {has / GIB:.3g} GiB",
                        "the run would be ended by the system", fix)]
    if free is not None and need > free:
        return [Finding("warning", "domain", wrote, f"{free / GIB:.3g} GiB are free now",
                        "the run may be slow, or ended by the system", f"end other programs first, or {fix}")]
    return []


def _times(duration: float, every: float) -> int:
    return 2 if every <= 0.0 else int(duration // every) + 1
