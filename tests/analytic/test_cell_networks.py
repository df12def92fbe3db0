"""Networks inside cells against closed forms and against their own expressions worked out one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from tests.cell_networks import resolved
from vesica import maths
from vesica.biology.arithmetic import difference, exponential, hill_share, logarithm, quotient, raised
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.simulate import as_arm_run, run_all
from vesica.engine.system import Lanes
from vesica.results.arm_run import ArmRun
from vesica.spec.expressions import value_of
from vesica.spec.resolved import ResolvedModel

NANOMOLAR = 0.602214076  # molecule/um^3


def run(model: ResolvedModel) -> ArmRun:
    """The only arm of a model, run."""
    program = compile_model(model)
    return as_arm_run(program, next(run_all(program)))


def course(found: ArmRun, name: str) -> np.ndarray:
    return found.values[:, found.species[f"microglia.{name}"]]


def rates_by_hand(model: ResolvedModel, values: Mapping[str, float]) -> dict[str, float]:
    """d(state)/dt of every state of the networks, expression by expression: a second, plain reader of the model."""
    cell = model.cells[0]
    known = dict(values)
    for network in cell.networks:
        prefix = f"microglia.{network.name}."
        known |= {name: model.parameters[prefix + name].value for name in network.constants}
    for network in cell.networks:
        for state in network.states:
            if state.compartment:
                known[state.name] = values[state.name] / known[state.compartment]
    for _ in range(9):  # deep enough for any order
        for network in cell.networks:
            for one in network.assignments:
                try:
                    known[one.name] = value_of(one.value, known)
                except KeyError:
                    continue
    found = {state.name: 0.0 for network in cell.networks for state in network.states}
    for network in cell.networks:
        for reaction in network.reactions:
            rate = value_of(reaction.rate, known)
            for name, count in reaction.moves:
                if name in found:
                    found[name] += count * rate
    return found


def test_kernels_of_expressions_are_the_operations() -> None:
    assert difference(3.0, 5.0) == -2.0
    assert quotient(3.0, 4.0) == 0.75
    assert raised(4.0, 0.5) == 2.0
    assert raised(0.0, 2.0) == 0.0
    assert raised(0.0, 0.0) == 1.0
    assert exponential(1.0) == math.e
    assert logarithm(math.e) == 1.0
    assert hill_share(3.0, 1.0, 2.0) == pytest.approx(0.9, rel=1e-15)


@pytest.mark.parametrize("n", [0.5, 1.0, 2.0, 3.7])
def test_power_and_its_slopes(n: float) -> None:
    """Central differences of step h err by h^2/6 f"'''/f', at most (n-1)(n-2)/x^2 h^2/6 = 9e-8 here at h = 1e-4."""
    for x in (0.3, 1.0, 2.5):
        h = 1e-4
        slope = (maths.power(x + h, n) - maths.power(x - h, n)) / (2 * h)
        assert maths.FUNCTIONS["power_dx"](x, n) == pytest.approx(slope, rel=1e-7)
        slope = (maths.power(x, n + h) - maths.power(x, n - h)) / (2 * h)
        assert maths.FUNCTIONS["power_dn"](x, n) == pytest.approx(slope, rel=1e-7, abs=1e-12)
    assert maths.power(-1e-20, n) == 0.0
    assert maths.FUNCTIONS["power_dx"](0.0, n) == (1.0 if n == 1.0 else 0.0)


def test_the_tables_compute_what_the_expressions_say() -> None:
    """Rounding only: some ten operations a rate, each within 2^-53, and rates of up to five terms: 1e-14 of the sum."""
    model = resolved()
    program = compile_model(model)
    arm = model.arms[0]
    tables = program.tables(frozenset({"cell:microglia", "origin:microglia"}))
    system = Lanes(tables, value_vector(program, parameter_row(model, arm))[:, None], {"microglia": 1e5})
    names = {state.name: f"microglia.{state.name}" + (" over the cell" if state.compartment else "")
             for state in model.cells[0].networks[0].states}
    chance = np.random.default_rng(11)
    for _ in range(20):
        state = chance.uniform(0.1, 5.0, (len(tables.names), 1))
        found = np.zeros_like(state)
        system.rate(state, found)
        place = {name: number for number, name in enumerate(tables.names)}
        values = {name: float(state[place[pool], 0]) for name, pool in names.items()}
        values |= {cargo: float(state[place[f"microglia.{cargo}"], 0]) for cargo in model.cells[0].cargo}
        for name, rate in rates_by_hand(model, values).items():
            assert found[place[names[name]], 0] == pytest.approx(rate, rel=1e-12, abs=1e-15), name


def test_the_jacobian_of_a_network_is_its_slope() -> None:
    """Central differences with a relative step of 1e-5 err by about 1e-10 of the slope, and 1e-11 of the rate."""
    model = resolved()
    program = compile_model(model)
    tables = program.tables(frozenset({"cell:microglia", "origin:microglia"}))
    values = value_vector(program, parameter_row(model, model.arms[0]))
    system = Lanes(tables, values[:, None].copy(), {"microglia": 1e5}).alone(0)
    chance = np.random.default_rng(5)
    state = chance.uniform(0.5, 4.0, system.size)
    exact = np.zeros((system.size, system.size))
    system.dense_jacobian(state, exact)
    for column in range(system.size):
        h = 1e-5 * state[column]
        up, down, a, b = state.copy(), state.copy(), np.zeros(system.size), np.zeros(system.size)
        up[column] += h
        down[column] -= h
        system.rate(up, a)
        system.rate(down, b)
        scale = np.abs(a).max() * 1e-15 / h
        assert np.allclose(exact[:, column], (a - b) / (2 * h), rtol=1e-7, atol=scale + 1e-12)


def test_first_order_loss_is_an_exponential() -> None:
    """Solver tolerance 1e-8 a step; some hundred steps stay below 1e-6."""
    model = resolved({"decay": {"states": {"X": {"initial": "0 nM", "at_start": "10 nM"}},
                                "reactions": {"lose": {"equation": "X ->", "law": "mass_action", "k": "0.5 1/h"}}}})
    found = run(model)
    expected = 10 * NANOMOLAR * np.exp(-0.5 / 3600 * found.times)
    assert course(found, "X") == pytest.approx(expected, rel=1e-6)


def test_michaelis_menten_has_its_integral() -> None:
    """t = (S0 - S + Km ln(S0/S)) / Vmax at every output; the error of S is 1e-6, that of t about as large."""
    model = resolved({"mm": {"states": {"S": {"initial": "0 nM", "at_start": "20 nM"}}, "reactions": {
        "cut": {"equation": "S ->", "law": "michaelis_menten", "vmax": "6 nM/h", "km": "5 nM"}}}})
    found = run(model)
    s = course(found, "S") / NANOMOLAR
    assert (20 - s + 5 * np.log(20 / s)) / 6 * 3600 == pytest.approx(found.times, rel=1e-5, abs=1e-2)


def test_binding_settles_at_the_dissociation_constant_and_keeps_its_totals() -> None:
    """AB = (a+b+K)/2 - sqrt(...): K = 2 nM, 10 and 6 nM together; 4 h are 29 relaxation times, e^-29 is nothing."""
    words = {"states": {"A": {"initial": "10 nM"}, "B": {"initial": "6 nM"}, "AB": {"initial": "0 nM"}},
             "reactions": {"on": {"equation": "A + B -> AB", "law": "mass_action", "k": "0.5 1/(uM*s)"},
                           "off": {"equation": "AB -> A + B", "law": "mass_action", "k": "1e-3 1/s"}},
             "conserved": {"all_A": ["A", "AB"], "all_B": ["B", "AB"]}}
    found = run(resolved({"pair": words}))
    half = (10 + 6 + 2) / 2
    bound = half - math.sqrt(half**2 - 60)
    assert course(found, "AB")[-1] / NANOMOLAR == pytest.approx(bound, rel=1e-7)
    for parts, total in ((("A", "AB"), 10.0), (("B", "AB"), 6.0)):
        assert sum(course(found, part) for part in parts) / NANOMOLAR == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("steps", [1, 3, 8])
def test_a_delay_is_a_gamma_law(steps: int) -> None:
    """What entered as a pulse and left again: 1 - Q(steps, n t/tau) after the first stage of rate k, here k so fast
    (1e3/h) that it adds 1/1000 h to the mean; tolerance twice that shift times the largest slope, n/tau: 2e-3 n.
    """
    from scipy.special import gammainc

    words = {"states": {"A": {"initial": "0 nM", "at_start": "1 nM"}, "B": {"initial": "0 nM"}}, "reactions": {
        "late": {"equation": "A -> B", "law": "mass_action", "k": "1e3 1/h", "delay": "1 h", "steps": steps}},
        "conserved": {"all": ["A", "B"]}}
    found = run(resolved({"chain": words}))
    expected = gammainc(steps, steps * found.times / 3600)
    assert course(found, "B") / NANOMOLAR == pytest.approx(expected, abs=2e-3 * steps)
    assert abs(course(found, "B")[-1] / NANOMOLAR - gammainc(steps, steps * (4 - 1e-3))) < 1e-3


def test_a_follower_lags_by_its_delay() -> None:
    """Behind a ramp of slope one per hour a chain of mean delay 0.5 h lags 0.5 h, up to exp(-n t/tau) terms: at 4 h
    with 3 steps of 10 min the rest is below e^-24 * 300.
    """
    words = {"states": {"X": {"initial": 0}, "X_late": {"follows": "X", "delay": "30 min", "steps": 3}},
             "constants": {"slope": "1 1/h"},
             "reactions": {"make": {"equation": "-> X", "rate": "slope * switch"}}}
    words["states"]["switch"] = {"initial": 0, "at_start": 1}  # on from the start of the run, off at rest
    found = run(resolved({"ramp": words}))
    assert course(found, "X") == pytest.approx(found.times / 3600, rel=1e-6, abs=1e-9)
    assert course(found, "X_late")[-1] == pytest.approx(4 - 0.5, rel=1e-6)


def test_a_reaction_between_compartments_moves_amounts() -> None:
    """In at 1/h of the cell's concentration, out at 2/h of the nucleus' own times its size 0.25: at balance
    c = 0.25 * 2 * n, and c + 0.25 n stays 10 nM; 12 h are more than 18 times the relaxation time 1/(1 + 2) h... of the
    amounts, e^-18 = 1.5e-8.
    """
    words = {"compartments": {"nucleus": 0.25},
             "states": {"X": {"initial": "0 nM", "at_start": "10 nM"}, "X_n": {"initial": "0 nM", "in": "nucleus"}},
             "reactions": {"in": {"equation": "X -> X_n", "law": "mass_action", "k": "1 1/h"},
                           "out": {"equation": "X_n -> X", "law": "mass_action", "k": "2 1/h"}},
             "conserved": {"all": ["X", "X_n"]}}
    found = run(resolved({"shuttle": words}, run={"duration": "12 h", "every": "1 h"}))
    inside, outside = course(found, "X_n")[-1] / NANOMOLAR, course(found, "X")[-1] / NANOMOLAR
    assert outside + 0.25 * inside == pytest.approx(10, rel=1e-12)
    assert outside == pytest.approx(0.25 * 2 * inside, rel=1e-6)
