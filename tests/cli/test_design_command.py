"""`vesica design`: exit codes, the folder, refusals, and that a plan can be read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from vesica.cli.app import main
from vesica.studies import design as study

MODEL = """vesica: 1
title: Astrocytes with and without ethanol
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells: {astrocyte: {count: 1e6}}
switches:
  dose:
    use: strong
    options:
      strong:
        says: ethanol helps docking
        rules: ["astrocyte: ethanol increases mvb_docking_rate (half_max 10 mM, hill 1, up to 6x)"]
      weak:
        says: ethanol hardly helps docking
        rules: ["astrocyte: ethanol increases mvb_docking_rate (half_max 10 mM, hill 1, up to 1.2x)"]
arms:
  control: {}
  ethanol: {exposures: [{agent: ethanol, concentration: 40 mM, from: 0 h, to: 6 h}], against: control}
run: {duration: 6 h, every: 1 h, fidelity: well_mixed, seed: 1}
"""
KEY = "astrocyte.released_per_cell_per_hour"
ASK = ["--between", "dose=strong,weak", "--measure", f"{KEY}:nta", "--simulations", "400", "--no-png"]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "m.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return "m.yaml"


def test_a_folder_holds_the_plan(file, tmp_path: Path, capsys) -> None:
    assert main(["design", file, *ASK, "--out", "d"]) == 0
    said = capsys.readouterr().out
    assert "Which experiment tells strong from weak?" in said
    assert "Plate 1" in said
    folder = tmp_path / "d"
    rows = list(csv.DictReader((folder / "plan.csv").read_text().splitlines()))
    assert {row["arm"] for row in rows} == {"control", "ethanol"}
    assert {row["assay"] for row in rows} == {"nta"}
    kept = json.loads((folder / "summary.json").read_text())
    assert kept["kind"] == "design"
    assert kept["hypotheses"] == ["strong", "weak"]
    wells = {(row["plate"], row["well"]) for row in rows}
    assert len(wells) == kept["best"]["wells"] == 2 * kept["best"]["replicates"]
    picture = (folder / "figures" / "plate_1.svg").read_text()
    assert picture.count('class="empty-well"') == 96 - len(wells)
    assert "Plate 1 of 1" in (folder / "report.html").read_text()
    assert main(["design", file, *ASK, "--out", "d"]) == 0  # a folder of its own kind is replaced
    (folder / "summary.json").write_text('{"kind": "nta"}')
    assert main(["design", file, *ASK, "--out", "d"]) == 2


def test_json_is_one_object_and_no_effect_the_other_hypothesis(file, capsys) -> None:
    assert main(["design", file, *ASK[2:], "--json", "--times", "2 h, 6 h", "--cv", "nta=15%"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["hypotheses"] == ["m", "no effect"]
    assert said["times_h"] == [2.0, 6.0]
    assert said["designs"][0]["power"] >= 0.8


def test_two_files_are_two_hypotheses(file, tmp_path: Path, capsys) -> None:
    (tmp_path / "n.yaml").write_text(MODEL.replace("use: strong", "use: weak"))
    assert main(["design", file, "n.yaml", *ASK[2:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hypotheses"] == ["m", "n"]


@pytest.mark.parametrize(("wrong", "words"), [
    (["--between", "dose=strong"], "two of its options"),
    (["--between", "dose=strong,strong"], "two of its options"),
    (["--between", "dos=strong,weak"], "did you mean `dose`"),
    (["--between", "dose=strong,week"], "did you mean `weak`"),
    (["m.yaml", "--between", "dose=strong,weak"], "two models, two options of a switch"),
    (["--cv", "nta"], "write `--cv nta=24%`"),
    (["--cv", "nta=0%"], "lies above 0"),
    (["--replicates", "0"], "at least two replicates"),
    (["--plate", "48"], "write `--plate 96`"),
    (["--power", "none"], "--power"),
    (["--fold", "2"], "stands beside a model"),
    (["--measure", "neuron.COX2"], "not a known quantity"),
])
def test_wrong_input_ends_with_2(file, wrong, words, capsys, tmp_path: Path) -> None:
    assert main(["design", file, *ASK[2:], *wrong, "--out", "d"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert not (tmp_path / "d").exists()


def test_without_files_there_is_nothing_to_tell_apart(capsys) -> None:
    assert main(["design"]) == 2
    assert "vesica design A.yaml B.yaml" in capsys.readouterr().err


def test_a_fold_needs_no_model(capsys, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["design", "--fold", "1.8", "--replicates", "20", "--out", "f", "--no-png"]) == 0
    assert "Vogel 2016" in capsys.readouterr().out
    assert (tmp_path / "f" / "power.csv").is_file()
    assert main(["design", "--fold", "1"]) == 2
    assert "other than 1" in capsys.readouterr().err


def test_ctrl_c_says_what_was_kept(file, monkeypatch, capsys, tmp_path: Path) -> None:
    def stopped(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "run", stopped)
    assert main(["design", file, *ASK, "--out", "d"]) == 130
    assert "Nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
