"""Cells that crawl: displacements, drift, pushing, walls, by closed forms; and the slopes that they follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from tests.comparisons import ALARM, is_uniform
from vesica.biology.motility import drift_share, mean_squared_displacement, walk_diffusivity
from vesica.biology.signalling import occupancy_difference
from vesica.engine.tissue.motility import Felt, Gait, Motility, Room
from vesica.transport.gradients import gradient
from vesica.transport.grid import CLOSED, Face, Grid

EPS = float(np.finfo(float).eps)
SPEED, PERSISTENCE = 0.02, 120.0  # um/s, s
BOX = (1000.0, 1000.0, 1000.0)
WALK = Gait(SPEED, PERSISTENCE, 0.0)


def cells(count: int, gait: Gait = WALK, room: Room | None = None, seed: int = 1, radius: float = 5.0) -> Motility:
    """Cells of one type in the middle of a box."""
    at = np.full((count, 3), 500.0)
    return Motility({"microglia": gait}, {"microglia": at}, {"microglia": np.full(count, radius)},
                    room or Room(BOX), seed)


# ---- the walk


def test_closed_forms_of_a_walk() -> None:
    """(v t)^2 at first, 2 d D t later; the difference of the last is 2 d D p."""
    assert mean_squared_displacement(2.0, 10.0, 1e-4) == pytest.approx((2.0 * 1e-4) ** 2, rel=1e-5)
    late = 1e4 * 10.0
    assert mean_squared_displacement(2.0, 10.0, late) == pytest.approx(
        6 * walk_diffusivity(2.0, 10.0, 3.0) * (late - 10.0), rel=1e-12)
    assert drift_share(0.0) == 0.0 < drift_share(1e9) < 1.0


@pytest.mark.parametrize("free", [(True, True, True), (True, True, False)])
@pytest.mark.parametrize(("time", "parts"), [(30.0, 1), (600.0, 1), (600.0, 7), (36000.0, 3)])
def test_displacements_are_as_the_persistent_walk_has_them(
    free: tuple[bool, bool, bool], time: float, parts: int
) -> None:
    """For steps of any length: squares over their mean follow chi-square with cells x axes degrees, two-sided.

    False alarm 1e-9 each. With 12,000 degrees an error of 11 % of the mean square is found with 99 % power.
    """
    found = cells(4000, room=Room(BOX, free=free), radius=1e9)  # no limit to a stride
    for _ in range(parts):
        found.advance(time / parts)
    assert found.steps == parts
    moved = found.positions["microglia"] - 500.0
    axes = sum(free)
    assert not moved[:, ~np.asarray(free)].any()
    total = (moved**2).sum() / mean_squared_displacement(SPEED, PERSISTENCE, time) * axes
    assert min(chi2.cdf(total, 4000 * axes), chi2.sf(total, 4000 * axes)) > ALARM / 2
    assert chi2.sf(total * 1.2, 4000 * axes) < ALARM  # a fifth too much would be found


def test_every_cell_and_step_has_its_own_numbers() -> None:
    """The same seed gives the same bits; the order of cells and a break with a checkpoint change nothing."""
    one, again, other = cells(20), cells(20), cells(20, seed=2)
    for found in (one, again, other):
        found.advance(100.0)
        found.advance(50.0)
    assert (one.positions["microglia"] == again.positions["microglia"]).all()
    assert (one.positions["microglia"] != other.positions["microglia"]).all()
    assert np.unique(one.positions["microglia"]).size == 60
    late = cells(20, seed=1)
    late.restore(one.state())
    late.advance(70.0)
    one.advance(70.0)
    assert (one.positions["microglia"] == late.positions["microglia"]).all()


def test_walls_reflect_and_density_stays_even() -> None:
    """Cells that start evenly stay so: Kolmogorov's test of 3,000 places, false alarm 1e-9; none is outside."""
    size = (30.0, 20.0, 10.0)
    room = Room(size, periodic=(False, True, False))
    start = np.random.default_rng(7).random((1000, 3)) * size
    found = Motility({"a": Gait(0.5, 60.0, 0.0)}, {"a": start}, {"a": np.full(1000, 1e9)}, room, 1)
    for _ in range(5):
        found.advance(100.0)  # tens of um, many turns
        at = found.positions["a"]
        assert ((at >= 0.0) & (at <= size)).all()
    assert is_uniform((found.positions["a"] / size).ravel())
    folded, turned = room.fold(np.array([[31.0, 21.0, -1.0]]), np.ones((1, 3)))
    assert folded.tolist() == [[29.0, 1.0, 1.0]]
    assert turned.tolist() == [[-1.0, 1.0, -1.0]]


def test_the_order_of_cells_does_not_matter() -> None:
    """Cells that stand apart, so that sums of pushes have one term: the same bits."""
    random = np.random.default_rng(4)
    start, order = random.random((12, 3)) * 1000.0, random.permutation(12)
    gait = Gait(SPEED, PERSISTENCE, 1e-2)
    one, other = (Motility({"a": gait}, {"a": at}, {"a": np.full(12, 5.0)}, Room(BOX), 1)
                  for at in (start, start[order]))
    for found in (one, other):
        found.advance(300.0)
    assert (one.positions["a"][order] == other.positions["a"]).all()


# ---- gradients


def test_drift_up_a_gradient_is_the_share_of_speed_that_occupancy_gives() -> None:
    """With and without a gradient the same random numbers: the difference is the drift, to rounding of places."""
    slope, dissociation, here, weight = 2e-4, 0.5, 0.3, 3.0
    gait = Gait(SPEED, PERSISTENCE, 0.0, {"ATP": (weight, dissociation)})
    felt = {"microglia": {"ATP": Felt(np.full(50, here), np.tile([slope, 0.0, -slope], (50, 1)))}}
    led, free = cells(50, gait), cells(50, gait)
    led.advance(300.0, felt)
    free.advance(300.0)
    bias = weight * occupancy_difference(slope, 10.0, dissociation, here) * np.sqrt(2.0)
    distance = SPEED * drift_share(bias) * 300.0 / np.sqrt(2.0)
    moved = led.positions["microglia"] - free.positions["microglia"]
    np.testing.assert_allclose(moved, np.tile([distance, 0.0, -distance], (50, 1)), atol=64 * EPS * 500.0)


def test_the_dead_stay() -> None:
    found = cells(2)
    found.advance(100.0, alive={"microglia": np.array([0.0, 1.0])})
    moved = np.abs(found.positions["microglia"] - 500.0).max(axis=1)
    assert moved[0] == 0.0 < moved[1]


# ---- neighbours

RATE = 1e-3
SOFT = Gait(1e-30, PERSISTENCE, RATE)  # as good as no walk


def pair(second: dict[str, Any], room: Room | None = None) -> Motility:
    """A cell that moves, and another 6 um away that overlaps it by 4 um."""
    gaits = {"a": SOFT} | {name: SOFT for name in second if name == "b"}
    at = {"a": np.array([[100.0, 100.0, 100.0]])} | {name: np.array([where]) for name, where in second.items()}
    return Motility(gaits, at, {name: np.full(1, 5.0) for name in at}, room or Room(BOX), 1)


@pytest.mark.parametrize("name", ["b", "still"])
@pytest.mark.parametrize("parts", [1, 5])
def test_an_overlap_of_two_goes_away_exponentially(name: str, parts: int) -> None:
    """4 um exp(-k t) for any steps, whether both can move or one; to rounding of places at 100 um."""
    found = pair({name: [106.0, 100.0, 100.0]})
    for _ in range(parts):
        found.advance(800.0 / parts)
    a, b = found.positions["a"][0], found.positions[name][0]
    assert 10.0 - (b[0] - a[0]) == pytest.approx(4.0 * np.exp(-0.8), abs=1e3 * EPS * 100.0)
    assert a[0] + b[0] == pytest.approx(206.0, rel=4 * EPS) if name == "b" else b[0] == 106.0
    assert found.steps == max(parts, 4)  # never longer than a quarter of a relaxation


def test_neighbours_across_a_periodic_wall_push_too_and_distant_ones_do_not() -> None:
    room = Room(BOX, periodic=(True, False, False))
    at = {"a": np.array([[1.0, 50.0, 50.0]]), "b": np.array([[995.0, 50.0, 50.0]])}
    for where, expected in ((room, 4.0 * np.exp(-0.2)), (Room(BOX), None)):
        found = Motility({"a": SOFT, "b": SOFT}, at, {"a": np.full(1, 5.0), "b": np.full(1, 5.0)}, where, 1)
        found.advance(200.0)
        gap = found.positions["a"][0, 0] + 1000.0 - found.positions["b"][0, 0]
        assert gap == pytest.approx(6.0 if expected is None else 10.0 - expected, abs=1e-10)


def test_a_cell_that_presses_on_another_stands_at_the_balance_to_first_order() -> None:
    """Drift v against a spring k: overlap v/k; step by step (v h)/(e^(k h) - 1), so h k/2 of it is missing.

    The difference of the walk and the push, one after the other, is that constant exactly.
    """
    weight = 1e12
    gait = Gait(1e-4, 1e-9, RATE, {"X": (weight, 1.0)})
    felt = {"a": {"X": Felt(np.zeros(1), np.array([[1.0, 0.0, 0.0]]))}}
    overlaps = []
    for step in (200.0, 100.0, 50.0):
        found = Motility({"a": gait}, {"a": np.array([[100.0, 100.0, 100.0]]), "s": np.array([[109.95, 100.0, 100.0]])},
                         {"a": np.full(1, 5.0), "s": np.full(1, 5.0)}, Room(BOX), 1)
        for _ in range(int(30000.0 / step)):
            found.advance(step, felt)
        overlaps.append(10.0 - np.linalg.norm(found.positions["a"][0] - [109.95, 100.0, 100.0]))
    expected = [1e-4 * h / np.expm1(RATE * h) for h in (200.0, 100.0, 50.0)]
    np.testing.assert_allclose(overlaps, expected, rtol=2e-3)  # the walk that is left: 1e-4 um/s x 1e-9 s
    np.testing.assert_allclose(1.0 - np.array(expected) / 0.1, [0.1, 0.05, 0.025], rtol=0.07)


def test_a_crowd_comes_to_keep_its_distance() -> None:
    """27 cells in a heap of 6 um, which have room for all: in 20 relaxations none overlaps by more than 1e-3."""
    start = 100.0 + np.stack(np.meshgrid(*[np.arange(3.0) * 3.0] * 3), axis=-1).reshape(-1, 3)
    found = Motility({"a": SOFT}, {"a": start}, {"a": np.full(27, 5.0)}, Room(BOX), 1)
    for _ in range(60):
        found.advance(1000.0)
    at = found.positions["a"]
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) + 10.0 * np.eye(27)
    assert apart.min() > 10.0 - 1e-2
    np.testing.assert_allclose(at.mean(axis=0), start.mean(axis=0), atol=1e-9)  # nobody pushes himself


# ---- slopes of fields


def test_slopes_of_a_field_by_kind_of_wall() -> None:
    """Second order: a parabola is exact inside; cosine modes miss by (k h)^2/6, at closed and periodic walls too."""
    grid = Grid((40, 1, 20), (0.5, 3.0, 1.0))
    x, z = grid.centres(0), grid.centres(2)
    faces = ((Face(), Face()), (Face(), Face()), (Face("periodic"), Face("periodic")))
    field = np.cos(np.pi * x / 20.0)[None, None, :] + np.sin(2 * np.pi * z / 20.0)[:, None, None]
    along = gradient(grid, faces, field)
    for found, exact, k, h in ((along[0][0, 0], -np.pi / 20 * np.sin(np.pi * x / 20), np.pi / 20, 0.5),
                               (along[2][:, 0, 0], np.pi / 10 * np.cos(np.pi * z / 10), np.pi / 10, 1.0)):
        np.testing.assert_allclose(found, exact * np.sin(k * h) / (k * h), atol=1e-14)
    assert not along[1].any()
    held = ((Face("held", value=1.0), Face("open", 1.0, 0.0)), *CLOSED[1:])
    line = np.broadcast_to(1.0 + 0.25 * x, grid.shape)
    np.testing.assert_allclose(gradient(grid, held, line)[0], 0.25, rtol=1e-13)
