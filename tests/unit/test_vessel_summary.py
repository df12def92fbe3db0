"""What a summary says of a vessel, and of a dose poured into it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.analytic.builders import build, dish
from tests.analytic.test_vessels import AREA, CELLS, CHANNEL, DEPTH, EV, GIVEN, VOLUME, H, column, transwell
from vesica.analysis.runs.mixing import mixing
from vesica.analysis.runs.vessel import vessel
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.simulate import as_arm_run
from vesica.engine.well_mixed import run_arm
from vesica.results.arm_run import ArmRun
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm, Compartment, Domain, Dose, Handling, ResolvedModel
from vesica.transport.diffusion import still_column_share

HOURS, OUTPUTS = 24.0, 96
DRINKING = 5.0 * EV / DEPTH * AREA / CELLS  # um^3/s per cell: moderate uptake, v L/D = 5


def given(domain: Domain, changes: dict[str, float], *, makers: float = 0.0) -> tuple[ResolvedModel, ArmRun]:
    """A dose to a million takers, beside some cells that make vesicles of the same class."""
    donor = CellType("donor", "donor", takes_up_vesicles=False)
    taker = CellType("taker", "taker", secretes_vesicles=False)
    dose = Dose("source", "taker", "particles_per_cell", GIVEN / CELLS, 0.0)
    arm = Arm("arm", {"taker": CELLS, "donor": makers}, doses=(dose,))
    changes = {"taker.macropinocytosis_rate": DRINKING, **changes}
    model = build((donor, taker), (arm,), changes, duration=HOURS * H, every=HOURS * H / OUTPUTS, domain=domain)
    program = compile_model(model)
    sources = dish({"medium.free:donor": 1.0})
    return model, as_arm_run(program, run_arm(program, arm, parameter_row(model, arm), sources))


def said(domain: Domain, changes: dict[str, float], **more: float) -> dict:
    found = mixing(*given(domain, changes, **more))
    assert found is not None
    return found


def test_of_a_still_column_the_computed_share_is_the_still_one() -> None:
    model, run = given(column(12), {})
    found = mixing(model, run)
    assert found is not None
    taken = run.final("taker.taken_up:donor") * CELLS / GIVEN
    assert found["computed"] == "still"
    assert found["still_share"] == found["delivered_share"] == pytest.approx(taken, rel=1e-12)
    assert found["ceiling_share"] == pytest.approx(still_column_share(EV, DEPTH, HOURS * H), rel=1e-12)
    assert found["still_share"] < found["ceiling_share"]
    assert found["words"].startswith(f"Of the nominal dose the cells took up {taken:.2%} in 24 h, through still medium")


def test_the_estimate_for_a_stirred_dish_is_what_a_stirred_dish_gives() -> None:
    """Drinking clears N q per time from whatever stands at the cells: the stirred share follows but for the integral.

    A trapezium of a falling course is off by at most half a step times its fall; so is the cleared volume, relatively,
    and the share by no more than that.
    """
    _, run = given(column(12), {})
    found, exact = said(column(12), {}), -math.expm1(-CELLS * DRINKING * HOURS * H / VOLUME)
    at_cells = run.course("medium.0.free:donor")
    bound = (at_cells[0] - at_cells[-1]) / 2 / at_cells[:-1].sum()
    assert 1e-4 < bound < 0.02
    assert found["stirred_share"] == pytest.approx(exact, rel=bound)
    assert found["stirred_share"] > 1.2 * found["still_share"]
    stirred = said(Domain("dish", VOLUME, DEPTH, "stirred"), {})
    assert stirred["computed"] == "stirred"
    assert stirred["stirred_share"] == pytest.approx(exact, rel=1e-6)
    assert stirred["still_share"] == min(stirred["ceiling_share"], stirred["stirred_share"])


def test_vesicles_of_cells_in_the_same_dish_are_no_dose() -> None:
    """No sum tells them from those that were given."""
    assert mixing(*given(column(3), {}, makers=1.0)) is None


def test_of_a_dose_that_is_partly_taken_away_there_is_no_estimate_for_stirring() -> None:
    model, run = given(column(3), {})
    changed = replace(run, arm=replace(run.arm, handling=(Handling(H, VOLUME, VOLUME),)))
    found, plain = mixing(model, changed), mixing(model, run)
    assert found is not None
    assert plain is not None
    assert (found["stirred_share"], found["still_share"]) == (None, plain["still_share"])
    assert "stirred" not in found["words"]


def test_a_dose_in_an_insert_is_that_of_its_column() -> None:
    domain, changes = transwell(0.4, 6)
    found = said(domain, changes)
    assert found["depth_um"] == domain.compartments[0].depth
    assert found["still_share"] < found["ceiling_share"]


def test_a_dose_in_a_channel_has_its_height_to_sink_through() -> None:
    """No flow brings more to the floor than a still column of that height."""
    found = said(CHANNEL, {"vessel.flow": 0.01, "taker.macropinocytosis_rate": 1e-5})
    assert found["depth_um"] == 100.0
    assert found["ceiling_share"] == pytest.approx(still_column_share(EV, 100.0, HOURS * H), rel=1e-12)


SLICE = Domain("slice", 5e10 + 3e10, 300.0, "still", (
    Compartment("slice", 3e10, 300.0, 12, ("donor", "taker")), Compartment("bath", 5e10, 500.0, 1, ()),
))  # fmt: skip
TISSUE = {"vessel.volume_fraction": 0.2, "vessel.tortuosity": 1.6, "vessel.vesicle_tortuosity": 4.0}


def test_a_slice_has_no_bottom_that_absorbs() -> None:
    found = said(SLICE, {**TISSUE, "taker.macropinocytosis_rate": 1.0})
    assert found["ceiling_share"] is None
    assert found["still_share"] is None
    assert 0.0 < found["delivered_share"] < 1.0


VESSELS = {
    "still": (column(12), {}, "12 layers"),
    "stirred": (Domain("dish", VOLUME, DEPTH, "stirred"), {}, "same everywhere"),
    "whole": (Domain("dish", VOLUME, DEPTH, "still", (Compartment("medium", VOLUME, DEPTH, 1, ("taker",)),)), {},
              "read both bounds"),
    "transwell": (*transwell(0.4, 6), "half of a difference"),
    "tight": (*transwell(0.05, 6), "does not pass them"),
    "slow": (CHANNEL, {"vessel.flow": 0.1}, "at most"),
    "fast": (CHANNEL, {"vessel.flow": 1e7}, "mixed over the height"),
    "none": (CHANNEL, {"vessel.flow": 0.0}, "No medium flows"),
    "slice": (SLICE, TISSUE, "16 times slower"),
}


@pytest.mark.parametrize("name", VESSELS)
def test_a_vessel_in_words_and_numbers(name: str) -> None:
    domain, changes, words = VESSELS[name]
    donor = CellType("donor", "donor", takes_up_vesicles=False)
    found = vessel(build((donor,), (Arm("arm", {"donor": 1.0}),), changes, domain=domain))
    assert any(words in sentence for sentence in found["words"])
    assert ("mixed over the height" in " ".join(found["words"])) == (name == "fast")
    for one in domain.compartments:
        part = found["compartments"][one.name]
        assert np.sum(part["layers_um"]) == pytest.approx(one.depth, rel=1e-14)
        assert len(part["layers_um"]) == one.layers
        assert part["liquid_mL"] == pytest.approx(one.volume / 1e12 * (0.2 if one.name == "slice" else 1.0))
