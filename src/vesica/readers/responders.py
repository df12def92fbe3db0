"""Genes of a cell that received EVs: log2 fold change, and their expression where given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.readers.counts import refuse_repeats, table_rows
from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import (
    PathLike,
    Provenance,
    Row,
    TextFile,
    decimal_commas,
    guess_delimiter,
    number,
    read_text,
)

FORMAT: Final = "fold changes of responders"
CHANGE: Final = (
    "log2foldchange",
    "log2fc",
    "logfc",
    "lfc",
    "log2_fold_change",
    "log2 fold change",
    "avg_log2fc",
)
GENE: Final = ("gene", "gene symbol", "gene_symbol", "symbol", "name", "genes", "target gene")
EXPRESSION: Final = ("basemean", "aveexpr", "expression", "logcpm", "mean", "tpm", "base_mean")


@dataclass(frozen=True, eq=False)
class Responders:
    """Changes of one receiver.

    Parameters
    ----------
    name : str
        Of the receiving cells.
    genes : (gene,) str
        Unique; those whose change was missing are left out.
    change : (gene,) log2
    expression : (gene,) or None
        Any increasing scale.
    left_out : int
        Rows whose change was `NA`.
    provenance : Provenance
    """

    name: str
    genes: tuple[str, ...]
    change: FloatArray
    expression: FloatArray | None
    left_out: int
    provenance: Provenance


def read_responders(path: PathLike, name: str) -> Responders:
    """Read a table of genes with a column of log2 fold changes (DESeq2, edgeR, limma, Seurat, or one's own).

    Raises
    ------
    InputError
        Empty or not text; no column of fold changes; a gene twice; something that is not a number.
    """
    text, header, body = open_table(path)
    heads = [cell.lower() for cell in header.cells]
    change = find(heads, CHANGE)
    if change is None or not body:
        raise text.refuse(
            header.line,
            f"the columns {', '.join(f'`{cell}`' for cell in header.cells)}"
            if change is None
            else "no rows follow the header",
            "a table of responders has a column `log2FoldChange` (or log2FC, logFC)",
            "it is not known how the genes changed",
            "export the table with it; a plain fold change is first turned into log2"
            if change is None
            else "export it again",
        )
    gene = find(heads, GENE)
    gene = 0 if gene is None else gene
    level = find(heads, EXPRESSION)
    refuse_repeats(text, [row.cells[gene] for row in body], [row.line for row in body], "gene")
    kept = [
        (row, value)
        for row in body
        if math.isfinite(value := _or_na(text, row, change, header.cells[change]))
    ]
    levels = None
    if level is not None:
        values = np.array([_or_na(text, row, level, header.cells[level]) for row, _ in kept])
        levels = frozen(values) if np.isfinite(values).all() else None
    lines = {"table": text.lines}
    return Responders(
        name,
        tuple(row.cells[gene] for row, _ in kept),
        frozen([value for _, value in kept]),
        levels,
        len(body) - len(kept),
        text.provenance(FORMAT, lines),
    )


def read_expression(path: PathLike) -> tuple[dict[str, dict[str, float]], Provenance]:
    """Expression of genes in receivers: gene in the first column, one column for each receiver.

    Returns
    -------
    receiver -> gene in upper case -> level
    provenance
    """
    text, header, body = open_table(path)
    if len(header.cells) < 2 or not body:
        raise text.refuse(
            header.line,
            f"{len(header.cells)} columns and {len(body)} rows",
            "a table of receivers has genes in the first column and a column for each receiver",
            "there is nothing to read",
            "export it again",
        )
    refuse_repeats(text, [row.name.upper() for row in body], [row.line for row in body], "gene")
    found = {
        receiver: {row.name.upper(): number(text, row, column, receiver) for row in body}
        for column, receiver in enumerate(header.cells)
        if column
    }
    return found, text.provenance("expression of receivers", {"table": text.lines})


def open_table(path: PathLike) -> tuple[TextFile, Row, list[Row]]:
    """A table with names in the first column, its header and its rows."""
    text = read_text(path)
    head = next((line for line in text.lines if line.strip() and not line.startswith("#")), "")
    text = decimal_commas(text, guess_delimiter(head))
    return (text, *table_rows(text))


def find(heads: list[str], known: tuple[str, ...]) -> int | None:
    """Column of the first known head, or None."""
    return next((heads.index(name) for name in known if name in heads), None)


def _or_na(text: TextFile, row: Row, column: int, label: str) -> float:
    return math.nan if row.cells[column] in ("NA", "", "NaN", "nan") else number(text, row, column, label)
