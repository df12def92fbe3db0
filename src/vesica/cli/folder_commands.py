"""Commands that read a run folder: report, show."""

from __future__ import annotations

from pathlib import Path

import click

from vesica import api
from vesica.cli import failures


def report(folder: Path, *, as_json: bool) -> int:
    """Write the report and say where it is."""
    path = api.report(folder)
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "folder": folder, "report": path})
    else:
        click.echo(f"Report: {path}")
    return failures.DONE


def show(folder: Path, *, as_json: bool) -> int:
    """Print the summary of a run."""
    results = api.open(folder)
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "folder": folder, "outcome": results.outcome,
                             "summary": results.summary})
        return failures.DONE
    from vesica.cli import summary

    summary.print_summary(results.summary, summary.console())
    page = folder / "report.html"
    click.echo("\n".join(summary.folder_lines(folder, page if page.exists() else None)))
    return failures.DONE
