"""Need, supply and chance of a dose: closed forms, units, and the figures of the literature table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.test_dimensions import documented, has_unit
from vesica.biology import dose as law
from vesica.biology.delivery import titration_free_mirna
from vesica.transport.diffusion import capture_ceiling, capture_chance

H = 3600.0
PER_EV, PHI = 0.00825, 0.3
KERNELS = {name: getattr(law, name) for name in (
    "needed_uptake", "steady_copies", "reached_share", "needed_bolus", "needed_mirna", "titration_share",
    "linear_clearance", "limited_clearance", "shared_supply", "loaded_copies", "chance_of_one", "copies_spread",
    "saturating_uptake")}


@pytest.mark.parametrize("name", KERNELS)
def test_a_law_has_the_unit_its_docstring_states(name: str) -> None:
    arguments, result = documented(KERNELS[name])
    assert has_unit(KERNELS[name], arguments, result)


@pytest.mark.parametrize("name", KERNELS)
def test_a_wrong_unit_is_seen(name: str) -> None:
    """Planted: each argument in turn gets a kelvin more. `linear_clearance`, `loaded_copies` and the like only
    change their own unit, which is then not the stated one."""
    arguments, result = documented(KERNELS[name])
    for place in range(len(arguments)):
        wrong = tuple(f"{unit or '1'}*K" if j == place else unit for j, unit in enumerate(arguments))
        assert not has_unit(KERNELS[name], wrong, result), f"argument {place}"


@pytest.mark.parametrize(("share", "said"), [(1.0, 1.2e5), (0.3, 4.0e5), (0.1, 1.2e6), (0.01, 1.2e7)])
def test_vesicles_for_a_thousand_copies_are_those_of_the_table(share: float, said: float) -> None:
    """K10 of the collected numbers, printed with two digits: half a unit of the second digit is at most 4.2 %."""
    assert law.needed_bolus(1000.0, PER_EV, share) == pytest.approx(said, rel=0.042)


@pytest.mark.parametrize(("half_life", "copies", "rate"), [(11.0, 106, 25_500), (34.0, 328, 8_200)])
def test_one_monocyte_fully_captured_never_holds_a_thousand(half_life: float, copies: float, rate: float) -> None:
    """K11: whole copies (0.5 of 106), rates to hundreds (50 of 8,200 is 0.6 %)."""
    decay = math.log(2) / (half_life * H)
    assert law.steady_copies(2700 / H, decay, PER_EV, PHI) == pytest.approx(copies, abs=0.5)
    assert law.needed_uptake(1000.0, decay, PER_EV, PHI) * H == pytest.approx(rate, rel=0.006)


def test_need_and_supply_are_inverse() -> None:
    """Rounding only: five operations."""
    uptake = law.needed_uptake(777.0, 3e-5, 0.02, 0.4)
    assert law.steady_copies(uptake, 3e-5, 0.02, 0.4) == pytest.approx(777.0, rel=5e-16 * 5)


def test_a_constant_uptake_reaches_its_share_as_the_equation_says() -> None:
    """dc/dt = u - d c by the integrator at rtol 1e-10; the closed form has rounding only."""
    from scipy.integrate import solve_ivp

    decay, time = 3e-5, 20 * H
    run = solve_ivp(lambda _t, c: 0.2 - decay * c, (0, time), [0.0], rtol=1e-10, atol=1e-9)
    assert run.y[0, -1] == pytest.approx(0.2 / decay * law.reached_share(decay, time), rel=1e-8)


@pytest.mark.parametrize("held", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_the_needed_mirna_is_the_inverse_of_titration(held: float) -> None:
    """free = K s/(1-s) loses at most the digits of 1 - s: 1e-16/1e-3."""
    total = law.needed_mirna(held, 1e4, 1200.0)
    free = titration_free_mirna(total, 1e4, 1200.0)
    assert law.titration_share(total, 1e4, free) == pytest.approx(held, rel=1e-12)


def test_the_shared_medium_is_the_solution_of_its_equation() -> None:
    """Free vesicles and what recipients took up, by the integrator at rtol 1e-10."""
    from scipy.integrate import solve_ivp

    q, n_d, n_r, c_r, c_d, volume, loss, time = 0.03, 1e6, 5e5, 26.0, 9.0, 2e12, 6e-6, 30 * H

    def rate(_t: float, y: np.ndarray) -> list[float]:
        free = y[0]
        return [q * n_d - free * ((n_r * c_r + n_d * c_d) / volume + loss), free * c_r / volume]

    run = solve_ivp(rate, (0, time), [0.0, 0.0], rtol=1e-10, atol=1e-6)
    mean = law.shared_supply(q, n_d, n_r, c_r, c_d, volume, loss, time)
    assert mean * time == pytest.approx(run.y[1, -1], rel=1e-8)


def test_no_more_is_taken_up_than_was_released() -> None:
    """With fast uptake and no loss all that is released is shared out, less what is still free: 1/(H t) of it."""
    q, time = 0.03, 30 * H
    mean = law.shared_supply(q, 1e6, 5e5, 1e5, 0.0, 2e12, 0.0, time)
    left = 1 / (5e5 * 1e5 / 2e12 * time)
    assert mean * 5e5 == pytest.approx(q * 1e6 * (1 - left), rel=1e-12)


def test_clearance_is_below_both_of_its_limits_and_tends_to_them() -> None:
    """Resistances add: error of either limit is the ratio of the two, here 1e-6."""
    assert law.limited_clearance(1.0, 1e6) == pytest.approx(1.0, rel=1.1e-6)
    assert law.limited_clearance(1e6, 1.0) == pytest.approx(1.0, rel=1.1e-6)
    assert law.limited_clearance(2.0, 2.0) == pytest.approx(1.0, rel=1e-15)
    clearance = law.linear_clearance(1000.0, 50.0)
    assert clearance == 20.0
    assert law.saturating_uptake(1000.0, 1000.0) == 500.0  # half saturation, by its meaning


def test_the_chance_of_a_copy_is_that_of_drawn_cells() -> None:
    """20,000 cells by drawing vesicles, escape, loading and copies; binomial error, five deviations: 6e-7."""
    random = np.random.default_rng(8)
    vesicles, phi, loaded, each, cells = 40.0, 0.3, 0.02, 1.7, 20_000
    deliveries = random.binomial(random.poisson(vesicles, cells), phi * loaded)
    copies = np.array([random.poisson(each, n).sum() for n in deliveries])
    chance = law.chance_of_one(vesicles, phi, loaded, each)
    assert abs((copies > 0).mean() - chance) < 5 * math.sqrt(chance * (1 - chance) / cells)
    mean = vesicles * phi * loaded * each
    spread = law.copies_spread(mean, each)
    # the standard error of a variance is sqrt((m4 - v^2)/n); m4 from the cells themselves
    fourth = ((copies - copies.mean()) ** 4).mean()
    assert abs(copies.var() - spread) < 5 * math.sqrt((fourth - spread**2) / cells)
    assert law.loaded_copies(loaded * each, loaded) == pytest.approx(each, rel=1e-15)


@pytest.mark.parametrize(("distance", "time"), [(50.0, 600.0), (50.0, 1e4), (20.0, 100.0), (100.0, 1e5)])
def test_capture_is_the_inverse_of_its_laplace_transform(distance: float, time: float) -> None:
    """p(s) = (a/r) exp(-(r - a) sqrt((s + k)/D))/s by mpmath (Talbot's method at 30 digits)."""
    import mpmath

    radius, diffusivity, loss = 7.5, 0.3, 1.9e-4
    with mpmath.workdps(30):
        exact = mpmath.invertlaplace(
            lambda s: radius / distance * mpmath.exp(-(distance - radius) * mpmath.sqrt((s + loss) / diffusivity)) / s,
            time, method="talbot")
    # erfc and exp of double precision: 1e-15, times the cancellation exp(g/L) <= 10
    assert capture_chance(distance, radius, diffusivity, loss, time) == pytest.approx(float(exact), rel=1e-10)


def test_capture_tends_to_the_falling_exponential() -> None:
    """(a/r) exp(-(r - a)/L) after long; what is missing is of order exp(-k t), here 1e-33."""
    length = math.sqrt(0.3 / 1.9e-4)
    assert capture_chance(50.0, 7.5, 0.3, 1.9e-4, 4e5) == pytest.approx(7.5 / 50 * math.exp(-42.5 / length), rel=1e-12)
    # a far, long wait goes through the asymptotic series of erfc: 3e-10
    assert capture_chance(5e3, 7.5, 0.3, 1.9e-4, 4e6) == pytest.approx(
        7.5 / 5e3 * math.exp(-(5e3 - 7.5) / length), rel=1e-9)


def test_communication_lengths_are_those_of_the_table() -> None:
    """F24: 40 um at a half-life of 1 h, 16 um at 10 min; two digits."""
    for half_life, said in ((H, 40.0), (600.0, 16.0)):
        assert math.sqrt(0.3 * half_life / math.log(2)) == pytest.approx(said, rel=0.03)
    assert capture_ceiling(0.3, 7.5, 1.0) == pytest.approx(4 * math.pi * 0.3 * 7.5)
