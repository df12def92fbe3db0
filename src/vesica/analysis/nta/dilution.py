"""How much a sample was diluted: from the record, the sheet, the command line or a name, and never applied twice.

Precedence: the record of the instrument, then what the user says (sheet or command line), then a name. What
the user says
against the record is refused; a name that says otherwise is a warning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from vesica.analysis.nta.records import Dilution
from vesica.errors import Finding, error
from vesica.readers.nta_record import NtaFile

_NUMBER: Final = r"(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?(?:[eE]\+?\d+)?)(k?)"
_END: Final = r"(?![A-Za-z0-9]|[.,]\d)"
_START: Final = r"(?<![A-Za-z0-9.,])"
_CERTAIN: Final = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    rf"{_START}1 ?(?::|/| ?in ?| ?to ?)[ _]?{_NUMBER}{_END}",
    rf"{_START}(?:dil|dilution|diluted|df)[ _=-]?{_NUMBER}x?{_END}",
))  # fmt: skip
_SHORT: Final = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (
    rf"{_START}d{_NUMBER}{_END}",
    rf"{_START}{_NUMBER}x{_END}",
))  # fmt: skip
# `d7` may be a day and `10x` a stock or a lens; dilutions for particle tracking are rarely below this.
SHORT_LEAST: Final = 50.0
Said = Literal["command line", "sheet"]
SAME: Final = 1e-6  # relative: two writings of one number


@dataclass(frozen=True)
class Named:
    """A dilution that a name seems to say: the number, the characters, and whether they can mean something else."""

    factor: float
    words: str
    is_certain: bool


def named_dilutions(name: str) -> tuple[Named, ...]:
    """Every dilution in a name: ``1:200``, ``1/200``, ``1to200``, ``dil200``, ``dilution 200``; ``d200``, ``200x``.

    The short forms count only from 50 on: below, ``d7`` is as likely a day and ``10x`` a stock solution.
    """
    found = [
        Named(_value(match), match[0], is_certain=True) for rule in _CERTAIN for match in rule.finditer(name)
    ]
    for rule in _SHORT:
        found += [
            Named(value, match[0], is_certain=value >= SHORT_LEAST)
            for match in rule.finditer(name)
            if (value := _value(match)) > 0
        ]
    return tuple(found)


def without_dilution(name: str) -> str:
    """A name without the parts that say its dilution, and without the blanks this leaves."""
    for one in named_dilutions(name):
        if one.is_certain:
            name = name.replace(one.words, " ")
    return re.sub(r"[ _-]{2,}", " ", name).strip(" _-,;")


def _value(match: re.Match[str]) -> float:
    return float(match[1].replace(",", "")) * (1000.0 if match[2] else 1.0)


def check_factor(factor: float, path: str, **where: object) -> float:
    """The factor, if it is a dilution: finite and at least 1.

    Raises
    ------
    InputError
    """
    if math.isfinite(factor) and factor >= 1.0:
        return factor
    hint = f"write `{1 / factor:g}`" if 0 < factor < 1 else "write how many times it was diluted, as `200`"
    raise error(
        path,
        f"a dilution of {factor:g}",
        "a dilution is 1 or more: 200 means 1 part in 200",
        "concentrations would be scaled the wrong way",
        hint,
        **where,
    )


def dilution_of(file: NtaFile, said: float | None, place: Said) -> tuple[Dilution, tuple[Finding, ...]]:
    """The dilution of one file.

    Parameters
    ----------
    file : NtaFile
    said : dimensionless >= 1, or None
        What the user says.
    place : "command line" or "sheet"

    Raises
    ------
    InputError
        Videos with different dilutions, or the user against the record, or a name against itself.
    """
    recorded, is_applied = _recorded(file)
    name, findings = _name(file)
    if recorded is not None and recorded > 1:
        if said is not None and not _same(said, recorded):
            raise _against_record(file, said, place, recorded, is_applied=is_applied)
        who: Literal["instrument", "vesica"] = "instrument" if is_applied else "vesica"
        done = "the values hold it already" if is_applied else "multiplied here: the values are per mL measured"
        dilution = Dilution(recorded, "record", who, f"{recorded:g}-fold, recorded in the file; {done}")
    elif said is not None:
        dilution = Dilution(said, place, "vesica", f"{said:g}-fold, from the {place}; multiplied here")
    elif name is not None:
        dilution = Dilution(
            name.factor,
            name.source,
            "vesica",
            f"{name.factor:g}-fold, read as `{name.words}` in the {name.source}; multiplied here",
        )
        if recorded == 1:
            findings += (
                _finding(
                    file,
                    f"the file records a dilution of 1, its {name.source} says `{name.words}`",
                    "1 is what stands there when nobody entered a dilution",
                    f"values were multiplied by {name.factor:g}",
                    "if the sample was not diluted, say `--dilution 1`",
                ),
            )
    elif recorded == 1:
        dilution = Dilution(
            1.0,
            "record",
            "instrument" if is_applied else "vesica",
            "1-fold, recorded in the file: undiluted, or never entered",
        )
    else:
        dilution = Dilution(
            None,
            "unknown",
            "nobody",
            "nobody says it: concentrations are those of the suspension that was measured",
        )
    if name is not None and dilution.factor is not None and not _same(name.factor, dilution.factor):
        findings += (
            _finding(
                file,
                f"the {name.source} says `{name.words}`, the dilution used is {dilution.words}",
                "record, then sheet or command line, then name decide on the dilution",
                f"if the name is right, concentrations are off {name.factor / dilution.factor:.3g}-fold",
                "check the laboratory book",
            ),
        )
    return dilution, findings


@dataclass(frozen=True)
class _FromName:
    factor: float
    words: str
    source: Literal["sample name", "file name"]


def _name(file: NtaFile) -> tuple[_FromName | None, tuple[Finding, ...]]:
    """What the sample's name or else the file's name says, and a note about short forms that were passed over."""
    findings: tuple[Finding, ...] = ()
    places: tuple[tuple[Literal["sample name", "file name"], str], ...] = (
        ("sample name", file.sample),
        ("file name", Path(file.file).stem),
    )
    for source, name in places:
        found = named_dilutions(name)
        factors = sorted({one.factor for one in found if one.is_certain})
        if len(factors) > 1:
            raise error(
                Path(file.file).name,
                f"the {source} `{name}` says the dilutions " + " and ".join(f"{factor:g}" for factor in factors),
                "a sample has one dilution",
                "it is not known which one holds",
                f"say it: `--dilution {factors[-1]:g}`, or a column `dilution` in the sample sheet",
                file=file.file,
            )
        if factors:
            words = next(one.words for one in found if one.is_certain)
            return _FromName(factors[0], words.strip(), source), findings
        findings += tuple(
            Finding(
                "note",
                Path(file.file).name,
                f"`{one.words}` in the {source} `{name}` was not taken for a dilution",
                f"short forms count from {SHORT_LEAST:g} on: `d7` may be a day, `10x` a stock solution",
                "if it is one, concentrations are not scaled by it",
                f"say `--dilution {one.factor:g}`",
                file.file,
            )
            for one in found
            if one.factor > 1
        )
    return None, findings


def _recorded(file: NtaFile) -> tuple[float | None, bool]:
    """The one dilution that the file records, and whether its values hold it."""
    factors = sorted({video.dilution for video in file.videos if video.dilution})
    if len(factors) > 1 and not _same(factors[0], factors[-1]):
        raise error(
            Path(file.file).name,
            "its videos record the dilutions " + ", ".join(f"{one:g}" for one in factors),
            "the videos of a file are repeats of one measurement",
            "their mean would mix suspensions",
            "export each dilution to a file of its own",
            file=file.file,
        )
    applied = {video.dilution_applied for video in file.videos if video.dilution}
    return (factors[0], applied == {True}) if factors else (None, False)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * other


def _against_record(file: NtaFile, said: float, place: Said, recorded: float, *, is_applied: bool) -> Exception:
    done = "the instrument has multiplied by it already" if is_applied else "values are multiplied by it here"
    return error(
        Path(file.file).name,
        f"the {place} says a dilution of {said:g}, the file records {recorded:g}",
        f"a recorded dilution is used, and {done}",
        f"concentrations would be multiplied by {said * recorded:g}, or be off {said / recorded:.3g}-fold",
        f"leave the dilution of this file out, or write {recorded:g}; "
        "if the record is wrong, correct it in the instrument's software and export again",
        file=file.file,
    )


def _finding(file: NtaFile, wrote: str, rule: str, consequence: str, fix: str) -> Finding:
    return Finding("warning", Path(file.file).name, wrote, rule, consequence, fix, file.file)


def check_one_basis(dilutions: Sequence[tuple[str, Dilution]]) -> None:
    """Refuse a call in which some files have a dilution and others have none.

    Raises
    ------
    InputError
        Their concentrations would be per mL of different suspensions.
    """
    known = [file for file, dilution in dilutions if dilution.factor is not None]
    unknown = [file for file, dilution in dilutions if dilution.factor is None]
    if known and unknown:
        names = ", ".join(f"`{Path(file).name}`" for file in unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        raise error(
            Path(unknown[0]).name,
            f"no dilution is known for {names}, but for {len(known)} other file(s) it is",
            "concentrations in one table are per mL of the same suspension",
            "per mL of the diluted and of the original suspension would stand side by side",
            "add a column `dilution` to the sample sheet (1 for undiluted), or read these files on their own",
            file=unknown[0],
        )


def together(dilutions: Sequence[Dilution]) -> str:
    """``100-, 200-fold, recorded in the file; ...``: factors with the same grounds in one phrase."""
    grounds: dict[str, list[float]] = {}
    for dilution in dilutions:
        head, comma, rest = dilution.words.partition("-fold, ")
        words = re.sub(r"`[^`]*`", "", rest).replace("read as  in", "read in") if comma else head
        grounds.setdefault(words, []).append(dilution.factor or 0.0)
    phrases = []
    for words, factors in grounds.items():
        shown = [f"{factor:g}" for factor in sorted(set(factors)) if factor]
        phrases.append(f"{'-, '.join(shown[:6])}{'- ...' * (len(shown) > 6)}-fold, {words}" if shown else words)
    return "; ".join(phrases)
