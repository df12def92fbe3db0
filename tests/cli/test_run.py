"""The commands on a small model of the library: one run serves all tests that only read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vesica
from vesica.cli.app import main

MODEL = """\
vesica: 1
title: Small
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells:
  astrocyte: {count: 1e5}
exposures:
  - {agent: ethanol, concentration: 40 mM, from: 0 h, to: 1 h}
arms:
  control: {exposures: []}
  ethanol: {}
run: {duration: 2 h, every: 30 min, fidelity: well_mixed, seed: 1}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "small.yaml"
    file.write_text(MODEL)
    return file


@pytest.fixture(scope="module")
def folder(model: Path) -> Path:
    out = model.parent / "run"
    assert main(["run", str(model), "--out", str(out)]) == 0
    return out


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_check_says_rules_arms_switches_and_cost(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(model)]) == 0
    out = capsys.readouterr().out
    for part in ("Rules:", "When ethanol rises", "Arms:", "Contested choices", "states", "minutes", "ready to run"):
        assert part in out
    assert main(["check", str(model), "--json"]) == 0
    found = told(capsys)
    assert found["ok"]
    assert found["cost"]["states"] > 0
    assert set(found["arms"]) == {"control", "ethanol"}


def test_explain_lists_every_number(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(model), "--json"]) == 0
    found = told(capsys)
    assert sum(found["confidence"].values()) == len(found["parameters"]) > 20
    assert {"path", "value", "unit", "low", "high", "confidence", "source"} <= set(found["parameters"][0])
    assert main(["explain", str(model)]) == 0
    assert all(number["path"] in capsys.readouterr().out for number in found["parameters"][:1])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("astrocyte: {count", "astrocite: {count", "did you mean `astrocyte`?"),
        ("35 mm", "35 mM", "domain.diameter"),
        ("fidelity: well_mixed", "fidelity: tissue", "well_mixed"),
        ("vesica: 1", "vesica: 1\nvesica: 1", "line"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run", "explain"])
def test_a_bad_model_ends_with_2_and_leaves_nothing(
    command: str, old: str, new: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, out = tmp_path / "bad.yaml", tmp_path / "run"
    bad.write_text(MODEL.replace(old, new))
    more = ["--out", str(out)] if command == "run" else []
    assert main([command, str(bad), *more]) == 2
    assert said in capsys.readouterr().err
    assert main([command, str(bad), *more, "--json"]) == 2
    assert any(finding["severity"] == "error" for finding in told(capsys)["findings"])
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_the_model_can_be_changed_on_the_way_in(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(model), "--set", "cells.astrocite.count=1"]) == 2
    assert main(["check", str(model), "--switch", "no_such=thing"]) == 2
    capsys.readouterr()
    assert main(["check", str(model), "--json"]) == 0
    name, switch = next(iter(told(capsys)["switches"].items()))
    other = next(option for option in switch["options"] if option != switch["chosen"])
    assert main(["check", str(model), "--json", "--switch", f"{name}={other}"]) == 0
    assert told(capsys)["switches"][name]["chosen"] == other


def test_a_run_leaves_a_whole_folder(folder: Path) -> None:
    assert {"model.yaml", "spec.yaml", "run.json", "results.zarr", "summary.json", "report.html"} <= {
        path.name for path in folder.iterdir()
    }
    assert (folder / "model.yaml").read_text() == MODEL
    assert vesica.open(folder).outcome == "completed"


@pytest.mark.parametrize("command", ["show", "cite", "report"])
def test_commands_on_a_folder(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(folder)]) == 0
    assert capsys.readouterr().out
    assert main([command, str(folder), "--json"]) == 0
    assert told(capsys)["exit_code"] == 0


def test_show_has_the_ledger_of_every_arm(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder)]) == 0
    out = capsys.readouterr().out
    for part in ("Where the vesicles are", "residual", "control", "ethanol", "Numbers used:", "report.html"):
        assert part in out


def test_json_of_a_run_is_one_object_and_the_report_can_be_left_out(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["run", str(model), "--out", str(out), "--json", "--no-report", "--seed", "7"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = json.loads(captured.out)
    assert (found["outcome"], found["report"], found["exit_code"]) == ("completed", None, 0)
    assert found["summary"]["arms"]["ethanol"]["ledger"]["vesicles"]["made"] > 0
    assert json.loads((out / "run.json").read_text())["seed"] == 7
    assert not (out / "report.html").exists()


def test_a_run_is_not_written_over(model: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "run.json").read_bytes()
    assert main(["run", str(model), "--out", str(folder)]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert main(["run", str(model), "--out", str(folder), "--resume"]) == 2
    assert "is complete" in capsys.readouterr().err
    assert (folder / "run.json").read_bytes() == before


def test_draws_in_every_structure(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    arguments = ["run", str(model), "--out", str(out), "--draws", "2", "--structures", "escape"]
    assert main([*arguments[:-3], "100001"]) == 2
    assert "at most 100000 draws" in capsys.readouterr().err
    assert main([*arguments, "--no-report", "--json"]) == 0
    assert told(capsys)["summary"]["draws"]["count"] == 2
    drawn = json.loads((out / "draws.json").read_text())
    assert len(drawn["structures"]) > 1


def test_an_unknown_structure_is_refused_before_anything_is_written(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["run", str(model), "--out", str(out), "--draws", "2", "--structures", "escpae"]) == 2
    assert "did you mean `escape`?" in capsys.readouterr().err
    assert not out.exists()


def test_ctrl_c_keeps_the_run_and_resume_ends_it(model: Path, tmp_path: Path) -> None:
    """Interrupted during the draws, which last; the rows and the draws done so far are kept."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "vesica", "run", str(model), "--out", str(out), "--no-report", "--draws"]
    process = subprocess.Popen([*command, "100000"], stderr=subprocess.PIPE, text=True, start_new_session=True)
    end = time.monotonic() + 120
    while not (out / "draws.partial.jsonl").exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends Ctrl-C to the worker processes, too
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped by Ctrl-C." in said
    assert "--resume" in said
    assert "Traceback" not in said
    done = subprocess.run([*command, "3", "--resume"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert vesica.open(out).summary["draws"]["count"] == 3


class TestPython:
    def test_the_five_verbs(self, model: Path, tmp_path: Path) -> None:
        spec = vesica.load(model, overrides=["run.duration=1 h"])
        assert [finding for finding in vesica.check(spec) if finding.severity == "error"] == []
        results = vesica.simulate(spec, tmp_path / "run")
        assert results.outcome == "completed"
        assert results.summary["duration_h"] == 1.0
        assert vesica.load(tmp_path / "run" / "model.yaml") == spec
        assert vesica.report(tmp_path / "run") == tmp_path / "run" / "report.html"

    def test_check_gives_findings_and_never_raises(self, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text("vesica: 1\ncels: {}\n")
        assert any(finding.severity == "error" for finding in vesica.check(tmp_path / "bad.yaml"))

    def test_report_is_called_also_when_the_room_of_that_name_was_imported(self, folder: Path) -> None:
        code = ("import sys, vesica; import vesica.report.page as page; from vesica.report import write\n"
                "assert page.write is write is vesica.report.write; print(vesica.report(sys.argv[1]))")
        done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
        assert (done.stdout.strip(), done.stderr) == (str(folder / "report.html"), "")
