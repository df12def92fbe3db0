"""Wrong input to `vesica plate`, `cytometry`, `dose` and `cargo`: four parts, exit code 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cargo_tables import write
from tests.unit.test_cytometry import BEADS, sample
from tests.unit.test_plates import CURVE, SERIES, STEPS, grid, plate_of, whole
from vesica.cli.app import main
from vesica.errors import InputError
from vesica.readers.plate import read_layout, read_plate
from vesica.readers.plate_words import standards_of


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a good plate, layout, flow files, beads and count tables; the working folder of the test."""
    signals, words = plate_of()
    (tmp_path / "plate.csv").write_text(grid(signals))
    (tmp_path / "layout.csv").write_text(grid(words))
    (tmp_path / "flat.csv").write_text(grid(dict.fromkeys(signals, 0.1)))
    (tmp_path / "corner.csv").write_text(grid({well: signals[well] for well in ("A1", "A2", "B1", "B2")}))
    (tmp_path / "amounts.csv").write_text("sample,particles (particles/mL)\nmedium C,1e9\n")
    for fold in (1, 2, 4):
        sample(tmp_path / f"{fold}.fcs", 800 // fold)
    (tmp_path / "copy.fcs").write_bytes((tmp_path / "1.fcs").read_bytes())
    (tmp_path / "cut.fcs").write_bytes((tmp_path / "1.fcs").read_bytes()[:40])
    (tmp_path / "beads.csv").write_text(BEADS)
    _counts(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _counts(folder: Path) -> None:
    """Good tables of cells and EVs, and EVs spoilt in the ways of spreadsheets and pipelines."""
    random = np.random.default_rng(4)
    ids, libraries = tuple(f"Gene{k}" for k in range(40)), ("ctrl 1", "ctrl 2", "LPS 1", "LPS 2")
    counts = random.poisson(np.outer(np.geomspace(20, 4000, 40), np.ones(4))).astype(float)
    write(folder / "cells.csv", ids, libraries, counts)
    write(folder / "evs.csv", ids, libraries, counts + 1)
    write(folder / "side.csv", libraries, ids, counts.T)
    write(folder / "twice.csv", ("1-Mar", "1-Mar", *ids[2:]), libraries, counts)
    write(folder / "sums.csv", (*ids[:-1], "__no_feature"), libraries, counts)
    for name, values in (("log2.csv", np.log2(counts)), ("cpm.csv", counts / counts.sum(axis=0) * 1e6)):
        rows = [f"{gene}," + ",".join(f"{v:.5f}" for v in row) for gene, row in zip(ids, values, strict=True)]
        (folder / name).write_text("\n".join(["name," + ",".join(libraries), *rows]) + "\n")


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    """What is said of wrong input, after a look at its form; ``--out`` must not have been made."""
    assert main([*arguments, "--out", str(folder / "out")]) == 2
    assert not (folder / "out").exists()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    blocks = [block for block in said.split("error:") if block.strip()]
    assert blocks
    assert all(len([line for line in block.splitlines()[1:] if line.startswith("  ")]) >= 4 for block in blocks)
    return said


PLATE = ["plate", "plate.csv", "--layout", "layout.csv", "--standards", "2000 pg/mL /2.5 x7"]
FLOW = ["cytometry", "1.fcs", "2.fcs", "4.fcs"]
SCORE = ["cargo", "score", "--cells", "cells.csv", "--group", "ctrl", "--evs"]


def test_the_helper_can_fail(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError):
        refused([*PLATE, "--no-png"], capsys, bench)


@pytest.mark.parametrize(("arguments", "says"), [
    (PLATE[:2], "give the layout"),
    (PLATE[:4], "no --standards are given"),
    ([*PLATE[:4], "--standards", "1,2"], "has no unit"),
    ([*PLATE[:4], "--standards", "2 ng/mL, 800 pg/mL"], "is not a list"),
    ([*PLATE[:4], "--standards", "8.192,20.48,51.2,128,320,800,2000 pg/mL"], "the order of --standards"),
    ([*PLATE, "--exclude", "Z9"], "was not read"),
    ([*PLATE, "--amounts", "amounts.csv"], "`medium C` is no sample"),
    (["plate", "flat.csv", *PLATE[2:]], "within the noise of a well"),
    (["plate", "corner.csv", *PLATE[2:]], "of the same plate"),
    (["plate", "layout.csv", *PLATE[2:]], "grid of words"),
    (["plate", "1.fcs", *PLATE[2:]], "control byte"),
])  # fmt: skip
def test_wrong_plates(
    bench: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(arguments, capsys, bench)


@pytest.mark.parametrize(("arguments", "says"), [
    ([*FLOW, "--gate", "SSC > 3"], "did you mean `SSC-A`"),
    ([*FLOW, "--gate", "SSC-A > nan"], "is not a condition"),
    ([*FLOW, "--volume", "20"], "has no unit"),
    ([*FLOW, "--volume", "0 uL"], "above zero"),
    ([*FLOW, "--volume", "-5 uL"], "above zero"),
    ([*FLOW, "--seconds", "nan"], "finite number"),
    ([*FLOW, "--swarm-channel", "FL9"], "is no channel"),
    ([*FLOW, "--dilution", "8", "--dilution", "9"], "one for all"),
    ([*FLOW, "--dilution", "1:0.5"], "numbers of 1 or more"),
    ([*FLOW, "copy.fcs"], "are the same file"),
    (["cytometry", "cut.fcs"], "ends after 40 bytes"),
    (["cytometry", "beads.csv"], "begins with `FCS3.1`"),
    ([*FLOW, "--calibration", "1.fcs"], "control byte"),
])  # fmt: skip
def test_wrong_cytometry(
    bench: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(arguments, capsys, bench)


@pytest.mark.parametrize(("arguments", "says"), [
    (["dose", "--escape", "3"], "--escape"),
    (["dose", "--time", "1e-9 h"], "a minute to ten years"),
    (["dose", "--time", "1e9 h"], "a minute to ten years"),
    (["dose", "--time", "3"], "has no unit"),
    (["dose", "--samples", "1"], "--samples 100"),
])  # fmt: skip
def test_wrong_doses(tmp_path: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in refused(arguments, capsys, tmp_path)


@pytest.mark.parametrize(("arguments", "says"), [
    ([*SCORE, "side.csv"], "turn the table"),
    ([*SCORE, "twice.csv"], "a spreadsheet made a date of it"),
    ([*SCORE, "sums.csv"], "`__no_feature` is no gene"),
    ([*SCORE, "log2.csv"], "look like a log scale"),
    ([*SCORE, "log2.csv", "--estimated"], "look like a log scale"),
    ([*SCORE, "cpm.csv"], "--estimated"),
    ([*SCORE, "evs.csv", "--least-reads", "nan"], "finite number"),
])  # fmt: skip
def test_wrong_counts(
    bench: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(arguments, capsys, bench)


LONG = "well,signal,role,sample,concentration (pg/mL),dilution\n"


def long(*rows: str, head: str = LONG) -> str:
    return head + "\n".join(rows) + "\n"


GOOD = [f"A{n},{float(CURVE.signal(np.array([at]))[0]):.4f},standard,,{at},1" for n, at in enumerate(STEPS, start=1)]


@pytest.mark.parametrize(("content", "says"), [
    (long("I13,1.0,sample,a,,1"), "no well of a plate of 96"),
    (long("A1,1.0,sample,a,,1", "A01,1.1,sample,a,,1"), "each well is read once"),
    (long("A1,1.0,sample,a,,1", "A2,1.1,sample,b,,1"), "is a standard"),
    (long(*GOOD[:3]), "four parameters need"),
    (long(*GOOD[:6], "B1,0.05,standard,,2500,1", "B2,0.05,standard,,2500,1"), "goes one way"),
    (long("A1,x1,sample,a,,1"), "holds numbers"),
    (long("A1,1.0,sampel,a,,1"), "did you mean `sample`"),
    (long("A1,1.0,sample,,,1"), "has no name"),
    (long("A1,1.0,sample,a,,0.1"), "write 10"),
    (long("A1,1.0,standard,,5,1", head=LONG.replace(" (pg/mL)", "")), "have no unit"),
    (long("A1,1.0,standard,,,1"), "has no concentration"),
    (long("A1,1.0", head="well,signal\n"), None),
    (grid({"A1": "blank"}), "grid of words"),
    (grid({"A1": 1.0}) + "\n" + grid({"A1": 2.0}), "one reading is evaluated"),
    ("", "empty"),
])
def test_bad_plates_get_four_parts(tmp_path: Path, content: str, says: str | None) -> None:
    path = tmp_path / "plate.csv"
    path.write_text(content)
    if says is None:
        assert read_plate(path)[1] is None
        return
    with pytest.raises(InputError) as caught:
        whole(path)
    finding = caught.value.findings[0]
    assert all((finding.wrote, finding.rule, finding.consequence, finding.fix, finding.file))
    assert says in str(finding)


@pytest.mark.parametrize(("words", "says"), [
    ("std9", "--standards gives 7"), ("1000", "without a unit"), ("a 1:0.5", "1 or more"),
])
def test_bad_words_of_a_layout(tmp_path: Path, words: str, says: str) -> None:
    (tmp_path / "l.csv").write_text(grid({"A1": words, "A2": "blank"}))
    with pytest.raises(InputError, match=says):
        read_layout(tmp_path / "l.csv", standards=SERIES)


def test_standards_in_two_units_are_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(grid({"A1": "std 5 pg/mL", "A2": "std 1 ng/mL"}))
    with pytest.raises(InputError, match="share one unit"):
        read_layout(tmp_path / "l.csv")


@pytest.mark.parametrize("text", ["a,b", "1000 pg/mL /1 x7", "1,2", "-5 pg/mL"])
def test_bad_lists_of_standards(text: str) -> None:
    with pytest.raises(InputError, match="--standards"):
        standards_of(text)
