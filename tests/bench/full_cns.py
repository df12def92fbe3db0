"""The whole library in one dish: five cell types with every network that fits, and more cargo on demand."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vesica import interventions
from vesica.engine.doses import present_in
from vesica.engine.nodes import counts
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.library.loader import load
from vesica.library.records import CellEntry
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import Arm, ResolvedModel

FLAGSHIP = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"
INFLAMMATION = ["nfkb", "mir146a_brake", "cytokines"]
NETWORKS = {
    "astrocyte": [*INFLAMMATION, "p2x7", "glt1", "glial_mirnas"],
    "microglia": [*INFLAMMATION, "nlrp3", "p2x7", "glial_mirnas"],
    "neuron": ["calcium_release", "synapse", "support", "let7_tlr7", "bdnf", "synuclein", "tauopathy", "amyloid"],
    "oligodendrocyte": ["calcium_release", "synuclein"],
    "endothelium": ["barrier"],
}


@functools.cache
def full_cns(cargo: int = 0) -> ResolvedModel:
    """The resolved model, with the first ``cargo`` offered cargo of each cell type."""
    cells = {name: {"count": 2e5, "networks": networks, **_offered(load("cns").cells[name], cargo)}
             for name, networks in NETWORKS.items()}
    model = {"vesica": 1, "use": ["library:cns"], "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
             "cells": cells, "run": {"duration": "48 h", "every": "30 min"},
             "arms": {"rest": {}, "LPS": {"exposures": [{"agent": "LPS", "concentration": "100 ng/mL", "from": "0 h",
                                                         "to": "48 h"}], "against": "rest"}}}
    return interventions.resolve(ModelSpec.model_validate(model))[0]


@functools.cache
def full_flagship() -> ResolvedModel:
    """The flagship, which holds its networks, with all arms."""
    return interventions.resolve(ModelSpec.model_validate(yaml.safe_load(FLAGSHIP.read_text(encoding="utf-8"))))[0]


def _offered(cell: CellEntry, cargo: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Words for some offered cargo, all phenotypes, and the targets of every miRNA of the cell."""
    words = list(cell.offered_cargo)[:cargo]
    held = {*cell.cargo, *words}
    return {"cargo": {word: {} for word in words}, "phenotypes": {word: {} for word in cell.phenotypes},
            "targets": {word: {} for word in cell.offered_targets if word in held}}


def lanes_of(program: Program, arm: Arm, lanes: int = 1) -> Lanes:
    """The equations of an arm."""
    running = program.divided
    values = value_vector(running, parameter_row(program.model, arm))
    return Lanes(running.tables(present_in(program, arm, {})), np.repeat(values[:, None], lanes, axis=1),
                 counts(arm, running.groups), is_single=lanes == 1)


def compiled_cns(cargo: int = 0) -> Program:
    """The program of `full_cns`."""
    return compile_model(full_cns(cargo))
