"""Shares of players: all coalitions, and rounds around tables, against sums over all orders."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tests.comparisons import agrees_with_mean
from vesica.analysis.attribution import rounds
from vesica.analysis.attribution.games import dividends, interactions, shapley
from vesica.analysis.attribution.players import Player, turned_off
from vesica.analysis.attribution.result import Effect, from_all, from_rounds, relative

EFFECT = Effect("taker.alarm", "", "both", 24.0, 1.0)
# sums of a few hundred numbers of size one: their roundings add up to less than 1e-13
ROUNDING = 1e-13


def random_game(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=1 << count)


def over_all_orders(values: np.ndarray, count: int) -> np.ndarray:
    """The definition: what a player adds to those before it, averaged over all orders."""
    found = np.zeros(count)
    for order in itertools.permutations(range(count)):
        before = 0
        for player in order:
            found[player] += values[before | 1 << player] - values[before]
            before |= 1 << player
    return found / math.factorial(count)


def named(count: int) -> list[Player]:
    return [Player(str(place), {f"gate.{place}": 0.0}) for place in range(count)]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shares_are_the_mean_over_all_orders_and_add_up(count: int) -> None:
    values = random_game(count)
    assert shapley(values) == pytest.approx(over_all_orders(values, count), abs=ROUNDING)
    assert shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=ROUNDING)


def test_dividends_of_all_parts_add_up_and_make_shares_and_interactions() -> None:
    """A coalition's dividend is shared equally by its members (Harsanyi), and by its pairs, less one, in the index."""
    count = 5
    values = random_game(count)
    found = dividends(values)
    everyone = range(1 << count)
    for whole in everyone:
        parts = sum(found[part] for part in everyone if part & whole == part)
        assert parts == pytest.approx(values[whole], abs=ROUNDING)
    share, pair = shapley(values), interactions(values)
    for i in range(count):
        mine = [mask for mask in everyone if mask >> i & 1]
        assert share[i] == pytest.approx(sum(found[mask] / mask.bit_count() for mask in mine), abs=ROUNDING)
        for j in range(i):
            both = sum(found[mask] / (mask.bit_count() - 1) for mask in mine if mask >> j & 1)
            assert pair[i, j] == pytest.approx(both, abs=ROUNDING)


def test_closed_forms_of_chains() -> None:
    """One path through three: a third each, and the pair interacts with half of it (the third has yet to come).

    Parallel paths: each its own, no interaction. One of two that do the same: half each, and minus all of it together.
    """
    path = np.array([6.0 * (mask == 7) for mask in range(8)])
    assert shapley(path) == pytest.approx([2.0, 2.0, 2.0])
    assert interactions(path)[0, 1] == pytest.approx(3.0)
    assert dividends(path) == pytest.approx([0, 0, 0, 0, 0, 0, 0, 6.0])
    parallel = np.array([1.0 + 2.0 * (mask & 1) + 5.0 * (mask >> 1 & 1) for mask in range(4)])
    assert shapley(parallel) == pytest.approx([2.0, 5.0])
    assert interactions(parallel)[0, 1] == pytest.approx(0.0)
    either = np.array([0.0, 4.0, 4.0, 4.0])
    assert shapley(either) == pytest.approx([2.0, 2.0])
    assert interactions(either)[0, 1] == pytest.approx(-4.0)


def test_who_does_nothing_gets_nothing_and_equals_get_equal_shares() -> None:
    """Player 3 changes nothing: zero to the last bit, exact and in every round; 0 and 1 are interchangeable."""
    values = np.array([math.tanh(0.3 * ((mask & 1) + (mask >> 1 & 1)) + (mask >> 2 & 1)) for mask in range(16)])
    assert shapley(values)[3] == 0.0
    assert shapley(values)[0] == pytest.approx(shapley(values)[1], abs=ROUNDING)
    known = dict(enumerate(values.tolist()))
    seatings = [rounds.seats(4, 1, number) for number in range(5)]
    found = from_rounds(EFFECT, named(4), (), known, seatings)
    zero = found.of([3])
    assert zero.low == zero.value == zero.high == 0.0


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_round_is_unbiased_and_adds_up_and_costs_what_is_said(count: int) -> None:
    """The mean over all seatings is the share, and the interaction; every single round adds up to the whole."""
    values = random_game(count)
    known = dict(enumerate(values.tolist()))
    share, pair = np.zeros(count), np.zeros((count, count))
    for order in itertools.permutations(range(count)):
        table = np.array(order)
        one, both = rounds.of_round(table, known)
        assert one.sum() == pytest.approx(values[-1] - values[0], abs=ROUNDING)
        share, pair = share + one, pair + both
        assert len(set(rounds.arcs(table))) <= rounds.runs(count, 1)
    assert share / math.factorial(count) == pytest.approx(shapley(values), abs=ROUNDING)
    assert pair / math.factorial(count) == pytest.approx(interactions(values), abs=ROUNDING)
    budget = rounds.runs(12, 4)
    assert rounds.rounds_within(12, budget) == 4
    assert rounds.rounds_within(12, budget - 1) == 3


def test_sampled_shares_agree_with_exact_ones_and_a_bias_would_be_seen() -> None:
    """600 rounds of 6 players against the exact mean, with the exact variance over all 720 seatings.

    False alarm 1e-9 for each of 6 players (`comparisons.ALARM`); a bias of 6.1 + 2.3 standard errors of the mean, a
    third of the scatter of one round, is seen with 99 % power, and the test shows it.
    """
    count, drawn = 6, 600
    values = random_game(count, 3)
    known = dict(enumerate(values.tolist()))
    every = np.array([rounds.of_round(np.array(order), known)[0] for order in itertools.permutations(range(count))])
    variance = every.var(axis=0)
    sample = np.array([rounds.of_round(rounds.seats(count, 7, number), known)[0] for number in range(drawn)])
    for player, share in enumerate(shapley(values)):
        assert agrees_with_mean(sample[:, player], share, variance[player])
        assert not agrees_with_mean(sample[:, player] + 0.5 * math.sqrt(variance[player]), share, variance[player])


def test_intervals_hold_what_they_say() -> None:
    """The 95 % interval of 5 rounds holds the share in nearly so many of 400 studies.

    Student's t is exact for normal rounds; for these, a little heavier in the middle, it may hold 92 %. With that
    chance fewer than 82 % of 400 are seen with 2e-10 (binomial); intervals of half the width hold 75 %, and fail.
    """
    count = 6
    values = random_game(count, 3)
    known = dict(enumerate(values.tolist()))
    share = shapley(values)[0]
    held, half = 0, 0
    for study in range(400):
        draws = np.array([rounds.of_round(rounds.seats(count, study, number), known)[0][0] for number in range(5)])
        found = rounds.combined(draws)
        held += bool(found.low <= share <= found.high)
        half += bool(abs(found.value - share) <= (found.high - found.value) / 2)
    assert held >= 0.82 * 400
    assert half < 0.82 * 400


def test_an_attribution_holds_both_ways_of_finding_it() -> None:
    """With few players a round holds every coalition; groups add up, idle players are kept, signs of shares follow."""
    values = random_game(3, 5)
    exact = from_all(EFFECT, named(3), named(1), values)
    table = [np.array(order) for order in itertools.permutations(range(3))]
    sampled = from_rounds(EFFECT, named(3), named(1), dict(enumerate(values.tolist())), table)
    for members in ([0], [1, 2], [0, 1, 2]):
        assert sampled.of(members).value == pytest.approx(exact.of(members).value, abs=ROUNDING)
    assert exact.of([0, 1, 2]).value == pytest.approx(exact.brought, abs=ROUNDING)
    assert exact.alone[1] == values[2] - values[0]
    assert exact.needed[1] == values[7] - values[5]
    turned = relative(sampled.of([0]), -1.0)
    assert turned.low <= turned.value <= turned.high


def test_who_is_off_is_turned_off() -> None:
    players = named(3)
    assert turned_off(players, 0b101) == {"gate.1": 0.0}
    assert turned_off(players, 0b111) == {}
