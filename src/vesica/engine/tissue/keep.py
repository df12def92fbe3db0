"""Keeps an arm in space while it runs: streams what is stored, and goes on from its checkpoint."""

from __future__ import annotations

import time as wall
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tissue import saved
from vesica.engine.tissue.checkpoint import Checkpoint, key_of
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.record import Record
from vesica.results.tissue_layout import TissueLayout
from vesica.results.tissue_store import TissueWriter

Report = Callable[[float, str], None]


@dataclass
class Course:
    """What an arm has of results so far.

    Parameters
    ----------
    values : (time, shown)
        A row for each output; NaN where it was not reached.
    stops : int
        That are behind it, with all that was due there.
    seconds : of wall time, in all processes that worked on it
    """

    values: NDArray[np.float64]
    snapshots: dict[float, dict[str, float]] = field(default_factory=dict)
    stops: int = 0
    seconds: float = 0.0


class Keeper:
    """Where the arms of a run are kept.

    Parameters
    ----------
    folder : Path
        The run folder.
    spec_text : str
        Every number of the model: a checkpoint of another one is refused.
    report : callable, optional
        Called after steps with the share of an arm that is done, and words.
    """

    def __init__(self, folder: Path, spec_text: str, report: Report | None = None) -> None:
        self.folder, self.spec_text, self.report = folder, spec_text, report

    def arm(self, name: str, record: Record, course: Course) -> KeptArm:
        """One arm, to be entered as a context."""
        return KeptArm(self, name, record, course)


class KeptArm:
    """One arm under way; made by `Keeper.arm`."""

    def __init__(self, keeper: Keeper, name: str, record: Record, course: Course) -> None:
        self.name, self.record, self.course = name, record, course
        self._folder, self._report = keeper.folder, keeper.report
        model = record.program.model
        self._duration, self._begun = model.schedule.duration, wall.monotonic()
        self._kept = Checkpoint(keeper.folder, name, key_of(keeper.spec_text, name), model.schedule.tissue.checkpoint_every)
        self._stack = ExitStack()
        self._writer: TissueWriter | None = None

    def __enter__(self) -> Self:
        self._stack.enter_context(self._kept)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, value, trace)

    def begin(self, coupled: Coupled, layout: TissueLayout) -> None:
        """Lay the arm out, or go on where its checkpoint stands.

        Raises
        ------
        InputError
            The checkpoint is damaged, or of another model or version.
        RunFault
            The disk is full.
        """
        found = self._kept.load()
        if found is None:
            self._writer = TissueWriter.create(self._folder, self.name, layout)
            return
        state, counted = found
        self._writer = TissueWriter.resume(self._folder, self.name, layout, counted)
        saved.restore(coupled, state["coupled"])
        kept: Mapping[str, Any] = state["course"]
        self.course.values[:] = kept["values"]
        self.course.snapshots.update({float(at): dict(one) for at, one in kept["snapshots"]})
        self.course.stops, self.course.seconds = kept["stops"], kept["seconds"]

    def step_done(self, time: float) -> None:
        """After a step that came to ``time`` s: a checkpoint if one is due, and a word on how far it is."""
        self._kept.step_done(self._state, self.writer)
        if self._report is not None:
            clock, counts = self.record.coupled.clock, self.record.coupled.fields.counts
            rejected = f", {counts.rejected} rejected" if counts.rejected else ""
            self._report(time / self._duration, f"{self.name}: {time / 3600.0:.3g} of {self._duration / 3600.0:.3g} h, "
                         f"{clock.steps} steps{rejected}")

    def store(self, time: float, positions: NDArray[np.float64] | None = None) -> None:
        """Store what is due at a stop, where cells and fields stand side by side."""
        self.record.store(time, self.writer, positions)

    def finish(self, notes: Mapping[str, object], transfer: Any = None, *, diverged: bool = False) -> None:
        """End the arm; its checkpoint goes when its row is committed."""
        if transfer is not None:
            self.writer.transfer(transfer)
        self.writer.finish({**notes, "seconds": round(self._seconds(), 3)}, diverged=diverged)

    @property
    def writer(self) -> TissueWriter:
        """Of the arm; there once it has begun."""
        if self._writer is None:
            msg = "the arm has not begun"
            raise ValueError(msg)
        return self._writer

    def _seconds(self) -> float:
        return self.course.seconds + wall.monotonic() - self._begun

    def _state(self) -> dict[str, Any]:
        course = {"values": self.course.values, "stops": self.course.stops, "seconds": self._seconds(),
                  "snapshots": [[at, one] for at, one in self.course.snapshots.items()]}
        return {"coupled": saved.state_of(self.record.coupled), "course": course}
