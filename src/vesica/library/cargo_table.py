"""What vesicles of the nervous system were found to carry: published findings, from ``data/cargo_table.tsv``.

The rows are facts with their sources, for readers and for the choice of cargo; no number of a model comes from here.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import Final, Literal

from vesica.library.check import CONFIDENCES

TYPES: Final = ("protein", "mirna", "mrna", "dna", "lipid", "drug")
CLASSES: Final = ("", "exosome", "microvesicle")
SYSTEMS: Final = ("", "in_vitro", "in_vivo", "human")

_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
_DOI: Final = re.compile(r"10\.\d{4,9}/[^\s,;]+")
_ACCESSION: Final = re.compile(r"MIMAT\d{7}|[OPQ][0-9][A-Z0-9]{3}[0-9]")
_FOLD: Final = re.compile(r"[0-9.]+(-[0-9.]+)?")


@dataclass(frozen=True)
class CargoFact:
    """One published finding; a text is empty where the source, as it was read, does not say.

    Parameters
    ----------
    id : str
        ``MOLECULE_SOURCE_RECIPIENT_AuthorYY``.
    molecule : str
    type : str
        One of `TYPES`; ``drug`` is what was put into vesicles, or vesicles that were given.
    uniprot_or_mirbase : str
        Accession of the human protein or mature miRNA, whatever species was studied.
    source_cell, species, ev_class : str
        Who made the vesicles; ``exosome`` and ``microvesicle`` in the words of the source.
    condition, dose : str
    direction, fold : str
        What the condition did to the molecule in vesicles.
    recipient, target, effect : str
    system : str
        ``in_vitro``, ``in_vivo`` or ``human``.
    ref, doi : str
    confidence : "seen", "known" or "estimate"
        Read in the source or a page quoting it, reported but not re-read.
    """

    id: str
    molecule: str
    type: str
    uniprot_or_mirbase: str
    source_cell: str
    species: str
    ev_class: str
    condition: str
    dose: str
    direction: str
    fold: str
    recipient: str
    target: str
    effect: str
    system: str
    ref: str
    doi: str
    confidence: Literal["seen", "known", "estimate"]


COLUMNS: Final = tuple(field.name for field in fields(CargoFact))


@functools.cache
def cargo_facts() -> tuple[CargoFact, ...]:
    """All findings, in the order of the file; read and checked once."""
    text = (resources.files("vesica.library") / "data" / "cargo_table.tsv").read_text(encoding="utf-8")
    return read(text)


def read(text: str) -> tuple[CargoFact, ...]:
    """Findings from tab-separated text whose first line names `COLUMNS`.

    Raises
    ------
    ValueError
        With everything that is wrong.
    """
    head, *lines = text.splitlines()
    if tuple(head.split("\t")) != COLUMNS:
        raise ValueError(f"the head is not {', '.join(COLUMNS)}")
    rows = [line.split("\t") for line in lines]
    short = [f"line {number} has {len(row)} fields, not {len(COLUMNS)}"
             for number, row in enumerate(rows, 2) if len(row) != len(COLUMNS)]  # fmt: skip
    if short:
        raise ValueError("; ".join(short))
    facts = tuple(CargoFact(*row) for row in rows)  # type: ignore[arg-type]
    if found := problems(facts):
        raise ValueError("; ".join(found))
    return facts


def problems(facts: Sequence[CargoFact]) -> list[str]:
    """Everything wrong with a table, as sentences: empty when all is well."""
    twice = [f"`{name}` is given twice" for name, times in Counter(fact.id for fact in facts).items() if times > 1]
    return [f"`{fact.id}`: {problem}" for fact in facts for problem in _of_one(fact)] + twice


def _of_one(fact: CargoFact) -> Iterator[str]:
    if not _ID.fullmatch(fact.id):
        yield "the id is not a name"
    if not fact.molecule or not (fact.source_cell or fact.condition):
        yield "it does not say what was found, or where"
    for key, known in (("type", TYPES), ("ev_class", CLASSES), ("system", SYSTEMS), ("confidence", CONFIDENCES)):
        if getattr(fact, key) not in known:
            yield f"{key} `{getattr(fact, key)}` is none of {', '.join(filter(None, known))}"
    for key, form in (("doi", _DOI), ("uniprot_or_mirbase", _ACCESSION), ("fold", _FOLD)):
        if getattr(fact, key) and not form.fullmatch(getattr(fact, key)):
            yield f"`{getattr(fact, key)}` is no {key}"
    if not fact.ref and (fact.confidence != "estimate" or fact.doi):
        yield f"`{fact.confidence}`, or a DOI, without a source"
    if any(text != text.strip() for text in vars(fact).values()):
        yield "a field begins or ends with a blank"
