"""The liquid between cells as the field solver needs it: grid, walls, flow, and how fast each field spreads."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine import classes, schedule
from vesica.engine.places import FREE
from vesica.engine.rows import size_law
from vesica.engine.tissue.cut import AGENT, size_of
from vesica.errors import error
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.space import AXES, Region, Space, Wall
from vesica.transport import flow, neuropil
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.grid import Face, Faces, Grid
from vesica.transport.liquid import Liquid

Array = NDArray[np.float64]
NEUROPIL: Final = "tissue"  # the kind of space with gaps between cells
PROBE: Final = 0.035  # um, the quantum dots of Thorne & Nicholson 2006
SWITCH: Final = "vesicles"  # whether they are rigid or deformable
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


def plain_name(field: str) -> str:
    """What users call a field: ``free:microglia``, ``TNF``; sizes have one name."""
    return field.removeprefix("medium.").removeprefix(AGENT).removesuffix(size_of(field))


def fraction_of(space: Space, row: Mapping[str, float]) -> float | Array:
    """Share of the space that is liquid: a number, or (z, y, x) where regions differ."""
    plain = row.get("vessel.volume_fraction", 1.0)
    return _map(space, plain, lambda region: region.numbers.get("volume_fraction", plain))


def spread_of(model: ResolvedModel, row: Mapping[str, float], field: str) -> Spread:
    """How a field spreads: solubles by their diffusivity and the tortuosity, vesicles by size, gaps and walls, too."""
    tortuosity = row.get("vessel.tortuosity", 1.0)
    if not field.startswith(FREE):
        return Spread(row[f"{plain_name(field)}.diffusivity"] / tortuosity**2)
    origin = field.removeprefix(FREE).removesuffix(size_of(field)).partition("/")[0]
    law = size_law(row, origin)
    part = classes.laws_between(law, classes.even_edges(law))[int(size_of(field)[1:])]
    unit = stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0)
    if model.domain.kind != NEUROPIL:
        return Spread(unit * part.moment(-1) / tortuosity**2)
    edges = np.geomspace(part.low, part.high, _POINTS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1])
    weight = np.array([part.density(float(d)) for d in middle]) * np.diff(edges)
    found = neuropil.in_gaps(middle, unit / middle, gaps_of(model, row))
    share = weight / weight.sum()
    return Spread(float(share @ found.diffusivity), float(share @ found.admitted))


def spread_said(model: ResolvedModel, row: Mapping[str, float], fields: Iterable[str],
                ) -> dict[str, list[dict[str, float]]]:
    """How fast things spread, for people, by plain name: of vesicles one entry for each size, small ones first.

    ``diffusivity`` and ``free`` (in free liquid) um^2/s, ``diameter`` um (middle of the size), ``admitted`` by gaps of
    tissue.
    """
    found: dict[str, list[dict[str, float]]] = {}
    unit = stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0)
    for field in fields:
        name, spread = plain_name(field), spread_of(model, row, field)
        said = {"diffusivity": spread.diffusivity}
        if not field.startswith(FREE):
            said["free"] = row[f"{name}.diffusivity"]
        elif "/" in name:
            continue  # cargo goes with its vesicles
        else:
            law = size_law(row, name.removeprefix("free:"))
            part = classes.laws_between(law, classes.even_edges(law))[int(size_of(field)[1:])]
            said |= {"free": unit * part.moment(-1), "diameter": part.moment(1), "admitted": spread.admitted}
            if model.domain.kind != NEUROPIL:
                del said["admitted"]
        found.setdefault(name, []).append(said)
    return found


def gaps_of(model: ResolvedModel, row: Mapping[str, float]) -> neuropil.Gaps:
    """The gaps between cells; vesicles are rigid or deformable, as the switch says.

    Calibrated on rigid particles in the gaps of the model, not in those of an arm or a region: what slows particles
    besides walls stays when gaps get narrower.
    """
    names = ("gap_width", "gap_spread", "gap_connectivity", "tortuosity")
    here = neuropil.Gaps(*(row[f"vessel.{name}"] for name in names))
    known = tuple(model.parameters[f"vessel.{name}"].value for name in names)
    is_deformable = any(one.name == SWITCH and one.chosen == "deformable" for one in model.switches)
    return replace(here, calibration=_calibration(*known, row["vessel.probe_ratio"]), is_deformable=is_deformable,
                   thinnest=row["vessel.thinnest_vesicle"])


@functools.lru_cache(maxsize=64)
def _calibration(median: float, spread: float, connectivity: float, tortuosity: float, ratio: float) -> float:
    """The factor that the probes leave open, found where they were measured: in gaps that are given."""
    rigid = neuropil.Gaps(median, spread, connectivity, tortuosity)
    try:
        return neuropil.fitted_calibration(rigid, PROBE, ratio).calibration
    except ValueError:  # these gaps stop the probes: nothing can be learnt of them here
        return 1.0


def liquid_of(model: ResolvedModel, space: Space, row: Mapping[str, float], arm: Arm, field: str, decay: float,
              time: float) -> Liquid:
    """What carries a field from a time (s) on.

    Parameters
    ----------
    decay : 1/s
    """
    plain = spread_of(model, row, field).diffusivity
    fraction = fraction_of(space, row)
    faster: float | Array = 1.0
    if space.regions:
        faster = _map(space, 1.0, lambda region: _relative(model, row, field, region, plain))
    return Liquid(plain, decay, float(np.mean(fraction)), faces_of(space, field, arm, time), velocity_of(space, row),
                  faster if isinstance(faster, np.ndarray) else None,
                  fraction if isinstance(fraction, np.ndarray) else None)


def _relative(model: ResolvedModel, row: Mapping[str, float], field: str, region: Region, plain: float) -> float:
    """Diffusivity in a region over that outside of regions."""
    own = {f"vessel.{name}": value for name, value in region.numbers.items()}
    here = spread_of(model, {**row, **own}, field).diffusivity
    return here / plain if plain > 0.0 else 1.0


def _map(space: Space, plain: float, of: Callable[[Region], float]) -> float | Array:
    """A number, or (z, y, x) where some region has another one; a voxel belongs to the last region that holds it."""
    values = [of(region) for region in space.regions]
    if all(value == plain for value in values):
        return plain
    grid = grid_of(space)
    x, y, z = (grid.centres(axis) for axis in range(3))
    found = np.full(grid.shape, plain)
    for region, value in zip(space.regions, values, strict=True):
        inside = [(low <= at) & (at < high) for low, high, at in zip(region.low, region.high, (x, y, z), strict=True)]
        found[np.ix_(inside[2], inside[1], inside[0])] = value
    return found


def velocity_of(space: Space, row: Mapping[str, float]) -> flow.Velocity | None:
    """Velocity of the liquid, um/s; None where it stands."""
    speed = row.get("vessel.flow_velocity", 0.0)
    if space.flow is None or speed == 0.0:
        return None
    if space.flow.profile == "channel":
        return flow.channel_flow(grid_of(space), space.flow.axis, space.flow.across, speed)
    return flow.uniform_flow(space.flow.axis, speed)


def faces_of(space: Space, field: str, arm: Arm | None = None, time: float = 0.0) -> Faces:
    """What a field finds at the walls from a time (s) on."""
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
    """Concentrations at walls that an exposure holds there from a time on."""
    if arm is None or not field.startswith(AGENT):
        return {}
    name = field.removeprefix(AGENT)
    levels = {one.face: schedule.level(one, time) for one in arm.exposures if one.agent == name and one.face}
    return {face: value for face, value in levels.items() if value > 0.0}
