"""Functions a kernel may use, each with its derivatives.

Called with floats they compute, with pint quantities they check dimensions, with sympy
symbols they stay symbolic, so that the engine can differentiate a kernel and print it as
code. A kernel uses only ``+ - * / **`` and these functions, and never branches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Function:
    """A scalar function that kernels may call.

    Parameters
    ----------
    name : str
        As it appears in generated code.
    value : callable of floats
        Plain scalar code that numba can compile.
    partials : tuple of str or None
        Name of the function that is the derivative by each argument; None where the
        derivative is not used (arguments that are never states).
    pure : bool
        Arguments and value are pure numbers; otherwise the first two arguments share a
        dimension and the value is a pure number (`hill`).
    """

    name: str
    value: Callable[..., float]
    partials: tuple[str | None, ...]
    pure: bool = True

    def __call__(self, *args: Any) -> Any:
        """Value for floats, quantities or symbols."""
        if any(hasattr(arg, "free_symbols") for arg in args):
            return symbolic(self.name)(*args)
        if any(hasattr(arg, "dimensionality") for arg in args):
            return self.value(*(_magnitude(arg, args, pure=self.pure) for arg in args))
        return self.value(*args)


def _magnitude(arg: Any, args: tuple[Any, ...], *, pure: bool) -> float:
    """Plain number of a quantity, after the dimension check the function demands."""
    if not hasattr(arg, "dimensionality"):
        return float(arg)
    if pure or (arg is args[-1] and len(args) > 2):
        return float(arg.to("dimensionless").magnitude)
    return float(arg.to(args[0].units).magnitude)


def _exp(x: float) -> float:
    return math.exp(x)


def _log(x: float) -> float:
    return math.log(x)


def _reciprocal(x: float) -> float:
    return 1.0 / x


def _inverse(x: float) -> float:
    return 1.0 / x if x > 0.0 else 0.0


def _inverse_slope(x: float) -> float:
    return -1.0 / (x * x) if x > 0.0 else 0.0


def _hill(x: float, half: float, n: float) -> float:
    if x <= 0.0:
        return 0.0
    if x < half:  # either way the power cannot overflow
        power = (x / half) ** n
        return power / (1.0 + power)
    return 1.0 / (1.0 + (half / x) ** n)


def _hill_dx(x: float, half: float, n: float) -> float:
    if x <= 0.0:  # one-sided slope: 1/half for n = 1, else 0
        return 1.0 / half if n == 1.0 else 0.0
    power = (x / half) ** n if x < half else (half / x) ** n
    return n * (power / (1.0 + power) ** 2 / x)


def _hill_dhalf(x: float, half: float, n: float) -> float:
    if x <= 0.0:
        return 0.0
    power = (x / half) ** n if x < half else (half / x) ** n
    return -n * power / (1.0 + power) ** 2 / half


def _power(x: float, n: float) -> float:
    if x <= 0.0:  # a level that a solver puts a hair below zero is none
        return 0.0 if n > 0.0 else 1.0 if n == 0.0 else math.inf
    return x**n


def _power_dx(x: float, n: float) -> float:
    if x <= 0.0:
        return 1.0 if n == 1.0 else 0.0
    return n * x ** (n - 1.0)


def _power_dn(x: float, n: float) -> float:
    return x**n * math.log(x) if x > 0.0 else 0.0


def _hill_dn(x: float, half: float, n: float) -> float:
    if x <= 0.0:
        return 0.0
    power = (x / half) ** n if x < half else (half / x) ** n
    return power / (1.0 + power) ** 2 * math.log(x / half)
_NONE: Final = 1e-200  # fewer targets than this are none: numbers over them could overflow
_ALL: Final = 700.0  # shots for each target, from which on exp of minus so many is nothing


def _hit_share(shots: float, targets: float) -> float:
    return -math.expm1(-shots / targets) if targets > _NONE and shots > 0.0 else 0.0


def _hit_share_dshots(shots: float, targets: float) -> float:
    if targets <= _NONE or shots > _ALL * targets:
        return 0.0
    return math.exp(-shots / targets) / targets if shots > 0.0 else 1.0 / targets


def _hit_share_dtargets(shots: float, targets: float) -> float:
    if targets <= _NONE or shots <= 0.0 or shots > _ALL * targets:
        return 0.0
    mean = shots / targets
    return -mean * math.exp(-mean) / targets


FUNCTIONS: Final[dict[str, Function]] = {
    f.name: f
    for f in (
        Function("exp", _exp, ("exp",)),
        Function("log", _log, ("reciprocal",)),
        Function("reciprocal", _reciprocal, (None,)),
        Function("inverse", _inverse, ("inverse_slope",)),
        Function("inverse_slope", _inverse_slope, (None,)),
        Function("power", _power, ("power_dx", "power_dn")),
        Function("power_dx", _power_dx, (None, None)),
        Function("power_dn", _power_dn, (None, None)),
        Function("hill", _hill, ("hill_dx", "hill_dhalf", "hill_dn"), pure=False),
        Function("hill_dx", _hill_dx, (None, None, None), pure=False),
        Function("hill_dhalf", _hill_dhalf, (None, None, None), pure=False),
        Function("hill_dn", _hill_dn, (None, None, None), pure=False),
        Function("hit_share", _hit_share, ("hit_share_dshots", "hit_share_dtargets"), pure=False),
        Function("hit_share_dshots", _hit_share_dshots, (None, None), pure=False),
        Function("hit_share_dtargets", _hit_share_dtargets, (None, None), pure=False),
    )
}
exp: Final = FUNCTIONS["exp"]
log: Final = FUNCTIONS["log"]
hill: Final = FUNCTIONS["hill"]
power: Final = FUNCTIONS["power"]  # of a number that is not below zero
hit_share: Final = FUNCTIONS["hit_share"]  # of targets that shots, fallen on them by chance, hit at least once
inverse: Final = FUNCTIONS["inverse"]  # 1/x, and 0 where there is nothing left to divide by


def symbolic(name: str) -> Any:
    """The sympy function of that name, whose derivatives are the ones declared here."""
    import sympy  # heavy, and needed only to generate code

    if name not in _SYMBOLIC:
        partials = FUNCTIONS[name].partials

        def fdiff(self: Any, argindex: int = 1) -> Any:
            partial = partials[argindex - 1]
            if partial is None:
                raise ArithmeticError(f"{name} has no derivative by its argument {argindex}")
            return symbolic(partial)(*self.args)

        _SYMBOLIC[name] = type(name, (sympy.Function,), {"fdiff": fdiff})
    return _SYMBOLIC[name]


_SYMBOLIC: dict[str, Any] = {}
