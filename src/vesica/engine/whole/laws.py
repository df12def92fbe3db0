"""Rates of single cells, read off the process table that the mean field integrates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vesica.engine.codegen import compiled
from vesica.engine.program import Program
from vesica.engine.table import Assignment
from vesica.engine.tables import Tables
from vesica.engine.whole.rates import ROW

Array = NDArray[np.float64]


class Laws:
    """The live laws of an arm over values (value, cell): every cell holds its own amounts, the medium is shared.

    Parameters
    ----------
    program : Program
    tables : Tables
        What is alive in the arm.
    seen : tuple of Assignment
        What cells see of one another: values that `vesica.engine.whole.around` writes.
    """

    def __init__(self, program: Program, tables: Tables, seen: tuple[Assignment, ...] = ()) -> None:
        self.program, self.tables, self.seen = program, tables, seen
        self.fluxes = {flux.name: flux for flux in tables.fluxes}
        self._by_name = {one.target: one for one in program.table.assignments}
        self._computed = frozenset(tables.out.tolist())
        self._kernels = compiled()

    def made_of(self, name: str) -> Assignment | None:
        """How a value is computed that `evaluate` leaves out; nothing for one that is known after it."""
        return None if self.program.index[name] in self._computed else self._by_name.get(name)

    def evaluate(self, values: Array) -> None:
        """Compute every value that laws rest on, in place."""
        self._kernels.evaluate(values, *self.tables.walk)

    def value(self, values: Array, name: str) -> Array:
        """(cell,) of one named value."""
        found: Array = values[self.program.index[name]]
        return found

    def arguments(self, values: Array, name: str) -> list[Array]:
        """(cell,) each of what a named value is computed from."""
        return [self.value(values, argument) for argument in self._by_name[name].args]

    def rate(self, values: Array, flux: str, container: str = "") -> Array:
        """(cell,) 1/s: the product of the factors of a flux, but for the pool that is its container.

        With the container it is the rate of all, without it the hazard of one. Zero where the law is not alive.
        """
        found = np.ones(values.shape[1]) if flux in self.fluxes else np.zeros(values.shape[1])
        for factor in self.fluxes[flux].factors if flux in self.fluxes else ():
            if factor != container:
                found = found * values[self.program.index[factor]]
        return found

    def sources(self, cell: str, soluble: str) -> list[tuple[str, int]]:
        """Fluxes of a cell type that change a factor of the medium, with how many molecules each."""
        pool = f"medium.{soluble}"
        return [(flux.name, count) for flux in self.tables.fluxes if flux.owner == cell
                for name, count in flux.moves if name == pool]

    def gains(self, flux: str, cell: str) -> Mapping[str, int]:
        """Plain pools of a cell (no counters of vesicles, which name an origin) that a flux fills, with how many."""
        if flux not in self.fluxes:
            return {}
        return {pool: count for pool, count in self.fluxes[flux].moves
                if count > 0 and pool.startswith(f"{cell}.") and ":" not in pool and pool in self._own(cell)}

    def _own(self, cell: str) -> frozenset[str]:
        kind = next(one for one in self.program.model.cells if one.name == cell)
        return frozenset(f"{cell}.{cargo}{end}" for cargo in kind.cargo for end in ("", "_arriving", "_duplex"))


def donor_rates(laws: Laws, values: Array, cell: str) -> Array:
    """(cell, 14) the fields of `rates.Rates` for every cell, tethers left out: those are of the journey.

    Read with no docked MVB, so that docking is the hazard while all sites are free.
    """
    number = values.shape[1]
    rows = np.zeros((number, ROW))
    own = {name: laws.value(values, f"{cell}.{name}") for name in
           ("budding_per_mvb", "ilv_capacity", "docking_sites", "released_share")}
    columns = (
        laws.rate(values, f"endosome_formation/{cell}"),
        laws.rate(values, f"endosome_maturation/{cell}", f"{cell}.endosome"),
        laws.rate(values, f"endosome_recycling/{cell}", f"{cell}.endosome"),
        own["budding_per_mvb"], own["ilv_capacity"],
        laws.rate(values, f"retrofusion/{cell}.mvb", f"{cell}.mvb_ilv"),
        laws.rate(values, f"lysosome/{cell}", f"{cell}.mvb"),
        laws.rate(values, f"docking/{cell}", f"{cell}.mvb"),
        laws.rate(values, f"undocking/{cell}", f"{cell}.docked"),
        own["docking_sites"],
        laws.rate(values, f"fusion/{cell}", f"{cell}.docked"),
        own["released_share"],
    )
    for place, column in enumerate(columns):
        rows[:, place] = column
    return rows


def loading_rows(laws: Laws, values: Array, origin: str, topology: Mapping[str, str]) -> Array:
    """(cell, cargo) chance per lumen volume (1/um^3) or area (1/um^2) with which a vesicle of a class takes one copy.

    Zero for cargo that the cell does not hold.

    Parameters
    ----------
    topology : mapping of cargo to "lumen" or "membrane"
    """
    found = np.zeros((values.shape[1], len(topology)))
    for column, (name, where) in enumerate(topology.items()):
        place = laws.program.index.get(f"{origin}.{name}_loading")
        if place is not None:
            size = "lumen_volume" if where == "lumen" else "vesicle_area"
            found[:, column] = values[place] / laws.value(values, f"{origin}.{size}")
    return found

