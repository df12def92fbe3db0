"""What carries one species, and the laws by which cells take it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vesica.errors import error
from vesica.transport.grid import CLOSED, Array, Faces, Grid

Velocity = tuple[ArrayLike, ArrayLike, ArrayLike]
_AXES: Final = "xyz"
_SIDES: Final = ("low", "high")


@dataclass(frozen=True)
class Liquid:
    """Where one species moves and decays.

    Parameters
    ----------
    diffusivity : um^2/s
        D* in the liquid, tortuosity and hindrance included; 0 for what is trapped.
    decay : 1/s
    fraction : 1
        Volume of liquid per volume.
    faces : Faces
    velocity : for x, y, z, um/s
        Mean velocity in the liquid at the faces of voxels: a number, or an array that broadcasts to one face more
        than voxels along its own axis. With a ``fraction_map`` ``fraction velocity`` is the flow per area.
    relative_diffusivity : (z, y, x), >= 0
        Of each voxel, times ``diffusivity``.
    fraction_map : (z, y, x), > 0
        In place of ``fraction``.
    """

    diffusivity: float
    decay: float = 0.0
    fraction: float = 1.0
    faces: Faces = CLOSED
    velocity: Velocity | None = None
    relative_diffusivity: Array | None = None
    fraction_map: Array | None = None

    @property
    def is_uniform(self) -> bool:
        """Whether all voxels are alike."""
        return self.relative_diffusivity is None and self.fraction_map is None

    @property
    def flows(self) -> bool:
        """Whether the liquid moves anywhere."""
        return self.velocity is not None and any(bool(np.any(np.asarray(v) != 0.0)) for v in self.velocity)


class Exchange(Protocol):
    """How cells meet voxels: `vesica.transport.kernels.Kernel`."""

    @property
    def cells(self) -> int:
        """Number of cells."""
        ...

    @property
    def volumes(self) -> Array:
        """Volume over which each cell spreads, um^3, (cell,)."""
        ...

    def sample(self, density: NDArray[Any]) -> Array:
        """Mean of a field over the weights of each cell, (cell,)."""
        ...

    def spread(self, amounts: ArrayLike, out: Array | None = None) -> Array:
        """Amount in each voxel of what cells give, added to ``out`` if given."""
        ...


class Uptake(Protocol):
    """What cells take from the liquid: linear, symmetric and not negative."""

    @property
    def largest_loss(self) -> float:
        """1/s: largest of what a cell takes over what its voxels hold, ``K/(alpha V)``."""
        ...

    def rates(self, samples: Array) -> Array:
        """Amount/s into each cell, of the concentrations it samples, (cell,)."""
        ...


def check_liquid(grid: Grid, liquid: Liquid) -> None:
    """Raise `vesica.errors.InputError` if a liquid does not fit a grid."""
    for name, value in (("diffusivity", liquid.diffusivity), ("decay", liquid.decay)):
        if not (np.isfinite(value) and value >= 0.0):
            raise error(name, f"{name} is {value:g}", f"the {name} of a field is a finite number, not below 0",
                        "the field would grow without bound", f"give a {name} of 0 or more")
    if not (0.0 < liquid.fraction <= 1.0):
        raise error("volume_fraction", f"volume fraction {liquid.fraction:g}", "it lies above 0 and up to 1",
                    "there would be no liquid to carry anything", "write `0.2` for brain, `1` for medium")
    for name, values, least in (("relative_diffusivity", liquid.relative_diffusivity, 0.0),
                                ("fraction_map", liquid.fraction_map, np.finfo(float).tiny)):
        if values is None:
            continue
        if values.shape != grid.shape or not np.all(np.isfinite(values)) or values.min() < least:
            raise error(name, f"a map of shape {values.shape}, lowest {values.min():g}",
                        f"a map has the shape {grid.shape} and finite values, {'above' if least else 'not below'} 0",
                        "the map could not be laid over the voxels", "give one value for each voxel")
    _check_faces(liquid)


def _check_faces(liquid: Liquid) -> None:
    for axis, pair in enumerate(liquid.faces):
        kinds = [face.kind for face in pair]
        if kinds.count("periodic") == 1:
            raise error(f"walls.{_AXES[axis]}", f"walls {kinds[0]} and {kinds[1]}",
                        "both walls of an axis are periodic, or none", "what leaves at one would have nowhere to enter",
                        "make both periodic, or neither")
        for side, kind in enumerate(kinds):
            through = 0.0 if liquid.velocity is None else np.asarray(liquid.velocity[axis], dtype=float)
            if np.ndim(through) == 3:
                through = np.take(through, -side, axis=2 - axis)
            if kind == "closed" and np.any(through != 0.0):
                raise error(f"walls.{_AXES[axis]}.{_SIDES[side]}", f"a closed wall, and flow along {_AXES[axis]}",
                            "no liquid passes a closed wall", "the liquid would have nowhere to go",
                            "make the walls that the flow meets periodic, held or open")
