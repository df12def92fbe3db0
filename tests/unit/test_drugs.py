"""Drugs in the words of a model: what they act on, what they are refused for, how their numbers are given."""

from __future__ import annotations

import numpy as np
import pytest

from vesica import interventions, library
from vesica.analysis.explain import cited, explanation
from vesica.engine.program import compile_model
from vesica.engine.simulate import run_all
from vesica.errors import Finding
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.studies.draws import drawn_entries

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
run: {duration: 48 h}
cells: {astrocyte: {count: 1e6}, microglia: {count: 1e5, microvesicles: true}, neuron: {count: 1e5}}
"""
NM = 0.602214076  # molecule/um^3


def model(*items: str, more: str = "") -> ResolvedModel:
    found, findings = interventions.resolve(io.loads(f"{HEAD}{more}\ninterventions: [{', '.join(items)}]\n"))
    assert findings == []
    return found


def refused(*items: str, more: str = "") -> Finding:
    (finding,) = interventions.check(io.loads(f"{HEAD}{more}\ninterventions: [{', '.join(items)}]\n"))
    assert finding.severity == "error"
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    return finding


def test_a_drug_has_been_there_before_the_run() -> None:
    found = model("{inhibitor: GW4869, concentration: 10 uM, cells: [microglia]}")
    (held,) = found.arms[0].inhibitions
    assert held.paths == ("microglia.nsmase2_activity", "microglia.shedding_rate")
    assert held.cells == ("microglia",)
    assert (held.times, held.levels, held.before) == ((0.0,), (pytest.approx(1e4 * NM),), pytest.approx(1e4 * NM))
    assert not held.is_timed
    assert not found.drugs[0].is_timed
    assert "drug.GW4869.washout_rate" not in found.parameters
    assert found.arms[0].english[0].startswith("GW4869 10 uM: nsmase2 activity of the microglia at 0.136 of normal")
    assert "shedding rate of the microglia at 1.91 of normal" in found.arms[0].english[0]


@pytest.mark.parametrize(("words", "times", "share"), [
    ("from: 3 h, to: 9 h", (3.0, 9.0), (1.0, 0.0)), ("from: 3 h", (3.0,), (1.0,)), ("to: 9 h", (0.0, 9.0), (1.0, 0.0)),
])  # fmt: skip
def test_a_drug_for_some_time(words: str, times: tuple[float, ...], share: tuple[float, ...]) -> None:
    found = model(f"{{inhibitor: GW4869, concentration: 1 uM, {words}}}")
    (held,) = found.arms[0].inhibitions
    assert held.times == tuple(time * 3600 for time in times)
    assert held.levels == pytest.approx([1e3 * NM * one for one in share])
    assert held.before == 0.0
    assert held.is_timed
    assert found.drugs[0].is_timed
    assert found.parameters["drug.GW4869.washout_rate"].entry == "drug.washout.reversible"


def test_a_drug_to_the_last_moment_may_be_written() -> None:
    (held,) = model("{inhibitor: GW4869, concentration: 1 uM, from: 0 h, to: 48 h}").arms[0].inhibitions
    assert (held.times, held.before) == ((0.0,), 0.0)


def test_the_numbers_of_a_drug_are_numbers_of_a_model_that_uses_it() -> None:
    found = model("{inhibitor: GW4869, concentration: 10 uM}")
    assert {path: found.parameters[path].entry for path in found.parameters if path.startswith("drug.")} == {
        "drug.GW4869.nsmase2_activity.half_max": "gw4869.half_max_Luberto02",
        "drug.GW4869.nsmase2_activity.hill": "agent.hill", "drug.GW4869.nsmase2_activity.fold": "gw4869.fold",
        "drug.GW4869.shedding_rate.half_max": "gw4869.half_max_Luberto02",
        "drug.GW4869.shedding_rate.hill": "agent.hill", "drug.GW4869.shedding_rate.fold": "gw4869.shedding.fold",
    }
    assert {"gw4869.fold", "gw4869.shedding.fold"} <= set(drawn_entries(found))
    assert not any(path.startswith(("drug.", "gene.")) for path in model("{knock_out: TSG101}").parameters)


def test_an_effect_that_the_model_has_no_rate_for_brings_no_numbers() -> None:
    """Only microglia shed here; without it GW4869 is a blocker of nSMase2."""
    text = HEAD.replace(", microvesicles: true", "") + "interventions: [{inhibitor: GW4869, concentration: 1 uM}]\n"
    found, _ = interventions.resolve(io.loads(text))
    assert [effect.target for effect in found.drugs[0].effects] == ["nsmase2_activity"]
    assert not any("shedding" in path for path in found.parameters)


def test_a_drug_of_the_base_that_every_arm_replaces_is_not_in_use() -> None:
    spec = io.loads(HEAD + "interventions: [{inhibitor: GW4869, concentration: 1 uM}]\n"
                    "arms: {one: {interventions: [{knock_out: TLR4}]}}\n")
    assert interventions.resolve(spec)[0].drugs == ()


def test_the_numbers_of_a_drug_can_be_given_for_a_model_and_for_an_arm() -> None:
    """Half of the effect at the half-max: 1 - (1 - fold)/2."""
    spec = io.loads(HEAD + """
interventions: [{inhibitor: DPTIP, concentration: 2 uM}]
parameters: {drug.DPTIP.nsmase2_activity.fold: 0.2, drug.DPTIP.nsmase2_activity.half_max: 2 uM}
arms:
  model: {}
  arm: {parameters: {drug.DPTIP.nsmase2_activity.fold: 40 %}}
""")
    found, _ = interventions.resolve(spec)
    for arm, left in zip(found.arms, (0.6, 0.7), strict=True):
        assert f"at {left:.3g} of normal (half of the effect at 2 uM)" in arm.english[-1]


@pytest.mark.parametrize(("name", "value", "rule"), [
    ("fold", "-0.2", "zero or more"), ("half_max", "0 uM", "more than zero"), ("half_max", "3 s", "is expected here"),
])  # fmt: skip
def test_impossible_numbers_of_a_drug(name: str, value: str, rule: str) -> None:
    finding = refused("{inhibitor: DPTIP, concentration: 1 uM}",
                      more=f"parameters: {{drug.DPTIP.nsmase2_activity.{name}: {value}}}")
    assert rule in finding.rule


@pytest.mark.parametrize(("item", "wrote", "fix"), [
    ("{inhibitor: GW4689, concentration: 1 uM}", "is not a drug", "did you mean `GW4869`?"),
    ("{inhibitor: LPS, concentration: 1 uM}", "is not a drug", ""),
    ("{inhibitor: imipramine, concentration: 1 uM, cells: [neuron]}", "no target in the neuron", "in microglia"),
    ("{inhibitor: RNase_A, concentration: 1 ug/mL}", "no target in all cells", "delete it"),
    ("{inhibitor: etanercept, concentration: 1 ug/mL, cells: [neuron]}", "is given to neuron only", "delete `cells`"),
    ("{inhibitor: GW4869, concentration: 1 uM, cells: [neutron]}", "no", "did you mean `neuron`?"),
])  # fmt: skip
def test_what_a_drug_is_refused_for(item: str, wrote: str, fix: str) -> None:
    finding = refused(item)
    assert wrote in finding.wrote
    assert fix in finding.fix


def test_atp_that_a_schedule_holds_cannot_be_cleaved() -> None:
    finding = refused("{inhibitor: apyrase, concentration: 10 ug/mL}",
                      more="exposures: [{agent: ATP, concentration: 1 mM}]\n"
                           'rules: ["neuron: ATP increases death_rate (half_max 1 mM, hill 1, up to 2x)"]')
    assert "under `solubles:`" in finding.fix


RULE = 'rules: ["neuron: bafilomycin increases death_rate (half_max 10 nM, hill 1, up to 2x)"]'


def test_a_drug_that_rules_name_is_in_the_medium_as_well() -> None:
    found = model("{inhibitor: bafilomycin, concentration: 100 nM, from: 1 h}", more=RULE)
    (exposure,) = found.arms[0].exposures
    assert (exposure.agent, exposure.times, exposure.levels) == ("bafilomycin", (3600.0,), (pytest.approx(100 * NM),))


def test_a_drug_in_the_medium_cannot_be_given_to_one_cell_type() -> None:
    assert "medium" in refused("{inhibitor: bafilomycin, concentration: 1 nM, cells: [neuron]}", more=RULE).rule


def test_a_drug_twice() -> None:
    finding = refused("{inhibitor: bafilomycin, concentration: 1 nM}",
                      more=f"{RULE}\nexposures: [{{agent: bafilomycin, concentration: 1 nM}}]")
    assert "given twice" in finding.wrote


def test_a_drug_written_as_an_agent_is_an_error_that_says_how() -> None:
    finding = refused(more="exposures: [{agent: GW4869, concentration: 3 uM}]")
    assert finding.path == "exposures[0].agent"
    assert "{inhibitor: GW4869, concentration: 3 uM" in finding.fix


def test_apyrase_splits_atp_that_has_a_fate_of_its_own() -> None:
    """ATP given once: through ADP to AMP, 300 and 100 times an hour x 10/11, and nothing of it is lost (Bateman)."""
    text = HEAD.replace("48 h", "2 min, every: 30 s")
    text = text.replace("run: {duration", "run: {relative_tolerance: 1e-10, duration")
    text += ("exposures: [{add: ATP, concentration: 1 mM, at: 0 h}]\n"
             "solubles: {ATP: {decay_rate: 0 1/h}}\n"
             'rules: ["neuron: ADP increases death_rate (half_max 1 M, hill 1, up to 2x)", '
             '"neuron: AMP increases death_rate (half_max 1 M, hill 1, up to 2x)"]\n'
             "interventions: [{inhibitor: apyrase, concentration: 100 ug/mL}]\n")
    program = compile_model(interventions.resolve(io.loads(text))[0])
    assert [flux.moves for flux in program.table.fluxes if flux.process == "drug_conversion"] == [
        (("medium.ADP", -1), ("medium.AMP", 1)), (("medium.ATP", -1), ("medium.ADP", 1))]
    (run,) = run_all(program)
    one, two = 300 / 3600 * 10 / 11, 100 / 3600 * 10 / 11
    atp = np.exp(-one * run.times)
    adp = one / (one - two) * (np.exp(-two * run.times) - atp)
    found = np.array([run.values[:, program.species.index(f"medium.{name}")] for name in ("ATP", "ADP", "AMP")])
    assert found / found[0, 0] == pytest.approx(np.array([atp, adp, 1 - atp - adp]), abs=1e-7)


def test_brefeldin_takes_what_goes_by_the_golgi_alone() -> None:
    """IL-1 beta has no leader, and PGE2 is no protein; whatever the model itself calls a factor is one."""
    found = model("{inhibitor: brefeldin_A, concentration: 5 uM}").drugs[0]
    assert found.effects[0].rates == (("astrocyte", "TNF_secretion"), ("microglia", "TNF_secretion"))
    text = HEAD.replace("neuron: {count: 1e5}", "neuron: {count: 1e5, solubles: {PGE2: {secretion_rate: 1 molecule/s}, "
                        "BDNF_free: {secretion_rate: 1 molecule/s}, IL1b_free: {secretion_rate: 1 molecule/s}, "
                        "own: {secretion_rate: 1 molecule/s}}}")
    text += ("solubles: {own: {decay_rate: 0.1 1/h}}\n"
             "interventions: [{inhibitor: brefeldin_A, concentration: 5 uM, cells: [neuron]}]\n")
    ((held,),) = (arm.inhibitions for arm in interventions.resolve(io.loads(text))[0].arms)
    assert held.paths == ("neuron.BDNF_free_secretion", "neuron.own_secretion")


def test_rnase_takes_rna_that_vesicles_set_free() -> None:
    more = ("cargo: {miR_x: {kind: mirna, topology: lumen, frees: miR_x_free}}\n"
            "solubles: {miR_x_free: {decay_rate: 0.1 1/h}}\n")
    text = HEAD.replace("neuron: {count: 1e5}", "neuron: {count: 1e5, cargo: {miR_x: {basal: 1 molecule, "
                        "decay_rate: 0.1 1/h, enrichment: 1}}}")
    spec = io.loads(f"{text}{more}interventions: [{{inhibitor: RNase_A, concentration: 10 ug/mL}}]\n")
    found, _ = interventions.resolve(spec)
    assert found.drugs[0].effects[0].rates == (("medium", "miR_x_free_clearance"),)


def test_explain_shows_the_numbers_of_a_drug_and_cite_their_sources() -> None:
    found = model("{inhibitor: PDDC, concentration: 1 uM, from: 1 h}", "{knock_down: Rab27b, to: 20 %}")
    rows = {row.path: row for row in explanation.of_model(found).rows}
    half = rows["drug.PDDC.nsmase2_activity.half_max"]
    assert (half.text, half.doi) == ("0.27 uM", "10.1111/bph.14789")
    assert half.label == "concentration with half the effect"
    assert half.rests == ("arm base uses PDDC",)
    assert "arm base changes it by PDDC" in rows["astrocyte.nsmase2_activity"].rests
    assert rows["drug.PDDC.washout_rate"].label == "the drug leaves its target"
    assert rows["gene.Rab27b.mvb_docking_rate.fold"].rests == ("arm base takes away a gene that it needs",)
    numbers = [{"path": path, "source": row.source, "doi": row.doi} for path, row in rows.items()]
    works = cited.works(numbers, {})
    assert any(work.doi == "10.1111/bph.14789" for work in works)
    text = {row.path: row.rests for row in explanation.of_library(library.load("cns")).rows}
    assert text["gw4869.shedding.fold"] == ("fold of GW4869 on shedding_rate",)


@pytest.mark.parametrize(("item", "values", "factors", "english"), [
    ("{anti_mir: miR_146a, cells: [neuron], to: 5 %}", {"neuron.miR_146a.anti_mir_fold": 20.0}, {},
     "anti-miR in the neuron leaves 0.05 of free miR_146a, own and received"),
    ("{cloak: phosphatidylserine, of: microglia, to: 20 %, cells: [neuron]}", {},
     {"neuron.affinity_for_microglia": 0.2},
     "phosphatidylserine of vesicles of the microglia cloaked: binding at 0.2 of normal in the neuron"),
    ("{neutralise: TNF, to: 5 %}", {}, {"TNF.decay_rate": 20.0}, "TNF neutralised to 0.05 of normal"),
])  # fmt: skip
def test_what_binds_a_molecule(item: str, values: dict[str, float], factors: dict[str, float], english: str) -> None:
    (arm,) = model(item).arms
    assert (arm.values, arm.factors, arm.english) == (values, factors, (english,))


def test_two_drugs_at_one_time_in_one_arm() -> None:
    """Courses of one drug stand side by side and add up in the engine."""
    found = model("{inhibitor: GW4869, concentration: 1 uM, to: 3 h}", "{inhibitor: DPTIP, concentration: 1 uM}",
                  "{inhibitor: GW4869, concentration: 2 uM, from: 9 h}")
    assert [held.drug for held in found.arms[0].inhibitions] == ["GW4869", "DPTIP", "GW4869"]
    assert [(drug.name, drug.is_timed) for drug in found.drugs] == [("DPTIP", False), ("GW4869", True)]
