"""What an SBML file says, as frozen data: ids, numbers and expressions as text, in the units of the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vesica.errors import Finding


@dataclass(frozen=True)
class SbmlUnit:
    """A unit: ``scale`` times powers of the internal units.

    Parameters
    ----------
    scale : float
        Internal units in one of it.
    powers : (name, exponent) pairs
        Of ``molecule``, ``um``, ``s``, ``g`` and ``kelvin``, without zeros, sorted by name.
    """

    scale: float = 1.0
    powers: tuple[tuple[str, float], ...] = ()

    def times(self, other: SbmlUnit, power: float = 1.0) -> SbmlUnit:
        """The unit times a power of another."""
        total = dict(self.powers)
        for name, exponent in other.powers:
            total[name] = total.get(name, 0.0) + power * exponent
        kept = tuple(sorted((name, exponent) for name, exponent in total.items() if exponent))
        return SbmlUnit(self.scale * other.scale**power, kept)


@dataclass(frozen=True)
class SbmlCompartment:
    """A compartment with its size in the file's unit of volume (None: not given)."""

    id: str
    size: float | None
    dimensions: int = 3
    label: str = ""
    line: int = 0


@dataclass(frozen=True)
class SbmlSpecies:
    """A species.

    Parameters
    ----------
    initial : float or None
        Amount where ``starts_as_amount``, otherwise concentration.
    is_boundary : bool
        Reactions do not change it.
    is_amount : bool
        Expressions mean its amount by its id (``hasOnlySubstanceUnits``), otherwise its concentration.
    """

    id: str
    compartment: str
    initial: float | None
    starts_as_amount: bool
    is_boundary: bool
    is_constant: bool
    is_amount: bool
    label: str = ""
    line: int = 0


@dataclass(frozen=True)
class SbmlParameter:
    """A parameter, of one reaction where ``reaction`` names it; ``unit`` is None where the file gives none."""

    id: str
    value: float | None
    unit: SbmlUnit | None = None
    reaction: str = ""
    label: str = ""
    line: int = 0


@dataclass(frozen=True)
class SbmlReaction:
    """A reaction: whole numbers used and made, and its law (substance per time) as text; None: unsupported."""

    id: str
    used: tuple[tuple[str, int], ...]
    made: tuple[tuple[str, int], ...]
    modifiers: tuple[str, ...]
    law: str | None
    is_reversible: bool = False
    label: str = ""
    line: int = 0


@dataclass(frozen=True)
class SbmlRule:
    """``variable = expression`` or, for the kind "rate", its rate of change; None: unsupported."""

    variable: str
    kind: Literal["assignment", "rate"]
    expression: str | None
    line: int = 0


@dataclass(frozen=True)
class SbmlPart:
    """A part that cannot be used.

    ``blocks`` says whether the rest is undefined without it: a law or a rule, but not an event.
    """

    kind: str
    id: str
    line: int
    says: str
    blocks: bool = True


@dataclass(frozen=True)
class SbmlModel:
    """A file of SBML.

    Parameters
    ----------
    time, substance, volume : SbmlUnit or None
        Units of the file; None where it gives none (Level 3).
    unsupported : tuple of SbmlPart
        Everything in the file that is not in the other fields and would change what the model does.
    findings : tuple of Finding
        Remarks, none of them an error.
    """

    file: str
    id: str
    label: str
    level: int
    version: int
    sha256: str
    time: SbmlUnit | None
    substance: SbmlUnit | None
    volume: SbmlUnit | None
    compartments: tuple[SbmlCompartment, ...]
    species: tuple[SbmlSpecies, ...]
    parameters: tuple[SbmlParameter, ...]
    reactions: tuple[SbmlReaction, ...]
    rules: tuple[SbmlRule, ...]
    unsupported: tuple[SbmlPart, ...]
    findings: tuple[Finding, ...] = ()
