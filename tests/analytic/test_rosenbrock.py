"""RODAS4 in batches: order, stiffness, CVODE beside it, lanes that know nothing of their neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.models import H, chain_model
from vesica.engine.doses import present_in
from vesica.engine.legs import follow
from vesica.engine.lu import lu_tape
from vesica.engine.program import compile_model
from vesica.engine.rest import resting
from vesica.engine.rows import parameter_row
from vesica.engine.steppers import rosenbrock, stiff
from vesica.engine.steppers.rosenbrock import integrate
from vesica.engine.system import Lanes
from vesica.engine.well_mixed import value_vector
from vesica.spec.resolved import Arm

FULL2 = lu_tape(2, np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]))


@dataclass
class VanDerPol:
    """y0' = y1, y1' = mu (1 - y0^2) y1 - y0; mu differs between lanes."""

    mu: np.ndarray
    size: int = 2

    def rate(self, y: np.ndarray, out: np.ndarray) -> None:
        out[0] = y[1]
        out[1] = self.mu * (1 - y[0] ** 2) * y[1] - y[0]

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        one = np.ones_like(self.mu)
        return np.stack([0 * one, -2 * self.mu * y[0] * y[1] - 1, one, self.mu * (1 - y[0] ** 2)])


@dataclass
class Pulled:
    """y' = -k (y - cos t) with c' = -s, s' = c: the wave makes it autonomous; states y, c, s."""

    k: np.ndarray
    size: int = 3
    tape: object = field(default_factory=lambda: lu_tape(3, np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 1, 2])))

    def rate(self, y: np.ndarray, out: np.ndarray) -> None:
        out[0], out[1], out[2] = -self.k * (y[0] - y[1]), -y[2], y[1]

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        one = np.ones_like(self.k)
        return np.stack([-self.k, self.k, 0 * one, -one, one, 0 * one])


def fixed_steps(count: int) -> np.ndarray:
    """Van der Pol from (2, 0) to 1 in equal steps."""
    mu = np.ones((1, 1))
    batch = rosenbrock._Batch(lambda lanes: VanDerPol(mu[0][lanes]), FULL2, np.array([[2.0], [0.0]]),
                              np.array([0.0, 1.0]), 1e-6, np.full((2, 1), 1e-6),
                              rosenbrock.BatchLeg(np.zeros((2, 2, 1)), np.ones(1, int), np.zeros(1, int),
                                                  np.zeros(1, int)),
                              np.arange(1))
    for _ in range(count):
        batch.stages(np.array([1.0 / count]))
        batch.state = batch.trial.copy()
    return batch.state[:, 0]


def test_order_four_on_a_nonlinear_problem() -> None:
    """Error C h^4 (1 + c h): the order seen between h and h/2 strays from 4 by c h/(2 ln 2), so by half as much for
    every halving. The band is 0.3 at the coarsest pair (h = 1/20, c < 8), 0.15 and 0.08 after; order 3 or 5 misses all.
    """
    exact = solve_ivp(lambda _t, y: [y[1], (1 - y[0] ** 2) * y[1] - y[0]], (0, 1), [2.0, 0.0], method="DOP853",
                      rtol=1e-13, atol=1e-14).y[:, -1]
    errors = [float(np.abs(fixed_steps(n) - exact).max()) for n in (20, 40, 80, 160)]
    for k, band in enumerate((0.3, 0.15, 0.08)):
        assert math.log2(errors[k] / errors[k + 1]) == pytest.approx(4.0, abs=band)


@pytest.mark.parametrize("stiffness", [1e2, 1e6, 1e10])
def test_stiff_decay_is_followed_with_few_steps(stiffness: float) -> None:
    """y = (k^2 cos t + k sin t)/(1 + k^2) after the transient. L-stable: steps do not grow with k.

    An explicit method would need k t/2.8 steps; the error is the tolerance times the steps at most, as errors add.
    """
    pulled = Pulled(np.full(3, stiffness))
    start = np.tile([[2.0], [1.0], [0.0]], (1, 3))
    times, tolerance = np.linspace(0, 3, 7), 1e-7
    leg = integrate(lambda lanes: Pulled(pulled.k[lanes]), pulled.tape, start, times, tolerance, np.full((3, 1),
                                                                                                         tolerance))
    k = stiffness
    exact = (k * k * np.cos(times) + k * np.sin(times)) / (1 + k * k)
    steps = int(leg.steps.max())
    assert steps < 250
    assert np.abs(leg.states[1:, 0, 0] - exact[1:]).max() < 2 * tolerance * math.sqrt(3) * steps


def chain_lanes(lanes: int) -> tuple[Lanes, np.ndarray]:
    """The chain model with rates that differ between lanes by up to 30 %."""
    arm = Arm("both", {"donor": 1e6, "taker": 5e5})
    program = compile_model(chain_model(arms=(arm,)))
    row = parameter_row(program.model, arm)
    rng = np.random.default_rng(8)
    rows = [{path: value * (rng.uniform(0.7, 1.3) if path.endswith("_rate") else 1.0) for path, value in row.items()}
            for _ in range(lanes)]
    values = np.stack([value_vector(program, one) for one in rows], axis=1)
    present = present_in(program, arm, {})
    system = Lanes(program.tables(present), values, arm.counts)
    return system, resting(program, system, present, {}).state


TIMES = np.array([0.0, 0.5, 2.0, 12.0, 48.0]) * H


def test_error_falls_with_the_tolerance_beside_cvode() -> None:
    """Against CVODE at 1e-12. Local errors below the weight add over n steps: sqrt(states) n tol at most.

    With error per step of order 4 in an embedded pair,
    a hundredth of the tolerance gives a hundredth of the error up to
    the number of steps (100^(1/4) = 3.2 times more): at least a factor 10 is asked for.
    """
    lanes, start = chain_lanes(3)
    exact = np.stack([stiff.integrate(lanes.alone(k), start[:, k].copy(), TIMES, 1e-12, np.full(lanes.size,
                                                                                                1e-10)).states
                      for k in range(3)], axis=2)
    scale = np.abs(exact).max(axis=(0, 2))[None, :, None] + 1.0
    errors = []
    for tolerance in (1e-4, 1e-6, 1e-8):
        leg = integrate(lanes.part, lanes.tables.lu, start, TIMES, tolerance, np.full((lanes.size, 1), tolerance))
        assert leg.reached.tolist() == [TIMES.size] * 3
        errors.append(float((np.abs(leg.states - exact) / scale).max()))
        assert errors[-1] < math.sqrt(lanes.size) * leg.steps.max() * tolerance
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_a_lane_does_not_know_its_neighbours() -> None:
    """Bit for bit: alone in pairs, in a batch of 121 (more than one block), and backwards."""
    lanes, start = chain_lanes(121)
    assert rosenbrock.block(lanes.size) < 121
    absolute = np.full((lanes.size, 1), 1e-6)
    whole = integrate(lanes.part, lanes.tables.lu, start, TIMES[:3], 1e-6, absolute).states
    order = np.arange(lanes.lanes)[::-1]
    back = integrate(lanes.part(order).part, lanes.tables.lu, start[:, order], TIMES[:3], 1e-6, absolute).states
    assert np.array_equal(back[:, :, ::-1], whole)
    for k in (0, 5, 120):
        alone = integrate(lanes.part(np.array([k])).part, lanes.tables.lu, start[:, [k]], TIMES[:3], 1e-6, absolute)
        assert np.array_equal(alone.states[:, :, 0], whole[:, :, k])


def test_a_lane_that_diverges_does_not_disturb_the_others() -> None:
    """y' = y^2 from 1 ends at t = 1; from 0.1 it is 1/(10 - t) at t = 2. Twenty lanes, three of them lost."""

    class Square:
        size = 1

        def rate(self, y: np.ndarray, out: np.ndarray) -> None:
            out[:] = y * y

        def jacobian(self, y: np.ndarray) -> np.ndarray:
            return 2 * y

    tape = lu_tape(1, np.array([0]), np.array([0]))
    start = np.full((1, 20), 0.1)
    calm = integrate(lambda _lanes: Square(), tape, start, np.array([0.0, 0.9, 2.0]), 1e-8, np.array([[1e-8]]))
    start[0, [2, 7, 19]] = 1.0
    leg = integrate(lambda _lanes: Square(), tape, start, np.array([0.0, 0.9, 2.0]), 1e-8, np.array([[1e-8]]))
    lost = np.isin(np.arange(20), [2, 7, 19])
    assert leg.reached.tolist() == np.where(lost, 2, 3).tolist()
    assert np.array_equal(leg.states[:, :, ~lost], calm.states[:, :, ~lost])
    assert calm.states[2, 0, 0] == pytest.approx(1 / 8, rel=1e-6)
    assert np.isnan(leg.states[2, 0, lost]).all()


def test_a_lane_given_up_is_tried_by_cvode(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two steps allowed every lane is given up; CVODE then gives what it gives alone."""
    lanes, start = chain_lanes(2)
    absolute = np.full(lanes.size, 1e-6)
    monkeypatch.setattr(rosenbrock, "MAX_STEPS", 2)
    leg = follow(lanes, start, TIMES, 1e-6, absolute)
    for k in range(2):
        alone = stiff.integrate(lanes.alone(k), start[:, k].copy(), TIMES, 1e-6, absolute)
        assert np.array_equal(leg.states[:, :, k], alone.states)
    assert leg.messages == ("", "")
