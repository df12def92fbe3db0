"""Diameter and copies of single vesicles against closed forms; false alarm 1e-9 each, `tests.comparisons`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, truncnorm

from tests import comparisons as stats
from vesica.analysis.runs.vesicles import at_least_one
from vesica.biology.cargo import lumen_loading, membrane_loading
from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import stream
from vesica.engine.whole import vesicles
from vesica.engine.whole.vesicles import Loading

SEED = 20_240_602
LAW = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)
LUMEN, MEMBRANE = Loading(3.0 / 2000.0, "lumen"), Loading(2.0 / 3000.0, "membrane")
POOL = 10_000


@pytest.mark.parametrize("law", [LAW, replace(LAW, low=0.15), replace(LAW, high=0.05), replace(LAW, low=0.5, high=1.0)])
def test_diameters_invert_the_distribution_of_the_law(law: SizeLaw) -> None:
    """scipy's truncated normal gives each number back; tails keep 1e-9 though their mass is 1e-9 of the whole."""
    u = np.linspace(1e-6, 1 - 1e-6, 501)
    d = vesicles.diameters(law, u)
    mu, s = math.log(law.median), math.log(law.gsd)
    a, b = (math.log(law.low) - mu) / s, (math.log(law.high) - mu) / s
    assert truncnorm.cdf((np.log(d) - mu) / s, a, b) == pytest.approx(u, rel=1e-6, abs=1e-9)
    assert (d >= law.low).all()
    assert (d <= law.high).all()


def test_diameters_of_a_stream_have_the_moments_of_the_law() -> None:
    u = vesicles.uniforms(stream(SEED, "sizes", 0), 20_000)
    assert stats.is_uniform(u)
    d = vesicles.diameters(LAW, u)
    for order in (1, 2, 3):
        variance = LAW.moment(2 * order) - LAW.moment(order) ** 2
        assert stats.agrees_with_mean(d**order, LAW.moment(order), variance)


def test_means_are_those_of_the_mean_field_kernels() -> None:
    """Quadrature over the law against its closed moments, 1e-9: the pool times the kernels' loading of one vesicle."""
    lumen = POOL * lumen_loading(3.0, LAW.mean_lumen_volume, 2000.0, 1.0)
    membrane = POOL * membrane_loading(2.0, LAW.mean_area, 3000.0, 1.0)
    for loading, mean in ((LUMEN, lumen), (MEMBRANE, membrane)):
        for empty in (0.0, 0.3, 0.9):
            found, _ = vesicles.copies_moments(LAW, replace(loading, empty_share=empty), POOL)
            assert found == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("empty", [0.0, 0.9])
@pytest.mark.parametrize("loading", [LUMEN, MEMBRANE])
def test_occupancy_and_moments_of_drawn_vesicles(loading: Loading, empty: float) -> None:
    """Each vesicle takes from a full pool: binomial tails for P(>= 1), z for the mean and for the mean square.

    The variance of the square is bounded through the law's own fourth moment, from quadrature over diameters.
    """
    loading, number = replace(loading, empty_share=empty), 20_000
    words = stream(SEED, f"{loading}", 0)
    chances = loading.chances(vesicles.diameters(LAW, vesicles.uniforms(words, number)), LAW.thickness)
    copies = np.array([vesicles.take(words, POOL, chances[k : k + 1], empty)[0][0] for k in range(number)])
    share = vesicles.occupied_share(LAW, loading, POOL)
    seen = int((copies > 0).sum())
    assert min(binom.cdf(seen, number, share), binom.sf(seen - 1, number, share)) > stats.ALARM / 2
    mean, variance = vesicles.copies_moments(LAW, loading, POOL)
    assert stats.agrees_with_mean(copies, mean, variance)
    square = variance + mean**2
    fourth = (1 - empty) * quad(lambda d: LAW.density(d) * _fourth(POOL, float(loading.chances(np.array([d]),
                                LAW.thickness)[0])), LAW.low, LAW.high)[0]
    assert stats.agrees_with_mean(copies**2, square, fourth - square**2)


def _fourth(n: int, p: float) -> float:
    """E[X^4] of a binomial number, from its factorial moments."""
    f = [math.prod(n - i for i in range(j)) * p**j for j in range(5)]
    return f[4] + 6 * f[3] + 7 * f[2] + f[1]


@pytest.mark.parametrize("topology", ["lumen", "membrane"])
@pytest.mark.parametrize("mean", [0.008, 0.3])
def test_occupancy_is_that_of_the_poisson_form_less_the_leading_term(topology: str, mean: float) -> None:
    """1 - (1 - p)^c against 1 - e^{-cp}: the difference *is* c E[p^2 e^{-cp}]/2 to the next order.

The next terms are c p^3/3 and (c p^2)^2/8, relatively 2 p/3 + c p^2/4 with p = 3/200 at most: 2 %. The Poisson
    form is taken on the same nodes, and differs from that of 200 cells in `at_least_one` by less than 1e-4.
    """
    pool = 200
    size = LAW.mean_lumen_volume if topology == "lumen" else LAW.mean_area
    loading = Loading(mean / pool / size, topology)
    d, weight = vesicles._nodes(LAW)
    p = loading.chances(d, LAW.thickness)
    poisson = float(-np.expm1(-pool * p) @ weight)
    assert poisson == pytest.approx(at_least_one(mean, LAW, topology), rel=1e-4)
    term = 0.5 * pool * float(p**2 * np.exp(-pool * p) @ weight)
    assert vesicles.occupied_share(LAW, loading, pool) - poisson == pytest.approx(term, rel=0.02)


def test_zero_inflation_keeps_the_mean_and_lowers_the_occupancy() -> None:
    plain, rare = LUMEN, replace(LUMEN, empty_share=0.9)
    means = [vesicles.copies_moments(LAW, loading, POOL)[0] for loading in (plain, rare)]
    assert means[0] == pytest.approx(means[1], rel=1e-13)
    shares = [vesicles.occupied_share(LAW, loading, POOL) for loading in (plain, rare)]
    assert shares[1] < shares[0]
    assert shares[1] <= 0.1


def test_a_pool_is_never_overdrawn_and_nothing_is_lost() -> None:
    """Greedy vesicles empty a small pool; what they hold and what is left is what there was, whatever the chances."""
    random = np.random.default_rng(5)
    words = stream(SEED, "greedy", 1)
    for pool in (0, 1, 7, 1000):
        for most in (1e-3, 0.5, 1.0):
            copies, left = vesicles.take(words, pool, most * random.random(50), 0.2)
            assert copies.min() >= 0
            assert left >= 0
            assert copies.sum() + left == pool
    greedy = Loading(1e8, "lumen")
    assert greedy.is_capped(LAW)
    assert not LUMEN.is_capped(LAW)
    assert vesicles.take(words, 9, greedy.chances(np.array([0.1, 0.1]), 0.005), 0.0)[0].tolist() == [9, 0]
    assert vesicles.occupied_share(LAW, greedy, 9) == pytest.approx(1.0, abs=1e-9)


def test_vesicles_one_after_another_take_from_what_is_left() -> None:
    """The k-th of equal vesicles takes c p (1 - p)^(k - 1) on average: variance of a binomial number."""
    words, pool, p, runs = stream(SEED, "sequence", 0), 40, 0.2, 3000
    taken = np.array([vesicles.take(words, pool, np.full(4, p), 0.0)[0] for _ in range(runs)])
    for k in range(4):
        chance = p * (1 - p) ** k
        assert stats.agrees_with_mean(taken[:, k], pool * chance, pool * chance * (1 - chance))
        assert stats.follows(taken[:, k], binom.pmf(np.arange(pool + 1), pool, chance))


def test_copies_per_burst_and_per_release_are_compound_sums() -> None:
    """n vesicles, Binomial(8, 0.4), of a Poisson number of bursts; copies from a pool so large that it does not fall.

    The mean by its derived variance; the variance through the spread about the known mean, whose own
    variance is taken from the sample (a fourth moment): 3,000 runs.
    """
    loading, pool, mean_bursts, runs = replace(MEMBRANE, empty_share=0.5), 10**9, 3.0, 3000
    loading = replace(loading, per_size=2.0 / LAW.mean_area / pool)  # two copies per vesicle
    copies = vesicles.copies_moments(LAW, loading, pool)
    burst = vesicles.burst_moments((3.2, 1.92), copies)
    mean, variance = vesicles.release_moments(mean_bursts, burst)
    random, words, total = np.random.default_rng(SEED), stream(SEED, "burst", 0), np.zeros(runs)
    for run in range(runs):
        n = int(random.binomial(8, 0.4, random.poisson(mean_bursts)).sum())
        chances = loading.chances(vesicles.diameters(LAW, vesicles.uniforms(words, n)), LAW.thickness)
        total[run] = vesicles.take(words, pool, chances, 0.5)[0].sum()
    assert copies[0] == pytest.approx(2.0, rel=1e-9)
    assert stats.agrees_with_mean(total, mean, variance)
    spread = (total - mean) ** 2
    assert stats.agrees_with_mean(spread, variance, spread.var())
    assert not stats.agrees_with_mean(spread, mean, spread.var())  # Poisson copies would be told apart


def test_loading_that_is_no_loading_is_refused() -> None:
    for wrong in ({"per_size": -1.0}, {"empty_share": 1.0}, {"per_size": math.nan}):
        with pytest.raises(ValueError, match="loading needs"):
            replace(LUMEN, **wrong)
