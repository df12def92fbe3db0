"""Numbers, scales and paths of the report."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from vesica.analysis.numbers import counted
from vesica.report import numbers, svg
from vesica.report.blocks import doi_address


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (12345, "12,300"),
        (999999.0, "10⁶"),
        (1.234e6, "1.23×10⁶"),
        (1.2e6, "1.2×10⁶"),
        (1e9, "10⁹"),
        (0.00825, "0.00825"),
        (8.25e-6, "8.25×10⁻⁶"),
        (-3.14159, "−3.14"),
        (99.96, "100"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (True, "–"),
        ("text", "–"),
    ],
)
def test_number(value: object, words: str) -> None:
    assert numbers.number(value) == words


def test_units_are_those_people_read() -> None:
    assert numbers.parameter_texts(0.075, "um", 0.05, 0.1) == ("75 nm", "50 to 100")
    assert numbers.parameter_texts(5.0, "um", 5.0, 5.0) == ("5 µm", "–")
    assert numbers.parameter_texts(1e-4, "1/s", None, None) == ("0.36 1/h", "–")
    assert numbers.parameter_texts(1e-3, "vesicle/um^3", 1e-4, 1e-2)[0] == "10⁹ particles/mL"
    assert numbers.parameter_texts(0.602214076, "molecule/um^3", 0, 1)[0] == "1 nM"
    assert numbers.pretty_unit("um^2/s") == "µm²/s"


def test_counts_have_their_plural() -> None:
    assert [counted(n, "cell") for n in (0, 1, 1200)] == ["0 cells", "1 cell", "1,200 cells"]


def test_shares_ratios_ranges() -> None:
    assert numbers.percent(0.00825) == "0.825 %"
    assert numbers.percent(0.99999) == "> 99.9 %"
    assert numbers.ratio(2, 0) == ""
    assert numbers.ratio(3, 2) == "×1.5"
    assert numbers.ranges([5, 1, 2, 3, 9, 8]) == "1–3, 5, 8, 9"


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (3, 3), (0, 0), (-2, 5), (1e8, 3.3e9), (0.98, 1.0), (-3, -3), (3, 3 + 1e-15), (0.1, 0.1 + 1e-12)],
)
def test_linear_scale_holds_the_data_with_few_round_ticks(low: float, high: float) -> None:
    scale = svg.linear_scale(low, high, 0.0, 100.0)
    assert scale.low <= low <= high <= scale.high
    assert 2 <= len(scale.ticks) <= 7
    assert scale(scale.low) == 0.0
    assert scale(scale.high) == 100.0


def test_log_scale_ends_on_powers_of_ten() -> None:
    scale = svg.log_scale(0.0082, 19.0, 0.0, 100.0)
    assert (scale.low, scale.high) == (1e-3, 1e2)
    assert scale(1e-3) == 0.0
    assert scale(1e2) == pytest.approx(100.0)
    assert svg.log_scale(10.0, 10.0, 0, 1).high == 100.0


@pytest.mark.parametrize(("high", "step"), [(48, 12), (24, 6), (6, 1), (1, 0.25), (720, 168), (100000, 720)])
def test_hours_are_cut_like_a_clock(high: float, step: float) -> None:
    ticks = svg.hour_scale(0.0, high, 0.0, 300.0).ticks
    assert len(ticks) <= 7
    assert (ticks[1] - ticks[0]) % step == 0


def test_simplified_line_stays_within_the_tolerance() -> None:
    x = np.linspace(0, 300, 2001)
    y = 50 + 40 * np.sin(x / 30)
    kept = svg.simplify(x, y, 0.2)
    assert kept.size < 200
    # The distance is measured at right angles to a chord whose slope is at most 4/3.
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() <= 0.2 * math.hypot(1, 4 / 3) + 1e-9


def test_a_line_is_interrupted_where_values_are_missing() -> None:
    path = svg.path_of(np.arange(6.0), np.array([0, 1, np.nan, np.nan, 2, 3.0]))
    assert path == "M0.0,0.0L1.0,1.0M4.0,2.0L5.0,3.0"


def test_labels_are_moved_apart_and_stay_inside() -> None:
    placed = svg.spread([50, 51, 50.5, 99], 10, 0, 100)
    assert np.diff(np.sort(placed)).min() >= 10 - 1e-9
    assert min(placed) >= 0
    assert max(placed) <= 100
    assert placed[0] < placed[2] < placed[1] < placed[3]
    assert max(svg.spread([1.0] * 30, 10, 0, 100)) <= 100


def test_elements_escape_and_drop_what_xml_forbids() -> None:
    element = ET.fromstring(svg.tag("text", "a<b>&\x00\x1b", class_='x"y', stroke_width=1.0, nothing=None))
    assert element.text == "a<b>&"
    assert element.attrib == {"class": 'x"y', "stroke-width": "1"}


@pytest.mark.parametrize(
    ("doi", "address"),
    [
        ("10.1186/s12974-019-1529-x", "https://doi.org/10.1186/s12974-019-1529-x"),
        ("https://doi.org/10.1000/1", "https://doi.org/10.1000/1"),
        ("javascript:alert(1)", ""),
        ("10.1000/a b", ""),
        (None, ""),
    ],
)
def test_only_dois_are_linked(doi: object, address: str) -> None:
    assert doi_address(doi) == address
