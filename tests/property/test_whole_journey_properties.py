"""Vesicles outside their cell, with random hazards, arrivals and doses: nothing lost, nothing changed on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vesica.engine.whole import journey
from vesica.engine.whole.journey import BOUND, FREE, INSIDE, STATES, TETHERED, Arrivals, Hazards, Journey

CLASSES, CELLS, CARGO = 2, 3, 2
SHAPES = dict.fromkeys(Hazards.__dataclass_fields__, (CLASSES, CELLS)) | {
    "decay": (CLASSES,), "plastic": (CLASSES,), "detach": (CELLS,), "take_back": (CELLS,), "sites": (CELLS,)}


def some_hazards(random: np.random.Generator, sites: float) -> Hazards:
    """Most nonzero, some zero; ``sites`` at most."""
    found = {name: np.where(random.random(shape) < 0.3, 0.0, random.exponential(0.5, shape))
             for name, shape in SHAPES.items()}
    return Hazards(**found | {"sites": random.uniform(0.0, sites, CELLS)})


def some_arrivals(random: np.random.Generator, first: int, number: int, duration: float) -> Arrivals:
    """Vesicles whose copies of cargo 0 say which they are: ``first`` and on; all else follows from that."""
    names = np.arange(first, first + number)
    return Arrivals(np.sort(random.uniform(0.0, duration, number)), names % CLASSES, names % CELLS,
                    names % 3 == 0, diameter_of(names), np.stack([names, names % 7], axis=1))


def diameter_of(names: np.ndarray) -> np.ndarray:
    return np.asarray(np.float32(0.03 + 0.001 * (names % 97)), dtype=float)


def check(dish: Journey, sites: np.ndarray, before: np.ndarray) -> None:
    """Every promise a dish makes."""
    assert not dish.residual().any()
    rows = np.concatenate([dish.rows(state) for state in STATES])
    names = journey.copies_of(rows)[:, 0]
    assert np.unique(names).size == names.size
    assert np.array_equal(rows[:, 0], names % CLASSES)
    assert np.array_equal(journey.copies_of(rows)[:, 1], names % 7)
    assert np.array_equal(journey.diameters_of(rows), diameter_of(names))
    assert np.array_equal(dish.held, dish.now(BOUND)[:, :, 0].sum(axis=1))
    assert np.all(dish.held <= np.maximum(np.ceil(sites), before))
    kept = (dish.now(INSIDE) + dish.degraded + dish.delivered_by_escape + dish.delivered_by_fusion)[:, :, 0]
    assert np.array_equal(dish.taken_up, kept)
    assert np.all(np.isnan(dish.first_uptake) | (dish.first_uptake >= 50.0))
    assert not np.isnan(dish.first_uptake[kept.sum(axis=1) > 0]).any()
    delivered = (dish.delivered_by_escape + dish.delivered_by_fusion)[:, :, 1:].sum(axis=1)
    assert np.array_equal(~np.isnan(dish.first_copy), delivered > 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 300), st.sampled_from([0.0, 3.0, 60.0]))
def test_nothing_is_lost_and_nothing_changes_on_the_way(seed: int, number: int, sites: float) -> None:
    random = np.random.default_rng(seed)
    dish = journey.empty(seed, "property", 0, CLASSES, CELLS, CARGO)
    for window in range(3):
        h, before = some_hazards(random, sites), dish.held.copy()
        come = some_arrivals(random, 1 + window * number, number, 2.0)
        dish = journey.advance(dish, h, come, 50.0 + 2.0 * window, 2.0)
        check(dish, h.sites, before)
    assert dish.arrived[:, 0].sum() == 3 * number


@pytest.mark.parametrize("allowed", [1, 7, 100])
def test_where_the_loop_pauses_changes_no_bit(monkeypatch: pytest.MonkeyPatch, allowed: int) -> None:
    def simulated() -> Journey:
        random = np.random.default_rng(3)
        dish = journey.empty(3, "pauses", 0, CLASSES, CELLS, CARGO)
        for _ in range(3):
            dish = journey.advance(dish, some_hazards(random, 30.0), some_arrivals(random, 1, 200, 2.0), 0.0, 2.0)
        return dish

    whole = simulated()
    monkeypatch.setattr(journey, "ALLOWED", allowed)
    same(whole, simulated())


def same(a: Journey, b: Journey) -> None:
    """Bit for bit; spare room does not count."""
    first, second = vars(a.copy()), vars(b.copy())
    for name, value in first.items():
        assert np.array_equal(value, second[name], equal_nan=value.dtype.kind == "f"), name


def test_a_copy_goes_its_own_way_and_gives_the_same_numbers() -> None:
    random = np.random.default_rng(5)
    h, come = some_hazards(random, 30.0), some_arrivals(random, 1, 500, 2.0)
    dish = journey.advance(journey.empty(5, "copy", 0, CLASSES, CELLS, CARGO), h, come, 0.0, 2.0)
    copy = dish.copy()
    kept = copy.copy()
    dish = journey.advance(dish, h, journey.no_arrivals(CARGO), 2.0, 1.0)
    same(copy, kept)
    same(dish, journey.advance(copy, h, journey.no_arrivals(CARGO), 2.0, 1.0))


def test_what_is_lost_is_seen() -> None:
    """`residual` counts from the rows: a row that disappears, or a copy that changes, is seen."""
    random = np.random.default_rng(6)
    come = some_arrivals(random, 1, 50, 2.0)
    dish = journey.advance(journey.empty(6, "lost", 0, CLASSES, CELLS, CARGO), Hazards(*[0.0] * 13), come, 0.0, 2.0)
    assert not dish.residual().any()
    short = replace(dish, edge=np.minimum(dish.edge, dish.edge[-1] - 1))
    assert short.residual().any()
    dish.table[0, 4] += 1
    assert dish.residual().any()


def test_counters_start_again_and_the_sum_still_holds() -> None:
    random = np.random.default_rng(7)
    h, dish = some_hazards(random, 30.0), journey.empty(7, "reset", 0, CLASSES, CELLS, CARGO)
    dish = journey.advance(dish, h, some_arrivals(random, 1, 500, 2.0), 0.0, 2.0)
    there = sum(dish.now(state).sum() for state in STATES)
    dish.reset()
    assert dish.initial.sum() == there > 0
    assert not any(total.any() for total in (dish.medium, dish.fates, dish.taken_up, dish.added))
    dish = journey.advance(dish, h, some_arrivals(random, 1, 500, 2.0), 2.0, 2.0)
    assert dish.fates.any()
    assert not dish.residual().any()


def test_a_dose_is_counted_and_free() -> None:
    random = np.random.default_rng(8)
    dish = journey.advance(journey.empty(8, "dose", 0, CLASSES, CELLS, CARGO), some_hazards(random, 30.0),
                           some_arrivals(random, 1, 100, 2.0), 0.0, 2.0)
    free, others = dish.now(FREE), [dish.rows(state).copy() for state in (TETHERED, BOUND, INSIDE)]
    dish = journey.add_free(dish, np.array([1, 1, 0]), np.array([0.05, 0.06, 0.07]), np.array([[1, 0], [2, 0], [4, 9]]))
    assert dish.added.tolist() == [[1, 4, 9], [2, 3, 0]]
    assert np.array_equal(dish.now(FREE), free + dish.added)
    for rows, state in zip(others, (TETHERED, BOUND, INSIDE), strict=True):
        assert np.array_equal(np.sort(rows, axis=0), np.sort(dish.rows(state), axis=0))
    assert not dish.residual().any()
