"""Inside 1,000 neurons of the example for 100 windows of 30 min; prints times, asserts that numbers stay whole."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from vesica import api
from vesica.engine.counters import stream
from vesica.engine.doses import present_in
from vesica.engine.program import compile_model
from vesica.engine.rest import resting
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import Lanes
from vesica.engine.whole.chemistry import Reactions, Signals

pytestmark = pytest.mark.bench
EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"
CELLS, WINDOWS, LENGTH = 1000, 100, 1800.0


def test_neurons_of_the_example() -> None:
    """Wall time in one thread, after a warm-up."""
    program = compile_model(api.examine(EXAMPLE).resolved)  # type: ignore[arg-type]
    arm = next(arm for arm in program.model.arms if arm.name == "neurons_untreated")
    present = present_in(program, arm, {})
    tables, values = program.tables(present), value_vector(program, parameter_row(program.model, arm))
    system = Lanes(tables, values[:, None].copy(), arm.counts, is_single=True)
    values[tables.pools] = resting(program, system, present, {}).state[:, 0]
    cells = np.repeat(values[:, None], CELLS, axis=1)
    streams = np.array([stream(1, "bench", k) for k in range(CELLS)])
    signals, reactions = Signals(program, present, "neuron"), Reactions(program, present, "neuron")
    few = cells[:, :4].copy()
    reactions.settle(few, streams[:4].copy())
    signals.advance(few, 0.0, LENGTH)
    spent = dict.fromkeys(("settle", "signals", "reactions"), 0.0)

    def timed(name: str, begin: float) -> None:
        spent[name] += time.perf_counter() - begin

    begin = time.perf_counter()
    reactions.settle(cells, streams)
    timed("settle", begin)
    for window in range(WINDOWS):
        begin = time.perf_counter()
        assert signals.advance(cells, window * LENGTH, LENGTH).message == ""
        timed("signals", begin)
        begin = time.perf_counter()
        assert reactions.advance(cells, streams, LENGTH).message == ""
        timed("reactions", begin)
    for name, seconds in spent.items():
        print(f"{name:<12} {seconds:8.3f} s")
    assert np.all(cells[reactions.places] == np.floor(cells[reactions.places]))
