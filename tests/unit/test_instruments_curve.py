"""The four-parameter curve: closed forms, derivatives, its inverse, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.chances import error_ratio
from vesica.analysis.plates.curve import Level, fit, noise_of
from vesica.errors import InputError
from vesica.instruments.four_parameter import (
    FourParameter,
    concentration_error,
    detection_limit,
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


def read_many(curve: FourParameter, bias: float = 1.0, runs: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations read of a sample of 15, and their stated errors, over simulated plates; ``bias``
    plants a fault.
    """
    x = 160 / 4.0 ** np.arange(7)
    values, errors = [], []
    for run in range(runs):
        rng = stream(11, "plates", run)
        wells = [_pair(curve, at, rng) for at in (*x, 0.0)]
        levels = [Level(at, (), pair) for at, pair in zip(x, wells[:-1], strict=True)]
        standard = fit(levels, wells[-1], noise_of(wells[:-1], wells[-1]))
        found, covariance = standard.curve, standard.covariance
        clean = float(curve.signal(np.array([15.0 * bias]))[0])
        sd = math.hypot(0.05 * (clean - curve.bottom), 0.004) / math.sqrt(2)
        read = found.concentration(np.array([clean + sd * rng.standard_normal()]))
        values.append(read[0])
        errors.append(concentration_error(read, np.array([sd]), found, covariance)[0])
    return np.array(values), np.array(errors)


def _pair(curve: FourParameter, at: float, rng: np.random.Generator) -> tuple[float, ...]:
    clean = float(curve.signal(np.array([at]))[0])
    sd = math.hypot(0.05 * (clean - curve.bottom), 0.004)
    return tuple((clean + sd * rng.standard_normal(2)).tolist())


def test_the_inverse_is_unbiased_and_its_error_is_true() -> None:
    """Of 400 plates the mean is 15 within 5 standard errors (false alarm 6e-7), plus the bias of second order.

    The curvature of the inverse gives a bias of about sd^2/2 x''/x'^2: with a relative error of 5 % it is below 0.2 %,
    allowed for as 0.05. Mean squared stated error over variance is one; its logarithm is known to the spread of
    both (`error_ratio`), and an error of first order is off by terms of the squared relative error, 4 x 0.05^2 = 0.01.
    """
    values, errors = read_many(CURVE)
    assert abs(values.mean() - 15.0) <= 5 * values.std() / math.sqrt(values.size) + 0.05
    ratio, unsure = error_ratio(values, errors)
    assert abs(ratio) < 5 * unsure + 0.01
    # The same test sees errors that are stated a third too small.
    assert abs(error_ratio(values, errors / 1.5)[0]) > 5 * unsure + 0.01


def test_the_test_of_bias_can_fail() -> None:
    values, _ = read_many(CURVE, bias=1.05)
    assert abs(values.mean() - 15.0) > 5 * values.std() / math.sqrt(values.size) + 0.05


@pytest.mark.parametrize(
    "values", [(0.0, 0.0, 1.0, 1.0), (0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 1.0, -1.0), (0.0, math.nan, 1.0, 1.0)]
)
def test_no_curve_is_refused(values: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="half and slope are above zero"):
        FourParameter(*values)
