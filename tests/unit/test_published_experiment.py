"""docs/science.md, rows on what surrounds the cells: every figure is computed again and looked up in the page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.example_runs import section
from vesica import api

HEAD = """vesica: 1
title: published
use: [library:cns]
domain: {{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: {mixing}}}
run: {{duration: {hours} h, every: {every} h}}
"""


def run(folder: Path, text: str, hours: int = 24, every: int = 1, mixing: str = "stirred") -> Any:
    (folder / "model.yaml").write_text(HEAD.format(hours=hours, every=every, mixing=mixing) + text, encoding="utf-8")
    return api.simulate(folder / "model.yaml", folder / "run")


def end(results: Any, arm: str, name: str) -> float:
    return float(results.series(arm, name)[1][-1])


# X26

TAU = """networks:
  seeds:
    label: aggregates that are given
    states: {seeding: {initial: 0, at_start: 1, label: share of the seeds that is still to come}}
    constants: {given: 1e4 molecule}
    reactions:
      come: {equation: "-> tau_fibril", rate: given * stop_k * seeding}
      stop: {equation: "seeding ->", law: mass_action, k: 1 1/h}
cells:
  sick: {like: neuron, label: neuron with aggregates, count: 2e4, networks: [tauopathy, seeds]}
  neuron: {count: 2e5, networks: [tauopathy]}
  microglia: {count: 5e4, networks: [tauopathy, seeds]}
parameters: {microglia.seeding.at_start: 0}
arms:
  neurons_send: {}
  everywhere: {interventions: [{inhibitor: DPTIP, concentration: 1 uM}]}
  microglia_only: {interventions: [{inhibitor: D_DPTIP, concentration: 1 uM, cells: [microglia]}]}
  microglia_send: {cells: {sick: {count: 0}}, parameters: {microglia.seeding.at_start: 1}}
  their_source: {cells: {sick: {count: 0}}, parameters: {microglia.seeding.at_start: 1},
                 interventions: [{inhibitor: D_DPTIP, concentration: 1 uM, cells: [microglia]}]}
"""


def test_a_drug_that_misses_the_source_does_nothing_and_one_that_hits_it_does(tmp_path: Path) -> None:
    found, page = run(tmp_path, TAU, hours=168, every=12), section("X26")
    level = {arm: end(found, arm, "neuron.tau_fibril") for arm in found.summary["arms"]}
    shed = {arm: end(found, arm, "microglia.released:microglia") for arm in found.summary["arms"]}
    everywhere, wrong, right = (level[arm] / level[against] for arm, against in (
        ("everywhere", "neurons_send"), ("microglia_only", "neurons_send"), ("their_source", "microglia_send")))
    assert shed["microglia_only"] < 0.7 * shed["neurons_send"]  # the drug acts, where it is
    assert everywhere < 0.75
    assert right < 0.75
    assert wrong == pytest.approx(1.0, abs=0.1)  # what the tests of directions call no change
    for figure in (f"{everywhere:.3f} times", f"{wrong:.3f} times: **hit**", f"{right:.3f} times",
                   f"{shed['microglia_only'] / shed['neurons_send']:.2f} times"):  # fmt: skip
        assert figure in page, figure


# H2

GIVEN = """cells: {neuron: {count: 2e5, parameters: {death_rate: 0 1/h, endosome_formation_rate: 0 1/h}}}
exposures: [{vesicles: EVs, particles_per_cell: 1e3, to: neuron, at: 0 h}]
arms:
  untreated: {}
  bafilomycin: {interventions: [{inhibitor: bafilomycin, concentration: 100 nM}]}
  no_escape: {interventions: [{block: escape}]}
"""


def test_what_bafilomycin_leaves_of_delivery(tmp_path: Path) -> None:
    found, page = run(tmp_path, GIVEN, hours=48), section("What surrounds")
    share, early = {}, {}
    for arm in found.summary["arms"]:
        opened, broken = (end(found, arm, f"neuron.{fate}:EVs~prepared") for fate in ("delivered", "degraded"))
        share[arm] = opened / (opened + broken)
        early[arm] = float(found.series(arm, "neuron.delivered:EVs~prepared")[1][4])
    assert early["bafilomycin"] < 0.5 * early["untreated"]
    assert share["no_escape"] == 0.0
    for figure in (f"{share['untreated']:.0%} | calibrated", f"or broken down {share['bafilomycin']:.0%}: **missed**",
                   f"{early['bafilomycin'] / early['untreated']:.2f} times as much within 4 h"):  # fmt: skip
        assert figure.replace("%", " %") in page, (figure, share)


# J8

HAZARD = -math.log(1 - 0.22) / 24
DYING = f"""cells: {{astrocyte: {{count: 1e6, apoptotic_vesicles: true, parameters: {{death_rate: 0 1/h}}}}}}
arms:
  alive: {{}}
  dying: {{parameters: {{astrocyte.death_rate: {HAZARD:.8f} 1/h}}}}
"""


def test_a_death_of_22_percent_looks_like_secretion(tmp_path: Path) -> None:
    """78 % live at 24 h by the hazard: to 1e-4, as vesicles of dying cells change nothing about it."""
    found, page = run(tmp_path, DYING), section("What surrounds")
    pools = [name for name in map(str, found.data.coords["species"].values)
             if name.startswith("medium.free:") and "/" not in name]  # fmt: skip
    count = {arm: sum(end(found, arm, pool) for pool in pools) for arm in ("alive", "dying")}
    living = end(found, "dying", "astrocyte.alive")
    assert living == pytest.approx(0.78, abs=1e-4)
    seen = count["dying"] / count["alive"]
    rate = {arm: found.summary["arms"][arm]["quantities"]["astrocyte.released_per_cell_per_hour"]["value"]
            for arm in ("alive", "dying")}  # fmt: skip
    each = found.summary["arms"]["dying"]["quantities"]["astrocyte.released_per_living_cell_per_hour"]["value"]
    assert each / rate["alive"] == pytest.approx(1.0, abs=0.02)
    for figure in (f"{seen:.2f} times in the medium, {seen / living:.2f} times per cell alive",
                   f"{each / rate['alive']:.2f} times per living cell"):  # fmt: skip
        assert figure in page, figure


# F25

STORED = """cells: {microglia: {count: 1e6}, neuron: {count: 0}}
arms:
  source: {}
"""
TUBES = ("tube", "lobind_tube")


def test_tubes_keep_what_the_paper_says(tmp_path: Path) -> None:
    rows = "".join(f"  {tube}: {{cells: {{microglia: {{count: 0}}, neuron: {{count: 1e6}}}}, exposures: [{{doses_from: "
                   f"source, donor_cells_per_cell: 1, at: 12 h, isolation: [{{store: {tube}, time: 48 h}}]}}]}}\n"
                   for tube in TUBES)  # fmt: skip
    found, page = run(tmp_path, STORED + rows, hours=14), section("What surrounds")
    lost = [1 - found.summary["arms"][tube]["dose"][0]["isolation"][-1]["vesicles"] for tube in TUBES]
    assert f"{lost[0]:.0%} and {lost[1]:.1%}".replace("%", " %") in page, lost
