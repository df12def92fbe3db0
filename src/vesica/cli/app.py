"""The command line: words, options and exit codes; each command's work is in its own module."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from vesica._version import __version__
from vesica.cli import failures

Command = Callable[..., int]
FILE: Final = click.Path(path_type=Path)
CONFIDENCE: Final = ("measured", "seen", "known", "given", "estimate")


def _json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")(command)


def _model_options(command: Command) -> Command:
    changed = click.option("--set", "sets", multiple=True, metavar="PATH=VALUE",
                           help="Change the model, as cells.astrocyte.count=2e6. May be repeated.")
    switched = click.option("--switch", "switches", multiple=True, metavar="NAME=OPTION",
                            help="Choose an option of a contested mechanism. May be repeated.")
    return changed(switched(command))


# Commands on runs with many options of their own, in the same form.
ON_RUNS: Final = {
    "maps": ("vesica.cli.maps_command", "maps", "Maps of a run in space: cells, fields, profiles, fronts."),
}
# Laboratory commands: name -> where the click command is, and its line in `vesica --help`.
LABORATORY: Final = {
    "nta": ("vesica.cli.nta_commands", "nta", "Particle tracking: read files, compare groups."),
    "measure": ("vesica.cli.measure_commands", "measure", "What instruments would read of a run."),
    "events": ("vesica.cli.measure_commands", "events", "Find fusion events in a pHluorin recording."),
    "fit": ("vesica.cli.fit_commands", "fit", "Fit release and uptake to time courses."),
    "dose": ("vesica.cli.dose_commands", "dose", "How many EVs an effect needs, and who can supply them."),
    "cargo": ("vesica.cli.cargo_commands", "cargo", "Loading, changes and targets of EV cargo."),
    "plate": ("vesica.cli.plate_commands", "plate", "Concentrations from a plate with standards (4PL)."),
    "samples": ("vesica.cli.samples_commands", "samples", "Small synthetic files to try the others on."),
    "sbml": ("vesica.cli.sbml_commands", "sbml", "Networks from SBML files, and models as SBML."),
    "design": ("vesica.cli.design_command", "design", "Which arms, times and replicates tell two hypotheses apart."),
    "cytometry": ("vesica.cli.cytometry_commands", "cytometry", "Flow cytometry files in calibrated units."),
}
LATE: Final = ON_RUNS | LABORATORY


class _Commands(click.Group):
    """A group whose late commands are imported when they are called, not for ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *LATE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LATE:
            return super().get_command(ctx, cmd_name)
        module, name, _ = LATE[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        own |= {name: line for name, (_, _, line) in ON_RUNS.items()}
        for title, lines in (("Simulation", own), ("Laboratory", {k: v[2] for k, v in LABORATORY.items()})):
            with formatter.section(title):
                formatter.write_dl(list(lines.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="vesica")
def app() -> None:
    """Simulate, measure and explain cell communication by exosomes.

    Start with: vesica check MODEL.yaml, then vesica run MODEL.yaml --out runs/first;
    or, at the bench: vesica nta read *.csv --out nta
    """


@app.command(short_help="Check a model and say what a run costs.")
@click.argument("file", type=FILE)
@_model_options
@_json_option
def check(**options: Any) -> int:
    """Check a model: findings, its rules in plain English, and what a run will cost."""
    from vesica.cli import model_commands

    return model_commands.check(**options)


@app.command(short_help="Run a model into a folder, and report on it.")
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="Run folder to make.")
@click.option("--draws", type=click.IntRange(min=0), default=0, metavar="N",
              help="Also run N draws of all numbers over their ranges.")
@click.option("--structures", multiple=True, metavar="SWITCH|all",
              help="Draw in every option of these switches, too.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the random numbers, instead of the model's.")
@click.option("--fidelity", metavar="NAME", help="well_mixed or stochastic, instead of the model's.")
@click.option("--replicates", type=int, metavar="N", help="Independent runs in whole numbers, instead of the model's.")
@click.option("--replicate", type=int, metavar="K", help="Run replicate K alone, from 0 on.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run in DIR.")
@click.option("--no-report", is_flag=True, help="Do not write report.html.")
@_model_options
@_json_option
def run(**options: Any) -> int:
    """Run a model into a folder, and report on it."""
    from vesica.cli import run_command

    return run_command.run(**options)


@app.command(short_help="Do whole numbers and the mean field of a model agree?")
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, metavar="DIR", help="Folder to make: agree.json, agreement.csv, report.html.")
@click.option("--scales", default="1,10,100", show_default=True, metavar="S,S,...",
              help="Factors on all copy numbers, at the same concentrations.")
@click.option("--replicates", type=click.IntRange(8, 100_000), default=20, show_default=True, metavar="N",
              help="Runs at the largest scale; smaller ones get up to 8 times as many.")
@click.option("--cells", type=click.IntRange(1, 1000), default=4, show_default=True, metavar="N",
              help="Cells of the commonest type in the dish that is run.")
@click.option("--png/--no-png", default=True, help="Pictures as PNG, too.")
@_model_options
@_json_option
def agree(**options: Any) -> int:
    """Run a model in every fidelity, at growing copy numbers, and say whether they agree (exit code 3: they do not)."""
    from vesica.cli import agree_command

    return agree_command.agree(**options)


@app.command(short_help="Who brought about an effect: which sender, by which channel?")
@click.argument("file", type=FILE, metavar="MODEL")
@click.option("--effect", "effects", multiple=True, required=True, metavar="NAME",
              help="A quantity of a run, as neuron.COX2. May be repeated.")
@click.option("--arm", metavar="ARM", help="The arm it is looked at in.")
@click.option("--against", metavar="ARM", help="The arm it is shown against, instead of the model's.")
@click.option("--by", default="channel,sender", show_default=True, metavar="WORDS",
              help="What players are told apart by: channel, sender, cargo; or route.")
@click.option("--budget", type=click.IntRange(2, 1_000_000), default=1024, show_default=True, metavar="N",
              help="Coalitions that may be run; if all fit, shares are exact.")
@click.option("--draws", type=click.IntRange(0, 10_000), default=0, show_default=True, metavar="N",
              help="Also share out in N draws of all numbers over their ranges.")
@click.option("--at", metavar="TIME", help="Time of the effect, as `24 h`; the end of the run by default.")
@click.option("--change", is_flag=True, help="Share out the change from the other arm, in place of the level.")
@click.option("--controls/--no-controls", default=True, help="What a laboratory's controls would report.")
@click.option("--out", "-o", type=FILE, metavar="DIR",
              help="Folder to make: summary.json, csv tables, pictures, report.html.")
@click.option("--png/--no-png", default=True, help="Pictures as PNG, too.")
@_model_options
@_json_option
def attribute(**options: Any) -> int:
    """Turn off what each sender sends by each channel, alone and with all others, and share out an effect.

    Shares are averages over all orders (Shapley): they add up to what all channels bring together.
    """
    from vesica.cli import attribute_command

    return attribute_command.attribute(**options)


@app.command(short_help="Write report.html for a run.")
@click.argument("folder", type=FILE, metavar="DIR")
@_json_option
def report(**options: Any) -> int:
    """Write report.html for a run: one file that opens offline."""
    from vesica.cli import folder_commands

    return folder_commands.report(**options)


@app.command(short_help="Show a run on one screen.")
@click.argument("folder", type=FILE, metavar="DIR")
@_json_option
def show(**options: Any) -> int:
    """Show a run on one screen: findings, arms, ledger, published results."""
    from vesica.cli import folder_commands

    return folder_commands.show(**options)


@app.command(short_help="Cells of a run in space as AnnData, for scanpy and squidpy.")
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--arm", metavar="ARM", help="The arm; need not be named where there is only one.")
@click.option("--out", "-o", type=FILE, required=True, metavar="FILE.h5ad", help="File to write.")
@click.option("--at", metavar="TIME", help="A stored time, as `24 h`; the last one by default.")
@_json_option
def export(**options: Any) -> int:
    """Write the cells of a run in space, their positions, quantities and who sent to whom, as AnnData."""
    from vesica.cli import export_command

    return export_command.export(**options)


@app.command(short_help="Every number of a model or library, its source, and what rests on it.")
@click.argument("target", type=FILE, metavar="FILE|DIR|library:cns")
@click.option("--html", type=FILE, metavar="PAGE.html", help="Write one page to search and filter, too.")
@click.option("--filter", "words", default="", metavar="TEXT", help="Only numbers in which all these words occur.")
@click.option("--only", multiple=True, type=click.Choice(CONFIDENCE), metavar="CONFIDENCE",
              help=f"Only numbers of this confidence: {', '.join(CONFIDENCE)}. May be repeated.")
@_model_options
@_json_option
def explain(**options: Any) -> int:
    """List every number of a model, of a run as it was run, or of a library: value, unit, range, confidence, source."""
    from vesica.cli import explain_command

    return explain_command.explain(**options)


@app.command(short_help="What differs between two models, runs or arms.")
@click.argument("first", type=FILE, metavar="A")
@click.argument("second", type=FILE, required=False, metavar="[B]")
@click.option("--arms", nargs=2, metavar="ARM ARM", help="Compare two arms of one model instead.")
@click.option("--html", type=FILE, metavar="PAGE.html", help="Write a page, too.")
@_json_option
def diff(**options: Any) -> int:
    """Say what differs between two models (files, or folders of runs as they were run), in plain English.

    Numbers are compared, not their spelling: 60 min is 1 h.
    """
    from vesica.cli import diff_command

    return diff_command.diff(**options)


@app.command(short_help="List the papers that a run rests on.")
@click.argument("target", type=FILE, metavar="DIR|FILE")
@click.option("--bibtex", is_flag=True, help="Print BibTeX entries, nothing else.")
@_json_option
def cite(**options: Any) -> int:
    """List the papers that a run's numbers, rules and networks rest on, with what each supports.

    Of a model file: those that a run of it would rest on.
    """
    from vesica.cli import cite_command

    return cite_command.cite(**options)


@app.command(short_help="Print the JSON Schema of model files.")
@_json_option
def schema(**options: Any) -> int:
    """Print the JSON Schema of model files, for editors."""
    from vesica.cli import model_commands

    return model_commands.schema(**options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        0 done, 1 our fault, 2 the user's input, 3 diverged, stopped by the machine or fidelities that disagree,
        130 Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app.main(args=given, prog_name="vesica", standalone_mode=False, obj=given)
        if sys.stdout is not None:  # closed by the shell with `>&-`
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as failure:
        click.echo(failure.format_message())
        return failures.USER_INPUT
    except BaseException as failure:  # noqa: BLE001 - the one place where every failure gets its exit code
        return failures.handle(failure, given)
    return code if isinstance(code, int) else failures.DONE


def entry() -> None:
    """The installed command."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and done: Ctrl-C has nothing left to stop
    sys.exit(code)
