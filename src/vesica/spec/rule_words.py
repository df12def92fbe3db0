"""The words that rules may use about one cell type: what they start from and what they change, with units.

`CellWords` holds the names and labels; `CellWords.sources` and `CellWords.targets` are the vocabulary made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from vesica.spec import vocabulary

BOUND: Final = "bound_"
ENGAGED: Final = "engaged_"
REPRESSION: Final = "repression_by_"
TOUCHED: Final = "touched_"
GRADIENT: Final = "gradient_"
MATRIX: Final = "matrix"  # around a cell; `matrix_NAME` is what it holds of a factor, or of cargo of vesicles
TRANSLATION: Final = "_translation"

# what a rule changes, in words: subject, and whether it is a speed
MACHINERY_WORDS: Final[dict[str, tuple[str, bool]]] = {
    "endosome_formation_rate": ("formation of early endosomes", True),
    "endosome_maturation_rate": ("maturation of endosomes into MVBs", True),
    "endosome_recycling_rate": ("recycling of early endosomes", True),
    "ilv_budding_rate": ("ILV budding", True),
    "escrt_activity": ("ESCRT activity", False),
    "nsmase2_activity": ("nSMase2 activity", False),
    "retrofusion_rate": ("back-fusion of ILVs", True),
    "mvb_lysosome_rate": ("fusion of MVBs with lysosomes", True),
    "mvb_docking_rate": ("MVB docking", True),
    "mvb_undocking_rate": ("MVB undocking", True),
    "rab27_activity": ("Rab27 activity", False),
    "mvb_fusion_rate": ("MVB fusion", True),
    "snare_activity": ("SNARE activity", False),
    "tether_detachment_rate": ("detachment of tethered vesicles", True),
    "tether_return_rate": ("return of tethered vesicles into the cell", True),
    "receptor_sites": ("the number of binding sites for vesicles", False),
    "binding_rate": ("binding of vesicles", True),
    "unbinding_rate": ("unbinding of vesicles", True),
    "internalisation_rate": ("internalisation of bound vesicles", True),
    "macropinocytosis_rate": ("macropinocytosis", True),
    "surface_fusion_rate": ("fusion of vesicles with the cell membrane", True),
    "ev_degradation_rate": ("degradation of vesicles taken up", True),
    "ev_recycling_rate": ("recycling of vesicles taken up", True),
    "escape_rate": ("escape of vesicle cargo from endosomes", True),
    "receptor_surfacing_rate": ("surfacing of received receptors", True),
    "receptor_disposal_rate": ("disposal of received receptors", True),
    "death_rate": ("the hazard of death", False),
    "shedding_rate": ("shedding of microvesicles", True),
    "asmase_activity": ("A-SMase activity", False),
    "matrix_secretion_rate": ("secretion of matrix", True),
    "matrix_decay_rate": ("loss of matrix", True),
    "matrix_binding_rate": ("binding of vesicles by matrix", True),
    "matrix_unbinding_rate": ("loss of vesicles from matrix", True),
}


class SourceWord(NamedTuple):
    """What a rule starts from: its kind (of `vocabulary.SOURCE_UNITS`, or ``level``), sentence and unit."""

    kind: str
    sentence: str
    unit: str


class TargetWord(NamedTuple):
    """What a rule changes: its subject in a sentence, whether it is a speed, and its unit."""

    subject: str
    is_speed: bool
    unit: str


Levels = Mapping[str, tuple[str, str]]  # name -> label, unit


def _source(kind: str, sentence: str) -> SourceWord:
    return SourceWord(kind, sentence, vocabulary.SOURCE_UNITS[kind])


@dataclass(frozen=True)
class CellWords:
    """The words rules may use about one cell type, each with its label."""

    name: str
    label: str
    signals: Mapping[str, str]
    cargo: Mapping[str, str]
    mirna_targets: Collection[str]
    secreted: Mapping[str, str]
    agents: Mapping[str, str]
    solubles: Mapping[str, str]
    bindable: Mapping[str, str]  # cargo that bound vesicles may carry, whoever made it
    can_die: bool = True
    sheds_microvesicles: bool = False
    levels: Levels = field(default_factory=dict)  # states and assignments of its networks
    reactions: Levels = field(default_factory=dict)  # ``NETWORK_REACTION``
    phenotypes: Mapping[str, str] = field(default_factory=dict)
    transitions: Mapping[str, str] = field(default_factory=dict)  # ``A_to_B``
    engageable: Mapping[str, str] = field(default_factory=dict)  # ligands with a receptor on the cell
    translated: Mapping[str, str] = field(default_factory=dict)  # mRNAs
    touchable: Levels = field(default_factory=dict)  # what cells of any type may show to those that touch them

    matrix: Mapping[str, str] = field(default_factory=dict)  # words about the matrix around the cell

    def sources(self) -> dict[str, SourceWord]:
        """Every source word."""
        here = f"in the {self.label}"
        words = {name: _source("agent", label) for name, label in self.agents.items()}
        words |= {name: _source("soluble", f"{label} in the medium") for name, label in self.solubles.items()}
        words |= {name: _source("cargo", f"{label} {here}") for name, label in self.cargo.items()}
        words |= {name: _source("signal", f"{label} {here}") for name, label in self.signals.items()}
        words |= {name: SourceWord("level", f"{label} {here}", unit) for name, (label, unit) in self.levels.items()}
        words |= {name: _source("phenotype", f"the share of {label} cells among the {self.label} cells")
                  for name, label in self.phenotypes.items()}  # fmt: skip
        words |= {f"{BOUND}{name}": _source("bound", f"{label} on vesicles bound to the {self.label}")
                  for name, label in self.bindable.items()}  # fmt: skip
        words |= {f"{ENGAGED}{name}": _source("engaged", f"the number of vesicles whose {label} engages the "
                                              f"{self.label}") for name, label in self.engageable.items()}  # fmt: skip
        words |= {name: _source("matrix", label) for name, label in self.matrix.items()}
        words |= {f"{REPRESSION}{name}": _source("repression", f"repression by {self.cargo.get(name, name)} {here}")
                  for name in self.mirna_targets}  # fmt: skip
        words |= {f"{TOUCHED}{name}": SourceWord("touched", f"{label} of the cells that touch the {self.label}", unit)
                  for name, (label, unit) in self.touchable.items()}  # fmt: skip
        words |= {f"{GRADIENT}{name}": _source("gradient", f"the gradient of {label} along the {self.label}")
                  for name, label in self.solubles.items()}  # fmt: skip
        return words

    def targets(self) -> dict[str, TargetWord]:
        """Every target word."""
        missing = set() if self.can_die else {"death_rate"}
        missing |= set() if self.sheds_microvesicles else set(vocabulary.CELL_SHEDDING)
        missing |= set() if self.matrix else set(vocabulary.CELL_MATRIX)
        words = {name: TargetWord(*said, vocabulary.ALL_MACHINERY[name].unit)
                 for name, said in MACHINERY_WORDS.items() if name not in missing}  # fmt: skip
        for name, label in self.signals.items():
            production, decay = vocabulary.modulable_of_signal(name)
            words[production] = TargetWord(f"production of {label}", True, "1/s")
            words[decay] = TargetWord(f"decay of {label}", True, "1/s")
        for name, label in self.cargo.items():
            production, decay, enrichment = vocabulary.modulable_of_cargo(name)
            words[production] = TargetWord(f"production of {label}", True, "molecule/s")
            words[decay] = TargetWord(f"decay of {label}", True, "1/s")
            words[enrichment] = TargetWord(f"enrichment of {label} in vesicles", False, "")
        for name, label in self.secreted.items():
            (secretion,) = vocabulary.modulable_of_soluble(name)
            words[secretion] = TargetWord(f"secretion of {label}", True, "molecule/s")
        words |= {name: TargetWord(label, True, unit) for name, (label, unit) in self.reactions.items()}
        words |= {name: TargetWord(label, True, "1/s") for name, label in self.transitions.items()}
        words |= {f"{name}{TRANSLATION}": TargetWord(f"translation of {label}", True, "1/s")
                  for name, label in self.translated.items()}  # fmt: skip
        return words
