"""What the summary says of a box, and by which channel rates were changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import parameters
from tests.toy import toy_model
from vesica.analysis.runs.channels import channel_of, signal_shares
from vesica.analysis.runs.space import space
from vesica.analysis.tissue.names import field_label
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Domain, ResolvedModel, Rule, Schedule
from vesica.spec.space import Flow, Space, Wall

WALLS = ((Wall(), Wall()), (Wall("held", values={"LPS": 1.0}), Wall("open", 1.0)), (Wall(), Wall()))


def model(**more: Any) -> ResolvedModel:
    box = Space((100.0, 1000.0, 10.0), (10, 100, 1), WALLS, Flow(1, "channel", 0))
    plain = toy_model()
    numbers = {**plain.parameters, **parameters({"vessel.volume_fraction": (0.2, ""),
                                                 "vessel.flow_velocity": (0.5, "um/s")})}
    return replace(plain, domain=Domain("tissue", 2e5, 10.0, "stirred", (), box), parameters=numbers,
                   schedule=Schedule(3600.0, 600.0, "tissue", 1), **more)


def run(of: ResolvedModel, **notes: Any) -> ArmRun:
    return ArmRun(of.arms[0], np.zeros(1), {}, np.zeros((1, 0)), {}, notes)


def test_a_box_in_numbers_and_words() -> None:
    spread = {"free:cell": [{"diffusivity": 0.5, "free": 5.0, "diameter": 0.1, "admitted": 0.4},
                            {"diffusivity": 0.0, "free": 3.0, "diameter": 0.15, "admitted": 0.2}],
              "TNF": [{"diffusivity": 50.0, "free": 100.0}]}
    found = space(model(), [run(model()), run(model(), tissue={"spread": spread})])
    assert found["voxel_um"] == [10.0, 10.0, 10.0]
    assert found["walls"]["y.low"] == "held"
    assert found["flow"] == {"axis": "y", "profile": "channel", "velocity_um_per_s": 0.5}
    small, large, tnf = found["spread"]
    assert small == {"name": "free:cell", "label": "vesicles of cell", "diameter_nm": 100.0, "free": 5.0,
                     "effective": 0.5, "admitted": 0.4, "peclet": 0.5 * 1000.0 / 0.5}
    assert large["peclet"] is None  # what is trapped has none
    assert (tnf["diameter_nm"], tnf["admitted"], tnf["peclet"]) == (None, None, 10.0)
    said = " ".join(found["words"])
    for words in ("A tissue of 100 x 1,000 x 10 µm in 10 x 100 x 1 voxels of 10 µm.", "takes 20% of it",
                  "y.low held at given LPS", "y.high open", "x.low, x.high closed",
                  "flows along y at 0.5 µm/s in the mean, as a parabola"):
        assert words in said
    assert "z.low" not in said  # no dimension


def test_a_dish_has_no_box_and_a_mixed_run_says_that_it_is_one() -> None:
    assert space(toy_model(), []) == {}
    mixed = replace(model(), schedule=Schedule(3600.0, 600.0, "well_mixed", 1))
    assert "computes it as one mixed body" in space(mixed, [])["words"][-1]


@pytest.mark.parametrize(("name", "label"), [
    ("TNF", "TNF"), ("free:microglia", "vesicles of microglia"),
    ("free:microglia~microvesicle", "microvesicles of microglia"),
    ("free:neuron/miR_146a", "miR-146a on vesicles of neuron"),
])
def test_fields_have_names_for_people(name: str, label: str) -> None:
    assert field_label(name) == label


@pytest.mark.parametrize(("source", "channel"), [
    ("agent", "agents"), ("TNF", "factors"), ("bound_HMGB1", "vesicles"), ("engaged_HMGB1", "vesicles"),
    ("touched_CD200", "contact"), ("gradient_TNF", "factors"), ("repression_by_miR_146a", "miRNA"),
    ("matrix_TNF", "matrix"), ("NFkB", "the cell itself"),
])
def test_every_source_has_its_channel(source: str, channel: str) -> None:
    rule = Rule("one", "cell", source, "increases", "alarm_production", "")
    assert channel_of(model(solubles=("TNF",)), rule) == channel


def test_rates_that_others_changed_have_shares() -> None:
    rules = tuple(Rule(key, "cell", source, "increases", "alarm_production", "")
                  for key, source in (("a", "agent"), ("v", "bound_X"), ("s", "NFkB")))
    one = model(rules=rules)
    factors = {"cell": {"alarm_production": [{"rule": "", "key": "a", "factor": 8.0}, {"key": "v", "factor": 2.0},
                                             {"key": "s", "added": 1.0}, {"key": "unknown", "factor": 5.0}],
                        "beta_production": [{"key": "s", "factor": 3.0}], "idle": [{"key": "a", "factor": 1.0}]}}
    found = signal_shares(one, run(one, rule_factors=factors))
    assert found == {"cell": {"alarm_production": pytest.approx({"agents": 0.75, "vesicles": 0.25}, rel=1e-15)}}
