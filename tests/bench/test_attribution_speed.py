"""Attribution of a model like the flagship: four channels of three senders, all coalitions in one batched run."""

from __future__ import annotations

import multiprocessing
import resource
import time

import numpy as np
import pytest

from vesica import interventions
from vesica.engine.doses import present_in
from vesica.engine.gates import gated
from vesica.engine.nodes import counts
from vesica.engine.rest import resting
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.steppers import rosenbrock
from vesica.engine.system import Lanes
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.studies.attribute import Case, Question, attribute, look_into
from vesica.studies.coalitions import BATCH

pytestmark = pytest.mark.bench
SECONDS = 120.0  # on two cores that nobody else uses


def flagship(mixing: str = "stirred") -> ResolvedModel:
    """Astrocytes, microglia and neurons under ethanol, each with three kinds of vesicles and factors."""
    glia = {"microvesicles": True, "apoptotic_vesicles": True, "networks": ["nfkb", "cytokines"]}
    neuron = {"microvesicles": True, "apoptotic_vesicles": True, "networks": ["nfkb", "mir146a_brake"],
              "targets": {"miR_146a": {}}, "solubles": {"CCL2": {"secretion_rate": "0.01 molecule/s"}}}
    return interventions.resolve(io.from_dict({
        "vesica": 1, "title": "four channels of three senders", "use": ["library:cns"],
        "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": mixing},
        "cells": {"astrocyte": {"count": 5e5, **glia}, "microglia": {"count": 1e5, **glia},
                  "neuron": {"count": 5e5, **neuron}},
        "rules": ["neuron: CCL2 increases COX2_production (half_max 1 nM, hill 1, up to 1.5x)"],
        "exposures": [{"agent": "ethanol", "concentration": "40 mM", "from": "0 h", "to": "24 h"}],
        "run": {"duration": "24 h", "every": "30 min"},
    }))[0]


def case_of(model: ResolvedModel, budget: int) -> Case:
    case = look_into(model, Question(("neuron.COX2",), budget=budget))
    assert len(case.players) == 12
    return case


@pytest.mark.parametrize("mixing", ["stirred", "still"])
def test_four_channels_of_three_senders(mixing: str) -> None:
    begin = time.perf_counter()
    case = case_of(flagship(mixing), 1024)
    looked = time.perf_counter() - begin
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    (found,) = attribute(case)
    ran = time.perf_counter() - begin
    for child in multiprocessing.active_children():
        child.join()  # its time is known when it has gone
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    print(f"\n{mixing}: {found.coalitions} of 4096 coalitions, {found.share.shape[0]} rounds of 24 orders: looked "
          f"into in {looked:.1f} s, run in {ran:.1f} s with {used:.1f} s of processor "
          f"({1e3 * used / found.coalitions:.1f} ms "
          f"each, all {4096 * used / found.coalitions / 2:.0f} s on two cores); bound {SECONDS:.0f} s")
    assert found.of(range(12)).value == pytest.approx(found.brought, rel=1e-9)


@pytest.mark.parametrize("mixing", ["stirred", "still"])
def test_where_the_time_goes(mixing: str) -> None:
    """Processor seconds of one batch: rest, steps, and in a step the Jacobian, the factors and the right-hand sides."""
    case = case_of(flagship(mixing), 1024)
    program, gates = gated(case.model)
    arm, running = program.model.arms[0], program.divided
    present = present_in(program, arm, {})
    rows = [parameter_row(program.model, arm) for _ in range(BATCH)]
    random = np.random.default_rng(1)
    for row in rows:
        row |= {gate.path: float(random.random() < 0.5) for gate in gates}
    values = np.stack([value_vector(running, row) for row in rows], axis=1)
    system = Lanes(running.tables(present), values, counts(arm, running.groups))
    begin = time.process_time()
    rest = resting(running, system, present, {})
    rested = time.process_time() - begin
    for exposure in arm.exposures:
        system.values[running.index[f"agent.{exposure.agent}"]] = exposure.levels[0]
    absolute = np.full((system.size, 1), 1e-3)
    begin = time.process_time()
    leg = rosenbrock.integrate(system.part, system.tables.lu, rest.state, np.array([0.0, 86400.0]), 1e-6, absolute)
    ran = time.process_time() - begin
    steps = int((leg.steps + leg.rejected).max())
    rate = np.zeros_like(rest.state)
    system.rate(rest.state, rate)
    begin = time.process_time()
    for _ in range(20):
        system.rate(rest.state, rate)
    right = (time.process_time() - begin) / 20
    begin = time.process_time()
    for _ in range(20):
        system.jacobian(rest.state)
    jacobian = (time.process_time() - begin) / 20
    print(f"\n{mixing}, {system.size} states, {system.tables.lu.slots} slots of the factors, {BATCH} coalitions side "
          f"by side: rest (once) {rested:.2f} s; a day {ran:.2f} s of processor in {steps} steps, "
          f"{1e3 * ran / steps:.1f} ms each, of which right-hand sides {6e3 * right:.1f}, Jacobian "
          f"{1e3 * jacobian:.1f}, factors and solutions the rest")
    assert np.all(leg.reached == 2)
