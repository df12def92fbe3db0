"""The report's section about whole numbers, from runs of the stand-in for the engine."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from tests import whole_fake
from vesica.engine import fidelities
from vesica.report import build
from vesica.report.blocks import Section
from vesica.report.grounds import ledger
from vesica.report.material import ArmStyle, Material
from vesica.report.numbers import number
from vesica.report.outcome import arms
from vesica.report.whole import whole
from vesica.report.whole_charts import Histogram, cells, edges_of, histograms, remaining, risen
from vesica.results import Results

STYLE = ArmStyle("control", 1)
HEIGHT_OF_AXIS = 30.0  # px from the top


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fidelities.WHOLE, "stochastic", whole_fake.NAME)
        yield whole_fake.run(tmp_path_factory.mktemp("runs") / "run", whole_fake.model(3), workers=1)


@pytest.fixture(scope="module")
def section(run: Results) -> Section:
    return whole(Material(run))


def blocks(section: Section, kind: str) -> list:
    return [block for block in section.blocks if block.block == kind]


def one(values: list[float], counts: list[int] | None = None) -> Histogram:
    return Histogram(STYLE, np.array(values, float), np.array(counts or [1] * len(values), float))


def test_the_sample_is_stated_first(section: Section) -> None:
    first = section.blocks[0].paragraphs
    assert first[0].startswith("Followed: 400 of 400,000 donors and 200 of 200,000 takers, in 2 µL of 2 mL; "
                               "run 3 times independently, and pooled here.")
    assert "none would have changed by more than 1 %" in first[1]
    assert "the books close to zero, exactly" in first[2]


def test_shares_are_sentences_with_the_other_arms_below(section: Section) -> None:
    (items,) = blocks(section, "items")
    said = [item.text for item in items.items]
    wanted = re.compile(r"\d.* % of EVs of donors carry at least one copy of mir, 1 in [\d.]+ .*")
    assert any(wanted.fullmatch(line) for line in said), said
    assert all(re.fullmatch(r"arm 1; arm 2: [\d.]+ %", item.note) for item in items.items)
    assert len(said) == len(set(said)) == 2  # copies per EV, and what takers got; not again as first copies


def test_three_arms_are_compared_in_tables(run: Results) -> None:
    """Per kind of vesicles and per cell type one table: a row for each arm, its number and interval in a cell."""
    one_arm = run.summary["whole"]["control"]
    names = ["control", "stimulated", "third"]
    summary = run.summary | {"whole": dict.fromkeys(names, one_arm),
                             "arms": dict.fromkeys(names, run.summary["arms"]["control"])}
    made = whole(Material(SimpleNamespace(summary=summary, run=run.run, data=run.data, series=run.series)))
    assert not blocks(made, "items")
    carried, got = blocks(made, "table")[:2]
    assert carried.caption.startswith("EVs of donors with at least one copy")
    assert got.caption.startswith("Takers that got at least one EV or copy")
    share = one_arm["distributions"]["donor.copies/mir"]["at_least_one"]
    assert [row[1].text for row in carried.rows] == [number(100 * share["share"])] * 3
    assert carried.rows[0][1].note.startswith(f"1 in {number(share['of'] / share['count'])}; ")
    assert carried.rows[0][1].note.endswith(f"{number(100 * share['low'])} to {number(100 * share['high'])}")


def test_every_histogram_has_a_panel_of_all_arms(section: Section) -> None:
    figures = blocks(section, "figure")
    titles = [panel.title for figure in figures for panel in figure.panels]
    for title in ("EVs set free by one fusion", "copies per EV: mir", "copies delivered per cell: mir",
                  "waits between fusions of a cell", "cells that got a copy: mir", "EVs released per cell and hour"):
        assert titles.count(title) == 1
    for figure in figures:
        assert [key.name for key in figure.keys] == ["control", "stimulated"]
    burst = next(panel for figure in figures for panel in figure.panels if "fusion" in panel.title)
    assert burst.wide.count("line outline") == 2
    assert burst.wide.count("line law") == 1


def test_single_cells_are_eight_thin_lines_and_a_mean(section: Section) -> None:
    figures = [figure for figure in blocks(section, "figure") if "single cells" in figure.title]
    panels = [panel for figure in figures for panel in figure.panels]
    titles = [panel.title for panel in panels if panel.title.endswith("arm 1")]
    assert titles[:2] == ["EVs released so far, arm 1", "alarm, arm 1"]
    assert titles[2].partition(",")[0] in ("mir", "receptor", "ligand")
    for panel in panels:
        assert panel.wide.count("line thin") == 8
        assert panel.wide.count("whole-mean") == 1


def test_every_picture_is_sound_and_says_what_it_shows(section: Section) -> None:
    for figure in blocks(section, "figure"):
        for panel in figure.panels:
            root = ET.fromstring(str(panel.wide))
            assert root.find("title").text
            assert root.find("desc").text
            assert "nan" not in panel.wide.lower()


def test_the_page_holds_the_section_and_states_the_volume_of_the_dish(run: Results) -> None:
    page = build(run)
    assert 'id="whole"' in page
    assert "2 mL medium" in page


def test_the_way_from_the_mvb_to_the_vesicle_is_in_the_arms(run: Results) -> None:
    """Four times 1000 fusions of 400 donors in 2 h, and 3000 MVBs in the lysosome for each 1000."""
    (table,) = [block for block in arms(Material(run)).blocks if block.caption == "donor: from the MVB to the vesicle"]
    row = {head.title: cell.text for head, cell in zip(table.columns, table.rows[0], strict=True)}
    assert (row["fusions"], row["end in the lysosome"], table.folded) == ("5", "75", False)
    assert row["released"] == number(run.summary["arms"]["control"]["cells"]["donor"]["released_per_fusion"])


def test_the_ledger_says_what_whole_numbers_do_not_see(run: Results) -> None:
    assert "between two looks at an MVB" in ledger(Material(run)).lead


def test_a_run_of_means_has_no_such_section() -> None:
    means = SimpleNamespace(summary={"arms": {"control": {}}}, run={}, data=None, series=None)
    assert whole(Material(means)).blocks == ()


def test_a_lost_vesicle_is_said_aloud(run: Results) -> None:
    lost = {name: arm | {"ledger_residual": {"vesicles": 1, "cargo": {}}} for name, arm in run.summary["whole"].items()}
    broken = SimpleNamespace(summary=run.summary | {"whole": lost}, run=run.run, data=run.data, series=run.series)
    assert "a fault of vesica" in whole(Material(broken)).blocks[0].paragraphs[2]


@pytest.mark.parametrize("step", [1.0, 1 / 48, 0.1])
def test_bars_of_a_grid_hold_equally_many_points(step: float) -> None:
    """A uniform law on a grid shows equal bars, but the last, whatever the step; equal widths would show a comb."""
    values = step * np.arange(3, 3 + 101)
    edges = edges_of([one(values.tolist())])
    counts = np.histogram(values, edges)[0]
    assert len(counts) <= 40
    assert set(counts[:-1]) == {3}
    assert counts.sum() == 101


def test_few_whole_numbers_have_a_bar_each_with_the_empty_ones() -> None:
    assert edges_of([one([0, 1]), one([5])]).tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert edges_of([one([7])]).tolist() == [6.5, 7.5]
    assert edges_of([one([0.3])]).size == 2


def test_values_off_any_grid_have_equal_steps_that_hold_all() -> None:
    values = np.random.default_rng(2).lognormal(size=300)
    edges = edges_of([one(values.tolist())])
    assert np.histogram(values, edges)[0].sum() == 300
    assert np.allclose(np.diff(edges), np.diff(edges)[0])


def test_heights_are_shares() -> None:
    """One half, a quarter, a quarter, on an axis that ends at 60 %: the steps stand at 5/6 and twice 5/12 of it."""
    picture = histograms([one([0, 1, 2], [2, 1, 1])], "t", "copies per EV")
    path = re.search(r'd="M([^"]*)"[^>]*class="line outline', picture) or re.search(
        r'class="line outline[^>]*d="M([^"]*)"', picture)
    assert path is not None
    heights = [float(point.partition(",")[2]) for point in path[1].split("L")]
    base, top = heights[0], HEIGHT_OF_AXIS
    assert [round((base - height) / (base - top), 2) for height in heights[1:-1:2]] == [0.83, 0.42, 0.42]
    assert "has a mean of 0.75" in picture


def path_in(picture: str) -> list[tuple[float, float]]:
    """Points of the only line of steps."""
    path = re.search(r'd="([^"]*)"[^>]*class="line outline', picture)
    assert path is not None
    return [tuple(map(float, point.split(","))) for point in re.split("[ML]", path[1])[1:]]


def test_cells_that_never_had_one_are_in_the_share() -> None:
    """Two of ten cells, after 6 and 12 of 24 h: from 0 up to 20 %, the top of its axis, half of it on the way."""
    picture = risen([Histogram(STYLE, np.array([6.0, 12.0]), np.array([1.0, 1.0]), 8.0)], "t", "cells (%)", 24.0)
    points = path_in(picture)
    (left, base), (right, top) = points[0], points[-1]
    assert [round((x - left) / (right - left), 2) for x, _ in points] == [0, 0.25, 0.25, 0.5, 0.5, 1]
    assert [round((base - y) / (base - top), 2) for _, y in points] == [0, 0, 0.5, 0.5, 1, 1]
    assert ">20<" in picture
    assert "control reaches 20 %" in picture


def test_an_arm_without_any_stays_at_zero() -> None:
    none = Histogram(STYLE, np.zeros(0), np.zeros(0), 10.0)
    points = path_in(risen([none], "t", "cells (%)", 24.0))
    assert len({y for _, y in points}) == 1


def test_short_and_long_waits_are_both_to_be_seen() -> None:
    """0.1, 1 and 10 h lie a third of the axis or more apart; all waits are longer than the left end."""
    picture = remaining([one([0.1, 1.0, 10.0], [50, 30, 20])], "t", "waits (%)")
    points = path_in(picture)
    (left, top), (right, base) = points[0], points[-1]
    steps = [x for (x, before), (_, after) in pairwise(points) if before != after]
    assert np.diff(steps).min() > 0.3 * (right - left)
    levels = sorted({round((base - y) / (base - top), 2) for _, y in points})
    assert levels == [0.0, 0.2, 0.5, 1.0]
    assert "half of those of control are longer than 0.1 h" in picture


def test_on_a_log_axis_nothing_lies_on_the_base_line() -> None:
    picture = histograms([one([0, 3], [999, 1])], "t", "copies per EV", is_log=True)
    assert ">0.1<" in picture
    assert "nan" not in picture


def test_a_cell_that_is_gone_ends() -> None:
    time, single = np.arange(4.0), np.array([[1.0, 2.0, np.nan, np.nan], [1.0, 1.0, 2.0, 3.0]])
    picture = cells(STYLE, time, single, single[1], "t", "EV", (0.0, 3.0))
    assert picture.count("line thin") == 2
    assert "end between 3 and 3" in picture


def test_many_arms_share_panels_of_seven(run: Results) -> None:
    """Nine arms: the panel of bursts comes twice, and says which arms it has."""
    one_arm, names = run.summary["whole"]["control"], [f"arm{number}" for number in range(9)]
    summary = run.summary | {"whole": dict.fromkeys(names, one_arm),
                             "arms": dict.fromkeys(names, run.summary["arms"]["control"])}
    made = whole(Material(SimpleNamespace(summary=summary, run=run.run, data=run.data, series=run.series)))
    titles = [panel.title for figure in blocks(made, "figure") for panel in figure.panels if "fusion" in panel.title]
    assert titles[:2] == ["EVs set free by one fusion, arms 1–7", "EVs set free by one fusion, arms 8, 9"]
