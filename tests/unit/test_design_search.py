"""Designs: power against brute force, contrasts that share wells, weights in closed form, plates."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.comparisons import agrees_with_mean
from vesica.analysis.design import plate, search
from vesica.analysis.design.answer import assure
from vesica.analysis.design.assays import Plain, Truth, log_sd
from vesica.analysis.design.readouts import Look, Readout
from vesica.analysis.design.search import Bench, Contrast, Question, evaluate
from vesica.errors import InputError

H = 3600.0
MEDIUM = Readout("x.released_per_cell_per_hour", "other", "particles", from_medium=True)
CELLS = Readout("x.mir", "other", "rna", from_medium=False)
QUESTION = Question(("a", "b"), most=8, simulations=4000)


def bench(first: dict[str, float], second: dict[str, float], *, cv: float = 0.25, readouts=(MEDIUM,), times=(24 * H,),
          question: Question = QUESTION, correlation: float = 0.5) -> Bench:
    """Values by arm under either hypothesis, the same for all readouts and times."""
    truths = tuple({Look(arm, one, time): Truth(value) for arm, value in values.items() for one in readouts
                    for time in times} for values in (first, second))
    return Bench(truths, {"other": Plain(cv)}, question, question.simulations, "test", correlation=correlation)


CONTRAST = Contrast("treated", "control", MEDIUM, 24 * H)
TWOFOLD = ({"control": 10.0, "treated": 18.0}, {"control": 10.0, "treated": 10.0})


def test_power_is_that_of_whole_experiments_made_otherwise() -> None:
    """Log-normal readings drawn here, scipy's Welch test against the other prediction; both ways round.

    The 4,000 simulated experiments of `evaluate` and 4,000 made here differ by chance only: two binomial shares, the
    limit 6.1 standard errors of their difference (false alarm 1e-9 each).
    """
    found = evaluate(bench(*TWOFOLD), QUESTION, [CONTRAST])
    random, sd = np.random.default_rng(99), log_sd(0.25)
    for true, other in ((0, 1), (1, 0)):
        ratio = [math.log(values["treated"] / values["control"]) for values in TWOFOLD]
        for n in (2, 3, 5, 8):
            treated = np.log(TWOFOLD[true]["treated"]) + sd * random.standard_normal((4000, n))
            control = np.log(TWOFOLD[true]["control"]) + sd * random.standard_normal((4000, n))
            test = stats.ttest_ind(treated - ratio[other], control, axis=1, equal_var=False)
            side = np.sign(test.statistic) == np.sign(ratio[true] - ratio[other])
            share = np.mean((test.pvalue < 0.05) & side)
            ours = found.powers[true, n - 2]
            middle = (share + ours) / 2
            assert abs(share - ours) <= 6.11 * math.sqrt(max(middle * (1 - middle), 1e-4) * 2 / 4000)


def test_power_is_the_exact_one_of_welch() -> None:
    """The same against the integral: the numbers are simulated, the law is not (false alarm 1e-9 each)."""
    from vesica.analysis.design.power import welch_power

    found = evaluate(bench(*TWOFOLD), QUESTION, [CONTRAST])
    for n in range(2, 9):
        exact = welch_power(math.log(1.8), (log_sd(0.25),) * 2, n, 0.05)
        hits = np.arange(4000) < round(found.powers[0, n - 2] * 4000)
        assert agrees_with_mean(hits, exact, exact * (1 - exact))


def test_a_true_hypothesis_is_refuted_as_often_as_stated() -> None:
    """Welch's error of normal readings of like scatter is between 3.5 and 5 % from n = 4 on; sd of 4,000: 0.34 %."""
    found = evaluate(bench(*TWOFOLD), QUESTION, [CONTRAST])
    assert np.all(found.errors[:, 1:] < 0.05 + 6.1 * 0.0035)
    assert np.all(found.errors[:, 2:] > 0.035 - 6.1 * 0.0035)


def test_weights_are_fishers() -> None:
    """Two treated arms that share a control, all of one variance: covariance [[2, 1], [1, 2]], so weights for the
    differences (d, d/2) are as (2 d - d/2, d - d) = (1, 0): the second only repeats what the control says. Without
    correlation it would be (1, 1/2). From 32,000 readings: good to 6 / sqrt(32,000) = 0.034."""
    step = math.log(2.0)
    values = {"control": 1.0, "one": math.exp(step), "two": math.exp(step / 2)}
    made = bench(values, dict.fromkeys(values, 1.0))
    contrasts = [Contrast(arm, "control", MEDIUM, 24 * H) for arm in ("one", "two")]
    assert search.weights_of(made, contrasts) == pytest.approx((1.0, 0.0), abs=0.034)


def test_two_readouts_of_one_well_decide_better_and_cost_no_well() -> None:
    """Independent readouts of like effect: the shift of T grows by sqrt 2, wells stay."""
    made = bench(*TWOFOLD, readouts=(MEDIUM, replace(MEDIUM, key="x.other")), times=(24 * H,))
    both = [CONTRAST, replace(CONTRAST, readout=replace(MEDIUM, key="x.other"))]
    one, two = evaluate(made, QUESTION, both[:1]), evaluate(made, QUESTION, both)
    assert len(one.kinds) == len(two.kinds) == 2
    assert two.weights == pytest.approx((1.0, 1.0), abs=0.05)
    from vesica.analysis.design.power import welch_power

    exact = welch_power(2 * math.log(1.8), (math.sqrt(2) * log_sd(0.25),) * 2, 4, 0.05)
    assert two.powers[0, 2] == pytest.approx(exact, abs=0.03)  # weights off by 5 % lose less than 0.01
    found = search.combine(made, QUESTION, [one, evaluate(made, QUESTION, both[1:])])
    assert [len(step.contrasts) for step in found] == [2]
    assert found[0].wells < one.wells


def test_a_combination_that_helps_nothing_is_not_made() -> None:
    made = bench({"control": 1.0, "treated": 9.0, "idle": 1.0}, {"control": 1.0, "treated": 1.0, "idle": 1.002},
                 times=(24 * H,))
    designs = [evaluate(made, QUESTION, [Contrast(arm, "control", MEDIUM, 24 * H)]) for arm in ("treated", "idle")]
    assert search.combine(made, QUESTION, sorted(designs, key=lambda design: design.rank)) == []


def test_a_culture_that_lasts_is_not_free_of_noise() -> None:
    """The difference between two times of a well has the variance 2 (1 - correlation) of one reading."""
    for correlation in (0.0, 0.5, 0.9):
        made = bench(*TWOFOLD, times=(1 * H, 2 * H), correlation=correlation)
        apart = made.readings(0, Look("control", MEDIUM, 1 * H)) - made.readings(0, Look("control", MEDIUM, 2 * H))
        assert apart.var() == pytest.approx(2 * (1 - correlation) * log_sd(0.25) ** 2, rel=0.05)
        cells = bench(*TWOFOLD, readouts=(CELLS,), times=(1 * H, 2 * H), correlation=correlation)
        apart = cells.readings(0, Look("control", CELLS, 1 * H)) - cells.readings(0, Look("control", CELLS, 2 * H))
        assert apart.var() == pytest.approx(2 * log_sd(0.25) ** 2, rel=0.05)


def test_wells_are_shared_where_a_harvest_allows_it() -> None:
    def kinds(*looks: tuple[Readout, float]) -> tuple[search.Kind, ...]:
        return search.kinds_of([Contrast("a", "b", readout, time * H) for readout, time in looks])

    assert kinds((MEDIUM, 24)) == (("a", math.inf), ("b", math.inf))
    assert kinds((MEDIUM, 24), (MEDIUM, 48)) == kinds((MEDIUM, 24))
    assert kinds((MEDIUM, 24), (CELLS, 48)) == (("a", 48 * H), ("b", 48 * H))
    assert kinds((MEDIUM, 48), (CELLS, 24)) == (("a", 24 * H), ("a", math.inf), ("b", 24 * H), ("b", math.inf))
    assert len(kinds((CELLS, 24), (CELLS, 48))) == 4
    shared = [Contrast("a", "b", MEDIUM, H), Contrast("c", "b", MEDIUM, H)]
    assert len(search.kinds_of(shared)) == 3


def test_a_screen_drops_what_both_say_alike_and_tells_how_far_apart_they_are() -> None:
    values = {"control": 1.0, "treated": 1.0, "other": 2.0}
    made = bench(values, values | {"other": 2.0002})
    contrasts = [Contrast(arm, "control", MEDIUM, 24 * H) for arm in ("treated", "other")]
    found = search.screen(made, QUESTION, contrasts)
    assert found.designs == ()
    assert found.furthest == contrasts[1]
    assert found.apart == pytest.approx(1e-4, rel=1e-3)


def test_assurance_is_the_mean_power_of_draws() -> None:
    """Half of the draws have an effect that is always found, half have none: 50 %, less half the one-sided error."""
    question = replace(QUESTION, most=6)
    design = evaluate(bench(*TWOFOLD, question=question), question, [CONTRAST])
    strong = bench({"control": 1.0, "treated": 50.0}, {"control": 1.0, "treated": 1.0}).truths
    none = bench({"control": 1.0, "treated": 1.0}, {"control": 1.0, "treated": 1.0}).truths
    found = assure(design, [strong, none] * 3, {"other": Plain(0.25)}, question, correlation=0.5)
    assert found is not None
    assert found.power == pytest.approx(0.5, abs=1e-9)
    assert found.reached == pytest.approx(0.5)
    assert found.same_sign == pytest.approx(0.5)
    assert found.ranges[0][1] == pytest.approx(math.log(50.0))


# ---- plates

PAIRS = [Contrast("a", "b", MEDIUM, H), Contrast("c", "b", MEDIUM, H)]


@pytest.mark.parametrize(("replicates", "format_", "plates", "is_edge_free"),
                         [(4, 96, 1, True), (20, 96, 1, True), (21, 96, 1, False), (33, 96, 2, True),
                          (41, 96, 2, False), (2, 24, 1, True), (8, 24, 1, False), (3, 6, 2, False)])
def test_each_block_holds_each_kind_once_and_edges_stay_empty_where_they_can(replicates, format_, plates,
                                                                             is_edge_free) -> None:
    plan = plate.layout(PAIRS, replicates, format_, 1)
    assert (plan.plates, plan.replicates, plan.is_edge_free) == (plates, replicates, is_edge_free)
    rows, columns = plate.FORMATS[format_]
    places = [(well.plate, well.row, well.column) for well in plan.wells]
    assert len(set(places)) == len(places) == 3 * replicates
    for block in range(1, replicates + 1):
        mine = [well for well in plan.wells if well.replicate == block]
        assert {well.kind for well in mine} == set(search.kinds_of(PAIRS))
        assert len({well.plate for well in mine}) == 1
    if is_edge_free:
        assert all(0 < row < rows - 1 and 0 < column < columns - 1 for _, row, column in places)


def test_the_order_is_random_by_its_seed_alone() -> None:
    first, again, other = (plate.layout(PAIRS, 12, 96, seed) for seed in (1, 1, 2))
    assert first == again
    assert [well.kind for well in first.wells] != [well.kind for well in other.wells]
    orders = {tuple(well.kind[0] for well in first.wells if well.replicate == block) for block in range(1, 13)}
    assert len(orders) > 3


def test_a_plate_that_holds_no_block_is_refused() -> None:
    many = [Contrast(f"arm{k}", "control", MEDIUM, H) for k in range(6)]
    with pytest.raises(InputError, match=r"6 wells for 7 kinds of wells[\s\S]*use `--plate 24`"):
        plate.layout(many, 3, 6, 1)


def test_wells_have_their_names() -> None:
    assert plate.Well(1, 1, 1, ("a", H), 1).name == "B2"
    assert plate.Well(1, 7, 11, ("a", H), 1).name == "H12"
