"""The toy model goes through every stage, fast, and matches its closed form."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.toy import toy_level, toy_model
from vesica.engine.codegen import compiled
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import run_arm


@pytest.mark.parametrize("arm", ["control", "treated"])
def test_the_toy_matches_its_closed_form(arm: str) -> None:
    """One state, about 100 steps of local error 1e-8 (|y| + 1), |y| <= 6, that decay themselves."""
    model = toy_model()
    program = compile_model(model)
    chosen = next(entry for entry in model.arms if entry.name == arm)
    run = run_arm(program, chosen, parameter_row(program, chosen), {})
    place = program.species.index("cell.alarm")
    exact = [toy_level(arm, at) for at in run.times]
    assert np.abs(run.values[:, place] - exact).max() < 100 * 1e-8 * 7


def test_the_toy_holds_two_processes() -> None:
    processes = {flux.process for flux in compile_model(toy_model()).table.fluxes}
    assert processes == {"signal_production", "signal_decay"}


def test_the_toy_is_fast_once_kernels_are_loaded() -> None:
    """Compile and run take 5 ms; two seconds leave room for a busy machine."""
    compiled()
    test_the_toy_matches_its_closed_form("control")  # loads the inner loops
    begin = time.perf_counter()
    test_the_toy_matches_its_closed_form("treated")
    assert time.perf_counter() - begin < 2.0
