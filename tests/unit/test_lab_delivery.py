"""What every laboratory command writes: tables, pictures, a page, a folder that is whole or absent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner
from markupsafe import Markup

from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.cli import deliver as delivery
from vesica.cli.app import LABORATORY, app
from vesica.errors import Finding, InputError
from vesica.report import charts, pictures
from vesica.report.lab import page as lab
from vesica.report.lab.page import LabFigure
from vesica.results import bundle

TABLE = Table("samples", "Samples", (Field("sample"), Field("concentration", "particle/mL"), Field("kept")),
              (("a, \"b\"", 1.5e8, True), ("c", None, False), ("d", float("nan"), True)))
NOTE = Finding("warning", "x.csv", "one video was left out", "it is unreliable", "nothing is lost", "look at it",
               file="x.csv", line=3)
OUTCOME = LabOutcome("nta", "Two samples", ("1.5e8 particles/mL in a.",), (TABLE,), {"samples": 2}, (NOTE,))


def picture() -> Markup:
    grid = np.linspace(30.0, 200.0, 50)
    return charts.density(grid, np.exp(-(((grid - 85.0) / 25.0) ** 2)), 85.0, "sizes")


FIGURE = LabFigure("sizes", "Density over diameter.", picture())


# ---- tables


def test_csv_has_units_in_the_head_and_empty_cells_for_what_is_missing() -> None:
    assert TABLE.csv().decode() == (
        'sample,concentration (particle/mL),kept\n"a, ""b""",150000000,yes\nc,,no\nd,,yes\n')
    assert TABLE.records()[0] == {"sample": 'a, "b"', "concentration": 1.5e8, "kept": True}


def test_a_row_of_another_length_is_ours_to_mend() -> None:
    with pytest.raises(ValueError, match="1 cells under 2 heads"):
        Table("t", "T", (Field("a"), Field("b")), (("x",),))


# ---- pictures


def test_a_picture_stands_alone() -> None:
    """Well-formed, with a size, and no variable or class that only the page's style sheet knows."""
    text = pictures.standalone(picture())
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(root.get("width", "0")) > 300
    assert "var(" not in text
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert re.search(r"\.line\.c1 \{[^}]*stroke: #0072b2", style.text or "")


def test_png_shows_the_colour_of_its_line_and_letters() -> None:
    """Blue pixels of the curve and grey ones of the labels: neither appears when styles or fonts are lost."""
    pytest.importorskip("resvg_py")
    image = pytest.importorskip("matplotlib.image")
    import io

    pixels = (image.imread(io.BytesIO(pictures.png(picture())))[..., :3] * 255).round().astype(int)
    assert pixels.shape[1] == round(2 * float(ET.fromstring(pictures.standalone(picture())).get("width", "0")))
    assert (np.abs(pixels - [0x00, 0x72, 0xB2]).max(axis=2) <= 2).sum() > 300
    left = pixels[:, : int(0.06 * pixels.shape[1])]  # tick labels of the vertical axis
    assert (left.max(axis=2) < 160).sum() > 30


def test_without_the_extra_png_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(InputError, match="vesica\\[pictures\\]"):
        pictures.png(picture())


# ---- the page


def test_the_page_holds_headline_picture_table_and_finding() -> None:
    page = lab.build(OUTCOME, (FIGURE,))
    for words in ("Two samples", "1.5e8 particles/mL in a.", "Density over diameter.", "1.5×10⁸",
                  "one video was left out", "1 warning", "a, &#34;b&#34;"):
        assert words in page
    assert "http" not in page.replace("http-equiv", "").replace("xmlns", "").split("<main>")[1].split("<footer>")[0]


def test_a_long_table_is_folded_and_cut() -> None:
    rows = tuple((f"s{i}", float(i), True) for i in range(700))
    block = lab.table_block(Table("t", "T", TABLE.fields, rows))
    assert block.folded
    assert len(block.rows) == 500
    assert "first 500 of 700" in block.caption


# ---- the folder


def files(**more: bytes) -> dict[str, bytes]:
    return {"summary.json": json.dumps({"vesica": "1", "kind": "nta"}).encode(), "sub/a.csv": b"x\n", **more}


def test_a_folder_is_written_and_replaced_by_its_own_kind(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "nta"
    bundle.write_folder(out, files(old=b"1"), kind="nta")
    bundle.write_folder(out, files(), kind="nta")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "sub/a.csv", "summary.json"]
    assert [path.name for path in out.parent.iterdir()] == ["nta"]


@pytest.mark.parametrize("content", ["", "{}", '{"vesica": "1", "kind": "dose"}', "not json"])
def test_what_is_not_ours_is_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(InputError, match="holds something else"):
        bundle.write_folder(tmp_path, files(), kind="nta")
    assert (tmp_path / "summary.json").read_text() == content


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "nta").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        bundle.write_folder(tmp_path / "nta", files(), kind="nta")


def test_a_full_disk_leaves_the_old_folder_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "nta"
    bundle.write_folder(out, files(keep=b"old"), kind="nta")
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "a.csv":
            raise OSError(28, "No space left on device", str(path))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        bundle.write_folder(out, files(), kind="nta")
    assert (out / "keep").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["nta"]


# ---- delivery


def test_json_is_one_object_with_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert delivery.deliver(OUTCOME, out=None, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["samples"], said["tables"]) == ("nta", 2, ["samples"])
    assert said["findings"][0]["line"] == 3


def test_the_screen_shows_headline_and_table_findings_go_to_stderr(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "nta"
    delivery.deliver(OUTCOME, (FIGURE,), out=out, as_json=False, png=False, files={"extra.yaml": b"a: 1\n"})
    shown = capsys.readouterr()
    assert "1.5e8 particles/mL in a." in shown.out
    assert "1.5×10⁸" in shown.out
    assert "one video was left out" in shown.err
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == [
        "extra.yaml", "figures/sizes.svg", "report.html", "samples.csv", "summary.json"]
    assert json.loads((out / "summary.json").read_text())["format"] == 1


def test_a_file_written_twice_is_ours_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="written twice"):
        delivery.deliver(OUTCOME, out=tmp_path / "o", as_json=False, files={"samples.csv": b""})
    assert not (tmp_path / "o").exists()


def test_help_lists_every_laboratory_command_without_importing_it() -> None:
    import subprocess
    import sys

    code = ("import sys; from vesica.cli.app import app; from click.testing import CliRunner\n"
            "print(CliRunner().invoke(app, ['--help']).output)\n"
            "print(sorted(n for n in sys.modules if n.endswith('_commands') or n in ('scipy', 'pandas', 'pint')))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    for name, (_, _, line) in LABORATORY.items():
        assert f"{name} " in said
        assert line in said


@pytest.mark.parametrize("name", LABORATORY)
def test_every_laboratory_command_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(app, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.output
