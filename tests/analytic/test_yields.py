"""Vesicles for each cell at the start, and for each that lived: a death that looks like secretion is told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import handled
from tests.models import MACHINERY, H, parameters
from vesica.analysis.runs.quantities import living, quantities
from vesica.analysis.runs.summary import summarise
from vesica.analysis.runs.warnings import warnings
from vesica.engine import simulate
from vesica.engine.program import compile_model
from vesica.errors import Finding
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import CELL_APOPTOSIS

HOURS, BLEBS = 24.0, 60.0
# hazards of death, 1/h, and how fast cells shed
ARMS = {"control": (0.001, 1.0), "dying": (0.02, 1.0), "busy": (0.001, 1.5), "both": (0.02, 3.0),
        "quiet": (0.001, 1.02)}


def mortal() -> ResolvedModel:
    """Cells that shed at a constant rate while they live, and fall apart into 60 vesicles when they die."""
    model = handled.model()
    values = {f"cell.{name}": (MACHINERY[name], field.unit) for name, field in CELL_APOPTOSIS.items()}
    cell = replace(model.cells[0], can_die=True, forms_apoptotic_vesicles=True)
    arms = tuple(Arm(name, {"cell": handled.CELLS}, values={"cell.death_rate": death / H},
                     factors={"cell.shedding_rate": more}, against="" if name == "control" else "control")
                 for name, (death, more) in ARMS.items())
    return replace(model, cells=(cell,), parameters={**model.parameters, **parameters(values)}, arms=arms)


@pytest.fixture(scope="module")
def runs() -> dict[str, ArmRun]:
    program = compile_model(mortal())
    return {found.arm.name: simulate.as_arm_run(program, found) for found in simulate.run_all(program)}


@pytest.mark.parametrize("arm", ARMS)
def test_yields_are_those_of_the_closed_form(runs: dict[str, ArmRun], arm: str) -> None:
    """Alive exp(-d t); shed r (1 - exp(-d T)) / d, so r per living cell and time; 60 vesicles of each that died.

    The mean share alive is a sum of trapezoids over steps of h = 1 h: too large by (d h)^2 / 12, relatively, up to
    (d h)^4 / 720 = 2e-10. So the yield of living cells is r less that.
    """
    death, more = ARMS[arm]
    rate, lived = 3.0 * more, -np.expm1(-death * HOURS) / death / HOURS
    found = quantities(mortal(), runs[arm])
    assert living(runs[arm], mortal().cells[0]) == pytest.approx(lived * (1 + death**2 / 12), rel=1e-8)
    name = "cell.released_per_living_cell_per_hour"
    assert found[name] == (pytest.approx(rate / (1 + death**2 / 12), rel=1e-8), "vesicle/cell/h")
    seeded = rate * lived + BLEBS * -np.expm1(-death * HOURS) / HOURS
    assert found["cell.released_per_cell_per_hour"][0] == pytest.approx(seeded, rel=1e-8)


def told(runs: dict[str, ArmRun], arm: str) -> list[Finding]:
    return [one for one in warnings(mortal(), {"control": runs["control"], arm: runs[arm]}, {})
            if one.path == f"arms.{arm}"]


def test_a_death_that_looks_like_secretion_is_named(runs: dict[str, ArmRun]) -> None:
    """Of cells that die at 0.02/h 38 % are dead after a day: those seeded gave more, those that lived as many."""
    (one,) = told(runs, "dying")
    alive, control = np.exp(-0.02 * HOURS), np.exp(-0.001 * HOURS)
    lived, lived_control = (1 - alive) / 0.02, (1 - control) / 0.001
    ratio = (3.0 * lived + BLEBS * (1 - alive)) / (3.0 * lived_control + BLEBS * (1 - control))
    assert f"per cell seeded {ratio:.2f} times" in one.wrote
    assert f"per cell alive at the end {ratio * control / alive:.2f} times" in one.wrote
    assert "for each that lived 1.00 times those of `control` (62% live at the end, there 98%)" in one.wrote
    assert "released_per_living_cell_per_hour" in one.fix


@pytest.mark.parametrize("arm", ["busy", "both", "quiet"])
def test_what_living_cells_secrete_is_no_artefact(runs: dict[str, ArmRun], arm: str) -> None:
    """1.5 times as many, or 3 times beside the same death, or a difference that nobody would report."""
    assert told(runs, arm) == []


def test_an_arm_without_a_control_or_cells_says_nothing(runs: dict[str, ArmRun]) -> None:
    alone = replace(runs["dying"], arm=replace(runs["dying"].arm, against=None))
    none = replace(runs["dying"], arm=replace(runs["dying"].arm, counts={"cell": 0.0}))
    for one in (alone, none):
        assert told({**runs, "dying": one}, "dying") == []


def test_it_stands_in_the_summary(runs: dict[str, ArmRun]) -> None:
    summary = summarise(mortal(), runs, "completed")
    assert [one["path"] for one in summary["findings"]] == ["arms.dying"]
