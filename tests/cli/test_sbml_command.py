"""`vesica sbml write` and the words of `vesica sbml read --yaml`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sbml_files import parameter, reaction, saved, sbml_text, species
from vesica.cli.app import main
from vesica.readers.sbml import read_sbml
from vesica.spec import io

MODEL = """
vesica: 1
domain: {diameter: 35 mm, medium: 2 mL}
cells:
  neuron: {count: 1e5}
run: {duration: 1 h}
arms: {plain: {}, more: {cells: {neuron: {count: 2e5}}}}
"""
GOOD = sbml_text(species=species("A") + species("B"), parameters=parameter("k"),
                 reactions=reaction("r", "A", "B", "cell * k * A"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    saved(tmp_path, MODEL, "model.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_arm_is_written_and_can_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sbml", "write", "model.yaml", "--arm", "more", "--out", "more.xml", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    model = read_sbml(folder / "more.xml")
    assert (said["species"], said["reactions"]) == (len(model.species), len(model.reactions))
    assert model.label.endswith("arm more")
    assert model.unsupported == ()
    assert main(["sbml", "write", "model.yaml", "--arm", "more", "--out", "more.xml"]) == 2
    assert "already there" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "says"), [([], "write `--arm` and one of plain, more"),
                                             (["--arm", "mor"], "did you mean `more`?")])
def test_the_arm_has_to_be_known(folder: Path, words: list[str], says: str,
                                 capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sbml", "write", "model.yaml", "--out", "x.xml", *words]) == 2
    assert says in capsys.readouterr().err
    assert not (folder / "x.xml").exists()


def test_the_words_of_a_file_are_a_network_of_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder, GOOD, "net.xml")
    assert main(["sbml", "read", "net.xml", "--yaml"]) == 0
    words = capsys.readouterr().out
    saved(folder, MODEL.replace("count: 1e5}", "count: 1e5, networks: [m]}") + words, "with.yaml")
    spec = io.load(folder / "with.yaml")
    assert spec.networks["m"].reactions["r"].rate == "k * A"
    assert main(["check", "with.yaml"]) == 0


def test_layers_of_a_still_dish_are_written(folder: Path) -> None:
    """A still dish is no stirred one: vesicles of each of its twelve layers are a species of their own."""
    assert main(["sbml", "write", "model.yaml", "--arm", "plain", "--out", "still.xml"]) == 0
    labels = [one.label for one in read_sbml(folder / "still.xml").species]
    assert sum(label.startswith("medium.free:neuron at") for label in labels) == 12
