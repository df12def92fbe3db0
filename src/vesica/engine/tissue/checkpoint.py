"""Checkpoints of a long run: when one is due, and how Ctrl-C waits for one."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from vesica.results import provenance, tissue_checkpoint
from vesica.results.tissue_store import TissueWriter

DEAREST: Final = 0.05  # share of the time that checkpoints may take; a large state is stored less often
STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
State = Callable[[], Mapping[str, Any]]


def key_of(spec_text: str, arm: str) -> dict[str, object]:
    """What must be the same when a run goes on: every number of the model, the arm and the versions."""
    return {"model": hashlib.sha256(spec_text.encode()).hexdigest(), "arm": arm, "versions": provenance.versions()}


class Checkpoint:
    """The checkpoint of one arm, and the stop that waits for it.

    Used as a context, Ctrl-C and SIGTERM do not fall into a step: `step_done` stores the state and then lets them
    through. The second one does so at once, and costs what was computed since the last checkpoint.

    Parameters
    ----------
    folder : Path
        The run folder.
    key : mapping
        `key_of` the model and arm.
    every : s of wall time between checkpoints
    """

    def __init__(self, folder: Path, arm: str, key: Mapping[str, object], every: float) -> None:
        self.path = tissue_checkpoint.path_of(folder, arm)
        self.count = 0  # stored by this process
        self._key, self._every = key, every
        self._last, self._took = time.monotonic(), 0.0
        self._asked: int | None = None
        self._before: dict[int, Any] = {}

    def load(self) -> tuple[dict[str, Any], dict[str, int]] | None:
        """State and times that count; None where the arm has no checkpoint.

        Raises
        ------
        InputError
            It is damaged, or of another model or version; it stays as it is.
        """
        return tissue_checkpoint.load(self.path, self._key) if self.path.is_file() else None

    def due(self, now: float | None = None) -> bool:
        """Whether to store one now (s of `time.monotonic`): the interval is over, or somebody asked to stop."""
        now = time.monotonic() if now is None else now
        return self._asked is not None or now - self._last >= max(self._every, self._took / DEAREST)

    def save(self, state: Mapping[str, Any], writer: TissueWriter) -> None:
        """Store the state, behind all that was streamed.

        Raises
        ------
        Interrupted
            The disk is full or failed; the checkpoint before is kept.
        """
        begun = time.monotonic()
        writer.flush()
        tissue_checkpoint.save(self.path, state, self._key, writer.stored)
        self._last = time.monotonic()
        self._took = self._last - begun
        self.count += 1

    def step_done(self, state: State, writer: TissueWriter) -> None:
        """After a step: store ``state()`` if one is due, and stop if that was asked for.

        Raises
        ------
        KeyboardInterrupt, Interrupted
            Ctrl-C or SIGTERM came during the step, or the disk is full.
        """
        if not self.due():
            return
        self.save(state(), writer)
        if self._asked is not None:
            self._stop(self._asked, None)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # only there can signals be caught
            for number in STOPPING:
                before = signal.getsignal(number)
                if callable(before):  # one that is ignored stays so
                    self._before[number] = before
                    signal.signal(number, self._ask)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._asked is not None and kind is None:  # it came behind the last step
            self._stop(self._asked, None)
        self._restore()

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked is not None:
            self._stop(number, frame)
        self._asked = number

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Let the signal through to whoever caught it before."""
        before = self._before.get(number)
        self._restore()
        self._asked = None
        if before is not None:
            before(number, frame)

    def _restore(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}
