"""The README's model and its Python run as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vesica import api
from vesica.spec.model import ModelSpec

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


def test_every_key_of_a_model_is_documented() -> None:
    words = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    missing = [name for name in ModelSpec.model_fields if f"`{name}" not in words]
    assert missing == []


def test_the_snippets_of_the_words_are_models(tmp_path: Path) -> None:
    """All blocks of docs/model.md together make one model that resolves, but for files nobody has."""
    words = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"```yaml\n(.*?)```", words, re.DOTALL))
    blocks = blocks[: blocks.index("measured:")]
    lines = [line for line in blocks.splitlines() if "csv:" not in line and "doses_from" not in line]
    model = tmp_path / "model.yaml"
    model.write_text(
        "vesica: 1\ndomain: {kind: dish, diameter: 35 mm, medium: 2 mL}\n"
        "cells: {astrocyte: {count: 1e6}, neuron: {count: 1e5}}\n" + "\n".join(lines)
        + "\narms: {control: {exposures: []}, ethanol: {}}\nrun: {duration: 48 h}\n"
    )
    errors = [finding for finding in api.check(model) if finding.severity == "error"]
    assert errors == []
