"""Text files of instruments: decoded, split into rows, and refused with file and line."""

from __future__ import annotations

import codecs
import csv
import hashlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vesica.errors import InputError, error, nearest

# Control characters other than tab, line feed and carriage return do not occur in text exports.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_DELIMITERS: Final = ("\t", ",", ";")
_COMMA: Final = re.compile(r"[-+]?\d+,\d+([eE][-+]?\d+)?")
_POINT: Final = re.compile(r"[-+]?\d*\.\d+([eE][-+]?\d+)?")

LARGEST_UNPACKED: Final = 2**30

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Provenance:
    """Where a record was read from.

    Parameters
    ----------
    file : str
        The path as given.
    format : str
        What the file was recognised as.
    sha256 : str
        Of the bytes of the file.
    encoding : "utf-8", "utf-16" or "latin-1"
    sections : name -> lines
        Every line of the file, verbatim, under the section it stands in.
    """

    file: str
    format: str
    sha256: str
    encoding: str
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True)
class TextFile:
    """A decoded file: its lines without line ends, and what is needed to say where it came from.

    ``has_decimal_commas`` makes `number` read ``1,5`` as 1.5; see `decimal_commas`.
    """

    file: str
    lines: tuple[str, ...]
    sha256: str
    encoding: str
    has_decimal_commas: bool = False

    def provenance(self, format_name: str, sections: Mapping[str, tuple[str, ...]]) -> Provenance:
        """Make the record of origin, once the format is known."""
        return Provenance(
            self.file, format_name, self.sha256, self.encoding, MappingProxyType(dict(sections))
        )

    def refuse(self, line: int | None, wrote: str, rule: str, consequence: str, fix: str) -> InputError:
        """Make a four-part error at a line (one-based) of this file."""
        return error(Path(self.file).name, wrote, rule, consequence, fix, file=self.file, line=line)


@dataclass(frozen=True)
class Row:
    """One line split into cells, blanks around them removed; ``line`` is one-based."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether nothing but delimiters stands on the line."""
        return not any(self.cells)

    @property
    def name(self) -> str:
        """The first cell."""
        return self.cells[0] if self.cells else ""


def near_file(path: Path) -> str:
    """What to do about a file that is not there: the nearest name beside it, if there is one."""
    there = {one.stem: one.name for one in path.parent.glob("*")} if path.parent.is_dir() else {}
    near = nearest(path.stem, there)  # an ending in common makes no names alike
    if not near.startswith("did you mean"):
        return "check the path and the folder it is relative to"
    return f"did you mean `{there[near.split('`')[1]]}`?"


def read_text(path: PathLike) -> TextFile:
    """Read a text file as UTF-8, as UTF-16 where it begins with its mark, or else as latin-1.

    Raises
    ------
    InputError
        Missing, a directory, unreadable, empty, or not text.
    """
    file = os.fspath(path)
    name = Path(file).name
    try:
        data = Path(file).read_bytes()
    except FileNotFoundError:
        raise error(
            name,
            f"`{file}` does not exist",
            "a data file is read from the path that is given",
            "there is nothing to read",
            near_file(Path(file)),
            file=file,
        ) from None
    except IsADirectoryError:
        raise error(
            name,
            f"`{file}` is a folder",
            "a data file is a single file",
            "it is not known which file of the folder is meant",
            "name its files, as `FOLDER/*.csv`",
            file=file,
        ) from None
    except OSError as failure:
        raise error(
            name,
            f"`{file}` cannot be read: {failure.strerror}",
            "a data file must be readable",
            "there is nothing to read",
            "check its permissions",
            file=file,
        ) from failure
    if not data.strip():
        raise error(
            name,
            "the file is empty",
            "a data file has a header and rows",
            "there is nothing to read",
            "export the file again",
            file=file,
        )
    text, encoding = _decode(_unpacked(data, file))
    _refuse_binary(text, file, name)
    lines = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return TextFile(file, lines, hashlib.sha256(data).hexdigest(), encoding)


def _unpacked(data: bytes, file: str) -> bytes:
    """The content of a gzip file (known by its first bytes, limited in size); any other as it is."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    import gzip
    import io
    import zlib

    try:
        with gzip.open(io.BytesIO(data)) as packed:
            content = packed.read(LARGEST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as failure:
        raise error(Path(file).name, f"the gzip file cannot be unpacked: {failure}", "a .gz file is whole",
                    "a part of the table would be missing", "download it again", file=file) from failure
    if len(content) > LARGEST_UNPACKED or not content.strip():
        what = "more than 1 GB" if content.strip() else "nothing"
        raise error(Path(file).name, f"the gzip file unpacks to {what}", "a table of text is packed",
                    "it could not be read", "unpack it and look at it", file=file)
    return content


def _refuse_binary(text: str, file: str, name: str) -> None:
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise error(
            name,
            f"the file holds the control byte 0x{ord(control[0]):02x}",
            "a data file is text in UTF-8 or latin-1",
            "the file is binary, compressed or UTF-16, and its numbers would be misread",
            "export it as csv, or save it as UTF-8",
            file=file,
            line=line,
        )


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # `Unicode text` of spreadsheets
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"  # never fails; control characters are looked for afterwards


def split_rows(text: TextFile, delimiter: str) -> tuple[Row, ...]:
    """Split every line into cells; a quoted cell may hold the delimiter, but no line end."""
    rows = []
    for line, raw in enumerate(text.lines, start=1):
        try:
            cells = next(csv.reader([raw], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error as failure:
            raise text.refuse(
                line,
                f"the line cannot be split: {failure}",
                "cells are separated by one character",
                "the columns would be shifted",
                "export the file again",
            ) from failure
        rows.append(Row(line, tuple(cell.strip() for cell in cells)))
    return tuple(rows)


def guess_delimiter(header: str) -> str:
    """Tab, comma or semicolon, whichever is most frequent in ``header`` (comma where none occurs)."""
    best = max(_DELIMITERS, key=header.count)
    return best if best in header else ","


def decimal_commas(text: TextFile, delimiter: str) -> TextFile:
    """The same text, marked where its numbers are written with decimal commas.

    They are where the delimiter is not a comma, some cells are ``1,5``, and none is ``1.5``:
    a file that mixes both is left alone, and its odd cells are refused when they are read.
    """
    if delimiter == ",":
        return text
    cells = [cell.strip().strip('"') for line in text.lines for cell in line.split(delimiter)]
    commas = any(_COMMA.fullmatch(cell) for cell in cells)
    points = any(_POINT.fullmatch(cell) for cell in cells)
    return replace(text, has_decimal_commas=commas and not points)


def number(text: TextFile, row: Row, column: int, label: str) -> float:
    """Read the finite number in a cell.

    Raises
    ------
    InputError
        The row is too short, or the cell is empty, not a number or not finite.
    """
    if column >= len(row.cells):
        raise text.refuse(
            row.line,
            f"the line has {len(row.cells)} cells, `{label}` would be cell {column + 1}",
            "every row has the columns of the header",
            "values would be read from the wrong column",
            "export the file again: the line is cut off",
        )
    cell = row.cells[column]
    try:
        value = float(cell.replace(",", ".") if text.has_decimal_commas else cell)
    except ValueError:
        comma = " with a decimal point instead of a comma" if re.fullmatch(r"[-+\d.]*,\d+", cell) else ""
        raise text.refuse(
            row.line,
            f"`{cell}` stands in column `{label}`",
            "this column holds numbers",
            "it cannot be used in a sum",
            f"write a number{comma}, or remove the row",
        ) from None
    if not math.isfinite(value):
        raise text.refuse(
            row.line,
            f"`{cell}` stands in column `{label}`",
            "this column holds finite numbers",
            "it would spread through every sum",
            "write a finite number, or remove the row",
        )
    return value
