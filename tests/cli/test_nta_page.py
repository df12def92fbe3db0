"""The page on particle tracking: every command runs, and says what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vesica import samples
from vesica.analysis import misev
from vesica.analysis.misev.keys import KEYS
from vesica.cli.app import main


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def steps(block: str) -> list[tuple[list[str], list[str]]]:
    """Commands of a console block, each with the lines that it is said to print."""
    out: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            out.append((line[2:].split(), []))
        elif line.strip():
            out[-1][1].append(line.strip())
    return out


@pytest.fixture
def page(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in samples.names():
        shutil.copy(samples.path(name), tmp_path)
    monkeypatch.chdir(tmp_path)
    return (repository / "docs" / "laboratory" / "nta.md").read_text(encoding="utf-8")


def test_every_command_says_what_the_page_says(page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sheet.csv").write_text(blocks(page, "csv")[0])
    ran = 0
    for words, said in (step for block in blocks(page, "console") for step in steps(block)):
        if words[0] != "vesica":
            continue
        main([*words[1:], *(["--no-png"] if "--out" in words else [])])
        captured = capsys.readouterr()
        printed = " ".join((captured.out + captured.err).split())
        for line in said:
            assert " ".join(line.split()) in printed, f"{words} does not print: {line}"
        ran += 1
    assert ran >= 7
    assert {"checklist.csv", "metadata.yaml", "methods.txt", "report.html"} <= {f.name for f in Path("nta").iterdir()}


def test_the_metadata_of_the_page_are_read(page: str, tmp_path: Path) -> None:
    file = tmp_path / "metadata.yaml"
    file.write_text(blocks(page, "yaml")[0])
    assert len(misev.read_sheet(file).answers) == 8
    assert f"asks {len(KEYS)} questions" in page


def test_a_wrong_line_would_be_seen() -> None:
    assert steps("$ vesica a\n  one\n$ vesica b\n") == [(["vesica", "a"], ["one"]), (["vesica", "b"], [])]
