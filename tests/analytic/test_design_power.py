"""Power of the test behind `vesica design`: against scipy data set by data set, and against laws in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tests.comparisons import agrees_with_mean
from vesica.analysis.design.power import critical, decisions, interval, moments, needed, welch_power

ERROR = 0.05


def test_critical_values_are_students() -> None:
    """Linear between 4,096 steps h of u = 1/df: an error of h^2/8 max|t''(u)|, relative to t below 1e-5 for df >= 1."""
    freedom = np.concatenate([np.linspace(1.0, 5.0, 4001), np.geomspace(5.0, 1e6, 400)])
    exact = stats.t.isf(ERROR / 2, freedom)
    assert np.max(np.abs(critical(freedom, ERROR) / exact - 1.0)) < 1e-5


def test_moments_are_those_of_the_first_replicates() -> None:
    scores = np.random.default_rng(1).normal(5.0, 2.0, (7, 6))
    mean, variance = moments(scores)
    for n in range(2, 7):
        assert mean[:, n - 2] == pytest.approx(scores[:, :n].mean(axis=1), rel=1e-12)
        assert variance[:, n - 2] == pytest.approx(scores[:, :n].var(axis=1, ddof=1), rel=1e-10)


@pytest.mark.parametrize("predicted", [0.0, 0.4])
def test_each_decision_is_that_of_welchs_test_in_scipy(predicted: float) -> None:
    """Of 600 data sets of unlike scatter, for every number of replicates; those within 1e-4 of the limit may differ."""
    random = np.random.default_rng(2)
    a, b = random.normal(0.8, 1.0, (600, 6)), random.normal(0.0, 0.3, (600, 6))
    found = decisions([a, -b], predicted, ERROR)
    for n in range(2, 7):
        test = stats.ttest_ind(a[:, :n], b[:, :n] + predicted, axis=1, equal_var=False)
        clear = np.abs(test.pvalue - ERROR) > 1e-4
        expected = np.sign(test.statistic) * (test.pvalue < ERROR)
        assert np.array_equal(found[clear, n - 2], expected[clear])
        assert {-1, 0, 1} >= set(np.unique(found))
        assert clear.sum() > 590


@pytest.mark.parametrize(("effect", "n"), [(0.0, 3), (1.0, 4), (1.5, 3), (0.7, 8)])
def test_one_kind_of_wells_has_the_power_of_the_noncentral_t(effect: float, n: int) -> None:
    """With one kind Satterthwaite's degrees of freedom are n - 1, and the power is P(T' > t) exactly.

    False alarm 1e-9 a case (`comparisons`): the hits of 40,000 experiments are binomial.
    """
    scores = np.random.default_rng(3).normal(effect, 1.0, (40_000, n))
    hits = decisions([scores], 0.0, ERROR)[:, n - 2] == 1
    exact = float(stats.nct.sf(stats.t.isf(ERROR / 2, n - 1), n - 1, effect * math.sqrt(n)))
    assert agrees_with_mean(hits, exact, exact * (1 - exact))
    assert not agrees_with_mean(hits, exact + 0.03, exact * (1 - exact) + 0.03)  # and would see three per cent


@pytest.mark.parametrize(("effect", "sd", "n"), [(1.0, (1.0, 1.0), 4), (0.6, (0.25, 0.25), 2), (0.5, (0.5, 0.1), 5),
                                                 (0.588, (0.493, 0.493), 12), (0.0, (1.0, 3.0), 3)])
def test_the_exact_power_is_that_of_simulated_experiments(effect, sd, n) -> None:
    """Brute force with scipy's own test; false alarm 1e-9 a case."""
    random = np.random.default_rng(4)
    a, b = random.normal(effect, sd[0], (60_000, n)), random.normal(0.0, sd[1], (60_000, n))
    test = stats.ttest_ind(a, b, axis=1, equal_var=False)
    hits = (test.pvalue < ERROR) & (test.statistic > 0)
    exact = welch_power(effect, sd, n, ERROR)
    assert agrees_with_mean(hits, exact, exact * (1 - exact))


def test_many_replicates_are_normal() -> None:
    """With n = 4,000 of either kind power is Phi(shift - z) to (z^2 + 1) / (4 df) shift phi < 2e-4."""
    n, effect = 4000, 0.05
    shift = effect / math.sqrt(2.0 / n)
    normal = float(stats.norm.cdf(shift - stats.norm.isf(ERROR / 2)))
    assert welch_power(effect, (1.0, 1.0), n, ERROR) == pytest.approx(normal, abs=2e-4)


def test_a_rare_side_is_nearly_students_one_sample_test() -> None:
    """With no scatter on one side R is irrelevant: the test is one of a mean, with n - 1 degrees of freedom."""
    exact = float(stats.nct.sf(stats.t.isf(ERROR / 2, 4), 4, 1.3 * math.sqrt(5)))
    assert welch_power(1.3, (1.0, 1e-6), 5, ERROR) == pytest.approx(exact, abs=2e-4)


def test_readings_that_are_all_alike_refute_nothing() -> None:
    assert not decisions([np.zeros((3, 4)), np.ones((3, 4))], 5.0, ERROR).any()


def test_the_fewest_replicates_are_those_from_which_on_power_stays() -> None:
    assert needed([0.1, 0.82, 0.79, 0.85, 0.9], 0.8) == 5
    assert needed([0.9, 0.9], 0.8) == 2
    assert needed([0.1, 0.5], 0.8) is None


def test_the_interval_is_clopper_and_pearsons() -> None:
    found = stats.binomtest(43, 50).proportion_ci(0.95, "exact")
    assert interval(0.86, 50) == pytest.approx((found.low, found.high), rel=1e-9)
    assert interval(0.0, 50)[0] == 0.0
    assert interval(1.0, 50)[1] == 1.0
