"""Amounts of a dish by the names of the pools of the mean field: of every cell, and of the medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vesica.engine.medium import is_taken_from
from vesica.engine.whole import journey, mvbs, records
from vesica.engine.whole.dish import Cells, Dish
from vesica.spec.vocabulary import sender_of

Array = NDArray[np.float64]


def levels(dish: Dish) -> dict[str, Array]:
    """Pool -> (cell,) amounts in each sampled cell of its type, or (1,) in the medium of the sample."""
    found: dict[str, Array] = {}
    for cells in dish.cells:
        found |= _own(dish, cells) | _donor(dish, cells) | _recipient(dish, cells) | _at_once(dish, cells)
    now = dish.journey
    free, model = now.now(journey.FREE)[0], dish.laws.program.model
    removed = [("removed", now.removed)] if is_taken_from(model) else []
    for k, origin in enumerate(dish.classes):
        for i, suffix in dish.contents(origin):
            for pool, amounts in (("free", free), ("plastic", now.plastic), ("decayed", now.decayed),
                                  ("added", now.added), *removed):
                found[f"medium.{pool}:{origin}{suffix}"] = np.array([float(amounts[k, i])])
    for soluble, amount in dish.solubles.items():
        found[f"medium.{soluble}"] = np.array([amount])
    return found | {f"agent.{name}": np.array([dish.input(f"agent.{name}")]) for name in model.agents
                    if dish.evaporation_of(name) is not None}  # fmt: skip


def _own(dish: Dish, cells: Cells) -> dict[str, Array]:
    """Levels, cargo, targets, phenotypes and life of each cell."""
    c, index, table = cells.name, dish.laws.program.index, dish.laws.program.table
    living = [pool.name for pool in table.pools if pool.compartment == c and pool.is_level]
    watched = [one.name for one in table.watched if one.compartment == c]
    if watched:
        dish.laws.evaluate(cells.values)
    living += watched
    names = [f"{c}.ago", *(f"{c}.{cargo}{end}" for cargo in cells.type.cargo for end in ("", "_arriving", "_duplex"))]
    names += [f"{c}.{mirna}{end}" for mirna in cells.type.mirna_targets for end in ("_target", "_repressed")]
    names += [f"{c}.{state.name}" for chain in cells.type.chains for state in chain.living]
    found = {name: np.where(cells.is_alive, cells.values[index[name]], 0.0) for name in names if name in index}
    if cells.is_alive.any():  # levels are those of living cells
        found |= {name: np.where(cells.is_alive, cells.values[index[name]], np.nan) for name in living}
    else:
        found |= {name: np.zeros(cells.number) for name in living}
    found |= {f"{c}.died_of:{state.name}": cells.values[index[f"{c}.died_of:{state.name}"]].copy()
              for chain in cells.type.chains for state in chain.states if state.dies}
    if cells.type.can_die:
        found |= {f"{c}.alive": cells.is_alive.astype(float), f"{c}.dead": (~cells.is_alive).astype(float)}
    return found


def _donor(dish: Dish, cells: Cells) -> dict[str, Array]:
    """MVBs with their vesicles, tethers, and what was made, set free, taken back and degraded so far."""
    donors, c = cells.donors, cells.name
    if donors is None:
        return {}
    n, n2 = donors.inside()
    counts, at = donors.counts, cells.at
    cargo, moved = donors.copies_by_ledger(), donors.moved
    detached, back = dish.journey.detached[at].sum(axis=1), dish.journey.taken_back[at].sum(axis=1)
    tethered = dish.journey.now(journey.TETHERED)[at].sum(axis=1)
    found = {
        f"{c}.endosome": donors.endosomes, f"{c}.mvb": donors.n_free, f"{c}.docked": donors.n_docked,
        f"{c}.mvb_ilv": n[0], f"{c}.docked_ilv": n[1], f"{c}.mvb_ilv2": n2[0], f"{c}.docked_ilv2": n2[1],
        f"{c}.fused": counts[:, mvbs.FUSED], f"{c}.lysed": counts[:, mvbs.LYSED],
        f"{c}.released:{c}": counts[:, mvbs.FREED] + detached[:, 0],
        f"{c}.tethered": tethered[:, 0], f"{c}.made": counts[:, mvbs.MADE],
        f"{c}.returned": counts[:, mvbs.FUSED_BACK] + back[:, 0],
        f"{c}.degraded_inside": counts[:, mvbs.DEGRADED],
    }
    for i, end in (one for one in dish.contents(c)[1:] if one[1].removeprefix("/") in cells.type.cargo):
        found |= {
            f"{c}.mvb_ilv{end}": cargo[0, :, i - 1], f"{c}.docked_ilv{end}": cargo[1, :, i - 1],
            f"{c}.tethered{end}": tethered[:, i], f"{c}.made{end}": moved[:, i - 1, records.MADE],
            f"{c}.returned{end}": moved[:, i - 1, records.FUSED_BACK] + back[:, i],
            f"{c}.degraded_inside{end}": moved[:, i - 1, records.DEGRADED],
        }
    return {name: np.array(amount, dtype=float) for name, amount in found.items()}


def _recipient(dish: Dish, cells: Cells) -> dict[str, Array]:
    """What is on and in each cell, and what became of it."""
    if not cells.type.takes_up_vesicles:
        return {}
    now, at, found = dish.journey, cells.at, {}
    bound, inside = now.now(journey.BOUND)[at], now.now(journey.INSIDE)[at]
    for k, origin in enumerate(dish.classes):
        found[f"{cells.name}.taken_up:{origin}"] = now.taken_up[at, k].astype(float)
        for i, suffix in dish.contents(origin):
            delivered = now.delivered_by_escape[at, k, i] + now.delivered_by_fusion[at, k, i]
            for pool, amounts in (("bound", bound[:, k, i]), ("inside", inside[:, k, i]),
                                  ("degraded", now.degraded[at, k, i]), ("delivered", delivered)):
                found[f"{cells.name}.{pool}:{origin}{suffix}"] = amounts.astype(float)
    return found


def _at_once(dish: Dish, cells: Cells) -> dict[str, Array]:
    """What each cell made of classes that leave it at once, and what was lost with those that died."""
    c, found = cells.name, {}
    for k, origin in enumerate(dish.classes):
        if sender_of(origin) == c and origin != c:
            found[f"{c}.released:{origin}"] = dish.left[cells.at, k, 0].astype(float)
        for i, suffix in dish.contents(origin):
            if sender_of(origin) == c and origin != c and suffix.removeprefix("/") in ("", *cells.type.cargo):
                found[f"{c}.made:{origin}{suffix}"] = dish.left[cells.at, k, i].astype(float)
            if cells.type.can_die:
                found[f"{c}.died_with:{origin}{suffix}"] = dish.died[cells.at, k, i].astype(float)
    return found
