"""What ends a command: four-part messages, exit codes, and the same as JSON."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import click

from vesica.errors import Finding, VesicaError, nearest

DONE: Final = 0
OUR_FAULT: Final = 1
USER_INPUT: Final = 2
RUN_FAULT: Final = 3
INTERRUPTED: Final = 130  # 128 + SIGINT

_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
_MACHINE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENOMEM, errno.EMFILE})
_USER: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)


def printable(text: object) -> str:
    """Text without the characters that steer a terminal; line ends stay."""
    return "".join(sign for sign in str(text) if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf"))


class Stopped(Exception):
    """Ctrl-C, with what was kept and how to go on."""


@contextmanager
def interrupts_counted() -> Iterator[list[int]]:
    """Signals of Ctrl-C that came meanwhile; each still raises `KeyboardInterrupt`."""
    found: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        found.append(number)
        if callable(before):
            before(number, frame)

    if not callable(before):  # ignored, as of a job in the background: it stays so
        yield found
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, before)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings to stderr, severity in colour on a terminal."""
    for finding in findings:
        text = printable(finding)
        head, rest = text[: len(finding.severity)], text[len(finding.severity) :]
        click.echo(click.style(head, fg=_COLOURS[finding.severity], bold=True) + rest, err=True)


def print_json(value: object) -> None:
    """One JSON object on stdout, strict: a number that is not finite is null."""
    from vesica.results.files import plain

    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=1))


def handle(failure: BaseException, arguments: Sequence[str]) -> int:
    """Say what happened, as text or as JSON, and give the exit code."""
    if isinstance(failure, SystemExit | BrokenPipeError):  # click's answer to a reader that left, as `| head` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - keeps the interpreter quiet at exit
        return DONE
    if os.environ.get("VESICA_DEBUG") == "1" and not isinstance(failure, click.exceptions.Exit):
        traceback.print_exception(failure, file=sys.stderr)
    code, findings, message = _explain(failure, arguments)
    if "--json" in arguments:
        print_json({"exit_code": code, "error": message or findings[0].wrote,
                    "findings": [finding.as_dict() for finding in findings]})
        return code
    print_findings(findings)
    if message:
        click.echo(message, err=True)
    return code


def _explain(  # noqa: PLR0911 - one line a cause
    failure: BaseException, arguments: Sequence[str]
) -> tuple[int, list[Finding], str]:
    if isinstance(failure, VesicaError):
        return failure.exit_code, list(failure.findings), ""
    if isinstance(failure, click.ClickException):
        return USER_INPUT, [_usage(failure, arguments)], ""
    if isinstance(failure, Stopped):
        return INTERRUPTED, [], str(failure)
    if isinstance(failure, KeyboardInterrupt | click.Abort):
        return INTERRUPTED, [], "Stopped by Ctrl-C."
    if isinstance(failure, MemoryError):
        return RUN_FAULT, [Finding("error", "", "the memory of this machine did not suffice",
                                   "a run holds its states and one row of results in memory",
                                   "the run stopped; rows that were committed are kept",
                                   "`vesica check` prints the memory to expect: ask for fewer arms, "
                                   "fewer output times or fewer draws")], ""
    if isinstance(failure, OSError) and (found := _of_system(failure)) is not None:
        return found[0], [found[1]], ""
    return OUR_FAULT, [], _fault(failure)


def _of_system(failure: OSError) -> tuple[int, Finding] | None:
    """A finding about the disk or the user's files; None for a file of ours."""
    name = str(failure.filename or "")
    what = f"`{name}`: {failure.strerror}" if name else str(failure)
    if failure.errno in _MACHINE:
        return RUN_FAULT, Finding("error", "", what, "a command needs room on the disk, and memory",
                                  "the command stopped; what a run had committed is kept",
                                  "make room, then give the same command again; `vesica run` goes on with `--resume`")
    package = Path(__file__).parents[1]
    if isinstance(failure, _USER) and name and not Path(name).resolve().is_relative_to(package):
        return USER_INPUT, Finding("error", "", what, "files must exist and be readable, folders writable",
                                   "the command could not go on", "check the path and its permissions")
    return None


def _fault(failure: BaseException) -> str:
    frames = traceback.extract_tb(failure.__traceback__)
    package = str(Path(__file__).parents[1])
    ours = [frame for frame in frames if frame.filename.startswith(package)] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    first = (str(failure).splitlines() or [""])[0]
    return (f"vesica failed: {type(failure).__name__}: {first}{place}. This is a fault of vesica, not of your model. "
            "Please report it with the model file, the command and what it prints with VESICA_DEBUG=1 set.")


def _context(arguments: Sequence[str]) -> click.Context:
    """Of the command that the arguments name: click's parser does not say in which one it failed."""
    from vesica.cli.app import app

    context = click.Context(app, info_name="vesica")
    for word in arguments:
        found = context.command.get_command(context, word) if isinstance(context.command, click.Group) else None
        if found is None:
            break
        context = click.Context(found, info_name=word, parent=context)
    return context


def _usage(failure: click.ClickException, arguments: Sequence[str]) -> Finding:
    context = failure.ctx if isinstance(failure, click.UsageError) else None
    context = context or _context(arguments)
    command = context.command_path
    if isinstance(failure, click.exceptions.NoSuchCommand):
        known = context.command.list_commands(context) if isinstance(context.command, click.Group) else []
        return Finding("error", "", f"there is no command `{command} {failure.command_name}`",
                       f"the commands are those of `{command} --help`", "nothing was done",
                       nearest(failure.command_name, known))
    if isinstance(failure, click.exceptions.NoSuchOption):
        options = [name for parameter in context.command.get_params(context) for name in parameter.opts]
        return Finding("error", "", f"`{command}` has no option `{failure.option_name}`",
                       f"the options are those of `{command} --help`", "nothing was done",
                       nearest(failure.option_name, [name for name in options if name.startswith("--")]))
    usage = " ".join(context.command.collect_usage_pieces(context))
    message = failure.format_message().rstrip(".")
    return Finding("error", "", f"`{command}`: {message[:1].lower()}{message[1:]}",
                   f"it is written `{command} {usage}`", "nothing was done", f"see `{command} --help`")
