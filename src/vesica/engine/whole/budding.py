"""Vesicles that are free as they are made: microvesicles of living cells, apoptotic vesicles of dying ones."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.counters import binomial
from vesica.engine.whole import journey
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.draws import poissons
from vesica.engine.whole.loading import Tables
from vesica.engine.whole.loading_loop import load_batch
from vesica.engine.whole.vesicles import diameters as diameters_at
from vesica.engine.whole.vesicles import lumen_volumes, uniforms
from vesica.spec.vocabulary import APOPTOTIC, MICROVESICLE, origin_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Words = NDArray[np.uint64]


def shed(dish: Dish, cells: Cells, duration: float) -> journey.Arrivals:
    """Microvesicles of a window: a Poisson number from each cell, evenly in time, loaded from what the cell holds."""
    origin = origin_of(cells.name, MICROVESICLE)
    mean = dish.laws.rate(cells.values, f"shedding/{cells.name}") * cells.is_alive * duration
    number = poissons(cells.chance, mean).astype(np.int64)
    pool = dish.pool(cells)
    sizes, copies = _loaded(cells.chance, number, dish.loads(origin, cells.values).tables(), pool)
    dish.put_pool(cells, pool)
    of = np.repeat(np.arange(cells.number), number)
    _book(dish, cells, origin, of, sizes, copies)
    times = uniforms(cells.chance, of.size) * duration
    return journey.Arrivals(times, np.full(of.size, dish.classes.index(origin)), of, np.zeros(of.size, dtype=bool),
                            sizes, copies)


def fall_apart(dish: Dish, cells: Cells, dying: NDArray[np.bool_]) -> None:
    """Cells that die as apoptotic vesicles, which take a share of their cargo; the rest stays in the pools.

    Each copy is taken with the same chance, by a vesicle in proportion to its lumen volume or area.
    """
    origin = origin_of(cells.name, APOPTOTIC)
    wanted = dish.laws.value(cells.values, f"{cells.name}.apoptotic_vesicles_per_cell")[dying]
    share = dish.laws.value(cells.values, f"{cells.name}.apoptotic_cargo_share")[dying]
    number = np.floor(wanted).astype(np.int64)
    number += uniforms(cells.chance, number.size) < wanted - number
    law = dish.laws_of_size[origin]
    sizes = diameters_at(law, uniforms(cells.chance, int(number.sum())))
    pool = dish.pool(cells)
    left = pool[dying]
    is_lumen = np.array([one.topology == "lumen" for one in dish.laws.program.model.cargo], dtype=bool)
    copies = _shared_out(cells.chance, number, left, share, lumen_volumes(sizes, law.thickness), sizes**2, is_lumen)
    pool[dying] = left
    dish.put_pool(cells, pool)
    _book(dish, cells, origin, np.repeat(np.flatnonzero(dying), number), sizes, copies)
    dish.journey = journey.release(dish.journey, dish.classes.index(origin), sizes, copies)


def _book(dish: Dish, cells: Cells, origin: str, of: Index, sizes: Array, copies: Index) -> None:
    """Count what each cell (``of``, one for each vesicle) made of a class, and note sizes and copies."""
    dish.tally.add_vesicles(origin, sizes, copies)
    number = dish.classes.index(origin)
    made = np.column_stack([np.ones(of.size, dtype=np.int64), copies])
    np.add.at(dish.left[:, number], of + cells.first, made)


@njit(cache=True, nogil=True, error_model="numpy")
def _loaded(stream: Words, number: Index, tables: Tables, pool: Index) -> tuple[Array, Index]:
    """(vesicle,) um and (vesicle, cargo), cell after cell; ``pool`` (cell, cargo) goes down."""
    total = number.sum()
    sizes, copies = np.empty(total), np.zeros((total, pool.shape[1]), dtype=np.int64)
    at = 0
    for c in range(number.size):
        if number[c] > 0:
            row = c if tables.per_size.shape[0] > 1 else 0
            found, took = load_batch(stream, number[c], tables, row, pool[c])
            sizes[at : at + number[c]] = found
            copies[at : at + number[c]] = took
            at += number[c]
    return sizes, copies


@njit(cache=True, nogil=True, error_model="numpy")
def _shared_out(stream, number, pool, share, volume, area, is_lumen):  # noqa: ANN001, ANN202
    """(vesicle, cargo) copies that the vesicles of each cell take; ``pool`` (cell, cargo) goes down.

    A copy is taken with the chance ``share``; those taken fall on the vesicles one by one in proportion to size: a
    multinomial number, drawn as binomials of what is left.
    """
    copies = np.zeros((volume.size, pool.shape[1]), dtype=np.int64)
    first = 0
    for c in range(number.size):
        last = first + number[c]
        for i in range(pool.shape[1]):
            taken = int(binomial(stream, float(pool[c, i]), share[c])) if number[c] > 0 else 0
            pool[c, i] -= taken
            size = volume if is_lumen[i] else area
            room = size[first:last].sum()
            for k in range(first, last):
                if taken == 0:
                    break
                got = taken if k == last - 1 else int(binomial(stream, float(taken), min(1.0, size[k] / room)))
                copies[k, i] = got
                taken -= got
                room -= size[k]
        first = last
    return copies
