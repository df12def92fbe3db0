"""Vesicles from cell to cell over a run: what each cell captured, shared out over those who can have sent it.

What cells sent and captured is counted; who sent what a cell captured follows from where both are and from what all
cells take as the run ends (`vesica.engine.tissue.transfer`). So columns add up to what was captured, to rounding, and
rows to what a sender's vesicles came to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vesica.engine.places import FREE
from vesica.engine.tissue.transfer import Steady, Transfer, transfer, travelled

if TYPE_CHECKING:
    from vesica.engine.tissue.coupling import Coupled

Array = NDArray[np.float64]
LONGEST: Final = 900.0  # s that it may take


@dataclass(frozen=True)
class Pairs:
    """Transfer of one arm.

    Parameters
    ----------
    matrix : (sender, receiver) csr over all cells, vesicles
    notes : plain data
        Distances (um) that captured vesicles went, weighed by their number; or why there are none.
    """

    matrix: csr_array
    notes: dict[str, Any]


def pairs_of(coupled: Coupled, period: Array) -> Pairs:
    """Who sent what each cell captured, all classes of vesicles together.

    Parameters
    ----------
    period : (3,) um
        Of the box by axis, 0 for walls.

    Notes
    -----
    Given up, with a note, if it would take longer than `LONGEST`, by the first solution of each field.
    """
    fields, meeting = coupled.fields, coupled.meeting
    cells = fields.exchange.kernel.cells
    total: csr_array = csr_array((cells, cells))
    begun, taking = time.monotonic(), coupled.taking()
    for k, name in enumerate(fields.names):
        sent, got = coupled.given[k], coupled.got[k]
        if not name.startswith(FREE) or "/" in name or not sent.any() or not got.any():
            continue
        uptake, liquid = fields.uptake_of(fields.laws[k], taking[k]), fields.laws[k].stepper.liquid
        kept = np.clip(uptake.returned(np.ones(cells)), 0.0, 1.0)
        steady = Steady(fields.grid, liquid, fields.exchange.kernel, uptake, kept)
        senders, receivers = np.flatnonzero(sent > 0.0), np.flatnonzero(got > 0.0)
        needed = _needed(steady, min(senders.size, receivers.size))
        if time.monotonic() - begun + needed > LONGEST:
            return Pairs(csr_array((cells, cells)), {"left_out": f"transfer from cell to cell would take more than "
                                                     f"{LONGEST / 60.0:.0f} min"})
        total = total + _shared(transfer(steady, senders, receivers), sent, got)
    positions = np.zeros((cells, 3)) if meeting is None else meeting.all_positions()
    every = np.arange(cells)
    far = travelled(Transfer(every, every, total, np.zeros(cells), np.zeros(cells), np.zeros(cells)), positions,
                    period=period)
    return Pairs(total, {"vesicles": float(total.sum()), "mean_distance_um": far.mean,
                         "median_distance_um": far.median, "distance_90_um": far.most})


def _needed(steady: Steady, solutions: int) -> float:
    """s, by one solution; all pairs at once are never longer."""
    unit = np.zeros(steady.kernel.cells)
    unit[0] = 1.0
    begun = time.monotonic()
    steady.solve(steady.kernel.spread(unit))
    return (time.monotonic() - begun) * solutions


def _shared(found: Transfer, sent: Array, got: Array) -> csr_array:
    """(cell, cell) vesicles: columns are what was captured, in proportion to what senders sent and its chance."""
    entries = found.probability.tocoo()
    weight = entries.data * sent[found.senders[entries.row]]
    columns = np.bincount(entries.col, weights=weight, minlength=found.receivers.size)
    share = np.divide(got[found.receivers], columns, out=np.zeros_like(columns), where=columns > 0.0)
    cells = sent.size
    return csr_array((weight * share[entries.col], (found.senders[entries.row], found.receivers[entries.col])),
                     shape=(cells, cells))
