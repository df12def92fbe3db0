"""Cells of a tissue in whole numbers: whole bursts, exact conservation, means and variances of their laws.

Random tests: 8 checks at `tests.comparisons.ALARM` each, fixed seeds.
"""

from __future__ import annotations

import functools

import numpy as np

from tests.comparisons import agrees_with_mean
from vesica import interventions
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.tables import Tables
from vesica.engine.tissue.lanes import CellLanes
from vesica.engine.tissue.unlike import keys_of
from vesica.engine.tissue.whole_cells import WholeCells
from vesica.spec.model import ModelSpec

PRESENT = frozenset({"cell:microglia", "origin:microglia"})


@functools.cache
def microglia() -> tuple[Program, np.ndarray]:
    """Microglia with cargo and phenotypes, in fresh medium, at the rest of their means."""
    model = interventions.resolve(ModelSpec.model_validate({
        "vesica": 1, "use": ["library:cns"], "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
        "cells": {"microglia": {"count": 2e5}}, "run": {"duration": "4 h", "every": "30 min"},
        "arms": {"control": {}},
    }))[0]
    program = compile_model(model)
    values = value_vector(program, parameter_row(model, model.arms[0]))
    tables = program.tables(PRESENT)
    from vesica.engine.rest import resting
    from vesica.engine.system import Lanes

    rest = resting(program, Lanes(tables, values[:, None].copy(), {"microglia": 1.0}, is_single=True), PRESENT, {})
    values[tables.pools] = rest.state[:, 0]
    return program, values


def whole(number: int, seed: int = 1) -> WholeCells:
    program, values = microglia()
    return WholeCells(program, program.model.cells[0], PRESENT, values, (keys_of(f"cell {k}" for k in range(number)), seed))


def level(cells: WholeCells | CellLanes, name: str) -> np.ndarray:
    return cells.state[cells.names.index(name)]


def test_it_runs() -> None:
    cells = whole(700)
    for k in range(10):
        print(cells.advance(120.0))
    for name in ("microglia.mvb", "microglia.docked", "microglia.fused", "microglia.mvb_ilv", "microglia.released:microglia", "microglia.tethered"):
        x = level(cells, name)
        print(name, x.mean(), x.std(), microglia()[1][microglia()[0].index[name]])
