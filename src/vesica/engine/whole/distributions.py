"""What one replicate of an arm hands on besides means: distributions by key, as JSON (docs/format.md)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from vesica.biology.mvb_law import fate_pmf, fusion_stages, slot_rates
from vesica.engine.whole import mvbs
from vesica.engine.whole.dish import Cells, Dish
from vesica.engine.whole.donor import Donors
from vesica.engine.whole.donor_rest import resting_means
from vesica.engine.whole.laws import donor_rates
from vesica.engine.whole.rates import Rates
from vesica.engine.whole.tally import HOUR, NANOMETRES, of_numbers, of_waits, of_whole, waits

# Rates that moved by less, relatively, are at rest: a law of ages exp(-h t) moves by at most 0.02 max(x e^-x) < 0.8 %.
STEADY: Final = 0.02


def distributions(dish: Dish) -> dict[str, dict[str, Any]]:
    """Key -> distribution, over what this replicate saw so far."""
    found: dict[str, dict[str, Any]] = {}
    for cells in dish.cells:
        found |= _of_numbers(dish, cells)
        if cells.donors is not None:
            found |= _of_donors(dish, cells, cells.donors)
        if cells.type.takes_up_vesicles and dish.classes:
            found |= _of_recipients(dish, cells)
    for origin in dish.classes:
        found |= _of_vesicles(dish, origin)
    return found


def _of_numbers(dish: Dish, cells: Cells) -> dict[str, dict[str, Any]]:
    """Numbers that each cell has of its own."""
    found, program = {}, dish.laws.program
    for path in dict.fromkeys(path for one in cells.type.spreads for path in one.paths):
        word = path.removeprefix(f"{cells.name}.")
        found[f"{cells.name}.varies/{word.replace('.', '_')}"] = of_numbers(
            cells.values[program.index[path]], f"{word} of one {cells.name}", program.model.parameters[path].unit,
            "what each cell was given at the start; rules act on it besides")
    return found


def _of_donors(dish: Dish, cells: Cells, donors: Donors) -> dict[str, dict[str, Any]]:
    c, tally = cells.name, dish.tally
    burst = tally.whole.get(f"{c}.burst")
    found = {f"{c}.waiting": of_waits(waits(tally, f"{c}.waiting"), f"wait between two fusions of one {c}",
                                      "times from one MVB fusing with the membrane to the next of the same cell")}
    if burst is not None:
        found[f"{c}.burst"] = of_whole(burst.counts, f"EVs per fusion of one MVB of {c}", "vesicle",
                                       "vesicles set free at once by one MVB; those that stay tethered are not in it")
        if cells.rest is not None and is_at_rest(dish, cells, cells.rest):
            found[f"{c}.burst"]["law"] = burst_law(cells.rest)
    if dish.time > 0.0:
        left = donors.counts[:, mvbs.FREED] + dish.journey.detached[cells.at, :, 0].sum(axis=1)
        found[f"{c}.released_per_hour"] = of_numbers(
            left * HOUR / dish.time, f"EVs released per {c} and hour", "vesicle/cell/h",
            "single cells over the whole run, detached vesicles included")
    return found


def is_at_rest(dish: Dish, cells: Cells, rest: Rates) -> bool:
    """Whether nothing acted on an arm, none of these donors died, and their mean rates are still ``rest``."""
    if dish.arm.exposures or dish.arm.doses or not cells.is_alive.all():
        return False
    now = cells.values.copy()
    dish.laws.evaluate(now)
    mean = donor_rates(dish.laws, now, cells.name).mean(axis=0)
    return bool(np.allclose(mean, rest.row(), rtol=STEADY, atol=0.0))


def burst_law(rates: Rates) -> dict[str, Any]:
    """Law of the vesicles that one fusion sets free at steady rates (`biology.mvb_law.fate_pmf`).

    The docking hazard is that of the mean number of docked MVBs, an approximation where sites are few.
    """
    fill, relaxation = slot_rates(rates.budding, rates.capacity, rates.retrofusion)
    if not (rates.formation > 0.0 and rates.docking > 0.0 and rates.fusion > 0.0 and relaxation > 0.0):
        return {"values": [0], "probabilities": [1.0]}
    stages = fusion_stages(rates.lysosome, resting_means(rates)[-1], rates.undocking, rates.fusion)
    law = fate_pmf(rates.capacity, rates.released_share * fill / relaxation, relaxation, stages)
    return {"values": list(range(law.size)), "probabilities": law.tolist()}


def _of_vesicles(dish: Dish, origin: str) -> dict[str, dict[str, Any]]:
    tally = dish.tally
    if f"{origin}.diameter" not in tally.whole:
        return {}
    bins = tally.whole[f"{origin}.diameter"].counts
    edges = np.arange(bins.size + 1) * NANOMETRES
    centres = 0.5 * (edges[1:] + edges[:-1])
    total = bins.sum()
    mean = float(bins @ centres / total) if total else None
    spread = float(bins @ (centres - mean) ** 2 / (total - 1)) if mean is not None and total > 1 else None
    found = {f"{origin}.diameter": {
        "label": f"diameter of EVs of {origin}", "unit": "nm", "what": "vesicles as they leave the cell",
        "n": int(total), "mean": mean, "variance": spread, "edges": edges.tolist(), "values": centres.tolist(),
        "counts": bins.tolist()}}
    for column, end in dish.contents(origin)[1:]:
        counts, cargo = tally.whole[f"{origin}.copies/{column - 1}"].counts, end[1:]
        found[f"{origin}.copies/{cargo}"] = of_whole(counts, f"copies of {cargo} per EV of {origin}", "molecule",
                                                     "vesicles as they leave the cell")
    return found


def _of_recipients(dish: Dish, cells: Cells) -> dict[str, dict[str, Any]]:
    c, now, at = cells.name, dish.journey, cells.at
    taken = now.taken_up[at].sum(axis=1)
    first = now.first_uptake[at] / HOUR
    found = {
        f"{c}.taken_up": of_whole(np.bincount(np.maximum(taken, 0)), f"EVs taken up per {c}", "vesicle",
                                  "single cells over the whole run, vesicles that were recycled not counted"),
        f"{c}.first_uptake": of_numbers(first[np.isfinite(first)], f"time to the first EV taken up by one {c}", "h",
                                        "from the start of the run", none=int(np.isnan(first).sum())),
    }
    carried = {end[1:] for origin in dish.classes for _, end in dish.contents(origin)}
    for i, cargo in enumerate(dish.cargo, start=1):
        if cargo not in carried:
            continue
        copies = (now.delivered_by_escape[at, :, i] + now.delivered_by_fusion[at, :, i]).sum(axis=1)
        time = now.first_copy[at, i - 1] / HOUR
        found[f"{c}.received/{cargo}"] = of_whole(
            np.bincount(copies), f"copies of {cargo} delivered to one {c}", "molecule",
            "by escape from endosomes and by fusion with the membrane, over the whole run")
        found[f"{c}.first_copy/{cargo}"] = of_numbers(
            time[np.isfinite(time)], f"time to the first copy of {cargo} delivered to one {c}", "h",
            "from the start of the run", none=int(np.isnan(time).sum()))
    return found
