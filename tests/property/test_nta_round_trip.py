"""What the writers of `instruments.files` write, the readers read: the same numbers, to the digits printed."""

from __future__ import annotations

import dataclasses
import itertools
import math
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vesica.instruments.files import (
    NanosightMeasurement,
    Tracks,
    VideoReading,
    ZetaviewMeasurement,
    write_nanosight,
    write_pack,
    write_zetaview,
)
from vesica.readers import NtaFile, read_nanosight, read_nta
from vesica.readers.nanosight_rows import INFORMATION_ROWS, WARNING_ROWS
from vesica.readers.records import moments, quantile

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What Windows-1252 holds and csv must quote; names may not begin or end with blanks.
WORDS = st.text(st.sampled_from("abcXYZ019 .,;:_-/()'\"µ±é"), max_size=20).map(str.strip)
FLAG = st.sampled_from(sorted({*WARNING_ROWS, *INFORMATION_ROWS}))
SAID = st.sampled_from(["OK", "No", "Unreliable", "High noise", "Minor vibration", "Low concentration"])
WHEN = st.datetimes(datetime(2001, 1, 13), datetime(2040, 1, 1)).map(lambda when: when.replace(microsecond=0))


@st.composite
def readings(draw: st.DrawFn, name: str) -> VideoReading:
    """A video with a law of any width and place, or with a few odd bins, or empty."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    kind = draw(st.sampled_from(["law", "law", "few bins", "empty"]))
    bins = np.zeros(1000)
    if kind == "law":
        sizes = np.exp(rng.normal(rng.uniform(3.5, 6.0), rng.uniform(0.02, 0.6), 800))
        bins = np.histogram(sizes, np.arange(1001))[0] * 10 ** rng.uniform(0, 10)
    elif kind == "few bins":
        bins[rng.integers(0, 1000, 3)] = 10 ** rng.uniform(1, 12, 3)
    return VideoReading(
        name,
        bins,
        completed_tracks=draw(st.integers(0, 20000)),
        valid_tracks=draw(st.integers(0, 20000)),
        particles_per_frame=draw(st.floats(0, 500)),
        centres_per_frame=draw(st.floats(0, 500)),
        temperature=draw(st.floats(10, 45)),
        viscosity=draw(st.floats(0.5, 2)),
        drift=(draw(st.floats(-20, 20)), draw(st.floats(-20, 20))),
        flags=draw(st.dictionaries(FLAG, SAID, max_size=3)),
    )


@st.composite
def measurements(draw: st.DrawFn) -> NanosightMeasurement:
    """Up to four videos with awkward names."""
    names = draw(st.lists(WORDS.filter(bool), min_size=1, max_size=4, unique=True))
    return NanosightMeasurement(
        tuple(draw(readings(name)) for name in names),
        dilution=draw(st.none() | st.sampled_from([1.0, 10.0, 200.0, 333.0, 1e4])),
        sample=draw(WORDS),
        operator=draw(WORDS),
        remarks=draw(WORDS),
        captured=draw(st.none() | WHEN),
    )


def back(data: bytes, name: str = "made.csv") -> NtaFile:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        return read_nta(file)


def agrees(video: VideoReading, read: NtaFile, at: int) -> None:
    """Printed digits: bins whole, concentration three digits, one decimal else; so half of the last digit."""
    found = read.videos[at]
    np.testing.assert_array_equal(found.concentration, np.rint(video.concentration))
    total = np.rint(video.concentration).sum()
    assert math.isclose(found.total, total, rel_tol=0.5e-2 + 1e-9)
    assert (found.name, found.tracks) == (video.name, video.completed_tracks)
    assert math.isclose(found.particles_per_frame or 0.0, video.particles_per_frame, abs_tol=0.0501)
    assert math.isclose(found.centres_per_frame or 0.0, video.centres_per_frame, abs_tol=0.0501)
    assert math.isclose(found.temperature or 0.0, video.temperature, abs_tol=0.000501)
    assert math.isclose(found.viscosity or 0.0, video.viscosity, abs_tol=0.000000501)
    assert math.isclose(found.printed["drift_x"], video.drift[0], abs_tol=0.0501)
    assert found.printed["valid_tracks"] == video.valid_tracks
    for flag, said in video.flags.items():
        assert found.flags[flag] == said


@SLOW
@given(measurements(), st.sampled_from(["3.2", "3.3", "3.4"]), st.booleans())
def test_nanosight_round_trip(made: NanosightMeasurement, version: str, averages: bool) -> None:
    data = write_nanosight(made, version=version, averages=averages)  # type: ignore[arg-type]
    read = back(data)
    assert len(read.videos) == len(made.videos)
    for at, video in enumerate(made.videos):
        agrees(video, read, at)
        assert read.videos[at].dilution == made.dilution
        assert read.videos[at].dilution_applied == (made.dilution is not None)
    assert (read.sample, read.operator) == (made.sample, made.operator)
    if made.captured is not None and (made.captured.day > 12 or made.captured.day == made.captured.month):
        assert read.captured == made.captured
    else:
        assert read.captured is None


@SLOW
@given(measurements(), st.sampled_from(["3.2", "3.4"]))
def test_written_summaries_hold_the_identities_of_measured_ones(made: NanosightMeasurement, version: str) -> None:
    """Mean, SD, D-values from bins to half a printed digit; 3.2 prints D-values 1.0 nm lower (not below 0).

    Where a share falls on the edge of an empty bin, the D-value may be either end of the gap: it lies between the
    quantiles of a share 1e-9 lower and higher. Averages are means of whole numbers, rounded: 0.5 and the rounding
    of a mean of numbers up to 1e12, 1e-3. The standard error is the sample standard deviation over the root.
    """
    shift = 1.0 if version == "3.2" else 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.csv"
        file.write_bytes(write_nanosight(made, version=version))  # type: ignore[arg-type]
        summary = read_nanosight(file)
    for video, bins in zip(summary.videos, summary.concentration.T, strict=True):
        if not bins.any():
            assert (video.mean, video.d50) == (0.0, 0.0)
            continue
        mean, sd = moments(summary.diameter, bins)
        assert math.isclose(mean, video.mean or 0, abs_tol=0.0501)
        assert math.isclose(sd, video.sd or 0, abs_tol=0.0501)
        for share, printed in ((0.1, video.d10), (0.5, video.d50), (0.9, video.d90)):
            low, high = (quantile(summary.diameter, bins, share + step) for step in (-1e-9, 1e-9))
            assert max(low - shift, 0.0) - 0.0501 <= (printed or 0.0) <= max(high - shift, 0.0) + 0.0501
    n_videos = len(summary.videos)
    assert (summary.average is None) == (n_videos == 1)
    if summary.average is not None and summary.standard_error is not None:
        assert np.abs(summary.average - summary.concentration.mean(axis=1)).max() <= 0.501
        spread = summary.concentration.std(axis=1, ddof=1) / math.sqrt(n_videos)
        assert np.abs(summary.standard_error - spread).max() <= 0.501


@SLOW
@given(measurements())
def test_weighted_and_diffusion_blocks_round_trip(made: NanosightMeasurement) -> None:
    """Weights are rescaled to the number of particles: rounding of 1000 bins, 500.

    The last diffusion bin ends at 4e7 nm^2/s, which smaller particles exceed: k T / (3 pi eta D) is 9 to 24 nm
    over these temperatures and viscosities. What is larger by a bin must be there.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.csv"
        weightings = ("Number", "Surface Area", "Volume")
        file.write_bytes(write_nanosight(made, version="3.3", weightings=weightings, diffusion=True))
        summary = read_nanosight(file)
    kinds = [(block.kind, block.weighting) for block in summary.blocks]
    assert kinds == [("size", "Number"), ("size", "Surface Area"), ("size", "Volume"), ("diffusion", "Number")]
    number, area, volume, diffusion = summary.blocks
    for block in (area, volume):
        np.testing.assert_allclose(block.amount.sum(axis=0), number.amount.sum(axis=0), atol=500, rtol=1e-12)
    for at in range(len(made.videos)):
        bins = number.amount[:, at]
        if bins.any():
            means = [moments(block.centre, block.amount[:, at])[0] for block in (number, area, volume)
                     if block.amount[:, at].any()]
            # half a particle of rounding in each of 1000 bins, at most 1000 nm from the mean, in both means
            slack = 1e6 / bins.sum()
            assert all(one <= other + slack for one, other in itertools.pairwise(means))
            video = made.videos[at]
            fastest = 4e-11  # m^2/s
            heat = 1.380649e-23 * (video.temperature + 273.15)
            cut = heat / (3 * math.pi * video.viscosity * 1e-3 * fastest) * 1e9  # nm
            above = bins[math.ceil(cut) + 1 :].sum()
            assert above * (1 - 1e-9) - 600 <= diffusion.amount[:, at].sum() <= bins.sum() + 600
    assert all(block.percentiles is not None and block.percentiles.shape == (101, len(made.videos))
               for block in summary.blocks)


@SLOW
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_packs_round_trip(seed: int, n_tracks: int) -> None:
    """Whichever file of a pack is given, the same included tracks are found, to the four decimals printed."""
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 9, n_tracks)
    tracks = Tracks(
        diameter=np.exp(rng.normal(4.6, 0.4, n_tracks)),
        intensity=rng.normal(3, 1, n_tracks),
        start_frame=rng.integers(0, 700, n_tracks),
        length=length,
        is_included=rng.random(n_tracks) < 0.6,
        x=rng.uniform(0, 600, length.sum()),
        y=rng.uniform(0, 400, length.sum()),
    )
    included = tracks.diameter[tracks.is_included]
    video = VideoReading("v_00", np.histogram(included, np.arange(1001))[0] * 1e7, n_tracks, included.size, 9.0, 8.0)
    files = write_pack(NanosightMeasurement((video,), 100.0, experiment="made.nano"), [tracks])
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        for name in files:
            read = read_nta(Path(folder) / name)
            (found,) = read.videos
            assert found.track_diameter is not None
            np.testing.assert_allclose(found.track_diameter, included, atol=0.501e-4)
            assert len(read.companions) == 2
            assert read.warnings == ()
            agrees(video, read, 0)


@SLOW
@given(
    st.lists(st.floats(1.0, 9000.0), max_size=60),
    st.floats(1e3, 1e6),
    st.floats(1.0, 1e5),
    st.none() | WHEN,
)
def test_zetaview_round_trip(sizes: list[float], per_track: float, dilution: float, when: datetime | None) -> None:
    """Bins of 5 nm to four digits (5e-4 relative); the total is tracks times concentration, never twice."""
    made = ZetaviewMeasurement(np.array(sizes), per_track, 12.5, dilution, sample="made", captured=when)
    read = back(write_zetaview(made), "made_size_488.txt")
    (video,) = read.videos
    assert video.tracks == len(sizes)
    assert math.isclose(video.total, len(sizes) * per_track, rel_tol=5.01e-4)
    expected = np.histogram(sizes, video.edges)[0] * per_track
    np.testing.assert_allclose(video.concentration, expected, rtol=5.01e-4)
    np.testing.assert_array_equal(np.diff(video.edges), 5.0)
    assert not video.dilution_applied
    assert math.isclose(video.dilution or 0.0, dilution, abs_tol=1e-6)
    assert read.captured == when


def test_the_comparison_can_fail() -> None:
    """One particle more in one bin, or another flag, is seen."""
    bins = np.zeros(1000)
    bins[100] = 1e6
    made = VideoReading("a", bins, 10, 5, 1.0, 1.0, flags={"noise": "No"})
    read = back(write_nanosight(NanosightMeasurement((made,), None)))
    agrees(made, read, 0)
    for other in (
        dataclasses.replace(made, concentration=bins + (np.arange(1000) == 7)),
        dataclasses.replace(made, flags={"noise": "High noise"}),
        dataclasses.replace(made, temperature=22.002),
    ):
        with pytest.raises(AssertionError):
            agrees(other, read, 0)
