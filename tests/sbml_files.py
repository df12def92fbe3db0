"""Small SBML files for tests, and the rates of change that a network's words mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import libsbml

from vesica.spec.cell_words import NetworkSpec
from vesica.spec.expressions import parse, value_of
from vesica.units import internal_unit, split, to_internal

CELL = '<compartment id="cell" spatialDimensions="3" size="1" constant="true"/>'
UNITS = {
    "minute": '<unit kind="second" exponent="1" scale="0" multiplier="60"/>',
    "umol": '<unit kind="mole" exponent="1" scale="-6" multiplier="1"/>',
    "per_minute": '<unit kind="second" exponent="-1" scale="0" multiplier="60"/>',
    "per_second": '<unit kind="second" exponent="-1" scale="0" multiplier="1"/>',
    "per_uM_minute": '<unit kind="mole" exponent="-1" scale="-6" multiplier="1"/>'
                     '<unit kind="litre" exponent="1" scale="0" multiplier="1"/>'
                     '<unit kind="second" exponent="-1" scale="0" multiplier="60"/>',
}  # fmt: skip


def math(formula: str) -> str:
    """Content MathML of a formula in libsbml's own language."""
    return re.sub(r"<\?xml.*?\?>\s*", "", libsbml.writeMathMLToString(libsbml.parseL3Formula(formula)))


def law(formula: str, local: str = "") -> str:
    """A kinetic law; ``local`` is inside ``listOfLocalParameters``."""
    inside = f"<listOfLocalParameters>{local}</listOfLocalParameters>" if local else ""
    return f"<kineticLaw>{math(formula)}{inside}</kineticLaw>"


def species(name: str, initial: str = 'initialConcentration="1"', *, where: str = "cell", more: str = "") -> str:
    flags = {"hasOnlySubstanceUnits": "false", "boundaryCondition": "false", "constant": "false"}
    text = " ".join(f'{key}="{value}"' for key, value in flags.items() if key not in more)
    return f'<species id="{name}" compartment="{where}" {initial} {text} {more}/>'


def parameter(name: str, value: float | None = 1.0, more: str = 'constant="true"') -> str:
    given = "" if value is None else f'value="{value!r}" '
    return f'<parameter id="{name}" {given}{more}/>'


def reaction(name: str, used: str, made: str, formula: str, *, local: str = "", more: str = "") -> str:
    """``used`` and ``made`` as ``2 A, B``; modifiers are every other id of the law that is upper case."""
    def side(text: str) -> str:
        found = ""
        for part in filter(None, (one.strip() for one in text.split(","))):
            count, _, name = part.rpartition(" ")
            found += f'<speciesReference species="{name}" stoichiometry="{count or 1}" constant="true"/>'
        return found

    taken = {part.strip().rpartition(" ")[2] for part in f"{used},{made}".split(",")}
    others = [word for word in dict.fromkeys(re.findall(r"\b[A-Z]\w*\b", formula)) if word not in taken]
    modifiers = "".join(f'<modifierSpeciesReference species="{word}"/>' for word in others)
    lists = "".join(f"<listOf{kind}>{inner}</listOf{kind}>" for kind, inner in (
        ("Reactants", side(used)), ("Products", side(made)), ("Modifiers", modifiers)) if inner)
    return f'<reaction id="{name}" reversible="false" fast="false" {more}>{lists}{law(formula, local)}</reaction>'


def sbml_text(*parts: str, head: str = "", cells: str = "", **lists: str) -> str:
    """A Level 3 file: each list by name (``species=...``), one element a line."""
    units = "".join(f'<unitDefinition id="{name}"><listOfUnits>{inner}</listOfUnits></unitDefinition>'
                    for name, inner in UNITS.items())
    head = head or 'substanceUnits="umol" timeUnits="minute" volumeUnits="litre" extentUnits="umol"'
    body = [f"<listOfUnitDefinitions>{units}</listOfUnitDefinitions>",
            f"<listOfCompartments>{cells or CELL}</listOfCompartments>"]
    order = ("functions", "species", "parameters", "starts", "rules", "constraints", "reactions", "events")
    names = {"functions": "FunctionDefinitions", "species": "Species", "parameters": "Parameters",
             "starts": "InitialAssignments", "rules": "Rules", "constraints": "Constraints",
             "reactions": "Reactions", "events": "Events"}
    for key in order:
        if key in lists:
            text = f"<listOf{names[key]}>\n{lists[key]}\n</listOf{names[key]}>"
            body.insert(0 if key == "functions" else len(body), text)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">\n'
            f'<model id="m" {head}>\n' + "\n".join([*body, *parts]) + "\n</model>\n</sbml>\n")


def saved(folder: Path, text: str, name: str = "m.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def internal(value: str | float) -> float:
    """A quantity in internal units."""
    return to_internal(value, internal_unit(split(value)[1]), "here")


def rates(words: NetworkSpec, levels: Mapping[str, float]) -> dict[str, float]:
    """Change of every state in internal units per second, at levels in internal units.

    Written from the contract of the words alone: a reaction moves whole numbers of a pool that is an amount over the
    size of the cell, and a level is a pool over the relative size of its compartment.
    """
    values = {name: internal(number) for name, number in words.constants.items()}
    values |= {name: float(size) for name, size in words.compartments.items()} | dict(levels)
    waiting = {name: parse(text) for name, text in words.assignments.items()}
    while waiting:
        for name in list(waiting):
            try:
                values[name] = value_of(waiting[name], values)
                del waiting[name]
            except KeyError:
                continue
    change = dict.fromkeys(words.states, 0.0)
    for one in words.reactions.values():
        speed = value_of(parse(one.rate or ""), values)
        for side, sign in zip(one.equation.split("->"), (-1.0, 1.0), strict=True):
            for part in filter(None, (part.strip() for part in side.split("+"))):
                count, _, name = part.rpartition(" ")
                change[name] += sign * float(count or 1) * speed
    return {name: total / values.get(words.states[name].compartment or "", 1.0) for name, total in change.items()}
