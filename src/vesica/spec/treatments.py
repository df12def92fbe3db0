"""What the user says is done to cells: exposures, doses of vesicles, interventions."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from vesica.spec.preparation_words import IsolationStep
from vesica.spec.words import ArmName, Name, Names, Quantity, Words, one_or_many

Isolation = Annotated[tuple[IsolationStep, ...], BeforeValidator(one_or_many)]
Face = Literal["x.low", "x.high", "y.low", "y.high", "z.low", "z.high"]
INTERVENTIONS: Final = (
    "knock_out", "knock_down", "inhibitor", "block", "anti_mir", "cloak", "neutralise", "engineer", "cool",
)  # fmt: skip


class ConstantExposure(Words):
    """A constant concentration from one time to another."""

    agent: Name
    concentration: Quantity
    start: Quantity = Field("0 h", alias="from")
    end: Quantity | None = Field(None, alias="to", description="default: the end of the run")
    face: Face | None = Field(None, description="in space: it stands at that wall and comes in from there, `y.low`")


class PulseExposure(Words):
    """One pulse."""

    agent: Name
    concentration: Quantity
    at: Quantity
    length: Quantity
    face: Face | None = Field(None, description="in space: it stands at that wall and comes in from there, `y.low`")


class RepeatedExposure(Words):
    """Equal pulses at equal intervals."""

    agent: Name
    concentration: Quantity
    every: Quantity
    times: Annotated[int, Field(ge=1, le=100_000)]
    length: Quantity
    at: Quantity = "0 h"
    face: Face | None = Field(None, description="in space: it stands at that wall and comes in from there, `y.low`")


class TableExposure(Words):
    """A CSV file of two columns whose headings carry units: `time (h),concentration (mM)`."""

    agent: Name
    csv: str
    face: Face | None = Field(None, description="in space: it stands at that wall and comes in from there, `y.low`")


class DoseSpec(Words):
    """Vesicles from the medium of another arm."""

    doses_from: ArmName
    to: Name | None = Field(None, description="cell type that gets them (default: the only one present)")
    particles_per_cell: Quantity | None = None
    donor_cells_per_cell: Quantity | None = None
    at: Quantity
    carry_over: Quantity = Field(0.0, description="share of the solubles that comes along")
    isolation: Isolation = Field((), description="what is done to the vesicles between the dishes")


class VesiclesSpec(Words):
    """Vesicles of a preparation, into the medium."""

    vesicles: Name
    to: Name | None = Field(None, description="cell type that they are counted for, with `particles_per_cell`")
    concentration: Quantity | None = Field(None, description="in the medium, `1e9 EV/mL`")
    particles_per_cell: Quantity | None = None
    at: Quantity = "0 h"
    isolation: Isolation = Field((), description="what is done to them before")


class AddedSpec(Words):
    """A soluble factor added once, after which it goes its own way."""

    add: Name
    concentration: Quantity = Field(description="by which it rises in the medium")
    at: Quantity = "0 h"
    every: Quantity | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    of: Name | None = Field(None, description="the part of the vessel (default: all of it)")


def exposure_form(value: Any) -> str:
    """Which exposure class a mapping means, told by the keys it has (``~`` marks it in error paths)."""
    keys = set(value) if isinstance(value, dict) else {type(value).__name__}
    for form, marks in (
        ("~dose", {"doses_from", "DoseSpec"}),
        ("~vesicles", {"vesicles", "VesiclesSpec"}),
        ("~added", {"add", "AddedSpec"}),
        ("~table", {"csv", "TableExposure"}),
        ("~repeated", {"every", "times", "RepeatedExposure"}),
        ("~pulse", {"at", "length", "PulseExposure"}),
    ):
        if keys & marks:
            return form
    return "~constant"


ExposureSpec = Annotated[
    Annotated[ConstantExposure, Tag("~constant")]
    | Annotated[PulseExposure, Tag("~pulse")]
    | Annotated[RepeatedExposure, Tag("~repeated")]
    | Annotated[TableExposure, Tag("~table")]
    | Annotated[DoseSpec, Tag("~dose")]
    | Annotated[VesiclesSpec, Tag("~vesicles")]
    | Annotated[AddedSpec, Tag("~added")],
    Discriminator(exposure_form),
]


class KnockOut(Words):
    """Nothing of it is left."""

    knock_out: str
    cells: Names = ()


class KnockDown(Words):
    """A share of it is left."""

    knock_down: str
    to: Quantity
    cells: Names = ()


class Inhibitor(Words):
    """A drug of the library at a concentration: before and during the whole run, or for some time."""

    inhibitor: str
    concentration: Quantity
    cells: Names = ()
    start: Quantity | None = Field(None, alias="from", description="default: long before the run; with `to`: 0 h")
    end: Quantity | None = Field(None, alias="to", description="default: the end of the run")


class Block(Words):
    """One route of communication is cut."""

    block: str
    cells: Names = ()


class AntiMir(Words):
    """An oligonucleotide that binds a miRNA: a share of what is free stays free, own and received."""

    anti_mir: str
    to: Quantity
    cells: Names = ()


class Cloak(Words):
    """Something that covers what binds on the vesicles of a sender: a share of their binding is left."""

    cloak: str
    of: Name = Field(description="cell type that makes the vesicles")
    to: Quantity
    cells: Names = ()


class Neutralise(Words):
    """An antibody against a factor of the medium: where it is made steadily, a share of it is left."""

    neutralise: str
    to: Quantity


class Engineer(Words):
    """Vesicles of a cell type with a ligand that targets them, a fusogen, or more of a cargo."""

    engineer: Name = Field(description="cell type that makes the vesicles")
    targeting: dict[Name, Quantity] = Field(
        default_factory=dict, description="CELL: binding relative to plain vesicles, by a ligand on the surface"
    )
    fusogen: Quantity | None = Field(None, description="escape and fusion relative to plain vesicles")
    cargo: dict[Name, Quantity] = Field(default_factory=dict, description="CARGO: fold of its enrichment")


class Cool(Words):
    """The dish in the cold: uptake and release stop, binding does not."""

    cool: Quantity = Field(description="`4 degC`")


def intervention_form(value: Any) -> str:
    """Which intervention a mapping means."""
    if not isinstance(value, dict):
        return next((f"~{key}" for key in INTERVENTIONS if hasattr(value, key)), "~block")
    return next((f"~{key}" for key in INTERVENTIONS if key in value), "~block")


InterventionSpec = Annotated[
    Annotated[KnockOut, Tag("~knock_out")]
    | Annotated[KnockDown, Tag("~knock_down")]
    | Annotated[Inhibitor, Tag("~inhibitor")]
    | Annotated[Block, Tag("~block")]
    | Annotated[AntiMir, Tag("~anti_mir")]
    | Annotated[Cloak, Tag("~cloak")]
    | Annotated[Neutralise, Tag("~neutralise")]
    | Annotated[Engineer, Tag("~engineer")]
    | Annotated[Cool, Tag("~cool")],
    Discriminator(intervention_form),
]
