"""Exact and leaping steppers against closed forms and the master equation, by exact tails (see tests/chances.py)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tests.chances import ALARM, continuous_chance, law_chance, moments_chance, poisson_law
from tests.networks import Small, chain, master, replicates, small
from vesica.engine.counters import stream
from vesica.engine.steppers import ssa, tau

N = 4000
TIMES = (0.3, 1.0, 4.0)
BIRTH_DEATH = small({"A": 0.0}, [("in", ("k",), {"A": 1}), ("out", ("d", "A"), {"A": -1})], {"k": 12.0, "d": 0.8})
BURSTS = small({"A": 0.0}, [("in", ("k",), {"A": 5}), ("out", ("d", "A"), {"A": -1})], {"k": 2.0, "d": 0.8})
DIMERS = small({"A": 40.0, "D": 0.0}, [("dim", ("k", "A", "A"), {"A": -2, "D": 1}), ("un", ("u", "D"), {"D": -1,
                                                                                                        "A": 2})],
               {"k": 0.02, "u": 0.5})
TURNOVER = small({"A": 3.0, "D": 1.0},
                 [("in", ("a",), {"A": 2}), ("dim", ("k", "A", "A"), {"A": -2, "D": 1}),
                  ("un", ("u", "D"), {"D": -1, "A": 2}), ("out", ("d", "D"), {"D": -1}), ("grow", ("g", "A"),
                                                                                          {"A": 1})],
                 {"a": 3.0, "k": 0.05, "u": 0.3, "d": 0.6, "g": 0.1})


def chances(samples: np.ndarray, law: np.ndarray) -> float:
    """The smallest of the chances of law, mean and variance."""
    return min(law_chance(samples, law), *moments_chance(samples, law))


@pytest.mark.parametrize("leap", [False, True])
def test_birth_death_is_poisson_at_all_times(leap: bool) -> None:
    found = replicates(BIRTH_DEATH, TIMES, N, leap=leap)[:, :, 0]
    for j, t in enumerate(TIMES):
        assert chances(found[:, j], poisson_law(15.0 * -math.expm1(-0.8 * t))) > ALARM


def test_birth_death_with_a_mean_off_is_found() -> None:
    """All checks here can fail: 15 % of the mean 14.4 is 36 standard errors of 4,000 at t = 4."""
    found = replicates(BIRTH_DEATH, TIMES, N)[:, -1, 0]
    assert chances(found, poisson_law(1.2 * 15.0 * -math.expm1(-3.2))) < ALARM
    assert chances(found, poisson_law(1.15 * 15.0 * -math.expm1(-3.2))) < ALARM


@pytest.mark.parametrize("leap", [False, True])
def test_immigration_along_a_chain_is_poisson_everywhere(leap: bool) -> None:
    """Stationary means arriving (hop)^i / (hop + decay)^(i + 1), the last pool without hop; e^-1.5 30 is nothing."""
    found = replicates(chain(4, 60.0), (30.0,), 1500, leap=leap)[:, 0]
    for i in range(4):
        mean = 60.0 / 1.5 ** (i + 1) if i < 3 else 60.0 / 1.5**3 / 0.5
        assert chances(found[:, i], poisson_law(mean)) > ALARM


@pytest.mark.parametrize("leap", [False, True])
def test_batch_immigration(leap: bool) -> None:
    """Moves of +5: the master equation, itself held to the closed moments.

    Mean k b/d (1 - e^-dt); variance k b/d (1 - e^-dt) + k b (b - 1)/(2 d) (1 - e^-2dt).
    """
    found = replicates(BURSTS, TIMES, N, leap=leap)[:, :, 0]
    for j, t in enumerate(TIMES):
        law = master(BURSTS, [160], t)
        x = np.arange(160)
        mean = 2.0 * 5 / 0.8 * -math.expm1(-0.8 * t)
        assert law.sum() == pytest.approx(1.0, abs=1e-11)
        assert law @ x == pytest.approx(mean, rel=1e-8)
        assert law @ (x - mean) ** 2 == pytest.approx(mean + 2.0 * 20 / 1.6 * -math.expm1(-1.6 * t), rel=1e-8)
        assert chances(found[:, j], law) > ALARM


@pytest.mark.parametrize("of", [DIMERS, TURNOVER], ids=["closed", "open"])
def test_dimerisation_follows_the_master_equation(of: Small) -> None:
    found = replicates(of, TIMES, 4 * N)
    limits = [41, 21] if of is DIMERS else [60, 40]
    for j, t in enumerate(TIMES):
        law = master(of, limits, t)
        assert law.sum() == pytest.approx(1.0, abs=1e-11)
        assert chances(found[:, j, 0], law.sum(axis=1)) > ALARM
        assert chances(found[:, j, 1], law.sum(axis=0)) > ALARM


def test_a_pair_counted_as_a_square_is_found() -> None:
    """Planted: x x in place of x (x - 1) speeds dimerisation by 1/x.

    With 4,000 replicates the chance was 4e-9, hardly above `ALARM`; hence four times as many here and above.
    """
    wrong = small({"A": 40.0, "D": 0.0}, [("dim", ("k", "A", "A"), {"A": -2, "D": 1}),
                                          ("more", ("k", "A"), {"A": -2, "D": 1}),
                                          ("un", ("u", "D"), {"D": -1, "A": 2})], {"k": 0.02, "u": 0.5})
    found = replicates(wrong, (4.0,), 4 * N)[:, 0]
    assert chances(found[:, 0], master(DIMERS, [41, 21], 4.0).sum(axis=1)) < ALARM


def test_detailed_balance_of_a_reversible_network() -> None:
    """A + B <-> C at rest: weights prod lambda^n/n! on the conserved sums, lambda_C / (lambda_A lambda_B) = k/u.

    Independent of any generator; exp(-u t) of what was at the start is left, below 1e-13.
    """
    a, b, k, u = 20, 14, 0.1, 1.0
    of = small({"A": float(a), "B": float(b), "C": 0.0},
               [("on", ("k", "A", "B"), {"A": -1, "B": -1, "C": 1}), ("off", ("u", "C"), {"C": -1, "A": 1, "B": 1})],
               {"k": k, "u": u})
    c = np.arange(b + 1)
    logs = c * math.log(k / u) - np.array(
        [math.lgamma(a - n + 1) + math.lgamma(b - n + 1) + math.lgamma(n + 1) for n in c])
    law = np.exp(logs - logs.max())
    found = replicates(of, (30.0,), N)[:, 0]
    assert chances(found[:, 2], law / law.sum()) > ALARM
    assert np.all(found[:, 0] + found[:, 2] == a)
    assert np.all(found[:, 1] + found[:, 2] == b)


def test_waiting_times_are_exponential_and_choices_follow_the_rates() -> None:
    """Arrivals 1 : 2 : 4 at the total rate 7, one event at a time."""
    of = small({"A": 0.0, "B": 0.0, "C": 0.0}, [(p, (f"k{p}",), {p: 1}) for p in "ABC"], {"kA": 1.0, "kB": 2.0,
                                                                                          "kC": 4.0})
    v, sums, numbers = of.fresh(), of.sums(), stream(4, "waits", 0)
    ssa.refresh(of.net, v, sums)
    times, which = [0.0], []
    for _ in range(20_000):
        before = v[of.net.place].copy()
        now, fired = ssa.fire(of.net, v, sums, numbers, times[-1], math.inf, 1)
        assert fired == 1
        times.append(now)
        which.append(int(np.argmax(v[of.net.place] - before)))
    assert continuous_chance(np.diff(times), stats.expon(scale=1 / 7)) > ALARM
    assert law_chance(np.array(which), np.array([1, 2, 4]) / 7) > ALARM


def test_a_replicate_alone_is_the_replicate_of_a_series_and_pieces_are_the_whole() -> None:
    series = replicates(TURNOVER, TIMES, 10)
    v, sums, numbers, now = TURNOVER.fresh(), TURNOVER.sums(), stream(1, "replicates", 7), 0.0
    for j, until in enumerate(TIMES):
        ssa.advance(TURNOVER.net, v, sums, numbers, now, until)
        now = until
        assert v[TURNOVER.net.place].tolist() == series[7, j].tolist()
    whole, parts = TURNOVER.fresh(), TURNOVER.fresh()
    ssa.refresh(TURNOVER.net, whole, sums)
    end = ssa.fire(TURNOVER.net, whole, sums, stream(2, "p", 0), 0.0, 1e9, 900)
    numbers, now = stream(2, "p", 0), 0.0
    ssa.refresh(TURNOVER.net, parts, sums)
    for _ in range(9):
        now, _fired = ssa.fire(TURNOVER.net, parts, sums, numbers, now, 1e9, 100)
    assert (end[0], whole.tolist()) == (now, parts.tolist())


def test_the_estimate_of_events_is_rate_times_span() -> None:
    of = chain(20)
    assert ssa.expected_events(of.net, of.fresh(np.full(20, 10.0)), 7.0) == pytest.approx(7 * (100 + 190 + 100),
                                                                                          rel=1e-12)


def test_a_rate_that_is_no_number_stops_the_replicate_and_is_told() -> None:
    of = small({"A": 50.0}, [("out", ("d", "A"), {"A": -1})], {"d": math.nan})
    assert math.isnan(ssa.advance(of.net, of.fresh(), of.sums(), stream(1, "n", 0), 0.0, 1.0).time)
    assert tau.advance(of.net, of.fresh(), of.sums(), stream(1, "n", 0), 0.0, 1.0).lost == 1


def test_leaps_of_pure_decay_follow_their_own_exact_law() -> None:
    """With g = 1 the drift bounds a leap at d tau = e = `tau.DRIFT` while x > e/epsilon^2: x(t) is Binomial(N, q) with

    q = (1 - e)^200: leaps of 0.01 to t = 2. Its bias, ln q + 2 = -2 e/2 (1 + 2 e/3 + ...), is the predicted
    leading error; sums of binomials are binomial, so the tail is exact.
    """
    count, start = 200, 100_000
    of = small({"A": float(start)}, [("out", ("d", "A"), {"A": -1})], {"d": 1.0})
    total = replicates(of, (2.0,), count, leap=True).sum()
    q = (1 - tau.DRIFT) ** round(2.0 / tau.DRIFT)
    tail = min(stats.binom.cdf(total, count * start, q), stats.binom.sf(total - 1, count * start, q))
    assert 2 * tail > ALARM
    assert math.log(q) + 2 == pytest.approx(-tau.DRIFT * (1 + 2 * tau.DRIFT / 3), rel=0.02)
    wrong = math.exp(-2.0)  # without bias: the test sees the difference
    assert stats.binom.cdf(total, count * start, wrong) < ALARM


@pytest.mark.parametrize("level", [1e4, 1e6])
def test_leaps_keep_a_fast_equilibrium(level: float) -> None:
    """Gains and losses cancel, so leaps could be longer than the relaxation; with at most a quarter lost x stays
    Poisson. x' = Poisson(k tau) + Binomial(x,
                                   1 - d tau) leaves Poisson(k/d) as it is for any constant tau. Here tau depends on x
    by less than its noise: once the share is the bound it is constant (d tau = 1/4 at every x).
    """
    of = small({"A": level}, [("in", ("k",), {"A": 1}), ("out", ("d", "A"), {"A": -1})], {"k": level, "d": 1.0})
    total = replicates(of, (40.0,), 400, leap=True).sum()
    exact = stats.poisson(400 * level)
    assert 2 * min(exact.cdf(total), exact.sf(total - 1)) > ALARM


def test_leaping_dimers_stay_within_epsilon() -> None:
    """Rates are kept to epsilon relative within a leap, so by the mean-value theorem the mean misses by at most

    epsilon times the mean turnover within one relaxation, which is of the order of the mean itself: 3 %, plus the
    statistics of 400 replicates (6.5 standard errors). Variances within 2 epsilon + 6.5 sqrt(4/400) = 0.71.
    """
    of = small({"A": 4000.0, "D": 0.0}, [("dim", ("k", "A", "A"), {"A": -2, "D": 1}), ("un", ("u", "D"), {"D": -1,
                                                                                                          "A": 2})],
               {"k": 2e-4, "u": 0.5})
    leaps, exact = (replicates(of, (0.5, 4.0), 400, leap=leap, seed=9)[:, :, 0] for leap in (True, False))
    for j in range(2):
        sd = math.sqrt((leaps[:, j].var() + exact[:, j].var()) / 400)
        assert abs(leaps[:, j].mean() - exact[:, j].mean()) < tau.EPSILON * exact[:, j].mean() + 6.5 * sd
        assert leaps[:, j].var() == pytest.approx(exact[:, j].var(), rel=2 * tau.EPSILON + 6.5 * math.sqrt(4 / 400))


def test_steps_are_reported_and_few_copies_are_exact() -> None:
    """Below ten events a leap the exact stepper takes over: with 15 copies every event is single."""
    v, sums = BIRTH_DEATH.fresh([15.0]), BIRTH_DEATH.sums()
    steps = tau.advance(BIRTH_DEATH.net, v, sums, stream(3, "few", 0), 0.0, 50.0)
    assert (steps.leaps, steps.critical, steps.lost) == (0, 0, 0)
    assert abs(steps.exact - 1200) < 6.5 * math.sqrt(2 * 1200)  # arrivals 12 * 50, departures nearly the same
    many = small({"A": 1e5}, [("in", ("k",), {"A": 1}), ("out", ("d", "A"), {"A": -1})], {"k": 1e5, "d": 1.0})
    steps = tau.advance(many.net, many.fresh(), many.sums(), stream(3, "many", 0), 0.0, 10.0)
    assert (steps.leaps, steps.exact, steps.lost) == (40, 0, 0)  # d tau = 1/4
