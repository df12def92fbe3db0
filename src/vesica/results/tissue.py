"""Read an arm in space: cells with positions, fields, and who sent to whom. Lazy, with units."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from vesica.errors import InputError, error, nearest
from vesica.results import files, tissue_checkpoint, tissue_layout
from vesica.results.tissue_layout import CELLS, FIELDS, GROWING, TRANSFER, group_path
from vesica.results.tissue_store import chunk

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse
    import xarray as xr
    from numpy.typing import NDArray

HOUR: Final = 3600.0
SAME_TIME: Final = 1e-6  # relative: a time is written with few digits


@dataclass(frozen=True, eq=False)
class TissueResults:
    """An arm in space, as it was when it was opened. Made by `open_tissue`.

    Nothing but the attributes is read before it is asked for.

    Attributes
    ----------
    arm : str
    attributes : mapping
        ``size``, ``voxels``, ``spacing`` (x, y, z), ``walls``, ``phenotypes``, ``title``, ...
    stored : mapping of ``cells``, ``fields`` to the number of times that count
    """

    path: Path
    arm: str
    attributes: Mapping[str, Any] = field(repr=False)
    stored: Mapping[str, int]

    @property
    def run(self) -> Mapping[str, Any] | None:
        """Steps, rejected ones, seconds of the arm; None while it is not complete."""
        return self.attributes.get("run")

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """(cell,)."""
        return self._labels(CELLS, "id")

    @functools.cached_property
    def types(self) -> tuple[str, ...]:
        """(cell,)."""
        return self._labels(CELLS, "type")

    @functools.cached_property
    def radius(self) -> NDArray[np.float64]:
        """(cell,) um."""
        return self._numbers(CELLS, "radius")

    @functools.cached_property
    def times(self) -> NDArray[np.float64]:
        """(time,) s of stored cells, as far as the arm came."""
        return self._numbers(CELLS, "time")[: self.stored[CELLS]]

    @functools.cached_property
    def field_times(self) -> NDArray[np.float64]:
        """(time,) s of stored fields, as far as the arm came."""
        return self._numbers(FIELDS, "time")[: self.stored[FIELDS]]

    @functools.cached_property
    def quantities(self) -> tuple[str, ...]:
        """Names of what cells have."""
        return self._labels(CELLS, "quantity")

    @functools.cached_property
    def species(self) -> tuple[str, ...]:
        """Names of fields."""
        return self._labels(FIELDS, "species")

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Edges of a voxel along x, y, z, um."""
        x, y, z = self.attributes["spacing"]
        return x, y, z

    def unit(self, name: str) -> str:
        """Unit of a quantity of cells, or of a field."""
        return self._of_each("unit")[self._known(name)]

    def label(self, name: str) -> str:
        """A quantity of cells, or a field, in words."""
        return self._of_each("label")[self._known(name)]

    def positions(self, time: float | None = None) -> NDArray[np.float64]:
        """(cell, 3) um, columns x, y, z; at a stored time, the last one by default."""
        array = self._array(CELLS, "position")
        moves = array.metadata.dimension_names[0] == "time"
        return self._chunk(CELLS, "position", (self._time(CELLS, time) if moves else 0,))

    def cells(self, time: float | None = None) -> dict[str, NDArray[np.float32]]:
        """All quantities of all cells at a stored time (s), the last one by default: name -> (cell,).

        Raises
        ------
        InputError
            No cells are stored at this time, or their chunk is missing or damaged.
        """
        values = self._chunk(CELLS, "value", (self._time(CELLS, time),))
        return dict(zip(self.quantities, values, strict=True))

    def quantity(self, name: str, time: float | None = None) -> NDArray[np.float32]:
        """(cell,) of one quantity at a stored time (s), the last one by default."""
        if name not in self.quantities:
            raise self._unknown("quantity", name, self.quantities)
        return self.cells(time)[name]

    def course(self, name: str) -> NDArray[np.float32]:
        """(time, cell) of one quantity, read one time after the other."""
        import numpy as np

        found = np.empty((self.times.size, len(self.ids)), dtype=np.float32)
        for k, time in enumerate(self.times):
            found[k] = self.quantity(name, float(time))
        return found

    def field(self, species: str, time: float | None = None) -> NDArray[np.float32]:
        """(z, y, x) per um^3 of liquid at a stored time (s), the last one by default.

        Raises
        ------
        InputError
            No such field, none stored at this time, or its chunk is missing or damaged.
        """
        if species not in self.species:
            raise self._unknown("field", species, self.species)
        return self._chunk(FIELDS, "density", (self._time(FIELDS, time), self.species.index(species)))

    @functools.cached_property
    def transfer(self) -> scipy.sparse.csr_array | None:
        """(sender cell, receiver cell) vesicles over the arm; None where pairs are not followed."""
        import scipy.sparse

        if not (self.path / TRANSFER).is_dir():
            return None
        parts = tuple(self._numbers(TRANSFER, name) for name in ("data", "indices", "indptr"))
        return scipy.sparse.csr_array(parts, shape=(len(self.ids), len(self.ids)))

    @property
    def cells_data(self) -> xr.Dataset:
        """Arrays of cells, lazy: ``value`` (time, quantity, cell), ``position``; the times that count."""
        return self._dataset(CELLS)

    @property
    def fields_data(self) -> xr.Dataset:
        """Arrays of fields, lazy: ``density`` (time, species, z, y, x); the times that count."""
        return self._dataset(FIELDS)

    def refuse_damage(self) -> None:
        """Read every label and look for the chunk of every time that counts.

        Raises
        ------
        InputError
            Something is missing or damaged; the path names it.
        """
        import numpy as np

        self.ids, self.types, self.radius, self.quantities, self.species, self.times, self.field_times  # noqa: B018
        for group, names in GROWING.items():
            for name in names:
                array = self._array(group, name)
                if not array.size:
                    continue
                times = min(self.stored[group], array.shape[0])
                free = [times, *(n for n, size in zip(array.shape[1:], array.chunks[1:], strict=True) if size < n)]
                for at in np.ndindex(*free):
                    path = chunk(self.path / group / name, at, array.ndim - len(free))
                    if not path.is_file():
                        raise _damaged(path, "is missing although its time counts")

    def _dataset(self, group: str) -> xr.Dataset:
        import numpy as np
        import xarray as xr

        try:
            data = xr.open_zarr(self.path / group, consolidated=False, chunks=None, zarr_format=3, decode_times=False,
                                mask_and_scale=False)
        except Exception as failure:  # zarr raises many kinds for a damaged store
            raise _damaged(self.path / group, f"cannot be opened: {_first_line(failure)}") from failure
        # xarray and pandas treat object text alike in every version; zarr's own text type they do not
        texts = {name: (data[name].dims, np.asarray(data[name].values, dtype=object), data[name].attrs)
                 for name in map(str, data.variables) if data[name].dtype.kind not in "biuf"}
        counted: xr.Dataset = data.assign_coords(texts).isel(time=slice(0, self.stored[group]))
        return counted

    @functools.cached_property
    def _group(self) -> Any:
        import zarr

        return zarr.open_group(self.path, mode="r", zarr_format=3, use_consolidated=False)

    def _array(self, group: str, name: str) -> Any:
        try:
            return self._group[f"{group}/{name}"]
        except Exception as failure:
            raise _damaged(self.path / group / name, f"cannot be opened: {_first_line(failure)}") from failure

    def _numbers(self, group: str, name: str) -> NDArray[Any]:
        array = self._array(group, name)
        if not all(chunk(self.path / group / name, (k,), array.ndim - 1).is_file()
                   for k in range(math.ceil(array.shape[0] / array.chunks[0]))):
            raise _damaged(self.path / group / name / "c", "is not whole")  # zarr would read zeros
        try:
            found: NDArray[Any] = array[...]
        except Exception as failure:
            raise _damaged(self.path / group / name, f"cannot be read: {_first_line(failure)}") from failure
        return found

    def _labels(self, group: str, name: str) -> tuple[str, ...]:
        return tuple(map(str, self._numbers(group, name)))

    def _chunk(self, group: str, name: str, at: tuple[int, ...]) -> NDArray[Any]:
        array = self._array(group, name)
        path = chunk(self.path / group / name, at, array.ndim - len(at))
        if array.size and not path.is_file():
            raise _damaged(path, "is missing although its time counts")  # zarr would read NaN
        try:
            found: NDArray[Any] = array[at]
        except Exception as failure:
            raise _damaged(path, f"cannot be read: {_first_line(failure)}") from failure
        return found

    def _time(self, group: str, time: float | None) -> int:
        """Position of a stored time."""
        times: Sequence[float] = (self.times if group == CELLS else self.field_times).tolist()
        if time is None and times:
            return len(times) - 1
        for k, one in enumerate(times):
            if time is not None and math.isclose(one, time, rel_tol=SAME_TIME, abs_tol=SAME_TIME):
                return k
        near = sorted(times, key=lambda one: abs(one - (time or 0.0)))[:4]
        shown = ", ".join(f"{one / HOUR:g} h" for one in sorted(near)) or "none yet"
        asked = "any time" if time is None else f"{time / HOUR:g} h"
        raise error(str(self.path / group), f"no {group} of `{self.arm}` are stored at {asked}",
                    f"{group} are stored at the times that the model asks for, as far as the run came",
                    "there is nothing to show", f"ask for one of the stored times, as {shown}")

    def _of_each(self, what: str) -> dict[str, str]:
        fields = dict(zip(self.species, self._labels(FIELDS, what), strict=True))
        return fields | dict(zip(self.quantities, self._labels(CELLS, what), strict=True))

    def _known(self, name: str) -> str:
        known = (*self.quantities, *self.species)
        if name not in known:
            raise self._unknown("quantity or field", name, known)
        return name

    def _unknown(self, what: str, name: str, known: Sequence[str]) -> InputError:
        return error(str(self.path), f"there is no {what} `{name}` in arm `{self.arm}`",
                     f"numbers go by the name of the {what}", "there is nothing to show", nearest(name, known))


def open_tissue(folder: Path | str, arm: str, *, stored: Mapping[str, int] | None = None) -> TissueResults:
    """Open an arm in space.

    Parameters
    ----------
    folder : path
        The run folder.
    stored : mapping, optional
        How many times of ``cells`` and ``fields`` count; by default all of an arm that is complete, and of another one
        those that its last checkpoint counts.

    Raises
    ------
    InputError
        The run has no such arm in space, or what is there is damaged or of a newer version.
    """
    folder = Path(folder)
    path = group_path(folder, arm)
    known = arms_in_space(folder)
    if arm not in known:
        raise error(str(folder / tissue_layout.STORE), f"there is no arm `{arm}` in space in this run",
                    "arms that ran with `fidelity: tissue` have cells with positions", "there is nothing to show",
                    nearest(arm, known) if known else "run a model with a space and `fidelity: tissue`")
    attributes = known[arm]
    if stored is None:
        stored = _times(folder, arm, attributes)
    counts = {group: int(stored.get(group, 0)) for group in (CELLS, FIELDS)}
    return TissueResults(path, arm, attributes, MappingProxyType(counts))


def arms_in_space(folder: Path | str) -> dict[str, Mapping[str, Any]]:
    """Attributes of every arm in space of a run folder, by name; none where there is no space."""
    found = {}
    for path in sorted((Path(folder) / tissue_layout.STORE).glob("*/zarr.json")):
        if not path.parent.name.startswith("."):  # half made
            attributes = _attributes(path)
            found[str(attributes["arm"])] = attributes
    return found


def _attributes(path: Path) -> Mapping[str, Any]:
    attributes = files.read_json(path).get("attributes")
    if not isinstance(attributes, dict) or attributes.get("type") != tissue_layout.TYPE or "arm" not in attributes:
        raise _damaged(path, f"is not of the type `{tissue_layout.TYPE}`")
    if attributes.get("version") != tissue_layout.VERSION:
        raise error(str(path), f"the arm has version {attributes.get('version')!r} of its format",
                    f"this vesica reads version {tissue_layout.VERSION}", "numbers could be taken for something else",
                    "update vesica: `pip install --upgrade vesica`")
    return attributes


def _times(folder: Path, arm: str, attributes: Mapping[str, Any]) -> Mapping[str, int]:
    run = attributes.get("run")
    if isinstance(run, dict) and isinstance(run.get("stored"), dict):
        found: Mapping[str, int] = run["stored"]
        return found
    file = tissue_checkpoint.path_of(folder, arm)
    return tissue_checkpoint.stored(file) if file.is_file() else {}


def _first_line(failure: Exception) -> str:
    return (str(failure).strip().splitlines() or [type(failure).__name__])[0].rstrip(".")


def _damaged(path: Path, problem: str) -> InputError:
    return error(str(path), f"`{path.name}` {problem}",
                 "an arm in space stores every time whole (docs/format.md)",
                 "the numbers would not be those of the run",
                 "restore the folder from a copy, or run the model again into a new folder")
