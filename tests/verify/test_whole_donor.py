"""Donor cells in whole numbers with seeds nobody chose: the comparisons of `tests/analytic/test_whole_donor.py`.

False alarm 1e-9 for each of about 360 comparisons.
"""

from __future__ import annotations

import secrets

import pytest

from tests.analytic import test_whole_cargo as cargo
from tests.analytic.test_whole_donor import burst_disagreements, disagreements, mean_disagreements

pytestmark = pytest.mark.verify


@pytest.mark.parametrize("looks", [0, 1, 3])
def test_it_is_the_law_of_the_plain_simulation(looks: int) -> None:
    """30,000 cells: means that are off by 0.07 standard deviations of a cell are seen with 99 %."""
    seed = secrets.randbits(32)
    assert (seed, disagreements(seed, 30_000, looks)) == (seed, [])


def test_means_are_those_of_the_aggregated_form() -> None:
    seed = secrets.randbits(32)
    assert (seed, mean_disagreements(seed, 200_000)) == (seed, [])


@pytest.mark.parametrize("capacity", [6.0, 6.4])
def test_bursts_at_rest_follow_their_law(capacity: float) -> None:
    seed = secrets.randbits(32)
    assert (seed, burst_disagreements(seed, capacity, 20_000)) == (seed, [])


def test_cargo_has_the_law_of_the_plain_simulation() -> None:
    """20,000 cells; 16 looks, since what pools change within a window would be seen otherwise."""
    seed = secrets.randbits(32)
    assert (seed, cargo.disagreements(seed, 20_000, looks=16)) == (seed, [])
