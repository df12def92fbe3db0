"""The page of ``vesica diff --html``: what differs between two models, group by group."""

from __future__ import annotations

from vesica._version import __version__
from vesica.analysis.explain.changes import Change
from vesica.analysis.explain.compare import Comparison
from vesica.analysis.numbers import counted
from vesica.report.blocks import Cell, Column, Section, Table
from vesica.report.numbers import MISSING, number
from vesica.report.outcome import Opening
from vesica.report.page import layout


def build(found: Comparison, names: tuple[str, str]) -> str:
    """The whole page; ``names`` say where A and B came from."""
    count = len(found.changes)
    head = [f"A: {names[0]} ({found.first})", f"B: {names[1]} ({found.second})"]
    head += [] if count else ["Nothing differs but names, wording and the order of lines."]
    words, kind = (counted(count, "difference"), "plain") if count else ("the same", "good")
    opening = Opening("What differs", words, kind, (f"vesica {__version__}",), tuple(head), (), ())
    return layout(opening, [_section(place, *item) for place, item in enumerate(found.groups.items(), start=1)],
                  extra=("explain",))


def _section(place: int, group: str, changes: tuple[Change, ...]) -> Section:
    has_ratio = any(change.ratio is not None for change in changes)
    has_note = any(change.note for change in changes)
    heads = [Column("what", is_wide=True), Column("in A", is_wide=True), Column("in B", is_wide=True)]
    heads += [Column("B / A", is_number=True)] if has_ratio else []
    heads += [Column("where from")] if has_note else []
    rows = []
    for change in changes:
        row = [Cell(change.what), _value(change, "A"), _value(change, "B")]
        row += [Cell(MISSING if change.ratio is None else number(change.ratio))] if has_ratio else []
        row += [Cell(change.note)] if has_note else []
        rows.append(tuple(row))
    table = Table(group, tuple(heads), tuple(rows), kind="changes")
    return Section(f"group-{place}", group, counted(len(changes), "difference"), (table,))


def _value(change: Change, side: str) -> Cell:
    text = change.first if side == "A" else change.second
    if not change.side:
        return Cell(text)
    return Cell(text or "there", kind="" if text else "plain") if change.side == side else Cell()
