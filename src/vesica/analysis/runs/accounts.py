"""Ledgers of vesicles and cargo, from the amounts at the end of an arm."""

from __future__ import annotations

import math
from typing import Final

from vesica.results.arm_run import ArmRun
from vesica.results.ledger import Ledger
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import PREPARED, kind_of, sender_of

DONOR: Final = {
    "made": "made", "returned": "returned", "mvb_ilv": "in_mvb", "docked_ilv": "in_mvb", "tethered": "tethered",
    "degraded_inside": "degraded",
}
MEDIUM: Final = {"free": "outside", "plastic": "plastic", "decayed": "degraded", "added": "added",
                 "removed": "removed"}
RECIPIENT: Final = {"bound": "bound", "inside": "inside", "degraded": "degraded", "delivered": "delivered",
                    "died_with": "removed", "matrix": "matrix"}


def ledger(model: ResolvedModel, run: ArmRun, cargo: str | None = None) -> Ledger:
    """Where every vesicle, or every copy of a cargo, of an arm is at the end; totals of the dish.

    What cells at rest already held in their MVBs when the run began counts as made.
    """
    suffix = f"/{cargo}" if cargo else ""
    totals = dict.fromkeys(Ledger().as_dict(), 0.0)
    del totals["residual"]
    origins = [origin for origin in model.origins if cargo in (None, *(one.name for one in model.carried(origin)))]
    for origin in origins:
        for pool, entry in MEDIUM.items():
            totals[entry] += run.final(f"medium.{pool}:{origin}{suffix}")
        sender = sender_of(origin)
        if kind_of(origin) == PREPARED:  # they are added only
            continue
        if origin != sender:  # made and free at once
            totals["made"] += run.final(f"{sender}.made:{origin}{suffix}") * run.count(sender)
            continue
        for pool, entry in DONOR.items():
            totals[entry] += run.final(f"{origin}.{pool}{suffix}") * run.count(origin)
        for pool in ("mvb_ilv", "docked_ilv", "tethered"):
            totals["made"] += _first(run, f"{origin}.{pool}{suffix}") * run.count(origin)
    for cell in model.cells:
        for origin in origins:
            for pool, entry in RECIPIENT.items():
                totals[entry] += run.final(f"{cell.name}.{pool}:{origin}{suffix}") * run.count(cell.name)
    return Ledger(**totals)


def _first(run: ArmRun, name: str) -> float:
    if name not in run.species:  # no cell makes a dye
        return 0.0
    value = float(run.values[0, run.species[name]])
    return 0.0 if math.isnan(value) else value  # NaN: the arm does not hold it


def transfer_by_class(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, float]]:
    """Vesicles taken up, class by receiver; totals of the dish."""
    receivers = [cell.name for cell in model.cells if cell.takes_up_vesicles]
    return {
        origin: {to: run.final(f"{to}.taken_up:{origin}") * run.count(to) for to in receivers}
        for origin in model.origins
    }


def transfer(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, float]]:
    """Vesicles of all classes taken up, sender by receiver; totals of the dish."""
    by_class = transfer_by_class(model, run)
    found: dict[str, dict[str, float]] = {}
    for origin, receivers in by_class.items():
        of_sender = found.setdefault(sender_of(origin), dict.fromkeys(receivers, 0.0))
        for to, vesicles in receivers.items():
            of_sender[to] += vesicles
    return found
