"""Drugs: how much of each target they hold, and the rates that this changes.

A drug that stays is at equilibrium with its target, and so is one in the medium. One that comes or goes during the run
has a level in the cell, ``CELL.held_by_DRUG_TARGET``. The concentration that a cell type feels is an input of its own,
so an arm that gives a drug to some cells differs in numbers, not in laws.
"""

from __future__ import annotations

from collections.abc import Iterator

from vesica.engine.schedule import level
from vesica.engine.table import Pool, TableBuilder
from vesica.spec.resolved import Arm, Drug, DrugEffect, ResolvedModel
from vesica.spec.vocabulary import CLEARANCE

MEDIUM = "medium"


def felt(drug: str, owner: str) -> str:
    """Value name of the concentration of a drug that a cell type, or the medium, feels."""
    return f"drug.{drug} in {owner}"


def inputs(model: ResolvedModel) -> tuple[str, ...]:
    """Value names of the concentrations of all drugs."""
    return tuple(dict.fromkeys(felt(drug.name, owner) for drug in model.drugs for effect in drug.effects
                               for owner in effect.cells))


def levels(model: ResolvedModel, arm: Arm, time: float | None) -> dict[str, float]:
    """Concentrations that hold from ``time`` s on, or before the run (None), in molecule/um^3 by value name."""
    found = dict.fromkeys(inputs(model), 0.0)
    for held in arm.inhibitions:
        here = held.before if time is None else level(held, time)
        for owner in held.cells:
            if felt(held.drug, owner) in found:
                found[felt(held.drug, owner)] += here
    return found


def acting_on(model: ResolvedModel, owner: str, rate: str) -> Iterator[tuple[Drug, DrugEffect]]:
    """Effects on a rate of a cell type, or of the medium."""
    for drug in model.drugs:
        yield from ((drug, effect) for effect in drug.effects if (owner, rate) in effect.rates)


def drugged(model: ResolvedModel, table: TableBuilder, owner: str, rate: str, value: str, end: str = "") -> str:
    """Value name of a rate as drugs leave it.

    Parameters
    ----------
    value : str
        Value name of the rate after all else that changes it.
    end : str
        Sets it apart where one rate has several values.
    """
    for drug, effect in acting_on(model, owner, rate):
        fold, held = drug.number(effect, "fold"), _held(table, drug, effect, owner)
        value = table.assign(f"{owner}.{rate}{end} with {drug.name}", "drugged", value, fold, held)
    return value


def _pool(drug: Drug, effect: DrugEffect, owner: str) -> str:
    return f"{owner}.held_by_{drug.name}_{effect.target}"


def _held(table: TableBuilder, drug: Drug, effect: DrugEffect, owner: str) -> str:
    """Value name of the share of a target that a drug holds."""
    name = _pool(drug, effect, owner)
    if drug.is_timed and owner != MEDIUM:
        return name
    return table.assign(name, "hill_share", felt(drug.name, owner), drug.number(effect, "half_max"),
                        drug.number(effect, "hill"))


def bind_drugs(model: ResolvedModel, table: TableBuilder, cell: str) -> None:
    """Targets of a cell type that drugs come to, and leave, during the run."""
    needs = frozenset({f"cell:{cell}"})
    for drug in model.drugs:
        for effect in drug.effects:
            if not drug.is_timed or cell not in effect.cells:
                continue
            leaving, label = f"drug.{drug.name}.washout_rate", effect.target.replace("_", " ")
            pool = table.pool(Pool(_pool(drug, effect, cell), cell, "", f"share of {label} held by {drug.name}", needs,
                                   is_level=True))
            binding = table.assign(f"{pool} more", "drug_binding", leaving, felt(drug.name, cell),
                                   drug.number(effect, "half_max"), drug.number(effect, "hill"), pool)
            table.flux(f"drug_binding/{pool}", cell, (binding,), {pool: 1}, needs)
            table.flux(f"drug_leaving/{pool}", cell, (leaving, pool), {pool: -1}, needs)


def bind_clearance(model: ResolvedModel, table: TableBuilder, soluble: str) -> None:
    """What drugs take of a soluble of the medium, and what they turn it into."""
    pool = f"{MEDIUM}.{soluble}"
    for drug, effect in acting_on(model, MEDIUM, f"{soluble}{CLEARANCE}"):
        rate = table.assign(f"{pool} taken by {drug.name}", "product", drug.number(effect, "added"),
                            _held(table, drug, effect, MEDIUM))
        turned = {f"{MEDIUM}.{effect.into}": 1} if effect.into else {}
        process = "drug_conversion" if turned else "drug_clearance"
        table.flux(f"{process}/{soluble}.{drug.name}", MEDIUM, (rate, pool), {pool: -1, **turned}, frozenset())
