"""Classes of vesicles: their names, the words that switch them on, and what a run says of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.models import chain_model, kinds_model
from tests.unit.test_spec_resolve import HEAD, arm_of, resolve
from vesica import api, interventions
from vesica.analysis.measure.sample import samples_of
from vesica.analysis.runs.accounts import ledger, transfer, transfer_by_class
from vesica.analysis.runs.quantities import quantities
from vesica.analysis.runs.vesicles import cargo_per_vesicle, size_law
from vesica.engine.check import check
from vesica.engine.doses import present_in
from vesica.engine.processes import process_table
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row
from vesica.engine.simulate import as_arm_run
from vesica.engine.well_mixed import run_arm
from vesica.errors import InputError
from vesica.results.arm_run import ArmRun
from vesica.spec import io
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import (
    CELL_APOPTOSIS,
    CELL_SHEDDING,
    KINDS,
    kind_of,
    label_of,
    origin_of,
    origins_made,
    sender_of,
    size_paths,
)

SHEDS = HEAD + "cells: {microglia: {count: 1e6, microvesicles: true}}\n"
BLEBS = HEAD + "cells: {microglia: {count: 1e6, apoptotic_vesicles: true}}\n"
SILENT = HEAD + "cells: {microglia: {count: 1e6}}\n"


def finished(model: ResolvedModel) -> ArmRun:
    program = compile_model(model)
    arm = model.arms[0]
    return as_arm_run(program, run_arm(program, arm, parameter_row(model, arm), {}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_is_named_by_sender_and_kind(kind) -> None:
    origin = origin_of("a_cell", kind)
    assert (sender_of(origin), kind_of(origin)) == ("a_cell", kind)
    assert (origin == "a_cell") == (kind == "exosome") == (label_of(origin) == "a_cell")
    assert all(path.startswith("a_cell.") for path in size_paths(origin))


def test_a_name_of_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="a_cell~bubble"):
        kind_of("a_cell~bubble")


def test_classes_of_cells_and_models() -> None:
    assert chain_model().origins == ("donor", "taker")
    assert kinds_model().origins == ("donor", "donor~microvesicle", "taker", "taker~apoptotic")
    assert origins_made({"name": "old", "secretes_vesicles": True}) == ("old",)  # a run of an earlier version


def test_off_by_default_and_then_nothing_of_it_is_there() -> None:
    """Not a parameter, a rule, a cargo or a pool: a model without the word is the model it was."""
    model = resolve(SILENT)
    assert model.origins == ("microglia",)
    assert not any("microvesicle" in path or "asmase" in path or "apopto" in path for path in model.parameters)
    assert "IL1b" not in {cargo.name for cargo in model.cargo}
    assert not any("atp" in rule.key for rule in model.rules)
    assert not any("~" in pool.name for pool in process_table(model).pools)


def test_switched_on_it_brings_its_numbers_its_cargo_and_its_rule() -> None:
    model = resolve(SHEDS)
    assert model.origins == ("microglia", "microglia~microvesicle")
    assert {f"microglia.{name}" for name in CELL_SHEDDING} <= set(model.parameters)
    assert model.parameters["microglia.IL1b.microvesicle_enrichment"].entry == "microvesicle.enrichment.passive"
    assert "IL1b" in model.cells[0].cargo
    assert "micro_atp_asmase" in {rule.key for rule in model.rules}


def test_a_cell_type_that_turns_into_apoptotic_vesicles_can_die() -> None:
    """Microglia of the library cannot; the flag says that here they do."""
    assert not resolve(SILENT).cells[0].can_die
    model = resolve(BLEBS)
    assert model.cells[0].can_die
    assert model.origins == ("microglia", "microglia~apoptotic")
    assert {"microglia.death_rate", *(f"microglia.{name}" for name in CELL_APOPTOSIS)} <= set(model.parameters)
    assert check(model) == []


def test_apoptotic_vesicles_do_not_hold_more_than_the_cell() -> None:
    """Mean lumen volume 1.46 um^3, so 2000 um^3 are full with 1370 of them."""
    for count, is_fine in ((1360, True), (1380, False)):
        (*found,) = check(resolve(BLEBS + f"parameters: {{microglia.apoptotic_vesicles_per_cell: {count} vesicle}}\n"))
        assert (found == []) == is_fine
    assert found[0].path == "microglia.apoptotic_vesicles_per_cell"


def test_a_cargo_may_be_sorted_into_microvesicles() -> None:
    text = SHEDS.replace("microvesicles: true", "microvesicles: true, cargo: {TLR4: {microvesicle_enrichment: 3}}")
    model = resolve(text)
    assert model.parameters["microglia.TLR4.microvesicle_enrichment"].value == 3.0
    assert model.parameters["microglia.TLR4.enrichment"].confidence != "given"


@pytest.mark.parametrize(("text", "says"), [
    (SILENT + "parameters: {microglia.shedding_rate: 5 vesicle/h}\n", "is not a parameter of this model"),
    (SILENT + 'rules: ["microglia: LPS increases asmase_activity (half_max 1 nM, up to 2x)"]\n', "cannot be changed"),
    (SILENT + "interventions: [{knock_out: A-SMase}]\n", "is nothing that all cells make"),
    (SILENT.replace("1e6", "1e6, cargo: {TLR4: {microvesicle_enrichment: 3}}"), "is not a parameter of this model"),
    (SHEDS + "arms: {a: {}, b: {cells: {microglia: {microvesicles: false}}}}\n", "is true in"),
    (SILENT + "parameters: {microglia.apoptotic_cargo_share: 0.2}\n", "is not a parameter of this model"),
    (BLEBS + "parameters: {microglia.apoptotic_cargo_share: 1.2}\n", "1.2"),
    (BLEBS + "parameters: {microglia.apoptotic_diameter_high: 0.9 um}\n", "diameters 500, 1000, 900 nm"),
    (SHEDS + "parameters: {microglia.microvesicle_diameter_low: 2 um}\n", "diameters 2000, 250, 1000 nm"),
    (SHEDS + "parameters: {microglia.microvesicle_diameter_gsd: 0.9}\n", "0.9"),
])  # fmt: skip
def test_words_that_would_do_nothing_are_refused(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(text)
    assert any(says in finding.wrote for finding in caught.value.findings), caught.value.findings
    assert all(finding.rule and finding.consequence and finding.fix for finding in caught.value.findings)


@pytest.mark.parametrize("name", ["A-SMase", "ASMase", "SMPD1", "asmase_activity"])
def test_a_knock_out_of_asmase_finds_the_gate(name: str) -> None:
    model = resolve(SHEDS + f"interventions: [{{knock_out: {name}}}]\n")
    assert model.arms[0].factors == {"microglia.asmase_activity": 0.0}


def test_shedding_can_be_blocked() -> None:
    model, _ = interventions.resolve(io.loads(SHEDS + "interventions: [{block: shedding}]\n"))
    assert model.arms[0].factors == {"microglia.shedding_rate": 0.0}


def test_vesicles_of_another_dish_come_in_all_classes() -> None:
    program = compile_model(kinds_model())
    assert present_in(program, Arm("arm", {"donor": 1.0, "taker": 0.0}), {}) == {
        "cell:donor", "origin:donor", "origin:donor~microvesicle"}  # fmt: skip


def test_a_run_tells_the_kinds_apart() -> None:
    """Sums over kinds are sums of the same numbers, so they are exact up to one rounding."""
    model = kinds_model()
    run = finished(model)
    found = {name: value for name, (value, _) in quantities(model, run).items()}
    shed, exosomes = (found[f"donor.{kind}_per_cell_per_hour"] for kind in ("microvesicles", "exosomes"))
    assert shed == pytest.approx(3 * 0.8, rel=1e-6)  # rate times A-SMase; the solver's tolerance is 1e-8
    assert found["donor.released_per_cell_per_hour"] == pytest.approx(shed + exosomes, rel=1e-15)
    assert found["donor.mir_in_microvesicles_per_cell_per_hour"] > 0
    assert not any("microvesicles" in name for name in found if name.startswith("taker."))
    dead = 1.0 - found["taker.alive"]
    blebs = found["taker.apoptotic_vesicles_per_cell_per_hour"] * 48
    assert blebs == pytest.approx(60.0 * dead, rel=1e-6)
    by_class = transfer_by_class(model, run)
    assert set(by_class) == set(model.origins)
    assert transfer(model, run)["donor"]["taker"] == pytest.approx(
        by_class["donor"]["taker"] + by_class["donor~microvesicle"]["taker"], rel=1e-15)
    assert by_class["donor~microvesicle"]["taker"] > 0
    for cargo in (None, "mir", "receptor", "ligand"):
        assert abs(ledger(model, run, cargo).residual) < 1e-10


def test_a_microvesicle_of_greater_volume_carries_more() -> None:
    """Copies per vesicle of a free mixture go with the mean lumen volume: ratio of two means, here with equal
    concentrations at all times since cells are at rest; enrichment 0.5 against 1. Loss does not tell them apart.

    What is delivered within the cell of origin comes back into its cargo by less than 1e-3 of it.
    """
    model = kinds_model()
    run = finished(model)
    carried = cargo_per_vesicle(model, run)
    ratio = carried["donor~microvesicle"]["mir"]["mean"] / carried["donor"]["mir"]["mean"]
    laws = [size_law(run.parameters, origin) for origin in ("donor~microvesicle", "donor")]
    assert ratio == pytest.approx(0.5 * laws[0].mean_lumen_volume / laws[1].mean_lumen_volume, rel=1e-2)


def test_size_laws_outside_their_bounds_are_found() -> None:
    model = kinds_model()
    arm = replace(model.arms[0], values={"donor.microvesicle_diameter_low": 2.0})
    found = check(replace(model, arms=(arm,)))
    assert [finding.path for finding in found] == ["donor.microvesicle_diameter_low"]
    assert "`microvesicle_diameter_low`" in found[0].fix


def test_what_docs_science_says_about_x16() -> None:
    """The figures printed there, to their digits; every direction is built in, and says so."""
    root = Path(__file__).parents[2]
    model = api.examine(root / "examples" / "atp_microvesicles.yaml").resolved
    assert model is not None
    assert all(set(item.presupposed_by) == {"asmase", "membrane"} for item in model.published)
    names = ("control", "atp", "atp_asmase_ko")
    found = {name: finished(replace(model, arms=(arm_of(model, name),))) for name in names}
    text = (root / "docs" / "science.md").read_text(encoding="utf-8")
    values = {name: quantities(model, run) for name, run in found.items()}
    for said, name in (("microvesicles shed, ATP against control", "microvesicles"),
                       ("IL-1β in them", "IL1b_in_microvesicles")):  # fmt: skip
        key = f"microglia.{name}_per_cell_per_hour"
        assert f"{said}: {values['atp'][key][0] / values['control'][key][0]:.3g}" in text
        assert values["atp_asmase_ko"][key][0] == 0.0
    assert f"some {values['atp']['microglia.IL1b_in_microvesicles_per_cell_per_hour'][0]:.0f} an hour" in text


def test_instruments_and_report_know_the_classes(tmp_path: Path) -> None:
    """The sample of a run holds one population for each class, and the report names them in words."""
    results = api.simulate(Path(__file__).parents[2] / "examples" / "atp_microvesicles.yaml", tmp_path / "run")
    (sample,) = samples_of(results, arms=("atp",))
    assert tuple(sample.vesicles) == ("microglia", "microglia~microvesicle")
    small, large = (float(one.diameter @ one.weight / one.weight.sum()) for one in sample.populations)
    assert small < 200 < large
    page = api.report(tmp_path / "run").read_text(encoding="utf-8")
    assert "microvesicles of microglia" in page
