"""What a run says of phenotypes: summary, quantities, and the picture of the report."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import H, phenotypes_model
from vesica.analysis.runs.summary import summarise
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.report import phenotypes as picture
from vesica.report.material import Material
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel


class Fake:
    """An opened run folder of arms in memory."""

    data, run = None, {}

    def __init__(self, summary: dict[str, Any], runs: dict[str, ArmRun]) -> None:
        self.summary, self._runs = summary, runs

    def series(self, arm: str, species: str, replicate: int = 0) -> tuple[np.ndarray, np.ndarray]:
        run = self._runs[arm]
        return run.times / H, run.values[:, run.species[species]]


@pytest.fixture(scope="module")
def found() -> tuple[ResolvedModel, dict[str, Any], dict[str, ArmRun]]:
    base = phenotypes_model()
    model = replace(base, schedule=replace(base.schedule, duration=24 * H, every=4 * H))
    program = compile_model(model)
    runs = {one.arm.name: as_arm_run(program, one) for one in run_all(program)}
    return model, summarise(model, runs, "completed"), runs


Found = tuple[ResolvedModel, dict[str, Any], dict[str, ArmRun]]


def test_the_shares_of_all_fates_add_up(found: Found) -> None:
    """Living states and kinds of death are parts of one: what is left died of other causes.

    Shares are known to the solver's 1e-8 relative, a few hundred steps of it: 1e-5 is allowed.
    """
    of = found[1]["arms"]["both"]["cells"]["taker"]["phenotype"]
    assert set(of) == {"alive", "dead", "calm", "angry", "burst", "thin", "thick"}
    assert of["calm"] + of["angry"] == pytest.approx(of["alive"], rel=1e-5)
    assert of["thin"] + of["thick"] == pytest.approx(of["alive"], rel=1e-5)
    assert of["alive"] + of["dead"] == pytest.approx(1.0, rel=1e-5)
    assert 0.01 < of["burst"] < of["dead"]
    assert found[1]["arms"]["both"]["cells"]["donor"]["phenotype"] == {"alive": 1.0}


def test_the_quantities_are_those_of_the_summary(found: Found) -> None:
    arm = found[1]["arms"]["both"]
    of = arm["cells"]["taker"]["phenotype"]
    for state in ("alive", "calm", "angry", "burst", "thick"):
        assert arm["quantities"][f"taker.{state}"] == {"value": of[state], "unit": ""}
    assert "donor.alive" not in arm["quantities"]


def test_the_chains_are_in_words(found: Found) -> None:
    assert set(found[1]["phenotypes"]) == {"taker"}
    assert found[1]["phenotypes"]["taker"]["fate"]["states"]["burst"] == {"label": "burst", "dies": True}
    assert found[1]["phenotypes"]["taker"]["look"]["settles"]
    assert found[1]["species"]["taker.died_of:burst"]["unit"] == "share of cells at the start"


def test_the_picture_stacks_all_cells_to_the_top(found: Found) -> None:
    """The upper edge of the last layer is at 100 % throughout, and every layer has its colour in the legend."""
    _, summary, runs = found
    section = picture.phenotypes(Material(Fake(summary, runs)))
    assert [figure.title for figure in section.blocks] == ["taker: fate", "taker: look"]
    fate = section.blocks[0]
    assert [key.name for key in fate.keys] == ["calm", "angry", "dead: burst", "dead otherwise"]
    paths = re.findall(r'<path d="([^"]+)" class="segment ([^"]+)"', fate.panels[0].wide)
    assert [css for _, css in paths] == ["state-0", "state-1", "death-0", "death-other"]
    assert all(path.count("M") == 1 and path.endswith("Z") for path, _ in paths)
    heights = {float(y) for y in re.findall(r",([\d.]+)", paths[-1][0].split("L")[0])}
    assert heights == {26.0}


def test_a_summary_without_chains_has_no_section(found: Found) -> None:
    for broken in ({}, {"phenotypes": None}, {"phenotypes": {"taker": None}}, {"phenotypes": {"taker": {"fate": None}}},
                   {"phenotypes": {"taker": {"fate": {"states": {"calm": None, "gone": {"dies": True}}}}}}):
        summary = {**found[1], "phenotypes": None, **broken}
        assert picture.phenotypes(Material(Fake(summary, found[2]))).blocks == ()
