"""Cells that touch in whole numbers: every cell sees the mean of the living cells of the other type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.contact_cases import PASSING, resolved
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.whole import step
from vesica.engine.whole.around import look
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.start import dish_at_rest

PERMEABILITY = 2e-3  # um/s


def dish(networks: dict[str, Any] = PASSING, neuron: dict[str, Any] | None = None) -> Dish:
    """Ten astrocytes and thirty neurons: a tenth of the volume and the area of the closed form of the means."""
    numbers = {"cell_volume": "3000 um^3", "membrane_area": "1500 um^2"}
    model = resolved(networks, {
        "astrocyte": {"count": 10, "networks": ["one"], "contacts": {"neuron": "20 %"}, "parameters": numbers},
        "neuron": {"count": 30, "networks": ["other"], **(neuron or {}),
                   "parameters": {"cell_volume": "2000 um^3", "membrane_area": "1000 um^2", "death_rate": "0 1/h"}}},
        run={"fidelity": "stochastic"},
        parameters={f"{cell}.{net}.IP3_junction": f"{PERMEABILITY} um/s"
                    for cell, net in (("astrocyte", "one"), ("neuron", "other"))})  # fmt: skip
    program, arm = compile_model(model), model.arms[0]
    return dish_at_rest(program, arm, parameter_row(model, arm), {}, 0, {})


def level(of: Dish, cell: str, name: str) -> np.ndarray:
    cells = next(one for one in of.cells if one.name == cell)
    return cells.values[of.laws.program.index[f"{cell}.{name}"]]


def after(windows: int) -> tuple[float, float]:
    """IP3 of both in uM after 2 h."""
    made = dish()
    for _ in range(windows):
        assert step.advance(made, 7200.0 / windows).message == ""
    return tuple(float(level(made, cell, "IP3").mean()) / 602.214076 for cell in ("astrocyte", "neuron"))


def test_the_error_of_a_window_falls_with_its_square() -> None:
    """Exchange of two volumes in closed form: astrocytes begin with 1 uM.

    Of one type the other stands still through half a window, forth and back, so the error of 2 h is c h^2 + O(h^4): at
    h/2 a quarter is left, and the next term makes that wrong by (r h)^2 of itself, a tenth for r h = 0.27.
    """
    first, second = 10 * 3000.0, 30 * 2000.0
    rate = PERMEABILITY * 10 * 0.2 * 1500.0 * (1.0 / first + 1.0 / second)
    share = first / (first + second)
    exact = share + (1.0 - share) * np.exp(-rate * 7200.0)
    errors = [after(windows)[0] - exact for windows in (8, 16)]
    assert rate * 900.0 == pytest.approx(0.27)
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)
    assert abs(errors[1]) < 1e-3


def test_each_cell_sees_the_mean_of_those_that_live() -> None:
    """Neurons differ in TLR4; half of them die; the others' copies count over all that were there."""
    reads = {"one": {"states": {"seen": {"initial": 0}, **PASSING["one"]["states"]},
                     "constants": {"few": "1 molecule", "k": "1 1/h"},
                     "reactions": {"rise": {"equation": "-> seen", "rate": "k * touched_TLR4 / few"},
                                   "fall": {"equation": "seen ->", "law": "mass_action", "k": "1 1/h"}}},
             "other": PASSING["other"]}
    made = dish(reads, {"variability": [{"of": "TLR4.basal", "cv": "40 %"}]})
    others = next(one for one in made.cells if one.name == "neuron")
    astrocytes = next(one for one in made.cells if one.name == "astrocyte")
    copies = level(made, "neuron", "TLR4")
    assert np.ptp(copies) > 0.0
    others.is_alive[::2] = False
    look(made, astrocytes)
    (name,) = [one.target for one in made.laws.seen if "TLR4" in one.target]
    seen = astrocytes.values[made.laws.program.index[name]]
    np.testing.assert_allclose(seen, copies[1::2].sum() / 30.0 / 1000.0, rtol=1e-12)
