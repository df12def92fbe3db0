"""What the user says about space: tissue, gel, monolayer, box; walls, flow, regions; how a run in it goes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from vesica.spec.words import Name, Quantity, Words
from vesica.units import as_written

MOST_VOXELS: Final = 200_000_000


def three_alike(value: Any) -> Any:
    """One voxel edge stands for all three."""
    return value if isinstance(value, list | tuple) else [value, value, value]


def both_sides(value: Any) -> Any:
    """One wall stands for both sides of an axis."""
    return value if isinstance(value, list | tuple) else [value, value]


Axis = Literal["x", "y", "z"]
Lengths = tuple[Quantity, Quantity, Quantity]
Edges = Annotated[Lengths, BeforeValidator(three_alike)]


class HeldWall(Words):
    """A wall where some factors stand at their concentration; all else finds it closed."""

    held: dict[Name, Quantity] = Field(description="SOLUBLE: concentration at the wall, `1 ng/mL`")


class OpenWall(Words):
    """A wall to a reservoir."""

    open: Quantity = Field(description="how fast liquid is exchanged with the reservoir, `1 um/s`")
    behind: dict[Name, Quantity] = Field(
        default_factory=dict, description="SOLUBLE: concentration in the reservoir; nothing of all else"
    )


def wall_form(value: Any) -> str:
    """Which wall a word or a mapping means."""
    if isinstance(value, dict):
        return "~open" if "open" in value or "behind" in value else "~held"
    return "~open" if isinstance(value, OpenWall) else "~held" if isinstance(value, HeldWall) else "~word"


WallSpec = Annotated[
    Annotated[Literal["closed", "periodic"], Tag("~word")] | Annotated[HeldWall, Tag("~held")]
    | Annotated[OpenWall, Tag("~open")],
    Discriminator(wall_form),
]
BothWalls = Annotated[tuple[WallSpec, WallSpec], BeforeValidator(both_sides)]


class WallsSpec(Words):
    """Walls of the box; closed where nothing is said. One wall for both sides of an axis, or `[low, high]`."""

    x: BothWalls = ("closed", "closed")
    y: BothWalls = ("closed", "closed")
    z: BothWalls = ("closed", "closed")


class FlowSpec(Words):
    """Flow of liquid through the box."""

    kind: Literal["uniform", "channel"] = Field("uniform", description="`channel` is the parabola between two walls")
    along: Axis
    across: Axis | None = Field(None, description="axis between the walls of a channel; default z, or y along z")
    velocity: Quantity | None = Field(
        None, description="mean velocity in the liquid, `1 um/s`; in tissue by default the library's"
    )


class RegionSpec(Words):
    """A part of the box with numbers of its own."""

    start: Lengths = Field(alias="from", description="its low corner, `[0 um, 0 um, 0 um]`")
    end: Lengths = Field(alias="to", description="its high corner")
    volume_fraction: Quantity | None = None
    tortuosity: Quantity | None = None
    gap_width: Quantity | None = None


class SpaceSpec(Words):
    """What all kinds of space share."""

    size: Lengths | None = Field(None, description="`[1 mm, 1 mm, 100 um]` along x, y, z; by default that of the cells "
                                                   "under `positions:`")
    voxel: Edges = Field(("10 um",) * 3, description="edge of a voxel, one for all axes or `[x, y, z]`")
    walls: WallsSpec = Field(default_factory=WallsSpec)
    flow: FlowSpec | None = Field(None, description="of liquid; none by default")
    regions: dict[Name, RegionSpec] = Field(
        default_factory=dict, description="parts of the box; a later one lies over an earlier one"
    )


class TissueSpec(SpaceSpec):
    """Brain tissue: liquid in narrow gaps between cells and their processes."""

    kind: Literal["tissue"]


class GelSpec(SpaceSpec):
    """Cells in a gel, which is liquid with a loose mesh."""

    kind: Literal["gel"]
    tortuosity: Quantity = Field(1.0, description="of the mesh: diffusion is slower by its square")


class MonolayerSpec(Words):
    """Cells on the bottom of a column of medium."""

    kind: Literal["monolayer"]
    area: Quantity | None = Field(None, description="of the bottom, a square: `1 mm^2`")
    bottom: tuple[Quantity, Quantity] | None = Field(None, description="`[1 mm, 0.5 mm]`, instead of `area`")
    height: Quantity = Field(description="of the medium, `1 mm`")
    voxel: Edges = Field(("10 um",) * 3, description="edge of a voxel, one for all axes or `[x, y, z]`")
    walls: WallsSpec = Field(default_factory=WallsSpec)
    flow: FlowSpec | None = Field(None, description="of medium; none by default")


class BoxSpec(SpaceSpec):
    """Cells in a box of liquid."""

    kind: Literal["box"]


class TissueRunSpec(Words):
    """How a run in space goes (`fidelity: tissue`)."""

    cells: Literal["mean", "whole"] = Field(
        "mean", description="every cell by its means, or MVBs, fusions, phenotypes and death in whole numbers"
    )
    tolerance: Annotated[float, Field(gt=0, le=0.1)] = Field(1e-3, description="relative error of a step")
    step: Quantity | None = Field(None, description="longest step, `60 s`; by default the interval of output")
    cells_every: Quantity = Field("1 h", description="between stored cells")
    fields_every: Quantity | None = Field(None, description="between stored fields; by default start and end only")
    checkpoint_every: Quantity = Field("1 min", description="of your time, between checkpoints")
    precision: Literal["double", "single"] = Field("double", description="of fields")
    pairs: Annotated[bool, Field(strict=True)] = Field(False, description="whether transfer is followed cell by cell")
    contact_distance: Quantity = Field("1 um", description="between surfaces of cells that touch")


class JoinSpec(Words):
    """A second table about the same cells."""

    file: str
    rows: Literal["in order"] | None = Field(None, description="row by row, without ids")
    id: str | None = Field(None, description="its column of ids")
    on: str | None = Field(None, description="the column of ids of the first table (default: its `id`)")


class ColumnsSpec(Words):
    """Where coordinates and names stand."""

    x: str = "x"
    y: str = "y"
    z: str | None = None
    id: str | None = None



def as_words(value: Any) -> Any:
    """Values of a column as text: one where a list may stand is a list of one, and `3` is no number."""
    values = value if isinstance(value, list | tuple) else [value]
    return [as_written(one) if isinstance(one, int | float) and not isinstance(one, bool) else one for one in values]


Globs = Annotated[tuple[str, ...], BeforeValidator(as_words)]
Span = tuple[Quantity, Quantity]


class CropSpec(Words):
    """The part of the data that is used, in their own coordinates."""

    x: Span | None = None
    y: Span | None = None
    z: Span | None = None


class PositionsSpec(Words):
    """Cells with their positions, from a table or an AnnData file."""

    file: str = Field(description="CSV, TSV, a table with blanks (all also .gz), or .h5ad; beside the model file")
    columns: ColumnsSpec = Field(default_factory=ColumnsSpec)
    spatial: str = Field("spatial", description="of an AnnData file: the key of `obsm` that holds positions")
    unit: Quantity = Field(description="of coordinates: `um`, or the size of a pixel, `0.065 um`")
    join: JoinSpec | None = None
    type: str = Field(description="column that says what a cell is")
    types: dict[Name, Globs] = Field(description="cell type of the model: values of that column, `Pyramidal*`")
    leave_out: dict[str, Globs] = Field(default_factory=dict, description="COLUMN: values of cells that are left out")
    thickness: Quantity | None = Field(None, description="of a section; its cells lie in the middle")
    crop: CropSpec = Field(default_factory=CropSpec)
    margin: Quantity | None = Field(None, description="around the cells where the domain has no `size`: one voxel")
    origin: tuple[Quantity, ...] | None = Field(
        None, description="place in the data that is the corner of a domain with a `size`"
    )
    fov: str | None = Field(None, description="column of the field of view")
    fov_offsets: dict[str, tuple[Quantity, ...]] = Field(
        default_factory=dict, description="FIELD OF VIEW: `[x, y]` of its corner"
    )
