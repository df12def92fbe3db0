"""What an SBML file means to us and to libroadrunner: the same rates of change at random states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.sbml_files import parameter, rates, reaction, saved, sbml_text, species
from vesica.library import load
from vesica.readers.sbml import read_sbml
from vesica.spec import networks
from vesica.spec.cell_words import NetworkSpec
from vesica.spec.quantities import Notes
from vesica.spec.sbml_units import vector
from vesica.spec.sbml_words import network_words

roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")

RULE = ('<rateRule variable="{0}"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>{1}</ci>'
        "</apply></math></rateRule>")
TWO = ('<compartment id="cell" spatialDimensions="3" size="2.5" constant="true"/>'
       '<compartment id="nucleus" spatialDimensions="3" size="0.25" constant="true"/>')
NUCLEAR = {"where": "nucleus"}
AMOUNT = 'hasOnlySubstanceUnits="true"'
FILES = {
    "mass action and Michaelis-Menten": sbml_text(
        species=species("A") + species("B") + species("C"),
        parameters=parameter("k", 0.7) + parameter("v", 2.0) + parameter("km", 0.4),
        reactions=reaction("bind", "2 A, B", "C", "cell * k * A^2 * B") + reaction("back", "C", "B, A, A",
                                                                             "cell * v * C / (km + C)")),
    "a Hill law with a named coefficient": sbml_text(
        species=species("A") + species("B"),
        parameters=parameter("v", 2.0) + parameter("half", 0.4) + parameter("n", 2.7),
        reactions=reaction("on", "", "A", "v * B^n / (half^n + B^n)")
        + reaction("off", "", "B", "v * half^n / (half^n + A^n)")
        + reaction("loss", "A", "", "v * A / half")),
    "two volumes": sbml_text(
        cells=TWO, species=species("A") + species("B", **NUCLEAR) + species("C"),
        parameters=parameter("k", 0.7) + parameter("k2", 3.0),
        reactions=reaction("in", "A", "B", "cell * k * A - nucleus * k2 * B")
        + reaction("turn", "B, B", "C", "nucleus * k * B^2") + reaction("other", "C", "A", "k2 * C")),
    "amounts": sbml_text(
        cells=TWO, species=species("A", 'initialAmount="3"', more=AMOUNT) + species("B", **NUCLEAR, more=AMOUNT)
        + species("C"),
        parameters=parameter("k", 0.7), reactions=reaction("in", "A", "B", "k * A")
        + reaction("meet", "B, C", "A", "k * B * C") + reaction("back", "B", "A", "k * B / nucleus * cell")),
    "rules, boundary species and local numbers": sbml_text(
        cells=TWO, species=species("A") + species("B", more='boundaryCondition="true"') + species("D", **NUCLEAR)
        + species("S", more='boundaryCondition="true"'),
        parameters=parameter("k", 0.7) + parameter("total", None, 'constant="false"')
        + parameter("level", 0.3, 'constant="false"') + parameter("minus", -0.5),
        rules='<assignmentRule variable="total"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><plus/><ci>A</ci>'
              "<ci>B</ci></apply></math></assignmentRule>" + RULE.format("D", "total") + RULE.format("level", "level"),
        reactions=reaction("make", "B", "A", "cell * k * total * 2", local='<localParameter id="k" value="5"/>')
        + reaction("lose", "A", "S", "cell * k * A * exp(minus * level)")),
    "numbers without a common unit": sbml_text(
        species=species("A") + species("B"), parameters=parameter("k", 0.7),
        reactions=reaction("one", "A", "B", "k * A") + reaction("two", "B, A", "", "k * A * B")
        + reaction("three", "", "A", "k * (A + A * B)^1.5 / (1 + ln(B + 2))")),
    "no units at all": sbml_text(
        head=" ", species=species("A") + species("B"), parameters=parameter("k", 0.7),
        reactions=reaction("one", "A", "B", "k * A^1.5 + sqrt(B)") + reaction("two", "B", "", "log10(1 + k * A * B)")),
}  # fmt: skip


def compare(path: Path, without: tuple[str, ...] = (), seed: int = 1, cases: int = 20) -> float:
    """Largest difference of rates of change, over the largest rate of the state."""
    model = read_sbml(path)
    found = network_words(model, "networks.x.sbml", without=without)
    assert [one for one in found.findings if one.severity == "error"] == []
    prove(found.words)
    solver = roadrunner.RoadRunner(str(path))
    names = [one.id for one in model.species]
    homes = {one.id: one.compartment for one in model.species}
    ruled = {rule.variable for rule in model.rules}  # libroadrunner does not give their rates
    moving = [name for name in solver.model.getFloatingSpeciesIds() if name not in ruled]
    unit = np.exp((vector(model.substance) - vector(model.volume))[-1]) if model.substance and model.volume else 1.0
    second = model.time.scale if model.time else 1.0
    random, worst = np.random.default_rng(seed), 0.0
    for _ in range(cases):
        levels = dict(zip(names, random.uniform(0.1, 2.0, len(names)).tolist(), strict=True))
        for name, value in levels.items():
            solver[f"[{name}]"] = value
        theirs = {name: solver[f"{name}'"] / solver[homes[name]] for name in moving}  # of concentrations
        others = {name: 0.3 for name in found.words.states if name not in found.names.values() or name == "level"}
        ours = rates(found.words, {found.names[name]: value * unit for name, value in levels.items()} | others)
        scale = max(map(abs, theirs.values()))
        for name, value in theirs.items():
            worst = max(worst, abs(ours[found.names[name]] / unit * second - value) / scale)
    return worst


def prove(words: NetworkSpec) -> None:
    """Every unit of the words fits, by the reader of networks."""
    notes = Notes.elsewhere()
    networks.build([networks.Plan("x", words, "networks.x")], "cell_type", {}, {}, load("cns"), notes)
    assert [one for one in notes.findings if one.severity == "error"] == []


@pytest.mark.parametrize("name", FILES)
def test_rates_are_those_of_libroadrunner(name: str, tmp_path: Path) -> None:
    """A rate is a sum of a few products of at most ten factors: below 1e-13 of the largest rate, with room 1e-12."""
    assert compare(saved(tmp_path, FILES[name])) < 1e-12


def test_a_constant_that_is_off_by_a_billionth_is_seen(tmp_path: Path) -> None:
    path = saved(tmp_path, FILES["two volumes"])
    solver = roadrunner.RoadRunner(str(path))
    found = network_words(read_sbml(path), "x").words
    changed = found.model_copy(update={"constants": found.constants | {"k": "0.7000000007 1/min"}})
    levels = dict.fromkeys(found.states, 602.214076)
    for words, is_same in ((found, True), (changed, False)):
        ours = rates(words, levels)["A"] / 602.214076 * 60.0
        assert (abs(ours - solver["A'"] / 2.5) < 1e-12 * abs(ours)) == is_same
