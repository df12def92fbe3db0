"""The README's model and its Python run as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first fenced block of a language."""
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)[1]


def test_the_ten_line_model_and_the_ten_line_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.yaml").write_text(block("yaml"))
    names: dict = {}
    exec(compile(block("python"), "README.md", "exec"), names)
    assert names["free"][-1] > 0
    assert abs(names["ledger"].residual) < 1e-9
    assert names["report"].is_file()
    assert len(block("yaml").strip().splitlines()) == 10


def test_every_file_the_readme_names_exists() -> None:
    root = Path(__file__).parents[2]
    for name in re.findall(r"`((?:docs|examples)/[\w./]+)`|\]\(([\w./]+)\)", README):
        assert (root / (name[0] or name[1])).exists(), name
