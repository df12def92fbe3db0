"""Cells of a tissue in whole numbers: MVBs, bursts, phenotypes and deaths are drawn, all else follows its means.

Events of half a step, the smooth equations of a step, events of half a step (Strang): of second order in the step, as
the field step around it. Events are exact for rates that stand still: the births and fates of MVBs one by one, what an
MVB holds drawn as it fuses. A cell's numbers rest on its stream alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.tables import Tables
from vesica.engine.tissue import whole_loop as loop
from vesica.engine.tissue import whole_start as start
from vesica.engine.tissue.lanes import JOB, CellLanes, Counts, lanes_of, share_out
from vesica.engine.tissue.whole_table import BORN, BUDDING, CAPACITY, EVENTS, NONE, RETRO, SITES, split
from vesica.engine.whole.donor import streams_of
from vesica.errors import error
from vesica.spec.cells import CellType

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FILLING: Final = 0.25  # of the time in which slots relax: the longest step between events
ROOM: Final = 16  # MVBs more than there are, at least


class WholeCells:
    """Cells of one type with the surface of `CellLanes`.

    Parameters
    ----------
    program : Program
        What goes on inside a cell.
    kind : CellType
    present : frozenset of str
        What the arm holds.
    values : (value,) or (value, lane)
        Numbers, inputs and pools: the means of cells, of which whole numbers are drawn.
    names : (lane,) uint64 keys of the cells, and the seed
        They name the streams.
    own : places and (place, lane) numbers
        As of `unlike.values_of_lanes` and `unlike.rest_of_lanes`, given before whole numbers are drawn.
    words
        Tolerances and workers, as of `CellLanes`.

    Attributes
    ----------
    drawn : frozenset of str
        As of `CellLanes`.

    Raises
    ------
    InputError
        The cell lays down matrix, which outlives it.
    """

    drawn: frozenset[str] = EVENTS

    def __init__(self, program: Program, kind: CellType, present: frozenset[str], values: Array,
                 names: tuple[NDArray[np.uint64], int], own: tuple[tuple[Index, Array], ...] = (),
                 **words: Any) -> None:
        keys, seed = names
        if kind.matrix is not None:
            raise error(f"cells.{kind.name}.matrix", "matrix around cells of whole numbers",
                        "matrix outlives the cell that laid it down, and cells of whole numbers end with their death",
                        "what the matrix holds would be lost", "run these cells as means, or leave `matrix` out")
        self.kind, self.workers = kind, int(words.get("workers", 1))
        self._split = split(program, kind, present)
        self.lanes_of_means = CellLanes(self._split.smooth, values, lanes=keys.size, label=f"{kind.name} cell",
                                        **words)
        for places, numbers in own:
            self.give(places, numbers)
        self.streams = streams_of(seed, f"{kind.name}|whole", keys)
        tables = self._split.events
        self._moves = tables.move_start, tables.move_state, tables.move_count
        self._alive = int(self._split.chain_ids.alive[0])
        self._x: list[tuple[Array, Array]] = []  # of each job: slots of its free MVBs, and of docked ones
        self._rates: list[Array] = []
        self._draw()

    @property
    def tables(self) -> Tables:
        """Pools of the cell, and the laws between events."""
        return self.lanes_of_means.tables

    @property
    def names(self) -> tuple[str, ...]:
        """Of the pools, in the order of ``state``."""
        return self.lanes_of_means.names

    @property
    def state(self) -> Array:
        """(state, lane) pools."""
        return self.lanes_of_means.state

    @property
    def lanes(self) -> int:
        """Number of cells."""
        return self.lanes_of_means.lanes

    @property
    def blocks(self) -> int:
        """Blocks of cells that step together."""
        return self.lanes_of_means.blocks

    def give(self, places: Index, numbers: Array) -> None:
        """As `CellLanes.give`."""
        self.lanes_of_means.give(places, numbers)

    def fluxes(self, tables: Tables) -> Array:
        """As `CellLanes.fluxes`."""
        return self.lanes_of_means.fluxes(tables)

    def watched(self, tables: Tables | None = None) -> Array:
        """As `CellLanes.watched`."""
        return self.lanes_of_means.watched(tables)

    def advance(self, duration: float) -> Counts:
        """As `CellLanes.advance`; the step is cut where MVBs fill in less."""
        pieces = self._pieces(duration)
        found = np.zeros(3, dtype=np.int64)
        for _ in range(pieces):
            h = duration / pieces
            self._change(0.5 * h)
            self._move(0.5 * h, 0.0)
            counts = self.lanes_of_means.advance(h)
            self._move(0.5 * h, h)
            self._change(0.5 * h)
            found += [counts.steps, counts.rejected, counts.explicit]
        return Counts(*found.tolist())

    def saved(self) -> dict[str, Any]:
        """As `CellLanes.saved`."""
        return {"means": self.lanes_of_means.saved(), "streams": self.streams, "rates": self._rates,
                "free": [free for free, _ in self._x], "docked": [docked for _, docked in self._x]}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """As `CellLanes.restore`."""
        self.lanes_of_means.restore(saved["means"])
        self.streams[:] = saved["streams"]
        self._rates = [np.array(one) for one in saved["rates"]]
        self._x = [(np.array(free), np.array(docked)) for free, docked in
                   zip(saved["free"], saved["docked"], strict=True)]

    def _pieces(self, duration: float) -> int:
        if self._split.donor is None:
            return 1
        rates = self.lanes_of_means.fluxes(self._split.donor)
        fastest = (rates[BUDDING] / rates[CAPACITY] + rates[RETRO]).max(initial=0.0)
        return max(1, math.ceil(duration * fastest / FILLING))

    def _change(self, duration: float) -> None:
        """Phenotypes and deaths of all cells."""
        cut, cells = self._split, self.lanes_of_means
        ids = tuple(cut.chain_ids)
        if not cut.chain_ids.flux.size and cut.chain_ids.death[0] == NONE:
            return

        def work(low: int) -> int:
            job = low // JOB
            lanes = lanes_of(job, self.lanes)
            cause = np.full(lanes.stop - lanes.start, loop.STAYS, dtype=np.int64)
            loop.change_phenotypes(self.state, lanes.start, cells.part(cut.chains, job), self.streams, duration, ids,
                                   self._moves, cause)
            if (cause != loop.STAYS).any():
                loop.bury(self.state, lanes.start, cells.part(cut.lost, job), cut.lost_ids, cut.blebs, self.streams,
                          ids, self._moves, cause)
                self._forget_mvbs(lanes, cause)
            return min(low + JOB, self.blocks)

        share_out(work, self.blocks, self.workers)

    def _forget_mvbs(self, lanes: slice, cause: Index) -> None:
        """MVBs of the dead are gone with what they held."""
        if self._split.donor_ids is not None:
            died = np.arange(lanes.start, lanes.stop)[cause != loop.STAYS]
            self.state[np.ix_(self._split.donor_ids.mvb, died)] = 0.0

    def _move(self, duration: float, filled: float) -> None:
        """Births and fates of MVBs, after they filled for a while."""
        cut, cells = self._split, self.lanes_of_means
        if cut.donor is None or cut.shares is None or cut.donor_ids is None:
            return
        donor, shares, ids, mvb = cut.donor, cut.shares, tuple(cut.donor_ids), cut.donor_ids.mvb

        def work(low: int) -> int:
            job = low // JOB
            lanes = lanes_of(job, self.lanes)
            rates, first = cells.part(donor, job), lanes.start
            if filled:
                for x, row in zip(self._x[job], mvb[:2], strict=True):
                    loop.fill(x, self.state[row, lanes], self._rates[job], rates, filled)
                loop.clean(self.state, first, lanes.stop - first, self._alive, ids, self._moves)
            self._make_room(job, self.state[mvb[:2], lanes], rates, duration)
            fits = loop.move_mvbs(self.state, first, rates, cells.part(shares, job), *self._x[job], self.streams,
                                  duration, ids, self._moves, self._alive)
            if not fits:
                raise AssertionError(f"more MVBs than {ROOM} above twelve standard deviations were born in one step")
            self._rates[job] = rates
            return min(low + JOB, self.blocks)

        share_out(work, self.blocks, self.workers)

    def _make_room(self, job: int, there: Array, rates: Array, duration: float) -> None:
        """For all MVBs that may be there at the end of a step."""
        born = float(rates[BORN].max()) * duration
        most = int(there.sum(axis=0).max() + born + 12.0 * math.sqrt(born)) + ROOM
        free, docked = self._x[job]
        self._x[job] = (_roomy(free, most), _roomy(docked, int(min(most, rates[SITES].max() + 2.0))))

    def _draw(self) -> None:
        """Whole numbers around the means: phenotypes, MVBs of all ages with what they hold, tethered vesicles."""
        ids = self._split.chain_ids
        for number in range(len(self.kind.chains)):
            start.choose(self.state, ids.states[ids.state_chain == number], self.streams)
        if self._split.donor is None or self._split.donor_ids is None:
            return
        rates, donor_ids = self.lanes_of_means.fluxes(self._split.donor), self._split.donor_ids
        start.count(self.state, rates, self.streams, donor_ids.mvb)
        for job in range(-(-self.blocks // JOB)):
            lanes = lanes_of(job, self.lanes)
            self._x.append((np.zeros((lanes.stop - lanes.start, 0)), np.zeros((lanes.stop - lanes.start, 0))))
            self._rates.append(rates[:, lanes])
            self._make_room(job, self.state[donor_ids.mvb[:2], lanes], rates[:, lanes], 0.0)
            start.furnish(self.state, lanes.start, rates, self.streams, *self._x[job], tuple(donor_ids))


def _roomy(x: Array, room: int) -> Array:
    """The same with a second axis at least so long."""
    if x.shape[1] >= room:
        return x
    wide = np.zeros((x.shape[0], room + room // 4))
    wide[:, : x.shape[1]] = x
    return wide
