"""What knock-outs, knock-downs, inhibitors and blocks do to parameters, and what they say."""

from __future__ import annotations

import pytest

from vesica import interventions
from vesica.engine.rows import parameter_row
from vesica.spec import io
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import ALL_MACHINERY

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
    ("{knock_out: Rab27, cells: [astrocyte]}", {"astrocyte.rab27_activity": 0},
     "Rab27 (rab27 activity) knocked out in the astrocyte"),
    ("{knock_down: syntaxin-4, to: 40 %}", {"astrocyte.snare_activity": 0.4, "neuron.snare_activity": 0.4},
     "syntaxin-4 (snare activity) knocked down in all cells to 0.4 of normal"),
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


def test_several_interventions_multiply() -> None:
    found = arm("{knock_down: TSG101, to: 50 %, cells: [neuron]}", "{knock_down: ALIX, to: 50 %, cells: [neuron]}")
    assert found.factors == {"neuron.escrt_activity": 0.25}


@pytest.mark.parametrize(("gene", "factors", "number", "words"), [
    ("rab27a", {"astrocyte.rab27_activity": 0.25}, "ilv_capacity", "rab27 activity, ilv capacity"),
    ("Rab27b", {}, "mvb_docking_rate", "mvb docking rate"), ("Rab35", {}, "mvb_docking_rate", "mvb docking rate"),
])  # fmt: skip
def test_genes_that_the_library_says_more_about(gene: str, factors: dict[str, float], number: str, words: str) -> None:
    """A quarter left: the number is changed by three quarters of what its loss does, `1 + (fold - 1) 3/4`."""
    found = model(f"{{knock_down: {gene}, to: 25 %, cells: [astrocyte]}}")
    (done,) = found.arms
    (loss,) = done.losses
    assert done.factors == factors
    assert done.english == (f"{gene} ({words}) knocked down in the astrocyte to 0.25 of normal",)
    fold = found.parameters[loss.fold]
    assert (loss.path, fold.entry != "", fold.low < fold.value < fold.high) == (f"astrocyte.{number}", True, True)
    plain = {path: one.value for path, one in found.parameters.items()}
    for value in (fold.value, fold.high):  # a draw moves it
        row = parameter_row(found, done, {loss.fold: value})
        assert row[loss.path] == pytest.approx(plain[loss.path] * (1 + 0.75 * (value - 1)), rel=1e-15)
    assert parameter_row(found, done)["neuron.ilv_capacity"] == plain["neuron.ilv_capacity"]


def test_aliases_stand_for_machinery_that_exists() -> None:
    assert set(interventions.ALIASES.values()) <= set(interventions.ACTIVITIES) <= set(ALL_MACHINERY)


def test_resolution_without_interventions_says_nothing_of_them() -> None:
    from vesica.spec.resolve import examine

    found, findings = examine(io.loads(HEAD + "interventions: [{knock_out: TLR4}]\n"))
    assert findings == []
    assert found is not None
    assert found.arms[0].factors == {}
