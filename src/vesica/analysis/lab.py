"""What every laboratory command hands on: sentences, tables with units, plain data, findings."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from vesica.errors import Finding
from vesica.readers.text import Provenance

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Field:
    """A column: its name, its unit, and what it means."""

    name: str
    unit: str = ""
    words: str = ""

    @property
    def head(self) -> str:
        """``name (unit)``, as `readers.columns` reads it back."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """Rows under named columns; None is an empty cell.

    Parameters
    ----------
    name : str
        Of the csv file, without its ending.
    title : str
        For people.
    fields : (column,) Field
    rows : (row,) tuples as long as ``fields``
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.fields):
                msg = f"a row of table `{self.name}` has {len(row)} cells under {len(self.fields)} heads"
                raise ValueError(msg)

    def csv(self) -> bytes:
        """The table as csv in UTF-8; numbers with 10 digits, empty where missing or not finite."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([one.head for one in self.fields])
        writer.writerows([_written(value) for value in row] for row in self.rows)
        return text.getvalue().encode()

    def records(self) -> list[dict[str, Value]]:
        """One mapping for each row, keyed by column name, for JSON."""
        return [{one.name: value for one, value in zip(self.fields, row, strict=True)} for row in self.rows]


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}" if math.isfinite(value) else ""
    return str(value)


@dataclass(frozen=True)
class LabOutcome:
    """Everything one laboratory command found, before it is printed, drawn or written.

    Parameters
    ----------
    kind : str
        ``nta``, ``release``, ``uptake``, ``dose`` ...; stands in summary.json.
    title : str
    headline : sentences for one screen and the top of the report, units included
    tables : each becomes a csv file and a table of the report
    summary : plain data with stable keys
    findings : warnings and notes
    sources : where the numbers were read from
    screen : what one screen shows, where that is less than the first tables
    """

    kind: str
    title: str
    headline: tuple[str, ...]
    tables: tuple[Table, ...]
    summary: Mapping[str, object]
    findings: tuple[Finding, ...] = ()
    sources: tuple[Provenance, ...] = field(default=(), repr=False)
    screen: tuple[Table, ...] = field(default=(), repr=False)
