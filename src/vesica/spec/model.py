"""What the user says, in the user's words: frozen data, no look-ups, quantities still as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    StringConstraints,
    Tag,
)

NAME_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_]*$"
INTERVENTIONS: Final = ("knock_out", "knock_down", "inhibitor", "block")
ARM_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_\-]*$"
MOST_REPLICATES: Final = 100_000
MOST_CELLS: Final = 100_000  # of a type, followed one by one


def _is_no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a yes/no value is not a quantity")  # pydantic reports a ValueError
    return value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _rule_text(value: Any) -> Any:
    """``- astrocyte: A increases B (...)`` without quotes is a mapping to YAML; it is put together again."""
    if isinstance(value, dict) and len(value) == 1:
        cell, text = next(iter(value.items()))
        return f"{cell}: {text}" if isinstance(text, str) else value
    return value


Quantity = Annotated[float | str, BeforeValidator(_is_no_truth_value)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
ArmName = Annotated[str, StringConstraints(pattern=ARM_PATTERN)]
RuleLine = Annotated[str, BeforeValidator(_rule_text)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]


class Words(BaseModel):
    """Base of everything a user writes: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False, strict=False)


class DomainSpec(Words):
    """The dish."""

    kind: Literal["dish"] = Field("dish", description="liquid on a flat bottom that carries the cells")
    diameter: Quantity = Field(description="inner diameter of the dish, `35 mm`")
    medium: Quantity = Field(description="volume of medium, `2 mL`")
    mixing: Literal["still", "stirred"] = Field("still", description="whether the medium is stirred")


class CellCargoSpec(Words):
    """Numbers of one cargo in one cell type (`vocabulary.CELL_CARGO`)."""

    basal: Quantity | None = Field(None, description="copies per resting cell")
    decay_rate: Quantity | None = Field(None, description="turnover, `0.1 1/h`")
    enrichment: Quantity | None = Field(None, description="concentration in the vesicle / in the cell")
    microvesicle_enrichment: Quantity | None = Field(None, description="the same of microvesicles")
    empty_share: Quantity | None = Field(
        None, description="share of exosomes that never carry it; the others carry more, so the mean stays"
    )


class CellTargetsSpec(Words):
    """The target pool of one miRNA in one cell type (`vocabulary.CELL_TARGETS`)."""

    target_sites: Quantity | None = None
    target_decay_rate: Quantity | None = None
    target_binding_rate: Quantity | None = None
    target_unbinding_rate: Quantity | None = None
    repressed_decay_rate: Quantity | None = None
    needed_copies: Quantity | None = None


class CellSignalSpec(Words):
    """A named activity of one cell type."""

    label: str | None = None
    requires: Name | None = Field(None, description="receptor (a cargo) the signal needs")
    basal: Quantity | None = None
    decay_rate: Quantity | None = None
    reference: Quantity | None = Field(None, description="receptor copies at which the rest level holds")


class CellSolubleSpec(Words):
    """A factor that one cell type secretes."""

    secretion_rate: Quantity | None = Field(None, description="per cell, `10 molecule/s`")


class StateSpec(Words):
    """A named level of a network: a concentration, a number of molecules or a pure number, by the unit of its start."""

    label: str = ""
    initial: Quantity | None = Field(None, description="where cells start to settle from; its unit is the state's")
    at_start: Quantity | None = Field(None, description="added when the run starts, after cells stood at rest")
    compartment: Name | None = Field(None, alias="in", description="compartment of the network it is in")
    follows: str | None = Field(None, description="a value that it follows late, by a chain of steps")
    delay: Quantity | None = Field(None, description="mean time it lies behind")
    steps: Annotated[int, Field(ge=1, le=100)] = 3


class ReactionSpec(Words):
    """One reaction of a network: `A + B -> C`, with a law and its numbers, or an expression for its rate."""

    equation: str
    label: str = ""
    law: Literal["mass_action", "michaelis_menten", "hill"] | None = None
    rate: str | None = Field(None, description="expression in states, constants and other values of the cell")
    k: Quantity | None = None
    vmax: Quantity | None = None
    kcat: Quantity | None = None
    enzyme: str | None = None
    km: Quantity | None = None
    source: str | None = None
    half_max: Quantity | None = None
    hill: Quantity | None = None
    delay: Quantity | None = Field(None, description="mean time between what goes in and what comes out")
    steps: Annotated[int, Field(ge=1, le=100)] = 3


class NetworkSpec(Words):
    """A reaction network inside cells: states, reactions, and what a cell gains with it."""

    label: str = ""
    source: str = ""
    doi: str = ""
    sbml: str | None = Field(None, description="an SBML file (core) that holds the network")
    without: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = Field(
        (), description="parts of the SBML file that are left out on purpose, by id"
    )
    compartments: dict[Name, Quantity] = Field(default_factory=dict, description="sizes relative to the cell")
    states: dict[Name, StateSpec] = Field(default_factory=dict)
    constants: dict[Name, Quantity] = Field(default_factory=dict)
    assignments: dict[Name, str] = Field(default_factory=dict, description="NAME: expression")
    reactions: dict[Name, ReactionSpec] = Field(default_factory=dict)
    conserved: dict[Name, tuple[str, ...]] = Field(default_factory=dict, description="totals that must not change")
    provides: tuple[Name, ...] = Field((), description="values that take the place of a plain signal of that name")
    rules: tuple[RuleLine, ...] = Field((), description="rules without `CELL:` that come with the network")
    without_rules: tuple[str, ...] = Field((), description="keys of library rules that it takes the place of")
    cargo: dict[Name, CellCargoSpec] = Field(default_factory=dict)
    targets: dict[Name, CellTargetsSpec] = Field(default_factory=dict)
    signals: dict[Name, CellSignalSpec] = Field(default_factory=dict)
    solubles: dict[Name, CellSolubleSpec] = Field(default_factory=dict)


class ChainStateSpec(Words):
    """A phenotype: where cells start, and the rates it owns."""

    label: str = ""
    initial: Quantity | None = Field(None, description="share of cells at the start (default: the rest of the chain)")
    dies: bool = Field(False, description="entering it is the death of the cell")
    rates: dict[str, Quantity] = Field(default_factory=dict, description="RATE: factor while a cell is in it")


class ChainSpec(Words):
    """A Markov chain of phenotypes."""

    label: str = ""
    states: dict[Name, ChainStateSpec] = Field(
        default_factory=dict, description="two or more; nothing for a chain of the library as it is"
    )
    transitions: dict[Name, Quantity] = Field(default_factory=dict, description="`A_to_B: hazard`")


class SpreadSpec(Words):
    """Numbers that differ from cell to cell, log-normally with the given mean."""

    of: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
    cv: Quantity | tuple[Quantity, ...] = Field(description="coefficient of variation, one for all or one for each")
    correlation: Quantity | None = Field(None, description="between each two of them; 1 if nothing is said")


class TranslationSpec(Words):
    """An mRNA that is translated."""

    protein: Name
    rate: Quantity = Field(description="proteins per mRNA and time, `10 1/h`")


class LigandSpec(Words):
    """A ligand on bound vesicles that engages a receptor of the cell."""

    receptor: Name
    half_occupancy: Quantity = Field(description="receptor copies on the cell at which half of the ligands in "
                                                 "contact are engaged")


class CellSpec(Words):
    """One cell type: how many, and what differs from the library."""

    count: Quantity | None = Field(None, description="cells in the dish")
    like: Name | None = Field(None, description="library cell type to start from (default: the name itself)")
    label: str | None = None
    microvesicles: bool | None = Field(None, description="whether it sheds microvesicles (default: no)")
    apoptotic_vesicles: bool | None = Field(
        None, description="whether it can die, and then turns into apoptotic vesicles (default: no)"
    )
    parameters: dict[str, Quantity] = Field(default_factory=dict, description="NAME: quantity")
    cargo: dict[Name, CellCargoSpec] = Field(default_factory=dict)
    targets: dict[Name, CellTargetsSpec] = Field(default_factory=dict)
    signals: dict[Name, CellSignalSpec] = Field(default_factory=dict)
    solubles: dict[Name, CellSolubleSpec] = Field(default_factory=dict)
    networks: Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)] | None = Field(
        None, description="reaction networks it holds, of the library or of the model"
    )
    phenotypes: dict[Name, ChainSpec] = Field(default_factory=dict)
    variability: tuple[SpreadSpec, ...] = ()
    translations: dict[Name, TranslationSpec] = Field(default_factory=dict, description="mRNA: protein and rate")
    ligands: dict[Name, LigandSpec] = Field(default_factory=dict, description="ligand cargo: receptor it engages")
    ago: bool | None = Field(None, description="whether miRNAs share a pool of Ago that they must load")


class CargoSpec(Words):
    """A cargo that the library does not know."""

    kind: Literal["mirna", "receptor", "ligand", "protein", "mrna", "lipid"]
    topology: Literal["lumen", "membrane"]
    label: str = ""
    frees: Name | None = Field(None, description="soluble that it becomes when its vesicle bursts in the medium")


class AgentSpec(Words):
    """An agent that the library does not know."""

    label: str = ""
    molar_mass: Quantity | None = Field(None, description="`120 g/mol`; needed for concentrations by mass")


class SolubleSpec(Words):
    """A secreted factor that the library does not know."""

    decay_rate: Quantity = Field(description="loss from the medium, `0.1 1/h`")
    label: str = ""
    molar_mass: Quantity | None = None


class ConstantExposure(Words):
    """A constant concentration from one time to another."""

    agent: Name
    concentration: Quantity
    start: Quantity = Field("0 h", alias="from")
    end: Quantity | None = Field(None, alias="to", description="default: the end of the run")


class PulseExposure(Words):
    """One pulse."""

    agent: Name
    concentration: Quantity
    at: Quantity
    length: Quantity


class RepeatedExposure(Words):
    """Equal pulses at equal intervals."""

    agent: Name
    concentration: Quantity
    every: Quantity
    times: Annotated[int, Field(ge=1, le=100_000)]
    length: Quantity
    at: Quantity = "0 h"


class TableExposure(Words):
    """A CSV file of two columns whose headings carry units: `time (h),concentration (mM)`."""

    agent: Name
    csv: str


class DoseSpec(Words):
    """Vesicles from the medium of another arm."""

    doses_from: ArmName
    to: Name | None = Field(None, description="cell type that gets them (default: the only one present)")
    particles_per_cell: Quantity | None = None
    donor_cells_per_cell: Quantity | None = None
    at: Quantity
    carry_over: Quantity = Field(0.0, description="share of the solubles that comes along")


def exposure_form(value: Any) -> str:
    """Which exposure class a mapping means, told by the keys it has (``~`` marks it in error paths)."""
    keys = set(value) if isinstance(value, dict) else {type(value).__name__}
    for form, marks in (
        ("~dose", {"doses_from", "DoseSpec"}),
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
    | Annotated[DoseSpec, Tag("~dose")],
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
    """A drug of the library at a concentration, during the whole run."""

    inhibitor: str
    concentration: Quantity
    cells: Names = ()
    start: Quantity | None = Field(None, alias="from")
    end: Quantity | None = Field(None, alias="to")


class Block(Words):
    """One route of communication is cut."""

    block: str
    cells: Names = ()


def intervention_form(value: Any) -> str:
    """Which intervention a mapping means."""
    if not isinstance(value, dict):
        return {"KnockOut": "~knock_out", "KnockDown": "~knock_down", "Inhibitor": "~inhibitor"}.get(
            type(value).__name__, "~block"
        )
    return next((f"~{key}" for key in INTERVENTIONS if key in value), "~block")


InterventionSpec = Annotated[
    Annotated[KnockOut, Tag("~knock_out")]
    | Annotated[KnockDown, Tag("~knock_down")]
    | Annotated[Inhibitor, Tag("~inhibitor")]
    | Annotated[Block, Tag("~block")],
    Discriminator(intervention_form),
]


class ArmSpec(Words):
    """One condition: only what differs from the base. Maps merge, lists replace."""

    cells: dict[Name, CellSpec] = Field(default_factory=dict)
    exposures: tuple[ExposureSpec, ...] | None = None
    interventions: tuple[InterventionSpec, ...] | None = None
    parameters: dict[str, Quantity] = Field(default_factory=dict)
    against: ArmName | None = Field(None, description="arm that tables compare this one with")


class RunSpec(Words):
    """Length, output, fidelity and seed."""

    duration: Quantity
    every: Quantity = Field("30 min", description="interval of output")
    fidelity: str = Field("well_mixed", description="`well_mixed` (means), or `stochastic` (whole numbers)")
    replicates: Annotated[int, BeforeValidator(_is_no_truth_value), Field(ge=1, le=MOST_REPLICATES)] = Field(
        1, description="independent runs of every arm; only where chance is in the run"
    )
    cells_at_most: Annotated[int, BeforeValidator(_is_no_truth_value), Field(ge=1, le=MOST_CELLS)] = Field(
        1000, description="cells of a type followed one by one; a larger dish is run as a sample"
    )
    window: Quantity | None = Field(None, description="longest time rates are held in a stochastic run, `10 min`")
    nodes: Annotated[int, BeforeValidator(_is_no_truth_value), Field(ge=1, le=25)] | None = Field(
        None, description="nodes of quadrature along each factor by which cells differ, in a mean field"
    )
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
    presupposed_by: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
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
    use: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = Field(
        ("library:cns",), description="`library:cns`, or other model files to start from"
    )
    domain: DomainSpec
    cells: dict[Name, CellSpec] = Field(default_factory=dict)
    cargo: dict[Name, CargoSpec] = Field(default_factory=dict)
    agents: dict[Name, AgentSpec] = Field(default_factory=dict)
    solubles: dict[Name, SolubleSpec] = Field(default_factory=dict)
    networks: dict[Name, NetworkSpec] = Field(default_factory=dict, description="reaction networks inside cells")
    exposures: tuple[ExposureSpec, ...] = ()
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
