"""What a section is made of: plain data that the template lays out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from vesica.report.charts import PANEL_WIDTH, WIDE, Bar, DotRow, dot_rows, stacked
from vesica.report.material import ArmStyle
from vesica.report.numbers import MISSING, is_number, number
from vesica.report.svg import clean

_DOI: Final = re.compile(r"^10\.\d{4,9}/\S+$")


def doi_address(doi: object) -> str:
    """Address of a DOI, or nothing where the text is not one."""
    text = str(doi or "").strip().removeprefix("https://doi.org/").removeprefix("doi:")
    return f"https://doi.org/{quote(text, safe='/:;()._-')}" if _DOI.match(text) else ""


@dataclass(frozen=True)
class Cell:
    """One cell of a table: text, a quieter note below, and how it looks.

    ``kind`` is a class of the style sheet (``good``, ``bad``, ``plain`` ... drawn as a chip),
    ``style`` puts the arm's number before the text, ``lines`` are further lines.
    """

    text: str = MISSING
    note: str = ""
    kind: str = ""
    doi: str = ""
    style: ArmStyle | None = None
    lines: tuple[str, ...] = ()
    chips: tuple[tuple[str, str], ...] = ()  # further chips: words, kind
    level: float | None = None  # per cent to which the cell is filled with colour

    @property
    def address(self) -> str:
        """Where the DOI leads."""
        return doi_address(self.doi)


@dataclass(frozen=True)
class Column:
    """Head of a column, with its unit."""

    title: str
    unit: str = ""
    is_number: bool = False
    is_wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under heads; the first cell of a row is its name. ``folded`` puts it behind its caption."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False
    kind: str = ""  # class of the style sheet
    block: str = field(default="table", init=False)


@dataclass(frozen=True)
class Panel:
    """One picture; ``narrow`` replaces it on a phone where the wide one would be too small to read."""

    title: str
    wide: Markup
    narrow: Markup | None = None


@dataclass(frozen=True)
class Key:
    """One line of a legend: an arm, or a coloured patch with a name."""

    name: str
    css: str = ""
    style: ArmStyle | None = None


@dataclass(frozen=True)
class Figure:
    """Panels side by side with one legend and one caption. ``folded`` puts them behind the title.

    ``is_wide`` gives a single panel the whole width without a drawing of its own for a phone.
    """

    caption: str
    panels: tuple[Panel, ...]
    keys: tuple[Key, ...] = ()
    title: str = ""
    folded: bool = False
    is_wide: bool = False
    block: str = field(default="figure", init=False)


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    kind: str = ""
    block: str = field(default="prose", init=False)


@dataclass(frozen=True)
class Items:
    """A list of sentences, each with a quieter note."""

    items: tuple[Cell, ...]
    block: str = field(default="items", init=False)


@dataclass(frozen=True)
class Code:
    """Text to copy."""

    text: str
    block: str = field(default="code", init=False)


@dataclass(frozen=True)
class Section:
    """One part of the report; one without blocks is named as not part of the run, if it has a title."""

    anchor: str
    title: str
    lead: str = ""
    blocks: tuple[Any, ...] = ()


def breakable(words: object) -> Markup:
    """Text in which a long name may be broken after an underscore or a full stop; `names` are set as code."""
    text = str(escape(clean(words)))
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    return Markup(re.sub(r"([_.])(?=[^\W\d])", r"\1<wbr>", text))


def figure_cell(value: object, note: str = "", factor: float = 1.0) -> Cell:
    """A number as a cell."""
    return Cell(number(float(value) * factor), note) if is_number(value) else Cell()  # type: ignore[arg-type]


def arm_keys(styles: list[ArmStyle]) -> tuple[Key, ...]:
    """A legend of arms."""
    return tuple(Key(style.name, style=style) for style in styles)


def stacked_panel(bars: list[Bar], title: str, x_label: str) -> Panel:
    """Stacked bars for a desk and for a phone."""
    return Panel(title, stacked(bars, title, x_label, WIDE), stacked(bars, title, x_label, PANEL_WIDTH))


def dots_panel(
    content: list[DotRow],
    title: str,
    x_label: str,
    *,
    limits: tuple[float, float] | None = None,
    is_log: bool = True,
) -> Panel:
    """Dots on rows for a desk and for a phone."""
    wide = dot_rows(content, title, x_label, width=WIDE, limits=limits, is_log=is_log)
    return Panel(title, wide, dot_rows(content, title, x_label, limits=limits, is_log=is_log))
