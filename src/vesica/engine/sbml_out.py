"""The mean field of one arm as SBML (Level 3 Version 2), for other simulators.

It does not repeat the engine's bookkeeping: amounts are totals of the dish, stoichiometries are the integers of the
process table, and laws are kernels called with symbols, printed as MathML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import sympy

from vesica.engine import drugs
from vesica.engine.doses import present_in
from vesica.engine.kernels import KERNELS
from vesica.engine.nodes import counts
from vesica.engine.program import Program, is_live
from vesica.engine.rest import resting
from vesica.engine.rows import derived_values, parameter_row, value_vector
from vesica.engine.schedule import edges, level
from vesica.engine.system import Lanes
from vesica.engine.table import ONE, Assignment, Flux
from vesica.errors import error
from vesica.spec.resolved import Arm

_CORE: Final = "http://www.sbml.org/sbml/level3/version2/core"
_MATH: Final = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
_OPERATORS: Final = {  # of sympy, and of vesica.maths
    "Add": "plus", "Mul": "times", "Pow": "power", "power": "power", "exp": "exp", "log": "ln",
}  # fmt: skip


@dataclass(frozen=True)
class ArmState:
    """One arm at one time.

    Parameters
    ----------
    present : frozenset of str
        What is there, as in `doses.present_in`.
    values : mapping of value name to number
        Parameters, derived numbers and inputs; the arm's agents are constant.
    amounts : mapping of pool to amount
        Per cell of its compartment, or in the whole medium.
    """

    present: frozenset[str]
    counts: Mapping[str, float]
    values: Mapping[str, float]
    amounts: Mapping[str, float]


def arm_sbml(program: Program, arm: Arm) -> str:
    """An arm from its start (cells at rest, agents added) as SBML: what a run in a mean field computes.

    Places of the vessel and kinds of cells that differ are species of their own, as in the engine.

    Raises
    ------
    InputError
        Something happens during the run: an exposure that begins or ends, a dose from another arm.
    RunFault
        Untreated cells run away.
    """
    if arm.supplies:
        raise error(f"arms.{arm.name}.exposures", f"the arm is given vesicles of `{arm.supplies[0].preparation}`",
                    "an arm is written from its start, without events", "the vesicles would be missing",
                    "write an arm without them")
    if arm.doses:
        raise error(f"arms.{arm.name}.exposures", f"the arm takes vesicles from `{arm.doses[0].from_arm}`",
                    "an SBML file holds one dish in which nothing is added during the run",
                    "what the dose brings would be missing", "write the arm that the vesicles come from")
    if arm.handling or arm.additions:
        raise error(f"arms.{arm.name}", "medium is taken, changed or added to during the run",
                    "an SBML file holds one dish in which nothing is done during the run",
                    "what hands do would be missing", "leave `handling:` and `add:` out")
    if len(stops := edges(program.model.schedule, arm, ())) > 2:
        raise error(f"arms.{arm.name}.exposures", f"an exposure begins or ends at {stops[1] / 3600.0:g} h",
                    "in an SBML file agents are constant during the run", "the other simulator would not change it",
                    "leave `from:` and `to:` out, or make the run as long as the exposure")
    row = parameter_row(program.model, arm)
    present = present_in(program, arm, {})
    program = program.divided
    tables = program.tables(present)
    values_of = value_vector(program, row)
    for name, before in drugs.levels(program.model, arm, None).items():
        values_of[program.index[name]] = before
    cells = counts(arm, program.groups)
    lanes = Lanes(tables, values_of[:, np.newaxis], cells, is_single=True)
    state = resting(program, lanes, present, {}).state
    agents = dict.fromkeys(program.table.inputs, 0.0) | drugs.levels(program.model, arm, 0.0)
    agents |= {f"agent.{exposure.agent}": level(exposure, 0.0) for exposure in arm.exposures}
    start = np.maximum(state[:, 0], 0.0)  # a hair below zero is a solver's way to say none
    amounts = dict(zip(tables.names, start.tolist(), strict=True))
    amounts |= {name: agents.pop(name) for name in agents.keys() & amounts.keys()}  # what evaporates is a pool
    values = row | derived_values(program, row) | {ONE: 1.0} | agents
    return sbml(program, ArmState(present, cells, values, amounts), f"{program.model.title}, arm {arm.name}")


def sbml(program: Program, state: ArmState, title: str = "") -> str:
    """The equations of what is present, as text of an SBML file that starts from ``state``.

    Ids are ``v`` and a number; the names are those of the program.
    """
    return _Writer(program, state).text(title)


class _Writer:
    def __init__(self, program: Program, state: ArmState) -> None:
        self.program, self.state = program, state
        self.ids = {name: f"v{place}" for name, place in program.index.items()}
        pools = [pool for pool in program.table.pools if is_live(pool.needs, state.present)]
        self.cells = {pool.name: self._cells(pool.compartment) for pool in pools}
        self.pools = frozenset(pool.name for pool in program.table.pools)
        self.rules = {rule.target: rule for rule in program.table.assignments}
        self.alive: dict[str, bool] = {}
        self.signed: dict[str, bool] = {}

    def text(self, title: str) -> str:
        fluxes = [flux for flux in self.program.table.fluxes if is_live(flux.needs, self.state.present)]
        read = self._read(fluxes)
        rules = [rule for rule in self.rules.values() if rule.target in read or self._is_alive(rule.target)]
        lists = [
            ("Compartments", ['<compartment id="dish" spatialDimensions="3" size="1" constant="true"/>']),
            ("Species", map(self._species, self.cells)),
            ("Parameters", [*map(self._constant, self.state.values), *map(self._assigned, rules)]),
            ("Rules", map(self._rule, rules)),
            ("Reactions", (self._reaction(place, flux) for place, flux in enumerate(fluxes))),
        ]
        body = "\n".join(part for name, items in lists if (part := _listed(name, items)))
        note = "Amounts are totals of the dish, whose size is 1. Parameters are in um, s and molecules."
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<sbml xmlns="{_CORE}" level="3" version="2">\n'
                f'<model id="vesica" name={quoteattr(title)} substanceUnits="item" timeUnits="second" '
                f'volumeUnits="dimensionless" extentUnits="item">\n'
                f'<notes><p xmlns="http://www.w3.org/1999/xhtml">{escape(note)}</p></notes>\n'
                f"{body}\n</model>\n</sbml>\n")

    def _cells(self, compartment: str) -> float:
        return 1.0 if compartment == "medium" else self.state.counts[compartment]

    def _read(self, fluxes: Iterable[Flux]) -> set[str]:
        """Values that a reaction reads, or that such a value rests on; some rest on pools that are not there."""
        found: set[str] = set()
        waiting = [name for flux in fluxes for name in flux.factors]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.rules[name].args if name in self.rules else ()
        return found

    def _is_alive(self, name: str) -> bool:
        """Whether a value rests on no pool that is not there."""
        if name in self.pools:
            return name in self.cells
        if name not in self.alive:
            rule = self.rules.get(name)
            self.alive[name] = rule is None or all(map(self._is_alive, rule.args))
        return self.alive[name]

    def _may_be_negative(self, name: str) -> bool:
        """Whether a difference or a logarithm is in it: a Hill function of what is below zero is zero."""
        if name not in self.signed:
            rule = self.rules.get(name)
            self.signed[name] = rule is not None and (
                rule.kernel in ("difference", "logarithm") or any(map(self._may_be_negative, rule.args)))
        return self.signed[name]

    def _value(self, name: str) -> str:
        """MathML of a value as kernels mean it: pools of cells are per cell, and nothing where they are not there."""
        if name in self.pools and name not in self.cells:
            return _number(0.0)
        if name in self.cells:
            return f"<apply><divide/><ci>{self.ids[name]}</ci>{_number(self.cells[name])}</apply>"
        return f"<ci>{self.ids[name]}</ci>"

    def _species(self, name: str) -> str:
        return (f'<species id="{self.ids[name]}" name={quoteattr(name)} compartment="dish" '
                f'initialAmount="{self.state.amounts[name] * self.cells[name]!r}" hasOnlySubstanceUnits="true" '
                'boundaryCondition="false" constant="false"/>')

    def _constant(self, name: str) -> str:
        value = float(self.state.values[name])
        return f'<parameter id="{self.ids[name]}" name={quoteattr(name)} value="{value!r}" constant="true"/>'

    def _assigned(self, rule: Assignment) -> str:
        return f'<parameter id="{self.ids[rule.target]}" name={quoteattr(rule.target)} constant="false"/>'

    def _rule(self, rule: Assignment) -> str:
        signed = frozenset(self._value(arg) for arg in rule.args if self._may_be_negative(arg))
        law = _law(rule.kernel, [self._value(arg) for arg in rule.args], signed)
        return f'<assignmentRule variable="{self.ids[rule.target]}">{_MATH}{law}</math></assignmentRule>'

    def _side(self, flux: Flux, name: str, sign: int) -> str:
        return _listed(name, (f'<speciesReference species="{self.ids[pool]}" stoichiometry="{abs(moved)}" '
                              'constant="true"/>' for pool, moved in flux.moves
                              if pool in self.cells and moved * sign > 0))

    def _reaction(self, place: int, flux: Flux) -> str:
        factors = "".join(map(self._value, flux.factors))
        law = f"<apply><times/>{_number(self._cells(flux.owner))}{factors}</apply>"
        sides = "".join(self._side(flux, name, sign) for name, sign in (("Reactants", -1), ("Products", 1)))
        read = sorted((set(flux.factors) & set(self.cells)) - {pool for pool, _ in flux.moves})
        sides += _listed("Modifiers", (f'<modifierSpeciesReference species="{self.ids[pool]}"/>' for pool in read))
        return (f'<reaction id="r{place}" name={quoteattr(flux.name)} reversible="false">{sides}'
                f"<kineticLaw>{_MATH}{law}</math></kineticLaw></reaction>")


def _listed(name: str, items: Iterable[str]) -> str:
    inner = "\n".join(items)
    return f"<listOf{name}>{inner}</listOf{name}>" if inner else ""


def _law(kernel: str, arguments: list[str], signed: frozenset[str]) -> str:
    symbols = sympy.symbols([f"a{place}" for place in range(len(arguments))])
    return _mathml(sympy.sympify(KERNELS[kernel](*symbols), strict=True),
                   dict(zip(symbols, arguments, strict=True)), signed)


def _number(value: float) -> str:
    mantissa, _, exponent = repr(float(value)).partition("e")
    if not exponent:
        return f"<cn>{mantissa}</cn>"
    return f'<cn type="e-notation">{mantissa}<sep/>{int(exponent)}</cn>'


def _mathml(expression: sympy.Expr, inside: Mapping[sympy.Symbol, str], signed: frozenset[str]) -> str:
    """Content MathML of sums, products, powers, inverses, exponentials and Hill functions.

    A Hill function of one of ``signed`` is zero where that is below zero, as `vesica.maths.hill` is.
    """
    if expression.is_Symbol:
        return inside[expression]
    if expression.is_Number:
        return _number(float(expression))
    parts = [_mathml(argument, inside, signed) for argument in expression.args]
    name = type(expression).__name__
    if name == "hill":
        x, half = (f"<apply><power/>{base}{parts[2]}</apply>" for base in parts[:2])
        share = f"<apply><divide/>{x}<apply><plus/>{half}{x}</apply></apply>"
        if parts[0] not in signed:
            return share
        return (f"<piecewise><piece>{share}<apply><gt/>{parts[0]}{_number(0.0)}</apply></piece>"
                f"<otherwise>{_number(0.0)}</otherwise></piecewise>")
    if name == "inverse":  # of a share that stays above zero
        return f"<apply><divide/>{_number(1.0)}{parts[0]}</apply>"
    return f"<apply><{_OPERATORS[name]}/>{''.join(parts)}</apply>"
