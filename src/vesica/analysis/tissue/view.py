"""One arm of a run in space as plain arrays: the only place that knows how `tissue.zarr` is laid out."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error, nearest

if TYPE_CHECKING:
    from scipy import sparse

Array = NDArray[np.float64]
STORE: Final = "tissue.zarr"
TYPE: Final = "vesica tissue"
AXES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Named:
    """A quantity of cells, or a species of the fields: where it stands, its unit and its name for people."""

    at: int
    unit: str
    label: str


@dataclass(frozen=True, eq=False)
class Tissue:
    """Cells and fields of one arm; arrays are read when they are asked for, one time at a time.

    Lengths um, times s, densities 1/um^3 of liquid; columns of positions are x, y, z, fields are (z, y, x).
    """

    path: Path
    arm: str
    group: Any = field(repr=False)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Size, voxels, walls, and how the run went."""
        return dict(self.group.attrs)

    @property
    def size(self) -> tuple[float, float, float]:
        """Of the box along x, y, z."""
        x, y, z = self.attributes["size"]
        return float(x), float(y), float(z)

    @property
    def voxels(self) -> tuple[int, int, int]:
        """Along x, y, z."""
        x, y, z = self.attributes["voxels"]
        return int(x), int(y), int(z)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Whether the walls along x, y, z repeat."""
        return tuple("periodic" in str(pair) for pair in self.attributes.get("walls", ())) or (False,) * 3

    @property
    def run(self) -> Mapping[str, Any]:
        """Steps, rejected steps, seconds; empty while the arm is under way."""
        found = self.attributes.get("run")
        return found if isinstance(found, Mapping) else {}

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """(cell,)"""
        return tuple(map(str, self._array("cells/id")))

    @functools.cached_property
    def types(self) -> NDArray[np.str_]:
        """(cell,)"""
        return np.array([str(one) for one in self._array("cells/type")])

    @functools.cached_property
    def counts(self) -> dict[str, int]:
        """Cells of each type, in the order of first appearance."""
        return {one: int(np.count_nonzero(self.types == one)) for one in dict.fromkeys(self.types.tolist())}

    @functools.cached_property
    def radius(self) -> Array:
        """(cell,) um"""
        return np.asarray(self._array("cells/radius"), dtype=float)

    @functools.cached_property
    def cell_times(self) -> Array:
        """(cell_time,) s that were reached."""
        return self._reached("cells", "value")

    @functools.cached_property
    def field_times(self) -> Array:
        """(field_time,) s that were reached."""
        return self._reached("fields", "density")

    @functools.cached_property
    def quantities(self) -> dict[str, Named]:
        """What is known of cells, by name."""
        return self._named("cells", "quantity")

    @functools.cached_property
    def species(self) -> dict[str, Named]:
        """What fields there are, by name."""
        return self._named("fields", "species")

    @functools.cached_property
    def centres(self) -> tuple[Array, Array, Array]:
        """Middles of the voxels along x, y, z, um."""
        x, y, z = (np.asarray(self._array(f"fields/{axis}"), dtype=float) for axis in AXES)
        return x, y, z

    def positions(self, frame: int = 0) -> Array:
        """(cell, 3) um at a time of the cells; cells that do not move have one set for all times."""
        stored = self._open("cells/position")
        return np.asarray(stored[frame if stored.shape[0] > 1 else 0], dtype=float)

    def values(self, name: str, frame: int) -> Array:
        """(cell,) of a quantity at a time of the cells; NaN where a type has none.

        Raises
        ------
        InputError
            There is no such quantity.
        """
        return np.asarray(self._open("cells/value")[frame, self._find(self.quantities, name, "quantity").at], float)

    def course(self, name: str) -> Array:
        """(cell_time, cell) of a quantity."""
        return np.stack([self.values(name, frame) for frame in range(self.cell_times.size)])

    def density(self, name: str, frame: int) -> Array:
        """(z, y, x) of a species at a time of the fields, 1/um^3 of liquid.

        Raises
        ------
        InputError
            There is no such field.
        """
        return np.asarray(self._open("fields/density")[frame, self._find(self.species, name, "field").at], float)

    @functools.cached_property
    def transfer(self) -> sparse.csr_array | None:
        """Vesicles from each cell (row) to each cell (column); None where pairs were not followed."""
        from scipy import sparse

        if "transfer" not in self.group:
            return None
        data, indices, indptr = (self._array(f"transfer/{name}") for name in ("data", "indices", "indptr"))
        count = self.types.size
        return sparse.csr_array((np.asarray(data, float), indices, indptr), shape=(count, count))

    def _named(self, part: str, axis: str) -> dict[str, Named]:
        columns = zip(*(map(str, self._array(f"{part}/{name}")) for name in (axis, "unit", "label")), strict=True)
        return {name: Named(at, unit, label or name) for at, (name, unit, label) in enumerate(columns)}

    def _find(self, known: Mapping[str, Named], name: str, what: str) -> Named:
        if name not in known:
            raise error(f"{self.path}/{self.arm}", f"there is no {what} `{name}` in arm `{self.arm}`",
                        f"numbers go by the name of the {what}", "there is nothing to show", nearest(name, known))
        return known[name]

    def _reached(self, part: str, name: str) -> Array:
        """Times up to the last that holds a number: a run that was stopped leaves the others empty."""
        if part not in self.group:
            return np.empty(0)
        times = np.asarray(self._array(f"{part}/time"), dtype=float)
        stored = self._open(f"{part}/{name}")
        last = times.size
        while last and not np.isfinite(stored[last - 1]).any():
            last -= 1
        return times[:last]

    def _open(self, name: str) -> Any:
        try:
            return self.group[name]
        except KeyError:
            raise error(f"{self.path}/{self.arm}/{name}", f"the array `{name}` is missing",
                        "a tissue holds the pieces listed in docs/format.md", "this arm cannot be shown",
                        "restore the folder from a copy, or run the model again") from None

    def _array(self, name: str) -> NDArray[Any]:
        return np.asarray(self._open(name)[...])


def has_tissue(folder: Path | str) -> bool:
    """Whether a run folder holds cells with positions."""
    return (Path(folder) / STORE).is_dir()


def arms_of(folder: Path | str) -> tuple[str, ...]:
    """Arms of a run that have cells with positions, in the order of their names on the disk."""
    store = Path(folder) / STORE
    return tuple(sorted(one.name for one in store.iterdir() if (one / "zarr.json").is_file())) if store.is_dir() else ()


def open_tissue(folder: Path | str, arm: str) -> Tissue:
    """One arm of a run in space.

    Raises
    ------
    InputError
        The run has no positions, or no such arm.
    """
    import zarr

    store = Path(folder) / STORE
    known = arms_of(folder)
    if not known:
        raise error(str(folder), f"`{Path(folder).name}` has no `{STORE}`",
                    "only a run with `fidelity: tissue` keeps where its cells are", "there is nothing to draw",
                    "run the model with a `domain` of kind tissue, gel, monolayer or box")
    if arm not in known:
        raise error(str(store), f"there is no arm `{arm}` in this run", "an arm goes by its name in the model",
                    "there is nothing to draw", nearest(arm, known))
    group = zarr.open_group(store / arm, mode="r", zarr_format=3, use_consolidated=False)
    said = (group.attrs.get("type"), group.attrs.get("version"))
    if said != (TYPE, 1):
        raise error(str(store / arm), f"it calls itself `{said[0]}`, version {said[1]}",
                    f"this vesica reads `{TYPE}`, version 1", "its numbers could be taken for something else",
                    "use the vesica that wrote it, or run the model again")
    return Tissue(store, arm, group)


def frame_at(times: Array, wanted: float | None) -> int:
    """Index of the time next to ``wanted`` s; the last one for None."""
    return int(times.size - 1) if wanted is None else int(np.argmin(np.abs(times - wanted)))
