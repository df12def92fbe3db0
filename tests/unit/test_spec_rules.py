"""Rules as text: read, looked up, echoed; every machinery word has its English."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vesica import interventions
from vesica.errors import InputError
from vesica.spec import io, rules, vocabulary
from vesica.spec.resolved import ResolvedModel
from vesica.spec.rule_words import MACHINERY_WORDS, CellWords
from vesica.spec.rules import RuleError, RuleText

LEAST = "down to .1 times at most"
HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
run: {duration: 48 h}
cells: {astrocyte: {count: 1e6}, neuron: {count: 1e5}}
"""
WORDS = CellWords(
    "astrocyte", "astrocyte", {"NFkB_activity": "NF-kB activity"}, {"miR_146a": "miR-146a"}, ("miR_146a",),
    {"TNF": "TNF"}, {"LPS": "LPS"}, {"TNF": "TNF", "IL6": "IL-6"}, {"HMGB1": "HMGB1", "miR_146a": "miR-146a"},
)  # fmt: skip


def resolved(text: str) -> ResolvedModel:
    return interventions.resolve(io.loads(HEAD + text))[0]


def test_a_rule_is_read_and_echoed_in_plain_english() -> None:
    rule = rules.parse("astrocyte: NFkB_activity increases mvb_fusion_rate (half_max 3, hill 2, up to 3x)")
    assert rule == RuleText("astrocyte", "NFkB_activity", "increases", "mvb_fusion_rate", "3", "2", "3", rule.text)
    assert rules.look_up(rule, WORDS).kind == "signal"
    assert rules.english(rule, WORDS) == (
        "When NF-kB activity in the astrocyte rises, MVB fusion gets faster: half of the effect at 3, "
        "Hill coefficient 2, at most 3 times"
    )


@pytest.mark.parametrize(("text", "kind", "english"), [
    ("LPS increases miR_146a_production (half_max 10 ng/mL, up to 5x)", "agent",
     "When LPS rises, production of miR-146a gets faster: 10 ng/mL, 1, at most 5 times"),
    ("IL6 decreases rab27_activity (half_max 1 nM, hill 1, down to 0.5x)", "soluble",
     "When IL-6 in the medium rises, Rab27 activity falls: 1 nM, 1, down to 0.5 times at most"),
    ("miR_146a decreases NFkB_activity_decay (half_max 9 copies, hill 1, down to 0x)", "cargo",
     "When miR-146a in the astrocyte rises, decay of NF-kB activity gets slower: 9 copies, 1, down to 0 times at most"),
    ("bound_HMGB1 increases TNF_secretion (half_max 9 copies, hill 1, up to 2-fold)", "bound",
     "When HMGB1 on vesicles bound to the astrocyte rises, secretion of TNF gets faster: 9 copies, 1, at most 2 times"),
    ("repression_by_miR_146a decreases miR_146a_enrichment (half_max 0.5, hill 3, down to .1 x)", "repression",
     "When repression by miR-146a in the astrocyte rises, enrichment of miR-146a in vesicles falls: 0.5, 3, " + LEAST),
])  # fmt: skip
def test_every_kind_of_source(text: str, kind: str, english: str) -> None:
    """``english`` leaves out the words between the numbers, which are the same in all."""
    rule = rules.parse(text, "astrocyte")
    assert rules.look_up(rule, WORDS).kind == kind
    said = rules.english(rule, WORDS).replace("half of the effect at ", "").replace("Hill coefficient ", "")
    assert said == english


def test_every_modulable_parameter_has_its_words_and_no_other() -> None:
    assert set(MACHINERY_WORDS) == {name for name, field in vocabulary.ALL_MACHINERY.items() if field.modulable}


@pytest.mark.parametrize("text", [
    "", "(", ")", "a: b", "a: b increases", "a: increases b (half_max 1, up to 2x)", "a: b increases c ()",
    "a: b increases c (,)",
    "a: b increases c (half_max, up to 2x)", "a: b increases c (half_max 1, half_max 2, up to 2x)",
    "a: b increases c (half_max 1, up to x)", "a: b increases c d (half_max 1, up to 2x)",
    ": b increases c (half_max 1, up to 2x)",
    "b increases c (half_max 1, up to 2x)", "a: b increases decreases (half_max 1, up 2x)",
])  # fmt: skip
def test_what_is_no_rule_is_refused_in_four_parts(text: str) -> None:
    with pytest.raises(RuleError) as raised:
        rules.parse(text)
    assert all(raised.value.parts)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        rule = rules.parse(text)
    except RuleError:
        return
    assert rule.verb in rules.VERBS


def test_a_rule_that_adds_says_how_much() -> None:
    rule = rules.parse("astrocyte: LPS increases TNF_secretion (half_max 10 ng/mL, hill 2, adds 0.5 molecule/h)")
    assert (rule.fold, rule.added) == ("", "0.5 molecule/h")
    assert rules.english(rule, WORDS).endswith("Hill coefficient 2, at most 0.5 molecule/h is added")


@pytest.mark.parametrize(("text", "says"), [
    ("a: b decreases c (half_max 1, adds 1 1/h)", "what decreases cannot add"),
    ("a: b increases c (half_max 1, adds 1 1/h, up to 2x)", "a rule multiplies a rate or adds to it"),
    ("a: b increases c (half_max 1)", "how much at most"),
    ("a: b increases c (half_max 1, up to 0.5x)", "multiplies it by 1 or more"),
    ("a: b decreases c (half_max 1, down to 2x)", "multiplies it by less"),
    ("a: b increases c (half_max 1, adds)", "`up to`, `down to` or `adds`"),
])
def test_a_strength_that_cannot_be(text: str, says: str) -> None:
    with pytest.raises(RuleError) as raised:
        rules.parse(text)
    assert all(raised.value.parts)
    assert says in str(raised.value)


@pytest.mark.parametrize(("target", "unit", "says"), [
    ("NFkB_activity_production", "1/s", "0.5 1/h"), ("mvb_docking_rate", "1/s", "0.5 1/h"),
    ("TNF_secretion", "molecule/s", "0.5 molecule/h"), ("miR_146a_production", "molecule/s", "0.5 molecule/h"),
    ("rab27_activity", "", "0.5"), ("receptor_sites", "vesicle", "0.5 EV"),
])
def test_what_is_added_has_the_unit_of_its_target(target: str, unit: str, says: str) -> None:
    text = f'rules: ["astrocyte: bafilomycin increases {target} (half_max 1 nM, adds {says})"]'
    added = resolved(text).parameters[f"rule.astrocyte_bafilomycin_increases_{target}.added"]
    assert added.unit == unit
    assert added.value == pytest.approx(0.5 / 3600 if "/h" in says else 0.5, rel=1e-12)
    with pytest.raises(InputError, match="rules"):
        resolved(text.replace(says, "0.5 nM/h"))


def test_numbers_of_a_rule_become_parameters_in_the_unit_of_its_source() -> None:
    model = resolved('rules: ["neuron: LPS increases escape_rate (half_max 10 ng/mL, hill 2, up to 3x)"]')
    prefix = "rule.neuron_LPS_increases_escape_rate"
    half = model.parameters[f"{prefix}.half_max"]
    assert half.unit == "molecule/um^3"
    assert half.value == pytest.approx(10e-9 / 1e12 / 10_000 * 6.02214076e23, rel=1e-12)  # 10 kg/mol
    assert (half.confidence, half.low, half.high) == ("given", half.value, half.value)
    assert model.parameters[f"{prefix}.fold"].value == 3.0


def test_a_rule_may_take_its_numbers_from_the_library() -> None:
    numbers = "half_max @signal.half_max, hill 2, up to 3x"
    model = resolved(f'rules: ["neuron: TLR4_activity increases escape_rate ({numbers})"]')
    half = model.parameters["rule.neuron_TLR4_activity_increases_escape_rate.half_max"]
    assert half.entry == "signal.half_max"
    assert "half of the effect at 3," in model.rules[-1].english


def test_library_rules_follow_a_cell_type_that_is_like_theirs() -> None:
    model = resolved("arms: {a: {cells: {second: {like: astrocyte, count: 3}}}}")
    first = {rule.key: rule for rule in model.rules if rule.cell == "astrocyte"}
    second = {rule.key: rule for rule in model.rules if rule.cell == "second"}
    assert set(second) == {f"second_{key}" for key in first}
    assert all(rule.origin == "library" for rule in model.rules)
    key = next(iter(first))
    assert model.parameters[f"rule.second_{key}.fold"].entry == model.parameters[f"rule.{key}.fold"].entry


def test_a_rule_remembers_its_line() -> None:
    model = resolved('rules:\n  - "neuron: LPS increases escape_rate (half_max 1 nM, hill 2, up to 3x)"\n')
    assert model.rules[-1].line == 6
    assert model.rules[-1].origin == "model"


def test_words_of_a_cell_are_its_own() -> None:
    with pytest.raises(RuleError, match="NFkB_activity"):
        rules.look_up(rules.parse("astrocyte: NFkB increases escape_rate (half_max 1, up to 2x)"), WORDS)
    stripped = replace(WORDS, signals={})
    with pytest.raises(RuleError):
        rules.look_up(rules.parse("astrocyte: NFkB_activity increases escape_rate (half_max 1, up to 2x)"), stripped)
