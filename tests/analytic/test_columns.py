"""Columns of liquid in layers, against closed forms: of the layers themselves where there are any, then of the liquid.

Reading the tolerances: EPS is the rounding of one operation. What a test adds up or multiplies is named beside it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.stats import poisson

from vesica.spec.vessel import GENTLE
from vesica.transport.column import STRETCH, hops, layer_heights, points, settling_speed
from vesica.transport.diffusion import still_column_share, stokes_einstein

EPS = float(np.finfo(float).eps)
DEPTH = 2e12 / (math.pi * 17500.0**2)  # um: 2 mL in a 35 mm dish
EV = stokes_einstein(310.0, 0.692e-3, 0.12)  # um^2/s
HOUR = 3600.0
UNEVEN = np.array([3.0, 1.0, 7.0, 0.5, 20.0])


def operator(heights: np.ndarray, up: np.ndarray, down: np.ndarray, loss: float = 0.0) -> np.ndarray:
    """d(amounts)/dt = operator @ amounts; ``loss`` 1/s from layer 0."""
    n = heights.size
    matrix = np.zeros((n, n))
    for i in range(n - 1):
        matrix[i, i] -= up[i]
        matrix[i + 1, i] += up[i]
        matrix[i + 1, i + 1] -= down[i]
        matrix[i, i + 1] += down[i]
    matrix[0, 0] -= loss
    return matrix


def taken(heights: np.ndarray, matrix: np.ndarray, time: float) -> float:
    """Share of an even dose that layer 0 has lost."""
    return 1.0 - float((expm(matrix * time) @ heights).sum() / heights.sum())


def over_cells(layers: int, speed: float, time: float, diffusivity: float = EV) -> float:
    """Share of an even dose that cells at the bottom take, with flux ``speed`` times the concentration there."""
    heights = layer_heights(DEPTH, layers)
    up, down = hops(heights, diffusivity, wall=True)
    return taken(heights, operator(heights, up, down, speed / heights[0]), time)


def robin(biot: float, tau: float, terms: int = 300) -> float:
    """Share taken by a bottom with D c' = v c under a closed top; biot = v L/D, tau = D t/L^2.

    Crank, The Mathematics of Diffusion, 2nd ed. 1975, eq. 4.53: roots of b tan b = biot.
    """
    left = 0.0
    for k in range(terms):
        b = brentq(lambda x: x * math.sin(x) - biot * math.cos(x), k * math.pi, (k + 0.5) * math.pi, xtol=1e-14)
        left += 2 * biot**2 / (b**2 * (b**2 + biot**2 + biot)) * math.exp(-(b**2) * tau)
    return 1.0 - left


# --- layers ---


@pytest.mark.parametrize("layers", [1, 2, 12, 200])
def test_layers_fill_the_column_and_each_is_as_much_higher_than_the_one_below(layers: int) -> None:
    """Differences of edges of at most the depth round by EPS of it, which is the error of the thinnest layer."""
    heights = layer_heights(DEPTH, layers)
    assert heights.sum() == pytest.approx(DEPTH, rel=layers * EPS)
    ratios = heights[1:] / heights[:-1]
    assert np.all(abs(ratios / STRETCH ** (1 / layers) - 1) <= 8 * EPS * DEPTH / heights[0])


def test_twice_the_layers_cut_each_in_two() -> None:
    fine = layer_heights(DEPTH, 24)
    assert np.all(abs(fine[::2] + fine[1::2] - layer_heights(DEPTH, 12)) <= 8 * EPS * DEPTH)


def test_the_finest_of_twelve_layers_is_one_percent_and_one_layer_is_all() -> None:
    """(36^(1/12) - 1)/35 = 0.00994: 1 % to the last digit shown."""
    assert layer_heights(DEPTH, 12)[0] / DEPTH == pytest.approx(0.00994, abs=5e-6)
    assert layer_heights(DEPTH, 1).tolist() == [DEPTH]


def test_segments_of_a_channel_are_equal() -> None:
    assert layer_heights(10.0, 4, 1.0).tolist() == [2.5, 2.5, 2.5, 2.5]


def crossed(heights: np.ndarray, time: float) -> float:
    """What a bottom that takes all has got of a unit concentration on top of a column (height 1, D = 1)."""
    up, down = hops(heights, 1.0, wall=True)
    n = heights.size
    fed = np.zeros((n + 2, n + 2))
    fed[:n, :n] = operator(heights, up, down, 1e6 / heights[0])
    fed[n - 1, n - 1] -= 1 / (0.3 + heights[-1] / 2) / heights[-1]
    fed[n - 1, n] = 1 / (0.3 + heights[-1] / 2)  # half a layer from the membrane, whose resistance is 0.3
    fed[n + 1, 0] = 1e6 / heights[0]
    return float((expm(fed * time) @ np.eye(n + 2)[n])[n + 1])


@pytest.mark.parametrize(("tau", "within"), [(0.1, 0.09), (0.18, 0.02), (0.5, 0.002)])
def test_a_well_is_crossed_by_sixteen_layers_as_by_many(tau: float, within: float) -> None:
    """Under a membrane with 0.3 of the column's resistance; 400 equal layers stand for the liquid (error 1e-4).

    The very first to arrive (0.2 % of what stands above a well after 24 h) are 8 % too many, those of 48 h 2 %. Layers
    as thin at the bottom as those of a dish would be twice as far off: shows that the comparison can fail.
    """
    exact = crossed(layer_heights(1.0, 400, 1.0), tau)
    assert crossed(layer_heights(1.0, 16, GENTLE), tau) == pytest.approx(exact, rel=within)
    assert tau == 0.5 or abs(crossed(layer_heights(1.0, 16), tau) / exact - 1) > 1.5 * within


# --- passage ---


@pytest.mark.parametrize("wall", [True, False])
def test_without_drift_a_hop_is_diffusion_over_distance_and_height(wall: bool) -> None:
    """Few roundings, on layers of any heights."""
    up, down = hops(UNEVEN, 5.0, wall=wall)
    distance = np.array([3.5 if wall else 2.0, 4.0, 3.75, 10.25])
    assert up == pytest.approx(5.0 / distance / UNEVEN[:-1], rel=4 * EPS)
    assert down == pytest.approx(5.0 / distance / UNEVEN[1:], rel=4 * EPS)


@pytest.mark.parametrize("drift", [0.3, -0.3, 1e-9, 40.0, 0.0])
@pytest.mark.parametrize("wall", [True, False])
def test_a_closed_column_at_rest_holds_the_barometric_law(drift: float, wall: bool) -> None:
    """exp(-drift z/D) at the points is left as it is, to rounding: EPS times the exponent, and ten operations."""
    up, down = hops(UNEVEN, 5.0, drift, wall=wall)
    exponent = drift * points(UNEVEN, wall=wall) / 5.0
    amounts = UNEVEN * np.exp(-exponent)
    rising, falling = up * amounts[:-1], down * amounts[1:]
    assert np.all(abs(rising - falling) <= (10 + 2 * abs(exponent).max()) * EPS * falling)


def test_plain_differences_would_not_hold_the_barometric_law() -> None:
    """Shows that the comparison can fail: central differences leave a flux where drift matters between points."""
    distance = np.diff(points(UNEVEN))
    law = np.exp(-0.3 * points(UNEVEN) / 5.0)
    left = 5.0 * (law[:-1] - law[1:]) / distance - 0.3 * (law[:-1] + law[1:]) / 2
    assert abs(left).max() > 1e-3


def test_nothing_is_lost_between_layers() -> None:
    """The columns of the operator sum to nothing: what leaves a layer enters the next."""
    matrix = operator(UNEVEN, *hops(UNEVEN, 5.0, 0.3))
    assert np.all(abs(matrix.sum(axis=0)) <= 2 * EPS * abs(matrix).max())


def test_particles_that_do_not_diffuse_sink_one_layer_after_the_other() -> None:
    """Without diffusion all go down at drift/height; through equal layers the number of hops is a Poisson number.

    The Peclet number between points is 1e4: what goes up is below 1e-300. Matrix exponential and tail: 1e-12.
    """
    heights = layer_heights(100.0, 10, 1.0)
    up, down = hops(heights, 1e-3, 1.0)
    assert up.max() < 1e-290
    assert down == pytest.approx(np.full(9, 0.1), rel=4 * EPS)
    amounts = expm(operator(heights, up, down) * 50.0) @ np.eye(10)[9]
    assert amounts[9 - np.arange(9)] == pytest.approx(poisson.pmf(np.arange(9), 5.0), abs=1e-12)
    assert amounts[0] == pytest.approx(poisson.sf(8, 5.0), abs=1e-12)


def test_the_speed_of_settling_in_si_units() -> None:
    """Stokes in m/s, times 1e6: between 1 and 2 nm/s for a vesicle of 120 nm. Six roundings."""
    si = 130.0 * 9.80665 * (120e-9) ** 2 / (18 * 0.692e-3)
    assert settling_speed(0.12, 130.0, 0.692e-3) == pytest.approx(si * 1e6, rel=8 * EPS)
    assert 1e-3 < settling_speed(0.12, 130.0, 0.692e-3) < 2e-3
    assert settling_speed(0.12, -130.0, 0.692e-3) == -settling_speed(0.12, 130.0, 0.692e-3)


# --- a dose over an absorbing bottom ---


def absorbed(layers: int, tau: float) -> float:
    """Equal layers in a column of height 1, half of one to a bottom that takes all."""
    heights = layer_heights(1.0, layers, 1.0)
    return taken(heights, operator(heights, *hops(heights, 1.0), 2.0 * layers**2), tau)


def odd(count: int) -> np.ndarray:
    return (2 * np.arange(count) + 1) * math.pi / 2


@pytest.mark.parametrize("layers", [1, 5, 40])
@pytest.mark.parametrize("tau", [0.01, 0.3, 2.0])
def test_equal_layers_follow_their_own_closed_form(layers: int, tau: float) -> None:
    """Modes sin(m (i + 1/2)/N) decay at 4 N^2 sin^2(m/2N), m odd multiples of pi/2; an even dose has 1/(2 N^2 sin^2).

    Matrix exponential of norm 4 N^2 tau by squaring: EPS times the norm, and a margin of ten.
    """
    sine = np.sin(odd(layers) / (2 * layers)) ** 2
    left = (np.exp(-4 * layers**2 * sine * tau) / (2 * layers**2 * sine)).sum()
    assert absorbed(layers, tau) == pytest.approx(1 - left, abs=10 * EPS * (10 + 4 * layers**2 * tau))


def test_equal_layers_miss_the_liquid_by_the_constant_of_the_second_order() -> None:
    """The closed form above less Crank's is -1/(6 N^2) sum (1 + m^2 tau) exp(-m^2 tau), and then order four.

    So the share of the error that this leaves out falls fourfold with twice the layers; within a tenth of that.
    """
    tau, m = 0.3, odd(50)
    constant = -((1 + m**2 * tau) * np.exp(-(m**2) * tau)).sum() / 6
    rest = [(absorbed(n, tau) - still_column_share(1.0, 1.0, tau)) * n**2 / constant - 1 for n in (20, 40, 80)]
    assert abs(rest[0]) < 0.01
    assert rest[0] / rest[1] == pytest.approx(4.0, rel=0.1)
    assert rest[1] / rest[2] == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("biot", [0.3, 3.0, 200.0])
@pytest.mark.parametrize("hours", [1.0, 24.0])
def test_cells_at_the_bottom_are_met_to_second_order(biot: float, hours: float) -> None:
    """Uneven layers: errors at 96, 192 and 384 layers fall fourfold each; a fifth of that for the next order."""
    time, speed = hours * HOUR, biot * EV / DEPTH
    exact = robin(biot, EV * time / DEPTH**2)
    errors = [over_cells(n, speed, time) - exact for n in (96, 192, 384)]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize("biot", [0.3, 3.0, 30.0, 200.0, 1e4])
@pytest.mark.parametrize("hours", [1.0, 4.0, 24.0, 48.0])
def test_twelve_layers_are_good_to_seven_in_a_thousand(biot: float, hours: float) -> None:
    """What docs/vessels.md says of the default; the errors are 0.1 to 7 in a thousand."""
    exact = robin(biot, EV * hours * HOUR / DEPTH**2)
    assert over_cells(12, biot * EV / DEPTH, hours * HOUR) == pytest.approx(exact, rel=7e-3)


def test_cells_that_saw_the_middle_of_their_layer_would_be_off_by_more() -> None:
    """Shows what `wall` is for, and that the bound above can fail: 4 % too much after an hour."""
    heights = layer_heights(DEPTH, 12)
    speed = 200.0 * EV / DEPTH
    up, down = hops(heights, EV)
    found = taken(heights, operator(heights, up, down, speed / heights[0]), HOUR)
    assert found / robin(200.0, EV * HOUR / DEPTH**2) > 1.04


def test_the_closed_form_becomes_that_of_the_perfect_absorber() -> None:
    """It falls short of it by 1/biot of the depth at the bottom; series of 300 terms end at 1e-6."""
    tau = 0.1
    assert robin(1e6, tau) == pytest.approx(still_column_share(1.0, 1.0, tau), rel=1e-5)
    assert robin(1e1, tau) < 0.9 * still_column_share(1.0, 1.0, tau)


@pytest.mark.parametrize(("hours", "percent"), [(4, 15), (24, 37), (48, 52)])
def test_a_still_dish_delivers_no_more_than_diffusion_brings(hours: float, percent: int) -> None:
    """2 mL in 35 mm, vesicles of 120 nm, cells that take all they meet: 15, 37 and 52 % in 4, 24 and 48 h."""
    share = over_cells(12, 1e6 * EV / DEPTH, hours * HOUR)
    assert share <= still_column_share(EV, DEPTH, hours * HOUR)
    assert round(100 * share) == percent
