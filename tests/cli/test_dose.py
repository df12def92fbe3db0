"""`vesica dose` as a user types it: screen, JSON, folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vesica.cli import app

FEW = ["--samples", "100"]


def test_the_answer_stands_on_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["dose", *FEW]) == 0
    shown = capsys.readouterr().out
    assert "Needed per recipient: 404,000 EVs taken up at once" in shown
    assert "Decided most by" in shown


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["dose", "--json", *FEW, "--titration", "library"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "dose"
    assert said["needed_copies"]["value"] > 1000
    assert said["held"]["unit"] == ""


@pytest.mark.parametrize("place", [[], ["--distance", "50 um"], ["--uptake-share", "0.2..0.5"]])
def test_a_folder_holds_tables_pictures_and_a_report(tmp_path: Path, place: list[str]) -> None:
    out = tmp_path / "dose"
    assert app.main(["dose", *FEW, *place, "--out", str(out), "--no-png"]) == 0
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names >= {"summary.json", "dose.csv", "swing.csv", "recipients.csv", "inputs.csv", "report.html",
                     "figures/supply.svg", "figures/bolus.svg", "figures/swing.svg"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "What decides" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


FIXED = ["--copies-per-ev", "0.01", "--loaded-fraction", "1", "--escape", "0.3", "--threshold", "1000", "--half-life",
         "20 h", "--release", "100 EV/cell/h", "--uptake-share", "0.5"]


@pytest.mark.parametrize("extreme", [
    FIXED, ["--distance", "10 mm", "--time", "1 min"], ["--distance", "8 um"], ["--donors", "1e30"],
    ["--escape", "1e-12"], ["--loaded-fraction", "1e-12"], ["--copies-per-ev", "1e6", "--escape", "1"],
])
def test_extreme_numbers_are_drawn_and_written(tmp_path: Path, extreme: list[str]) -> None:
    assert app.main(["dose", *FEW, *extreme, "--out", str(tmp_path / "out"), "--no-png"]) == 0


def test_overfull_dishes_are_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["dose", *FEW, "--donors", "1e9"]) == 0
    assert "of the medium" in capsys.readouterr().err
