"""Vesicles outside the cell that made them, one by one: tethered, free, bound and in endosomes of one dish.

A vesicle is a row of whole numbers (class, cell, bits of its diameter as float32, copies of each cargo); on its way
only its cell and its place change. Over a window every hazard stands still but one: a cell binds in
proportion to the sites it has free at that moment, so binding and unbinding are followed event by event
(`journey_loop`), with the law of the hazards and no step size.

A *content* is the vesicle itself (0), then each cargo of the model. For every class and content, always, exactly
`initial + arrived + added = decayed + plastic + removed + taken back + degraded + delivered + vesicles there now`:
those there are counted from the rows, the others event by event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vesica.engine.counters import binomial, stream
from vesica.engine.whole import journey_loop as loop
from vesica.engine.whole import journey_window as window
from vesica.engine.whole.journey_window import Arrivals, Hazards, Shape, no_arrivals, packed

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Rows = NDArray[np.int32]
Words = NDArray[np.uint64]
__all__ = ["Arrivals", "Drawn", "Hazards", "Journey", "add_free", "advance", "copies_histogram", "copies_of",
           "diameters_of", "draw_free", "empty", "no_arrivals", "share_of"]
ALLOWED: Final = 500_000  # draws of one call of the compiled loop, below 0.2 s
TETHERED, FREE, BOUND, INSIDE = STATES = range(4)
MOVED: Final = ("table", "edge", "held", "medium", "fates", "taken_up", "first_uptake", "first_copy")


@dataclass(frozen=True)
class Drawn:
    """Vesicles for a dose; ``is_repeated`` (class,): more were wanted than there were, so some came twice."""

    classes: Index
    diameters: Array
    copies: Index
    is_repeated: NDArray[np.bool_]


@dataclass(frozen=True)
class Journey:
    """One dish. `advance` moves the arrays on in place, and replaces those that become too small.

    Parameters
    ----------
    stream : (SIZE,) uint64
    table : (room, 3 + cargo) int32
        Rows, one state after the other; see `journey_loop` for the columns.
    edge : (5,) int64
        State s has rows ``edge[s]`` to ``edge[s + 1]``.
    held : (cell,) vesicles bound now
    initial, added, removed : (class, content)
        There when the counters were at zero; put in as a dose since; taken out with medium since.
    medium, fates : (3, class, content), (5, cell, class, content)
        Totals of what happened, in the order of `journey_loop`; named by the properties.
    taken_up : (cell, class) vesicles
        Internalised, drunk or fused, less those recycled.
    first_uptake, first_copy : (cell,), (cell, cargo) s
        When a cell first took up a vesicle, and was first delivered a copy; NaN before.
    """

    stream: Words
    table: Rows
    edge: Index
    held: Index
    initial: Index
    added: Index
    removed: Index
    medium: Index
    fates: Index
    taken_up: Index
    first_uptake: Array
    first_copy: Array

    @property
    def shape(self) -> Shape:
        """Classes, cells and cargoes."""
        cells, classes = self.taken_up.shape
        return Shape(classes, cells, self.first_copy.shape[1])

    @property
    def arrived(self) -> Index:
        """(class, content) that cells released, free or tethered."""
        return self.medium[loop.ARRIVED]

    @property
    def decayed(self) -> Index:
        """(class, content) lost in the medium."""
        return self.medium[loop.DECAYED]

    @property
    def plastic(self) -> Index:
        """(class, content) on plastic."""
        return self.medium[loop.PLASTIC]

    @property
    def taken_back(self) -> Index:
        """(cell, class, content) back in the cell that made them."""
        return self.fates[loop.TAKEN_BACK]

    @property
    def detached(self) -> Index:
        """(cell, class, content) that were tethered and became free."""
        return self.fates[loop.DETACHED]

    @property
    def degraded(self) -> Index:
        """(cell, class, content)."""
        return self.fates[loop.DEGRADED]

    @property
    def delivered_by_escape(self) -> Index:
        """(cell, class, content) from endosomes."""
        return self.fates[loop.ESCAPED]

    @property
    def delivered_by_fusion(self) -> Index:
        """(cell, class, content) from the surface."""
        return self.fates[loop.FUSED]

    def rows(self, state: int) -> Rows:
        """(vesicle, 3 + cargo) those in a state now: a view."""
        return self.table[self.edge[state] : self.edge[state + 1]]

    def now(self, state: int) -> Index:
        """(cell, class, content) in a state now; of free ones all at cell 0, as the only place."""
        found = np.zeros((1 if state == FREE else self.held.size, *self.initial.shape), dtype=np.int64)
        loop.count(self.rows(state), found)
        return found

    def residual(self) -> Index:
        """(class, content) that came less what is accounted for: always zero."""
        there = sum(self.now(state).sum(axis=0) for state in STATES)
        gone = self.decayed + self.plastic + self.removed + self.fates.sum(axis=(0, 1)) - self.detached.sum(axis=0)
        return self.initial + self.arrived + self.added - gone - there

    def copy(self) -> Journey:
        """The same dish in arrays of its own; without spare rooms."""
        own = {field.name: np.copy(getattr(self, field.name)) for field in fields(self)}
        return Journey(**own | {"table": self.table[: self.edge[-1]].copy()})

    def reset(self) -> None:
        """Set every counter to zero and first times to NaN; vesicles stay."""
        self.initial[:] = sum(self.now(state).sum(axis=0) for state in STATES)
        for total in (self.added, self.removed, self.medium, self.fates, self.taken_up):
            total[:] = 0
        self.first_uptake[:] = np.nan
        self.first_copy[:] = np.nan


def empty(seed: int, purpose: str, index: int, classes: int, cells: int, cargo: int) -> Journey:
    """A dish without vesicles; seed, purpose and index name its stream. Where no cell makes any there is no class.

    Raises
    ------
    ValueError
        Without a cell.
    """
    if cells < 1 or classes < 0:
        raise ValueError(f"a dish needs a cell, not {cells} cells and {classes} classes of vesicles")

    def none(*shape: int) -> Index:
        return np.zeros(shape, dtype=np.int64)

    content = classes, 1 + cargo
    return Journey(stream(seed, purpose, index), np.zeros((0, loop.COPIES + cargo), dtype=np.int32),
                   none(len(STATES) + 1), none(cells), none(*content), none(*content), none(*content),
                   none(3, *content), none(5, cells, *content), none(cells, classes), np.full(cells, np.nan),
                   np.full((cells, cargo), np.nan))


def advance(journey: Journey, hazards: Hazards, arrivals: Arrivals, start: float, duration: float) -> Journey:
    """Move the dish on by a window.

    Parameters
    ----------
    journey
        Its arrays are moved on; go on with the dish that is returned.
    start : s, of the window, for first times
    duration : s

    Raises
    ------
    ValueError
        For hazards or sites that are negative or no number, and arrivals out of order or place.
    """
    if journey.shape.classes == 0:  # nobody makes vesicles
        return journey
    rates, entering = window.rates(journey.shape, hazards), window.entering(journey.shape, arrivals, duration)
    journey = _with_room(journey, len(arrivals.times))
    loop.tabulate(journey.held, *rates)
    at, clock = np.zeros(1, dtype=np.int64), np.zeros(1)
    moved = (getattr(journey, name) for name in MOVED)
    call = (journey.stream, *moved, *rates, *entering, at, clock, float(start), float(duration))
    while loop.advance(ALLOWED, *call) == loop.TIRED:
        pass
    return journey


def add_free(journey: Journey, classes: ArrayLike, diameters: Array, copies: Index) -> Journey:
    """Put vesicles into the medium as a dose.

    Parameters
    ----------
    classes : (vesicle,) or one for all
    diameters : (vesicle,) um
    copies : (vesicle, cargo)
    """
    rows = packed(journey.shape, np.broadcast_to(classes, len(diameters)), 0, diameters, copies)
    journey = _with_room(journey, len(rows))
    loop.insert(journey.table, journey.edge, FREE, rows)
    loop.count(rows, journey.added[None])
    return journey


def release(journey: Journey, kind: int, diameters: Array, copies: Index) -> Journey:
    """Put vesicles of one class into the medium that cells made: they count as arrived."""
    before = journey.added.copy()
    journey = add_free(journey, kind, diameters, copies)
    journey.arrived[:] += journey.added - before
    journey.added[:] = before
    return journey


def share_of(journey: Journey, share: float, words: Words) -> Index:
    """(class,) vesicles in a share of the medium: whole mediums, and each vesicle by chance for the rest.

    Parameters
    ----------
    share : 1, >= 0
        Above one where the dose takes the medium of more dishes than one.
    words
        Stream of the dose.
    """
    there = journey.now(FREE)[0, :, 0]
    whole = int(share)
    return np.array([whole * n + int(binomial(words, float(n), share - whole)) for n in there], dtype=np.int64)


def draw_free(journey: Journey, number: ArrayLike, words: Words) -> Drawn:
    """Vesicles for a dose, evenly from those that are free now; the dish keeps its own.

    Parameters
    ----------
    number : (class,)
        Without repeats, unless more are wanted than there are: then each is chosen from all.
    words
        Stream of the dose, as `counters.stream` makes it; moved on.

    Raises
    ------
    ValueError
        Where vesicles are wanted of a class that has none.
    """
    rows, found, is_repeated = journey.rows(FREE), [], []
    for kind, wanted in enumerate(np.broadcast_to(number, journey.initial.shape[0])):
        places = np.flatnonzero(rows[:, loop.CLASS] == kind)
        if wanted > 0 == places.size:
            raise ValueError(f"{wanted} free vesicles of class {kind} are wanted, and there is none")
        is_repeated.append(bool(wanted > places.size))
        found.append(rows[loop.choose(words, places, int(wanted))])
    drawn = np.concatenate(found)
    return Drawn(drawn[:, loop.CLASS].astype(np.int64), diameters_of(drawn), copies_of(drawn), np.array(is_repeated))


def diameters_of(rows: Rows) -> Array:
    """(vesicle,) um."""
    return np.ascontiguousarray(rows[:, loop.SIZE]).view(np.float32).astype(np.float64)


def copies_of(rows: Rows) -> Index:
    """(vesicle, cargo)."""
    return rows[:, loop.COPIES :].astype(np.int64)


def copies_histogram(rows: Rows, cargo: int, kind: int | None = None) -> Index:
    """(copies,) vesicles with 0, 1, ... copies of a cargo, of one class or of all."""
    of = rows if kind is None else rows[rows[:, loop.CLASS] == kind]
    return np.bincount(of[:, loop.COPIES + cargo])


def remove_at(journey: Journey, cells: NDArray[np.bool_]) -> Index:
    """Take out, in place, what is tethered to some cells, bound to them or in them; free vesicles stay.

    The dish goes on as if these had never been there, but for what happened to them so far.

    Parameters
    ----------
    cells : (cell,) bool

    Returns
    -------
    (cell, class, content) what was taken out
    """
    taken = take_out(journey, {state: cells[journey.rows(state)[:, loop.CELL]] for state in STATES if state != FREE})
    journey.held[cells] = 0
    journey.initial[:] -= taken.sum(axis=0)
    return taken


def take_out(journey: Journey, goes: Mapping[int, NDArray[np.bool_]]) -> Index:
    """Take rows of some states out of the table, in place; gives (cell, class, content) what they were."""
    taken = np.zeros((journey.held.size, *journey.initial.shape), dtype=np.int64)
    kept, edge = [], np.zeros_like(journey.edge)
    for state in STATES:
        rows = journey.rows(state)
        if state in goes:
            loop.count(np.ascontiguousarray(rows[goes[state]]), taken)
            rows = rows[~goes[state]]
        kept.append(rows)
        edge[state + 1] = edge[state] + len(rows)
    journey.table[: edge[-1]] = np.concatenate(kept)
    journey.edge[:] = edge
    return taken


def _with_room(journey: Journey, more: int) -> Journey:
    """The same dish with place for ``more`` rows; where there is none, for half as many again."""
    used = int(journey.edge[-1])
    if used + more <= len(journey.table):
        return journey
    table = np.zeros((max(used + more, used * 3 // 2), journey.table.shape[1]), dtype=np.int32)
    table[:used] = journey.table[:used]
    return replace(journey, table=table)
