"""ZetaView size files (``*_size_488.txt``): header, linear bins, logarithmic bins.

Both tables hold the same tracks, so only the linear one is counted. Concentrations are those of the
measured suspension; `Dilution` is recorded and not applied.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from vesica.readers.records import FloatArray, frozen
from vesica.readers.text import (
    PathLike,
    Row,
    TextFile,
    decimal_commas,
    guess_delimiter,
    number,
    read_text,
    split_rows,
)
from vesica.readers.zetaview_record import ZetaviewBins, ZetaviewRecord

FORMAT: Final = "ZetaView size file"
_COLUMNS: Final = ("size", "number", "concentration", "volume", "area")
# One line of the header is written with a blank instead of a tab.
_WITH_BLANK: Final = re.compile(r"(Conductivity|pH|Temperature|Viscosity):\s+(\S.*)")
_TABLE: Final = re.compile(r'"?\s*size\s*/\s*nm"?\s*[\t,;]\s*"?number', re.IGNORECASE)
Entries = dict[str, Row]


def is_zetaview(text: TextFile) -> bool:
    """Whether the header of its table is there."""
    return any(map(is_table_header, text.lines))


def is_table_header(line: str) -> bool:
    """Whether a line begins `Size / nm`, `Number`, and goes on with a concentration."""
    return bool(_TABLE.match(line)) and "concentration" in line.lower()


def read_zetaview(path: PathLike) -> ZetaviewRecord:
    """Read a size file.

    Raises
    ------
    InputError
        Not such a file, or cut off, or its numbers cannot be used.
    """
    return parse_zetaview(read_text(path))


def parse_zetaview(text: TextFile) -> ZetaviewRecord:
    """`read_zetaview` on a text already read."""
    start = next((at for at, line in enumerate(text.lines) if is_table_header(line)), None)
    if start is None:
        raise text.refuse(None, "no line `Size / nm`, `Number`, `Concentration / cm-3`",
                          "the bins of a ZetaView size file come after this header", "there is no distribution to read",
                          "give the file that ends in `_size_488.txt`")
    delimiter = guess_delimiter(text.lines[start])
    table = replace(text, lines=text.lines[start:])
    text = replace(text, has_decimal_commas=decimal_commas(table, delimiter).has_decimal_commas)
    rows = split_rows(text, delimiter)
    entries = _entries(rows[:start])
    blocks, ends = _blocks(text, rows[start], rows[start + 1 :])
    traces = _number(text, entries, "Number of Traces")
    if traces is None or traces < 0 or traces != math.floor(traces):
        row = entries.get("Number of Traces")
        raise text.refuse(row.line if row else None, "no `Number of Traces` as a whole number",
                          "the header says how many tracks were counted", "a cut-off table could not be recognised",
                          "export the file again")
    linear, logarithmic = _sorted_blocks(text, rows[start], blocks, int(traces))
    lines = text.lines
    cuts = [0, start, *[start + 1 + end for end in ends], len(lines)]
    names = ("header", "linear", "logarithmic", "rest")
    verbatim = {name: lines[low:high] for name, low, high in zip(names, cuts[:-1], cuts[1:], strict=False)}
    if len(cuts) > len(names) + 1:
        verbatim["rest"] = lines[cuts[3] :]
    return ZetaviewRecord(
        entries=MappingProxyType({name: " ".join(row.cells[1:2]) for name, row in entries.items()}),
        traces=int(traces),
        particles_per_frame=_number(text, entries, "Average Number of Particles"),
        dilution=_dilution(text, entries),
        temperature=_number(text, entries, "Temperature"),
        viscosity=_number(text, entries, "Viscosity"),
        median=_number(text, entries, "Median Number (D50)"),
        linear=linear,
        logarithmic=logarithmic,
        provenance=text.provenance(FORMAT, verbatim),
    )


def _entries(rows: tuple[Row, ...]) -> Entries:
    """Pairs of the header as rows ``name, words ...``: several stand on a line, the first of a name counts."""
    found: Entries = {}
    for row in rows:
        name, words = "", []
        for said in [*row.cells, "end:"]:
            blank = _WITH_BLANK.fullmatch(said)
            if blank is None and not said.endswith(":"):
                words.append(said)
                continue
            if name:
                found.setdefault(name, Row(row.line, (name, *words)))
            name, words = (blank[1], [blank[2]]) if blank else (said.rstrip(":"), [])
    return found


def _number(text: TextFile, entries: Entries, name: str) -> float | None:
    row = entries.get(name)
    if row is None or len(row.cells) < 2 or not row.cells[1]:
        return None
    return number(text, row, 1, name)


def _dilution(text: TextFile, entries: Entries) -> float | None:
    dilution = _number(text, entries, "Dilution")
    if dilution is not None and dilution < 0:
        raise text.refuse(entries["Dilution"].line, f"a dilution of {dilution:g}", "a dilution is 1 or more",
                          "concentrations would be those of no suspension", "correct the line")
    return dilution or None


def _blocks(text: TextFile, header: Row, rows: tuple[Row, ...]) -> tuple[list[list[Row]], list[int]]:
    """Tables of bins: they end at the row of -1, at an empty line, or where sizes begin anew."""
    blocks: list[list[Row]] = [[]]
    ends: list[int] = []
    last = -math.inf
    for at, row in enumerate(rows):
        size = math.nan if row.is_blank else number(text, row, 0, header.name)
        if size == -1.0 or size <= last or row.is_blank:
            if not blocks[-1] and not (size == -1.0 and not ends):  # padding between tables
                continue
            blocks.append([])
            ends.append(at)
            last = -math.inf
        if size > 0:
            blocks[-1].append(row)
            last = size
        elif size != -1.0 and not row.is_blank:
            raise text.refuse(row.line, f"a size of {size:g} nm", "sizes are larger than zero; -1 ends a table",
                              "a particle without a size has no meaning", "export the file again")
    return [block for block in blocks if block], ends[:2]


def _sorted_blocks(
    text: TextFile, header: Row, blocks: list[list[Row]], traces: int
) -> tuple[ZetaviewBins | None, ZetaviewBins | None]:
    """Tell the linear table from the logarithmic one, by their spacing."""
    if len(blocks) > 2:
        raise text.refuse(blocks[2][0].line, "a third table of bins", "a file holds a linear and a logarithmic table",
                          "tracks would be counted twice", "split the file")
    if not blocks and traces == 0:
        return None, None
    if not blocks:
        raise text.refuse(header.line, f"no bins follow, for {traces} traces", "the bins hold the traces",
                          "there is no distribution to read", "export the file again: it is cut off")
    linear, *rest = [_bins(text, header, block) for block in blocks]
    _check_linear(text, blocks[0], linear)
    counted = float(linear.number.sum())
    if abs(counted - traces) > 0.5 + 0.001 * traces:  # four digits are printed
        raise text.refuse(blocks[0][-1].line,
                          f"the linear bins hold {counted:g} tracks, `Number of Traces` is {traces}",
                          "every trace stands in one bin", "the table is cut off, or of another measurement",
                          "export the file again")
    return linear, rest[0] if rest else None


def _bins(text: TextFile, header: Row, rows: list[Row]) -> ZetaviewBins:
    names = [name.lower() for name in header.cells]
    columns = {}
    for name in _COLUMNS:
        found = [index for index, label in enumerate(names) if label.startswith(name)]
        if len(found) != 1:
            raise text.refuse(header.line, f"{len(found)} columns `{name.title()}`",
                              "the table has size, number, concentration, volume and area",
                              "columns could not be told apart", "export the file again")
        columns[name] = found[0]
    values = np.array([[number(text, row, columns[name], name.title()) for name in _COLUMNS] for row in rows])
    bad = np.argwhere(values < 0)
    if bad.size:
        row, column = bad[0]
        raise text.refuse(rows[row].line, f"`{_COLUMNS[column].title()}` is {values[row, column]:g}",
                          "it is zero or more", "a negative number of particles has no meaning",
                          "export the file again")
    return ZetaviewBins(*map(frozen, values.T))


def _check_linear(text: TextFile, rows: list[Row], bins: ZetaviewBins) -> None:
    if len(rows) < 3:
        raise text.refuse(rows[0].line, f"{len(rows)} bins", "a distribution has at least three bins",
                          "a shape cannot be read from it", "export the file again")
    even = even_centres(bins.diameter)
    # Four digits are printed: half of the last one, and rounding of the conversion.
    unit = 10.0 ** (np.floor(np.log10(bins.diameter)) - 3)
    uneven = np.flatnonzero(np.abs(even - bins.diameter) > 0.5001 * unit)
    if uneven.size:
        bad = int(uneven[0])
        raise text.refuse(rows[bad].line, f"a size of {bins.diameter[bad]:g} nm where {even[bad]:g} nm is due",
                          "the first table has bins of one width, without gaps",
                          "particles of missing bins would be lost, or logarithmic bins taken for linear ones",
                          "export the file again")


def even_centres(diameter: FloatArray) -> FloatArray:
    """(bin,) Centres before they were rounded to four digits: the first, and equal steps."""
    width = float(np.round(np.median(np.diff(diameter[: min(diameter.size, 100)])), 3))
    return diameter[0] + width * np.arange(diameter.size)
