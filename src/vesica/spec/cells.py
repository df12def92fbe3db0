"""What a resolved model says about one cell type: signals, networks, phenotypes, and what it is capable of."""

from __future__ import annotations

from dataclasses import dataclass

from vesica.spec.expressions import Expression
from vesica.spec.vocabulary import origins_made


@dataclass(frozen=True)
class Signal:
    """A named activity of a cell, relative to its basal level.

    Obeys ds/dt = production - decay s with production = basal x decay; with ``requires``
    the production is also proportional to the copies of that receptor on the cell's
    surface, relative to its parameter ``CELL.SIGNAL.reference``.
    """

    name: str
    requires: str | None = None
    label: str = ""


@dataclass(frozen=True)
class NetworkState:
    """A level of a network, of the living cell: pool ``CELL.NAME``.

    The pool holds an amount over the size of the cell's reference compartment (so that reactions
    between compartments move whole numbers); the value that expressions read is the pool over ``size``.
    """

    name: str
    unit: str  # internal: molecule/um^3, molecule, or nothing
    label: str = ""
    compartment: str = ""  # its size is the parameter ``CELL.NETWORK.COMPARTMENT``; nothing is the whole cell
    has_start: bool = True  # ``CELL.NAME.initial`` is where cells begin to settle; otherwise at nothing
    has_pulse: bool = False  # ``CELL.NAME.at_start`` is added when the run starts
    is_hidden: bool = False  # a step of a chain of delays
    has_junction: bool = False  # it passes gap junctions with ``CELL.NETWORK.NAME_junction``


@dataclass(frozen=True)
class Assigned:
    """A value ``CELL.NAME`` that is computed from others."""

    name: str
    value: Expression
    unit: str
    label: str = ""


@dataclass(frozen=True)
class Reaction:
    """One reaction: whole numbers of states, cargo of the cell or solubles, and its rate per living cell."""

    name: str
    moves: tuple[tuple[str, int], ...]
    rate: Expression
    label: str = ""


@dataclass(frozen=True)
class Network:
    """A reaction network of a cell type; names in its expressions are looked up in the whole cell."""

    name: str
    label: str = ""
    states: tuple[NetworkState, ...] = ()
    constants: tuple[str, ...] = ()  # parameters ``CELL.NETWORK.NAME``
    assignments: tuple[Assigned, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    conserved: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    provides: tuple[str, ...] = ()
    source: str = ""
    doi: str = ""


@dataclass(frozen=True)
class ChainState:
    """A phenotype: pool ``CELL.NAME``, the cells in it per cell at the start (0 or 1 in whole numbers).

    One that ``dies`` has no pool but the counter ``CELL.died_of:NAME``.
    """

    name: str
    label: str = ""
    dies: bool = False
    owns: tuple[str, ...] = ()  # rates it multiplies by ``CELL.NAME.RATE``


@dataclass(frozen=True)
class Chain:
    """A Markov chain of phenotypes; the hazard of a transition is ``CELL.A_to_B.hazard``.

    If it ``settles``, cells stand at its rest when a run begins; else ``CELL.NAME.initial`` is the share in each state.
    """

    name: str
    states: tuple[ChainState, ...]
    transitions: tuple[tuple[str, str], ...]
    label: str = ""
    settles: bool = False

    @property
    def living(self) -> tuple[ChainState, ...]:
        """The states of a cell that lives."""
        return tuple(state for state in self.states if not state.dies)


@dataclass(frozen=True)
class Spread:
    """Parameters of a cell type that differ from cell to cell, log-normally around their value as the mean.

    ``paths`` are whole (``microglia.TLR4.basal``); ``variations`` and ``correlation`` are paths of parameters.
    """

    paths: tuple[str, ...]
    variations: tuple[str, ...]
    correlation: str = ""  # nothing: all move together


@dataclass(frozen=True)
class Matrix:
    """Matrix around the cells of a type: it holds vesicles and ``factors`` of the medium; ``proteases`` digest it."""

    factors: tuple[str, ...] = ()
    proteases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Motility:
    """Cells of a type crawl in space; gradients of ``attractants`` draw them."""

    attractants: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellType:
    """A cell type with its machinery, its signals, cargo and solubles, by name."""

    name: str
    label: str
    signals: tuple[Signal, ...] = ()
    cargo: tuple[str, ...] = ()  # made by the cell, or acting in it
    mirna_targets: tuple[str, ...] = ()  # miRNAs whose target pool is tracked
    solubles: tuple[str, ...] = ()  # secreted factors
    secretes_vesicles: bool = True
    takes_up_vesicles: bool = True
    can_die: bool = False
    sheds_microvesicles: bool = False
    forms_apoptotic_vesicles: bool = False  # when it dies
    networks: tuple[Network, ...] = ()
    chains: tuple[Chain, ...] = ()
    spreads: tuple[Spread, ...] = ()
    translations: tuple[tuple[str, str], ...] = ()  # mRNA, protein
    ligands: tuple[tuple[str, str], ...] = ()  # ligand on bound vesicles, receptor of the cell
    has_ago: bool = False  # miRNAs share a pool of Ago
    matrix: Matrix | None = None  # that it lays down around itself
    motility: Motility | None = None  # how it crawls

    @property
    def levels(self) -> dict[str, tuple[str, str]]:
        """Label and unit of every named level of the living cell: plain signals, and what networks hold or compute."""
        found = {signal.name: (signal.label, "") for signal in self.signals}
        for network in self.networks:
            found |= {state.name: (state.label, state.unit) for state in network.states if not state.is_hidden}
            found |= {one.name: (one.label, one.unit) for one in network.assignments}
        return found

    @property
    def origins(self) -> tuple[str, ...]:
        """Classes of vesicles that it makes."""
        return origins_made(vars(self))
