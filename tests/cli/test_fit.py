"""`vesica fit release` and `vesica fit uptake` as a stranger uses them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from vesica import samples
from vesica.cli.app import main

RELEASE, UPTAKE = str(samples.path("release_timecourse.csv")), str(samples.path("uptake_dose_time.csv"))
SMALL = "dose (particle/cell),time (h),signal (particle/cell)\n" + "".join(
    f"{dose},{time},{dose * (1 - math.exp(-0.1 * time)) * (1 + 0.05 * (-1) ** (i + j)):.4g}\n"
    for i, dose in enumerate((100, 1000, 5000))
    for j, time in enumerate((1, 4))
)


def test_release_writes_a_whole_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "r"
    assert main(["fit", "release", RELEASE, "--out", str(out), "--no-png"]) == 0
    screen = capsys.readouterr()
    assert "particles per cell per hour" in screen.out
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        "summary.json",
        "rates.csv",
        "models.csv",
        "naive.csv",
        "readings.csv",
        "report.html",
        "model.yaml",
        "figures/time_course.svg",
        "figures/release_rate.svg",
        "petab/release.yaml",
        "petab/model_release.xml",
    } <= names
    summary = json.loads((out / "summary.json").read_text())
    assert summary["kind"] == "release"
    assert summary["rates"]["secretion"]["low"] < 100 < summary["rates"]["secretion"]["high"]
    assert summary["identifiability"]["inside"] == {"plastic": ["decay"]}
    assert main(["check", str(out / "model.yaml")]) == 0


def test_uptake_of_counted_particles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = tmp_path / "u.csv", tmp_path / "u"
    table.write_text(SMALL)
    assert (
        main(
            [
                "fit",
                "uptake",
                str(table),
                "--cells",
                "1e5",
                "--volume",
                "0.5 mL",
                "--stirred",
                "--out",
                str(out),
                "--no-png",
                "--json",
            ]
        )
        == 0
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed["law"].endswith("_consumed")
    assert printed["delivery"] == {"mixing": "stirred", "share": 1.0, "depth_mm": None, "diameter_nm": None}
    assert (out / "figures" / "dose_response.svg").exists()
    assert main(["check", str(out / "model.yaml")]) == 0


def test_one_density_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "release", RELEASE, "--json", "--doubling", "30 h"]) == 0
    assert "release" in json.loads(capsys.readouterr().out)["kind"]


@pytest.mark.parametrize(
    ("arguments", "wrote", "fix"),
    [
        (["release", RELEASE, "--cells", "0"], "`--cells` is 0", "write `--cells 1e6`"),
        (["release", RELEASE, "--volume", "10"], "has no unit", "2 mL"),
        (["release", RELEASE, "--carry-over", "120 %"], "`120 %` is 1.2", "`2 %`"),
        (
            ["release", RELEASE, "--cell", "astrocite"],
            "`astrocite` is not a cell type",
            "did you mean `astrocyte`?",
        ),
        (["release", UPTAKE], "is not a column of this table", "`"),
        (["release", "nowhere.csv"], "does not exist", "check the path"),
        (["uptake", UPTAKE], "no column `cells`", "--cells 1e5"),
        (
            ["uptake", UPTAKE, "--cells", "1e5", "--volume", "0.5 mL", "--depth", "2 mm", "--stirred"],
            "both `--stirred` and",
            "keep one",
        ),
        (
            ["uptake", UPTAKE, "--cells", "1e5", "--volume", "0.5 mL", "--subtract", "dey"],
            "invalid value for '--subtract'",
            "see",
        ),
        (["releese"], "releese", "did you mean `release`?"),
    ],
)
def test_wrong_input_has_four_parts(
    arguments: list[str], wrote: str, fix: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main(["fit", *arguments, *(["--out", str(out)] if len(arguments) > 1 else [])]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert wrote in captured.err
    assert fix in captured.err
    assert "Traceback" not in captured.err
    assert not out.exists()
