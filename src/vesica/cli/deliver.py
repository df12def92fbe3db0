"""How a laboratory command ends: findings, one screen, one JSON object, or a folder that is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli import failures

if TYPE_CHECKING:
    from vesica.analysis.lab import LabOutcome, Table
    from vesica.errors import Finding
    from vesica.report.blocks import Section
    from vesica.report.lab import LabFigure

TABLES_SHOWN: Final = 2  # on the screen; the others stand in the report
ROWS_SHOWN: Final = 24
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


def deliver(
    outcome: LabOutcome,
    figures: Sequence[LabFigure] = (),
    *,
    out: Path | None,
    as_json: bool,
    png: bool = True,
    files: Mapping[str, bytes] | None = None,
    sections: Sequence[Section] = (),
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

    Raises
    ------
    InputError
        The place of the folder is taken.
    """
    findings = list(outcome.findings)
    if out is not None:
        findings += _write(outcome, figures, sections, out, png=png, files=files or {})
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "folder": out, **record(outcome)})
        return failures.DONE
    failures.print_findings(findings)
    _print(outcome)
    if out is not None:
        click.echo(f"\nWritten to {out}: {out / 'report.html'} opens in any browser.")
    return failures.DONE


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
    from vesica.report import lab, pictures
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
    for table in outcome.tables[:TABLES_SHOWN]:
        click.echo("")
        _print_table(table, console)


def _print_table(table: Table, console: Any) -> None:
    from rich import box
    from rich.table import Table as Screen
    from rich.text import Text

    from vesica.report.lab import is_numeric, shown

    screen = Screen(title=table.title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    used = [place for place in range(len(table.fields)) if any(row[place] not in {None, ""} for row in table.rows)]
    for place in used:
        one = table.fields[place]
        head = one.name.replace("_", " ") + (f"\n{one.unit}" if one.unit else "")
        screen.add_column(Text(head), justify="right" if is_numeric(table, place) else "left")
    for row in table.rows[:ROWS_SHOWN]:
        screen.add_row(*(Text(failures.printable(shown(row[place]))) for place in used))
    console.print(screen)
    if len(table.rows) > ROWS_SHOWN:
        click.echo(f"... and {len(table.rows) - ROWS_SHOWN} rows more")
