"""Vesicles outside their cell, one by one: against master equations and laws in closed form.

Comparisons are those of `tests.comparisons`, false alarm 1e-9 each, with the seeds written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import comb, perm

import numpy as np
import pytest
from scipy.stats import poisson

from tests import comparisons as stats
from tests import journey_cases as cases
from vesica.engine.whole import journey
from vesica.engine.whole.journey import BOUND, FREE, INSIDE, TETHERED, Arrivals, Hazards

NOBODY = journey.no_arrivals(0)
SITES = 1e12  # so many that 40,000 vesicles fill 4e-8 of them: far below what 40,000 vesicles can tell
LINEAR = Hazards(  # two classes, three cells; the last cell is dead
    decay=np.array([0.1, 0.3]), plastic=np.array([0.2, 0.0]), detach=np.array([0.7, 0.2, 0.0]),
    take_back=np.array([0.3, 0.1, 0.0]), bind=np.array([[0.8, 0.3, 0.0], [0.2, 1.5, 0.0]]) / SITES,
    drink=np.array([[0.1, 0.0, 0.0], [0.0, 0.4, 0.0]]), unbind=np.array([[0.5, 0.2, 0.0], [1.1, 0.3, 0.0]]),
    internalise=np.array([[0.6, 0.9, 0.0], [0.2, 0.4, 0.0]]), fuse=np.array([[0.1, 0.3, 0.0], [0.0, 0.5, 0.0]]),
    degrade=np.array([[0.4, 0.1, 0.0], [0.9, 0.2, 0.0]]), recycle=np.array([[0.3, 0.8, 0.0], [0.2, 0.6, 0.0]]),
    escape=np.array([[0.2, 0.05, 0.0], [0.1, 0.3, 0.0]]), sites=SITES)
AT_CELLS = ("tethered", "taken back", "bound", "fused", "inside", "degraded", "escaped")
PLACES = [("free", 0), ("decayed", 0), ("plastic", 0)] + [(name, i) for name in AT_CELLS for i in range(3)]


def one_vesicle(h: Hazards, kind: int, at: tuple[str, int]) -> Iterator[tuple[tuple[str, int], float]]:
    """Where a vesicle goes from ``at``, and how fast: written apart from the code that is tested."""
    name, i = at
    if name == "free":
        yield ("decayed", 0), h.decay[kind]
        yield ("plastic", 0), h.plastic[kind]
        for cell in range(3):
            yield ("bound", cell), h.bind[kind, cell] * SITES
            yield ("inside", cell), h.drink[kind, cell]
    elif name == "tethered":
        yield ("free", 0), h.detach[i]
        yield ("taken back", i), h.take_back[i]
    elif name == "bound":
        yield ("free", 0), h.unbind[kind, i]
        yield ("inside", i), h.internalise[kind, i]
        yield ("fused", i), h.fuse[kind, i]
    elif name == "inside":
        yield ("free", 0), h.recycle[kind, i]
        yield ("degraded", i), h.degrade[kind, i]
        yield ("escaped", i), h.escape[kind, i]


def seen(dish: journey.Journey, kind: int) -> np.ndarray:
    """(vesicle,) place of every vesicle of a class, among `PLACES`."""
    tables = [dish.now(TETHERED), dish.taken_back, dish.now(BOUND), dish.delivered_by_fusion, dish.now(INSIDE),
              dish.degraded, dish.delivered_by_escape]
    counts = np.concatenate([[dish.now(FREE)[0, kind, 0], dish.decayed[kind, 0], dish.plastic[kind, 0]],
                             *(table[:, kind, 0] for table in tables)])
    return np.repeat(np.arange(counts.size), counts)


def linear_disagreements(h: Hazards, windows: int, time: float = 2.5) -> list[str]:
    """40,000 vesicles of each class start at cell 0 or 1, tethered, or free; each class against its own chain."""
    found = []
    for name, i in (("free", 0), ("tethered", 0), ("tethered", 1)):
        n = 40_000
        start = journey.empty(cases.SEED, f"linear {name} {i}", windows, 2, 3, 0)
        kinds = np.repeat([0, 1], n)
        come = Arrivals(np.zeros(2 * n), kinds, np.full(2 * n, i), np.full(2 * n, name == "tethered"),
                        np.full(2 * n, 0.1), np.zeros((2 * n, 0), dtype=int))
        for window in range(windows):
            start = journey.advance(start, h, come if window == 0 else NOBODY, 0.0, time / windows)
        for kind in (0, 1):
            chances = cases.law((name, i), lambda at, kind=kind: one_vesicle(LINEAR, kind, at), time)
            if not stats.follows(seen(start, kind), np.array([chances.get(place, 0.0) for place in PLACES])):
                found.append(f"{name} {i}, class {kind}")
    return found


@pytest.mark.parametrize("windows", [1, 4])
def test_independent_vesicles_are_where_their_chain_says(windows: int) -> None:
    """Multinomial counts over all places; cutting the time into windows changes nothing.

    6 comparisons of 40,000 vesicles: a place with chance p is known to 6.1 sqrt(p (1 - p)/40000): 0.1 to 0.009.
    """
    assert linear_disagreements(LINEAR, windows) == []


@pytest.mark.parametrize(("name", "classes"), [("bind", 2), ("drink", 2), ("recycle", 2), ("fuse", 2)])
def test_a_hazard_that_is_off_is_seen(name: str, classes: int) -> None:
    """By 20 %."""
    off = replace(LINEAR, **{name: 1.2 * getattr(LINEAR, name)})
    assert len(linear_disagreements(off, 1)) >= classes


# Two classes on few sites: state (bound, inside) of both, the others are free.
FEW = cases.hazards(bind=np.array([[0.9], [0.4]]), unbind=np.array([[0.5], [1.5]]),
                    internalise=np.array([[0.3], [0.2]]), recycle=np.array([[0.1], [0.4]]),
                    drink=np.array([[0.05], [0.0]]), degrade=np.array([[0.2], [0.0]]))


def few_moves(sites: float, number: tuple[int, int], state: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Bound, inside and degraded of class 0, then of class 1; what is left is free."""
    room = max(0.0, sites - state[0] - state[3])
    for kind, low in ((0, 0), (1, 3)):
        bound, inside, lost = state[low : low + 3]
        free = number[kind] - bound - inside - lost
        h = {name: float(np.broadcast_to(value, (2, 1))[kind, 0]) for name, value in vars(FEW).items()
             if name not in ("sites", "decay", "plastic", "detach", "take_back")}
        for change, rate in (((1, 0, 0), h["bind"] * room * free), ((-1, 0, 0), h["unbind"] * bound),
                             ((-1, 1, 0), h["internalise"] * bound), ((0, 1, 0), h["drink"] * free),
                             ((0, -1, 0), h["recycle"] * inside), ((0, -1, 1), h["degrade"] * inside)):
            moved = tuple(a + b for a, b in zip(state[low : low + 3], change, strict=True))
            yield (state[:low] + moved + state[low + 3 :]), rate


def few_law(sites: float, time: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Laws of the vesicles bound, and of 4 x inside of class 0 + inside of class 1."""
    number = (3, 2)
    found = cases.law((0,) * 6, lambda state: few_moves(sites, number, state), time)
    bound, inside = np.zeros(6), np.zeros(16)
    for state, chance in found.items():
        bound[state[0] + state[3]] += chance
        inside[4 * state[1] + state[4]] += chance
    return bound, inside


def few_samples(sites: float, dishes: int = 2500) -> tuple[np.ndarray, np.ndarray, int]:
    found, most = np.zeros((dishes, 2), dtype=int), 0
    for index in range(dishes):
        one = cases.dish(index, (3, 2), purpose=f"few {sites}")
        for window in (0.4, 0.6, 0.5):
            one = journey.advance(one, replace(FEW, sites=sites), NOBODY, 0.0, window)
            most = max(most, int(one.held[0]))
        inside = one.now(INSIDE)[0, :, 0]
        found[index] = one.held[0], 4 * inside[0] + inside[1]
    return found[:, 0], found[:, 1], most


@pytest.mark.parametrize("sites", [2.0, 2.4])
def test_classes_that_compete_for_few_sites_follow_the_master_equation(sites: float) -> None:
    """Whole laws of bound and of both classes inside, 2,500 dishes; a broken site has its share of the hazard."""
    bound, inside, most = few_samples(sites)
    laws = few_law(sites)
    assert stats.follows(bound, laws[0])
    assert stats.follows(inside, laws[1])
    assert most == np.ceil(sites)


def test_another_number_of_sites_is_seen() -> None:
    """2 sites against the law of 2.4: 0.15 of all dishes hold a third vesicle."""
    assert not stats.follows(few_samples(2.0)[0], few_law(2.4)[0])


def test_sites_that_become_free_are_bound_again() -> None:
    """40 sites full at first, 20 vesicles free: numbers bound after a while follow the birth-and-death equation.

    At the start of the second window no site is free, at the end about 20: the loop must widen its bounds on its way
    (they have 16 sites to spare). 1,500 dishes.
    """
    samples = []
    for index in range(1500):
        one = cases.dish(index, (60,), purpose="full")
        one = journey.advance(one, cases.hazards(bind=1e3, sites=40.0), NOBODY, 0.0, 1.0)
        assert one.held[0] == 40
        one = journey.advance(one, cases.hazards(bind=0.02, unbind=1.0, sites=40.0), NOBODY, 0.0, 1.2)
        samples.append(one.held[0])

    def moves(at: tuple[int, ...]) -> list[tuple[tuple[int, ...], float]]:
        return [((at[0] + 1,), 0.02 * (40 - at[0]) * (60 - at[0])), ((at[0] - 1,), 1.0 * at[0])]

    found = cases.law((40,), moves, 1.2)
    assert stats.follows(np.array(samples), np.array([found.get((n,), 0.0) for n in range(41)]))


def test_binding_at_rest_is_in_detailed_balance() -> None:
    """Closed medium, two cells of 5 and 3 sites, 6 vesicles: p(a, b) ~ C(5, a) C(3, b) 6!/(6 - a - b)! K^(a + b).

    One dish looked at every 30 lives, e^-30 of the past is left: 3,000 looks. Pairs are coded as 4 a + b.
    """
    k_on, k_off = 0.3, 1.0
    one = cases.dish(0, (6,), cells=2, purpose="rest")
    samples = np.zeros(3000, dtype=int)
    h = cases.hazards(bind=k_on, unbind=k_off, sites=np.array([5.0, 3.0]))
    for look in range(samples.size):
        one = journey.advance(one, h, NOBODY, 0.0, 30.0)
        samples[look] = 4 * one.held[0] + one.held[1]
    weights = np.array([comb(5, a) * comb(3, b) * perm(6, a + b) * (k_on / k_off) ** (a + b) if a + b <= 6 else 0.0
                        for a in range(6) for b in range(4)])
    assert stats.follows(samples, weights / weights.sum())


def test_fewer_sites_than_bound_bind_nothing_until_enough_are_gone() -> None:
    """5 bound, then 2.5 sites: without unbinding nothing binds; bound vesicles stay."""
    one = cases.dish(0, (50,), purpose="fewer")
    one = journey.advance(one, cases.hazards(bind=1e3, sites=5.0), NOBODY, 0.0, 10.0)
    assert one.held[0] == 5
    one = journey.advance(one, cases.hazards(bind=1e3, sites=2.5), NOBODY, 0.0, 10.0)
    assert one.held[0] == 5
    one = journey.advance(one, cases.hazards(bind=1e3, internalise=1.0, sites=2.5), NOBODY, 0.0, 20.0)
    assert one.held[0] <= 3
    assert one.taken_up[0, 0] > 5


def test_vesicles_enter_at_their_times() -> None:
    """Five bunches come at five times; of each a binomial number decays until the end: e^-(T - t) is left.

    The cargo says which bunch: its tallies must agree, too.
    """
    times, n, end = np.array([0.0, 0.1, 0.5, 1.2, 2.0]), 20_000, 2.0
    come = Arrivals(np.repeat(times, n), np.zeros(5 * n, dtype=int), np.zeros(5 * n, dtype=int),
                    np.zeros(5 * n, dtype=bool), np.full(5 * n, 0.1), np.repeat(np.arange(5), n)[:, None])
    one = journey.advance(journey.empty(cases.SEED, "enter", 0, 1, 1, 1), cases.hazards(decay=1.0), come, 7.0, end)
    left = journey.copies_histogram(one.rows(FREE), 0)
    for bunch, time in enumerate(times):
        chance = np.exp(-(end - time))
        assert abs(left[bunch] - n * chance) <= stats.limit() * np.sqrt(n * chance * (1 - chance))
    assert one.decayed[0].tolist() == [5 * n - left.sum(), 10 * n - left @ np.arange(5)]


def immigration(seed: int, decay: float, dishes: int = 800) -> np.ndarray:
    """Vesicles free at the end of three windows of a Poisson stream of 4 per s, whose times numpy draws."""
    random, found = np.random.default_rng(seed), np.zeros((dishes, 3), dtype=int)
    for index in range(dishes):
        one = journey.empty(seed, "immigration", index, 1, 1, 0)
        for window in range(3):
            times = np.sort(random.uniform(0.0, 0.8, random.poisson(4 * 0.8)))
            none = np.zeros(times.size, dtype=int)
            come = Arrivals(times, none, none, none.astype(bool), none + 0.1, np.zeros((times.size, 0), dtype=int))
            one = journey.advance(one, cases.hazards(decay=decay), come, 0.8 * window, 0.8)
            found[index, window] = one.now(FREE)[0, 0, 0]
    return found


def test_immigration_and_death_is_poisson_at_every_time() -> None:
    """Mean 4 (1 - e^-t), at 0.8, 1.6 and 2.4 s; a decay that is off by 50 % is seen."""
    found, off = immigration(cases.SEED, 1.0), immigration(cases.SEED, 1.5)
    for window in range(3):
        pmf = poisson.pmf(np.arange(40), 4 * -np.expm1(-0.8 * (window + 1)))
        assert stats.follows(found[:, window], pmf)
    assert not stats.follows(off[:, 2], pmf)


def test_first_times_are_those_of_the_events() -> None:
    """One vesicle of one copy: uptake is exponential after the start, delivery exponential after uptake."""
    times = np.zeros((1500, 2))
    for index in range(len(times)):
        one = journey.empty(cases.SEED, "first", index, 1, 2, 2)
        one = journey.add_free(one, 0, np.array([0.1]), np.array([[0, 1]]))
        assert np.isnan(one.first_uptake).all()
        assert np.isnan(one.first_copy).all()
        h = cases.hazards(drink=np.array([[0.0, 0.5]]), escape=2.0)
        for window in range(4):
            one = journey.advance(one, h, journey.no_arrivals(2), 100.0 + 15 * window, 15.0)
        times[index] = one.first_uptake[1] - 100.0, one.first_copy[1, 1] - one.first_uptake[1]
        assert np.isnan(one.first_copy[1, 0])  # of the other cargo there was no copy
        assert np.isnan(one.first_uptake[0])
    assert stats.is_uniform(np.exp(-0.5 * times[:, 0]))
    assert stats.is_uniform(np.exp(-2.0 * times[:, 1]))
