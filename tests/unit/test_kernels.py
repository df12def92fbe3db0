"""Functions and kernels: values, derivatives, edge cases, and the code generated from them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from vesica import maths
from vesica.engine.codegen import compiled
from vesica.engine.kernels import CLASS_OF, KERNELS, arity

EPS = float(np.finfo(float).eps)
DIGITS = 40


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(DIGITS):
        yield


# ---- functions of maths


@pytest.mark.parametrize("x", [-3.0, -1e-8, 0.0, 0.7, 20.0])
def test_exp_and_its_derivative(x: float) -> None:
    """The C library is right to one unit in the last place; 4 eps leaves room."""
    exact = float(mpmath.exp(x))
    assert maths.exp(x) == pytest.approx(exact, rel=4 * EPS)
    assert derivative("exp", 0)(x) == pytest.approx(exact, rel=4 * EPS)


@pytest.mark.parametrize("x", [1e-8, 0.7, 20.0])
def test_log_and_its_derivative(x: float) -> None:
    assert maths.log(x) == pytest.approx(float(mpmath.log(x)), rel=4 * EPS)
    assert derivative("log", 0)(x) == pytest.approx(float(1 / mpmath.mpf(x)), rel=4 * EPS)


def exact_hill(x: float, half: float, n: float) -> mpmath.mpf:
    return 1 / (1 + (mpmath.mpf(half) / mpmath.mpf(x)) ** mpmath.mpf(n))


def derivative(name: str, place: int) -> Callable[..., float]:
    partial = maths.FUNCTIONS[name].partials[place]
    assert partial is not None
    return maths.FUNCTIONS[partial]


HILLS = list(itertools.product((1e-6, 0.3, 1.0, 7.0, 1e3), (0.5, 2.0), (0.5, 1.0, 2.0, 4.0)))


@pytest.mark.parametrize(("x", "half", "n"), HILLS)
def test_hill_and_its_derivatives(x: float, half: float, n: float) -> None:
    """Value: pow loses (1 + |n log(half/x)|) eps, at most 70 eps. Slopes: 1 - h is right to eps.

    So a slope n h (1 - h)/x is off by that relative error plus n h eps/x.
    """
    loss = 100 * EPS
    h = float(exact_hill(x, half, n))
    assert maths.hill(x, half, n) == pytest.approx(h, rel=loss)
    by_x = float(mpmath.diff(lambda t: exact_hill(t, half, n), x))
    assert derivative("hill", 0)(x, half, n) == pytest.approx(by_x, rel=loss, abs=4 * n * h * EPS / x)
    by_half = float(mpmath.diff(lambda t: exact_hill(x, t, n), half))
    assert derivative("hill", 1)(x, half, n) == pytest.approx(by_half, rel=loss, abs=4 * n * h * EPS / half)
    by_n = float(mpmath.diff(lambda t: 1 / (1 + (mpmath.mpf(half) / mpmath.mpf(x)) ** t), n))
    assert derivative("hill", 2)(x, half, n) == pytest.approx(by_n, rel=loss, abs=4 * h * EPS)


@pytest.mark.parametrize("n", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("x", [0.0, -0.0, -1e-12, -5.0])
def test_hill_at_and_below_zero_is_zero_with_a_finite_slope(x: float, n: float) -> None:
    """The one-sided slope at 0 is 1/half for n = 1 and 0 above; below one it is infinite and set to 0."""
    assert maths.hill(x, 2.0, n) == 0.0
    assert derivative("hill", 0)(x, 2.0, n) == (0.5 if n == 1.0 else 0.0)
    assert derivative("hill", 1)(x, 2.0, n) == 0.0


@pytest.mark.parametrize("n", [1.0, 2.0, 4.0])
def test_the_slope_of_hill_is_continuous_at_zero(n: float) -> None:
    """hill' = n x^(n-1)/half^n (1 - 2 (x/half)^n + ...): at x the slope differs from that at 0 by it."""
    half, x = 2.0, 1e-9
    at_zero, near = (derivative("hill", 0)(value, half, n) for value in (0.0, x))
    leading = n * x ** (n - 1) / half**n
    step = (leading if n > 1 else 0.0) + 2 * leading * (x / half) ** n
    assert abs(near - at_zero) <= step * (1 + 1e-6) + 4 * EPS / half


def test_hill_saturates_and_is_a_half_at_half_max() -> None:
    assert maths.hill(2.0, 2.0, 3.0) == 0.5
    assert maths.hill(1e300, 2.0, 3.0) == 1.0


@pytest.mark.parametrize(("shots", "targets"), [*itertools.product((1e-9, 0.3, 4.0, 300.0), (1e-6, 0.5, 1.0, 40.0))])
def test_hit_share_and_its_derivatives(shots: float, targets: float) -> None:
    """Value: expm1 is right to eps, and a relative error eps of the mean m of shots moves it by m e^-m eps < eps.

    Slopes are e^-m times 1/y and m/y: e^-m is off by (1 + m) eps, relatively.
    """
    mean = mpmath.mpf(shots) / mpmath.mpf(targets)
    loss = 8 * EPS * (1 + float(mean))
    assert maths.hit_share(shots, targets) == pytest.approx(float(1 - mpmath.exp(-mean)), rel=8 * EPS)
    by_shots, by_targets = (derivative("hit_share", place)(shots, targets) for place in (0, 1))
    assert by_shots == pytest.approx(float(mpmath.exp(-mean) / targets), rel=loss, abs=1e-300)
    assert by_targets == pytest.approx(float(-mean * mpmath.exp(-mean) / targets), rel=loss, abs=1e-300)


@pytest.mark.parametrize(("shots", "targets"), [(0.0, 1.0), (-1e-12, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, -1e-12)])
def test_nothing_is_hit_without_shots_or_without_targets(shots: float, targets: float) -> None:
    assert maths.hit_share(shots, targets) == 0.0
    assert derivative("hit_share", 0)(shots, targets) == (1.0 if targets > 0 else 0.0)
    assert derivative("hit_share", 1)(shots, targets) == 0.0


@pytest.mark.parametrize("name", [name for name in maths.FUNCTIONS if "hit_share" in name])
def test_shares_stay_finite_wherever_a_solver_may_look(name: str) -> None:
    """Compiled; slopes are multiplied by the number of targets, and 1/y x y may not overflow."""
    function = getattr(compiled(), name)
    numbers = (-1.0, 0.0, 1e-320, 1e-210, 1e-190, 1.0, 1e200)
    assert np.isfinite([function(x, y) * y for x in numbers for y in numbers]).all()


@pytest.mark.parametrize("name", [name for name, function in maths.FUNCTIONS.items() if "hill" in name])
def test_functions_stay_finite_wherever_a_solver_may_look(name: str) -> None:
    """Compiled, as the solver calls them: no overflow becomes inf or NaN."""
    function = getattr(compiled(), name)
    found = [function(x, 1.0, n) for x in (-1.0, 0.0, 1e-320, 1e-200, 1.0, 1e200) for n in (1.0, 2.0, 4.0)]
    assert np.isfinite(found).all()


# ---- kernels: generated code against the plain Python


# A kernel is a sum of at most 8 products of at most 6 factors, numbers or their inverses between
# 1/2 and 2, so no intermediate value exceeds 512; sympy may reorder, with 20 roundings at most.
ROUNDING = 20 * EPS * 512


def arguments(name: str, seed: int) -> list[float]:
    return np.random.default_rng([seed, CLASS_OF[name]]).uniform(0.5, 2.0, arity(name)).tolist()


def evaluated(name: str, given: list[float]) -> float:
    """Through the class walk of the engine, as a model would."""
    v = np.array([*given, math.nan])[:, None]  # a batch of one
    index = np.arange(len(given), dtype=np.int64)
    one = lambda n: np.array([n], dtype=np.int64)  # noqa: E731
    compiled().evaluate(v, one(CLASS_OF[name]), one(0), one(1), one(0), index, one(len(given)))
    return float(v[-1, 0])


def differentiated(name: str, given: list[float]) -> np.ndarray:
    partial = np.full((len(given), 1), math.nan)
    index = np.arange(len(given), dtype=np.int64)
    one = lambda n: np.array([n], dtype=np.int64)  # noqa: E731
    compiled().differentiate(np.array(given)[:, None], one(CLASS_OF[name]), one(0), one(1), one(0), index, partial)
    return partial[:, 0]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", KERNELS)
def test_generated_code_is_the_kernel(name: str, seed: int) -> None:
    given = arguments(name, seed)
    assert evaluated(name, given) == pytest.approx(KERNELS[name](*given), abs=ROUNDING)


@pytest.mark.parametrize("name", KERNELS)
def test_every_partial_is_the_derivative_of_the_kernel(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against differences in 40 digits, which are exact here."""
    given = arguments(name, 7)
    found = differentiated(name, given)
    monkeypatch.setattr(maths, "math", mpmath)  # what is compiled keeps its own
    for place in range(len(given)):
        def along(t: mpmath.mpf, place: int = place) -> mpmath.mpf:
            return KERNELS[name](*(t if j == place else mpmath.mpf(a) for j, a in enumerate(given)))

        exact = float(mpmath.diff(along, given[place]))
        assert found[place] == pytest.approx(exact, abs=ROUNDING), place


def test_a_wrong_partial_is_seen() -> None:
    """The tolerance above is far below the change that a dropped term of any kernel makes."""
    given = arguments("second_moment_rate", 7)
    found = differentiated("second_moment_rate", given)
    dropped = found[5] + given[2]  # d/d(ilv2) without one of its two retrofusion terms
    assert abs(dropped - found[5]) > 1e6 * ROUNDING


def test_modulated_at_an_unstimulated_source_has_a_finite_slope() -> None:
    """The trap of (x/K)^n at 0, where every signal starts: slope (fold - 1)/half for n = 1."""
    for n, slope in ((1.0, 2.0), (2.0, 0.0)):
        found = differentiated("modulated", [1.0, 3.0, 0.0, 1.0, n])
        assert found.tolist() == [1.0, 0.0, slope, 0.0, 0.0]
