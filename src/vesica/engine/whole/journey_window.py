"""What a window of `engine.whole.journey` is given, and its form for the loop: hazards, and the vesicles that come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vesica.engine.whole import journey_loop as loop

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Rows = NDArray[np.int32]
SPARE = 16  # sites that bounds have to spare at first


class Shape(NamedTuple):
    """Classes, cells and cargoes of a dish."""

    classes: int
    cells: int
    cargo: int


@dataclass(frozen=True)
class Hazards:
    """What may happen to one vesicle, 1/s, over a window. Each may be anything that broadcasts to its shape.

    Cells that take up nothing, and dead ones, have zeros: what they hold stays with them.

    Parameters
    ----------
    decay, plastic : (class,) of a free vesicle
    detach, take_back : (cell,) of a vesicle tethered to the cell
    bind : (class, cell) 1/s/site
        Of a free vesicle with one cell, for each of its free sites: `binding_hazard` with one site.
    drink : (class, cell) of a free vesicle with one cell
    unbind, internalise, fuse : (class, cell) of a bound vesicle
    degrade, recycle, escape : (class, cell) of a vesicle in an endosome
    sites : (cell,) vesicle
        All sites of a cell, finite. It binds with ``bind`` times (sites - bound), and not at all where it holds
        more than there are; of a broken number the rest is a site with so much of the hazard, so a cell never
        binds more than ceil(sites) vesicles.
    """

    decay: ArrayLike
    plastic: ArrayLike
    detach: ArrayLike
    take_back: ArrayLike
    bind: ArrayLike
    drink: ArrayLike
    unbind: ArrayLike
    internalise: ArrayLike
    fuse: ArrayLike
    degrade: ArrayLike
    recycle: ArrayLike
    escape: ArrayLike
    sites: ArrayLike


@dataclass(frozen=True)
class Arrivals:
    """Vesicles that leave their cells in a window, in order of time.

    Parameters
    ----------
    times : (vesicle,) s, in the window
    classes, cells : (vesicle,)
        ``cells`` is where a tethered vesicle is; of no meaning for a free one.
    is_tethered : (vesicle,) bool
    diameters : (vesicle,) um
    copies : (vesicle, cargo)
    """

    times: Array
    classes: Index
    cells: Index
    is_tethered: NDArray[np.bool_]
    diameters: Array
    copies: Index


def no_arrivals(cargo: int) -> Arrivals:
    """A window into which no vesicle comes."""
    none = np.zeros(0, dtype=np.int64)
    return Arrivals(np.zeros(0), none, none, none.astype(bool), np.zeros(0), np.zeros((0, cargo), dtype=np.int64))


def packed(of: Shape, classes: ArrayLike, cells: ArrayLike, diameters: Array, copies: Index) -> Rows:
    """(vesicle, 3 + cargo) rows."""
    count = len(diameters)
    if np.shape(copies) != (count, of.cargo):
        raise ValueError(f"copies of shape {np.shape(copies)} for {count} vesicles and {of.cargo} cargoes")
    rows = np.empty((count, loop.COPIES + of.cargo), dtype=np.int32)
    rows[:, loop.CLASS], rows[:, loop.CELL] = classes, cells
    rows[:, loop.SIZE] = np.asarray(diameters, dtype=np.float32).view(np.int32)
    rows[:, loop.COPIES :] = copies
    for column, end in ((loop.CLASS, of.classes), (loop.CELL, of.cells)):
        if count and not (rows[:, column].min() >= 0 and rows[:, column].max() < end):
            raise ValueError(f"a vesicle of class or cell that is none of the dish: {rows[:, column].max()} of {end}")
    return rows


def entering(of: Shape, arrivals: Arrivals, duration: float) -> tuple[Array, Index, Rows]:
    """Times, states and rows."""
    times = np.array(arrivals.times, dtype=np.float64)
    if times.size and not (times[0] >= 0.0 and times[-1] <= duration and np.all(np.diff(times) >= 0.0)):
        raise ValueError("vesicles must arrive in order of time and within the window")
    is_tethered = np.array(arrivals.is_tethered, dtype=bool)
    cells = np.where(is_tethered, arrivals.cells, 0)
    rows = packed(of, arrivals.classes, cells, arrivals.diameters, arrivals.copies)
    return times, np.where(is_tethered, loop.TETHERED, loop.FREE), rows


def rates(of: Shape, hazards: Hazards) -> tuple[NDArray[np.generic], ...]:
    """What `journey_loop.tabulate` takes, with tables yet to be made."""
    cells, classes = of.cells, of.classes
    shapes = dict.fromkeys(("decay", "plastic"), (classes,)) | dict.fromkeys(("detach", "take_back", "sites"), (cells,))
    h = {name: np.array(np.broadcast_to(value, shapes.get(name, (classes, cells))), dtype=np.float64)
         for name, value in vars(hazards).items()}
    for name, value in h.items():
        if not (np.all(value >= 0.0) and np.all(np.isfinite(value))):
            raise ValueError(f"{name} must be finite and not negative")
    table = np.zeros((loop.GONE, cells, classes, 3))
    table[loop.FREE, 0, :, 0], table[loop.FREE, 0, :, 1] = h["decay"], h["plastic"]
    table[loop.TETHERED, :, :, 0], table[loop.TETHERED, :, :, 1] = h["detach"][:, None], h["take_back"][:, None]
    for place, name in enumerate(("unbind", "internalise", "fuse")):
        table[loop.BOUND, :, :, place] = h[name].T
    for place, name in enumerate(("degrade", "recycle", "escape")):
        table[loop.INSIDE, :, :, place] = h[name].T
    meeting = np.zeros((classes, cells, 5))
    meeting[:, :, loop.DRINKS], meeting[:, :, loop.BINDS] = h["drink"], h["bind"]
    return (h["sites"], meeting, table, table.sum(axis=-1).max(axis=(1, 2)), np.zeros(cells),
            np.array([0, SPARE]))
