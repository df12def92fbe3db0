"""Hands in whole numbers: what is taken follows binomial laws, and the means are those of the closed form."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from tests import comparisons as stats
from tests import handled
from tests import journey_cases as cases
from tests.handled import SAMPLE, VESICLES
from tests.models import H, kinds_model
from vesica.analysis.runs.accounts import ledger
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.engine.counters import stream
from vesica.engine.program import compile_model
from vesica.engine.whole import journey, run
from vesica.engine.whole.hands import take_free
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Addition, Domain, Handling, ResolvedModel


def runs_of(model: ResolvedModel, replicates: int) -> list[ArmRun]:
    program = compile_model(model)
    return [simulate.as_arm_run(program, next(run.trajectories(program, number))) for number in range(replicates)]


def tagged(number: int) -> journey.Journey:
    """``number`` free vesicles of each of two classes, with their own number as copies."""
    names = np.arange(2 * number)
    return journey.add_free(journey.empty(cases.SEED, "hands", 0, 2, 1, 1), names % 2, 0.05 + 1e-3 * names,
                            names[:, None])


def test_each_free_vesicle_goes_with_the_same_chance() -> None:
    """Of 20 of each class: binomial numbers, and of those taken as many from the first half as chance has it."""
    words = stream(cases.SEED, "take", 0)
    taken, first = [], []
    for _ in range(4000):
        dish = tagged(20)
        found = take_free(dish, 0.3, words)
        left = journey.copies_of(dish.rows(journey.FREE))[:, 0]
        assert found[:, 0].sum() + left.size == 40
        assert found[:, 1].sum() + left.sum() == np.arange(40).sum()
        taken.append(found[0, 0])
        if found[:, 0].sum() == 12:
            first.append(20 - np.sum(left < 20))
    assert stats.follows(np.array(taken), binom.pmf(np.arange(21), 20, 0.3))
    assert not stats.follows(np.array(taken), binom.pmf(np.arange(21), 20, 0.33))
    assert stats.follows(np.array(first), hypergeom.pmf(np.arange(13), 40, 20, 12))


def test_all_or_none_of_them_go() -> None:
    dish, words = tagged(20), stream(1, "take", 1)
    assert take_free(dish, 0.0, words).sum() == 0
    assert take_free(dish, 1.0, words)[:, 0].tolist() == [20, 20]
    assert len(dish.rows(journey.FREE)) == 0
    assert dish.residual()[:, 0].tolist() == [20, 20]  # until the caller books them
    dish.removed[:] = [[20, 380], [20, 400]]
    assert not dish.residual().any()


@pytest.fixture(scope="module")
def dishes() -> list[ArmRun]:
    """Four dishes of 40 cells: 120 vesicles an hour each."""
    return runs_of(handled.few(handled.model(), 40.0), 4)


def test_vesicles_agree_with_the_mean(dishes: list[ArmRun]) -> None:
    """Shed at a constant rate and thinned: what is free and what was removed are Poisson numbers, always."""
    share = 40.0 / handled.CELLS * len(dishes)
    for time in (5 * H, 6 * H, 12 * H, 20 * H, 24 * H):
        at = int(np.flatnonzero(dishes[0].times == time)[0])
        free, removed = (int(sum(one.course(f"medium.{pool}:{VESICLES}")[at] for one in dishes))
                         for pool in ("free", "removed"))
        expected = handled.vesicles(time)
        assert stats.is_poisson_total(free, expected[0] * share) or free == expected[0] == 0
        assert stats.is_poisson_total(removed, expected[1] * share) or removed == expected[1] == 0
    assert not stats.is_poisson_total(removed, (expected[1] + expected[0]) * share)


def test_few_molecules_are_taken_one_by_one() -> None:
    """Two cells: the factor is below a million molecules, and a Poisson number after fresh medium came in.

    The start is 400 molecules without chance, which makes variances smaller, never larger; after the last change
    none of them is left.
    """
    share = 2.0 / handled.CELLS
    found = runs_of(handled.few(handled.model(), 2.0), 3)
    for time in (6 * H, 15 * H, 20 * H, 24 * H):
        at = int(np.flatnonzero(found[0].times == time)[0])
        total = int(sum(one.course("medium.factor")[at] for one in found))
        assert stats.is_poisson_total(total, 3 * share * handled.factor(time))
    assert not stats.is_poisson_total(total, 1.05 * 3 * share * handled.factor(time))


def test_evaporation_is_that_of_the_mean_and_volumes_too(dishes: list[ArmRun]) -> None:
    """The agent has no chance in it: rounding of some hundred products is left, below 1e-12."""
    for time, level in zip(dishes[0].times, dishes[0].course("agent.agent"), strict=True):
        assert level == pytest.approx(handled.agent(time), rel=1e-12, abs=1e-9)


def test_what_evaporates_can_be_topped_up_in_whole_numbers_too() -> None:
    model = handled.few(handled.model(), 2.0)
    arm = replace(model.arms[0], exposures=(replace(handled.EXPOSURE, times=(0.0,), levels=(handled.LEVEL,)),),
                  handling=(), additions=(Addition("agent", handled.LEVEL, 6 * H),))
    (found,) = runs_of(replace(model, arms=(arm,)), 1)
    expected = handled.LEVEL * (math.exp(-handled.AIR * 24 * H) + math.exp(-handled.AIR * 18 * H))
    assert found.final("agent.agent") == pytest.approx(expected, rel=1e-12)


def test_samples_are_what_left_with_them(dishes: list[ArmRun]) -> None:
    for one in dishes:
        at = int(np.flatnonzero(one.times == SAMPLE.at)[0])
        (note,) = one.notes["samples"]
        assert note["amounts"][f"medium.free:{VESICLES}"] == one.course(f"medium.removed:{VESICLES}")[at]
    model = handled.few(handled.model(), 40.0)
    summary = summarise_replicates(model, {"handled": dishes}, "completed")
    (sample,) = summary["arms"]["handled"]["medium"]["samples"]
    seen = sum(one.notes["samples"][0]["amounts"][f"medium.free:{VESICLES}"] for one in dishes) / len(dishes)
    assert sample["vesicles"] == pytest.approx(seen)
    assert sample["vesicles_per_mL"] == pytest.approx(seen / (SAMPLE.taken * 4e-5 / 1e12))


def test_the_same_replicate_is_the_same_again(dishes: list[ArmRun]) -> None:
    again = runs_of(handled.few(handled.model(), 40.0), 2)[1]
    assert np.array_equal(again.values, dishes[1].values, equal_nan=True)
    assert again.notes["samples"] == dishes[1].notes["samples"]


def test_a_last_sample_leaves_the_dish_as_it_is() -> None:
    model = handled.few(handled.model(), 5.0)
    first, last = Handling(1 * H, 5e5, 0.0, is_sample=True), Handling(24 * H, 5e5, 0.0, is_sample=True)
    without, with_last = (runs_of(replace(model, arms=(replace(model.arms[0], handling=hands),)), 1)[0]
                          for hands in ((first,), (first, last)))
    assert np.array_equal(with_last.values, without.values, equal_nan=True)
    (_, note) = with_last.notes["samples"]
    assert 0 < note["amounts"][f"medium.free:{VESICLES}"] < with_last.final(f"medium.free:{VESICLES}")


def test_the_books_close_in_whole_numbers() -> None:
    """Vesicles of three kinds with their cargo, cells that die; nothing is lost and nothing appears."""
    model = kinds_model()
    hands = (Handling(2 * H, 1e6, 0.0, is_sample=True), Handling(4 * H, 3.9e7, 3.9e7))
    arm = replace(model.arms[0], counts={"donor": 20.0, "taker": 10.0}, handling=hands)
    model = replace(model, domain=Domain("dish", 4e7, 2079.0, "stirred"), arms=(arm,),
                    schedule=replace(model.schedule, duration=6 * H, fidelity="stochastic"))
    (found,) = runs_of(model, 1)
    for token in (None, "mir", "receptor", "ligand"):
        account = ledger(model, found, token).in_whole_numbers
        assert account.missing == 0
        assert account.removed > 0
    assert found.course("medium.removed:donor")[-1] > found.course("medium.removed:donor")[4]
