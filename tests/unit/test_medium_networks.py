"""Networks of the medium where models are explained, compared, cited, scaled, read back and shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.test_dimensions import misfits
from vesica import api, interventions
from vesica.analysis.explain import cited, compare, explanation, uses
from vesica.report.material import Material
from vesica.report.medium import course, factors
from vesica.spec import inside, io, recall, yaml_io
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent

TEXT = """
vesica: 1
title: Who splits the ATP?
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
medium: {networks: [ectonucleotidases, own]}
networks:
  own: {label: a clock, constants: {k: 1 nM/h}, reactions: {tick: {equation: -> clock, rate: k}}}
solubles: {clock: {decay_rate: 0 1/h}}
cells: {microglia: {count: 1e5, microvesicles: true, networks: [surface_nucleotidases]}}
handling: [{sample: 1 mL, at: 3 h}]
exposures: [{add: ATP, concentration: 10 uM, at: 1 h}]
run: {duration: 6 h, every: 1 h}
"""


def model(text: str = TEXT) -> ResolvedModel:
    return interventions.resolve(io.loads(text))[0]


def test_the_check_says_what_is_in_the_medium() -> None:
    assert inside.networks(model())[1:] == [
        "medium: `ectonucleotidases` (ATP to adenosine by CD39 and CD73 of free vesicles): 3 reactions.",
        "medium: `own` (a clock): 1 reaction."]


def test_an_explanation_holds_it_with_what_rests_on_its_numbers() -> None:
    found = explanation.of_model(model())
    assert [part.title for part in found.parts][-2:] == ["network ectonucleotidases in medium", "network own in medium"]
    assert ("total", "adenine") in [(line.kind, line.name) for line in found.parts[-2].lines]
    rests = uses.of_model(model())
    assert rests["medium.own.k"] == ("own, tick: -> clock, rate k",)
    assert "free_CD73" in rests["medium.ectonucleotidases.kcat_AMP"][0]


def test_its_sources_are_cited() -> None:
    found = cited.works([], yaml_io.parse(io.dump_resolved(model())).data)
    (work,) = [work for work in found if work.source.startswith("Clayton 2011")]
    assert work.networks == ("ATP to adenosine by CD39 and CD73 of free vesicles in the medium",)


def test_a_difference_in_the_medium_is_a_difference() -> None:
    other = model(TEXT.replace("-> clock, rate: k", "-> 2 clock, rate: k"))
    changes = [(one.group, one.what) for one in compare.compare(model(), other).changes]
    assert changes == [("Networks", "medium: own reaction tick")]


def test_it_is_read_back_as_it_was() -> None:
    assert recall.recalls(io.dump_resolved(model())) == model()
    assert model().networks != ()


def test_every_reaction_moves_molecules_of_the_vessel() -> None:
    assert misfits(model()) == []
    assert misfits(model(), {"medium.own.k": "molecule/s"}) == ["medium_reaction/own_tick: medium.clock"]


def test_concentrations_stay_when_cells_and_medium_grow() -> None:
    found = model()
    names = ("own.k", "ectonucleotidases.km_ATP", "ectonucleotidases.kcat_AMP")
    assert {exponent(found, f"medium.{name}") for name in names} == {0}


def test_the_report_shows_factors_as_concentrations_of_the_medium_that_is_left(tmp_path: Path) -> None:
    """Half of the medium goes at 3 h, and half of the clock with it: its concentration goes on by 1 nM an hour."""
    (tmp_path / "model.yaml").write_text(TEXT, encoding="utf-8")
    material = Material(api.simulate(tmp_path / "model.yaml", tmp_path / "run"))
    section = factors(material)
    assert "a clock" in section.lead
    (figure,) = section.blocks
    shown = {panel.title for panel in figure.panels}
    assert {f"{name} in the medium" for name in ("ATP", "ADP", "AMP", "adenosine", "clock")} <= shown
    found = course(material, "medium.clock")("base")
    assert found is not None
    assert found[1] / 0.602214076 == pytest.approx(np.arange(7.0), rel=1e-6, abs=1e-9)
