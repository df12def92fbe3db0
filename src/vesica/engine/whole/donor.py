r"""Donor cells in whole numbers: only births and fates of MVBs are events, vesicles are drawn when looked at.

The slots of an MVB are independent (`biology.mvb_law`), so its number of vesicles is not followed
but drawn when it matters, at its fate or for an output: given n of its N slots full at its mark
(none at birth), each of them is full now with chance p0 + e^{-(R - R_mark)}, each other with
p0 = P - P_mark e^{-(R - R_mark)}. What was drawn becomes the new mark, so an MVB that was looked at goes on from
what was seen. This is the law of the plain simulation of every budding, not an approximation of it.

MVBs are born as a Poisson process of rate maturation x E(t), E the mean number of endosomes: endosomes
appear as a Poisson process, live and end independently of each other, so those that mature at different
times are disjoint marks of one Poisson process (Kingman 1993 Poisson Processes, ch. 5). Exact for a
Poisson number at the start; E obeys the equation of the mean-field fidelities, and single endosomes are not followed.

Each cell draws from a stream of its own, named by its number: it can be run again alone, and neither threads nor
the size of blocks change it. `counts` move whole vesicles only, so that for every cell, always, exactly
`initial + made = fused_back + taken_back + degraded + released + tethered + known vesicles in MVBs`.
``made`` and ``fused_back`` count slots found full that were empty at the mark and the reverse: a vesicle that came and
went between two looks is in neither, so both depend on how often one looks, and their difference does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.counters import stream
from vesica.engine.whole import donor_loop as loop
from vesica.engine.whole.rates import Rates

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Columns of `Donors.counts`, by name.
COUNTS: Final = ("made", "fused_back", "taken_back", "degraded", "released", "detached", "born", "lysed", "docked",
                 "fused")
ALLOWED: Final = 500_000  # events and looks of one call of the compiled loop, about 0.1 s
BLOCK: Final = 512  # cells of one job
CHUNK: Final = 4096  # bursts of one call
LIVES: Final = 10.0  # resting cells settle for so many of the longest lives: e^-10 of a start that is off is left


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
    free, docked : (cell, room, 5)
        Marks of MVBs, see `donor_loop`.
    n_free, n_docked, tethered, initial : (cell,) int64
        MVBs, vesicles tethered now, and all vesicles of the cell when its counters were at zero.
    counts : (cell, len(COUNTS)) int64
        Totals so far. ``released`` are all that left, ``detached`` those that were tethered first.
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

    def inside(self) -> tuple[Array, Array]:
        """(2, cell) sums of n and of n^2 over free and over docked MVBs, as last looked at."""
        found = np.zeros((2, 2, self.numbers.size))
        for stage, (mvbs, number) in enumerate(((self.free, self.n_free), (self.docked, self.n_docked))):
            loop.sums(mvbs, number, found[0, stage], found[1, stage])
        return found[0], found[1]

    def residual(self) -> Index:
        """(cell,) vesicles made or there at first, less those accounted for: always zero."""
        c = self.counts
        inside = self.inside()[0].sum(axis=0).astype(np.int64)
        gone = c[:, loop.FUSED_BACK] + c[:, loop.TAKEN_BACK] + c[:, loop.DEGRADED] + c[:, loop.FREED]
        return self.initial + c[:, loop.MADE] - gone - self.tethered - inside

    def copy(self) -> Donors:
        """The same cells in arrays of their own."""
        return Donors(*(np.copy(value) for value in vars(self).values()))


@dataclass(frozen=True)
class Bursts:
    """Fusions with the membrane, ordered by time, then by cell.

    Parameters
    ----------
    time : (burst,) s, from the start of the leg
    cell : (burst,)
        Number of the cell.
    released, tethered : (burst,) vesicles
    """

    time: Array
    cell: Index
    released: Index
    tethered: Index


@dataclass(frozen=True)
class Leg:
    """A time over which nothing changes.

    Parameters
    ----------
    duration : s
    rates : of all cells, or one for each
    look : draw the vesicles of every MVB at the end; without, only their number at fates is drawn
    """

    duration: float
    rates: Rates | Sequence[Rates]
    look: bool = True


def follow(donors: Donors, legs: Sequence[Leg], workers: int = 1, block: int = BLOCK
           ) -> Iterator[tuple[Donors, Bursts]]:
    """Cells and bursts at the end of every leg; the cells are moved on when the next is asked for."""
    for leg in legs:
        donors, bursts = advance(donors, leg, workers, block)
        yield donors, bursts


def streams_of(seed: int, purpose: str, numbers: Sequence[int] | Index) -> NDArray[np.uint64]:
    """(cell, SIZE) the streams `counters.stream` gives for the numbers."""
    indices = np.asarray(numbers, dtype=np.uint64)
    found = np.tile(stream(seed, purpose, 0), (indices.size, 1))
    found[:, 4], found[:, 5] = indices & np.uint64(0xFFFFFFFF), indices >> np.uint64(32)
    return found


def empty(seed: int, purpose: str, numbers: Sequence[int] | Index, endosomes: float = 0.0) -> Donors:
    """Cells without MVBs and a Poisson number of endosomes with the given mean.

    Parameters
    ----------
    seed, purpose
        Name the streams with the number of the cell.
    numbers : (cell,)
    """
    cells = len(numbers)
    whole = np.zeros((4, cells), dtype=np.int64)
    return Donors(np.array(numbers, dtype=np.int64), streams_of(seed, purpose, numbers), np.zeros(cells),
                  np.full(cells, float(endosomes)), np.zeros((cells, 16, 5)), np.zeros((cells, 4, 5)), *whole,
                  np.zeros((cells, len(COUNTS)), dtype=np.int64))


def resting_means(rates: Rates) -> tuple[float, float, float, float]:
    """Endosomes, free and docked MVBs at rest and the hazard with which a free one docks.

    Births f m/(m + c) = h M + g D and k (1 - D/S) M = g D: a quadratic whose smaller root keeps
    D < S. A mean-field value: exact where sites abound.

    Raises
    ------
    ValueError
        Where MVBs or endosomes are made and never end.
    """
    ends = rates.maturation + rates.recycling
    endosomes = rates.formation / ends if ends else 0.0
    born = endosomes * rates.maturation
    half = rates.lysosome + rates.docking
    if (rates.formation and not ends) or (born and (not half or (rates.docking and not rates.fusion))):
        raise ValueError("endosomes, MVBs or docked MVBs never end: such a cell has no rest; start from another")
    docked = rates.docking * born / half / rates.fusion if rates.docking and born else 0.0
    if docked and math.isfinite(rates.sites):
        b = born + rates.fusion * rates.sites * (1.0 + rates.lysosome / rates.docking)
        root = math.sqrt(b * b - 4.0 * rates.fusion * born * rates.sites)
        docked = 2.0 * born * rates.sites / (b + root)
    if docked >= rates.sites * (1.0 - 1e-9):
        raise ValueError("MVBs are made faster than all docking sites can fuse them, and no lysosome takes them: "
                         "such a cell has no rest; start from another")
    docking = rates.docking * (1.0 - docked / rates.sites)
    return endosomes, born / (rates.lysosome + docking) if born else 0.0, docked, docking


def resting(seed: int, purpose: str, numbers: Sequence[int] | Index, rates: Rates, workers: int = 1) -> Donors:
    """Cells that have stood long at these rates, every MVB looked at, counters at zero.

    Without saturation free and docked MVBs are Poisson and their ages exponential in each stage:
    cells start so, with the hazards of `resting_means`, and settle for `LIVES` lives.
    """
    endosomes, free, docked, docking = resting_means(rates)
    donors = empty(seed, purpose, numbers, endosomes)
    room = 16 + int(free + 6.0 * math.sqrt(free)), 4 + int(docked + 6.0 * math.sqrt(docked))
    donors = replace(donors, free=_wider(donors.free, room[0]), docked=_wider(donors.docked, room[1]))
    ends = [h for h in (rates.lysosome + docking, rates.fusion if docked else 0.0,
                        rates.detachment + rates.tether_return,
                        rates.budding / rates.capacity + rates.retrofusion) if h]
    loop.furnish(donors.streams, rates.row(), free, docked, docking, donors.share, donors.free, donors.docked,
             donors.n_free, donors.n_docked)
    donors, _ = advance(donors, Leg(LIVES / min(ends) if ends else 0.0, rates), workers)
    donors.counts[:] = 0
    donors.initial[:] = donors.inside()[0].sum(axis=0).astype(np.int64) + donors.tethered
    return donors


def advance(donors: Donors, leg: Leg, workers: int = 1, block: int = BLOCK) -> tuple[Donors, Bursts]:
    """Move every cell on by one leg.

    Parameters
    ----------
    donors
        Its arrays are moved on; go on with the cells that are returned.
    workers : threads
    block : cells of one job; neither changes any number
    """
    cells = donors.numbers.size
    table = [leg.rates] if isinstance(leg.rates, Rates) else list(leg.rates)
    if len(table) not in (1, cells):
        raise ValueError(f"{len(table)} sets of rates for {cells} cells")
    rows = np.array([one.row() for one in table])
    clock = np.full(cells, -1.0)
    jobs = {low: low for low in range(0, cells, block)}  # first cell of a block -> next cell to do
    found: Found = []
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        while jobs:
            state = donors

            def work(low: int, at: int, state: Donors = state) -> tuple[int, int, int, Found]:
                return low, *_block(state, rows, leg, clock, at, min(low + block, cells))

            is_full = [False, False]
            for low, at, code, bursts in pool.map(work, list(jobs), list(jobs.values())):
                found += bursts
                if code == loop.DONE:
                    del jobs[low]
                else:
                    jobs[low] = at
                    is_full[0] |= bool(state.n_free[at] >= state.free.shape[1])
                    is_full[1] |= bool(state.n_docked[at] >= state.docked.shape[1])
            if is_full[0]:
                donors = replace(donors, free=_wider(donors.free, 2 * donors.free.shape[1]))
            if is_full[1]:
                donors = replace(donors, docked=_wider(donors.docked, 2 * donors.docked.shape[1]))
    return donors, _ordered(donors.numbers, found)


Found = list[tuple[Array, Index]]


def _block(donors: Donors, rows: Array, leg: Leg, clock: Array, at: int, high: int) -> tuple[int, int, Found]:
    """Cells ``at`` to ``high`` until they are done or one needs more room."""
    found: Found = []
    while True:
        times, what = np.empty(CHUNK), np.empty((CHUNK, 3), dtype=np.int64)
        at, code, written = loop.advance_cells(
            at, high, ALLOWED, donors.streams, rows, leg.duration, leg.look, clock, donors.share, donors.endosomes,
            donors.free, donors.docked, donors.n_free, donors.n_docked, donors.tethered, donors.counts, times, what)
        if written:
            found.append((times[:written].copy(), what[:written].copy()))
        if code == loop.DONE or (code == loop.FULL and written < CHUNK):
            return at, code, found


def _ordered(numbers: Index, found: Found) -> Bursts:
    if not found:
        return Bursts(np.zeros(0), *(np.zeros(0, dtype=np.int64) for _ in range(3)))
    time = np.concatenate([times for times, _ in found])
    what = np.concatenate([rows for _, rows in found])
    order = np.lexsort((numbers[what[:, 0]], time))
    return Bursts(time[order], numbers[what[order, 0]], what[order, 1], what[order, 2])


def _wider(mvbs: Array, room: int) -> Array:
    """The same MVBs with room for more."""
    wide = np.zeros((mvbs.shape[0], max(room, mvbs.shape[1]), mvbs.shape[2]))
    wide[:, : mvbs.shape[1]] = mvbs
    return wide
