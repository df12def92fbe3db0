"""`vesica attribute`: exit codes, the folder, one JSON object, what is kept when it is cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vesica.cli.app import main
from vesica.studies import attribute as study

MODEL = """vesica: 1
title: Microglia send a factor that neurons answer to
use: [library:cns]
domain: {kind: dish, diameter: 35 mm, medium: 2 mL, mixing: stirred}
solubles: {X: {decay_rate: 0.5 1/h}}
networks:
  sender: {constants: {s: 0.01 molecule/s}, reactions: {send: {equation: "-> X", rate: s}}}
  answer:
    states: {Z: {initial: 0}}
    constants: {a: 0.002 um^3/molecule/s, k: 0.5 1/h}
    reactions: {rise: {equation: "-> Z", rate: a * X}, fall: {equation: "Z ->", rate: k * Z}}
cells:
  microglia: {count: 2e5, networks: [sender]}
  neuron: {count: 1e5, networks: [answer]}
arms:
  few: {cells: {microglia: {count: 1e5}}}
  many: {against: few}
run: {duration: 12 h, every: 1 h}
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    (tmp_path / "m.yaml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return ["attribute", "m.yaml", "--effect", "neuron.Z", "--arm", "many", "--no-controls", "--no-png"]


def test_the_folder_and_the_screen(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One factor brings all of it; half the senders bring half of it."""
    assert main([*command, "--change", "--out", "who"]) == 0
    said = capsys.readouterr()
    assert "soluble factors of microglia 100 %" in said.out
    assert "All 2 coalitions of 1 player were run" in said.out
    assert "coalitions" in said.err
    kept = json.loads((tmp_path / "who" / "summary.json").read_text())
    assert kept["kind"] == "attribute"
    (effect,) = kept["effects"]
    assert effect["against"]["few"] == pytest.approx(effect["level"] / 2, rel=1e-4)
    assert effect["whole"] == pytest.approx(effect["level"] / 2, rel=1e-4)
    assert effect["exact"] is True
    for name in ("players.csv", "report.html", "figures/shares_1.svg"):
        assert (tmp_path / "who" / name).is_file()
    assert not (tmp_path / "who.partial.jsonl").exists()
    assert "Nothing leads to it from" in said.out


def test_one_json_object(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--json", "--at", "6 h"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert said.err == ""
    assert found["exit_code"] == 0
    assert found["effects"][0]["at_h"] == 6.0
    assert found["effects"][0]["players"][0]["name"] == "soluble factors of microglia"


@pytest.mark.parametrize(("words", "expected"), [
    (["--effect", "neuron.Y"], "did you mean `neuron.Z`"),
    (["--arm", "man"], "did you mean `many`"),
    (["--by", "colour"], "channel, sender, cargo"),
    (["--at", "six"], "write `--at 24 h`"),
    (["--at", "13 h"], "give a time up to 12 h"),
    (["--by", "channel,sender,cargo", "--effect", "neuron.alive", "--budget", "10"], "or tell fewer players apart"),
])
def test_what_cannot_be_asked_is_the_users_input(
    command: list[str], words: list[str], expected: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*command, *words]) == 2
    assert expected in capsys.readouterr().err


def test_ctrl_c_says_what_is_kept(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "attribute", cut)
    assert main([*command, "--out", "who"]) == 130
    assert "who.partial.jsonl; the same command goes on" in capsys.readouterr().err
    assert main(command) == 130
    assert "give `--out DIR` to keep what is done" in capsys.readouterr().err


def test_a_folder_of_something_else_is_not_touched(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "who").mkdir()
    (tmp_path / "who" / "mine.txt").write_text("keep")
    assert main([*command, "--out", "who"]) == 2
    assert (tmp_path / "who" / "mine.txt").read_text() == "keep"
