"""Numbers as people read them: three digits, thousands separators, powers of ten, units."""

from __future__ import annotations

from typing import Final

from vesica.analysis.numbers import MISSING, SUPERSCRIPT, is_number, number, percent

__all__ = [
    "MISSING", "exact", "for_reading", "hours", "is_number", "number", "parameter_texts", "percent", "pretty_unit",
    "ranges", "ratio", "tick", "with_unit",
]

# internal unit -> (factor, unit shown)
_SHOWN: Final[dict[str, tuple[float, str]]] = {
    "1/s": (3600.0, "1/h"),
    "vesicle/s": (3600.0, "EV/h"),
    "molecule/s": (3600.0, "molecules/h"),
    "um^3/s": (3600.0, "µm³/h"),
    "um^3/s/vesicle": (3600.0, "µm³/h"),
    "1/molecule/s": (3600.0, "1/(molecule·h)"),
    "s": (1.0 / 3600.0, "h"),
    "vesicle/um^3": (1e12, "particles/mL"),
    "molecule/um^3": (1.0 / 0.602214076, "nM"),
    "Pa*s": (1e3, "mPa·s"),
    "vesicle": (1.0, "EV"),
    "molecule": (1.0, "molecules"),
    "cell": (1.0, "cells"),
}


def exact(value: object) -> str:
    """A count, with all its digits up to a million."""
    if not is_number(value):
        return MISSING
    x = float(value)  # type: ignore[arg-type]
    return f"{int(x):,}" if x.is_integer() and abs(x) < 1e6 else number(x)


def ratio(value: object, control: object) -> str:
    """``×1.85``, or nothing where a ratio has no meaning."""
    if not is_number(value) or not is_number(control) or float(control) == 0.0:  # type: ignore[arg-type]
        return ""
    return f"×{number(float(value) / float(control))}"  # type: ignore[arg-type]


def pretty_unit(unit: object) -> str:
    """A unit with its proper signs: ``um^3/s`` is shown as ``µm³/s``."""
    text = str(unit or "")
    if text in {"", "1", "dimensionless"}:
        return ""
    out, after_caret = "", False
    for letter in text:
        if letter == "^":
            after_caret = True
        elif after_caret and letter in "0123456789-":
            out += letter.translate(SUPERSCRIPT)
        else:
            after_caret = False
            out += letter
    for written, shown in (("um", "µm"), ("uL", "µL"), ("*", "·"), ("vesicle", "EV")):
        out = out.replace(written, shown)
    return out


def with_unit(value: object, unit: object, digits: int = 3) -> str:
    """A number and its unit, as given."""
    return f"{number(value, digits)} {pretty_unit(unit)}".strip()


def for_reading(unit: object, value: object = None) -> tuple[float, str]:
    """Factor and unit in which an internal unit is shown: h, nm, particles/mL, nM.

    Lengths below one micrometre are shown in nm, which ``value`` decides.
    """
    text = str(unit or "")
    if text == "um" and is_number(value) and abs(float(value)) < 1.0:  # type: ignore[arg-type]
        return 1e3, "nm"
    return _SHOWN.get(text, (1.0, pretty_unit(text)))


def parameter_texts(value: object, unit: object, low: object, high: object) -> tuple[str, str]:
    """Value with unit and range of one parameter, in the units people read."""
    factor, shown = for_reading(unit, value)

    def scaled(x: object) -> str:
        return number(float(x) * factor) if is_number(x) else MISSING  # type: ignore[arg-type]

    same = is_number(low) and is_number(high) and low == high
    span = MISSING if same or not (is_number(low) and is_number(high)) else f"{scaled(low)} to {scaled(high)}"
    return f"{scaled(value)} {shown}".strip(), span


def tick(value: float) -> str:
    """A tick label: as short as it can be without losing the value."""
    return number(value, 4)


def hours(value: object) -> str:
    """A time that is given in hours."""
    return MISSING if not is_number(value) else f"{number(value)} h"


def ranges(numbers: list[int]) -> str:
    """``[1, 2, 3, 5]`` as ``1–3, 5``."""
    parts: list[list[int]] = []
    for n in sorted(numbers):
        if parts and n == parts[-1][-1] + 1:
            parts[-1].append(n)
        else:
            parts.append([n])
    return ", ".join(
        str(p[0]) if len(p) == 1 else f"{p[0]}{'–' if len(p) > 2 else ', '}{p[-1]}" for p in parts
    )
