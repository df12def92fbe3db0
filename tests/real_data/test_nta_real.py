"""`read_nta` on measured NanoSight files and a measured table of sizes: the identities of instruments hold."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from vesica.readers import read_nanosight, read_nta, read_nta_files
from vesica.readers.records import moments, quantile

DATA = Path(__file__).parents[3] / "shared" / "data" / "nta"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="../shared/data is not there: a clone without the measured data"
    ),
]
BEADS_32 = DATA / "nanosight32_beads100nm_combined_resaved.csv"
BEADS_34 = DATA / "nanosight34_beads100nm.csv"
PLASMA = DATA / "magnet_sample14_particle_distribution.csv"
FILES = pytest.mark.parametrize(("file", "shift"), [(BEADS_32, 1.0), (BEADS_34, 0.0)], ids=["3.2 re-saved", "3.4"])


@FILES
def test_bins_say_what_is_printed(file: Path, shift: float) -> None:
    """Concentration is printed with three digits (0.5 % at most), sizes to 0.1 nm (0.05 off).

    The mode is the top of the parabola through the highest bin and its neighbours; D-values and all
    percentiles but 0 and 100 are linear in the cumulative at right bin edges, 1.0 nm lower in the re-saved 3.2 file.
    """
    read, summary = read_nta(file), read_nanosight(file)
    percentiles = summary.blocks[0].percentiles
    assert percentiles is not None
    for at, video in enumerate(read.videos):
        bins = video.concentration
        assert bins.sum() == pytest.approx(video.printed["concentration"], rel=5e-3)
        assert video.total == video.printed["concentration"]
        assert moments(video.diameter, bins) == pytest.approx((video.printed["mean"], video.printed["sd"]), abs=0.0501)
        for share in range(1, 100):
            edge = quantile(video.diameter, bins, share / 100) - shift
            assert edge == pytest.approx(percentiles[share, at], abs=0.0501)
        for name, share in (("d10", 10), ("d50", 50), ("d90", 90)):
            assert video.printed[name] == percentiles[share, at]
        top = int(bins.argmax())
        left, middle, right = bins[top - 1 : top + 2]
        mode = video.diameter[top] + 0.5 * (left - right) / (left - 2 * middle + right)
        assert mode == pytest.approx(video.printed["mode"], abs=0.0501)


@FILES
def test_averages_are_those_of_the_videos(file: Path, shift: float) -> None:
    """Whole particles: bins are off by half of one each, the printed mean by half: 1. The error likewise."""
    del shift
    summary = read_nanosight(file)
    assert summary.average is not None
    assert summary.standard_error is not None
    assert np.abs(summary.average - summary.concentration.mean(axis=1)).max() <= 1.01
    spread = summary.concentration.std(axis=1, ddof=1) / math.sqrt(len(summary.videos))
    assert np.abs(summary.standard_error - spread).max() <= 1.01


def test_what_the_files_say() -> None:
    old, new = read_nta(BEADS_32), read_nta(BEADS_34)
    assert (old.instrument, old.software, len(old.videos)) == ("NanoSight", "NTA 3.2 Dev Build 3.2.16", 12)
    assert (new.software, new.sample, len(new.videos)) == ("NTA 3.4 Build 3.4.003", "100nmbeads", 5)
    assert (old.captured, new.captured) == (None, datetime(2020, 6, 16, 11, 52, 4))
    assert {(video.dilution, video.dilution_applied) for video in old.videos} == {(None, False)}
    assert {(video.dilution, video.dilution_applied) for video in new.videos} == {(1e4, True)}
    assert [video.flags["vibration"].split()[0] for video in new.videos] == [
        "Moderate", "Minor", "Moderate", "Minor", "Minor"
    ]  # fmt: skip
    assert old.videos[0].tracks == 10824
    assert (new.videos[0].temperature, new.videos[0].viscosity) == (22.0, 0.952941)
    assert new.videos[0].printed["drift_x"] == -3.8
    assert new.videos[0].printed["video_length"] == pytest.approx(499 / 24.9825)
    assert old.warnings == new.warnings == ()


def test_the_table_of_plasma_vesicles() -> None:
    (video,) = read_nta(PLASMA).videos
    assert (video.diameter.size, video.dilution, video.dilution_applied) == (401, None, False)
    assert video.total == pytest.approx(8.79e9, rel=1e-3)
    assert video.sd is not None


def test_many_files_at_once() -> None:
    files, notes = read_nta_files([BEADS_32, BEADS_34, PLASMA])
    assert [file.instrument for file in files] == ["NanoSight", "NanoSight", "size table"]
    assert notes == ()
