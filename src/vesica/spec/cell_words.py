"""What the user says about cells: their numbers, networks, phenotypes, and how they differ."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from vesica.spec.words import Name, Quantity, RuleLine, Words, one_or_many


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
    junction: Quantity | None = Field(
        None, description="it passes gap junctions: permeability of the membrane that touches cells which hold it, too"
    )
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
    without: Annotated[tuple[str, ...], BeforeValidator(one_or_many)] = Field(
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

    of: Annotated[tuple[str, ...], BeforeValidator(one_or_many)]
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


class MatrixFactorSpec(Words):
    """A factor of the medium that matrix holds (`vocabulary.CELL_MATRIX_FACTOR`)."""

    sites: Quantity | None = Field(None, description="molecules that a molecule of matrix can hold")
    binding_rate: Quantity | None = Field(None, description="per free site, `1 1/(uM*s)`")
    unbinding_rate: Quantity | None = None


class MatrixProteaseSpec(Words):
    """A factor of the medium that digests matrix (`vocabulary.CELL_MATRIX_PROTEASE`)."""

    digestion_rate: Quantity | None = Field(None, description="of matrix per protease, `0.01 1/(uM*s)`")


class MatrixSpec(Words):
    """Matrix that a cell lays down around itself: it holds vesicles and factors until proteases free them."""

    factors: dict[Name, MatrixFactorSpec] = Field(default_factory=dict, description="SOLUBLE that it holds")
    proteases: dict[Name, MatrixProteaseSpec] = Field(default_factory=dict, description="SOLUBLE that digests it")


class MotilitySpec(Words):
    """How cells crawl in space (`vocabulary.CELL_MOTILITY`)."""

    speed: Quantity | None = Field(None, description="root mean square, `1 um/min`")
    persistence: Quantity | None = Field(None, description="time in which a cell forgets its direction, `10 min`")
    repulsion: Quantity | None = Field(None, description="rate at which an overlap with a neighbour goes away")
    chemotaxis: dict[Name, Quantity] = Field(
        default_factory=dict, description="SOLUBLE or AGENT: pull, as share of the speed per difference of receptor "
                                          "occupancy over the cell, `20`"
    )


class CellSpec(Words):
    """One cell type: how many, and what differs from the library."""

    count: Quantity | None = Field(None, description="cells in the dish")
    density: Quantity | None = Field(
        None, description="instead of `count`, in space: `9e4 1/mm^3`, on a bottom `5e4 1/cm^2`"
    )
    spacing: Quantity | None = Field(None, description="in space: least distance between centres, `12 um`")
    region: Name | None = Field(None, description="in space: the region of the domain that these cells are in")
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
    networks: Annotated[tuple[Name, ...], BeforeValidator(one_or_many)] | None = Field(
        None, description="reaction networks it holds, of the library or of the model"
    )
    phenotypes: dict[Name, ChainSpec] = Field(default_factory=dict)
    contacts: dict[Name, Quantity] = Field(
        default_factory=dict, description="CELL: share of the membrane that touches cells of that type, `5 %`"
    )
    variability: tuple[SpreadSpec, ...] = ()
    translations: dict[Name, TranslationSpec] = Field(default_factory=dict, description="mRNA: protein and rate")
    ligands: dict[Name, LigandSpec] = Field(default_factory=dict, description="ligand cargo: receptor it engages")
    ago: bool | None = Field(None, description="whether miRNAs share a pool of Ago that they must load")
    matrix: MatrixSpec | None = Field(None, description="matrix that it lays down around itself (default: none)")
    motility: MotilitySpec | None = Field(None, description="in space: how it crawls (default: it stays)")
