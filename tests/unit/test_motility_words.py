"""`motility:` in a model file: numbers of the library, the user's and those of arms, and what is refused."""

from __future__ import annotations

import pytest

from vesica import interventions
from vesica.engine.rows import parameter_row
from vesica.engine.tissue.motility import gaits_of
from vesica.errors import InputError
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent

MODEL = """\
vesica: 1
title: microglia go after ATP
use: [library:cns]
domain: {kind: tissue, size: [100 um, 100 um, 100 um], voxel: 10 um}
cells:
  neuron: {count: 4}
  microglia: {count: 3, motility: %s}
run: {duration: 1 h, every: 30 min, fidelity: tissue}
"""
BOX = "{kind: tissue, size: [100 um, 100 um, 100 um], voxel: 10 um}"


def resolved(motility: str, more: str = "") -> ResolvedModel:
    return interventions.resolve(io.loads(MODEL % motility + more))[0]


def test_cells_crawl_as_the_library_says_and_others_stay() -> None:
    model = resolved("{}")
    row = parameter_row(model, model.arms[0])
    (name, gait), = gaits_of(model.cells, row).items()
    assert name == "microglia"
    assert (gait.speed, gait.persistence, gait.attraction) == (pytest.approx(1 / 60), 600.0, {})
    assert gait.repulsion == pytest.approx(0.1 / 60)
    assert model.parameters["microglia.motility_speed"].confidence == "estimate"
    assert not any(path.startswith("neuron.motility") for path in model.parameters)


def test_the_model_says_what_draws_them_and_arms_change_it() -> None:
    arms = "arms:\n  base: {}\n  slow: {cells: {microglia: {motility: {speed: 0.1 um/min, chemotaxis: {ATP: 5}}}}}\n"
    model = resolved("{speed: 2 um/min, chemotaxis: {ATP: 20}}", arms)
    base, slow = (gaits_of(model.cells, parameter_row(model, arm))["microglia"] for arm in model.arms)
    assert (base.speed, slow.speed) == (pytest.approx(2 / 60), pytest.approx(0.1 / 60))
    dissociation = model.parameters["microglia.ATP.sensing_kd"].value
    assert base.attraction == {"ATP": (20.0, dissociation)}
    assert slow.attraction == {"ATP": (5.0, dissociation)}
    assert "ATP" in model.agents  # a wall or a dose may give it
    for path in ("microglia.motility_speed", "microglia.chemotaxis_ATP", "microglia.ATP.sensing_kd"):
        assert exponent(model, path) == 0


def test_a_factor_that_only_draws_is_in_the_liquid() -> None:
    model = resolved("{chemotaxis: {CCL2: 20}}", "parameters: {microglia.CCL2.sensing_kd: 5 nM}\n")
    assert "CCL2" in model.solubles
    assert gaits_of(model.cells, parameter_row(model, model.arms[0]))["microglia"].attraction["CCL2"] == (
        20.0, pytest.approx(5 * 0.602214, rel=1e-5))


def test_what_only_an_arm_says_draws_nobody_elsewhere() -> None:
    arms = "arms:\n  base: {}\n  drawn: {cells: {microglia: {motility: {chemotaxis: {ATP: 5}}}}}\n"
    model = resolved("{}", arms)
    base, drawn = (gaits_of(model.cells, parameter_row(model, arm))["microglia"] for arm in model.arms)
    assert [one.attraction["ATP"][0] for one in (base, drawn)] == [0.0, 5.0]


@pytest.mark.parametrize(("text", "said"), [
    (MODEL % "{chemotaxis: {ATTP: 3}}", "did you mean `ATP`"),
    (MODEL % "{persistence: 0 s}", "persistence"),
    (MODEL % "{speed: 3 um}", "speed"),
    ((MODEL % "{}").replace(BOX, "{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}")
     .replace("tissue}", "well_mixed}"), "`motility` in a dish"),
])  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        interventions.resolve(io.loads(text))
    assert said in str(caught.value)
    assert "cells.microglia.motility" in str(caught.value)
