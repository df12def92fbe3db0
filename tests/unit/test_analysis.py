"""What analysis makes of a run: doses, bursts, occupancy, published directions, required dose."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica.analysis.runs.published import is_opposite, judge, judge_draws, outcome
from vesica.analysis.runs.quantities import burst, quantities
from vesica.analysis.runs.required_dose import required_dose
from vesica.analysis.runs.summary import summarise
from vesica.analysis.runs.vesicles import at_least_one, size_law
from vesica.biology.sizes import SizeLaw
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Arm, Dose, Exposure, Published, ResolvedModel

DAY = 24 * H
ARMS = (
    Arm("control", {"donor": 1e6, "taker": 0.0}),
    Arm("stimulated", {"donor": 1e6, "taker": 0.0}, exposures=(Exposure("agent", (0.0, DAY), (6e6, 0.0)),)),
    Arm("given", {"donor": 0.0, "taker": 5e5}, doses=(Dose("stimulated", "taker", "particles_per_cell", 1e3, DAY),)),
)
ITEM = Published("more", "it rises", "nobody", "donor.alarm", "stimulated", "control", "increase", ("tied",), at=DAY)


@pytest.fixture(scope="module")
def model() -> ResolvedModel:
    return chain_model(arms=ARMS, published=(ITEM,))


@pytest.fixture(scope="module")
def runs(model: ResolvedModel) -> dict[str, ArmRun]:
    program = compile_model(model)
    return {trajectory.arm.name: as_arm_run(program, trajectory) for trajectory in run_all(program)}


def test_a_quantity_is_read_at_the_time_a_published_direction_names(model, runs) -> None:
    flat = quantities(model, runs["stimulated"])
    at_day = np.flatnonzero(runs["stimulated"].times == DAY)[0]
    assert flat["donor.alarm at 24 h"][0] == runs["stimulated"].course("donor.alarm")[at_day]
    assert flat["donor.alarm at 24 h"][0] > flat["donor.alarm"][0]


def test_a_burst_of_binomial_mvbs_has_the_fano_factor_of_thinning(runs) -> None:
    """Of n ~ any law a share p is set free: mean p m, variance p^2 (s - m^2) + p (1 - p) m, exactly."""
    run = runs["control"]
    mean, fano = burst(run, "donor")
    docked = run.final("donor.docked")
    m, s = run.final("donor.docked_ilv") / docked, run.final("donor.docked_ilv2") / docked
    assert mean == pytest.approx(0.6 * m, rel=1e-12)
    # any law with these two moments will do: n is m - k or m + k with equal chance
    k = math.sqrt(s - m * m)
    low, high = 0.6 * (m - k), 0.6 * (m + k)
    variance = 0.5 * ((low - mean) ** 2 + (high - mean) ** 2) + 0.6 * 0.4 * m
    assert fano * mean == pytest.approx(variance, rel=1e-9)


def test_occupancy_lies_below_that_of_equal_vesicles_and_tends_to_it() -> None:
    """1 - exp(-x) is concave, so unequal vesicles are empty more often; for a narrow law they agree.

    For gsd g the relative gap is at most mean^2 var(size)/2; a lumen law of gsd 1.001 has a size
    variance of (3 ln g)^2 = 9e-6, so the gap is below 1e-5 at mean 1.
    """
    broad, narrow = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005), SizeLaw(0.085, 1.001, 0.03, 0.2, 0.005)
    equal = 1 - math.exp(-1.0)
    assert at_least_one(1.0, broad, "lumen") < equal
    assert at_least_one(1.0, broad, "lumen") < at_least_one(1.0, broad, "membrane")
    assert at_least_one(1.0, replace(narrow, low=0.0847, high=0.0853), "lumen") == pytest.approx(equal, rel=1e-4)


def test_the_required_dose_is_what_holds_the_needed_copies(model, runs) -> None:
    """needed x copies per vesicle x delivered share = needed copies x decay rate, by definition."""
    answer = required_dose(model, runs["given"])["taker"]["mir"]
    kept = answer["needed"] * answer["copies_per_ev"] * answer["delivered_share"]
    assert kept == pytest.approx(1e3 * 0.03, rel=1e-12)
    assert answer["delivered_share"] == pytest.approx(0.3 / (0.3 + 0.7), rel=1e-12)
    assert answer["verdict"] == "insufficient"


def test_what_a_dose_brings_is_counted_as_added(model, runs) -> None:
    summary = summarise(model, runs, "completed")
    ledger = summary["arms"]["given"]["ledger"]["vesicles"]
    assert ledger["added"] == pytest.approx(1e3 * 5e5, rel=1e-12)
    assert abs(ledger["residual"]) < 1e-9
    assert summary["arms"]["given"]["dose"][0]["per_cell"] == pytest.approx(1e3)
    assert summary["arms"]["given"]["mixing"]["still_share"] <= summary["arms"]["given"]["mixing"]["ceiling_share"]


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.2, "increase"), (0.8, "decrease"), (1.05, "no_change"), (1 / 1.05, "no_change"), (None, None),
     (math.nan, None)],
)
def test_ten_per_cent_decides_a_direction(ratio: float | None, expected: str | None) -> None:
    assert outcome(ratio) == expected


def test_opposites() -> None:
    assert is_opposite("increase", "decrease")
    assert not is_opposite("increase", "no_change")
    assert is_opposite("no_change", "decrease")
    assert not is_opposite("no_change", None)


def test_a_direction_counts_only_if_it_could_have_failed_and_did_not() -> None:
    up, down = [1.5] * 90 + [1.0] * 10, [0.5] * 10 + [1.5] * 90
    open_item = replace(ITEM, presupposed_by=())
    assert judge_draws(open_item, {"a": up, "b": down}, "a")["counts_as_reproduced"]
    assert not judge_draws(open_item, {"a": up}, "a")["counts_as_reproduced"]
    assert not judge_draws(replace(ITEM, presupposed_by=("a",)), {"a": up, "b": down}, "a")["counts_as_reproduced"]
    assert not judge_draws(open_item, {"a": [1.5] * 70 + [0.5] * 30, "b": down}, "a")["counts_as_reproduced"]
    assert not judge_draws(replace(ITEM, presupposed_by=("b",)), {"a": up, "b": down}, "a")["counts_as_reproduced"]


def test_a_single_run_is_judged_without_a_label(model) -> None:
    row = judge(model.published, {"stimulated": {ITEM.name: 3.0}, "control": {ITEM.name: 1.0}})[0]
    assert row["holds"] is True
    assert row["label"] is None
    assert judge(model.published, {})[0]["holds"] is None
    none = judge(model.published, {"stimulated": {ITEM.name: 0.0}, "control": {ITEM.name: 0.0}})[0]
    assert none["holds"] is None
    assert "zero to zero is no ratio" in none["words"]
    new = judge(model.published, {"stimulated": {ITEM.name: 2.5}, "control": {ITEM.name: 0.0}})[0]
    assert "zero in `control` and 2.5 in `stimulated`" in new["words"]


def test_the_size_law_of_a_run_is_the_one_of_its_parameters(runs) -> None:
    assert size_law(runs["control"].parameters, "donor").median == 0.085
