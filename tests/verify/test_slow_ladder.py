"""The slow ladder, run by `make verify` with fresh seeds."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vesica import api, interventions
from vesica.analysis.runs.accounts import ledger
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.spec import io
from vesica.studies import draws

pytestmark = pytest.mark.verify
EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"
STRUCTURES = ("tlr4_only", "tlr4_and_trafficking", "number_only", "cargo_only", "soluble_only")


@pytest.mark.parametrize("structure", STRUCTURES)
def test_any_draw_of_any_structure_closes_its_ledger_and_stays_positive(structure: str) -> None:
    """Thirty draws of a seed nobody chose. A pool may be negative by the absolute tolerance of the solver, no more."""
    seed = secrets.randbits(32)
    model, _ = interventions.resolve(io.load(EXAMPLE), switches={"ethanol_acts": structure})
    program = compile_model(model)
    for number in range(30):
        for trajectory in run_all(program, draws.draw(model, seed, number)):
            where = f"seed {seed}, draw {number}, arm {trajectory.arm.name}"
            assert not trajectory.message, (where, trajectory.message)
            run = as_arm_run(program, trajectory)
            values = trajectory.values[:, ~np.isnan(trajectory.values).all(axis=0)]
            assert (values / (np.abs(values).max(axis=0) + 1.0)).min() > -1e-6, where
            for cargo in (None, *(entry.name for entry in model.cargo)):
                assert abs(ledger(model, run, cargo).residual) < 1e-9, (where, cargo)


def test_the_error_falls_with_the_tolerance() -> None:
    """Against 1e-12: at 1e-6 and 1e-9 the error stays within 1000 x the tolerance, and falls at least 30-fold.

    A BDF run of n = 200 steps accumulates at most n local errors of the size of the tolerance; 1000 leaves
    room for the conditioning of slow modes. Between the two tolerances lies a factor of 1000.
    """
    model = api.examine(EXAMPLE).resolved
    assert model is not None

    def final(tolerance: float) -> np.ndarray:
        schedule = replace(model.schedule, relative_tolerance=tolerance, absolute_tolerance=tolerance)
        program = compile_model(replace(model, schedule=schedule))
        return np.nan_to_num(np.stack([trajectory.values[-1] for trajectory in run_all(program)]))

    sharp = final(1e-12)
    scale = np.abs(sharp).max(axis=0) + 1.0
    errors = [float(np.max(np.abs(final(tolerance) - sharp) / scale)) for tolerance in (1e-6, 1e-9)]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-6
    assert errors[0] > 30 * errors[1]
