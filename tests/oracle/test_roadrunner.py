"""The whole chain against libroadrunner, which solves the same equations from SBML."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica.engine.doses import present_in
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import derived_values, parameter_row
from vesica.engine.sbml_out import ArmState, sbml
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.resolved import Arm, Exposure

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")

RELATIVE, ABSOLUTE = 1e-10, 1e-12  # of both solvers; absolute per cell
AGENT = 5e6
COUNTS = {"donor": 1e6, "taker": 5e5}


def engine() -> tuple[Program, Trajectory]:
    arm = Arm("both", COUNTS, exposures=(Exposure("agent", (0.0,), (AGENT,)),))
    model = chain_model(arms=(arm,))
    model = replace(model, schedule=replace(model.schedule, every=4 * H, relative_tolerance=RELATIVE,
                                            absolute_tolerance=ABSOLUTE))
    program = compile_model(model)
    return program, run_arm(program, arm, parameter_row(program.model, arm), {})


def oracle(program: Program, run: Trajectory, **changed: float) -> np.ndarray:
    """(time, pool) of libroadrunner from the same resting state, per cell or in the medium."""
    values = dict(run.row) | derived_values(program, run.row) | {"1": 1.0, "agent.agent": AGENT} | changed
    start = dict(zip(program.species, run.values[0].tolist(), strict=True))
    text = sbml(program, ArmState(present_in(program, run.arm, {}), run.arm.counts, values, start))
    solver = roadrunner.RoadRunner(text)
    solver.integrator.relative_tolerance = RELATIVE
    solver.integrator.absolute_tolerance = ABSOLUTE * min(COUNTS.values())
    solver.integrator.maximum_num_steps = 1_000_000
    columns = ["time", *(f"v{program.index[name]}" for name in program.species)]
    found = np.asarray(solver.simulate(0.0, run.times[-1], run.times.size, columns))
    assert np.allclose(found[:, 0], run.times)
    cells = [COUNTS.get(pool.compartment, 1.0) for pool in program.table.pools]
    return found[:, 1:] / np.array(cells)


def worst(program: Program, run: Trajectory, other: np.ndarray) -> tuple[float, str]:
    """Largest difference over the scale of its species (its largest amount), and that species."""
    most = max(COUNTS.values())
    cells = np.array([most if pool.compartment == "medium" else 1.0 for pool in program.table.pools])
    scale = np.abs(run.values).max(axis=0)
    error = np.abs(run.values - other).max(axis=0)
    relative = error / (scale + 1e-3 * cells)
    return float(relative.max()), program.species[int(relative.argmax())]


def test_every_species_agrees_with_libroadrunner_over_48_hours() -> None:
    """To 1e-6 of each species' scale (at least 1e-3 per cell).

    Each solver keeps the root mean square of local errors over N = 180 pools below
    1e-10 |y| + 1e-12: at most sqrt(N) times that in one pool and step. Its steps, about 370,
    add up at worst: 4.9e-7 of the scale, twice for two solvers. (Seen: 1.3e-9.)
    """
    program, run = engine()
    assert run.message == ""
    assert not np.isnan(run.values).any()
    error, name = worst(program, run, oracle(program, run))
    assert error < 1e-6, name


def test_the_comparison_sees_a_rate_that_is_off_by_a_ten_thousandth() -> None:
    program, run = engine()
    rate = "taker.escape_rate"
    error, _ = worst(program, run, oracle(program, run, **{rate: run.row[rate] * (1 + 1e-4)}))
    assert error > 1e-6
