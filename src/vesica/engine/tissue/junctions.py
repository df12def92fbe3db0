"""Gap junctions of cells in a space: what they pass spreads over the graph of contacts, exactly for any step.

The laws are those of the table (`vesica.engine.contact.bind_junctions`). They are taken out of what a cell does by
itself and done in a step of their own, since neighbours that are coupled faster than a step of the cells would
otherwise pass what they hold to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.special import ive

from vesica.engine.program import Program
from vesica.engine.tissue.contact import Cells, Contacts

Array = NDArray[np.float64]
PROCESS: Final = "junction"  # of the table; cells in a space do not do it by themselves
_ROUNDING: Final = 1e-17


@dataclass(frozen=True)
class _Passing:
    """A level that passes between cells of these types."""

    level: str
    cells: tuple[str, ...]

    def pool(self, cell: str) -> str:
        """Its name in a cell type."""
        return f"{cell}.{self.level}"

    def side(self, cell: str) -> str:
        """Name of the permeability that a cell brings, um/s."""
        return f"{cell}.{self.level} junction"


class Junctions:
    """Everything that passes gap junctions in one arm.

    Parameters
    ----------
    program : Program
        With the laws: the uncut one.
    populations : one for each cell type of the arm
    row : mapping of path to number
    """

    def __init__(self, program: Program, populations: Sequence[Cells], row: Mapping[str, float]) -> None:
        self.populations = {one.cell: one for one in populations}
        self._passing, self._row = tuple(_passing(program, self.populations)), row

    @property
    def is_needed(self) -> bool:
        """Whether anything passes."""
        return bool(self._passing)

    def exchange(self, contacts: Contacts, duration: float) -> None:
        """Let levels spread over the cells for a time (s): M dc/dt = sum of G (c' - c), M the volume that lives.

        What one cell loses the other gains to rounding: volumes, areas and permeabilities belong to pairs.
        """
        if not self._passing:
            return
        for passing in self._passing:
            held = np.concatenate([self._volume(name) * self._alive(name) for name in passing.cells])
            rows = {name: self._state(name, passing.pool(name)) for name in passing.cells}
            level = np.concatenate(list(rows.values()))
            level = spread(self._conductance(passing, contacts), held, level, duration)
            first = 0
            for row in rows.values():
                row[:] = level[first:(first := first + row.size)]

    def _conductance(self, passing: _Passing, contacts: Contacts) -> csr_array:
        """(cell, cell) um^3/s over all cells of the types."""
        first, offset = 0, {}
        for name in passing.cells:
            offset[name], first = first, first + self.populations[name].count
        sides = {name: self._value(name, passing.side(name)) for name in passing.cells}
        alive = {name: self._alive(name) for name in passing.cells}
        rows, columns, data = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        for (cell, other), areas in contacts.areas.items():
            if cell in offset and other in offset:
                of = areas.tocoo()
                i, j = of.row, of.col
                rows.append(i + offset[cell])
                columns.append(j + offset[other])
                data.append(_junction(sides[cell][i], sides[other][j]) * of.data * alive[cell][i] * alive[other][j])
        entries = np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))
        return coo_array(entries, shape=(first, first)).tocsr()

    def _value(self, name: str, path: str) -> Array:
        return self.populations[name].read((path,))[0]

    def _volume(self, name: str) -> Array:
        one, path = self.populations[name], f"{name}.cell_volume"
        if path in one.part.inside.index:
            return self._value(name, path)
        return np.full(one.count, self._row[path])

    def _state(self, name: str, pool: str) -> Array:
        """(cell,) view of a level."""
        one = self.populations[name]
        return one.lanes.state[one.tables.names.index(pool)]

    def _alive(self, name: str) -> Array:
        """(cell,) share alive, as whole tables hold it; 1 where cells cannot die."""
        one = self.populations[name]
        pool = f"{name}.alive"
        return self._state(name, pool) if pool in one.tables.names else np.ones(one.count)


def spread(conductance: csr_array, held: Array, level: Array, duration: float) -> Array:
    """Levels after a time of exchange, exact to rounding for any time.

    Parameters
    ----------
    conductance : (cell, cell) um^3/s
        Symmetric.
    held : (cell,) um^3
        Volume that a level fills; nothing passes to cells without.
    level : (cell,)
    duration : s

    Returns
    -------
    (cell,)

    Notes
    -----
    The exponential of the symmetric matrix M^-1/2 (G - diag G 1) M^-1/2, whose eigenvalues lie between -rho and 0, as
    a sum of Chebyshev polynomials with the modified Bessel functions exp(-z) I_k(z), z = rho t/2 (Tal-Ezer & Kosloff
    1984 J Chem Phys 81:3967, for real times). The totals are its eigenvector of eigenvalue 0.
    """
    out = np.asarray(conductance.sum(axis=1))
    living = held > 0.0
    root = np.sqrt(np.where(living, held, 1.0))
    most = 2.0 * float(np.max(np.where(living, out, 0.0) / root**2, initial=0.0))
    if most * duration == 0.0:
        return level
    z = 0.5 * most * duration
    weights = ive(np.arange(int(z + 40.0 + 12.0 * np.sqrt(z))), z)
    weights = weights[: 2 + int(np.flatnonzero(weights > _ROUNDING)[-1])]

    def turned(x: Array) -> Array:
        """Of B = 1 + 2 A/rho, whose eigenvalues lie between -1 and 1."""
        y = x / root
        return x + (2.0 / most) * (conductance @ y - out * y) / root

    before = root * level
    now = turned(before)
    found = weights[0] * before + 2.0 * weights[1] * now
    for weight in weights[2:]:
        before, now = now, 2.0 * turned(now) - before
        found += 2.0 * weight * now
    return np.where(living, found / root, level)


def _junction(first: Array, second: Array) -> Array:
    """(pair,) um/s; see `vesica.biology.contact.junction`."""
    total = first + second
    return np.divide(2.0 * first * second, total, out=np.zeros_like(total), where=total > 0.0)


def _passing(program: Program, present: Mapping[str, Cells]) -> list[_Passing]:
    """Levels that pass, each with the cell types that hold it and touch another which does."""
    found: dict[str, dict[str, None]] = {}
    for flux in program.table.fluxes:
        if flux.process == PROCESS and flux.owner in present:
            level = flux.moves[0][0].removeprefix(f"{flux.owner}.")
            found.setdefault(level, {})[flux.owner] = None
    return [_Passing(level, tuple(cells)) for level, cells in found.items()]


