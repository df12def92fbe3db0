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

With cargo (`Leg.loads`) vesicles take whole copies out of the pool of their cell (`loading`) when they are found, give
them back when they fuse back, lose them in the lysosome and take them along when they leave; a slot that was full
may then hold another vesicle, and such a change counts as made and fused back too. So a vesicle is loaded from the pool
at the end of the leg it budded in, or at its MVB's fate: off by what the pool changed since. Always, of each cargo,
`initial_copies + made = fused_back + degraded + released + tethered + copies in MVBs`, and `advance` keeps
`pool + made - fused_back`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.biology import mvb_law
from vesica.engine.counters import stream
from vesica.engine.whole import donor_loop as loop
from vesica.engine.whole import donor_rest, mvbs, records
from vesica.engine.whole.bursts import Bursts, Piece, in_order
from vesica.engine.whole.donor_arrays import Course, Found, State
from vesica.engine.whole.donor_rest import resting_means
from vesica.engine.whole.donors import COUNTS, MOVED, Donors
from vesica.engine.whole.loading import Loads, Tables, no_tables
from vesica.engine.whole.loading_loop import no_bounds
from vesica.engine.whole.rates import DETACHMENT, TETHER_RETURN, Rates, checked

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ALLOWED: Final = 500_000  # events and looks of one call of the compiled loop, about 0.1 s
BLOCK: Final = 512  # cells of one job
CHUNK: Final = 4096  # bursts of one call
VESICLES: Final = 16 * CHUNK  # that come with them, where they are individuals
LIVES: Final = 10.0  # resting cells settle for so many of the longest lives: e^-10 of a start that is off is left


@dataclass(frozen=True)
class Leg:
    """A time over which nothing changes.

    Parameters
    ----------
    duration : s
    rates : of all cells, or one for each; or their rows, (1 or cell, 14)
    look : draw the vesicles of every MVB at the end; without, only their number at fates is drawn
    loads : of vesicles; without, they are numbers only

    Raises
    ------
    ValueError
        If there is cargo, but no look or vesicles that leave the tether: what these held is not known.
    """

    duration: float
    rates: Rates | Sequence[Rates] | Array
    look: bool = True
    loads: Loads | None = None

    def __post_init__(self) -> None:
        if self.loads is None or not np.size(self.loads.is_lumen):
            return
        if not self.look:
            raise ValueError("a leg with cargo must look at its end: vesicles are loaded where they are found")
        if self.table()[:, [DETACHMENT, TETHER_RETURN]].any():
            raise ValueError("with cargo, tethered vesicles are followed elsewhere: detachment and tether_return must "
                             "be zero here")

    def table(self) -> Array:
        """(1 or cell, 14) rates of all cells, or of each."""
        if isinstance(self.rates, Rates):
            return self.rates.row()[None]
        if isinstance(self.rates, np.ndarray):
            return checked(self.rates)
        return np.array([one.row() for one in self.rates])


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


def empty(seed: int, purpose: str, numbers: Sequence[int] | Index, endosomes: float = 0.0,
          pool: Index | None = None) -> Donors:
    """Cells without MVBs and a Poisson number of endosomes with the given mean.

    Parameters
    ----------
    seed, purpose
        Name the streams with the number of the cell.
    numbers : (cell,)
    pool : (cell, cargo) int64, or none for cells without cargo
    """
    cells = len(numbers)
    whole = np.zeros((4, cells), dtype=np.int64)
    pool = np.zeros((cells, 0), dtype=np.int64) if pool is None else np.array(pool, dtype=np.int64)
    cargo = pool.shape[1]
    rooms = np.zeros((cells, 3), dtype=np.int64)
    rooms[:, records.VACANT] = records.NOBODY
    room = 16 if cargo else 0
    return Donors(np.array(numbers, dtype=np.int64), streams_of(seed, purpose, numbers), np.zeros(cells),
                  np.full(cells, float(endosomes)), np.zeros((cells, 16, mvbs.MARKS)), np.zeros((cells, 4, mvbs.MARKS)),
                  *whole, np.zeros((cells, len(COUNTS)), dtype=np.int64), pool,
                  np.zeros((cells, cargo, len(MOVED)), dtype=np.int64), np.zeros_like(pool),
                  np.zeros((cells, room), dtype=np.int64), np.zeros((cells, room)),
                  np.zeros((cells, room, cargo), dtype=np.int64), rooms)


def resting(seed: int, purpose: str, numbers: Sequence[int] | Index, rates: Rates | Array, workers: int = 1,
            pool: Index | None = None, loads: Loads | None = None) -> Donors:
    """Cells that have stood long at these rates, every MVB looked at, counters at zero.

    Without saturation free and docked MVBs are Poisson and exponential in each stage of their ages:
    cells start so, with the hazards of `resting_means`, and settle for `LIVES` lives. With ``pool``
    (cell, cargo), what is in the cells at rest, the vesicles in MVBs then are loaded by ``loads`` as if each had taken
    from this pool, which stays; and none is tethered. Cells of which each has its own rates settle for the longest
    of their lives.

    Parameters
    ----------
    rates : of all cells; or rows of each, (1 or cell, 14)
    """
    rows = rates.row()[None] if isinstance(rates, Rates) else checked(rates)
    means = np.array([resting_means(Rates(*row)) for row in rows.tolist()])
    donors = empty(seed, purpose, numbers)
    donors.endosomes[:] = means[:, 0]
    free, docked = means[:, 1].max(), means[:, 2].max()
    room = 16 + int(free + 6.0 * math.sqrt(free)), 4 + int(docked + 6.0 * math.sqrt(docked))
    donors = replace(donors, free=_wider(donors.free, room[0]), docked=_wider(donors.docked, room[1]))
    settling = max(_settling(Rates(*row), *mean[2:]) for row, mean in zip(rows.tolist(), means, strict=True))
    donor_rest.furnish(donors.streams, np.ascontiguousarray(rows), means, donors.share, donors.free, donors.docked,
                       donors.n_free, donors.n_docked)
    donors, _ = advance(donors, Leg(settling, rows), workers)
    if pool is not None and loads is not None:
        donors = _loaded(donors, pool, loads)
        donors.tethered[:] = 0
    donors.counts[:] = 0
    donors.initial[:] = donors.inside()[0].sum(axis=0).astype(np.int64) + donors.tethered
    return donors


def _settling(rates: Rates, docked: float, docking: float) -> float:
    """`LIVES` of the longest lives in s of what is in a donor: an MVB, a docked one, a tether, a full slot."""
    stages = mvb_law.fusion_stages(rates.lysosome, docking, rates.undocking, rates.fusion)
    ends = [h for h in (*(stages if docked else (rates.lysosome + docking,)),
                        rates.detachment + rates.tether_return,
                        rates.budding / rates.capacity + rates.retrofusion) if h]
    return LIVES / min(ends) if ends else 0.0


def _loaded(donors: Donors, pool: Index, loads: Loads) -> Donors:
    """The same cells with cargo in their vesicles."""
    new = empty(0, "", donors.numbers, 0.0, pool)
    names = ("pool", "moved", "initial_copies", "link", "diameter", "copies", "rooms")
    donors = replace(donors, **{name: getattr(new, name) for name in names})
    _check(donors, loads)
    at, cells, done = 0, donors.numbers.size, np.zeros(donors.numbers.size, dtype=np.int64)
    bounds, ahead = no_bounds(), np.full(cells, -1.0)
    while at < cells:
        high = min(cells, at + BLOCK)
        at = donor_rest.load_known(at, high, _state(donors), loads.tables(), bounds, done, ahead)
        if at < high:
            donors = _roomier(donors)
    donors.initial_copies[:] = donors.inside_copies().sum(axis=0)
    return donors


def _state(donors: Donors) -> State:
    return State(*(getattr(donors, name) for name in State._fields))


def _check(donors: Donors, loads: Loads | None) -> None:
    cells, cargo = donors.pool.shape
    if loads is None and cargo:
        raise ValueError(f"cells with {cargo} cargoes need loads")
    if loads is not None and (loads.per_size.shape[1] != cargo or loads.per_size.shape[0] not in (1, cells)):
        raise ValueError(f"loads of shape {loads.per_size.shape} for {cells} cells with {cargo} cargoes")


def advance(donors: Donors, leg: Leg, workers: int = 1, block: int = BLOCK) -> tuple[Donors, Bursts]:
    """Move every cell on by one leg.

    Parameters
    ----------
    donors
        Its arrays are moved on; go on with the cells that are returned.
    workers : threads
    block : cells of one job; neither changes any number
    """
    cells, cargo = donors.pool.shape
    table = leg.table()
    if len(table) not in (1, cells):
        raise ValueError(f"{len(table)} sets of rates for {cells} cells")
    _check(donors, leg.loads)
    tables = no_tables() if leg.loads is None else leg.loads.tables()
    made, *gone = np.moveaxis(donors.moved, 2, 0)
    course = Course(np.ascontiguousarray(table), float(leg.duration), leg.look, np.full(cells, -1.0),
                         np.full(cells, -1, dtype=np.int64), donors.pool + donors.initial_copies + made - sum(gone),
                         np.zeros(cells))
    jobs = {low: low for low in range(0, cells, block)}  # first cell of a block -> next cell to do
    found: list[Piece] = []
    with ThreadPoolExecutor(max_workers=max(1, workers)) as threads:
        while jobs:
            state = _state(donors)

            def work(low: int, at: int, state: State = state) -> tuple[int, int, int, list[Piece]]:
                return low, *_block(state, course, tables, at, min(low + block, cells))

            codes = set()
            for low, at, code, pieces in threads.map(work, list(jobs), list(jobs.values())):
                found += pieces
                codes.add(code)
                if code == loop.DONE:
                    del jobs[low]
                else:
                    jobs[low] = at
            if loop.FREE_FULL in codes:
                donors = replace(donors, free=_wider(donors.free, 2 * donors.free.shape[1]))
            if loop.DOCKED_FULL in codes:
                donors = replace(donors, docked=_wider(donors.docked, 2 * donors.docked.shape[1]))
            if loop.RECORDS_FULL in codes:
                donors = _roomier(donors)
    return donors, in_order(donors.numbers, found, cargo)


def _block(state: State, course: Course, tables: Tables, at: int, high: int) -> tuple[int, int, list[Piece]]:
    """Cells ``at`` to ``high`` until they are done or one needs more room."""
    pieces: list[Piece] = []
    cargo = state.pool.shape[1]
    room = VESICLES if tables.quantile.size else 0
    bounds = no_bounds()
    while True:
        found = Found(np.zeros(2, dtype=np.int64), np.empty(CHUNK), np.empty((CHUNK, 3), dtype=np.int64),
                           np.empty(room), np.empty((room, cargo), dtype=np.int64))
        at, code = loop.advance_cells(at, high, ALLOWED, state, course, tables, found, bounds)
        bursts, vesicles = found.number
        if bursts:
            pieces.append((found.time[:bursts].copy(), found.what[:bursts].copy(), found.diameter[:vesicles].copy(),
                           found.copies[:vesicles].copy()))
        elif code == loop.BURSTS_FULL:
            room *= 2  # an MVB holds more than there is room for
        if code not in (loop.TIRED, loop.BURSTS_FULL):
            return at, code, pieces


def _wider(values: NDArray[Any], room: int) -> NDArray[Any]:
    """The same with a second axis as long as ``room``."""
    wide = np.zeros((values.shape[0], max(room, values.shape[1]), *values.shape[2:]), dtype=values.dtype)
    wide[:, : values.shape[1]] = values
    return wide


def _roomier(donors: Donors) -> Donors:
    """The same cells with room for half as many loaded vesicles more."""
    room = 16 + donors.link.shape[1] * 3 // 2
    return replace(donors, **{name: _wider(getattr(donors, name), room) for name in ("link", "diameter", "copies")})
