"""The command ``run`` in whole numbers: its words, its screen, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import whole_fake
from tests.cli.test_run import MODEL
from vesica import results
from vesica.cli import summary
from vesica.cli.app import main
from vesica.engine import fidelities
from vesica.report import write


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", "tests.cli.test_run_whole:still")
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def still(program, replicate):
    """Arms in which nothing moves, at a height that is the number of the replicate."""
    import numpy as np

    from vesica.engine.rows import parameter_row
    from vesica.engine.schedule import output_times
    from vesica.engine.well_mixed import Trajectory

    times = output_times(program.model.schedule)
    for arm in program.model.arms:
        values = np.full((times.size, len(program.species)), float(replicate))
        yield Trajectory(arm, times, values, parameter_row(program.model, arm), np.zeros(0), {})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(MODEL)
    return file


def test_words_on_the_command_line_make_the_replicates(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = model.parent / "run"
    command = ["run", str(model), "--out", str(out), "--no-report", "--fidelity", "stochastic", "--json"]
    assert main([*command, "--replicates", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["fidelity"] == "stochastic"
    assert told["summary"]["whole"]["control"]["replicates"] == 3
    run = results.open(out)
    assert run.axes.replicates == (0, 1, 2)
    assert [run.values("control", number).max() for number in (0, 1, 2)] == [0.0, 1.0, 2.0]
    sample = run.notes("control")["sample"]
    assert (sample["share"], sample["cells"], sample["of"]) == (0.01, {"astrocyte": 1000.0}, {"astrocyte": 1e5})


def test_a_replicate_alone(model: Path) -> None:
    out = model.parent / "run"
    assert main(["run", str(model), "--out", str(out), "--no-report", "--fidelity", "stochastic", "--replicates", "9",
                 "--replicate", "7", "--json"]) == 0
    run = results.open(out)
    assert (run.axes.replicates, run.values("control").max()) == ((7,), 7.0)


@pytest.mark.parametrize(("words", "says"), [
    (["--replicates", "3"], "a mean has no chance in it"),
    (["--fidelity", "stochastic", "--replicates", "0"], "a whole number from 1 to 100000"),
    (["--fidelity", "stochastik"], "did you mean `stochastic`?"),
    (["--replicate", "2"], "a mean has no chance in it"),
    (["--fidelity", "stochastic", "--replicate", "-1"], "replicates count from 0 to 99999"),
    (["--fidelity", "stochastic", "--draws", "3"], "chance and uncertain numbers are kept apart"),
    (["--fidelity", "stochastic", "--set", "cells.astrocyte.count=0.2"], "give a whole number of cells"),
])
def test_what_cannot_be_run_is_refused_before_anything_is_written(
    model: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    out = model.parent / "run"
    assert main(["run", str(model), "--out", str(out), *words]) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_another_number_of_replicates_is_another_run(model: Path, capsys: pytest.CaptureFixture[str],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    out = model.parent / "run"
    command = ["run", str(model), "--out", str(out), "--no-report", "--fidelity", "stochastic"]
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", "tests.cli.test_run_whole:stopped")
    assert main([*command, "--replicates", "3"]) == 130
    capsys.readouterr()
    assert main([*command, "--replicates", "4", "--resume"]) == 2
    assert "only the same run can be resumed" in capsys.readouterr().err
    assert main([*command, "--replicates", "3", "--replicate", "1", "--resume"]) == 2
    assert "other replicates" in capsys.readouterr().err
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", "tests.cli.test_run_whole:still")
    assert main([*command, "--replicates", "3", "--resume"]) == 0
    assert results.open(out).outcome == "completed"


def stopped(program, replicate):
    """Ctrl-C in the second replicate."""
    yield from still(program, replicate)
    if replicate == 1:
        raise KeyboardInterrupt


def test_check_says_what_a_run_in_whole_numbers_takes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(model), "--set", "run.fidelity=stochastic", "--set", "run.replicates=20"]) == 0
    out = capsys.readouterr().out
    for words in ("1000 cells followed in an arm", "0.01 of the dish", "20 replicates", "vesicles (at resting rates)",
                  "minutes of a core", "MB of results"):
        assert words in out


def test_the_screen_tells_bursts_and_shares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(fidelities.WHOLE, "stochastic", whole_fake.NAME)
    run = whole_fake.run(tmp_path / "run", whole_fake.model(2))
    summary.print_summary(run.summary, summary.console())
    out = capsys.readouterr().out
    assert "Whole numbers, replicates pooled" in out
    assert "400 of 4.00e5, 2 x" in out
    assert "control: " in out
    assert "carry at least one copy of mir" in out.replace("\n", " ")
    assert write(run.folder).is_file()
