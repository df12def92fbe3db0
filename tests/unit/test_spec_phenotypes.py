"""Chains from the words of the library and of the model: parameters, starts, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from vesica import interventions, library
from vesica.engine import check as engine_check
from vesica.errors import Finding
from vesica.spec import io
from vesica.spec import resolve as spec_resolve
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent, is_extensive

HEAD = """\
vesica: 1
domain: {diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 24 h, every: 6 h}
"""
MOOD = """\
cells:
  microglia:
    count: 1e5
    phenotypes:
      mood:
        states: {calm: {}, angry: {rates: {mvb_fusion_rate: 5}}, burst: {dies: true, label: blown up}}
        transitions: {calm_to_angry: 0.02 1/h, angry_to_calm: 0.06 1/h, angry_to_burst: 0.01 1/h}
"""
LIBRARY: Mapping[str, Any] = {"states": {"calm": {"initial": "1"}, "angry": {"rates": {"mvb_fusion_rate": "3"}}},
                              "transitions": {"calm_to_angry": "0.02 1/h", "angry_to_calm": "0.06 1/h"}}


def resolved(text: str) -> ResolvedModel:
    return interventions.resolve(io.loads(HEAD + text, file="model.yaml"))[0]


def findings(text: str) -> list[Finding]:
    return interventions.check(io.loads(HEAD + text, file="model.yaml"))


def value(model: ResolvedModel, path: str) -> float:
    return model.parameters[path].value


@pytest.fixture
def with_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Microglia of the library have a chain `mood`."""
    real = library.load("cns")
    cell = replace(real.cells["microglia"], phenotypes={"mood": LIBRARY})
    made = replace(real, cells={**real.cells, "microglia": cell})
    monkeypatch.setattr(spec_resolve.libraries, "load", lambda _name: made)


def test_a_chain_has_its_numbers_by_path() -> None:
    model = resolved(MOOD)
    cell = next(cell for cell in model.cells if cell.name == "microglia")
    (chain,) = cell.chains
    assert [state.name for state in chain.living] == ["calm", "angry"]
    assert chain.transitions == (("calm", "angry"), ("angry", "calm"), ("angry", "burst"))
    assert chain.settles
    assert cell.can_die
    assert value(model, "microglia.calm_to_angry.hazard") == pytest.approx(0.02 / 3600, rel=1e-12)
    assert value(model, "microglia.angry.mvb_fusion_rate") == 5.0
    assert chain.states[2].label == "blown up"
    for path in ("microglia.calm_to_angry.hazard", "microglia.angry.mvb_fusion_rate"):
        assert exponent(model, path) == 0
    assert not is_extensive(model, "microglia.calm")
    assert not is_extensive(model, "microglia.died_of:burst")


def test_cells_that_only_the_chain_kills_die_of_nothing_else() -> None:
    """Microglia of the library do not die; a state that dies does not bring the library's hazard of death."""
    assert not library.load("cns").cells["microglia"].can_die
    model = resolved(MOOD)
    assert value(model, "microglia.death_rate") == 0.0
    assert model.parameters["microglia.death_rate"].shown == "0 1/s"


def test_a_chain_without_a_way_back_starts_in_its_first_state() -> None:
    model = resolved(MOOD.replace("angry_to_calm: 0.06 1/h, ", ""))
    (chain,) = next(cell for cell in model.cells if cell.name == "microglia").chains
    assert not chain.settles
    assert [value(model, f"microglia.{state}.initial") for state in ("calm", "angry")] == [1.0, 0.0]


@pytest.mark.parametrize("text", [
    MOOD.replace("calm: {}", "calm: {initial: 30 %}").replace("angry: {", "angry: {initial: 70 %, "),
    MOOD + "parameters: {microglia.calm.initial: 0.3, microglia.angry.initial: 0.7}\n",
])
def test_cells_start_where_the_model_says(text: str) -> None:
    model = resolved(text)
    (chain,) = next(cell for cell in model.cells if cell.name == "microglia").chains
    assert not chain.settles
    assert [value(model, f"microglia.{state}.initial") for state in ("calm", "angry")] == pytest.approx([0.3, 0.7])
    assert not [finding for finding in engine_check.check(model) if finding.severity == "error"]


def test_shares_that_do_not_add_up_are_found_in_their_arm() -> None:
    model = resolved(MOOD + "arms:\n  good: {}\n  bad: {cells: {microglia: {phenotypes: {mood: {states: "
                     "{angry: {initial: 20 %}}}}}}}\n")
    (finding,) = (one for one in engine_check.check(model) if one.severity == "error")
    assert finding.path == "cells.microglia.phenotypes.mood"
    assert "calm 1, angry 0.2 in arm `bad`" in finding.wrote
    assert "1.2 together" in finding.wrote


def test_an_arm_changes_a_hazard_for_itself() -> None:
    model = resolved(MOOD + "arms:\n  base: {}\n  fast: {cells: {microglia: {phenotypes: {mood: {transitions: "
                     "{calm_to_angry: 0.2 1/h}}}}}}\n  kept: {interventions: [{knock_out: angry_to_burst}]}\n")
    values = {arm.name: arm for arm in model.arms}
    assert values["fast"].values == {"microglia.calm_to_angry.hazard": pytest.approx(0.2 / 3600)}
    assert values["kept"].factors == {"microglia.angry_to_burst.hazard": 0.0}


@pytest.mark.usefixtures("with_library")
def test_a_chain_of_the_library_is_there_when_it_is_named() -> None:
    bare = "cells: {microglia: {count: 1e5}}\n"
    assert next(cell for cell in resolved(bare).cells).chains == ()
    model = resolved("cells: {microglia: {count: 1e5, phenotypes: {mood: {}}}}\n")
    (chain,) = next(cell for cell in model.cells).chains
    assert [state.name for state in chain.states] == ["calm", "angry"]
    assert not chain.settles  # the library says where they start
    assert value(model, "microglia.angry.mvb_fusion_rate") == 3.0


@pytest.mark.usefixtures("with_library")
def test_what_the_model_says_comes_on_top_of_the_library() -> None:
    model = resolved("cells: {microglia: {count: 1e5, phenotypes: {mood: {states: {angry: {rates: {mvb_fusion_rate: 4, "
                     "escape_rate: 2}}, gone: {dies: true}}, transitions: {angry_to_gone: 1 1/h}}}}}\n")
    (chain,) = next(cell for cell in model.cells).chains
    assert [state.name for state in chain.states] == ["calm", "angry", "gone"]
    assert chain.states[1].owns == ("mvb_fusion_rate", "escape_rate")
    assert value(model, "microglia.angry.mvb_fusion_rate") == 4.0
    assert value(model, "microglia.calm_to_angry.hazard") == pytest.approx(0.02 / 3600)


RULE = '  - "microglia: angry increases {} (half_max 0.5, hill 2, up to 3x)"\n'


def test_rules_read_phenotypes_and_change_transitions() -> None:
    model = resolved(MOOD + "rules:\n" + RULE.format("mvb_docking_rate") + RULE.format("angry_to_burst"))
    assert {(rule.source, rule.target) for rule in model.rules if rule.origin == "model"} == {
        ("angry", "mvb_docking_rate"), ("angry", "angry_to_burst")}


@pytest.mark.parametrize(("old", "new", "severity", "says", "fix"), [
    ("calm_to_angry: 0.02", "calm_to_angri: 0.02", "error", "not a known transition", "`calm_to_angry`"),
    ("mvb_fusion_rate", "mvb_fusion", "error", "not a known rate", "`mvb_fusion_rate`"),
    ("states: {calm: {}, angry: {rates: {mvb_fusion_rate: 5}}, burst: {dies: true, label: blown up}}", "states: {}",
     "error", "not a known phenotype chain", ""),
    ("burst: {dies: true", "burst: {dies: true, initial: 10 %", "error", "`burst` dies and has `initial`", "delete"),
    ("burst: {dies: true", "burst: {dies: true, rates: {escape_rate: 2}", "error", "dies and has `rates`", "delete"),
    ("angry_to_burst: 0.01 1/h", "angry_to_burst: 0.01 1/h, burst_to_calm: 1 1/h", "error", "begins in `burst`",
     "delete"),
    ("angry_to_burst: 0.01 1/h", "angry_to_burst: 0.01 nM", "error", "0.01 nM", ""),
    ("angry: {rates", "mvb: {rates", "error", "`mvb` is a phenotype and a name that vesica uses", "rename"),
    ("angry: {rates", "NFkB_activity: {rates", "error", "a phenotype and a word of the cell", "rename"),
    ("angry_to_calm: 0.06 1/h, angry_to_burst: 0.01 1/h", "angry_to_burst: 0.01 1/h, burst_to_angry: 0.1 1/h", "error",
     "begins in `burst`", "delete"),
    (", angry_to_burst: 0.01 1/h", "", "warning", "nobody can enter `burst`", "`calm_to_burst`"),
    ("angry_to_calm: 0.06 1/h, angry_to_burst: 0.01 1/h", "calm_to_burst: 0.01 1/h", "warning",
     "nobody can leave `angry`", "`angry_to_calm`"),
    ("calm: {}, angry: {rates: {mvb_fusion_rate: 5}}, burst: {dies: true, label: blown up}}", "burst: {dies: true}}",
     "error", "no state of a living cell", "states"),
    ("calm: {}", "calm: {initial: -1}", "error", "negative", ""),
])
def test_bad_words(old: str, new: str, severity: str, says: str, fix: str) -> None:
    assert MOOD.count(old) == 1
    found = findings(MOOD.replace(old, new))
    right = [one for one in found if one.severity == severity and says in one.wrote]
    assert right, [one.wrote for one in found]
    assert fix in right[0].fix
    assert right[0].line is None or right[0].line > 3


def test_the_chain_that_is_spoilt_above_is_good() -> None:
    assert [one for one in findings(MOOD) if one.severity != "note"] == []


def test_two_readings_of_a_transition_are_refused() -> None:
    text = MOOD.replace("states: {calm: {},", "states: {a: {}, b_to_c: {}, a_to_b: {}, c: {}, calm: {},").replace(
        "transitions: {", "transitions: {a_to_b_to_c: 1 1/h, ")
    assert any("can be read in 2 ways" in one.wrote for one in findings(text))


def test_one_state_name_in_two_chains_is_refused_and_one_rate_is_noted() -> None:
    second = """\
      look:
        states: {%s: {rates: {mvb_fusion_rate: 2}}, thick: {}}
        transitions: {%s_to_thick: 1 1/h, thick_to_%s: 1 1/h}
"""
    clash = findings(MOOD + second.replace("%s", "calm"))
    assert any("`calm` is a phenotype and a state of another chain" in one.wrote for one in clash)
    both = findings(MOOD + second.replace("%s", "thin"))
    assert [one.severity for one in both] == ["note"]
    assert "`mood` and `look` both change `mvb_fusion_rate`" in both[0].wrote


def test_death_in_one_arm_only_is_refused() -> None:
    text = MOOD.replace("burst: {dies: true", "burst: {dies: false") + (
        "arms:\n  one: {}\n  two: {cells: {microglia: {phenotypes: {mood: {states: {burst: {dies: true}}}}}}}\n")
    assert any("dies in one place and does not in another" in one.wrote for one in findings(text))
