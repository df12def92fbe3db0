"""What results show of a space in one column: means over the cells of a type, totals of the liquid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.places import base
from vesica.engine.program import Program
from vesica.engine.table import Pool, Watched
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.cut import SENT
from vesica.engine.tissue.population import Population, alive_of

Array = NDArray[np.float64]
RULES: Final = frozenset({"modulated", "added"})  # kernels of rules


class Columns:
    """Makes the row of all that results hold, in the order of ``program.species``.

    Parameters
    ----------
    program : Program
        The undivided one of the model.
    coupled : Coupled
    """

    def __init__(self, program: Program, coupled: Coupled) -> None:
        self.names = program.species
        self._place = {name: column for column, name in enumerate(program.species)}
        self._shown = {one.name: one for one in program.shown}
        self._coupled = coupled
        self._counters = tuple(name for name in self._place if name.startswith("medium."))

    def row(self) -> Array:
        """(shown,) as cells and fields are now; NaN for what the arm does not hold."""
        out = np.full(len(self._place), np.nan)
        for one in self._coupled.populations:
            self._of_cells(one, out)
        self._of_liquid(out)
        return out

    def _of_cells(self, one: Population, out: Array) -> None:
        alive = alive_of(one)
        for name, values in quantities(one):
            column = self._place.get(base(name))
            if column is None:
                continue
            weight = alive if _is_of_living(self._shown[base(name)]) else None
            mean = float(values.mean()) if weight is None or not weight.sum() > 0.0 else float(
                (values * weight).sum() / weight.sum())
            out[column] = mean + (0.0 if np.isnan(out[column]) else out[column])

    def _of_liquid(self, out: Array) -> None:
        fields = self._coupled.fields
        held: dict[str, float] = {}
        for name, amount in zip(fields.names, self._coupled.in_liquid().tolist(), strict=True):
            held[base(name)] = held.get(base(name), 0.0) + amount
        for name, amount in fields.gained.items():
            held[base(name)] = held.get(base(name), 0.0) + amount
        for name in self._counters:
            out[self._place[name]] = held.get(name, 0.0)


def quantities(one: Population) -> Sequence[tuple[str, Array]]:
    """(name, (lane,)) of all states and watched values, as they are now."""
    states = [(name, one.lanes.state[k]) for k, name in enumerate(one.tables.names) if not name.startswith(SENT)]
    return [*states, *zip(one.tables.watched_names, one.lanes.watched(), strict=True)]


def _is_of_living(shown: Pool | Watched) -> bool:
    return isinstance(shown, Watched) or shown.is_level


def last_values(program: Program, populations: Sequence[Population], row: Mapping[str, float]) -> Array:
    """(value,) of the undivided program at the end: numbers, and what rules did, as means over cells."""
    found = np.zeros(program.size)
    for name, number in row.items():
        found[program.index[name]] = number
    for one in populations:
        index = one.part.inside.index
        named = [law for law in program.table.assignments if law.kernel in RULES and law.target in index
                 and law.target.startswith(f"{one.cell}.")]
        names = list(dict.fromkeys(name for law in named for name in (law.target, law.args[0])))
        for name, values in zip(names, one.read(names), strict=True):
            found[program.index[name]] = float(values.mean())
    return found
