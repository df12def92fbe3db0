"""Slips in preparations, isolation, engineered vesicles and serum: four parts, the right line, the way out."""

from __future__ import annotations

import pytest

from vesica import interventions
from vesica.errors import Finding, InputError
from vesica.spec import io

GOOD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
medium: {serum: 10 %, ev_depletion: 95 %}
cells: {astrocyte: {count: 1e6}, neuron: {count: 0}}
preparations:
  rvg: {like: EVs, cargo: {miR_146a: 0.5 molecule}, targeting: {neuron: 5}, fusogen: 20}
arms:
  source: {interventions: [{engineer: astrocyte, targeting: {neuron: 3}, cargo: {miR_146a: 10}}]}
  dose: {cells: {astrocyte: {count: 0}, neuron: {count: 1e6}}, exposures: [{
      doses_from: source, particles_per_cell: 1e3, at: 24 h,
      isolation: [ultracentrifugation, {method: size_exclusion, recovery: 50 %}, {label: PKH67},
                  {treat: protease, detergent: true}, {store: tube, time: 48 h}]}]}
  tube: {cells: {astrocyte: {count: 0}, neuron: {count: 1e6}}, interventions: [{cool: 4 degC}], exposures: [
      {vesicles: rvg, concentration: 1e9 EV/mL, at: 1 h}]}
run: {duration: 48 h}
"""


def findings_of(old: str = "", new: str = "") -> list[Finding]:
    """What a user is told about the good model with one piece of text replaced."""
    assert not old or GOOD.count(old) == 1, old
    try:
        return interventions.check(io.loads(GOOD.replace(old, new) if old else GOOD, file="model.yaml"))
    except InputError as failure:
        return list(failure.findings)


def test_the_model_that_is_spoilt_below_is_good() -> None:
    assert findings_of() == []


CASES = [  # what is spoilt, what with, where, what is said, what to do
    ("[ultracentrifugation,", "[ultracentrifuge,", "isolation[0]", "`ultracentrifuge` is not a known method",
     "did you mean `ultracentrifugation`?"),
    ("recovery: 50 %", "recovery: 120 %", "recovery", "more than 1", "write a value up to 1"),
    ("{method: size_exclusion, recovery", "{method: my_kit, recovery", "method", "has no solubles", "add `solubles"),
    ("recovery: 50 %", "cutoff_gsd: 0.9", "cutoff_gsd", "is not above 1", "`1.3`"),
    ("treat: protease", "treat: proteases", "treat", "`proteases` is not a known treatment", "`protease`"),
    ("store: tube,", "store: tubes,", "store", "`tubes` is not a known way to store", "`tube`"),
    ("{store: tube, time: 48 h}", "{store: tube}", "isolation[4]", "without a time", "add `time: 48 h`"),
    ("{store: tube, time: 48 h}", "{store: freeze_thaw, time: 48 h}", "time", "`time: 48 h` of `freeze_thaw`",
     "`cycles: 2`"),
    ("label: PKH67", "label: miR_146a", "isolation", "`miR_146a` is not a known dye", "PKH67"),
    ("at: 24 h,", "at: 24 h, carry_over: 5 %,", "carry_over", "beside `isolation:`", "delete `carry_over`"),
    ("vesicles: rvg", "vesicles: rgv", "vesicles", "`rgv` is not a known preparation", "did you mean `rvg`?"),
    ("concentration: 1e9 EV/mL,", "", "tube.exposures[0]", "says no amount", "concentration: 1e9 EV/mL"),
    ("concentration: 1e9 EV/mL,", "concentration: 1e9 EV/mL, particles_per_cell: 5,", "tube.exposures[0]",
     "says concentration and particles_per_cell", "exactly one"),
    ("concentration: 1e9 EV/mL,", "concentration: 1e9 mL,", "concentration", "1e9 mL", "dimension"),
    ("concentration: 1e9 EV/mL, at: 1 h", "concentration: 1e9 EV/mL, at: 60 h", "at", "60 h", "earlier"),
    ("like: EVs", "like: EV", "like", "`EV` is not a known preparation of the library", "did you mean `EVs`?"),
    ("like: EVs, ", "", "preparations.rvg", "`rvg` is not a known preparation of the library", "known names"),
    ("rvg: {like", "TNF: {like", "preparations.TNF", "`TNF` is a preparation and a soluble", "`TNF_EVs`"),
    ("cargo: {miR_146a: 0.5 molecule}", "cargo: {miR_147a: 0.5 molecule}", "cargo", "`miR_147a` is not a known cargo",
     "did you mean"),
    ("targeting: {neuron: 5}", "targeting: {neutron: 5}", "targeting.neutron", "`neutron` is not a known cell type",
     "`neuron`"),
    ("fusogen: 20", "fusogen: -20", "fusogen", "is negative", "zero or more"),
    ("engineer: astrocyte,", "engineer: astrocite,", "engineer", "`astrocite` is not a known cell type", "`astrocyte`"),
    ("targeting: {neuron: 3}, cargo: {miR_146a: 10}", "cargo: {p65: 10}", "cargo", "does not hold `p65`", "`cargo:`"),
    (", targeting: {neuron: 3}, cargo: {miR_146a: 10}", "", "interventions[0]", "and nothing more", "`targeting"),
    ("cool: 4 degC", "cool: 25 degC", "cool", "is 25 °C", "write `cool: 4 degC`"),
    ("cool: 4 degC", "cool: 4 h", "cool", "4 h", "dimension of `K`"),
    ("serum: 10 %", "serum: 110 %", "medium.serum", "more than 1", "up to 1"),
    ("serum: 10 %, ", "", "medium.ev_depletion", "of medium without serum", "add `serum: 10 %`"),
]


@pytest.mark.parametrize(("old", "new", "place", "wrote", "fix"), CASES, ids=lambda text: text[:30])
def test_slips(old: str, new: str, place: str, wrote: str, fix: str) -> None:
    errors = [finding for finding in findings_of(old, new) if finding.severity == "error"]
    found = [one for one in errors if wrote in one.wrote]
    assert found, [str(one) for one in errors]
    assert place in found[0].path
    assert fix in found[0].fix
    assert found[0].rule
    assert found[0].consequence


def test_a_preparation_that_nobody_is_given() -> None:
    (finding,) = findings_of("vesicles: rvg", "vesicles: MSC")
    assert finding.severity == "warning"
    assert finding.path == "preparations.rvg"
    assert "no arm is given `rvg`" in finding.wrote
    assert "vesicles: rvg" in finding.fix


def test_sources_that_are_engineered_differently() -> None:
    second = "targeting: {neuron: 3}, cargo: {miR_146a: 10}}]}\n  other: {interventions: [{engineer: astrocyte, "
    text = GOOD.replace("targeting: {neuron: 3}, cargo: {miR_146a: 10}}]}", second + "targeting: {neuron: 7}}]}")
    dose = "{doses_from: other, particles_per_cell: 5, at: 1 h}, {\n      doses_from: source"
    text = text.replace("{\n      doses_from: source", dose)
    findings = interventions.check(io.loads(text))
    errors = [one for one in findings if one.severity == "error"]
    assert len(errors) == 1
    assert "`neuron.affinity_for_astrocyte` is changed 3 times" in errors[0].wrote
