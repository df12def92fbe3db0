"""The core of the analysis of particle tracking files: intervals, sizes, quality, samples, groups."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.nta_files import CENTRES, EDGES, file, law, replicates, video
from vesica.analysis.nta import intervals, quality
from vesica.analysis.nta.amounts import Culture, purity
from vesica.analysis.nta.read import Choices, analyse, gathered
from vesica.analysis.nta.sizes import bandwidth, common_edges, mode, quantiles, rebin, size_statistics
from vesica.errors import Finding, InputError

# ---- intervals


def test_replicate_interval_is_the_textbook_one() -> None:
    """Means 1, 2, 3: mean 2, s = 1, t(2, 0.975) = 4.302653; the counting error of 1e6 tracks each is far below."""
    found = intervals.nested_mean([np.array([0.9, 1.1]), np.array([2.0, 2.0]), np.array([2.5, 3.5])], [10**6] * 3)
    assert (found.level, found.n, found.df) == ("replicates", 3, 2)
    assert found.value == pytest.approx(2.0)
    assert found.se == pytest.approx(1 / math.sqrt(3))
    assert found.high == pytest.approx(2 + 4.302653 / math.sqrt(3), rel=1e-6)
    assert found.low == 0.0  # 2 - 2.48 is below zero, where no concentration lies


def test_videos_of_a_replicate_do_not_narrow_the_interval() -> None:
    """A hundred videos of two replicates say no more about replicates than two videos do."""
    few = intervals.nested_mean([np.full(1, 1.0), np.full(1, 3.0)], [None, None])
    many = intervals.nested_mean([np.full(100, 1.0), np.full(100, 3.0)], [None, None])
    assert (few.low, few.high) == (many.low, many.high)


def test_one_replicate_says_that_it_is_one() -> None:
    found = intervals.nested_mean([np.array([1.0, 2.0, 3.0])], [None])
    assert found.level == "videos"
    assert "not of replicates" in found.words


def test_counting_is_a_floor() -> None:
    """Equal videos of 100 tracks in all: 1 / sqrt(100) = 10 %, normal quantile 1.959964."""
    found = intervals.nested_mean([np.full(4, 5.0)], [100])
    assert found.se == pytest.approx(0.5)
    assert found.high == pytest.approx(5 + 1.959964 * 0.5, rel=1e-6)
    assert "counting error" in found.words


def test_one_video_without_tracks_has_no_interval() -> None:
    found = intervals.nested_mean([np.array([5.0])], [None])
    assert (found.value, found.se, found.low, found.high) == (5.0, None, None, None)


def test_a_difference_has_welch_degrees_of_freedom() -> None:
    """Satterthwaite: (u + v)^2 / (u^2 / 2 + v^2 / 3), with u = 1/3 of three values and v of four."""
    a = intervals.mean_estimate(np.array([9.0, 10.0, 11.0]), "replicates")
    b = intervals.mean_estimate(np.array([1.0, 1.0, 1.0 + 2 / 3, 1.0 + 2 / 3]), "replicates")
    found = intervals.difference(a, b)
    variance_b = b.se**2
    expected = (1 / 3 + variance_b) ** 2 / ((1 / 3) ** 2 / 2 + variance_b**2 / 3)
    assert found.df == pytest.approx(expected)
    assert found.value == pytest.approx(10 - 4 / 3)


def test_coverage_of_the_nested_interval() -> None:
    """Two thousand samples of 4 replicates with 3 videos, normal effects: the interval holds the truth in 95 %.

    The number of hits is binomial(2000, 0.95): mean 1900, SD 9.75; 52 from it is 5.3 SD, chance 1e-7.
    The same count with videos taken for replicates must fail it, or the check could not.
    """
    rng = np.random.default_rng(20)
    hits = wrong = 0
    for _ in range(2000):
        videos = 10 + rng.normal(0, 1.0, (4, 1)) + rng.normal(0, 0.5, (4, 3))
        nested = intervals.nested_mean(list(videos), [None] * 4)
        flat = intervals.mean_estimate(videos.ravel(), "videos")
        hits += nested.low <= 10 <= nested.high
        wrong += flat.low <= 10 <= flat.high
    assert abs(hits - 1900) <= 52
    assert abs(wrong - 1900) > 52


# ---- sizes


def test_moments_and_quantiles_of_a_uniform_distribution() -> None:
    """Ten equal bins from 0 to 100 nm: mean 50, D10 10, D50 50, D90 90, SD of bin centres sqrt(825)."""
    edges = np.linspace(0, 100, 11)
    found = size_statistics(edges, np.ones(10), 1000)
    assert (found.mean, found.d10, found.d50, found.d90) == pytest.approx((50, 10, 50, 90))
    assert found.sd == pytest.approx(math.sqrt(825))
    assert found.span == pytest.approx(80 / 50)


def test_mode_of_a_log_normal() -> None:
    """The density per nm peaks at median exp(-s^2); smoothing by h adds h^2 to s^2, bins of 1 nm at most 1 nm."""
    edges = np.arange(0.0, 1001.0)
    bins = law(100.0, 0.35, edges)
    expected = 100.0 * math.exp(-(0.35**2) - bandwidth(edges, bins, 2000) ** 2)
    assert mode(edges, bins, 2000) == pytest.approx(expected, abs=1.0)


def test_the_smoothing_follows_silverman() -> None:
    """A normal law in log diameter of SD 0.35 has IQR / 1.349 = 0.35, too; 1 nm bins change both by less than 1 %."""
    edges = np.arange(0.0, 1001.0)
    bins = law(100.0, 0.35, edges)
    assert bandwidth(edges, bins, 2000) == pytest.approx(0.9 * 0.35 * 2000**-0.2, rel=0.01)
    assert bandwidth(edges, bins, 64_000) == pytest.approx(bandwidth(edges, bins, 2000) / 2, rel=1e-3)


def test_one_odd_bin_is_no_mode() -> None:
    edges = np.arange(0.0, 1001.0)
    bins = law(100.0, 0.35, edges)
    bins[400] = 1.5 * bins.max()
    assert mode(edges, bins, 1000) < 120


def test_subtracting_noise_does_not_bias_signed_moments() -> None:
    """Noise of SD 1e-3 a bin on shares that sum to one: the signed mean diameter is unbiased, the clipped one is not.

    Var of the signed mean = sum (x - m)^2 * 1e-6 = 1e-6 * 100 * 333^2 nm^2 about (1000/sqrt(12) = 289, m off centre):
    SD of one below 4 nm, of the mean of 400 below 0.2 nm; 1.2 nm is more than 6 SD.
    Clipping adds sum(sd) / sqrt(2 pi) = 0.04 of the total at a mean of 500 nm instead of 106: at least 10 nm.
    """
    rng = np.random.default_rng(5)
    truth = law()
    centre = float(CENTRES @ truth)
    signed, clipped = [], []
    for _ in range(400):
        noisy = truth + rng.normal(0, 1e-3, truth.size)
        signed.append(size_statistics(EDGES, noisy, 1000).mean)
        clipped.append(size_statistics(EDGES, noisy.clip(min=0), 1000).mean)
    assert abs(np.mean(signed) - centre) < 1.2
    assert abs(np.mean(clipped) - centre) > 10


def test_quantiles_of_signed_bins_stay_in_order() -> None:
    bins = law() + np.where(np.arange(CENTRES.size) % 2, 0.01, -0.01)
    low, middle, high = quantiles(EDGES, bins, (0.1, 0.5, 0.9))
    assert EDGES[0] <= low <= middle <= high <= EDGES[-1]


def test_an_empty_distribution_has_no_sizes() -> None:
    assert size_statistics(EDGES, np.zeros(CENTRES.size), None).mean is None
    assert size_statistics(EDGES, -law(), 100).d50 is None


def test_rebinning_keeps_the_number() -> None:
    fine = np.arange(0.5, 1000.5, 1.0)
    coarse = common_edges([fine, EDGES])
    bins = law(edges=fine)
    assert rebin(fine, bins, coarse).sum() == pytest.approx(bins.sum(), rel=1e-12)
    assert np.diff(coarse) == pytest.approx(10.0)


# ---- quality


def test_unreliable_and_empty_videos_are_excluded_and_listed() -> None:
    videos = [
        video(1e8, "good"),
        video(9e8, "bad", flags={"validity": "Unreliable"}),
        video(0.0, "empty"),
        video(1e8, "untracked", tracks=0),
    ]
    result = analyse([file(*videos)])
    assert [one.verdict for one in result.videos] == ["used", "excluded", "excluded", "excluded"]
    assert result.videos[1].remarks[0].instrument == "Unreliable"
    assert result.samples[0].concentration.value == pytest.approx(1e8)
    assert result.samples[0].n_excluded == 3


def test_an_excluded_video_is_not_warned_about_again() -> None:
    bad = video(1e8, "bad", flags={"validity": "Unreliable", "noise": "High noise"})
    result = analyse([file(video(), bad)])
    assert [remark.check for remark in result.videos[1].remarks] == ["validity", "noise"]
    assert not any("High noise" in finding.wrote for finding in result.findings)


def test_keep_all_overrides_but_keeps_the_row() -> None:
    videos = [video(1e8, "good"), video(3e8, "bad", flags={"validity": "Unreliable"})]
    result = analyse([file(*videos)], choices=Choices(keep_all=True))
    assert [one.verdict for one in result.videos] == ["used", "kept"]
    assert result.samples[0].concentration.value == pytest.approx(2e8)
    assert any("kept in spite" in finding.wrote for finding in result.findings)


@pytest.mark.parametrize(("changes", "check"), [
    ({"tracks": 50}, "tracks"),
    ({"particles_per_frame": 5.0}, "particles_per_frame"),
    ({"particles_per_frame": 300.0}, "particles_per_frame"),
    ({"temperature": 55.0}, "temperature"),
    ({"printed": {"drift_x": -9.0}}, "drift"),
    ({"printed": {"drift": 40.0}}, "drift"),
    ({"flags": {"vibration": "High vibration"}}, "vibration"),
    ({"flags": {"noise": "Noise detected"}}, "noise"),
    ({"flags": {"validity": "Be cautious of data due to noise"}}, "validity"),
    ({"flags": {"drift": "too high"}}, "drift"),
    ({"flags": {"cell_check": "Bad"}}, "cell_check"),
    ({"flags": {"a_new_flag": "something"}}, "a_new_flag"),
])  # fmt: skip
def test_each_warning_is_seen_and_excludes_nothing(changes: dict, check: str) -> None:
    found = quality.remarks(file(video(**changes)), 0, quality.limits("NanoSight"))
    assert [(one.check, one.excludes) for one in found] == [(check, False)]


def test_a_good_video_has_no_remark() -> None:
    fine = video(flags={"validity": "OK", "noise": "No", "cell_check": "Very Good", "drift": "OK"})
    assert quality.remarks(file(fine), 0, quality.limits("NanoSight")) == ()


def test_temperature_away_from_the_settings() -> None:
    one = file(video(temperature=29.0), settings={"SetTemperature": ("25.0",)})
    assert [found.check for found in quality.remarks(one, 0, quality.limits("ZetaView"))] == ["temperature"]
    off = replace(one, settings={"SetTemperature": ("25.0",), "TempControl": ("off",)})
    assert quality.remarks(off, 0, quality.limits("ZetaView")) == ()


def test_instruments_have_ranges_of_their_own() -> None:
    crowded = file(video(particles_per_frame=150.0))
    assert quality.remarks(crowded, 0, quality.limits("NanoSight"))
    assert not quality.remarks(crowded, 0, quality.limits("ZetaView"))
    assert not quality.remarks(crowded, 0, quality.limits("size table"))


def test_findings_of_many_files_become_one() -> None:
    many = [Finding("warning", f"{n}", f"file {n}", "one rule", "c", "f") for n in range(30)]
    (found,) = gathered(many)
    assert "29 more" in found.wrote


# ---- samples and groups


def test_samples_groups_and_their_units(tmp_path: Path) -> None:
    """Two samples in a group are its units; a group of one sample has its replicates."""
    sheet = tmp_path / "sheet.csv"
    files = [
        *replicates([[1e9], [3e9]], sample="a"),
        *replicates([[5e9], [7e9]], sample="b"),
        *replicates([[2e9], [4e9]], sample="c"),
    ]
    rows = [f"{one.file},{one.sample},{'x' if one.sample in 'ab' else 'y'}" for one in files]
    sheet.write_text("file,sample,group\n" + "\n".join(rows) + "\n")
    from vesica.analysis.nta.sheet import read_sheet

    placed = [replace(one, file=str(tmp_path / one.file)) for one in files]
    result = analyse(placed, choices=Choices(sheet=read_sheet(sheet)))
    x, y = result.groups
    assert (x.unit_of_replication, x.unit_names) == ("samples", ("a", "b"))
    assert x.units == pytest.approx([2e9, 6e9])
    assert x.concentration.value == pytest.approx(4e9)
    assert (y.unit_of_replication, len(y.units)) == ("replicates", 2)
    assert y.unit_distributions.shape == (2, CENTRES.size)
    assert y.concentration == result.samples[2].concentration


def test_the_distribution_adds_up_to_the_concentration() -> None:
    result = analyse(replicates([[1e9, 2e9], [3e9, 5e9]]))
    sample = result.samples[0]
    assert sample.distribution.concentration.sum() == pytest.approx(sample.concentration.value, rel=1e-12)
    assert sample.distribution.level == "replicates"
    by_hand = np.std([law() * 1.5e9, law() * 4e9], axis=0, ddof=1) / math.sqrt(2)
    assert sample.distribution.se == pytest.approx(by_hand)


def test_per_cell_and_purity() -> None:
    """2e9 /mL x 10 mL / 1e6 cells = 2e4 per cell; 2e9 /mL / (0.1 ug/mL) = 2e10 per ug: low purity."""
    culture = Culture(cells=1e6, volume=10.0, protein_concentration=0.1)
    result = analyse(replicates([[1e9], [3e9]]), choices=Choices(culture=culture))
    cell, protein = result.samples[0].amounts
    own = result.samples[0].concentration
    assert (cell.value, cell.high) == pytest.approx((2e4, own.high * 1e-5))
    assert protein.value == pytest.approx(2e10)
    assert protein.purity == "low purity"


@pytest.mark.parametrize(
    ("per_ug", "name"),
    [(1e9, "unpure"), (1.7e9, "between"), (1e10, "low purity"), (2.5e10, "between"), (3e10, "high purity")],
)
def test_classes_of_purity(per_ug: float, name: str) -> None:
    assert purity(per_ug) == name


@pytest.mark.parametrize(("culture", "words"), [
    (Culture(cells=1e6), "cells without a volume"), (Culture(protein=5.0), "a mass of protein without a volume"),
])  # fmt: skip
def test_cells_need_a_volume(culture: Culture, words: str) -> None:
    with pytest.raises(InputError, match=words):
        analyse(replicates([[1e9]]), choices=Choices(culture=culture))


def test_cells_need_a_dilution() -> None:
    with pytest.raises(InputError, match="--dilution 1"):
        analyse(replicates([[1e9]], dilution=None), choices=Choices(culture=Culture(cells=1e6, volume=1.0)))


def test_the_unit_says_what_a_millilitre_is() -> None:
    assert analyse(replicates([[1e9]])).unit == "particle/mL"
    assert analyse(replicates([[1e9]], dilution=None)).unit == "particle/mL of the measured suspension"
