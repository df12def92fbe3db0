"""The slot law of an MVB in closed form and by quadrature."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm
from scipy.stats import betabinom, binom, norm

from tests import comparisons as stats
from vesica.biology import mvb_law

FILL, LOSS, STAGES = 3e-3, 5e-3, (4e-3, 9e-3)


@pytest.mark.parametrize("ways", [(4e-3, 1e-3, 2e-3, 5e-3), (4e-3, 1e-3, 0.0, 6e-3), (1e-3, 5e-2, 6e-2, 1e-3)])
def test_the_age_at_fusion_is_a_sum_of_two_exponential_stages(ways: tuple[float, float, float, float]) -> None:
    """Against the chain free <-> docked with two ways out, by its matrix exponential (about 1e-13): 1e-10.

    The density of a fusion at an age is f times the chance to be docked then; its integral is `fusion_share`.
    """
    h, k, u, f = ways
    chain = np.array([[-(h + k), u], [k, -(f + u)]])
    first, second = mvb_law.fusion_stages(*ways)
    share = mvb_law.fusion_share(*ways)
    assert share == pytest.approx(f * np.linalg.solve(-chain, [1.0, 0.0])[1], rel=1e-12)
    for age in (10.0, 300.0, 2000.0):
        seen = f * expm(chain * age)[1, 0]
        density = first * second / (second - first) * (math.exp(-first * age) - math.exp(-second * age))
        assert seen == pytest.approx(share * density, rel=1e-10)
    if u > 0.0:
        assert (first, second) != pytest.approx(sorted((h + k, f + u)), rel=1e-3)  # the comparison can fail


def test_an_mvb_that_cannot_fuse_has_no_share() -> None:
    assert mvb_law.fusion_share(0.0, 0.0, 0.0, 0.0) == 0.0
    assert mvb_law.fusion_stages(0.0, 0.0, 0.0, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("loss", [0.0, 1e-14, 1e-9, 3e-3, 2.0])
def test_relaxation_solves_its_equation(loss: float) -> None:
    """x e^-lt + g (1 - e^-lt)/l in 50 digits; 1e-15 per operation, seven of them, gives 1e-14."""
    import mpmath

    with mpmath.workdps(50):
        decay = mpmath.exp(-mpmath.mpf(loss) * 700)
        mean = (1 - decay) / (mpmath.mpf(loss) * 700) if loss else mpmath.mpf(1)
        exact = float(mpmath.mpf(0.2) * decay + mpmath.mpf(FILL) * 700 * mean)
    assert mvb_law.relaxed(0.2, FILL, loss, 700.0) == pytest.approx(exact, rel=1e-14)


def test_chances_after_a_mark_solve_the_equation_of_a_slot_while_rates_change() -> None:
    """A slot that is full with chance x at 300 s, rates changed at 500 s, against DOP853 at 1e-11: 1e-9."""
    share = gone = then = gone_then = 0.0
    for duration, fill, loss, is_mark in ((300.0, 3e-3, 5e-3, True), (200.0, 3e-3, 5e-3, False),
                                          (400.0, 1e-3, 9e-3, False)):
        share, gone = mvb_law.relaxed(share, fill, loss, duration), gone + loss * duration
        if is_mark:
            then, gone_then = share, gone
    decay = math.exp(-(gone - gone_then))
    empty = mvb_law.filled_chance(share, then, decay)
    for start, chance in ((0.0, empty), (1.0, empty + decay)):
        x = [start]
        for duration, fill, loss in ((200.0, 3e-3, 5e-3), (400.0, 1e-3, 9e-3)):
            x = solve_ivp(lambda _t, y, k=fill, r=loss: k - r * y, (0, duration), x, method="DOP853", rtol=1e-11,
                          atol=1e-13).y[:, -1]
        assert chance == pytest.approx(x[0], rel=1e-9)


@pytest.mark.parametrize("stages", [STAGES[:1], STAGES, (4e-3, 4e-3)])
@pytest.mark.parametrize("capacity", [1.0, 7.0, 6.4, 81.4])
def test_law_at_fate_is_the_binomial_law_mixed_over_ages(stages: tuple[float, ...], capacity: float) -> None:
    """Against quadrature over the age; equal stages are moved apart by 1e-5, which costs 1e-16/1e-5 x 100 = 1e-9."""
    law = mvb_law.fate_pmf(capacity, FILL / LOSS, LOSS, stages)

    def density(age: float) -> float:
        if len(stages) == 1:
            return stages[0] * math.exp(-stages[0] * age)
        a, b = stages
        if a == b:
            return a * a * age * math.exp(-a * age)
        return a * b / (b - a) * (math.exp(-a * age) - math.exp(-b * age))

    def at(age: float, n: int) -> float:
        p = FILL / LOSS * -math.expm1(-LOSS * age)
        return density(age) * float(weights @ binom.pmf(n, slots, p))

    slots, weights = mvb_law.slots_pmf(capacity)
    assert law.sum() == pytest.approx(1.0, abs=1e-8)
    for n in {0, 1, law.size // 3, law.size - 1}:
        mixed = sum(quad(at, low, high, args=(n,), epsabs=1e-13, limit=200)[0]
                    for low, high in ((0, 200), (200, 1000), (1000, 3000), (3000, 10000)))
        assert law[n] == pytest.approx(mixed, abs=1e-8)


@pytest.mark.parametrize("stages", [STAGES[:1], STAGES])
@pytest.mark.parametrize("capacity", [7.0, 6.4, 81.4])
def test_mean_and_variance_are_those_of_the_law(stages: tuple[float, ...], capacity: float) -> None:
    """Sums over the law; rounding of 83 terms of size 83^2, 1e-10. The mean is b/(r + h), as in the mean field."""
    law = mvb_law.fate_pmf(capacity, FILL / LOSS, LOSS, stages)
    n = np.arange(law.size)
    mean, variance = mvb_law.mean_and_variance(capacity, FILL / LOSS, LOSS, stages)
    assert law @ n == pytest.approx(mean, rel=1e-10)
    assert law @ (n - mean) ** 2 == pytest.approx(variance, rel=1e-10)
    if len(stages) == 1:
        assert mean == pytest.approx(FILL * capacity / (LOSS + stages[0]), rel=1e-13)


def test_one_stage_is_beta_binomial_where_nothing_fuses_back() -> None:
    """p_ss = 1: n ~ beta-binomial(N, 1, h/r), scipy's own."""
    law = mvb_law.fate_pmf(9.0, 1.0, FILL, (4e-3,))
    assert law == pytest.approx(betabinom.pmf(np.arange(10), 9, 1.0, 4e-3 / FILL), rel=1e-12)


def test_comparisons_of_samples_see_a_bias_and_pass_without() -> None:
    """Each helper of `tests.comparisons`: silent on its own law, and failing on one that is off."""
    random = np.random.default_rng(3)
    a, b, more = random.poisson(5.0, 4000), random.poisson(5.0, 4000), random.poisson(5.5, 4000)
    pmf = np.exp(-5.0) * 5.0 ** np.arange(40) / np.array([math.factorial(k) for k in range(40)])
    assert stats.same_law(a, b)
    assert not stats.same_law(a, more)
    assert stats.follows(a, pmf)
    assert not stats.follows(more, pmf)
    assert stats.agrees_with_mean(a, 5.0, 5.0)
    assert not stats.agrees_with_mean(more, 5.0, 5.0)
    assert stats.is_poisson_total(int(a.sum()), 20_000.0)
    assert not stats.is_poisson_total(int(more.sum()), 20_000.0)
    pairs, joint = np.stack([a, b], axis=1), np.stack([a, np.where(random.random(4000) < 0.5, a, b)], axis=1)
    assert stats.same_pairs(pairs, np.stack([b, random.permutation(a)], axis=1))
    assert not stats.same_pairs(pairs, joint)  # the same margins, another joint law
    x, y = random.random(4000), random.random(4000)
    assert stats.is_uniform(x)
    assert not stats.is_uniform(x**1.3)
    assert stats.same_times(x, y)
    assert not stats.same_times(x, y**1.5)
    assert stats.limit() == pytest.approx(norm.isf(5e-10))
