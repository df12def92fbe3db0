"""The toy model goes through every stage, fast, and matches its closed form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.models import H
from tests.toy import toy_level, toy_model
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.engine.check import check
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import run_arm
from vesica.report import write
from vesica.spec import io


@pytest.mark.parametrize("arm", ["control", "treated"])
def test_the_toy_matches_its_closed_form(arm: str) -> None:
    """One state, about 100 steps of local error 1e-8 (|y| + 1), |y| <= 6, that decay themselves."""
    model = toy_model()
    program = compile_model(model)
    chosen = next(entry for entry in model.arms if entry.name == arm)
    run = run_arm(program, chosen, parameter_row(program.model, chosen), {})
    place = program.species.index("cell.alarm")
    exact = [toy_level(arm, at) for at in run.times]
    assert np.abs(run.values[:, place] - exact).max() < 100 * 1e-8 * 7


def test_the_toy_holds_two_processes() -> None:
    processes = {flux.process for flux in compile_model(toy_model()).table.fluxes}
    assert processes == {"signal_production", "signal_decay"}


def test_the_toy_goes_through_every_stage(tmp_path: Path) -> None:
    """Model -> program -> run folder -> results -> summary -> report, in well under two seconds (not asserted)."""
    model = toy_model()
    opened = simulate.run(model, tmp_path / "run", model_text="toy", spec_text=io.dump_resolved(model),
                          summarise=summarise_replicates)
    time_h, level = opened.series("treated", "cell.alarm")
    assert level == pytest.approx([toy_level("treated", hour * 3600.0) for hour in time_h], rel=1e-6)
    assert opened.summary["arms"]["treated"]["cells"]["cell"]["signals"]["alarm"]["final"] == level[-1]
    assert check(model) == []
    page = write(tmp_path / "run").read_text(encoding="utf-8")
    assert "toy" in page


@pytest.mark.parametrize("can_die", [False, True])
def test_cells_without_vesicles_run_in_whole_numbers(can_die: bool, tmp_path: Path) -> None:
    """Nothing is made, so the ledger is empty; the level is as in the mean field but for windows of half an hour."""
    model = toy_model()
    cell = replace(model.cells[0], can_die=can_die)
    arms = tuple(replace(arm, counts={"cell": 8.0}) for arm in model.arms)
    schedule = replace(model.schedule, fidelity="stochastic", duration=2 * H, every=0.5 * H)
    model = replace(model, cells=(cell,), arms=arms, schedule=schedule)
    run = simulate.run(model, tmp_path / "run", model_text="", spec_text="", summarise=summarise_replicates)
    assert run.outcome == "completed"
    ledger = run.summary["arms"]["control"]["ledger"]["vesicles"]
    assert not any(ledger.values())
    alive = run.series("control", "cell.alive")[1] if can_die else 1.0
    assert np.all(np.asarray(alive) <= 1.0)
    alarm = run.series("control", "cell.alarm")[1]
    assert np.allclose(alarm, toy_level("control", 0.0), rtol=1e-6)
