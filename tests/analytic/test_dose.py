"""Vesicles of one arm added to another: amounts, cargo and carry-over of a transfer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.schedule import ordered, snapshot_times
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.resolved import Arm, Dose, ResolvedModel

AT, DONORS, TAKERS = 24 * H, 1e6, 5e5
CARGO = ("mir", "receptor", "ligand")


def transfer_model(measure: str, amount: float, carry_over: float = 0.0) -> ResolvedModel:
    dose = Dose("conditioned", "taker", measure, amount, AT, carry_over)
    treated = Arm("treated", {"taker": TAKERS}, doses=(dose,))
    return chain_model(arms=(treated, Arm("conditioned", {"donor": DONORS})))


def run_all(model: ResolvedModel) -> dict[str, Trajectory]:
    program = compile_model(model)
    done: dict[str, Trajectory] = {}
    for arm in ordered(model.arms):
        sources = {name: run.source for name, run in done.items()}
        times = snapshot_times(model.arms, arm.name)
        done[arm.name] = run_arm(program, arm, parameter_row(program.model, arm), sources, times)
        assert done[arm.name].message == ""
    return done


def amounts(run: Trajectory, model: ResolvedModel, time: float) -> dict[str, float]:
    program = compile_model(model)
    row = run.values[int(np.flatnonzero(run.times == time)[0])]
    return dict(zip(program.species, row.tolist(), strict=True))


@pytest.mark.parametrize(("measure", "amount"),
                         [("particles_per_cell", 300.0), ("donor_cells_per_cell", 2.5)])
def test_a_dose_brings_what_it_says_with_the_cargo_of_its_source(measure: str, amount: float) -> None:
    """Particles: amount x takers. Donor cells: amount x takers x (free per donor cell). Rounding only."""
    model = transfer_model(measure, amount, carry_over=0.25)
    done = run_all(model)
    source, after = amounts(done["conditioned"], model, AT), amounts(done["treated"], model, AT)
    free = source["medium.free:donor"]
    expected = amount * TAKERS if measure == "particles_per_cell" else amount * TAKERS * free / DONORS
    assert after["medium.added:donor"] == pytest.approx(expected, rel=1e-12)
    assert after["medium.free:donor"] == pytest.approx(expected, rel=1e-12)
    for cargo in CARGO:
        per_vesicle = source[f"medium.free:donor/{cargo}"] / free
        assert per_vesicle > 0
        assert after[f"medium.free:donor/{cargo}"] / expected == pytest.approx(per_vesicle, rel=1e-12)
        assert after[f"medium.added:donor/{cargo}"] / expected == pytest.approx(per_vesicle, rel=1e-12)
    carried = 0.25 * source["medium.factor"] * expected / free
    assert after["medium.factor"] == pytest.approx(carried, rel=1e-12)
    (gift,) = done["treated"].given
    assert gift.vesicles == pytest.approx(expected, rel=1e-12)
    assert gift.share_of_source == pytest.approx(expected / free, rel=1e-12)


def test_before_the_dose_nothing_is_there_and_after_it_the_ledger_closes() -> None:
    """Vesicles: added = free + plastic + decayed + bound + inside + delivered + degraded + died_with, to rounding.

    Linear invariants survive BDF to rounding: 1e-12 x 100 steps. The promise to users is 1e-9.
    """
    model = transfer_model("particles_per_cell", 300.0)
    run = run_all(model)["treated"]
    before, end = amounts(run, model, AT - 0.5 * H), amounts(run, model, 48 * H)
    assert before["medium.free:donor"] == 0.0
    assert before["taker.taken_up:donor"] == 0.0
    for suffix in ("", *(f"/{cargo}" for cargo in CARGO)):
        dish = sum(end[f"medium.{pool}:donor{suffix}"] for pool in ("free", "plastic", "decayed"))
        inner = ("bound", "inside", "delivered", "degraded", "died_with")
        cell = sum(end[f"taker.{pool}:donor{suffix}"] for pool in inner)
        assert dish + TAKERS * cell == pytest.approx(end[f"medium.added:donor{suffix}"], rel=1e-10)
    assert np.isnan(end["donor.mvb"])  # the arm holds no donors


def test_without_carry_over_the_factor_stays_behind() -> None:
    model = transfer_model("particles_per_cell", 300.0)
    run = run_all(model)["treated"]
    assert amounts(run, model, AT)["medium.factor"] == 0.0


def test_the_source_does_not_lose_what_is_taken_from_it() -> None:
    """A dose is a parallel dish: the source's own course is the same with and without it, bit for bit
    up to the edge, and after it to the solver's tolerance (the edge restarts the steps)."""
    model = transfer_model("particles_per_cell", 300.0)
    plain = replace(model, arms=(model.arms[1],))
    with_dose, without = run_all(model)["conditioned"], run_all(plain)["conditioned"]
    upto = with_dose.times < AT
    same = np.isclose(with_dose.values[upto], without.values[upto], rtol=1e-6, atol=1.0, equal_nan=True)
    assert same.all()
    assert np.isclose(with_dose.values[-1], without.values[-1], rtol=1e-5, atol=1.0, equal_nan=True).all()


def test_arms_run_after_their_sources_whatever_the_order() -> None:
    model = transfer_model("particles_per_cell", 1.0)
    assert [arm.name for arm in ordered(model.arms)] == ["conditioned", "treated"]
    assert snapshot_times(model.arms, "conditioned") == (AT,)
    assert snapshot_times(model.arms, "treated") == ()
