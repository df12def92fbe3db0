"""Numbers as people read them: three digits, thousands separators, powers of ten."""

from __future__ import annotations

import math
from typing import Final

MISSING: Final = "–"
SUPERSCRIPT: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def counted(count: int, noun: str) -> str:
    """``1 sample``, ``1,200 samples``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def cells_named(name: str, count: float = 2.0) -> str:
    """``astrocytes``, ``1 neuron``'s ``neuron``, ``microglia``; names that are no words take ``cells``."""
    if name.endswith("glia"):
        return name
    if not (name.isalpha() and name.islower()) or name.endswith("s"):
        return f"{name} cell{'s' * (count != 1)}"
    return name if count == 1 else f"{name}s"


def percent(share: object) -> str:
    """A share between 0 and 1 as per cent."""
    if not is_number(share):
        return MISSING
    x = 100.0 * float(share)  # type: ignore[arg-type]
    if 99.9 < x < 100.0:
        return "> 99.9 %"
    return f"{number(x)} %"


def is_number(value: object) -> bool:
    """Whether a value is a finite number (and not a truth value)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def number(value: object, digits: int = 3) -> str:
    """A number with ``digits`` significant digits: ``12,300``, ``1.2×10⁶``, ``0.00825``."""
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if not is_number(value):
        return MISSING
    x = float(value)  # type: ignore[arg-type]
    if x == 0.0:
        return "0"
    mantissa, exponent = f"{abs(x):.{digits - 1}e}".split("e")
    power = int(exponent)
    sign = "−" if x < 0 else ""
    if power >= 6 or power < -3:
        trimmed = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        head = "" if trimmed == "1" else f"{trimmed}×"
        return f"{sign}{head}10{str(power).translate(SUPERSCRIPT)}"
    rounded = float(f"{mantissa}e{power}")
    decimals = max(digits - 1 - power, 0)
    text = f"{rounded:,.{decimals}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
