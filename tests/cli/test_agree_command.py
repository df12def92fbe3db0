"""`vesica agree`: exit codes, the folder, what is kept, and that nothing is loaded for its help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vesica.cli.app import main
from vesica.engine.program import Program
from vesica.engine.simulate import run_all
from vesica.engine.well_mixed import Trajectory
from vesica.rng import stream
from vesica.studies import agree

MODEL = """vesica: 1
title: Astrocytes alone
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
cells: {astrocyte: {count: 1e6}}
run: {duration: 2 h, every: 1 h, fidelity: well_mixed, seed: 1}
"""


RUN = agree.run


class Fake:
    """Poisson-like scatter about the mean field times ``1 + off``."""

    def __init__(self, off: float = 0.0, stop_at: int | None = None) -> None:
        self.off, self.stop_at, self.calls = off, stop_at, 0
        self.known: dict[int, list[Trajectory]] = {}

    def __call__(self, program: Program, replicate: int, _rests: object, *, finer: float) -> Iterator[Trajectory]:
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        for one in self.known.setdefault(id(program), list(run_all(program))):
            random = stream(program.model.schedule.seed, "fake", replicate)
            spread = np.sqrt(np.abs(one.values)) / 2.0
            signals = np.array([pool.unit == "" for pool in program.table.pools])
            spread[:, signals] = 0.0
            mean = np.where(signals, one.values, one.values * (1.0 + self.off))
            yield replace(one, values=mean + spread * random.standard_normal(mean.shape[1]))


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "m.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return ["agree", "m.yaml", "--scales", "1,4", "--replicates", "8", "--no-png"]


def use(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    """Put a stand-in in the place of the engine, in this process."""
    monkeypatch.setattr(agree, "run", lambda *given, **named: RUN(*given, **named, fidelity=fake, workers=1))


def test_agreement_ends_with_0_and_a_folder(command, tmp_path, monkeypatch, capsys) -> None:
    use(monkeypatch, Fake())
    assert main([*command, "--out", "agreed"]) == 0
    said = capsys.readouterr().out
    assert "The fidelities agree in all" in said
    assert "astrocyte." in said
    folder = tmp_path / "agreed"
    assert {one.name for one in folder.iterdir()} == {"agree.json", "agreement.csv", "figures", "report.html",
                                                      "summary.json"}
    kept = json.loads((folder / "agree.json").read_text())
    assert kept["agree"] is True
    assert kept["compared"] == len(kept["comparisons"])
    assert [dict(counts) for counts in kept["cells"].values()] == [{"astrocyte": 4.0}]
    assert "1/scale" in (folder / "figures" / "gap_1.svg").read_text()
    assert not list(tmp_path.glob("*.partial.jsonl"))


def test_disagreement_ends_with_3_and_keeps_its_results(command, tmp_path, monkeypatch, capsys) -> None:
    use(monkeypatch, Fake(off=0.5))
    assert main([*command, "--out", "apart", "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 3
    assert said["agree"] is False
    assert said["disagree"] > 0
    assert (tmp_path / "apart" / "report.html").is_file()


def test_ctrl_c_keeps_the_replicates(command, tmp_path, monkeypatch, capsys) -> None:
    use(monkeypatch, Fake(stop_at=20))
    assert main([*command, "--out", "late"]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    partial = tmp_path / "late.partial.jsonl"
    assert len(partial.read_text().split()) > 0
    fake = Fake()
    use(monkeypatch, fake)
    assert main([*command, "--out", "late"]) == 0
    assert fake.calls == len(agree.Plan((1.0, 4.0), 8).tasks()) - 19
    assert not partial.exists()


@pytest.mark.parametrize("wrong", [["--scales", "1"], ["--scales", "1,1e9"], ["--scales", "ten,1"],
                                   ["--scales", "100,1"], ["--replicates", "2"],
                                   ["--set", "cells.astrocyte.count=many"]])
def test_input_that_shows_nothing_ends_with_2(command, wrong, capsys) -> None:
    assert main([*command, *wrong]) == 2
    assert "error" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(command, tmp_path, monkeypatch) -> None:
    use(monkeypatch, Fake())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert main([*command, "--out", "mine"]) == 2
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["notes.txt"]
