"""Whole laws of the exact and the leaping stepper beside another simulator's Gillespie, through a generic SBML.

Another program, another reading of the table: heterodimers, batches and turnover at two times, as samples of the
same size compared by chi-square. False alarm 1e-9 for each of 12 comparisons (tests/comparisons.py).
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.comparisons import same_law
from tests.networks import Small, replicates, small
from vesica.engine.sbml_out import ArmState, sbml

roadrunner = pytest.importorskip("roadrunner")

N, TIMES = 4000, (0.5, 3.0)
POINTS = 7  # 0, 0.5, ... 3.0
# Laws without pairs of one pool: for a law written k A A the other simulator does not count pairs.
MEETING = small({"A": 30.0, "B": 5.0, "C": 0.0},
                [("a", ("ka",), {"A": 1}), ("b", ("kb",), {"B": 4}),
                 ("bind", ("on", "A", "B"), {"A": -1, "B": -1, "C": 1}),
                 ("leave", ("off", "C"), {"C": -1, "A": 1, "B": 1}), ("lose", ("d", "C"), {"C": -1}),
                 ("decay", ("g", "A"), {"A": -1})],
                {"ka": 6.0, "kb": 1.5, "on": 0.04, "off": 0.3, "d": 0.8, "g": 0.2})


def theirs(of: Small, count: int, seed: int) -> np.ndarray:
    """(replicate, time, state) of the other simulator."""
    names = [pool.name for pool in of.program.table.pools]
    values = {name: float(of.values[of.program.index[name]]) for name in ("1", *of.program.table.parameters)}
    text = sbml(of.program, ArmState(frozenset(), {}, values, dict(zip(names, of.start.tolist(), strict=True))))
    solver = roadrunner.RoadRunner(text)
    solver.timeCourseSelections = [f"v{of.program.index[name]}" for name in names]
    solver.setIntegrator("gillespie")
    solver.integrator.seed = seed
    solver.integrator.variable_step_size = False  # states on a grid of times
    found = np.empty((count, len(TIMES), len(names)))
    for k in range(count):
        solver.resetToOrigin()
        found[k] = np.asarray(solver.simulate(0.0, TIMES[-1], POINTS))[[1, -1]]
    return found


@pytest.fixture(scope="module")
def other() -> np.ndarray:
    return theirs(MEETING, N, 7)


@pytest.mark.parametrize("leap", [False, True], ids=["exact", "leaping"])
def test_laws_are_those_of_another_simulator(other: np.ndarray, leap: bool) -> None:
    found = replicates(MEETING, TIMES, N, leap=leap)
    for j in range(len(TIMES)):
        for state in range(3):
            assert same_law(found[:, j, state].astype(int), other[:, j, state].round().astype(int)), (j, state)


def test_another_rate_is_seen(other: np.ndarray) -> None:
    """Decay of A a third faster: its mean of about 20 at t = 3 falls by 2, some 25 standard errors."""
    values = MEETING.values.copy()
    values[MEETING.program.index["g"]] *= 4 / 3
    wrong = Small(MEETING.program, MEETING.tables, MEETING.net, values, MEETING.start)
    found = replicates(wrong, TIMES, N)
    assert not same_law(found[:, 1, 0].astype(int), other[:, 1, 0].round().astype(int))
