"""The command ``run``: check, simulate, report, and a summary on one screen."""

from __future__ import annotations

import json
import math
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click

from vesica import api
from vesica.cli import failures, model_commands
from vesica.cli.progress import Progress, in_words
from vesica.errors import Finding, Interrupted, RunFault, error, keep_interrupts

if TYPE_CHECKING:
    from vesica.results import Results
    from vesica.spec.resolved import ResolvedModel

RECORD: Final = "run.json"
DRAWS: Final = "draws.json"  # written when all draws are done
PARTIAL: Final = "draws.partial.jsonl"  # while they are made
MOST_DRAWS: Final = 100_000
EXIT_OF_OUTCOME: Final = {"completed": failures.DONE, "diverged": failures.RUN_FAULT,
                          "interrupted": failures.RUN_FAULT}


def run(  # noqa: PLR0913 - one for each option
    file: Path, *, out: Path, draws: int, structures: Sequence[str], seed: int | None, fidelity: str | None,
    replicates: int | None, replicate: int | None, resume: bool, no_report: bool, sets: Sequence[str],
    switches: Sequence[str], as_json: bool,
) -> int:
    """Run a model into ``out``."""
    if structures and not draws:
        raise error("--structures", "`--structures` stands without `--draws`",
                    "structures are compared by draws over the ranges", "nothing would be drawn",
                    "add `--draws 200`")
    if draws > MOST_DRAWS:
        raise error("--draws", f"`--draws {draws}` asks for {draws} draws", f"a run has at most {MOST_DRAWS} draws",
                    "they would take months, and tell no more", "write `--draws 1000`; shares are then known to 2 %")
    refuse_used_folder(out, resume=resume)
    words = {"seed": seed, "fidelity": fidelity, "replicates": replicates}
    changed = [*sets, *(f"run.{word}={value}" for word, value in words.items() if value is not None)]
    examined = model_commands.examine(file, changed, model_commands.choices(switches))
    examined.raise_errors()
    if not as_json:
        failures.print_findings(examined.findings)
        if examined.resolved is not None and not api.is_compiled(examined.resolved):
            click.echo("Compiling the loops of this kind of run, once: a minute or so.", err=True)
        if examined.resolved is not None and examined.resolved.schedule.fidelity == "tissue":
            click.echo(needs_in_space(api.expected_cost(examined.resolved)), err=True)
        if draws and examined.resolved is not None:
            click.echo(cost_of_draws(examined.resolved, draws, structures), err=True)
    try:
        with ending_kept(file, out, draws=draws):
            with Progress(is_silent=as_json) as progress:
                results = api.simulate(examined, out, draws=draws, structures=structures, replicate=replicate,
                                       resume=resume,
                                       command=shlex.join(given_command(file, out)), report_progress=progress)
            page = None if no_report or results.outcome == "running" else api.report(out)
    except RunFault:
        if not no_report and (out / "summary.json").is_file():
            click.echo(f"Report of what was computed: {api.report(out)}", err=True)
        raise
    code = EXIT_OF_OUTCOME.get(results.outcome, failures.RUN_FAULT)
    if as_json:
        failures.print_json({"exit_code": code, "outcome": results.outcome, "message": results.run["message"],
                             "folder": out, "report": page, "summary": results.summary})
        return code
    _print(results, out, page)
    if code != failures.DONE:
        again = resume_line(file, out, draws=draws)
        click.echo(f"The run is {results.outcome}: {results.run['message']}\n{again}", err=True)
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


def cost_of_draws(model: ResolvedModel, draws: int, structures: Sequence[str]) -> str:
    """How many runs the draws are."""
    varied = {switch.name: len(switch.options) for switch in model.switches
              if switch.name in structures or ("all" in structures and switch.is_structure)}
    forms, arms = math.prod(varied.values()), len(model.arms)
    return (f"{draws * forms * arms} runs besides: {draws} draw{'s' * (draws != 1)} x {forms} "
            f"structure{'s' * (forms != 1)} x {arms} arm{'s' * (arms != 1)}")


def needs_in_space(cost: Mapping[str, float]) -> str:
    """``Needs about 9 GiB, 24 min; this machine has 24 GiB.``, of a run in space."""
    has = cost.get("GiB that this machine has")
    return (f"Needs about {cost['GiB of memory']:.2g} GiB, {in_words(60.0 * cost['minutes'])}"
            + (f"; this machine has {has:.2g} GiB." if has is not None else "."))


def given_command(file: Path, out: Path) -> list[str]:
    """The command as it was given, or the shortest like it where that is not known."""
    context = click.get_current_context(silent=True)
    given = context.obj if context is not None else None
    return ["vesica", *(given or ["run", str(file), "--out", str(out)])]


def resume_line(file: Path, out: Path, *, draws: int = 0) -> str:
    """How to go on."""
    if not (out / RECORD).is_file():
        return "Nothing was written yet: the same command starts again."
    command = given_command(file, out)
    again = shlex.join(command if "--resume" in command else [*command, "--resume"])
    if not _is_complete(out):
        return f"What was computed is kept in {out}. Go on with: {again}"
    if draws and ((out / PARTIAL).is_file() or not (out / DRAWS).is_file()):
        return f"The run in {out} is complete, its draws are not. Go on with: {again}"
    return f"The run in {out} is complete. Write its report with: {shlex.join(['vesica', 'report', str(out)])}"


def _is_complete(out: Path) -> bool:
    try:
        return bool(json.loads((out / RECORD).read_text(encoding="utf-8")).get("outcome") == "completed")
    except (OSError, ValueError):
        return False


@contextmanager
def ending_kept(file: Path, out: Path, *, draws: int = 0) -> Iterator[None]:
    """Ctrl-C and SIGTERM end a run with what it has, and say how to go on."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted(Finding("error", "", "the machine asked this run to end (SIGTERM)",
                                  "a run that is ended keeps the rows it committed", "later rows are missing",
                                  resume_line(file, out, draws=draws).removesuffix(".")))

    hook, before = sys.unraisablehook, signal.signal(signal.SIGTERM, end)
    keep_interrupts()
    with failures.interrupts_counted() as interrupts:
        try:
            yield
        except BaseException as failure:
            if not interrupts and not isinstance(failure, KeyboardInterrupt):
                raise
            # an extension module that is interrupted while it is loaded says ImportError, so the signal decides
            raise failures.Stopped(f"Stopped by Ctrl-C. {resume_line(file, out, draws=draws)}") from None
        finally:
            signal.signal(signal.SIGTERM, before)
            sys.unraisablehook = hook


def expected_and_true(run: Mapping[str, Any]) -> str:
    """What was said before the start, beside what it took; nothing where nothing was said."""
    expected = run.get("expected")
    if not isinstance(expected, dict):
        return ""

    def words(memory_mb: float, seconds: float) -> str:
        return f"{memory_mb * 1e6 / 2**30:.2g} GiB and {in_words(seconds)}"

    return (f"Expected {words(expected['memory_mb'], expected['seconds'])}; "
            f"it took {words(run['peak_memory_mb'], run['wall_seconds'])}.")


def _print(results: Results, out: Path, page: Path | None) -> None:
    from vesica.cli import summary

    summary.print_summary(results.summary, summary.console())
    if line := expected_and_true(results.run):
        click.echo(line)
    click.echo("\n".join(summary.folder_lines(out, page)))
