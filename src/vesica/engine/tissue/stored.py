"""Follows the arms of a model in space into a run folder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from vesica.engine.program import Program
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.record import Stored
from vesica.engine.tissue.run import run_arm
from vesica.engine.tissue.setting import Setting
from vesica.engine.well_mixed import Trajectory

ReportProgress = Callable[[float, str], None]


def run_stored(program: Program, folder: Path, spec_text: str, report_progress: ReportProgress | None
               ) -> Callable[..., Trajectory]:
    """`run_arm` that stores cells, fields and checkpoints in a folder and says how far it is."""
    shown = {one.name: one for one in program.shown}
    names = [arm.name for arm in program.model.arms]
    duration = program.model.schedule.duration

    def record(setting: Setting, coupled: Coupled) -> Stored:
        def report(time: float) -> None:
            if report_progress is not None:
                done = (names.index(setting.arm.name) + time / duration) / len(names)
                report_progress(done, _words(setting, coupled, time))

        return Stored(setting, coupled, folder, spec_text, shown, report)

    return functools.partial(run_arm, record=record)


def _words(setting: Setting, coupled: Coupled, time: float) -> str:
    """``LPS: 3.2 of 24 h, 41 steps``."""
    whole, rejected = setting.model.schedule.duration / 3600.0, coupled.fields.counts.rejected
    return (f"{setting.arm.name}: {time / 3600.0:.3g} of {whole:.3g} h, {coupled.clock.steps} steps"
            + f", {rejected} of fields rejected" * (rejected > 0))
