"""What is stored of an arm in space: which quantities of cells, which fields, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.places import base
from vesica.engine.program import Program
from vesica.engine.schedule import tick
from vesica.engine.tissue.coupling import Coupled
from vesica.engine.tissue.means import quantities
from vesica.engine.tissue.surroundings import plain_name
from vesica.results.tissue_layout import Quantity, TissueLayout
from vesica.results.tissue_store import TissueWriter
from vesica.spec.space import Space

Array = NDArray[np.float64]
AROUND: Final = "around:"
# Of pools of vesicles by class, ``KIND:CLASS``, those that say what a cell does; cargo of them only where it arrived.
OF_CLASSES: Final = ("released", "taken_up", "bound", "inside", "delivered")
WITH_CARGO: Final = ("delivered",)
# Sums by which the number of vesicles in an MVB is followed, and accounts for the ledger.
BOOKKEEPING: Final = frozenset({"mvb_ilv", "mvb_ilv2", "docked_ilv", "docked_ilv2", "made", "returned",
                                "degraded_inside", "endosome"})


def times_of(duration: float, every: float) -> tuple[float, ...]:
    """From zero to the end, s; start and end alone where ``every`` is zero."""
    steps = int(np.floor(duration / every * (1 + 1e-12))) if every > 0.0 else 0
    found = {tick(k * every) for k in range(steps + 1)} | {0.0, tick(duration)}
    return tuple(sorted(found))


class Record:
    """Says what is stored of an arm, and stores it.

    Parameters
    ----------
    program : Program
        The undivided one of the model.
    """

    def __init__(self, program: Program, space: Space, coupled: Coupled) -> None:
        self.program, self.space, self.coupled = program, space, coupled
        run, duration = program.model.schedule.tissue, program.model.schedule.duration
        self.cell_times, self.field_times = times_of(duration, run.cells_every), times_of(duration, run.fields_every)
        self.species = tuple(dict.fromkeys(_species(name) for name in coupled.fields.names))
        self.around = tuple(name for name in self.species if "/" not in name)
        self.quantities = _quantities(program, coupled, self.around)
        self._row = {one.name: k for k, one in enumerate(self.quantities)}

    @property
    def times(self) -> frozenset[float]:
        """At which something is stored, s: cells and fields must stand side by side there."""
        return frozenset({*self.cell_times, *self.field_times})

    def layout(self, arm: str, radii: Array, positions: Array, attributes: Mapping[str, object], *,
               moves: bool = False) -> TissueLayout:
        """How an arm is stored.

        Parameters
        ----------
        radii : (cell,) um
        positions : (cell, 3) um
        """
        model, placed = self.program.model, self.space.cells[arm]
        types = [one.cell for one in self.coupled.populations for _ in range(one.count)]
        chains = {cell.name: {chain.name: [state.name for state in chain.living] for chain in cell.chains
                              if not chain.settles} for cell in model.cells}
        labels = {name: one.label for name, one in self._fields().items()}
        return TissueLayout(
            self.space, _ids(self.coupled, {cell: one.ids for cell, one in placed.items()}), types, radii, positions,
            self.cell_times, self.field_times, self.quantities,
            [Quantity(name, _density_unit(name), labels.get(name, name)) for name in self.species], moves,
            {cell: found for cell, found in chains.items() if found}, {"title": model.title, **attributes})

    def store(self, time: float, writer: TissueWriter, positions: Array | None = None) -> None:
        """Store what is due at a time (s), unless it was stored before."""
        stored = writer.stored
        if time in self.field_times and self.field_times.index(time) == stored["fields"]:
            writer.fields(time, self.densities())
        if time in self.cell_times and self.cell_times.index(time) == stored["cells"]:
            writer.cells(time, self.values(), positions)

    def values(self) -> Array:
        """(quantity, cell) now; NaN where a type has none."""
        cells = sum(one.count for one in self.coupled.populations)
        out = np.full((len(self.quantities), cells), np.nan)
        for one in self.coupled.populations:
            for name, numbers in quantities(one):
                row = self._row.get(base(name).partition(".")[2])
                if row is not None:
                    part = out[row, one.where]
                    out[row, one.where] = np.where(np.isnan(part), numbers, part + numbers)
        for name, around in zip(self.coupled.fields.names, self.coupled.around(), strict=True):
            row = self._row.get(AROUND + _species(name))
            if row is not None:
                out[row] = np.where(np.isnan(out[row]), around, out[row] + around)
        return out

    def densities(self) -> dict[str, Array]:
        """Species -> (z, y, x) per um^3 of liquid now, all sizes together."""
        found: dict[str, Array] = {}
        for name, density in zip(self.coupled.fields.names, self.coupled.fields.density, strict=True):
            species = _species(name)
            found[species] = found[species] + density if species in found else density
        return found

    def _fields(self) -> dict[str, Quantity]:
        return {_species(one.name): Quantity(one.name, one.unit, one.label) for one in self.program.shown
                if one.compartment == "medium"}


def _species(field: str) -> str:
    """``free:microglia``, ``free:microglia/miR_155``, ``TNF``, ``LPS``."""
    return plain_name(field).removeprefix("agent.")


def _density_unit(name: str) -> str:
    return "vesicle/um^3" if name.startswith("free:") and "/" not in name else "molecule/um^3"


def _quantities(program: Program, coupled: Coupled, around: Sequence[str]) -> tuple[Quantity, ...]:
    present = {one.cell for one in coupled.populations}
    found: dict[str, Quantity] = {}
    for one in program.shown:
        owner, _, name = one.name.partition(".")
        if owner in present and owner == one.compartment and _is_stored(name):
            found.setdefault(name, Quantity(name, one.unit, one.label))
    return (*found.values(), *(Quantity(AROUND + name, _density_unit(name), f"{name} around the cell")
                               for name in around))


def _is_stored(name: str) -> bool:
    kind, _, of = name.partition(":")
    if of:
        return kind in OF_CLASSES and ("/" not in of or kind in WITH_CARGO)
    return "/" not in name and name not in BOOKKEEPING


def _ids(coupled: Coupled, given: Mapping[str, Sequence[str]]) -> list[str]:
    """Those of the data; ``TYPE_NUMBER`` where cells were made, or where two types share one."""
    found = [name for one in coupled.populations
             for name in (given[one.cell] or [f"{one.cell}_{k}" for k in range(one.count)])]
    if len(set(found)) == len(found):
        return found
    return [f"{one.cell}_{k}" for one in coupled.populations for k in range(one.count)]

