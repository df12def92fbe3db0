"""The verbs at their edges: copies of data files, draws added to a run, the schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vesica import api
from vesica.errors import InputError
from vesica.spec import schema

MODEL = """\
vesica: 1
title: small
domain: {kind: dish, diameter: 35 mm, medium: 2 mL}
cells: {microglia: {count: 1e6}}
run: {duration: 2 h, every: 1 h}
"""
CARGO = """\
measured:
  cargo: [{cargo: miR_146a, row: mir, cells: CELLS, evs: EVS, control: c, treated: t, agent: LPS, cell: microglia,
           half_max: 5 ng/mL}]
"""


def write(folder: Path, text: str = MODEL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("cells", "evs", "copies"), [
    ("cells/counts.tsv", "evs/counts.tsv", {"cells/counts.tsv": b"1", "evs/counts.tsv": b"2"}),
    ("../cells/counts.tsv", "../evs/counts.tsv", {"counts.tsv": b"3", "2_counts.tsv": b"4"}),
    ("../cells/counts.tsv", "counts.tsv", {"counts.tsv": b"5", "2_counts.tsv": b"3"}),
    ("sample:mirna_cell_counts.csv", "counts.tsv", {"counts.tsv": b"5"}),
])  # fmt: skip
def test_two_files_of_one_name_are_both_copied(tmp_path: Path, cells: str, evs: str, copies: dict[str, bytes]) -> None:
    for number, name in enumerate(("m/cells/counts.tsv", "m/evs/counts.tsv", "cells/counts.tsv", "evs/counts.tsv",
                                   "m/counts.tsv"), start=1):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(str(number))
    path = write(tmp_path / "m", MODEL + CARGO.replace("CELLS", f"'{cells}'").replace("EVS", f"'{evs}'"))
    assert api._inputs(api.load(path)) == copies


def test_a_file_is_looked_up_beside_the_model_that_names_it(tmp_path: Path) -> None:
    write(tmp_path / "below", MODEL + CARGO.replace("CELLS", "a.tsv").replace("EVS", "b.tsv"))
    (tmp_path / "below" / "a.tsv").write_text("a")
    (tmp_path / "below" / "b.tsv").write_text("b")
    path = write(tmp_path, "use: [library:cns, below/model.yaml]\n")
    assert api._inputs(api.load(path)) == {"a.tsv": b"a", "b.tsv": b"b"}


def test_draws_are_not_added_to_a_run_of_another_model(tmp_path: Path) -> None:
    api.simulate(write(tmp_path), tmp_path / "run")
    other = write(tmp_path / "other", MODEL.replace("1e6", "2e6"))
    with pytest.raises(InputError, match="another model"):
        api.simulate(other, tmp_path / "run", draws=1, resume=True)
    assert not (tmp_path / "run" / "draws.json").exists()
    added = api.simulate(tmp_path / "model.yaml", tmp_path / "run", draws=1, resume=True)
    assert added.summary["draws"]["count"] == 1


def test_fewer_than_no_draws(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="-1 draws"):
        api.simulate(write(tmp_path), tmp_path / "run", draws=-1)
    assert not (tmp_path / "run").exists()


def test_the_schema_is_that_of_the_file_beside_the_docs() -> None:
    assert api.schema() == schema.schema()
    json.dumps(api.schema())


def test_an_arm_that_diverges_before_its_first_output_has_no_rates(tmp_path: Path) -> None:
    """The run ends as diverged, and says so; nothing is divided by a length of zero."""
    from vesica import results
    from vesica.errors import RunFault

    text = MODEL.replace("every: 1 h", "every: 2 h") + """
exposures: [{agent: ethanol, concentration: 40 mM, from: 0 h, to: 2 h}]
rules: ["microglia: ethanol increases miR_146a_production (half_max 10 mM, hill 1, up to 1e305x)"]
"""
    with pytest.raises(RunFault, match="miR_146a"):
        api.simulate(write(tmp_path, text), tmp_path / "run")
    summary = results.open(tmp_path / "run").summary
    assert summary["outcome"] == "diverged"
    assert summary["arms"]["base"]["cells"]["microglia"]["released_per_cell_per_hour"] is None
    assert "microglia.released_per_cell_per_hour" not in summary["arms"]["base"]["quantities"]


def test_a_size_law_is_checked_in_every_arm(tmp_path: Path) -> None:
    text = MODEL + "arms: {a: {}, b: {parameters: {microglia.ilv_membrane_thickness: 20 nm}}}\n"
    findings = api.check(write(tmp_path, text))
    assert [finding.path for finding in findings if finding.severity == "error"] == ["microglia.ilv_diameter_low"]


def test_a_fidelity_that_nobody_runs(tmp_path: Path) -> None:
    findings = api.check(write(tmp_path, MODEL.replace("1 h}", "1 h, fidelity: by_hand}")))
    (finding,) = [finding for finding in findings if finding.severity == "error"]
    assert finding.path == "run.fidelity"
    assert "`well_mixed`" in finding.fix
