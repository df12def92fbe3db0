"""Reports of laboratory commands: the page of a run, filled from a `LabOutcome`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from vesica._version import __version__
from vesica.analysis.lab import LabOutcome, Table, Value
from vesica.analysis.numbers import counted
from vesica.errors import Finding
from vesica.report import blocks
from vesica.report.numbers import MISSING, exact, number, pretty_unit
from vesica.report.outcome import Opening
from vesica.report.page import layout

FOLDED_ROWS: Final = 25  # a longer table stands behind its caption
_SHOWN_ROWS: Final = 500  # a longer one is cut in the page; its csv file is whole


@dataclass(frozen=True)
class LabFigure:
    """A picture of a laboratory report.

    Parameters
    ----------
    name : str
        Of its file, without ending.
    caption : str
        What is shown, with units, and what the marks and bands mean.
    wide, narrow : Markup
        An ``svg`` element for a desk, and one for a phone where the wide one would be too small.
    title : str
        Heading above it.
    """

    name: str
    caption: str
    wide: Markup
    narrow: Markup | None = None
    title: str = ""


def build(outcome: LabOutcome, figures: Sequence[LabFigure] = (), sections: Sequence[blocks.Section] = ()) -> str:
    """The whole page: headline, pictures, tables, further sections, findings, files.

    Parameters
    ----------
    outcome : LabOutcome
    figures, sections : drawn by the module of the topic
    """
    files = f"{counted(len(outcome.sources), 'file')}" if outcome.sources else ""
    facts = tuple(fact for fact in (files, f"vesica {__version__}") if fact)
    warned = sum(finding.severity == "warning" for finding in outcome.findings)
    words, kind = (f"{counted(warned, 'warning')}", "warn") if warned else ("no warnings", "good")
    opening = Opening(outcome.title, words, kind, facts, outcome.headline, (), ())
    pictures = blocks.Section("figures", "Pictures", "", tuple(_figure(one) for one in figures))
    tables = blocks.Section("tables", "Tables", "Each is a csv file beside this page.",
                            tuple(table_block(table) for table in outcome.tables))
    given = [part for part in (pictures, *sections, tables, _findings(outcome.findings), _sources(outcome))
             if part.blocks]
    return layout(opening, given)


def table_block(table: Table, *, folded: bool | None = None) -> blocks.Table:
    """A table as a block of the page; long ones are folded, very long ones cut."""
    columns = tuple(
        blocks.Column(one.name.replace("_", " "), pretty_unit(one.unit), is_number=is_numeric(table, place),
                      is_wide=_is_wordy(table, place))
        for place, one in enumerate(table.fields)
    )
    rows = tuple(tuple(blocks.Cell(shown(value)) for value in row) for row in table.rows[:_SHOWN_ROWS])
    cut = f" (the first {_SHOWN_ROWS} of {len(table.rows):,} rows)" if len(table.rows) > _SHOWN_ROWS else ""
    fold = len(table.rows) > FOLDED_ROWS if folded is None else folded
    return blocks.Table(table.title + cut, columns, rows, folded=fold)


def is_numeric(table: Table, place: int) -> bool:
    """Whether a column holds numbers only."""
    values = [row[place] for row in table.rows if row[place] is not None]
    return bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _is_wordy(table: Table, place: int) -> bool:
    return any(isinstance(row[place], str) and len(str(row[place])) > 40 for row in table.rows)


def shown(value: Value) -> str:
    """A value as people read it."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return exact(value)
    return number(value) if isinstance(value, float) else value


def _figure(one: LabFigure) -> blocks.Figure:
    return blocks.Figure(one.caption, (blocks.Panel(one.title, one.wide, one.narrow),), title=one.title)


def _findings(findings: Sequence[Finding]) -> blocks.Section:
    kinds = {"warning": "warn", "note": "plain", "error": "bad"}
    items = tuple(
        blocks.Cell(f"{one.wrote}: {one.rule}", f"{one.consequence}. {one.fix}. {_place(one)}".strip(),
                    chips=((one.severity, kinds[one.severity]),))
        for one in findings
    )
    return blocks.Section("findings", "Warnings and notes", "", (blocks.Items(items),) if items else ())


def _place(finding: Finding) -> str:
    if finding.file is None:
        return ""
    return f"{finding.file}" + (f", line {finding.line}" if finding.line else "")


def _sources(outcome: LabOutcome) -> blocks.Section:
    columns = (blocks.Column("File", is_wide=True), blocks.Column("read as"), blocks.Column("encoding"),
               blocks.Column("SHA-256", is_wide=True))
    rows = tuple((blocks.Cell(one.file), blocks.Cell(one.format), blocks.Cell(one.encoding), blocks.Cell(one.sha256))
                 for one in outcome.sources)
    table = blocks.Table("Files that were read", columns, rows, folded=len(rows) > FOLDED_ROWS)
    return blocks.Section("files", "Files", "", (table,) if rows else ())
