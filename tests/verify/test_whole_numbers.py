"""The exact and the leaping stepper against the master equation with seeds nobody chose.

False alarm 1e-9 for each of 36 comparisons. 20,000 replicates: a mean that is off by 0.06 of its standard
deviation is seen with 99 % (6.1 + 2.3 standard errors).
"""

from __future__ import annotations

import secrets

import pytest

from tests.analytic.test_whole_numbers import BURSTS, DIMERS, TIMES, TURNOVER, chances
from tests.chances import ALARM
from tests.networks import Small, master, replicates

pytestmark = pytest.mark.verify
N = 20_000


@pytest.mark.parametrize(("of", "limits"), [(BURSTS, [160]), (DIMERS, [41, 21]), (TURNOVER, [60, 40])],
                         ids=["bursts", "closed", "open"])
def test_events_follow_the_master_equation(of: Small, limits: list[int]) -> None:
    seed = secrets.randbits(32)
    found = replicates(of, TIMES, N, seed=seed)
    for j, t in enumerate(TIMES):
        law = master(of, limits, t)
        for state in range(len(limits)):
            marginal = law.sum(axis=tuple(k for k in range(len(limits)) if k != state))
            assert chances(found[:, j, state], marginal) > ALARM, (seed, t, state)


def test_leaps_of_immigration_follow_it() -> None:
    """Bursts into one pool: leaping is exact there but for the rates that it holds, which change by 3 % at most."""
    seed = secrets.randbits(32)
    found = replicates(BURSTS, TIMES, N // 4, seed=seed, leap=True)[:, :, 0]
    for j, t in enumerate(TIMES):
        assert chances(found[:, j], master(BURSTS, [160], t)) > ALARM, (seed, t)
