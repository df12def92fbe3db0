"""Model files: merging by `use`, overrides, round trips, and the JSON Schema that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vesica.spec
from vesica import interventions
from vesica.errors import InputError
from vesica.spec import io, schema, yaml_io
from vesica.spec.model import ModelSpec

FLAGSHIP = """\
vesica: 1
title: Ethanol makes astrocyte vesicles inflammatory for neurons
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still}
cells:
  astrocyte: {count: 1e6}
exposures:
  - {agent: ethanol, concentration: 40 mM, from: 0 h, to: 24 h}
arms:
  control: {exposures: []}
  ethanol: {}
  ethanol_tlr4_ko: {interventions: [{knock_out: TLR4, cells: [astrocyte]}]}
  neurons_given_ethanol_evs: {cells: {astrocyte: {count: 0}, neuron: {count: 5e5}},
                              exposures: [{doses_from: ethanol, particles_per_cell: 1e3, at: 24 h}]}
observe: [released, taken_up, cargo, signals, phenotype]
run: {duration: 48 h, every: 30 min, fidelity: well_mixed, seed: 1}
"""

NUMBER = st.floats(1e-6, 1e6).map(lambda value: float(f"{value:.6g}"))
TIME = NUMBER.map(lambda value: f"{value!r} h")
LEVEL = st.builds(lambda value, unit: f"{value!r} {unit}", NUMBER, st.sampled_from(["mM", "nM", "ng/mL"]))
AGENT = st.sampled_from(["ethanol", "LPS"])
EXPOSURE = st.one_of(
    st.fixed_dictionaries({"agent": AGENT, "concentration": LEVEL}, optional={"from": TIME, "to": TIME}),
    st.fixed_dictionaries({"agent": AGENT, "concentration": LEVEL, "at": TIME, "length": TIME}),
    st.fixed_dictionaries({"agent": AGENT, "concentration": LEVEL, "every": TIME, "times": st.integers(1, 9),
                           "length": TIME}),
    st.fixed_dictionaries({"agent": AGENT, "csv": st.just("levels.csv")}),
    st.fixed_dictionaries({"doses_from": st.just("a"), "at": TIME, "particles_per_cell": NUMBER},
                          optional={"to": st.just("neuron")}),
)
INTERVENTION = st.one_of(
    st.fixed_dictionaries({"knock_out": st.just("TLR4")}, optional={"cells": st.just(["astrocyte"])}),
    st.fixed_dictionaries({"knock_down": st.just("TLR4"), "to": st.just("30 %")}),
    st.fixed_dictionaries({"inhibitor": st.just("GW4869"), "concentration": LEVEL}),
    st.fixed_dictionaries({"block": st.just("release")}),
)
CELLS = st.dictionaries(
    st.sampled_from(["astrocyte", "neuron", "microglia"]),
    st.fixed_dictionaries({"count": NUMBER}, optional={"parameters": st.fixed_dictionaries({"escape_rate": TIME})}),
)
ARM = st.fixed_dictionaries({}, optional={
    "cells": CELLS, "exposures": st.lists(EXPOSURE, max_size=3), "interventions": st.lists(INTERVENTION, max_size=3),
})  # fmt: skip
MODEL = st.fixed_dictionaries(
    {"vesica": st.just(1), "domain": st.just({"kind": "dish", "diameter": "35 mm", "medium": "2 mL"}), "cells": CELLS,
     "run": st.fixed_dictionaries({"duration": TIME, "seed": st.integers(0, 2**62)})},
    optional={"title": st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
              "arms": st.dictionaries(st.sampled_from(["a", "b-1", "c_2"]), ARM),
              "exposures": st.lists(EXPOSURE, max_size=3),
              "rules": st.lists(st.just("astrocyte: ethanol increases escape_rate (half_max 1 mM, hill 1, up to 2x)"))},
)  # fmt: skip


@given(MODEL)
@settings(max_examples=200, deadline=None)
def test_a_model_survives_being_written_and_read(data: dict[str, Any]) -> None:
    spec = io.from_dict(data)
    again = io.loads(io.dump(spec))
    assert again == spec
    assert io.dump(again) == io.dump(spec)


def test_two_models_that_differ_are_not_equal() -> None:
    """The round trip above could not fail if equality looked at nothing."""
    assert io.loads(FLAGSHIP) == io.loads(FLAGSHIP, file="elsewhere.yaml")
    assert io.loads(FLAGSHIP) != io.loads(FLAGSHIP.replace("40 mM", "41 mM"))


def test_specs_are_frozen() -> None:
    spec = io.loads(FLAGSHIP)
    with pytest.raises(ValueError, match="frozen"):
        spec.title = "other"  # type: ignore[misc]


def test_use_of_another_model(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.yaml").write_text(
        FLAGSHIP + "rules:\n- neuron: TNF increases escape_rate (half_max 1 pM, up to 2x)\n"
    )
    (tmp_path / "mine.yaml").write_text(
        "vesica: 1\nuse: [base/base.yaml]\n"
        "cells: {astrocyte: {count: 2e6}, microglia: {count: 1e3}}\n"
        "arms:\n  control: {exposures: [{agent: LPS, concentration: 1 nM}]}\n"
        "rules: [\"neuron: ethanol increases escape_rate (half_max 1 mM, up to 2x)\"]\n"
        "run: {seed: 7}\n"
    )
    spec = io.load(tmp_path / "mine.yaml")
    assert spec.use == ("library:cns",)
    assert spec.cells["astrocyte"].count == 2e6  # maps merge
    assert set(spec.cells) == {"astrocyte", "microglia"}
    assert (spec.run.seed, spec.run.duration) == (7, "48 h")
    assert len(spec.arms["control"].exposures or ()) == 1  # lists replace
    assert len(spec.rules) == 2  # rules add up
    asked = ("run.seed", "run.duration", "rules[0]", "rules[1]", "exposures[0]")
    places = {path: (Path(file or "").name, line) for path in asked
              for file, line in [spec.origin.place(path)]}  # fmt: skip
    assert places == {"run.seed": ("mine.yaml", 7), "run.duration": ("base.yaml", 16), "rules[0]": ("base.yaml", 18),
                      "rules[1]": ("mine.yaml", 6), "exposures[0]": ("base.yaml", 8)}


def test_overrides_reach_every_kind_of_place(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(FLAGSHIP)
    spec = io.load(file, [
        "cells.astrocyte.count=2e6", "exposures[0].concentration=20 mM", "run.seed=5", "switches.escape=lnp_like",
        "parameters.astrocyte.escape_rate=1 1/h", "arms.new={exposures: []}", 'title="A: b"',
    ])  # fmt: skip
    assert spec.cells["astrocyte"].count == 2e6
    assert spec.exposures[0].concentration == "20 mM"  # type: ignore[union-attr]
    assert (spec.run.seed, spec.switches["escape"]) == (5, "lnp_like")
    assert spec.parameters == {"astrocyte.escape_rate": "1 1/h"}
    assert "new" in spec.arms
    assert file.read_text() == FLAGSHIP


def test_a_rule_needs_no_quotes() -> None:
    text = FLAGSHIP + "rules:\n- neuron: TNF increases escape_rate (half_max 1 pM, hill 1, up to 2x)\n"
    assert io.loads(text).rules == ("neuron: TNF increases escape_rate (half_max 1 pM, hill 1, up to 2x)",)


def test_the_resolved_file_has_every_number_with_its_unit() -> None:
    model, _ = interventions.resolve(io.loads(FLAGSHIP))
    written = yaml_io.parse(io.dump_resolved(model)).data
    assert set(written["parameters"]) == set(model.parameters)
    rate = written["parameters"]["astrocyte.escape_rate"]
    assert rate["value"] == f"{model.parameters['astrocyte.escape_rate'].value!r} 1/s"
    assert {"low", "high", "confidence", "entry", "source"} <= set(rate)
    assert written["schedule"]["duration"] == "172800.0 s"
    assert written["arms"][1]["exposures"][0]["levels"][0].endswith("molecule/um^3")


def test_the_schema_that_ships_is_current() -> None:
    shipped = Path(vesica.spec.__path__[0]).parent / "model.schema.json"
    assert shipped.read_text(encoding="utf-8") == schema.text(), "run scripts/make_schema.py"


@pytest.mark.parametrize(("old", "new", "is_good"), [
    ("", "", True),
    ("count: 1e6", "count: 1e6 cells", True),
    ("cells: [astrocyte]", "cells: astrocyte", True),
    ("observe:", "rules:\n- neuron: TNF increases escape_rate (half_max 1 pM)\nobserve:", True),
    ("run: {", "run: {sede: 3, ", False),
    ("mixing: still", "mixing: shaken", False),
    ("doses_from", "dosis_from", False),
])  # fmt: skip
def test_the_schema_says_what_the_classes_say(old: str, new: str, is_good: bool) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(schema.text()))
    assert validator.is_valid(yaml_io.parse(FLAGSHIP.replace(old, new, 1)).data) is is_good
    validator.check_schema(json.loads(schema.text()))


def test_the_origin_is_no_word_of_the_user() -> None:
    with pytest.raises(InputError):
        io.loads(FLAGSHIP + "_origin: 3\n")
    assert "origin" not in ModelSpec.model_fields
