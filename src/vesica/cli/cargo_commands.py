"""The commands `vesica cargo score` and `vesica cargo database`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vesica.cli.deliver import deliver, finite, out_options
from vesica.errors import error

_FILE = click.Path(path_type=Path)


@click.group(short_help="Loading, changes and targets of EV cargo.")
def cargo() -> None:
    """Cargo of EVs: how it compares with the cells, what changes it, what it may do, what is known of it."""


@cargo.command(short_help="Compare the counts of cells and of their EVs.")
@click.option(
    "--cells", type=_FILE, required=True, metavar="FILE", help="Counts of the cells: csv, tsv or .h5ad."
)
@click.option("--evs", type=_FILE, required=True, metavar="FILE", help="Counts of their EVs.")
@click.option(
    "--group",
    "prefixes",
    multiple=True,
    metavar="PREFIX[=NAME]",
    help="A group: the text its columns begin with, in both tables. May be repeated.",
)
@click.option("--design", type=_FILE, metavar="SHEET", help="Groups from a sheet: columns sample and group.")
@click.option(
    "--against", default="", metavar="GROUP", help="The untreated group: test the change of every other one."
)
@click.option(
    "--cell-change",
    "cell_changes",
    multiple=True,
    metavar="GROUP=FILE",
    help="Changes of the cells made elsewhere (DESeq2 table), instead of a test.",
)
@click.option("--ev-change", "ev_changes", multiple=True, metavar="GROUP=FILE", help="The same for the EVs.")
@click.option(
    "--responders",
    multiple=True,
    metavar="[RECEIVER=]FILE",
    help="Fold changes of genes in cells that received the EVs. May be repeated.",
)
@click.option(
    "--targets", type=_FILE, metavar="FILE", help="miRNA and target gene: miRTarBase (as csv) or your own."
)
@click.option("--weak-targets", is_flag=True, help="Keep what miRTarBase calls weak support.")
@click.option(
    "--receivers", type=_FILE, metavar="FILE", help="Expression of genes (rows) in receivers (columns)."
)
@click.option("--given", default="", metavar="GROUP", help="The group whose EVs the responders received.")
@click.option(
    "--sender", default="sender", show_default=True, metavar="NAME", help="Name of the sending cells."
)
@click.option(
    "--without", multiple=True, metavar="LIST", help="Leave out the rows of a marker list. May be repeated."
)
@click.option(
    "--least-reads",
    "least_mean",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    callback=finite,
    help="Mean reads per library that a row needs to be compared.  [default: 5]",
)
@click.option("--estimated", is_flag=True, help="The counts are estimates (Salmon, RSEM), not whole numbers.")
@out_options
def score(
    *,
    out: Path | None,
    as_json: bool,
    png: bool,
    responders: tuple[str, ...],
    cell_changes: tuple[str, ...],
    ev_changes: tuple[str, ...],
    **asked: Any,
) -> int:
    """Compare the counts of cells and of their EVs.

    Loading ratios with shrinkage and error, artefacts, changes under a treatment, and whether the targets
    of the cargo are lower in cells that received the EVs. With --out also a table of sender, cargo,
    receiver and target, and an AnnData file.

    Example: vesica cargo score --cells cells.csv --evs evs.csv --group control --group LPS --against control
    """
    from vesica.analysis.cargo.inputs import Request
    from vesica.analysis.cargo.score import score as compute
    from vesica.analysis.cargo.score_outcome import outcome
    from vesica.report.lab import cargo as lab_cargo

    found = compute(
        Request(
            responders=_named(responders, "--responders", "receiver"),
            cell_changes=_named(cell_changes, "--cell-change", ""),
            ev_changes=_named(ev_changes, "--ev-change", ""),
            **asked,
        )
    )
    result = outcome(found)
    files = {} if out is None else lab_cargo.files(found)
    return deliver(result, lab_cargo.figures(found), out=out, as_json=as_json, png=png, files=files)


@cargo.command(short_help="Look up genes in ExoCarta, Vesiclepedia or EVpedia.")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--gene", "genes", multiple=True, metavar="SYMBOL", help="A gene to look up. May be repeated.")
@click.option("--list", "gene_list", type=_FILE, metavar="FILE", help="Genes to look up, one a line.")
@click.option("--species", default="", metavar="NAME", help="Only this species, as `Mus musculus`.")
@click.option("--kind", default="", metavar="WORD", help="Only this kind of molecule: protein, mrna ...")
@out_options
def database(*, files: tuple[Path, ...], out: Path | None, as_json: bool, png: bool, **asked: Any) -> int:
    """Summarise database files as downloaded (also .gz), and look up genes in them.

    Give the PROTEIN_MRNA_DETAILS file, with the EXPERIMENT_DETAILS file of the same release to learn how the
    EVs were separated.
    """
    from vesica.analysis.cargo.database import Question, answer

    return deliver(answer(Question(files=files, **asked)), out=out, as_json=as_json, png=png)


def _named(given: tuple[str, ...], option: str, fallback: str) -> dict[str, Path]:
    """``NAME=FILE`` options as a mapping; a file alone gets ``fallback`` where there is one."""
    found: dict[str, Path] = {}
    for text in given:
        name, sign, file = text.partition("=")
        if not sign:
            name, file = fallback, text
        if not name or not file or name in found:
            wrote = f"`{name}` stands twice" if name in found else f"`{text}`"
            raise error(
                option,
                wrote,
                f"it is written {option} NAME=FILE, each name once",
                "it would not be known what the file is about",
                f"{option} neuron=neuron.csv",
            )
        found[name] = Path(file)
    return found
