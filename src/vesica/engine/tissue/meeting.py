"""What cells do with each other in a step: they see whom they touch, pass what junctions let through, and move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tissue.contact import Around
from vesica.engine.tissue.cut import AGENT
from vesica.engine.tissue.fields import Fields
from vesica.engine.tissue.junctions import Junctions
from vesica.engine.tissue.motility import Felt, Motility, Room, gaits_of
from vesica.engine.tissue.population import Population, alive_of
from vesica.engine.tissue.setting import Setting, exchange_of
from vesica.engine.tissue.surroundings import NEUROPIL
from vesica.transport.gradients import gradient

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
        self._motility = _motility_of(setting, self.positions)
        if self._around.is_needed:
            self._place()

    @property
    def moves(self) -> bool:
        """Whether any cells crawl."""
        return self._motility is not None

    def everyone(self) -> Array:
        """(cell, 3) um, where all cells are."""
        return np.concatenate([self.positions[one.cell] for one in self.populations])

    def before(self, duration: float) -> None:
        """Before cells go on for a time (s): set what they see of each other."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)
            self._around.look(duration)

    def after(self, duration: float) -> None:
        """After they went on: what passes between them, and where they crawl."""
        if self._around.is_needed:
            self._junctions.exchange(self._around.contacts, duration / 2.0)
        if self._motility is not None:
            self._motility.advance(duration, self._felt(), {one.cell: alive_of(one) for one in self.populations})
            self._moved()

    def restart(self) -> None:
        """Something jumped."""
        self._around.restart()

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs."""
        found: dict[str, Any] = {"around": self._around.saved()}
        return found if self._motility is None else found | {"motility": self._motility.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        if self._motility is not None:
            self._motility.restore(state["motility"])
            self._moved()
        self._around.restore(state["around"])

    def _felt(self) -> dict[str, dict[str, Felt]]:
        """What draws cells, where they are."""
        found: dict[str, dict[str, Felt]] = {}
        kernel = self.fields.exchange.kernel
        for one in self.populations:
            kind = next(cell for cell in self.setting.model.cells if cell.name == one.cell)
            for name in kind.motility.attractants if kind.motility is not None else ():
                for k, field in enumerate(self.fields.names):
                    if field in (f"medium.{name}", AGENT + name):
                        density = self.fields.density[k]
                        slopes = gradient(self.fields.grid, self.fields.laws[k].liquid.faces, density)
                        at = np.stack([kernel.sample(slope)[one.where] for slope in slopes], axis=1)
                        found.setdefault(one.cell, {})[name] = Felt(kernel.sample(density)[one.where], at)
        return found

    def _moved(self) -> None:
        """Cells are elsewhere: they meet other voxels and other cells."""
        crawling = self._motility
        if crawling is None:
            return
        self.positions = dict(crawling.positions)
        self.fields.meet(exchange_of(self.setting, self.everyone()))
        if self._around.is_needed:
            self._place()

    def _place(self) -> None:
        space, run = self.setting.space, self.setting.model.schedule.tissue
        what = "arbor_radius" if self.setting.model.domain.kind == NEUROPIL else "capture_radius"
        radius = self.setting.of_cells(what)
        radii = {one.cell: radius[one.where] for one in self.populations}
        periodic = tuple(low.kind == "periodic" for low, _ in space.walls)
        self._around.place(self.positions, radii, run.contact_distance, space.size, periodic)


def _motility_of(setting: Setting, positions: Mapping[str, Array]) -> Motility | None:
    """Cells that crawl, if there are any: not off the bottom of a dish, nor across a section one voxel thick."""
    gaits = gaits_of(setting.model.cells, setting.row)
    if not any(name in positions and gait.speed > 0.0 for name, gait in gaits.items()):
        return None
    space = setting.space
    free = [n > 1 for n in space.voxels]
    if setting.model.domain.kind == "monolayer":
        free[2] = False
    periodic = [low.kind == "periodic" for low, _ in space.walls]
    room = Room(space.size, (periodic[0], periodic[1], periodic[2]), (free[0], free[1], free[2]))
    radius = {name: np.full(len(at), setting.row[f"{name}.capture_radius"]) for name, at in positions.items()}
    return Motility(gaits, positions, radius, room, setting.model.schedule.seed)
