"""How a laboratory command ends: findings, one screen, one JSON object, or a folder that is whole."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli import failures
from vesica.errors import error

if TYPE_CHECKING:
    from vesica.analysis.lab import LabOutcome, Table
    from vesica.errors import Finding
    from vesica.report.blocks import Section
    from vesica.report.lab.page import LabFigure

TABLES_SHOWN: Final = 2  # on the screen; the others stand in the report
ROWS_SHOWN: Final = 24
HEAD_WIDTH: Final = 16  # of a unit in the head of a column
WORD_WIDTH: Final = 24  # of a column of words, at least, where the screen is narrow
FORMAT: Final = 1  # of summary.json; docs/format.md


def out_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every laboratory command has: where to write, and as what."""
    options = (
        click.option("--out", "-o", type=click.Path(path_type=Path), metavar="DIR",
                     help="Folder to make: summary.json, csv tables, pictures, report.html."),
        click.option("--png/--no-png", default=True, help="Pictures as PNG, too (as SVG they are always written)."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def finite(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Callback of an option: refuse `nan` and `inf`, which click's ranges let through.

    Raises
    ------
    InputError
        The value is not finite.
    """
    if value is not None and not math.isfinite(value):
        option = parameter.opts[0]
        raise error(option, f"`{value:g}`", "the value is a finite number", "it would spread through every result",
                    f"give a number: {option} 10")
    return value


def deliver(
    outcome: LabOutcome,
    figures: Sequence[LabFigure] = (),
    *,
    out: Path | None,
    as_json: bool,
    png: bool = True,
    files: Mapping[str, bytes] | None = None,
    sections: Sequence[Section] = (),
    code: int = failures.DONE,
) -> int:
    """Print what was found, and write it where asked; returns the exit code.

    Parameters
    ----------
    outcome : LabOutcome
    figures, sections : of the report
    out : path or None
        Folder to make; nothing is written without it.
    files : relative path -> content, optional
        Further files of the folder.
    code : int
        How the command ends.

    Raises
    ------
    InputError
        The place of the folder is taken.
    """
    findings = list(outcome.findings)
    if out is not None:
        findings += _write(outcome, figures, sections, out, png=png, files=files or {})
    if as_json:
        failures.print_json({"exit_code": code, "folder": out, **record(outcome)})
        return code
    failures.print_findings(findings)
    _print(outcome)
    if out is not None:
        click.echo(f"\nWritten to {out}: {out / 'report.html'} opens in any browser.")
    return code


def record(outcome: LabOutcome) -> dict[str, Any]:
    """What stands in ``summary.json`` and is printed by ``--json``."""
    from vesica._version import __version__

    return {
        "vesica": __version__, "format": FORMAT, "kind": outcome.kind, "title": outcome.title,
        "headline": list(outcome.headline), **outcome.summary,
        "tables": [table.name for table in outcome.tables],
        "findings": [finding.as_dict() for finding in outcome.findings],
        "sources": [{"file": one.file, "format": one.format, "sha256": one.sha256, "encoding": one.encoding}
                    for one in outcome.sources],
    }


def _write(outcome: LabOutcome, figures: Sequence[LabFigure], sections: Sequence[Section], out: Path, *, png: bool,
           files: Mapping[str, bytes]) -> list[Finding]:
    from vesica.errors import Finding
    from vesica.report import pictures
    from vesica.report.lab import page as lab
    from vesica.results import bundle
    from vesica.results.files import encode

    bundle.refuse_taken(out, outcome.kind)  # before anything is drawn
    remarks = []
    if png and figures and not pictures.can_draw_png():
        png = False
        remarks.append(Finding("note", "--png", "the library resvg is not installed", "it draws PNG pictures",
                               "pictures are written as SVG only", 'install it: pip install "vesica[pictures]"'))
    content = {"summary.json": encode(record(outcome))}
    content |= {f"{table.name}.csv": table.csv() for table in outcome.tables}
    for figure in figures:
        content[f"figures/{figure.name}.svg"] = pictures.standalone(figure.wide).encode()
        if png:
            content[f"figures/{figure.name}.png"] = pictures.png(figure.wide)
    content["report.html"] = lab.build(outcome, figures, sections).encode()
    twice = set(content) & set(files)
    if twice:  # ours to avoid, not the user's
        msg = f"files {sorted(twice)} would be written twice"
        raise ValueError(msg)
    bundle.write_folder(out, {**content, **files}, kind=outcome.kind)
    return remarks


def _print(outcome: LabOutcome) -> None:
    from vesica.cli import summary

    click.echo(outcome.title)
    for sentence in outcome.headline:
        click.echo(f"  {failures.printable(sentence)}")
    console = summary.console()
    for table in outcome.screen or outcome.tables[:TABLES_SHOWN]:
        click.echo("")
        _print_table(table, console)


def _begins_with_letters(table: Table, place: int) -> bool:
    return any(isinstance(row[place], str) and str(row[place])[:1].isalpha() for row in table.rows)


def _print_table(table: Table, console: Any) -> None:
    """A table as wide as the screen; what does not fit follows below, behind the first column once more."""
    from rich.text import Text

    used = [place for place in range(len(table.fields)) if any(row[place] not in {None, ""} for row in table.rows)]
    console.print(Text(table.title, style="italic"))  # as a title it would be squeezed to the width of the table
    part, room = used[:1], console.width - 2
    for place in used[1:]:
        if len(part) > 1 and sum(_least_width(table, one) + 2 for one in (*part, place)) > room:
            console.print(_screen(table, part))
            part = used[:1]
        part = [*part, place]
    console.print(_screen(table, part))
    if len(table.rows) > ROWS_SHOWN:
        click.echo(f"... and {len(table.rows) - ROWS_SHOWN} rows more")


def _head(table: Table, place: int) -> list[str]:
    one = table.fields[place]
    return [one.name.replace("_", " "), *textwrap.wrap(one.unit, HEAD_WIDTH, break_long_words=False)]


def _cells(table: Table, place: int) -> list[str]:
    from vesica.report.lab.page import shown

    return [failures.printable(shown(row[place])) for row in table.rows[:ROWS_SHOWN]]


def _least_width(table: Table, place: int) -> int:
    """Of a column in which no value is cut; long words are folded."""
    widest = max(map(len, (*_head(table, place), *_cells(table, place))))
    return min(widest, WORD_WIDTH) if _begins_with_letters(table, place) else widest


def _screen(table: Table, places: Sequence[int]) -> Any:
    """Some columns of a table for the terminal."""
    from rich import box
    from rich.table import Table as Screen
    from rich.text import Text

    from vesica.report.lab.page import is_numeric

    screen = Screen(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place in places:
        # names and reasons are folded where the screen is narrow; values are never broken or cut
        screen.add_column(Text("\n".join(_head(table, place))), overflow="fold",
                          justify="right" if is_numeric(table, place) else "left",
                          no_wrap=not _begins_with_letters(table, place), min_width=_least_width(table, place))
    for row in zip(*(_cells(table, place) for place in places), strict=True):
        screen.add_row(*map(Text, row))
    return screen
