"""The command ``run``: check, simulate, report, and a summary on one screen."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from vesica import api
from vesica.cli import failures, model_commands
from vesica.cli.progress import Progress
from vesica.errors import Finding, RunFault, error

if TYPE_CHECKING:
    from vesica.results import Results

RECORD: Final = "run.json"
EXIT_OF_OUTCOME: Final = {"completed": failures.DONE, "diverged": failures.RUN_FAULT,
                          "interrupted": failures.RUN_FAULT}


def run(  # noqa: PLR0913 - one for each option
    file: Path, *, out: Path, draws: int, structures: Sequence[str], seed: int | None, resume: bool,
    no_report: bool, sets: Sequence[str], switches: Sequence[str], as_json: bool,
) -> int:
    """Run a model into ``out``."""
    if structures and not draws:
        raise error("--structures", "`--structures` stands without `--draws`",
                    "structures are compared by draws over the ranges", "nothing would be drawn",
                    "add `--draws 200`")
    refuse_used_folder(out, resume=resume)
    seeded = [*sets, f"run.seed={seed}"] if seed is not None else list(sets)
    examined = model_commands.examine(file, seeded, model_commands.choices(switches))
    examined.raise_errors()
    if not as_json:
        failures.print_findings(examined.findings)
    try:
        with ending_kept(file, out), Progress(is_silent=as_json) as progress:
            results = api.simulate(examined, out, draws=draws, structures=structures, resume=resume,
                                   command=shlex.join(["vesica", *sys.argv[1:]]), report_progress=progress)
    except RunFault:
        if not no_report and (out / "summary.json").is_file():
            click.echo(f"Report of what was computed: {api.report(out)}", err=True)
        raise
    page = None if no_report or results.outcome == "running" else api.report(out)
    code = EXIT_OF_OUTCOME.get(results.outcome, failures.RUN_FAULT)
    if as_json:
        failures.print_json({"exit_code": code, "outcome": results.outcome, "message": results.run["message"],
                             "folder": out, "report": page, "summary": results.summary})
        return code
    _print(results, out, page)
    if code != failures.DONE:
        click.echo(f"The run is {results.outcome}: {results.run['message']}\n{resume_line(file, out)}", err=True)
    return code


def refuse_used_folder(out: Path, *, resume: bool) -> None:
    """Never write over a run, or into a folder of something else."""
    if out.exists() and not out.is_dir():
        raise error("--out", f"`{out}` is a file", "`--out` names a folder to make", "the file would be in the way",
                    "give another name")
    has_record = (out / RECORD).is_file()
    if resume and not has_record:
        raise error("--resume", f"`{out}` holds no run", "`--resume` goes on with an interrupted run",
                    "there is nothing to go on with", "leave out `--resume`, or give the folder of the run")
    if not resume and has_record:
        raise error("--out", f"`{out}` holds a run already", "a run is never written over",
                    "its results would be lost", "give another folder, delete this one, "
                    "or add `--resume` if it was interrupted")
    if not resume and out.is_dir() and any(out.iterdir()):
        raise error("--out", f"`{out}` is not empty", "a run gets a folder of its own",
                    "its files would be mixed with others", "give the name of a folder that does not exist yet")


def resume_line(file: Path, out: Path) -> str:
    """How to go on."""
    if (out / RECORD).is_file():
        return (f"What was computed is kept in {out}. Go on with: "
                + shlex.join(["vesica", "run", str(file), "--out", str(out), "--resume"])
                + " (and the same other options)")
    return "Nothing was written yet: the same command starts again."


@contextmanager
def ending_kept(file: Path, out: Path) -> Iterator[None]:
    """Ctrl-C and SIGTERM end a run with what it has, and say how to go on."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise RunFault(Finding("error", "", "the machine asked this run to end (SIGTERM)",
                               "a run that is ended keeps the rows it committed", "later rows are missing",
                               resume_line(file, out).removesuffix(".")))

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        raise failures.Stopped(f"Stopped by Ctrl-C. {resume_line(file, out)}") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(results: Results, out: Path, page: Path | None) -> None:
    from vesica.cli import summary

    summary.print_summary(results.summary, summary.console())
    click.echo("\n".join(summary.folder_lines(out, page)))
