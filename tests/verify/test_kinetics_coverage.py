"""Coverage of profile intervals of release and uptake: 1,500 simulations each, with fresh seeds."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from scipy.stats import binom

from tests.unit.test_kinetics_release import (
    DECAY,
    ONE,
    REUPTAKE,
    SECRETION,
    SURFACES,
    THREE,
    TWO,
    covers,
    made,
)
from tests.unit.test_kinetics_uptake import made as made_uptake
from vesica.analysis.kinetics.least_squares import fit
from vesica.analysis.kinetics.release import fit_release
from vesica.analysis.kinetics.uptake import Law, problem_of

pytestmark = pytest.mark.verify
RUNS, LEVEL = 1500, 0.95
# False alarms 1e-4 on each side, with 1 % of the level for the curvature of the laws at a 10 % error of a reading.
SLACK = 0.01
LEAST = int(binom.ppf(1e-4, RUNS, LEVEL - SLACK))
MOST = int(binom.ppf(1 - 1e-4, RUNS, min(LEVEL + SLACK, 1.0)))


@pytest.mark.parametrize(
    ("cultures", "losses", "rates"),
    [
        (ONE, ("decay",), (DECAY,)),
        (TWO, ("decay", "reuptake"), (DECAY, REUPTAKE)),
        (THREE, ("decay", "reuptake"), (DECAY, REUPTAKE)),
        (SURFACES, ("decay", "reuptake", "plastic"), (DECAY, REUPTAKE, 5e-3)),
    ],
)
def test_release_intervals_cover_at_their_level(cultures, losses, rates) -> None:
    """Every rate, six times in triplicate, 10 % log-normal error."""
    seed = secrets.randbits(32)
    model = {1: "decay", 2: "reuptake", 3: "plastic"}[len(losses)]
    hits = np.zeros(1 + len(losses), dtype=int)
    for number in range(RUNS):
        found = fit_release(made(cultures, losses, rates, 0.1, [seed, number]), model, intervals=False)
        assert found is not None
        hits += [covers(found.fit, i, truth) for i, truth in enumerate((SECRETION, *rates))]
    print(f"seed {seed}, {model}: coverage {hits / RUNS}")
    assert (hits >= LEAST).all(), (seed, hits / RUNS)
    assert (hits <= MOST).all(), (seed, hits / RUNS)


@pytest.mark.parametrize(
    ("law", "rates"),
    [
        (Law("first_order", True), (5e-7,)),
        (Law("saturable", True), (1e-9, 0.3, 800.0)),
        (Law("internalising", False), (1e-9, 0.5, 600.0, 0.5, 0.1)),
    ],
)
def test_uptake_intervals_cover_at_their_level(law: Law, rates) -> None:
    """Every rate, five doses at six times, 8 % error with its relative size known and its scale estimated."""
    seed = secrets.randbits(32)
    hits = np.zeros(len(rates), dtype=int)
    for number in range(RUNS):
        found = fit(problem_of(made_uptake(law, rates, error=0.08, seed=[seed, number]), law), tries=1)
        hits += [covers(found, i, truth) for i, truth in enumerate(rates)]
    print(f"seed {seed}, {law.key}: coverage {hits / RUNS}")
    assert (hits >= LEAST).all(), (seed, hits / RUNS)
    assert (hits <= MOST).all(), (seed, hits / RUNS)
