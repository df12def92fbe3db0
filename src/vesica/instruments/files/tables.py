"""Csv files of instruments: a head with units, rows, numbers with enough digits to be read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | float | int


def table(
    head: Sequence[str], rows: Iterable[Sequence[Cell]], *, remarks: Sequence[str] = (), digits: int = 8
) -> bytes:
    """A csv file in UTF-8; ``remarks`` become `#` lines above the head."""
    text = io.StringIO()
    for remark in remarks:
        text.write(f"# {remark}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(
        [f"{cell:.{digits}g}" if isinstance(cell, float) else cell for cell in row] for row in rows
    )
    return text.getvalue().encode()
