"""MathML of an SBML file as the text of our expressions: ``+ - * / **``, ``exp``, ``ln``, ``sqrt``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

DEEPEST: Final = 150  # levels of a formula
LONGEST: Final = 100_000  # characters


class UnsupportedMath(Exception):
    """A formula holds something that our expressions do not have; says what."""


class Formulas:
    """Turns the formulas of one file into text, with its functions written out.

    Parameters
    ----------
    functions : iterable of libsbml.FunctionDefinition

    Attributes
    ----------
    numbers : list of (name, value, unit id)
        Numbers in formulas that carry a unit; the text names them.
    """

    def __init__(self, functions: Iterable[Any]) -> None:
        import libsbml

        self.lib: Any = libsbml
        self.functions = {one.getId(): one for one in functions}
        self.numbers: list[tuple[str, float, str]] = []

    def text(self, node: Any) -> str:
        """The text of a formula (libsbml.ASTNode).

        Raises
        ------
        UnsupportedMath
            Something has no exact rewriting in our expressions.
        """
        return self._text(node, 0, {})

    def _text(self, node: Any, depth: int, bound: Mapping[str, str]) -> str:
        if node is None:
            raise UnsupportedMath("no formula")
        if depth > DEEPEST:
            raise UnsupportedMath(f"a formula of more than {DEEPEST} levels")
        lib, kind = self.lib, node.getType()
        if kind == lib.AST_NAME_AVOGADRO:
            return _number(float(node.getValue()))
        if node.isNumber():
            return self._number(node)
        if kind == lib.AST_NAME:
            return bound.get(node.getName(), str(node.getName()))
        constants = {lib.AST_CONSTANT_E: math.e, lib.AST_CONSTANT_PI: math.pi}
        if kind in constants:
            return _number(constants[kind])
        if kind not in self._arithmetic() and not (kind == lib.AST_FUNCTION and node.getName() in self.functions):
            raise UnsupportedMath(self._what(node))
        parts = [self._text(node.getChild(place), depth + 1, bound) for place in range(node.getNumChildren())]
        if sum(map(len, parts)) > LONGEST:
            raise UnsupportedMath(f"a formula of more than {LONGEST} characters")
        if kind == lib.AST_FUNCTION:
            made = self.functions[node.getName()]
            names = [made.getArgument(place).getName() for place in range(made.getNumArguments())]
            if len(names) != len(parts):
                raise UnsupportedMath(f"`{node.getName()}` with {len(parts)} arguments instead of {len(names)}")
            return f"({self._text(made.getBody(), depth + 1, dict(zip(names, parts, strict=True)))})"
        return self._applied(node, parts)

    def _arithmetic(self) -> frozenset[int]:
        lib = self.lib
        return frozenset({lib.AST_PLUS, lib.AST_MINUS, lib.AST_TIMES, lib.AST_DIVIDE, lib.AST_POWER,
                          lib.AST_FUNCTION_POWER, lib.AST_FUNCTION_EXP, lib.AST_FUNCTION_LN, lib.AST_FUNCTION_LOG,
                          lib.AST_FUNCTION_ROOT})

    def _applied(self, node: Any, parts: list[str]) -> str:  # noqa: PLR0911 - one line an operator
        lib, kind = self.lib, node.getType()
        if kind == lib.AST_PLUS:
            return f"({' + '.join(parts)})" if parts else "0"
        if kind == lib.AST_TIMES:
            return f"({' * '.join(parts)})" if parts else "1"
        if kind == lib.AST_MINUS and len(parts) in (1, 2):
            return f"(-1 * {parts[0]})" if len(parts) == 1 else f"({parts[0]} - {parts[1]})"
        if kind == lib.AST_DIVIDE and len(parts) == 2:
            return f"({parts[0]} / {parts[1]})"
        if kind in (lib.AST_POWER, lib.AST_FUNCTION_POWER) and len(parts) == 2:
            return f"({parts[0]})**({parts[1]})"
        if kind == lib.AST_FUNCTION_EXP and len(parts) == 1:
            return f"exp({parts[0]})"
        if kind == lib.AST_FUNCTION_LN and len(parts) == 1:
            return f"ln({parts[0]})"
        if kind == lib.AST_FUNCTION_LOG and parts:
            base = parts[0] if len(parts) == 2 else "10"
            return f"(ln({parts[-1]}) / ln({base}))"
        if kind == lib.AST_FUNCTION_ROOT and parts:
            degree = node.getChild(0)
            if len(parts) == 1 or (degree.isNumber() and float(degree.getValue()) == 2.0):
                return f"sqrt({parts[-1]})"
            return f"({parts[1]})**(1 / {parts[0]})"
        raise UnsupportedMath(self._what(node))

    def _what(self, node: Any) -> str:
        lib = self.lib
        return {
            lib.AST_NAME_TIME: "the time of the run (csymbol time)",
            lib.AST_FUNCTION_DELAY: "a delay (csymbol delay)",
            lib.AST_FUNCTION_RATE_OF: "a rate of change (csymbol rateOf)",
            lib.AST_FUNCTION_PIECEWISE: "a choice between cases (piecewise)",
        }.get(node.getType(), f"the function `{node.getName() or (lib.formulaToL3String(node) or '?')[:40]}`")

    def _number(self, node: Any) -> str:
        value = float(node.getValue())
        if not math.isfinite(value):
            raise UnsupportedMath("a number that is not finite")
        unit = str(node.getUnits() or "")
        if unit and unit != "dimensionless":
            name = f"number_{len(self.numbers) + 1}"
            self.numbers.append((name, value, unit))
            return name
        return _number(value)


def _number(value: float) -> str:
    return f"{value:.17g}" if value >= 0 else f"({value:.17g})"
