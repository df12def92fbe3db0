"""Vesicles of one dish for another: drawn one by one from what stood in its medium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vesica.engine import isolation
from vesica.engine.doses import Given
from vesica.engine.whole import bench, journey
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.vesicles import uniforms
from vesica.spec.resolved import Dose


@dataclass(frozen=True)
class Taken:
    """What stood in the medium of a dish when doses were taken.

    Parameters
    ----------
    classes : tuple of str
        That the journey counts its classes in.
    journey : Journey
        A copy.
    donors : int
        Cells that secrete vesicles.
    solubles : mapping of name to molecule
    """

    classes: tuple[str, ...]
    journey: journey.Journey
    donors: int
    solubles: Mapping[str, float]


def taken(dish: Dish) -> Taken:
    """A copy of the medium as it is now."""
    donors = sum(cells.number for cells in dish.cells if cells.donors is not None)
    return Taken(dish.classes, dish.journey.copy(), donors, dict(dish.solubles))


def give(dish: Dish, dose: Dose, source: Taken, row: Mapping[str, float]) -> Given:
    """Put a dose into the medium: vesicles chosen without repeats, or with them where dishes are pooled.

    A number that is not whole is rounded up or down by chance, and so is each class's part of it. Of these, each
    passes the steps of isolation with the chance of its size.

    Parameters
    ----------
    row : numbers of the arm that gets it
    """
    receiving = next(cells.number for cells in dish.cells if cells.name == dose.recipient)
    there = source.journey.now(journey.FREE)[0, :, 0]
    available = int(there.sum())
    per_cell = dose.amount if dose.measure == "particles_per_cell" else dose.amount * available / source.donors
    share = per_cell * receiving / available if available else 0.0
    if dose.isolation:
        sample, done, whole = _worked(dish, dose, source, row)
        by_particles = dose.amount * receiving / whole if whole > 0 else 0.0
        share = by_particles if dose.measure == "particles_per_cell" else share
    exact = there * share
    number = np.floor(exact).astype(np.int64)
    number += uniforms(dish.chance, number.size) < exact - number
    drawn = journey.draw_free(source.journey, number, dish.chance)
    classes = np.array([dish.classes.index(name) for name in source.classes], dtype=np.int64)
    if dose.isolation:
        solubles = isolation.solubles_left(done, sample, row)
        came = {name: amount * solubles[name] * share for name, amount in source.solubles.items()}
        return bench.isolated(dish, dose, drawn, classes[drawn.classes], done, share, whole, came)
    dish.journey = journey.add_free(dish.journey, classes[drawn.classes], drawn.diameters, drawn.copies)
    named: dict[str, float] = {}
    for k, origin in enumerate(source.classes):
        amounts = (number[k], *drawn.copies[drawn.classes == k].sum(axis=0))
        for i, suffix in dish.contents(origin):
            named |= {f"medium.{pool}:{origin}{suffix}": float(amounts[i]) for pool in ("free", "added")}
    for name, amount in source.solubles.items():
        named[f"medium.{name}"] = amount * share * dose.carry_over
        dish.solubles[name] += named[f"medium.{name}"]
    return Given(dose, float(number.sum()), share, named, float(number.sum()))


def _worked(dish: Dish, dose: Dose, source: Taken, row: Mapping[str, float]
            ) -> tuple[isolation.Sample, isolation.Worked, float]:
    """The source's medium, what the steps leave of it, and the particles that a counter sees of that."""
    model = dish.laws.program.model
    there = source.journey.now(journey.FREE)[0, :, 0]
    vesicles = {name: float(number) for name, number in zip(source.classes, there, strict=True)}
    sample = isolation.Sample(vesicles, {}, source.solubles, isolation.lipoproteins_of_medium(model, row))
    done = isolation.work(model, dose.isolation, row, sample)
    return sample, done, isolation.particles(model, done, sample, row)
