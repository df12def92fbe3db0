"""Doses drawn from the free vesicles of a dish, and what a dish refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from tests import comparisons as stats
from tests import journey_cases as cases
from vesica.engine.counters import stream
from vesica.engine.whole import journey
from vesica.engine.whole.journey import Arrivals


def tagged(number: int, kinds: int = 1) -> journey.Journey:
    """``number`` free vesicles of each class, with their own number as copies."""
    dish = journey.empty(cases.SEED, "doses", 0, kinds, 1, 1)
    names = np.arange(number * kinds)
    return journey.add_free(dish, names % kinds, 0.05 + 1e-3 * names, names[:, None])


def test_a_part_is_drawn_without_repeats_and_whole_vesicles() -> None:
    dish, words = tagged(40, kinds=2), stream(1, "dose", 0)
    drawn = journey.draw_free(dish, (15, 40), words)
    names = drawn.copies[:, 0]
    assert np.unique(names).size == 55
    assert np.array_equal(drawn.classes, names % 2)
    assert np.array_equal(drawn.diameters, (0.05 + 1e-3 * names).astype(np.float32))
    assert not drawn.is_repeated.any()
    assert dish.now(journey.FREE)[0, :, 0].tolist() == [40, 40]  # the dish keeps its own


def test_more_than_there_are_come_twice_and_that_is_said() -> None:
    drawn = journey.draw_free(tagged(10, kinds=2), (11, 0), stream(1, "dose", 1))
    assert drawn.is_repeated.tolist() == [True, False]
    assert len(drawn.diameters) == 11


@pytest.mark.parametrize("wanted", [6, 30])
def test_every_vesicle_is_as_likely(wanted: int) -> None:
    """Of 20, those named below 5: hypergeometric without repeats, binomial with; 4,000 doses."""
    dish, words = tagged(20), stream(cases.SEED, "even", wanted)
    seen = np.array([np.sum(journey.draw_free(dish, wanted, words).copies[:, 0] < 5) for _ in range(4000)])
    k = np.arange(wanted + 1)
    right = hypergeom.pmf(k, 20, 5, wanted) if wanted <= 20 else binom.pmf(k, wanted, 0.25)
    assert stats.follows(seen, right)
    assert not stats.follows(seen, binom.pmf(k, wanted, 0.25 if wanted <= 20 else 0.3))


def test_a_share_is_binomial_beyond_whole_mediums() -> None:
    dish, words = tagged(30), stream(cases.SEED, "share", 0)
    seen = np.array([journey.share_of(dish, 2.3, words)[0] for _ in range(4000)])
    assert stats.follows(seen - 60, binom.pmf(np.arange(31), 30, 0.3))
    assert journey.share_of(dish, 1.0, words).tolist() == [30]


def test_copies_are_sorted_by_number_and_class() -> None:
    rows = tagged(3, kinds=2).rows(journey.FREE)
    assert journey.copies_histogram(rows, 0).tolist() == [1] * 6
    assert journey.copies_histogram(rows, 0, kind=1).tolist() == [0, 1, 0, 1, 0, 1]


GOOD = Arrivals(np.array([0.2, 0.4]), np.zeros(2, dtype=int), np.zeros(2, dtype=int), np.ones(2, dtype=bool),
                np.full(2, 0.1), np.zeros((2, 1), dtype=int))


@pytest.mark.parametrize(("changes", "words"), [
    ({"times": np.array([0.4, 0.2])}, "order of time"), ({"times": np.array([0.2, 1.1])}, "within the window"),
    ({"times": np.array([0.2, np.nan])}, "order of time"), ({"classes": np.array([0, 1])}, "none of the dish"),
    ({"cells": np.array([0, 5])}, "none of the dish"), ({"copies": np.zeros((2, 3), dtype=int)}, "2 vesicles and 1"),
])
def test_arrivals_that_cannot_be_are_refused(changes: dict[str, np.ndarray], words: str) -> None:
    dish = tagged(1)
    journey.advance(dish, cases.hazards(), GOOD, 0.0, 1.0)
    with pytest.raises(ValueError, match=words):
        journey.advance(dish, cases.hazards(), replace(GOOD, **changes), 0.0, 1.0)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", ["bind", "decay", "sites", "escape"])
def test_hazards_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be finite"):
        journey.advance(tagged(1), cases.hazards(**{name: value}), journey.no_arrivals(1), 0.0, 1.0)


def test_what_is_not_there_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="there is none"):
        journey.draw_free(tagged(0), 1, stream(1, "dose", 2))
    with pytest.raises(ValueError, match="needs a cell"):
        journey.empty(1, "dose", 0, 1, 0, 0)
