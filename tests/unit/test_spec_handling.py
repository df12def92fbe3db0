"""From words to hands: times, volumes followed in order, additions, contents, evaporation; and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bad_input.test_bad_input import findings_of
from tests.models import H
from vesica import interventions
from vesica.analysis.explain.compare_arms import all_arms
from vesica.errors import Finding
from vesica.spec import io
from vesica.spec.handling import volume_at
from vesica.spec.resolved import Addition, Handling, ResolvedModel
from vesica.spec.sample import sampled
from vesica.spec.scaling import exponent, few_cells, scaled

DISH = "{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}"
TRANSWELL = ("{kind: transwell, diameter: 35 mm, medium: 2.6 mL, mixing: stirred, insert: {diameter: 24 mm, "
             "medium: 1.5 mL, pore: 0.4 um, pores: 1e8 1/cm^2, thickness: 10 um, cells: [microglia]}}")
SLICE = "{kind: slice, thickness: 300 um, area: 10 mm^2, bath: 2 mL}"
NM = 0.602214076


def text(handling: str = "", exposures: str = "", more: str = "", domain: str = DISH) -> str:
    return f"""\
vesica: 1
title: handled
domain: {domain}
cells: {{microglia: {{count: 1e5}}}}
handling: [{handling}]
exposures: [{exposures}]
run: {{duration: 48 h, every: 1 h, seed: 1}}
{more}
"""


def resolved(*parts: str, **more: str) -> ResolvedModel:
    return interventions.resolve(io.loads(text(*parts, **more)))[0]


def hands(*parts: str, **more: str) -> tuple[Handling, ...]:
    return resolved(*parts, **more).arms[0].handling


def test_volumes_are_followed_in_order() -> None:
    """Three samples of 0.1 mL leave 1.7 mL, half of which is changed; then a sample that is replaced."""
    found = hands("{change: 50 %, at: 30 h}, {sample: 100 uL, at: 6 h, every: 6 h, times: 3}, "
                  "{sample: 0.5 mL, at: 36 h, replaced: true}")
    assert [one.at / H for one in found] == [6, 12, 18, 30, 36]
    assert [one.is_sample for one in found] == [True, True, True, False, True]
    assert [one.taken / 1e12 for one in found] == pytest.approx([0.1, 0.1, 0.1, 0.85, 0.5])
    assert [one.given / 1e12 for one in found] == pytest.approx([0, 0, 0, 0.85, 0.5])
    assert {one.compartment for one in found} == {""}


def test_every_without_times_goes_on_to_the_end() -> None:
    """A change at the end would change nothing; a sample at the end is one more."""
    assert [one.at / H for one in hands("{change: 10 %, at: 0 h, every: 12 h}")] == [0, 12, 24, 36]
    assert [one.at / H for one in hands("{sample: 10 uL, at: 12 h, every: 12 h}")] == [12, 24, 36, 48]


def test_the_order_of_the_file_holds_at_one_time() -> None:
    one, other = hands("{sample: 1 mL, at: 6 h}, {change: 50 %, at: 6 h}"), hands(
        "{change: 50 %, at: 6 h}, {sample: 1 mL, at: 6 h}")
    assert [step.taken / 1e12 for step in one] == pytest.approx([1.0, 0.5])
    assert [step.taken / 1e12 for step in other] == pytest.approx([1.0, 1.0])


def test_a_change_of_a_transwell_is_of_both_parts_and_a_sample_of_one() -> None:
    found = hands("{change: 50 %, at: 6 h}, {sample: 0.1 mL, at: 12 h, of: insert}, "
                  "{change: 100 %, at: 24 h, of: well}", domain=TRANSWELL)
    assert [(one.compartment, pytest.approx(one.taken / 1e12)) for one in found] == [
        ("insert", 0.75), ("well", 1.3), ("insert", 0.1), ("well", 2.6)]


def test_hands_reach_the_bath_of_a_slice() -> None:
    found = resolved("{change: 50 %, at: 6 h}, {sample: 0.1 mL, at: 12 h}",
                     "{add: TNF, concentration: 1 nM, at: 1 h}", domain=SLICE).arms[0]
    assert [one.compartment for one in found.handling] == ["bath", "bath"]
    assert [one.taken / 1e12 for one in found.handling] == pytest.approx([1.0, 0.1])
    assert found.additions[0].compartment == "bath"
    (one,) = told("{sample: 0.1 mL, at: 12 h, of: slice}", domain=SLICE)
    assert "did you mean" not in one.fix or "bath" in one.fix


def test_lists_of_an_arm_replace_those_of_the_base() -> None:
    model = resolved("{change: 50 %, at: 24 h}", more="arms: {one: {}, other: {handling: []}, "
                     "third: {handling: [{sample: 1 mL, at: 2 h}]}}")
    assert [len(arm.handling) for arm in model.arms] == [1, 0, 1]
    assert model.arms[0].english == ("50 % of the medium changed at 24 h",)
    assert model.arms[2].english == ("sample of 1 mL at 2 h",)
    changes = [str(one) for one in all_arms(model, replace(model, arms=(
        replace(model.arms[0], handling=model.arms[2].handling), *model.arms[1:])))]
    assert len(changes) == 2  # a change is gone, a sample has come
    assert any("1000 uL" in one for one in changes)


def test_arms_that_differ_by_hands_alone_are_no_twins() -> None:
    arms = "arms: {one: {}, other: {handling: [{sample: 1 mL, at: 2 h}]}, third: {}}"
    (finding,) = findings_of(text("{change: 50 %, at: 24 h}", more=arms))
    assert "`one` and `third`" in finding.wrote


def test_additions() -> None:
    model = resolved("", "{add: TNF, concentration: 10 ng/mL, at: 2 h, every: 6 h, times: 3}")
    found = model.arms[0].additions
    molar = 1e-8 / 17.3e3 / 1e-3  # 10 ng/mL of 17.3 kg/mol, in mol/L
    assert [one.at / H for one in found] == [2, 8, 14]
    assert {one.soluble for one in found} == {"TNF"}
    assert found[0].concentration == pytest.approx(molar * 1e9 * NM, rel=0.1)
    assert found[0] == Addition("TNF", found[0].concentration, 2 * H)
    assert model.arms[0].english == ("TNF 10 ng/mL added 3 times, every 6 h from 2 h",)


DECLARED = "solubles: {ATP: {decay_rate: 1 1/h, molar_mass: 507 g/mol}}"


def test_a_declared_soluble_is_one_even_if_the_library_has_an_agent_of_that_name() -> None:
    """It may be added and be in fresh medium; as an agent it is refused, with the line to write."""
    model = resolved("", "{add: ATP, concentration: 1 mM, at: 1 h}", f"{DECLARED}\nmedium: {{contents: {{ATP: 2 nM}}}}")
    assert "ATP" in model.solubles
    assert "ATP" not in model.agents
    assert model.parameters["ATP.in_fresh_medium"].value == pytest.approx(2 * NM)
    assert exponent(model, "ATP.in_fresh_medium") == 0
    (one,) = told("", "{agent: ATP, concentration: 1 mM, at: 1 h, length: 1 h}, {add: ATP, concentration: 1 nM}",
                  DECLARED)
    assert one.path == "exposures[0].agent"
    assert "`{add: ATP, concentration: 1 mM, at: 0 h}`" in one.fix
    assert "ATP" in resolved("", "{agent: ATP, concentration: 1 mM}").agents


def test_an_agent_of_the_library_evaporates_where_the_model_says_so() -> None:
    """It keeps its molar mass and label; nothing evaporates without a word."""
    exposure = "{agent: ethanol, concentration: 1.843 g/L}"
    model = resolved("", exposure, "agents: {ethanol: {evaporation_rate: \"@ethanol.evaporation.rate\"}}")
    rate = model.parameters["ethanol.evaporation_rate"]
    assert rate.value * H == pytest.approx(0.03)
    assert (rate.low < rate.value < rate.high, rate.confidence) == (True, "estimate")
    assert model.arms[0].exposures[0].levels[0] == pytest.approx(40e6 * NM, rel=2e-3)
    assert exponent(model, "ethanol.evaporation_rate") == 0
    assert "ethanol.evaporation_rate" not in resolved("", exposure).parameters
    air = "agents: {ethanol: {evaporation_rate: 0.03 1/h}}"
    topped = resolved("", "{add: ethanol, concentration: 1.843 g/L, at: 24 h}", air)
    assert topped.arms[0].additions[0].concentration == pytest.approx(40e6 * NM, rel=2e-3)
    assert "ethanol" in topped.agents
    (one,) = told("", "{add: ethanol, concentration: 1 mM, at: 24 h, of: well}", air, domain=TRANSWELL)
    assert "one concentration in all of the vessel" in one.rule
    (one,) = told("", exposure, "agents: {ethanol: {molar_mass: 46 g/mol, evaporation_rate: 0.03 1/h}}")
    assert "already in the library" in one.wrote


def test_hands_of_a_sample_of_the_dish_and_of_larger_cells_keep_their_shares() -> None:
    model = resolved("{sample: 100 uL, at: 6 h}, {change: 50 %, at: 24 h}",
                     more="").arms[0]
    whole = interventions.resolve(io.loads(text("{sample: 100 uL, at: 6 h}, {change: 50 %, at: 24 h}").replace(
        "every: 1 h", "every: 1 h, fidelity: stochastic, cells_at_most: 100")))[0]
    small, share = sampled(whole)
    assert share == pytest.approx(1e-3)
    for one, other in ((small, share), (few_cells(whole, 100), 1e-3), (scaled(whole, 3.0), 3.0)):
        assert [step.taken for step in one.arms[0].handling] == pytest.approx([step.taken * other
                                                                               for step in model.handling])
        assert volume_at(one, one.arms[0], 30 * H) == pytest.approx(1.9e12 * other)


def told(*parts: str, **more: str) -> list[Finding]:
    found = findings_of(text(*parts, **more))
    return [one for one in found if one.severity == "error"]


# handling, exposures, what else; path of the finding, what it says was written, and the way out
BAD = [
    ("{sample: 3 mL, at: 6 h}", "", "", "handling[0].sample", "2 mL of medium are left", "take less"),
    ("{sample: 0.5 mL, at: 6 h, every: 6 h, times: 5}", "", "", "handling[0].sample", "at 24 h, and 500 uL",
     "replaced"),
    ("{sample: 2 mL, at: 6 h}", "", "", "handling[0].sample", "2 mL of medium are left", "replaced: true"),
    ("{change: 50 %, at: 1 h}, {sample: 2.5 mL, at: 6 h, replaced: true}", "", "", "handling[1].sample",
     "2 mL of medium", "take less"),
    ("{change: 120 %, at: 6 h}", "", "", "handling[0].change", "`120 %`", "100 %"),
    ("{change: 0 %, at: 6 h}", "", "", "handling[0].change", "zero", "more than zero"),
    ("{change: -5 %, at: 6 h}", "", "", "handling[0].change", "negative", "zero"),
    ("{change: 50 %, at: 48 h}", "", "", "handling[0].at", "the run ends at 48 h", "earlier"),
    ("{sample: 1 uL, at: 49 h}", "", "", "handling[0].at", "at 49 h", "earlier"),
    ("{sample: 1 uL, at: 6 h, every: 24 h, times: 3}", "", "", "handling[0].times", "at 54 h", "earlier"),
    ("{sample: 1 uL, at: 6 h, times: 3}", "", "", "handling[0].times", "3 times without `every`", "every"),
    ("{sample: 1 uL, at: 6 h, every: 0 h}", "", "", "handling[0].every", "zero", "more than zero"),
    ("{sample: 1 kg, at: 6 h}", "", "", "handling[0].sample", "1 kg", ""),
    ("{sample: 1 uL, at: 6 h, of: wel}", "", "", "handling[0].of", "`wel`", ""),
    ("{smaple: 1 uL, at: 6 h}", "", "", "handling[0].smaple", "smaple", ""),
    ("{sample: 1 uL}", "", "", "handling[0].at", "missing", "at"),
    ("", "{add: TFN, concentration: 1 nM}", "", "exposures[0].add", "`TFN`", "TNF"),
    ("", "{add: LPS, concentration: 1 nM}", "", "exposures[0].add", "`LPS`", "{agent: LPS, concentration: 1 nM"),
    ("", "{add: TNF, concentration: 1 nM, at: 50 h}", "", "exposures[0].at", "at 50 h", "earlier"),
    ("", "{add: TNF, concentration: 0 nM}", "", "exposures[0].concentration", "zero", "more than zero"),
    ("", "{add: TNF, concentration: 1 nM, of: well}", "", "exposures[0].of", "`well`", ""),
    ("", "", "medium: {contents: {TFN: 1 nM}}", "medium.contents.TFN", "`TFN`", "TNF"),
    ("", "", "medium: {contents: {TNF: -1 nM}}", "medium.contents.TNF", "negative", "zero"),
    ("", "", "agents: {ethanol: {evaporation_rate: 3 mL}}", "agents.ethanol.evaporation_rate", "3 mL", ""),
]


@pytest.mark.parametrize(("handling", "exposures", "more", "path", "wrote", "fix"), BAD,
                         ids=[f"{' '.join(one[:3])}" for one in BAD])
def test_what_cannot_be_done_is_refused(handling: str, exposures: str, more: str, path: str, wrote: str, fix: str
                                        ) -> None:
    found = told(handling, exposures, more)
    (one,) = [one for one in found if one.path == path]
    assert wrote in one.wrote
    assert fix in one.fix
    assert one.rule
    assert one.consequence
    assert one.line is not None


def test_a_sample_of_a_transwell_says_of_which_part() -> None:
    (one,) = told("{sample: 1 mL, at: 6 h}", domain=TRANSWELL)
    assert "insert and well" in one.rule
    assert "of: insert" in one.fix
    (one,) = told("{sample: 1.6 mL, at: 6 h, of: insert}", domain=TRANSWELL)
    assert "1.5 mL of medium are left in the insert" in one.wrote
    (one,) = told("{sample: 1 mL, at: 6 h, of: wel}", domain=TRANSWELL)
    assert "well" in one.fix


@pytest.mark.parametrize(("handling", "exposures", "path"), [
    ("{change: 50 %, at: 1 h, every: 1 us}", "", "handling[0].every"),
    ("", "{add: TNF, concentration: 1 nM, at: 1 h, every: 1 us}", "exposures[0].every"),
])
def test_an_interval_that_fills_the_memory_is_refused(handling: str, exposures: str, path: str) -> None:
    """1.7e11 times before the end: noted before any list of times is made."""
    found = findings_of(text(handling, exposures))
    assert [(one.severity, one.path) for one in found] == [("error", path)]
    assert "1.69e+11 times" in found[0].wrote
