"""Reactions inside cells against the master equation, with seeds nobody chose; false alarm 1e-9 for each of 8 checks.

With 20,000 cells a mean that is off by 0.06 of its standard deviation is seen with 99 % (6.1 + 2.3 standard errors).
"""

from __future__ import annotations

import secrets

import pytest

from tests.analytic.test_whole_chemistry import (
    NOWHERE,
    NUMBERS,
    TITRATION,
    chances,
    resting_mean,
    streams,
    titrating,
)
from tests.chances import ALARM, law_chance
from tests.networks import master, small
from vesica.engine.whole.chemistry import Reactions

pytestmark = pytest.mark.verify
CELLS, LIMITS = 20_000, [20, 18, 18]


@pytest.mark.parametrize("is_settled", [False, True], ids=["from_nothing", "at_rest"])
def test_titration_follows_the_master_equation(is_settled: bool) -> None:
    seed = secrets.randbits(32)
    start = resting_mean(NUMBERS) if is_settled else {}
    program, values = titrating(CELLS, **start)
    reactions = Reactions(program, NOWHERE, "cell")
    if is_settled:
        reactions.settle(values, streams(CELLS, seed))
    else:
        reactions.advance(values, streams(CELLS, seed), 2.5)
    first = {"M": 3.0, "T": 1.0, "H": 2.0} if is_settled else dict.fromkeys("MTH", 0.0)
    law = master(small(first, TITRATION, NUMBERS), LIMITS, 30.0 if is_settled else 2.5)
    mine = values[program.index["M"]:program.index["H"] + 1]
    for state in range(3):
        marginal = law.sum(axis=tuple(k for k in range(3) if k != state))
        assert chances(mine[state], marginal / marginal.sum()) > ALARM, (seed, state)
    assert law_chance(mine[0] * LIMITS[2] + mine[2], law.sum(axis=1).ravel()) > ALARM, seed
