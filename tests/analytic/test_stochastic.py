"""The `stochastic` fidelity as a whole: ledgers, reproducibility, and means beside the mean field.

Models are those of `tests.models` in a small dish, so that numbers are small.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.chances import ALARM, law_chance
from tests.models import H, kinds_model
from vesica.analysis.runs.accounts import ledger
from vesica.engine.program import Program, compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.engine.well_mixed import Trajectory
from vesica.engine.whole.run import trajectories
from vesica.spec.resolved import Arm, Domain, Dose, Exposure, ResolvedModel, Schedule

DONORS, TAKERS = 24, 16
VOLUME = 2e6  # um^3 for each donor, as in the dish of the toy
STIMULUS = (Exposure("agent", (1 * H, 3 * H), (1e7, 0.0)),)


def small_model(*arms: Arm, duration: float = 4 * H, **schedule: object) -> ResolvedModel:
    """Every kind of vesicle in a dish of a few cells, in whole numbers; takers die fast."""
    plan = Schedule(duration, 0.5 * H, "stochastic", 7, **schedule)  # type: ignore[arg-type]
    arms = arms or (Arm("both", {"donor": DONORS, "taker": TAKERS}, exposures=STIMULUS),)
    model = kinds_model(domain=Domain("dish", VOLUME * DONORS, 2079.0, "stirred"), arms=arms, schedule=plan)
    death = replace(model.parameters["taker.death_rate"], value=0.1 / H)
    return replace(model, parameters={**model.parameters, "taker.death_rate": death})


@pytest.fixture(scope="module")
def program() -> Program:
    """Donors, takers of what they release, and takers that get a dose."""
    return compile_model(small_model(
        Arm("both", {"donor": DONORS, "taker": TAKERS}, exposures=STIMULUS),
        Arm("donors", {"donor": DONORS, "taker": 0}),
        Arm("given", {"donor": 0, "taker": TAKERS},
            doses=(Dose("donors", "taker", "particles_per_cell", 20.5, 2 * H, 0.5),)),
    ))


@pytest.fixture(scope="module")
def runs(program: Program) -> dict[str, Trajectory]:
    """All arms of replicate 3."""
    return {one.arm.name: one for one in trajectories(program, 3)}


def test_every_arm_ends(runs: dict[str, Trajectory]) -> None:
    assert list(runs) == ["both", "donors", "given"]
    assert not any(one.message for one in runs.values())


@pytest.mark.parametrize("cargo", [None, "mir", "receptor", "ligand"])
def test_ledgers_close_exactly(program: Program, runs: dict[str, Trajectory], cargo: str | None) -> None:
    """Whole numbers come back exactly from means over cells, and their account is zero, not almost zero."""
    for trajectory in runs.values():
        run = as_arm_run(program, trajectory)
        found = ledger(program.model, run, cargo)
        whole = {name: round(amount) for name, amount in found.as_dict().items() if name != "residual"}
        for name, amount in whole.items():
            assert abs(getattr(found, name) - amount) < 1e-6, name
        gone = sum(amount for name, amount in whole.items() if name not in ("made", "added"))
        assert whole["made"] + whole["added"] - gone == 0
        assert whole["made"] + whole["added"] > 0


def test_a_replicate_alone_is_the_same(program: Program, runs: dict[str, Trajectory]) -> None:
    """Bit for bit, whatever ran before it."""
    list(trajectories(program, 0))
    for again in trajectories(program, 3):
        np.testing.assert_array_equal(again.values, runs[again.arm.name].values)
        np.testing.assert_array_equal(again.trace, runs[again.arm.name].trace)


def test_replicates_differ(program: Program, runs: dict[str, Trajectory]) -> None:
    other = next(iter(trajectories(program, 4)))
    assert not np.array_equal(other.values, runs["both"].values, equal_nan=True)


def test_a_dose_brings_whole_vesicles(program: Program, runs: dict[str, Trajectory]) -> None:
    """20.5 for each of 16 cells are 328; each of two classes is rounded up or down by chance."""
    given = runs["given"].given[0]
    assert abs(given.vesicles - 328.0) < 2.0
    columns = [program.species.index(f"medium.added:{kind}") for kind in ("donor", "donor~microvesicle")]
    added = runs["given"].values[:, columns]
    assert added[-1].sum() == given.vesicles
    assert (added[-1] > 0.0).all()
    assert not added[3].any()


def test_traces_are_the_cells_behind_the_means(program: Program) -> None:
    """With as many cells as are traced, their mean is the row; of a signal, the mean of those that live."""
    model = small_model(Arm("few", {"donor": 8, "taker": 5}), duration=1 * H)
    few = compile_model(model)
    one = next(iter(trajectories(few, 0)))
    assert one.trace is not None
    for cell, number in (("donor", 8), ("taker", 5)):
        for name in ("mir", "alarm", "mvb_ilv"):
            column = few.species.index(f"{cell}.{name}")
            traced = one.trace[:, :, column]
            dead = one.trace[:number, :, few.species.index("taker.dead")] if cell == "taker" else np.zeros((number, 1))
            alive = 1.0 - dead
            assert (np.isfinite(traced[:number]) == ((alive > 0.0) | (name != "alarm"))).all()
            assert np.isnan(traced[number:]).all()
            np.testing.assert_allclose(np.nanmean(traced[:number], axis=0), one.values[:, column], rtol=1e-14)


def test_every_pool_of_the_mean_field_has_a_value(program: Program, runs: dict[str, Trajectory]) -> None:
    """The same columns are filled, so that everything above reads both fidelities alike."""
    means = {one.arm.name: one for one in run_all(compile_model(replace(
        program.model, schedule=replace(program.model.schedule, fidelity="well_mixed"))))}
    for name, run in runs.items():
        expected = np.isfinite(means[name].values[-1])
        np.testing.assert_array_equal(np.isfinite(run.values[-1]), expected, err_msg=name)


def test_death_takes_the_cell_with_it(program: Program, runs: dict[str, Trajectory]) -> None:
    """Dead cells hold nothing; each became its number of vesicles, rounded up or down by chance."""
    run = runs["both"]
    column = {name: place for place, name in enumerate(program.species)}
    dead = run.values[-1, column["taker.dead"]] * TAKERS
    assert 0 < dead < TAKERS
    wanted = run.row["taker.apoptotic_vesicles_per_cell"]
    made = run.values[-1, column["taker.made:taker~apoptotic"]] * TAKERS
    assert math.floor(wanted) * dead <= round(made) <= math.ceil(wanted) * dead
    assert run.trace is not None
    gone = np.flatnonzero(run.trace[:, -1, column["taker.dead"]] == 1.0)
    assert gone.size > 0
    for name in ("mir", "mir_target", "mvb_ilv", "tethered", "bound:donor", "inside:donor", "endosome"):
        assert not run.trace[gone, -1, column[f"taker.{name}"]].any(), name


def test_distributions_are_of_what_happened(program: Program, runs: dict[str, Trajectory]) -> None:
    """Bursts add up to what was set free at once; copies to what left with them; cells to cells."""
    found = runs["both"].notes["distributions"]
    burst = found["donor.burst"]
    fused = runs["both"].values[-1, program.species.index("donor.fused")] * DONORS
    assert burst["n"] == round(fused)
    assert sum(burst["counts"]) == burst["n"]
    assert found["donor.diameter"]["n"] == sum(v * n for v, n in zip(burst["values"], burst["counts"], strict=True))
    assert found["donor.copies/mir"]["n"] == found["donor.diameter"]["n"]
    assert found["taker.taken_up"]["n"] == TAKERS
    assert found["taker.first_uptake"]["n"] + found["taker.first_uptake"]["none"] == TAKERS
    waits = found["donor.waiting"]
    assert waits["n"] <= burst["n"] - 1
    assert 0.0 < waits["mean"] < 4.0


def test_bursts_follow_the_law_of_resting_donors(runs: dict[str, Trajectory]) -> None:
    """Nothing acts on the donors alone, so their fusions obey `mvb_law.fate_pmf`; false alarm 1e-9 (`chances.ALARM`).

    Bursts of two MVBs at a time would be noticed.
    """
    burst = runs["donors"].notes["distributions"]["donor.burst"]
    law = np.array(burst["law"]["probabilities"])
    assert burst["law"]["values"] == list(range(law.size))
    assert math.isclose(law.sum(), 1.0, rel_tol=1e-12)
    seen = np.repeat(burst["values"], burst["counts"])
    assert law_chance(seen, law) > ALARM
    assert law_chance(seen, np.convolve(law, law)[: law.size]) < ALARM


def test_a_stimulated_arm_has_no_law(runs: dict[str, Trajectory]) -> None:
    assert "law" not in runs["both"].notes["distributions"]["donor.burst"]
