"""What large networks cost: right-hand side, whole runs, signals of single cells; asserts agreement only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.bench.full_cns import compiled_cns, full_flagship, lanes_of
from vesica.engine.doses import present_in
from vesica.engine.program import compile_model
from vesica.engine.rest import resting
from vesica.engine.rows import derived_values, parameter_row
from vesica.engine.sbml_out import ArmState, sbml
from vesica.engine.simulate import run_all
from vesica.engine.steppers import rosenbrock
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.engine.whole.chemistry import Signals

pytestmark = pytest.mark.bench
HOURS = 48


def fastest(work: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Smallest time of one call in s: what it takes when nobody else runs."""
    work()
    found = []
    for _ in range(repeats):
        begin = clock()
        work()
        found.append(clock() - begin)
    return min(found)


def say_processor(name: str, work: Callable[[], object], repeats: int = 3) -> float:
    """Print the smallest processor time in s; returns it."""
    taken = fastest(work, repeats, time.process_time)
    print(f"{name:<58} {taken:8.3f} s of processor")
    return taken


def test_right_hand_side_of_the_whole_library() -> None:
    program = compiled_cns()
    batch = lanes_of(program, program.model.arms[-1], 64)
    t, one = batch.tables, batch.alone(0)
    print(f"\nwhole library: {one.size} states, {len(t.fluxes)} fluxes of {t.factors.size} factors and "
          f"{t.move_state.size} moves, {t.out.size} assignments ({t.moving.out.size} that move), "
          f"{t.tape.rows.size} values in the Jacobian")
    read = t.layout.plan.nbytes + one.values.nbytes + 8 * (t.move_state.size + t.layout.fluxes + 2 * one.size)
    print(f"floor: {read / 1e3:.0f} kB touched; {t.factors.size + t.move_state.size} multiplications, "
          f"{t.moving.out.size} kernels")
    state = np.random.default_rng(1).uniform(1.0, 2.0, one.size)
    states, rate, rates = np.repeat(state[:, None], 64, axis=1), np.zeros(one.size), np.zeros((one.size, 64))
    print(f"one evaluation {1e6 * fastest(lambda: one.rate(state, rate), 2000):.1f} us, its Jacobian "
          f"{1e6 * fastest(lambda: one.jacobian(state), 300):.0f} us; of 64 replicates side by side "
          f"{1e6 * fastest(lambda: batch.rate(states, rates), 100) / 64:.1f} us each")
    assert np.array_equal(rates, np.repeat(rate[:, None], 64, axis=1))


def test_whole_library_and_flagship_with_full_networks() -> None:
    program, flagship = compiled_cns(), compile_model(full_flagship())
    arm, row = program.model.arms[-1], parameter_row(program.model, program.model.arms[-1])
    rests: dict[object, object] = {}
    say_processor(f"\nwhole library, {HOURS} h and its rest", lambda: run_arm(program, arm, row, {}, rests={}))
    say_processor(f"whole library, {HOURS} h", lambda: run_arm(program, arm, row, {}, rests=rests))
    arms: list[Trajectory] = []
    name = f"flagship with full networks, {len(flagship.model.arms)} arms"
    say_processor(name, lambda: arms.extend(run_all(flagship)))
    assert not any(one.message for one in arms)


def test_whole_library_against_libroadrunner() -> None:
    """Same equations and start; libroadrunner at 1e-8, vesica at the first tolerance with no larger error."""
    roadrunner = pytest.importorskip("roadrunner")
    program = compiled_cns()
    arm = program.model.arms[0]  # nothing is given: the state at 0 h has been found already
    row, system, rests = parameter_row(program.model, arm), lanes_of(program, arm), {}
    present = present_in(program, arm, {})
    start = resting(program, system, present, rests, 1e-8).state[:, 0]

    def at(tolerance: float) -> Callable[[], Trajectory]:
        schedule = replace(program.model.schedule, relative_tolerance=tolerance, absolute_tolerance=tolerance)
        sharper = compile_model(replace(program.model, schedule=schedule))
        return lambda: run_arm(sharper, arm, row, {}, rests=rests)

    names = system.tables.names
    columns = [program.species.index(name) for name in names]
    exact = at(1e-11)().values[:, columns]
    scale = np.abs(exact).max(axis=0) + 1e-9
    values = dict(row) | derived_values(program, row) | dict.fromkeys(program.table.inputs, 0.0) | {"1": 1.0}
    begin = time.process_time()
    solver = roadrunner.RoadRunner(sbml(program, ArmState(present, arm.counts, values,
                                                          dict(zip(names, start.tolist(), strict=True)))))
    print(f"\nlibroadrunner reads and compiles {len(names)} states in {time.process_time() - begin:.1f} s")
    solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = 1e-8, 1e-8
    solver.timeCourseSelections = [f"v{program.index[name]}" for name in names]
    pools = {pool.name: pool for pool in program.table.pools}
    cells = np.array([arm.counts.get(pools[name].compartment, 1.0) for name in names])

    def theirs() -> np.ndarray:
        solver.resetToOrigin()
        return solver.simulate(0.0, HOURS * 3600.0, exact.shape[0])

    begin = time.process_time()
    found = theirs()
    their_time = time.process_time() - begin
    their_error = float(np.max(np.abs(found[-1] / cells - exact[-1]) / scale))
    for tolerance in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
        ours = at(tolerance)
        error = float(np.max(np.abs(ours().values[-1, columns] - exact[-1]) / scale))
        if error <= their_error:
            break
    mine = say_processor(f"whole library, {exact.shape[0]} outputs: vesica at {tolerance:.0e}", ours)
    print(f"the same in libroadrunner at 1e-08: {their_time:.2f} s; ratio {their_time / mine:.0f}; "
          f"errors: vesica {error:.1e}, libroadrunner {their_error:.1e}")
    assert max(error, their_error) < 1e-3


@pytest.mark.parametrize("cell", ["microglia", "neuron"])
def test_signals_of_single_cells(cell: str) -> None:
    """Networks as lanes beside whole numbers: levels of rest, moved by 30 %, for ten minutes."""
    program, cells = compiled_cns(), 1000
    arm = program.model.arms[0]
    present, one = present_in(program, arm, {}), lanes_of(program, arm)
    one.values[one.tables.pools] = resting(program, one, present, {}).state
    signals = Signals(program, present, cell)
    values = np.repeat(one.values, cells, axis=1)
    values[signals.places] *= np.random.default_rng(2).lognormal(0.0, 0.3, (signals.places.size, cells))
    integrate, found = rosenbrock.integrate, []

    def timed_integrate(*given: object) -> rosenbrock.BatchLeg:
        begin = time.process_time()
        leg = integrate(*given)
        steps = int((leg.steps + leg.rejected).sum())
        found.append(((time.process_time() - begin) / steps, steps))
        return leg

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rosenbrock, "integrate", timed_integrate)
        for _ in range(4):
            assert signals.advance(values.copy(), 0.0, 600.0).message == ""
    a_step, steps = min(found)
    print(f"\n{cell}: {signals.places.size} signals, {cells} cells, {steps / cells:.0f} steps of RODAS4 in 10 min, "
          f"{1e9 * a_step:.0f} ns of processor a step and cell, "
          f"{1e9 * a_step / rosenbrock.STAGES / signals.places.size:.1f} a stage, cell and signal")
