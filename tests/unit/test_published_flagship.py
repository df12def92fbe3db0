"""docs/science.md, rows X13 and X15: the flagship's figures and how its astrocytes die, as the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.example_runs import ROOT, Run, section
from vesica import api
from vesica.spec import yaml_io
from vesica.spec.model import ModelSpec

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def flagship(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run("ethanol_astrocytes", tmp_path_factory.mktemp("runs"), "note")


def test_the_page_holds_the_directions_of_the_run(flagship: Run) -> None:
    page = section("X13")
    ratio = {row["key"]: row["ratio"] for row in flagship.summary["published"]}
    for key, words in (("ev_number", "EV number: "), ("ev_number_ko", "EV number without TLR4: "),
                       ("ev_tlr4", "TLR4 per EV: "), ("ev_mir146a", "miR-146a per EV: "),
                       ("neuron_mir146a", "neuron miR-146a: "), ("neuron_cox2", "neuron COX-2, equal particles: "),
                       ("neuron_cox2_donor", "neuron COX-2, equal donor cells: "),
                       ("neuron_survival", "equal particles and equal donor cells: ")):  # fmt: skip
        assert f"{words}{ratio[key]:.3f}" in page, key
    held = {row["key"] for row in flagship.summary["published"] if row["holds"]}
    assert held == {"ev_number", "ev_number_ko", "ev_tlr4", "ev_mir146a", "ev_mir146a_ko", "neuron_cox2_ko"}


def test_the_page_says_what_a_neuron_receives(flagship: Run) -> None:
    page = section("X13")
    need = {arm: flagship.dose(f"neurons_given_ethanol_evs{arm}", "neuron", "miR_146a") for arm in ("", "_by_donor")}
    (given,) = flagship.summary["arms"]["neurons_given_ethanol_evs_by_donor"]["dose"]
    for words in (f"about {round(need['']['needed'], -3):,.0f} vesicles an hour",
                  f"{round(given['per_cell'], -1):.0f} to 1,000 vesicles given per neuron",
                  f"takes up and keeps {need['_by_donor']['supplied']:.0f} to {need['']['supplied']:.0f} an hour"):
        assert words in page, words
    assert need[""]["delivered_copies"] < 0.25
    routes = {route: flagship.ratio("neuron.COX2", f"only_{route}_route", f"only_{route}_route_untreated") - 1
              for route in ("surface", "receptor", "mirna", "soluble")}  # fmt: skip
    for words in (f"the route alone raises COX-2 by {routes['receptor']:.3%}",
                  f"{routes['surface']:.1%} over untreated",
                  f"With 1 % carry-over, {routes['soluble']:.2%}"):  # fmt: skip
        assert words.replace("%", " %").replace("  %", " %") in page, words
    assert abs(routes["mirna"]) < 1e-5
    assert f"some {round(need['']['needed'], -3):,.0f} vesicles an hour" in README
    assert f"takes up {need['']['supplied']:.0f}." in README


# X15

LPS = {"agent": "LPS", "concentration": "100 ng/mL"}
ATP = {"agent": "ATP", "concentration": "5 mM"}
ARMS: dict[str, dict[str, Any]] = {
    "control": {"exposures": []},
    "ethanol": {},
    "no_ros": {"parameters": {"astrocyte.nlrp3.mtros_rate": "0 1/h"}},
    "no_speck_death": {"parameters": {"astrocyte.speck_to_pyroptotic.hazard": "0 1/h"}},
    "tlr4_ko": {"interventions": [{"knock_out": "TLR4", "cells": ["astrocyte"]}]},
    "LPS": {"exposures": [LPS]},
    "ATP": {"exposures": [ATP]},
    "both": {"exposures": [LPS, {**ATP, "from": "23 h"}]},
}


def test_the_page_says_how_astrocytes_die(tmp_path: Path) -> None:
    words = yaml_io.read(ROOT / "examples" / "ethanol_astrocytes.yaml").data
    words.pop("published")
    words |= {"arms": ARMS, "run": {"duration": "24 h", "every": "1 h"}}
    found, page = api.simulate(ModelSpec.model_validate(words), tmp_path / "run"), section("X15")

    def end(arm: str, name: str) -> float:
        return float(found.series(arm, f"astrocyte.{name}")[1][-1])

    dead = {arm: 1 - end(arm, "alive") for arm in ARMS}
    burst, apoptotic = ({arm: end(arm, f"died_of:{kind}") for arm in ARMS} for kind in ("pyroptotic", "apoptotic"))
    rows = [f"| {dead[arm]:.1%} | {burst[arm]:.1%} | {apoptotic[arm]:.1%} |"
            for arm in ("control", "no_ros", "no_speck_death", "tlr4_ko")]  # fmt: skip
    rows.append(f"| {dead['ethanol']:.1%} (published 22 %)")
    rows.append(f"{burst['ethanol']:.1%}, {burst['ethanol'] / dead['ethanol']:.0%} of the dead (73 %)")
    rows.append(f"{apoptotic['ethanol']:.1%}, {apoptotic['ethanol'] / dead['ethanol']:.0%} of the dead (25 %)")
    rows.append(f"| {dead['LPS']:.1%}; {dead['ATP']:.1%} |")
    with_speck = (end("both", "speck") + end("both", "new_speck")) / end("both", "alive")
    rows.append(f"| {dead['both']:.1%}, and {with_speck:.0%} of the living with a speck |")
    for row in rows:
        assert row.replace("%", " %").replace("  %", " %") in page, row
