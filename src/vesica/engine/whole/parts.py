"""Which part of the fidelity of whole numbers takes which process of the table."""

from __future__ import annotations

from typing import Final, Literal

from vesica.engine.table import ProcessTable
from vesica.errors import Finding

PartName = Literal["signal", "reaction", "donor", "journey", "soluble", "budding", "death"]

PART_OF: Final[dict[str, PartName]] = {
    "signal_production": "signal", "signal_decay": "signal", "drug_binding": "signal", "drug_leaving": "signal",
    "cargo_production": "reaction", "cargo_decay": "reaction",
    "target_synthesis": "reaction", "target_decay": "reaction",
    "titration_binding": "reaction", "titration_unbinding": "reaction", "repressed_decay": "reaction",
    "ago_loading": "reaction", "duplex_decay": "reaction", "translation": "reaction",
    "surfacing": "reaction", "disposal": "reaction", "phenotype": "reaction", "dying": "reaction",
    "endosome_formation": "donor", "endosome_recycling": "donor", "endosome_maturation": "donor",
    "budding": "donor", "budding_square": "donor", "loading": "donor", "retrofusion": "donor",
    "lysosome": "donor", "docking": "donor", "undocking": "donor", "fusion": "donor",
    "tether_detachment": "journey", "tether_return": "journey",
    "medium_decay": "journey", "plastic_loss": "journey",
    "binding": "journey", "unbinding": "journey", "endocytosis": "journey", "macropinocytosis": "journey",
    "membrane_fusion": "journey", "lysosomal_degradation": "journey", "recycling": "journey", "escape": "journey",
    "network": "signal", "junction": "signal", "conversion": "reaction", "exchange": "soluble",
    "secretion": "soluble", "soluble_decay": "soluble", "drug_clearance": "soluble",
    "shedding": "budding", "shedding_load": "budding", "blebbing": "death", "blebbing_load": "death",
    "death": "death", "evaporation": "soluble",
}

# Processes without a law of whole numbers: a model that holds one is refused by name.
REFUSED: Final = frozenset({
    "inflow", "outflow", "medium_reaction", "consumption", "drug_conversion", "dye_transfer",
    "matrix_secretion", "matrix_loss", "matrix_release", "matrix_binding", "matrix_unbinding",
})  # fmt: skip


def processes_of(part: PartName) -> frozenset[str]:
    """Processes that one part takes."""
    return frozenset(process for process, taken_by in PART_OF.items() if taken_by == part)


def representable(table: ProcessTable) -> list[Finding]:
    """One error for each process that no part of this fidelity takes; empty where all are taken."""
    unknown = dict.fromkeys(flux.process for flux in table.fluxes if flux.process not in PART_OF)
    return [Finding("error", "run.fidelity", f"the model holds the process `{process}`, and `fidelity: stochastic` has "
                    "no law of whole numbers for it", "every process of a model has a law in the fidelity it runs with",
                    "what this process makes or takes would be missing",
                    "write `fidelity: well_mixed`, or leave out what brings this process in")
            for process in unknown]
