"""Arrays of a run folder, format 1: Zarr v3, one chunk for each (arm, replicate)."""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vesica.errors import InputError, error
from vesica.results.axes import Axes
from vesica.results.files import sync

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    import zarr
    from numpy.typing import NDArray

FORMAT: Final = 1
STORE: Final = "results.zarr"
TYPE: Final = "vesica run"
# Name, axis, field of `Axes`, unit.
COORDINATES: Final = (
    ("arm", "arm", "arms", ""),
    ("replicate", "replicate", "replicates", ""),
    ("time", "time", "times", "s"),
    ("species", "species", "species", ""),
    ("unit", "species", "species_unit", ""),
    ("compartment", "species", "species_compartment", ""),
    ("label", "species", "species_label", ""),
    ("parameter", "parameter", "parameters", ""),
    ("parameter_unit", "parameter", "parameter_unit", ""),
    ("traced", "traced", "traced", ""),
)
# Name -> axes, unit, coordinates that are not axes.
ARRAYS: Final[Mapping[str, tuple[tuple[str, ...], str, str]]] = {
    "value": (("arm", "replicate", "time", "species"), "coordinate unit", "unit compartment label"),
    "parameter_value": (("arm", "replicate", "parameter"), "coordinate parameter_unit", "parameter_unit"),
    "trace": (("arm", "replicate", "traced", "time", "species"), "coordinate unit", "unit compartment label"),
}
OPTIONAL: Final = frozenset({"traced", "trace"})  # both or none: only where single cells are followed
WHOLE_NUMBERS: Final = frozenset({"replicate", "traced"})


def create(store: Path, axes: Axes) -> None:
    """Lay out the arrays, full of NaN, with every label in place."""
    import numpy as np
    import zarr
    from zarr.codecs import ZstdCodec

    group = zarr.create_group(store, zarr_format=3, attributes={"type": TYPE, "version": FORMAT})
    sizes: dict[str, int] = {}
    left_out = frozenset() if axes.traced else OPTIONAL
    for name, axis, source, unit in COORDINATES:
        if name in left_out:
            continue
        labels = getattr(axes, source)
        sizes[axis] = len(labels)
        dtype = "int64" if name in WHOLE_NUMBERS else "float64" if name == "time" else str
        array = group.create_array(
            name, shape=(len(labels),), dtype=dtype, chunks=(max(1, len(labels)),), dimension_names=(axis,),
            config={"write_empty_chunks": True}, attributes={"type": "labels", "version": 1, "units": unit})
        if labels:
            array[:] = np.array(labels, dtype=object if dtype is str else dtype)
    for name, (dims, unit, others) in ARRAYS.items():
        if name in left_out:
            continue
        shape = tuple(sizes[axis] for axis in dims)
        group.create_array(
            name, shape=shape, dtype="float64", chunks=(1, 1, *(max(1, size) for size in shape[2:])),
            fill_value=math.nan, dimension_names=dims, compressors=ZstdCodec(level=1, checksum=True),
            config={"write_empty_chunks": True},
            attributes={"type": "numbers", "version": 1, "units": unit, "coordinates": others})


def open_for_writing(store: Path) -> dict[str, zarr.Array[Any]]:
    """Open the arrays of numbers."""
    import zarr

    group = zarr.open_group(store, mode="r+", zarr_format=3, use_consolidated=False)
    # The setting is not stored in the file: a row of NaN is written like any other.
    arrays = {name: group[name] for name in ARRAYS if name in group}
    return {name: array.with_config({"write_empty_chunks": True}) for name, array in arrays.items()
            if isinstance(array, zarr.Array)}


def write_row(arrays: Mapping[str, zarr.Array[Any]], store: Path, row: tuple[int, int],
              numbers: Mapping[str, NDArray[np.float64]]) -> None:
    """Write the chunks of one row and wait until they are on the disk."""
    folders: list[Path] = []
    for name, content in numbers.items():
        if content.size == 0:
            continue
        arrays[name][row] = content
        path = chunk(store, name, row)
        sync(path)
        folders += itertools.takewhile(lambda above: above != store, path.parents)
    for above in dict.fromkeys(folders):
        sync(above)


def chunk(store: Path, name: str, row: tuple[int, int]) -> Path:
    """File that holds one row of one array."""
    zeros = ["0"] * (len(ARRAYS[name][0]) - 2)
    return store.joinpath(name, "c", str(row[0]), str(row[1]), *zeros)


def expected_chunks(store: Path, row: tuple[int, int], sizes: Mapping[str, int]) -> tuple[Path, ...]:
    """Files that a committed row consists of."""
    return tuple(chunk(store, name, row) for name, (dims, *_) in ARRAYS.items()
                 if all(sizes.get(axis) for axis in dims))


def discard_row(store: Path, row: tuple[int, int]) -> None:
    """Remove what an uncommitted row left behind."""
    for name in ARRAYS:
        row_folder = store.joinpath(name, "c", str(row[0]), str(row[1]))
        if row_folder.is_dir():
            shutil.rmtree(row_folder)
        else:
            row_folder.unlink(missing_ok=True)
        for part in row_folder.parent.glob(f"{row[1]}.*.partial"):
            part.unlink(missing_ok=True)


def open_dataset(store: Path, rows: Iterable[tuple[int, int]]) -> xr.Dataset:
    """All arrays, lazily, with the coordinate ``committed``; rows not committed are NaN.

    Raises
    ------
    InputError
        An array or a chunk is missing or damaged; the path names it.
    """
    import numpy as np
    import xarray as xr

    try:
        data = xr.open_zarr(store, consolidated=False, chunks=None, zarr_format=3, decode_times=False,
                            mask_and_scale=False)
    except Exception as failure:  # zarr raises many kinds for a damaged store
        raise _damaged(store, f"cannot be opened: {_first_line(failure)}") from failure
    left_out = frozenset() if OPTIONAL & set(data.variables) else OPTIONAL
    for name, wanted in _layout().items():
        if name in left_out:
            continue
        if name not in data.variables:
            raise _damaged(store / name, "is missing")
        if data[name].dims != wanted:
            raise _damaged(store / name, f"has the axes {data[name].dims}, not {wanted}")
        if name not in ARRAYS and data[name].size and not store.joinpath(name, "c", "0").is_file():
            raise _damaged(store / name / "c" / "0", "is missing")  # zarr would read empty labels
    try:
        # xarray and pandas treat object text alike in every version; zarr's own text type they do not.
        texts = {name: (data[name].dims, np.asarray(data[name].values, dtype=object), data[name].attrs)
                 for name, *_ in COORDINATES if name not in {*WHOLE_NUMBERS, "time"}}
    except Exception as failure:
        raise _damaged(store, f"has labels that cannot be read: {_first_line(failure)}") from failure
    committed = np.zeros((data.sizes["arm"], data.sizes["replicate"]), dtype=bool)
    for row in rows:
        if not all(0 <= at < size for at, size in zip(row, committed.shape, strict=True)):
            raise _damaged(store.parent / "run.json", f"lists the row {list(row)}, which is not on the axes")
        committed[row] = True
        gone = next((path for path in expected_chunks(store, row, data.sizes) if not path.is_file()), None)
        if gone is not None:
            raise _damaged(gone, "is missing although run.json lists its row")
    data = data.assign_coords(texts).assign_coords(committed=(("arm", "replicate"), committed))
    stray = any(path.exists() for row in zip(*np.nonzero(~committed), strict=True)
                for path in expected_chunks(store, (int(row[0]), int(row[1])), data.sizes))
    masked: xr.Dataset = data.where(data["committed"]) if stray else data
    return masked


def read_axes(data: xr.Dataset) -> Axes:
    """Read the labels a run was created with."""
    return Axes(**{source: tuple(data[name].values.tolist()) for name, _, source, _ in COORDINATES
                   if name in data.variables})


def read_row(data: xr.Dataset, row: tuple[int, int], store: Path, name: str = "value") -> NDArray[np.float64]:
    """Numbers of one row, (time, species) unless told otherwise; ``InputError`` with the chunk when it is damaged."""
    try:
        return data[name].variable[row].values
    except Exception as failure:
        raise _damaged(chunk(store, name, row), f"cannot be read: {_first_line(failure)}") from failure


def _layout() -> dict[str, Sequence[str]]:
    labels = {name: (axis,) for name, axis, *_ in COORDINATES}
    return labels | {name: dims for name, (dims, *_) in ARRAYS.items()}


def _first_line(failure: Exception) -> str:
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0].rstrip(".")


def _damaged(path: Path, problem: str) -> InputError:
    return error(str(path), f"`{path.name}` {problem}",
                 "format 1 stores every committed row whole (docs/format.md)",
                 "the numbers would not be those of the run",
                 "restore the folder from a copy, or run the model again into a new folder")


def notes_name(row: tuple[int, int]) -> str:
    """Where the notes of a row lie in the run folder."""
    return f"rows/{row[0]}_{row[1]}.json"
