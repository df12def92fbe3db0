"""Equations of reactions as text: ``A + 2 B -> C``."""

from __future__ import annotations

import re
from typing import Final

from vesica.errors import TextError

_ARROW: Final = re.compile(r"<?->")
_PART: Final = re.compile(r"^(?:(\d+)\s*\*?\s*)?([A-Za-z][A-Za-z0-9_]*)$")


class EquationError(TextError):
    """The text of an equation cannot be used."""

    def __init__(self, wrote: str, consequence: str, fix: str) -> None:
        super().__init__(wrote, "an equation is `A + 2 B -> C`; either side may be empty", consequence, fix)


def read_equation(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """What goes in and what comes out, each with its whole number.

    Raises
    ------
    EquationError
        It is not an equation.
    """
    arrows = _ARROW.findall(text)
    if arrows == ["<->"]:
        raise EquationError(f"`{text}` goes both ways", "there would be two rates for one reaction",
                            "write two reactions, one for each way")
    if len(arrows) != 1:
        raise EquationError(f"`{text}` has {len(arrows)} arrows", "what goes in and what comes out is unclear",
                            "write one `->`")
    left, right = (_side(side, text) for side in _ARROW.split(text))
    if not left and not right:
        raise EquationError(f"`{text}` is empty", "nothing would change", "name what goes in or comes out")
    return left, right


def _side(side: str, text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in side.split("+") if side.strip() else ():
        match = _PART.match(part.strip())
        if match is None or match[1] == "0":
            raise EquationError(f"`{part.strip()}` in `{text}` is no molecule with a whole number",
                                "what goes in and what comes out is unclear", "write it like `2 A`")
        found[match[2]] = found.get(match[2], 0) + int(match[1] or 1)
    return found
