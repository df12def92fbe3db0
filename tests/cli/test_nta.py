"""`vesica nta` as a person at the bench runs it."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest

from tests.nta_files import written
from vesica.cli.app import main


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """Two groups of three dishes, a blank, and one video that the instrument does not trust."""
    rng = [1.00, 1.08, 0.93]
    for number, factor in enumerate(rng):
        written(
            tmp_path / f"ctrl{number}.csv", [2e10 * factor, 2.1e10 * factor], sample=f"ctrl{number}", seed=number
        )
        written(
            tmp_path / f"lps{number}.csv",
            [4e10 * factor, 4.1e10 * factor],
            sample=f"lps{number}",
            median=130.0,
            flags=[{}, {"validity": "Unreliable"}] if number == 0 else None,
            seed=number + 9,
        )
    written(tmp_path / "medium.csv", [1e9, 1.2e9], sample="medium", seed=30)
    rows = [f"{group}{number}.csv,{group},1e6,10" for group in ("ctrl", "lps") for number in range(3)]
    (tmp_path / "sheet.csv").write_text("file,group,cells,volume (mL)\n" + "\n".join(rows) + "\n")
    return tmp_path


def files(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.glob("*.csv")) if path.stem not in ("medium", "sheet")]


def test_one_screen_says_what_and_why(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nta", "read", *files(bench), "--blank", str(bench / "medium.csv")]) == 0
    out, err = capsys.readouterr()
    assert "6 samples from 6 files" in out
    assert "1 of 14 videos excluded" in out
    assert "Background: " in out
    assert "Unreliable" in out
    assert "unreliable" in err


def test_json_holds_numbers_with_stable_keys(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nta", "read", *files(bench), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unit"] == "particle/mL"
    assert found["samples"]["ctrl0"]["concentration"]["value"] == pytest.approx(2.05e10, rel=1e-6)
    assert found["samples"]["lps0"]["excluded"] == 1
    assert found["videos"]["excluded"] == 1
    assert found["samples"]["ctrl0"]["dilution"][0] == {
        "factor": 200.0,
        "source": "record",
        "applied_by": "instrument",
    }


def test_a_sheet_is_enough_and_groups_are_compared(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nta", "read", "--samples", str(bench / "sheet.csv"), "--compare", "ctrl,lps", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["groups"]["lps"]["unit_of_replication"] == "samples"
    assert found["samples"]["ctrl0"]["amounts"][0]["value"] == pytest.approx(2.05e10 * 10 / 1e6, rel=1e-6)
    assert any("cannot give less than 0.1" in line for line in found["headline"])


def test_a_folder_is_written_whole(bench: Path, tmp_path: Path) -> None:
    out = tmp_path / "nta"
    arguments = [
        "nta",
        "read",
        *files(bench),
        "--blank",
        str(bench / "medium.csv"),
        "--no-png",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    names = {path.name for path in out.iterdir()}
    assert {"summary.json", "samples.csv", "videos.csv", "exclusions.csv", "sizes.csv", "size_intervals.csv",
            "percentiles.csv", "distributions.csv", "report.html", "checklist.csv",
            "metadata.yaml"} <= names  # fmt: skip
    rows = list(csv.DictReader((out / "videos.csv").read_text().splitlines()))
    assert {row["verdict"] for row in rows} == {"used", "excluded"}
    assert {row["role"] for row in rows} == {"sample", "blank"}
    head = (out / "distributions.csv").read_text().splitlines()[0]
    assert "ctrl0 (particle/mL)" in head


def test_the_blank_and_the_sheet_may_stand_among_the_files(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `vesica nta read *.csv --blank medium.csv --samples sheet.csv` names them."""
    (bench / "sheet.csv").write_text((bench / "sheet.csv").read_text() + "medium.csv,,,\n")
    every = [str(path) for path in sorted(bench.glob("*.csv"))]
    arguments = ["--blank", str(bench / "medium.csv"), "--samples", str(bench / "sheet.csv"), "--json"]
    assert main(["nta", "read", *every, *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["samples"]) == 6
    assert found["samples"]["ctrl0"]["background"]["share"] == pytest.approx(1.1e9 / 2.05e10, rel=1e-6)


@pytest.mark.real_data
def test_measured_beads(real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beads of 100 nm: what NTA printed for the five videos, averaged by hand from the file.

    The mean of the printed concentrations holds to rounding; the median lies within 3 nm of the nominal size,
    because smoothing and two-dimensional tracks move the median of such a narrow law by a few per cent at most.
    """
    assert main(["nta", "read", str(real_data / "nta" / "nanosight34_beads100nm.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (sample,) = found["samples"].values()
    videos = [one for one in (real_data / "nta" / "nanosight34_beads100nm.csv").read_text("latin-1").splitlines()
              if one.startswith("Concentration (Particles / ml)")]
    printed = [float(cell) for cell in videos[0].split(",")[1:6]]
    assert sample["concentration"]["value"] == pytest.approx(sum(printed) / 5, rel=1e-9)
    assert sample["sizes"]["d50"]["value"] == pytest.approx(100, abs=3)
    assert sample["dilution"][0] == {"factor": 1e4, "source": "record", "applied_by": "instrument"}


def test_keep_all_takes_the_video_in(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nta", "read", str(bench / "lps0.csv"), "--keep-all", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"]["lps0"]["videos"] == 2
    assert found["videos"]["kept"] == 1


def test_fits_and_corrections_are_off_and_come_when_asked(
    bench: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = str(bench / "ctrl0.csv")
    assert main(["nta", "read", one, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert not {"fits", "corrections"} & set(plain["tables"])
    assert main(["nta", "read", one, "--fit", "--correct-plastic", "24", "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert {"fits", "corrections"} <= set(asked["tables"])
    assert asked["samples"] == plain["samples"]  # a correction changes no measured number


def test_a_size_table_with_named_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.csv"
    table.write_text("d,n\n" + "".join(f"{d},{1e6 if 80 <= d <= 120 else 0:g}\n" for d in range(10, 300, 10)))
    arguments = [
        "nta",
        "read",
        str(table),
        "--map",
        "size=d",
        "--map",
        "concentration=n",
        "--unit",
        "particle/mL",
    ]
    assert main([*arguments, "--dilution", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"]["t"]["concentration"]["value"] == pytest.approx(5e8)


def test_the_sheet_command_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "m.yaml"
    assert main(["nta", "sheet", "--out", str(sheet)]) == 0
    before = sheet.read_bytes()
    assert main(["nta", "sheet", "--out", str(sheet)]) == 2
    assert sheet.read_bytes() == before
    assert "already there" in capsys.readouterr().err


@pytest.mark.verify
def test_a_hundred_files_in_five_seconds(tmp_path: Path) -> None:
    """Five videos of 1000 bins each: 1.9 s of processor time measured, so 5 s leave room for a slower machine."""
    names = [str(written(tmp_path / f"s{n}.csv", [1e10] * 5, sample=f"s{n // 4}", seed=n)) for n in range(100)]
    start = time.process_time()
    assert main(["nta", "read", *names]) == 0
    assert time.process_time() - start < 5.0


def test_empty_measurements_give_no_infinities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept on request, an empty file is below the limit of its blank, and everything can still be written."""
    empty = str(written(tmp_path / "empty.csv", [0.0, 0.0], sample="empty"))
    blank = str(written(tmp_path / "medium.csv", [1e9, 1.2e9], sample="medium", seed=5))
    for number, more in enumerate(([], ["--blank", blank])):
        out = tmp_path / f"out{number}"
        assert main(["nta", "read", empty, *more, "--keep-all", "--no-png", "--out", str(out)]) == 0
        said = capsys.readouterr()
        assert "inf" not in said.err
        assert "\N{INFINITY}" not in said.out
        assert json.loads((out / "summary.json").read_text())["samples"]["empty"]["sizes"] == {}


def test_a_dilution_series_is_told_in_one_phrase(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = []
    for factor, value in ((100.0, 1e10), (200.0, 1.5e10), (400.0, 2.2e10)):
        path = tmp_path / f"s{factor:g}.csv"
        names.append(str(written(path, [value, 1.01 * value], sample="s", dilution=factor, seed=int(factor))))
    assert main(["nta", "read", *names, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert any("100-, 200-, 400-fold, recorded" in line for line in found["headline"])
    assert found["dilution_series"][0]["agrees"] is False
    assert any("dilution series" in finding["wrote"] for finding in found["findings"])


def test_the_screen_fits_on_eighty_columns(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three tables of long names stay within the width given; values are whole, only names are folded."""
    from rich.console import Console

    from vesica.cli import summary

    rows = [f"{group}{number}.csv,sample with a long name: {group} treated for 24 hours {number},{group},1e6,10"
            for group in ("ctrl", "lps") for number in range(3)]
    (bench / "sheet.csv").write_text("file,sample,group,cells,volume (mL)\n" + "\n".join(rows) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "console", lambda: Console(width=80, highlight=False))
        arguments = ["--samples", str(bench / "sheet.csv"), "--blank", str(bench / "medium.csv")]
        assert main(["nta", "read", *arguments]) == 0
    shown = capsys.readouterr().out.partition("Samples, with")[2].splitlines()
    assert max(map(len, shown)) <= 80
    assert any("(" in line and ")×10⁵" in line for line in shown), "particles per cell stand on the screen"
    assert sum(")×10¹⁰" in line for line in shown) == 6


def test_cells_of_the_metadata_are_used_and_said(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2e10 particles/mL x 20 mL / 2e7 cells; a separation makes a concentrate, whose volume must be said."""
    metadata = bench / "metadata.yaml"
    head = "vesica_metadata: 1\nsource:\n  cell_number: 2e7\n  volume: 20 mL\n"
    arguments = ["nta", "read", str(bench / "ctrl0.csv"), "--metadata", str(metadata), "--json"]
    metadata.write_text(head)
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"]["ctrl0"]["amounts"][0]["value"] == pytest.approx(2.05e10 * 20 / 2e7, rel=1e-6)
    assert any("computed with `source.cell_number" in one["wrote"] for one in found["findings"])
    metadata.write_text(head + "separation:\n  methods: [ultracentrifugation]\n")
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert not found["samples"]["ctrl0"]["amounts"]
    assert any("is not used" in one["wrote"] for one in found["findings"])
    assert main([*arguments, "--volume", "100 uL"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["samples"]["ctrl0"]["amounts"][0]["value"] == pytest.approx(2.05e10 * 0.1 / 2e7, rel=1e-6)


def test_both_corrections_multiply(bench: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row `both` holds the product of the factors; the sentence on plastic stands once for all samples."""
    out = tmp_path / "nta"
    options = ["--correct-detection", "--correct-plastic", "24", "--no-png", "--out", str(out)]
    assert main(["nta", "read", str(bench / "ctrl1.csv"), str(bench / "ctrl2.csv"), *options]) == 0
    assert capsys.readouterr().out.count("in a polypropylene tube") == 1
    table = csv.DictReader((out / "corrections.csv").read_text().splitlines())
    rows = [row for row in table if row["sample"] == "ctrl1"]
    one, other, both = (float(row["factor"]) for row in rows)
    assert [row["kind"] for row in rows] == ["detection limit", "loss to plastic", "both"]
    assert both == pytest.approx(one * other, rel=1e-8)  # ten digits in the csv


def test_what_a_stranger_gets_wrong(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each message names the way out; nothing is ignored unseen."""
    (bench / "odd.csv").write_text("file,sample\nctrl0.csv,LPS, 1 ug\n")
    (bench / "gone.csv").write_text("file,sample\nctrl7.csv,a\n")
    cases = {
        ("--samples", str(bench / "odd.csv")): "into double quotes",
        ("--samples", str(bench / "gone.csv")): "did you mean `ctrl2.csv`?",
        (str(bench / "sheet.csv"),): "give it with `--samples`",
        (str(bench / "ctrl0.csv"), "--tube", "low-binding"): "without `--correct-plastic`",
        (str(bench / "contrl0.csv"),): "did you mean `ctrl0.csv`?",
        (str(bench),): "FOLDER/*.csv",
    }
    for arguments, words in cases.items():
        assert main(["nta", "read", *arguments]) == 2
        assert words in capsys.readouterr().err
