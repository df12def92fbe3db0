"""`vesica cargo database`: what EV databases hold, and where a list of genes stands in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vesica.analysis.lab import Field, LabOutcome, Table, Value
from vesica.errors import Finding, error, nearest
from vesica.readers.databases import (
    ContentTable,
    Database,
    EvpediaTable,
    ExperimentTable,
    read_database,
    read_list,
)
from vesica.readers.gene_names import ADVICE, mangled
from vesica.readers.text import PathLike, Provenance

PATH: Final = "cargo database"
TOP: Final = 100
_SHOWN: Final = 12
UNKNOWN: Final = "not given"
# Ensembl, RefSeq, UniProt
_ACCESSION: Final = re.compile(
    r"ENS[A-Z]*[GTP]\d{8,}(\.\d+)?|[NX][MPR]_\d+(\.\d+)?|[OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d[A-Z][A-Z\d]{2}\d"
)


@dataclass(frozen=True)
class Record:
    """One gene in one experiment of one file; ``weight`` data sets stand behind it."""

    gene: str
    kind: str
    species: str
    experiment: str
    methods: tuple[str, ...]
    file: str
    weight: int = 1


@dataclass(frozen=True)
class Question:
    """What is asked of the files."""

    files: tuple[PathLike, ...]
    genes: tuple[str, ...] = ()
    gene_list: PathLike | None = None
    species: str = ""
    kind: str = ""


def answer(question: Question) -> LabOutcome:
    """Read the files and answer.

    Raises
    ------
    InputError
        A file that is no database, two tables of experiments for the same ids, an unknown species or kind.
    """
    tables = [read_database(path) for path in question.files]
    _refuse_repeated(tables)
    experiments, clashes = _experiments(tables)
    records = _chosen(question, [record for table in tables for record in _records(table)])
    sources: list[Provenance] = [table.provenance for table in tables]
    wanted, findings = list(question.genes), clashes
    if question.gene_list is not None:
        names, source = read_list(question.gene_list)
        wanted += names
        sources.append(source)
    found = [_files(tables), *_overview(records, experiments)]
    headline = [_opening(records)] if records else []
    summary: dict[str, Any] = {"records": len(records), "experiments": len(experiments)}
    if wanted:
        if not records:
            raise error(
                "--gene",
                "only experiments, no contents, were given",
                "genes stand in the contents",
                "nothing can be looked up",
                "add the PROTEIN_MRNA_DETAILS file",
            )
        table, hits, more = _lookup(records, experiments, list(dict.fromkeys(wanted)))
        found.insert(0, table)
        headline.append(hits["sentence"])
        summary["lookup"] = {key: value for key, value in hits.items() if key != "sentence"}
        findings = [*findings, *more]
    if experiments and records:
        findings = [*findings, *_unjoined(records, experiments)]
    if not headline:
        headline = [f"{len(experiments):,} experiments; add the contents to look up genes."]
    return LabOutcome(
        "cargo_database",
        "EV databases",
        tuple(headline),
        tuple(found),
        summary,
        tuple(findings),
        tuple(sources),
    )


def _refuse_repeated(tables: Sequence[Database]) -> None:
    seen: dict[str, str] = {}
    for table in tables:
        source = table.provenance
        if source.sha256 in seen:
            raise error(
                "FILES",
                f"`{seen[source.sha256]}` and `{source.file}` are the same file",
                "every file is read once",
                "its records would count twice",
                "name each file once",
                file=source.file,
            )
        seen[source.sha256] = source.file


def _experiments(tables: Sequence[Database]) -> tuple[dict[str, Any], list[Finding]]:
    """All experiments by id; ExoCarta and Vesiclepedia count their own, so ids of two tables are not mixed."""
    details = [table for table in tables if isinstance(table, ExperimentTable)]
    if len(details) > 1:
        raise error(
            PATH,
            f"{len(details)} tables of experiments",
            "each database counts its experiments on its own: id 3 of one is not id 3 of the other",
            "contents would be joined to the wrong experiment",
            "give one database at a time",
            file=details[1].provenance.file,
        )
    return (dict(details[0].by_id) if details else {}), []


def _records(table: Database) -> Iterable[Record]:
    file = table.provenance.file
    if isinstance(table, ContentTable):
        return (
            Record(one.gene, one.kind, one.species, one.experiment, one.methods, file) for one in table.rows
        )
    if isinstance(table, EvpediaTable):
        return (
            Record(gene, "protein", one.species, "", (), file, one.identifications)
            for one in table.rows
            for gene in one.genes
        )
    return ()


def _chosen(question: Question, records: list[Record]) -> list[Record]:
    for option, wanted, field in (
        ("--species", question.species, "species"),
        ("--kind", question.kind, "kind"),
    ):
        if not wanted or not records:
            continue
        known = {getattr(one, field) for one in records}
        kept = [one for one in records if getattr(one, field).casefold() == wanted.casefold()]
        if not kept:
            raise error(
                option,
                f"`{wanted}` stands in none of the files",
                "it is written as in the files",
                "nothing would be left",
                nearest(wanted, known),
            )
        records = kept
    return records


def _files(tables: Sequence[Database]) -> Table:
    rows = tuple(
        (
            table.provenance.file,
            table.provenance.format,
            len(table.by_id) if isinstance(table, ExperimentTable) else len(table.rows),
        )
        for table in tables
    )
    return Table("files", "Files", (Field("file"), Field("read_as"), Field("rows")), rows)


def _overview(records: Sequence[Record], experiments: Mapping[str, Any]) -> list[Table]:
    tables = []
    if records:
        tables += [
            _counted("kinds", "Kinds of molecules", "kind", ((one.kind,) for one in records)),
            _counted("species", "Species", "species", ((one.species,) for one in records)),
            _counted("methods", "Methods of identification", "method", (one.methods for one in records)),
            _top(records),
        ]
    if experiments:
        used = {one.experiment for one in records} if records else set(experiments)
        chosen = [experiments[name] for name in experiments if name in used]
        tables += [
            _counted(
                "isolation",
                "How EVs were separated",
                "isolation",
                (one.isolation for one in chosen),
                "experiments",
            ),
            _counted(
                "vesicles", "Kinds of vesicles", "vesicles", (one.vesicles for one in chosen), "experiments"
            ),
            _counted(
                "sources",
                "Where EVs came from",
                "source",
                (
                    ({"cl": "cell line", "ts": "tissue or fluid"}.get(one.source, one.source),)
                    for one in chosen
                ),
                "experiments",
            ),
            _counted("years", "Years", "year", ((one.year,) for one in chosen), "experiments"),
        ]
    return tables


def _counted(
    name: str, title: str, head: str, cells: Iterable[Sequence[str]], unit: str = "records"
) -> Table:
    """How often each word occurs; a cell of several words counts for each of them."""
    counts = Counter(word or UNKNOWN for words in cells for word in (words or ("",)))
    return Table(
        name,
        title,
        (Field(head), Field("count", unit)),
        tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )


def tally(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of each gene, under its symbol in upper case."""
    found: dict[str, list[Record]] = {}
    for one in records:
        found.setdefault(one.gene.upper(), []).append(one)
    found.pop("", None)
    return found


def experiments_of(records: Sequence[Record]) -> int:
    """Experiments in which a gene was found: distinct ids of each file, or the number EVpedia gives."""
    named = {(one.file, one.experiment) for one in records if one.experiment}
    return len(named) + sum(one.weight for one in records if not one.experiment)


def _ranked(records: Sequence[Record]) -> list[tuple[str, int]]:
    counts = {gene: experiments_of(of) for gene, of in tally(records).items()}
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _top(records: Sequence[Record]) -> Table:
    rows = tuple((place, gene, count) for place, (gene, count) in enumerate(_ranked(records)[:TOP], start=1))
    return Table(
        "top",
        f"The {TOP} genes found most often (symbols of all species in upper case)",
        (Field("rank"), Field("gene"), Field("experiments")),
        rows,
    )


def _lookup(
    records: Sequence[Record], experiments: Mapping[str, Any], wanted: Sequence[str]
) -> tuple[Table, dict[str, Any], list[Finding]]:
    by_gene = tally(records)
    rank = {gene: place for place, (gene, _) in enumerate(_ranked(records), start=1)}
    rows: list[tuple[Value, ...]] = []
    for name in wanted:
        of = by_gene.get(name.upper(), [])
        joined = [experiments[one.experiment] for one in of if one.experiment in experiments]
        rows.append(
            (
                name,
                bool(of),
                experiments_of(of),
                rank.get(name.upper()),
                len(of),
                _words(one.kind for one in of),
                _words(one.species for one in of),
                _words(word for one in joined for word in one.vesicles),
                _words(word for one in joined for word in one.isolation),
            )
        )
    missing = [name for name in wanted if name.upper() not in by_gene]
    top = sum(rank.get(name.upper(), TOP + 1) <= TOP for name in wanted)
    hits = len(wanted) - len(missing)
    findings = _lookup_findings(wanted, missing, by_gene)
    fields = (
        Field("gene"),
        Field("found"),
        Field("experiments"),
        Field("rank", words="1 is found most often"),
        Field("records"),
        Field("kinds"),
        Field("species"),
        Field("vesicles"),
        Field("isolation"),
    )
    sentence = (
        f"{hits} of {len(wanted)} names are in the files; {top} of them among the {TOP} found most often "
        f"(out of {len(by_gene):,} genes)."
    )
    plain = {"asked": len(wanted), "found": hits, "in_top_100": top, "missing": missing, "sentence": sentence}
    return Table("lookup", "Names looked up", fields, tuple(rows)), plain, findings


def _hint(missing: Sequence[str], by_gene: Iterable[str]) -> str:
    """What to do about names that are not in the files: dates, accessions, or the nearest symbol."""
    dates = mangled(missing)
    if dates:
        return f"`{dates[0]}` is a date that a spreadsheet made of a gene: {ADVICE}"
    accession = next((name for name in missing if _ACCESSION.fullmatch(name)), None)
    if accession:
        return f"`{accession}` is an accession: give gene symbols, as CD63"
    return nearest(missing[0].upper(), by_gene)


def _lookup_findings(wanted: Sequence[str], missing: Sequence[str], by_gene: Iterable[str]) -> list[Finding]:
    findings = []
    if missing:
        findings.append(
            Finding(
                "note",
                PATH,
                f"{len(missing)} of {len(wanted)} names are not in the files: "
                + ", ".join(f"`{one}`" for one in missing[:_SHOWN]),
                "names are compared without case",
                "not found is not the same as not in EVs: rare proteins are missed, and only what was "
                "published is listed",
                _hint(missing, by_gene),
            )
        )
    if len(missing) < len(wanted):
        findings.append(
            Finding(
                "note",
                PATH,
                "symbols are compared without case over all species unless --species is given",
                "Itgam of mouse and ITGAM of man count as one",
                "orthologues are pooled",
                "give --species to look at one",
            )
        )
    return findings


def _words(words: Iterable[str]) -> str:
    """Distinct words, the most frequent first, with their counts."""
    counts = sorted(Counter(word for word in words if word).items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{word} ({count})" for word, count in counts[:5]) + (" ..." if len(counts) > 5 else "")


def _opening(records: Sequence[Record]) -> str:
    named = {(one.file, one.experiment) for one in records if one.experiment}
    across = f" from {len(named):,} experiments" if named else ""
    species = len({one.species for one in records})
    genes = len(tally(records))
    return f"{len(records):,} records{across}: {genes:,} gene symbols (case ignored) of {species} species."


def _unjoined(records: Sequence[Record], experiments: Mapping[str, Any]) -> list[Finding]:
    lost = {one.experiment for one in records if one.experiment and one.experiment not in experiments}
    if not lost:
        return []
    return [
        Finding(
            "warning",
            PATH,
            f"{len(lost)} experiments of the contents are not in the table of experiments",
            "contents and experiments are joined by EXPERIMENT ID of the same release",
            "their isolation and kind of vesicle are not known",
            "give the two files of one release",
        )
    ]
