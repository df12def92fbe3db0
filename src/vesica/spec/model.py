"""What the user says, in the user's words: frozen data, no look-ups, quantities still as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from vesica.spec.cell_words import CellSpec, NetworkSpec
from vesica.spec.preparation_words import PreparationSpec
from vesica.spec.space_words import PositionsSpec, TissueRunSpec
from vesica.spec.treatments import ExposureSpec, InterventionSpec
from vesica.spec.vessel_words import DomainSpec, HandlingSpec, MediumSpec
from vesica.spec.words import ArmName, Name, Quantity, RuleLine, Words, is_no_truth_value, one_or_many

MOST_REPLICATES: Final = 100_000
MOST_CELLS: Final = 100_000  # of a type, followed one by one


class CargoSpec(Words):
    """A cargo that the library does not know."""

    kind: Literal["mirna", "receptor", "ligand", "protein", "mrna", "lipid", "dye"]
    topology: Literal["lumen", "membrane"]
    label: str = ""
    frees: Name | None = Field(None, description="soluble that it becomes when its vesicle bursts in the medium")


class AgentSpec(Words):
    """An agent that the library does not know."""

    label: str = ""
    molar_mass: Quantity | None = Field(None, description="`120 g/mol`; needed for concentrations by mass")
    evaporation_rate: Quantity | None = Field(None, description="loss to the air, `0.03 1/h`")
    diffusivity: Quantity | None = Field(None, description="in liquid, `100 um^2/s`; where it comes in by a wall")
    decay_rate: Quantity | None = Field(None, description="loss without cells, `0.1 1/h`; where it comes in by a wall")


class SolubleSpec(Words):
    """A secreted factor that the library does not know."""

    decay_rate: Quantity = Field(description="loss from the medium, `0.1 1/h`")
    diffusivity: Quantity | None = Field(None, description="in medium, `100 um^2/s`; by default that of a protein")
    label: str = ""
    molar_mass: Quantity | None = None
    kind: Literal["protein", "rna", "dna", "small"] = Field("protein", description="which enzymes digest it")


class ArmSpec(Words):
    """One condition: only what differs from the base. Maps merge, lists replace."""

    cells: dict[Name, CellSpec] = Field(default_factory=dict)
    exposures: tuple[ExposureSpec, ...] | None = None
    interventions: tuple[InterventionSpec, ...] | None = None
    handling: tuple[HandlingSpec, ...] | None = None
    parameters: dict[str, Quantity] = Field(default_factory=dict)
    against: ArmName | None = Field(None, description="arm that tables compare this one with")


class RunSpec(Words):
    """Length, output, fidelity and seed."""

    duration: Quantity
    every: Quantity = Field("30 min", description="interval of output")
    fidelity: str = Field(
        "well_mixed", description="`well_mixed` (means), `stochastic` (whole numbers), or `tissue` (cells in space)"
    )
    replicates: Annotated[int, BeforeValidator(is_no_truth_value), Field(ge=1, le=MOST_REPLICATES)] = Field(
        1, description="independent runs of every arm; only where chance is in the run"
    )
    cells_at_most: Annotated[int, BeforeValidator(is_no_truth_value), Field(ge=1, le=MOST_CELLS)] = Field(
        1000, description="cells of a type followed one by one; a larger dish is run as a sample"
    )
    window: Quantity | None = Field(None, description="longest time rates are held in a stochastic run, `10 min`")
    nodes: Annotated[int, BeforeValidator(is_no_truth_value), Field(ge=1, le=25)] | None = Field(
        None, description="nodes of quadrature along each factor by which cells differ, in a mean field"
    )
    tissue: TissueRunSpec = Field(default_factory=TissueRunSpec, description="how a run in space goes")
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    relative_tolerance: Annotated[float, Field(gt=0, le=1e-2)] = 1e-8
    absolute_tolerance: Annotated[float, Field(gt=0, le=1.0)] = 1e-8


class OptionSpec(Words):
    """One option of the model's own switch."""

    says: str
    rules: tuple[RuleLine, ...] = ()
    without_rules: tuple[str, ...] = ()
    parameters: dict[str, Quantity] = Field(default_factory=dict)


class SwitchSpec(Words):
    """A contested choice that the model itself declares."""

    label: str = ""
    source: str = ""
    options: Annotated[dict[Name, OptionSpec], Field(min_length=2)]
    use: str
    structure: bool = False


def switch_form(value: Any) -> str:
    """A library switch is chosen by a word, an own one is a mapping."""
    return "~own" if isinstance(value, dict | SwitchSpec) else "~choice"


SwitchUse = Annotated[
    Annotated[str, Tag("~choice")] | Annotated[SwitchSpec, Tag("~own")], Discriminator(switch_form)
]


class PublishedSpec(Words):
    """A published direction to hold the run against."""

    key: Name
    says: str
    source: str
    quantity: str
    arm: ArmName
    against: ArmName
    direction: Literal["increase", "decrease", "no_change"]
    presupposed_by: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = ()
    at: Quantity | None = Field(None, description="time of the comparison; default: the end of the run")


class MeasuredSizes(Words):
    """A size table of an instrument; it is inverted through the instrument, never used as it stands."""

    file: str
    instrument: Literal["nta"]
    cell: Name


class MeasuredCargo(Words):
    """One miRNA counted in cells and in their vesicles, untreated and treated."""

    cargo: Name
    row: str
    cells: str
    evs: str
    control: str
    treated: str
    agent: Name
    cell: Name
    half_max: Quantity
    hill: Quantity = 1.0


class MeasuredSpec(Words):
    """Numbers read from the user's own files."""

    sizes: MeasuredSizes | None = None
    cargo: tuple[MeasuredCargo, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where a model came from; two models that say the same are equal wherever they came from."""

    file: str = field(default="", compare=False)
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict, compare=False)

    def place(self, path: str) -> tuple[str | None, int | None]:
        """File and line of a path, or of the nearest path above it."""
        here = path
        while here and here not in self.places:
            here = here[: max(here.rfind("."), here.rfind("["), 0)]
        return self.places.get(here, (self.file or None, None))


class ModelSpec(Words):
    """A whole model file."""

    vesica: Literal[1] = Field(description="version of the model format")
    title: str = "Untitled"
    use: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = Field(
        ("library:cns",), description="`library:cns`, or other model files to start from"
    )
    domain: DomainSpec
    medium: MediumSpec = Field(default_factory=MediumSpec)
    cells: dict[Name, CellSpec] = Field(default_factory=dict)
    positions: PositionsSpec | None = Field(None, description="cells with positions, from a file")
    cargo: dict[Name, CargoSpec] = Field(default_factory=dict)
    agents: dict[Name, AgentSpec] = Field(default_factory=dict)
    solubles: dict[Name, SolubleSpec] = Field(default_factory=dict)
    networks: dict[Name, NetworkSpec] = Field(default_factory=dict, description="reaction networks inside cells")
    preparations: dict[Name, PreparationSpec] = Field(
        default_factory=dict, description="vesicles that no cell of the model makes"
    )
    exposures: tuple[ExposureSpec, ...] = ()
    handling: tuple[HandlingSpec, ...] = Field((), description="medium changes and samples")
    interventions: tuple[InterventionSpec, ...] = ()
    parameters: dict[str, Quantity] = Field(default_factory=dict, description="PATH: quantity")
    arms: dict[ArmName, ArmSpec] = Field(default_factory=dict)
    rules: tuple[RuleLine, ...] = ()
    switches: dict[Name, SwitchUse] = Field(default_factory=dict)
    observe: tuple[Literal["released", "taken_up", "cargo", "signals", "solubles", "phenotype"], ...] = ()
    run: RunSpec
    published: tuple[PublishedSpec, ...] = ()
    measured: MeasuredSpec | None = None

    _origin: Origin = PrivateAttr(default_factory=Origin)

    @property
    def origin(self) -> Origin:
        """File and lines; empty for a model made in Python."""
        return self._origin

    def with_origin(self, origin: Origin) -> ModelSpec:
        """A copy that remembers where it came from."""
        copy = self.model_copy()
        copy._origin = origin
        return copy
