"""What cells do with each other in a step: they see whom they touch, pass what junctions let through, and move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tissue.contact import Around
from vesica.engine.tissue.fields import Fields
from vesica.engine.tissue.junctions import Junctions
from vesica.engine.tissue.population import Population
from vesica.engine.tissue.setting import Setting

Array = NDArray[np.float64]


class Meeting:
    """The cells of one arm together.

    Parameters
    ----------
    populations : one for each cell type
    fields : Fields
    """

    def __init__(self, setting: Setting, populations: Sequence[Population], fields: Fields) -> None:
        self.setting, self.populations, self.fields = setting, tuple(populations), fields
        self.positions = {one.cell: setting.positions()[one.where] for one in populations}
        self._around = Around(setting.cut.whole, self.populations, setting.row)
        self._junctions = Junctions(setting.cut.whole, self.populations, setting.row)
        if self._around.is_needed:
            self._place()

    def before(self, duration: float) -> None:
        """Before cells go on for a time (s): set what they see of each other."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)
            self._around.look(duration)

    def after(self, duration: float) -> None:
        """After they went on: what passes between them."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)

    def restart(self) -> None:
        """Something jumped."""
        self._around.restart()

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""

    def _place(self) -> None:
        space, run = self.setting.space, self.setting.model.schedule.tissue
        radius = self.setting.of_cells("capture_radius")
        radii = {one.cell: radius[one.where] for one in self.populations}
        periodic = tuple(low.kind == "periodic" for low, _ in space.walls)
        self._around.place(self.positions, radii, run.contact_distance, space.size, periodic)
