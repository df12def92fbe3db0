"""The parameters every model has, by owner: name, internal unit, whether rules may change it.

This table *is* the vocabulary of rules: a rule may change a parameter marked modulable,
or ``X_production``, ``X_decay`` and ``X_enrichment`` of the cell's own signals and cargo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Field:
    """One parameter: its internal unit, whether a rule may change it, and whether it must not be zero."""

    unit: str
    modulable: bool = False
    label: str = ""
    positive: bool = False


# CELL.NAME for each cell type
CELL_MACHINERY: Final[dict[str, Field]] = {
    # biogenesis
    "endosome_formation_rate": Field("1/s", True, "early endosomes formed per cell"),
    "endosome_maturation_rate": Field("1/s", True, "early endosome becomes an MVB"),
    "endosome_recycling_rate": Field("1/s", True, "early endosome returns to the membrane"),
    "ilv_budding_rate": Field("vesicle/s", True, "ILV budding into one empty MVB"),
    "escrt_share": Field("", False, "share of budding that needs ESCRT; the rest needs ceramide"),
    "escrt_activity": Field("", True, "ESCRT activity relative to normal"),
    "nsmase2_activity": Field("", True, "nSMase2 activity relative to normal"),
    "ilv_capacity": Field("vesicle", False, "ILVs that fill an MVB"),
    "retrofusion_rate": Field("1/s", True, "ILV fuses back with the MVB membrane"),
    "mvb_lysosome_rate": Field("1/s", True, "MVB fuses with a lysosome"),
    # release
    "mvb_docking_rate": Field("1/s", True, "MVB docks at a free site of the membrane"),
    "mvb_undocking_rate": Field("1/s", True, "docked MVB leaves the membrane again"),
    "docking_sites": Field("", False, "docking sites per cell"),
    "rab27_activity": Field("", True, "Rab27 activity relative to normal"),
    "mvb_fusion_rate": Field("1/s", True, "docked MVB fuses with the membrane"),
    "snare_activity": Field("", True, "SNARE activity relative to normal"),
    "released_share": Field("", False, "share of ILVs free after fusion; the rest stays tethered"),
    "tether_detachment_rate": Field("1/s", True, "tethered vesicle leaves"),
    "tether_return_rate": Field("1/s", True, "tethered vesicle is taken back"),
    # size law of the ILVs, and so of exosomes
    "ilv_diameter_median": Field("um", False, "median of the log-normal diameter law"),
    "ilv_diameter_gsd": Field("", False, "geometric standard deviation"),
    "ilv_diameter_low": Field("um", False, "smallest diameter"),
    "ilv_diameter_high": Field("um", False, "largest diameter"),
    "ilv_membrane_thickness": Field("um", False, "bilayer with head groups"),
    # geometry of the cell
    "cell_volume": Field("um^3", False, "volume the lumen cargo is dissolved in"),
    "membrane_area": Field("um^2", False, "area the membrane cargo is spread over"),
    "capture_radius": Field("um", False, "radius of the sphere that captures as the cell does"),
    # uptake
    "receptor_sites": Field("vesicle", True, "vesicles that can be bound at once"),
    "binding_rate": Field("um^3/s/vesicle", True, "binding per free site"),
    "unbinding_rate": Field("1/s", True, "bound vesicle leaves"),
    "internalisation_rate": Field("1/s", True, "bound vesicle is endocytosed"),
    "macropinocytosis_rate": Field("um^3/s", True, "medium drunk per cell"),
    "surface_fusion_rate": Field("1/s", True, "bound vesicle fuses with the membrane"),
    "ev_degradation_rate": Field("1/s", True, "endosomal vesicle is degraded"),
    "ev_recycling_rate": Field("1/s", True, "endosomal vesicle leaves the cell again"),
    "escape_rate": Field("1/s", True, "endosomal vesicle fuses with the endosome's membrane"),
    # membrane cargo that arrived in the endosome's membrane
    "receptor_surfacing_rate": Field("1/s", True, "received receptor reaches the surface"),
    "receptor_insertion_share": Field("", False, "received receptors that work after fusion at the surface"),
    "receptor_disposal_rate": Field("1/s", True, "received receptor is degraded before it surfaces"),
    # fate
    "death_rate": Field("1/s", True, "hazard of death (cells that can die)"),
}

# CELL.NAME for each cell type that sheds microvesicles
CELL_SHEDDING: Final[dict[str, Field]] = {
    "shedding_rate": Field("vesicle/s", True, "microvesicles shed from the membrane per cell"),
    "asmase_activity": Field("", True, "A-SMase activity relative to normal; none, no shedding"),
    "microvesicle_diameter_median": Field("um", False, "median of the log-normal diameter law of microvesicles"),
    "microvesicle_diameter_gsd": Field("", False, "its geometric standard deviation"),
    "microvesicle_diameter_low": Field("um", False, "smallest diameter of microvesicles"),
    "microvesicle_diameter_high": Field("um", False, "largest diameter of microvesicles"),
}
# CELL.NAME for each cell type that turns into apoptotic vesicles when it dies
CELL_APOPTOSIS: Final[dict[str, Field]] = {
    "apoptotic_vesicles_per_cell": Field("vesicle", False, "apoptotic vesicles that a dying cell turns into"),
    "apoptotic_cargo_share": Field("", False, "share of the cell's own cargo that they take; the rest is degraded"),
    "apoptotic_diameter_median": Field("um", False, "median of the log-normal diameter law of apoptotic vesicles"),
    "apoptotic_diameter_gsd": Field("", False, "its geometric standard deviation"),
    "apoptotic_diameter_low": Field("um", False, "smallest diameter of apoptotic vesicles"),
    "apoptotic_diameter_high": Field("um", False, "largest diameter of apoptotic vesicles"),
}
# CELL.NAME for each cell type whose miRNAs share a pool of Ago
CELL_AGO: Final[dict[str, Field]] = {
    "ago_copies": Field("molecule", False, "Ago of a cell, free and with the miRNAs of the model"),
    "ago_loading_rate": Field("1/molecule/s", False, "free Ago loads a duplex, per cell volume"),
    "duplex_decay_rate": Field("1/s", False, "loss of miRNA that is not in Ago"),
    "loaded_arrival_share": Field("", False, "miRNA of vesicles that arrives in an Ago of its own"),
}
# CELL.NAME for each cell type that lays down matrix around itself
CELL_MATRIX: Final[dict[str, Field]] = {
    "matrix_secretion_rate": Field("molecule/s", True, "matrix that a cell lays down around itself"),
    "matrix_decay_rate": Field("1/s", True, "loss of matrix without proteases of the medium"),
    "matrix_vesicle_sites": Field("vesicle/molecule", False, "vesicles that a molecule of matrix can hold"),
    "matrix_binding_rate": Field("um^3/s/vesicle", True, "binding of vesicles per free site of the matrix"),
    "matrix_unbinding_rate": Field("1/s", True, "vesicle leaves the matrix"),
}
# CELL.NAME for each cell type in tissue
CELL_TISSUE: Final[dict[str, Field]] = {
    "arbor_radius": Field("um", False, "radius of the territory over which its processes take up and release",
                          positive=True),
}
# CELL.NAME for each cell type that crawls
CELL_MOTILITY: Final[dict[str, Field]] = {
    "motility_speed": Field("um/s", False, "speed of crawling, root mean square"),
    "motility_persistence": Field("s", False, "time in which a crawling cell forgets its direction", positive=True),
    "motility_repulsion": Field("1/s", False, "rate at which an overlap with a neighbour goes away"),
}
# CELL.chemotaxis_NAME, of a soluble or agent that draws a cell that crawls; it feels it as `CELL_SENSING` says
CHEMOTAXIS: Final = "chemotaxis_"
CELL_CHEMOTAXIS: Final = Field("", False, "pull of a gradient: share of its speed per difference of receptor occupancy")
ALL_MACHINERY: Final[dict[str, Field]] = (
    CELL_MACHINERY | CELL_SHEDDING | CELL_APOPTOSIS | CELL_AGO | CELL_MATRIX | CELL_TISSUE
)

# CELL.NAME for each cell type whose networks read vesicles on its surface, or solubles; one unless blocked
CELL_RESPONSE: Final[dict[str, Field]] = {
    "surface_response": Field("", False, "share of what vesicles on the surface say that networks feel"),
    "soluble_response": Field("", False, "share of solubles of the medium that networks feel"),
    "contact_response": Field("", False, "share of what touching cells show that networks feel, and of open junctions"),
}
# CELL.contact_with_OTHER, of two cell types that touch
CONTACT: Final = "contact_with_"
CELL_CONTACT: Final = Field("", False, "share of the cell's membrane that touches that cell type")
# CELL.SOLUBLE.NAME, of a cell type that feels a gradient of the soluble
CELL_SENSING: Final[dict[str, Field]] = {
    "sensing_kd": Field("molecule/um^3", False, "dissociation constant of the receptor that feels its gradient",
                        positive=True),
}
# CELL.CARGO.NAME
CELL_CARGO: Final[dict[str, Field]] = {
    "basal": Field("molecule", False, "copies per resting cell"),
    "decay_rate": Field("1/s", False, "turnover"),
    "enrichment": Field("", False, "concentration in the vesicle / in the cell"),
}
# CELL.CARGO.NAME, besides, of a cell type that sheds microvesicles
CELL_CARGO_SHED: Final[dict[str, Field]] = {
    "microvesicle_enrichment": Field("", False, "concentration in the microvesicle / in the cell"),
}
# CELL.CARGO.NAME, where a model asks for it; zero otherwise
CELL_CARGO_CHOICE: Final[dict[str, Field]] = {
    "empty_share": Field("", False, "exosomes that never carry it; the others carry more, so the mean stays"),
}
# CELL.affinity_for_SENDER, where a model or a switch asks for it; one otherwise
# pools and values of a cell type that the engine names itself, so that nothing of a model may be called so
TAKEN: Final = frozenset({
    "alive", "dead", "endosome", "mvb", "docked", "fused", "lysed", "tethered", "made", "returned", "mvb_ilv",
    "docked_ilv", "mvb_ilv2", "docked_ilv2", "degraded_inside", "bound", "inside", "delivered", "taken_up", "released",
    "spread", "ago", "budding_per_mvb", "mvb_budding", "mvb_second", "docked_budding", "docked_second", "docking",
    "fusion", "free_sites", "drink", "shedding", "dying", "vesicle_area", "lumen_volume", "tethered_share",
    "diffusivity", "receptor_loss_share", "bare_arrival_share", "apoptotic_rest_share", "ago_at_rest", "ago_at_first",
    "matrix", "matrix_room", "matrix_free", "matrix_catch", "matrix_bind",
})  # fmt: skip
# ... and endings of those that it makes from the name of a cargo or signal
TAKEN_ENDINGS: Final = (
    "_synthesis", "_loading", "_arriving", "_basal", "_receptors", "_drive", "_target", "_target_synthesis",
    "_repressed", "_duplex", "_meeting", "_duplex_meeting",
)
OVER_THE_CELL: Final = " over the cell"  # ends the pool of a network's state that is in a compartment
AFFINITY: Final = "affinity_for_"
CELL_AFFINITY: Final = Field("", False, "binding of vesicles of that cell type, relative to others")
TRANSITION: Final = "_to_"  # between two phenotypes, in the word for their transition
# CELL.MIRNA.NAME, where the cell tracks the miRNA's targets
CELL_TARGETS: Final[dict[str, Field]] = {
    "target_sites": Field("molecule", False, "sites for the seed, all mRNAs together"),
    "target_decay_rate": Field("1/s", False, "turnover of unrepressed target mRNA"),
    "target_binding_rate": Field("1/molecule/s", False, "miRNA finds a site, per cell volume"),
    "target_unbinding_rate": Field("1/s", False, "miRNA leaves its site"),
    "repressed_decay_rate": Field("1/s", False, "turnover of repressed target; the miRNA survives"),
    "needed_copies": Field("molecule", False, "copies needed for detectable repression"),
}
# CELL.MRNA.NAME, where the cell translates the mRNA
CELL_TRANSLATION: Final[dict[str, Field]] = {
    "translation_rate": Field("1/s", False, "proteins made from each mRNA"),
}
# CELL.LIGAND.NAME, where the ligand on bound vesicles engages a receptor of the cell
CELL_LIGAND: Final[dict[str, Field]] = {
    "half_occupancy": Field("molecule", False, "receptors of the cell at which half of the ligands are engaged"),
}
# CELL.FACTOR.NAME, where the cell's matrix holds a factor of the medium
CELL_MATRIX_FACTOR: Final[dict[str, Field]] = {
    "matrix_sites": Field("", False, "molecules of the factor that a molecule of matrix can hold"),
    "matrix_binding_rate": Field("um^3/s/molecule", False, "binding of the factor per free site of the matrix"),
    "matrix_unbinding_rate": Field("1/s", False, "factor leaves the matrix"),
}
# CELL.PROTEASE.NAME, where a factor of the medium digests the cell's matrix
CELL_MATRIX_PROTEASE: Final[dict[str, Field]] = {
    "matrix_digestion_rate": Field("um^3/s/molecule", False, "digestion of matrix per molecule of protease"),
}
# CELL.SIGNAL.NAME
CELL_SIGNAL: Final[dict[str, Field]] = {
    "basal": Field("", False, "resting level"),
    "decay_rate": Field("1/s", False, "return to rest"),
}
# CELL.SIGNAL.reference, only for signals that require a receptor
CELL_SIGNAL_RECEPTOR: Final[dict[str, Field]] = {
    "reference": Field("molecule", False, "receptor copies at which the basal level is the resting level"),
}
# CELL.SOLUBLE.NAME
CELL_SOLUBLE: Final[dict[str, Field]] = {"secretion_rate": Field("molecule/s", False, "secreted per cell")}
# CELL.PHENOTYPE.initial, where cells do not stand at the rest of the chain; CELL.A_to_B.hazard; CELL.PHENOTYPE.RATE
PHENOTYPE_START: Final = Field("", False, "share of cells that are in it at the start")
PHENOTYPE_HAZARD: Final = Field("1/s", True, "hazard of a transition between phenotypes")
PHENOTYPE_FACTOR: Final = Field("", False, "factor on a rate of a cell while it is in the phenotype")
# medium.NAME
MEDIUM: Final[dict[str, Field]] = {
    "temperature": Field("K", False, "of the medium"),
    "viscosity": Field("Pa*s", False, "of the medium"),
    "ev_decay_rate": Field("1/s", False, "loss of free vesicles without cells"),
    "plastic_loss_rate": Field("1/s", False, "adsorption of free vesicles to plastic"),
    "density": Field("kg/m^3", False, "of the medium"),
    "vesicle_density": Field("kg/m^3", False, "of vesicles, by which they sink"),
}
# SOLUBLE.NAME
SOLUBLE: Final[dict[str, Field]] = {
    "decay_rate": Field("1/s", False, "loss from the medium"),
    "diffusivity": Field("um^2/s", False, "in medium"),
}
# SOLUBLE.NAME, where the model says what fresh medium holds; none of it otherwise
SOLUBLE_FRESH: Final[dict[str, Field]] = {
    "in_fresh_medium": Field("molecule/um^3", False, "in fresh medium"),
}
# AGENT.NAME, of agents that evaporate
AGENT: Final[dict[str, Field]] = {
    "evaporation_rate": Field("1/s", False, "loss to the air"),
}
# AGENT.NAME, of agents that come in by a wall of a space
AGENT_IN_SPACE: Final[dict[str, Field]] = {
    "diffusivity": Field("um^2/s", False, "in liquid"),
    "decay_rate": Field("1/s", False, "loss without cells"),
}
# drug.DRUG.TARGET.NAME, of the drugs that an arm uses: fold of a rate of cells, added of a loss from the medium
DRUG_EFFECT: Final[dict[str, Field]] = {
    "half_max": Field("molecule/um^3", False, "concentration with half the effect"),
    "hill": Field("", False, "Hill coefficient"),
    "fold": Field("", False, "what is left of the target at full effect, or how much more there is"),
    "added": Field("1/s", False, "rate at which it takes a soluble from the medium at full effect"),
}
# drug.DRUG.NAME, where it comes or goes during the run
DRUG: Final[dict[str, Field]] = {
    "washout_rate": Field("1/s", False, "the drug leaves its target", positive=True),
}
# gene.GENE.NUMBER.fold, of the genes that an arm takes away
GENE: Final = Field("", False, "what is left of a number of the machinery without the gene, or how much more there is")
ANTI_MIR: Final = "anti_mir_fold"  # CELL.MIRNA.NAME, where an arm gives an anti-miR
CELL_ANTI_MIR: Final = Field("", False, "loss of the miRNA with an anti-miR, relative to its own", positive=True)
# PREPARATION.NAME
PREPARATION: Final[dict[str, Field]] = {
    "prepared_diameter_median": Field("um", False, "median of the log-normal diameter law of prepared vesicles", True),
    "prepared_diameter_gsd": Field("", False, "its geometric standard deviation"),
    "prepared_diameter_low": Field("um", False, "smallest diameter of prepared vesicles", True),
    "prepared_diameter_high": Field("um", False, "largest diameter of prepared vesicles", True),
    "prepared_membrane_thickness": Field("um", False, "bilayer with head groups"),
}
# PREPARATION.NAME, where it has them
LIPOPROTEINS: Final = "lipoproteins_per_vesicle"
FRESH: Final = "in_fresh_medium"
FRESH_LIPOPROTEINS: Final = "lipoproteins_in_fresh_medium"
PREPARATION_CHOICE: Final[dict[str, Field]] = {
    LIPOPROTEINS: Field("", False, "particles that are no vesicles for each vesicle of the preparation"),
    FRESH: Field("vesicle/um^3", False, "vesicles of the preparation in fresh medium"),
    FRESH_LIPOPROTEINS: Field("1/um^3", False, "its lipoproteins in fresh medium"),
}
# PREPARATION.CARGO.NAME
PREPARATION_CARGO: Final[dict[str, Field]] = {"copies": Field("molecule", False, "mean copies per vesicle")}
# SENDER.fusogenicity of a preparation or of an engineered cell type; one otherwise
FUSOGENICITY: Final = "fusogenicity"
SENDER_FUSOGENICITY: Final = Field("", False, "escape and fusion of these vesicles, relative to others")
# isolation.METHOD.NAME of the methods that some dose went through
METHOD: Final[dict[str, Field]] = {
    "recovery": Field("", False, "share of vesicles well above the cut-off that is kept"),
    "cutoff": Field("um", False, "diameter of which half as many are kept", True),
    "cutoff_gsd": Field("", False, "geometric standard deviation of the cut-off"),
    "ceiling": Field("um", False, "diameter above which vesicles are lost; half of them at it", True),
    "solubles": Field("", False, "share of soluble factors that comes along"),
    "lipoproteins": Field("", False, "share of lipoproteins that comes along"),
    "corona": Field("", False, "share of what is adsorbed on vesicles that stays on them"),
}
CORONA: Final = "isolation.corona_share"
CORONA_SHARE: Final = Field("", False, "share of soluble proteins that is adsorbed on vesicles")
# treatment.ENZYME.NAME, storage.WAY.NAME
TREATMENT: Final[dict[str, Field]] = {"efficiency": Field("", False, "share of what it reaches that an enzyme digests")}
STORAGE: Final[dict[str, Field]] = {
    "loss_rate": Field("1/s", False, "vesicles lost to the wall of a tube"),
    "loss_per_cycle": Field("", False, "share of vesicles lost with each cycle"),
}
# cooling.NAME, where an arm is kept cold
COOLING: Final[dict[str, Field]] = {
    "activity": Field("", False, "share of what needs energy that goes on in the cold"),
    "viscosity": Field("", False, "viscosity of the medium in the cold, relative to 37 °C"),
}
# label.DYE.NAME of the dyes that some dose is stained with
LABEL: Final[dict[str, Field]] = {
    "copies": Field("molecule", False, "dye in an average vesicle"),
    "micelles": Field("", False, "particles of dye that staining makes for each vesicle"),
}
MICELLES: Final = "_micelles"  # ends the name of the preparation that these particles are
# DYE.transfer_rate, of dyes in membranes
TRANSFER: Final = "transfer_rate"
DYE_TRANSFER: Final = Field("1/s", False, "dye goes from a particle on a cell into the cell's membrane")
# rule.KEY.NAME
RULE: Final[dict[str, Field]] = {
    "half_max": Field("", False, "source level with half the effect, in the unit of the source"),
    "hill": Field("", False, "Hill coefficient"),
    "fold": Field("", False, "factor at full effect, of a rule that multiplies"),
    "added": Field("", False, "what a rule adds at full effect, in the unit of its target"),
}
# Unit of a rule's half-max by the kind of its source; a value of a network has its own.
SOURCE_UNITS: Final[dict[str, str]] = {
    "agent": "molecule/um^3", "soluble": "molecule/um^3", "signal": "", "cargo": "molecule", "bound": "molecule",
    "engaged": "vesicle", "matrix": "molecule", "repression": "", "phenotype": "", "touched": "molecule",
    "gradient": "",
}  # fmt: skip


def modulable_of_signal(name: str) -> tuple[str, str]:
    """The two rates a rule may change on a signal."""
    return f"{name}_production", f"{name}_decay"


def modulable_of_cargo(name: str) -> tuple[str, str, str]:
    """The rates a rule may change on a cargo of a cell."""
    return f"{name}_production", f"{name}_decay", f"{name}_enrichment"


ALL_SECRETION: Final = "all_secretion"  # a target of drugs: what leaves by the Golgi
CLEARANCE: Final = "_clearance"  # a target of drugs: the loss of a soluble from the medium
BINDING: Final = "_binding"  # a target of drugs: binding of one kind of vesicles


def modulable_of_soluble(name: str) -> tuple[str]:
    """The rate a rule may change on a secreted factor."""
    return (f"{name}_secretion",)


# ---- classes of vesicles

Kind = Literal["exosome", "microvesicle", "apoptotic", "prepared"]

# An origin is a class of vesicles: who made them and of which kind. Exosomes bear the plain name of their cell;
# those of a preparation come from a tube, and no cell of the model makes them.
EXOSOME: Final = "exosome"
MICROVESICLE: Final = "microvesicle"
APOPTOTIC: Final = "apoptotic"
PREPARED: Final = "prepared"
KINDS: Final[tuple[Kind, ...]] = (EXOSOME, MICROVESICLE, APOPTOTIC, PREPARED)
KIND_LABELS: Final[dict[Kind, str]] = {
    EXOSOME: "exosomes", MICROVESICLE: "microvesicles", APOPTOTIC: "apoptotic vesicles",
    PREPARED: "prepared vesicles",
}  # fmt: skip
_MAKERS: Final[dict[Kind, str]] = {
    EXOSOME: "secretes_vesicles", MICROVESICLE: "sheds_microvesicles", APOPTOTIC: "forms_apoptotic_vesicles",
}  # fmt: skip
_SIZES: Final[dict[Kind, str]] = {
    EXOSOME: "ilv", MICROVESICLE: "microvesicle", APOPTOTIC: "apoptotic", PREPARED: "prepared",
}  # fmt: skip


def origin_of(cell: str, kind: Kind) -> str:
    """Name of a class of vesicles: ``astrocyte``, ``astrocyte~microvesicle``, ``astrocyte~apoptotic``."""
    return cell if kind == EXOSOME else f"{cell}~{kind}"


def sender_of(origin: str) -> str:
    """The cell type that makes the vesicles of a class, or the preparation that they come from."""
    return origin.partition("~")[0]


def kind_of(origin: str) -> Kind:
    """Which kind of vesicles a class is.

    Raises
    ------
    ValueError
        It is no name of a class.
    """
    for kind in KINDS:
        if origin_of(sender_of(origin), kind) == origin:
            return kind
    raise ValueError(f"`{origin}` is no class of vesicles")


def label_of(origin: str) -> str:
    """A class in words: ``microglia``, or ``microvesicles of microglia``."""
    kind = kind_of(origin)
    return origin if kind == EXOSOME else f"{KIND_LABELS[kind]} of {sender_of(origin)}"


def origins_made(cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Classes that a cell type makes, from its fields by name (those of `CellType`, or of ``spec.yaml``)."""
    return tuple(origin_of(cell["name"], kind) for kind, flag in _MAKERS.items() if cell.get(flag))


def size_paths(origin: str) -> tuple[str, str, str, str, str]:
    """Paths of the size law of a class: median, spread, bounds, and the membrane, which all kinds of a cell share."""
    cell, kind = sender_of(origin), kind_of(origin)
    diameter, membrane = f"{cell}.{_SIZES[kind]}_diameter", "prepared" if kind == PREPARED else "ilv"
    return (f"{diameter}_median", f"{diameter}_gsd", f"{diameter}_low", f"{diameter}_high",
            f"{cell}.{membrane}_membrane_thickness")
