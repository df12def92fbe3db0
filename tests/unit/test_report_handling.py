"""Samples in the report: what stood in the tubes, and concentrations in the volume of the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests import handled
from tests.models import H
from vesica import results
from vesica.analysis.measure.sample import samples_of
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.report import handling, page
from vesica.report.material import Material
from vesica.spec.resolved import ResolvedModel


def kept(folder: Path, model: ResolvedModel) -> results.Results:
    from vesica.spec import yaml_io

    text = yaml_io.dump({"cells": [{"name": "cell", "sheds_microvesicles": True}], "solubles": ["factor"],
                         "cargo": [{"name": "mir", "label": "", "kind": "mirna", "topology": "lumen"}]})
    return simulate.run(model, folder, model_text="vesica: 1\n", spec_text=text, summarise=summarise_replicates)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> results.Results:
    return kept(tmp_path_factory.mktemp("handled") / "run", handled.model())


def test_every_sample_is_a_row(run: results.Results) -> None:
    (table,) = handling.samples(Material(run)).blocks
    (row,) = table.rows
    assert [cell.text for cell in row[:3]] == ["handled", "6 h", "0.1"]
    assert [column.title for column in table.columns[-2:]] == ["factor", "agent"]
    assert "Samples of the medium" in page.build(run)


def test_an_arm_without_samples_has_no_section(tmp_path: Path) -> None:
    from dataclasses import replace

    model = handled.model()
    model = replace(model, arms=(replace(model.arms[0], handling=(handled.CHANGE,)),))
    without = kept(tmp_path / "run", model)
    assert handling.samples(Material(without)).blocks == ()
    assert "Samples of the medium" not in page.build(without)
    assert handling.volume_words(Material(without)) == "2"


def test_concentrations_are_those_of_the_volume_at_the_time(run: results.Results) -> None:
    material = Material(run)
    assert handling.volume_words(material) == "2 to 1.9"
    times = np.array([0.0, 5.9, 6.0, 24.0])
    assert handling.volume(material, "handled", times).tolist() == pytest.approx([2.0, 2.0, 1.9, 1.9])
    (sample,) = samples_of(run, times_h=(20.0,))
    assert sample.volume == pytest.approx(1.9)
    (later,) = samples_of(run, times_h=(24.0,))
    assert later.concentration == pytest.approx(handled.vesicles(24 * H)[0] / 1.9, rel=1e-8)


def test_the_volume_of_an_old_summary_is_that_of_the_vessel(run: results.Results) -> None:
    class Old:
        summary = {"domain": {"volume_mL": 3.0}, "arms": {"one": {}}}  # noqa: RUF012

    material = Material(Old())
    assert handling.volume(material, "one", np.array([0.0, 1.0])).tolist() == [3.0, 3.0]
    assert handling.volume_words(material) == "3"
