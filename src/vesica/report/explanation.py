"""The page of ``vesica explain --html``: every number to search and filter, and what rests on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from vesica._version import __version__
from vesica.analysis.explain.explanation import Explanation
from vesica.analysis.explain.numbers import Row
from vesica.analysis.numbers import counted
from vesica.report.blocks import Cell, Column, Items, Section, Table, doi_address
from vesica.report.numbers import exact, number, pretty_unit
from vesica.report.outcome import Opening
from vesica.report.page import layout
from vesica.report.sources import CONFIDENCE, confidence_of


@dataclass(frozen=True)
class Entry:
    """One number as a card of the page."""

    row: Row
    anchor: str

    @property
    def address(self) -> str:
        """Where the DOI leads."""
        return doi_address(self.row.doi)

    @property
    def text(self) -> str:
        """Value with thousands separators and proper signs of the unit."""
        value, _, unit = self.row.text.partition(" ")
        return f"{number(float(value), 4)} {pretty_unit(unit)}".strip()

    @property
    def span(self) -> str:
        """The range in the same unit, or nothing."""
        if self.row.span == "-":
            return ""
        return " to ".join(number(float(end), 4) for end in self.row.span.split(" to "))


@dataclass(frozen=True)
class Catalogue:
    """All numbers, with a search field and filters by owner and confidence."""

    entries: tuple[Entry, ...]
    owners: tuple[tuple[str, int], ...]
    tags: tuple[tuple[str, str, int], ...]  # tag, meaning, how many
    block: str = field(default="catalogue", init=False)


def build(found: Explanation) -> str:
    """The whole page of a model or a library."""
    sections = [_numbers(found), confidence_of(found.confidence), _rules(found), *_parts(found), _choices(found),
                _arms(found)]
    return layout(_opening(found), [section for section in sections if section.blocks], extra=("explain",))


def _opening(found: Explanation) -> Opening:
    counts = found.confidence
    total = sum(counts.values())
    shares = [f"{exact(count)} {tag} ({100.0 * count / total:.0f}\u00a0%)" for tag, count in counts.items() if count]
    head = [f"{exact(total)} numbers: {', '.join(shares)}."] if total else ["There are no numbers."]
    if total and counts["estimate"]:
        head.append("An estimate is an order of magnitude without a direct measurement; a conclusion that holds only "
                    "at one value of it is not a conclusion.")
    facts = [f"{len(found.rules)} rule{'s' * (len(found.rules) != 1)}"]
    facts += [f"{counted(len(found.parts), 'part')} inside cells"] if found.parts else []
    facts += [f"{len(found.choices)} contested choice{'s' * (len(found.choices) != 1)}"] if found.choices else []
    return Opening(found.title, f"{found.kind} explained", "plain", (*facts, f"vesica {__version__}"), tuple(head),
                   (), ())


def _numbers(found: Explanation) -> Section:
    entries = tuple(Entry(row, f"n-{re.sub(r'[^A-Za-z0-9_.-]', '_', row.path)}") for row in found.rows)
    owners = [row.owner for row in found.rows]
    counts = found.confidence
    catalogue = Catalogue(
        entries, tuple((owner, owners.count(owner)) for owner in found.owners),
        tuple((tag, meaning, counts[tag]) for tag, meaning in CONFIDENCE.items() if counts[tag]),
    )
    lead = "Value, range, source and reason of each, and what rests on it."
    return Section("numbers", "Every number", lead, (catalogue,) if entries else ())


def _rules(found: Explanation) -> Section:
    cells = dict.fromkeys(rule.cell for rule in found.rules)
    blocks = []
    for cell in cells:
        rows = tuple((Cell(rule.says, f"line {rule.line}" if rule.line else ""),
                      Cell(rule.source or ("no source" if not rule.doi else ""), rule.origin, doi=rule.doi))
                     for rule in found.rules if rule.cell == cell)
        heads = (Column("rule", is_wide=True), Column("what supports its direction", is_wide=True))
        blocks.append(Table(f"{cell}: {len(rows)} rule{'s' * (len(rows) != 1)}", heads, rows,
                            folded=len(found.rules) > 12, kind="sentences"))
    return Section("rules", "Rules", "Each changes one rate; the source supports the direction, not the strength.",
                   tuple(blocks))


def _parts(found: Explanation) -> Sequence[Section]:
    sections = []
    for place, part in enumerate(found.parts, start=1):
        heads = (Column("what"), Column("name"), Column("says", is_wide=True))
        rows = tuple((Cell(line.kind), Cell(line.name), Cell(line.says)) for line in part.lines)
        title = part.title[:1].upper() + part.title[1:]
        blocks: list[object] = [Table(title, heads, rows, kind="lines")] if rows else []
        if part.source or part.doi:
            blocks.insert(0, Items((Cell(part.source, doi=part.doi),)))
        sections.append(Section(f"part-{place}", title, part.label, tuple(blocks)))
    return sections


def _choices(found: Explanation) -> Section:
    rows = []
    for one in found.choices:
        says = dict(one.options)
        others = [f"{name}: {text}" for name, text in one.options if name != one.chosen]
        rest = Cell(others[0], lines=tuple(others[1:])) if others else Cell("none")
        rows.append((Cell(one.label or one.name, one.name if one.label else ""),
                     Cell(one.chosen, says.get(one.chosen, "")), rest, Cell(one.source)))
    heads = (Column("question"), Column("chosen", is_wide=True), Column("alternatives", is_wide=True), Column("source"))
    lead = "Where the literature disagrees, one option is in use; another may give another answer."
    return Section("switches", "Contested switches", lead, (Table("Switches", heads, tuple(rows)),) if rows else ())


def _arms(found: Explanation) -> Section:
    items = tuple(Cell(name, "; ".join(english) or "nothing added") for name, english in found.arms)
    return Section("arms", "Arms", "", (Items(items),) if items else ())
