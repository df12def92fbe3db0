"""Settings of a NanoSight experiment: the ``.nano`` file that lies beside its exports."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vesica.readers.text import PathLike, Provenance, TextFile, read_text

FORMAT: Final = "NanoSight .nano settings"
_TITLES: Final = frozenset({"filenames", "details", "capturesettings", "currentview"})
_ENTRY: Final = re.compile(r"([A-Za-z]\w*)\s*=\s*([^,]*)")


@dataclass(frozen=True)
class NanoSettings:
    """What a ``.nano`` file says.

    Parameters
    ----------
    pixel_size : nm or None
    dilution : dimensionless or None
        None where it is 0: nothing was entered.
    entries : name -> words
        Of `[CaptureSettings]`.
    provenance : Provenance
    """

    pixel_size: float | None
    dilution: float | None
    entries: Mapping[str, str]
    provenance: Provenance


def is_nano(text: TextFile) -> bool:
    """Whether two of its section titles are there."""
    titles = {line.strip().strip("[]").lower() for line in text.lines if line.strip().startswith("[")}
    return len(titles & _TITLES) > 1 or "capturesettings" in titles


def read_nano(path: PathLike) -> NanoSettings:
    """Read a ``.nano`` file.

    Raises
    ------
    InputError
        Not such a file, or pixel size or dilution are no numbers.
    """
    text = read_text(path)
    if not is_nano(text):
        raise text.refuse(
            1,
            "no section `[CaptureSettings]`",
            "a .nano file holds the settings of an experiment",
            "pixel size and dilution cannot be told",
            "give the .nano file that NTA wrote",
        )
    sections: dict[str, list[str]] = {"head": []}
    current = "head"
    entries: dict[str, tuple[int, str]] = {}
    for line, words in enumerate(text.lines, start=1):
        title = re.fullmatch(r"\s*\[(.+)\]\s*", words)
        if title is not None:
            current = title[1]
        sections.setdefault(current, []).append(words)
        if current.lower() == "capturesettings":
            entries |= {name: (line, value.strip()) for name, value in _ENTRY.findall(words)}
    verbatim = {name: tuple(lines) for name, lines in sections.items()}
    return NanoSettings(
        pixel_size=_positive(text, entries, "PixelSize"),
        dilution=_positive(text, entries, "DilutionFactor"),
        entries={name: value for name, (_, value) in entries.items()},
        provenance=text.provenance(FORMAT, verbatim),
    )


def _positive(text: TextFile, entries: Mapping[str, tuple[int, str]], name: str) -> float | None:
    """Return the number, or None where it is missing, empty or 0."""
    line, words = entries.get(name, (0, ""))
    if not words:
        return None
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise text.refuse(
            line,
            f"`{name}={words}`",
            f"`{name}` is a number of 0 or more",
            "it cannot be used",
            "write the number, or 0 where it is not known",
        )
    return value or None
