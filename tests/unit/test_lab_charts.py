"""Pictures of laboratory reports: what is drawn stands where it belongs, and no words cover each other."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import numpy as np
import pytest
from markupsafe import Markup

from vesica.report import svg
from vesica.report.charts import PANEL_WIDTH, WIDE
from vesica.report.lab.charts import (
    Axis,
    Curve,
    Mark,
    Points,
    Row,
    bars,
    both,
    distribution,
    dose_response,
    intervals,
    plane,
)
from vesica.report.lab.pieces import axis_scale, gathered, lanes, places
from vesica.report.material import ArmStyle

BLUE, RED = ArmStyle("blue", 2), ArmStyle("red", 3)
X = np.linspace(0.5, 999.5, 500)


def elements(picture: Markup, name: str, css: str = "") -> list[dict[str, str]]:
    return [dict(one.attrib, words="".join(one.itertext())) for one in ET.fromstring(str(picture)).iter(name)
            if css in one.get("class", "").split() or not css]


def covered(picture: Markup) -> Iterator[tuple[str, str]]:
    """Pairs of texts whose boxes overlap, by the width that the layout itself assumes."""
    boxes = []
    for one in ET.fromstring(str(picture)).iter("text"):
        words = "".join(t for t in [one.text, *(c.tail for c in one)] if t)
        if not words.strip():
            continue
        x, y, width = float(one.get("x", 0)), float(one.get("y", 0)), svg.text_width(words)
        shift = {"middle": width / 2, "end": width}.get(one.get("text-anchor", ""), 0.0)
        boxes.append((words, x - shift, x - shift + width, y - 8.0, y + 1.0))
    for i, (one, x0, x1, y0, y1) in enumerate(boxes):
        for other, u0, u1, v0, v1 in boxes[i + 1 :]:
            if x0 < u1 - 1 and u0 < x1 - 1 and y0 < v1 and v0 < y1:
                yield one, other


def law(median: float, style: ArmStyle = BLUE, name: str = "law") -> Curve:
    y = np.exp(-0.5 * (np.log(X / median) / 0.35) ** 2) / X
    return Curve(name, style, X, y, 0.9 * y, 1.1 * y)


def rows(n: int) -> list[Row]:
    rng = np.random.default_rng(5)
    out = []
    for i in range(n):
        value = float(10 ** rng.uniform(8, 9.5))
        out.append(Row(f"astrocyte culture {i}, ethanol 40 mM, third passage", value, 0.7 * value, 1.4 * value,
                       ArmStyle("", 1 + i % 9), (0.9 * value, 1.1 * value), (0.8 * value, 1.2 * value)))
    return out


@pytest.mark.parametrize("width", [PANEL_WIDTH, WIDE])
@pytest.mark.parametrize("n", [1, 3, 24])
def test_no_words_cover_each_other(width: float, n: int) -> None:
    curves = [law(90.0 + 2 * i, ArmStyle("", i + 1), f"group {i} with ethanol") for i in range(min(n, 7))]
    modes = [Mark(90.0 + 2 * i, f"mode {90 + 2 * i} nm") for i in range(min(n, 7))]
    drawn = [
        distribution("d", curves, y_label="particles/mL per nm", modes=modes, detection=70.0, x_span=(0.0, 400.0),
                     width=width),
        intervals("c", "concentration (particles/mL)", [("one", rows(n))], width=width),
        bars("b", "background (%)", rows(n), marks=[Mark(2e8, "limit")], width=width),
    ]
    for picture in drawn:
        assert list(covered(picture)) == []


def test_the_check_for_covered_words_can_fail() -> None:
    near = svg.picture(100, 50, "", "", svg.text(10, 20, "one"), svg.text(15, 22, "two"))
    assert list(covered(near)) == [("one", "two")]


@pytest.mark.parametrize("width", [PANEL_WIDTH, WIDE])
def test_everything_stays_inside_the_picture(width: float) -> None:
    picture = intervals("c", "concentration (particles/mL)", [("g", rows(12))], width=width)
    for one in elements(picture, "circle"):
        assert 0.0 <= float(one["cx"]) <= width
    for one in ET.fromstring(str(picture)).iter("text"):
        words = "".join(t for t in [one.text, *(child.tail for child in one)] if t)
        shift = {"middle": 0.5, "end": 1.0}.get(one.get("text-anchor", ""), 0.0) * svg.text_width(words)
        start = float(one.get("x", 0)) - shift
        # Ticks at the ends of an axis reach half their width beyond it, into margins of 14 px and more.
        assert start >= -8.0
        assert start + svg.text_width(words) <= width + 8.0


def test_a_point_stands_at_its_value() -> None:
    """One tick lies at 10 and one at 20, so 15 must be drawn halfway; places are written with one decimal: 0.1 px."""
    points = Points("p", BLUE, np.array([10.0, 15.0, 20.0]), np.array([0.0, 5.0, 10.0]))
    picture = plane("t", Axis("x"), Axis("y"), points=[points])
    across = [float(one["cx"]) for one in elements(picture, "circle", "dot")]
    up = [float(one["cy"]) for one in elements(picture, "circle", "dot")]
    assert across[1] == pytest.approx((across[0] + across[2]) / 2, abs=0.1)
    assert up[1] == pytest.approx((up[0] + up[2]) / 2, abs=0.1)
    assert across[0] < across[2]
    assert up[0] > up[2]


def test_a_log_axis_is_even_in_decades() -> None:
    scale = axis_scale([1.0, 1e4], 0.0, 100.0, is_log=True, count=6)
    assert places(scale, np.array([1.0, 10.0, 1e2, 1e3, 1e4])) == pytest.approx([0, 25, 50, 75, 100])


def test_a_short_log_axis_has_ticks_between_decades() -> None:
    scale = axis_scale([3e8, 7e8], 0.0, 100.0, is_log=True, count=6)
    assert scale.ticks == pytest.approx((2e8, 5e8, 1e9))


def test_zero_and_missing_values_on_a_log_axis() -> None:
    scale = axis_scale([1.0, 100.0], 10.0, 90.0, is_log=True, count=4)
    found = places(scale, np.array([0.0, -3.0, np.nan, 1e9]))
    assert found[:2] == pytest.approx([10.0, 10.0])
    assert np.isnan(found[2])
    assert found[3] == 90.0


def test_a_band_is_closed_and_holds_its_line() -> None:
    picture = distribution("d", [law(110.0)], y_label="y", x_span=(0.0, 500.0))
    path = elements(picture, "path", "ribbon")[0]["d"]
    assert path.startswith("M")
    assert path.endswith("Z")
    assert path.count("M") == 1
    heights = [float(y) for y in re.findall(r",([\d.]+)", path)]
    line = [float(y) for y in re.findall(r",([\d.]+)", elements(picture, "path", "line")[0]["d"])]
    assert min(heights) < min(line)  # above the line at its top: y runs downwards


def test_what_the_axis_does_not_show_is_not_drawn_along_its_edge() -> None:
    picture = distribution("d", [law(110.0)], y_label="y", x_span=(0.0, 100.0))
    places_x = [float(x) for x in re.findall(r"[ML]([\d.]+),", elements(picture, "path", "line")[0]["d"])]
    assert len(places_x) == len(set(places_x))


def test_a_curve_is_interrupted_where_values_are_missing() -> None:
    y = np.where((X > 100) & (X < 200), np.nan, 1.0)
    picture = plane("t", Axis("x"), Axis("y"), curves=[Curve("c", BLUE, X, y)])
    assert elements(picture, "path", "line")[0]["d"].count("M") == 2


def test_the_detection_limit_is_shaded_up_to_its_value() -> None:
    shade = elements(distribution("d", [law(110.0)], y_label="y", detection=70.0, x_span=(0.0, 280.0)), "rect", "band")
    wide = elements(distribution("d", [law(110.0)], y_label="y", detection=140.0, x_span=(0.0, 280.0)), "rect", "band")
    # Twice the range; each width is written with one decimal, so the double is off by 0.15 px at most.
    assert float(wide[0]["width"]) == pytest.approx(2 * float(shade[0]["width"]), abs=0.16)
    assert elements(distribution("d", [law(110.0)], y_label="y", x_span=(0.0, 280.0)), "rect", "band") == []


def test_a_value_below_its_limit_is_an_arrow_and_never_a_number() -> None:
    picture = intervals("c", "particles/mL", [("", [Row("low", None, style=RED, limit=3e7), Row("high", 2e9)])])
    assert any("< 3×10⁷" in one["words"] for one in elements(picture, "text"))
    assert len(elements(picture, "path", "line")) == 1
    assert len(elements(picture, "circle", "dot")) == 1


def test_an_interval_at_zero_does_not_stretch_a_log_axis() -> None:
    """The axis begins at the round number below a twentieth of the least value: 1e9 / 20 = 5e7."""
    near_zero = [Row("a", 1e9, 1.0, 3e10), Row("b", 5e10, 4e10, 6e10)]
    words = {one["words"] for one in elements(intervals("c", "particles/mL", [("", near_zero)]), "text", "tick")}
    assert "5×10⁷" in words or "10⁷" in words
    assert "10" not in words


def test_a_legend_only_where_there_is_something_to_tell_apart() -> None:
    one = distribution("d", [law(110.0, name="only")], y_label="y")
    two = distribution("d", [law(110.0, name="first"), law(140.0, RED, "second")], y_label="y")
    assert not any(text["words"] == "only" for text in elements(one, "text"))
    assert {"first", "second"} <= {text["words"] for text in elements(two, "text")}


def test_points_and_their_fit_share_an_entry_of_the_legend() -> None:
    x = np.array([1.0, 2.0])
    points = [Points(name, style, x, x) for name, style in (("a", BLUE), ("b", RED))]
    curves = [Curve(f"{name}, fit", style, x, x) for name, style in (("a", BLUE), ("b", RED))]
    picture = plane("t", Axis("x"), Axis("y"), points=points, curves=curves)
    names = [one["words"] for one in elements(picture, "text", "name")]
    assert names == ["a", "b"]
    assert "dots: measured; lines: fit" in {one["words"] for one in elements(picture, "text")}


def test_lanes_keep_words_apart() -> None:
    assert lanes([(0.0, "word"), (500.0, "word")]) == [0, 0]
    assert lanes([(100.0, "a long word"), (105.0, "a long word"), (110.0, "a long word")]) == [0, 1, 2]


def test_a_dose_of_zero_sits_at_the_edge() -> None:
    points = Points("wells", BLUE, np.array([0.0, 1.0, 1e3]), np.array([0.0, 1.0, 2.0]))
    picture = dose_response("r", "dose (particles per cell)", "response (%)", points=[points],
                            marks=[Mark(30.0, "EC50 30 particles per cell")])
    across = [float(one["cx"]) for one in elements(picture, "circle", "dot")]
    assert across[0] == across[1] < across[2]


def test_hostile_names_are_text() -> None:
    groups = [("<i>&", [Row('"><script>', 1.0, 0.5, 2.0)])]
    wide, narrow = both(lambda width: intervals("<b>", "x", groups, width=width))
    for picture in (wide, narrow):
        ET.fromstring(str(picture))
        assert "<script>" not in picture


def test_nothing_to_draw_is_our_error() -> None:
    with pytest.raises(ValueError, match="at least one finite value"):
        gathered(None, [np.array([np.nan])])
    with pytest.raises(ValueError, match="at least one finite value"):
        intervals("c", "x", [("", [Row("a", None)])])
