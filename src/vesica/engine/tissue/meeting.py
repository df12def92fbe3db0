"""What cells do with each other in a step: they see whom they touch, pass what junctions let through, and move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.contact import SLOPE
from vesica.engine.tissue.contact import Around, Bodies
from vesica.engine.tissue.cut import AGENT, MEDIUM
from vesica.engine.tissue.fields import Fields
from vesica.engine.tissue.junctions import Junctions
from vesica.engine.tissue.motility import Felt, Motility, Room, gaits_of
from vesica.engine.tissue.population import Population, alive_of
from vesica.engine.tissue.setting import Setting, exchange_of
from vesica.transport.gradients import gradient

Array = NDArray[np.float64]
MOVED: Final = 0.1  # of a voxel: by so much a cell may move before its weights and contacts are found anew


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
        cells = [cell for cell in setting.model.cells if cell.name in self.positions]
        radii = {name: bodies.radii for name, bodies in self._bodies().items()}
        gaits = gaits_of(cells, setting.row)
        self.motility = Motility(gaits, self.positions, radii, _room(setting), setting.model.schedule.seed)
        drawn = {name for cell in cells if cell.motility for name in cell.motility.attractants}
        felt = {name for name in setting.model.solubles for one in self.populations
                if f"{MEDIUM}.{name}{SLOPE}" in one.part.inside.index}
        place = {name: k for k, name in enumerate(fields.names)}
        self._felt = {name: place[field] for name in sorted(drawn | felt)
                      for field in (f"{MEDIUM}.{name}", f"{AGENT}{name}") if field in place}
        self._slopes: dict[str, Array] = {}
        if self._around.is_needed:
            self._place()

    @property
    def moves(self) -> bool:
        """Whether any cell of the arm does."""
        return bool(self.motility.gaits)

    def all_positions(self) -> Array:
        """(cell, 3) um, as they are now, in the order of the fields' cells."""
        at = self.motility.positions
        return np.concatenate([at[one.cell] for one in self.populations]) if at else np.zeros((0, 3))

    def before(self, duration: float) -> None:
        """Before cells go on for a time (s): set what they see of each other, and slopes that they feel."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)
            self._around.look(duration)
        self._slopes = {name: self._slope(k) for name, k in self._felt.items()}
        for name, slope in self._slopes.items():
            steepness = np.sqrt((slope**2).sum(axis=1))
            for one in self.populations:
                one.give(f"{MEDIUM}.{name}{SLOPE}", steepness[one.where])

    def after(self, duration: float) -> None:
        """After they went on: what passes between them, and where they went."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)
        if self.moves:
            self.motility.advance(duration, self._what_is_felt(), {one.cell: alive_of(one) for one in self.populations})
            least = min(h for n, h in zip(self.setting.space.voxels, self.setting.space.spacing, strict=True)
                        if n > 1 or self.setting.space.dimensions == 0)
            moved = max(float(np.abs(self.motility.positions[name] - self.positions[name]).max(initial=0.0))
                        for name in self.motility.gaits)
            if moved > MOVED * least:
                self._settle({name: at.copy() for name, at in self.motility.positions.items()})

    def restart(self) -> None:
        """Something jumped."""
        self._around.restart()

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs."""
        return {"around": self._around.state(), "motility": self.motility.state(),
                "placed": [self.positions[name] for name in self.motility.gaits]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.motility.restore(state["motility"])
        if self.moves:
            placed = dict(zip(self.motility.gaits, map(np.asarray, state["placed"]), strict=True))
            self._settle(self.positions | placed)
        self._around.restore(state["around"])

    def _settle(self, positions: dict[str, Array]) -> None:
        """From now on cells meet fields and each other at these places."""
        moving = np.concatenate([np.full(one.count, one.cell in self.motility.gaits) for one in self.populations])
        self.positions = positions
        places = np.concatenate([positions[one.cell] for one in self.populations])
        self.fields.meet(exchange_of(self.setting, places, self.fields.exchange, moving))
        if self._around.is_needed:
            self._place()

    def _place(self) -> None:
        space, run = self.setting.space, self.setting.model.schedule.tissue
        self._around.place(self._bodies(), run.contact_distance, space.size, _periodic(self.setting))

    def _bodies(self) -> dict[str, Bodies]:
        radius = self.setting.of_cells("capture_radius")
        return {one.cell: Bodies(self.positions[one.cell], radius[one.where]) for one in self.populations}

    def _slope(self, field: int) -> Array:
        """(cell, 3) 1/um^4, mean over the weights of each cell."""
        fields, kernel = self.fields, self.fields.exchange.kernel
        parts = gradient(fields.grid, fields.laws[field].stepper.liquid.faces, fields.density[field])
        return np.stack([kernel.sample(part) for part in parts], axis=1)

    def _what_is_felt(self) -> dict[str, dict[str, Felt]]:
        """Of each type that moves, what draws it."""
        found: dict[str, dict[str, Felt]] = {}
        for one in self.populations:
            if one.cell in self.motility.gaits:
                drawn = [name for name in self.motility.gaits[one.cell].attraction if name in self._slopes]
                found[one.cell] = {name: Felt(self._around_cells(name)[one.where], self._slopes[name][one.where])
                                   for name in drawn}
        return found

    def _around_cells(self, name: str) -> Array:
        return self.fields.exchange.kernel.sample(self.fields.density[self._felt[name]])


def _periodic(setting: Setting) -> tuple[bool, bool, bool]:
    x, y, z = (low.kind == "periodic" for low, _ in setting.space.walls)
    return x, y, z


def _room(setting: Setting) -> Room:
    """Where cells may go: along axes of more than one voxel, and on the bottom of a dish."""
    space = setting.space
    x, y, z = (n > 1 for n in space.voxels)
    return Room(space.size, _periodic(setting), (x, y, z and setting.model.domain.kind != "monolayer"))

