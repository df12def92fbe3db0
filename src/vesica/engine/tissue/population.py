"""All cells of one type: what they send into fields, how fast they take from them, and what becomes of it inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.engine.codegen import compiled
from vesica.engine.tables import Tables
from vesica.engine.tissue.cut import ARRIVING, SENT, CellPart, Uptake
from vesica.engine.tissue.lanes import CellLanes, flux_values

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class _Law:
    """A law that takes: which field it takes from, and where the rate of what comes in by it is given."""

    flux: int
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
        Their states and values.
    where : slice
        Their places among all cells of the arm.
    """

    def __init__(self, part: CellPart, present: frozenset[str], fields: Sequence[str], lanes: CellLanes,
                 where: slice) -> None:
        self.part, self.lanes, self.where = part, lanes, where
        self.tables: Tables = lanes.tables
        self._taking, laws = part.uptake_tables(present)
        number = {name: place for place, name in enumerate(fields)}
        state = {name: place for place, name in enumerate(self.tables.names)}
        self._laws = tuple(_law(k, one, number, part.inside.index) for k, one in enumerate(laws))
        sent = [(place, number[name.removeprefix(SENT)]) for name, place in state.items() if name.startswith(SENT)]
        self._sent_state: Index = np.array([place for place, _ in sent], np.int64)
        self._sent_field: Index = np.array([field for _, field in sent], np.int64)
        self._sending = _sending(self.tables, set(self._sent_state.tolist()),
                                 dict(zip(self._sent_state.tolist(), self._sent_field.tolist(), strict=True)))
        index = part.inside.index
        self._fields: Index = np.array([index[name] for name in fields if name in index], np.int64)
        self._given: Index = np.array([k for k, name in enumerate(fields) if name in index], np.int64)
        self._rates = np.zeros((len(self._laws), lanes.count))
        self.count = lanes.count

    @property
    def cell(self) -> str:
        """Name of the cell type."""
        return self.part.cell

    def feel(self, concentrations: Array) -> None:
        """Set what the cells find around them, (field, lane) per um^3 of liquid."""
        self.lanes.values[self._fields] = concentrations[self._given]

    def give(self, name: str, value: float | Array) -> None:
        """Set an input, as an agent or what is seen of others, where the cells know it."""
        place = self.part.inside.index.get(name)
        if place is not None:
            self.lanes.values[place] = value

    def look(self) -> None:
        """Compute everything that rests on states and surroundings as they are now."""
        values = self.lanes.values
        values[self.tables.pools] = self.lanes.state
        kernels = compiled()
        kernels.evaluate(values, *self.tables.walk)
        kernels.evaluate(values, *self._taking.walk)

    def sending(self, out: Array) -> None:
        """Add the rates at which cells send, (field, lane) per s, as of the last `look`."""
        flow = flux_values(self.tables, self.lanes.values)
        for flux, field, count in self._sending:
            out[field] += count * flow[flux]

    def taking(self, concentrations: Array, out: Array) -> None:
        """Add the rates at which cells take per concentration, (field, lane) um^3/s, as of the last `look`."""
        flow = flux_values(self._taking, self.lanes.values)
        for k, law in enumerate(self._laws):
            rate = flow[law.flux]
            if not law.is_linear:
                around = concentrations[law.field]
                rate = np.divide(rate, around, out=np.zeros_like(rate), where=around > 0.0)
            self._rates[k] = rate
            out[law.field] += rate

    def receive(self, amounts: Array, duration: float) -> None:
        """Let what was captured, (field, lane), come in evenly during the next ``duration`` s.

        Laws that take from the same field share it in proportion to their rates as of the last `taking`.
        """
        totals = np.zeros_like(amounts)
        for k, law in enumerate(self._laws):
            totals[law.field] += self._rates[k]
        for k, law in enumerate(self._laws):
            total = totals[law.field]
            share = np.divide(self._rates[k], total, out=np.zeros(self.count), where=total > 0.0)
            self.lanes.values[law.arriving] = share * amounts[law.field] / duration

    def collect(self, out: Array) -> None:
        """Add what was sent since the last call, (field, lane), and forget it."""
        sent = self.lanes.state[self._sent_state]
        np.add.at(out, self._sent_field, sent)
        self.lanes.state[self._sent_state] = 0.0


def _law(flux: int, law: Uptake, number: Mapping[str, int], index: Mapping[str, int]) -> _Law:
    return _Law(flux, number[law.field], law.is_linear, index[ARRIVING + law.flux.name])


def _sending(tables: Tables, sent: set[int], field: Mapping[int, int]) -> tuple[tuple[int, int, float], ...]:
    """(flux, field, count) of every move into what is sent."""
    found = []
    for flux in range(len(tables.fluxes)):
        for move in range(int(tables.move_start[flux]), int(tables.move_start[flux + 1])):
            place = int(tables.move_state[move])
            if place in sent:
                found.append((flux, field[place], float(tables.move_count[move])))
    return tuple(found)
