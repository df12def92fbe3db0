"""Reactions of a table: the dependency graph against brute force, pairs, the tree of sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import Small, chain, small
from vesica.engine.counters import stream
from vesica.engine.network import FAN, levels
from vesica.engine.steppers import ssa
from vesica.engine.table import Assignment

POOLS = ("A", "B", "C", "D")


@st.composite
def networks(draw: st.DrawFn) -> Small:
    """Up to 30 random reactions of order 0 to 3 between four pools, moves of up to 3, never below what they take."""
    reactions = []
    for number in range(draw(st.integers(1, 30))):
        taken = draw(st.lists(st.sampled_from(POOLS), max_size=3))
        made = draw(st.dictionaries(st.sampled_from(POOLS), st.integers(1, 3), max_size=2))
        moves = {pool: made.get(pool, 0) - taken.count(pool) for pool in {*taken, *made}}
        reactions.append((f"r{number}", (f"k{number}", *taken), moves))
    rates = {f"k{number}": draw(st.floats(0.01, 1.0)) for number in range(len(reactions))}
    return small({pool: draw(st.integers(0, 40)) for pool in POOLS}, reactions, rates)


def rates(of: Small, v: np.ndarray) -> np.ndarray:
    """All rates computed afresh."""
    sums = of.sums()
    ssa.refresh(of.net, v, sums)
    return sums[: len(of.net.reactions)]


@settings(max_examples=50)
@given(networks(), st.integers(0, 2**31))
def test_every_rate_that_changes_is_listed_and_no_more_than_share_a_pool(of: Small, seed: int) -> None:
    v = of.fresh(np.random.default_rng(seed).integers(3, 30, 4))
    before, net = rates(of, v.copy()), of.net
    for r in range(len(net.reactions)):
        after = v.copy()
        for m in range(net.move_start[r], net.move_start[r + 1]):
            after[net.move_place[m]] += net.move_count[m]
        listed = set(net.change[net.change_start[r]:net.change_start[r + 1]].tolist())
        changed = set(np.flatnonzero(rates(of, after) != before).tolist())
        moved = {pool for pool, count in of.program.table.fluxes[r].moves if count}
        sharing = {k for k, flux in enumerate(of.program.table.fluxes) if moved & set(flux.factors)}
        assert changed <= listed == sharing


@settings(max_examples=30)
@given(networks(), st.integers(0, 1000))
def test_after_many_events_the_tree_is_what_it_would_be_afresh(of: Small, index: int) -> None:
    """The strongest test of the graph and the touched nodes: bit for bit, after whatever fired."""
    v, sums, fresh = of.fresh(), of.sums(), of.sums()
    ssa.refresh(of.net, v, sums)
    ssa.fire(of.net, v, sums, stream(1, "tree", index), 0.0, 1e9, 200)
    ssa.refresh(of.net, v, fresh)
    assert sums.tolist() == fresh.tolist()


def test_a_graph_with_a_hole_is_found() -> None:
    """The test above can fail: without its list of changes the tree goes stale."""
    of = chain(5)
    broken = replace(of.net, change=np.zeros_like(of.net.change))
    v, sums, fresh = of.fresh(), of.sums(), of.sums()
    ssa.refresh(broken, v, sums)
    ssa.fire(broken, v, sums, stream(1, "tree", 0), 0.0, 1e9, 50)
    ssa.refresh(broken, v, fresh)
    assert sums.tolist() != fresh.tolist()


def test_kernels_are_computed_again_when_what_they_read_changes() -> None:
    of = small({"A": 5.0, "B": 0.0}, [("r", ("rate",), {"A": -1, "B": 1}), ("back", ("k", "B"), {"B": -1})],
               {"k": 1.0, "half": 2.0, "hill": 1.0, "fold": 3.0, "base": 1.0},
               [Assignment("rate", "modulated", ("base", "fold", "A", "half", "hill"))])
    v, sums, fresh = of.fresh(), of.sums(), of.sums()
    ssa.refresh(of.net, v, sums)
    assert sums[0] == pytest.approx(1 + 2 * 5 / 7, rel=1e-14)
    ssa.fire(of.net, v, sums, stream(1, "kernel", 0), 0.0, 1e9, 3)
    ssa.refresh(of.net, v, fresh)
    assert sums.tolist() == fresh.tolist()


@pytest.mark.parametrize(("x", "expected"), [(0, 0.0), (1, 0.0), (2, 2.0), (5, 20.0)])
def test_a_pair_counts_ordered_pairs(x: int, expected: float) -> None:
    of = small({"A": 0.0, "B": 0.0}, [("pair", ("k", "A", "A"), {"A": -2, "B": 1})], {"k": 1.0})
    assert rates(of, of.fresh([x, 0]))[0] == expected


@pytest.mark.parametrize(("x", "expected"), [(2, 0.0), (3, 6.0), (5, 60.0)])
def test_a_triple_counts_ordered_triples(x: int, expected: float) -> None:
    of = small({"A": 0.0, "B": 0.0}, [("triple", ("k", "A", "A", "A"), {"A": -3, "B": 1})], {"k": 1.0})
    assert rates(of, of.fresh([x, 0]))[0] == expected


def test_orders_and_pairs() -> None:
    of = small({"A": 1.0, "B": 1.0, "C": 1.0, "D": 1.0},
               [("a", ("k", "A"), {"A": -1}), ("bc", ("k", "B", "C"), {"B": -1}), ("cc", ("k", "C", "C"), {"C": -2})],
               {"k": 1.0})
    assert of.net.order.tolist() == [1.0, 2.0, 2.0, 0.0]
    assert of.net.is_pair.tolist() == [False, False, True, False]


@pytest.mark.parametrize("leaves", [1, 2, FAN, FAN + 1, FAN**2, FAN**2 + 1, 1000])
def test_levels_of_the_tree_hold_all_leaves_and_end_in_one_node(leaves: int) -> None:
    sizes = np.diff(levels(leaves))
    assert sizes[0] >= leaves
    assert sizes[-1] == FAN
    assert np.all(sizes % FAN == 0)
    assert np.all(sizes[1:] * FAN >= sizes[:-1])
