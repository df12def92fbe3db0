"""The four-parameter curve: closed forms, derivatives, its inverse, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesica.errors import InputError
from vesica.instruments.four_parameter import (
    FourParameter,
    concentration_error,
    detection_limit,
    fit,
    forward,
    gradient,
    inverse,
)
from vesica.rng import stream

CURVE = FourParameter(bottom=0.06, top=3.2, half=20.0, slope=1.2)


def test_the_curve_at_zero_half_and_infinity() -> None:
    """By definition: bottom at zero, the middle at ``half``, top at infinity; exact in floating point but
    for one rounding.
    """
    signal = CURVE.signal(np.array([0.0, 20.0, np.inf]))
    assert signal == pytest.approx([0.06, (0.06 + 3.2) / 2, 3.2], rel=1e-15)


@given(st.floats(-3, 3), st.floats(0.5, 3), st.booleans())
def test_the_inverse_undoes_the_curve(log_x: float, slope: float, falling: bool) -> None:
    """x -> y -> x. The share h is known to 2^-52, so ln x is off by 2^-52/(h (1 - h) slope) at most, 1e-15
    x 1e9 / 0.5.
    """
    x = np.array([math.exp(log_x)])
    ends = (3.0, 0.1) if falling else (0.1, 3.0)
    assert inverse(forward(x, *ends, 1.0, slope), *ends, 1.0, slope) == pytest.approx(x, rel=1e-9)


def test_nothing_is_extrapolated() -> None:
    assert np.isnan(CURVE.concentration(np.array([0.06, 0.05, 3.2, 4.0]))).all()


def test_the_gradient_is_that_of_differences() -> None:
    """Central differences of step h: error h^2/6 f''' ~ 1e-10, rounding 1e-16/1e-5; rel=1e-6 is a wide margin."""
    x = np.array([0.5, 20.0, 300.0])
    exact = gradient(x, *CURVE.values)
    for place, value in enumerate(CURVE.values):
        step = 1e-5 * value
        up, down = list(CURVE.values), list(CURVE.values)
        up[place], down[place] = value + step, value - step
        assert exact[:, place] == pytest.approx((forward(x, *up) - forward(x, *down)) / (2 * step), rel=1e-6)


def test_the_gradient_at_zero_is_its_limit() -> None:
    assert gradient(np.array([0.0]), *CURVE.values)[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_the_detection_limit_has_the_signal_it_is_defined_by() -> None:
    limit = detection_limit(CURVE, 0.06, 0.004, 3.0)
    assert CURVE.signal(np.array([limit])) == pytest.approx([0.06 + 3 * 0.004], rel=1e-12)
    assert detection_limit(CURVE, 0.06, 0.004, 10.0) > limit
    assert detection_limit(CURVE, 0.06, 10.0, 3.0) == math.inf
    assert detection_limit(CURVE, 0.0, 0.004, 3.0) == 0.0


def test_fit_without_noise_gives_the_curve_back() -> None:
    """Least squares at a residual of zero: the tolerance of the optimiser, 1e-10 in the sum, 1e-5 in a parameter."""
    x = np.append(160 / 4.0 ** np.arange(7), 0.0)
    found, _ = fit(x, CURVE.signal(x))
    assert found.values == pytest.approx(CURVE.values, rel=1e-4)


def test_fit_of_a_falling_curve() -> None:
    x = np.append(160 / 4.0 ** np.arange(7), 0.0)
    falling = FourParameter(2.0, 0.1, 10.0, 1.0)
    assert fit(x, falling.signal(x))[0].values == pytest.approx(falling.values, rel=1e-4)


def read_many(curve: FourParameter, bias: float = 1.0, runs: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations read of a sample of 15, and their stated errors, over simulated plates; ``bias``
    plants a fault.
    """
    x = np.repeat(np.append(160 / 4.0 ** np.arange(7), 0.0), 2)
    values, errors = [], []
    for run in range(runs):
        rng = stream(11, "plates", run)
        noise = 0.05 * (curve.signal(x) - curve.bottom) * rng.standard_normal(
            x.size
        ) + 0.004 * rng.standard_normal(x.size)
        found, covariance = fit(x, curve.signal(x) + noise)
        clean = float(curve.signal(np.array([15.0 * bias]))[0])
        sd = math.hypot(0.05 * (clean - curve.bottom), 0.004) / math.sqrt(2)
        read = found.concentration(np.array([clean + sd * rng.standard_normal()]))
        values.append(read[0])
        errors.append(concentration_error(read, np.array([sd]), found, covariance)[0])
    return np.array(values), np.array(errors)


def test_the_inverse_is_unbiased_and_its_error_is_true() -> None:
    """Of 400 plates the mean is 15 within 5 standard errors (false alarm 6e-7), plus the bias of second order.

    The curvature of the inverse gives a bias of about sd^2/2 x''/x'^2: with a relative error of 5 % it is below 0.2 %,
    allowed for as 0.05. Standardised deviations have a spread of one: of 400, 0.86 to 1.16 at 4 sigma
    (1/sqrt(800) each),
    widened to 0.8 and 1.25, as the covariance is estimated from 16 wells.
    """
    values, errors = read_many(CURVE)
    assert abs(values.mean() - 15.0) <= 5 * values.std() / math.sqrt(values.size) + 0.05
    assert 0.8 <= ((values - 15.0) / errors).std() <= 1.25


def test_the_test_of_bias_can_fail() -> None:
    values, _ = read_many(CURVE, bias=1.05)
    assert abs(values.mean() - 15.0) > 5 * values.std() / math.sqrt(values.size) + 0.05


@pytest.mark.parametrize(
    "values", [(0.0, 0.0, 1.0, 1.0), (0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 1.0, -1.0), (0.0, math.nan, 1.0, 1.0)]
)
def test_no_curve_is_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="half and slope are above zero"):
        FourParameter(*values)


def test_too_few_standards_are_refused() -> None:
    with pytest.raises(InputError, match="four different standards"):
        fit(np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 1.0, 2.0, 2.0]))
