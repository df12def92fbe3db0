"""Writes a compiled model as SBML for another simulator; used by tests alone.

It does not repeat the engine's bookkeeping: amounts are totals of the dish, stoichiometries are
the integers of the process table, and laws are kernels called with symbols, printed as MathML.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from vesica.engine.kernels import KERNELS
from vesica.engine.program import Program, is_live

_HEAD = ('<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" '
         'level="3" version="1"><model id="m"><listOfCompartments>'
         '<compartment id="dish" size="1" spatialDimensions="3" constant="true"/></listOfCompartments>')
_MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'


def sbml(program: Program, present: frozenset[str], counts: Mapping[str, float], values: Mapping[str, float],
         start: Mapping[str, float]) -> str:
    """The model of one arm.

    Parameters
    ----------
    values : mapping of value name to number
        Parameters, derived numbers and inputs; the arm's agents are constant.
    start : mapping of pool to amount
        Per cell of its compartment, or in the whole medium.
    """
    ids, table = {name: f"v{place}" for name, place in program.index.items()}, program.table
    pools = [pool for pool in table.pools if is_live(pool.needs, present)]
    number = {pool.name: counts[pool.compartment] if pool.compartment != "medium" else 1.0 for pool in pools}

    def value(name: str) -> str:
        """MathML of a value as kernels mean it: pools of cells are per cell."""
        if name in number:
            return f"<apply><divide/><ci>{ids[name]}</ci>{_number(number[name])}</apply>"
        return f"<ci>{ids[name]}</ci>"

    species = "".join(
        f'<species id="{ids[name]}" compartment="dish" initialAmount="{start[name] * cells!r}" '
        'hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>'
        for name, cells in number.items())
    rules = [a for a in table.assignments if _is_alive(program, a.target, number)]
    constants = "".join(f'<parameter id="{ids[name]}" value="{constant!r}" constant="true"/>'
                        for name, constant in values.items())
    constants += "".join(f'<parameter id="{ids[rule.target]}" constant="false"/>' for rule in rules)
    assigned = "".join(f'<assignmentRule variable="{ids[rule.target]}">{_MATH}'
                       f"{_law(rule.kernel, [value(arg) for arg in rule.args])}</math></assignmentRule>"
                       for rule in rules)
    reactions = []
    for flux in (flux for flux in table.fluxes if is_live(flux.needs, present)):
        cells = _number(1.0 if flux.owner == "medium" else counts[flux.owner])
        law = f"<apply><times/>{cells}{''.join(value(name) for name in flux.factors)}</apply>"
        lists = _sides(ids, {pool: moved for pool, moved in flux.moves if pool in number})
        others = sorted((set(flux.factors) & set(number)) - {pool for pool, _ in flux.moves})
        modifiers = "".join(f'<modifierSpeciesReference species="{ids[pool]}"/>' for pool in others)
        lists += f"<listOfModifiers>{modifiers}</listOfModifiers>" if modifiers else ""
        reactions.append(f'<reaction id="r{len(reactions)}" reversible="false" fast="false">{lists}'
                         f"<kineticLaw>{_MATH}{law}</math></kineticLaw></reaction>")
    return (f"{_HEAD}<listOfSpecies>{species}</listOfSpecies><listOfParameters>{constants}</listOfParameters>"
            f"<listOfRules>{assigned}</listOfRules><listOfReactions>{''.join(reactions)}</listOfReactions>"
            "</model></sbml>")


def _sides(ids: Mapping[str, str], moves: Mapping[str, int]) -> str:
    """Lists of reactants and products."""
    text = ""
    for side, sign in (("Reactants", -1), ("Products", 1)):
        inner = "".join(
            f'<speciesReference species="{ids[pool]}" stoichiometry="{abs(moved)}" constant="true"/>'
            for pool, moved in moves.items() if moved * sign > 0)
        text += f"<listOf{side}>{inner}</listOf{side}>" if inner else ""
    return text


def _is_alive(program: Program, name: str, live: Mapping[str, float]) -> bool:
    """Whether a value rests on no pool that is not there."""
    if name in program.species:
        return name in live
    by_name = {a.target: a for a in program.table.assignments}
    return all(_is_alive(program, arg, live) for arg in by_name[name].args) if name in by_name else True


def _law(kernel: str, arguments: list[str]) -> str:
    symbols = sympy.symbols([f"a{place}" for place in range(len(arguments))])
    return _mathml(sympy.sympify(KERNELS[kernel](*symbols)), dict(zip(symbols, arguments, strict=True)))


def _number(value: float) -> str:
    mantissa, _, exponent = repr(float(value)).partition("e")
    if not exponent:
        return f"<cn>{mantissa}</cn>"
    return f'<cn type="e-notation">{mantissa}<sep/>{int(exponent)}</cn>'


def _mathml(expression: sympy.Expr, inside: Mapping[sympy.Symbol, str]) -> str:
    """Content MathML of sums, products, powers, inverses and Hill functions."""
    if expression.is_Symbol:
        return inside[expression]
    if expression.is_Number:
        return _number(float(expression))
    parts = [_mathml(argument, inside) for argument in expression.args]
    if type(expression).__name__ == "hill":
        x, half = (f"<apply><power/>{base}{parts[2]}</apply>" for base in parts[:2])
        return f"<apply><divide/>{x}<apply><plus/>{half}{x}</apply></apply>"
    if type(expression).__name__ == "inverse":  # of a share that stays above zero
        return f"<apply><divide/>{_number(1.0)}{parts[0]}</apply>"
    name = {sympy.Add: "plus", sympy.Mul: "times", sympy.Pow: "power"}[type(expression)]
    return f"<apply><{name}/>{''.join(parts)}</apply>"
