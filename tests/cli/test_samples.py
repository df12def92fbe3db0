"""The packaged samples: listed, copied, and read by the command each of them names."""

from __future__ import annotations

import glob
import json
import shlex
from pathlib import Path

import pytest

from vesica import samples
from vesica.cli.app import main


def test_every_sample_is_described() -> None:
    for name in samples.names():
        assert samples.described(name)["words"]


def test_samples_are_copied_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ev_sizes.csv").write_text("mine")
    assert main(["samples", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sorted(said["copied"]) == sorted(set(samples.names()) - {"ev_sizes.csv"})
    assert (tmp_path / "ev_sizes.csv").read_text() == "mine"
    assert (tmp_path / "ev_nanosight34.csv").read_bytes() == samples.path("ev_nanosight34.csv").read_bytes()


def test_a_file_in_the_way_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["samples", str(tmp_path / "taken")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_every_sample_is_read_by_its_command(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["samples", "."]) == 0
    for command in sorted({samples.described(name)["try"] for name in samples.names()}):
        words = [part for word in shlex.split(command)[1:] for part in (sorted(glob.glob(word)) or [word])]  # noqa: PTH207
        assert main(words) == 0, command
        shown = capsys.readouterr()
        assert shown.out.strip(), command
        assert "error:" not in shown.err, command
