"""The statistical helpers pass what is right and fail what is slightly wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.chances import ALARM, continuous_chance, law_chance, mean_chance, moments_chance, poisson_law

RNG = np.random.default_rng(5)
N = 20_000


def test_the_true_law_passes() -> None:
    samples = RNG.poisson(7.0, N)
    assert law_chance(samples, poisson_law(7.0)) > ALARM
    assert min(moments_chance(samples, poisson_law(7.0))) > ALARM


@pytest.mark.parametrize("bias", [-0.03, 0.03])
def test_a_planted_bias_is_found(bias: float) -> None:
    """Shift of the mean by 0.21 = 11 standard errors of 20,000 samples; 9.1 are found with 99 % power."""
    samples = RNG.poisson(7.0 * (1 + bias), N)
    assert law_chance(samples, poisson_law(7.0)) < ALARM
    assert moments_chance(samples, poisson_law(7.0))[0] < ALARM


def test_a_planted_spread_with_the_same_mean_is_found() -> None:
    """Half of the samples from 6, half from 8: variance 8 for 7, against sqrt((7 + 2 49) / 20000) = 0.072: 14."""
    samples = RNG.poisson(np.where(RNG.random(N) < 0.5, 6.0, 8.0))
    mean, variance = moments_chance(samples, poisson_law(7.0))
    assert mean > ALARM > variance


def test_chernoff_is_never_below_the_exact_tail() -> None:
    """Sums of Poisson numbers are Poisson: the bound may be larger, at most by the factor sqrt(2 pi n var) or so."""
    for seen in (6.9, 6.95, 7.05, 7.1):
        exact = stats.poisson.cdf(seen * N, 7.0 * N) if seen < 7 else stats.poisson.sf(seen * N - 1, 7.0 * N)
        bound = mean_chance(np.arange(60), poisson_law(7.0)[:60], seen, N)
        assert exact <= bound <= 100 * exact


def test_a_truncated_law_forgives_only_what_it_lost() -> None:
    samples = RNG.poisson(7.0, N)
    assert law_chance(samples, poisson_law(7.0)[:14]) > ALARM
    assert law_chance(samples + 3, poisson_law(7.0)[:14]) < ALARM


def test_a_planted_shift_of_a_continuous_law_is_found() -> None:
    """Massart: found with 99 % power beyond sqrt(ln(2/ALARM)/2n) + 1.2/sqrt(n) = 0.032; the shift is 0.05."""
    u = RNG.random(N)
    assert continuous_chance(u, stats.uniform) > ALARM
    assert continuous_chance(0.05 + u, stats.uniform) < ALARM
