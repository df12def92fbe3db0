"""Diffusion of vesicles: Stokes-Einstein, the still column, and the capture of one sphere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm

from tests.analytic.builders import VOLUME, Run, build, dish, run
from vesica.biology.sizes import SizeLaw
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm, Dose
from vesica.transport.diffusion import BOLTZMANN, capture_ceiling, still_column_share, stokes_einstein

WARM, WATER = 310.0, 0.692e-3  # K, Pa s
DEPTH = 2e12 / (math.pi * 17500.0**2)  # um: 2 mL in a 35 mm dish


@pytest.mark.parametrize(("nanometres", "expected"),
                         [(30, 21.9), (50, 13.1), (80, 8.2), (100, 6.6), (120, 5.5), (150, 4.4)])
def test_stokes_einstein_in_water_at_body_temperature(nanometres: float, expected: float) -> None:
    """The table of the literature notes has one decimal, so half a unit of it is the tolerance."""
    assert stokes_einstein(WARM, WATER, nanometres / 1e3) == pytest.approx(expected, abs=0.05)


def test_stokes_einstein_in_si_units() -> None:
    """kT/(3 pi eta d) in m^2/s, times 1e12; four roundings."""
    si = BOLTZMANN * WARM / (3 * math.pi * WATER * 120e-9)
    assert stokes_einstein(WARM, WATER, 0.12) == pytest.approx(si * 1e12, rel=1e-14)


@pytest.mark.parametrize(("hours", "percent"), [(4, 15.2), (24, 37.3), (48, 52.7)])
def test_share_of_a_dose_that_a_still_column_delivers(hours: float, percent: float) -> None:
    """120 nm vesicles in 2.08 mm of medium: 15, 37 and 53 %; tolerance is the last digit shown."""
    share = still_column_share(stokes_einstein(WARM, WATER, 0.12), DEPTH, hours * 3600)
    assert 100 * share == pytest.approx(percent, abs=0.05)


def series(tau: float, terms: int) -> float:
    """Crank's series without a short-time branch."""
    odd = 2 * np.arange(terms) + 1
    return float(1 - np.sum(8 / (odd * math.pi) ** 2 * np.exp(-(odd**2) * math.pi**2 * tau / 4)))


@pytest.mark.parametrize("tau", [0.0199999, 0.02, 0.0200001])
def test_the_two_branches_agree_at_the_switch(tau: float) -> None:
    """They differ by erfc-type terms of order exp(-1/tau) < 1e-21; what is left is rounding."""
    assert still_column_share(1.0, 1.0, tau) == pytest.approx(series(tau, 400), abs=1e-14)
    assert 2 * math.sqrt(tau / math.pi) == pytest.approx(series(tau, 400), abs=1e-14)


def test_the_branches_are_not_the_same_formula() -> None:
    """Shows that the comparison can fail: at tau = 0.2 the short-time form is 0.1 % too high."""
    assert 2 * math.sqrt(0.2 / math.pi) - series(0.2, 400) > 5e-4


def test_the_column_is_the_diffusion_equation() -> None:
    """Against N cells of finite volume, whose error is first found to be (1/N)^2, then compared.

    Faces at the cell walls, half a cell to the absorbing bottom: second order in 1/N. Richardson
    from N = 40 and 80 leaves fourth order, about 10 (1/80)^2 x the difference.
    """
    tau = 0.3

    def taken(n: int) -> float:
        matrix = np.diag(np.full(n, -2.0)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
        matrix[0, 0], matrix[-1, -1] = -3.0, -1.0
        return 1.0 - float((expm(matrix * n**2 * tau) @ np.ones(n)).mean())

    coarse, fine = taken(40), taken(80)
    limit = fine + (fine - coarse) / 3
    share = still_column_share(1.0, 1.0, tau)
    assert share == pytest.approx(limit, abs=0.01 * abs(fine - coarse))
    assert (coarse - share) / (fine - share) == pytest.approx(4.0, rel=0.02)


SITES, INTERNALISATION, DENSITY, SECONDS = 1e9, 0.1, 1e-3, 1000.0


def captured(epsilon: float) -> tuple[Run, float]:
    """One cell in 2 mL whose binding is 1/epsilon times the diffusive flux; and that flux."""
    donor = CellType("donor", "donor", takes_up_vesicles=False)
    taker = CellType("taker", "taker", secretes_vesicles=False)
    dose = Dose("source", "taker", "particles_per_cell", DENSITY * VOLUME, 0.0)
    arm, source = Arm("arm", {"taker": 1.0}, doses=(dose,)), dish({"medium.free:donor": 1.0})
    changes = {"taker.receptor_sites": SITES, "taker.internalisation_rate": INTERNALISATION}
    probe = run(build((donor, taker), (arm,), changes, duration=1.0, every=1.0), source)
    ceiling = capture_ceiling(probe.derived("donor.diffusivity"), 7.5, DENSITY)
    changes["taker.binding_rate"] = ceiling / DENSITY / epsilon / SITES
    model = build((donor, taker), (arm,), changes, duration=SECONDS, every=SECONDS)
    return run(model, source), ceiling


@pytest.mark.parametrize("epsilon", [1e-1, 1e-2, 1e-3])
def test_capture_reaches_the_diffusive_ceiling_and_misses_it_by_its_leading_term(epsilon: float) -> None:
    """Flux = 4 pi D a C/(1 + e), e = 4 pi D a/(k_on R): it falls short by e, relatively.

    What that leaves out: e itself (next order); sites taken, which change e by B/R = 5e-9 of
    it; what the medium loses, 4 pi D a t/V = 3e-7; and the solver's bound.
    Kernels: `free_sites`, `capture_divisor`, `binding_hazard`.
    """
    found, ceiling = captured(epsilon)
    total = found["taker.bound:donor"][-1] + found["taker.taken_up:donor"][-1]
    shortfall = 1 - total / (ceiling * SECONDS)
    rest = found.bound(total) / total + 4 * math.pi * 6.5 * 7.5 * SECONDS / VOLUME
    assert abs(shortfall / epsilon - 1) <= epsilon + rest / epsilon


def test_the_diffusivity_of_a_population_is_the_mean_over_its_sizes() -> None:
    """E[1/d] of the law times D at 1 um, by quadrature; the median alone would be 4 % lower."""
    found, _ = captured(0.1)
    law = SizeLaw(0.085, 1.35, 0.03, 0.2, 0.005)
    weighted, low, high = lambda d: stokes_einstein(WARM, WATER, d) * law.density(d), law.low, law.high
    mean, _ = quad(weighted, low, high, epsrel=1e-12)
    assert found.derived("donor.diffusivity") == pytest.approx(mean, rel=1e-9)
    assert mean / stokes_einstein(WARM, WATER, 0.085) > 1.03
