"""The summary of replicates: means with their spread, pooled histograms, ledgers in whole numbers."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

from tests import whole_fake
from vesica.analysis.runs.accounts import ledger
from vesica.analysis.runs.pooled import MOST_BARS, Pool, binomial_interval, thinned
from vesica.analysis.runs.quantities import quantities
from vesica.analysis.runs.replicates import Moments, summarise_replicates
from vesica.engine import fidelities
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.spec.sample import sampled

COUNT = 5


@pytest.fixture(scope="module")
def model() -> ResolvedModel:
    return sampled(whole_fake.model(COUNT))[0]


@pytest.fixture(scope="module")
def runs(model: ResolvedModel) -> dict[str, list[ArmRun]]:
    program = compile_model(model)
    made = [trajectory for number in range(COUNT) for trajectory in whole_fake.trajectories(program, number)]
    sample = {"share": 1e-3, "cells": {"donor": 400.0, "taker": 200.0}, "of": dict(whole_fake.CELLS)}
    made = [replace(one, notes={**one.notes, "sample": sample}) for one in made]
    return {arm.name: [as_arm_run(program, one) for one in made if one.arm.name == arm.name] for arm in model.arms}


@pytest.fixture(scope="module")
def summary(model: ResolvedModel, runs: dict[str, list[ArmRun]]) -> dict:
    return summarise_replicates(model, runs, "completed")


def test_a_quantity_is_the_mean_of_replicates_with_its_interval(model, runs, summary) -> None:
    """For a pool: mean and standard deviation of the replicates; the interval is Student's, by scipy."""
    found = summary["arms"]["control"]["quantities"]["taker.taken_up_per_cell"]
    values = [quantities(model, run)["taker.taken_up_per_cell"][0] for run in runs["control"]]
    assert found["value"] == pytest.approx(mean(values), rel=1e-14)
    assert found["sd"] == pytest.approx(stdev(values), rel=1e-12)
    low, high = stats.t.interval(0.95, COUNT - 1, loc=mean(values), scale=stdev(values) / math.sqrt(COUNT))
    assert (found["low"], found["high"]) == (pytest.approx(low, rel=1e-12), pytest.approx(high, rel=1e-12))


def test_one_replicate_has_no_spread(model, runs) -> None:
    """And its numbers are its own, to the last bit."""
    alone = {name: of[:1] for name, of in runs.items()}
    found = summarise_replicates(model, alone, "completed")["arms"]["control"]["quantities"]
    own = quantities(model, runs["control"][0])
    assert {key: entry["value"] for key, entry in found.items()} == {key: value for key, (value, _) in own.items()}
    assert all(entry["sd"] is entry["low"] is entry["high"] is None for entry in found.values())


def test_moments_do_not_lose_digits() -> None:
    """1e9 + (1, 2, 3): the standard deviation is 1 exactly; the textbook sum of squares would give 0."""
    moments = Moments()
    for value in (1e9 + 1, 1e9 + 2, 1e9 + 3):
        moments.add(value)
    assert moments.around(0.0)["sd"] == 1.0


def test_every_ledger_closes_in_whole_numbers(model, runs, summary) -> None:
    for arm in summary["whole"].values():
        assert arm["ledger_residual"] == {"vesicles": 0, "cargo": {"ligand": 0, "mir": 0, "receptor": 0}}
    assert "every vesicle and every copy is accounted for" in summary["headline"][0]


def test_residuals_in_the_summary_are_zero_and_not_almost_zero(model, runs, summary) -> None:
    """Means over 400 and 200 cells, read back, miss by rounding; whole numbers do not.

    The entries are the means of the replicates' whole numbers, to the last bit.
    """
    raw = [ledger(model, run, token) for of in runs.values() for run in of for token in (None, "mir", "receptor")]
    assert any(one.residual != 0.0 for one in raw)
    for name, arm in summary["arms"].items():
        accounts = {"": arm["ledger"]["vesicles"], **arm["ledger"]["cargo"]}
        for token, account in accounts.items():
            assert account["residual"] == 0.0, (name, token)
            bound = [round(ledger(model, run, token or None).bound) for run in runs[name]]
            assert account["bound"] == sum(bound) / COUNT


@pytest.mark.parametrize(("pool", "token"), [("taker.inside:donor", "vesicles"), ("taker.inside:donor/mir", "mir")])
def test_one_lost_vesicle_or_copy_is_seen(model, runs, pool: str, token: str) -> None:
    """One of 40 000 in one of five replicates."""
    run = runs["control"][3]
    values = run.values.copy()
    values[-1, run.species[pool]] -= 1 / run.count("taker")
    broken = [replace(run, values=values) if one is run else one for one in runs["control"]]
    found = summarise_replicates(model, runs | {"control": broken}, "completed")
    residual = found["whole"]["control"]["ledger_residual"]
    accounts = found["arms"]["control"]["ledger"]
    account = accounts["vesicles"] if token == "vesicles" else accounts["cargo"][token]
    assert account["residual"] * account["made"] == pytest.approx(1 / COUNT, rel=1e-12)
    assert (residual["vesicles"] if token == "vesicles" else residual["cargo"][token]) == 1
    assert "the books of control do not close" in found["headline"][0]


def test_histograms_are_pooled_over_replicates(runs, summary) -> None:
    """Counts add up, and mean and spread are those of all draws together."""
    notes = [run.notes["distributions"]["donor.burst"] for run in runs["control"]]
    draws = np.concatenate([np.repeat(one["values"], one["counts"]) for one in notes]).astype(float)
    found = summary["whole"]["control"]["distributions"]["donor.burst"]
    assert (found["n"], sum(found["counts"])) == (draws.size, draws.size)
    assert found["mean"] == pytest.approx(draws.mean(), rel=1e-13)
    assert found["sd"] == pytest.approx(draws.std(ddof=1), rel=1e-11)
    assert found["fano"] == pytest.approx(draws.var() / draws.mean(), rel=1e-11)
    wanted = np.quantile(draws, [0.05, 0.5, 0.95], method="inverted_cdf").tolist()
    assert [found[name] for name in ("q05", "median", "q95")] == wanted


def test_the_share_with_at_least_one_is_counted(runs, summary) -> None:
    notes = [run.notes["distributions"]["donor.copies/mir"] for run in runs["control"]]
    empty = sum(dict(zip(one["values"], one["counts"], strict=True)).get(0, 0) for one in notes)
    found = summary["whole"]["control"]["distributions"]["donor.copies/mir"]
    total = 5000 * COUNT
    assert (found["at_least_one"]["count"], found["at_least_one"]["of"]) == (total - empty, total)
    exact = stats.binomtest(total - empty, total).proportion_ci(0.95, method="exact")
    assert (found["at_least_one"]["low"], found["at_least_one"]["high"]) == pytest.approx(tuple(exact), rel=1e-9)
    assert "of EVs of donors carry at least one copy of mir, 1 in " in found["words"]


def test_cells_that_never_got_one_count(summary) -> None:
    found = summary["whole"]["control"]["distributions"]["taker.first_copy/mir"]
    assert (found["n"], found["none"]) == (190 * COUNT, 10 * COUNT)
    assert found["at_least_one"]["share"] == pytest.approx(0.95)
    assert "words" not in found  # told once, of the copies received
    said = [one["words"] for one in summary["whole"]["control"]["distributions"].values() if "words" in one]
    assert sum("takers got at least one copy of mir" in line for line in said) == 1


@pytest.mark.parametrize(("hits", "count"), [(0, 30), (30, 30), (3, 40), (1, 1)])
def test_the_binomial_interval_is_exact(hits: int, count: int) -> None:
    """Against scipy's, and by its definition: at its ends the tails are 2.5 %."""
    low, high = binomial_interval(hits, count)
    exact = stats.binomtest(hits, count).proportion_ci(0.95, method="exact")
    assert (low, high) == (pytest.approx(exact.low, abs=1e-9), pytest.approx(exact.high, abs=1e-9))
    if hits:
        assert stats.binom.sf(hits - 1, count, low) == pytest.approx(0.025, rel=1e-9)


def test_none_of_them_is_said_with_a_bound() -> None:
    pool = Pool("neuron.copies/x_1")
    pool.add({"label": "x", "unit": "", "what": "", "values": [0], "counts": [1000]})
    entry = pool.entry()
    said = "None of 1,000 EVs of neurons carry at least one copy of x-1 (95 % interval up to 0.368 %)."
    assert entry["words"] == said  # 1 - 0.025^(1/1000)
    assert (entry["mean"], entry["fano"], entry["at_least_one"]["share"]) == (0.0, None, 0.0)


def test_an_empty_histogram_is_no_fault() -> None:
    pool = Pool("a.first_copy/x")
    pool.add({"label": "x", "unit": "h", "what": "", "values": [], "counts": []})
    entry = pool.entry()
    assert (entry["n"], entry["mean"], entry["median"], entry["at_least_one"]) == (0, None, None, None)


def test_moments_before_binning_are_kept() -> None:
    """Two rows of two draws: 1, 3 and 5, 7, each put into one bin, have mean 4 and variance 5."""
    pool = Pool("a.diameter")
    for mean_of in (2.0, 6.0):
        pool.add({"values": [mean_of], "counts": [2], "mean": mean_of, "variance": 1.0})
    entry = pool.entry()
    assert (entry["mean"], entry["sd"]) == (4.0, pytest.approx(math.sqrt(5.0 * 4 / 3), rel=1e-14))


def test_thinning_keeps_number_and_mean() -> None:
    """Bars stand at the mean of what they hold, so both sums stay."""
    rng = np.random.default_rng(1)
    values, counts = np.sort(rng.lognormal(size=5000)), rng.integers(1, 9, 5000)
    shown, heights = thinned(values, counts)
    assert shown.size <= MOST_BARS
    assert heights.sum() == counts.sum()
    assert shown @ heights == pytest.approx(values @ counts, rel=1e-12)
    assert thinned(values[:10], counts[:10])[0] is not None


def test_the_summary_states_the_sample_and_the_dish(summary) -> None:
    assert summary["domain"]["sample_share"] == 1e-3
    assert summary["domain"]["volume_mL"] == pytest.approx(1e-3 * summary["domain"]["dish_volume_mL"])
    assert "5 replicates of a sample, 0.001 of the dish" in summary["headline"][0]
    assert summary["arms"]["control"]["counts"] == {"donor": 400.0, "taker": 200.0}
    assert summary["whole"]["control"]["steps"] == {
        "leaps": 50, "critical": 10, "exact": 25, "events": 5000, "windows": 20, "largest_change": 0.01}


def test_the_folder_holds_the_same_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, summary) -> None:
    """What was read back one row at a time says what the rows in memory say (JSON has lists for tuples)."""
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", whole_fake.NAME)
    stored = whole_fake.run(tmp_path / "run", whole_fake.model(COUNT), workers=1).summary
    assert stored["whole"] == summary["whole"]
    assert stored["arms"]["control"]["quantities"] == summary["arms"]["control"]["quantities"]
