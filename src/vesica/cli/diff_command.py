"""The command ``diff``: what differs between two models, runs or arms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vesica.cli import failures, targets
from vesica.cli.explain_command import write_html
from vesica.errors import error

if TYPE_CHECKING:
    from vesica.analysis.explain.compare import Comparison


def diff(first: Path, *, second: Path | None, arms: tuple[str, str] | None, html: Path | None, as_json: bool) -> int:
    """Compare two models, or two arms of one."""
    found = _compared(first, second, arms)
    names = (f"{first}, arm {arms[0]}", f"{first}, arm {arms[1]}") if arms else (str(first), str(second))
    if html is not None:
        from vesica.report import comparison as page

        write_html(html, page.build(found, names))
    if as_json:
        told = _as_data(found, names)
        failures.print_json(told | ({"page": html} if html is not None else {}))
        return failures.DONE
    _print(found, names)
    if html is not None:
        click.echo(f"\nPage: {html}")
    return failures.DONE


def _compared(first: Path, second: Path | None, arms: tuple[str, str] | None) -> Comparison:
    if (second is None) == (not arms):
        wrote = "there is one model, and no `--arms`" if second is None else "two models stand beside `--arms`"
        raise error("diff", wrote, "two models are compared, or two arms of one model",
                    "it is not known what to compare", "write `vesica diff A.yaml B.yaml`, or `vesica diff A.yaml "
                    "--arms control ethanol`")
    from vesica.analysis.explain import compare

    one = targets.model(first)
    if arms:
        return compare.compare_arms(one, *arms)
    assert second is not None  # noqa: S101 - refused above
    return compare.compare(one, targets.model(second))


def _as_data(found: Comparison, names: tuple[str, str]) -> dict[str, Any]:
    return {
        "exit_code": failures.DONE,
        "A": {"from": names[0], "title": found.first}, "B": {"from": names[1], "title": found.second},
        "same": not found.changes, "count": len(found.changes),
        "groups": {group: [vars(change) | {"says": change.says} for change in changes]
                   for group, changes in found.groups.items()},
    }


def _print(found: Comparison, names: tuple[str, str]) -> None:
    for side, name, title in (("A", names[0], found.first), ("B", names[1], found.second)):
        click.echo(failures.printable(f"{side}: {name} ({title})"))
    if not found.changes:
        click.echo("Nothing differs but names, wording and the order of lines.")
        return
    for group, changes in found.groups.items():
        click.echo(f"\n{group} ({len(changes)})")
        for change in changes:
            click.echo(failures.printable(f"  - {change.says}"))
    count = len(found.changes)
    click.echo(f"\n{count} difference{'s' * (count != 1)}.")
