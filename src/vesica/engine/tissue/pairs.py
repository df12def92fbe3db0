"""Vesicles from cell to cell over a run: what each cell took up, shared out over those who can have released it.

Cells count what they released and took up. Who released what a cell took up follows from where all are and from what
they take as the run ends (`vesica.engine.tissue.transfer`): a vesicle goes from cell to cell until one keeps it, as
what binds may leave again. So columns add up to what was taken up, to rounding.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vesica.engine.places import FREE
from vesica.engine.tissue.all_pairs import MOST
from vesica.engine.tissue.cut import size_of
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
        Distances (um) from who released them to who took them up; or why there are none.
    """

    matrix: csr_array
    notes: dict[str, Any]


def pairs_of(coupled: Coupled, period: Array) -> Pairs:
    """Who released what each cell took up, all classes of vesicles together.

    Parameters
    ----------
    period : (3,) um
        Of the box by axis, 0 for walls.

    Notes
    -----
    Left out, with a note, for more than `all_pairs.MOST` cells, in liquid that flows, or where it would take longer
    than `LONGEST`.
    """
    cells = coupled.given.shape[1]
    nothing: csr_array = csr_array((cells, cells))
    if cells > MOST:
        return Pairs(nothing, {"left_out": f"transfer from cell to cell is found for up to {MOST} cells"})
    if any(law.stepper.liquid.flows for law in coupled.fields.laws):
        return Pairs(nothing, {"left_out": "transfer from cell to cell is found in liquid at rest"})
    origins: dict[str, list[int]] = {}
    for k, name in enumerate(coupled.fields.names):
        if name.startswith(FREE) and "/" not in name:
            origins.setdefault(name.removeprefix(FREE).removesuffix(size_of(name)), []).append(k)
    total, ends, taking = nothing, time.monotonic() + LONGEST, coupled.taking()
    for origin, sizes in origins.items():
        released, kept = (_counted(coupled, f"{what}:{origin}") for what in ("released", "taken_up"))
        if released.any() and kept.any():
            legs = _legs(coupled, sizes, taking, ends)
            if legs is None:
                return Pairs(nothing, {"left_out": "transfer from cell to cell would take more than "
                                                   f"{LONGEST / 60.0:.0f} min"})
            again = np.maximum(coupled.given[sizes].sum(axis=0) - released, 0.0)
            total = total + csr_array(shared(legs, released, kept, again))
    every, none = np.arange(cells), np.zeros(cells)
    positions = np.zeros((cells, 3)) if coupled.meeting is None else coupled.meeting.all_positions()
    far = travelled(Transfer(every, every, total, none, none, none), positions, period=period)
    return Pairs(total, {"vesicles": float(total.sum()), "mean_distance_um": far.mean,
                         "median_distance_um": far.median, "distance_90_um": far.most})


def _counted(coupled: Coupled, what: str) -> Array:
    """(cell,) of a counter of all cells, 0 for those without."""
    found = np.zeros(coupled.given.shape[1])
    for one in coupled.populations:
        name = f"{one.cell}.{what}"
        if name in one.tables.names:
            found[one.where] = one.lanes.state[one.tables.names.index(name)]
    return found


def _legs(coupled: Coupled, sizes: list[int], taking: Array, ends: float) -> Array | None:
    """(sender, receiver) chance that what leaves one cell is next captured by another; None where time runs out.

    The mean over sizes, as each cell sent them.
    """
    fields, cells = coupled.fields, coupled.given.shape[1]
    found, sent = np.zeros((cells, cells)), coupled.given[sizes].sum(axis=0)
    for k in sizes:
        given, law = coupled.given[k], fields.laws[k]
        uptake = fields.uptake_of(law, taking[k])
        kept = np.clip(uptake.returned(np.ones(cells)), 0.0, 1.0)
        senders, receivers = np.flatnonzero(given > 0.0), np.flatnonzero(coupled.got[k] > 0.0)
        if not senders.size or not receivers.size or not uptake.rates(np.ones(cells)).any():
            continue
        steady = Steady(fields.grid, law.stepper.liquid, fields.exchange.kernel, uptake, kept)
        if time.monotonic() + _needed(steady, min(senders.size, receivers.size)) > ends:
            return None
        share = np.divide(given, sent, out=np.zeros(cells), where=sent > 0.0)[senders]
        found[np.ix_(senders, receivers)] += share[:, None] * transfer(steady, senders, receivers).probability.toarray()
    return found


def _needed(steady: Steady, solutions: int) -> float:
    """s, by one solution; all pairs at once are never longer."""
    unit = np.zeros(steady.kernel.cells)
    unit[0] = 1.0
    begun = time.monotonic()
    steady.solve(steady.kernel.spread(unit))
    return (time.monotonic() - begun) * solutions


def shared(legs: Array, released: Array, kept: Array, again: Array) -> Array:
    """(sender, receiver) vesicles that each kept of those that each released.

    Parameters
    ----------
    legs : (sender, receiver)
        Chance that what leaves one cell is next captured by another.
    released, kept, again : (cell,)
        Released by the cell that made them, taken up for good, and captured before but let go again.

    Notes
    -----
    A captured vesicle leaves again with the chance r = again/(again + kept), so captures of what i releases are
    ``P + P R P + ... = (1 - P R)^-1 P``, and a share 1 - r of them is for good. Columns are scaled to ``kept``.
    """
    leaves = np.divide(again, again + kept, out=np.zeros_like(again), where=again + kept > 0.0)
    captures = np.linalg.solve(np.eye(len(legs)) - legs * leaves, legs)
    weight = released[:, None] * captures * (1.0 - leaves)
    columns = weight.sum(axis=0)
    return weight * np.divide(kept, columns, out=np.zeros_like(columns), where=columns > 0.0)
