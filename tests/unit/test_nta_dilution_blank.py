"""Dilutions are applied once and never guessed; blanks are subtracted with their error, never below zero."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.nta_files import CENTRES, file, replicates, video
from vesica.analysis.nta import intervals
from vesica.analysis.nta.dilution import dilution_of, named_dilutions, without_dilution
from vesica.analysis.nta.read import Choices, analyse
from vesica.analysis.nta.records import NtaResult
from vesica.errors import InputError
from vesica.readers.nta_record import NtaFile


def plain(sample: str = "EV", name: str = "a.csv", **changes: object) -> NtaFile:
    return file(video(**changes), sample=sample, name=name)  # type: ignore[arg-type]


# ---- names


@pytest.mark.parametrize(("name", "factor"), [
    ("MPC 28 No stretch d200 2021-04-01", 200), ("EV_1:500", 500), ("EV 1/1000", 1000), ("ctrl 1to50", 50),
    ("EV-200x", 200), ("LPS_dil20", 20), ("LPS dilution 1,000", 1000), ("d1e4", 1e4), ("x D200 y", 200),
    ("EV 1:1k", 1000),
    ("1 in 250 PBS", 250), ("dil_1000_rep2", 1000), ("1:2.5", 2.5),
])  # fmt: skip
def test_dilutions_in_names(name: str, factor: float) -> None:
    assert {one.factor for one in named_dilutions(name) if one.is_certain} == {factor}


@pytest.mark.parametrize("name", [
    "EV day 7 d7", "10x PBS", "id200a", "CD63", "2021-04-01 17-23-24", "sample 200", "hsa-mir-21:5",
    "beads100nm", "d14", "",
    "v1.200x4",
])  # fmt: skip
def test_what_is_no_dilution(name: str) -> None:
    assert not [one for one in named_dilutions(name) if one.is_certain]


def test_a_name_without_its_dilution() -> None:
    assert without_dilution("ctrl d200 rep1") == "ctrl rep1"
    assert without_dilution("d200") == ""


# ---- precedence


def test_the_record_wins_and_is_not_applied_twice() -> None:
    one = plain(dilution=200.0, dilution_applied=True, name="x d200.csv")
    found, findings = dilution_of(one, None, "command line")
    assert (found.factor, found.source, found.applied_by, found.multiply) == (200.0, "record", "instrument", 1.0)
    assert not findings
    same, _ = dilution_of(one, 200.0, "command line")
    assert same.multiply == 1.0


def test_a_record_that_is_not_applied_is_applied_once() -> None:
    found, _ = dilution_of(plain(dilution=1000.0, dilution_applied=False), None, "command line")
    assert (found.applied_by, found.multiply) == ("vesica", 1000.0)


def test_the_user_against_the_record_is_refused() -> None:
    with pytest.raises(InputError, match="multiplied by 20000") as caught:
        dilution_of(plain(dilution=200.0, dilution_applied=True), 100.0, "command line")
    assert "records 200" in str(caught.value)


def test_the_command_line_goes_before_the_name_with_a_warning() -> None:
    found, findings = dilution_of(plain("EV d200"), 500.0, "command line")
    assert (found.factor, found.source) == (500.0, "command line")
    assert [one.severity for one in findings] == ["warning"]


def test_a_name_against_the_record_is_a_warning() -> None:
    found, findings = dilution_of(plain("EV d500", dilution=200.0, dilution_applied=True), None, "command line")
    assert found.factor == 200.0
    assert "2.5-fold" in findings[0].consequence


def test_a_record_of_one_gives_way() -> None:
    """1 stands in the field when nobody entered a dilution; multiplying by it applied nothing."""
    one = plain("EV d200", dilution=1.0, dilution_applied=True)
    assert dilution_of(one, None, "command line")[0].multiply == 200.0
    assert dilution_of(one, 50.0, "sheet")[0].multiply == 50.0


def test_two_dilutions_in_a_name_are_refused() -> None:
    with pytest.raises(InputError, match="200 and 500"):
        dilution_of(plain("EV d200 1:500"), None, "command line")


def test_a_short_form_that_may_be_a_day_is_said() -> None:
    found, findings = dilution_of(plain("EV d14"), None, "command line")
    assert found.factor is None
    assert findings[0].severity == "note"
    assert "d14" in findings[0].wrote


def test_videos_of_different_dilutions_are_refused() -> None:
    mixed = file(video(dilution=10.0), video(dilution=20.0))
    with pytest.raises(InputError, match="10, 20"):
        dilution_of(mixed, None, "command line")


def test_without_a_dilution_values_stay() -> None:
    result = analyse([plain()])
    assert result.samples[0].concentration.value == pytest.approx(1e8)
    assert result.unit.endswith("measured suspension")


def test_known_and_unknown_dilutions_do_not_mix() -> None:
    with pytest.raises(InputError, match="no dilution is known"):
        analyse([plain("a", "a.csv"), plain("b", "b.csv", dilution=10.0, dilution_applied=True)])


# ---- blanks


def with_blank(sample: list[list[float]], blank: list[list[float]], **choices: object) -> NtaResult:
    blanks = [
        replace(one, file=f"blank{one.file}", provenance=replace(one.provenance, sha256=f"b{one.file}"))
        for one in replicates(blank, sample="medium")
    ]
    return analyse(replicates(sample), blanks, Choices(**choices))  # type: ignore[arg-type]


def test_the_blank_is_subtracted_with_its_error() -> None:
    """Means 10, 12, 14 less blanks 1, 2, 3: 10; SE = sqrt(4/3 + 1/3); bins by bins."""
    result = with_blank([[10e8], [12e8], [14e8]], [[1e8], [2e8], [3e8]])
    one = result.samples[0]
    assert one.concentration.value == pytest.approx(10e8)
    assert one.concentration.se == pytest.approx(1e8 * math.sqrt(5 / 3))
    assert one.distribution.concentration.sum() == pytest.approx(10e8)
    assert one.background.share == pytest.approx(1 / 6)
    low, high = one.background.share_low, one.background.share_high
    assert low < 1 / 6 < high
    assert math.sqrt(low * high) == pytest.approx(1 / 6)  # symmetrical in the logarithm


def test_a_large_background_is_a_warning() -> None:
    result = with_blank([[10e8], [10.1e8]], [[4e8], [4.1e8]])
    assert any("% of the particles" in one.wrote for one in result.findings)
    assert not any(
        "% of the particles" in one.wrote for one in with_blank([[10e8], [10.1e8]], [[1e8], [1e8]]).findings
    )


def test_a_negative_net_value_is_below_the_limit() -> None:
    """Blanks 3, 4, 5 (s = 1, n = 3) and two samples: L_C = t(2, 0.95) sqrt(1/3 + 1/2), L_D twice that."""
    one = with_blank([[2e8], [3e8]], [[3e8], [4e8], [5e8]]).samples[0]
    critical = 2.919986 * math.sqrt(1 / 3 + 1 / 2) * 1e8
    assert one.concentration is None
    assert one.signed == pytest.approx(-1.5e8)
    assert one.background.critical == pytest.approx(critical, rel=1e-6)
    assert one.below_limit == pytest.approx(2 * critical, rel=1e-6)
    assert one.sizes == {}


def test_a_small_positive_net_value_is_below_the_limit_too() -> None:
    assert with_blank([[4.2e8], [4.3e8]], [[3e8], [4e8], [5e8]]).samples[0].concentration is None


def test_amounts_below_the_limit_are_bounds() -> None:
    from vesica.analysis.nta.amounts import Culture

    one = with_blank([[2e8]], [[3e8], [4e8], [5e8]], culture=Culture(cells=1e6, volume=1.0)).samples[0]
    assert one.amounts[0].value is None
    assert one.amounts[0].upper_limit == pytest.approx(one.below_limit * 1e-6)


def test_an_empty_blank_is_a_clean_one() -> None:
    """No track in the blank: counting gives c1 sqrt((0 + 1)(1 + 1)) x 1.645, c1 = 1e9/1000 for one video each."""
    empty = file(
        video(0.0, tracks=0, dilution=1.0, dilution_applied=True, bins=np.zeros(CENTRES.size)), name="blank.csv"
    )
    result = analyse(replicates([[1e9]]), [empty])
    one = result.samples[0]
    assert [verdict.verdict for verdict in result.videos] == ["used", "used"]
    assert one.background.critical == pytest.approx(1e6 * math.sqrt(2) * 1.644854, rel=1e-6)
    assert one.concentration.value == pytest.approx(1e9)


def test_false_alarms_of_the_critical_level() -> None:
    """Sample and blank alike, normal, 3 against 3: net above L_C in 5 %.

    Binomial(4000, 0.05): mean 200, SD 13.8; 74 from it is 5.4 SD, chance 1e-7. Without the 1/n of the sample
    (L_C from the blanks' mean alone) the rate is 12 %, 490 of 4000: the check would fail.
    """
    from vesica.analysis.nta.blank import BlankMean, limits

    rng = np.random.default_rng(7)
    blank, sample = rng.normal(10, 1, (4000, 3)), rng.normal(10, 1, (4000, 3))
    hits = careless = 0
    for one, other in zip(blank, sample, strict=True):
        mean = BlankMean(
            intervals.mean_estimate(one, "replicates"), np.zeros(1), None, one.std(ddof=1), True, 3, 3, None, None
        )
        critical, _, _ = limits(mean, 3, 3)
        net = other.mean() - one.mean()
        hits += net > critical
        careless += net > critical / math.sqrt(2)
    assert abs(hits - 200) <= 74
    assert abs(careless - 200) > 74


def test_a_blank_of_another_dilution_is_refused_unless_asked() -> None:
    sample = replicates([[1e9], [1.1e9]], dilution=200.0)
    blank = [replace(replicates([[1e7, 1.1e7]], dilution=10.0)[0], file="blank.csv")]
    blank[0] = replace(blank[0], provenance=replace(blank[0].provenance, sha256="blank"))
    with pytest.raises(InputError, match="--scale-blank"):
        analyse(sample, blank)
    scaled = analyse(sample, blank, Choices(scale_blank=True)).samples[0]
    assert scaled.concentration.value == pytest.approx(1.05e9 - 1.05e7)


def test_each_dilution_takes_its_own_blank() -> None:
    sample = [
        *replicates([[10e8]], sample="s", dilution=100.0),
        replace(replicates([[20e8]], dilution=200.0)[0], file="t.csv"),
    ]
    sample[1] = replace(sample[1], provenance=replace(sample[1].provenance, sha256="t"))
    blanks = []
    for factor, value in ((100.0, 1e8), (200.0, 4e8)):
        one = replicates([[value, 1.01 * value]], sample="m", dilution=factor)[0]
        blanks.append(
            replace(one, file=f"m{factor}.csv", provenance=replace(one.provenance, sha256=f"m{factor}"))
        )
    found = analyse(sample, blanks).samples[0]
    assert [part.blank for part in found.replicates] == pytest.approx([1.005e8, 4.02e8])
    assert found.signed == pytest.approx(15e8 - 2.5125e8)


# ---- dilution series


def series_of(values: dict[float, float]) -> NtaResult:
    files = []
    for factor, value in values.items():
        one = replicates([[value * 0.99, value, value * 1.01]], dilution=factor)[0]
        files.append(replace(one, file=f"s{factor}.csv", provenance=replace(one.provenance, sha256=str(factor))))
    return analyse(files)


def test_a_series_that_agrees_is_quiet() -> None:
    result = series_of({100.0: 1e10, 200.0: 1.01e10, 400.0: 0.99e10})
    assert result.series[0].agrees
    assert not any("dilution series" in one.wrote for one in result.findings)


def test_a_series_that_loses_tracks_warns_with_numbers() -> None:
    """1e10, 1.5e10, 2.2e10 at 100, 200, 400: slope ln 2.2 / ln 4 = 0.57 about, p far below 0.01."""
    result = series_of({100.0: 1e10, 200.0: 1.5e10, 400.0: 2.2e10})
    assert result.series[0].slope == pytest.approx(math.log(2.2) / math.log(4), abs=0.02)
    assert result.series[0].p < 1e-6
    assert any("10¹⁰ at 100-fold" in one.wrote for one in result.findings)
