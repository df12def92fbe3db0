"""Commands that read a run folder: report, show, cite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def cite(folder: Path, *, as_json: bool) -> int:
    """Print what to cite, from the provenance of this run alone."""
    results = api.open(folder)
    software = f"vesica {results.run['vesica']}, The vesica developers"
    citations: list[dict[str, Any]] = results.summary.get("citations") or []
    if as_json:
        failures.print_json({"exit_code": failures.DONE, "folder": folder, "software": software,
                             "citations": citations})
        return failures.DONE
    click.echo(f"This run was made with {software}. Its numbers rest on:\n")
    for entry in citations:
        doi = f" doi:{entry['doi']}" if entry.get("doi") else ""
        click.echo(f"- {entry['source']}{doi}")
        click.echo(f"    for {', '.join(map(str, entry.get('used_for') or ())) or 'this run'}")
    if not citations:
        click.echo("- no cited number: all are given, measured or estimates")
    return failures.DONE
