"""Omics count tables: one row per gene or miRNA, one column per sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error, nearest
from vesica.readers.gene_names import ADVICE, mangled
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
    split_rows,
)

FORMAT: Final = "count table"

# miRBase writes hairpins with a small r (`mmu-mir-146a`) and mature strands with a large one
# (`mmu-miR-146a-5p`); let-7 and lin-4 have no r, so only the missing arm tells.
_HAIRPIN: Final = re.compile(r"(^|-)mir-\d")
# What counting programs write below or beside the rows: reads that belong to no row, and sums.
_SUMMARY: Final = re.compile(
    r"__(no_feature|ambiguous|too_low_aqual|not_aligned|alignment_not_unique)|n_(unmapped|multimapping|nofeature|"
    r"ambiguous)|(grand )?total|sum",
    re.IGNORECASE,
)
_FEATURE_COUNTS: Final = ("chr", "start", "end", "strand", "length")
_HIGHEST_LOG2: Final = 64.0  # of a count that a machine can hold
_FEWEST_ROWS: Final = 20  # that show a log scale
_ARMLESS: Final = re.compile(r"(^|-)(let|lin)-\d+[a-z]*(-\d+)?$")


@dataclass(frozen=True, eq=False)
class CountTable:
    """Counts of a sequencing experiment.

    Parameters
    ----------
    ids : (row,) str
        Unique names of genes or miRNAs, as written.
    samples : (sample,) str
        Unique names of the columns.
    counts : (row, sample) molecule
        Reads or copies counted, >= 0.
    hairpin : (row,) bool
        Names of miRNA hairpins: counts of both strands together, not of one mature miRNA.
    provenance : Provenance
    """

    ids: tuple[str, ...]
    samples: tuple[str, ...]
    counts: FloatArray
    hairpin: NDArray[np.bool_]
    provenance: Provenance

    def row(self, name: str) -> int:
        """Index of a row; refuses an unknown name with the nearest known one."""
        return find_row(self.ids, name, self.provenance.file)

    def group(self, prefix: str) -> tuple[int, ...]:
        """Find the indices of the samples whose names begin with ``prefix``.

        A number is not cut: `IL-1` finds `IL-1 cells_1`, not `IL-10 cells_1`.
        """
        found = tuple(i for i, name in enumerate(self.samples) if _begins(name, prefix))
        if not prefix or not found:
            raise error(
                self.provenance.file,
                f"no sample begins with `{prefix}`" if prefix else "an empty prefix",
                "a group is named by the text its columns begin with",
                "the group would be empty",
                nearest(prefix, self.samples),
                file=self.provenance.file,
            )
        return found


def _begins(name: str, prefix: str) -> bool:
    rest = name[len(prefix) :]
    cuts_number = prefix[-1:].isdigit() and rest[:1].isdigit()
    return name.startswith(prefix) and not cuts_number


def find_row(ids: Sequence[str], name: str, file: str) -> int:
    """Index of ``name``; an unknown one is refused with the nearest."""
    if name not in ids:
        raise error(
            file,
            f"`{name}` is not a row of the table",
            "rows are named as in its first column",
            "there is no value for it",
            nearest(name, ids),
            file=file,
        )
    return ids.index(name)


def hairpins(ids: Sequence[str]) -> NDArray[np.bool_]:
    """(row,) Which names are miRNA hairpins rather than mature strands.

    `mir-` with a small r is a hairpin. `let-7b` without an arm is one where the table has
    hairpins; otherwise it may be the older name of the mature strand and is left alone.
    """
    small_r = np.array([_HAIRPIN.search(name) is not None for name in ids], dtype=bool)
    if small_r.any():
        small_r |= np.array([_ARMLESS.search(name) is not None for name in ids], dtype=bool)
    small_r.flags.writeable = False
    return small_r


def read_counts(path: PathLike, *, estimated: bool = False) -> CountTable:
    """Read a count table, csv or tsv.

    Parameters
    ----------
    path : path
        First column: names, its header may be empty; one further column per sample. Lines
        before the header that begin with ``#`` are comments. The columns in which featureCounts
        says where a gene lies (Chr, Start, End, Strand, Length) are no samples.
    estimated : bool
        Whether the counts are estimates (as of Salmon or RSEM) and so not whole numbers.

    Raises
    ------
    InputError
        Empty or not text; unequal rows; a name twice or none; a row of sums; something that is not a count.
    """
    text = read_text(path)
    text = decimal_commas(text, guess_delimiter(next((line for line in text.lines if line.strip()), "")))
    header, body = table_rows(text, named=False)
    first = 1 + _places_of_genes(header)
    samples = header.cells[first:]
    if not samples or not body:
        raise text.refuse(
            header.line,
            f"{len(samples)} samples and {len(body)} rows",
            "a count table has a column of names, a column for each sample, and rows",
            "there is nothing to read",
            "export the table as csv or tsv with its header",
        )
    refuse_repeats(text, samples, [header.line] * len(samples), "sample")
    counts = np.array(
        [[number(text, row, column + first, sample) for column, sample in enumerate(samples)] for row in body]
    )
    _refuse_non_counts(text, body, counts, estimated=estimated)
    _refuse_unnamed(text, body)
    ids = tuple(row.name for row in body)
    refuse_repeats(text, ids, [row.line for row in body], "row")
    _refuse_sums(text, body)
    lines = {"head": text.lines[: header.line], "rows": text.lines[header.line :]}
    return CountTable(ids, samples, frozen(counts), hairpins(ids), text.provenance(FORMAT, lines))


def _places_of_genes(header: Row) -> int:
    """How many columns behind the names say where a gene lies, as featureCounts writes them."""
    heads = tuple(cell.lower() for cell in header.cells[1 : 1 + len(_FEATURE_COUNTS)])
    return len(heads) if heads == _FEATURE_COUNTS else 0


def table_rows(text: TextFile, *, named: bool = True) -> tuple[Row, list[Row]]:
    """Header and rows of a table with names in the first column; all of the same length, none unnamed if ``named``.

    R writes tables without a header over the names; the header is then one cell shorter and
    gets an empty one in front.
    """
    first = next(
        (index for index, line in enumerate(text.lines) if line.strip() and not line.startswith("#")), None
    )
    if first is None:
        raise text.refuse(
            None,
            "the file holds comments only",
            "a table has a header and rows",
            "there is nothing to read",
            "export the table again",
        )
    rows = [row for row in split_rows(text, guess_delimiter(text.lines[first]))[first:] if not row.is_blank]
    if not rows:
        raise text.refuse(
            first + 1,
            "nothing but separators",
            "a table has a header and rows",
            "there is nothing to read",
            "export the table again",
        )
    header, body = rows[0], rows[1:]
    if body and len(header.cells) == len(body[0].cells) - 1:
        header = Row(header.line, ("", *header.cells))
    for row in body:
        if len(row.cells) != len(header.cells):
            raise text.refuse(
                row.line,
                f"{len(row.cells)} cells",
                f"the header has {len(header.cells)}",
                "counts would be given to the wrong sample",
                "repair the line",
            )
    if named:
        _refuse_unnamed(text, body)
    return header, body


def _refuse_unnamed(text: TextFile, body: Sequence[Row]) -> None:
    for row in body:
        if not row.name:
            raise text.refuse(
                row.line,
                "the row has no name",
                "the first column names the rows",
                "its values could not be found again",
                "name the row, or remove it",
            )


def _refuse_sums(text: TextFile, body: Sequence[Row]) -> None:
    for row in body:
        if _SUMMARY.fullmatch(row.name):
            raise text.refuse(
                row.line,
                f"`{row.name}` is no gene or miRNA",
                "every row of a count table is one molecule; programs write sums and lost reads below them",
                "its reads would count a second time, or for a molecule",
                "remove such rows",
            )


def refuse_repeats(text: TextFile, names: Sequence[str], lines: Sequence[int], what: str) -> None:
    """Refuse a name that stands twice."""
    seen: set[str] = set()
    for name, line in zip(names, lines, strict=True):
        if name in seen:
            raise text.refuse(
                line,
                f"the {what} `{name}` stands here a second time",
                f"every {what} has its own name",
                "it would not be known which of them is meant",
                f"a spreadsheet made a date of it: {ADVICE}" if mangled([name]) else "rename or merge them",
            )
        seen.add(name)


def _refuse_non_counts(text: TextFile, body: Sequence[Row], counts: FloatArray, *, estimated: bool) -> None:
    negative = (counts < 0).any(axis=1)
    if negative.any():
        bad = int(np.argmax(negative))
        raise text.refuse(
            body[bad].line,
            f"a count of {counts[bad].min():g}",
            "counts are zero or more",
            "these are logarithms or differences, and a fold change of them would be wrong",
            "give the table of raw counts, not on a log scale",
        )
    broken = (counts != np.rint(counts)).any(axis=1)
    if not broken.any():
        return
    bad = int(np.argmax(broken))
    value = counts[bad][counts[bad] != np.rint(counts[bad])][0]
    is_low = len(counts) >= _FEWEST_ROWS and counts.max() < _HIGHEST_LOG2
    if is_low and (broken.mean() > 0.5 or not estimated):
        raise text.refuse(
            body[bad].line,
            f"a value of {value:g}, and none above {counts.max():.3g}",
            "counts are whole numbers, and some of them are large; these look like a log scale",
            "a ratio of logarithms is no fold change, and intensities of proteins have no counting error",
            "give raw counts; intensities of proteins, on a log scale or not, are not taken",
        )
    if not estimated:
        raise text.refuse(
            body[bad].line,
            f"a count of {value:g}",
            "counts are whole numbers",
            "logarithms or normalised values would be normalised twice",
            "give the raw counts; if these are estimates (Salmon, RSEM), say so: --estimated, "
            "or `estimated=True` in Python",
        )
