"""Reads what a user wrote as numbers, collecting findings instead of stopping at the first."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from vesica.errors import Finding, InputError, Severity, article, nearest
from vesica.spec.model import Origin
from vesica.spec.resolved import DEFINITION, Parameter
from vesica.spec.vocabulary import CONTACT, Field
from vesica.units import factor, split, to_internal

LIBRARY: Final = "library:cns"
# last words of paths whose value cannot be zero, cannot pass one, or must pass one
POSITIVE: Final = frozenset({
    "cell_volume", "membrane_area", "capture_radius", "ilv_capacity", "ilv_diameter_median", "ilv_diameter_low",
    "microvesicle_diameter_median", "microvesicle_diameter_low", "microvesicle_diameter_high",
    "apoptotic_diameter_median", "apoptotic_diameter_low", "apoptotic_diameter_high",
    "prepared_diameter_median", "prepared_diameter_low", "prepared_diameter_high", "cutoff", "ceiling",
    "ilv_diameter_high", "temperature", "viscosity", "half_max", "hill", "reference",
})  # fmt: skip
SHARES: Final = frozenset({"escrt_share", "released_share", "carry_over", "apoptotic_cargo_share",
                           "recovery", "corona", "corona_share", "efficiency", "loss_per_cycle"})
ABOVE_ONE: Final = frozenset({"ilv_diameter_gsd", "microvesicle_diameter_gsd", "apoptotic_diameter_gsd",
                              "prepared_diameter_gsd", "cutoff_gsd"})


BY_DEFINITION: Final = "where a level begins before cells come to rest, or what holds where nothing is said"


@dataclasses.dataclass(frozen=True)
class Given:
    """A number on its way into the model: text of a quantity or ``@entry.id``, and the place it stands."""

    text: str | float
    place: str

    @property
    def is_definition(self) -> bool:
        """Whether it says what nothing is, rather than how much: nobody chose it, and the library cites nobody."""
        return not self.entry and (self.place == "default" or self.place.startswith("library:"))

    @property
    def entry(self) -> str:
        """Id of the library entry, or nothing."""
        return self.text[1:].strip() if isinstance(self.text, str) and self.text.startswith("@") else ""


class Notes:
    """Collects findings and gives them their file and line."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.findings: list[Finding] = []

    @classmethod
    def elsewhere(cls) -> Notes:
        """Notes of somebody who does not know the file; the caller gives them their lines."""
        return cls(Origin())

    def add(self, severity: Severity, path: str, wrote: str, rule: str, consequence: str, fix: str) -> None:
        """Note one finding at a path of the model file (or ``library:...``)."""
        finding = Finding(severity, path, wrote, rule, consequence, fix)
        self.take(finding)

    def take(self, *findings: Finding) -> None:
        """Note findings made elsewhere."""
        for finding in findings:
            place = (LIBRARY, None) if finding.path.startswith("library:") else self.origin.place(finding.path)
            located = finding if finding.file else finding.located(*place)
            if located not in self.findings:
                self.findings.append(located)

    def unknown(self, path: str, what: str, name: str, known: Iterable[str], consequence: str) -> None:
        """Note a name that is not known, with the nearest one."""
        rule = f"{article(what)} {what} has to be defined before it is used"
        self.add("error", path, f"`{name}` is not a known {what}", rule, consequence, nearest(name, known))

    @property
    def has_errors(self) -> bool:
        """Whether anything noted so far stops a run."""
        return any(finding.severity == "error" for finding in self.findings)

    def has_errors_at(self, *paths: str) -> bool:
        """Whether an error was noted at one of these places or below."""
        below = tuple(f"{path}." for path in paths)
        return any(finding.severity == "error" and f"{finding.path}.".startswith(below) for finding in self.findings)

    def quantity(
        self, text: str | float, unit: str, path: str, *, molar_mass: float | None = None, bare: str = "",
        positive: bool = False, at_least: float = 0.0, at_most: float = math.inf,
    ) -> float | None:
        """A quantity in the internal unit, or ``None`` with a finding.

        Parameters
        ----------
        text, unit, path, molar_mass
            As for `units.to_internal`.
        bare : str
            Unit that a number without one has, for counts.
        positive : bool
            Whether zero is refused too.
        at_least, at_most : float
            Smallest and largest value that have a meaning, in the internal unit.
        """
        try:
            value = to_internal(_with_bare_unit(text, bare), unit, path, molar_mass=molar_mass)
        except InputError as failure:
            self.take(*failure.findings)
            return None
        if value < min(at_least, 0.0) or (positive and value == 0.0):
            least = "more than zero" if positive else "zero or more" if at_least == 0.0 else f"{at_least:g} or more"
            self.add("error", path, f"`{text}` is {'negative' if value < 0 else 'zero'}", f"it is {least}",
                     "amounts and rates would run backwards or divide by zero", f"write a value of {least}")
            return None
        if value > at_most:
            self.add("error", path, f"`{text}` is more than {at_most:g}", f"it is at most {at_most:g}",
                     "it would have no meaning", f"write a value up to {at_most:g}")
            return None
        return value


def _with_bare_unit(text: str | float, bare: str) -> str | float:
    """``30 %`` as ``30 percent``, and a number without a unit in the unit ``bare``."""
    if isinstance(text, str):
        text = text.strip()
        if text.endswith("%"):
            return f"{text[:-1]} percent"
    if bare:
        try:
            value, unit = split(text)
        except ValueError:
            return text
        if not unit and math.isfinite(value):
            return f"{value!r} {bare}"
    return text


def limits(path: str) -> dict[str, Any]:
    """What a parameter may be, told by its name."""
    name = path.rpartition(".")[2]
    return {"positive": name in POSITIVE, "at_least": -1.0 if name == "correlation" else 0.0,
            "at_most": 1.0 if name in SHARES or name == "correlation" or name.startswith(CONTACT) else math.inf}


def from_entry(path: str, field: Field, entry_id: str, entry: Any, molar_mass: float | None = None) -> Parameter:
    """A parameter that rests on a library entry, converted to the internal unit.

    Raises
    ------
    InputError
        The entry has another dimension than the field.
    """
    def convert(value: float) -> float:
        return to_internal(f"{value!r} {entry.unit}".strip(), field.unit, path, molar_mass=molar_mass)

    value = convert(entry.value)
    bounds = [convert(bound) for bound in (entry.low, entry.high)]
    return Parameter(path, value, field.unit, min(bounds), max(bounds), entry.confidence, entry_id, entry.source,
                     entry.doi, entry.reason, f"{entry.value:g} {entry.unit}".strip())


def parameter(
    path: str, field: Field, given: Given, entries: Mapping[str, Any], notes: Notes, molar_mass: float | None = None
) -> Parameter | None:
    """The parameter a `Given` means, or ``None`` with a finding."""
    if given.entry:
        if given.entry not in entries:
            notes.unknown(given.place, "library entry", given.entry, entries, f"`{path}` would have no value")
            return None
        try:
            return from_entry(path, field, given.entry, entries[given.entry], molar_mass)
        except InputError as failure:
            notes.take(*(dataclasses.replace(finding, path=given.place) for finding in failure.findings))
            return None
    bare = field.unit if field.unit in ("cell",) else ""
    allowed = limits(path)
    allowed["positive"] |= field.positive
    value = notes.quantity(given.text, field.unit, given.place, molar_mass=molar_mass, bare=bare, **allowed)
    if value is None:
        return None
    if path.rpartition(".")[2] in ABOVE_ONE and value <= 1.0:
        notes.add("error", given.place, f"`{given.text}` is not above 1", "a geometric standard deviation is above 1",
                  "all vesicles would have one size, and the size law would divide by zero",
                  "write a value such as `1.3`")
        return None
    said: dict[str, Any] = {"confidence": "given", "source": "given in the model"}
    if given.is_definition:
        said = {"confidence": "known", "source": DEFINITION, "reason": BY_DEFINITION}
    return Parameter(path, value, field.unit, value, value, shown=str(given.text), **said)


def seconds(text: str | float, path: str, notes: Notes, *, positive: bool = False) -> float | None:
    """A time in s."""
    return notes.quantity(text, "s", path, positive=positive)


def molar_mass_of(text: str | float | None, path: str, notes: Notes) -> float | None:
    """A molar mass in g/mol, or ``None`` where none is given."""
    return None if text is None else notes.quantity(text, "g/mol", path, positive=True)


def entry_molar_mass(entry: Any) -> float:
    """A library entry's molar mass in g/mol."""
    return float(entry.value) * factor(entry.unit, "g/mol")
