"""Wrong input to `vesica nta read`: four parts, exit code 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nta_files import written
from vesica.cli.app import main


@pytest.fixture
def ev(tmp_path: Path) -> str:
    return str(written(tmp_path / "ev.csv", [1e10, 1.1e10]))


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> str:
    out = tmp_path / "out"
    assert main(["nta", "read", *arguments, "--out", str(out)]) == 2
    assert not out.exists()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    blocks = [block for block in said.split("error:") if block.strip()]
    assert blocks
    assert all(len([line for line in block.splitlines()[1:] if line.startswith("  ")]) >= 4 for block in blocks)
    return said


def test_the_helper_can_fail(ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        refused([ev, "--no-png"], capsys, tmp_path)


@pytest.mark.parametrize(("options", "words"), [
    (["--dilution", "100"], "records 200"),
    (["--dilution", "0.005"], "write `200`"),
    (["--dilution", "nan"], "a dilution of nan"),
    (["--cells", "1e6"], "without a volume"),
    (["--cells", "-5", "--volume", "1 mL"], "larger than zero"),
    (["--cells", "many", "--volume", "1 mL"], "many"),
    (["--volume", "10"], "no unit"),
    (["--protein", "5 mL"], "dimension"),
    (["--compare", "a"], "--compare a"),
    (["--compare", "a,b"], "is no group"),
    (["--map", "length=x"], "length"),
    (["--map", "size"], "size=NAME"),
    (["--map", "size=d"], "named for a file"),
    (["--samples", "missing.csv"], "does not exist"),
    (["--metadata", "missing.yaml"], "missing.yaml"),
    (["--correct-plastic", "-3"], "-3"),
    (["--blank", "missing.csv"], "does not exist"),
    (["--tube", "glass", "--correct-plastic", "3"], "glass"),
])  # fmt: skip
def test_wrong_options(
    options: list[str], words: str, ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert words in refused([ev, *options], capsys, tmp_path)


def test_no_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "no file was named" in refused([], capsys, tmp_path)


def test_two_instruments(ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "size (nm),concentration (particles/mL)\n" + "".join(f"{d},1e6\n" for d in range(10, 300, 10))
    )
    assert "one call reads one instrument" in refused([ev, str(table)], capsys, tmp_path)


def test_no_valid_video_names_every_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = [{"validity": "Unreliable"}] * 2
    names = [
        str(written(tmp_path / f"bad{n}.csv", [1e10, 1.1e10], sample=f"b{n}", flags=bad, seed=n))
        for n in range(2)
    ]
    said = refused(names, capsys, tmp_path)
    assert "bad0.csv" in said
    assert "bad1.csv" in said
    assert "--keep-all" in said


def test_a_blank_of_another_dilution(ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    blank = written(tmp_path / "medium.csv", [1e9, 1.1e9], dilution=10.0, sample="medium")
    assert "diluted 200-fold" in refused([ev, "--blank", str(blank)], capsys, tmp_path)


def test_a_copy_is_no_replicate(ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(Path(ev).read_bytes())
    assert "same bytes" in refused([ev, str(copy)], capsys, tmp_path)


def test_a_blank_that_is_the_sample(ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "only blanks are named" in refused([ev, "--blank", ev], capsys, tmp_path)


@pytest.mark.parametrize(("content", "words"), [
    ("file,sample\nev.csv,a\nev.csv,b\n", "stands in line 2"),
    ("sample\na\n", "no column `file`"),
    ("file,smple\nev.csv,a\n", "did you mean `sample`"),
    ("file,volume\nev.csv,10\n", "has no unit"),
    ("file,dilution\nev.csv,0.5\n", "a dilution of 0.5"),
    ("file,dilution\nev.csv,20\n", "records 200"),
    ("file,role\nev.csv,blanc\n", "did you mean `blank`"),
    ("file,sample\nother.csv,a\n", "no row for"),
    ("file,cells\nev.csv,0\n", "larger than zero"),
    ("file,cells\nev.csv,lots\n", "holds numbers"),
    ("", "empty"),
])  # fmt: skip
def test_wrong_sheets(
    content: str, words: str, ev: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(content)
    assert words in refused([ev, "--samples", str(sheet)], capsys, tmp_path)


def test_a_sample_in_two_groups(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / f"{name}.csv", [1e10, 1.1e10], seed=ord(name))
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("file,sample,group\na.csv,s,x\nb.csv,s,y\n")
    assert "stands in the groups" in refused(["--samples", str(sheet)], capsys, tmp_path)
