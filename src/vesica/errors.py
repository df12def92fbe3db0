"""Findings and errors with four parts: what was written, the rule, what would go wrong, the fix."""

from __future__ import annotations

import difflib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing the user should know about what they wrote.

    Parameters
    ----------
    severity : "error", "warning" or "note"
        Only errors stop a run.
    path : str
        Where in the model, as ``arms.ethanol.exposures[0].agent``, or the name of a file.
    wrote, rule, consequence, fix : str
        The four parts, each a sentence without the final full stop.
    file, line : str, int, optional
        Where in the file, one-based.
    """

    severity: Severity
    path: str
    wrote: str
    rule: str
    consequence: str
    fix: str
    file: str | None = None
    line: int | None = None

    def located(self, file: str | None, line: int | None) -> Finding:
        """The same finding with a file and a line, where it has none yet."""
        return replace(self, file=self.file or file, line=self.line or line)

    def as_dict(self) -> dict[str, str | int | None]:
        """Plain data, for ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = " ".join(part for part in (place, f"[{self.path}]" if self.path else "") if part)
        parts = [part for part in (self.wrote, self.rule, self.consequence, self.fix) if part]
        return "\n  ".join([f"{self.severity}: {head}", *(part if part[-1] in "?.!" else f"{part}." for part in parts)])


class VesicaError(Exception):
    """Base of all errors a user can cause; carries findings and an exit code."""

    exit_code = 2

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(str(finding) for finding in findings))


class InputError(VesicaError):
    """The user's input cannot be used; nothing was written."""


class RunFault(VesicaError):
    """A run diverged or was interrupted by the machine; what was computed is kept."""

    exit_code = 3


class Interrupted(RunFault):
    """The machine stopped a run (disk, signal), not its numbers: it can be gone on with."""


class TextError(ValueError):
    """A text of the user's cannot be read; carries the four parts, for whoever knows where it stands."""

    def __init__(self, wrote: str, rule: str, consequence: str, fix: str) -> None:
        self.parts = (wrote, rule, consequence, fix)
        super().__init__("; ".join(self.parts))

    def finding(self, path: str) -> Finding:
        """As a finding at a place."""
        return Finding("error", path, *self.parts)


def error(path: str, wrote: str, rule: str, consequence: str, fix: str, **where: object) -> InputError:
    """An `InputError` with a single finding (``where``: file, line)."""
    return InputError(Finding("error", path, wrote, rule, consequence, fix, **where))  # type: ignore[arg-type]


def article(word: str) -> str:
    """``a`` or ``an``, as the word needs it."""
    return "an" if word[:1].lower() in "aeio" else "a"


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean `x`?``, or the list of known names when none is near."""
    names = sorted(set(known))
    folded = {candidate.lower(): candidate for candidate in names}
    exchanged = [candidate for candidate in folded if sorted(candidate) == sorted(name.lower())]
    match = exchanged or difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if match:
        return f"did you mean `{folded[match[0]]}`?"
    shown = ", ".join(f"`{candidate}`" for candidate in names[:12])
    return f"known names: {shown}{' ...' if len(names) > 12 else ''}" if names else "no names are known here"


def keep_interrupts() -> None:
    """Ctrl-C that falls into a destructor is not lost, and prints no traceback.

    Python drops an exception there after printing it. In the process of a command it is sent again; a
    worker is ended by its parent.
    """
    before = sys.unraisablehook

    def hook(found: sys.UnraisableHookArgs) -> None:
        if found.exc_type is not KeyboardInterrupt:
            before(found)
        elif multiprocessing.parent_process() is None:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()

    sys.unraisablehook = hook
