"""The box that the user's words mean: size, voxels, walls, flow and regions, in internal units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Final

from vesica.errors import nearest
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.space import AXES, SPATIAL, Flow, Placed, Region, Space, Triple, Wall
from vesica.spec.space_words import (
    MOST_VOXELS,
    BoxSpec,
    FlowSpec,
    GelSpec,
    HeldWall,
    MonolayerSpec,
    OpenWall,
    RegionSpec,
    TissueSpec,
    WallSpec,
    WallsSpec,
)
from vesica.spec.words import Quantity
from vesica.units import CONCENTRATION

SpatialSpec = TissueSpec | GelSpec | MonolayerSpec | BoxSpec
Molar = Mapping[str, float | None]
# numbers that a region of each kind may have of its own
OF_REGIONS: Final = {"tissue": ("volume_fraction", "tortuosity", "gap_width"), "gel": ("tortuosity",), "box": ()}
UNITS: Final = {"volume_fraction": "", "tortuosity": "", "gap_width": "um"}
BROKEN: Final = Space((math.nan,) * 3, (1, 1, 1))  # of a size that cannot be read; its finding is noted


@dataclass(frozen=True)
class Known:
    """Names that walls may hold, their molar masses (g/mol), and names that are agents."""

    solubles: Sequence[str]
    agents: Sequence[str]
    molar: Molar


@dataclass(frozen=True)
class Frame:
    """The box, and the cells of the user's data in it, by type."""

    space: Space
    data: Mapping[str, Placed] = field(default_factory=dict)


def spatial(spec: ModelSpec) -> SpatialSpec | None:
    """The words of a domain with positions, or nothing."""
    said = spec.domain
    return said if isinstance(said, TissueSpec | GelSpec | MonolayerSpec | BoxSpec) else None


def at_walls(spec: ModelSpec) -> set[str]:
    """Factors that stand at a wall or behind one."""
    said = spatial(spec)
    return {name for _, wall in _walls_said(said.walls) for name in _values(wall)} if said is not None else set()


def edges_of(said: SpatialSpec, notes: Notes) -> Triple | None:
    """Edges of a voxel as asked for, um."""
    return _three([notes.quantity(edge, "um", "domain.voxel", positive=True) for edge in said.voxel])


def space_of(said: SpatialSpec, size: Triple, edges: Triple, known: Known, notes: Notes) -> Space:
    """The box, without cells.

    Parameters
    ----------
    size, edges : um, of the box and of a voxel
    """
    voxels = _voxels(size, edges, notes)
    walls = tuple((_wall(low, f"domain.walls.{axis}", known, notes), _wall(high, f"domain.walls.{axis}", known, notes))
                  for axis, (low, high) in zip(AXES, _sides(said.walls), strict=True))
    for axis, (low, high) in zip(AXES, walls, strict=True):
        if (low.kind == "periodic") != (high.kind == "periodic"):
            notes.add("error", f"domain.walls.{axis}", f"one wall of {axis} is `{low.kind}`, the other `{high.kind}`",
                      "what leaves by a periodic wall comes in by the opposite one", "it would have nowhere to come in",
                      f"write `{axis}: periodic`")
    regions = () if isinstance(said, MonolayerSpec) else tuple(
        one for name, words in said.regions.items() if (one := _region(said.kind, name, words, size, notes)))
    return Space(size, voxels, walls, _flow(said.flow, walls, voxels, notes), regions)  # type: ignore[arg-type]


def mean_fraction(space: Space, outside: float) -> float:
    """Share of the voxels that is liquid: ``outside`` of regions, or as the region says that a voxel's centre is in."""
    cuts = []
    for axis in range(3):
        corners = [(corner[axis] / space.spacing[axis]) for one in space.regions for corner in (one.low, one.high)]
        inside = {min(max(math.ceil(corner - 0.5), 0), space.voxels[axis]) for corner in corners}
        cuts.append(list(pairwise(sorted({0, space.voxels[axis], *inside}))))
    total = 0.0
    for block in product(*cuts):
        middle = [0.5 * (low + high) * edge for (low, high), edge in zip(block, space.spacing, strict=True)]
        held = [one for one in space.regions if one.holds(middle)]
        share = next((one.numbers["volume_fraction"] for one in reversed(held) if "volume_fraction" in one.numbers),
                     outside)
        total += share * math.prod(high - low for low, high in block)
    return total / math.prod(space.voxels)


def size_of(said: SpatialSpec, notes: Notes) -> Triple | None:
    """Size of the box as the model gives it, um; nothing where it gives none, or with a finding."""
    if isinstance(said, MonolayerSpec):
        return _bottom(said, notes)
    if said.size is None:
        return None
    return _three([notes.quantity(length, "um", "domain.size", positive=True) for length in said.size])


def without_size(said: SpatialSpec, notes: Notes) -> None:
    """Note that neither words nor data say how large the box is."""
    if isinstance(said, MonolayerSpec):
        notes.add("error", "domain", "the bottom has no `area`", "a monolayer has an area and a height",
                  "there is nowhere to put cells", "write `area: 1 mm^2`, or give `positions:`")
    else:
        notes.add("error", "domain", "the domain has no `size`", "a box has a length along x, y and z",
                  "there is nowhere to put cells", "write `size: [500 um, 500 um, 100 um]`, or give `positions:`")


def height_of(said: SpatialSpec, notes: Notes) -> float | None:
    """Height of the medium of a monolayer, um; nothing for others."""
    if not isinstance(said, MonolayerSpec):
        return None
    return notes.quantity(said.height, "um", "domain.height", positive=True)


def _bottom(said: MonolayerSpec, notes: Notes) -> Triple | None:
    height = notes.quantity(said.height, "um", "domain.height", positive=True)
    if said.area is not None and said.bottom is not None:
        notes.add("error", "domain.bottom", "the bottom has an `area` and two edges",
                  "one of them says how large it is", "they may contradict each other", "delete one of them")
        return None
    if said.area is not None:
        area = notes.quantity(said.area, "um^2", "domain.area", positive=True)
        edge = None if area is None else math.sqrt(area)
        return _three([edge, edge, height])
    if said.bottom is not None:
        return _three([*(notes.quantity(edge, "um", "domain.bottom", positive=True) for edge in said.bottom), height])
    return None


def _three(lengths: Sequence[float | None]) -> Triple | None:
    x, y, z = lengths
    return None if x is None or y is None or z is None else (x, y, z)


def _voxels(size: Triple, edges: Sequence[float], notes: Notes) -> tuple[int, int, int]:
    for name, length, edge in zip(AXES, size, edges, strict=True):
        if edge > length * (1.0 + 1e-9) and name != "z":
            notes.add("note", "domain.voxel", f"voxels of {edge:g} um in a box that is {length:g} um along {name}",
                      "an axis with one voxel is no dimension", f"nothing differs along {name}",
                      "give smaller voxels if it should")
    if all(edge > length * (1.0 + 1e-9) for length, edge in zip(size, edges, strict=True)):
        notes.add("error", "domain.voxel", f"a voxel of {_by(edges)} um in a box of {_by(size)} um",
                  "a box holds one voxel or more", "nothing would have a place",
                  f"give a `voxel` up to {min(size):.3g} um, or check the units of `size`")
        return 1, 1, 1
    counts = [length / edge for length, edge in zip(size, edges, strict=True)]
    total = math.prod(max(1.0, count) for count in counts)
    if not total <= MOST_VOXELS:
        coarser = min(edges) * (total / MOST_VOXELS) ** (1.0 / max(1, sum(count > 1.0 for count in counts)))
        notes.add("error", "domain.voxel", f"voxels of {_by(edges)} um in a box of {_by(size)} um are {total:.3g}",
                  f"a box has at most {MOST_VOXELS:.0e} voxels".replace("e+0", "e"), "no memory would hold the fields",
                  f"give voxels of about {coarser * 1.05:.2g} um, or a smaller box")
        return 1, 1, 1
    x, y, z = (max(1, round(count)) for count in counts)
    return x, y, z


def _by(lengths: Sequence[float]) -> str:
    return " x ".join(f"{length:.4g}" for length in lengths)


def _sides(said: WallsSpec) -> list[tuple[WallSpec, WallSpec]]:
    return [said.x, said.y, said.z]


def _walls_said(said: WallsSpec) -> Iterator[tuple[str, WallSpec]]:
    for axis, both in zip(AXES, _sides(said), strict=True):
        for wall in both:
            yield axis, wall


def _values(wall: WallSpec) -> Mapping[str, Quantity]:
    return wall.held if isinstance(wall, HeldWall) else wall.behind if isinstance(wall, OpenWall) else {}


def _wall(said: WallSpec, path: str, known: Known, notes: Notes) -> Wall:
    if not isinstance(said, HeldWall | OpenWall):
        return Wall(said)
    values = {}
    if isinstance(said, HeldWall) and not said.held:
        notes.add("error", path, "a wall that holds nothing", "a held wall says what stands there",
                  "it would be closed", "write `closed`, or `{held: {TNF: 1 ng/mL}}`")
    for name, text in _values(said).items():
        if name not in known.solubles and name in known.agents:
            notes.add("error", path, f"`{name}` at a wall is an agent",
                      "an agent is given as an exposure, with its times", "nobody would know when it is there",
                      f"write it under `exposures:` as `{{agent: {name}, concentration: {text}, face: y.low}}`")
        elif name not in known.solubles:
            notes.unknown(path, "soluble", name, known.solubles, "nothing would stand at the wall")
        else:
            values[name] = notes.quantity(text, CONCENTRATION, path, molar_mass=known.molar.get(name)) or 0.0
    if isinstance(said, HeldWall):
        return Wall("held", 0.0, values)
    return Wall("open", notes.quantity(said.open, "um/s", path, positive=True) or 0.0, values)


def _flow(said: FlowSpec | None, walls: Sequence[tuple[Wall, Wall]], voxels: Triple, notes: Notes) -> Flow | None:
    if said is None:
        return None
    axis = AXES.index(said.along)
    across = AXES.index(said.across) if said.across is not None else 1 if said.along == "z" else 2
    if said.across is not None and said.kind == "uniform":
        notes.add("error", "domain.flow.across", "`across` of a flow that is `uniform`",
                  "only the flow in a channel differs across it", "the word would do nothing",
                  "delete it, or write `kind: channel`")
    if said.kind == "channel" and across == axis:
        notes.add("error", "domain.flow.across", f"a flow along {said.along} and across {said.along}",
                  "a channel flows along one axis, between walls of another", "there is no such flow",
                  "give another axis for `across`")
    elif said.kind == "channel" and voxels[across] < 2:
        notes.add("error", "domain.flow.kind", f"a channel across {AXES[across]}, which has one voxel",
                  "the profile of a channel needs voxels across it", "it would be no profile",
                  "give smaller voxels along it, or write `kind: uniform`")
    elif said.kind == "channel" and any(wall.kind != "closed" for wall in walls[across]):
        notes.add("error", "domain.flow.across", f"a channel between walls of {AXES[across]} that are not closed",
                  "a channel flows between closed walls", "its profile would be another",
                  "write `kind: uniform`, or close these walls")
    kinds = {wall.kind for wall in walls[axis]}
    if not kinds <= {"periodic", "open"}:
        notes.add("error", "domain.flow.along", f"liquid flows along {said.along}, where a wall is "
                  f"{' and '.join(sorted(kinds - {'periodic', 'open'}))}",
                  "liquid comes in and leaves by walls that are open or periodic", "it could not go anywhere",
                  f"write `walls: {{{said.along}: periodic}}`, or `{said.along}: {{open: 1 um/s}}`")
    return Flow(axis, said.kind, across)


def _region(kind: str, name: str, said: RegionSpec, size: Triple, notes: Notes) -> Region | None:
    path = f"domain.regions.{name}"
    corners = [_three([notes.quantity(length, "um", f"{path}.{word}") for length in lengths])
               for word, lengths in (("from", said.start), ("to", said.end))]
    numbers = {word: getattr(said, word) for word in UNITS if getattr(said, word) is not None}
    for word in [word for word in numbers if word not in OF_REGIONS[kind]]:
        offered = ", ".join(f"`{one}`" for one in OF_REGIONS[kind]) or "no numbers"
        notes.add("error", f"{path}.{word}", f"`{word}` of a region of a {kind}", f"regions of a {kind} have {offered}",
                  "it would change nothing", nearest(word, OF_REGIONS[kind]) if OF_REGIONS[kind] else "delete it")
    values = {word: notes.quantity(text, UNITS[word], f"{path}.{word}", positive=True,
                                   at_most=1.0 if word == "volume_fraction" else math.inf)
              for word, text in numbers.items() if word in OF_REGIONS[kind]}
    low, high = corners
    if low is None or high is None or None in values.values():
        return None
    slack = 1e-9 * max(size)
    if any(b <= a for a, b in zip(low, high, strict=True)):
        notes.add("error", path, f"from {_by(low)} to {_by(high)} um", "a region goes from a low corner to a high one",
                  "it would hold nothing", "give a `to` above `from` along every axis")
        return None
    if any(b > length + slack for b, length in zip(high, size, strict=True)):
        notes.add("error", f"{path}.to", f"the region reaches to {_by(high)} um in a box of {_by(size)} um",
                  "a region lies inside the box", "part of it would be nowhere", f"give a `to` up to {_by(size)} um")
        return None
    return Region(name, low, high, {word: value for word, value in values.items() if value is not None})


def is_spatial(spec: ModelSpec) -> bool:
    """Whether cells of the model have positions."""
    return spec.domain.kind in SPATIAL
