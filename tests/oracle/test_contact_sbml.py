"""Cells that touch, written as SBML and run by libroadrunner: what is seen, what is felt, what passes junctions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contact_cases import ALL_WAYS, resolved
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.sbml_out import arm_sbml
from vesica.engine.well_mixed import run_arm

roadrunner = pytest.importorskip("roadrunner")


def test_an_arm_of_cells_that_touch_has_the_course_of_libroadrunner() -> None:
    """To 1e-6 of the level: two solvers with 1e-10 a step and some hundred steps; neurons begin with more IP3."""
    model = resolved({"n": ALL_WAYS}, {
        "microglia": {"count": 1e5, "networks": ["n"], "contacts": {"microglia": "10 %"}},
        "neuron": {"count": 2e5, "networks": ["n"], "contacts": {"microglia": "5 %"}}},
        parameters={"neuron.passed.initial": "3 uM", "neuron.n.passed_junction": "1e-13 um/s", "neuron.n.k": "2 1/h",
                    "microglia.n.passed_junction": "1e-13 um/s", "neuron.death_rate": "0.05 1/h"},
        run={"relative_tolerance": 1e-10, "absolute_tolerance": 1e-10})  # fmt: skip
    program, arm = compile_model(model), model.arms[0]
    run = run_arm(program, arm, parameter_row(model, arm), {})
    solver = roadrunner.RoadRunner(arm_sbml(program, arm))
    solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = 1e-10, 1e-5
    names = [f"{cell}.{state}" for cell in ("microglia", "neuron") for state in ("shown", "passed")]
    ids = [f"v{program.index[name]}" for name in names]
    theirs = np.asarray(solver.simulate(0.0, run.times[-1], run.times.size, ["time", *ids]))[:, 1:]
    theirs = theirs / np.array([arm.counts[name.partition(".")[0]] for name in names])
    ours = run.values[:, [program.species.index(name) for name in names]]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert np.ptp(ours[:, 0]) > 1e-4 * ours[0, 0]  # neurons die: there is less to see
