"""Arrays of an arm in space: Zarr v3, one chunk for each time (and field), laid out before the first one is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    import numpy as np
    import zarr
    from numpy.typing import ArrayLike, NDArray

    from vesica.spec.space import Space

STORE: Final = "tissue.zarr"
TYPE: Final = "vesica tissue"
VERSION: Final = 1
OME: Final = "0.5"
CELLS, FIELDS, TRANSFER = "cells", "fields", "transfer"
# What grows with time: group -> array. The time is the first axis of each, and the first of a chunk's numbers.
GROWING: Final[Mapping[str, tuple[str, ...]]] = {CELLS: ("value", "position"), FIELDS: ("density",)}


@dataclass(frozen=True)
class Quantity:
    """A number that is stored: of every cell, or of every voxel.

    Parameters
    ----------
    name : str
        Of cells ``COX2``, ``alive``, ``released:microglia``, ``around:TNF``; of fields ``free:microglia``, ``TNF``.
    unit : str
        Internal. A density is per um^3 of liquid.
    """

    name: str
    unit: str
    label: str = ""


@dataclass(frozen=True, eq=False)
class TissueLayout:
    """Labels of an arm in space.

    Parameters
    ----------
    ids : (cell,)
        Each once.
    types : (cell,)
    radius : (cell,) um
    positions : (cell, 3) um, columns x, y, z
        At the start.
    cell_times, field_times : s
        At which cells and fields are stored; strictly increasing.
    quantities, species : of cells, of fields
    moves : bool
        Whether positions are stored at every time.
    chains : mapping of type to mapping of chain to states
        Phenotypes whose states are among the quantities.
    attributes : mapping
        More about the arm, strict JSON: ``title``, ``volume_fraction``, ...

    Raises
    ------
    ValueError
        Repeated labels, axes of different length, times that do not increase.
    """

    space: Space
    ids: Sequence[str]
    types: Sequence[str]
    radius: ArrayLike
    positions: ArrayLike
    cell_times: Sequence[float]
    field_times: Sequence[float]
    quantities: Sequence[Quantity]
    species: Sequence[Quantity]
    moves: bool = False
    chains: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import numpy as np

        cells = len(self.ids)
        wanted = {"types": (len(self.types),), "radius": np.shape(self.radius)}
        for name, shape in wanted.items():
            if shape != (cells,):
                msg = f"`{name}` has the shape {shape} for {cells} cells"
                raise ValueError(msg)
        if np.shape(self.positions) != (cells, 3):
            msg = f"`positions` has the shape {np.shape(self.positions)}, not {(cells, 3)}"
            raise ValueError(msg)
        for name in ("ids", "quantities", "species"):
            labels = [getattr(one, "name", one) for one in getattr(self, name)]
            if len(set(labels)) < len(labels):
                msg = f"`{name}` repeats {next(one for one in labels if labels.count(one) > 1)}"
                raise ValueError(msg)
        for name in ("cell_times", "field_times"):
            times = np.asarray(getattr(self, name), dtype=float)
            if times.size == 0 or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
                msg = f"`{name}` must be finite and strictly increasing, and at least one"
                raise ValueError(msg)

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(z, y, x) of an array of voxels."""
        x, y, z = self.space.voxels
        return z, y, x


def group_path(folder: Path, arm: str) -> Path:
    """Where an arm lies in a run folder; any name of an arm is one of a file."""
    return folder / STORE / safe_name(arm)


def safe_name(arm: str) -> str:
    """A name that every file system and Zarr take; letters, digits, ``_``, ``-`` stay as they are."""
    name = quote(arm, safe="").replace(".", "%2E")
    return f"%5F{name[1:]}" if name.startswith("__") else name


def create_store(folder: Path) -> None:
    """Make the group that holds all arms."""
    import zarr

    zarr.create_group(folder / STORE, zarr_format=3, attributes={"type": f"{TYPE} run", "version": VERSION})


def create_group(path: Path, arm: str, layout: TissueLayout) -> None:
    """Lay out an arm: every label in place, every number NaN."""
    import zarr

    space = layout.space
    walls = [[{"kind": wall.kind, "exchange": wall.exchange, "values": dict(wall.values)} for wall in pair]
             for pair in space.walls]
    group = zarr.create_group(path, zarr_format=3, attributes={
        "type": TYPE, "version": VERSION, "arm": arm, "size": list(space.size), "voxels": list(space.voxels),
        "spacing": list(space.spacing), "walls": walls,
        "phenotypes": {cell: {name: list(states) for name, states in chains.items()}
                       for cell, chains in layout.chains.items()},
        **layout.attributes})
    _create_cells(group.create_group(CELLS, attributes={"type": "cells", "version": VERSION}), layout)
    _create_fields(group.create_group(FIELDS, attributes={
        "type": "fields", "version": VERSION, "ome": multiscales(layout)}), layout)


def _create_cells(group: zarr.Group, layout: TissueLayout) -> None:
    labels(group, "id", "cell", layout.ids)
    labels(group, "type", "cell", layout.types)
    numbers(group, "radius", ("cell",), layout.radius, "um")
    numbers(group, "time", ("time",), layout.cell_times, "s")
    _quantities(group, "quantity", layout.quantities)
    times, cells, of_each = len(layout.cell_times), len(layout.ids), len(layout.quantities)
    _growing(group, "value", ("time", "quantity", "cell"), (times, of_each, cells), (1, of_each, cells), "float32",
             "coordinate unit")
    stored = times if layout.moves else 1
    position = _growing(group, "position", ("time" if layout.moves else "start", "cell", "axis"), (stored, cells, 3),
                        (1, cells, 3), "float64", "um")
    if cells and not layout.moves:
        position[0] = layout.positions


def _create_fields(group: zarr.Group, layout: TissueLayout) -> None:
    numbers(group, "time", ("time",), layout.field_times, "s")
    _quantities(group, "species", layout.species)
    for name, length, n in zip("xyz", layout.space.size, layout.space.voxels, strict=True):
        numbers(group, name, (name,), [(k + 0.5) * length / n for k in range(n)], "um")
    shape = layout.grid_shape
    _growing(group, "density", ("time", "species", "z", "y", "x"),
             (len(layout.field_times), len(layout.species), *shape), (1, 1, *shape), "float32", "coordinate unit")


def multiscales(layout: TissueLayout) -> dict[str, Any]:
    """OME-NGFF 0.5: the fields as an image with one channel for each, so that viewers of images open them."""
    times = layout.field_times
    each = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    x, y, z = layout.space.spacing
    axes = [{"name": "time", "type": "time", "unit": "second"}, {"name": "species", "type": "channel"},
            *({"name": name, "type": "space", "unit": "micrometer"} for name in "zyx")]
    placed = [{"type": "scale", "scale": [each, 1.0, z, y, x]},
              {"type": "translation", "translation": [times[0], 0.0, z / 2, y / 2, x / 2]}]
    return {"version": OME, "multiscales": [{"name": "density", "axes": axes, "datasets": [
        {"path": "density", "coordinateTransformations": placed}]}]}


def labels(group: zarr.Group, name: str, axis: str, content: Sequence[str]) -> None:
    """One chunk of text."""
    import numpy as np

    array = group.create_array(name, shape=(len(content),), dtype=str, chunks=(max(1, len(content)),),
                               dimension_names=(axis,), compressors=_checked(), config={"write_empty_chunks": True},
                               attributes={"type": "labels", "version": VERSION, "units": ""})
    if len(content):
        array[:] = np.array([str(one) for one in content], dtype=object)


def numbers(group: zarr.Group, name: str, axes: Sequence[str], content: ArrayLike, unit: str,
            dtype: str = "float64", chunk: int = 1 << 20) -> None:
    """An array that is known from the start."""
    import numpy as np

    whole: NDArray[np.generic] = np.asarray(content, dtype=dtype)
    array = group.create_array(name, shape=whole.shape, dtype=dtype, dimension_names=tuple(axes),
                               chunks=tuple(min(chunk, max(1, n)) for n in whole.shape), compressors=_checked(),
                               config={"write_empty_chunks": True},
                               attributes={"type": "numbers", "version": VERSION, "units": unit})
    if whole.size:
        array[...] = whole


def _quantities(group: zarr.Group, axis: str, quantities: Sequence[Quantity]) -> None:
    labels(group, axis, axis, [one.name for one in quantities])
    labels(group, "unit", axis, [one.unit for one in quantities])
    labels(group, "label", axis, [one.label or one.name for one in quantities])


def _growing(group: zarr.Group, name: str, axes: tuple[str, ...], shape: tuple[int, ...],
             chunks: tuple[int, ...], dtype: str, unit: str) -> Any:
    return group.create_array(
        name, shape=shape, dtype=dtype, chunks=tuple(max(1, n) for n in chunks), fill_value=math.nan,
        dimension_names=axes, compressors=_checked(), config={"write_empty_chunks": True},
        attributes={"type": "numbers", "version": VERSION, "units": unit,
                    **({"coordinates": "unit label"} if unit.startswith("coordinate") else {})})


def _checked() -> Any:
    """Compression that notices a damaged chunk."""
    from zarr.codecs import ZstdCodec

    return ZstdCodec(level=1, checksum=True)
