"""A uniform grid of voxels with walls. Arrays are (z, y, x); triples, and columns of positions, are x, y, z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["closed", "periodic", "held", "open"]


@dataclass(frozen=True)
class Face:
    """What a field finds at one wall.

    ``held``: the concentration ``value`` at the wall. ``open``: a reservoir of concentration ``value`` behind it, with
    the flux ``exchange (C - value)`` per area of liquid.

    Parameters
    ----------
    exchange : um/s
    value : 1/um^3, of liquid
    """

    kind: Kind = "closed"
    exchange: float = 0.0
    value: float = 0.0


Faces = tuple[tuple[Face, Face], tuple[Face, Face], tuple[Face, Face]]
CLOSED: Faces = ((Face(), Face()), (Face(), Face()), (Face(), Face()))


@dataclass(frozen=True)
class Grid:
    """Voxels of a box.

    Parameters
    ----------
    voxels : number of voxels along x, y, z
    spacing : edges of a voxel along x, y, z, um
    """

    voxels: tuple[int, int, int]
    spacing: tuple[float, float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an array of voxels, (z, y, x)."""
        x, y, z = self.voxels
        return z, y, x

    @property
    def size(self) -> int:
        """Number of voxels."""
        x, y, z = self.voxels
        return x * y * z

    @property
    def voxel_volume(self) -> float:
        """um^3."""
        x, y, z = self.spacing
        return x * y * z

    def centres(self, axis: int) -> Array:
        """Middles of the voxels along x, y or z (0, 1, 2), um."""
        return (np.arange(self.voxels[axis]) + 0.5) * self.spacing[axis]
