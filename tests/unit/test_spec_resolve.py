"""Resolution: layers of numbers, arms, exposures, doses, switches; and that order does not matter."""

from __future__ import annotations

import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_spec_io import FLAGSHIP
from vesica import interventions, library
from vesica.errors import InputError
from vesica.spec import io
from vesica.spec.exposures import combine
from vesica.spec.resolved import Arm, ResolvedModel

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
run: {duration: 48 h}
"""
ASTROCYTE = HEAD + "cells: {astrocyte: {count: 1e6}}\n"


def resolve(text: str, **switches: str) -> ResolvedModel:
    return interventions.resolve(io.loads(text), switches=switches)[0]


def arm_of(model: ResolvedModel, name: str) -> Arm:
    return next(arm for arm in model.arms if arm.name == name)


def test_the_flagship() -> None:
    model, findings = interventions.resolve(io.loads(FLAGSHIP))
    assert findings == []
    assert [arm.name for arm in model.arms] == ["control", "ethanol", "ethanol_tlr4_ko", "neurons_given_ethanol_evs"]
    assert [cell.name for cell in model.cells] == ["astrocyte", "neuron"]
    control, ethanol, knocked, given_ = model.arms
    assert control.exposures == ()
    (exposure,) = ethanol.exposures
    assert exposure.times == (0.0, 86400.0)
    assert exposure.levels == (pytest.approx(40e6 * 0.602214076, rel=1e-12), 0.0)
    assert knocked.factors == {"astrocyte.TLR4.basal": 0.0}
    assert knocked.exposures == ethanol.exposures
    assert given_.counts == {"astrocyte": 0.0, "neuron": 5e5}
    (dose,) = given_.doses
    assert dataclasses.astuple(dose)[:6] == ("ethanol", "neuron", "particles_per_cell", 1e3, 86400.0, 0.0)
    assert given_.factors == {}  # interventions of a source arm stay there
    assert model.domain.volume == pytest.approx(2e12, rel=1e-12)
    assert model.domain.depth == pytest.approx(2e12 / (3.141592653589793 * 17500.0**2), rel=1e-12)
    assert (model.schedule.duration, model.schedule.every) == (172800.0, 1800.0)


def test_every_rule_and_every_cell_has_all_its_numbers() -> None:
    model = resolve(FLAGSHIP)
    for rule in model.rules:
        assert all(f"rule.{rule.key}.{name}" in model.parameters for name in ("half_max", "hill", "fold"))
    assert all(number.low <= number.value <= number.high for number in model.parameters.values())
    assert all(path == number.path for path, number in model.parameters.items())
    assert {number.confidence for number in model.parameters.values()} <= {"seen", "known", "estimate"}


def test_paths_on_one_entry_share_it() -> None:
    numbers = resolve(FLAGSHIP).parameters
    assert numbers["astrocyte.ilv_budding_rate"].entry == numbers["neuron.ilv_budding_rate"].entry != ""
    value, low, high = library.internal(library.load("cns").entries["mvb.ilv_budding.rate"], "vesicle/s")
    number = numbers["astrocyte.ilv_budding_rate"]
    assert (number.value, number.low, number.high) == (value, low, high)


def test_later_layers_replace_earlier_ones() -> None:
    """Library, its switches, the user's numbers, the user's switches."""
    def rate(text: str, **switches: str) -> tuple[float, str]:
        number = resolve(ASTROCYTE + text, **switches).parameters["astrocyte.escape_rate"]
        return round(number.value * 3600, 9), number.confidence

    own = """
switches:
  mine:
    options: {a: {says: as is}, b: {says: faster, parameters: {"*.escape_rate": 9 1/h}}}
    use: b
"""
    entries = library.load("cns").entries
    expected = [library.internal(entries[f"escape.rate.{option}"], "1/s")[0] * 3600
                for option in ("bonsergent", "lnp_like")]  # fmt: skip
    assert rate("")[0] == pytest.approx(expected[0])
    assert rate("switches: {escape: lnp_like}")[0] == pytest.approx(expected[1])
    assert rate("", escape="lnp_like")[0] == pytest.approx(expected[1])
    assert rate("parameters: {astrocyte.escape_rate: 2 1/h}\nswitches: {escape: lnp_like}") == (2.0, "given")
    assert rate("parameters: {astrocyte.escape_rate: 2 1/h}" + own) == (9.0, "given")
    assert rate("parameters: {astrocyte.escape_rate: 2 1/h}" + own, mine="a") == (2.0, "given")
    text = HEAD + "cells: {astrocyte: {count: 1, parameters: {escape_rate: 3 1/h}}}\n"
    assert resolve(text).parameters["astrocyte.escape_rate"].value == pytest.approx(3 / 3600)


def test_the_caller_chooses_a_switch_over_the_model() -> None:
    model = resolve(ASTROCYTE + "switches: {escape: lnp_like}", escape="low_fusogenicity")
    assert {switch.name: switch.chosen for switch in model.switches}["escape"] == "low_fusogenicity"
    with pytest.raises(InputError, match="lnp_like"):
        resolve(ASTROCYTE, escape="lnp_lik")
    with pytest.raises(InputError, match="escape"):
        resolve(ASTROCYTE, escap="lnp_like")


OWN_SWITCH = """
switches:
  wiring:
    label: how it is wired
    structure: true
    use: without
    options:
      without: {says: no such rule, without_rules: [astro_nfkb_fusion]}
      new:
        says: another rule
        rules: ["astrocyte: LPS increases escape_rate (half_max 1 nM, hill 1, up to 2x)"]
"""


def test_own_switches_bring_and_take_rules() -> None:
    model = resolve(ASTROCYTE + OWN_SWITCH)
    assert "astro_nfkb_fusion" not in {rule.key for rule in model.rules}
    other = resolve(ASTROCYTE + OWN_SWITCH, wiring="new")
    keys = {rule.key for rule in other.rules}
    assert {"astro_nfkb_fusion", "astrocyte_LPS_increases_escape_rate"} <= keys
    (switch,) = [switch for switch in other.switches if switch.name == "wiring"]
    assert switch.is_structure
    assert switch.chosen == "new"


@pytest.mark.parametrize(("old", "new", "nearest"), [
    ("astro_nfkb_fusion", "astro_nfkb_fussion", "astro_nfkb_fusion"),
    ("LPS increases", "LSP increases", "LPS"),  # an option that is not chosen is read, too
    ("says: another rule", 'says: another rule\n        parameters: {"*.escape_rat": 1 1/h}', "*.escape_rate"),
    ("use: without", "use: withot", "without"),
])  # fmt: skip
def test_slips_in_own_switches_are_found(old: str, new: str, nearest: str) -> None:
    findings = interventions.check(io.loads(ASTROCYTE + OWN_SWITCH.replace(old, new)))
    assert any(f"did you mean `{nearest}`?" in finding.fix and finding.line for finding in findings)


def test_arms_change_numbers_only_for_themselves() -> None:
    model = resolve(ASTROCYTE + """
arms:
  base: {}
  fast: {cells: {astrocyte: {parameters: {escape_rate: 9 1/h}}}, parameters: {medium.ev_decay_rate: 1 1/h}}
  same: {parameters: {astrocyte.escape_rate: "@escape.rate.bonsergent"}}
""")  # fmt: skip
    assert arm_of(model, "base").values == {}
    assert arm_of(model, "fast").values == {"astrocyte.escape_rate": 9 / 3600, "medium.ev_decay_rate": 1 / 3600}
    assert arm_of(model, "same").values == {}
    assert model.parameters["astrocyte.escape_rate"].confidence != "given"


def test_maps_merge_and_lists_replace() -> None:
    model = resolve(ASTROCYTE + """
exposures: [{agent: LPS, concentration: 1 nM}, {agent: ethanol, concentration: 1 mM}]
arms:
  more: {cells: {neuron: {count: 3}}}
  other: {exposures: [{agent: ethanol, concentration: 2 mM}], cells: {astrocyte: {count: 7}}}
""")  # fmt: skip
    assert arm_of(model, "more").counts == {"astrocyte": 1e6, "neuron": 3.0}
    assert [exposure.agent for exposure in arm_of(model, "more").exposures] == ["LPS", "ethanol"]
    assert arm_of(model, "other").counts == {"astrocyte": 7.0, "neuron": 0.0}
    assert [exposure.agent for exposure in arm_of(model, "other").exposures] == ["ethanol"]


def test_a_model_without_arms_has_one() -> None:
    assert [arm.name for arm in resolve(ASTROCYTE).arms] == ["base"]


def test_own_cargo_solubles_agents_and_signals() -> None:
    model = resolve(HEAD + """
cargo: {miR_21: {kind: mirna, topology: lumen, label: miR-21}}
solubles: {IL12: {decay_rate: 0.1 1/h, molar_mass: 21 kg/mol}}
agents: {aspirin: {molar_mass: 300 g/mol}}
cells:
  glia:
    like: astrocyte
    count: 3
    cargo: {miR_21: {basal: 100 copies, decay_rate: 0.1 1/h, enrichment: 2}}
    solubles: {IL12: {secretion_rate: 1 molecule/s}}
    signals: {STAT3: {basal: 1, decay_rate: 1 1/h, requires: TLR4, reference: 1000 copies}}
rules:
  - "glia: IL12 increases STAT3_production (half_max 1 ng/mL, hill 1, up to 2x)"
  - "glia: aspirin decreases IL12_secretion (half_max 1 ug/mL, hill 1, down to 0.1x)"
""")  # fmt: skip
    (glia,) = model.cells
    assert (glia.name, glia.label) == ("glia", "glia")
    assert "miR_21" in glia.cargo
    assert "IL12" in model.solubles
    assert "aspirin" in model.agents
    assert model.parameters["glia.STAT3.reference"].value == 1000.0
    half = model.parameters["rule.glia_aspirin_decreases_IL12_secretion.half_max"].value
    assert half == pytest.approx(1e-6 / 1e12 / 300 * 6.02214076e23, rel=1e-12)


def test_a_number_that_is_nowhere_is_named() -> None:
    cells = "cells: {astrocyte: {count: 1, cargo: {X: {basal: 3 copies}}}}\n"
    text = HEAD + "cargo: {X: {kind: protein, topology: lumen}}\n" + cells
    findings = interventions.check(io.loads(text))
    assert {finding.wrote for finding in findings} == {
        "`astrocyte.X.decay_rate` has no value", "`astrocyte.X.enrichment` has no value"}  # fmt: skip
    assert all(finding.line == 5 for finding in findings)


# exposures ------------------------------------------------------------------------------------------


def levels(exposures: str, tmp_path: Path | None = None) -> dict[str, list[tuple[float, float]]]:
    """Times in h and levels in nM of each agent."""
    text = ASTROCYTE + f"exposures: {exposures}\n"
    file = (tmp_path or Path()) / "m.yaml"
    (arm,) = interventions.resolve(io.loads(text, file=str(file)))[0].arms
    return {exposure.agent: [(time / 3600, round(level / 0.602214076, 9))
                             for time, level in zip(exposure.times, exposure.levels, strict=True)]
            for exposure in arm.exposures}  # fmt: skip


def test_forms_of_exposure() -> None:
    assert levels("[{agent: LPS, concentration: 1 nM}]") == {"LPS": [(0, 1)]}
    assert levels("[{agent: LPS, concentration: 1 nM, from: 2 h}]") == {"LPS": [(2, 1)]}
    assert levels("[{agent: LPS, concentration: 1 nM, at: 2 h, length: 30 min}]") == {"LPS": [(2, 1), (2.5, 0)]}
    assert levels("[{agent: LPS, concentration: 1 nM, every: 12 h, times: 3, length: 1 h, at: 1 h}]") == {
        "LPS": [(1, 1), (2, 0), (13, 1), (14, 0), (25, 1), (26, 0)]}  # fmt: skip
    assert levels("[{agent: LPS, concentration: 0 nM}]") == {}


def test_exposures_of_one_agent_add_up_and_leave_nothing_behind() -> None:
    first, second = "concentration: 0.1 nM, to: 9 h", "concentration: 0.2 nM, from: 3 h, to: 6 h"
    found = levels(f"[{{agent: LPS, {first}}}, {{agent: LPS, {second}}}]")
    assert found == {"LPS": [(0, 0.1), (3, 0.3), (6, 0.1), (9, 0)]}


def test_back_to_back_pulses_are_one_step() -> None:
    assert levels("[{agent: LPS, concentration: 1 nM, every: 1 h, times: 3, length: 1 h}]") == {"LPS": [(0, 1), (3, 0)]}


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 9)), max_size=6))
def test_combined_steps_are_the_sum_at_every_time(parts: list[tuple[int, int, int]]) -> None:
    end = 60.0
    steps = [(float(start), min(float(start + length), end), float(level)) for start, length, level in parts]
    exposure = combine("x", steps, end)
    for time in range(60):
        expected = sum(level for start, stop, level in steps if start <= time < stop)
        reached = [level for at, level in zip(exposure.times, exposure.levels, strict=True) if at <= time]
        assert (reached[-1] if reached else 0.0) == expected
    assert list(exposure.times) == sorted(set(exposure.times))


def test_exposure_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("time (h),concentration [nM]\n0,1\n2,3\n\n4,0\n90,5\n")
    assert levels("[{agent: LPS, csv: c.csv}]", tmp_path) == {"LPS": [(0, 1), (2, 3), (4, 0)]}


@pytest.mark.parametrize(("content", "says"), [
    ("time,concentration\n0,1\n", "units"), ("", "units"), ("time (h),c (nM)\n", "units"),
    ("time (h),c (nM)\n0,1\n0,2\n", "does not follow"), ("time (h),c (nM)\n0,x\n", "quantity"),
    ("time (h),c (mL)\n0,1\n", "dimension"), ("time (h),c (nM)\n0,-1\n", "negative"),
    ("time (h),c (nM)\n99,1\n", "run ends"),
    ("time (h),c (nM)\n0\n", "quantity"),
])  # fmt: skip
def test_tables_that_cannot_be_used(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(InputError, match=says):
        levels("[{agent: LPS, csv: c.csv}]", tmp_path)


def test_dose_by_donor_cells() -> None:
    text = FLAGSHIP.replace("particles_per_cell: 1e3", "donor_cells_per_cell: 2, carry_over: 1 %")
    (dose,) = resolve(text).arms[-1].doses
    assert (dose.measure, dose.amount, dose.carry_over) == ("donor_cells_per_cell", 2.0, 0.01)


def test_published_directions_are_carried_through() -> None:
    model = resolve(FLAGSHIP + """
published:
  - {key: cox2, says: ethanol vesicles raise COX-2, source: Ibanez 2019, quantity: neuron.COX2,
     arm: neurons_given_ethanol_evs, against: control, direction: increase, presupposed_by: escape=bonsergent}
""")  # fmt: skip
    (row,) = model.published
    assert (row.key, row.direction, row.presupposed_by) == ("cox2", "increase", ("escape=bonsergent",))


# properties -----------------------------------------------------------------------------------------

CELLS: dict[str, Any] = {
    "astrocyte": {"count": 1e6, "parameters": {"escape_rate": "2 1/h"}},
    "neuron": {"count": 1e5},
    "second": {"like": "astrocyte", "count": 3},
}
ARMS: dict[str, Any] = {
    "control": {"exposures": []},
    "base": {},
    "ko": {"interventions": [{"knock_out": "TLR4"}, {"block": "release", "cells": ["second"]}]},
    "a": {"cells": {"microglia": {"count": 2, "parameters": {"escape_rate": "3 1/h"}}}},
    "b": {"cells": {"microglia": {"count": 2, "parameters": {"escape_rate": "4 1/h"}}}},
    "dosed": {"exposures": [{"doses_from": "base", "to": "neuron", "particles_per_cell": 10, "at": "3 h"}]},
}


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_cells_and_arms_does_not_matter(rng: random.Random) -> None:
    def model(cells: list[str], arms: list[str]) -> ResolvedModel:
        data = {"vesica": 1, "domain": {"kind": "dish", "diameter": "35 mm", "medium": "2 mL"},
                "run": {"duration": "48 h"}, "exposures": [{"agent": "ethanol", "concentration": "40 mM"}],
                "cells": {name: CELLS[name] for name in cells},
                "arms": {name: ARMS[name] for name in arms}}  # fmt: skip
        return interventions.resolve(io.from_dict(data))[0]

    cells, arms = list(CELLS), list(ARMS)
    first = model(cells, arms)
    rng.shuffle(cells)
    rng.shuffle(arms)
    second = model(cells, arms)
    assert [arm.name for arm in second.arms] == arms  # arms keep the user's order, and nothing else does
    sorted_arms = [tuple(sorted(model_.arms, key=lambda arm: arm.name)) for model_ in (first, second)]
    assert dataclasses.replace(second, arms=sorted_arms[1]) == dataclasses.replace(first, arms=sorted_arms[0])
    assert list(second.parameters) == list(first.parameters)


def test_loading_and_resolving_need_nothing_heavy() -> None:
    probe = "import sys, json; from vesica.spec import io, resolve, check; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not {"numba", "scipy", "xarray", "pandas", "numpy"} & set(json.loads(done.stdout))
