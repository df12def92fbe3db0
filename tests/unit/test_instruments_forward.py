"""Forward instruments against their closed forms.

Random tests have fixed streams. Where a mean is tested it is held to 5 standard errors of its exact law, a false-alarm
rate of 6e-7 each.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.verify.chances import SIGMA, error_ratio
from vesica import library
from vesica.errors import InputError
from vesica.instruments import constants, elisa, nta_forward, qpcr, sequencing, trps
from vesica.instruments.nta_response import visible_share
from vesica.library import check
from vesica.rng import stream

SHELF = library.load("cns")
NTA, TRPS, ELISA, SIMOA, QPCR = (
    make(SHELF) for make in (constants.nta, constants.trps, constants.elisa, constants.simoa, constants.qpcr)
)
SIZES = np.arange(30.0, 300.0)
LAW = np.exp(-0.5 * (np.log(SIZES / 100) / 0.3) ** 2) / SIZES


def sample(concentration: float) -> nta_forward.Population:
    return nta_forward.Population(SIZES, LAW, concentration)


def off(values: np.ndarray, expected: float, sd: float) -> float:
    """Distance of a mean from its expectation in standard errors of the law."""
    return abs(float(np.mean(values)) - expected) / (sd / math.sqrt(np.size(values)))


def test_the_measure_of_distance_can_fail() -> None:
    values = stream(1, "off", 0).standard_normal(100)
    assert off(values, 0.0, 1.0) < 5 < off(values + 0.8, 0.0, 1.0)


def test_the_library_is_sound_with_the_assays() -> None:
    assert check.problems(SHELF) == []


# particle tracking


def test_a_field_is_its_volume() -> None:
    """1 um^3 is 1e-12 mL: 1e8 particles/mL show 1e8 x 1.86e5 x 1e-12 = 18.6 in a frame."""
    assert NTA.per_frame(1e8) == pytest.approx(18.6)
    assert NTA.counted_volume == pytest.approx(1.86e-7 * 1498 / 11.7)


def videos(concentration: float, count: int = 60, dilution: float = 1.0) -> list[nta_forward.Video]:
    return [
        nta_forward.record_video([sample(concentration)], NTA, dilution=dilution, rng=stream(3, "videos", n))
        for n in range(count)
    ]


@pytest.mark.parametrize("dilution", [1.0, 5.0])
def test_concentration_is_that_of_trackable_particles(dilution: float) -> None:
    """Mean q c and relative variance CV^2 + (2 - 1/L)/N, in closed form; 60 videos, 5 standard errors."""
    total = 3e8
    trackable = (
        total * float(LAW @ visible_share(SIZES, visible_diameter=70, visible_slope=1 / 0.15)) / LAW.sum()
    )
    mean = trackable / dilution * nta_forward.unhidden_share(trackable / dilution, NTA)
    tracks = mean * NTA.counted_volume
    spread = math.sqrt(NTA.video_cv**2 + (2 - 1 / NTA.track_length) / tracks)
    read = np.array([video.concentration for video in videos(total, dilution=dilution)])
    assert off(read, mean, mean * spread) < 5
    counts = np.array([video.diameter.size for video in videos(total, dilution=dilution)])
    assert off(counts, tracks, math.sqrt(tracks + (tracks * NTA.video_cv) ** 2)) < 5
    assert off(read, mean * 1.06, mean * spread) > 5  # a bias of 6 % is seen


def test_sizes_carry_the_tracking_error() -> None:
    """Log diameters have the mean of the trackable law, and its variance plus that of the error; 60 videos."""
    seen = sample(1.0).trackable(NTA.response)
    logs = np.log(SIZES)
    mean = float(logs @ seen / seen.sum())
    variance = float((logs - mean) ** 2 @ seen / seen.sum()) + NTA.response.log_width**2
    read = np.log(np.concatenate([video.diameter for video in videos(2e8, 20)]))
    assert off(read, mean, math.sqrt(variance)) < 5
    fourth = float(np.mean((read - read.mean()) ** 4))
    assert abs(read.var() - variance) < 5 * math.sqrt((fourth - variance**2) / read.size)


def test_nothing_gives_nothing() -> None:
    video = nta_forward.record_video([sample(0.0)], NTA, dilution=1.0, rng=stream(1, "none", 0))
    assert (video.diameter.size, video.concentration, video.particles_per_frame) == (0, 0.0, 0.0)
    assert nta_forward.size_bins(video, np.arange(1001.0), smoothing=0.05).sum() == 0


def test_bins_sum_to_the_concentration() -> None:
    """Each track is spread with weight one; what lies outside 0 to 1000 nm is below 1e-6 for tracks of 20 to 500 nm."""
    video = videos(1e8, 1)[0]
    for smoothing in (0.0, 0.05):
        bins = nta_forward.size_bins(video, np.arange(1001.0), smoothing=smoothing)
        assert bins.sum() == pytest.approx(video.concentration, rel=1e-6)


def test_a_background_has_its_share_of_the_tracked_particles() -> None:
    own = sample(1e8)
    background = nta_forward.lipoproteins([own], NTA.response, share=0.98, median=55.0, gsd=1.3)
    seen = [float(one.trackable(NTA.response).sum()) for one in (own, background)]
    assert seen[1] / sum(seen) == pytest.approx(0.98, rel=1e-12)
    assert background.concentration > 50 * own.concentration  # most of it is too small to be tracked


def test_crowding_lowers_the_count_and_the_operator_avoids_it() -> None:
    trackable = 1e10
    assert nta_forward.unhidden_share(trackable, NTA) == pytest.approx(math.exp(-1860 * NTA.overlap_share))
    dilution = nta_forward.operator_dilution(trackable, NTA)
    assert NTA.low <= NTA.per_frame(trackable / dilution) <= NTA.high
    assert nta_forward.operator_dilution(1e5, NTA) == 1


@pytest.mark.parametrize("dilution", [0.5, math.nan])
def test_no_dilution_is_refused(dilution: float) -> None:
    with pytest.raises(InputError, match="1 \\(none\\) or more"):
        nta_forward.record_video([sample(1e8)], NTA, dilution=dilution, rng=stream(1, "x", 0))


# resistive pulses


def test_a_blockade_is_a_volume() -> None:
    """A particle of half the diameter blocks an eighth: the threshold of 128 nm is (128/200)^3 of a bead's blockade."""
    assert TRPS.threshold == pytest.approx(0.3 * (128 / 200) ** 3)
    assert TRPS.seen_share(np.array([128.0]))[0] == pytest.approx(0.5)


def trps_readings(runs: int = 60) -> np.ndarray:
    read = []
    for run in range(runs):
        beads = trps.record_beads(TRPS, rng=stream(5, "beads", run))
        blockades = trps.record([sample(1e9)], TRPS, dilution=2.0, rng=stream(5, "pulses", run))
        reading = trps.calibrate(blockades, beads, TRPS, dilution=2.0)
        read.append(
            (reading.concentration, reading.concentration_error, reading.diameter.mean(), reading.lowest)
        )
    return np.array(read)


def test_pulses_read_the_particles_above_the_limit() -> None:
    """60 recordings with their own beads: mean within 5 standard errors, plus E[1/flow of beads] = 1 +
    CV^2 + 1/N (0.3 %).

    Mean squared stated error over the variance of the readings is one, to `SIGMA` of its own error (false alarm 1e-8)
    and 2 % of second order (three relative errors of 5 % squared, in both).
    """
    seen = TRPS.seen_share(SIZES)
    true = 1e9 * float(LAW @ seen) / LAW.sum()
    read = trps_readings()
    assert off(read[:, 0], true * 1.003, read[:, 0].std()) < 5
    ratio, unsure = error_ratio(read[:, 0], read[:, 1])
    assert abs(ratio) < SIGMA * unsure + 0.02
    assert abs(error_ratio(read[:, 0], 3 * read[:, 1])[0]) > SIGMA * unsure + 0.02
    mean = float(SIZES @ (LAW * seen)) / float(LAW @ seen)
    # The blockade error, seen above the threshold only, shifts single diameters by its square, (0.1/3)^2.
    assert abs(read[:, 2].mean() - mean) < 5 * read[:, 2].std() / math.sqrt(60) + mean * (0.1 / 3) ** 2
    assert read[:, 3].mean() == pytest.approx(128, rel=0.005)


def test_without_particles_or_beads() -> None:
    none = trps.record([sample(0.0)], TRPS, dilution=1.0, rng=stream(1, "none", 0))
    beads = trps.record_beads(TRPS, rng=stream(1, "beads", 0))
    assert trps.calibrate(none, beads, TRPS, dilution=1.0).concentration == 0.0
    with pytest.raises(InputError, match="record the beads again"):
        trps.calibrate(beads, none, TRPS, dilution=1.0)


# immunoassays


def test_wells_scatter_about_the_curve() -> None:
    x = np.full(4000, 10.0)
    clean = float(ELISA.curve.signal(x[:1])[0])
    sd = math.hypot(ELISA.well_cv * (clean - ELISA.curve.bottom), ELISA.blank_sd)
    assert off(elisa.elisa_wells(x, ELISA, on_vesicles=False, rng=stream(1, "wells", 0)), clean, sd) < 5


def test_blanks_pass_the_limit_of_detection_as_rarely_as_stated() -> None:
    """A blank exceeds blank + 3 SD with probability 1.35e-3: of 40,000, 54 +- 5 x 7.35 (normal approximation)."""
    blanks = elisa.elisa_wells(np.zeros(40_000), ELISA, on_vesicles=False, rng=stream(2, "blanks", 0))
    read = ELISA.curve.concentration(blanks)
    passed = int(np.nansum(read > ELISA.limits[0]))
    assert abs(passed - 54) < 37
    assert ELISA.limits[0] < ELISA.limits[1]


def test_vesicles_read_less_by_their_capture() -> None:
    quiet = elisa.ElisaAssay(ELISA.curve, 0.0, 1e-9, 0.5)
    on, free = (
        elisa.elisa_wells(np.array([4.0]), quiet, on_vesicles=flag, rng=stream(1, "q", 0))
        for flag in (True, False)
    )
    assert quiet.curve.concentration(on) / quiet.curve.concentration(free) == pytest.approx(0.5, rel=1e-6)


def test_beads_count_enzymes() -> None:
    """-ln(1 - f) of n beads is b + s c, with a bias of f/(2 (1 - f) n) and the spread of a binomial and of wells."""
    x = np.full(3000, 0.1)
    mean = SIMOA.background + SIMOA.slope * 0.1
    share = 1 - math.exp(-mean)
    sd = math.hypot(math.sqrt(share / ((1 - share) * SIMOA.beads)), SIMOA.well_cv * mean)
    assert off(elisa.simoa_wells(x, SIMOA, on_vesicles=False, rng=stream(1, "beads", 0)), mean, sd) < 5
    assert SIMOA.limits[0] < ELISA.limits[0] / 10


def test_blank_beads_scatter_as_the_limit_says() -> None:
    """The limit is 3 SD over the slope; the SD of 4,000 blanks is known to 1/sqrt(8000): 5 of these, and 2
    % of first order.
    """
    blanks = elisa.simoa_wells(np.zeros(4000), SIMOA, on_vesicles=False, rng=stream(3, "beads", 0))
    assert 3 * blanks.std() / SIMOA.slope == pytest.approx(SIMOA.limits[0], rel=5 / math.sqrt(8000) + 0.02)


def test_negative_concentrations_are_refused() -> None:
    with pytest.raises(InputError, match="zero or more"):
        elisa.elisa_wells(np.array([-1.0]), ELISA, on_vesicles=False, rng=stream(1, "n", 0))


# PCR


def test_the_cycle_and_its_inverse() -> None:
    """One doubling less by (1 + E): templates 1 at C1; ten times as many ln 10/ln(1 + E) cycles earlier."""
    cycles = QPCR.cycle(np.array([1.0, 10.0]))
    assert cycles[0] == 38.5
    assert cycles[0] - cycles[1] == pytest.approx(math.log(10) / math.log(1.93), rel=1e-12)
    assert QPCR.templates(cycles) == pytest.approx([1, 10], rel=1e-12)
    assert np.isnan(QPCR.cycle(np.array([0.0]))[0])


def test_detection_at_low_copies_is_poisson() -> None:
    """Two templates on average: exp(-2) of the reactions hold none. Of 20,000, within 5 binomial standard errors."""
    copies = 2.0 / (0.5 * QPCR.eluate_share * QPCR.transcription)
    cycles = qpcr.wells_of(copies, QPCR, recovery=0.5, wells=20_000, rng=stream(1, "low", 0))
    none = float(np.isnan(cycles).mean())
    assert abs(none - math.exp(-2)) < 5 * math.sqrt(math.exp(-2) * (1 - math.exp(-2)) / 20_000)


def test_no_copies_are_undetermined() -> None:
    assert np.isnan(qpcr.wells_of(0.0, QPCR, recovery=0.5, wells=6, rng=stream(1, "zero", 0))).all()


def qpcr_read(copies: float, run: int, recovery: float | None = None) -> float:
    rng = stream(7, "pcr", run)
    standards = np.repeat(10.0 ** np.arange(2, 9), 2)
    lines = [qpcr.standard_line(standards, qpcr.standard_wells(standards, QPCR, rng)) for _ in range(2)]
    share = qpcr.draw_recovery(QPCR, rng) if recovery is None else recovery
    target, spike = (
        qpcr.wells_of(amount, QPCR, recovery=share, wells=3, rng=rng)
        for amount in (copies, QPCR.spike_copies)
    )
    return qpcr.sample_copies(target, spike, *lines, QPCR)[0]


def test_the_spike_in_corrects_the_losses() -> None:
    """Of 300 extractions the mean log is that of the truth within 5 standard errors, plus 1 % for the mean
    of wells' bias.
    """
    logs = np.log([qpcr_read(1e6, run) / 1e6 for run in range(300)])
    assert abs(logs.mean()) < 5 * logs.std() / math.sqrt(300) + 0.01
    # without it the copies would be low by the recovery, a log of -0.7
    assert abs(logs.mean() - math.log(QPCR.recovery)) > 0.5


def test_standards_give_the_efficiency() -> None:
    standards = np.repeat(10.0 ** np.arange(3, 9), 20)
    line = qpcr.standard_line(standards, qpcr.standard_wells(standards, QPCR, stream(1, "line", 0)))
    # slope error: residual sd over the spread of 120 points of 1.7 decades; five of them are 0.02 in E
    assert line.efficiency == pytest.approx(QPCR.efficiency, abs=0.02)


def test_bad_standards_are_refused() -> None:
    with pytest.raises(InputError, match="a line needs three"):
        qpcr.standard_line(np.array([1e3, 1e4]), np.array([30.0, np.nan]))
    with pytest.raises(InputError, match="earlier"):
        qpcr.standard_line(np.array([1e3, 1e4, 1e5]), np.array([20.0, 23.0, 26.0]))
    line = qpcr.standard_line(np.array([1e3, 1e4, 1e5]), np.array([30.0, 26.5, 23.1]))
    with pytest.raises(InputError, match="spike-in was not detected"):
        qpcr.sample_copies(np.array([30.0]), np.array([np.nan]), line, line, QPCR)


# sequencing


def test_counts_are_negative_binomial() -> None:
    """Mean D p and variance mu + a mu^2 of 20,000 libraries; the variance of a variance from the sample's
    fourth moment.
    """
    share = np.array([0.01, 0.99])
    reads = np.array(
        [
            sequencing.counts(share, depth=5000, dispersion=0.15, rng=stream(1, "nb", n))[0]
            for n in range(20_000)
        ]
    )
    variance = 50 + 0.15 * 50**2
    assert off(reads, 50.0, math.sqrt(variance)) < 5
    fourth = float(np.mean((reads - reads.mean()) ** 4))
    assert abs(reads.var() - variance) < 5 * math.sqrt((fourth - variance**2) / reads.size)
    assert abs(reads.var() - 50) > 5 * math.sqrt(
        (fourth - variance**2) / reads.size
    )  # a Poisson law would be seen


def test_only_shares_are_counted() -> None:
    copies = np.array([3.0, 5.0, 2.0])
    assert sequencing.shares(copies).tolist() == sequencing.shares(1e6 * copies).tolist()
    risen = sequencing.shares(copies * [2, 1, 1])
    assert risen[1] < sequencing.shares(copies)[1]
    assert sequencing.shares(np.zeros(3)).sum() == 0
    assert sequencing.counts(np.zeros(3), depth=1e4, dispersion=0.1, rng=stream(1, "z", 0)).sum() == 0


@pytest.mark.parametrize("wrong", [-1.0, 0.0, math.nan])
def test_no_depth_is_refused(wrong: float) -> None:
    with pytest.raises(InputError, match="depth is above zero"):
        constants.sequencing(SHELF, wrong)
