"""Rules together: words of networks and phenotypes, rules that come with a network, rules that cannot act."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_spec_rules import HEAD, resolved
from vesica import interventions, library
from vesica.errors import Finding, InputError
from vesica.spec import io, rulebook, rules, structure
from vesica.spec.cell_words import NetworkSpec
from vesica.spec.cells import Assigned, CellType, Chain, ChainState, Network, NetworkState, Reaction
from vesica.spec.expressions import Number
from vesica.spec.networks import Plan
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Cargo
from vesica.spec.rule_words import CellWords
from vesica.spec.rules import RuleError
from vesica.spec.structure import Catalogue, words_of

NETWORK = Network("toggle", states=(NetworkState("A", "molecule/um^3", "protein A"), NetworkState("A2", "", "")),
                  assignments=(Assigned("ratio", Number(1.0), "1/s", "ratio"),), provides=("NFkB_activity",),
                  reactions=(Reaction("make", (("A", 1),), Number(1.0)), Reaction("shed", (("TNF", 1),), Number(1.0))))
FATE = Chain("fate", (ChainState("calm", "calm"), ChainState("angry", "angry")), (("calm", "angry"),))
RICH = CellType("astrocyte", "astrocyte", (), ("HMGB1", "TLR4"), networks=(NETWORK,), chains=(FATE,),
                translations=(("miR_146a", "HMGB1"),), ligands=(("HMGB1", "TLR4"),))


def rich_words() -> CellWords:
    shelf = library.load("cns")
    cargo = {name: Cargo(name, item.kind, item.topology, item.label) for name, item in shelf.cargo.items()}
    return words_of(RICH, Catalogue(shelf, cargo, {}, {}))


def test_networks_phenotypes_and_ligands_give_words() -> None:
    sources, targets = rich_words().sources(), rich_words().targets()
    assert {name: (sources[name].kind, sources[name].unit) for name in ("A", "A2", "ratio", "angry", "engaged_HMGB1")} \
        == {"A": ("level", "molecule/um^3"), "A2": ("level", ""), "ratio": ("level", "1/s"),
            "angry": ("phenotype", ""), "engaged_HMGB1": ("engaged", "vesicle")}
    assert {name: targets[name].unit for name in ("toggle_make", "toggle_shed", "calm_to_angry",
                                                  "miR_146a_translation")} \
        == {"toggle_make": "molecule/um^3/s", "toggle_shed": "molecule/s", "calm_to_angry": "1/s",
            "miR_146a_translation": "1/s"}
    rule = rules.parse("astrocyte: angry increases calm_to_angry (half_max 0.5, adds 1 1/h)")
    assert rules.english(rule, rich_words()).startswith(
        "When the share of angry cells among the astrocyte cells rises, the change from calm to angry gets faster:")
    with pytest.raises(RuleError, match="toggle_make"):
        rules.look_up(rules.parse("astrocyte: A increases toggle_mak (half_max 1 nM, up to 2x)"), rich_words())


def test_what_a_network_gives_takes_the_place_of_rules_of_the_library() -> None:
    notes = Notes.elsewhere()
    shelf = library.load("cns")
    spec = io.loads(HEAD)
    names = structure.catalogue(spec, shelf, notes)
    plans = structure.plan_cells(spec, names, notes)
    plain = {rule.key for rule in rulebook.collect(spec, names, plans, {}, notes).rules}
    assert notes.findings == []
    plans = [replace(plan, cell=replace(plan.cell, networks=(NETWORK,))) if plan.name == "astrocyte" else plan
             for plan in plans]  # fmt: skip
    found = {rule.key for rule in rulebook.collect(spec, names, plans, {}, notes).rules}
    assert plain - found == {"astro_tlr4_nfkb"}
    assert [finding.severity for finding in notes.findings] == ["note"]
    assert "`toggle` takes the place of 1 rule of the library: astro_tlr4_nfkb" in notes.findings[0].wrote


def test_rules_come_with_a_network() -> None:
    """Of the model without `CELL:`, of the library with its source; what says the same in the library gives way."""
    notes = Notes.elsewhere()
    own = "TLR4_activity increases NFkB_activity_production (half_max 2, up to 7x)"
    text = "A increases TNF_secretion (half_max 1 nM, up to 2x)"
    spec = io.loads(HEAD)
    names = structure.catalogue(spec, library.load("cns"), notes)
    held = (Plan("toggle", NetworkSpec(rules=[own]), "networks.toggle"),
            Plan("lent", NetworkSpec(rules=[text], source="A paper", doi="10.1/2"), "library:network.lent"))
    toggle = replace(NETWORK, provides=())
    plans = [replace(plan, cell=replace(plan.cell, networks=(toggle,)), networks=held) if plan.name == "astrocyte"
             else plan for plan in structure.plan_cells(spec, names, notes)]  # fmt: skip
    found = {rule.key: rule for rule in rulebook.collect(spec, names, plans, {}, notes).rules}
    assert "astro_tlr4_nfkb" not in found
    assert found["astrocyte_TLR4_activity_increases_NFkB_activity_production"].origin == "model"
    rule = found["astrocyte_A_increases_TNF_secretion"]
    assert (rule.origin, rule.reference, rule.doi) == ("library", "A paper", "10.1/2")
    assert not notes.has_errors


def findings(text: str) -> list[Finding]:
    """What is said about the rules of a model that runs."""
    return [found for found in interventions.resolve(io.loads(text))[1] if found.path.startswith("rules")]


@pytest.mark.parametrize(("text", "says"), [
    ('rules: ["astrocyte: NFkB_activity increases X_secretion (half_max 1, up to 3x)"]', "warning rules[0]"),
    ('rules: ["neuron: LPS increases escape_rate (half_max 1 nM, up to 3x)"]', "note rules[0]"),
    ('rules: ["neuron: Y increases escape_rate (half_max 1 nM, up to 3x)"]', "note rules[0]"),
])
def test_rules_that_change_nothing_are_named(text: str, says: str) -> None:
    more = ("cells: {astrocyte: {count: 1e6, solubles: {X: {secretion_rate: 0 molecule/s}}}, neuron: {count: 1e5}}\n"
            "solubles: {X: {decay_rate: 0.1 1/h}, Y: {decay_rate: 0.1 1/h}}\n")
    head = HEAD.replace(HEAD.splitlines(keepends=True)[-1], more)
    found = findings(head + text)
    assert [f"{finding.severity} {finding.path}" for finding in found] == [says]
    assert all((found[0].wrote, found[0].rule, found[0].consequence, found[0].fix))


def test_a_rate_that_something_is_added_to_may_be_zero() -> None:
    head = HEAD.replace("cells: {astrocyte: {count: 1e6}", "solubles: {X: {decay_rate: 0.1 1/h}}\ncells: {astrocyte: "
                        "{count: 1e6, solubles: {X: {secretion_rate: 0 molecule/s}}}")
    text = ('rules: ["astrocyte: NFkB_activity increases X_secretion (half_max 3, up to 3x)", '
            '"astrocyte: TLR4_activity increases X_secretion (half_max 3, adds 3 molecule/h)"]')
    assert findings(head + text) == []


def test_a_source_that_raises_and_lowers_one_rate_is_refused() -> None:
    with pytest.raises(InputError, match="work against each other"):
        resolved('rules: ["neuron: LPS increases escape_rate (half_max 1 nM, up to 3x)", '
                 '"neuron: LPS decreases escape_rate (half_max 2 nM, down to 0.3x)"]')


def test_a_route_that_is_blocked_adds_nothing() -> None:
    model = resolved('rules: ["neuron: bound_HMGB1 increases escape_rate (half_max 9 copies, adds 1 1/h)"]\n'
                     "arms: {a: {interventions: [{block: surface_signalling, cells: neuron}]}}")
    assert model.arms[0].values["rule.neuron_bound_HMGB1_increases_escape_rate.added"] == 0.0
