"""The `measured:` block: size laws through the instrument, and changes of miRNA from count tables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vesica import interventions
from vesica.errors import InputError
from vesica.readers import fold_changes, read_counts
from vesica.spec import io
from vesica.spec.measured import SAMPLES, TWO_SIDED
from vesica.spec.resolved import ResolvedModel

HEAD = """\
vesica: 1
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
run: {duration: 24 h}
cells: {microglia: {count: 1e6}}
exposures: [{agent: LPS, concentration: 100 ng/mL}]
"""
SIZES = 'measured:\n  sizes: {file: "sample:ev_nanosight34.csv", instrument: nta, cell: microglia}\n'
CARGO = """measured:
  cargo:
    - {cargo: miR_146a, row: mmu-mir-146a, cells: "sample:mirna_cell_counts.csv", evs: "sample:mirna_ev_counts.csv",
       control: "control", treated: "LPS", agent: LPS, cell: microglia, half_max: 10 ng/mL}
"""


def resolve(text: str, **switches: str) -> ResolvedModel:
    return interventions.resolve(io.loads(HEAD + text, file="m.yaml"), switches=switches)[0]


def test_a_size_file_replaces_the_library_law() -> None:
    """The truth behind the sample is a median of 95 nm with a gsd of 1.45, below the library's visibility by 5 nm."""
    model = resolve(SIZES)
    (measurement,) = model.measurements
    assert measurement.details["used"] == "measured", measurement.says
    median, gsd = (model.parameters[f"microglia.ilv_diameter_{name}"] for name in ("median", "gsd"))
    assert median.confidence == gsd.confidence == "measured"
    assert median.low < median.value < median.high
    assert 1.0 < gsd.low < gsd.value < gsd.high
    assert median.value * 1e3 == measurement.details["median_nm"]
    assert model.parameters["microglia.ilv_diameter_low"].confidence != "measured"


def test_a_refused_inversion_keeps_the_library_and_says_so(tmp_path: Path) -> None:
    """All particles in one bin: a size standard, no vesicles."""
    rows = "\n".join(f"{size},{1e9 if size == 101 else 0}" for size in range(1, 1001, 2))
    (tmp_path / "beads.csv").write_text(f"Particle Size (nm),Concentration (particles / ml)\n{rows}\n")
    text = HEAD + SIZES.replace("sample:ev_nanosight34.csv", "beads.csv")
    model, findings = interventions.resolve(io.loads(text, file=str(tmp_path / "m.yaml")))
    (measurement,) = model.measurements
    assert measurement.details["used"] == "library"
    assert model.parameters["microglia.ilv_diameter_median"].confidence != "measured"
    assert any(finding.severity == "warning" and "no size law" in finding.wrote for finding in findings)


def test_a_number_the_user_gives_stands_above_a_measured_one() -> None:
    model = resolve(SIZES + "parameters: {microglia.ilv_diameter_median: 80 nm}\n")
    assert model.parameters["microglia.ilv_diameter_median"].confidence == "given"
    assert model.parameters["microglia.ilv_diameter_gsd"].confidence == "measured"


def test_counts_become_two_rules() -> None:
    model = resolve(CARGO, loading="measured")
    cell, vesicle = (
        fold_changes(read_counts(SAMPLES / name), control="control", treated="LPS").row("mmu-mir-146a")
        for name in ("mirna_cell_counts.csv", "mirna_ev_counts.csv")
    )
    rules = {rule.target: rule for rule in model.rules if rule.origin == "measured"}
    assert set(rules) == {"miR_146a_production", "miR_146a_enrichment"}
    assert not [rule for rule in model.rules if rule.target in rules and rule.origin == "library"]
    production, enrichment = (
        model.parameters[f"rule.{rules[target].key}.fold"] for target in ("miR_146a_production", "miR_146a_enrichment")
    )
    assert production.value == pytest.approx(cell.ratio, rel=1e-12)
    assert enrichment.value == pytest.approx(vesicle.ratio / cell.ratio, rel=1e-12)
    assert (production.confidence, enrichment.confidence) == ("measured", "measured")
    spread = math.hypot(cell.standard_error, vesicle.standard_error)
    assert math.log2(enrichment.high / enrichment.value) == pytest.approx(TWO_SIDED * spread, rel=1e-9)
    assert rules["miR_146a_production"].verb == "increases"
    assert model.parameters[f"rule.{rules['miR_146a_production'].key}.half_max"].shown == "10 ng/mL"


def test_loading_is_a_switch() -> None:
    model = resolve(CARGO)  # sorting is assumed only where somebody says so
    assert [rule.target for rule in model.rules if rule.origin == "measured"] == ["miR_146a_production"]
    assert model.measurements[0].details["used"] == "unselective"
    assert resolve(CARGO + "switches: {loading: unselective}\n").rules == model.rules
    other = resolve(CARGO + "switches: {loading: measured}\n")
    assert len([rule for rule in other.rules if rule.origin == "measured"]) == 2
    with pytest.raises(InputError, match="loading"):
        resolve("switches: {loading: measured}\n")  # nothing was measured


def test_a_model_may_word_the_loading_switch_itself() -> None:
    text = CARGO + """
switches:
  loading:
    structure: true
    use: unselective
    options:
      unselective: {says: no sorting, without_rules: [micro_nfkb_mir146a]}
      measured: {says: sorting, without_rules: [micro_nfkb_mir146a]}
"""
    model, findings = interventions.resolve(io.loads(HEAD + text, file="m.yaml"))
    assert findings == []  # the rule is left out in the model's own words
    (switch,) = [switch for switch in model.switches if switch.name == "loading"]
    assert switch.options == {"unselective": "no sorting", "measured": "sorting"}
    assert [rule.target for rule in model.rules if rule.origin == "measured"] == ["miR_146a_production"]
    assert len([rule for rule in resolve(text, loading="measured").rules if rule.origin == "measured"]) == 2


@pytest.mark.parametrize(("old", "new", "says"), [
    ("mmu-mir-146a", "mmu-mir-146z", "mmu-mir-146a"),
    ("sample:mirna_cell_counts", "sample:mirna_cel_counts", "did you mean `mirna_cell_counts.csv`?"),
    ('"sample:mirna_cell_counts.csv"', "nowhere.csv", "is not a file"),
    ("cargo: miR_146a", "cargo: miR_146", "did you mean `miR_146a`?"),
    ("agent: LPS", "agent: LSP", "did you mean `LPS`?"),
    ("cell: microglia", "cell: microgla", "did you mean `microglia`?"),
    ('treated: "LPS"', 'treated: "IL-99"', "no sample begins with"),
    ("10 ng/mL", "10 mL", "dimension"),
])  # fmt: skip
def test_measurements_that_cannot_be_used(old: str, new: str, says: str) -> None:
    findings = interventions.check(io.loads(HEAD + CARGO.replace(old, new), file="m.yaml"))
    errors = [finding for finding in findings if finding.severity == "error"]
    assert any(says in str(finding) for finding in errors), "\n".join(map(str, errors))
    assert all(all((item.file, item.wrote, item.rule, item.consequence, item.fix)) for item in errors)


BV2 = Path(__file__).resolve().parents[3] / "shared" / "data" / "microglia_bv2"


@pytest.mark.real_data
@pytest.mark.skipif(not BV2.is_dir(), reason="needs the data folder beside the project")
def test_real_microglia() -> None:
    """LPS raises miR-146a in the cells far more than in their vesicles."""
    text = CARGO.replace("sample:mirna_cell_counts.csv", str(BV2 / "mirna_cell_counts.csv"))
    model = resolve(text.replace("sample:mirna_ev_counts.csv", str(BV2 / "mirna_ev_counts.csv")))
    (measurement,) = model.measurements
    assert float(measurement.details["cell_fold"]) > 10  # type: ignore[arg-type]
    assert float(measurement.details["loading_fold"]) < 1  # type: ignore[arg-type]
