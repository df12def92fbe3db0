"""Generic size tables: csv or tsv with columns for size, concentration or count, and standard deviation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from vesica.errors import Finding, nearest
from vesica.readers.records import COUNT, PER_MILLILITRE, FloatArray, SizeDistribution, frozen
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

FORMAT: Final = "size table"
UNITS: Final = (PER_MILLILITRE, COUNT)

_SIZE: Final = re.compile(r"size|diam|bin\s*cent", re.IGNORECASE)
_AMOUNT: Final = re.compile(r"conc|count|number|particles\b|density", re.IGNORECASE)
_SPREAD: Final = re.compile(r"\b(sd|std|st\.?\s*dev\w*|stdev|standard deviation)\b", re.IGNORECASE)
_MICRON: Final = re.compile(r"(?<![a-z])[uµμ]m\b|micro(n|met)", re.IGNORECASE)
_NANO: Final = re.compile(r"(?<![a-z])nm\b|nanomet", re.IGNORECASE)
_PER_ML: Final = re.compile(r"/\s*m\s?l\b|per\s+m\s?l\b|m\s?l\s*(\^?-1|⁻¹)", re.IGNORECASE)
_PER_NM: Final = re.compile(r"/\s*nm\b|per\s+nm\b|nm\s*(\^?-1|⁻¹)", re.IGNORECASE)

# Spreadsheets round bin centres; a step that differs by more than this is a gap or a second grid.
_STEP_TOLERANCE: Final = 1e-3
# Vesicle sizes in nm lie between these; micrometres or angstrom would not.
_NANOMETRE_RANGE: Final = (5.0, 10_000.0)


@dataclass(frozen=True)
class _Columns:
    size: int
    amount: int
    sd: int | None


def read_size_table(
    path: PathLike,
    *,
    size: str | None = None,
    concentration: str | None = None,
    sd: str | None = None,
    unit: str | None = None,
) -> SizeDistribution:
    """Read a generic size table.

    Parameters
    ----------
    path : path
    size, concentration, sd : str, optional
        Names of columns, where the header words do not tell them apart.
    unit : "particle/mL" or "particle", optional
        Where the header does not tell.

    Raises
    ------
    InputError
        Empty or not text; wrong columns; something that is not a number; a negative size,
        count or spread; a gap in the bins.
    """
    return parse_size_table(read_text(path), size=size, concentration=concentration, sd=sd, unit=unit)


def parse_size_table(
    text: TextFile,
    *,
    size: str | None = None,
    concentration: str | None = None,
    sd: str | None = None,
    unit: str | None = None,
) -> SizeDistribution:
    """`read_size_table` on a text already read; ``#`` lines before the header are comments."""
    text, rows = _content(text)
    header, body = rows[0], rows[1:]
    columns = _columns(text, header, size, concentration, sd)
    if len(body) < 3:
        raise text.refuse(
            header.line,
            f"{len(body)} rows follow the header",
            "a distribution has at least three bins",
            "a shape cannot be read from it",
            "export the whole table",
        )
    names = header.cells
    raw = np.array([number(text, row, columns.size, names[columns.size]) for row in body])
    scale, warnings = _to_nanometre(text, header, names[columns.size], raw)
    diameter = frozen(raw * scale)
    bin_width = _uniform_step(text, body, diameter)
    per_bin = (
        bin_width if _PER_NM.search(names[columns.amount]) else 1.0
    )  # a density per nm becomes one per bin
    amount = frozen(_not_negative(text, body, columns.amount, names[columns.amount]) * per_bin)
    if not amount.sum() > 0:
        raise text.refuse(
            header.line,
            "every bin is empty",
            "a measurement has particles",
            "there is no distribution to read",
            "leave this measurement out",
        )
    spread = None
    if columns.sd is not None:
        spread = frozen(_not_negative(text, body, columns.sd, names[columns.sd]) * per_bin)
    lines = {"head": text.lines[: header.line], "rows": text.lines[header.line :]}
    return SizeDistribution(
        diameter=diameter,
        concentration=amount,
        sd=spread,
        bin_width=bin_width,
        unit=_unit(text, header, names[columns.amount], unit),
        repeats=None,
        instrument=_instrument(names),
        provenance=text.provenance(FORMAT, lines),
        warnings=warnings,
    )


def _content(text: TextFile) -> tuple[TextFile, list[Row]]:
    """Header and rows, without comments before the header and without blank lines; decimal commas are judged."""
    first = next(
        (index for index, line in enumerate(text.lines) if line.strip() and not line.startswith("#")), None
    )
    if first is None:
        raise text.refuse(
            None,
            "the file holds comments only",
            "a size table has a header and rows",
            "there is nothing to read",
            "export the table again",
        )
    delimiter = guess_delimiter(text.lines[first])
    text = decimal_commas(text, delimiter)
    rows = [row for row in split_rows(text, delimiter)[first:] if not row.is_blank]
    if not rows:
        raise text.refuse(
            first + 1,
            "nothing but separators stands on the lines",
            "a size table has a header and rows",
            "there is nothing to read",
            "export the table again",
        )
    return text, rows


def _columns(
    text: TextFile,
    header: Row,
    size: str | None,
    concentration: str | None,
    sd: str | None,
) -> _Columns:
    spread = _column(text, header, sd, _SPREAD, "sd", ())
    taken = tuple(index for index in (spread,) if index is not None)
    size_at = _column(text, header, size, _SIZE, "size", taken)
    if size_at is None:
        raise _no_column(text, header, "size", "a diameter in nm, such as `Size (nm)`")
    amount = _column(text, header, concentration, _AMOUNT, "concentration", (*taken, size_at))
    if amount is None:
        raise _no_column(
            text, header, "concentration", "particles per bin, such as `Concentration (particles / ml)`"
        )
    if len({size_at, amount, spread}) < 3:
        raise text.refuse(
            header.line,
            "one column is named for two purposes",
            "each quantity has its own column",
            "sizes would be read as concentrations",
            "name different columns",
        )
    return _Columns(size_at, amount, spread)


def _column(
    text: TextFile,
    header: Row,
    named: str | None,
    pattern: re.Pattern[str],
    label: str,
    taken: tuple[int, ...],
) -> int | None:
    if named is not None:
        if named not in header.cells:
            raise text.refuse(
                header.line,
                f"there is no column `{named}`",
                f"`{label}` names a column of the header",
                "it cannot be read",
                nearest(named, header.cells),
            )
        return header.cells.index(named)
    found = [i for i, cell in enumerate(header.cells) if i not in taken and pattern.search(cell)]
    if len(found) > 1:
        shown = ", ".join(f"`{header.cells[i]}`" for i in found)
        raise text.refuse(
            header.line,
            f"{len(found)} columns could be the {label}: {shown}",
            "one column is read for each quantity",
            "it would be a guess which one is meant",
            f"name it: `--map '{label}={header.cells[found[0]]}'`",
        )
    return found[0] if found else None


def _no_column(text: TextFile, header: Row, label: str, example: str) -> Exception:
    shown = ", ".join(f"`{cell}`" for cell in header.cells[:8])
    fix = f"give the column a name that says {example}, or name it: `--map {label}=COLUMN`"
    if "file" in {cell.strip().lower() for cell in header.cells}:
        fix = "if it is a sample sheet, give it with `--samples`; otherwise leave the file out"
    return text.refuse(
        header.line,
        f"no column of {shown} looks like a {label}",
        "without a NanoSight or ZetaView head the first line names the columns: size, concentration or count, sd",
        "numbers without a name would be a guess",
        fix,
    )


def _to_nanometre(
    text: TextFile,
    header: Row,
    name: str,
    raw: FloatArray,
) -> tuple[float, tuple[Finding, ...]]:
    """Factor to nm, and a warning where the header does not give the unit."""
    if _MICRON.search(name):
        return 1000.0, ()
    if _NANO.search(name):
        return 1.0, ()
    low, high = _NANOMETRE_RANGE
    if not low <= raw.max() <= high:
        raise text.refuse(
            header.line,
            f"`{name}` has no unit and reaches {raw.max():g}",
            f"sizes in nm reach between {low:g} and {high:g}",
            "the unit would be a guess, wrong by powers of ten",
            "write the unit, as in `Size (nm)`",
        )
    warning = Finding(
        "warning",
        Path(text.file).name,
        f"`{name}` has no unit",
        "sizes are taken as nm",
        "in another unit they would be wrong by powers of ten",
        "write the unit, as in `Size (nm)`",
        file=text.file,
        line=header.line,
    )
    return 1.0, (warning,)


def _uniform_step(text: TextFile, body: list[Row], diameter: FloatArray) -> float:
    """Return the bin width, nm; refuses sizes that are not positive, not increasing, or not evenly spaced."""
    if diameter[0] <= 0:
        raise text.refuse(
            body[0].line,
            f"a size of {diameter[0]:g} nm",
            "sizes are larger than zero",
            "a vesicle without a size has no meaning",
            "start at the first bin centre",
        )
    steps = np.diff(diameter)
    width = float(np.median(steps))
    falling = np.flatnonzero(steps <= 0)
    if falling.size:
        bad = int(falling[0]) + 1
        raise text.refuse(
            body[bad].line,
            f"size {diameter[bad]:g} nm follows {diameter[bad - 1]:g} nm",
            "sizes increase from line to line",
            "bins would be counted twice or out of order",
            "sort the rows by size, one row for each bin",
        )
    uneven = np.flatnonzero(np.abs(steps - width) > _STEP_TOLERANCE * width)
    if uneven.size:
        bad = int(uneven[0]) + 1
        raise text.refuse(
            body[bad].line,
            f"size {diameter[bad]:g} nm follows {diameter[bad - 1]:g} nm",
            f"bins are {width:g} nm apart, without gaps",
            "particles of the missing bins would be lost without a sign",
            "write every bin, empty ones with 0",
        )
    return float((diameter[-1] - diameter[0]) / (diameter.size - 1))


def _not_negative(text: TextFile, body: list[Row], column: int, label: str) -> FloatArray:
    values = np.array([number(text, row, column, label) for row in body])
    bad = np.flatnonzero(values < 0)
    if bad.size:
        raise text.refuse(
            body[int(bad[0])].line,
            f"`{label}` is {values[bad[0]]:g}",
            "it is zero or more",
            "a negative number of particles has no meaning",
            "remove background subtraction, or write 0 where nothing was seen",
        )
    return values


def _unit(text: TextFile, header: Row, name: str, unit: str | None) -> str:
    if unit is not None:
        if unit not in UNITS:
            raise text.refuse(
                header.line,
                f"unit `{unit}`",
                f"a size table is in `{UNITS[0]}` or `{UNITS[1]}`",
                "totals would be off by powers of ten",
                nearest(unit, UNITS),
            )
        return unit
    if _PER_ML.search(name):
        return PER_MILLILITRE
    if re.search(r"conc", name, re.IGNORECASE):
        raise text.refuse(
            header.line,
            f"`{name}` is a concentration without a known volume",
            "concentrations are particles per mL",
            "totals would be off by powers of ten",
            "write `(particles / ml)` in the header, or say `--unit particle/mL` if that is what it is",
        )
    return COUNT


def _instrument(names: tuple[str, ...]) -> str:
    """NanoSight writes its unit with blanks around the slash; nothing else is known to."""
    return "NTA (guessed from the header)" if any("(particles / ml)" in name for name in names) else "unknown"
