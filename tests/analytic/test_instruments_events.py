"""The detector of fusion events: its filter against closed forms, its false rate, and what it finds of known events.

Random tests have fixed streams; counts are held to exact Poisson tails of 1e-6 on either side.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import poisson

from tests.verify.chances import FALSE_ALARM, SIGMA, between
from vesica.analysis.counting import poisson_interval
from vesica.analysis.events.fusion import (
    Events,
    Rate,
    against_chance,
    jump_law,
    rate,
)
from vesica.errors import InputError
from vesica.instruments.phluorin import Recorder, draw_events, trace
from vesica.instruments.phluorin_events import Detector, find_events, make_detector, noise_of
from vesica.rng import stream

TAU, DT = 106.55, 0.5
DETECTOR = make_detector(decay=TAU, interval=DT, window=15.0, false_per_hour=0.1)
RECORDER = Recorder(TAU, 1.0, 0.4, 0.2, 3.0, 3600.0, DT, 1200.0)


def recordings(per_minute: float, cells: int, seed: int = 5, recorder: Recorder = RECORDER):
    """Events found in simulated cells, and the true times inside the part that is searched."""
    found, true = [], []
    edge = DETECTOR.window * DT
    for cell in range(cells):
        rng = stream(seed, "recording", cell)
        times, jumps = draw_events(per_minute / 60, recorder, rng)
        found.append(find_events(trace(times, jumps, recorder, rng).fluorescence, DETECTOR))
        true.append(times[(times > edge) & (times < recorder.duration - edge)])
    return found, true


def matched(found: list[Events], true: list[np.ndarray], within: float = 2.0) -> tuple[int, int]:
    """How many true events have no found one within 2 s, and the other way round."""
    missed = sum(
        int(not (one.time.size and np.abs(one.time - t).min() < within))
        for one, times in zip(found, true, strict=True)
        for t in times
    )
    false = sum(
        int(not (times.size and np.abs(times - t).min() < within))
        for one, times in zip(found, true, strict=True)
        for t in one.time
    )
    return missed, false


def within_poisson(count: int, mean: float) -> bool:
    return poisson.cdf(count, mean) > 1e-6 and poisson.sf(count - 1, mean) > 1e-6


def test_the_poisson_check_can_fail() -> None:
    assert within_poisson(20, 20.0)
    assert not within_poisson(50, 20.0)
    assert not within_poisson(2, 20.0)


def test_an_event_gives_its_jump_and_a_level_or_an_old_event_none() -> None:
    """The filter is orthogonal to a constant and to the decay, and one on the event: exact but for
    rounding of 60 sums.
    """
    time = DT * np.arange(200)
    step = np.where(time >= 50, np.exp(-np.maximum(time - 50, 0) / TAU), 0.0)
    jumps = DETECTOR.jumps(7.0 + 3.0 * np.exp(-time / TAU) + 2.5 * step)
    assert jumps[100 - DETECTOR.window] == pytest.approx(2.5, abs=1e-11)
    assert np.abs(DETECTOR.jumps(7.0 + 3.0 * np.exp(-time / TAU))).max() < 1e-11
    away = np.abs(np.arange(jumps.size) - (100 - DETECTOR.window)) > DETECTOR.window
    assert np.abs(jumps[away]).max() < 1e-11


def test_the_error_of_a_jump_approaches_that_of_a_step_on_a_line() -> None:
    """For a window far below the decay, constant and decay are constant and slope: the variance of a step in the
    middle of n evenly spaced frames on a free line is 16/n, to 1/n^2.
    """
    short = Detector(1e6, 1.0, 100, 4.0)
    assert short.error**2 == pytest.approx(16 / 200, rel=1e-3)


def test_false_events_come_at_the_stated_rate() -> None:
    """At 5 false events an hour, 100 hours of noise: the count has an exact Poisson law about 500.

    Crossings of one excursion are merged, so it may only be lower, by their share: 5 % at this threshold.
    """
    loose = make_detector(decay=TAU, interval=DT, window=15.0, false_per_hour=5.0)
    assert loose.false_per_hour == pytest.approx(5.0, rel=1e-6)
    count, searched = 0, 0.0
    for cell in range(100):
        found = find_events(4.0 + stream(2, "noise", cell).standard_normal(7200), loose)
        count, searched = count + found.time.size, searched + found.searched
    expected = 5.0 * searched / 3600
    assert poisson.sf(count - 1, expected) > 1e-6
    assert poisson.cdf(count, 0.95 * expected) > 1e-6


def test_noise_is_estimated_beside_events() -> None:
    """The median absolute difference of 2,400 frames has a relative error of 2.6 %: five of these."""
    fluorescence = trace(
        np.arange(100.0, 1100, 100), np.full(10, 3.0), RECORDER, stream(1, "trace", 0)
    ).fluorescence
    sd, whiteness = noise_of(fluorescence)
    assert sd == pytest.approx(0.2, rel=0.13)
    assert whiteness == pytest.approx(-0.5, abs=5 / math.sqrt(2400))
    smooth = np.convolve(stream(1, "white", 0).standard_normal(2400), np.ones(4) / 4, "valid")
    assert abs(noise_of(smooth)[1] + 0.5) > 0.2


def share_of_peaks(ratio: float, draws: int = 20_000) -> float:
    """Chance that the filter passes the threshold anywhere within 3 s of an event of so many thresholds."""
    width = DETECTOR.window
    shift = np.correlate(DETECTOR.weights, DETECTOR.weights, "full")[2 * width - 1 :] / DETECTOR.error**2
    lag = np.arange(-5, 6)  # frames less than 3 s away
    covariance = shift[np.abs(lag[:, None] - lag)]
    mean = ratio * DETECTOR.threshold * DETECTOR.response[width + lag]
    peaks = stream(6, "peaks", 0).multivariate_normal(mean, covariance, draws).max(axis=1)
    return float((peaks >= DETECTOR.threshold).mean())


@pytest.mark.parametrize("ratio", [0.8, 1.2])
def test_missed_events_are_as_many_as_their_jumps_say(ratio: float) -> None:
    """Lone events of one jump, 400 trials: between Phi(u (r - 1)) of its own frame and the chance of any frame near it.

    Both are known; the count is held to the exact binomial limits of a false alarm of 1e-8 beyond them.
    """
    jump = ratio * DETECTOR.threshold * DETECTOR.error * 0.2
    steady = Recorder(TAU, 1.0, 0.0, 0.2, 3.0, 1e9, DT, 120.0)
    seen = 0
    for run in range(400):
        made = trace(np.array([60.0]), np.array([jump]), steady, stream(4, f"lone {ratio}", run))
        seen += int(np.any(np.abs(find_events(made.fluorescence, DETECTOR).time - 60.0) < 3.0))
    own = float(DETECTOR.seen_share(np.array([jump]), 0.2)[0])
    near = share_of_peaks(ratio)
    assert own < near
    assert between(seen, own, near, 400), (seen, own, near)


def off(total: Rate, truth: float) -> float:
    """Distance of a corrected rate from the truth in its own standard errors of the logarithm, each 15 % at most."""
    assert total.value is not None
    assert total.low is not None
    assert total.high is not None
    sd = math.log(total.high / total.low) / (2 * 1.96)
    assert sd < 0.15  # a wide interval would hold anything
    return abs(math.log(total.value / truth)) / sd


@pytest.mark.parametrize("per_minute", [0.1, 0.5, 2.0])
def test_the_rate_is_recovered(per_minute: float) -> None:
    """60 cells of 20 min. The corrected rate is the true one within 5.7 of its own standard errors (false alarm 1e-8).

    Found events without a true one beside them are false, or true ones that noise moved by more than 2 s: that takes
    a jump at the threshold, one in a hundred.
    """
    found, true = recordings(per_minute, 60)
    hours = sum(one.searched for one in found) / 3600
    truth = sum(times.size for times in true) / hours
    total = rate(found, DETECTOR, jump_law(found, DETECTOR))
    assert off(total, truth) < SIGMA
    assert abs(truth - per_minute * 60) < 5 * math.sqrt(per_minute * 60 / hours)
    missed, false = matched(found, true)
    assert total.found - false <= truth * hours - missed + 0.02 * truth * hours
    if per_minute <= 0.5:
        assert poisson.sf(false - 1, (DETECTOR.false_per_hour + 0.01 * truth) * hours) > FALSE_ALARM


def test_the_uncorrected_rate_is_too_low_where_noise_hides_events() -> None:
    """A third of the jumps is hidden at one and a half times the noise: the correction brings them back, as it says."""
    noisy = Recorder(TAU, 1.0, 0.4, 0.3, 3.0, 1e9, DT, 1200.0)
    found, true = recordings(0.5, 60, recorder=noisy)
    hours = sum(one.searched for one in found) / 3600
    truth = sum(times.size for times in true) / hours
    total = rate(found, DETECTOR, jump_law(found, DETECTOR))
    assert total.raw_high < truth
    assert off(total, truth) < SIGMA


def test_nothing_gives_nothing() -> None:
    found, _ = recordings(0.0, 3)
    quiet = find_events(np.ones(500), DETECTOR)
    assert quiet.time.size == 0
    assert rate([quiet], DETECTOR, None).raw == 0.0
    assert (
        sum(one.time.size for one in found) <= 2
    )  # 0.1 false per hour in one hour: three have a chance of 2e-4


def events_at(times: np.ndarray, span: float = 1200.0) -> Events:
    return Events(np.sort(times), np.ones(times.size), np.full(times.size, 9.0), 0.1, -0.5, span)


def test_bursts_and_distances_are_told_from_chance() -> None:
    """Three processes with the same number of events. Bursts and a grid fail by far more than p = 0.01."""

    def cells(draw):
        return [events_at(draw(stream(9, "process", n))) for n in range(10)]

    chance = against_chance(cells(lambda rng: rng.uniform(0, 1200, 20)), DETECTOR)
    burst = against_chance(
        cells(lambda rng: rng.choice([200.0, 700, 1000], 20) + rng.uniform(0, 30, 20)), DETECTOR
    )
    grid = against_chance(cells(lambda rng: np.arange(20) * 60.0 + rng.uniform(0, 10, 20)), DETECTOR)
    assert chance.interval_p > 0.01
    assert burst.interval_p < 0.01
    assert burst.interval_cv > 1.5
    assert grid.interval_p < 0.01
    assert grid.interval_cv < 0.3


def test_cells_that_differ_are_seen() -> None:
    alike = against_chance(
        [events_at(stream(1, "alike", n).uniform(0, 1200, 10)) for n in range(8)], DETECTOR
    )
    unlike = against_chance(
        [events_at(stream(1, "unlike", n).uniform(0, 1200, 1 + 19 * (n % 2))) for n in range(8)], DETECTOR
    )
    assert alike.cell_p > 0.05
    assert unlike.cell_p < 0.01
    assert unlike.cell_dispersion > 3


def test_the_poisson_interval_is_garwoods() -> None:
    """Closed forms: for none 0 to -ln 0.025; otherwise its ends have tails of 2.5 %."""
    assert poisson_interval(0) == (0.0, pytest.approx(-math.log(0.025), rel=1e-12))
    low, high = poisson_interval(7)
    assert poisson.sf(6, low) == pytest.approx(0.025, rel=1e-9)
    assert poisson.cdf(7, high) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("wrong", [0.0, 1e6, math.nan])
def test_an_impossible_false_rate_is_refused(wrong: float) -> None:
    with pytest.raises(InputError, match=r"--false-rate(.|\n)*no threshold has that rate"):
        make_detector(decay=TAU, interval=DT, window=15.0, false_per_hour=wrong)


def test_a_window_of_one_frame_is_refused() -> None:
    with pytest.raises(InputError, match=r"--window(.|\n)*three frames"):
        make_detector(decay=TAU, interval=DT, window=0.4, false_per_hour=0.1)
