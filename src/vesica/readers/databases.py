"""Dumps of EV and target databases, as their users download them; none is shipped.

ExoCarta and Vesiclepedia (protein and mRNA details, experiment details), EVpedia, and miRTarBase or any
table of miRNA and target. Told apart by their headers; tabs, commas or semicolons; `.gz` too.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vesica.errors import error, nearest
from vesica.readers.text import PathLike, Provenance, TextFile, guess_delimiter, read_text

CONTENT, EXPERIMENTS, EVPEDIA, TARGETS = (
    "ExoCarta/Vesiclepedia contents",
    "ExoCarta/Vesiclepedia experiments",
    "EVpedia contents",
    "miRNA targets",
)
_REQUIRED: Final = MappingProxyType(
    {
        CONTENT: ("CONTENT ID", "CONTENT TYPE", "GENE SYMBOL", "SPECIES", "EXPERIMENT ID"),
        EXPERIMENTS: ("EXPERIMENT ID", "PUBMED ID", "SPECIES", "EXPERIMENT DESCRIPTION", "SAMPLE SOURCE"),
        EVPEDIA: ("UNIPROT ACCESSION", "GENE SYMBOL", "SPECIES", "IDENTIFICATION NUMBER"),
    }
)
_MIRNA: Final = ("MIRNA", "MIRNA NAME", "MIR", "MIRBASE", "MATURE MIRNA")
_TARGET: Final = ("TARGET GENE", "GENE", "TARGET", "GENE SYMBOL", "SYMBOL")
_SUPPORT: Final = ("SUPPORT TYPE", "SUPPORT")
MISSING: Final = frozenset({"", "-", "0", "NA"})


@dataclass(frozen=True)
class Content:
    """One molecule found in one experiment; ``kind`` is in lower case (protein, mrna ...)."""

    kind: str
    gene: str
    species: str
    experiment: str
    methods: tuple[str, ...]


@dataclass(frozen=True)
class ContentTable:
    """What was found in EVs; ``database`` is the format it was recognised as."""

    database: str
    rows: tuple[Content, ...]
    provenance: Provenance


@dataclass(frozen=True)
class Experiment:
    """One experiment of ExoCarta or Vesiclepedia; missing cells are empty.

    ``vesicles`` are the vesicle types, which ExoCarta does not give.
    """

    id: str
    pubmed: str
    species: tuple[str, ...]
    sample: str
    source: str
    isolation: tuple[str, ...]
    vesicles: tuple[str, ...]
    year: str


@dataclass(frozen=True)
class ExperimentTable:
    """Experiments by their id."""

    by_id: Mapping[str, Experiment]
    provenance: Provenance


@dataclass(frozen=True)
class EvpediaEntry:
    """One protein of EVpedia, under all symbols of its gene, with the number of data sets it was found in."""

    accession: str
    genes: tuple[str, ...]
    species: str
    identifications: int


@dataclass(frozen=True)
class EvpediaTable:
    """EVpedia contents."""

    rows: tuple[EvpediaEntry, ...]
    provenance: Provenance


@dataclass(frozen=True)
class TargetTable:
    """Targets of miRNAs: genes in upper case under each name as written; ``weak`` rows were left out."""

    by_mirna: Mapping[str, frozenset[str]]
    pairs: int
    weak: int
    provenance: Provenance


Database = ContentTable | ExperimentTable | EvpediaTable


def read_database(path: PathLike) -> Database:
    """Read a file of ExoCarta, Vesiclepedia or EVpedia, whichever it is.

    Raises
    ------
    InputError
        Missing, not text, not one of these, a cut line, or a number that is none.
    """
    text, head, rows = _opened(path)
    kind = next((name for name, needed in _REQUIRED.items() if set(needed) <= set(head)), None)
    if kind is None:
        raise text.refuse(
            1,
            f"the columns {', '.join(f'`{one}`' for one in head[:8])}",
            "a database file has the header of ExoCarta, Vesiclepedia or EVpedia",
            "it is not known what its columns mean",
            _advice(head),
        )
    if kind == CONTENT:
        return _content(text, head, rows)
    return _experiments(text, head, rows) if kind == EXPERIMENTS else _evpedia(text, head, rows)


def _advice(head: Sequence[str]) -> str:
    needed = _REQUIRED[CONTENT]
    missing = [name for name in needed if name not in head]
    if len(missing) < len(needed):
        return f"the column `{missing[0]}` is missing: {nearest(missing[0], head)}"
    return "take PROTEIN_MRNA_DETAILS or EXPERIMENT_DETAILS as downloaded, with its header"


def read_targets(path: PathLike, *, weak: bool = False) -> TargetTable:
    """Read miRTarBase (exported as csv or tsv) or any table with a miRNA and a target gene in each row.

    Parameters
    ----------
    path : path
    weak : bool
        Whether rows whose support miRTarBase calls weak are kept.

    Raises
    ------
    InputError
        No column of miRNAs or of targets; no pair left; a cut line.
    """
    text, head, rows = _opened(path)
    mirna, gene, support = (
        next((head.index(name) for name in names if name in head), None)
        for names in (_MIRNA, _TARGET, _SUPPORT)
    )
    if mirna is None or gene is None:
        what = "miRNA" if mirna is None else "Target Gene"
        raise text.refuse(
            1,
            f"no column `{what}` among {', '.join(f'`{one}`' for one in head[:9])}",
            "a table of targets has a column `miRNA` and a column `Target Gene`",
            "it is not known what targets what",
            nearest(what.upper(), head),
        )
    found: dict[str, set[str]] = {}
    left_out = 0
    for _, cells in rows:
        if support is not None and not weak and "WEAK" in cells[support].upper():
            left_out += 1
        elif cells[mirna] and cells[gene]:
            found.setdefault(cells[mirna], set()).add(cells[gene].upper())
    if not found:
        raise text.refuse(
            None,
            f"{left_out} pairs, all of weak support" if left_out else "no pair of miRNA and gene",
            "a table of targets holds pairs",
            "no target could be tested",
            "keep them with --weak-targets" if left_out else "export the table again",
        )
    pairs = {name: frozenset(genes) for name, genes in found.items()}
    return TargetTable(
        MappingProxyType(pairs), sum(map(len, pairs.values())), left_out, _provenance(text, TARGETS)
    )


def _opened(path: PathLike) -> tuple[TextFile, list[str], list[tuple[int, list[str]]]]:
    """Text, header in upper case, and rows of the same length with their lines."""
    text = read_text(path)
    first = next((place for place, line in enumerate(text.lines) if line.strip()), 0)
    delimiter = guess_delimiter(text.lines[first])
    rows = _split(text, first, delimiter)
    if not rows:
        raise text.refuse(
            None,
            "nothing but separators",
            "a database has a header and rows",
            "there is nothing to read",
            "download the file again",
        )
    head = [" ".join(cell.upper().split()) for cell in rows[0][1]]
    for line, cells in rows[1:]:
        if len(cells) != len(head):
            raise text.refuse(
                line,
                f"{len(cells)} cells",
                f"the header has {len(head)}",
                "cells would be read under the wrong head",
                "repair the line, or download the file again: it may be cut off",
            )
    if len(rows) == 1:
        raise text.refuse(
            rows[0][0],
            "no rows follow the header",
            "a database has rows",
            "there is nothing to read",
            "download the file again",
        )
    return text, head, rows[1:]


def _split(text: TextFile, first: int, delimiter: str) -> list[tuple[int, list[str]]]:
    if delimiter == "\t":  # as distributed: nothing is quoted, and descriptions hold quotes
        split = [line.split("\t") for line in text.lines[first:]]
    else:
        try:
            split = [
                next(csv.reader([line], delimiter=delimiter, strict=False), []) for line in text.lines[first:]
            ]
        except csv.Error as failure:
            raise text.refuse(
                None,
                f"a line cannot be split: {failure}",
                "cells are separated by one character",
                "the columns would be shifted",
                "download the file again",
            ) from failure
    rows = [(first + place, [cell.strip() for cell in cells]) for place, cells in enumerate(split, start=1)]
    return [(line, cells) for line, cells in rows if any(cells)]


def _provenance(text: TextFile, kind: str) -> Provenance:
    return text.provenance(kind, {})  # a dump of half a million lines is not kept verbatim


def _many(cell: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in cell.split("|")) if part not in MISSING)


def _content(text: TextFile, head: list[str], rows: list[tuple[int, list[str]]]) -> ContentTable:
    kind, gene, species, experiment = (head.index(name) for name in _REQUIRED[CONTENT][1:])
    methods = head.index("METHODS") if "METHODS" in head else None
    found = tuple(
        Content(
            cells[kind].lower(),
            cells[gene],
            cells[species],
            cells[experiment],
            () if methods is None else _many(cells[methods]),
        )
        for _, cells in rows
    )
    return ContentTable(CONTENT, found, _provenance(text, CONTENT))


def _experiments(text: TextFile, head: list[str], rows: list[tuple[int, list[str]]]) -> ExperimentTable:
    def column(cells: list[str], name: str) -> str:
        cell = cells[head.index(name)] if name in head else ""
        return "" if cell in MISSING else cell

    found: dict[str, Experiment] = {}
    for line, cells in rows:
        one = Experiment(
            id=cells[head.index("EXPERIMENT ID")],
            pubmed=column(cells, "PUBMED ID"),
            species=_many(column(cells, "SPECIES")),
            sample=column(cells, "SAMPLE"),
            source=column(cells, "SAMPLE SOURCE").lower(),
            isolation=_many(column(cells, "ISOLATION METHOD")),
            vesicles=tuple(part for part in column(cells, "VESICLE TYPE").split("/") if part),
            year=column(cells, "YEAR"),
        )
        if one.id in found:
            raise text.refuse(
                line,
                f"the experiment `{one.id}` stands here a second time",
                "each has its own id",
                "contents would be joined to the wrong one",
                "download the file again",
            )
        found[one.id] = one
    return ExperimentTable(MappingProxyType(found), _provenance(text, EXPERIMENTS))


def _evpedia(text: TextFile, head: list[str], rows: list[tuple[int, list[str]]]) -> EvpediaTable:
    accession, gene, species, times = (head.index(name) for name in _REQUIRED[EVPEDIA])
    found = []
    for line, cells in rows:
        if not cells[times].isdecimal():
            raise text.refuse(
                line,
                f"`{cells[times]}` stands in column `Identification number`",
                "it is a number of data sets",
                "it cannot be compared",
                "download the file again",
            )
        found.append(
            EvpediaEntry(cells[accession], tuple(cells[gene].split()), cells[species], int(cells[times]))
        )
    return EvpediaTable(tuple(found), _provenance(text, EVPEDIA))


def read_list(path: PathLike) -> tuple[tuple[str, ...], Provenance]:
    """Names in the first column of a file, one a line, in order, each once; a head such as ``gene`` is passed over.

    Raises
    ------
    InputError
        Not text, or nothing in it.
    """
    text = read_text(path)
    delimiter = guess_delimiter(next((line for line in text.lines if line.strip()), ""))
    cells = [line.split(delimiter)[0].strip().strip('"') for line in text.lines if not line.startswith("#")]
    names = tuple(dict.fromkeys(cell for cell in cells if cell))
    if names and names[0].casefold() in {
        "gene",
        "genes",
        "symbol",
        "gene symbol",
        "gene_symbol",
        "name",
        "protein",
    }:
        names = names[1:]
    if not names:
        raise error(
            "--list",
            "the list holds no name",
            "a list has one gene symbol a line",
            "there is nothing to look up",
            "write one symbol a line",
            file=text.file,
        )
    return names, _provenance(text, "list of names")
