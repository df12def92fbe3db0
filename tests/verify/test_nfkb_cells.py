"""Turner 2010 (X27): NF-kB in single cells that differ, under constant TNF; the figures of docs/science.md."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from tests.analytic.test_networks_library import NG_TNF, peaks
from vesica import interventions
from vesica.engine.program import compile_model
from vesica.engine.whole.run import trajectories
from vesica.spec.model import ModelSpec
from vesica.spec.sample import sampled

pytestmark = pytest.mark.verify
# receptors, and four pools that the source starts with; the spread is an assumption
VARIES = ("nfkb.tnfr_made_k", "NFkB.initial", "IKK_off.initial", "TAK1_off.initial", "TTR.initial")
REPLICATES, TRACED, MINUTES = 5, 8, 2
RESPONDS = 0.1  # rise of the nuclear share of NF-kB


@functools.cache
def shares(ng: float, cv: str = "30 %") -> np.ndarray:
    """(cell, time) nuclear share of 40 cells for 5 h. TNF is held by secretion against a loss within 36 s."""
    words = {
        "vesica": 1, "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
        "cells": {"astrocyte": {"count": 1e5, "networks": ["nfkb"],
                                "variability": [{"of": [word], "cv": cv} for word in VARIES]}},
        "agents": {"feeder": {"molar_mass": "1 kg/mol"}},
        "rules": ["astrocyte: feeder increases TNF_secretion (half_max 1 nM, hill 1, up to 1e6x)"],
        "exposures": [{"agent": "feeder", "concentration": "1 M"}],
        "parameters": {"TNF.decay_rate": "100 1/h", "rule.astro_nfkb_tnf.fold": 1,
                       "astrocyte.TNF.secretion_rate": f"{ng * NG_TNF * 2e12 * 100 / 1e5 / 1e6} molecule/h"},
        "run": {"duration": "5 h", "every": f"{MINUTES} min", "fidelity": "stochastic", "cells_at_most": TRACED,
                "replicates": REPLICATES, "seed": 27},
    }  # fmt: skip
    program = compile_model(sampled(interventions.resolve(ModelSpec.model_validate(words))[0])[0])
    place = program.species.index("astrocyte.NFkB_nuclear_share")
    found = [next(trajectories(program, number)).trace for number in range(REPLICATES)]
    return np.concatenate([trace[:, :, place] for trace in found if trace is not None])


def responding(ng: float) -> np.ndarray:
    found = shares(ng)
    return found[found.max(axis=1) - found[:, 0] > RESPONDS]


def intervals(ng: float) -> np.ndarray:
    """Minutes from the first peak to the second of each cell that has two."""
    rows = [peaks(course) for course in responding(ng)]
    return np.array([MINUTES * (row[1] - row[0]) for row in rows if row.size > 1], dtype=float)


def test_fewer_cells_respond_to_less_tnf() -> None:
    """Of 40 cells few at 0.1 ng/mL, some at 0.3, all from 1 on; the seed fixes which, and docs/science.md prints it."""
    assert [len(responding(ng)) for ng in (0.1, 0.3, 1.0, 3.0, 10.0)] == [2, 20, 40, 40, 40]


@pytest.mark.parametrize("ng", [1.0, 3.0, 10.0, 100.0])
def test_the_first_interval_is_near_100_minutes_at_any_dose(ng: float) -> None:
    """Published: 100 min. The median of 40 cells with a spread of 12 min is known to 2.4 min; the band is 90-120."""
    assert 90.0 <= np.median(intervals(ng)) <= 120.0


def test_it_gets_shorter_with_dose_which_it_should_not() -> None:
    """A miss, and known: some 15 min from 1 to 100 ng/mL."""
    assert 5.0 < np.median(intervals(1.0)) - np.median(intervals(100.0)) < 30.0


def test_less_tnf_acts_later() -> None:
    first = [np.median([MINUTES * peaks(course)[0] for course in responding(ng)]) for ng in (0.3, 1.0, 3.0, 10.0)]
    assert first == sorted(first, reverse=True)
