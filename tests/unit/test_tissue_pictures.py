"""Maps: what is drawn is what is there, at its true size, the same bytes every time, in the colours of the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tissue_store
from tests.tissue_store import RADII, Made
from vesica.analysis.tissue import account, view
from vesica.analysis.tissue.outcome import Wanted
from vesica.analysis.tissue.slabs import slab_of
from vesica.errors import InputError
from vesica.report import build
from vesica.report.material import ArmStyle
from vesica.report.tissue import album, canvas, maps

DOT = re.compile(r"M[-\d.]+ [-\d.]+h0")
POINTS = 72.0  # per inch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tissue_store.write(tmp_path_factory.mktemp("run"), {"control": Made(strength=0.0), "lps": Made()})


@pytest.fixture(scope="module")
def wanted(folder: Path) -> Wanted:
    tissues = view.tissues_of(folder)
    return Wanted(tissues, account.look_at(list(tissues.values())))


def test_every_cell_is_drawn_once_at_its_true_size(wanted: Wanted) -> None:
    """A disc is a stroke of a round pen, as wide as the cell's diameter in points of the map."""
    tissue = wanted.tissues["lps"]
    picture = album.by_type(wanted, slab_of(tissue.size))
    text = picture.svg.decode()
    paths = re.findall(r'<path d="([^"]*h0[^"]*)"[^>]*style="([^"]*)"', text)
    per_um = POINTS * album.map_width(slab_of(tissue.size), canvas.PANEL) / tissue.size[0]
    drawn: dict[float, int] = {}
    for path, style in paths:
        width = float(re.search(r"stroke-width: ([\d.]+)", style)[1])
        drawn[width] = drawn.get(width, 0) + len(DOT.findall(path))
    there: dict[float, int] = {}
    for kind, count in tissue.counts.items():
        width = round(2.0 * RADII[kind] * per_um, 2)
        there[width] = there.get(width, 0) + count
    assert drawn == pytest.approx(there)
    assert "times as wide" not in picture.caption
    named = [f"{kind} ({count})" for kind, count in sorted(tissue.counts.items())]
    assert re.findall(r">([^<]*\(\d+\))<", text) == named


def test_cells_too_small_to_see_are_drawn_wider_and_the_caption_says_so(tmp_path: Path) -> None:
    """On 4,000 um a cell of 4 um radius is 0.245 points wide in radius, and drawn 0.9: 3.7 times."""
    tissue_store.write(tmp_path, {"lps": Made(size=(4000.0, 4000.0, 10.0), count=50)})
    tissues = view.tissues_of(tmp_path)
    picture = album.by_type(Wanted(tissues, account.look_at(list(tissues.values()))), slab_of((4000.0, 4000.0, 10.0)))
    assert "up to 3.7 times as wide" in picture.caption


def test_a_scale_bar_is_a_round_length_and_as_long_as_it_says(wanted: Wanted) -> None:
    assert [canvas.round_length(x) for x in (0.9, 1.0, 2.1, 49.0, 50.0, 260.0)] == [0.5, 1.0, 2.0, 20.0, 50.0, 200.0]
    assert canvas.length_words(2000.0) == "2 mm"
    picture = album.by_type(wanted, slab_of(wanted.tissues["lps"].size))
    assert "100 µm" in picture.svg.decode()
    bar = re.search(r"M ([\d.]+) ([\d.]+) \nL ([\d.]+) ([\d.]+) \n?\"", picture.svg.decode())
    length = 100.0 * POINTS * album.map_width(slab_of(wanted.tissues["lps"].size), canvas.PANEL) / 600.0
    assert float(bar[3]) - float(bar[1]) == pytest.approx(length, abs=0.02)  # coordinates have two decimals
    assert bar[2] == bar[4]


def test_the_same_picture_is_the_same_bytes(wanted: Wanted) -> None:
    slab = slab_of(wanted.tissues["lps"].size)
    first, second = (album.by_quantity(wanted, "NFkB", slab) for _ in range(2))
    assert first == second
    assert first.png.startswith(b"\x89PNG")


def test_a_picture_in_the_page_takes_its_colours_and_has_names_of_its_own(wanted: Wanted) -> None:
    slab = slab_of(wanted.tissues["lps"].size)
    drawn = album.pictures(wanted, slab, png=False)
    assert [one.name for one in drawn] == ["types", "cells-inflammatory", "cells-NFkB", "cells-taken_up-microglia",
                                           "field-free-microglia", "field-TNF"]
    names: list[str] = []
    for one in drawn:
        root = ET.fromstring(str(one.inline).replace(" href=", " xlink_href="))
        assert root.attrib["role"] == "img"
        assert [child.tag for child in root[:2]] == ["title", "desc"]
        assert canvas.INK not in one.inline
        assert "currentColor" in one.inline
        assert "http" not in one.inline
        found = [part.attrib["id"] for part in root.iter() if "id" in part.attrib]
        assert all(name.startswith(f"{one.name}-") for name in found)
        names += found
        ET.fromstring(one.svg)
        assert not one.png
    assert len(names) == len(set(names))
    refs = [ref for one in drawn for ref in re.findall(r'(?:href="#|url\(#)([^")]+)', one.inline)]
    assert set(refs) <= set(names)


def test_one_scale_holds_all_arms(wanted: Wanted) -> None:
    scale = album.quantity_scale(wanted, "taken_up:microglia")
    assert scale.low == 0.0
    assert scale.high == pytest.approx(40.0, rel=1e-6)
    assert scale.label.endswith("(EV)")
    shares = album.quantity_scale(wanted, "inflammatory")
    assert (shares.low, shares.high) == (0.0, 1.0)
    slab = slab_of(wanted.tissues["lps"].size)
    field = album.field_scale(wanted, "TNF", slab)
    assert field.high == pytest.approx(0.05 * np.exp(-10.0 / 120.0) / 0.602214076, rel=1e-6)
    assert field.label == "TNF (nM)"
    only = Wanted({"control": wanted.tissues["control"]}, wanted.look)
    assert album.of_field(only, "TNF", slab) is None  # nothing to see


@pytest.mark.parametrize(("values", "expected"), [
    ([np.array([1.0, 2.0, 3.0])], (0.0, 3.0, False)),
    ([np.array([2.0, 3.0]), np.array([2.5])], (2.0, 3.0, False)),
    ([np.array([-1.0, 1.0])], (-1.0, 1.0, False)),
    ([np.array([1e-9, 1.0, 1.0, 1000.0])], (0.1, 1000.0, True)),
    ([np.array([np.nan])], (0.0, 1.0, False)),
])
def test_scales_are_linear_until_a_few_values_tower_over_the_others(values: list[Any], expected: tuple) -> None:
    found = maps.scale_for(values, "x", "", for_cells=False)
    assert (found.low, found.high, found.is_log) == pytest.approx(expected)


def test_a_few_cells_far_above_the_others_do_not_darken_them() -> None:
    """Of 1,000 cells at 0 to 1 and one at 100 the 99.5 % quantile is that of the even ones, to a cell: 0.996."""
    values = np.append(np.linspace(0.0, 1.0, 1000), 100.0)
    found = maps.scale_for([values], "x", "", for_cells=True)
    assert found.high == pytest.approx(0.996, abs=1e-3)
    assert found.cut == (False, True)
    assert found.cut_words == " Brightest: 0.996 and more."
    assert maps.scale_for([values], "x", "", for_cells=False).cut_words.startswith(" Darkest: 0.01 and less")
    assert maps.scale_for([values[:-1]], "x", "", for_cells=True).cut_words == ""


def test_a_slice_is_the_field_in_the_unit_that_people_read(wanted: Wanted) -> None:
    tissue = wanted.tissues["lps"]
    drawn = maps.slice_of(tissue, "free:microglia", 3, slab_of(tissue.size), "")
    np.testing.assert_array_equal(drawn.image, 1e12 * tissue.density("free:microglia", 3)[0])


def test_many_cells_become_pixels_and_the_file_stays_small(tmp_path: Path) -> None:
    tissue_store.write(tmp_path, {"lps": Made(count=maps.VECTOR + 1, pairs=False)})
    tissues = view.tissues_of(tmp_path)
    one = Wanted(tissues, account.look_at(list(tissues.values())))
    picture = album.by_quantity(one, "NFkB", slab_of(tissues["lps"].size))
    assert not DOT.findall(picture.svg.decode())
    assert b"data:image/png" in picture.svg
    assert len(picture.svg) < 400_000


def test_charts_have_one_curve_for_each_arm(wanted: Wanted) -> None:
    styles = {arm: ArmStyle(arm, number) for number, arm in enumerate(wanted.tissues, start=1)}
    found = {one.name: one for one in album.figures(wanted, styles)}
    assert list(found) == ["front-microglia-inflammatory", "front-neuron-NFkB",
                           "front-astrocyte-NFkB", "front-oligodendrocyte-NFkB", "profile-microglia-inflammatory",
                           "profile-neuron-NFkB", "profile-astrocyte-NFkB", "profile-oligodendrocyte-NFkB",
                           "profile-neuron-taken_up-microglia", "profile-astrocyte-taken_up-microglia",
                           "profile-oligodendrocyte-taken_up-microglia", "profile-field-free-microglia",
                           "profile-field-TNF"]
    assert "control: No front" in found["front-neuron-NFkB"].caption
    assert "It moves at" in found["front-neuron-NFkB"].caption
    assert ">control<" in found["profile-neuron-NFkB"].wide
    bare = {arm: ArmStyle("", style.number) for arm, style in styles.items()}
    assert ">control<" not in next(one for one in album.figures(wanted, bare) if one.name == "profile-neuron-NFkB").wide


class FakeResults:
    """Stands in for an opened run folder whose summary knows two arms."""

    data = None

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder, {}
        self.summary = account.with_space({"title": "made up", "arms": {"control": {}, "lps": {
            "signal_shares": {"neuron": {"COX2_production": {"vesicle": 0.75, "agent": -0.25}}}}}}, folder)
        self.summary["domain"] = {"space": {"words": ["A box of 600 x 1,000 x 10 µm."], "spread": [
            {"name": "microglia", "label": "vesicles of microglia", "diameter_nm": 100.0, "free": 4.4,
             "effective": 0.3, "admitted": 0.42, "peclet": None}]}}

    def series(self, arm: str, species: str, replicate: int = 0) -> Any:
        raise KeyError(species)


def test_the_report_shows_the_space(folder: Path) -> None:
    page = build(FakeResults(folder))
    for anchor in ("space", "maps", "fronts"):
        assert f'<section id="{anchor}">' in page
    for words in ("A box of 600 x 1,000 x 10 µm.", "42 %", "Cells by type", "profiles begin at the face y.low",
                  "It moves at", "no front", "the same cells", "480", "vesicle 75 %, agent 25 % (lowers)"):
        assert words.lower() in page.lower(), words
    assert page.count("data:image/png") >= 2  # fields of both arms
    assert "img-src data:" in page
    assert not re.search(r'(?:src|href)="http(?!s://doi)', page)
    assert len(page) < 1_500_000


def test_without_matplotlib_the_report_says_so_and_maps_are_refused(
    folder: Path, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canvas, "can_draw", lambda: False)
    page = build(FakeResults(folder))
    assert "Maps need the extra" in page
    assert "Profiles by distance" in page  # charts are ours
    with pytest.raises(InputError) as failure:
        album.by_type(wanted, slab_of(wanted.tissues["lps"].size))
    assert 'pip install "vesica[tissue]"' in str(failure.value)


def test_a_run_without_positions_has_none_of_these_sections(tmp_path: Path) -> None:
    page = build(Bare(tmp_path))
    for anchor in ("space", "maps", "fronts"):
        assert f'<section id="{anchor}">' not in page


class Bare(FakeResults):
    """A run in a dish."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run, self.summary = folder, {}, {"title": "dish", "arms": {"control": {}}}
