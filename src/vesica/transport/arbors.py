"""Uptake by cells that fill a territory with their processes: a cell takes where its processes are.

Of a field C a cell with conductance K and weights w takes ``K w(x) C(x)`` at each place, ``K <C>`` in all. A round cell
whose kernel stands for its surface takes ``K <C>`` with the shape of the kernel (`vesica.transport.conductance`); a
territory of tens of um would so take out of voxels what is not there, as soon as it takes faster than diffusion crosses
it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

from vesica.transport.grid import Array, Grid


class _Spreading(Protocol):
    def spread(self, amounts: Array) -> Array:
        """(z, y, x) amount in each voxel."""
        ...


class ArborUptake:
    """What territories take.

    Parameters
    ----------
    conductance : (cell,) um^3/s
    kernel : weights of the cells
    fraction : volume fraction of the liquid, a number or (z, y, x)
    """

    def __init__(self, conductance: Array, grid: Grid, kernel: _Spreading, fraction: float | Array) -> None:
        self.conductance = np.asarray(conductance, dtype=float)
        self._grid, self._kernel, self._fraction = grid, kernel, fraction

    @cached_property
    def local(self) -> Array:
        """(z, y, x) 1/s: what is taken at a place per volume of space, over the concentration there."""
        return np.asarray(self._kernel.spread(self.conductance)) / self._grid.voxel_volume

    @property
    def largest_loss(self) -> float:
        """1/s: the fastest that a voxel is emptied."""
        return float(np.max(self.local / self._fraction, initial=0.0))

    def rates(self, samples: Array) -> Array:
        """(cell,) amount/s: what each takes in all, of its samples (cell,)."""
        return np.asarray(self.conductance * samples)

    def returned(self, sent: Array) -> Array:
        """(cell,) nothing: what a territory sends is in the liquid before it can be taken."""
        return np.zeros_like(sent)
