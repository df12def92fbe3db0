"""Names of genes that a spreadsheet has turned into dates or numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MONTH: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
    "|mrz|mär|mai|okt|dez|févr|avr|juin|juil|août|déc|ene|abr|ago|dic"
)
# 1-Sep, Sep-01, 1. Mrz, 2023-03-01, 01/03/2023, 2.31E+13 (a RIKEN identifier such as 2310009E13)
_MANGLED: Final = re.compile(
    rf"\d{{1,2}}[-. /]{{1,2}}({_MONTH})\.?([-. ]\d{{2,4}})?|({_MONTH})\.?[- ]\d{{1,4}}"
    r"|\d{4}-\d{2}-\d{2}( 00:00:00)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d[.,]\d+E[+]\d{2}",
    re.IGNORECASE,
)
ADVICE: Final = (
    "take the names from the file as it was before the spreadsheet "
    "(SEPTIN1, MARCHF1 and DELEC1 are the names that survive one)"
)


def mangled(names: Iterable[str]) -> tuple[str, ...]:
    """The names that look like a date or a number which a spreadsheet made of a gene (SEPT1 -> 1-Sep)."""
    return tuple(name for name in names if _MANGLED.fullmatch(name.strip()))
