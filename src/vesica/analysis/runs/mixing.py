"""A dose in a vessel: how much of it reaches the cells, and between which bounds that lies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vesica.analysis.runs.vessel import diffusivity
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Compartment, Domain, ResolvedModel
from vesica.spec.vocabulary import sender_of
from vesica.transport.column import layer_heights
from vesica.transport.diffusion import still_column_share


def mixing(model: ResolvedModel, run: ArmRun) -> dict[str, Any] | None:
    """Nominal against delivered dose of vesicles that were added, for the class most was added of.

    The share that cells of the compartment took up lies below ``ceiling_share``, that of a perfectly absorbing bottom
    under still medium. Where the still column is computed, ``still_share`` is the computed one and ``stirred_share``
    an estimate (none where medium was changed): the cells clear a volume per time, found from what they took up and
    what stood at them. Where the medium was computed as stirred it is the other way round, and ``still_share`` is the
    lower of both bounds.

    Nothing without a dose, and where cells of the arm make vesicles of the same class, which no sum tells apart.
    """
    doses = [dose for dose in run.notes["doses"] if dose["vesicles"] > 0]
    origin = _main_origin(model, run)
    if not doses or origin is None or run.count(sender_of(origin)) > 0:
        return None
    here = _given_to(model.domain, doses[0]["recipient"])
    depth = model.domain.depth if model.domain.kind == "channel" or here is None else here.depth
    speed, end = diffusivity(run.parameters, origin), float(run.times[run.last])
    given = run.final(f"medium.added:{origin}")
    cells = [cell.name for cell in model.cells if here is None or cell.name in here.cells]
    taken = sum(run.final(f"{cell}.taken_up:{origin}") * run.count(cell) for cell in cells)
    share = taken / given
    whole = sum(dose["vesicles"] for dose in doses)
    ceiling = None
    if model.domain.kind != "slice":
        ceiling = sum(dose["vesicles"] / whole * still_column_share(speed, depth, end - dose["at"])
                      for dose in doses if dose["at"] < end)
    is_column = here is not None and here.layers > 1 and model.domain.kind != "channel"
    stirred = _if_stirred(run, origin, here, cells) if is_column and here is not None else share
    still = share if is_column else None if ceiling is None else min(ceiling, share)
    hours = (end - min(dose["at"] for dose in doses)) / 3600.0
    return {
        "depth_um": depth, "diffusion_time_h": depth**2 / (2 * speed) / 3600.0, "mixing": model.domain.mixing,
        "computed": "still" if is_column else "stirred", "delivered_share": share, "stirred_share": stirred,
        "still_share": still, "ceiling_share": ceiling, "hours": hours,
        "words": _words(share, stirred, ceiling, hours, is_column=is_column),
    }


def _words(share: float, stirred: float | None, ceiling: float | None, hours: float, *, is_column: bool) -> str:
    said = f"Of the nominal dose the cells took up {share:.2%} in {hours:.3g} h"
    said += ", through still medium as computed." if is_column else ", from medium that was computed as stirred."
    if ceiling is not None:
        said += f" Diffusion alone brings no more than {ceiling:.1%} to the bottom."
    if is_column and stirred is not None:
        said += f" Had the medium been stirred, they would have taken up about {stirred:.2%}."
    elif ceiling is not None:
        said += f" In still medium they would take up no more than {min(ceiling, share):.2%}."
    return said


def _given_to(domain: Domain, recipient: str) -> Compartment | None:
    """The compartment that a dose for a cell type is poured into: that of the cells; of a slice it is another."""
    if domain.kind == "slice":
        return None
    if len(domain.compartments) == 1:
        return domain.compartments[0]
    return next((one for one in domain.compartments if recipient in one.cells), None)


def _if_stirred(run: ArmRun, origin: str, here: Compartment, cells: list[str]) -> float | None:
    """Share that the same cells would have taken up of stirred medium.

    They clear ``K`` um^3 per s: what they took up, over the concentration at the bottom and time. Stirred, with the
    same loss L by itself and to plastic, they take up ``K/(K + L V) (1 - exp(-(K/V + L) t))``.
    """
    lowest = f"{here.name}.0.free:{origin}"
    if lowest not in run.species or run.arm.handling:  # a change of medium would take some of it
        return None
    until = slice(None, run.last + 1)
    time = run.times[until]
    room = layer_heights(here.depth, here.layers, here.stretch)[0] / here.depth * here.volume
    at_cells = np.nan_to_num(run.course(lowest)[until]) / room
    seen = float(np.trapezoid(at_cells, time))
    taken = sum(run.final(f"{cell}.taken_up:{origin}") * run.count(cell) for cell in cells)
    if seen <= 0.0:
        return None
    cleared = taken / seen / here.volume
    lost = run.parameters["medium.ev_decay_rate"] + run.parameters["medium.plastic_loss_rate"]
    total = cleared + lost
    since = float(time[-1]) - min(dose["at"] for dose in run.notes["doses"])
    return cleared / total * -math.expm1(-total * since) if total > 0.0 else 0.0


def _main_origin(model: ResolvedModel, run: ArmRun) -> str | None:
    added = {origin: run.final(f"medium.added:{origin}") for origin in model.origins if model.is_vesicle(origin)}
    best = max(added, key=lambda origin: added[origin], default=None)
    return best if best is not None and added[best] > 0 else None
