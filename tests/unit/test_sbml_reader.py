"""SBML files as records: every field, every formula, every part that cannot be used."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.sbml_files import CELL, law, parameter, reaction, saved, sbml_text, species
from tests.sbml_files import math as mathml
from vesica.readers.sbml import read_sbml
from vesica.readers.sbml_record import SbmlModel, SbmlParameter, SbmlUnit
from vesica.spec.expressions import parse, value_of
from vesica.units import AVOGADRO


def read(tmp_path: Path, *parts: str, **lists: str) -> SbmlModel:
    return read_sbml(saved(tmp_path, sbml_text(*parts, **lists)))


def value(tmp_path: Path, formula: str, **values: float) -> float:
    """A formula read from a file and worked out."""
    made = read(tmp_path, parameters="".join(parameter(name) for name in values), species=species("A"),
                reactions=reaction("r", "A", "", formula))
    assert made.unsupported == ()
    return value_of(parse(made.reactions[0].law or ""), {**values, "A": 1.0})


def test_every_field_of_a_small_file(tmp_path: Path) -> None:
    model = read(
        tmp_path, species=species("A", 'initialAmount="3"', more='hasOnlySubstanceUnits="true" name="protein A"')
        + "\n" + species("B", more='boundaryCondition="true" constant="true"') + species("C", ""),
        parameters=parameter("k", 0.5, 'units="per_uM_minute" constant="true"'),
        reactions=reaction("r", "2 A, A", "B", "k * A * q", local='<localParameter id="q" value="7"/>'))
    assert (model.id, model.level, model.version, model.unsupported, model.findings) == ("m", 3, 1, (), ())
    assert (model.time, model.volume) == (SbmlUnit(60.0, (("s", 1.0),)), SbmlUnit(1e15, (("um", 3.0),)))
    assert model.substance is not None
    assert model.substance.scale == pytest.approx(1e-6 * AVOGADRO, rel=1e-15)
    a, b, c = model.species
    assert (a.initial, a.starts_as_amount, a.is_amount, a.is_boundary, a.label) == (3.0, True, True, False, "protein A")
    assert (b.initial, b.starts_as_amount, b.is_amount, b.is_boundary, b.is_constant) == (1.0, False, False, True, True)
    assert (c.initial, c.line - b.line, b.line - a.line) == (None, 0, 1)
    k, q = model.parameters
    assert k.unit is not None
    assert k.unit.powers == (("molecule", -1.0), ("s", -1.0), ("um", 3.0))
    assert k.unit.scale == pytest.approx(1e15 / (1e-6 * AVOGADRO * 60.0), rel=1e-15)
    assert q == SbmlParameter("q", 7.0, None, "r", "", q.line)
    found = model.reactions[0]
    assert (found.used, found.made, found.law) == ((("A", 3),), (("B", 1),), "((k * A) * q)")


@pytest.mark.parametrize(("formula", "expected"), [
    ("2 * x - y / 4 + 1", 2 * 0.7 - 1.3 / 4 + 1), ("-x", -0.7), ("x^y", 0.7**1.3), ("-x^2", -0.49),
    ("exp(x) * ln(y)", math.exp(0.7) * math.log(1.3)), ("log10(x)", math.log(0.7) / math.log(10)),
    ("log(3, x)", math.log(0.7) / math.log(3)), ("sqrt(x)", math.sqrt(0.7)), ("root(3, x)", 0.7 ** (1 / 3)),
    ("pi * exponentiale", math.pi * math.e), ("avogadro / 1e23", 6.02214179), ("1.5e-3 * x", 1.5e-3 * 0.7),
    ("x / y / x", 0.7 / 1.3 / 0.7), ("x - (y - x)", 0.7 - (1.3 - 0.7)), ("plus(x, y, x)", 0.7 + 1.3 + 0.7),
    ("pow(x, -y)", 0.7**-1.3), ("(x + y)^2 * 3", 12.0), ("x^(y^2)", 0.7 ** (1.3**2)), ("(x^y)^2", (0.7**1.3) ** 2),
])  # fmt: skip
def test_formulas_keep_their_value(tmp_path: Path, formula: str, expected: float) -> None:
    """A handful of roundings: 1e-15 each."""
    assert value(tmp_path, formula, x=0.7, y=1.3) == pytest.approx(expected, rel=1e-14)


def test_function_definitions_are_written_out(tmp_path: Path) -> None:
    function = f'<functionDefinition id="f">{mathml("lambda(a, b, a / (b + a))")}</functionDefinition>'
    model = read(tmp_path, functions=function, parameters=parameter("x"), species=species("A"),
                 reactions=reaction("r", "A", "", "f(x + 1, f(A, x))"))
    assert value_of(parse(model.reactions[0].law or ""), {"x": 3.0, "A": 2.0}) == 4.0 / (2.0 / 5.0 + 4.0)


def test_a_number_with_a_unit_becomes_a_parameter(tmp_path: Path) -> None:
    text = sbml_text(species=species("A"), reactions=reaction("r", "A", "", "7 * A"))
    text = text.replace('<sbml ', '<sbml xmlns:s="http://www.sbml.org/sbml/level3/version1/core" ')
    made = read_sbml(saved(tmp_path, text.replace('<cn type="integer"> 7', '<cn s:units="per_minute"> 7')))
    assert made.reactions[0].law == "(number_1 * A)"
    assert made.parameters[0].value == 7.0
    assert made.parameters[0].unit == SbmlUnit(1.0 / 60.0, (("s", -1.0),))


def test_a_start_that_the_file_computes_is_computed_and_noted(tmp_path: Path) -> None:
    start = f'<initialAssignment symbol="A">{mathml("2 * k")}</initialAssignment>'
    model = read(tmp_path, species=species("A"), parameters=parameter("k", 4.0), starts=start)
    assert model.species[0].initial == 8.0
    assert [note.severity for note in model.findings] == ["note"]


FRACTION = ('<reaction id="r" reversible="false" fast="false"><listOfReactants><speciesReference species="A" '
            'stoichiometry="1.5" constant="true"/></listOfReactants>' + law("A") + "</reaction>")
CHANGING = FRACTION.replace('stoichiometry="1.5" constant="true"', 'id="n" constant="false"')
COUNT_RULE = f'<assignmentRule variable="n">{mathml("1 + 1")}</assignmentRule>'
NO_LAW = ('<reaction id="r" reversible="false" fast="false"><listOfReactants><speciesReference species="A" '
          'stoichiometry="1" constant="true"/></listOfReactants></reaction>')
EVENT = (f'<event id="e" useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">'
         f'{mathml("time > 5")}</trigger><listOfEventAssignments><eventAssignment variable="A">{mathml("2")}'
         "</eventAssignment></listOfEventAssignments></event>")
GROWS = f'<rateRule variable="cell">{mathml("0.1")}</rateRule>'
BAD: list[tuple[str, str, dict[str, str]]] = [
    ("event", "e", {"events": EVENT}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "delay(A, 3)")}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "A * time")}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "piecewise(A, A > 1, 2)")}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "abs(A)")}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "sin(A)")}),
    ("reaction", "r", {"reactions": reaction("r", "A", "", "A").replace('fast="false"', 'fast="true"')}),
    ("reaction", "r", {"reactions": FRACTION}), ("reaction", "r", {"reactions": NO_LAW}),
    ("reaction", "r", {"reactions": CHANGING, "rules": COUNT_RULE}),
    ("rule", "x", {"rules": f'<rateRule variable="x">{mathml("sin(x)")}</rateRule>',
                   "parameters": parameter("x", 1.0, 'constant="false"')}),
    ("rule", "rule_line_9", {"rules": f"<algebraicRule>{mathml('x - A')}</algebraicRule>",
                             "parameters": parameter("x", 1.0, 'constant="false"')}),
    ("rule", "cell", {"rules": GROWS, "cells": CELL.replace('constant="true"', 'constant="false"')}),
    ("constraint", "constraint_line_9", {"constraints": f"<constraint>{mathml('A > 0')}</constraint>"}),
    ("species", "A", {"species": species("A", more='conversionFactor="c"'), "parameters": parameter("c")}),
    ("species", "A", {"species": species("A"), "cells": CELL.replace('"3"', '"2"')}),
    ("species", "A", {"species": species("A", more='substanceUnits="mole"')}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "lists"), BAD)
def test_what_cannot_be_used_is_listed(tmp_path: Path, kind: str, name: str, lists: dict[str, str]) -> None:
    text = sbml_text(**({"species": species("A")} | lists))
    model = read_sbml(saved(tmp_path, text))
    assert [(part.kind, part.id.partition("_line_")[0]) for part in model.unsupported] == [
        (kind, name.partition("_line_")[0])]
    part = model.unsupported[0]
    assert part.says
    opened = {"rule": "Rule", "starts": "initialAssignment"}.get(kind, f"<{kind}")
    assert opened in text.splitlines()[part.line - 1], text.splitlines()[part.line - 1]
    assert part.blocks == (kind not in ("event", "constraint"))


@pytest.mark.parametrize("required", [True, False])
def test_packages_are_listed(tmp_path: Path, required: bool) -> None:
    said = str(required).lower()
    text = sbml_text(species=species("A")).replace("<sbml ", '<sbml xmlns:xyz="http://www.sbml.org/sbml/level3/'
                                                   f'version1/xyz/version1" xyz:required="{said}" ')
    found = read_sbml(saved(tmp_path, text)).unsupported
    assert [(part.kind, part.id, part.blocks) for part in found] == [("package", "xyz", required)]


def test_level_2_has_units_where_nothing_is_said(tmp_path: Path) -> None:
    text = ('<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">'
            '<listOfCompartments><compartment id="c" size="1"/></listOfCompartments><listOfSpecies>'
            '<species id="S" compartment="c" initialConcentration="1"/></listOfSpecies></model></sbml>')
    model = read_sbml(saved(tmp_path, text))
    assert (model.time, model.substance) == (SbmlUnit(1.0, (("s", 1.0),)), SbmlUnit(AVOGADRO, (("molecule", 1.0),)))


@pytest.mark.parametrize("unit", ['<unit kind="second" exponent="1" scale="0" multiplier="0"/>',
                                  '<unit kind="second" exponent="1" scale="999" multiplier="1"/>',
                                  '<unit kind="candela" exponent="1" scale="0" multiplier="1"/>'])
def test_a_unit_without_a_meaning_here_is_none(tmp_path: Path, unit: str) -> None:
    text = sbml_text(parameters=parameter("k", 1.0, 'units="per_second" constant="true"'))
    old = '<unit kind="second" exponent="-1" scale="0" multiplier="1"/></listOfUnits></unitDefinition><unitDefinition '
    assert old in text
    text = text.replace(old, old.replace(old[:old.index("</list")], unit))
    assert read_sbml(saved(tmp_path, text)).parameters[0].unit is None


def test_level_3_has_no_units_where_nothing_is_said(tmp_path: Path) -> None:
    model = read_sbml(saved(tmp_path, sbml_text(head=" ", species=species("A"))))
    assert (model.time, model.substance, model.volume) == (None, None, None)
