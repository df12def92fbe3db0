"""What donor cells set free: fusions with the membrane in order, and every vesicle that came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
# Of one compiled call: times, (burst, 3) place of the cell, released, tethered; diameters and copies of the vesicles.
Piece = tuple[Array, Index, Array, Index]


@dataclass(frozen=True)
class Bursts:
    """Fusions with the membrane, ordered by time, then by cell.

    Parameters
    ----------
    time : (burst,) s, from the start of the leg
    cell : (burst,)
        Number of the cell.
    released, tethered : (burst,) vesicles
    first : (burst + 1,)
        Vesicles first[k] to first[k + 1] came with burst k: those released, then those tethered. All zero if the
        leg has no `Loads`: then vesicles are numbers only.
    diameter : (vesicle,) um
    copies : (vesicle, cargo)
    """

    time: Array
    cell: Index
    released: Index
    tethered: Index
    first: Index
    diameter: Array
    copies: Index


def in_order(numbers: Index, pieces: Sequence[Piece], cargo: int) -> Bursts:
    """Bursts of cells with these numbers, from pieces in any order."""
    none: Piece = (np.zeros(0), np.zeros((0, 3), np.int64), np.zeros(0), np.zeros((0, cargo), np.int64))
    time, what, diameter, copies = (np.concatenate(part) for part in zip(none, *pieces, strict=True))
    order = np.lexsort((numbers[what[:, 0]], time))
    cell, released, tethered = numbers[what[order, 0]], what[order, 1], what[order, 2]
    if not diameter.size:
        first = np.zeros(order.size + 1, dtype=np.int64)
        return Bursts(time[order], cell, released, tethered, first, diameter, copies)
    number = what[:, 1] + what[:, 2]
    first = np.concatenate([[0], np.cumsum(number[order])])
    before = np.cumsum(number) - number  # first vesicle of each burst as it was found
    vesicle = np.repeat(before[order] - first[:-1], number[order]) + np.arange(diameter.size)
    return Bursts(time[order], cell, released, tethered, first, diameter[vesicle], copies[vesicle])
