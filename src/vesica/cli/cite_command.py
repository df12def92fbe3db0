"""The command ``cite``: the works that a run or a model rests on, with what each supports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from vesica.cli import failures, targets
from vesica.errors import error

if TYPE_CHECKING:
    from vesica.analysis.explain.cited import Work

MOST_NAMES: Final = 6  # on the screen; `--json` has all


def cite(target: Path, *, bibtex: bool, as_json: bool) -> int:
    """Print what to cite, from the provenance of this run alone."""
    from vesica.analysis.explain import cited

    if bibtex and as_json:
        raise error("--bibtex", "`--bibtex` and `--json` are asked for", "the answer is one or the other",
                    "a program could read neither", "leave one of them out; `--json` holds the BibTeX text, too")
    version, listed, citations = _works(target)
    text = cited.bibtex(listed, version)
    if bibtex:
        click.echo(text, nl=False)
    elif as_json:
        failures.print_json({
            "exit_code": failures.DONE, "folder": target, "software": cited.software(version),
            "citations": citations, "works": [vars(work) for work in listed], "bibtex": text,
        })
    else:
        _print(target, cited.software(version), listed)
    return failures.DONE


def _works(target: Path) -> tuple[str, tuple[Work, ...], list[Any]]:
    """Version of the program, works, and the citations of numbers alone."""
    from vesica._version import __version__
    from vesica.analysis.explain import cited
    from vesica.results import provenance
    from vesica.spec import io, yaml_io

    if target.is_dir():
        from vesica import api

        run = api.open(target)
        resolved: Mapping[str, Any] = yaml_io.parse(run.spec_text, str(target / "spec.yaml")).data
        citations: list[Any] = run.summary.get("citations") or []
        numbers = run.summary.get("parameters") or []
        return str(run.run["vesica"]), cited.works(numbers, resolved), citations
    model = targets.model(target)
    citations = list(provenance.citations(model.parameters))
    return __version__, cited.works(map(vars, model.parameters.values()), io.plain(model)), citations


def _print(target: Path, software: str, listed: Sequence[Work]) -> None:
    of = "run" if target.is_dir() else "model"
    click.echo(f"This {of} was made with: {software}\n" if target.is_dir() else f"The program: {software}\n")
    for work in listed:
        click.echo(failures.printable(f"- {work.source}" + (f" doi:{work.doi}" if work.doi else "")))
        for kind, names in work.supports():
            more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
            ends = "; " if kind.startswith(("rule", "published")) else ", "
            click.echo(failures.printable(f"    {kind}: {ends.join(names[:MOST_NAMES])}{more}"))
    if not listed:
        click.echo("- no cited work: all numbers are given, measured or estimates without one")
    else:
        click.echo(f"\n{len(listed)} works. `vesica cite {target} --bibtex` prints them for a bibliography.")
