"""Vesicles of one dish for another: drawn one by one from what stood in its medium."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vesica.engine.doses import Given
from vesica.engine.whole import journey
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.vesicles import uniforms
from vesica.spec.resolved import Dose


@dataclass(frozen=True)
class Taken:
    """What stood in the medium of a dish when doses were taken.

    Parameters
    ----------
    classes : tuple of str
        That the numbers of ``free`` count in.
    donors : int
        Cells that secrete vesicles.
    solubles : mapping of name to molecule
    """

    classes: tuple[str, ...]
    free: journey.Free
    donors: int
    solubles: Mapping[str, float]


def taken(dish: Dish) -> Taken:
    """A copy of the medium as it is now."""
    donors = sum(cells.number for cells in dish.cells if cells.donors is not None)
    return Taken(dish.classes, dish.journey.free_rows(), donors, dict(dish.solubles))


def give(dish: Dish, dose: Dose, source: Taken) -> Given:
    """Put a dose into the medium: single vesicles without replacement, with it where dishes are pooled."""
    receiving = next(cells.number for cells in dish.cells if cells.name == dose.recipient)
    available = source.free.number
    per_cell = dose.amount if dose.measure == "particles_per_cell" else dose.amount * available / source.donors
    wanted = per_cell * receiving
    whole = math.floor(wanted) + int(uniforms(dish.chance, 1)[0] < wanted % 1.0) if available else 0
    share = whole / available if available else 0.0
    rows = source.free.drawn(whole, dish.chance)
    dish.journey = journey.add_free(dish.journey, rows, [dish.classes.index(name) for name in source.classes])
    amounts = rows.amounts()
    named = {}
    for k, origin in enumerate(source.classes):
        for i, suffix in enumerate(("", *(f"/{cargo}" for cargo in dish.cargo))):
            for pool in ("free", "added"):
                named[f"medium.{pool}:{origin}{suffix}"] = float(amounts[k, i])
    for name, amount in source.solubles.items():
        brought = amount * share * dose.carry_over
        dish.solubles[name] += brought
        named[f"medium.{name}"] = brought
    return Given(dose, float(whole), share, named)
