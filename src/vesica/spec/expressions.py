"""Arithmetic that users write for rates and values: parsed into a frozen tree, never evaluated as code.

``+ - * / **``, numbers, names, and the functions `FUNCTIONS`. Numbers are pure; a quantity with a unit is a
constant with a name. `unit_of` proves that dimensions fit; the engine binds a tree to its small kernels.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vesica import maths
from vesica.errors import TextError, nearest
from vesica.units import readable, registry

FUNCTIONS: Final[dict[str, int]] = {"hill": 3, "exp": 1, "ln": 1, "sqrt": 1}  # name: number of arguments
_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
_BINDING: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}
LONGEST: Final = 10_000  # characters
DEEPEST: Final = 200  # levels of a tree


class ExpressionError(TextError):
    """The text of an expression cannot be used."""


@dataclass(frozen=True)
class Number:
    """A pure number."""

    value: float


@dataclass(frozen=True)
class Name:
    """A value of the cell, by its word."""

    name: str


@dataclass(frozen=True)
class Call:
    """An operator (``+ - * / **``) or a function of `FUNCTIONS` with its arguments."""

    function: str
    args: tuple[Expression, ...]


Expression = Number | Name | Call


def parse(text: str) -> Expression:
    """The tree of a text such as ``k * A / (K + A)``.

    Raises
    ------
    ExpressionError
        It is not arithmetic.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError("it is longer than 10 000 characters")
        return _tree(ast.parse(text.strip().replace("^", "**"), mode="eval").body, text, 0)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as failure:
        if isinstance(failure, ExpressionError):
            raise
        raise ExpressionError(f"`{text}` cannot be read", "an expression is arithmetic in names and numbers",
                              "there is nothing to compute", "write it like `k * A / (K + A)`") from None


def _tree(node: ast.expr, text: str, depth: int) -> Expression:
    if depth > DEEPEST:
        raise ValueError("too deep")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and math.isfinite(value):
            return Number(float(value))
        case ast.Name(id=name):
            return Name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _tree(operand, text, depth + 1)
            return Number(-inner.value) if isinstance(inner, Number) else Call("*", (Number(-1.0), inner))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _tree(operand, text, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            parts = _tree(left, text, depth + 1), _tree(right, text, depth + 1)
            if isinstance(op, ast.Div) and parts[1] == Number(0.0):
                raise ExpressionError(f"`{text}` divides by zero", "what stands under `/` is not zero",
                                      "it has no value", "divide by something else")
            return Call(_OPERATORS[type(op)], parts)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise ExpressionError(f"`{name}` in `{text}` is not a known function",
                                      f"functions are {', '.join(FUNCTIONS)}", "it cannot be computed",
                                      nearest(name, FUNCTIONS))
            if len(args) != FUNCTIONS[name]:
                raise ExpressionError(f"`{name}` in `{text}` has {len(args)} arguments",
                                      f"`{name}` takes {FUNCTIONS[name]}", "it cannot be computed",
                                      "write `hill(x, half_max, n)`" if name == "hill" else f"write `{name}(x)`")
            found = tuple(_tree(arg, text, depth + 1) for arg in args)
            if name == "hill" and isinstance(found[2], Number) and found[2].value <= 0:
                raise ExpressionError(f"`{text}` has a Hill coefficient of {found[2].value:g}",
                                      "a Hill coefficient is above zero", "it could not be computed where `x` is zero",
                                      "write `1 - hill(x, half_max, n)` for what falls as `x` rises")
            return Call(name, found)
    raise ExpressionError(f"`{ast.unparse(node)}` in `{text}` is not arithmetic",
                          "an expression holds names, numbers, `+ - * / **` and the functions "
                          f"{', '.join(FUNCTIONS)}", "it cannot be computed", "write it like `k * A / (K + A)`")


def names_in(tree: Expression) -> Iterator[str]:
    """Every name in a tree, as often as it stands there."""
    match tree:
        case Name(name):
            yield name
        case Call(_, args):
            for arg in args:
                yield from names_in(arg)


def renamed(tree: Expression, words: Mapping[str, Expression]) -> Expression:
    """The tree with some names replaced by other trees."""
    match tree:
        case Name(name):
            return words.get(name, tree)
        case Call(function, args):
            return Call(function, tuple(renamed(arg, words) for arg in args))
    return tree


def product(*factors: Expression) -> Expression:
    """The product of some trees."""
    found, *rest = factors
    for factor in rest:
        found = Call("*", (found, factor))
    return found


def written(tree: Expression, above: int = 0) -> str:
    """The tree as text that `parse` reads again."""
    match tree:
        case Number(value):
            text = f"{value:.17g}"
            return f"({text})" if value < 0 and above else text
        case Name(name):
            return name
        case Call(function, args) if function in _BINDING:
            own = _BINDING[function]
            left = written(args[0], own + (function == "**"))
            right = written(args[1], own + (function in "-/"))
            text = f"{left} {function} {right}"
            return f"({text})" if own < above else text
        case Call(function, args):
            return f"{function}({', '.join(written(arg) for arg in args)})"
    raise TypeError(tree)


def value_of(tree: Expression, values: Mapping[str, float]) -> float:
    """The value of a tree; `KeyError` for a name without one."""
    match tree:
        case Number(value):
            return value
        case Name(name):
            return values[name]
        case Call(function, args):
            return float(_OF[function](*(value_of(arg, values) for arg in args)))
    raise TypeError(tree)


_OF: Final[dict[str, Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "**": lambda a, b: a**b, "hill": maths.hill, "exp": math.exp, "ln": math.log, "sqrt": math.sqrt,
}  # fmt: skip


def unit_of(tree: Expression, units: Mapping[str, str]) -> str:
    """The unit of a tree, in internal units, as text.

    Parameters
    ----------
    units : mapping of name to internal unit

    Raises
    ------
    ExpressionError
        Dimensions do not fit, or a name is not among ``units``.
    """
    return str(_unit(tree, units, written(tree)).to_root_units().u)


def _unit(tree: Expression, units: Mapping[str, str], text: str) -> Any:
    quantity = registry().Quantity
    match tree:
        case Number():
            return quantity(1.0, "dimensionless")
        case Name(name):
            if name not in units:
                raise ExpressionError(f"`{name}` in `{text}` is not known", "an expression is made of values of the "
                                      "cell and its network", "it cannot be computed", nearest(name, units))
            return quantity(1.0, units[name] or "dimensionless")
        case Call(function, args):
            return _unit_of_call(function, [_unit(arg, units, text) for arg in args], args, text)
    raise TypeError(tree)


def _unit_of_call(function: str, found: list[Any], args: tuple[Expression, ...], text: str) -> Any:
    pure = registry().Quantity(1.0, "dimensionless")
    result = pure
    if function in "+-":
        _same(found[0], found[1], args, text, f"`{function}` stands between equal units")
        result = found[0]
    elif function in "*/":
        result = found[0] * found[1] if function == "*" else found[0] / found[1]
    elif function == "hill":
        _same(found[0], found[1], args, text, "`hill(x, half_max, n)` compares equal units")
        _same(found[2], pure, args[2:], text, "a Hill coefficient is a pure number")
    elif function == "sqrt":
        result = found[0] ** 0.5
    elif function == "**":
        _same(found[1], pure, args[1:], text, "an exponent is a pure number")
        result = pure if found[0].dimensionless else found[0] ** _written_out(args, found, text)
    else:
        _same(found[0], pure, args, text, f"`{function}` takes a pure number")
    return result


def _written_out(args: tuple[Expression, ...], found: list[Any], text: str) -> float:
    if isinstance(args[1], Number):
        return args[1].value
    raise ExpressionError(f"`{written(args[0])}` in `{text}` has the unit `{readable(str(found[0].u))}`",
                          "what is raised to a power that is not written out is a pure number",
                          "the unit of the result would depend on a parameter",
                          "divide it by a constant of its unit first, or use `hill(x, half_max, n)`")


def _same(first: Any, second: Any, args: tuple[Expression, ...], text: str,
          rule: str) -> None:
    if first.dimensionality != second.dimensionality:
        here = " and ".join(f"`{written(arg)}`" for arg in args[:2])
        raise ExpressionError(f"{here} in `{text}`: `{readable(str(first.u))}` and "
                              f"`{readable(str(second.u))}`", rule,
                              "unlike things would be added or compared",
                              "give it in mol per volume, as `10 nM`: an expression does not know whose molar mass "
                              "to use" if "gram" in f"{first.u} {second.u}" else
                              "numbers are pure: put a quantity with its unit under `constants:`")
