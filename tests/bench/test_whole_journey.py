"""A dish of 1,000 cells and a million vesicles: time of a processor for an event, memory for a vesicle."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.journey_cases import SEED, hazards
from vesica.engine.whole import journey
from vesica.engine.whole import journey_loop as loop

pytestmark = pytest.mark.bench
SPAN = 200.0  # s, of a window


@pytest.mark.parametrize(("text", "sites", "bind"), [("sites abound", 1e4, 1e-9), ("sites half full", 600.0, 3e-8),
                                                     ("sites full", 50.0, 1e-6)])
def test_a_million_vesicles(text: str, sites: float, bind: float, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, number, cargo = 1000, 1_000_000, 3
    random = np.random.default_rng(SEED)
    dish = journey.empty(SEED, "bench", 0, 2, cells, cargo)
    dish = journey.add_free(dish, random.integers(0, 2, number), random.uniform(0.05, 0.2, number),
                            random.poisson(0.1, (number, cargo)))
    h = hazards(decay=1e-6, plastic=1e-6, bind=bind, drink=1e-8, unbind=1e-2, internalise=1e-3, fuse=1e-5,
                degrade=1e-4, recycle=1e-3, escape=1e-5, sites=sites)
    for window in range(3):
        dish = journey.advance(dish, h, journey.no_arrivals(cargo), SPAN * window, SPAN)
    calls, real = [], loop.advance
    monkeypatch.setattr(journey, "ALLOWED", 1000)
    monkeypatch.setattr(loop, "advance", lambda *args: (calls.append(1), real(*args))[1])
    before = dish.copy()
    begin = time.process_time()
    dish = journey.advance(dish, h, journey.no_arrivals(cargo), 3 * SPAN, SPAN)
    took = time.process_time() - begin
    # Bound and inside hardly change in a window: what leaves comes again.
    there = [0.5 * (len(one) + len(other)) for one, other in
             ((before.rows(state), dish.rows(state)) for state in (journey.BOUND, journey.INSIDE))]
    change = np.diff(dish.edge)[2:] - np.diff(before.edge)[2:]
    leave = SPAN * (there[0] * 1.101e-2 + there[1] * 1.11e-3)
    events = 2 * leave - SPAN * there[0] * 1e-3 + change.sum()
    print(f"{text}: {took / events * 1e9:.0f} ns per event, {events:.3g} events, "
          f"{1000 * len(calls) / events:.2f} draws for one; {dish.table.nbytes / number:.0f} bytes a vesicle, "
          f"{len(dish.rows(journey.BOUND))} bound")
    assert took / events < 2e-6
    assert dish.table.nbytes / number <= 24 + 4 * cargo
