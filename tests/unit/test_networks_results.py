"""What a run says of networks: summary, quantities, units, and the pictures of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cell_networks import EVERYTHING, resolved
from tests.unit.test_phenotypes_results import Fake
from vesica.analysis.runs.quantities import short_unit
from vesica.analysis.runs.summary import summarise
from vesica.engine.program import compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.report import courses, networks, passage, svg
from vesica.report.charts import Line, lines
from vesica.report.material import ArmStyle, Material
from vesica.report.outcome import chosen_signals

NANOMOLAR = 0.602214076  # molecule/um^3
RULES = ["microglia: A_n increases TNF_secretion (half_max 5 nM, hill 2, up to 3x)"]
PUBLISHED = [{"key": "k", "says": "B rises", "source": "s", "quantity": "microglia.B", "arm": "base", "against": "slow",
              "direction": "increase"}]


@pytest.fixture(scope="module")
def found() -> tuple[dict[str, Any], Material]:
    model = resolved(rules=RULES, published=PUBLISHED,
                     arms={"base": {}, "slow": {"parameters": {"microglia.everything.k": "0.02 1/min"}}})
    program = compile_model(model)
    runs = {one.arm.name: as_arm_run(program, one) for one in run_all(program)}
    summary = summarise(model, runs, "completed")
    return summary, Material(Fake(summary, runs))


Found = tuple[dict[str, Any], Material]


def test_states_and_assignments_are_signals_with_their_units(found: Found) -> None:
    """Hidden steps of delays are not; a state of a compartment is the concentration in it, as expressions read it."""
    summary, material = found
    words = summary["networks"]["microglia"]["everything"]
    assert words["levels"] == [*EVERYTHING["states"], *EVERYTHING["assignments"]]
    assert words["outputs"] == ["A_n"]
    signals = summary["arms"]["base"]["cells"]["microglia"]["signals"]
    assert {*words["levels"]} < {*signals}
    assert not [name for name in signals if "step" in name]
    named = ("A", "A_n", "level", "ratio", "NFkB_activity")
    units = {name: summary["species"][f"microglia.{name}"]["unit"] for name in named}
    assert units == {"A": "molecule/um^3", "A_n": "molecule/um^3", "level": "level", "ratio": "level",
                     "NFkB_activity": "relative to rest"}
    time, course = material.series("base", "microglia.A_n") or (np.zeros(0), np.zeros(0))
    assert signals["A_n"]["final"] == course[-1]
    assert signals["A_n"]["basal"] == course[0]
    assert time[-1] == 4.0


def test_quantities_hold_levels_and_published_directions_name_them(found: Found) -> None:
    summary, _ = found
    said = summary["arms"]["base"]["quantities"]["microglia.B"]
    assert said["unit"] == "molecule/um^3"
    row = summary["published"][0]
    other = summary["arms"]["slow"]["quantities"]["microglia.B"]
    assert row["ratio"] == pytest.approx(said["value"] / other["value"], rel=1e-12)


@pytest.mark.parametrize(("unit", "short"), [
    ("molecule / micron ** 3", "molecule/um^3"), ("", ""), ("molecule", "molecule"), ("molecule/um^3", "molecule/um^3"),
])
def test_units_are_written_short(unit: str, short: str) -> None:
    assert short_unit(unit) == short


def test_what_acts_outside_is_shown_and_the_rest_is_folded(found: Found) -> None:
    """`A_n` is read by a rule, `B` is named by a published direction; every other level is behind the fold, once."""
    _, material = found
    assert sorted(networks.shown_levels(material, "microglia")) == ["A_n", "B"]
    section = networks.networks(material)
    first, rest = section.blocks
    assert (first.folded, rest.folded) == (False, True)
    assert sorted(panel.title for panel in first.panels) == ["A n", "B"]
    titles = [panel.title for panel in rest.panels]
    assert len(titles) == len(set(titles))
    steady = {name for name in ("A", "AB", "level", "late", "ratio", "steep", "both") if name not in titles}
    assert all(f"{name} (" in rest.caption for name in steady)
    assert {*titles}.isdisjoint({"A n", "B"})
    assert "level (nM)" in first.panels[0].wide
    shown = {panel.title for figure in passage.signals(material).blocks for panel in figure.panels}
    assert shown.isdisjoint({"A", "B", "AB", "late"})
    assert {*chosen_signals(material, "microglia", ["base", "slow"])}.isdisjoint({"A", "AB", "late", "ratio"})


def test_a_level_is_drawn_in_the_unit_people_read(found: Found) -> None:
    _, material = found
    one = courses.level(material, "microglia", "A")
    _, values = one.read("base") or (np.zeros(0), np.zeros(0))
    _, plain = material.series("base", "microglia.A") or (np.zeros(0), np.zeros(0))
    assert values == pytest.approx(plain / NANOMOLAR, rel=1e-12)
    assert one.y_label == "level (nM)"
    assert courses.level(material, "microglia", "ratio").y_label == "level"


def test_powers_of_ten_are_drawn_at_their_places() -> None:
    """A line through 1, 10 and 100 on an axis of powers of ten is straight."""
    scale = svg.log_scale(1.0, 100.0, 200.0, 0.0)
    assert scale.many(np.array([1.0, 10.0, 100.0])).tolist() == [200.0, 100.0, 0.0]
    assert [scale(value) for value in (1.0, 10.0, 100.0)] == [200.0, 100.0, 0.0]
    course = Line(ArmStyle("a", 1), np.array([0.0, 1.0, 2.0]), np.array([1.0, 10.0, 100.0]))
    assert lines([course], "t", "y", is_log=True) != lines([course], "t", "y")


def test_a_run_without_networks_says_nothing_of_them() -> None:
    assert networks.networks(Material(Fake({"arms": {}}, {}))).blocks == ()
