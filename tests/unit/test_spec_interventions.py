"""What knock-outs, knock-downs, inhibitors and blocks do to parameters, and what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesica import interventions
from vesica.engine.rows import parameter_row
from vesica.spec import io
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import ALL_MACHINERY
from vesica.studies.draws import drawn_entries

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
run: {duration: 48 h}
cells: {astrocyte: {count: 1e6}, neuron: {count: 1e5}}
"""


def arm(*items: str) -> Arm:
    return model(*items).arms[0]


def model(*items: str) -> ResolvedModel:
    found, findings = interventions.resolve(io.loads(HEAD + f"interventions: [{', '.join(items)}]\n"))
    assert findings == []
    return found


@pytest.mark.parametrize(("item", "factors", "english"), [
    ("{knock_out: TLR4, cells: [astrocyte]}", {"astrocyte.TLR4.basal": 0}, "TLR4 knocked out in the astrocyte"),
    ("{knock_out: TLR4}", {"astrocyte.TLR4.basal": 0, "neuron.TLR4.basal": 0}, "TLR4 knocked out in all cells"),
    ("{knock_out: miR_146a, cells: neuron}", {"neuron.miR_146a.basal": 0}, "miR_146a knocked out in the neuron"),
    ("{knock_out: COX2, cells: [neuron]}", {"neuron.COX2.basal": 0}, "COX2 knocked out in the neuron"),
    ("{knock_out: TNF, cells: [astrocyte]}", {"astrocyte.TNF.secretion_rate": 0}, "TNF knocked out in the astrocyte"),
    ("{knock_out: Rab27a, cells: [astrocyte]}", {"astrocyte.rab27_activity": 0},
     "Rab27a (rab27 activity) knocked out in the astrocyte"),
    ("{knock_down: TSG101, to: 30 %, cells: [astrocyte]}", {"astrocyte.escrt_activity": 0.3},
     "TSG101 (escrt activity) knocked down in the astrocyte to 0.3 of normal"),
    ("{knock_down: nSMase2, to: 0.25, cells: [astrocyte]}", {"astrocyte.nsmase2_activity": 0.25},
     "nSMase2 (nsmase2 activity) knocked down in the astrocyte to 0.25 of normal"),
    ("{knock_out: SNAP23, cells: [neuron]}", {"neuron.snare_activity": 0},
     "SNAP23 (snare activity) knocked out in the neuron"),
    ("{block: release, cells: [astrocyte]}", {"astrocyte.mvb_fusion_rate": 0},
     "fusion of MVBs with the cell membrane blocked in the astrocyte"),
    ("{block: uptake, cells: [neuron]}", {"neuron.binding_rate": 0, "neuron.macropinocytosis_rate": 0},
     "binding of vesicles and macropinocytosis blocked in the neuron"),
    ("{block: receptor_transfer, cells: [neuron]}",
     {"neuron.receptor_surfacing_rate": 0, "neuron.receptor_insertion_share": 0},
     "transfer of receptors to the cell surface blocked in the neuron"),
    ("{block: escape, cells: [neuron]}", {"neuron.escape_rate": 0, "neuron.surface_fusion_rate": 0},
     "escape from endosomes and fusion at the surface blocked, for lumen cargo and received receptors in the neuron"),
])  # fmt: skip
def test_factors(item: str, factors: dict[str, float], english: str) -> None:
    found = arm(item)
    assert found.factors == factors
    assert found.values == {}
    assert found.english == (english,)


@pytest.mark.parametrize(("route", "source"), [
    ("surface_signalling", "bound_HMGB1"), ("mirna_route", "repression_by_miR_146a"), ("soluble", "TNF"),
])  # fmt: skip
def test_routes_that_rest_on_rules_set_their_fold_to_one(route: str, source: str) -> None:
    found = model(f"{{block: {route}, cells: [neuron]}}")
    keys = [rule.key for rule in found.rules if rule.cell == "neuron" and rule.source == source]
    assert keys
    assert found.arms[0].values == {f"rule.{key}.fold": 1.0 for key in keys}
    assert found.arms[0].factors == {}


def test_the_mirna_route_leaves_receptor_transfer_alone() -> None:
    """Escape is the way of both, so the route of miRNA is cut behind it."""
    assert not any("escape" in path for path in arm("{block: mirna_route}").values)


def test_an_inhibitor() -> None:
    found = model("{inhibitor: GW4869, concentration: 10 uM, cells: [astrocyte]}")
    (held,) = found.arms[0].inhibitions
    assert held.paths == ("astrocyte.nsmase2_activity",)
    assert 0 < interventions.left_by(held, {path: found.parameters[path].value for path in held.numbers}) < 0.5
    assert found.arms[0].factors == {}
    assert "GW4869 10 uM" in found.arms[0].english[0]
    assert found.arms[0].exposures == ()


def test_a_drug_that_rules_name_is_in_the_medium_as_well() -> None:
    found = model("{inhibitor: bafilomycin, concentration: 100 nM}")
    assert {path.partition(".")[2] for path in found.arms[0].inhibitions[0].paths} == {"mvb_lysosome_rate"}
    (exposure,) = found.arms[0].exposures
    assert (exposure.agent, exposure.times) == ("bafilomycin", (0.0,))
    assert exposure.levels == (pytest.approx(100 * 0.602214076),)


def test_the_numbers_of_a_drug_are_numbers_of_a_model_that_uses_it() -> None:
    found = model("{inhibitor: GW4869, concentration: 10 uM}")
    assert {path: found.parameters[path].entry for path in found.parameters if path.startswith("inhibitor.")} == {
        "inhibitor.GW4869.ic50": "gw4869.ic50_Luberto02", "inhibitor.GW4869.hill": "agent.hill",
        "inhibitor.GW4869.max_inhibition": "gw4869.max_inhibition",
    }
    assert not any(path.startswith("inhibitor.") for path in model("{knock_out: TSG101}").parameters)


def test_a_drug_of_the_base_that_every_arm_replaces_is_not_in_use() -> None:
    spec = io.loads(HEAD + "interventions: [{inhibitor: GW4869, concentration: 1 uM}]\n"
                    "arms: {one: {interventions: [{knock_out: TLR4}]}}\n")
    assert not any(path.startswith("inhibitor.") for path in interventions.resolve(spec)[0].parameters)


def test_the_numbers_of_a_drug_can_be_given_for_a_model_and_for_an_arm() -> None:
    """At its IC50 a drug with Hill 1 leaves 1 - max/2, exactly."""
    spec = io.loads(HEAD + """
interventions: [{inhibitor: GW4869, concentration: 2 uM}]
parameters: {inhibitor.GW4869.max_inhibition: 0.8, inhibitor.GW4869.hill: 1, inhibitor.GW4869.ic50: 2 uM}
arms:
  model: {}
  arm: {parameters: {inhibitor.GW4869.max_inhibition: 60 %}}
""")
    found, _ = interventions.resolve(spec)
    for arm, left in zip(found.arms, (0.6, 0.7), strict=True):
        row = parameter_row(found, arm)
        path = "astrocyte.nsmase2_activity"
        assert row[path] == pytest.approx(left * found.parameters[path].value, rel=1e-12)
        assert f"at {left:.3g} of normal" in arm.english[-1]


@pytest.mark.parametrize(("name", "value", "rule"), [
    ("max_inhibition", "1.2", "at most 1"), ("ic50", "0 uM", "more than zero"), ("ic50", "3 s", "is expected here"),
])  # fmt: skip
def test_impossible_numbers_of_a_drug(name: str, value: str, rule: str) -> None:
    spec = io.loads(HEAD + f"interventions: [{{inhibitor: GW4869, concentration: 1 uM}}]\n"
                    f"parameters: {{inhibitor.GW4869.{name}: {value}}}\n")
    (finding,) = interventions.check(spec)
    assert (finding.severity, finding.line) == ("error", HEAD.count("\n") + 2)
    assert rule in finding.rule


def test_the_numbers_of_a_drug_are_drawn() -> None:
    found = model("{inhibitor: GW4869, concentration: 10 uM}")
    path = "inhibitor.GW4869.max_inhibition"
    number = found.parameters[path]
    assert {entry for entry in drawn_entries(found) if entry == number.entry}
    target = "astrocyte.nsmase2_activity"
    rows = [parameter_row(found, found.arms[0], {path: value}) for value in (number.low, number.high)]
    assert rows[0][target] > rows[1][target]


def test_a_drug_in_the_medium_cannot_be_given_to_one_cell_type() -> None:
    text = HEAD + "interventions: [{inhibitor: bafilomycin, concentration: 1 nM, cells: [neuron]}]"
    (finding,) = interventions.check(io.loads(text))
    assert "medium" in finding.rule


def test_a_drug_twice() -> None:
    text = HEAD + """
exposures: [{agent: bafilomycin, concentration: 1 nM}]
interventions: [{inhibitor: bafilomycin, concentration: 1 nM}]
"""
    (finding,) = interventions.check(io.loads(text))
    assert (finding.severity, finding.line) == ("error", 7)


def test_several_interventions_multiply() -> None:
    found = arm("{knock_down: TSG101, to: 50 %, cells: [neuron]}", "{knock_down: ALIX, to: 50 %, cells: [neuron]}")
    assert found.factors == {"neuron.escrt_activity": 0.25}


@given(st.floats(1e-3, 1e3), st.floats(0.5, 4), st.floats(0, 1))
def test_inhibition_has_its_limits(ic50: float, hill: float, most: float) -> None:
    """Nothing without drug, half of the most at the IC50, the most far above it, and always downwards."""
    def left(concentration: float) -> float:
        return interventions.inhibition(concentration, ic50, hill, most)

    assert left(0.0) == 1.0
    assert left(ic50) == pytest.approx(1 - most / 2, rel=1e-12)
    assert left(ic50 * 1e12) == pytest.approx(1 - most, abs=1e-5)  # (1e-12)^0.5 = 1e-6
    assert left(ic50 / 2) >= left(ic50) >= left(ic50 * 2)


def test_aliases_stand_for_machinery_that_exists() -> None:
    assert set(interventions.ALIASES.values()) <= set(interventions.ACTIVITIES) <= set(ALL_MACHINERY)


def test_resolution_without_interventions_says_nothing_of_them() -> None:
    from vesica.spec.resolve import examine

    found, findings = examine(io.loads(HEAD + "interventions: [{knock_out: TLR4}]\n"))
    assert findings == []
    assert found is not None
    assert found.arms[0].factors == {}
