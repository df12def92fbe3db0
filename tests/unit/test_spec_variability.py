"""The words of `variability:`, what they become, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vesica import interventions
from vesica.engine import check as engine_check
from vesica.engine.nodes import groups_of
from vesica.engine.rows import parameter_row
from vesica.errors import Finding, InputError
from vesica.spec import io
from vesica.spec.cells import Spread
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent
from vesica.spec.variability import FARTHEST, alike, english, expected, least, sigma

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
"""
RUN = "run: {duration: 4 h, every: 1 h}\n"
TWO = """\
cells:
  astrocyte:
    count: 1e4
    variability:
      - {of: [mvb_docking_rate, TLR4.basal], cv: 40 %}
      - {of: [cell_volume, membrane_area], cv: [30 %, 20 %], correlation: 0.8}
"""


def resolve(text: str) -> ResolvedModel:
    return interventions.resolve(io.loads(HEAD + text))[0]


def findings_of(text: str) -> list[Finding]:
    try:
        return interventions.check(io.loads(HEAD + text, file="model.yaml"))
    except InputError as failure:
        return list(failure.findings)


def spread(words: str) -> str:
    return "cells:\n  astrocyte:\n    count: 1e4\n    variability:\n      - {" + words + "}\n" + RUN


def test_words_become_spreads_and_parameters() -> None:
    model = resolve(TWO + RUN)
    one = "astrocyte.spread.0.cv"
    assert model.cells[0].spreads == (
        Spread(("astrocyte.mvb_docking_rate", "astrocyte.TLR4.basal"), (one, one)),
        Spread(("astrocyte.cell_volume", "astrocyte.membrane_area"),
               ("astrocyte.spread.1.cv.0", "astrocyte.spread.1.cv.1"), "astrocyte.spread.1.correlation"))
    values = {path: model.parameters[path].value for path in expected(model.cells[0])}
    assert values == pytest.approx({one: 0.4, "astrocyte.spread.1.cv.0": 0.3, "astrocyte.spread.1.cv.1": 0.2,
                                    "astrocyte.spread.1.correlation": 0.8})
    assert all(model.parameters[path].confidence == "given" for path in values)
    assert all(exponent(model, path) == 0 for path in values)


def test_how_much_they_vary_is_a_parameter_like_others() -> None:
    """Set by its path, and anew in an arm."""
    model = resolve(TWO + "parameters: {astrocyte.spread.0.cv: 25 %}\n"
                    "arms: {base: {}, wide: {parameters: {astrocyte.spread.1.correlation: -0.5}}}\n" + RUN)
    assert model.parameters["astrocyte.spread.0.cv"].value == pytest.approx(0.25)
    rows = {arm.name: parameter_row(model, arm)["astrocyte.spread.1.correlation"] for arm in model.arms}
    assert rows == pytest.approx({"base": 0.8, "wide": -0.5})


def test_an_arm_alone_may_vary() -> None:
    """The others hold cells that are alike: cv 0, whatever the correlation."""
    model = resolve("cells: {astrocyte: {count: 1e4}}\narms:\n  alike: {}\n  unlike:\n    cells: {astrocyte: "
                    "{variability: [{of: [cell_volume, membrane_area], cv: 50 %, correlation: 0}]}}\n" + RUN)
    rows = {arm.name: parameter_row(model, arm) for arm in model.arms}
    assert rows["alike"]["astrocyte.spread.0.cv"] == 0.0
    assert rows["unlike"]["astrocyte.spread.0.cv"] == 0.5
    assert rows["unlike"]["astrocyte.spread.0.correlation"] == 0.0


@pytest.mark.parametrize(("words", "place", "says", "way_out"), [
    ("of: [mvb_doking_rate], cv: 40 %", "of", "no number of the", "mvb_docking_rate"),
    ("of: [TLR4.basel], cv: 40 %", "of", "no number of the", "TLR4.basal"),
    ("of: [ilv_diameter_median], cv: 10 %", "of", "cannot vary", ""),
    ("of: [ilv_membrane_thickness], cv: 10 %", "of", "cannot vary", ""),
    ("of: [miR_146a.needed_copies], cv: 10 %", "of", "", ""),
    ("of: [spread.0.cv], cv: 10 %", "of", "cannot vary", ""),
    ("of: [escape_rate, escape_rate], cv: 40 %", "of", "a second time", "once"),
    ("of: [escape_rate], cv: 400 %", "cv", "varies by 400%", "40 %"),
    ("of: [escape_rate], cv: -0.1", "cv", "negative", "zero or more"),
    ("of: [escape_rate], cv: 3 h", "cv", "", ""),
    ("of: [escape_rate, cell_volume], cv: [40 %]", "cv", "1 coefficients of variation for 2", "2 of them"),
    ("of: [escape_rate, cell_volume], cv: 40 %, correlation: 1.2", "correlation", "more than 1", "up to 1"),
    ("of: [escape_rate, cell_volume], cv: 40 %, correlation: -1.2", "correlation", "negative", "-1 or more"),
    ("of: [escape_rate, cell_volume, membrane_area], cv: 40 %, correlation: -0.6", "correlation", "-0.6", "-0.5 to 1"),
    ("of: [escape_rate], cv: 40 %, correlation: 0.5", "correlation", "1 numbers", "leave it out"),
    ("of: [released_share], cv: 40 %", "of", "in a cell", "vary less"),
])
def test_slips_are_found(words: str, place: str, says: str, way_out: str) -> None:
    found = [one for one in findings_of(spread(words)) if one.severity == "error"]
    assert found
    assert found[0].path == f"cells.astrocyte.variability[0].{place}"
    assert (found[0].file, found[0].line) == ("model.yaml", 7)
    assert says in found[0].wrote
    assert way_out in found[0].fix


def test_other_numbers_in_an_arm_are_refused() -> None:
    text = TWO + "arms: {a: {}, b: {cells: {astrocyte: {variability: [{of: [escape_rate], cv: 10 %}]}}}}\n" + RUN
    found = findings_of(text)
    assert found[0].path == "arms.b.cells.astrocyte.variability"
    empty = findings_of(TWO + "arms: {a: {}, b: {cells: {astrocyte: {variability: []}}}}\n" + RUN)
    assert "cv: 0 %" in empty[0].fix


def test_numbers_of_an_arm_are_checked_too() -> None:
    found = findings_of(TWO + "arms: {a: {}, b: {parameters: {astrocyte.spread.0.cv: 5}}}\n" + RUN)
    assert found[0].path == "arms.b"
    assert "500%" in found[0].wrote


def test_no_variation_in_the_base_is_a_warning() -> None:
    found = findings_of(spread("of: [escape_rate], cv: 0 %"))
    assert [one.severity for one in found] == ["warning"]


def test_the_same_number_in_two_spreads() -> None:
    found = findings_of(TWO.replace("[cell_volume,", "[mvb_docking_rate,") + RUN)
    assert "a second time (first: cells.astrocyte.variability[0])" in found[0].wrote


@pytest.mark.parametrize(("nodes", "kinds"), [(None, 6), (2, 8), (5, 125)])
def test_nodes(nodes: int | None, kinds: int) -> None:
    """Three factors: pairs on the axes unless told, otherwise a product."""
    run = RUN if nodes is None else RUN.replace("4 h,", f"4 h, nodes: {nodes},")
    model = resolve(TWO + run)
    assert groups_of(model)[0].weights.size == kinds
    if nodes is not None:
        assert model.schedule.nodes == nodes


def test_too_many_nodes_are_refused() -> None:
    found = findings_of(TWO + RUN.replace("4 h,", "4 h, nodes: 6,"))
    assert found[0].path == "run.nodes"
    assert "216" in found[0].consequence


def test_rooms_of_every_cell_hold_one() -> None:
    """In whole numbers no cell may have less than one docking site, however small it is drawn."""
    run = "run: {duration: 1 h, every: 1 h, fidelity: stochastic, cells_at_most: 10}\n"
    text = spread("of: [docking_sites], cv: 40 %").replace(RUN, run)
    found = engine_check.check(resolve(text + "parameters: {astrocyte.docking_sites: 10}\n"))
    assert "docking_sites" in found[0].path
    fine = engine_check.check(resolve(text + "parameters: {astrocyte.docking_sites: 1000}\n"))
    assert not [one for one in fine if one.severity == "error"]


def test_the_farthest_factor() -> None:
    """A cell at 8.6 standard deviations below: exp(-8.6 s - s^2/2), s^2 = ln(1 + cv^2)."""
    model = resolve(TWO + RUN)
    row = parameter_row(model, model.arms[0])
    s = math.sqrt(math.log(1.16))
    assert least(model, row, "astrocyte.mvb_docking_rate") == pytest.approx(math.exp(-FARTHEST * s - s * s / 2))
    assert least(model, row, "astrocyte.escape_rate") == 1.0
    assert sigma(0.4) == pytest.approx(s, rel=1e-15)


def test_cells_that_are_alike_know_nothing_of_it() -> None:
    model = resolve(TWO + "arms: {a: {}, b: {parameters: {astrocyte.spread.0.cv: 10 %}}}\n" + RUN)
    same = alike(model)
    assert not any(cell.spreads for cell in same.cells)
    assert not any(".spread." in path for path in [*same.parameters, *(p for arm in same.arms for p in arm.values)])


def test_the_example_of_the_words_is_a_model() -> None:
    page = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    block = page[page.index("## Cells that differ"):].split("```")[1]
    model = resolve(block + RUN)
    assert [len(one.paths) for one in model.cells[0].spreads] == [2, 2]
    assert english(model) == [
        "From one microglia to the next vary mvb_docking_rate by 40 % and TLR4.basal by 40 %, together.",
        ("From one microglia to the next vary cell_volume by 30 % and membrane_area by 20 %, with a correlation of 0.8 "
         "between each two."),
    ]
