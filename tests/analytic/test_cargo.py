"""Closed forms of the cargo statistics: limits, hand-worked examples, other implementations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import special, stats

from tests.cargo_tables import table
from vesica.analysis.cargo import change, loading, rates, targets
from vesica.readers.records import frozen
from vesica.readers.responders import Responders
from vesica.readers.text import Provenance


def test_shrinkage_has_its_three_limits() -> None:
    """Exact row: as measured. Row without information: the prior. No spread between rows: everybody at the mean."""
    ratio = np.array([3.0, 3.0, 3.0])
    mean, sd = loading.shrink(ratio, np.array([1e-12, 1.0, 1e12]), 1.0, 1.0)
    assert mean == pytest.approx([3.0, 2.0, 1.0], abs=1e-10)
    assert sd == pytest.approx([1e-6, math.sqrt(0.5), 1.0], rel=1e-9)
    mean, sd = loading.shrink(ratio, np.ones(3), 1.0, 0.0, 0.04)
    assert (mean == 1.0).all()
    assert sd == pytest.approx(0.2)


def test_rows_that_do_not_differ_are_never_sure() -> None:
    """EVs hold exactly a fifth of every row: the spread of true ratios is estimated as 0, and no sign is known."""
    reads = np.arange(1.0, 31.0) * 20.0
    sides = []
    for counts in (np.stack([reads, reads * 1.05], axis=1), np.stack([reads / 5, reads / 5], axis=1)):
        one = table(np.rint(counts))
        depth = rates.exposures(one.counts)[0]
        sides.append(rates.rates(one.counts, depth, rates.spread(one, depth, {"a": range(2)}, 5.0)))
    found = loading.loading("a", sides[0], sides[1], 5.0)
    assert found.prior_sd == 0.0
    assert (found.s_value[found.is_counted] > 0.05).all()


def test_the_prior_of_equal_errors_is_the_sample_variance_less_the_error() -> None:
    """With equal v Paule-Mandel solves sum (x-m)^2/(v+t^2) = n-1: t^2 = s^2 - v, and 0 where s^2 < v."""
    x = np.array([-2.0, 0.0, 1.0, 5.0])
    mean, tau = loading.prior(x, np.full(4, 0.5))
    assert mean == pytest.approx(1.0)
    assert tau**2 == pytest.approx(x.var(ddof=1) - 0.5, rel=1e-9)
    assert loading.prior(x, np.full(4, 100.0))[1] == 0.0


def test_the_prior_is_that_of_statsmodels() -> None:
    """Both solve the same equation; theirs stops at 1e-5 or better in tau^2 by default iterations."""
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    rng = np.random.default_rng(4)
    x, v = rng.normal(0.3, 1.5, 40), rng.uniform(0.05, 2.0, 40)
    other = meta.combine_effects(x, v, method_re="iterated")
    mean, tau = loading.prior(x, v)
    assert tau**2 == pytest.approx(other.tau2, rel=1e-4)
    assert mean == pytest.approx(other.mean_effect_re, rel=1e-4)


def test_s_values_and_fdr_by_hand() -> None:
    """s: mean of the smaller ones. BH of (.01, .02, .03, .5): min over ranks of p n / rank = .04, .04, .04, .5."""
    wrong = np.array([0.3, 0.1, np.nan, 0.2])
    assert loading.s_values(wrong) == pytest.approx([0.2, 0.1, np.nan, 0.15], nan_ok=True)
    p = np.array([0.03, np.nan, 0.01, 0.5, 0.02])
    assert change.adjusted(p) == pytest.approx([0.04, np.nan, 0.04, 0.5, 0.04], nan_ok=True)


def test_the_ratio_interval_is_the_binomial_one() -> None:
    """3 of 10 reads above at equal depth: Clopper-Pearson p in (0.06674, 0.65245), as scipy's own exact interval."""
    low, high = loading.ratio_interval(np.array([7.0, 5.0, 0.0]), np.array([3.0, 0.0, 0.0]), 2.0, 2.0)
    exact = stats.binomtest(3, 10).proportion_ci(0.95, method="exact")
    assert 2 ** low[0] == pytest.approx(exact.low / (1 - exact.low), rel=1e-9)
    assert 2 ** high[0] == pytest.approx(exact.high / (1 - exact.high), rel=1e-9)
    assert low[1] == -np.inf
    assert 2 ** high[1] == pytest.approx(0.025 ** (-1 / 5) - 1, rel=1e-9)  # (1-p)^5 = 0.025
    assert (low[2], high[2]) == (-np.inf, np.inf)


def test_the_counting_interval_covers_at_least_its_level() -> None:
    """Clopper-Pearson is exact: summed over all outcomes of 12 reads, coverage is >= 0.95 at every ratio."""
    for ratio in (0.02, 0.5, 1.0, 9.0):
        above = np.arange(13.0)
        low, high = loading.ratio_interval(12.0 - above, above, 1.0, 1.0)
        inside = (low <= np.log2(ratio)) & (np.log2(ratio) <= high)
        assert stats.binom.pmf(above[inside], 12, ratio / (1 + ratio)).sum() >= 0.95


def test_the_posterior_of_a_poisson_rate_has_the_moments_of_a_log_gamma() -> None:
    """No scatter between libraries: mean psi(K + 1/2) - ln E and variance psi'(K + 1/2), by quadrature."""
    between = rates.Spread(0.0, np.ones(2), np.full(2, np.inf), np.inf, repeated=False)
    found = rates.rates(np.array([[0.0, 0.0], [4.0, 3.0]]), np.array([1.0, 1.5]), between)
    for row, reads in enumerate((0.0, 7.0)):
        law = stats.loggamma(reads + 0.5)
        assert found.log_rate[row] == pytest.approx(law.mean() - math.log(2.5), rel=1e-9)
        assert found.variance[row] == pytest.approx(law.var(), rel=1e-6)


def test_trigamma_is_inverted() -> None:
    for value in (1e-4, 0.3, 1.0, 50.0):
        assert special.polygamma(1, rates.trigamma_inverse(value)) == pytest.approx(value, rel=1e-9)


def test_the_common_dispersion_makes_pearson_equal_its_freedom() -> None:
    """Its defining equation, and 0 for libraries that agree better than counting allows."""
    rng = np.random.default_rng(3)
    mean = rng.uniform(20, 400, (60, 1)) * np.ones((1, 4))
    counts = rng.poisson(rng.gamma(5.0, mean / 5.0)).astype(float)
    depth = np.ones(4)
    found = rates.spread(table(counts), depth, {"a": range(4)}, 5.0)
    fitted = counts.mean(axis=1, keepdims=True) * np.ones((1, 4))
    pearson = ((counts - fitted) ** 2 / (fitted + found.dispersion * fitted**2)).sum()
    assert pearson == pytest.approx(60 * 3, rel=1e-9)
    assert rates.spread(table(np.full((20, 3), 9.0)), np.ones(3), {"a": range(3)}, 5.0).dispersion == 0.0


def test_moderation_recovers_a_common_variance_and_a_known_scaled_f() -> None:
    """Rows drawn from s0^2 F(d, d0): with 20,000 rows the log-moments are known to 1 %, and so s0^2 to 2 % and d0,
    whose log-variance trigamma(d0/2) = 0.39 is known to 0.03 (5 sigma), to 10 %."""
    rng = np.random.default_rng(8)
    scale = 1.7 * rng.f(4, 6, 20000)
    value, freedom = rates.moderation(scale, 4)
    assert value == pytest.approx(1.7, rel=0.04)
    assert freedom == pytest.approx(6.0, rel=0.10)
    assert rates.moderation(np.full(50, 2.0), 4)[1] == np.inf


def test_the_variance_of_the_centre_is_that_of_a_median() -> None:
    """20,000 draws of 101 normal truths (sd 1) and errors (sd 0.5): the formula is of first order in e f; the spread
    of the measured median about the true one agrees to 10 % (Monte Carlo 0.5 %, next order about (v/t^2)/4 = 6 %)."""
    rng = np.random.default_rng(5)
    truth = rng.normal(0, 1, (20000, 101))
    noisy = truth + rng.normal(0, 0.5, truth.shape)
    seen = (np.median(noisy, axis=1) - np.median(truth, axis=1)).var()
    assert loading.centre_variance(np.full(101, 0.25), 1.0) == pytest.approx(seen, rel=0.10)


def responders(changes: list[float]) -> Responders:
    genes = tuple(f"G{place}" for place in range(len(changes)))
    return Responders("neuron", genes, frozen(changes), None, 0, Provenance("r.csv", "", "", "utf-8"))


def test_the_rank_test_is_exact_for_few_genes() -> None:
    """Five targets are the five lowest of ten genes: 1 of C(10,5) = 252 orders; every pair is lower."""
    one = targets.repression(
        responders([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]), {"miR-1": frozenset(f"G{k}" for k in range(5))}
    )
    assert one[0].p == pytest.approx(1 / 252)
    assert one[0].lower == 1.0
    assert one[0].shift == pytest.approx(-6.0)
    back = targets.repression(
        responders([5, 4, 3, 2, 1, -1, -2, -3, -4, -5]), {"miR-1": frozenset(f"G{k}" for k in range(5))}
    )
    assert back[0].p == 1.0


def test_one_stratum_is_the_normal_test_of_mann_and_whitney() -> None:
    """One stratum: the weight cancels; the score is that of scipy without continuity correction, ties too."""
    rng = np.random.default_rng(1)
    changes = np.round(rng.normal(size=80), 1)
    is_target = rng.random(80) < 0.3
    z, lower = targets.van_elteren(changes, is_target, np.zeros(80))
    other = stats.mannwhitneyu(
        changes[is_target], changes[~is_target], alternative="less", method="asymptotic", use_continuity=False
    )
    assert stats.norm.sf(z) == pytest.approx(other.pvalue, rel=1e-12)
    assert lower == pytest.approx(1 - other.statistic / (is_target.sum() * (~is_target).sum()))


def test_strata_are_summed_with_their_exact_permutation_variance() -> None:
    """All C(4,2) C(5,2) label orders of two strata, enumerated: variance of the weighted sum is the formula's."""
    changes, strata = np.array([1.0, 2, 3, 4, 1, 2, 3, 4, 5]), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    sums = []
    for one in itertools.combinations(range(4), 2):
        for two in itertools.combinations(range(4, 9), 2):
            label = np.zeros(9, dtype=bool)
            label[[*one, *two]] = True
            counts = [
                (changes[(strata == s) & label][:, None] > changes[(strata == s) & ~label]).sum()
                for s in (0, 1)
            ]
            sums.append((2 * 2 / 2 - counts[0]) / 5 + (2 * 3 / 2 - counts[1]) / 6)
    label = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0], dtype=bool)
    z, _ = targets.van_elteren(changes, label, strata)
    top = 2 / 5 + 3 / 6
    assert z == pytest.approx(top / np.std(sums), rel=1e-12)


def test_confounding_by_expression_is_taken_off() -> None:
    """Targets sit among highly expressed genes, which all fall: plain p is small, matched p is not.

    Within tenths the labels are random, so the matched score is standard normal: |z| < 4.9 fails once in 1e6.
    """
    rng = np.random.default_rng(2)
    level = np.sort(rng.lognormal(3, 1, 1000))
    fall = np.where(np.arange(1000) >= 500, -1.0, 0.0) + rng.normal(0, 0.3, 1000)
    genes = {"miR-1": frozenset(f"G{k}" for k in rng.choice(np.arange(500, 1000), 60, replace=False))}
    plain = targets.repression(responders(fall.tolist()), genes)[0]
    matched = targets.repression(responders(fall.tolist()), genes, level)[0]
    assert plain.p < 1e-6
    assert matched.p > stats.norm.sf(4.9)
    assert matched.p > 0.01
    assert matched.lower == pytest.approx(0.5, abs=0.15)


def test_the_detectable_probability_is_noethers() -> None:
    """N = (z_a + z_b)^2 / (12 c (1-c) (p - 1/2)^2), solved for p."""
    m, n = 30, 970
    p = targets.detectable(m, n)
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert z**2 / (12 * 0.03 * 0.97 * (p - 0.5) ** 2) == pytest.approx(1000)
    assert targets.detectable(1, 1) == 1.0
    low, high = targets.lower_interval(0.7, m, n)
    assert low < 0.7 < high


def test_ev_change_minus_cell_change_adds_squares() -> None:
    def made(
        compartment: str, ids: tuple[str, ...], values: list[float], errors: list[float]
    ) -> change.Change:
        blank = frozen(np.full(len(ids), 0.5))
        return change.Change(
            compartment, "LPS", "control", ids, blank, frozen(values), frozen(errors), blank, blank, "x"
        )

    found = change.loading_change(
        made("cells", ("a", "b", "c"), [1.0, math.nan, 0.5], [0.3, 1, 0.1]),
        made("EVs", ("c", "b", "a"), [0.5, 1.0, 3.0], [0.2, 1.0, 0.4]),
    )
    assert found.ids == ("a", "c")
    assert found.difference == pytest.approx([2.0, 0.0])
    assert found.standard_error == pytest.approx([0.5, math.hypot(0.1, 0.2)])
    assert found.p == pytest.approx([2 * stats.norm.sf(4.0), 1.0])
