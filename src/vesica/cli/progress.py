"""How far a run is: a bar on a terminal, a few plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import click

if TYPE_CHECKING:
    import rich.progress

DRAW: Final = "draw "  # how the work of a draw is called
STEPS_OF_DRAWS: Final = 20  # plain lines of all draws together: one each 5 %
LINE_EVERY: Final = 10.0  # s between plain lines, unless the work changes its name
SURE_AFTER: Final = 5.0  # s before which nobody knows how long it will take


class Progress:
    """Called with the share done (0 to 1) and what is being done: ``name`` or ``name: details``.

    A new name is a new line at once; details of the same work come every 10 s, with the time that is left.

    Parameters
    ----------
    is_silent : bool
        Print nothing, as for ``--json``.
    """

    def __init__(self, *, is_silent: bool = False) -> None:
        self._is_silent = is_silent
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None
        self._said = ""
        self._step = -1
        self._when = -LINE_EVERY
        self._begin: tuple[float, float] | None = None  # time, share: a run may go on from somewhere

    def __enter__(self) -> Self:
        if not self._is_silent and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            self._bar = Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
                                 TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("starting", total=1.0)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, share: float, what: str = "") -> None:
        """Tell how far the run is."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=min(share, 1.0), description=what or None)
        elif not self._is_silent:
            self._line(share, what)

    def _line(self, share: float, what: str) -> None:
        now = time.monotonic()
        if what.startswith(DRAW):
            step = int(share * STEPS_OF_DRAWS + 1e-9)
            if step == self._step:
                return
            self._step = step
            click.echo(f"{100 * share:3.0f} %  {what}", err=True)
            return
        self._begin = self._begin or (now, share)
        name, _, details = what.partition(": ")
        if name == self._said and now - self._when < LINE_EVERY:
            return
        self._said, self._when = name, now
        left = time_left(now - self._begin[0], share - self._begin[1], share) if details else ""
        click.echo(f"{100 * share:3.0f} %  {what}{left}".rstrip(), err=True)


def time_left(seconds: float, done: float, share: float) -> str:
    """``, 12 min left`` after ``seconds`` that brought the share ``done``; empty before that can be said."""
    if seconds < SURE_AFTER or done <= 0.0:
        return ""
    return f", {in_words(seconds * (1.0 - share) / done)} left"


def in_words(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 90.0 * 60.0 else f"{seconds / 3600.0:.1f} h"
