"""What the words in a plate's layout mean: ``blank``, ``std3``, ``std 1000 pg/mL``, ``medium A 1:10``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vesica.errors import InputError, error
from vesica.readers.text import Provenance, TextFile

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "sample": ("sample", "unknown", "unk", "x"),
    "standard": ("standard", "std", "calibrator", "cal"),
    "blank": ("blank", "blk", "bl", "zero", "background", "buffer"),
    "empty": ("empty", "-", ""),
}
_NUMBER: Final = r"(\d+\.?\d*(?:[eE][-+]?\d+)?)"
_SERIES_NUMBER: Final = re.compile(r"(?i)(?:std|standard|cal|calibrator)\s*[-_#]?\s*(\d+)")
_LEVEL: Final = re.compile(rf"(?i)(?:(?:std|standard|cal|calibrator)\s*[:=]?\s*)?{_NUMBER}\s*([^\d\s:@][^:@]*)")
_DILUTED: Final = re.compile(rf"(.*?)\s*(?:\b1\s*[:/]\s*|@\s*){_NUMBER}\s*")
_DILUTION_SERIES: Final = re.compile(rf"{_NUMBER}\s*([^\d\s/][^\s]*(?:/[^\s\d]+)?)\s*/\s*{_NUMBER}\s*x\s*(\d+)")


@dataclass(frozen=True)
class Standards:
    """Concentrations of ``std1``, ``std2`` ... in one unit."""

    levels: tuple[float, ...]
    unit: str


@dataclass(frozen=True)
class Place:
    """What stands in a well.

    Parameters
    ----------
    well : str
    kind : "sample", "standard" or "blank"
    name : str
        Of a sample.
    concentration : float
        Of a standard, in ``unit``; NaN otherwise.
    unit : str
    dilution : float
        Of a sample; 10 means 1 in 10.
    line : int
    """

    well: str
    kind: str
    name: str
    concentration: float
    unit: str
    dilution: float
    line: int


@dataclass(frozen=True)
class Layout:
    """Everything that stands in the wells of a plate; ``unit`` is that of the standards."""

    places: Mapping[str, Place]
    unit: str
    provenance: Provenance

    @classmethod
    def of(cls, text: TextFile, places: Mapping[str, Place], provenance: Provenance) -> Layout:
        """A layout whose standards share one unit.

        Raises
        ------
        InputError
            No well is named, or standards in several units.
        """
        if not places:
            raise text.refuse(None, "no well of the layout is named", "a layout says what stands in the wells",
                              "samples and standards cannot be told apart", "fill it in")
        units = {place.unit: place for place in places.values() if place.kind == "standard"}
        if len(units) > 1:
            first, second = list(units.values())[:2]
            raise text.refuse(second.line, f"{second.well} is in `{second.unit}`, {first.well} in `{first.unit}`",
                              "standards share one unit", "the curve would mix scales", "write one unit throughout")
        return cls(MappingProxyType(dict(places)), next(iter(units), ""), provenance)


def place_of(text: TextFile, line: int, well: str, words: str, standards: Standards | None) -> Place:
    """The meaning of the words in one cell of a layout.

    Raises
    ------
    InputError
        A numbered standard without its concentration, a number without a unit, a dilution below 1.
    """
    folded = words.strip().lower()
    if folded in KINDS["blank"]:
        return Place(well, "blank", "", math.nan, "", 1.0, line)
    numbered = _SERIES_NUMBER.fullmatch(words.strip())
    if numbered:
        count = len(standards.levels) if standards else 0
        if standards is None or not 1 <= int(numbered[1]) <= count:
            has = f"--standards gives {count}" if standards else "no --standards are given"
            raise text.refuse(line, f"`{words}` in {well}, and {has}",
                              "a numbered standard takes its concentration from the list",
                              "no curve can be fitted", 'write --standards "1000,500,250 pg/mL", or the concentration '
                              "into the cell: `std 1000 pg/mL`")
        return Place(well, "standard", "", standards.levels[int(numbered[1]) - 1], standards.unit, 1.0, line)
    level = _LEVEL.fullmatch(words.strip())
    if level and ("/" in level[2] or folded.startswith(KINDS["standard"])):
        return Place(well, "standard", "", float(level[1]), level[2].strip(), 1.0, line)
    if re.fullmatch(rf"{_NUMBER}", folded):
        raise text.refuse(line, f"`{words}` in {well} is a number without a unit", "a standard has a unit",
                          "concentrations would mean nothing", f"write `std {words} pg/mL`, or the unit you use")
    diluted = _DILUTED.fullmatch(words.strip())
    name, fold = (diluted[1], float(diluted[2])) if diluted and diluted[1] else (words.strip(), 1.0)
    if fold < 1.0:
        raise text.refuse(line, f"`{words}` in {well} is diluted 1 in {fold:g}", "a dilution is 1 or more",
                          "the concentration would be divided, not multiplied", f"write `{name} 1:{1 / fold:g}`"
                          if fold > 0 else f"write `{name}`")
    return Place(well, "sample", name, math.nan, "", fold, line)


def standards_of(words: str) -> Standards:
    """Concentrations of the numbered standards: ``1000,500,250 pg/mL``, or ``1000 pg/mL /2 x7`` for a series.

    Raises
    ------
    InputError
        No numbers, no unit, a negative one.
    """
    series = _DILUTION_SERIES.fullmatch(words.strip())
    if series:
        first, unit, step, count = float(series[1]), series[2], float(series[3]), int(series[4])
        if step > 1.0 and 1 <= count <= 96:
            return Standards(tuple(first / step**n for n in range(count)), unit)
        raise _refused(words)
    *front, last = [part.strip() for part in words.split(",")]
    end = re.fullmatch(rf"{_NUMBER}\s*(.*)", last)
    if end is None:
        raise _refused(words)
    front = [part.removesuffix(end[2]).strip() for part in front]  # a unit after each is the same unit
    if not all(re.fullmatch(_NUMBER, part) for part in front):
        raise _refused(words)
    if not end[2]:
        raise error("--standards", f"`{words}` has no unit", "results are in the unit of the standards",
                    "they would mean nothing", f'write --standards "{words} pg/mL"')
    return Standards((*map(float, front), float(end[1])), end[2])


def _refused(words: str) -> InputError:
    return error("--standards", f"`{words}` is not a list of concentrations",
                 "it is written `1000,500,250 pg/mL`, or `1000 pg/mL /2 x7` for seven steps of two",
                 "the curve would have no concentrations", "list std1, std2 ... in their order, then the unit")
