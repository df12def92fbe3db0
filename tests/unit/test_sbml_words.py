"""SBML as the words of a network: units that follow from laws, contradictions, parts left out, legal names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cell_networks import findings as check
from tests.cell_networks import resolved
from tests.oracle.test_sbml_rates import prove
from tests.sbml_files import CELL, parameter, rates, reaction, saved, sbml_text, species
from tests.sbml_files import math as mathml
from tests.unit.test_sbml_reader import EVENT
from vesica.errors import Finding
from vesica.readers.sbml import read_sbml
from vesica.spec.cell_words import NetworkSpec
from vesica.spec.sbml_words import SbmlWords, merged, network_words

UM = 602.214076


def words(tmp_path: Path, text: str, without: tuple[str, ...] = (), **own: object) -> SbmlWords:
    spec = NetworkSpec.model_validate(own)
    return network_words(read_sbml(saved(tmp_path, text)), "networks.x.sbml", without=without, own=spec)


def errors(found: SbmlWords) -> list[Finding]:
    assert all(all((one.wrote, one.rule, one.consequence)) for one in found.findings)
    assert all(one.fix for one in found.findings if one.severity == "error")
    return [one for one in found.findings if one.severity == "error"]


LAWS = sbml_text(
    species=species("A") + species("B") + species("C"),
    parameters="".join(parameter(name) for name in ("on", "off", "make", "vmax", "km", "half", "n", "ratio", "slope")),
    reactions=reaction("bind", "A, B", "C", "cell * (on * A * B - off * C)") + reaction("new", "", "A", "cell * make")
    + reaction("eat", "A", "", "cell * vmax * A / (km + A)")
    + reaction("raise", "", "B", "make * cell * ratio * A^n / (half^n + A^n)")
    + reaction("fade", "B", "", "cell * off * B * exp(-slope * A)"))


def test_units_follow_from_the_laws(tmp_path: Path) -> None:
    found = words(tmp_path, LAWS)
    assert found.findings == ()
    assert found.words.constants == {
        "on": "1.0 1/(uM*min)", "off": "1.0 1/min", "make": "1.0 uM/min", "vmax": "1.0 uM/min", "km": "1.0 uM",
        "half": "1.0 uM", "n": 1.0, "ratio": 1.0, "slope": "1.0 1/uM"}  # fmt: skip
    assert found.words.reactions["raise_value" if "raise_value" in found.words.reactions else "raise"].rate == (
        "make * ratio * hill(A, half, n)")
    assert {name: state.initial for name, state in found.words.states.items()} == dict.fromkeys("ABC", "1.0 uM")
    prove(found.words)


def one_law(unit: str, formula: str = "cell * k * A") -> str:
    return sbml_text(species=species("A"), parameters=parameter("k", 3.0, f'units="{unit}" constant="true"'),
                     reactions=reaction("r", "A", "", formula))


def test_a_declared_unit_that_fits_is_kept(tmp_path: Path) -> None:
    found = words(tmp_path, one_law("per_minute"))
    assert found.findings == ()
    assert found.words.constants == {"k": "3.0 1/min"}


@pytest.mark.parametrize(("unit", "shown"), [("per_second", "1/s"), ("per_uM_minute", "1/(uM*min)")])
def test_a_declared_unit_that_contradicts_is_an_error(tmp_path: Path, unit: str, shown: str) -> None:
    """A file in minutes with a rate per second, and a rate of the wrong order: 60 times off, or nonsense."""
    found = words(tmp_path, one_law(unit))
    error, = errors(found)
    assert "contradict" in error.wrote
    assert "`k`" in error.rule
    assert "without: [units]" in error.fix
    assert error.line == read_sbml(tmp_path / "m.xml").reactions[0].line
    taken = words(tmp_path, one_law(unit), ("units",))
    assert taken.words.constants == {"k": "3.0 1/min"}
    assert errors(taken) == []


def test_numbers_keep_their_meaning_where_no_unit_fits(tmp_path: Path) -> None:
    """One constant in laws of two orders: k A + k A B, in uM and min."""
    text = sbml_text(species=species("A") + species("B"), parameters=parameter("k", 3.0),
                     reactions=reaction("r", "A", "", "cell * (k * A + k * A * B + 0.5)"))
    found = words(tmp_path, text)
    assert [one.severity for one in found.findings] == ["note"]
    prove(found.words)
    change = rates(found.words, {"A": 2.0 * UM, "B": 5.0 * UM})["A"] / UM * 60.0
    assert change == pytest.approx(-(3.0 * 2.0 + 3.0 * 2.0 * 5.0 + 0.5), rel=1e-14)


def test_what_a_file_does_not_say_is_said(tmp_path: Path) -> None:
    text = sbml_text(head=" ", species=species("A", ""), parameters=parameter("k", None),
                     cells=CELL.replace('size="1"', ""), reactions=reaction("r", "A", "", "k * A * cell / cell"))
    found = words(tmp_path, text)
    said = {(one.severity, one.wrote) for one in found.findings}
    assert said == {("warning", "the file gives no unit of time"),
                    ("warning", "the file does not say how it counts molecules per volume"),
                    ("warning", "the compartment `cell` has no size"),
                    ("error", "the file gives no value for `k`"), ("error", "the file gives no value for `A`")}
    given = words(tmp_path, text, constants={"k": "1 1/s"}, states={"A": {"initial": 1}})
    assert errors(given) == []


def test_an_unsupported_law_is_an_error_until_it_is_left_out(tmp_path: Path) -> None:
    text = sbml_text(species=species("A"), events=EVENT,
                     reactions=reaction("r", "A", "", "sin(A)") + reaction("s", "A", "", "A"))
    found = words(tmp_path, text)
    error, = errors(found)
    assert "`r` cannot be used: it holds the function `sin`" in error.wrote
    assert "`without: [r]`" in error.fix
    warning, = (one for one in found.findings if one.severity == "warning")
    assert "the event `e` cannot be used: when time > 5: A = 2" in warning.wrote
    left = words(tmp_path, text, ("r", "e"))
    assert {one.severity for one in left.findings} == {"note"}
    assert list(left.words.reactions) == ["s"]
    strange = words(tmp_path, text, ("r", "q"))
    assert [one.wrote for one in errors(strange)] == ["`without: q` names no part of the file"]


def test_names_are_legal_and_can_be_followed(tmp_path: Path) -> None:
    text = sbml_text(species=species("_A") + species("lambda") + species("exp"),
                     parameters=parameter("k") + parameter("r_k"),
                     reactions=reaction("r", "_A", "lambda", "cell * k * _A * lambda / exp * r_k",
                                        local='<localParameter id="k" value="4"/>'))
    found = words(tmp_path, text)
    assert found.names == {"cell": "cell", "_A": "x_A", "lambda": "lambda_value", "exp": "exp_value", "r": "r",
                           "k": "k", "r_k": "r_k", "r.k": "r_k_own"}
    prove(found.words)
    assert found.words.reactions["r"].rate == "r_k_own * x_A * lambda_value / exp_value * r_k"


def test_a_cell_and_its_nucleus_keep_amounts(tmp_path: Path) -> None:
    """2.5 and 0.25: what leaves the cell at 1 uM/min arrives in the nucleus at 10 uM/min."""
    cells = CELL.replace('size="1"', 'size="2.5"') + CELL.replace('"cell"', '"nucleus"').replace('"1"', '"0.25"')
    text = sbml_text(cells=cells, species=species("A") + species("B", where="nucleus") + species("C"),
                     parameters=parameter("k"), reactions=reaction("r", "A", "B", "cell * k * A"))
    found = words(tmp_path, text).words
    assert found.compartments == {"nucleus": 0.1}
    change = rates(found, {"A": UM, "B": UM, "C": UM})
    assert change["A"] * 60 / UM == pytest.approx(-1.0, rel=1e-14)
    assert change["B"] * 60 / UM == pytest.approx(10.0, rel=1e-14)


def test_a_rate_rule_of_a_species_in_the_nucleus(tmp_path: Path) -> None:
    """dB/dt = k A as a concentration, whatever the size of its compartment."""
    cells = CELL.replace('size="1"', 'size="2.5"') + CELL.replace('"cell"', '"nucleus"').replace('"1"', '"0.25"')
    rule = f'<rateRule variable="B">{mathml("k * A")}</rateRule>'
    text = sbml_text(cells=cells, species=species("A") + species("B", where="nucleus") + species("C"),
                     parameters=parameter("k", 3.0), rules=rule)
    found = words(tmp_path, text).words
    prove(found)
    assert rates(found, {"A": 2 * UM, "B": UM, "C": UM})["B"] * 60 / UM == pytest.approx(6.0, rel=1e-14)


def test_words_beside_the_file_win(tmp_path: Path) -> None:
    low = words(tmp_path, LAWS).words
    high = NetworkSpec.model_validate({"sbml": "m.xml", "label": "mine", "constants": {"on": "2 1/(uM*min)"}, "states":
                                       {"A": {"at_start": "0.1 uM"}}, "conserved": {"all": ["A"]}})
    found = merged(low, high)
    assert (found.label, found.constants["on"], found.constants["off"]) == ("mine", "2 1/(uM*min)", "1.0 1/min")
    assert (found.states["A"].initial, found.states["A"].at_start) == ("1.0 uM", "0.1 uM")
    assert found.conserved == {"all": ("A",)}
    assert found.reactions == low.reactions


def test_a_model_takes_its_network_from_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path, LAWS)
    model = resolved({"x": {"sbml": str(path), "constants": {"on": "2 1/(uM*min)"}}})
    network, = model.cells[0].networks
    assert [state.name for state in network.states] == ["A", "B", "C"]
    assert model.parameters["microglia.x.on"].value == pytest.approx(2.0 / UM / 60.0, rel=1e-12)
    missing, = (one for one in check({"x": {"sbml": str(path.with_name("n.xml"))}}) if "not a file" in one.wrote)
    assert missing.path == "networks.x.sbml"
