"""Closed forms of release and uptake against an ODE solver, limits, and what was planted to show them failing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from vesica.biology.courses import (
    binding_course,
    consumed_course,
    first_order_course,
    half_saturation,
    internalising_course,
    mean_decay,
    naive_ratio,
    release_course,
)

TIMES = np.array([0.5, 2.0, 8.0, 24.0, 72.0])
# DOP853 at rtol 1e-11 keeps about 1e-9 over the few hundred steps of these runs; closed forms add rounding
TOLERANCE = 1e-8


def solved(rates, start, times=TIMES):
    """(state, time) by an explicit solver that shares nothing with the closed forms."""
    top = np.maximum(np.abs(start).max(), 1e-30)
    run = solve_ivp(
        rates, (0.0, times[-1]), start, method="DOP853", t_eval=times, rtol=1e-11, atol=1e-14 * top
    )
    assert run.success
    return run.y


@pytest.mark.parametrize("growth", [0.0, 1e-4, 0.03])
@pytest.mark.parametrize(("loss", "capture"), [(0.0, 0.0), (0.05, 0.0), (0.02, 3e-8), (0.0, 3e-7)])
@pytest.mark.parametrize("start", [0.0, 1e9])
def test_release_is_its_equation(growth: float, loss: float, capture: float, start: float) -> None:
    secretion, cells = 100.0, 1e6

    def rates(t: float, state: np.ndarray) -> np.ndarray:
        n = cells * np.exp(growth * t)
        return secretion * n - (loss + capture * n) * state

    y = solved(rates, np.array([start + 1.0]))[0] - np.exp(
        -loss * TIMES - capture * cells * (np.expm1(growth * TIMES) / growth if growth else TIMES)
    )  # the 1.0 only sets the scale of the solver
    expected = release_course(TIMES, start, secretion, cells, loss, capture, growth)
    assert expected == pytest.approx(y, rel=TOLERANCE)


def test_a_wrong_rate_is_seen() -> None:
    """The comparison above can fail: one part in a million of the loss is 200 times the tolerance."""
    right = release_course(TIMES, 0.0, 100.0, 1e6, 0.05)
    assert release_course(TIMES, 0.0, 100.0, 1e6, 0.05 * (1 + 1e-6)) != pytest.approx(right, rel=TOLERANCE)


def test_growth_tends_to_no_growth() -> None:
    """The first correction is of relative order g t = 72e-9, with a factor below one."""
    slow = release_course(TIMES, 1e8, 100.0, 1e6, 0.02, 1e-8, growth=1e-9)
    assert slow == pytest.approx(release_course(TIMES, 1e8, 100.0, 1e6, 0.02, 1e-8), rel=1e-7)


def test_the_naive_rate_is_the_mean_of_what_survives() -> None:
    """Exactly (1 - e^-x)/x: from the closed form, by its integral, and at x = 0 exactly one."""
    loss = np.array([0.0, 1e-9, 0.01, 0.5])
    ratio = release_course(24.0, 0.0, 100.0, 1e6, loss) / (100.0 * 1e6 * 24.0)
    assert ratio == pytest.approx(naive_ratio(loss * 24.0), rel=1e-14)
    grid = np.linspace(0.0, 24.0, 200_001)
    by_hand = [np.trapezoid(np.exp(-k * grid), grid) / 24.0 for k in loss]
    assert naive_ratio(loss * 24.0) == pytest.approx(by_hand, rel=1e-9)  # trapezoid: (k h)^2/12 = 3e-10
    assert naive_ratio(0.0) == 1.0
    assert mean_decay(-1.0) == pytest.approx(np.expm1(1.0), rel=1e-15)


@pytest.mark.parametrize("density", [0.0, 2e5])
def test_first_order_uptake_is_its_equation(density: float) -> None:
    dose, clearance = 1e8, 5e-7
    y = solved(lambda _t, p: clearance * (dose - density * p), np.array([0.0]))[0]
    assert first_order_course(TIMES, dose, clearance, density) == pytest.approx(y, rel=TOLERANCE)


@pytest.mark.parametrize("density", [0.0, 2e5, 2e6])
@pytest.mark.parametrize("unbinding", [1e-3, 0.5])
@pytest.mark.parametrize("dose", [1e7, 1e9, 1.2e9])
def test_binding_is_its_equation(density: float, unbinding: float, dose: float) -> None:
    """Also where dose and sites are equal (d R = 1.2e9 at d = 2e6), where the roots nearly meet."""
    binding, sites = 1e-9, 600.0
    y = solved(lambda _t, b: binding * (dose - density * b) * (sites - b) - unbinding * b, np.array([0.0]))[0]
    assert binding_course(TIMES, dose, binding, unbinding, sites, density) == pytest.approx(y, rel=TOLERANCE)


@pytest.mark.parametrize("recycling", [0.0, 0.1, 1.5])
def test_internalisation_is_its_equation(recycling: float) -> None:
    """At recycling 1.5 the two rates of the closed form are equal: k_on C + k_off + k_int = 0.5 + 0.5 + 0.5."""
    dose, binding, unbinding, sites, inward = 5e8, 1e-9, 0.5, 600.0, 0.5

    def rates(_t: float, s: np.ndarray) -> np.ndarray:
        return np.array(
            [binding * dose * (sites - s[0]) - (unbinding + inward) * s[0], inward * s[0] - recycling * s[1]]
        )

    bound, inside = internalising_course(TIMES, dose, binding, unbinding, sites, inward, recycling)
    y = solved(rates, np.zeros(2))
    assert bound == pytest.approx(y[0], rel=TOLERANCE)
    assert inside == pytest.approx(y[1], rel=TOLERANCE)


def test_a_consumed_dose_is_its_equation_and_conserves_particles() -> None:
    """Three courses at once, against one at a time. The small ODE keeps 1e-8 a step, so 1e-6 over the run."""
    dose, density = np.array([1e7, 1e8, 3e9]), np.array([2e5, 2e5, 1e6])
    rates = (1e-9, 0.5, 600.0, 0.5, 0.1)
    bound, inside = consumed_course(TIMES, dose, *(np.full(3, r) for r in rates), density)
    for i in range(3):

        def slope(_t: float, s: np.ndarray, i: int = i) -> np.ndarray:
            free = dose[i] - density[i] * s.sum()
            onto = rates[0] * free * (rates[2] - s[0]) - (rates[1] + rates[3]) * s[0]
            return np.array([onto, rates[3] * s[0] - rates[4] * s[1]])

        y = solved(slope, np.zeros(2))
        assert bound[i] == pytest.approx(y[0], rel=1e-6)
        assert inside[i] == pytest.approx(y[1], rel=1e-6)
    assert (density[:, None] * (bound + inside) < dose[:, None]).all()


def test_few_cells_consume_nothing() -> None:
    """At 1e-3 cells/mL the share consumed is below 1e-8 of the dose: the two laws are one."""
    rates = (1e-9, 0.5, 600.0, 0.5, 0.1)
    held = consumed_course(TIMES, np.array([1e8]), *(np.array([r]) for r in rates), np.array([1e-3]))
    still = internalising_course(TIMES, 1e8, *rates)
    assert held[0][0] == pytest.approx(still[0], rel=1e-6)
    assert held[1][0] == pytest.approx(still[1], rel=1e-6)


@pytest.mark.parametrize("density", [0.0, 2e5])
def test_half_saturation_is_where_half_of_the_sites_are_taken_at_rest(density: float) -> None:
    """After 1e4 h the law has come to rest to better than e^-1000."""
    dose = half_saturation(1e-9, 0.5, 600.0, density)
    assert binding_course(1e4, dose, 1e-9, 0.5, 600.0, density) == pytest.approx(300.0, rel=1e-12)
