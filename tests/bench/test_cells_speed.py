"""Cells of a tissue, 20 signals each, beside libroadrunner with one instance for each cell; prints ratios.

Each cell meets a level of its own that changes at every step of the run, as in a tissue. Time is that of the processor
in one thread, for both.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.networks import Small, small
from vesica.engine.sbml_out import ArmState, sbml
from vesica.engine.steppers import stiff
from vesica.engine.system import System
from vesica.engine.table import Assignment
from vesica.engine.tissue.lanes import BLOCK, CellLanes

pytestmark = pytest.mark.bench
CELLS, THEIRS, STEPS, STEP = 400 * BLOCK, 8, 20, 300.0  # cells, those of the other, steps of the run, s


def cascade(fastest: float) -> Small:
    """20 signals, each raised by the one before with a Hill law, the first by a level and by the last; 40 reactions.

    Every other signal turns over at ``fastest`` 1/s, the others at 1e-3 1/s.
    """
    names = [f"s{k}" for k in range(20)]
    turnover = {f"loss{k}": fastest if k % 2 else 1e-3 for k in range(20)}
    drive = {f"gain{k}": 2.0 * turnover[f"loss{k}"] for k in range(20)}
    laws = [Assignment(f"hill{k}", "hill_share", (names[k - 1], "half", "power")) for k in range(20)]
    made = [(f"made{k}", (f"gain{k}", f"hill{k}", *(("level",) if k == 0 else ())), {names[k]: 1}) for k in range(20)]
    lost = [(f"lost{k}", (f"loss{k}", names[k]), {names[k]: -1}) for k in range(20)]
    return small(dict.fromkeys(names, 1.0), [*made, *lost],
                 {**turnover, **drive, "half": 1.0, "power": 2.0, "level": 1.0}, laws)


def levels(cells: int) -> np.ndarray:
    """(step, cell) what each cell meets at each step."""
    return np.exp(np.random.default_rng(1).normal(0.0, 0.5, (STEPS, cells)))


def exact(of: Small, level: np.ndarray) -> np.ndarray:
    """One cell, followed closely."""
    state = of.start.copy()
    for one in level:
        values = of.values.copy()
        values[of.program.index["level"]] = one
        system = System(of.tables, values, {"": 1.0})
        state = stiff.integrate(system, state, np.array([0.0, STEP]), 1e-11, np.full(20, 1e-12)).states[-1]
    return state


@pytest.mark.parametrize(("name", "fastest"), [("non-stiff", 2e-3), ("stiff", 10.0)])
def test_cells_against_one_instance_each(name: str, fastest: float) -> None:
    """At about equal error, which is asserted: of the order of a tolerance of 1e-3, or of ten steps of 1e-4."""
    roadrunner = pytest.importorskip("roadrunner")
    of, met = cascade(fastest), levels(CELLS)
    places = np.array([of.program.index["level"]])

    def run(cells: int) -> tuple[float, CellLanes]:
        values = of.values.copy()
        values[of.tables.pools] = of.start
        lanes = CellLanes(of.tables, values, lanes=cells, relative=1e-3, absolute=1e-6)
        begin, steps = time.thread_time(), 0
        for step in met:
            lanes.give(places, step[None, :cells])
            steps += lanes.advance(STEP).steps
        print(f"{name}: {steps / lanes.blocks / STEPS:.2f} steps of vesica in one of the run")
        return (time.thread_time() - begin) / cells / STEPS, lanes

    run(BLOCK)
    mine, lanes = run(CELLS)
    values = {key: float(of.values[of.program.index[key]]) for key in ("1", *of.program.table.parameters)}
    start = dict(zip(of.tables.names, of.start.tolist(), strict=True))
    text = sbml(of.program, ArmState(frozenset(), {}, values, start))
    solvers = [roadrunner.RoadRunner(text) for _ in range(THEIRS)]
    for solver in solvers:
        solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = 1e-4, 1e-7
        solver.timeCourseSelections = [f"v{of.program.index[key]}" for key in of.tables.names]
    ends, begin = np.zeros((20, THEIRS)), time.thread_time()
    for number, step in enumerate(met):
        for cell, solver in enumerate(solvers):
            solver[f"v{places[0]}"] = float(step[cell])
            ends[:, cell] = solver.simulate(number * STEP, (number + 1) * STEP, 2)[-1]
    other = (time.thread_time() - begin) / THEIRS / STEPS
    truth = np.stack([exact(of, met[:, cell]) for cell in range(THEIRS)], axis=1)
    errors = [float(np.abs(found / truth - 1.0).max()) for found in (lanes.state[:, :THEIRS], ends)]
    print(f"{name}: vesica {mine * 1e9:.0f} ns per cell and step of {STEP:g} s, libroadrunner {other * 1e9:.0f} ns, "
          f"ratio {other / mine:.0f}; largest relative errors {errors[0]:.1e} and {errors[1]:.1e}")
    assert max(errors) < 3e-3
