"""Reactions in the liquid: the same laws in every voxel, half a step before the fields spread and half a step after.

Voxels are lanes, as cells are; what reacts in a dish as a total of the medium reacts here per um^3 of liquid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.tissue.lanes import CellLanes

Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Chemistry:
    """Reactions between fields.

    Parameters
    ----------
    program : Program
        `vesica.engine.tissue.cut.LiquidPart.reactions`.
    present : what the arm holds
    names : all fields, in their order
    values : (value,)
        Numbers and inputs; the volume of the liquid is 1.
    voxels : how many
    """

    def __init__(self, program: Program, present: frozenset[str], names: Sequence[str], values: Array, voxels: int,
                 relative: float, workers: int) -> None:
        tables = program.tables(present)
        number = {name: k for k, name in enumerate(names)}
        self._index = program.index
        self.lanes = CellLanes(tables, values, lanes=voxels, relative=relative, workers=workers, label="voxel")
        moved = [(state, number[name]) for state, name in enumerate(tables.names) if name in number]
        self._states, self._fields = (np.array(part, np.int64) for part in zip(*moved, strict=True))
        counters = [(state, name) for state, name in enumerate(tables.names) if name not in number]
        self._counters = tuple(counters)
        read = sorted((set(names) - set(tables.names)) & _used(program, tables.fluxes))
        self._read: Index = np.array([number[name] for name in read], np.int64)
        self._read_at: Index = np.array([program.index[name] for name in read], np.int64)

    def give(self, name: str, value: float) -> None:
        """Set an input, as an agent or a drug, where a reaction knows it."""
        if name in self._index:
            self.lanes.give(np.array([self._index[name]]), np.array([value]))

    def advance(self, density: Array, duration: float) -> dict[str, Array]:
        """Let fields (field, z, y, x) react for a time, in place.

        Returns
        -------
        mapping of counter to (voxel,) what it gained, per um^3 of liquid
        """
        flat = density.reshape(density.shape[0], -1)
        self.lanes.state[self._states] = flat[self._fields]
        for state, _ in self._counters:
            self.lanes.state[state] = 0.0
        if self._read.size:
            self.lanes.give(self._read_at, flat[self._read])
        self.lanes.advance(duration)
        flat[self._fields] = self.lanes.state[self._states]
        return {name: self.lanes.state[state].copy() for state, name in self._counters}


def _used(program: Program, fluxes: Sequence[object]) -> set[str]:
    """Values that the fluxes rest on."""
    laws = {one.target: one for one in program.table.assignments}
    stack = [name for flux in fluxes for name in flux.factors]  # type: ignore[attr-defined]
    found: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(laws[name].args if name in laws else ())
    return found
