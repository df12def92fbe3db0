"""Binds an expression to the small kernels of `biology.arithmetic`: nothing of a model is ever compiled.

Equal parts of expressions are one value: a value is named by its kernel and arguments.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from vesica.engine.table import LITERAL, TableBuilder
from vesica.spec.expressions import Call, Expression, Name, Number

KERNEL_OF: Final[dict[str, str]] = {
    "+": "total", "-": "difference", "*": "product", "/": "quotient", "**": "raised",
    "exp": "exponential", "ln": "logarithm", "hill": "hill_share",
}  # fmt: skip
LONGEST_NAME: Final = 160
MOST_FACTORS: Final = 8  # whole powers up to this are products, exact for any sign


def bind(tree: Expression, look_up: Callable[[str], str], table: TableBuilder) -> str:
    """Value name of an expression.

    Parameters
    ----------
    look_up : function
        Value name of a word.
    """
    match tree:
        case Number(value):
            return table.derive(f"{LITERAL}{value!r}")
        case Name(name):
            return look_up(name)
        case Call("sqrt", (arg,)):
            return bind(Call("**", (arg, Number(0.5))), look_up, table)
        case Call("**", (base, Number(value))) if value == int(value) and 1 <= value <= MOST_FACTORS:
            return _chain([bind(base, look_up, table)] * int(value), table)
        case Call(function, args):
            return _assigned(KERNEL_OF[function], [bind(arg, look_up, table) for arg in args], table)
    raise TypeError(tree)


def assign(target: str, tree: Expression, look_up: Callable[[str], str], table: TableBuilder) -> str:
    """Give an expression a name of its own; returns it."""
    value = bind(tree, look_up, table)
    return table.assign(target, "product", value, table.derive(f"{LITERAL}{1.0!r}"))


def factors(tree: Expression, look_up: Callable[[str], str], table: TableBuilder) -> tuple[str, ...]:
    """Value names whose product is the expression; a flux multiplies them itself."""
    match tree:
        case Call("*", (left, right)):
            return (*factors(left, look_up, table), *factors(right, look_up, table))
        case Call("**", (base, Number(value))) if value == int(value) and 1 <= value <= MOST_FACTORS:
            return factors(base, look_up, table) * int(value)
        case Number(1.0):
            return ()
    return (bind(tree, look_up, table),)


def _chain(names: list[str], table: TableBuilder) -> str:
    found, *rest = names
    for name in rest:
        found = _assigned("product", [found, name], table)
    return found


def _assigned(kernel: str, args: list[str], table: TableBuilder) -> str:
    name = f"{kernel}({', '.join(args)})"
    if len(name) > LONGEST_NAME:
        name = f"{kernel}(#{hashlib.sha256(name.encode()).hexdigest()[:20]})"
    return table.assign(name, kernel, *args)
