"""Where a model is in space: a box with walls, flow, regions, and cells with positions. Lengths um, axes x, y, z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:  # models without positions do without numpy
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
Triple = tuple[float, float, float]
SPATIAL: Final = ("tissue", "gel", "monolayer", "box")  # kinds of domains with positions
AXES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Wall:
    """One face of the box.

    ``held``: what ``values`` names stands at its concentration there, all else finds the wall closed. ``open``: a
    reservoir behind the wall, with ``values`` (0 for all else), reached at ``exchange`` um/s. Values are in 1/um^3 of
    liquid, by name of a field. Both faces of an axis are periodic, or none.
    """

    kind: Literal["closed", "periodic", "held", "open"] = "closed"
    exchange: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """Flow of liquid along an axis; its mean velocity is the parameter ``vessel.flow_velocity`` (in the pores).

    ``channel`` is the parabola between the walls of ``across``.
    """

    axis: int
    profile: Literal["uniform", "channel"] = "uniform"
    across: int = 2


@dataclass(frozen=True)
class Region:
    """A part of the box with numbers of its own: ``volume_fraction``, ``tortuosity``, ``gap_width``.

    A later region lies over an earlier one.
    """

    name: str
    low: Triple
    high: Triple
    numbers: Mapping[str, float] = field(default_factory=dict)

    def holds(self, point: Sequence[float]) -> bool:
        """Whether a point (um) lies in it: from its low corner on, up to its high one."""
        return all(low <= at < high for low, at, high in zip(self.low, point, self.high, strict=True))


@dataclass(frozen=True, eq=False)
class Placed:
    """Cells of one type in one arm.

    Parameters
    ----------
    positions : (cell, 3) um, columns x, y, z
    ids : (cell,)
        As in the user's data; empty for cells that were made.
    columns : mapping of name to (cell,) text
        What else the user's data say of each cell.
    """

    positions: Array
    ids: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Placed):
            return NotImplemented
        import numpy as np

        return (np.array_equal(self.positions, other.positions) and self.ids == other.ids
                and dict(self.columns) == dict(other.columns))

    __hash__ = None  # type: ignore[assignment]

    def some(self, chosen: NDArray[np.int64]) -> Placed:
        """Some of the cells, by their indices."""
        return Placed(self.positions[chosen], tuple(self.ids[index] for index in chosen) if self.ids else (),
                      {name: tuple(column[index] for index in chosen) for name, column in self.columns.items()})

    @property
    def count(self) -> int:
        """Number of cells."""
        return int(self.positions.shape[0])


@dataclass(frozen=True)
class Space:
    """A box of voxels.

    Parameters
    ----------
    size : um, along x, y, z
    voxels : number of voxels along x, y, z; an axis with one is no dimension
    walls : (low, high) for x, y, z
    cells : mapping of arm to mapping of cell type to its cells
    """

    size: Triple
    voxels: tuple[int, int, int]
    walls: tuple[tuple[Wall, Wall], tuple[Wall, Wall], tuple[Wall, Wall]] = ((Wall(), Wall()),) * 3
    flow: Flow | None = None
    regions: tuple[Region, ...] = ()
    cells: Mapping[str, Mapping[str, Placed]] = field(default_factory=dict)

    @property
    def spacing(self) -> Triple:
        """Edges of a voxel, um."""
        x, y, z = (length / n for length, n in zip(self.size, self.voxels, strict=True))
        return x, y, z

    @property
    def dimensions(self) -> int:
        """Axes with more than one voxel."""
        return sum(n > 1 for n in self.voxels)

    @property
    def volume(self) -> float:
        """Of the box, cells and liquid, um^3."""
        x, y, z = self.size
        return x * y * z
