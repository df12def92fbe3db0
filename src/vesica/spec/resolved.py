"""What a model says once every name is looked up: plain frozen data in internal units.

`resolve` builds it from a `ModelSpec` and the library; the engine compiles it. Internal
units are um, s, molecule, vesicle; pools of a cell are per (average) cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from vesica.spec.cells import CellType, Network
from vesica.spec.space import Space
from vesica.spec.vocabulary import CONTACT, PREPARED, origin_of, sender_of

Confidence = Literal["seen", "known", "estimate", "given", "measured"]
DEFINITION: Final = "definition"  # source of a number that says what nothing is, or relative to what others are


@dataclass(frozen=True)
class Parameter:
    """One number of the model.

    ``path`` is unique in the model (``astrocyte.mvb_fusion_rate``); two paths that rest on
    the same library entry share ``entry`` and are drawn together. ``low`` and ``high``
    bound the value in the same internal ``unit``. Confidence ``given`` is a number the
    user wrote, ``measured`` one read from the user's data.
    """

    path: str
    value: float
    unit: str
    low: float
    high: float
    confidence: Confidence
    entry: str = ""
    source: str = ""
    doi: str = ""
    reason: str = ""
    shown: str = ""  # as written, with its own unit


@dataclass(frozen=True)
class Cargo:
    """A molecule that vesicles carry."""

    name: str
    kind: Literal["mirna", "receptor", "ligand", "protein", "mrna", "lipid", "dye"]
    topology: Literal["lumen", "membrane"]
    label: str = ""
    frees: str = ""  # soluble that it becomes when its vesicle bursts in the medium


@dataclass(frozen=True)
class Rule:
    """One line of the user's or the library's signalling rules.

    ``factor = 1 + (fold - 1) hill(x)`` multiplies the target rate, fold < 1 for ``decreases``; a rule that ``adds``
    gives ``added hill(x)`` to it before any factor. ``source`` is an agent, a soluble, a signal, a level or assignment
    of a network, a phenotype or a cargo of the same cell, ``bound_CARGO``, ``engaged_CARGO`` or
    ``repression_by_MIRNA``. The numbers are the parameters ``rule.KEY.half_max`` (unit of the source),
    ``rule.KEY.hill`` and ``rule.KEY.fold``, or ``rule.KEY.added`` (unit of the target).
    """

    key: str
    cell: str
    source: str
    verb: Literal["increases", "decreases"]
    target: str
    english: str
    line: int | None = None
    text: str = ""  # as written
    origin: Literal["library", "model", "measured"] = "model"
    reference: str = ""  # the paper that supports the direction
    doi: str = ""
    adds: bool = False

    @property
    def strength(self) -> str:
        """Path of the parameter that says how strong it is."""
        return f"rule.{self.key}.{'added' if self.adds else 'fold'}"

    @property
    def neutral(self) -> float:
        """Value of `strength` at which the rule does nothing."""
        return 0.0 if self.adds else 1.0


@dataclass(frozen=True)
class Exposure:
    """Concentration of an agent in the medium, constant between the given times.

    ``times`` s and ``levels`` molecule/um^3 have the same length; the level before
    ``times[0]`` is zero.
    """

    agent: str
    times: tuple[float, ...]
    levels: tuple[float, ...]
    face: str = ""  # ``y.low``: it stands at that wall of a space and comes in from there; everywhere if empty


@dataclass(frozen=True)
class BenchStep:
    """One thing that is done to vesicles between dishes.

    Numbers are the parameters ``isolation.NAME.X`` of a method, ``treatment.NAME.X`` of an enzyme, ``storage.NAME.X``
    or ``label.NAME.X`` of a dye; ``own`` holds those that the step itself gives, in internal units.
    """

    kind: Literal["method", "treat", "store", "label"]
    name: str
    own: Mapping[str, float] = field(default_factory=dict)
    detergent: bool = False
    digests: tuple[str, ...] = ()  # `protein`, `rna`, `dna`
    cycles: int = 1
    time: float = 0.0  # s
    label: str = ""


@dataclass(frozen=True)
class Dose:
    """Vesicles of another arm, added to the medium of this one.

    ``measure`` says how the amount is counted: ``particles_per_cell`` per cell of
    ``recipient``, or ``donor_cells_per_cell``: the vesicles in the source medium of that
    many donor cells for each recipient cell. A share ``carry_over`` of the solubles that
    stood in the same volume of source medium comes along.

    Attribution alone uses two more: the measure ``share_of_source``, a share of the source medium whatever it holds,
    and ``kept``, the share of the vesicles that is left in the dose.
    """

    from_arm: str
    recipient: str
    measure: Literal["particles_per_cell", "donor_cells_per_cell", "share_of_source"]
    amount: float
    at: float
    carry_over: float = 0.0
    isolation: tuple[BenchStep, ...] = ()
    kept: float = 1.0


@dataclass(frozen=True)
class Supply:
    """Vesicles of a preparation, added to the medium.

    ``amount`` counts what a particle counter would see after ``isolation``: vesicles, lipoproteins and micelles, in
    vesicle/um^3 of medium, or per cell of ``recipient``.
    """

    preparation: str
    measure: Literal["concentration", "particles_per_cell"]
    amount: float
    at: float
    recipient: str = ""
    isolation: tuple[BenchStep, ...] = ()


@dataclass(frozen=True)
class Inhibition:
    """A drug in an arm: its concentration as an `Exposure` has it, in the cells it is given to.

    ``before`` molecule/um^3 has stood there since long before the run; ``cells`` are cell types, and ``medium`` where
    it acts there. ``paths`` are the rates it acts on, ``CELL.RATE``.
    """

    drug: str
    cells: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    before: float = 0.0
    paths: tuple[str, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether it comes, or goes, during the run."""
        return self.times != (0.0,) or self.levels != (self.before,)


@dataclass(frozen=True)
class Loss:
    """A gene that is lost to a share: the parameter ``path`` times ``1 + (fold - 1) lost``; ``fold`` is a path, too."""

    path: str
    fold: str
    lost: float


@dataclass(frozen=True)
class DrugEffect:
    """What a drug does to a target of the library, and the rates (cell type or ``medium``, name) that this means.

    A rate of cells is multiplied by ``1 + (fold - 1) theta``; a loss from the medium gains ``added theta``, and turns
    the soluble ``into`` another. The occupancy theta is ``x/(1 + x)`` with ``x = (concentration/half_max)^hill``, or
    comes and goes as that demands (`Drug.is_timed`).
    """

    target: str
    rates: tuple[tuple[str, str], ...]
    into: str = ""

    @property
    def strength(self) -> str:
        """Last word of the number that says how strong it is."""
        return "added" if self.rates and self.rates[0][0] == "medium" else "fold"

    @property
    def cells(self) -> tuple[str, ...]:
        """Cell types, or the medium, in which it has an occupancy."""
        return tuple(dict.fromkeys(owner for owner, _ in self.rates))


@dataclass(frozen=True)
class Drug:
    """A drug that some arm uses. Its numbers are ``drug.NAME.TARGET.half_max``, ``.hill`` and ``.fold`` or ``.added``.

    Where it ``is_timed`` in some arm it binds in cells slowly, and leaves at ``drug.NAME.washout_rate``; in the medium
    it acts at once.
    """

    name: str
    label: str
    effects: tuple[DrugEffect, ...]
    is_timed: bool = False

    def number(self, effect: DrugEffect, name: str) -> str:
        """Path of a number of an effect."""
        return f"drug.{self.name}.{effect.target}.{name}"


@dataclass(frozen=True)
class Arm:
    """One condition: who is there, what is added, which numbers are changed.

    ``factors`` multiply and ``values`` replace parameters by path; drugs act on the rates that rules leave.
    """

    name: str
    counts: Mapping[str, float]
    exposures: tuple[Exposure, ...] = ()
    doses: tuple[Dose, ...] = ()
    factors: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    english: tuple[str, ...] = ()
    against: str | None = None  # the arm it is shown against
    inhibitions: tuple[Inhibition, ...] = ()
    handling: tuple[Handling, ...] = ()  # in order of time
    additions: tuple[Addition, ...] = ()
    supplies: tuple[Supply, ...] = ()
    losses: tuple[Loss, ...] = ()  # of genes


@dataclass(frozen=True)
class Compartment:
    """A body of medium with the cells in it.

    ``volume`` um^3; ``depth`` um is its length along the way that vesicles diffuse or flow. With one layer it is
    mixed; layers of a column are thin at the cells, the last one about ``stretch`` times as high as the first.
    """

    name: str
    volume: float
    depth: float
    layers: int = 1
    cells: tuple[str, ...] = ()
    stretch: float = 36.0


@dataclass(frozen=True)
class Domain:
    """A vessel. Lengths um, volumes um^3; ``volume`` is that of all its medium, ``depth`` that above most cells.

    Without ``compartments`` it is one mixed body of medium with all cells in it.
    """

    kind: Literal["dish", "transwell", "channel", "slice", "tissue", "gel", "monolayer", "box"]
    volume: float
    depth: float
    mixing: Literal["still", "stirred"]
    compartments: tuple[Compartment, ...] = ()
    space: Space | None = None  # of the kinds with positions; ``volume`` is then that of the liquid in the box

    @property
    def is_mixed(self) -> bool:
        """Whether all of its medium is one."""
        return len(self.compartments) <= 1 and all(one.layers == 1 for one in self.compartments)

    @property
    def stirred(self) -> Domain:
        """The same vessel with every compartment mixed."""
        return replace(self, compartments=tuple(replace(one, layers=1) for one in self.compartments))

    def scaled(self, factor: float) -> Domain:
        """A vessel with so many times the bottom: depths stay."""
        parts = tuple(replace(one, volume=one.volume * factor) for one in self.compartments)
        return replace(self, volume=self.volume * factor, compartments=parts)


@dataclass(frozen=True)
class Handling:
    """What a hand does to the medium at a time: ``taken`` um^3 of it go, then ``given`` um^3 of fresh medium come.

    ``compartment`` is empty where the vessel has only one. What is left is mixed. What a sample takes is noted.
    """

    at: float
    taken: float
    given: float
    compartment: str = ""
    is_sample: bool = False


@dataclass(frozen=True)
class Addition:
    """A soluble added at once: it rises by ``concentration`` molecule/um^3 in a compartment, or everywhere.

    Or an agent that evaporates, everywhere.
    """

    soluble: str
    concentration: float
    at: float
    compartment: str = ""


@dataclass(frozen=True)
class Preparation:
    """Vesicles that no cell of the model makes: class ``NAME~prepared``.

    Numbers are ``NAME.prepared_diameter_median`` and the like, and ``NAME.CARGO.copies`` per vesicle. What is no
    vesicle, as micelles of a dye, moves by the same laws and is not counted as vesicles taken up.
    """

    name: str
    label: str
    cargo: tuple[str, ...] = ()
    is_vesicle: bool = True

    @property
    def origin(self) -> str:
        """Its class of vesicles."""
        return origin_of(self.name, PREPARED)


@dataclass(frozen=True)
class Contact:
    """Two cell types that touch, or cells of one type.

    The share of ``cell`` is a number of the model; that of ``other`` follows from areas and counts of each arm.
    """

    cell: str
    other: str

    @property
    def paths(self) -> tuple[str, str]:
        """Of the share of the membrane of ``cell``, and of that of ``other``."""
        return f"{self.cell}.{CONTACT}{self.other}", f"{self.other}.{CONTACT}{self.cell}"


@dataclass(frozen=True)
class TissueRun:
    """How a run in space goes.

    Parameters
    ----------
    cells : ``mean``: every cell by its means; ``whole``: MVBs, fusions, phenotypes and death in whole numbers
    tolerance : relative error of fields and cells in a step
    longest_step : s, of the coupling of cells and fields; 0 for no limit but the interval of output
    fields_every : s between stored fields, 0 for the start and the end only
    cells_every : s between stored cells
    checkpoint_every : s of wall time between checkpoints
    precision : of fields
    pairs : whether transfer from cell to cell is followed
    contact_distance : um between surfaces up to which cells touch
    """

    cells: Literal["mean", "whole"] = "mean"
    tolerance: float = 1e-3
    longest_step: float = 0.0
    fields_every: float = 0.0
    cells_every: float = 3600.0
    checkpoint_every: float = 60.0
    precision: Literal["double", "single"] = "double"
    pairs: bool = False
    contact_distance: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """Length and output of the run (s), fidelity, seed and tolerances.

    The last three are for runs in whole numbers: independent runs of every arm, cells of a
    type that are followed (`vesica.spec.sample`), and the longest time (s) over which their
    hazards are held, None for the interval of output.
    """

    duration: float
    every: float
    fidelity: str
    seed: int
    relative_tolerance: float = 1e-8
    absolute_tolerance: float = 1e-8
    replicates: int = 1
    cells_at_most: int = 1000
    window: float | None = None
    tissue: TissueRun = field(default_factory=TissueRun)
    nodes: int | None = None  # of quadrature over cells that differ, for each factor; by their number if not said

    @property
    def longest_window(self) -> float:
        """Longest time (s) over which hazards are held; never more than the interval of output."""
        return self.every if self.window is None else min(self.window, self.every)


@dataclass(frozen=True)
class Published:
    """A published direction that the run is held against.

    ``quantity`` is a key of the summary's quantities (``neuron.COX2``), compared between
    ``arm`` and ``against``; ``presupposed_by`` names the structures that build it in.
    """

    key: str
    says: str
    source: str
    quantity: str
    arm: str
    against: str
    direction: Literal["increase", "decrease", "no_change"]
    presupposed_by: tuple[str, ...] = ()
    at: float | None = None  # s; the end of the run by default

    @property
    def name(self) -> str:
        """Key of the quantity at the time of the comparison."""
        return self.quantity if self.at is None else f"{self.quantity} at {self.at / 3600.0:g} h"


@dataclass(frozen=True)
class Switch:
    """A contested choice: its options and the one in use."""

    name: str
    chosen: str
    options: Mapping[str, str]  # name -> one sentence
    label: str = ""
    source: str = ""
    is_structure: bool = False


@dataclass(frozen=True)
class Measurement:
    """A number read from the user's instrument files, and what was done to get it."""

    key: str
    file: str
    says: str
    details: Mapping[str, float | str | tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ResolvedModel:
    """Everything the engine needs, nothing it must look up."""

    title: str
    domain: Domain
    cells: tuple[CellType, ...]
    cargo: tuple[Cargo, ...]
    solubles: tuple[str, ...]
    agents: tuple[str, ...]
    rules: tuple[Rule, ...]
    parameters: Mapping[str, Parameter]
    arms: tuple[Arm, ...]  # in the order the user gave
    schedule: Schedule
    switches: tuple[Switch, ...] = ()
    published: tuple[Published, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    observe: tuple[str, ...] = ()
    preparations: tuple[Preparation, ...] = ()
    soluble_kinds: Mapping[str, str] = field(default_factory=dict)  # of solubles that are no proteins
    dyes: tuple[str, ...] = ()  # that some dose is stained with, so that any vesicle may carry them
    networks: tuple[Network, ...] = ()  # in the medium; those of cells are in `cells`
    drugs: tuple[Drug, ...] = ()
    contacts: tuple[Contact, ...] = ()

    @property
    def every_network(self) -> tuple[tuple[str, Network], ...]:
        """Networks of all cell types, then those of the medium, each with its owner: a cell type, or ``medium``."""
        held = [(cell.name, network) for cell in self.cells for network in cell.networks]
        return (*held, *(("medium", network) for network in self.networks))

    @property
    def origins(self) -> tuple[str, ...]:
        """Every class of vesicles: those that some cell type makes, then those of preparations."""
        made = tuple(origin for cell in self.cells for origin in cell.origins)
        return made + tuple(one.origin for one in self.preparations)

    def carried(self, origin: str) -> tuple[Cargo, ...]:
        """What vesicles of a class can carry: cargo of their cell type or preparation, and dyes."""
        sources: tuple[CellType | Preparation, ...] = (*self.cells, *self.preparations)
        source = next(one for one in sources if one.name == sender_of(origin))
        return tuple(cargo for cargo in self.cargo if cargo.name in source.cargo or cargo.name in self.dyes)

    def is_vesicle(self, origin: str) -> bool:
        """Whether a class is of vesicles: all are but what a preparation says is none."""
        return all(one.is_vesicle for one in self.preparations if one.origin == origin)
