"""Tables that people keep themselves: named columns with units in the head, in any order.

The head of a column is ``time (h)``, ``time [h]`` or ``time / h``. Columns are told by their
names and the aliases a command knows, never by position; `#` lines above the head are comments.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vesica.errors import InputError, nearest
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
from vesica.units import factor, near_unit, split

FORMAT: Final = "table"
_HEAD: Final = re.compile(r"^(?P<name>[^(\[]*?)\s*(?:[(\[](?P<unit>[^)\]]*)[)\]])?\s*$")
_SLASHED: Final = re.compile(r"^(?P<name>[^/]+?)\s+/\s+(?P<unit>\S.*)$")


@dataclass(frozen=True, eq=False)
class Columns:
    """A table read by `read_columns`.

    Parameters
    ----------
    text : TextFile
    heads : canonical name -> (column, head as written, unit)
    head : Row
    rows : (row,) Row
        Without blank lines.
    """

    text: TextFile
    heads: Mapping[str, tuple[int, str, str]]
    head: Row
    rows: tuple[Row, ...]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    @property
    def provenance(self) -> Provenance:
        """Where the table came from."""
        return self.text.provenance(FORMAT, {"table": self.text.lines})

    @property
    def lines(self) -> tuple[int, ...]:
        """(row,) One-based line of the file."""
        return tuple(row.line for row in self.rows)

    def has(self, name: str) -> bool:
        """Whether the table has the column."""
        return name in self.heads

    def unit(self, name: str) -> str:
        """Unit as written in the head; empty where there is none."""
        return self.heads[name][2]

    def words(self, name: str) -> tuple[str, ...]:
        """(row,) The cells as text; empty ones stay empty."""
        column = self.heads[name][0]
        return tuple(row.cells[column] if column < len(row.cells) else "" for row in self.rows)

    def numbers(self, name: str, unit: str | None = "", *, allow_empty: bool = False, low: float | None = None
                ) -> FloatArray:
        """(row,) The cells as numbers in ``unit``.

        Parameters
        ----------
        name : str
            A canonical name that the table has.
        unit : str or None
            Wanted unit; ``""`` is a plain number, None takes whatever stands there.
        allow_empty : bool
            Empty cells become NaN instead of an error.
        low : float, optional
            Smallest value that has a meaning.

        Raises
        ------
        InputError
            No unit in the head where one is needed, a unit of another dimension, a cell that is
            not a number, or a value below ``low``.
        """
        column, head, given = self.heads[name]
        scale = 1.0 if unit is None else self._factor(name, given, unit)
        words = self.words(name)
        values = [math.nan if allow_empty and not word else number(self.text, row, column, head) * scale
                  for row, word in zip(self.rows, words, strict=True)]
        for row, value in zip(self.rows, values, strict=True):
            if low is not None and value < low:
                raise self.refuse(row, f"`{head}` is {value:g}", f"it is {low:g} or more",
                                  "the value has no meaning in the equations that use it",
                                  "correct the row, or remove it")
        return frozen(values)

    def refuse(self, row: Row | None, wrote: str, rule: str, consequence: str, fix: str) -> InputError:
        """Make a four-part error at a row of this table, or at its head."""
        return self.text.refuse((row or self.head).line, wrote, rule, consequence, fix)

    def _factor(self, name: str, given: str, unit: str) -> float:
        head = self.heads[name][1]
        if not given and unit:
            raise self.refuse(None, f"the column `{head}` has no unit", f"`{name}` is a quantity in {unit}",
                              "it would be off by orders of magnitude without any other sign",
                              f"write the unit into the head: `{head} ({unit})`")
        try:
            count, plain = _counted(given)
            return count * factor(plain, unit)
        except ValueError as failure:
            raise self.refuse(None, f"`{head}`: {failure}", f"`{name}` is a quantity in {unit or 'plain numbers'}",
                              "it cannot be converted",
                              near_unit(given, unit) or f"write `{name} ({unit})`, or another unit of that dimension",
                              ) from None


def read_columns(path: PathLike, *, known: Mapping[str, Sequence[str]], required: Sequence[str] = ()) -> Columns:
    """Read a table with named columns.

    Parameters
    ----------
    path : path
    known : canonical name -> aliases
        Names are compared without case, blanks, underscores and hyphens.
    required : canonical names that must be there

    Raises
    ------
    InputError
        Not a text table, no rows, an unknown or repeated column, a required column missing.
    """
    text = read_text(path)
    first = next((i for i, line in enumerate(text.lines) if line.strip() and not line.startswith("#")), None)
    if first is None:
        raise text.refuse(None, "the file holds comments only", "a table has a head and rows",
                          "there is nothing to read", "export the table again")
    delimiter = guess_delimiter(text.lines[first])
    text = decimal_commas(text, delimiter)
    head, *rest = split_rows(text, delimiter)[first:]
    rows = tuple(row for row in rest if not row.is_blank and not row.name.startswith("#"))
    heads = _heads(text, head, known)
    for row in rows:
        if any(row.cells[len(head.cells):]):
            raise text.refuse(row.line, f"{len(row.cells)} cells stand under {len(head.cells)} heads",
                              f"`{delimiter}` parts the cells of this table", "what stands in them would slip sideways",
                              f"put a cell that holds `{delimiter}` into double quotes")
    for name in required:
        if name not in heads:
            shown = ", ".join(f"`{cell}`" for cell in head.cells if cell)
            raise text.refuse(head.line, f"no column `{name}` among {shown}", f"`{name}` is needed here",
                              "nothing can be computed without it",
                              f"add the column; it may also be called {', '.join(known[name]) or name}")
    if not rows:
        raise text.refuse(head.line, "no rows follow the head", "a table has at least one row",
                          "there is nothing to compute", "export the whole table")
    return Columns(text, MappingProxyType(heads), head, rows)


def _heads(text: TextFile, head: Row, known: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, str, str]]:
    canonical = {_folded(alias): name for name, aliases in known.items() for alias in (name, *aliases)}
    all_names = [*known, *(alias for names in known.values() for alias in names)]
    heads: dict[str, tuple[int, str, str]] = {}
    for column, cell in enumerate(head.cells):
        if not cell:
            continue
        written, unit = split_head(cell)
        name = canonical.get(_folded(written)) or canonical.get(_folded(cell))
        if name is None:
            raise text.refuse(head.line, f"`{cell}` is not a column of this table",
                              "columns have the names that the command knows, so that none is ignored unseen",
                              "what it says would be lost", nearest(written, all_names))
        if name in heads:
            raise text.refuse(head.line, f"`{cell}` and `{heads[name][1]}` are both `{name}`",
                              "each column stands once", "it would be a guess which one is meant",
                              "rename or remove one of them")
        heads[name] = (column, cell, unit)
    return heads


def split_head(cell: str) -> tuple[str, str]:
    """Name and unit of a head: ``time (h)``, ``time [h]``, ``time / h``; the unit may be empty."""
    for pattern in (_HEAD, _SLASHED):
        match = pattern.match(cell)
        if match and (match["unit"] is not None):
            return match["name"].strip(), match["unit"].strip()
    return cell.strip(), ""


def _counted(unit: str) -> tuple[float, str]:
    """Number and unit of a unit that counts, as ``1e6 particles/mL``."""
    try:
        return split(unit)
    except ValueError:
        return 1.0, unit


def _folded(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).lower()

