"""Microglia under LPS and neurons: what its controls must do, whatever the numbers are."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.results.arm_run import ArmRun
from vesica.spec import yaml_io
from vesica.spec.model import ModelSpec

EXAMPLE = Path(__file__).parents[2] / "examples" / "lps_microglia_neurons.yaml"
SAME = 1e-5  # two courses that obey the same equations: the solver's 1e-8 a step, over some 1000 steps
WANTED = (
    "control", "lps", "tlr4_ko", "lps_tlr4_ko", "atp", "lps_atp", "neurons_untreated",
    "neurons_given_tlr4_ko_evs", "neurons_given_lps_tlr4_ko_evs", "neurons_given_lps_medium",
    "neurons_given_lps_medium_without_evs", "neurons_given_lps_medium_deaf_to_solubles",
)
NEURONS: dict[str, Any] = {"microglia": {"count": 0}, "neuron": {"count": 5e5}}
DOSE: dict[str, Any] = {"doses_from": "lps", "to": "neuron", "donor_cells_per_cell": 2, "at": "24 h"}
MORE: dict[str, Any] = {
    "washed": {"cells": NEURONS, "exposures": [DOSE]},
    "deaf_and_without_evs": {"cells": NEURONS, "exposures": [{**DOSE, "carry_over": "100 %"}],
                             "interventions": [{"block": "uptake", "cells": ["neuron"]},
                                               {"block": "soluble", "cells": ["neuron"]}]},
}  # fmt: skip


@functools.cache
def arms() -> dict[str, ArmRun]:
    words = yaml_io.read(EXAMPLE).data
    words["arms"] = {name: arm for name, arm in words["arms"].items() if name in WANTED} | MORE
    for arm in words["arms"].values():
        arm.pop("against", None)
    words.pop("published")
    program = compile_model(interventions.resolve(ModelSpec.model_validate(words))[0])
    return {found.arm.name: as_arm_run(program, found) for found in run_all(program)}


def course(arm: str, name: str) -> np.ndarray:
    return arms()[arm].values[:, arms()[arm].species[name]]


def apart(one: str, other: str, names: tuple[str, ...]) -> float:
    """Largest difference between the courses of two arms, of the largest value."""
    return max(float(np.abs(course(one, name) - course(other, name)).max() / np.abs(course(one, name)).max())
               for name in names)


CELL = ("microglia.NFkB_activity", "microglia.released:microglia", "microglia.miR_146a", "microglia.TNF_carried",
        "microglia.alive", "medium.TNF", "medium.IL6")
NEURON = ("neuron.COX2", "neuron.alive", "neuron.stressed", "neuron.miR_146a")


def test_without_tlr4_lps_does_nothing() -> None:
    assert apart("lps_tlr4_ko", "tlr4_ko", CELL) < SAME
    assert apart("neurons_given_lps_tlr4_ko_evs", "neurons_given_tlr4_ko_evs", NEURON) < SAME
    assert apart("lps", "control", CELL) > 0.1


def test_who_hears_no_solubles_feels_washed_vesicles() -> None:
    assert apart("neurons_given_lps_medium_deaf_to_solubles", "washed", NEURON) < SAME
    assert apart("neurons_given_lps_medium", "washed", NEURON) > 100 * SAME


def test_without_vesicles_and_solubles_neurons_are_as_untreated() -> None:
    assert apart("deaf_and_without_evs", "neurons_untreated", NEURON) < SAME
    assert apart("neurons_given_lps_medium_without_evs", "neurons_untreated", NEURON) > 100 * SAME


def test_specks_need_both_signals() -> None:
    """Tenths of the cells with both, less than a hundredth with either."""
    dead = {arm: 1.0 - course(arm, "microglia.alive")[-1] for arm in ("control", "lps", "atp", "lps_atp")}
    assert dead["lps_atp"] > 0.5
    assert max(dead["lps"], dead["atp"]) < 0.02
    il1b = {arm: course(arm, "medium.IL1b_free").max() for arm in ("lps", "atp", "lps_atp")}
    assert il1b["lps_atp"] > 50 * max(il1b["lps"], il1b["atp"])


@pytest.mark.parametrize("arm", ["atp", "lps_atp"])
def test_atp_makes_them_shed_while_it_lasts(arm: str) -> None:
    """Three- to tenfold in the hour of ATP (Bianco 2009): an input, by the living cells."""
    shed = course(arm, "microglia.released:microglia~microvesicle")
    before, during = shed[44] - shed[42], shed[46] - shed[44]  # rows of half an hour; ATP from 22 h to 23 h
    assert during > 3.0 * before
