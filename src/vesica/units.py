"""Internal units (um, s, molecule, vesicle, cell) and the one conversion at the edge.

pint's default registry reads ``EV`` as exavolt, so a small one of our own is built, in
which vesicle, cell and molecule are dimensions. Amounts of substance are molecules.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vesica.errors import error

if TYPE_CHECKING:
    import pint

AVOGADRO: Final = 6.02214076e23  # SI definition, exact

_PREFIXES: Final = """
femto- = 1e-15 = f-
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = u- = µ- = μ-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
kilo- = 1e3 = k-
mega- = 1e6 = M-
"""
_DEFINITIONS: Final = """
micron = [length] = um = µm = μm
meter = 1e6 * micron = m = metre
nanometer = 1e-3 * micron = nm
millimeter = 1e3 * micron = mm
centimeter = 1e4 * micron = cm
second = [time] = s = sec
minute = 60 * second = min
hour = 3600 * second = h = hr
day = 86400 * second = d
week = 604800 * second
gram = [mass] = g
dalton = 1.66053906660e-24 * gram = Da
molecule = [molecule] = _ = copy = copies = molecules
vesicle = [vesicle] = EV = EVs = vesicles = particle = particles
cell = [cell] = cells
kelvin = [temperature] = K
mole = 6.02214076e23 * molecule = mol
liter = 1e15 * micron ** 3 = L = l = litre
molar = mole / liter = M
percent = 0.01
pascal = kilogram / meter / second ** 2 = Pa
"""

_WORD: Final = re.compile(r"[^\W\d_]+")
_EXAMPLES: Final = {
    "molecule": "a number, `1e4 molecule`: a concentration times the volume of the cell (1 nM is 0.602 in 1 um^3)",
    "molecule/um^3": "a concentration, such as `10 nM` or `100 ng/mL`", "s": "a time, such as `48 h`",
    "um": "a length, such as `35 mm`", "um^3": "a volume, such as `2 mL`", "1/s": "a rate, such as `0.1 1/h`",
    "cell": "a number of cells, such as `1e6`", "g/mol": "a molar mass, such as `120 g/mol`",
}  # fmt: skip
CONCENTRATION: Final = "molecule/um^3"
MASS_CONCENTRATION: Final = "g/um^3"


@dataclass(frozen=True)
class Unit:
    """Tag of a field: the internal unit its value is converted to."""

    symbol: str


@functools.cache
def registry() -> pint.UnitRegistry:
    """The registry, built once and only when a quantity is read."""
    import pint  # heavy: imported where used

    ureg = pint.UnitRegistry(None, case_sensitive=True)
    ureg.load_definitions((_PREFIXES + _DEFINITIONS).strip().splitlines())
    return ureg


_NUMBER: Final = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf|[+-]?nan)\s*(.*)$", re.IGNORECASE)


def split(text: str | float) -> tuple[float, str]:
    """Number and unit text of ``"40 mM"``; a bare number has the unit ``""``.

    Raises
    ------
    ValueError
        When no number stands at the start.
    """
    if isinstance(text, bool):
        raise ValueError("a yes/no value is not a quantity")
    if isinstance(text, int | float):
        return float(text), ""
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f"`{text}` does not begin with a number")
    unit = match[2].strip()
    return float(match[1]), f"1{unit}" if unit.startswith("/") else unit


@functools.lru_cache(maxsize=4096)
def factor(unit: str, internal: str) -> float:
    """How many ``internal`` units one ``unit`` is; raises ``ValueError`` where they differ in dimension."""
    import pint

    if unit == internal:
        return 1.0
    try:
        here = registry().Quantity(1.0, unit or "dimensionless")
        return float(here.to(internal or "dimensionless").magnitude)
    except pint.DimensionalityError as failure:
        raise ValueError(str(failure)) from failure
    except (pint.UndefinedUnitError, pint.DefinitionSyntaxError, AttributeError, TypeError, SyntaxError) as failure:
        raise ValueError(f"unknown unit `{unit}`") from failure
    except Exception as failure:  # pint's tokenizer raises bare exceptions on broken unit text
        raise ValueError(f"`{unit}` is not a unit") from failure


def to_internal(text: str | float, internal: str, path: str, *, molar_mass: float | None = None) -> float:
    """Read a quantity and convert it.

    Parameters
    ----------
    text : str or float
        ``"40 mM"``; a bare number is accepted only where ``internal`` has no dimension.
    internal : str
        Unit to convert to, e.g. ``"1/s"``, ``""`` for a pure number.
    path : str
        Where it was written, for the error.
    molar_mass : g/mole, optional
        Turns a mass concentration into molecules per volume.

    Raises
    ------
    InputError
        Not a number, not finite, wrong dimension, or a mass concentration without a molar mass.
    """
    try:
        value, unit = split(text)
    except ValueError:
        raise error(path, f"`{as_written(text)}` stands where a quantity is expected",
                    "a quantity is a number and a unit",
                    "it cannot be used in an equation", f"write it like `1.5 {internal}`") from None
    if not math.isfinite(value):
        raise error(path, f"`{text}` is not finite", "every quantity is a finite number",
                    "it would spread through every state of the run", "write a finite number") from None
    try:
        return value * factor(unit, internal)
    except ValueError as failure:
        if internal == CONCENTRATION and _is_mass_concentration(unit):
            if molar_mass is None:
                raise error(path, f"`{text}` is a mass per volume", "concentrations count molecules",
                            "without a molar mass the number of molecules is unknown",
                            "give `molar_mass:` to the agent, or write a molar concentration such as `10 nM`") from None
            return value * factor(unit, MASS_CONCENTRATION) / molar_mass * AVOGADRO
        what = f"`{unit}` has another dimension" if "Cannot convert" in str(failure) else str(failure)
        fix = near_unit(unit, internal) if what.startswith("unknown unit") else ""
        wrote = f"`{text}`: {what}" if unit else f"`{as_written(text)}` has no unit"
        raise error(path, wrote, f"a quantity in `{internal or 'plain numbers'}` is expected here",
                    "it would be off by orders of magnitude without any other sign",
                    fix or f"write {_EXAMPLES.get(internal) or f'a value with the dimension of `{internal or 1}`'}",
                    ) from None


def as_written(text: str | float) -> str:
    """A number as the user may have written it: ``100``, where YAML and pydantic made ``100.0`` of it."""
    return f"{text:.12g}" if isinstance(text, float) else str(text)


def near_unit(unit: str, internal: str) -> str:
    """``did you mean `ng/mL`?`` for a slip in one word of a unit, or nothing."""
    known = _unit_words()
    unknown = [word for word in _WORD.findall(unit) if word not in known]
    if len(unknown) != 1:
        return ""
    slip = unknown[0]
    close = [word for word in known if word.lower() == slip.lower()]
    close += difflib.get_close_matches(slip, known, n=8, cutoff=0.6)
    whole = [unit.replace(slip, word) for word in dict.fromkeys(close)]
    fits = [candidate for candidate in whole if _converts(candidate, internal)]
    return f"did you mean `{(fits or whole)[0]}`?" if whole else ""


@functools.cache
def _unit_words() -> tuple[str, ...]:
    """Every unit of the registry, and the prefixed ones that people write."""
    words = {name for line in _DEFINITIONS.strip().splitlines() for name in line.replace(" ", "").split("=")}
    words = {word for word in words if _WORD.fullmatch(word) and len(word.strip("_"))}
    return tuple(sorted(words | {prefix + unit for prefix in "fpnumk" for unit in ("M", "mol", "g", "L", "l", "s")}))


def _converts(unit: str, internal: str) -> bool:
    try:
        factor(unit, internal)
    except ValueError:
        return internal == CONCENTRATION and _is_mass_concentration(unit)
    return True


def _is_mass_concentration(unit: str) -> bool:
    try:
        factor(unit, MASS_CONCENTRATION)
    except ValueError:
        return False
    return True


def internal_unit(unit: str) -> str:
    """The internal unit of the same dimension: ``micron ** 3 / molecule / second`` for ``1/(uM*s)``.

    Raises
    ------
    ValueError
        It is not a unit.
    """
    factor(unit, unit + "*1" if unit else "")  # raises where pint would raise something of its own
    return str(registry().Quantity(1.0, unit or "dimensionless").to_root_units().units)


def readable(unit: str) -> str:
    """An internal unit as people write it: ``uM/h`` for ``molecule / micron ** 3 / second``, ``1`` for none.

    Concentrations are in uM and times in hours; `factor` converts a value.
    """
    powers = {name: float(power) for name, power in registry().Quantity(1.0, unit or "dimensionless").u._units.items()}
    share = powers.get("molecule", 0.0)
    if share and powers.get("micron") == -3.0 * share:
        del powers["molecule"], powers["micron"]
        powers = {"uM": share, **powers}
    if powers.get("second"):
        powers["h"] = powers.pop("second")
    short = {"micron": "um", "second": "s", "kelvin": "K"}
    above = [_power(short.get(name, name), power) for name, power in powers.items() if power > 0]
    below = [_power(short.get(name, name), -power) for name, power in powers.items() if power < 0]
    under = f"({'*'.join(below)})" if len(below) > 1 else "".join(below)
    return ("*".join(above) or "1") + (f"/{under}" if under else "")


def _power(name: str, power: float) -> str:
    return name if power == 1.0 else f"{name}^{power:g}"
