"""Words on what received cargo does: where its numbers come from, what is refused, and what is said of the dose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cell_networks import resolved
from tests.models import H, parameters, transfer_model
from tests.unit.test_spec_resolve import HEAD, resolve
from vesica import library
from vesica.analysis.runs.required_dose import required_dose
from vesica.biology.delivery import duplex_synthesis
from vesica.engine.check import check
from vesica.engine.processes import process_table
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, resting_ago
from vesica.engine.simulate import as_arm_run
from vesica.engine.table import imbalances
from vesica.engine.well_mixed import run_arm
from vesica.errors import Finding, InputError
from vesica.results.arm_run import ArmRun
from vesica.spec import transfer
from vesica.spec.cell_words import CellSpec
from vesica.spec.cells import CellType
from vesica.spec.model import Origin
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Arm, ResolvedModel, Rule, Schedule

OWN = HEAD + """
cargo:
  Ptgs2_mRNA: {kind: mrna, topology: lumen}
  Cox2: {kind: protein, topology: lumen, frees: Cox2_free}
  Il1: {kind: protein, topology: lumen, frees: TNF}
solubles: {Cox2_free: {decay_rate: 0.1 1/h}}
"""
HELD = "{basal: 10 molecule, decay_rate: 0.1 1/h, enrichment: 1}"
NEURON = OWN + f"""
cells:
  neuron:
    count: 1e5
    cargo: {{Ptgs2_mRNA: {HELD}, Cox2: {HELD}, Il1: {HELD}}}
    translations: {{Ptgs2_mRNA: {{protein: Cox2, rate: 10 1/h}}}}
    ligands: {{HMGB1: {{receptor: TLR4, half_occupancy: 500 molecule}}}}
    ago: true
"""


def refused(text: str) -> list[Finding]:
    with pytest.raises(InputError) as failure:
        resolve(text)
    return list(failure.value.findings)


# ---- where numbers come from


def test_words_become_parameters_and_types() -> None:
    model = resolve(NEURON)
    (neuron,) = model.cells
    assert neuron.translations == (("Ptgs2_mRNA", "Cox2"),)
    assert neuron.ligands == (("HMGB1", "TLR4"),)
    assert neuron.has_ago
    numbers = {path: one.value for path, one in model.parameters.items()}
    assert numbers["neuron.Ptgs2_mRNA.translation_rate"] == pytest.approx(10 / H, rel=1e-14)
    assert numbers["neuron.HMGB1.half_occupancy"] == 500.0
    copies, rate = (library.load("cns").entries[f"mirna.ago_{name}"].value for name in ("copies", "loading.rate"))
    assert (numbers["neuron.ago_copies"], numbers["neuron.ago_loading_rate"]) == (copies, rate)
    assert {"TNF", "Cox2_free"} <= set(model.solubles)
    assert [finding for finding in check(model) if finding.severity == "error"] == []


def test_a_cell_without_these_words_has_none_of_their_numbers() -> None:
    model = resolve(HEAD + "cells: {neuron: {count: 1e5}}\n")
    assert not model.cells[0].has_ago
    assert not any(path.endswith(("translation_rate", "half_occupancy", "ago_copies")) for path in model.parameters)


def test_an_arm_may_change_a_number_and_not_what_it_is_about() -> None:
    said = "{Ptgs2_mRNA: {protein: Cox2, rate: 20 1/h}}"
    arms = f"\narms:\n  base: {{}}\n  fast: {{cells: {{neuron: {{translations: {said}}}}}}}\n"
    fast = next(arm for arm in resolve(NEURON + arms).arms if arm.name == "fast")
    assert fast.values == {"neuron.Ptgs2_mRNA.translation_rate": pytest.approx(20 / H, rel=1e-14)}
    (finding, *_) = refused(NEURON + arms.replace("Cox2", "Il1"))
    assert "elsewhere" in finding.wrote


def test_the_switch_says_how_mirna_arrives() -> None:
    for option, share in (("loaded", 1.0), ("unloaded", 0.01)):
        assert resolve(NEURON, mirna_arrival=option).parameters["neuron.loaded_arrival_share"].value == share


# ---- what is refused


@pytest.mark.parametrize(("old", "new", "said"), [
    ("protein: Cox2, rate", "protein: Cox3, rate", "Cox3"),
    ("protein: Cox2, rate", "protein: miR_146a, rate", "of the kind `mirna`"),
    ("translations: {Ptgs2_mRNA", "translations: {Cox2", "of the kind `protein`"),
    (f"Ptgs2_mRNA: {HELD}, ", "", "does not hold `Ptgs2_mRNA`"),
    (f", Cox2: {HELD}", "", "does not hold `Cox2`"),
    ("ligands: {HMGB1", "ligands: {HMGB2", "HMGB2"),
    ("ligands: {HMGB1", "ligands: {Cox2", "lumen"),
    ("receptor: TLR4,", "receptor: TLR9,", "TLR9"),
    ("receptor: TLR4,", "receptor: HMGB1,", "of the kind `ligand`"),
    ("frees: Cox2_free", "frees: Cox2_fre", "Cox2_fre"),
])
def test_what_cannot_be_is_refused_in_four_parts(old: str, new: str, said: str) -> None:
    text = NEURON.replace(old, new)
    assert text != NEURON
    found = refused(text)
    assert any(said in finding.wrote for finding in found), found
    assert all(finding.wrote and finding.rule and finding.consequence and finding.fix for finding in found)


def test_ago_in_a_cell_without_mirna_is_a_warning() -> None:
    notes = Notes(Origin())
    cell = CellType("cell", "cell", has_ago=True)
    transfer.of_cell(cell, library.load("cns").cells["neuron"], [("cells.cell", CellSpec())], {}, notes)
    (finding,) = notes.findings
    assert (finding.severity, "no miRNA" in finding.wrote) == ("warning", True)


def test_more_mirna_than_ago_is_refused_before_a_run() -> None:
    model = transfer_model()
    row = parameter_row(model, model.arms[0])
    free = resting_ago(model, "taker", row)["ago_at_rest"]
    assert 0 < free < row["taker.ago_copies"] - row["taker.mir.basal"]
    less = {"taker.ago_copies": row["taker.ago_copies"] - free - 1}
    scarce = replace(model, arms=(replace(model.arms[0], values=less),))
    assert any("taker.ago_copies" in finding.path for finding in check(scarce) if finding.severity == "error")
    assert not any("ago" in finding.path for finding in check(model) if finding.severity == "error")


@pytest.mark.parametrize(("name", "value"), [("loaded_arrival_share", 1.5), ("ago_loading_rate", 0.0)])
def test_numbers_out_of_their_range_are_refused_before_a_run(name: str, value: float) -> None:
    model = transfer_model()
    wrong = replace(model, arms=(replace(model.arms[0], values={f"taker.{name}": value}),))
    assert [finding.path for finding in check(wrong) if finding.severity == "error"] == [f"taker.{name}"]


def test_a_protein_made_twice_at_rest_is_noted() -> None:
    """10 basal copies, and 10 mRNAs x 10/h / 0.1/h = 1,000 more."""
    (note,) = [finding for finding in check(resolve(NEURON)) if finding.severity == "note"]
    assert "1,010" in note.consequence


# ---- the dose that is needed


def finished(model: ResolvedModel) -> ArmRun:
    program = compile_model(model)
    return as_arm_run(program, run_arm(program, model.arms[0], parameter_row(model, model.arms[0]), {}))


def dosed() -> ResolvedModel:
    """Takers that answer to a protein, and to its mRNA by way of it."""
    rules = tuple(Rule(key, "taker", source, "increases", "alarm_production", "more alarm")
                  for key, source in (("by_protein", "protein"), ("by_receptor", "receptor")))
    numbers = {f"rule.{rule.key}.{name}": (value, unit) for rule in rules
               for name, value, unit in (("half_max", 5e3, "molecule"), ("hill", 2.0, ""), ("fold", 2.0, ""))}
    model = transfer_model(rules=rules, arms=(Arm("both", {"donor": 1e6, "taker": 1e6}),),
                           schedule=Schedule(4 * H, 2 * H, "well_mixed", 1))
    kept = {path: one for path, one in model.parameters.items() if not path.startswith("rule.")}
    return replace(model, parameters=kept | parameters(numbers))


def test_the_needed_dose_of_cargo_that_a_rule_reads() -> None:
    """Half of the effect with the cell's own copies: 5e3 - 1e3 protein, so (4e3 x 0.05/20) mRNA, 5e3 - 2e3 receptor.

    Receptors that do not surface are not counted (a half), miRNA that Ago does not load neither.
    """
    model = dosed()
    run = finished(model)
    answer = required_dose(model, run)["taker"]
    assert set(answer) == {"mir", "mrna", "protein", "receptor"}
    needed = {"mir": 1e3, "protein": 4e3, "mrna": 4e3 * 0.05 / 20.0, "receptor": 3e3}
    decay = {"mir": 0.03, "protein": 0.05, "mrna": 0.1, "receptor": 0.2}
    loading = 1e-8 * run.final("taker.ago") / run.final("taker.alive")
    share = {"mir": 0.25 + 0.75 * loading / (loading + 5e-4), "receptor": 0.5}
    for cargo, entry in answer.items():
        assert entry["needed_copies"] == pytest.approx(needed[cargo], rel=1e-12), cargo
        assert entry["delivered_share"] == pytest.approx(0.3 * share.get(cargo, 1.0), rel=1e-12), cargo
        kept = entry["needed"] * entry["copies_per_ev"] * entry["delivered_share"]
        assert kept == pytest.approx(needed[cargo] * decay[cargo], rel=1e-12), cargo
    assert "Ago" in answer["mir"]["words"]
    assert "the surface" in answer["receptor"]["words"]


def test_enough_of_its_own_needs_no_dose() -> None:
    model = dosed()
    plenty = replace(model.arms[0], values={"taker.protein.basal": 6e3, "taker.receptor.basal": 6e3})
    model = replace(model, arms=(plenty,))
    assert set(required_dose(model, finished(model))["taker"]) == {"mir"}


# ---- X28


def test_library_cells_make_no_mirna_faster_than_was_ever_seen() -> None:
    """As docs/science.md says: basal copies of each cell type, with the turnover and loading of the library.

    Not built in: no number of the library rests on the production that was measured.
    """
    cns = library.load("cns")
    most = cns.entries["compare.mirna_production_KingstonBartel19"]
    numbers = {name: library.internal(cns.entries[f"mirna.{name}"], unit)[0] for name, unit in (
        ("ago_loading.rate", "1/molecule/s"), ("ago_copies", "molecule"), ("duplex_decay.rate", "1/s"))}
    made = {}
    for cell in cns.cells.values():
        for mirna, item in {**cell.offered_cargo, **cell.cargo}.items():
            if cns.cargo[mirna].kind == "mirna":
                basal = library.internal(cns.entries[item.basal], "molecule")[0]
                decay = library.internal(cns.entries[item.decay_rate], "1/s")[0]
                made[cell.name, mirna] = 60.0 * duplex_synthesis(basal, decay, *numbers.values())
    assert len(made) > 10
    assert max(made.values()) < most.low < most.value
    assert max(made.values()) == pytest.approx(made["neuron", "miR_124"]) == pytest.approx(15.3, abs=0.05)
    assert min(made.values()) == pytest.approx(made["astrocyte", "miR_124"]) == pytest.approx(0.0255, abs=5e-4)


# ---- networks


def test_a_network_that_makes_or_takes_a_mirna_goes_through_ago() -> None:
    """What it makes is duplex, what it takes leaves its Ago; without Ago both are the one pool."""
    network = {"reactions": {"make": {"equation": "-> miR_146a", "rate": "r"}, "take": {"equation": "miR_146a ->",
               "rate": "k * miR_146a"}}, "constants": {"r": "0.01 molecule/s", "k": "0.1 1/h"}}
    moves = {}
    for ago in (True, False):
        table = process_table(resolved({"maker": network}, {"ago": ago}))
        assert imbalances(table) == []
        moves[ago] = {flux.name.rpartition("_")[2]: dict(flux.moves) for flux in table.fluxes
                      if flux.process == "conversion"}
    own, duplex = "microglia.miR_146a", "microglia.miR_146a_duplex"
    assert moves[True] == {"make": {duplex: 1}, "take": {own: -1, "microglia.ago": 1}}
    assert moves[False] == {"make": {own: 1}, "take": {own: -1}}
