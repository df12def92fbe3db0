"""Formulas of derived entries: plain arithmetic over ids, worked out with units.

A formula holds numbers, ids of entries, ``pi``, ``k_B``, ``vesicle``, ``molecule``,
``+ - * / **``, ``ln``, ``exp`` and ``sqrt``; anything else is refused. Nothing is ever
handed to the Python interpreter.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from vesica.library.records import Entry
from vesica.units import registry

if TYPE_CHECKING:
    import pint

BOLTZMANN: Final = (1.380649e-23, "Pa * m**3 / K")  # J/K, SI definition, exact

_OPERATORS: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: Final[Mapping[str, Callable[[float], float]]] = {"ln": math.log, "exp": math.exp}


def evaluate(formula: str, entries: Mapping[str, Entry]) -> pint.Quantity[float]:
    """Value of a formula, with its unit.

    Parameters
    ----------
    formula : str
        ``"ln(2) / mirna.half_life"``.
    entries : mapping
        Entries by id; the formula uses their values.

    Raises
    ------
    ValueError
        Something other than arithmetic, an unknown id, or units that do not fit.
    """
    import pint

    try:
        result: pint.Quantity[float] = registry().Quantity(1.0) * _value(
            ast.parse(formula, mode="eval").body, entries
        )
    except (SyntaxError, pint.DimensionalityError) as failure:
        raise ValueError(f"`{formula}`: {failure}") from failure
    return result


def ids(formula: str) -> set[str]:
    """The entry ids a formula uses."""
    body = ast.parse(formula, mode="eval").body
    return set(_names(body)) - {"pi", "k_B", "vesicle", "molecule"}


def _names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        return [_dotted(node)]
    if isinstance(node, ast.Call):
        return [name for argument in node.args for name in _names(argument)]
    return [
        name for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) for name in _names(child)
    ]


def _value(node: ast.expr, entries: Mapping[str, Entry]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name() | ast.Attribute():
            return _quantity(_dotted(node), entries)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, entries)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, entries), _value(right, entries))
        case ast.Call(func=ast.Name(id="sqrt"), args=[argument], keywords=[]):
            return _value(argument, entries) ** 0.5
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            pure = registry().Quantity(1.0) * _value(argument, entries)
            return _FUNCTIONS[name](pure.to("dimensionless").magnitude)
    raise ValueError(f"`{ast.unparse(node)}` is not arithmetic over entries")


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    raise ValueError(f"`{ast.unparse(node)}` is not the id of an entry")


def _quantity(name: str, entries: Mapping[str, Entry]) -> Any:
    quantity = registry().Quantity
    match name:
        case "pi":
            return math.pi
        case "k_B":
            return quantity(*BOLTZMANN)
        case "vesicle" | "molecule":
            return quantity(1.0, name)
    if name not in entries:
        raise ValueError(f"`{name}` is not the id of an entry")
    return quantity(entries[name].value, entries[name].unit or "dimensionless")
