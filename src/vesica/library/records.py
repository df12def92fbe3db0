"""What the library holds, field by field as in ``data/*.toml``; all frozen.

Fields that hold the id of an entry say so by ``entry id``; an empty one is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Confidence = Literal["seen", "known", "estimate"]
Kind = Literal["mirna", "receptor", "ligand", "protein", "mrna", "lipid", "dye"]
Topology = Literal["lumen", "membrane"]


@dataclass(frozen=True)
class Entry:
    """One number with everything a reader needs to judge it.

    Parameters
    ----------
    id : str
        ``process.quantity[.context_AuthorYY]``.
    quantity : str
        What it is, in words.
    value, low, high : float
        Value and range, in ``unit``.
    unit : str
        Any unit `units` reads.
    source, doi : str
        Empty for an estimate without one.
    reason : str
        Why this value for this use.
    confidence : "seen", "known" or "estimate"
        Read in the source, reported but not re-read, order of magnitude.
    derived : str
        Formula over other ids, or empty; see `derived.evaluate`.
    """

    id: str
    quantity: str
    value: float
    unit: str
    low: float
    high: float
    source: str
    doi: str
    reason: str
    confidence: Confidence
    derived: str = ""


@dataclass(frozen=True)
class SignalEntry:
    """A signal of a cell type: entry ids, and the receptor it requires."""

    label: str
    basal: str
    decay_rate: str
    requires: str = ""
    reference: str = ""

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter."""
        numbers = {"basal": self.basal, "decay_rate": self.decay_rate}
        return numbers | {"reference": self.reference} if self.reference else numbers


@dataclass(frozen=True)
class CellCargoEntry:
    """A cargo in a cell type: entry ids."""

    basal: str
    decay_rate: str
    enrichment: str
    microvesicle_enrichment: str = ""

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter that has one of its own."""
        return {name: entry for name, entry in vars(self).items() if entry}


@dataclass(frozen=True)
class CellTargetsEntry:
    """The targets of a miRNA in a cell type: entry ids."""

    target_sites: str
    target_decay_rate: str
    target_binding_rate: str
    target_unbinding_rate: str
    repressed_decay_rate: str
    needed_copies: str

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter."""
        return dict(vars(self))


@dataclass(frozen=True)
class CellSolubleEntry:
    """A factor that a cell type secretes: entry ids."""

    secretion_rate: str

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter."""
        return dict(vars(self))


@dataclass(frozen=True)
class CellEntry:
    """A cell type: what it does, and which numbers differ from `Library.machinery`.

    ``microvesicle_cargo`` it has only in models where it sheds microvesicles, what is ``offered`` only in models
    that name it. ``phenotypes``, ``ligands`` and ``translations`` are words as a model file has them, with
    ``@id`` for numbers.
    """

    name: str
    label: str
    secretes_vesicles: bool
    takes_up_vesicles: bool
    can_die: bool
    parameters: Mapping[str, str]
    signals: Mapping[str, SignalEntry]
    cargo: Mapping[str, CellCargoEntry]
    targets: Mapping[str, CellTargetsEntry]
    solubles: Mapping[str, CellSolubleEntry]
    microvesicle_cargo: Mapping[str, CellCargoEntry] = field(default_factory=lambda: MappingProxyType({}))
    offered_cargo: Mapping[str, CellCargoEntry] = field(default_factory=lambda: MappingProxyType({}))
    offered_targets: Mapping[str, CellTargetsEntry] = field(default_factory=lambda: MappingProxyType({}))
    offered_solubles: Mapping[str, CellSolubleEntry] = field(default_factory=lambda: MappingProxyType({}))
    networks: tuple[str, ...] = ()
    phenotypes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    ligands: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    translations: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    ago: bool = False


@dataclass(frozen=True)
class CargoEntry:
    """A molecule that vesicles carry."""

    name: str
    label: str
    kind: Kind
    topology: Topology
    frees: str = ""  # soluble that it becomes when its vesicle bursts in the medium


@dataclass(frozen=True)
class SolubleEntry:
    """A factor of the medium: entry ids. One without ``decay_rate`` goes only where cells or enzymes take it.

    One that is ``leaderless`` leaves cells without the Golgi; ``kind`` says which enzymes digest it.
    """

    name: str
    label: str
    molar_mass: str
    decay_rate: str = ""
    diffusivity: str = "soluble.diffusivity.protein"
    kind: Literal["protein", "rna", "dna", "small"] = "protein"
    leaderless: bool = False

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter."""
        numbers = {"decay_rate": self.decay_rate, "diffusivity": self.diffusivity}
        return {name: entry for name, entry in numbers.items() if entry}


@dataclass(frozen=True)
class EffectEntry:
    """What a drug does to one target: entry ids.

    ``target`` is a rate that rules may change, ``all_secretion`` or ``KIND_binding`` of a kind of vesicles: ``fold`` is
    what is left of it at full effect, or how much more there is. Of ``SOLUBLE_clearance`` or ``RNA_clearance`` the drug
    ``adds`` to the loss of a soluble from the medium, which turns ``into`` another where the model has that.
    """

    target: str
    half_max: str
    hill: str
    fold: str = ""
    adds: str = ""
    into: str = ""

    def numbers(self) -> dict[str, str]:
        """Entry ids by the last word of a path."""
        found = {"half_max": self.half_max, "hill": self.hill, "fold": self.fold, "added": self.adds}
        return {name: entry for name, entry in found.items() if entry}


@dataclass(frozen=True)
class AgentEntry:
    """Something added to the medium: entry ids. A drug has effects, and a rate at which it leaves its targets.

    One that can come in by a wall of a space diffuses; one without ``decay_rate`` goes only where cells take it.
    """

    name: str
    label: str
    molar_mass: str
    washout_rate: str = ""
    diffusivity: str = ""
    decay_rate: str = ""
    effects: tuple[EffectEntry, ...] = ()


@dataclass(frozen=True)
class GeneEntry:
    """A gene that can be lost: entry ids of what is left without it, by the number of the machinery that it changes."""

    name: str
    label: str
    folds: Mapping[str, str]


@dataclass(frozen=True)
class PreparationEntry:
    """Vesicles that come in a tube: entry ids of their size law, and of copies per vesicle by cargo.

    ``concentration`` is that of the undiluted fluid, where it is one.
    """

    name: str
    label: str
    diameter_median: str
    diameter_gsd: str
    diameter_low: str
    diameter_high: str
    membrane_thickness: str
    cargo: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    concentration: str = ""
    lipoproteins_per_vesicle: str = ""
    is_vesicle: bool = True

    def numbers(self) -> dict[str, str]:
        """Entry id of each parameter of the size law."""
        return {name: getattr(self, name) for name in ("diameter_median", "diameter_gsd", "diameter_low",
                                                       "diameter_high", "membrane_thickness")}


@dataclass(frozen=True)
class MethodEntry:
    """A method of isolation: entry ids; what it has no number for, it does not change."""

    name: str
    label: str
    recovery: str = ""
    cutoff: str = ""
    cutoff_gsd: str = ""
    ceiling: str = ""
    solubles: str = ""
    lipoproteins: str = ""
    corona: str = ""

    def numbers(self) -> dict[str, str]:
        """Entry id of each number that the method has."""
        return {name: entry for name, entry in vars(self).items() if entry and name not in ("name", "label")}


@dataclass(frozen=True)
class EnzymeEntry:
    """An enzyme: the kinds of molecules that it digests, and the entry id of how many of them."""

    name: str
    label: str
    digests: tuple[str, ...]
    efficiency: str


@dataclass(frozen=True)
class StorageEntry:
    """A way to store vesicles: entry id of a loss by time or by cycle."""

    name: str
    label: str
    loss_rate: str = ""
    loss_per_cycle: str = ""

    def numbers(self) -> dict[str, str]:
        """Entry id of each number that it has."""
        return {name: entry for name, entry in vars(self).items() if entry and name not in ("name", "label")}


@dataclass(frozen=True)
class RuleEntry:
    """A signalling rule as a user writes it; ``@id`` in ``text`` names an entry.

    ``when`` is ``switch=option`` where the rule holds only then; ``instead_of`` is the key of a rule of the same cell
    type that it takes the place of. ``source`` supports the direction, not the numbers.
    """

    key: str
    cell: str
    text: str
    when: str = ""
    source: str = ""
    doi: str = ""
    instead_of: str = ""


@dataclass(frozen=True)
class SwitchOption:
    """One option: a sentence, the entry ids it puts in place by path, the rules it turns on."""

    name: str
    says: str
    parameters: Mapping[str, str]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class SwitchEntry:
    """A contested choice; ``only_in`` some kinds of domains, or in all."""

    name: str
    label: str
    source: str
    default: str
    options: Mapping[str, SwitchOption]
    only_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class MarkerEntry:
    """A list of names whose presence says where a sample's molecules may come from.

    Parameters
    ----------
    name, label : str
    says : str
        What a member in a table may mean, as a sentence without the final full stop.
    members : miRBase names without species
        ``miR-451a`` stands for its hairpins and for both mature strands.
    source, doi : str
        Empty for an estimate without one.
    reason : str
    confidence : "seen", "known" or "estimate"
    """

    name: str
    label: str
    says: str
    members: tuple[str, ...]
    source: str
    doi: str
    reason: str
    confidence: Confidence


@dataclass(frozen=True)
class Library:
    """Everything in one library, by name; ``machinery``, ``medium`` and ``tissue`` hold entry ids.

    ``microvesicle_enrichment`` (entry id) is that of every cargo without one of its own. ``networks`` are words as
    a model file has them, with ``@id`` for numbers.
    """

    name: str
    entries: Mapping[str, Entry]
    machinery: Mapping[str, str]
    medium: Mapping[str, str]
    tissue: Mapping[str, str]
    cells: Mapping[str, CellEntry]
    cargo: Mapping[str, CargoEntry]
    solubles: Mapping[str, SolubleEntry]
    agents: Mapping[str, AgentEntry]
    rules: tuple[RuleEntry, ...]
    switches: Mapping[str, SwitchEntry]
    microvesicle_enrichment: str = ""
    markers: Mapping[str, MarkerEntry] = field(default_factory=lambda: MappingProxyType({}))
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    preparations: Mapping[str, PreparationEntry] = field(default_factory=lambda: MappingProxyType({}))
    methods: Mapping[str, MethodEntry] = field(default_factory=lambda: MappingProxyType({}))
    enzymes: Mapping[str, EnzymeEntry] = field(default_factory=lambda: MappingProxyType({}))
    storage: Mapping[str, StorageEntry] = field(default_factory=lambda: MappingProxyType({}))
    bench: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    genes: Mapping[str, GeneEntry] = field(default_factory=lambda: MappingProxyType({}))
