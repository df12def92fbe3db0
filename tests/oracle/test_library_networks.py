"""Networks of the library, written as SBML, against libroadrunner: the whole cell over hours."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cell_networks import resolved
from vesica.engine.program import Program, compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.sbml_out import arm_sbml
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.resolved import ResolvedModel

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")

RELATIVE, ABSOLUTE = 1e-10, 1e-12  # of both solvers; absolute per cell
CHANGED = "microglia.nfkb.ikba_made_k"
NETWORKS = {
    "nfkb": {"networks": ["nfkb"]},
    "cytokines": {"networks": ["nfkb", "cytokines"]},
    "nlrp3": {"networks": ["nfkb", "nlrp3"], "phenotypes": {"inflammasome": {}}},
}


def model(cell: dict[str, object]) -> ResolvedModel:
    """Microglia in LPS and ATP from the start, for 6 h."""
    return resolved({}, cell, run={"duration": "6 h", "every": "10 min", "relative_tolerance": RELATIVE,
                                   "absolute_tolerance": ABSOLUTE}, exposures=[
        {"agent": "LPS", "concentration": "100 ng/mL"}, {"agent": "ATP", "concentration": "1 mM"}])


def oracle(program: Program, run: Trajectory, factor: float = 1.0) -> np.ndarray:
    """(time, pool) of libroadrunner, per cell or in the medium; one rate of a network off by a factor."""
    cells = run.arm.counts["microglia"]
    text = arm_sbml(program, run.arm)
    solver = roadrunner.RoadRunner(text)
    if factor != 1.0:
        number = f"v{program.index[CHANGED]}"
        solver[number] = solver[number] * factor
    solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = RELATIVE, ABSOLUTE * cells
    solver.integrator.maximum_num_steps = 1_000_000
    ids = [f"v{program.index[pool.name]}" for pool in program.table.pools]
    found = np.asarray(solver.simulate(0.0, run.times[-1], run.times.size, ["time", *ids]))
    assert np.allclose(found[:, 0], run.times)
    return found[:, 1:] / np.array([1.0 if pool.compartment == "medium" else cells for pool in program.table.pools])


def worst(program: Program, run: Trajectory, theirs: np.ndarray) -> tuple[float, str]:
    """Largest difference over the scale of a pool, its largest value, and that pool."""
    cells = run.arm.counts["microglia"]
    floor = np.array([1e-6 if pool.is_level else 1e-3 * cells if pool.compartment == "medium" else 1e-3
                      for pool in program.table.pools])
    ours = run.values[:, : theirs.shape[1]]
    error = np.abs(ours - theirs).max(axis=0) / (np.abs(ours).max(axis=0) + floor)
    return float(error.max()), program.table.pools[int(error.argmax())].name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_library_network_has_the_course_of_libroadrunner(name: str) -> None:
    """To 1e-6 of each pool's scale: the root of some 150 pools times 1e-10 a step, 400 steps, two solvers."""
    program = compile_model(model(NETWORKS[name]))
    arm = program.model.arms[0]
    run = run_arm(program, arm, parameter_row(program.model, arm), {})
    assert run.message == ""
    error, where = worst(program, run, oracle(program, run))
    assert error < 1e-6, (error, where)


def test_the_comparison_sees_a_constant_that_is_off_by_a_ten_thousandth() -> None:
    program = compile_model(model(NETWORKS["nfkb"]))
    arm = program.model.arms[0]
    run = run_arm(program, arm, parameter_row(program.model, arm), {})
    error, _ = worst(program, run, oracle(program, run, 1 + 1e-4))
    assert error > 1e-5
