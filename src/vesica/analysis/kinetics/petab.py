"""PEtab v1 problems: an SBML model of rate rules, and the tables that bind it to readings.

Formats: SBML Level 3 Version 2 core; PEtab 1.0.0 (Schmiester 2021 PLoS Comput Biol 17:e1008646,
doi 10.1371/journal.pcbi.1008646).
"""

from __future__ import annotations

import ast
import csv
import io
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml

from vesica.analysis.kinetics.least_squares import Fit

_SBML: Final = "http://www.sbml.org/sbml/level3/version2/core"
_MATH: Final = "http://www.w3.org/1998/Math/MathML"
_OPERATORS: Final = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divide",
    ast.Pow: "power",
}
_TIME: Final = "http://www.sbml.org/sbml/symbols/time"

Row = Mapping[str, object]


@dataclass(frozen=True)
class Quantity:
    """A parameter of the SBML model: a constant, or a state with a rate.

    Parameters
    ----------
    id, words : str
        Words say what it is, with its unit.
    value : float
    rate : formula or empty
    start : formula of the initial value, or empty
    """

    id: str
    words: str
    value: float = 0.0
    rate: str = ""
    start: str = ""


@dataclass(frozen=True)
class Event:
    """When ``time`` reaches a constant, a state is set to a formula."""

    at: str
    state: str
    formula: str


@dataclass(frozen=True)
class PetabProblem:
    """What is written.

    Parameters
    ----------
    name : str
        Begins every file name.
    quantities, events : the SBML model
    conditions : rows of the condition table, `conditionId` first
    observable : formula; noise : formula; transformation : "lin" or "log"
    measurements : rows with condition, time, measurement, noise
    parameters : rows of the parameter table
    """

    name: str
    quantities: tuple[Quantity, ...]
    conditions: tuple[Row, ...]
    observable: str
    noise: str
    transformation: str
    measurements: tuple[Row, ...]
    parameters: tuple[Row, ...]
    events: tuple[Event, ...] = field(default=())


def sbml(problem: PetabProblem) -> bytes:
    """The model as SBML L3V2, in hours."""
    root = ET.Element("sbml", {"xmlns": _SBML, "level": "3", "version": "2"})
    model = ET.SubElement(
        root, "model", {"id": problem.name, "timeUnits": "hour", "extentUnits": "dimensionless"}
    )
    units = ET.SubElement(ET.SubElement(model, "listOfUnitDefinitions"), "unitDefinition", {"id": "hour"})
    ET.SubElement(
        ET.SubElement(units, "listOfUnits"),
        "unit",
        {"kind": "second", "exponent": "1", "scale": "0", "multiplier": "3600"},
    )
    listed = ET.SubElement(model, "listOfParameters")
    for one in problem.quantities:
        ET.SubElement(
            listed,
            "parameter",
            {
                "id": one.id,
                "name": one.words,
                "value": repr(float(one.value)),
                "constant": "false" if one.rate or one.id in _changed(problem) else "true",
            },
        )
    starting = [one for one in problem.quantities if one.start]
    if starting:
        assigned = ET.SubElement(model, "listOfInitialAssignments")
        for one in starting:
            _math(ET.SubElement(assigned, "initialAssignment", {"symbol": one.id}), one.start)
    rules = ET.SubElement(model, "listOfRules")
    for one in problem.quantities:
        if one.rate:
            _math(ET.SubElement(rules, "rateRule", {"variable": one.id}), one.rate)
    if problem.events:
        events = ET.SubElement(model, "listOfEvents")
        for number, event in enumerate(problem.events, start=1):
            element = ET.SubElement(
                events, "event", {"id": f"event_{number}", "useValuesFromTriggerTime": "true"}
            )
            trigger = ET.SubElement(element, "trigger", {"initialValue": "false", "persistent": "true"})
            _math(trigger, f"time >= {event.at}")
            changes = ET.SubElement(element, "listOfEventAssignments")
            _math(ET.SubElement(changes, "eventAssignment", {"variable": event.state}), event.formula)
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _changed(problem: PetabProblem) -> set[str]:
    return {event.state for event in problem.events}


def _math(parent: ET.Element, formula: str) -> None:
    _node(ET.SubElement(parent, "math", {"xmlns": _MATH}), ast.parse(formula, mode="eval").body)


def _node(parent: ET.Element, node: ast.expr) -> None:
    """Arithmetic in infix becomes MathML; anything else is our mistake."""
    match node:
        case ast.Constant(value=int() | float() as number):
            ET.SubElement(parent, "cn").text = repr(number)
        case ast.Name(id="time"):
            ET.SubElement(parent, "csymbol", {"encoding": "text", "definitionURL": _TIME}).text = "time"
        case ast.Name(id=name):
            ET.SubElement(parent, "ci").text = name
        case ast.BinOp(left=left, op=op, right=right):
            _apply(parent, _OPERATORS[type(op)], left, right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _apply(parent, "minus", operand)
        case ast.Call(func=ast.Name(id="exp"), args=[argument]):
            _apply(parent, "exp", argument)
        case ast.Compare(left=left, ops=[ast.GtE()], comparators=[right]):
            _apply(parent, "geq", left, right)
        case _:
            raise ValueError(f"`{ast.unparse(node)}` is not a formula of this writer")


def _apply(parent: ET.Element, operator: str, *arguments: ast.expr) -> None:
    element = ET.SubElement(parent, "apply")
    ET.SubElement(element, operator)
    for argument in arguments:
        _node(element, argument)


def parameter_rows(fit: Fit, names: Mapping[str, str]) -> list[Row]:
    """Rows of the parameter table: fitted values as nominal ones, with the bounds of our own search.

    Parameters
    ----------
    fit : Fit
    names : parameter of the fit -> id in the model
    """
    rows: list[Row] = []
    problem = fit.problem
    for i, name in enumerate(problem.names):
        is_log = bool(problem.logarithmic[i])
        low = 1e-12 * problem.scale[i] if is_log else 0.0
        rows.append(
            {
                "parameterId": names[name],
                "parameterScale": "log10" if is_log else "lin",
                "lowerBound": low,
                "upperBound": problem.limit[i],
                "nominalValue": fit.values[i],
                "estimate": 1,
            }
        )
    sigma = fit.sigma
    rows.append(
        {
            "parameterId": "sigma",
            "parameterScale": "log10",
            "lowerBound": min(1e-6, sigma / 10),
            "upperBound": max(10.0, sigma * 10),
            "nominalValue": sigma,
            "estimate": int(not problem.scale_is_known),
        }
    )
    return rows


def files(problem: PetabProblem) -> dict[str, bytes]:
    """Relative path -> content of the whole problem, in the folder ``petab``."""
    name = problem.name
    names = {
        kind: f"{kind}_{name}.tsv" for kind in ("conditions", "observables", "measurements", "parameters")
    }
    observable = {
        "observableId": "reading",
        "observableFormula": problem.observable,
        "noiseFormula": problem.noise,
        "observableTransformation": problem.transformation,
        "noiseDistribution": "normal",
    }
    readings = [
        {
            "observableId": "reading",
            "simulationConditionId": row["condition"],
            "measurement": row["measurement"],
            "time": row["time"],
            "noiseParameters": row.get("noise", ""),
        }
        for row in problem.measurements
    ]
    head = {
        "format_version": 1,
        "parameter_file": names["parameters"],
        "problems": [
            {
                "condition_files": [names["conditions"]],
                "measurement_files": [names["measurements"]],
                "observable_files": [names["observables"]],
                "sbml_files": [f"model_{name}.xml"],
            }
        ],
    }
    return {
        f"petab/{name}.yaml": yaml.safe_dump(head, sort_keys=False).encode(),
        f"petab/model_{name}.xml": sbml(problem),
        f"petab/{names['conditions']}": _tsv(problem.conditions),
        f"petab/{names['observables']}": _tsv([observable]),
        f"petab/{names['measurements']}": _tsv(readings),
        f"petab/{names['parameters']}": _tsv(problem.parameters),
    }


def _tsv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _written(value) for key, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _written(value: object) -> str:
    if isinstance(value, float):  # numpy's floats, too: all digits, so that the likelihood is the same
        return repr(float(value)) if math.isfinite(value) else ""
    return str(value)
