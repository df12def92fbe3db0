"""Vesicles that come over the bench, one by one: isolated from another dish, of a preparation, of fresh medium."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vesica.engine import isolation
from vesica.engine.doses import Given, given_of, in_fresh_medium, particles_wanted
from vesica.engine.isolation import Sample, Worked
from vesica.engine.whole import journey
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.draws import binomials, poissons
from vesica.engine.whole.vesicles import diameters, lumen_volumes, uniforms
from vesica.spec.resolved import Dose, Supply
from vesica.spec.vocabulary import FRESH, sender_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Row = Mapping[str, float]


def isolated(dish: Dish, dose: Dose, drawn: journey.Drawn, classes: Index, done: Worked, share: float,
             whole: float, came: Mapping[str, float]) -> Given:
    """Put what steps of isolation leave of drawn vesicles into the medium.

    Parameters
    ----------
    drawn
        As they were before the first step.
    classes : (vesicle,)
        Of the dish.
    share, whole
        Of the source's medium, and the particles that a counter sees in all of it.
    came : mapping of soluble to molecule
        Without what was freed by a detergent.
    """
    model = dish.laws.program.model
    amounts = {f"medium.{name}": amount for name, amount in came.items()}
    for freed in done.freed:
        chance = freed.sieves.kept(drawn.diameters)
        for column, cargo in enumerate(model.cargo):
            if cargo.frees in dish.solubles and cargo.topology == "lumen":
                copies = float(drawn.copies[:, column] @ chance) * freed.copies[cargo.name]
                amounts[f"medium.{cargo.frees}"] = amounts.get(f"medium.{cargo.frees}", 0.0) + copies
    for name in dish.solubles:
        dish.solubles[name] += amounts.get(f"medium.{name}", 0.0)
    kept = uniforms(dish.chance, drawn.diameters.size) < done.sieves.kept(drawn.diameters)
    copies = _left(dish, drawn.copies[kept], done)
    for k in np.unique(classes[kept]):
        here = classes[kept] == k
        copies[here] += _stain(dish, dish.classes[k], drawn.diameters[kept][here], done)
    amounts |= _put(dish, classes[kept], drawn.diameters[kept], copies) | _alone(dish, done, share)
    return given_of(model, dose, share, amounts, whole * share, done)


def supplied(dish: Dish, supply: Supply, row: Row) -> Given:
    """Vesicles of a preparation: sizes from its law, Poisson numbers of copies in proportion to lumen or membrane."""
    model = dish.laws.program.model
    sample = isolation.sample_for(model, supply, row)
    done = isolation.work(model, supply.isolation, row, sample)
    whole, wanted = isolation.particles(model, done, sample, row), particles_wanted(model, supply, dish.arm)
    share = wanted / whole if whole > 0 else 0.0
    amounts: dict[str, float] = {}
    for origin, number in sample.vesicles.items():
        sizes = _sizes(dish, origin, number * share)
        sizes = sizes[uniforms(dish.chance, sizes.size) < done.sieves.kept(sizes)]
        copies = _left(dish, _copies(dish, origin, sizes, sample), done) + _stain(dish, origin, sizes, done)
        amounts |= _put(dish, np.full(sizes.size, dish.classes.index(origin)), sizes, copies)
    amounts |= _alone(dish, done, share)
    return given_of(model, supply, share, amounts, whole * share, done)


def fill(dish: Dish, volume: float) -> None:
    """Put in the vesicles of so much fresh medium, um^3; they count as added."""
    model = dish.laws.program.model
    for origin in sorted(in_fresh_medium(model) & set(dish.classes)):
        name = sender_of(origin)
        held = isolation.preparation_of(model, name).cargo
        sample = Sample({origin: 1.0}, {(origin, cargo): dish.input(f"{name}.{cargo}.copies") for cargo in held})
        sizes = _sizes(dish, origin, dish.input(f"{name}.{FRESH}") * volume)
        _put(dish, np.full(sizes.size, dish.classes.index(origin)), sizes, _copies(dish, origin, sizes, sample))


def _sizes(dish: Dish, origin: str, number: float) -> Array:
    """(vesicle,) um; a number that is not whole is rounded up or down by chance."""
    whole = int(number) + int(uniforms(dish.chance, 1)[0] < number - int(number))
    return diameters(dish.laws_of_size[origin], uniforms(dish.chance, whole))


def _copies(dish: Dish, origin: str, sizes: Array, sample: Sample) -> Index:
    """(vesicle, cargo) Poisson numbers whose mean over the size law is that of the sample."""
    law, model = dish.laws_of_size[origin], dish.laws.program.model
    found = np.zeros((sizes.size, len(model.cargo)), dtype=np.int64)
    for column, cargo in enumerate(model.cargo):
        mean = sample.cargo.get((origin, cargo.name), 0.0) / sample.vesicles[origin]
        if mean > 0.0:
            lumen = lumen_volumes(sizes, law.thickness) / law.mean_lumen_volume
            size = lumen if cargo.topology == "lumen" else np.pi * sizes**2 / law.mean_area
            found[:, column] = poissons(dish.chance, mean * size)
    return found


def _stain(dish: Dish, origin: str, sizes: Array, done: Worked) -> Index:
    """(vesicle, cargo) dye that staining brought."""
    cargo = {(origin, label.dye): label.copies for label in done.labels}
    return _copies(dish, origin, sizes, Sample({origin: 1.0}, cargo))


def _alone(dish: Dish, done: Worked, share: float) -> dict[str, float]:
    """Put in what later steps leave of the particles of dyes."""
    found: dict[str, float] = {}
    for label in done.labels:
        origin = isolation.micelles_of(dish.laws.program.model, label.dye).origin
        sizes = _sizes(dish, origin, label.particles * share)
        sizes = sizes[uniforms(dish.chance, sizes.size) < isolation.after(label, done.sieves).kept(sizes)]
        copies = _copies(dish, origin, sizes, Sample({origin: 1.0}, {(origin, label.dye): label.copies}))
        found |= _put(dish, np.full(sizes.size, dish.classes.index(origin)), sizes, copies)
    return found


def _left(dish: Dish, copies: Index, done: Worked) -> Index:
    """(vesicle, cargo) copies that enzymes left: each stays with the same chance."""
    found = copies.copy()
    for column, cargo in enumerate(dish.laws.program.model.cargo):
        share = done.copies[cargo.name]
        if share < 1.0:
            numbers = copies[:, column].astype(float)
            found[:, column] = binomials(dish.chance, numbers, np.full(numbers.size, share))
    return found


def _put(dish: Dish, classes: Index, sizes: Array, copies: Index) -> dict[str, float]:
    """Add vesicles to the medium; amounts by pool."""
    dish.journey = journey.add_free(dish.journey, classes, sizes, copies)
    found: dict[str, float] = {}
    for k in np.unique(classes):
        here = classes == k
        amounts = (here.sum(), *copies[here].sum(axis=0))
        for i, suffix in dish.contents(dish.classes[k]):
            found |= {f"medium.{pool}:{dish.classes[k]}{suffix}": float(amounts[i]) for pool in ("free", "added")}
    return found
