"""Random numbers of cells that walk: each cell and step has its own, in any order of use."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.counters import WIDE, normal

Array = NDArray[np.float64]
Words = NDArray[np.uint64]


def normals(stream: Words, cells: NDArray[np.int64], step: int, count: int) -> Array:
    """(cell, number) standard normal numbers of a step.

    Parameters
    ----------
    stream : (SIZE,)
        Named by seed and purpose (`vesica.engine.counters.stream`).
    cells : (cell,)
        Numbers of the cells: indices of the stream.
    step : int
        From 0 on.
    count : int
        Of numbers for each cell, at most `WIDE`: each takes two of those that one refill holds.
    """
    return _normals(stream, cells, np.uint64(step) * np.uint64(WIDE), count)


@njit(cache=True, nogil=True, error_model="numpy")
def _normals(stream, cells, block, count):  # noqa: ANN001, ANN202
    found = np.empty((cells.size, count))
    for cell in range(cells.size):
        own = stream.copy()
        own[2], own[3] = block & np.uint64(0xFFFFFFFF), block >> np.uint64(32)
        own[4] = np.uint64(cells[cell])
        for k in range(count):
            found[cell, k] = normal(own)
    return found
