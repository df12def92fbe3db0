"""The command ``explain``: every number with its source, and what rests on it; on the screen, as JSON, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli import failures, targets
from vesica.errors import error

if TYPE_CHECKING:
    from vesica.analysis.explain.explanation import Explanation
    from vesica.analysis.explain.numbers import Row

MOST_RESTS: Final = 3


def explain(
    target: Path, *, sets: Sequence[str], switches: Sequence[str], words: str, only: Sequence[str],
    html: Path | None, as_json: bool,
) -> int:
    """Explain a model, a run or a library."""
    from vesica.analysis.explain import explanation, numbers

    library = targets.library(target)
    if library is not None and (sets or switches):
        raise error("--set", f"`{[*sets, *switches][0]}` changes a model, and `{target}` is a library",
                    "a library is explained as it stands", "the option would be ignored",
                    "leave it out, or give a model")
    found = (explanation.of_model(targets.model(target, sets, switches)) if library is None
             else explanation.of_library(library))
    rows = numbers.chosen(found.rows, words, only)
    if html is not None:
        write_page(html, found)
    if as_json:
        told: dict[str, Any] = {"exit_code": failures.DONE, "file": target, **explanation.as_data(found, rows)}
        failures.print_json(told | ({"page": html} if html is not None else {}))
        return failures.DONE
    _print(found, rows, is_part=bool(words or only))
    if html is not None:
        click.echo(f"\nPage: {html}")
    return failures.DONE


def write_page(path: Path, found: Explanation) -> None:
    """One HTML file, whole or not at all."""
    from vesica.report import explanation as page

    write_html(path, page.build(found))


def write_html(path: Path, text: str) -> None:
    """Write a page where a file may stand."""
    from vesica.results import write_bytes

    if path.is_dir():
        raise error("--html", f"`{path}` is a folder", "`--html` names the file of the page",
                    "nothing is written there", f"write `--html {path / 'page.html'}`")
    if not path.parent.is_dir():
        raise error("--html", f"the folder `{path.parent}` does not exist", "the page goes into a folder that is there",
                    "nothing was written", "make the folder first, or give another name")
    write_bytes(path, text.encode())


def _print(found: Explanation, rows: Sequence[Row], *, is_part: bool) -> None:
    from rich.markup import escape

    from vesica.analysis.explain import numbers
    from vesica.cli import summary

    click.echo(f"{failures.printable(found.title)}\n{numbers.share_sentence(found.confidence)}")
    screen = summary.console()
    if rows:
        made = summary.table("", "number", "value", "range", "confidence", "source or reason")
        for row in rows:
            said = row.source or row.reason or "-"
            made.add_row(*map(escape, (row.path, row.text, row.span, row.confidence, failures.printable(said))))
        screen.print(made)
    if is_part:
        click.echo(f"{len(rows)} of {len(found.rows)} numbers match.")
        if len(rows) <= MOST_RESTS:
            _print_rests(rows)
        return
    _print_others(found)


def _print_rests(rows: Sequence[Row]) -> None:
    """What uses the few numbers that were asked for."""
    for row in rows:
        click.echo(f"\n{row.path}: {failures.printable(row.label or row.reason)}")
        for line in (row.reason, *(f"used: {one}" for one in row.rests)):
            if line and line != row.label:
                click.echo(f"  {failures.printable(line)}")


def _print_others(found: Explanation) -> None:
    """Rules, what acts inside cells, arms and switches."""
    if found.rules:
        click.echo("\nRules:")
        for rule in found.rules:
            place = f"  (line {rule.line})" if rule.line else ""
            click.echo(f"  - {rule.cell}: {failures.printable(rule.says)}{place}")
    for part in found.parts:
        click.echo(failures.printable(f"\n{part.title}" + (f": {part.label}" if part.label else "")))
        for line in part.lines:
            click.echo(failures.printable(f"  {line.kind:<10} {line.name}: {line.says}" if line.name
                                          else f"  {line.kind:<10} {line.says}"))
        if part.source or part.doi:
            click.echo(failures.printable(f"  {'source':<10} {part.source}" + (f" doi:{part.doi}" if part.doi else "")))
    if found.arms:
        click.echo("\nArms:")
        for name, english in found.arms:
            click.echo(failures.printable(f"  - {name}: {'; '.join(english) or 'nothing added'}"))
    if found.choices:
        click.echo("\nContested choices (change one with --switch NAME=OPTION):")
        for one in found.choices:
            others = ", ".join(name for name, _ in one.options if name != one.chosen)
            click.echo(f"  - {one.name}: {one.chosen}" + (f"  (or {others})" if others else ""))
