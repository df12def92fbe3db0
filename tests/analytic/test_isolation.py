"""What methods of isolation keep, against closed forms of the mean over a size law."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from vesica.biology.isolation import Sieve, Sieves, digested
from vesica.biology.sizes import SizeLaw

# bounds nine standard deviations away: they cut off 2e-19 of the law, and 1e-13 of it weighted by the third power
WIDE = SizeLaw(0.085, 1.35, 0.085 / 1.35**9, 0.085 * 1.35**9, 0.0)
SPREAD = math.log(1.35)


def of_log_normal(sieve: Sieve, power: int) -> float:
    """Mean of a law that is not cut, weighted by diameter to a power: the closed form of the module's docstring."""
    assert sieve.cutoff is not None
    wide = math.hypot(SPREAD, math.log(sieve.gsd))
    return sieve.share * float(norm.cdf((math.log(0.085 / sieve.cutoff) + power * SPREAD**2) / wide))


@pytest.mark.parametrize("cutoff", [0.04, 0.07, 0.2])
@pytest.mark.parametrize(("weight", "power"), [("number", 0), ("area", 2), ("lumen", 3)])
def test_the_mean_over_a_log_normal_law(cutoff: float, weight: str, power: int) -> None:
    """To rounding: 256 nodes of Gauss and Legendre over 18 standard deviations of an analytic integrand."""
    sieve = Sieve(0.43, cutoff, gsd=1.3)
    assert Sieves((sieve,)).mean(WIDE, weight) == pytest.approx(of_log_normal(sieve, power), rel=1e-11)  # type: ignore[arg-type]
    other = of_log_normal(sieve, power + 1)  # the test tells the weights apart
    assert Sieves((sieve,)).mean(WIDE, weight) != pytest.approx(other, rel=1e-3)  # type: ignore[arg-type]


def test_a_ceiling_is_a_cutoff_the_other_way_round() -> None:
    """Of every diameter one of the two keeps what the other loses: their shares sum to one."""
    low, high = Sieves((Sieve(1.0, 0.1),)), Sieves((Sieve(1.0, None, 0.1),))
    for weight in ("number", "area", "lumen"):
        assert low.mean(WIDE, weight) + high.mean(WIDE, weight) == pytest.approx(1.0, rel=1e-14)  # type: ignore[arg-type]


def test_methods_one_after_another_on_a_law_that_is_cut() -> None:
    """Against adaptive quadrature of the same integrand, whose error estimate is below 1e-10."""
    law = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)
    sieves = Sieves() + Sieve(0.4, 0.06) + Sieve(0.9, None, 0.2) + Sieve(0.5)

    def whole(function: Callable[[float], float]) -> float:
        return float(quad(function, law.low, law.high, epsabs=1e-13, epsrel=1e-12, limit=200)[0])

    def by_quadrature(size: Callable[[float], float]) -> float:
        kept = whole(lambda d: law.density(d) * size(d) * float(sieves.kept(np.array(d))))
        return kept / whole(lambda d: law.density(d) * size(d))

    assert sieves.mean(law) == pytest.approx(by_quadrature(lambda d: 1.0), rel=1e-9)
    assert sieves.mean(law, "area") == pytest.approx(by_quadrature(lambda d: d**2), rel=1e-9)
    assert sieves.mean(law, "lumen") == pytest.approx(by_quadrature(lambda d: (d - 0.01) ** 3), rel=1e-9)
    assert sieves.mean(law) < min(Sieves((part,)).mean(law) for part in sieves.parts)


def test_without_bounds_shares_multiply() -> None:
    sieves = Sieves() + Sieve(0.4) + Sieve(0.5)
    assert sieves.mean(replace(WIDE, median=0.2)) == 0.2
    assert Sieves().mean(WIDE) == 1.0


def test_an_enzyme_takes_what_it_reaches() -> None:
    assert digested(0.95, is_reached=True) == pytest.approx(0.05, rel=1e-12)
    assert digested(0.95, is_reached=False) == 1.0
