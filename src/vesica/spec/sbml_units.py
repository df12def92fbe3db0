"""Units of an SBML network: those that the file leaves out follow from its laws, and contradictions are found.

A unit is a vector of exponents of the internal units and the logarithm of its scale, so that every law is a linear
equation between units: substance per time on one side, the units of what it reads on the other.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.readers.sbml_record import SbmlUnit
from vesica.spec.expressions import Call, Expression, Name, Number, names_in, value_of, written
from vesica.units import factor

DIMENSIONS: Final = ("molecule", "um", "s", "g", "kelvin")
_CLOSE: Final = 1e-9  # of exponents, and of the logarithm of a scale
Vector = NDArray[np.float64]  # exponents of DIMENSIONS, logarithm of the scale
PURE: Final[Vector] = np.zeros(len(DIMENSIONS) + 1)
_TIMES: Final = ("s", "min", "h", "d")
_SUBSTANCES: Final = ("molecule", "mol", "mmol", "umol", "nmol", "pmol", "fmol")
_VOLUMES: Final = ("um**3", "L", "mL", "uL", "nL", "pL", "fL")
_CONCENTRATIONS: Final = ("M", "mM", "uM", "nM", "pM", "molecule/um**3")


def vector(unit: SbmlUnit) -> Vector:
    """A unit of a file as exponents and the logarithm of its scale."""
    powers = dict(unit.powers)
    return np.array([*(powers.get(name, 0.0) for name in DIMENSIONS), math.log(unit.scale)])


def same(one: Vector, other: Vector) -> bool:
    """Whether two units are one."""
    return bool(np.all(np.abs(one - other) < _CLOSE))


def text_of(unit: Vector) -> tuple[float, str]:
    """A number and the name of a unit that together are this unit: ``(1.0, "1/(uM*min)")``."""
    molecules, length, time = (_tidy(value) for value in unit[:3])
    if not np.any(np.abs(unit[:-1]) > _CLOSE):
        return math.exp(unit[-1]) if abs(unit[-1]) > _CLOSE else 1.0, ""
    if not np.any(np.abs(unit[3:-1]) > _CLOSE):
        is_concentration = abs(length + 3.0 * molecules) < _CLOSE
        lists = [(_CONCENTRATIONS, molecules)] if is_concentration else [(_SUBSTANCES, molecules),
                                                                         (_VOLUMES, length / 3.0)]
        used = [(names, power) for names, power in [*lists, (_TIMES, time)] if power]
        for chosen in itertools.product(*(names for names, _ in used)):
            parts = [(name, power) for name, (_, power) in zip(chosen, used, strict=True)]
            scale = sum(power * math.log(_internal(name)) for name, power in parts)
            if abs(scale - unit[-1]) < _CLOSE:
                return 1.0, _joined(parts)
    parts = [(name, _tidy(power)) for name, power in zip(DIMENSIONS, unit, strict=False) if abs(power) > _CLOSE]
    return math.exp(unit[-1]), _joined(parts)


def _tidy(value: float) -> float:
    return round(value) if abs(value - round(value)) < _CLOSE else float(value)


def _internal(name: str) -> float:
    kinds = {_TIMES: "s", _SUBSTANCES: "molecule", _VOLUMES: "um**3", _CONCENTRATIONS: "molecule/um**3"}
    return factor(name, next(unit for names, unit in kinds.items() if name in names))


def _joined(parts: list[tuple[str, float]]) -> str:
    def one(name: str, power: float) -> str:
        base = f"({name})" if "/" in name and (power != 1 or len(parts) > 1) else name
        return base if power == 1 else f"{base}**{power:g}"

    over = "*".join(one(name, power) for name, power in parts if power > 0)
    under = [one(name, -power) for name, power in parts if power < 0]
    if not under:
        return over
    return f"{over or '1'}/{under[0]}" if len(under) == 1 else f"{over or '1'}/({'*'.join(under)})"


@dataclass(frozen=True)
class Form:
    """A unit that may rest on units not known yet: ``known + sum of power * unknown``."""

    known: Vector
    unknown: Mapping[str, float] = field(default_factory=dict)

    def plus(self, other: Form, power: float = 1.0) -> Form:
        """Of a product with a power of another value."""
        total = dict(self.unknown)
        for name, count in other.unknown.items():
            total[name] = total.get(name, 0.0) + power * count
        kept = {name: count for name, count in total.items() if abs(count) > _CLOSE}
        return Form(self.known + power * other.known, kept)


@dataclass(frozen=True)
class Clash:
    """Two units that a law holds equal and that are not."""

    text: str
    one: Vector
    other: Vector


class Units:
    """Finds units that are not given from the laws that read them.

    Parameters
    ----------
    known : mapping of name to unit
        Names that are not among them get a unit from the laws, or are pure numbers.
    """

    def __init__(self, known: Mapping[str, Vector]) -> None:
        self.known = dict(known)
        self.solved: dict[str, Form] = {}

    def of(self, name: str) -> Vector:
        """The unit of a name, once all laws were seen."""
        return self.resolved(self.name(name))

    def resolved(self, form: Form) -> Vector:
        """The unit that a form came to, once all laws were seen."""
        return self._resolved(form).known

    def learn(self, tree: Expression, wanted: Form, clashes: list[Clash]) -> None:
        """Take up a law and the unit it should have; what contradicts is added to ``clashes``."""
        found = self._form(tree, clashes)
        if not is_literal(tree):
            self._equate(found, wanted, tree, clashes)

    def name(self, name: str) -> Form:
        """The unit of a name, as far as it is known."""
        return Form(self.known[name]) if name in self.known else Form(PURE, {name: 1.0})

    def _resolved(self, form: Form) -> Form:
        while held := [name for name in form.unknown if name in self.solved]:
            name = held[0]
            count = form.unknown[name]
            rest = Form(form.known, {key: value for key, value in form.unknown.items() if key != name})
            form = rest.plus(self.solved[name], count)
        return form

    def _equate(self, one: Form, other: Form, tree: Expression, clashes: list[Clash]) -> None:
        rest = self._resolved(one.plus(other, -1.0))
        if rest.unknown:
            name, count = next(iter(rest.unknown.items()))
            others = Form(rest.known, {key: value for key, value in rest.unknown.items() if key != name})
            self.solved[name] = Form(PURE.copy()).plus(others, -1.0 / count)
        elif not same(rest.known, PURE):
            clashes.append(Clash(written(tree), self._resolved(one).known, self._resolved(other).known))

    def _form(self, tree: Expression, clashes: list[Clash]) -> Form:
        match tree:
            case Name(name):
                return self.name(name)
            case Call(function, args):
                return self._call(function, args, tree, clashes)
        return Form(PURE)

    def _call(self, function: str, args: tuple[Expression, ...], tree: Expression, clashes: list[Clash]) -> Form:
        forms = [self._form(arg, clashes) for arg in args]
        pure = Form(PURE)
        if function in "*/":
            return forms[0].plus(forms[1], 1.0 if function == "*" else -1.0)
        if function in ("+", "-", "hill"):
            if not (is_literal(args[0]) or is_literal(args[1])):
                self._equate(forms[0], forms[1], tree, clashes)
            if function == "hill":
                self._make_pure(forms[2], tree)
                return pure
            return forms[1] if is_literal(args[0]) else forms[0]
        if function == "sqrt" or (function == "**" and is_literal(args[1])):
            power = 0.5 if function == "sqrt" else value_of(args[1], {})
            return pure.plus(forms[0], power)
        for form in forms:  # exp, ln, and powers that are not written out
            self._make_pure(form, tree)
        return pure

    def _make_pure(self, form: Form, tree: Expression) -> None:
        """A pure number where the unit is still open; what is known and is not pure is divided by its unit later."""
        if self._resolved(form).unknown:
            self._equate(form, Form(PURE), tree, [])


def is_literal(tree: Expression) -> bool:
    """Whether a tree holds numbers only."""
    return next(names_in(tree), None) is None


class Fitter:
    """Rewrites laws so that every unit fits, without changing a number as the file means it.

    A file's numbers are in its own units; dividing by such a unit, and multiplying by another, leaves them as they
    are. ``constants`` takes up the units that were needed, each a constant such as ``one_uM: 1 uM``.
    """

    def __init__(self, units: Units, taken: Collection[str]) -> None:
        self.units, self.taken = units, taken
        self.constants: dict[str, str] = {}

    def fit(self, tree: Expression, wanted: Vector) -> Expression:
        """The tree with a unit."""
        found, unit = self._fit(tree)
        return self._turn(found, unit, wanted)

    def _turn(self, tree: Expression, unit: Vector, wanted: Vector) -> Expression:
        if same(unit, wanted):
            return tree
        if not same(unit, PURE):
            tree = Call("/", (tree, self._one(unit)))
        return tree if same(wanted, PURE) else Call("*", (tree, self._one(wanted)))

    def _one(self, unit: Vector) -> Name:
        number, text = text_of(unit)
        slug = re.sub(r"[\W_]+", "_", text.replace("/", "_per_")).strip("_")
        stem = name = f"one_{slug}" if number == 1.0 else f"unit_{slug or 'pure'}"
        quantity = f"{number!r} {text}".strip() if number != 1.0 else f"1 {text}"
        for place in itertools.count(2):
            if name not in self.taken and self.constants.setdefault(name, quantity) == quantity:
                return Name(name)
            name = f"{stem}_{place}"
        raise AssertionError

    def _fit(self, tree: Expression) -> tuple[Expression, Vector]:
        match tree:
            case Name(name):
                return tree, self.units.of(name)
            case Call(function, args):
                return self._fit_call(function, args)
        return tree, PURE

    def _fit_call(self, function: str, args: tuple[Expression, ...]) -> tuple[Expression, Vector]:
        fitted = [self._fit(arg) for arg in args]
        trees, units = [tree for tree, _ in fitted], [unit for _, unit in fitted]
        if function in "*/":
            return Call(function, tuple(trees)), units[0] + (units[1] if function == "*" else -units[1])
        if function in ("+", "-", "hill"):
            wanted = units[1] if is_literal(args[0]) else units[0]
            sides = [self._turn(tree, unit, wanted) for tree, unit in fitted[:2]]
            if function == "hill":
                return Call("hill", (*sides, self._turn(trees[2], units[2], PURE))), PURE
            return Call(function, tuple(sides)), wanted
        if function == "sqrt":
            return Call("sqrt", (trees[0],)), 0.5 * units[0]
        if function == "**" and is_literal(args[1]):
            power = value_of(args[1], {})
            return Call("**", (trees[0], Number(power))), power * units[0]
        return Call(function, tuple(self._turn(*one, PURE) for one in fitted)), PURE


def with_hill(tree: Expression) -> Expression:
    """``x**n / (k**n + x**n)`` as ``hill(x, k, n)``, which needs no unit of a power that is not written out."""
    if not isinstance(tree, Call):
        return tree
    args = tuple(with_hill(arg) for arg in tree.args)
    tree = Call(tree.function, args)
    if tree.function == "/" and isinstance(args[1], Call) and args[1].function == "+":
        powers = [part for part in args[1].args if isinstance(part, Call) and part.function == "**"]
        if len(powers) == 2 and powers[0].args[1] == powers[1].args[1] and not is_literal(powers[0].args[1]):
            factors = list(_factors(args[0]))
            for here, other in (powers, powers[::-1]):
                if here in factors:
                    factors.remove(here)
                    return _product([*factors, Call("hill", (here.args[0], other.args[0], here.args[1]))])
    return tree


def _factors(tree: Expression) -> Iterator[Expression]:
    if isinstance(tree, Call) and tree.function == "*":
        for arg in tree.args:
            yield from _factors(arg)
    else:
        yield tree


def _product(factors: list[Expression]) -> Expression:
    found, *rest = factors
    for one in rest:
        found = Call("*", (found, one))
    return found
