"""All cells of one type: what they send into fields, how fast they take from them, and what becomes of it inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import walk_of
from vesica.engine.tables import Tables
from vesica.engine.tissue.cut import ARRIVING, SENT, CellPart, Uptake
from vesica.engine.tissue.lanes import CellLanes

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Law:
    """A law that takes: which field it takes from, and where the rate of what comes in by it is given."""

    field: int
    is_linear: bool
    arriving: int


class Population:
    """Cells of one type in one arm.

    Parameters
    ----------
    part : CellPart
    present : what the arm holds
    fields : names of all fields, in the order of the arrays below
    lanes : CellLanes
        Their states and numbers.
    where : slice
        Their places among all cells of the arm.
    """

    def __init__(self, part: CellPart, present: frozenset[str], fields: Sequence[str], lanes: CellLanes,
                 where: slice) -> None:
        self.part, self.lanes, self.where, self.count = part, lanes, where, lanes.lanes
        self.tables: Tables = lanes.tables
        number = {name: place for place, name in enumerate(fields)}
        index = part.inside.index
        self._taking, laws = part.uptake_tables(present)
        self._laws = tuple(_Law(number[one.field], one.is_linear, index[ARRIVING + one.flux.name]) for one in laws)
        self._arriving: Index = np.array([law.arriving for law in self._laws], np.int64)
        sent = [(k, number[name.removeprefix(SENT)]) for k, name in enumerate(lanes.names) if name.startswith(SENT)]
        self._sent: Index = np.array([k for k, _ in sent], np.int64)
        self._sent_field: Index = np.array([field for _, field in sent], np.int64)
        self._sending = part.sending.tables(present)
        self._moves = tuple(move for move in _moves_into(self._sending, number)
                            if self._sending.fluxes[move[0]].process not in lanes.drawn)
        felt = [name for name in fields if name in {*part.reads, *_nonlinear(laws)}]
        self._felt: Index = np.array([number[name] for name in felt], np.int64)
        self._felt_at: Index = np.array([index[name] for name in felt], np.int64)
        self._rates = np.zeros((len(self._laws), self.count))
        self._views: dict[tuple[str, ...], Tables] = {}

    @property
    def cell(self) -> str:
        """Name of the cell type."""
        return self.part.cell

    def feel(self, concentrations: Array) -> None:
        """Set what the cells find around them, (field, lane) per um^3 of liquid."""
        if self._felt.size:
            self.lanes.give(self._felt_at, concentrations[self._felt])

    def give(self, name: str, value: float | Array) -> None:
        """Set a number or an input, as an agent or what is seen of others, where the cells know it."""
        place = self.part.inside.index.get(name)
        if place is not None:
            self.lanes.give(np.array([place]), np.atleast_1d(np.asarray(value, dtype=float)) if np.ndim(value) == 0
                            else np.asarray(value)[None, :])

    def read(self, names: Sequence[str]) -> Array:
        """(name, lane) of any values as states and surroundings are now."""
        key = tuple(names)
        if key not in self._views:
            program = self.part.inside
            places = np.array([program.index[name] for name in key], np.int64)
            walk = walk_of(program, key)._asdict()
            self._views[key] = replace(self.tables, watched=places, watched_names=key, **walk)
        return self.lanes.watched(self._views[key])

    def sending(self, out: Array) -> None:
        """Add the rates at which cells send, (field, lane) per s."""
        flow = self.lanes.fluxes(self._sending)
        for flux, field, count in self._moves:
            out[field] += count * flow[flux]

    def taking(self, concentrations: Array, out: Array) -> None:
        """Add the rates at which cells take per concentration, (field, lane) um^3/s."""
        self._rates = self.lanes.fluxes(self._taking)
        for rate, law in zip(self._rates, self._laws, strict=True):
            if not law.is_linear:
                around = concentrations[law.field]
                rate[:] = np.divide(rate, around, out=np.zeros_like(rate), where=around > 0.0)
            out[law.field] += rate

    def receive(self, amounts: Array, duration: float) -> Array:
        """Let what was captured, (field, lane), come in evenly during the next ``duration`` s.

        Laws that take from the same field share it in proportion to their rates as of the last `taking`.

        Returns
        -------
        (field, lane) what comes in: nothing where no law takes any more, as in a cell that died meanwhile
        """
        totals = np.zeros_like(amounts)
        for rate, law in zip(self._rates, self._laws, strict=True):
            totals[law.field] += rate
        share = np.divide(amounts, totals * duration, out=np.zeros_like(amounts), where=totals > 0.0)
        if self._laws:
            fields = [law.field for law in self._laws]
            self.lanes.give(self._arriving, self._rates * share[fields])
        return np.where(totals > 0.0, amounts, 0.0)

    def collect(self, out: Array) -> None:
        """Add what was sent since the last call, (field, lane), and forget it."""
        np.add.at(out, self._sent_field, self.lanes.state[self._sent])
        self.lanes.state[self._sent] = 0.0

    def state(self) -> dict[str, Any]:
        """All that is needed to go on; `restore` takes it."""
        return {"lanes": self.lanes.saved(), "rates": self._rates}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.lanes.restore(state["lanes"])
        self._rates = np.array(state["rates"])


def alive_of(one: Population) -> Array:
    """(lane,) share alive of each cell; 1 where none can die."""
    place = {name: k for k, name in enumerate(one.tables.names)}.get(f"{one.cell}.alive")
    return np.ones(one.count) if place is None else one.lanes.state[place]


def _nonlinear(laws: Sequence[Uptake]) -> set[str]:
    return {one.field for one in laws if not one.is_linear}


def _moves_into(tables: Tables, number: Mapping[str, int]) -> tuple[tuple[int, int, float], ...]:
    """(flux, field, count) of every move into what is sent."""
    return tuple((k, number[pool.removeprefix(SENT)], float(count)) for k, flux in enumerate(tables.fluxes)
                 for pool, count in flux.moves if pool.startswith(SENT))
