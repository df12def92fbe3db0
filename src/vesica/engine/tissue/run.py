"""Runs one arm in space."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.engine import schedule
from vesica.engine.doses import Snapshot, Source, present_in
from vesica.engine.program import Program
from vesica.engine.rest import Rests
from vesica.engine.tissue import surroundings
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.cut import Cut, cut
from vesica.engine.tissue.means import Columns, last_values
from vesica.engine.tissue.meeting import Meeting
from vesica.engine.tissue.record import Record
from vesica.engine.tissue.setting import Setting, change, fields_of, populations_of
from vesica.engine.well_mixed import Trajectory
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]


@dataclass
class Under:
    """An arm under way: what a checkpoint holds besides cells and fields."""

    out: Array
    snapshots: dict[float, Snapshot]
    stop: int = 0


def run_arm(program: Program, arm: Arm, row: Mapping[str, float], sources: Mapping[str, Source],
            snapshot_times: tuple[float, ...] = (), rests: Rests | None = None, *,
            record: Callable[[Setting, Coupled], Record] = Record) -> Trajectory:
    """Follow one arm; the same words as `vesica.engine.well_mixed.run_arm`.

    Parameters
    ----------
    record : callable, optional
        Makes what stores cells and fields, and checkpoints.

    Raises
    ------
    RunFault
        A cell runs away, a field does not stay finite, or the disk is full.
    """
    model = program.model
    present = present_in(program, arm, {name: source.arm for name, source in sources.items()})
    setting = Setting(cut_of(program), surroundings.space_of(model), arm, row, present)
    coupled = prepare(setting, {} if rests is None else rests)
    columns, grid = Columns(program, coupled), schedule.output_times(model.schedule)
    under = Under(np.full((grid.size, len(program.species)), np.nan), {})
    with record(setting, coupled) as kept:
        kept.resume(under, lambda time: change(setting, coupled.populations, coupled.fields, time))
        _follow(setting, coupled, columns, under, snapshot_times, kept)
        kept.finish()
    return Trajectory(arm, grid, under.out, row, last_values(program, coupled.populations, row), under.snapshots,
                      solver={"solver": "ETDRK2 and W-method", "evaluations": coupled.clock.steps,
                              "states": _states(coupled)}, notes={"tissue": kept.notes()})


def _follow(setting: Setting, coupled: Coupled, columns: Columns, under: Under, snapshot_times: tuple[float, ...],
            kept: Record) -> None:
    plan = setting.model.schedule
    grid, jumps = schedule.output_times(plan), set(schedule.edges(plan, setting.arm, snapshot_times))
    stops = sorted({*grid.tolist(), *jumps, *kept.times})
    place = {time: k for k, time in enumerate(grid.tolist())}

    for number in range(under.stop, len(stops)):
        stop = stops[number]
        coupled.run(stop, lambda: kept.step_done(under))
        if stop in jumps:
            change(setting, coupled.populations, coupled.fields, stop)
            coupled.restart()
        if stop in place:
            under.out[place[stop]] = columns.row()
        if stop in snapshot_times:
            under.snapshots[stop] = dict(zip(columns.names, np.nan_to_num(columns.row()).tolist(), strict=True))
        kept.store(stop)
        under.stop = number + 1


def prepare(setting: Setting, rests: Rests) -> Coupled:
    """Cells at rest in their places, and fields around them."""
    populations, fields = populations_of(setting, rests), fields_of(setting)
    meeting = Meeting(setting, populations, fields)
    return Coupled(populations, fields, setting.model.schedule.tissue.longest_step, meeting)


def _states(coupled: Coupled) -> int:
    return coupled.fields.density.size + sum(one.lanes.state.size for one in coupled.populations)


class _Held:
    """A program as a key: programs hold what cannot be hashed."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.program is self.program

    def __hash__(self) -> int:
        return id(self.program)


@functools.lru_cache(maxsize=2)
def _cut(held: _Held) -> Cut:
    return cut(held.program.model)


def cut_of(program: Program) -> Cut:
    """The parts of a program, made once."""
    return _cut(_Held(program))
