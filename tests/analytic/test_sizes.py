"""The diameter law: moments against quadrature, and what its special cases must give."""

from __future__ import annotations

import math

import pytest
from scipy.integrate import quad

from vesica.biology.sizes import SizeLaw

LAW = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)


@pytest.mark.parametrize("order", [-1, 0, 1, 2, 3, 6])
def test_moments_are_the_integral_of_the_density(order: int) -> None:
    """Quadrature asked for 1e-12; differences of normal tails lose two more digits at most."""
    exact, _ = quad(lambda d: d**order * LAW.density(d), LAW.low, LAW.high, epsrel=1e-12, epsabs=0.0)
    assert LAW.moment(order) == pytest.approx(exact, rel=1e-10)


def test_area_and_lumen_are_integrals_of_their_own_formulas() -> None:
    area, _ = quad(lambda d: math.pi * d**2 * LAW.density(d), LAW.low, LAW.high, epsrel=1e-12, epsabs=0.0)
    lumen, _ = quad(lambda d: math.pi / 6 * (d - 0.01) ** 3 * LAW.density(d), LAW.low, LAW.high, epsrel=1e-12,
                    epsabs=0.0)
    assert LAW.mean_area == pytest.approx(area, rel=1e-10)
    assert LAW.mean_lumen_volume == pytest.approx(lumen, rel=1e-10)


def test_a_narrow_law_is_its_median() -> None:
    """E[d^k] = median^k exp(k^2 s^2/2): the excess over one equals its leading term k^2 s^2/2.

    What it leaves out is (k^2 s^2/2)^2/2, a share k^2 s^2/4 = 2e-6 of it; rounding of
    moments, 1e-16 relative to an excess of 4.5e-6, is far less, but erfc arguments of
    400 standard deviations cost 1e-12 absolute.
    """
    s = 1e-3
    narrow = SizeLaw(0.085, math.exp(s), 0.03, 0.2, 0.005)
    excess = narrow.moment(3) / 0.085**3 - 1
    assert excess == pytest.approx(9 * s**2 / 2, rel=1e-5)


def test_the_density_ends_at_the_bounds() -> None:
    assert LAW.density(0.03 - 1e-9) == 0.0
    assert LAW.density(0.2 + 1e-9) == 0.0
    assert LAW.density(0.2) > 0.0
