"""The liquid between cells as the field solver needs it: grid, walls, and how fast each field spreads and is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes
from vesica.engine.places import FREE
from vesica.engine.rows import size_law
from vesica.engine.tissue.cut import size_of
from vesica.errors import error
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.space import AXES, Space, Wall
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.grid import Face, Faces, Grid

Array = NDArray[np.float64]
NEUROPIL: Final = "tissue"  # the kind of space with gaps between cells
_POINTS: Final = 48  # of the quadrature over diameters


@dataclass(frozen=True)
class Spread:
    """How one field spreads.

    Parameters
    ----------
    diffusivity : um^2/s
        In the space; of vesicles the mean over their size.
    admitted : 1
        Share of the gaps that are wide enough; 1 outside of tissue.
    """

    diffusivity: float
    admitted: float = 1.0


def space_of(model: ResolvedModel) -> Space:
    """The space of a model.

    Raises
    ------
    InputError
        It has none.
    """
    found = model.domain.space
    if found is None:
        raise error("run.fidelity", f"`fidelity: tissue` in a `{model.domain.kind}`",
                    "a run in space needs a domain with positions: tissue, gel, monolayer or box",
                    "nobody knows where the cells are", "write `domain: {kind: tissue, size: [...], voxel: 10 um}`")
    return found


def grid_of(space: Space) -> Grid:
    """Its voxels."""
    return Grid(space.voxels, space.spacing)


def volume_fraction(row: Mapping[str, float]) -> float:
    """Share of the space that is liquid; 1 where nothing is said."""
    return row.get("vessel.volume_fraction", 1.0)


def plain_name(field: str) -> str:
    """What users call a field: ``free:microglia``, ``TNF``; sizes have one name."""
    return field.removeprefix("medium.").removesuffix(size_of(field))


def spread_of(model: ResolvedModel, row: Mapping[str, float], field: str) -> Spread:
    """How a field spreads: solubles by their diffusivity and the tortuosity, vesicles by size, gaps and walls, too."""
    tortuosity = row.get("vessel.tortuosity", 1.0)
    if not field.startswith(FREE):
        name = field.rpartition(".")[2]
        return Spread(row[f"{name}.diffusivity"] / tortuosity**2)
    origin = field.removeprefix(FREE).removesuffix(size_of(field)).partition("/")[0]
    law = size_law(row, origin)
    part = classes.laws_between(law, classes.even_edges(law))[int(size_of(field)[1:])]
    unit = stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0)
    if model.domain.kind != NEUROPIL:
        return Spread(unit * part.moment(-1) / tortuosity**2)
    from vesica.transport import neuropil

    edges = np.geomspace(part.low, part.high, _POINTS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1])
    weight = np.array([part.density(float(d)) for d in middle]) * np.diff(edges)
    found = neuropil.in_gaps(middle, unit / middle, neuropil_of(model, row))
    share = weight / weight.sum()
    return Spread(float(share @ found.diffusivity), float(share @ found.admitted))


def faces_of(space: Space, field: str, arm: Arm | None = None, time: float = 0.0) -> Faces:
    """What a field finds at the walls."""
    name = plain_name(field)
    held = _agents_at_walls(field, arm, time)

    def face(wall: Wall, where: str) -> Face:
        if where in held:
            return Face("held", value=held[where])
        if wall.kind == "held":
            return Face("held", value=wall.values[name]) if name in wall.values else Face()
        return Face(wall.kind, wall.exchange, wall.values.get(name, 0.0))

    first, second, third = ((face(low, f"{axis}.low"), face(high, f"{axis}.high"))
                            for axis, (low, high) in zip(AXES, space.walls, strict=True))
    return first, second, third


def _agents_at_walls(field: str, arm: Arm | None, time: float) -> dict[str, float]:
    """Concentrations at walls that an exposure holds there from ``time`` s on."""
    from vesica.engine.schedule import level

    if arm is None or not field.startswith("agent."):
        return {}
    name = field.removeprefix("agent.")
    return {one.face: level(one, time) for one in arm.exposures if one.agent == name and one.face
            and level(one, time) > 0.0}
