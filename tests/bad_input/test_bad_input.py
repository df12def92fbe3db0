"""Each bad input gives an `InputError` whose finding has four parts, the right line and the way out.

In the texts, `# here` marks the line that the finding must name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from vesica import api, interventions
from vesica.errors import Finding, InputError
from vesica.spec import io
from vesica.spec.yaml_io import LIMIT_BYTES

GOOD = """\
vesica: 1
title: a small model
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still}
cells:
  astrocyte: {count: 1e6}
exposures:
  - {agent: ethanol, concentration: 40 mM, from: 0 h, to: 24 h}
arms:
  control: {exposures: []}
  ethanol: {}
  ko: {interventions: [{knock_out: TLR4, cells: [astrocyte]}]}
  given: {cells: {astrocyte: {count: 0}, neuron: {count: 5e5}},
          exposures: [{doses_from: ethanol, particles_per_cell: 1e3, at: 24 h}]}
rules:
  - "astrocyte: TLR4_activity increases HMGB1_production (half_max 3, hill 2, up to 3x)"
switches:
  escape: bonsergent
run: {duration: 48 h, every: 30 min, fidelity: well_mixed, seed: 1}
"""


def with_line(old: str, new: str, text: str = GOOD) -> str:
    """The good model with one piece of text replaced."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def findings_of(text: str) -> list[Finding]:
    """What a user is told about a model, at whatever stage it is noticed."""
    try:
        return interventions.check(io.loads(text, file="model.yaml"))
    except InputError as failure:
        return list(failure.findings)


def test_the_model_that_is_spoilt_below_is_good() -> None:
    assert findings_of(GOOD) == []
    interventions.resolve(io.loads(GOOD))


EXPOSURE = "  - {agent: ethanol, concentration: 40 mM, from: 0 h, to: 24 h}"
RULE = '  - "astrocyte: TLR4_activity increases HMGB1_production (half_max 3, hill 2, up to 3x)"'
WHOLE = "run: {duration: 48 h, fidelity: stochastic, replicates: 20, cells_at_most: 1000, window: 10 min}"
PUBLISHED = """\
published:
  - {key: k, says: s, source: t, quantity: q, against: control, direction: increase,
"""
RUN = "run: {duration: 48 h, every: 30 min, fidelity: well_mixed, seed: 1}"

BAD: dict[str, tuple[str, str, str]] = {
    # name: (old, new, what the finding must say)
    "unknown key": ("title: a small", "titel: a small model # here\n#", "did you mean `title`?"),
    "unknown key in run": (RUN, RUN.replace("seed", "sead") + " # here", "did you mean `seed`?"),
    "unknown key in a cell": ("count: 1e6}", "coutn: 1e6} # here", "did you mean `count`?"),
    "unknown key in an exposure": ("from: 0 h", "form: 0 h", "did you mean `from`?"),
    "unknown key in an arm": ("  ethanol: {}", "  ethanol: {exposure: []} # here", "did you mean `exposures`?"),
    "unknown cell type": ("  astrocyte: {count: 1e6}", "  astrocite: {count: 1e6} # here", "did you mean `astrocyte`?"),
    "unknown like": ("count: 1e6}", "count: 1e6, like: astrocite} # here", "did you mean `astrocyte`?"),
    "unknown cell type in an arm": ("neuron: {count: 5e5}", "neurone: {count: 5e5}", "did you mean `neuron`?"),
    "unknown cargo": (
        "count: 1e6}", "count: 1e6, cargo: {miR_146b: {basal: 3 copies}}} # here", "did you mean `miR_146a`?"),
    "unknown agent": (EXPOSURE, EXPOSURE.replace("ethanol", "etanol") + " # here", "did you mean `ethanol`?"),
    "unknown source": (RULE, RULE.replace("TLR4_act", "TLR4_akt") + " # here", "did you mean `TLR4_activity`?"),
    "unknown target": (RULE, RULE.replace("HMGB1_p", "HMGB_p") + " # here", "did you mean `HMGB1_production`?"),
    "unknown verb": (RULE, RULE.replace("increases", "increase") + " # here", "did you mean `increases`?"),
    "unknown cell of a rule": (RULE, RULE.replace("astro", "astra") + " # here", "did you mean `astrocyte`?"),
    "unknown number of a rule": (RULE, RULE.replace("hill", "hil") + " # here", "did you mean `hill`?"),
    "rule without numbers": (RULE, '  - "astrocyte: TLR4_activity increases escape_rate" # here', "brackets"),
    "rule without fold": (RULE, RULE.replace(", up to 3x", "") + " # here", "up to"),
    "rule with two directions": (RULE, RULE.replace("up to", "down to") + " # here", "contradictory"),
    "rule with a fold without x": (RULE, RULE.replace("3x", "3") + " # here", "up to 3x"),
    "rule with a unit too much": (RULE, RULE.replace("half_max 3", "half_max 3 mM") + " # here", "dimension"),
    "rule twice": (RULE, f"{RULE}\n{RULE} # here", "second time"),
    "unknown switch": ("  escape: bonsergent", "  escapes: bonsergent # here", "did you mean `escape`?"),
    "unknown option": ("  escape: bonsergent", "  escape: bonsergant # here", "did you mean `bonsergent`?"),
    "volume for a concentration": (EXPOSURE, EXPOSURE.replace("40 mM", "40 mL") + " # here", "another dimension"),
    "no unit": (EXPOSURE, EXPOSURE.replace("40 mM", "40") + " # here", "`40` has no unit"),
    "a way out of a volume": (
        EXPOSURE, EXPOSURE.replace("40 mM", "40 mL") + " # here", "a concentration, such as `10 nM` or `100 ng/mL`"),
    "slip in a unit": (EXPOSURE, EXPOSURE.replace("40 mM", "40 ng/mll") + " # here", "did you mean `ng/ml`?"),
    "unit in the wrong case": (EXPOSURE, EXPOSURE.replace("40 mM", "40 NM") + " # here", "did you mean `nM`?"),
    "cell with a reserved name": (
        "  astrocyte: {count: 1e6}", "  astrocyte: {count: 1e6}\n  medium: {count: 1, like: neuron} # here",
        "these words are taken"),
    "cargo with a reserved name": (
        "exposures:\n", "cargo:\n  one: {kind: mirna, topology: lumen} # here\nexposures:\n", "these words are taken"),
    "agent with a reserved name": ("exposures:\n", "agents:\n  rule: {} # here\nexposures:\n", "these words are taken"),
    "signal with a reserved name": (
        "count: 1e6}", "count: 1e6, signals: {zero: {basal: 1, decay_rate: 1 1/h}}} # here", "these words are taken"),
    "cell with the name of a cargo": (
        "  astrocyte: {count: 1e6}", "  astrocyte: {count: 1e6}\n  TLR4: {count: 1, like: neuron} # here",
        "`TLR4` is a cell type and a cargo"),
    "cell with the name of an agent": (
        "  astrocyte: {count: 1e6}", "  astrocyte: {count: 1e6}\n  ethanol: {count: 1, like: neuron} # here",
        "`ethanol` is a cell type and an agent"),
    "death of what cannot die": (
        RUN, f"parameters:\n  astrocyte.death_rate: 1 1/h # here\n{RUN}", "the value would change nothing"),
    "a century": (RUN, RUN.replace("48 h", "876601 h") + " # here", "at most 100 years"),
    "too many outputs": (RUN, RUN.replace("30 min", "1 us") + " # here", "at most 200 000 outputs"),
    "endless outputs": (RUN, RUN.replace("30 min", "1e-300 s") + " # here", "at most 200 000 outputs"),
    "negative seed": (RUN, RUN.replace("seed: 1", "seed: -1") + " # here", "write a whole number from 0 up"),
    "seed of words": (RUN, RUN.replace("seed: 1", "seed: 1.5") + " # here", "write a whole number from 0 up"),
    "no duration": (RUN, RUN.replace("48 h", "0 h") + " # here", "zero"),
    "empty intervention": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{}", "one of `knock_out`, `knock_down`, `inhibitor`, `block`"),
    "misspelt intervention": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{knockout: TLR4}", "did you mean `knock_out`?"),
    "unknown unit": (EXPOSURE, EXPOSURE.replace("40 mM", "40 mMol") + " # here", "unknown unit"),
    "negative": (EXPOSURE, EXPOSURE.replace("40 mM", "-40 mM") + " # here", "negative"),
    "NaN": (EXPOSURE, EXPOSURE.replace("40 mM", "nan mM") + " # here", "finite"),
    "YAML NaN": ("count: 1e6}", "count: .nan} # here", "finite"),
    "infinite": (EXPOSURE, EXPOSURE.replace("40 mM", "inf mM") + " # here", "finite"),
    "too large to be finite": (EXPOSURE, EXPOSURE.replace("40 mM", "1e999 mM") + " # here", "finite"),
    "negative cells": ("count: 1e6}", "count: -1} # here", "negative"),
    "no diameter at all": ("diameter: 35 mm", "diameter: 0 mm", "zero"),
    "a yes for a number": ("count: 1e6}", "count: true} # here", "yes/no"),
    "words for a number": ("count: 1e6}", "count: many} # here", "quantity"),
    "doses from an unknown arm": ("doses_from: ethanol", "doses_from: etanol", "did you mean `ethanol`?"),
    "dose without an amount": ("particles_per_cell: 1e3, ", "", "no amount"),
    "dose for a cell that is not there": ("at: 24 h}", "at: 24 h, to: astrocyte}", "neuron"),
    "dose after the end": ("at: 24 h}", "at: 49 h}", "run ends at 48 h"),
    "dose at the end": ("at: 24 h}", "at: 48 h}", "run ends at 48 h"),
    "exposure after the end": ("from: 0 h, to: 24 h", "from: 48 h, to: 60 h", "run ends at 48 h"),
    "exposure that ends before it begins": ("from: 0 h, to: 24 h", "from: 9 h, to: 3 h", "ends after it begins"),
    "unknown parameter": (RUN, f"parameters:\n  astrocyte.escape_rat: 1 1/h # here\n{RUN}", "`astrocyte.escape_rate`?"),
    "parameter of another dimension": (RUN, f"parameters:\n  astrocyte.escape_rate: 1 h # here\n{RUN}", "dimension"),
    "share above one": (RUN, f"parameters:\n  astrocyte.escrt_share: 120 % # here\n{RUN}", "at most 1"),
    "size law without width": (RUN, f"parameters:\n  astrocyte.ilv_diameter_gsd: 1 # here\n{RUN}", "above 1"),
    "size law upside down": (RUN, f"parameters:\n  astrocyte.ilv_diameter_median: 900 nm # here\n{RUN}", "median"),
    "unknown entry": (
        RUN, f'parameters:\n  astrocyte.escape_rate: "@escape.rate.bonsergant" # here\n{RUN}', "bonsergent"),
    "knock-out of nothing": ("knock_out: TLR4", "knock_out: TLR5", "did you mean `TLR4`?"),
    "knock-out where it is not": ("knock_out: TLR4", "knock_out: COX2", "neuron"),
    "knock-out in a stranger": ("cells: [astrocyte]}", "cells: [astrozyte]}", "did you mean `astrocyte`?"),
    "knock-down above all": ("knock_out: TLR4", "knock_down: TLR4, to: 130 %", "at most 1"),
    "unknown route": ("{knock_out: TLR4, cells: [astrocyte]}", "{block: receptor_transfers}", "`receptor_transfer`?"),
    "unknown inhibitor": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{inhibitor: GW4689, concentration: 10 uM}", "did you mean `GW4869`?"),
    "inhibitor after the end": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{inhibitor: GW4869, concentration: 10 uM, from: 3000 h}",
        "before its end"),
    "inhibitor back in time": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{inhibitor: GW4869, concentration: 1 uM, from: 3 h, to: 2 h}",
        "ends after it begins"),
    "inhibitor of nothing": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{inhibitor: imipramine, concentration: 10 uM}",
        "acts on asmase_activity"),
    "drug as an agent": (
        EXPOSURE, "  - {agent: GW4869, concentration: 1 uM}", "is an intervention"),
    "anti-miR of a protein": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{anti_mir: TLR4, to: 5 %}", "binds a miRNA"),
    "anti-miR that leaves nothing": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{anti_mir: miR_146a, to: 0}", "more than zero"),
    "cloak of nobody": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{cloak: phosphatidylserine, of: astrozyte, to: 5 %}",
        "did you mean `astrocyte`?"),
    "cloak of the lumen": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{cloak: miR_146a, of: astrocyte, to: 5 %}", "of their membrane"),
    "antibody to nothing": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{neutralise: TNFa, to: 5 %}", "did you mean `TNF`?"),
    "inhibitor by volume": (
        "{knock_out: TLR4, cells: [astrocyte]}", "{inhibitor: GW4869, concentration: 10 uL}", "dimension"),
    "missing run": (RUN, "", "`run` is missing"),
    "unknown fidelity": ("fidelity: well_mixed", "fidelity: wel_mixed", "did you mean `well_mixed`?"),
    "replicates of a mean": (RUN, RUN.replace("seed: 1", "replicates: 20"), "a mean has no chance in it"),
    "no replicates": (RUN, WHOLE.replace("20", "0") + " # here", "write a whole number from 1 to 100000"),
    "replicates of words": (RUN, WHOLE.replace("20", "twenty") + " # here", "write a whole number from 1 to 100000"),
    "half a replicate": (RUN, WHOLE.replace("20", "2.5") + " # here", "write a whole number from 1 to 100000"),
    "replicates that are true": (RUN, WHOLE.replace("20", "true") + " # here", "write a whole number from 1"),
    "too many replicates": (RUN, WHOLE.replace("20", "100001") + " # here", "write a whole number from 1 to 100000"),
    "no cells": (RUN, WHOLE.replace("1000", "-5") + " # here", "write a whole number from 1 to 100000"),
    "too many cells": (RUN, WHOLE.replace("1000", "1e6") + " # here", "write a whole number from 1 to 100000"),
    "no window": (RUN, WHOLE.replace("10 min", "0 min") + " # here", "it is more than zero"),
    "window of words": (RUN, WHOLE.replace("10 min", "ten minutes") + " # here", "`ten minutes`"),
    "window in mM": (RUN, WHOLE.replace("10 min", "10 mM") + " # here", "dimension"),
    "unknown mixing": ("mixing: still", "mixing: stil", "did you mean `still`?"),
    "unknown observable": (RUN, f"observe: [relesed] # here\n{RUN}", "`observe[0]` is `relesed`"),
    "an arm of nothing": ("  ethanol: {}", "  ethanol: # here", "`{}`"),
    "published about an unknown arm": (
        RUN, f"{PUBLISHED}     arm: etanol}} # here\n{RUN}",
        "did you mean `ethanol`?"),
    "another format": ("vesica: 1\n", "vesica: 2 # here\n", "format 1"),
    "another library": ("[library:cns]", "[library:cn]", "did you mean `cns`?"),
    "use of a file that is not there": ("[library:cns]", "[library:cns, no_such.yaml]", "is not a file"),
    "duplicate key": ("title: a small model", "title: a\ntitle: b # here", "twice"),
    "duplicate arm": ("  ethanol: {}", "  control: {} # here", "twice"),
    "tag": ("title: a small model", "title: !!python/object/apply:os.system [ls] # here", "tag"),
    "local tag": ("title: a small model", "title: !secret x # here", "tag"),
    "anchor": ("  astrocyte: {count: 1e6}", "  astrocyte: &a {count: 1e6} # here", "anchor"),
    "merge key": ("  astrocyte: {count: 1e6}", "  astrocyte: {<<: {count: 1e6}} # here", "not a word"),
    "tab": ("  astrocyte: {count: 1e6}", "\tastrocyte: {count: 1e6} # here", "tab"),
    "broken YAML": ("count: 1e6}", "count: [1e6} # here", "not YAML"),
    "two documents": (RUN, f"{RUN}\n--- # here\na: 1", "second document"),
    "invisible character": ("title: a small", "title: a\x07 small", "invisible"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_refused_at_its_line_with_the_way_out(name: str) -> None:
    old, new, says = BAD[name]
    text = with_line(old, new)
    marked = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("# here")]
    line = marked[0] if marked else GOOD[: GOOD.index(old)].count("\n") + 1
    errors = [finding for finding in findings_of(text) if finding.severity == "error"]
    assert errors, "nothing was said"
    fitting = [finding for finding in errors if says in str(finding)]
    assert fitting, "\n".join(map(str, errors))
    if name != "missing run":
        assert (fitting[0].file, fitting[0].line) == ("model.yaml", line), str(fitting[0])
    for finding in errors:
        assert all((finding.wrote, finding.rule, finding.consequence, finding.fix)), str(finding)
        assert finding.path or finding.line
    with pytest.raises(InputError):
        interventions.resolve(io.loads(text, file="model.yaml"))


@pytest.mark.parametrize("name", [name for name in BAD if name not in {"unknown key", "missing run"}])
def test_one_slip_gives_one_error(name: str) -> None:
    """A slip is not followed by a cascade: at most one more finding comes of it."""
    old, new, _ = BAD[name]
    errors = [finding for finding in findings_of(with_line(old, new)) if finding.severity == "error"]
    assert len(errors) <= 2, "\n".join(map(str, errors))


def test_all_slips_are_named_at_once() -> None:
    text = with_line("40 mM", "40 mL")
    text = with_line("knock_out: TLR4", "knock_out: TLR5", text)
    text = with_line("escape: bonsergent", "escape: bonsergant", text)
    assert {finding.line for finding in findings_of(text)} == {8, 12, 18}


def test_mass_concentration_without_molar_mass() -> None:
    text = with_line("exposures:\n", "agents:\n  mystery: {label: a mystery}\nexposures:\n")
    text = with_line("{agent: ethanol, concentration: 40 mM", "{agent: mystery, concentration: 40 mg/mL", text)
    (finding,) = findings_of(text)
    assert "molar_mass" in finding.fix
    assert finding.line == 10
    assert findings_of(with_line("{label: a mystery}", "{label: a mystery, molar_mass: 300 g/mol}", text)) == []


def test_two_arms_alike_are_a_warning() -> None:
    (finding,) = findings_of(with_line("  ethanol: {}", "  ethanol: {}\n  drunk: {}"))
    assert finding.severity == "warning"
    assert (finding.path, finding.line) == ("arms.drunk", 12)
    interventions.resolve(io.loads(with_line("  ethanol: {}", "  ethanol: {}\n  drunk: {}")))


def test_arms_alike_are_seen_whatever_their_words() -> None:
    same = "  same: {exposures: [{agent: ethanol, concentration: 0.04 M, from: 0 min, to: 1 d}]}"
    (finding,) = findings_of(with_line("  ethanol: {}", f"  ethanol: {{}}\n{same}"))
    assert "come out alike" in finding.wrote


def test_doses_in_a_circle() -> None:
    circle = "  ethanol: {exposures: [{doses_from: given, to: astrocyte, particles_per_cell: 1, at: 3 h}]}"
    (finding,) = findings_of(with_line("  ethanol: {}", circle))
    assert "ethanol -> given -> ethanol" in finding.wrote
    assert finding.line == 11


def test_an_arm_that_inherits_its_own_dose() -> None:
    text = with_line(EXPOSURE, "  - {doses_from: ethanol, to: astrocyte, particles_per_cell: 1, at: 3 h}")
    found = [finding for finding in findings_of(text) if finding.severity == "error"]
    assert "ethanol -> ethanol" in found[0].wrote
    assert found[0].line == 8


def test_cells_that_no_arm_has() -> None:
    cell = "  astrocyte: {count: 1e6}"
    (finding,) = findings_of(with_line(cell, f"{cell}\n  microglia: {{count: 0}}"))
    assert finding.severity == "warning"
    assert finding.line == 7


def test_an_intervention_on_absent_cells_is_a_warning() -> None:
    dose = "exposures: [{doses_from: ethanol"
    text = with_line(dose, f"interventions: [{{knock_out: HMGB1}}], {dose}")
    (finding,) = findings_of(text)
    assert finding.severity == "warning"
    assert finding.line == 14


def test_cyclic_use(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"{GOOD.replace('[library:cns]', '[b.yaml]')}")
    (tmp_path / "b.yaml").write_text("vesica: 1\nuse:\n  - library:cns\n  - a.yaml\n")
    with pytest.raises(InputError) as raised:
        io.load(tmp_path / "a.yaml")
    (finding,) = raised.value.findings
    assert "a.yaml -> b.yaml -> a.yaml" in finding.wrote
    assert (Path(finding.file or "").name, finding.line) == ("b.yaml", 4)


@pytest.mark.parametrize(("content", "says", "line"), [
    (b"", "empty", 1),
    (b"# only a comment\n", "empty", 1),
    (b"- vesica\n- 1\n", "a list", 1),
    (b"just a word\n", "a single value", 1),
    (b"vesica: 1\ntitle: \xff\xfe\n", "not UTF-8", 2),
    ("title: é\n".encode("utf-16"), "not UTF-8", 1),
    (b"title: \"" + b"x" * LIMIT_BYTES + b"\"\n", "5 MB", None),
    (b"a: " + b"[" * 100 + b"]" * 100, "nested", 1),
    (b"a: " + b"[" * 2_000_000 + b"]" * 2_000_000, "nested", 1),
    (b"- " * 400_000 + b"1", "nested", 1),
    (b"? " * 400_000 + b"1", "not a word", 1),
    (b"title: x\ncells: *a\n", "anchor", 2),
])  # fmt: skip
def test_files_that_are_no_models(tmp_path: Path, content: bytes, says: str, line: int | None) -> None:
    file = tmp_path / "model.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError) as raised:
        io.load(file)
    (finding,) = raised.value.findings
    assert says in str(finding)
    assert finding.line == line
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix))
    assert raised.value.exit_code == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        io.load(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(("override", "says"), [
    ("cells.astrocyte.coutn=3", "did you mean `count`?"),
    ("cells.astrocyte.count=many", "quantity"),
    ("exposures[3].agent=LPS", "has 1 items"),
    ("title.x=3", "stands below"),
    ("no equals sign", "sets nothing"),
    ("=3", "sets nothing"),
    ("a[b]=3", "sets nothing"),
])  # fmt: skip
def test_overrides_that_cannot_be(tmp_path: Path, override: str, says: str) -> None:
    file = tmp_path / "model.yaml"
    file.write_text(GOOD)
    with pytest.raises(InputError) as raised:
        interventions.resolve(io.load(file, [override]))
    assert says in str(raised.value)
    assert "--set" in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("medium: 2 mL", "medium: 200 mL", "domain.medium", "mm deep"),
        ("astrocyte: {count: 1e6}", "astrocyte: {count: 2e10}", "cells.astrocyte.count", "2e+10 cells"),
        ("astrocyte: {count: 1e6}", "astrocyte: {count: 0.5}", "cells.astrocyte.count", "0.5 cells"),
        ("to: 24 h", "to: 49 h", "exposures[0].to", "run ends at 48 h"),
        ("every: 30 min", "every: 49 h", "run.every", "output every `49 h`"),
    ],
)
def test_what_is_odd_is_a_warning(old: str, new: str, path: str, says: str) -> None:
    found = [finding for finding in findings_of(with_line(old, new)) if finding.path == path]
    assert [finding.severity for finding in found] == ["warning"]
    assert says in found[0].wrote
    interventions.resolve(io.loads(with_line(old, new)))


def test_a_run_of_no_length_is_one_finding_without_nan() -> None:
    findings = findings_of(with_line("48 h", "0 h"))
    assert [finding.path for finding in findings] == ["run.duration"]


def test_as_many_outputs_as_there_may_be() -> None:
    text = with_line("duration: 48 h, every: 30 min", "duration: 199999 s, every: 1 s")
    assert not [finding for finding in findings_of(text) if finding.path == "run.every"]
    assert [f.path for f in findings_of(text.replace("199999", "200000")) if f.severity == "error"] == ["run.every"]


def test_only_cells_that_can_die_have_a_hazard_of_death() -> None:
    parameters = interventions.resolve(io.loads(GOOD))[0].parameters
    assert {path for path in parameters if path.endswith(".death_rate")} == {"neuron.death_rate"}
    text = with_line(RUN, f"parameters: {{'*.death_rate': 0.5 1/h}}\n{RUN}")
    assert findings_of(text) == []


def test_articles() -> None:
    text = with_line("ethanol, concentration", "etanol, concentration")
    assert findings_of(text)[0].rule == "an agent has to be defined before it is used"


def test_a_number_of_the_table_is_set_below_parameters() -> None:
    with pytest.raises(InputError, match=r"parameters\.microglia\.escape_rate=1 1/h"):
        io.loads(GOOD, ["microglia.escape_rate=1 1/h"])


def test_a_misspelt_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "ethanol.yaml").write_text(GOOD)
    with pytest.raises(InputError, match=r"did you mean `.*ethanol\.yaml`\?"):
        io.load(tmp_path / "etanol.yaml")
    with pytest.raises(InputError, match="is a folder"):
        io.load(tmp_path)


def test_a_rule_on_the_death_of_a_cell_that_cannot_die_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(
        "vesica: 1\ndomain: {kind: dish, diameter: 35 mm, medium: 2 mL}\ncells: {astrocyte: {count: 1e6}}\n"
        'rules: ["astrocyte: NFkB_activity increases death_rate (half_max 3, hill 2, up to 3x)"]\n'
        "run: {duration: 1 h}\n"
    )
    found = [finding for finding in api.check(path) if finding.severity == "error"]
    assert len(found) == 1
    assert "death_rate" in found[0].wrote


@pytest.mark.parametrize(("other", "circle"), [("control", "control -> control"),
                                               ("ethanol", "control -> ethanol -> control")])
def test_an_arm_is_not_compared_with_itself(other: str, circle: str) -> None:
    text = GOOD.replace("  control: {exposures: []}", f"  control: {{exposures: [], against: {other}}}")
    found = findings_of(text.replace("  ethanol: {}", "  ethanol: {against: control}"))
    assert [(one.severity, one.path) for one in found] == [("error", "arms.control.against")]
    assert circle in found[0].wrote


def test_what_only_a_run_in_whole_numbers_refuses_has_its_line() -> None:
    text = GOOD.replace(RUN, WHOLE).replace("{kind: dish, diameter: 35 mm, medium: 2 mL, mixing: still}",
                                            "{kind: slice, thickness: 300 um, area: 10 mm^2, bath: 2 mL}")
    found = [one for one in api.check(io.loads(text, file="model.yaml")) if one.severity == "error"]
    assert [(one.path, one.file, one.line) for one in found] == [("domain.kind", "model.yaml", 4)]
