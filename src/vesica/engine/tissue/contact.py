"""Who touches whom in a space, and what touching cells show one another.

Two cells touch where their surfaces are nearer than a distance. The model says with which share of their membrane
cells of two types touch on average (``contacts:``); where cells are says how that area is shared out: to each pair in
proportion to the membrane that lies within the distance. A cell without neighbours touches nobody, one in a crowd
touches more than the mean. Geometry alone would not do: most contact is by processes, which positions do not show.

The area of a pair is one number, so what passes a gap junction leaves one cell as fast as it enters the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.spatial import cKDTree

from vesica.engine.contact import is_of
from vesica.engine.program import Program
from vesica.engine.table import Assignment
from vesica.spec.vocabulary import CONTACT

Array = NDArray[np.float64]
_FULL: Final = 1.0  # share of its membrane with which a cell can touch others


class Cells(Protocol):
    """Cells of one type: `vesica.engine.tissue.population.Population` is one."""

    count: int
    part: Any  # .inside: its Program
    lanes: Any  # .state: (state, cell)
    tables: Any  # .names of the states

    @property
    def cell(self) -> str:
        """Name of the type."""

    def give(self, name: str, value: float | Array) -> None:
        """Set a number, an input or what is seen, where the cells know it."""

    def read(self, names: Sequence[str]) -> Array:
        """(name, cell) of values as states and surroundings are now."""


@dataclass(frozen=True)
class Bodies:
    """Cells of one type, or territories of their processes in neuropil, which overlap.

    Parameters
    ----------
    positions : (cell, 3) um
    radii : (cell,) um
    """

    positions: Array
    radii: Array


def contact_graph(cells: Bodies, others: Bodies | None, distance: float, box: Sequence[float],
                  periodic: Sequence[bool] = (False, False, False)) -> csr_array:
    """Membrane of each cell that lies within a distance of another cell.

    Parameters
    ----------
    others : Bodies, optional
        Of another type; cells among each other without.
    distance : um
        Between surfaces, up to which cells touch.
    box : um, along x, y, z
    periodic : by axis

    Returns
    -------
    (cell, other) csr, um^2
        Symmetric among cells of one type. Between spheres with a gap s it is 2 pi r_1 r_2/(r_1 + r_2) (distance - s),
        where the distance is small against the radii (Derjaguin's approximation); it grows on with the depth of an
        overlap, up to the smaller diameter.

    Notes
    -----
    It falls to zero where contact ends, so cells that move lose it without a jump.
    """
    there = cells if others is None else others
    shape = (len(cells.radii), len(there.radii))
    if not shape[0] * shape[1]:
        return csr_array(shape)
    period = np.where(periodic, np.asarray(box, float), 0.0)
    trees = [cKDTree(_wrapped(one.positions, period), boxsize=period) for one in (cells, there)]
    reach = float(cells.radii.max() + there.radii.max()) + distance
    pairs = trees[0].sparse_distance_matrix(trees[1], reach, output_type="ndarray")
    first, second = cells.radii[pairs["i"]], there.radii[pairs["j"]]
    gap = pairs["v"] - (first + second)
    touching = gap < distance
    if others is None:
        touching &= pairs["i"] != pairs["j"]
    pairs, gap, first, second = (part[touching] for part in (pairs, gap, first, second))
    depth = distance - np.maximum(gap, -2.0 * np.minimum(first, second))
    area = 2.0 * np.pi * (first * second) / (first + second) * depth
    found = coo_array((area, (pairs["i"], pairs["j"])), shape=shape).tocsr()
    found.sort_indices()
    return found


def _wrapped(positions: Array, period: Array) -> Array:
    """Positions inside a box that is periodic along some axes."""
    inside = np.where(period > 0.0, np.mod(positions, np.where(period > 0.0, period, 1.0)), positions)
    return np.where((period > 0.0) & (inside >= period), 0.0, inside)  # rounding of a small negative number


@dataclass(frozen=True)
class Contacts:
    """Areas of contact of one arm as they are now.

    Parameters
    ----------
    areas : mapping of (type, other type) to (cell, other cell) csr, um^2
    shares : mapping of the path of a share to (cell,), 1
        Of the membrane of each cell that touches cells of the other type.
    """

    areas: Mapping[tuple[str, str], csr_array]
    shares: Mapping[str, Array]


def share_out(graphs: Mapping[tuple[str, str], csr_array], wanted: Mapping[tuple[str, str], float],
              membrane: Mapping[str, Array]) -> Contacts:
    """Areas of contact of each pair of cells.

    Parameters
    ----------
    graphs : mapping of (type, other type) to (cell, other) csr
        Of `contact_graph`, for each pair of types once; the other side follows, as the two have one area.
    wanted : for each of them the mean share of the membrane of the first type that touches, 1
    membrane : mapping of type to (cell,) um^2

    Notes
    -----
    Where a cell would touch others with more than all of its membrane, its contacts shrink until it does not, and the
    mean share is less than wanted.
    """
    areas: dict[tuple[str, str], csr_array] = {}
    for (cell, other), share in wanted.items():
        block = graphs[cell, other]
        total = float(block.sum())
        scale = share * float(membrane[cell].sum()) / total if total > 0.0 else 0.0
        areas[cell, other] = block * scale
        if cell != other:
            areas[other, cell] = areas[cell, other].T.tocsr()
    room = {name: np.ones_like(of) for name, of in membrane.items()}
    for name, of in membrane.items():
        held: Array = sum((area.sum(axis=1) for (cell, _), area in areas.items() if cell == name), np.zeros_like(of))
        room[name] = np.minimum(1.0, _FULL * np.divide(of, held, out=np.ones_like(of), where=held > 0.0))
    shares = {}
    for (cell, other), area in areas.items():
        entries = area.tocoo()
        entries.data *= np.minimum(room[cell][entries.row], room[other][entries.col])
        areas[cell, other] = entries.tocsr()
        shares[f"{cell}.{CONTACT}{other}"] = areas[cell, other].sum(axis=1) / membrane[cell]
    return Contacts(areas, shares)


@dataclass(frozen=True)
class _View:
    """What cells of one type see of those of another: the name it has for them, and its row among what is shown."""

    target: str
    cell: str
    other: str
    shown: str


class Around:
    """What cells see of those that they touch.

    Parameters
    ----------
    program : Program
        With the laws of what is seen: the uncut one.
    populations : one for each cell type of the arm
    row : mapping of path to number
        Of the arm.
    """

    def __init__(self, program: Program, populations: Sequence[Cells], row: Mapping[str, float]) -> None:
        self.populations = {one.cell: one for one in populations}
        self.contacts = Contacts({}, {})
        self._row, self._views = row, tuple(_views(program.seen, self.populations))
        self._wanted = _wanted(program, self.populations, row)
        self._before: dict[str, Array] = {}
        self._last = 0.0  # s, for which cells went on after the last look

    @property
    def is_needed(self) -> bool:
        """Whether any cells of this arm touch."""
        return bool(self._wanted)

    def place(self, bodies: Mapping[str, Bodies], distance: float, box: Sequence[float],
              periodic: Sequence[bool] = (False, False, False)) -> None:
        """Find who touches whom, by type, and give each cell its shares."""
        graphs = {(cell, other): contact_graph(bodies[cell], None if cell == other else bodies[other], distance, box,
                                               periodic) for cell, other in self._wanted}
        self.contacts = share_out(graphs, self._wanted, {name: self._membrane(name) for name in self.populations})
        for path, share in self.contacts.shares.items():
            self.populations[path.partition(".")[0]].give(path, share)

    def look(self, duration: float = 0.0) -> None:
        """Give each cell the mean over those that it touches, weighed by area; nothing where it touches nobody.

        Parameters
        ----------
        duration : s
            For which it will be held. What is seen is carried on to the middle of that time along its last change,
            and not below zero, so that the error of a step is of second order.
        """
        shown = self._shown()
        for view in self._views:
            seen = self._mean(view, shown)
            change = (seen - self._before.get(view.target, seen)) / self._last if self._last > 0.0 else 0.0
            self._before[view.target] = seen
            self.populations[view.cell].give(view.target, np.maximum(seen + change * (0.5 * duration), 0.0))
        self._last = duration

    def restart(self) -> None:
        """Something jumped: the last change says nothing."""
        self._before, self._last = {}, 0.0

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs beside positions."""
        return {"before": dict(self._before), "last": self._last}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._before = {target: np.asarray(seen) for target, seen in state["before"].items()}
        self._last = float(state["last"])

    def _mean(self, view: _View, shown: Mapping[str, Array]) -> Array:
        """(cell,) of what is seen."""
        area = self.contacts.areas.get((view.cell, view.other))
        if area is None:
            return np.zeros(self.populations[view.cell].count)
        total = area.sum(axis=1)
        return np.divide(area @ shown[view.shown], total, out=np.zeros_like(total), where=total > 0.0)

    def _shown(self) -> dict[str, Array]:
        """(cell,) of everything that cells show, as their states are now."""
        found = {}
        for name, one in self.populations.items():
            own = tuple(dict.fromkeys(view.shown for view in self._views if view.other == name))
            if own:
                found |= dict(zip(own, one.read(own), strict=True))
        return found

    def _membrane(self, name: str) -> Array:
        """(cell,) um^2."""
        one, path = self.populations[name], f"{name}.membrane_area"
        return one.read((path,))[0] if path in one.part.inside.index else np.full(one.count, self._row[path])


def _views(seen: Sequence[Assignment], present: Mapping[str, Cells]) -> list[_View]:
    found = []
    for one in seen:
        shown = one.args[0]
        other = shown.partition(".")[0]
        found += [_View(one.target, cell, other, shown) for cell in present if is_of(one.target, cell)]
    return found


def _wanted(program: Program, present: Mapping[str, Cells], row: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Mean share of contact of each pair of types that is there."""
    return {(one.cell, one.other): row[one.paths[0]] for one in program.model.contacts
            if one.cell in present and one.other in present and row[one.paths[0]] > 0.0}
