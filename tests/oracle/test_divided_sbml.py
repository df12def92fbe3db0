"""Vessels with places, and cells that differ, against libroadrunner: what SBML holds is what a run computes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.sbml_out import arm_sbml
from vesica.engine.well_mixed import run_arm
from vesica.spec import io

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")

RELATIVE = 1e-9
STILL = "{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still, layers: 4}"
CHANNEL = "{kind: channel, length: 10 mm, width: 1 mm, height: 0.1 mm, flow: 1 uL/min, segments: 4}"


@pytest.mark.parametrize(("domain", "varied", "count"), [
    (STILL, "", 1e6), (STILL, ", variability: [{of: [mvb_docking_rate], cv: 60 %}]", 1e6), (CHANNEL, "", 1e4)])
def test_totals_of_a_divided_vessel_agree(domain: str, varied: str, count: float) -> None:
    """Free vesicles and TNF of all places together.

    Each solver keeps 1e-9 in each step, and errors of some hundred steps add up: 1e-6 of the largest amount is allowed.
    A vessel written as stirred misses by per cents (TNF of the channel: it would not flow).
    """
    text = (f"vesica: 1\ntitle: t\ndomain: {domain}\ncells: {{microglia: {{count: {count}{varied}}}}}\n"
            "arms: {a: {}}\n"
            f"run: {{duration: 6 h, every: 1 h, relative_tolerance: {RELATIVE}}}\n")
    model = interventions.resolve(io.loads(text))[0]
    program, arm = compile_model(model), model.arms[0]
    run = run_arm(program, arm, parameter_row(model, arm), {})
    written = arm_sbml(program, arm)
    names = re.findall(r'<species id="(v\d+)" name="([^"]*)"', written)
    solver = roadrunner.RoadRunner(written)
    solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = RELATIVE, 1e-6
    solver.integrator.maximum_num_steps = 1_000_000
    for pool in ("medium.free:microglia", "medium.TNF"):
        parts = [key for key, name in names if name.startswith(f"{pool} at ")]
        assert len(parts) == 4
        solver.reset()
        other = np.asarray(solver.simulate(0.0, run.times[-1], run.times.size, ["time", *parts]))[:, 1:].sum(axis=1)
        mine = run.values[:, program.species.index(pool)]
        assert np.abs(other - mine).max() <= 1e-6 * mine.max()
