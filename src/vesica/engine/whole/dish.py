"""A sample of a dish in whole numbers: cells with their own amounts, vesicles as individuals, solubles.

Cells of all types stand one after another (global numbers), type by type in the order of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vesica.engine.whole.chemistry import Reactions, Signals
from vesica.engine.whole.donor import Donors
from vesica.engine.whole.journey import Journey
from vesica.engine.whole.laws import Laws
from vesica.engine.whole.tally import Tally
from vesica.spec.resolved import Arm, CellType

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
    solubles : dict of name to molecule
        Totals of the sample's medium.
    made : dict of name to molecule/s
        What cells secreted of them in the last window.
    medium : (value, 1)
        Every value of the model as the medium sees it.
    """

    arm: Arm
    laws: Laws
    cells: list[Cells]
    classes: tuple[str, ...]
    cargo: tuple[str, ...]
    journey: Journey
    medium: Array
    tally: Tally
    solubles: dict[str, float]
    made: dict[str, float] = field(default_factory=dict)
    time: float = 0.0

    def number(self) -> int:
        """Sampled cells of all types."""
        return sum(cells.number for cells in self.cells)

    def set_input(self, name: str, value: float) -> None:
        """Set an input or an amount of the medium for all cells."""
        place = self.laws.program.index.get(name)
        if place is not None:
            self.medium[place] = value
            for cells in self.cells:
                cells.values[place] = value

    def places(self, cells: Cells) -> Mapping[str, int]:
        """Place in the values of each cargo that the cells hold themselves."""
        index = self.laws.program.index
        return {cargo: index[f"{cells.name}.{cargo}"] for cargo in cells.type.cargo}
