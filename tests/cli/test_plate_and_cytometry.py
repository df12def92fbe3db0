"""`vesica plate` and `vesica cytometry` as a user types them: screen, JSON, folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.test_cytometry import BEADS, sample
from tests.unit.test_plates import grid, plate_of
from vesica.cli import app

SERIES = ["--standards", "2000 pg/mL /2.5 x7"]


@pytest.fixture
def plate(tmp_path: Path) -> list[str]:
    signals, words = plate_of()
    (tmp_path / "plate.csv").write_text(grid(signals))
    (tmp_path / "layout.csv").write_text(grid(words))
    return ["plate", str(tmp_path / "plate.csv"), "--layout", str(tmp_path / "layout.csv")]


@pytest.fixture
def flow(tmp_path: Path) -> list[str]:
    names = [str(sample(tmp_path / f"{fold}.fcs", 2400 // fold)) for fold in (1, 2, 4)]
    (tmp_path / "beads.csv").write_text(BEADS)
    return ["cytometry", *names, "--dilution", "1", "--dilution", "2", "--dilution", "4"]


def test_a_plate_is_read_to_a_folder(plate: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    (tmp_path / "a.csv").write_text("sample,particles (particles/mL)\nmedium A,1e9\n")
    assert app.main([*plate, *SERIES, "--amounts", str(tmp_path / "a.csv"), "--out", str(out), "--no-png"]) == 0
    assert "of 4 samples are within the standards" in capsys.readouterr().out
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names >= {"summary.json", "samples.csv", "standards.csv", "dilutions.csv", "curve.csv", "report.html",
                     "figures/curve.svg"}
    assert "per particle (pg/particle)" in (out / "samples.csv").read_text().splitlines()[0]
    said = json.loads((out / "summary.json").read_text())
    assert said["samples"]["medium A"]["per_particle"] == pytest.approx(
        said["samples"]["medium A"]["concentration"] / 1e9)


def test_a_plate_speaks_json(plate: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main([*plate, *SERIES, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["unit"] == "pg/mL"
    assert said["samples"]["EV A"]["concentration"] is None
    assert said["samples"]["EV A"]["limit"] == "> 32,000"


def test_flow_files_are_read_to_a_folder(flow: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code = app.main([*flow, "--calibration", str(tmp_path / "beads.csv"), "--gate", "SSC-A > 500", "--out", str(out),
                     "--no-png"])
    assert code == 0
    assert "bead-equivalent diameter" in capsys.readouterr().out
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names >= {"files.csv", "calibrated.csv", "beads.csv", "channels.csv", "miflowcyt_ev.csv", "report.html",
                     "figures/diameter_ssc_a.svg", "figures/mesf_fitc_a.svg", "figures/series.svg"}


def test_flow_files_without_beads_show_their_signals(flow: list[str], tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main([*flow[:2], "--volume", "20 uL", "--out", str(tmp_path / "out"), "--no-png"]) == 0
    assert (tmp_path / "out" / "figures" / "signal_ssc_a.svg").exists()
    assert "fewer than three dilutions" in capsys.readouterr().err
    assert app.main([*flow[:2], "--volume", "20 uL", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"][0]["per_ml"] == pytest.approx(2400 / 0.02)
