"""The reporting sheet as a section of a report."""

from __future__ import annotations

from typing import Final

from vesica.analysis.misev import ReportingSheet
from vesica.analysis.misev.fill import Item
from vesica.analysis.misev.requirements import MANDATORY
from vesica.report.blocks import Cell, Column, Prose, Section, Table

_CHIPS: Final = {"reported": "good", "partly": "warn", "not done": "plain", "missing": "bad"}
_OPEN: Final = ("What is open is asked by metadata.yaml: fill it in and read again with --metadata. An item counts as "
                "reported when its words are there; nobody has judged them, and no standard is claimed to be met.")


def section(sheet: ReportingSheet) -> Section:
    """The checklists with what is reported and what is open, and a draft of a methods paragraph."""
    draft = " ".join(sheet.methods)
    return Section(
        "reporting", "Reporting sheet", sheet.headline,
        (_table(sheet, is_mandatory=True), _table(sheet, is_mandatory=False),
         Prose(("Draft of a methods paragraph, from the facts alone; the same text is in methods.txt:", draft)),
         Prose((_OPEN,))),
    )


def _table(sheet: ReportingSheet, *, is_mandatory: bool) -> Table:
    chosen = [item for item in sheet.items if item.requirement.is_mandatory == is_mandatory]
    heads = (Column("Item", is_wide=True), Column("status"), Column("reported", is_wide=True),
             Column("open", is_wide=True))
    caption = MANDATORY[:1].upper() + MANDATORY[1:] if is_mandatory else "Further topics of MISEV2023, and EV-METRIC"
    return Table(caption, heads, tuple(_row(item) for item in chosen), folded=not is_mandatory)


def _row(item: Item) -> tuple[Cell, ...]:
    one = item.requirement
    said = tuple(f"{path}: {words}" for path, words in item.evidence.items())
    open_keys = item.open if item.status in {"partly", "missing"} else ()
    return (Cell(one.asks, "" if one.is_mandatory else one.grounds), Cell(item.status, kind=_CHIPS[item.status]),
            Cell("", lines=said) if said else Cell(), Cell("", lines=open_keys) if open_keys else Cell())
