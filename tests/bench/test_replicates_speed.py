"""Exact events and replicates of ODEs beside other simulators; prints ratios, asserts agreement only."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.networks import Small, chain, small
from vesica.engine.counters import stream
from vesica.engine.sbml_out import ArmState, sbml
from vesica.engine.steppers import rosenbrock, ssa, stiff
from vesica.engine.system import Lanes

pytestmark = pytest.mark.bench
SPAN, REPEATS = 1000.0, 7  # s of the chain: 400 events each


def spread(name: str, work: Callable[[], float], unit: str) -> float:
    """Median of several runs, printed with the smallest and the largest."""
    work()
    found = sorted(work() for _ in range(REPEATS))
    print(f"{name:<52} min {found[0]:9.3g}  median {statistics.median(found):9.3g}  max {found[-1]:9.3g} {unit}")
    return statistics.median(found)


def roadrunner_of(of: Small) -> object:
    roadrunner = pytest.importorskip("roadrunner")
    names = [pool.name for pool in of.program.table.pools]
    values = {name: float(of.values[of.program.index[name]]) for name in ("1", *of.program.table.parameters)}
    start = dict(zip(names, of.start.tolist(), strict=True))
    solver = roadrunner.RoadRunner(sbml(of.program, ArmState(frozenset(), {}, values, start)))
    solver.timeCourseSelections = [f"v{of.program.index[name]}" for name in names]
    return solver


def test_exact_events_of_20_species_and_40_reactions() -> None:
    """Time of the processor per event in one thread; the events of the others are those of the law, 400 a second."""
    of, mean = chain(20), []

    def ours() -> float:
        v, begin = of.fresh(), time.thread_time()
        stop = ssa.advance(of.net, v, of.sums(), stream(1, "bench", len(mean)), 0.0, SPAN)
        mean.append(v[of.net.place].sum())
        return (time.thread_time() - begin) / stop.events * 1e9

    mine = spread("exact events, vesica", ours, "ns per event")
    events = SPAN * 400.0  # at rest: 100 arrive, 100 leave, and nearly 200 hop
    solver = roadrunner_of(of)
    solver.setIntegrator("gillespie")  # type: ignore[attr-defined]

    def theirs() -> float:
        solver.resetToOrigin()  # type: ignore[attr-defined]
        begin = time.thread_time()
        solver.simulate(0, SPAN, 2)  # type: ignore[attr-defined]
        return (time.thread_time() - begin) / events * 1e9

    print(f"ratio libroadrunner / vesica {spread('libroadrunner, gillespie', theirs, 'ns per event') / mine:.1f}")
    assert np.mean(mean) == pytest.approx(200.0, abs=6.5 * np.sqrt(200.0 / len(mean)))  # Poisson, all decay at 0.5
    gillespy2 = pytest.importorskip("gillespy2")
    model = gillespy2.Model(name="chain")
    rates = {name: gillespy2.Parameter(name=name, expression=value)
             for name, value in (("arriving", 100.0), ("hop", 1.0), ("decay", 0.5))}
    species = {pool.name: gillespy2.Species(name=pool.name, initial_value=0, mode="discrete")
               for pool in of.program.table.pools}
    model.add_parameter(list(rates.values()))
    model.add_species(list(species.values()))
    for flux in of.program.table.fluxes:
        model.add_reaction(gillespy2.Reaction(
            name=f"r_{flux.name}", rate=rates[flux.factors[0]],
            reactants={species[name]: 1 for name in flux.factors[1:]},
            products={species[name]: count for name, count in flux.moves if count > 0}))
    model.timespan(np.linspace(0, SPAN, 2))
    compiled = gillespy2.SSACSolver(model=model)

    def other() -> float:
        begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        compiled.run(seed=1)
        return (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin) / events * 1e9

    print(f"ratio gillespy2 C++ / vesica {spread('gillespy2, C++', other, 'ns per event') / mine:.1f}")


def stiff_chain() -> tuple[Small, np.ndarray]:
    """20 states: hops at 0.1 to 1000 per s, decay, binding of neighbours; 1,000 sets of rates within a factor of 2."""
    rng, reactions = np.random.default_rng(1), [("in", ("arriving",), {"s0": 1})]
    rates = {"arriving": 50.0, "bind": 0.02}
    for i in range(20):
        rates |= {f"hop{i}": 10 ** rng.uniform(-1, 3), f"decay{i}": 0.1}
        if i < 19:
            reactions.append((f"h{i}", (f"hop{i}", f"s{i}"), {f"s{i}": -1, f"s{i + 1}": 1}))
        reactions.append((f"d{i}", (f"decay{i}", f"s{i}"), {f"s{i}": -1}))
        if i % 3 == 0 and i < 18:
            reactions.append((f"b{i}", ("bind", f"s{i}", f"s{i + 1}"), {f"s{i}": -1, f"s{i + 1}": -1, f"s{i + 2}": 1}))
    of = small({f"s{i}": 0.0 for i in range(20)}, reactions, rates)
    values = np.repeat(of.values[:, None], 1000, axis=1)
    for name in rates:
        values[of.program.index[name]] *= rng.uniform(0.5, 2.0, 1000)
    return of, values


def test_a_thousand_replicates_of_twenty_states() -> None:
    """Errors against CVODE at 1e-12 in 20 of them, relative; our tolerance is the loosest with no larger error."""
    of, values = stiff_chain()
    lanes, times, known = Lanes(of.tables, values, {}), np.linspace(0, 50, 11), 20
    start = np.zeros((20, 1000))
    exact = np.stack([stiff.integrate(lanes.alone(k), start[:, k].copy(), times, 1e-12, np.full(20, 1e-11)).states
                      for k in range(known)], axis=2)

    def error(found: np.ndarray) -> float:
        return float((np.abs(found[:, :, :known] - exact) / (np.abs(exact) + 1e-3)).max())

    def ours(tolerance: float) -> np.ndarray:
        return rosenbrock.integrate(lanes.part, of.tables.lu, start, times, tolerance, np.full((20, 1),
                                                                                               tolerance)).states

    solver = roadrunner_of(of)
    places = [of.program.index[name] for name in of.program.table.parameters]

    def theirs(tolerance: float, count: int = 1000) -> np.ndarray:
        solver.integrator.relative_tolerance = tolerance  # type: ignore[attr-defined]
        solver.integrator.absolute_tolerance = tolerance  # type: ignore[attr-defined]
        found = np.empty((times.size, 20, count))
        for k in range(count):
            solver.resetToOrigin()  # type: ignore[attr-defined]
            for place in places:
                solver.setValue(f"v{place}", values[place, k])  # type: ignore[attr-defined]
            found[:, :, k] = solver.simulate(0, 50, 11)  # type: ignore[attr-defined]
        return found

    def timed(work: Callable[[], object]) -> Callable[[], float]:
        def once() -> float:
            begin = time.thread_time()
            work()
            return time.thread_time() - begin
        return once

    for tolerance in (1e-5, 1e-6, 1e-7):
        theirs_off = error(theirs(tolerance, known))
        fitting = next(t for t in 10.0 ** np.arange(-3, -10, -0.25) if error(ours(t)) <= theirs_off)
        other = spread(f"libroadrunner at {tolerance:.0e}, error {theirs_off:.1e}",
                       timed(lambda t=tolerance: theirs(t)), "s")
        mine = spread(f"vesica at {fitting:.1e}, error {error(ours(fitting)):.1e}",
                      timed(lambda t=fitting: ours(t)), "s")
        print(f"ratio libroadrunner / vesica {other / mine:.1f}")
        assert theirs_off < 1e-2
