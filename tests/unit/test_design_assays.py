"""Readings as assays give them: their median, their scatter by the laws of the instruments, and their limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.comparisons import agrees_with_mean
from vesica import library
from vesica.analysis.design import assays
from vesica.analysis.design.assays import Amplified, Counted, PerVesicle, Plain, Tracked, Truth, log_sd, shelf
from vesica.instruments import constants
from vesica.instruments.nta_forward import Population, record_video

SHELF = shelf(library.load("cns"), {})
NTA = SHELF["nta"]
assert isinstance(NTA, Tracked)
MANY = 40_000


def read(assay: assays.Assay, truth: Truth, seed: int = 1) -> np.ndarray:
    random = np.random.default_rng(seed)
    return assay.read(truth, random.standard_normal(MANY), random)


TRUTHS = {"nta": Truth(50.0, 1e-7), "qpcr": Truth(0.01, 1e-5), "elisa": Truth(3.0, 1.0), "simoa": Truth(0.3, 1.0),
          "count": Truth(0.8), "qpcr per vesicle": Truth(0.01, 1e-5, 5e8)}


@pytest.mark.parametrize("name", TRUTHS)
def test_readings_lie_about_what_is_expected(name: str) -> None:
    """Means of logarithms within 2 % of the truth: the laws bend by less (Poisson: 1/(2 N), 5e-4 here; the curve of
    ELISA and Haldane's half: below 0.01), and 6.1 standard errors of 40,000 readings are 0.009."""
    assay, truth = SHELF[name], TRUTHS[name]
    assert read(assay, truth).mean() == pytest.approx(assay.expected(truth), abs=0.02)


def test_scatter_of_particles_is_cultures_videos_and_counting() -> None:
    """Var ln = ln(1 + CV^2) + CV_video^2 / videos + (2 - 1/L) / N of the instrument's law, to second order: the rest
    is the square of the last two, below 1e-4 of the whole. Variance of 40,000 readings: sd 0.7 %, limit 6.1 sd."""
    tracked = replace(NTA, culture_cv=0.05)
    tool = tracked.instrument
    truth = Truth(4.0, 4.0 / 3e7)  # 6 particles in a frame
    tracks = tracked.videos * tool.counted_volume * truth.in_tube
    law = log_sd(0.05) ** 2 + tool.video_cv**2 / tracked.videos + (2 - 1 / tool.track_length) / tracks
    assert read(tracked, truth).var() == pytest.approx(law, rel=0.045)


def test_counting_is_that_of_simulated_videos() -> None:
    """The reading's law against videos frame by frame (`instruments.nta_forward`): 400, sd of a variance 7 %."""
    tool = constants.nta(library.load("cns"))
    sample = Population(np.array([200.0]), np.array([1.0]), 3e7)
    seen = float(sample.trackable(tool.response).sum())
    streams = map(np.random.default_rng, range(400))
    videos = [record_video([sample], tool, dilution=1.0, rng=one).concentration for one in streams]
    tracked = replace(NTA, culture_cv=0.0, videos=1)
    ours = read(tracked, Truth(seen, 1.0))
    assert np.log(videos).std() == pytest.approx(ours.std(), rel=0.2)
    assert np.mean(videos) == pytest.approx(seen, rel=0.02)


def test_scatter_of_relative_qpcr_is_that_of_its_cycles() -> None:
    """Without counting: Var ln = ln(1 + CV^2) + 2 (sd ln(1 + E))^2 / wells, exactly normal; limit 6.1 x 0.7 %."""
    assay = SHELF["qpcr"]
    assert isinstance(assay, Amplified)
    kit = assay.kit
    law = log_sd(assay.culture_cv) ** 2 + 2 * (kit.cycle_sd * math.log1p(kit.efficiency)) ** 2 / assay.wells
    assert read(assay, Truth(2.0)).var() == pytest.approx(law, rel=0.045)


def test_a_coefficient_of_variation_of_the_users_is_all_there_is() -> None:
    plain = shelf(library.load("cns"), {"nta": 0.24})["nta"]
    assert isinstance(plain, Plain)
    found = read(plain, TRUTHS["nta"])
    assert agrees_with_mean(found, math.log(50.0), math.log1p(0.24**2))
    assert np.std(np.exp(found)) / np.mean(np.exp(found)) == pytest.approx(0.24, rel=0.03)
    assert plain.limit(TRUTHS["nta"]) == SHELF["nta"].limit(TRUTHS["nta"])


@pytest.mark.parametrize("name", ["nta", "elisa", "simoa", "qpcr"])
def test_below_the_limit_the_limit_is_read(name: str) -> None:
    assay, truth = SHELF[name], TRUTHS[name]
    nothing = Truth(0.0, truth.scale)
    assert assay.expected(nothing) == pytest.approx(math.log(assay.limit(nothing)))
    assert read(assay, nothing).min() >= math.log(assay.limit(nothing)) - 1e-9
    assert np.median(read(assay, nothing)) == pytest.approx(math.log(assay.limit(nothing)), abs=1e-9)


def test_everybody_alive_is_read_as_a_stain_that_errs() -> None:
    assay = SHELF["count"]
    assert isinstance(assay, Counted)
    assert assay.expected(Truth(1.0)) == pytest.approx(math.log((1 - assay.misread) / assay.misread))
    assert assay.expected(Truth(0.5)) == pytest.approx(0.0)


def test_too_much_is_diluted_and_still_read() -> None:
    for name in ("nta", "elisa", "simoa"):
        much = Truth(1e5 * TRUTHS[name].value, TRUTHS[name].scale)
        assert read(SHELF[name], much).mean() == pytest.approx(math.log(much.value), abs=0.02)


def test_particles_of_the_medium_are_taken_off_and_leave_their_noise() -> None:
    """Of n particles among m times as many the reading scatters (m + 1) times as much as a count of all of them.

    Var = (m + 1)^2 (CV_video^2 / videos + (2 - 1/L) / N), to first order, with N tracks of a sample diluted to the
    middle of the range of frames. 6.1 x 0.7 % of a variance, and second order below 1 %.
    """
    tracked = replace(NTA, culture_cv=0.0)
    among = 4.0
    truth = Truth(1e9, 1.0, background=among * 1e9)
    tool = tracked.instrument
    tracks = tracked.videos * math.sqrt(tool.low * tool.high) * tool.frames / tool.track_length
    law = (among + 1) ** 2 * (tool.video_cv**2 / tracked.videos + (2 - 1 / tool.track_length) / tracks)
    found = np.exp(read(tracked, truth))
    assert found.mean() == pytest.approx(1e9, rel=0.005)
    assert (found / 1e9).var() == pytest.approx(law, rel=0.06)
    drowned = Truth(1e7, 1.0, background=1e10)
    assert tracked.limit(drowned) == pytest.approx(3 * tracked.instrument.video_cv / math.sqrt(tracked.videos) * 1e10)
    assert tracked.expected(drowned) == pytest.approx(math.log(tracked.limit(drowned)))


def test_per_vesicle_holds_the_noise_of_both() -> None:
    per, alone = SHELF["qpcr per vesicle"], SHELF["qpcr"]
    assert isinstance(per, PerVesicle)
    few = Truth(0.01, 1e-5, 2e7)
    assert read(per, few).var() > read(alone, few).var() + 0.5 * 2 / (per.number.videos * 2e7 *
                                                                      per.number.instrument.counted_volume)
