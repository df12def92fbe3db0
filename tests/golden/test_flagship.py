"""Golden figures of the flagship; every numeric change has an entry in CHANGELOG.md."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("ethanol_astrocytes.json")


def _script():
    spec = importlib.util.spec_from_file_location("make_golden", ROOT / "scripts" / "make_golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def now() -> dict[str, dict[str, float]]:
    return _script().figures()


def test_the_flagship_gives_the_figures_it_gave(now) -> None:
    """On one machine the figures are equal bit for bit; processors differ in fused operations.

    A run takes some 200 steps at relative tolerance 1e-8, so two machines may differ by a
    few times 1e-8 of each value; 1e-5 leaves room, and is far below any change of a law
    or a number of the library.
    """
    golden = json.loads(GOLDEN.read_text())
    assert set(now) == set(golden)
    for arm, figures in golden.items():
        assert set(now[arm]) == set(figures), arm
        for name, value in figures.items():
            assert now[arm][name] == pytest.approx(value, rel=1e-5, abs=1e-9), (arm, name)


def test_a_changed_figure_is_noticed(now) -> None:
    assert now["ethanol"]["astrocyte.released_per_cell_per_hour"] * (1 + 1e-4) != pytest.approx(
        json.loads(GOLDEN.read_text())["ethanol"]["astrocyte.released_per_cell_per_hour"], rel=1e-5
    )


def test_without_tlr4_ethanol_does_no_more_than_kill(now) -> None:
    """Built in: the rule on TLR4 multiplies zero production, and reactive oxygen acts on survival alone.

    Those who die release nothing more, so the number falls by less than the share of the dead at the end. A
    vesicle holds what it did: what differs is that neurons and astrocytes share the medium of fewer cells, 1e-4.
    """
    ethanol, without = now["ethanol_tlr4_ko"], now["tlr4_ko"]
    number, content = "astrocyte.released_per_cell_per_hour at 24 h", "astrocyte.miR_146a_per_ev at 24 h"
    dead = 1.0 - ethanol["astrocyte.alive at 24 h"] / without["astrocyte.alive at 24 h"]
    assert 1.0 - dead < ethanol[number] / without[number] < 1.0
    assert ethanol[content] == pytest.approx(without[content], rel=1e-4)
    assert ethanol["astrocyte.pyroptotic at 24 h"] < 1e-4


def test_what_docs_science_says_about_x1_and_x13(now) -> None:
    """The figures printed in docs/science.md, to the digits printed there."""
    text = (ROOT / "docs" / "science.md").read_text(encoding="utf-8")
    ethanol, control = now["ethanol"], now["control"]
    ratios = {
        "EV number": ethanol["astrocyte.released_per_cell_per_hour at 24 h"]
        / control["astrocyte.released_per_cell_per_hour at 24 h"],
        "miR-146a per EV": ethanol["astrocyte.miR_146a_per_ev at 24 h"] / control["astrocyte.miR_146a_per_ev at 24 h"],
        "TLR4 per EV": ethanol["astrocyte.TLR4_per_ev at 24 h"] / control["astrocyte.TLR4_per_ev at 24 h"],
        "neuron COX-2, equal particles": now["neurons_given_ethanol_evs"]["neuron.COX2"]
        / now["neurons_given_control_evs"]["neuron.COX2"],
        "neuron COX-2, equal donor cells": now["neurons_given_ethanol_evs_by_donor"]["neuron.COX2"]
        / now["neurons_given_control_evs_by_donor"]["neuron.COX2"],
        "neuron miR-146a": now["neurons_given_ethanol_evs"]["neuron.miR_146a"]
        / now["neurons_given_control_evs"]["neuron.miR_146a"],
    }
    for name, ratio in ratios.items():
        assert f"{name}: {ratio:.3f}" in text, (name, ratio)
    assert f"{control['astrocyte.miR_146a_per_ev at 24 h']:.5f} copies per EV" in text
