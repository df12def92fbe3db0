"""Random numbers inside compiled loops: known answers, laws, streams that depend on nothing but their name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from tests.chances import ALARM, continuous_chance, law_chance, poisson_law
from vesica.engine import counters
from vesica.engine.counters import WIDE, stream

N = 200_000
LOW = 0xFFFFFFFF


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as its paper prints it: the readable reference."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & LOW, (p0 >> 32) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + 0x9E3779B9) & LOW, (k1 + 0xBB67AE85) & LOW
    return [c0, c1, c2, c3]


def expected_uniforms(state: np.ndarray, blocks: int) -> list[float]:
    """Numbers of a stream at a whole number of stocks, by the reference."""
    key, start, rest = [int(w) for w in state[:2]], int(state[2]) + (int(state[3]) << 32), [int(w) for w in state[4:6]]
    words = [philox([(start + b) & LOW, (start + b) >> 32 & LOW, *rest], key) for b in range(blocks)]
    found = []
    for first in range(0, blocks, WIDE):
        for half in (0, 2):
            found += [((w[half] << 32 | w[half + 1]) >> 12) * 2.0**-52 + 2.0**-53 for w in words[first:first + WIDE]]
    return found


@njit
def take(s, count, kind, a, b):
    out = np.empty(count)
    for i in range(count):
        if kind == 0:
            out[i] = counters.uniform(s)
        elif kind == 1:
            out[i] = counters.exponential(s)
        elif kind == 2:
            out[i] = counters.normal(s)
        elif kind == 3:
            out[i] = counters.poisson(s, a)
        else:
            out[i] = counters.binomial(s, a, b)
    return out


@pytest.mark.parametrize(("words", "answer"), [
    (0, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]), (LOW, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD])])
def test_the_reference_gives_the_known_answers_of_random123(words: int, answer: list[int]) -> None:
    assert philox([words] * 4, [words] * 2) == answer


@pytest.mark.parametrize("start", [0, 1, 5, 2**32 - 3, 2**32 - WIDE, 2**40 + 17, 2**64 - 2])
def test_numbers_are_the_cipher_of_their_counter_across_the_carry(start: int) -> None:
    state = stream(3, "kat", 2**33 + 7)
    state[2], state[3] = start & LOW, start >> 32
    assert take(state.copy(), 6 * WIDE, 0, 0.0, 0.0).tolist() == expected_uniforms(state, 3 * WIDE)


def test_all_ones_and_zeros_stay_inside_the_open_interval() -> None:
    """The place in the stock says `take from the stock`; its extreme bits are planted there."""
    state = stream(1, "x", 0)
    state[6] = 0
    state[8], state[9] = 0, 2**64 - 1
    assert take(state, 2, 0, 0.0, 0.0).tolist() == [2.0**-53, 1.0 - 2.0**-53]


def test_the_name_of_a_stream_is_seed_purpose_and_index() -> None:
    names = [(1, "a", 0), (2, "a", 0), (1, "b", 0), (1, "a", 1), (1, "a", 2**32), (-1, "a", 0)]
    firsts = [take(stream(*name), 1, 0, 0.0, 0.0)[0] for name in names]
    assert len(set(firsts)) == len(names)
    assert firsts[0] == take(stream(1, "a", 0), 1, 0, 0.0, 0.0)[0]


def test_streams_do_not_depend_on_the_order_in_which_they_are_used() -> None:
    alone = [take(stream(7, "order", k), 100, 0, 0.0, 0.0) for k in range(5)]
    states = [stream(7, "order", k) for k in range(5)]
    mixed: list[list[float]] = [[] for _ in range(5)]
    rng = np.random.default_rng(2)
    while any(len(part) < 100 for part in mixed):
        k = int(rng.integers(5))
        mixed[k] += take(states[k], int(rng.integers(1, 9)), 0, 0.0, 0.0).tolist()
    assert all(part[:100] == one.tolist() for part, one in zip(mixed, alone, strict=True))


@pytest.mark.parametrize("lag", [0, 1, WIDE])
def test_neighbouring_streams_are_independent(lag: int) -> None:
    """Pairs of numbers of streams k and k + 1 fall evenly into 8 x 8 fields; so do pairs ``lag`` apart in one."""
    if lag == 0:
        first, second = (take(stream(1, "pair", k), N, 0, 0.0, 0.0) for k in (0, 1))
    else:
        one = take(stream(1, "pair", 0), N, 0, 0.0, 0.0)
        first, second = (part[:N // (2 * lag) * lag] for part in (_blocks(one, lag, 0), _blocks(one, lag, 1)))
    fields = (8 * first).astype(int) * 8 + (8 * second).astype(int)
    assert law_chance(fields, np.full(64, 1 / 64)) > ALARM
    assert law_chance((8 * first).astype(int) * 9, np.full(64, 1 / 64)) < ALARM  # a number with itself


def _blocks(numbers: np.ndarray, lag: int, which: int) -> np.ndarray:
    """Every other run of ``lag`` numbers, so that no number stands in two pairs."""
    whole = numbers[: numbers.size // (2 * lag) * 2 * lag].reshape(-1, 2, lag)
    return whole[:, which].ravel()


@pytest.mark.parametrize(("kind", "law"), [(0, stats.uniform), (1, stats.expon), (2, stats.norm)])
def test_continuous_laws(kind: int, law: object) -> None:
    assert continuous_chance(take(stream(11, "law", kind), N, kind, 0.0, 0.0), law) > ALARM


def test_the_tail_of_the_exponential() -> None:
    """Beyond 7.697 another branch makes the numbers: their share, and their law (exponential again)."""
    x = take(stream(12, "tail", 0), 4_000_000, 1, 0.0, 0.0)
    tail = x[x > 7.69711747013104972]
    assert law_chance((x > 7.69711747013104972).astype(int), np.array([-np.expm1(-7.69711747013104972),
                                                                     math.exp(-7.69711747013104972)])) > ALARM
    assert continuous_chance(tail - 7.69711747013104972, stats.expon) > ALARM


def test_the_layers_of_the_exponential_have_equal_areas() -> None:
    """Width times gain in height is the area of every layer; the top one ends at height one to rounding of 255
    steps.
    """
    edge, height = counters._EDGE, counters._HEIGHT
    assert edge[1:256] * (height[2:257] - height[1:256]) == pytest.approx(counters._AREA, rel=1e-9)
    assert edge[0] * height[1] == pytest.approx(counters._AREA, rel=1e-12)
    assert counters._TAIL * height[1] + height[1] == pytest.approx(counters._AREA, rel=1e-12)


@pytest.mark.parametrize("mean", [1e-3, 0.3, 2.0, 9.99, 10.01, 15.0, 50.0, 400.0, 1e4])
def test_poisson_law(mean: float) -> None:
    assert law_chance(take(stream(13, "poisson", 0), N, 3, mean, 0.0), poisson_law(mean)) > ALARM


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (5, 1e-3), (20, 0.1), (20, 0.7), (63, 0.25), (64, 0.3),
                                      (65, 0.9), (70, 0.5), (128, 0.21), (129, 0.21), (100, 0.3), (1000, 0.02),
                                      (1000, 0.0101), (1000, 0.995), (10_000, 0.4), (10**12, 1e-11), (10**12, 3e-11)])
def test_binomial_law(n: int, p: float) -> None:
    upper = int(n * p + 12 * math.sqrt(n * p) + 30)
    law = stats.binom.pmf(np.arange(min(n, upper) + 1), n, p)
    assert law_chance(take(stream(14, "binomial", 0), N, 4, float(n), p), law) > ALARM


@pytest.mark.parametrize(("n", "p"), [(10**6, 0.4), (10**9, 0.5), (10**15, 0.1)])
def test_binomials_of_many_against_the_distribution_function(n: int, p: float) -> None:
    """Continuous to 1/sd = 2e-3 of the distribution function at worst; Massart's distance at N is 7e-3 for `ALARM`."""
    x = take(stream(15, "binomial", 0), N, 4, float(n), p)
    sd = math.sqrt(n * p * (1 - p))
    assert np.all(x == np.floor(x))
    if n <= 10**9:
        assert continuous_chance(x + 0.5, _Shifted(stats.binom(n, p))) > ALARM
    assert abs(x.mean() - n * p) < 6.5 * sd / math.sqrt(N)


class _Shifted:
    """Distribution function of a whole number plus one half: midway between its steps."""

    def __init__(self, law: object) -> None:
        self.law = law

    def cdf(self, x: np.ndarray) -> np.ndarray:
        at = np.round(x - 0.5)
        return self.law.cdf(at) - 0.5 * self.law.pmf(at)  # type: ignore[attr-defined]


def test_a_law_that_is_one_percent_off_is_found() -> None:
    """The checks above can fail: the mean of 50 by 1 % is 32 standard errors of 200,000 samples, 9.1 are found."""
    assert law_chance(take(stream(13, "poisson", 0), N, 3, 50.5, 0.0), poisson_law(50.0)) < ALARM


def test_edges_of_the_laws() -> None:
    s = stream(1, "edge", 0)
    assert set(take(s, 10, 3, 0.0, 0.0)) == set(take(s, 10, 3, -1.0, 0.0)) == {0.0}
    assert set(take(s, 10, 4, 9.0, 1.0)) == {9.0}
    assert set(take(s, 10, 4, 9.0, 0.0)) == set(take(s, 10, 4, 0.0, 0.5)) == {0.0}
    assert set(take(s, 10, 4, 9.0, math.nan)) == {0.0}
    assert set(take(s, 10, 3, math.nan, 0.0)) == {0.0}
