"""Levels that rise when a run starts: in whole numbers, too, cells come to rest without them."""

from __future__ import annotations

import math

from tests.cell_networks import resolved
from tests.comparisons import agrees_with_mean
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.whole.start import dish_at_rest

WORDS = {"states": {"on": {"initial": 0, "at_start": 1}}, "constants": {"k": "1 1/h"},
         "reactions": {"lose": {"equation": "asyn ->", "rate": "k * on * asyn"}}}
CARGO = {"asyn": {"basal": "300 molecule", "decay_rate": "0.1 1/h", "enrichment": 0}}


def test_cells_rest_without_what_the_start_of_the_run_brings() -> None:
    """`on` is 1 in every cell, and the cargo that it degrades eleven times faster is Poisson around 300 still."""
    model = resolved({"degrader": WORDS}, {"cargo": CARGO}, parameters={"microglia.endosome_formation_rate": "0 1/h"},
                     arms={"few": {"cells": {"microglia": {"count": 400}}}})
    program, arm = compile_model(model), model.arms[0]
    dish = dish_at_rest(program, arm, parameter_row(model, arm), {}, 0, {})
    values = dish.cells[0].values
    assert set(values[program.index["microglia.on"]]) == {1.0}
    copies = values[program.index["microglia.asyn"]]
    assert copies.size == 400
    assert agrees_with_mean(copies, 300.0, 300.0)
    assert not agrees_with_mean(copies, 300.0 + 20.0 * math.sqrt(300.0 / 400.0), 300.0)
