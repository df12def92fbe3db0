"""A whole run with rules that add, from and on networks and phenotypes: what it says each rule does."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from vesica import api, units

MODEL = """\
vesica: 1
title: rules of every kind
domain: {kind: dish, diameter: 6.4 mm, medium: 100 uL, mixing: stirred}
networks:
  toggle:
    states: {A: {initial: 10 nM, label: protein A}}
    constants: {k: 1 nM/h}
    assignments: {twice: "2 * A"}
    reactions:
      make: {equation: "-> A", rate: "k"}
      lose: {equation: "A ->", law: mass_action, k: 0.5 1/h}
    rules: ["twice increases TNF_secretion (half_max 4 nM, hill 2, adds 2 molecule/s)"]
cells:
  astrocyte:
    count: 50
    networks: [toggle]
    phenotypes:
      mood:
        states: {calm: {initial: 1}, angry: {}}
        transitions: {calm_to_angry: 0.1 1/h, angry_to_calm: 0.3 1/h}
rules:
  - "astrocyte: angry increases toggle_make (half_max 0.5, up to 2x)"
  - "astrocyte: LPS increases toggle_make (half_max 10 ng/mL, adds 2 nM/h)"
  - "astrocyte: A increases angry_to_calm (half_max 6 nM, adds 0.4 1/h)"
arms: {control: {}, lps: {exposures: [{agent: LPS, concentration: 10 ng/mL}]}}
run: {duration: 60 h, every: 10 h, fidelity: well_mixed}
"""


def factors(folder: Path, text: str) -> dict[str, dict[str, list[dict[str, float | str]]]]:
    """Arm -> target -> what the rules do at the end."""
    (folder / "model.yaml").write_text(text)
    summary = api.simulate(folder / "model.yaml", folder / "run").summary
    return {arm: entry["rule_factors"]["astrocyte"] for arm, entry in summary["arms"].items()}


def test_a_run_says_what_each_rule_does(tmp_path: Path) -> None:
    """At rest and 60 h after LPS: A = (k + a h) F / d, F = 1 + s/(s + 1/2), s = 0.1/(0.1 + 0.3 + 0.4 A/(A + 6)).

    LPS stands at its half-maximum, a h = 1 nM/h. Modes decay with 0.4 1/h or faster: exp(-24) of them is left. The
    two equations are solved by repetition, which converges as A moves s by a tenth.
    """
    found = factors(tmp_path, MODEL)
    for arm, added in (("control", 0.0), ("lps", 1.0)):
        a = 2.0
        for _ in range(200):
            share = 0.1 / (0.1 + 0.3 + 0.4 * a / (a + 6.0))
            factor = 1.0 + share / (share + 0.5)
            a = (1.0 + added) * factor / 0.5
        rows = {target: {row["key"].split("_")[1]: row for row in by} for target, by in found[arm].items()}
        assert rows["toggle_make"]["angry"]["factor"] == pytest.approx(factor, rel=1e-6)
        lps = rows["toggle_make"]["LPS"]
        assert units.factor(str(lps["unit"]), "molecule/um^3/s") == pytest.approx(1.0, rel=1e-12)
        assert lps["added"] * 3600 / 0.602214076 == pytest.approx(added, rel=1e-6, abs=1e-12)
        calm = rows["angry_to_calm"]["A"]
        assert (calm["unit"], calm["added"] * 3600) == ("1/s", pytest.approx(0.4 * a / (a + 6.0), rel=1e-6))
        tnf = rows["TNF_secretion"]["twice"]
        assert tnf["added"] == pytest.approx(2.0 * (2 * a) ** 2 / ((2 * a) ** 2 + 16.0), rel=1e-6)


def test_the_order_of_the_lines_changes_nothing(tmp_path: Path) -> None:
    """Rounding alone: CVODE takes the same steps to 1e-8."""
    lines = MODEL.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("rules:")) + 1
    turned = "".join([*lines[:first], *reversed(lines[first : first + 3]), *lines[first + 3 :]])
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = factors(tmp_path / "one", MODEL), factors(tmp_path / "other", turned)
    for arm, targets in one.items():
        for target, rows in targets.items():
            here = {row["key"]: row for row in other[arm][target]}
            for row in rows:
                name = "added" if "added" in row else "factor"
                assert math.isclose(here[row["key"]][name], row[name], rel_tol=1e-7, abs_tol=1e-15), json.dumps(row)
