"""Readers and NTA inversion on measured data that nobody here made (shared/data beside the project)."""

import math
from pathlib import Path

import numpy as np
import pytest

from vesica import readers
from vesica.errors import InputError
from vesica.instruments import NtaResponse, Reason, fit_distribution
from vesica.readers.records import moments, quantile

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="../shared/data is not there: a clone without the measured data"
    ),
]

BEADS_32 = DATA / "nta" / "nanosight32_beads100nm_combined_resaved.csv"
BEADS_34 = DATA / "nta" / "nanosight34_beads100nm.csv"
PLASMA = DATA / "nta" / "magnet_sample14_particle_distribution.csv"
MICROGLIA = DATA / "microglia_bv2"
# A plausible instrument; what is asserted below holds for a range of them where it says so.
VISIBLE = {"visible_diameter": 60.0, "visible_slope": 6.0}


@pytest.mark.parametrize(("file", "n_videos", "edge_shift"), [(BEADS_32, 12, 1.0), (BEADS_34, 5, 0.0)])
def test_bins_agree_with_what_nanosight_prints(file: Path, n_videos: int, edge_shift: float) -> None:
    """Printed: concentration to three digits (0.5 % at most), sizes to 0.1 nm (0.05 off).

    D10 to D90 are linear in the cumulative at the right edge of bins; NTA 3.2 prints them
    exactly 1 nm lower (one bin). Bins are whole particles, so the average is off by half of
    one after half of another: 1; a standard error likewise.
    """
    summary = readers.read_nanosight(file)
    assert len(summary.videos) == n_videos
    assert summary.concentration.shape == (1000, n_videos)
    for video, counts in zip(summary.videos, summary.concentration.T, strict=True):
        assert counts.sum() == pytest.approx(video.concentration, rel=5e-3)
        assert moments(summary.diameter, counts) == pytest.approx((video.mean, video.sd), abs=0.0501)
        for share, printed in ((0.1, video.d10), (0.5, video.d50), (0.9, video.d90)):
            assert quantile(summary.diameter, counts, share) - edge_shift == pytest.approx(
                printed, abs=0.0501
            )
    spread = summary.concentration.std(axis=1, ddof=1) / math.sqrt(n_videos)
    assert np.abs(summary.average - summary.concentration.mean(axis=1)).max() <= 1.01
    assert np.abs(summary.standard_error - spread).max() <= 1.01


def test_details_of_the_two_versions() -> None:
    old, new = readers.read_nanosight(BEADS_32), readers.read_nanosight(BEADS_34)
    assert old.dilution == (None,) * 12
    assert new.dilution == (1e4,) * 5
    assert new.sample == "100nmbeads"
    assert old.videos[6].sd == 55.2
    assert old.videos[0].completed_tracks == 10824
    assert new.videos[0].particles_per_frame == 109.7
    assert [warning.wrote for warning in old.warnings] == ["the dilution factor is not recorded"]
    assert len(new.warnings) == 5  # vibration, in each of the five videos
    for summary in (old, new):
        text = Path(summary.provenance.file).read_bytes().decode("latin-1").replace("\r\n", "\n")
        kept = "\n".join("\n".join(lines) for lines in summary.provenance.sections.values())
        assert kept == text


@pytest.mark.parametrize("file", [BEADS_32, BEADS_34], ids=["3.2", "3.4"])
@pytest.mark.parametrize(
    ("tracking_error", "reason"),
    [
        (0.05, Reason.MONODISPERSE),
        (0.08, Reason.MONODISPERSE),
        (0.12, Reason.NARROWER_THAN_TRACKING),
        (0.2, Reason.NARROWER_THAN_TRACKING),
    ],
)
def test_beads_are_no_law_of_vesicles(file: Path, tracking_error: float, reason: Reason) -> None:
    """The measured peaks have a log width of 0.09 to 0.10.

    With a smaller tracking error they are monodisperse, with a larger one they cannot be.
    """
    found = fit_distribution(
        readers.read_size_distribution(file),
        NtaResponse(**VISIBLE, tracking_error=tracking_error),
        low=30.0,
        high=1000.0,
    )
    assert found.refusal is not None
    assert found.refusal.reason is reason
    assert 0.085 < found.peak_log_width < 0.11


def test_plasma_vesicles_have_a_law() -> None:
    """Human plasma: one log-normal leaves less than a fifth of the measured density.

    Bounds are wide: they hold for tracking errors of 0.05 to 0.15 (medians 111 to 114 nm, gsd 1.69 to 1.60).
    """
    plasma = readers.read_size_distribution(PLASMA)
    assert (plasma.diameter.size, plasma.bin_width, plasma.unit) == (401, 2.0, "particle/mL")
    assert plasma.total == pytest.approx(8.79e9, rel=1e-3)
    law = fit_distribution(plasma, NtaResponse(**VISIBLE, tracking_error=0.1), low=30.0, high=1000.0).law()
    assert 100.0 < law.median < 125.0
    assert 1.5 < law.gsd < 1.8
    assert law.relative_residual < 0.2
    assert law.total > plasma.total  # what is not seen is added


@pytest.mark.parametrize("where", ["cell", "ev"])
def test_fold_changes_agree_with_deseq2(where: str) -> None:
    """The authors' DESeq2 tables hold the rows they kept; ours are from all rows.

    With their rows only, the size factors are theirs: base means agree to the 15 digits printed,
    with one rounding for each of a few operations, 1e-13. DESeq2 fits a mean
    weighted by depth, ours is a plain mean with half a read added: differences stay below two of its
    standard errors in every row, below 0.1 in the median.
    """
    table = readers.read_counts(MICROGLIA / f"mirna_{where}_counts.csv")
    assert table.hairpin.all()
    ours = readers.fold_changes(table, control="control", treated="LPS")
    theirs = readers.read_deseq2(MICROGLIA / f"mirna_{where}_LPS_deseq2.csv")
    rows = [table.row(name) for name in theirs.ids]
    groups = [*table.group("control"), *table.group("LPS")]
    kept = table.counts[np.ix_(rows, groups)]
    np.testing.assert_allclose((kept / readers.size_factors(kept)).mean(axis=1), theirs.base_mean, rtol=1e-13)
    difference = ours.log2_fold_change[rows] - theirs.log2_fold_change
    assert (np.abs(difference) < 2 * theirs.standard_error).all()
    assert np.median(np.abs(difference)) < 0.1
    assert np.corrcoef(ours.log2_fold_change[rows], theirs.log2_fold_change)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("where", "name", "expected"),
    [
        ("cell", "mmu-mir-146a", 5.5436),
        ("cell", "mmu-mir-21a", 1.9332),
        ("cell", "mmu-let-7b", -0.2519),
        ("ev", "mmu-mir-146a", 0.8889),
        ("ev", "mmu-mir-21a", 0.8631),
        ("ev", "mmu-let-7b", -0.1265),
    ],
)
def test_rows_the_project_uses(where: str, name: str, expected: float) -> None:
    """The authors' numbers, read from their table; ours within half of their standard error."""
    theirs = readers.read_deseq2(MICROGLIA / f"mirna_{where}_LPS_deseq2.csv").row(name)
    assert theirs.log2_fold_change == pytest.approx(expected, abs=5e-5)
    table = readers.read_counts(MICROGLIA / f"mirna_{where}_counts.csv")
    ours = readers.fold_changes(table, control="control", treated="LPS").row(name)
    assert abs(ours.log2_fold_change - theirs.log2_fold_change) < 0.5 * theirs.standard_error


def test_a_proteome_is_refused_with_its_log_scale() -> None:
    says = r"proteome_cell_log2.csv:2 .*\n.*none above 25.3\..*\n.*look like a log scale"
    with pytest.raises(InputError, match=says):
        readers.read_counts(MICROGLIA / "proteome_cell_log2.csv")
