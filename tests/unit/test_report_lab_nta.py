"""The report of `vesica nta read`: which pictures it holds, what they show, and what it says of left-out videos."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.nta_made import made_file
from tests.unit.test_lab_charts import covered
from vesica.analysis import misev
from vesica.analysis.lab import LabOutcome
from vesica.analysis.nta import further
from vesica.analysis.nta.fits import LawFit
from vesica.analysis.nta.fits_profile import Interval
from vesica.analysis.nta.read import Choices, analyse
from vesica.analysis.nta.records import DilutionSeries, NtaResult
from vesica.report.lab import nta as lab_nta
from vesica.report.lab import nta_fits as lab_nta_fits
from vesica.report.lab import nta_sizes as lab_nta_sizes
from vesica.report.lab import page as lab
from vesica.report.lab.charts import Curve
from vesica.report.material import ArmStyle


def measured(n: int, *, blank: float | None = None, **more: object) -> NtaResult:
    files = [made_file(f"sample {chr(97 + i)}", 1e9 * (1 + i % 4), median=95.0 + 5 * (i % 6), seed=i, **more)  # type: ignore[arg-type]
             for i in range(n)]
    return analyse(files, [] if blank is None else [made_file("medium", blank, seed=99)])


def by_name(result: NtaResult) -> dict[str, lab.LabFigure]:
    return {figure.name: figure for figure in lab_nta.figures(result)}


@pytest.mark.parametrize("n", [1, 3, 24])
def test_every_picture_is_whole_for_one_and_for_many(n: int) -> None:
    figures = lab_nta.figures(measured(n, blank=1e8))
    assert len({figure.name for figure in figures}) == len(figures)
    for figure in figures:
        assert re.fullmatch(r"[a-z0-9_-]+", figure.name)
        assert figure.caption.endswith(".")
        for picture in (figure.wide, figure.narrow):
            assert picture is not None
            ET.fromstring(str(picture))
            assert "nan" not in re.sub(r"<(title|desc)>.*?</\1>", "", str(picture)).lower()
            assert list(covered(picture)) == []


def test_a_single_sample_has_no_overlay_and_no_background() -> None:
    assert set(by_name(measured(1))) == {"concentration", "distribution_sample_a", "sizes"}


def test_many_groups_share_pictures_of_seven() -> None:
    names = set(by_name(measured(15)))
    assert {"distributions_1", "distributions_2", "distributions_3"} <= names
    assert sum(name.startswith("distribution_") for name in names) == lab_nta_sizes.SINGLE


def test_the_row_of_a_sample_shows_its_numbers() -> None:
    result = measured(2)
    words = "".join(ET.fromstring(str(by_name(result)["concentration"].wide)).itertext())
    for sample in result.samples:
        assert sample.concentration is not None
        assert lab_nta.number(sample.concentration.value) in words


def test_a_sample_below_its_limit_is_told_as_a_limit() -> None:
    files = [made_file("strong", 2e9, seed=1), made_file("empty", 1e8, seed=2)]
    result = analyse(files, [made_file("medium", 1e8, seed=3), made_file("medium b", 1.1e8, seed=4)])
    empty = next(sample for sample in result.samples if sample.name == "empty")
    assert empty.concentration is None  # else this test shows nothing
    figures = by_name(result)
    words = "".join(ET.fromstring(str(figures["concentration"].wide)).itertext())
    assert f"< {lab_nta.number(empty.below_limit)}" in words
    assert "detection limit" in figures["concentration"].caption
    assert "−" not in words


def test_the_curve_of_a_group_holds_its_particles() -> None:
    """The picture shows particles per nm: bins of 2 nm times its height are the particles, up to rounding."""
    law = measured(1).groups[0].distribution
    pairs, se = law.concentration.reshape(-1, 2).sum(axis=1), np.full(law.concentration.size // 2, 1e5)
    law = replace(law, edges=law.edges[::2], concentration=pairs, se=se)
    curve = lab_nta_sizes.mean_curve("a", law, ArmStyle("a", 1))
    assert float(curve.y @ np.diff(law.edges)) == pytest.approx(float(law.shown.sum()), rel=1e-12)
    assert curve.low is not None
    assert curve.high is not None
    assert (curve.low <= curve.y).all()
    assert (curve.high >= curve.y).all()


def test_the_axis_ends_where_the_particles_end() -> None:
    """A log-normal law with median 110 nm and gsd 1.4 has 99.8 % below 110 * 1.4^2.878 = 290 nm: 300 nm is next.

    One of median 220 nm ends at 579 nm: 600 nm.
    """
    x = np.arange(0.5, 2000.0)
    ends = []
    for median in (110.0, 220.0):
        y = np.exp(-0.5 * (np.log(x / median) / np.log(1.4)) ** 2) / x
        ends.append(lab_nta_sizes.size_end([Curve("", ArmStyle("", 1), x, y)]))
    assert ends == [300.0, 600.0]


def test_a_fitted_law_is_drawn_over_the_data_it_was_fitted_to() -> None:
    """The data are log-normal with 5 % noise in each bin, 300 bins of them populated: near the top the law
    may be off by a few times 5 % / sqrt(bins per width ~ 40) = 0.8 %; 4 % are five of these."""
    result = further.with_fits(measured(1))
    fits = result.fits[0]
    law = result.samples[0].distribution
    fit = fits.of("log-normal")  # type: ignore[attr-defined]
    drawn = lab_nta_fits._law(fit, float(law.shown.sum()), ArmStyle("", 2), None, float(law.edges[-1]))
    at = [90.0, 105.0, 120.0]
    smooth = np.convolve(law.shown / np.diff(law.edges), np.ones(15) / 15, "same")
    assert np.interp(at, drawn.x, drawn.y) == pytest.approx(np.interp(at, law.diameter, smooth), rel=0.04)
    assert any(figure.name.startswith("fit_") for figure in lab_nta.figures(result))


def test_a_law_holds_the_particles_of_the_range_that_is_shown() -> None:
    """Half of a log-normal law with median 110 nm lies below it, so the other half must not shrink the curve.

    The trapezoid rule on 400 places of 0.27 nm errs by h^2/12 f'/f, about 1e-5.
    """
    known = {"median": Interval(110.0, 100.0, 120.0), "gsd": Interval(1.4, 1.3, 1.5)}
    fit = LawFit("log-normal", "measured", known, 0.0, 2, 0.0, 0.0, 1.0, 0.0, has_converged=True, at_bound=())
    drawn = lab_nta_fits._law(fit, 1e9, ArmStyle("", 1), None, 110.0)
    assert float(np.trapezoid(drawn.y, drawn.x)) == pytest.approx(1e9, rel=1e-4)
    true = replace(fit, sizes="true", unseen_factor=Interval(1.5, 1.2, 2.0))
    all_of_it = lab_nta_fits._law(true, 1e9, ArmStyle("", 1), None, 2000.0)
    assert float(np.trapezoid(all_of_it.y, all_of_it.x)) == pytest.approx(1.5e9, rel=1e-3)
    assert all_of_it.name.endswith("(true sizes)")


def test_a_dilution_series_is_level_where_it_agrees() -> None:
    series = DilutionSeries("sample a", (100.0, 200.0, 400.0), (1e9, 1.02e9, 0.98e9), (5e7, 6e7, 8e7),
                            (90.0, 45.0, None), -0.01, 0.8, agrees=True, words="agrees with a straight line")
    figure = by_name(replace(measured(1), series=(series,)))["dilution_series_sample_a"]
    assert "Agrees with a straight line." in figure.caption
    assert "200-fold 45" in figure.caption
    assert "400-fold" not in figure.caption


def test_the_audit_says_what_was_left_out_and_why() -> None:
    audit = lab_nta.sections(measured(2, unreliable=1))[0]
    assert audit.lead == "10 videos: 8 used, 2 left out."
    videos = audit.blocks[1]
    assert [row[1].text for row in videos.rows[:2]] == ["excluded", "excluded"]
    assert any("Unreliable" in line for line in videos.rows[0][3 - 1].lines)


def test_nothing_left_out_is_said_in_a_sentence() -> None:
    result = measured(1)
    quiet = replace(result, videos=tuple(replace(video, remarks=(), verdict="used") for video in result.videos))
    assert lab_nta.sections(quiet)[0].blocks[0].paragraphs == ("Nothing was to be said against any video.",)


def test_kept_videos_are_called_kept() -> None:
    result = analyse([made_file("a", unreliable=2)], choices=Choices(keep_all=True))
    assert "2 kept against a reason" in lab_nta.sections(result)[0].lead


def test_the_page_holds_pictures_audit_and_sheet() -> None:
    result = measured(2, blank=1e8)
    sheet = misev.fill(None, result)
    outcome = LabOutcome("nta", "Particles <b>", ("One.",), (sheet.table(),), {}, result.findings, result.sources)
    page = lab.build(outcome, lab_nta.figures(result), lab_nta.sections(result, sheet))
    for anchor in ("figures", "audit", "reporting", "tables"):
        assert f'<section id="{anchor}">' in page
    assert "Particles <b>" not in page
    assert "Draft of a methods paragraph" in page


def test_file_names_are_plain_and_never_twice() -> None:
    assert lab_nta_sizes.file_name("Size / of µ: a") == "size_of_a"
    assert lab_nta_sizes.file_name("a", ["a", "a_2"]) == "a_3"
    assert lab_nta_sizes.file_name("///") == "picture"
