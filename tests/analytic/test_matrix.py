"""Matrix around cells against closed forms: how much there is, what it holds, what proteases free.

Tolerances: the solver keeps 1e-8 a step, of some hundred steps; steady states have had twenty times their slowest time.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.analytic.test_channel_networks import ALIVE, CLOSE, QUIET, VOLUME, Course
from tests.unit.test_dimensions import misfits
from vesica import interventions
from vesica.analysis.runs.accounts import ledger
from vesica.engine.processes import process_table
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.engine.table import imbalances
from vesica.spec import io

NEURON = "neuron: {count: 1e5, matrix: {factors: {BDNF_free: {}}, proteases: {MMP9: {}}}}"
STEADY = f"{QUIET}, {ALIVE}, BDNF_free.decay_rate: 0 1/h, MMP9.decay_rate: 0 1/h"


def rest(course: Course) -> float:
    return course.of("neuron.matrix_secretion_rate") / course.of("neuron.matrix_decay_rate")


def test_cells_stand_in_the_matrix_they_have_laid_down() -> None:
    """secretion / loss at the start, found by letting cells stand 180 days; and it stays."""
    course = Course(f"cells: {{{NEURON}}}\nparameters: {{{STEADY}}}")
    assert course["neuron.matrix"] == pytest.approx(np.full(3, rest(course)), rel=CLOSE)


def test_a_protease_digests_it_by_its_concentration() -> None:
    """M = M' + (M0 - M') exp(-h t) with h = loss + digestion P and M' = secretion / h; the protease stays."""
    course = Course(f"cells: {{{NEURON}}}\nparameters: {{{STEADY}}}\n"
                    "exposures: [{add: MMP9, concentration: 10 nM, at: 0 h}]", "{duration: 24 h, every: 2 h}")
    hazard = course.of("neuron.matrix_decay_rate") + course.of("neuron.MMP9.matrix_digestion_rate") * 6.02214076
    left = course.of("neuron.matrix_secretion_rate") / hazard
    assert left < 0.5 * rest(course)
    assert course["neuron.matrix"] == pytest.approx(left + (rest(course) - left) * np.exp(-hazard * course.times),
                                                    rel=CLOSE)
    assert course["medium.MMP9"] == pytest.approx(course["medium.MMP9"][0], rel=1e-12)


@pytest.mark.parametrize("protease", ["", ", {add: MMP9, concentration: 1 uM, at: 0 h}"])
def test_a_factor_is_held_by_finite_sites_and_freed_with_them(protease: str) -> None:
    """c + N H/V = c0 and k c (S - H) = (u + h) H, S of the matrix that is left: a quadratic in H."""
    course = Course(f"cells: {{{NEURON}}}\nparameters: {{{STEADY}}}\n"
                    f"exposures: [{{add: BDNF_free, concentration: 20 nM, at: 0 h}}{protease}]",
                    "{duration: 4000 h, every: 2000 h}")
    hazard = course.of("neuron.matrix_decay_rate")
    hazard += course.of("neuron.MMP9.matrix_digestion_rate") * (602.214076 if protease else 0.0)
    sites = course.of("neuron.matrix_secretion_rate") / hazard * course.of("neuron.BDNF_free.matrix_sites")
    affinity = ((course.of("neuron.BDNF_free.matrix_unbinding_rate") + hazard)
                / course.of("neuron.BDNF_free.matrix_binding_rate"))
    given, density = 20 * 0.602214076, 1e5 / VOLUME
    b = given + density * sites + affinity
    held = (b - math.sqrt(b**2 - 4 * given * density * sites)) / 2 / density
    assert course.end("neuron.BDNF_free_in_matrix") == pytest.approx(held, rel=CLOSE)
    assert course.concentration("BDNF_free") == pytest.approx(given - density * held, rel=CLOSE)


VESICLES = """
cells:
  astrocyte: {count: 2e5}
  neuron: {count: 1e5, parameters: {matrix_secretion_rate: 2 molecule/s, matrix_vesicle_sites: 1e-2 vesicle/molecule,
           matrix_binding_rate: 0.1 um^3/s/vesicle, binding_rate: 0 um^3/s/vesicle, macropinocytosis_rate: 0 um^3/s},
           matrix: {proteases: {MMP9: {}}}}
parameters: {neuron.death_rate: 0 1/h, MMP9.decay_rate: 0 1/h}
"""


@pytest.mark.parametrize("mixing", ["stirred", "still"])
def test_held_vesicles_are_in_balance_and_in_the_ledger(mixing: str) -> None:
    """At each output H' = k (S - H) F/V - (u + h) H; nothing is lost. In layers F is at the cells."""
    words = (f"vesica: 1\ndomain: {{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: {mixing}, layers: 3}}\n"
             f"run: {{duration: 26 h, every: 1 min}}\n{VESICLES}"
             "exposures: [{add: MMP9, concentration: 100 nM, at: 24 h}]")
    if mixing == "stirred":
        words = words.replace(", layers: 3", "")
    model = interventions.resolve(io.loads(words))[0]
    program = compile_model(model)
    (course,) = run_all(program)
    run = as_arm_run(program, course)
    assert course.message == ""
    for cargo in (None, *(one.name for one in model.cargo)):
        found = ledger(model, run, cargo)
        assert abs(found.residual) < 1e-9, cargo
        assert found.matrix > 0.0, cargo
    if mixing == "stirred":
        held = sum(run.values[:, run.species[f"neuron.matrix:{origin}"]] for origin in model.origins)
        matrix = run.values[:, run.species["neuron.matrix"]]
        free = sum(run.values[:, run.species[f"medium.free:{origin}"]] for origin in model.origins)
        number = {name: model.parameters[f"neuron.{name}"].value for name in (
            "matrix_vesicle_sites", "matrix_binding_rate", "matrix_unbinding_rate", "matrix_decay_rate",
            "MMP9.matrix_digestion_rate")}
        hazard = number["matrix_decay_rate"] + number["MMP9.matrix_digestion_rate"] * 60.2214076 * (
            run.times >= 24 * 3600.0)
        room = number["matrix_vesicle_sites"] * matrix - held
        rate = number["matrix_binding_rate"] * room * free / VOLUME - (number["matrix_unbinding_rate"] + hazard) * held
        assert room.min() > 0.0
        turn = int(np.flatnonzero(run.times == 24 * 3600.0)[0])
        for part in (slice(0, turn), slice(turn, None)):  # trapezoids: (1e-3/s 60 s)^2/12 of each
            steps = np.diff(held[part])
            wanted = (rate[part][1:] + rate[part][:-1]) / 2 * np.diff(run.times[part])
            assert steps[1:] == pytest.approx(wanted[1:], rel=1e-3, abs=1e-6 * held.max())
        assert held[-1] < 0.5 * held[turn]  # freed


def test_matrix_outlives_its_cells() -> None:
    """alive = exp(-h t), M' = s alive - d M: M = M0 exp(-d t) + s (exp(-h t) - exp(-d t))/(d - h)."""
    course = Course("cells: {neuron: {count: 1e5, matrix: {}}}\n"
                    f"parameters: {{{QUIET}, neuron.death_rate: 0.1 1/h}}", "{duration: 24 h, every: 2 h}")
    alive, decay = course["neuron.alive"], course.of("neuron.matrix_decay_rate")
    hazard = -np.log(alive[1:]) / course.times[1:]  # with what rules make of it at rest
    death = hazard[-1]
    assert hazard == pytest.approx(np.full(hazard.size, death), rel=CLOSE)
    expected = rest(course) * np.exp(-decay * course.times)
    expected += course.of("neuron.matrix_secretion_rate") * (alive - np.exp(-decay * course.times)) / (decay - death)
    assert course["neuron.matrix"] == pytest.approx(expected, rel=CLOSE)
    assert expected[-1] > 10 * alive[-1] * rest(course)


def test_vesicles_in_the_matrix_of_dead_cells_are_in_the_ledger() -> None:
    course = Course("cells: {neuron: {count: 1e5, matrix: {}}, astrocyte: {count: 1e5}}\n"
                    "parameters: {neuron.death_rate: 0.2 1/h}", "{duration: 24 h, every: 2 h}")
    program = compile_model(course.model)
    run = as_arm_run(program, next(iter(run_all(program))))
    assert run.final("neuron.alive") < 0.01
    assert ledger(course.model, run).matrix > 1.0
    for cargo in (None, *(one.name for one in course.model.cargo)):
        assert abs(ledger(course.model, run, cargo).residual) < 1e-9, cargo


def test_every_process_of_matrix_conserves_tokens_and_units() -> None:
    words = ("vesica: 1\ndomain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}\nrun: {duration: 1 h}\n"
             "cells: {microglia: {count: 1e5, microvesicles: true,\n"
             "  matrix: {factors: {TNF: {}}, proteases: {MMP9: {}}}}}\n"
             "rules: ['microglia: matrix_TLR4 increases matrix_decay_rate (half_max 1 molecule, hill 1, up to 2x)']")
    model = interventions.resolve(io.loads(words))[0]
    table = process_table(model)
    assert imbalances(table) == []
    assert misfits(model) == []
    assert {"matrix_secretion", "matrix_loss", "matrix_binding", "matrix_unbinding", "matrix_release"} <= {
        flux.process for flux in table.fluxes}
    assert "matrix_secretion/microglia: microglia.matrix" in [
        *misfits(replace(model, rules=()), {"microglia.matrix_secretion_rate": "vesicle/s"})]


def test_networks_read_what_the_matrix_holds() -> None:
    """A level that follows the factor in the matrix, per cell."""
    course = Course("networks: {sense: {states: {felt: {initial: 0 molecule}}, reactions: {\n"
                    "  up: {equation: -> felt, rate: down_k * (matrix_BDNF_free + matrix)},\n"
                    "  down: {equation: felt ->, law: mass_action, k: 1 1/min}}}}\n"
                    "cells: {neuron: {count: 1e5, networks: [sense], matrix: {factors: {BDNF_free: {}}}}}\n"
                    f"parameters: {{{QUIET}, {ALIVE}, BDNF_free.decay_rate: 0 1/h}}\n"
                    "exposures: [{add: BDNF_free, concentration: 20 nM, at: 0 h}]", "{duration: 20 h, every: 10 h}")
    held = course["neuron.BDNF_free_in_matrix"] + course["neuron.matrix"]
    assert held[-1] > 1.05 * held[0]
    assert course["neuron.felt"] == pytest.approx(held, rel=CLOSE)
