"""A sample of a dish in whole numbers: cells with their own amounts, vesicles as individuals, solubles.

Cells of all types stand one after another (global numbers), type by type in the order of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.whole.chemistry import Reactions, Signals
from vesica.engine.whole.donor import Donors
from vesica.engine.whole.journey import Journey
from vesica.engine.whole.laws import Laws, loading_rows
from vesica.engine.whole.loading import Loads
from vesica.engine.whole.rates import Rates
from vesica.engine.whole.tally import Tally
from vesica.spec.cells import CellType
from vesica.spec.resolved import Arm

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Words = NDArray[np.uint64]


@dataclass
class Cells:
    """The sampled cells of one type.

    Parameters
    ----------
    type : CellType
    first : int
        Global number of the first cell.
    values : (value, cell)
        Every value of the model as each cell sees it: its own amounts, what is bound on it, the medium.
    streams : (cell, SIZE) uint64
        Of the reactions in each cell.
    chance : (SIZE,) uint64
        Stream of deaths and insertions of the type.
    donors : Donors, optional
        Where the type secretes vesicles.
    rest : Rates, optional
        Of a donor as the run began, where all are alike.
    """

    type: CellType
    first: int
    values: Array
    is_alive: NDArray[np.bool_]
    streams: Words
    chance: Words
    signals: Signals
    reactions: Reactions
    donors: Donors | None = None
    rest: Rates | None = None

    @property
    def name(self) -> str:
        """Of the type."""
        return self.type.name

    @property
    def number(self) -> int:
        """How many cells."""
        return self.is_alive.size

    @property
    def at(self) -> slice:
        """Their global numbers."""
        return slice(self.first, self.first + self.number)


@dataclass
class Dish:
    """One replicate of one arm, as of ``time`` s.

    Parameters
    ----------
    classes : tuple of str
        Of vesicles: who made them, and which kind.
    laws_of_size : mapping of class to SizeLaw
    medium : (value, 1)
        Every value of the model as the medium sees it.
    solubles : dict of name to molecule
        Totals of the sample's medium.
    chance : (SIZE,) uint64
        Stream of what happens in the medium, but for the journey's own.
    left, died : (cell, class, content)
        What cells made of classes that leave them at once; what was in, on or tethered to cells when they died.
    unrest : tuple of str
        What still moved in cells at rest, in words.
    """

    arm: Arm
    laws: Laws
    cells: list[Cells]
    classes: tuple[str, ...]
    laws_of_size: Mapping[str, SizeLaw]
    journey: Journey
    medium: Array
    solubles: dict[str, float]
    chance: Words
    left: Index
    died: Index
    tally: Tally = field(default_factory=Tally)
    time: float = 0.0
    unrest: tuple[str, ...] = ()

    @property
    def cargo(self) -> tuple[str, ...]:
        """Names, in the order of the model."""
        return tuple(one.name for one in self.laws.program.model.cargo)

    def contents(self, origin: str) -> tuple[tuple[int, str], ...]:
        """Columns of what a class can carry, and ends of the names of its pools: the vesicles themselves first."""
        carried = {cargo.name for cargo in self.laws.program.model.carried(origin)}
        return ((0, ""), *((i, f"/{cargo}") for i, cargo in enumerate(self.cargo, start=1) if cargo in carried))

    def set_input(self, name: str, value: float) -> None:
        """Set an input for the medium and all cells."""
        place = self.laws.program.index[name]
        for values in (self.medium, *(cells.values for cells in self.cells)):
            values[place] = value

    def input(self, name: str) -> float:
        """A number as the medium sees it."""
        return float(self.medium[self.laws.program.index[name], 0])

    def evaporation_of(self, agent: str) -> float | None:
        """1/s; nothing of an agent that stands as its schedule says."""
        name = f"{agent}.evaporation_rate"
        return self.input(name) if name in self.laws.program.index else None

    def decay_of(self, soluble: str) -> float:
        """1/s, in the medium, with what drugs take."""
        drugs = self.laws.program.model.drugs
        if drugs:
            self.laws.evaluate(self.medium)
        ways = (f"soluble_decay/{soluble}", *(f"drug_clearance/{soluble}.{drug.name}" for drug in drugs))
        return sum(float(self.laws.rate(self.medium, way, f"medium.{soluble}")[0]) for way in ways)

    def places(self, cells: Cells) -> dict[str, int]:
        """Place among the values of each cargo that the cells hold themselves."""
        index = self.laws.program.index
        return {cargo: index[f"{cells.name}.{cargo}"] for cargo in cells.type.cargo}

    def pool(self, cells: Cells) -> Index:
        """(cell, cargo) copies that the cells hold outside of vesicles; zero for cargo that they do not hold."""
        found = np.zeros((cells.number, len(self.cargo)), dtype=np.int64)
        for cargo, place in self.places(cells).items():
            found[:, self.cargo.index(cargo)] = cells.values[place]
        return found

    def put_pool(self, cells: Cells, pool: Index, returned: Index | None = None) -> None:
        """Write such copies back; miRNA that vesicles took leaves its Ago in the cell.

        Parameters
        ----------
        returned : (cell, cargo), optional
            Copies among them that vesicles gave back: miRNA must be loaded again, if it has not left meanwhile.
        """
        waiting = self.duplexes(cells)
        for cargo, place in self.places(cells).items():
            now = pool[:, self.cargo.index(cargo)]
            if cargo in waiting:
                back = 0 if returned is None else np.minimum(returned[:, self.cargo.index(cargo)], now)
                now = now - back
                cells.values[waiting[cargo]] += back
                cells.values[self.laws.program.index[f"{cells.name}.ago"]] += cells.values[place] - now
            cells.values[place] = now

    def duplexes(self, cells: Cells) -> dict[str, int]:
        """Place among the values of each miRNA of the cells that waits for Ago."""
        index, c = self.laws.program.index, cells.name
        return {cargo: index[f"{c}.{cargo}_duplex"] for cargo in cells.type.cargo if f"{c}.{cargo}_duplex" in index}

    def loads(self, origin: str, values: Array) -> Loads:
        """How vesicles of a class are loaded, from evaluated ``values`` (value, cell) of the cells that make them."""
        cargo = self.laws.program.model.cargo
        rows = loading_rows(self.laws, values, origin, {one.name: one.topology for one in cargo})
        is_lumen = np.array([one.topology == "lumen" for one in cargo], dtype=bool)
        return Loads(self.laws_of_size[origin], rows, is_lumen,
                     np.array([self._empty_share(origin, one.name, values) for one in cargo]))

    def _empty_share(self, origin: str, cargo: str, values: Array) -> float:
        """Share of the vesicles of a class that never carry a cargo; exosomes only."""
        place = self.laws.program.index.get(f"{origin}.{cargo}.empty_share")
        return 0.0 if place is None else float(values[place, 0])
