"""Drugs in closed form: dose and effect, how they come and go, anti-miRs and antibodies.

The bound of the solver's error is that of `tests.analytic.builders`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.analytic.builders import LUMEN, H, Run, build, run
from tests.models import parameters
from vesica.biology.drugs import drug_binding, drugged
from vesica.engine.check import check
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.well_mixed import run_lanes
from vesica.maths import hill
from vesica.spec.cells import CellType, Signal
from vesica.spec.resolved import Arm, Drug, DrugEffect, Inhibition, ResolvedModel

HALF, FOLD, LEAVING = 600.0, 0.2, 0.5 / H
CELL = CellType("cell", "cell", (Signal("drive", None),), solubles=("factor",), secretes_vesicles=False,
                takes_up_vesicles=False)
RATES = {"cell.drive.basal": 1.0, "cell.drive.decay_rate": 2 / H, "cell.factor.secretion_rate": 10.0,
         "factor.decay_rate": 1 / H}


def dosed(given: tuple[Inhibition, ...], *targets: tuple[str, str], steepness: float = 1.0, fold: float = FOLD,
          is_timed: bool = False) -> ResolvedModel:
    """Cells with one signal and one soluble, and a drug on some of their rates."""
    model = build((CELL,), (Arm("one", {"cell": 1e6}, inhibitions=given),), RATES, solubles=("factor",), every=H)
    drug = Drug("drug", "drug", tuple(DrugEffect(rate, ((owner, rate),)) for owner, rate in targets), is_timed)
    numbers = {"drug.drug.washout_rate": (LEAVING, "1/s")}
    for effect in drug.effects:
        numbers |= {drug.number(effect, "half_max"): (HALF, "molecule/um^3"),
                    drug.number(effect, "hill"): (steepness, ""), drug.number(effect, effect.strength): (fold, "")}
    return replace(model, drugs=(drug,), parameters={**model.parameters, **parameters(numbers)})


def standing(level: float, owner: str = "cell") -> Inhibition:
    """A drug that has been there before the run."""
    return Inhibition("drug", (owner,), (0.0,), (level,), level)


def passing(level: float, begin: float, end: float) -> Inhibition:
    """A drug that comes and goes."""
    return Inhibition("drug", ("cell",), (begin, end), (level, 0.0))


def share(level: float, steepness: float) -> float:
    """``x/(1 + x)``, written without the function of the engine."""
    x = (level / HALF) ** steepness
    return x / (1 + x)


@pytest.mark.parametrize("steepness", [1.0, 2.5])
@pytest.mark.parametrize("times", [0.0, 0.1, 1.0, 30.0])
@pytest.mark.parametrize("fold", [0.2, 3.0])
def test_dose_and_effect_of_a_drug_that_stays(times: float, steepness: float, fold: float) -> None:
    """Production of a signal times `1 + (fold - 1) x/(1 + x)` is its level, before the run and in it."""
    found = run(dosed((standing(times * HALF),), ("cell", "drive_production"), steepness=steepness, fold=fold))
    wanted = 1 + (fold - 1) * share(times * HALF, steepness)
    assert found["cell.drive"] == pytest.approx(np.full(found.times.size, wanted), abs=found.bound(wanted))


def test_a_drug_on_decay_alone_changes_the_level_by_its_inverse() -> None:
    """Production stays: the level is 1/(1 + (fold - 1) theta)."""
    found = run(dosed((standing(HALF),), ("cell", "drive_decay")))
    assert found["cell.drive"][-1] == pytest.approx(1 / 0.6, abs=found.bound(2.0))


def test_the_medium_is_acted_on_at_once() -> None:
    """Loss k plus 4k/2 = 3k: `factor` approaches 10 n / 3k by exp(-3kt), for a drug that comes at 0 h."""
    given = (Inhibition("drug", ("medium",), (0.0,), (HALF,)),)
    found = run(dosed(given, ("medium", "factor_clearance"), fold=4 / H, is_timed=True))
    wanted = 1e7 * H / 3 * (1 - np.exp(-3 * found.times / H))
    assert found["medium.factor"] == pytest.approx(wanted, abs=found.bound(1e10, per_dish=True))


def test_what_a_drug_takes_may_become_something_else() -> None:
    """Bateman's chain: what is made steadily is split at 2k into a product that stays; all of it is there."""
    given = (Inhibition("drug", ("medium",), (0.0,), (HALF,), HALF),)
    model = dosed(given, ("medium", "factor_clearance"), fold=4 / H)
    (drug,) = model.drugs
    numbers = parameters({"rest.decay_rate": (0.0, "1/s"), "factor.decay_rate": (0.0, "1/s")})
    model = replace(model, solubles=("factor", "rest"), parameters={**model.parameters, **numbers},
                    drugs=(replace(drug, effects=(replace(drug.effects[0], into="rest"),)),))
    found = run(model)
    left = 1e7 * H / 2 * (1 - np.exp(-2 * found.times / H))
    assert found["medium.factor"] == pytest.approx(left, abs=found.bound(1e10, per_dish=True))
    assert found["medium.rest"] == pytest.approx(1e7 * found.times - left, abs=found.bound(2e11, per_dish=True))


HELD = "cell.held_by_drug_factor_secretion"
BEGIN, END = 3 * H, 9 * H


def held(times: np.ndarray, level: float) -> np.ndarray:
    """theta of a drug between BEGIN and END: up within 1/(k (1 + x)), down within 1/k, in closed form."""
    x = level / HALF
    top = x / (1 + x)
    up = top * (1 - np.exp(-LEAVING * (1 + x) * np.clip(times - BEGIN, 0, END - BEGIN)))
    return up * np.exp(-LEAVING * np.clip(times - END, 0, None))


@pytest.mark.parametrize("level", [0.3 * HALF, 10 * HALF])
def test_onset_plateau_and_wash_out(level: float) -> None:
    """The share of targets held, and the soluble that is secreted by what is left of them.

    ``dF/dt = 10 n (1 + (fold - 1) theta) - k F``: the integral is done by Simpson's rule on steps of 1/200 h, whose
    error is below (1/200)^4/180 x 24 of the fourth derivative (11 k)^4, together 1e-6 of F.
    """
    found = run(dosed((passing(level, BEGIN, END),), ("cell", "factor_secretion"), is_timed=True))
    assert found[HELD] == pytest.approx(held(found.times, level), abs=found.bound(1.0))
    fine = np.linspace(0.0, 24 * H, 24 * 200 + 1)
    for edge in (BEGIN, END):
        assert edge in fine
    made = 1e7 * (1 + (FOLD - 1) * held(fine, level))
    for at in (6.0, 12.0, 24.0):
        many = int(200 * at) + 1
        weights = np.ones(many)
        weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
        left = np.exp(-(fine[many - 1] - fine[:many]) / H)
        wanted = float(weights @ (made[:many] * left)) * H / 600
        assert found["medium.factor"][int(at)] == pytest.approx(wanted, rel=2e-6)


def test_long_exposure_is_the_drug_that_stays() -> None:
    """With theta within e^-22 of its plateau the timed drug does what the one does that has been there before."""
    timed = run(dosed((passing(HALF, 0.0, 24 * H),), ("cell", "drive_production"), is_timed=True))
    always = run(dosed((standing(HALF),), ("cell", "drive_production")))
    assert timed["cell.drive"][0] == pytest.approx(1.0, abs=timed.bound(1.0))
    assert timed["cell.drive"][-1] == pytest.approx(always["cell.drive"][-1], abs=timed.bound(1.0) + np.exp(-22))


def test_a_drug_that_stays_among_arms_that_time_it_is_at_its_plateau_from_the_start() -> None:
    """The level rests where the drug before the run puts it."""
    found = run(dosed((standing(3 * HALF),), ("cell", "drive_production"), is_timed=True))
    assert found["cell.held_by_drug_drive_production"] == pytest.approx(0.75, abs=found.bound(1.0))
    assert found["cell.drive"] == pytest.approx(1 + (FOLD - 1) * 0.75, abs=found.bound(1.0))


def test_two_courses_of_one_drug_add_up() -> None:
    """One unit all through and two from 0 h on are three, in the long run."""
    both = run(dosed((standing(HALF), passing(2 * HALF, 0.0, 24 * H)), ("cell", "drive_production"), is_timed=True))
    assert both["cell.drive"][-1] == pytest.approx(1 + (FOLD - 1) * 0.75, abs=both.bound(1.0) + np.exp(-22))


def test_a_drug_given_to_others_does_nothing_here() -> None:
    found = run(dosed((standing(HALF, "elsewhere"),), ("cell", "drive_production")))
    assert found["cell.drive"] == pytest.approx(np.ones(found.times.size), abs=found.bound(1.0))


def test_the_law_of_a_rate_and_of_binding() -> None:
    """Equilibrium of `drug_binding` with loss is the Hill function; half of the targets held halve the effect."""
    assert drugged(4.0, 0.5, 0.5) == 3.0
    assert drugged(4.0, 3.0, 1.0) == 12.0
    for level in (0.2, 1.0, 7.0):
        theta = hill(level, 1.0, 2.0)
        assert drug_binding(0.1, level, 1.0, 2.0, theta) == pytest.approx(0.1 * theta, rel=1e-14)
    assert drug_binding(0.1, 0.0, 1.0, 2.0, 0.3) == 0.0


MIRNA = CellType("cell", "cell", cargo=("mir",), mirna_targets=("mir",), takes_up_vesicles=False,
                 secretes_vesicles=False)


def silenced(fold: float, **changes: float) -> Run:
    """Cells that make a miRNA with targets, and lose it so many times faster."""
    rates = {"cell.mir.basal": 1e4, "cell.mir.decay_rate": 0.03 / H, "cell.mir.target_sites": 5e3,
             "cell.mir.target_decay_rate": 0.1 / H, "cell.mir.target_binding_rate": 1e-8,
             "cell.mir.target_unbinding_rate": 1e-4, "cell.mir.repressed_decay_rate": 0.2 / H}
    model = build((MIRNA,), (Arm("one", {"cell": 1e6}),), rates | {f"cell.mir.{key}": v for key, v in changes.items()},
                  cargo=(LUMEN,))
    return run(replace(model, parameters={**model.parameters, **parameters({"cell.mir.anti_mir_fold": (fold, "")})}))


def test_an_anti_mir_leaves_its_share_of_free_mirna_whatever_targets_hold() -> None:
    """At rest what is made is lost as free miRNA alone: 1/20 of the basal copies, and targets feel so many."""
    found = silenced(20.0)
    assert found["cell.mir"][-1] == pytest.approx(500.0, rel=1e-5)
    fewer = silenced(1.0, basal=500.0)
    assert found["cell.mir_repressed"][-1] == pytest.approx(fewer["cell.mir_repressed"][-1], rel=1e-5)


def test_whole_numbers_know_the_drugs() -> None:
    """Levels of targets are followed with the signals: no process of a drug is without a part."""
    model = dosed((passing(HALF, BEGIN, END),), ("cell", "drive_production"), is_timed=True)
    model = replace(model, schedule=replace(model.schedule, fidelity="stochastic"))
    assert not [finding for finding in check(model) if "drug" in finding.wrote]


def test_lanes_of_draws_each_follow_their_own_numbers() -> None:
    """Three replicates side by side with other wash-out and half-max: each is the closed form of its own numbers.

    RODAS4 keeps 1e-9 a step like CVODE; some hundred steps of a level below one make less than 1e-6.
    """
    model = dosed((passing(HALF, BEGIN, END),), ("cell", "factor_secretion"), is_timed=True)
    program, (arm,) = compile_model(model), model.arms
    draws = [(LEAVING, HALF), (3 * LEAVING, HALF), (LEAVING, 4 * HALF)]
    rows = [parameter_row(model, arm, {"drug.drug.washout_rate": leaving, "drug.drug.factor_secretion.half_max": half})
            for leaving, half in draws]
    for (leaving, half), course in zip(draws, run_lanes(program, arm, rows, [{}] * 3), strict=True):
        x = HALF / half
        on = np.clip(course.times - BEGIN, 0, END - BEGIN)
        wanted = x / (1 + x) * (1 - np.exp(-leaving * (1 + x) * on))
        wanted = wanted * np.exp(-leaving * np.clip(course.times - END, 0, None))
        assert course.values[:, program.species.index(HELD)] == pytest.approx(wanted, abs=1e-6)
