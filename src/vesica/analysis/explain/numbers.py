"""Numbers of a model or a library as rows that people read, search and judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vesica import units
from vesica.library import Entry
from vesica.spec import vessel, vocabulary
from vesica.spec.resolved import Parameter

CONFIDENCE: Final = ("measured", "seen", "known", "given", "estimate")
_OWN: Final[Mapping[str, str]] = {
    "initial": "where cells begin, or settle from", "at_start": "added when the run starts",
    "hazard": vocabulary.PHENOTYPE_HAZARD.label,
}  # fmt: skip
_LAWS: Final[Mapping[str, str]] = {  # after the name of a reaction or a state: `bind_k`
    "k": "rate constant", "vmax": "largest rate", "km": "Michaelis constant", "kcat": "turnover of the enzyme",
    "max": "level with half the effect", "hill": "Hill coefficient", "delay": "mean time it is late",
}
_USUAL: Final = (
    vocabulary.ALL_MACHINERY, vocabulary.CELL_TARGETS, vocabulary.CELL_CARGO, vocabulary.CELL_CARGO_SHED,
    vocabulary.CELL_CARGO_CHOICE, vocabulary.CELL_SIGNAL_RECEPTOR, vocabulary.CELL_SOLUBLE,
    vocabulary.CELL_TRANSLATION, vocabulary.CELL_LIGAND, vocabulary.CELL_RESPONSE, vocabulary.SOLUBLE_FRESH,
    vocabulary.AGENT, vocabulary.AGENT_IN_SPACE,
)


@dataclass(frozen=True)
class Row:
    """One number.

    Parameters
    ----------
    path : str
        Of a parameter, or the id of a library entry.
    owner : str
        What it belongs to: a cell type, ``medium``, ``rule``; the first word of the id of a library entry.
    label : str
        What it is, in words.
    value, low, high : float
        In ``unit``: internal for a parameter, as in the library for an entry.
    text, span : str
        Value and range as people write them, in one unit.
    rests : tuple of str
        What uses it: rules, reactions, arms; in a library, cells and rules.
    shown : str
        A parameter as written in the model or the library.
    """

    path: str
    owner: str
    label: str
    value: float
    unit: str
    low: float
    high: float
    text: str
    span: str
    confidence: str
    entry: str = ""
    source: str = ""
    doi: str = ""
    reason: str = ""
    rests: tuple[str, ...] = ()
    shown: str = ""

    @property
    def words(self) -> str:
        """Everything a search looks through, in small letters."""
        parts = (self.path, self.label, self.text, self.entry, self.source, self.doi, self.reason)
        return " ".join(parts).casefold()


def value_and_range(number: Parameter) -> tuple[str, str]:
    """As written, and the range in the same unit (``-`` where it is none)."""
    unit, scale = unit_shown(number)
    value, low, high = (f"{scale * one:.4g}" for one in (number.value, number.low, number.high))
    return f"{value} {unit}".strip(), "-" if low == high else f"{low} to {high}"


def unit_shown(number: Parameter) -> tuple[str, float]:
    """The unit that a number was written in, and how many of it are one internal unit."""
    if number.shown:
        try:
            unit = units.split(number.shown)[1] or number.unit
            return unit, 1.0 / units.factor(unit, number.unit)
        except ValueError:  # written as a concentration by mass: shown in the internal unit
            pass
    return number.unit, 1.0


def of_parameter(number: Parameter, label: str, rests: Sequence[str] = ()) -> Row:
    """The row of a parameter of a model."""
    return Row(number.path, number.path.partition(".")[0], label, number.value, number.unit, number.low,
               number.high, *value_and_range(number), number.confidence, number.entry, number.source, number.doi,
               number.reason, tuple(rests), number.shown)


def of_entry(entry: Entry, rests: Sequence[str] = ()) -> Row:
    """The row of an entry of a library."""
    unit = {"percent": "%"}.get(entry.unit, entry.unit)
    span = "-" if entry.low == entry.high else f"{entry.low:.4g} to {entry.high:.4g}"
    derived = (f"computed as {entry.derived}",) if entry.derived else ()
    return Row(entry.id, entry.id.partition(".")[0], entry.quantity, entry.value, entry.unit, entry.low, entry.high,
               f"{entry.value:.4g} {unit}".strip(), span, entry.confidence, "", entry.source, entry.doi,
               entry.reason, (*derived, *rests))


def label_of(number: Parameter) -> str:
    """What a parameter is, by the last word of its path."""
    owner, _, name = number.path.rpartition(".")
    first = owner.partition(".")[0]
    special: Mapping[str, Mapping[str, vocabulary.Field]] = {
        "medium": vocabulary.MEDIUM, "rule": vocabulary.RULE, "drug": vocabulary.DRUG_EFFECT | vocabulary.DRUG,
        "gene": {"fold": vocabulary.GENE}, "vessel": vessel.FIELDS,
    }
    tables = [special[first]] if first in special else list(_USUAL)
    if name == "decay_rate" and owner == first:
        tables = [vocabulary.SOLUBLE]
    elif name == "basal" and not number.unit:
        tables = [vocabulary.CELL_SIGNAL]
    if name.startswith(vocabulary.AFFINITY):
        return vocabulary.CELL_AFFINITY.label
    found = next((table[name].label for table in tables if name in table), "")
    head, _, last = name.rpartition("_")
    return found or _OWN.get(name) or (_LAWS.get(last, "") if head and owner != first else "")


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many numbers have which confidence; every tag is there."""
    tags = [row.confidence for row in rows]
    return {tag: tags.count(tag) for tag in CONFIDENCE}


def share_sentence(found: Mapping[str, int]) -> str:
    """Shares in words: ``82 numbers: 5 seen (6 %), 77 estimate (94 %).`` as a sentence."""
    total = sum(found.values())
    if not total:
        return "No numbers."
    parts = [f"{count} {tag} ({100.0 * count / total:.0f} %)" for tag, count in found.items() if count]
    return f"{total} number{'s' * (total != 1)}: {', '.join(parts)}."


def chosen(rows: Iterable[Row], text: str = "", only: Sequence[str] = ()) -> tuple[Row, ...]:
    """Rows in which every word of a text occurs, of these confidences (all where none is named)."""
    words = text.casefold().split()
    return tuple(row for row in rows
                 if all(word in row.words for word in words) and (not only or row.confidence in only))
