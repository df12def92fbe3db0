"""What a difference between two models is made of, and when two values are the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar

from vesica.spec.expressions import Call, Expression, Name, written

# Two spellings of a number (60 min, 1 h) differ by a few roundings, two numbers that a person chose by more.
CLOSE: Final = 1e-12
GROUPS: Final = (
    "Dish and run", "Cells", "Networks", "Phenotypes", "Variability", "Rules", "Numbers",
    "Same value, other source or range", "Switches", "Arms", "Published directions", "Measured files",
)
Side = Literal["A", "B", ""]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Change:
    """One difference.

    Parameters
    ----------
    group : one of `GROUPS`
    what : str
        What differs.
    side : "A", "B" or ""
        Where it is alone; empty where both have it, and differ.
    first, second : str
        How it is in A and in B.
    ratio : float, optional
        B / A, of numbers.
    note : str
        Where the values come from, or what else goes with it.
    """

    group: str
    what: str
    side: Side = ""
    first: str = ""
    second: str = ""
    ratio: float | None = None
    note: str = ""

    @property
    def says(self) -> str:
        """The difference as a sentence without the final full stop."""
        if self.side:
            detail = self.first or self.second
            text = f"{self.what}: only in {self.side}" + (f", {detail}" if detail else "")
        else:
            times = f" (x {self.ratio:.4g})" if self.ratio is not None else ""
            text = f"{self.what}: {self.first} in A, {self.second} in B{times}"
        return text + (f"; {self.note}" if self.note else "")

    def turned(self, what: str) -> Change:
        """The same under another name."""
        return replace(self, what=what)


def same(one: Any, other: Any) -> bool:
    """Equal, or equal up to rounding; sequences item by item."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=CLOSE) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def canonical(tree: Expression) -> str:
    """Text of an expression that is the same whatever the order of what is added and multiplied."""
    match tree:
        case Call("+" | "*" as sign, _):
            return f"({f' {sign} '.join(sorted(map(canonical, _operands(tree, sign))))})"
        case Call("hill" | "exp" | "ln" | "sqrt" as function, args):
            return f"{function}({', '.join(map(canonical, args))})"
        case Call(sign, args):
            return f"({f' {sign} '.join(map(canonical, args))})"
        case Name(name):
            return name
    return written(tree)


def _operands(tree: Expression, sign: str) -> Iterator[Expression]:
    if isinstance(tree, Call) and tree.function == sign:
        for arg in tree.args:
            yield from _operands(arg, sign)
    else:
        yield tree


def fields(group: str, what: str, one: Any, other: Any, shown: Mapping[str, tuple[str, Callable[[Any], str]]]
           ) -> Iterator[Change]:
    """Changes of some fields of two records: field -> words, how it is shown."""
    for name, (words, show) in shown.items():
        here, there = getattr(one, name), getattr(other, name)
        if not same(here, there):
            yield Change(group, f"{what} {words}".strip(), "", show(here), show(there))


def by_name(group: str, what: str, one: Mapping[str, Item], other: Mapping[str, Item],
            detail: Callable[[Item], str], differ: Callable[[str, Item, Item], Iterable[Change]]) -> Iterator[Change]:
    """Changes of two tables: what one has alone, and what differs in both."""
    for name in sorted({*one, *other}):
        title = f"{what} {name}".strip()
        if name in one and name in other:
            yield from differ(title, one[name], other[name])
        elif name in one:
            yield Change(group, title, "A", first=detail(one[name]))
        else:
            yield Change(group, title, "B", second=detail(other[name]))


def sets(group: str, what: str, one: Collection[str], other: Collection[str]) -> Iterator[Change]:
    """Names that only one of two collections has."""
    yield from (Change(group, f"{what} {name}", "A") for name in sorted(set(one) - set(other)))
    yield from (Change(group, f"{what} {name}", "B") for name in sorted(set(other) - set(one)))


def left_over(one: Sequence[Item], other: Sequence[Item], is_same: Callable[[Item, Item], bool]
              ) -> tuple[list[Item], list[Item]]:
    """What of two lists has no partner in the other, in order."""
    rest = list(other)
    alone: list[Item] = []
    for item in one:
        partner = next((at for at, there in enumerate(rest) if is_same(item, there)), None)
        if partner is None:
            alone.append(item)
        else:
            del rest[partner]
    return alone, rest
