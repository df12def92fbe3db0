"""Amounts of a dish by the names of the pools of the mean field: of every cell, and of the medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vesica.engine.whole import donor_loop as loop
from vesica.engine.whole.dish import Cells, Dish

Array = NDArray[np.float64]


def levels(dish: Dish) -> dict[str, Array]:
    """Pool -> (cell,) amounts in each sampled cell of its type, or (1,) in the medium of the sample."""
    found: dict[str, Array] = {}
    for cells in dish.cells:
        found |= _own(dish, cells) | _donor(dish, cells) | _recipient(dish, cells)
    now = dish.journey
    for k, origin in enumerate(dish.classes):
        for i, suffix in enumerate(suffixes(dish)):
            for pool, amounts in (("free", now.free), ("plastic", now.plastic), ("decayed", now.decayed),
                                  ("added", now.added)):
                found[f"medium.{pool}:{origin}{suffix}"] = np.array([float(amounts[k, i])])
    for soluble, amount in dish.solubles.items():
        found[f"medium.{soluble}"] = np.array([amount])
    return found


def suffixes(dish: Dish) -> tuple[str, ...]:
    """Ends of the names of pools: of the vesicles themselves, and of each cargo."""
    return ("", *(f"/{cargo}" for cargo in dish.cargo))


def _own(dish: Dish, cells: Cells) -> dict[str, Array]:
    """Signals, cargo, targets and life of each cell."""
    c, index = cells.name, dish.laws.program.index
    names = [f"{c}.{signal.name}" for signal in cells.type.signals]
    names += [f"{c}.{cargo}{end}" for cargo in cells.type.cargo for end in ("", "_arriving")]
    names += [f"{c}.{mirna}{end}" for mirna in cells.type.mirna_targets for end in ("_target", "_repressed")]
    found = {name: cells.values[index[name]].copy() for name in names if name in index}
    if cells.type.can_die:
        found |= {f"{c}.alive": cells.is_alive.astype(float), f"{c}.dead": (~cells.is_alive).astype(float)}
    return found


def _donor(dish: Dish, cells: Cells) -> dict[str, Array]:
    """MVBs with their vesicles, tethers, and what was made, set free, taken back and degraded so far."""
    donors, c = cells.donors, cells.name
    if donors is None:
        return {}
    n, n2 = donors.inside()
    counts, now, at = donors.counts, dish.journey, cells.at
    cargo, made = donors.inside_cargo(), donors.cargo_counts
    found = {
        f"{c}.endosome": donors.endosomes, f"{c}.mvb": donors.n_free, f"{c}.docked": donors.n_docked,
        f"{c}.mvb_ilv": n[0], f"{c}.docked_ilv": n[1], f"{c}.mvb_ilv2": n2[0], f"{c}.docked_ilv2": n2[1],
        f"{c}.fused": counts[:, loop.FUSED], f"{c}.released:{c}": counts[:, loop.FREED] + now.detached[at, 0],
        f"{c}.tethered": now.tethered[at, 0], f"{c}.made": counts[:, loop.MADE],
        f"{c}.returned": counts[:, loop.FUSED_BACK] + now.taken_back[at, 0],
        f"{c}.degraded_inside": counts[:, loop.DEGRADED],
    }
    for i, name in enumerate(dish.cargo):
        found |= {
            f"{c}.mvb_ilv/{name}": cargo[0, :, i], f"{c}.docked_ilv/{name}": cargo[1, :, i],
            f"{c}.tethered/{name}": now.tethered[at, i + 1], f"{c}.made/{name}": made[:, i, loop.CARGO_MADE],
            f"{c}.returned/{name}": made[:, i, loop.CARGO_BACK] + now.taken_back[at, i + 1],
            f"{c}.degraded_inside/{name}": made[:, i, loop.CARGO_DEGRADED],
        }
    return {name: np.array(amount, dtype=float) for name, amount in found.items()}


def _recipient(dish: Dish, cells: Cells) -> dict[str, Array]:
    """What is on and in each cell, and what became of it."""
    if not cells.type.takes_up_vesicles:
        return {}
    now, at, found = dish.journey, cells.at, {}
    for k, origin in enumerate(dish.classes):
        found[f"{cells.name}.taken_up:{origin}"] = now.taken_up[at, k].astype(float)
        for i, suffix in enumerate(suffixes(dish)):
            delivered = now.by_escape[at, k, i] + now.by_fusion[at, k, i]
            for pool, amounts in (("bound", now.bound[at, k, i]), ("inside", now.inside[at, k, i]),
                                  ("degraded", now.degraded[at, k, i]), ("delivered", delivered)):
                found[f"{cells.name}.{pool}:{origin}{suffix}"] = amounts.astype(float)
    return found
