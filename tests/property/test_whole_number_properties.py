"""Random networks, exact and leaping: nothing negative, nothing broken, nothing lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks import Small, small
from vesica.engine.counters import stream
from vesica.engine.steppers import ssa, tau

POOLS = ("A", "B", "C", "D", "E")


@st.composite
def closed(draw: st.DrawFn) -> Small:
    """Reactions that conserve the number of molecules: up to three are taken, as many appear elsewhere."""
    reactions = []
    for number in range(draw(st.integers(2, 12))):
        taken = draw(st.lists(st.sampled_from(POOLS), min_size=1, max_size=3))
        made = draw(st.lists(st.sampled_from(POOLS), min_size=len(taken), max_size=len(taken)))
        moves = {pool: made.count(pool) - taken.count(pool) for pool in POOLS}
        reactions.append((f"r{number}", (f"k{number}", *taken), {pool: n for pool, n in moves.items() if n}))
    amounts = {pool: draw(st.sampled_from([0, 1, 7, 300, 20_000])) for pool in POOLS}
    scale = max(1.0, float(sum(amounts.values())))
    rates = {f"k{n}": draw(st.floats(0.1, 10.0)) / scale ** (len(r[1]) - 2) for n, r in enumerate(reactions)}
    return small(amounts, reactions, rates)


@settings(max_examples=60)
@given(closed(), st.integers(0, 10_000))
def test_leaps_give_whole_numbers_that_are_never_negative_and_conserved_exactly(of: Small, index: int) -> None:
    v, sums, numbers, now = of.fresh(), of.sums(), stream(1, "property", index), 0.0
    for until in (1e-3, 0.05, 0.3):
        steps = tau.advance(of.net, v, sums, numbers, now, until)
        now, x = until, v[of.net.place]
        assert steps.lost == 0
        assert np.all(x >= 0)
        assert np.all(x == np.floor(x))
        assert x.sum() == of.start.sum()


@settings(max_examples=40)
@given(closed(), st.integers(0, 10_000))
def test_exact_events_are_conserved_and_never_negative(of: Small, index: int) -> None:
    v, sums = of.fresh(), of.sums()
    ssa.refresh(of.net, v, sums)
    for _ in range(5):
        ssa.fire(of.net, v, sums, stream(1, "property", index), 0.0, 1e9, 300)
        assert v[of.net.place].min() >= 0
        assert v[of.net.place].sum() == of.start.sum()
