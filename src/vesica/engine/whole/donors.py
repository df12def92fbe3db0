"""Donor cells of whole numbers as arrays, and what they hold: `engine.whole.donor` moves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.whole import mvbs, records

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Columns of `Donors.counts`, by name.
COUNTS: Final = ("made", "fused_back", "taken_back", "degraded", "released", "detached", "born", "lysed", "docked",
                 "fused")
MOVED: Final = ("made", "fused_back", "degraded", "released", "tethered")  # columns of `Donors.moved`


@dataclass(frozen=True)
class Donors:
    """Cells of one type. `advance` moves the arrays on in place, and replaces those that become too small.

    Parameters
    ----------
    numbers : (cell,)
        Of the cells; they name the streams.
    streams : (cell, SIZE) uint64
    share, endosomes : (cell,)
        P of `mvb_law`, and the mean number of endosomes; R counts from the present.
    free, docked : (cell, room, 6)
        Marks of MVBs, see `mvbs`.
    n_free, n_docked, tethered, initial : (cell,) int64
        MVBs, vesicles tethered now, and all vesicles of the cell when its counters were at zero.
    counts : (cell, len(COUNTS)) int64
        Totals so far. ``released`` are all that left, ``detached`` those that were tethered first.
    pool : (cell, cargo) int64
        Copies in the cell outside of vesicles; may be written between legs.
    moved : (cell, cargo, len(MOVED)) int64
        Copies with the vesicles so far.
    initial_copies : (cell, cargo) int64
        In MVBs when the counters were at zero.
    link, diameter, copies, rooms
        Loaded vesicles: (cell, room) next of its MVB, (cell, room) um, (cell, room, cargo), (cell, 3); see `records`.
    """

    numbers: Index
    streams: NDArray[np.uint64]
    share: Array
    endosomes: Array
    free: Array
    docked: Array
    n_free: Index
    n_docked: Index
    tethered: Index
    initial: Index
    counts: Index
    pool: Index
    moved: Index
    initial_copies: Index
    link: Index
    diameter: Array
    copies: Index
    rooms: Index

    def inside(self) -> tuple[Array, Array]:
        """(2, cell) sums of n and of n^2 over free and over docked MVBs, as last looked at."""
        found = np.zeros((2, 2, self.numbers.size))
        for stage, (marks, number) in enumerate(((self.free, self.n_free), (self.docked, self.n_docked))):
            mvbs.sums(marks, number, found[0, stage], found[1, stage])
        return found[0], found[1]

    def inside_copies(self) -> Index:
        """(2, cell, cargo) copies in the vesicles of free and of docked MVBs, as last looked at."""
        found = np.zeros((2, *self.pool.shape), dtype=np.int64)
        for stage, (marks, number) in enumerate(((self.free, self.n_free), (self.docked, self.n_docked))):
            records.copies_inside(marks[:, :, mvbs.HEAD], number, self.link, self.copies, found[stage])
        return found

    def copies_by_ledger(self) -> Index:
        """The same as `inside_copies`, faster: only docked MVBs are looked through, the rest is what moved."""
        made, *gone = np.moveaxis(self.moved, 2, 0)
        docked = np.zeros_like(self.pool)
        records.copies_inside(self.docked[:, :, mvbs.HEAD], self.n_docked, self.link, self.copies, docked)
        return np.stack([self.initial_copies + made - sum(gone) - docked, docked])

    def residual(self) -> Index:
        """(cell,) vesicles made or there at first, less those accounted for: always zero."""
        c = self.counts
        inside = self.inside()[0].sum(axis=0).astype(np.int64)
        gone = c[:, mvbs.FUSED_BACK] + c[:, mvbs.TAKEN_BACK] + c[:, mvbs.DEGRADED] + c[:, mvbs.FREED]
        return self.initial + c[:, mvbs.MADE] - gone - self.tethered - inside

    def residual_copies(self) -> Index:
        """(cell, cargo) copies loaded or there at first, less those accounted for: always zero."""
        made, *gone = np.moveaxis(self.moved, 2, 0)
        return self.initial_copies + made - sum(gone) - self.inside_copies().sum(axis=0)

    def start_counting(self) -> None:
        """Set the counters to zero: what is inside now is what there was at first, and nothing is tethered."""
        self.counts[:] = 0
        self.moved[:] = 0
        self.tethered[:] = 0
        self.initial[:] = self.inside()[0].sum(axis=0).astype(np.int64)
        self.initial_copies[:] = self.inside_copies().sum(axis=0)

    def take_out(self, cells: NDArray[np.bool_]) -> tuple[Index, Index]:
        """Empty some cells: (cell,) vesicles and (cell, cargo) copies that were in their MVBs, zero for the others.

        The cells go on as if these had never been there, but for what happened to them so far.
        """
        vesicles = np.where(cells, self.inside()[0].sum(axis=0), 0.0).astype(np.int64)
        copies = np.where(cells[:, None], self.inside_copies().sum(axis=0), 0)
        self.initial[:] -= vesicles
        self.initial_copies[:] -= copies
        for number in (self.n_free, self.n_docked, self.endosomes):
            number[cells] = 0
        self.rooms[cells] = (records.NOBODY, 0, 0)
        return vesicles, copies

    def copy(self) -> Donors:
        """The same cells in arrays of their own."""
        return Donors(*(np.copy(value) for value in vars(self).values()))
