"""The report's section about the vessel, from made-up results."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from vesica.errors import error
from vesica.report import vessel as section
from vesica.report.blocks import Figure, Prose, Table
from vesica.report.material import Material
from vesica.report.vessel_charts import Profile, profiles

TIME = np.linspace(0.0, 48.0, 97)


class FakeResults:
    """Stands in for an opened run folder: layer k of a part holds (k + 1) times its height times the time."""

    data = None

    def __init__(self, domain: dict[str, Any]) -> None:
        self.run: dict[str, Any] = {}
        self.run: dict[str, Any] = {}
        arm = {"counts": {"astrocyte": 1e6}, "cells": {"astrocyte": {}}}
        self.summary = {"domain": domain, "arms": {"low": arm, "high": arm}, "size_law": {"astrocyte": {}},
                        "species": {"medium.TNF": {"label": "TNF in the medium", "unit": "molecule"}}}

    def series(self, arm: str, species: str, replicate: int = 0) -> tuple[np.ndarray, np.ndarray]:
        parts = self.summary["domain"]["compartments"]
        place, _, rest = species.partition(".")
        strength = 2.0 if arm == "high" else 1.0
        if species.startswith("medium.") and not rest[0].isdigit():
            return TIME, strength * TIME
        layers = parts[place]["layers_um"]
        if rest[0].isdigit():
            layer = int(rest.partition(".")[0])
            return TIME, strength * (layer + 1) * layers[layer] * TIME
        if rest.partition("/")[0] not in ("free:astrocyte", "TNF"):
            raise error(species, "unknown", "known", "", "")
        return TIME, strength * sum((k + 1) * height for k, height in enumerate(layers)) * TIME


def part(layers: list[float], liquid: float = 2.0, cells: tuple[str, ...] = ("astrocyte",)) -> dict[str, Any]:
    return {"liquid_mL": liquid, "volume_mL": liquid, "depth_um": sum(layers), "layers_um": layers,
            "cells": list(cells)}


DISH = {"kind": "dish", "words": ["It is still."], "compartments": {"medium": part([10.0, 30.0, 60.0])}}
TRANSWELL = {"kind": "transwell", "words": [], "compartments": {
    "insert": part([10.0, 30.0], 1.0), "well": part([10.0, 50.0, 10.0], 3.0, ())}}
SLICE = {"kind": "slice", "words": [], "compartments": {"slice": part([10.0, 30.0], 0.1),
                                                        "bath": part([200.0], 2.0, ())}}


def blocks(domain: dict[str, Any]) -> tuple[Any, ...]:
    return section.vessel(Material(FakeResults(domain))).blocks


def test_profiles_are_amounts_over_the_liquid_of_each_layer() -> None:
    """(k + 1) h t over 2 mL h/100: (k + 1) 50 t; twice that in the arm that holds most. Times since there is any."""
    material = Material(FakeResults(DISH))
    content = section._contents(material)[0]
    one = section._part("medium", DISH["compartments"]["medium"])
    assert one is not None
    found = section._at_times(material, "high", one, content)
    assert [profile.label for profile in found] == ["3.5 h", "12.5 h", "24 h", "48 h"]
    hours = np.array([float(profile.label.split()[0]) for profile in found])
    values = np.stack([profile.values for profile in found])
    assert values == pytest.approx(100.0 * hours[:, None] * np.array([1.0, 2.0, 3.0]), rel=1e-12)


def test_a_layer_is_where_its_concentration_holds() -> None:
    """At the bottom of a column, in the middle of all else."""
    for name, first in (("medium", 0.0), ("insert", 0.0), ("slice", 5.0), ("channel", 5.0)):
        one = section._part(name, part([10.0, 30.0]))
        assert one is not None
        assert one.places.tolist() == [first, 25.0]


@pytest.mark.parametrize(("domain", "figures"), [(DISH, 1), (TRANSWELL, 3), (SLICE, 2)])
def test_what_is_layered_has_profiles_and_parts_stand_against_each_other(domain: dict[str, Any], figures: int) -> None:
    found = [block for block in blocks(domain) if isinstance(block, Figure)]
    assert len(found) == figures
    assert [one.title for one in found if "against" in one.title] == ["parts against each other"] * (figures > 1)
    for one in found:
        for panel in one.panels:
            ET.fromstring(panel.wide)  # well formed
            assert "in the medium" not in panel.title


def test_a_table_names_the_parts() -> None:
    table = next(block for block in blocks(SLICE) if isinstance(block, Table))
    texts = [[cell.text for cell in row] for row in table.rows]
    assert texts[0] == ["slice", "astrocyte", "0.1", "0.04", "2", "10"]
    assert texts[1] == ["bath", "none", "2", "–", "mixed", "–"]


def test_words_of_the_vessel_are_shown_and_a_run_without_them_has_no_section() -> None:
    assert Prose(("It is still.",)) in blocks(DISH)
    assert blocks({"kind": "dish", "compartments": {}}) == ()


def test_profiles_over_powers_of_ten_have_such_an_axis() -> None:
    distance = np.array([0.0, 1.0, 2.0])
    wide = profiles(distance, [Profile("1 h", np.array([1.0, 1e2, 1e4]))], "t", "particles/mL", "height (mm)")
    flat = profiles(distance, [Profile("1 h", np.array([1.0, 2.0, 3.0]))], "t", "particles/mL", "height (mm)")
    assert "10,000" in wide
    assert "10,000" not in flat
    assert wide.count('class="line') == flat.count('class="line') == 1
