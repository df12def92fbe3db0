"""Cells and fields step by step: cells are half a step ahead, so that each sees the middle of the other's step.

Fields go from t to t + h with what cells send, and how fast they take, at t + h/2; cells go to the middle of the next
step with the fields of t + h (Strang 1968 SIAM J Numer Anal 5:506, staggered). Cells count what they sent, fields what
was captured. Each side hands over what the other has counted, and foresees the half step that the other lacks by its
rate; what was foreseen wrongly waits, and goes into the next step. So nothing is made or lost, what stands still is
exact at any step, and errors of what changes fall with the square of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tissue.fields import Fields
from vesica.engine.tissue.meeting import Meeting
from vesica.engine.tissue.population import Population

Array = NDArray[np.float64]
FIRST_STEP: Final = 1.0  # s, after something jumped
GROWTH: Final = 2.0
CHANGE: Final = 0.1  # of what is sent and taken in a step: the error of a staggered step is a 24th of its square
BEYOND: Final = 1e-9  # of a time: closer than that it is reached


@dataclass
class Clock:
    """Where a run stands.

    Parameters
    ----------
    time : s
        Of the fields.
    ahead : s
        By which the cells are ahead.
    step : s
        That the next step may have.
    """

    time: float = 0.0
    ahead: float = 0.0
    step: float = FIRST_STEP
    steps: int = 0


class Coupled:
    """One arm under way.

    Parameters
    ----------
    populations : one for each cell type
    fields : Fields
    longest : s
        Of a step; 0 for no limit.
    meeting : Meeting, optional
        What cells do with each other.

    Attributes
    ----------
    changed_at : s
        When something jumped last.
    """

    def __init__(self, populations: Sequence[Population], fields: Fields, longest: float = 0.0,
                 meeting: Meeting | None = None) -> None:
        self.populations, self.fields, self.meeting = tuple(populations), fields, meeting
        self.clock, self.longest, self.changed_at = Clock(), longest, 0.0
        cells = sum(one.count for one in self.populations)
        self.sent = np.zeros((len(fields.names), cells))  # by cells, not yet in a field; below zero: the reverse
        self.captured = np.zeros_like(self.sent)  # from fields, not yet in a cell
        self._capturing = np.zeros_like(self.sent)  # um^3/s, captured in the last step per what was around
        self.taken = np.zeros((len(fields.names), len(self.populations)))
        self.given, self.got = np.zeros_like(self.sent), np.zeros_like(self.sent)  # (field, cell) since the start
        self._before: Array | None = None

    def run(self, until: float, step_done: Callable[[], None] | None = None) -> None:
        """Go on to a time, s, where cells and fields stand side by side."""
        while self.clock.time < until * (1.0 - BEYOND) - BEYOND:
            left = until - self.clock.time
            step = min(self.clock.step, self.longest or left)
            step = left if step > left * (1.0 - 1e-6) else min(step, left / 2.0) if step > left / 2.0 else step
            self._cells(self.clock.time + step / 2.0)
            self._fields(step)
            if step_done is not None:
                step_done()
        self._cells(self.clock.time)

    def restart(self) -> None:
        """Something jumped: begin with a short step again."""
        self.clock.step, self.changed_at = FIRST_STEP, self.clock.time
        self._before = None
        if self.meeting is not None:
            self.meeting.restart()

    def around(self) -> Array:
        """(field, cell) concentrations at the cells now."""
        return self.fields.around()

    def taking(self) -> Array:
        """(field, cell) um^3/s at which cells take now, per concentration at their surface."""
        around, found = self.fields.around(), np.zeros_like(self.sent)
        for one in self.populations:
            one.feel(around[:, one.where])
            one.taking(around[:, one.where], found[:, one.where])
        return found

    def in_liquid(self) -> Array:
        """(field,) amounts outside of cells, on their way into it included."""
        found: Array = self.fields.amounts() + (self.sent + self.captured).sum(axis=1)
        return found

    def _cells(self, to: float) -> None:
        """Bring the cells to a time; fields stand at the clock's."""
        clock = self.clock
        duration = to - clock.time - clock.ahead
        if duration <= 0.0:
            return
        around = self.fields.around()
        coming = np.maximum(self.captured + self._capturing * around * (to - clock.time), 0.0)
        for one in self.populations:
            one.feel(around[:, one.where])
        if self.meeting is not None:
            self.meeting.before(duration)
        for one in self.populations:
            self.captured[:, one.where] -= one.receive(coming[:, one.where], duration)
            one.lanes.advance(duration)
            one.collect(self.sent[:, one.where])
        if self.meeting is not None:
            self.meeting.after(duration)
        clock.ahead = to - clock.time

    def _fields(self, step: float) -> None:
        """Bring the fields to where the cells will be in their middle."""
        around = self.fields.around()
        sending, taking = np.zeros_like(self.sent), np.zeros_like(self.sent)
        for one in self.populations:
            one.feel(around[:, one.where])
            one.sending(sending[:, one.where])
            one.taking(around[:, one.where], taking[:, one.where])
        sent = np.maximum(self.sent + sending * (step / 2.0), 0.0)
        captured, mean = self.fields.advance(step, sent, taking)
        self._capturing = np.divide(captured, mean * step, out=np.zeros_like(mean), where=mean > 0.0)
        self.sent -= sent
        self.captured += captured
        self.given += sent
        self.got += captured
        for k, one in enumerate(self.populations):
            self.taken[:, k] += captured[:, one.where].sum(axis=1)
        clock = self.clock
        clock.time += step
        clock.ahead -= step
        clock.steps += 1
        clock.step = self._next(step, sending, taking)

    def _next(self, step: float, sending: Array, taking: Array) -> float:
        """The next step, by how much what is sent and taken changed in this one."""
        now = np.concatenate([sending.sum(axis=1), taking.sum(axis=1)])
        before, self._before = self._before, now
        if before is None:
            return step
        size = np.maximum(np.abs(now), np.abs(before))
        change = np.max(np.divide(np.abs(now - before), size, out=np.zeros_like(size), where=size > 0.0), initial=0.0)
        return step * float(np.clip(CHANGE / max(change, 1e-12), 0.5, GROWTH))

    def state(self) -> dict[str, Any]:
        """All that a run needs to go on bit for bit; `restore` takes it."""
        clock = self.clock
        return {
            "clock": [clock.time, clock.ahead, clock.step, clock.steps, self.changed_at],
            "given": self.given, "got": self.got, "sent": self.sent, "captured": self.captured,
            "capturing": self._capturing, "taken": self.taken,
            "before": np.zeros(0) if self._before is None else self._before,
            "fields": self.fields.state(), "cells": [one.state() for one in self.populations],
            "meeting": self.meeting.state() if self.meeting is not None else {},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        time, ahead, step, steps, self.changed_at = state["clock"]
        self.clock = Clock(float(time), float(ahead), float(step), int(steps))
        for name, array in (("sent", self.sent), ("captured", self.captured), ("capturing", self._capturing),
                            ("taken", self.taken), ("given", self.given), ("got", self.got)):
            array[:] = state[name]
        self._before = np.array(state["before"]) if len(state["before"]) else None
        self.fields.restore(state["fields"])
        for one, own in zip(self.populations, state["cells"], strict=True):
            one.restore(own)
        if self.meeting is not None:
            self.meeting.restore(state["meeting"])
