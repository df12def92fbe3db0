"""Vesicles that no cell makes: how much comes, targeting and fusogens, engineered cells, dyes and the cold."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from vesica import interventions
from vesica.analysis.runs.accounts import ledger
from vesica.analysis.runs.quantities import quantities
from vesica.engine.processes import process_table
from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.simulate import as_arm_run, run_all
from vesica.engine.table import imbalances
from vesica.results.arm_run import ArmRun
from vesica.spec import io
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import exponent
from vesica.transport.diffusion import stokes_einstein

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells: {neuron: {count: 1e6}, astrocyte: {count: 0}}
run: {duration: 12 h, every: 1 h}
"""
COUNTS = "cells: {astrocyte: {count: 1e6}, neuron: {count: 0}}"
MODEL = HEAD + f"""
preparations:
  plain: {{like: EVs, cargo: {{miR_146a: 0.5 molecule}}}}
  aimed: {{like: EVs, cargo: {{miR_146a: 0.5 molecule}}, targeting: {{neuron: 5}}, fusogen: 20}}
  dye_alone: {{like: micelles, cargo: {{PKH67: 1000 molecule}}}}
arms:
  plain: {{exposures: [{{vesicles: plain, concentration: 1e9 EV/mL, at: 2 h}}]}}
  aimed: {{exposures: [{{vesicles: aimed, particles_per_cell: 2e3, to: neuron}}]}}
  stained: {{exposures: [{{vesicles: plain, concentration: 1e9 EV/mL, isolation: [{{label: PKH67}}]}}]}}
  cold: {{exposures: [{{vesicles: plain, concentration: 1e9 EV/mL, isolation: [{{label: PKH67}}]}}],
         interventions: [{{cool: 4 degC}}]}}
  column: {{exposures: [{{vesicles: plain, concentration: 1e9 EV/mL,
           isolation: [{{label: PKH67, micelles: 3}}, {{method: column, recovery: 50 %, solubles: 1 %}}]}}]}}
  dye: {{exposures: [{{vesicles: dye_alone, concentration: 1e9 EV/mL}}]}}
  made: {{{COUNTS}}}
  engineered: {{{COUNTS}, interventions: [{{engineer: astrocyte, targeting: {{neuron: 3}}, fusogen: 2,
               cargo: {{miR_146a: 10}}}}]}}
  given: {{exposures: [{{doses_from: engineered, particles_per_cell: 100, at: 6 h}}]}}
"""


@cache
def ran() -> tuple[ResolvedModel, dict[str, ArmRun]]:
    model, findings = interventions.resolve(io.loads(MODEL))
    assert [finding for finding in findings if finding.severity == "error"] == []
    program = compile_model(model)
    return model, {run.arm.name: as_arm_run(program, run) for run in run_all(program)}


def test_the_table_balances_and_every_number_scales() -> None:
    model, _ = ran()
    assert imbalances(process_table(model)) == []
    assert {exponent(model, path) for path in model.parameters} <= {-1, 0, 1}


@pytest.mark.parametrize("arm", ["plain", "aimed", "stained", "cold", "column", "dye", "given"])
def test_the_ledgers_close(arm: str) -> None:
    """Rounding only: as `test_engine.test_the_ledger_closes`."""
    model, runs = ran()
    for cargo in (None, "miR_146a", "PKH67"):
        assert abs(ledger(model, runs[arm], cargo).residual) < 1e-10


def test_what_is_given_is_what_was_asked_for() -> None:
    _, runs = ran()
    assert runs["plain"].final("medium.added:plain~prepared") == pytest.approx(2e9, rel=1e-12)  # 1e9/mL in 2 mL
    assert runs["aimed"].final("medium.added:aimed~prepared") == pytest.approx(2e9, rel=1e-12)
    assert runs["plain"].final("medium.added:plain~prepared/miR_146a") == pytest.approx(1e9, rel=1e-12)
    course = runs["plain"].course("medium.added:plain~prepared")
    assert course[1] == 0.0
    assert course[2] == course[-1]


def test_targeting_and_a_fusogen_are_factors_on_the_hazards() -> None:
    """Products in the table of laws; capture by diffusion bounds what targeting gains."""
    model, runs = ran()
    program = compile_model(model)
    row = parameter_row(model, model.arms[1])
    assert row["neuron.affinity_for_aimed"] == 5.0
    assert row["aimed.fusogenicity"] == 20.0
    factors = {flux.name: flux.factors for flux in program.table.fluxes}
    assignments = {one.target: one for one in program.table.assignments}
    for process in ("escape", "membrane_fusion"):
        plain, aimed = (factors[f"{process}/neuron:{one}~prepared"][0] for one in ("plain", "aimed"))
        assert assignments[aimed].kernel == "product"
        assert assignments[aimed].args == (plain, "aimed.fusogenicity")
    taken = {name: runs[name].final(f"neuron.taken_up:{name}~prepared") for name in ("plain", "aimed")}
    delivered = {name: runs[name].final(f"neuron.delivered:{name}~prepared/miR_146a") for name in taken}
    assert taken["plain"] < taken["aimed"] < 5 * taken["plain"]
    assert delivered["aimed"] > 2 * delivered["plain"]


def test_engineered_vesicles_stay_what_they_are_in_another_dish() -> None:
    model, runs = ran()
    factors = {arm.name: dict(arm.factors) for arm in model.arms}
    ways = {"neuron.affinity_for_astrocyte": 3.0, "astrocyte.fusogenicity": 2.0}
    assert factors["engineered"] == {**ways, "astrocyte.miR_146a.enrichment": 10.0}
    assert factors["given"] == ways
    assert factors["made"] == {}
    copies = [runs[name].final("medium.free:astrocyte/miR_146a") / runs[name].final("medium.free:astrocyte")
              for name in ("made", "engineered")]
    assert 5.0 < copies[1] / copies[0] < 10.0  # ten times as much, less what the cell runs out of


def test_dye_shines_without_uptake() -> None:
    """In the cold hardly anything is taken up, and dye still comes; dye alone shines, and brings no vesicle."""
    model, runs = ran()
    found = {name: quantities(model, run) for name, run in runs.items()}

    def number(arm: str, name: str) -> float:
        return found[arm][f"neuron.{name}"][0]

    assert number("cold", "taken_up_per_cell") < 0.03 * number("stained", "taken_up_per_cell")
    assert number("cold", "fluorescence") > 0.1 * number("stained", "fluorescence")
    assert number("dye", "fluorescence") > 0.5 * number("stained", "fluorescence")
    assert runs["dye"].final("medium.added:dye_alone~prepared") == pytest.approx(2e9, rel=1e-12)
    own = number("plain", "taken_up_per_cell") - runs["plain"].final("neuron.taken_up:plain~prepared")
    assert number("dye", "taken_up_per_cell") == pytest.approx(own, rel=0.05)  # its own vesicles, no micelles


def test_particles_of_a_dye_are_counted_with_the_vesicles() -> None:
    """Nine particles for each vesicle; a method that comes after keeps half of both, and three are three."""
    _model, runs = ran()
    for arm, ratio in (("stained", 9.0), ("column", 3.0)):
        vesicles, alone = (runs[arm].final(f"medium.added:{one}~prepared") for one in ("plain", "PKH67_micelles"))
        assert vesicles + alone == pytest.approx(2e9, rel=1e-12)
        assert alone == pytest.approx(ratio * vesicles, rel=1e-9)
        dye = runs[arm].final("medium.added:PKH67_micelles~prepared/PKH67")
        assert dye == pytest.approx(1000 * alone, rel=1e-9)
    note = runs["column"].notes["doses"][0]
    assert note["vesicles"] == pytest.approx(5e8)
    assert note["particles"] == pytest.approx(2e9)
    assert [step["vesicles"] for step in note["steps"]] == pytest.approx([1.0, 0.5])


def test_the_cold_slows_what_needs_energy() -> None:
    model, _ = ran()
    cold = next(arm for arm in model.arms if arm.name == "cold")
    row, warm = parameter_row(model, cold), parameter_row(model, model.arms[0])
    assert row["neuron.internalisation_rate"] == pytest.approx(0.01 * warm["neuron.internalisation_rate"])
    assert row["neuron.binding_rate"] == warm["neuron.binding_rate"]
    assert row["PKH67.transfer_rate"] == warm["PKH67.transfer_rate"]
    assert row["medium.temperature"] == pytest.approx(277.15)
    diffusion = [stokes_einstein(one["medium.temperature"], one["medium.viscosity"], 0.1) for one in (row, warm)]
    assert diffusion[0] / diffusion[1] == pytest.approx(277.15 / warm["medium.temperature"] / 2.27, rel=1e-12)


def test_dye_on_a_cell_goes_into_its_membrane() -> None:
    """Binding at b and passing on at k, and nothing else: delivered 1 - (k e^-bt - b e^-kt)/(k - b) of all dye.

    Sites are 1e9 times more than vesicles and diffusion is no limit, so b is constant to 1e-9; the solver keeps 1e-8
    of each amount, and the rest is 1e-6 of all.
    """
    still = ", ".join(f"neuron.{name}: 0 1/s" for name in (
        "unbinding_rate", "internalisation_rate", "surface_fusion_rate", "mvb_fusion_rate", "death_rate"))
    text = HEAD + f"""
exposures: [{{vesicles: dyed, concentration: 1e3 EV/mL}}]
preparations: {{dyed: {{like: EVs, cargo: {{PKH67: 1000 molecule}}}}}}
parameters: {{{still}, neuron.macropinocytosis_rate: 0 um^3/s, medium.ev_decay_rate: 0 1/s,
  medium.plastic_loss_rate: 0 1/s, neuron.receptor_sites: 1e7 EV, neuron.binding_rate: 1e-5 um^3/s/vesicle,
  neuron.capture_radius: 1e9 um, PKH67.transfer_rate: 0.3 1/h}}
"""
    model = interventions.resolve(io.loads(text))[0]
    program = compile_model(model)
    run = next(run_all(program))
    row = parameter_row(model, model.arms[0])
    diffusivity = value_vector(program, row)[program.index["dyed~prepared.diffusivity"]]
    rate = row["neuron.binding_rate"] * row["neuron.receptor_sites"]
    b = rate / (1 + rate / (4 * math.pi * diffusivity * 1e9)) * 1e6 / model.domain.volume
    k, t = 0.3 / 3600.0, run.times
    right = 1 - (k * np.exp(-b * t) - b * np.exp(-k * t)) / (k - b)
    dye = 2e3 * 1000.0
    seen = run.values[:, program.species.index("neuron.delivered:dyed~prepared/PKH67")] * 1e6 / dye
    assert 0.05 < right[-1] < 0.99
    assert np.abs(seen - right).max() < 1e-6
    assert run.values[-1, program.species.index("neuron.taken_up:dyed~prepared")] == 0.0


def test_a_concentration_is_that_of_the_part_of_the_vessel_it_is_given_to() -> None:
    """1e9/mL in 1.5 mL of an insert, or in all 4.1 mL; serum is in all of them, 3e8/mL. To rounding."""
    vessel = ("{kind: transwell, diameter: 35 mm, medium: 2.6 mL, mixing: stirred, insert: {diameter: 24 mm, "
              "medium: 1.5 mL, pore: 0.4 um, pores: 1e8 1/cm^2, cells: [astrocyte]}}")
    text = f"""\
vesica: 1
domain: {vessel}
medium: {{serum: 1 %}}
cells: {{astrocyte: {{count: 5e5}}, neuron: {{count: 5e5}}}}
arms:
  insert: {{exposures: [{{vesicles: MSC, concentration: 1e9 EV/mL, to: astrocyte}}]}}
  everywhere: {{exposures: [{{vesicles: MSC, concentration: 1e9 EV/mL}}]}}
run: {{duration: 2 h, every: 1 h}}
"""
    model = interventions.resolve(io.loads(text))[0]
    program = compile_model(model)
    runs = {run.arm.name: as_arm_run(program, run) for run in run_all(program)}
    first = {name: {part: float(run.course(f"{part}.free:MSC~prepared")[0]) for part in ("insert", "well")}
             for name, run in runs.items()}
    assert first["insert"] == pytest.approx({"insert": 1.5e9, "well": 0.0}, rel=1e-12)
    assert first["everywhere"] == pytest.approx({"insert": 1.5e9, "well": 2.6e9}, rel=1e-12)
    for run in runs.values():
        assert run.course("medium.added:serum~prepared")[0] == pytest.approx(4.1 * 3e8, rel=1e-12)
        assert abs(ledger(model, run).residual) < 1e-10
