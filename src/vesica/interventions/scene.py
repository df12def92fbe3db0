"""What an intervention finds: the model, the cells it is for, and the place it is written at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vesica.errors import Finding
from vesica.spec.arms import Effect, Offered
from vesica.spec.cells import CellType
from vesica.spec.resolved import ResolvedModel


@dataclass(frozen=True)
class Scene:
    """Where an intervention acts; ``shelf`` are all drugs of the library, ``genes`` those that it knows by name."""

    model: ResolvedModel
    shelf: Mapping[str, Offered]
    cells: tuple[CellType, ...]
    path: str
    everywhere: bool
    genes: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """The cells in words."""
        return self.among(self.cells)

    def among(self, cells: Sequence[CellType]) -> str:
        """Some of the cells in words."""
        return "all cells" if self.everywhere and len(cells) == len(self.model.cells) else the(cells)


def the(cells: Sequence[CellType]) -> str:
    """``the astrocyte and the neuron``."""
    return f"the {' and the '.join(cell.label for cell in cells)}"


def refused(finding: Finding) -> Effect:
    """Nothing, for a reason."""
    return Effect(findings=(finding,))
