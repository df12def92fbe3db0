"""One arm of a run in space as plain arrays, one time at a time: what the analysis and the pictures read."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.tissue.names import field_label
from vesica.errors import error, nearest
from vesica.results import TissueResults, open_tissue
from vesica.results.tissue import arms_in_space
from vesica.results.tissue_layout import STORE

if TYPE_CHECKING:
    from scipy import sparse

Array = NDArray[np.float64]
AXES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Named:
    """A quantity of cells, or a species of the fields: its unit and its name for people."""

    unit: str
    label: str


@dataclass(frozen=True, eq=False)
class Tissue:
    """Cells and fields of one arm.

    Lengths um, times s, densities 1/um^3 of liquid; columns of positions are x, y, z, fields are (z, y, x). Times are
    counted from 0 as ``frame``.
    """

    kept: TissueResults
    _frames: dict[int, Mapping[str, NDArray[np.float32]]] = field(default_factory=dict, repr=False)
    _courses: dict[str, Array] = field(default_factory=dict, repr=False)

    @property
    def arm(self) -> str:
        """Name of the arm."""
        return self.kept.arm

    @property
    def title(self) -> str:
        """Of the model, where the arm says it."""
        return str(self.kept.attributes.get("title") or "")

    @functools.cached_property
    def size(self) -> tuple[float, float, float]:
        """Of the box along x, y, z."""
        x, y, z = self.kept.attributes["size"]
        return float(x), float(y), float(z)

    @functools.cached_property
    def voxels(self) -> tuple[int, int, int]:
        """Along x, y, z."""
        x, y, z = self.kept.attributes["voxels"]
        return int(x), int(y), int(z)

    @property
    def periodic(self) -> tuple[bool, ...]:
        """Whether the walls along x, y, z repeat."""
        return tuple(any(wall.get("kind") == "periodic" for wall in pair) for pair in self.kept.attributes["walls"])

    @functools.cached_property
    def states(self) -> frozenset[str]:
        """Quantities that are shares of cells in a phenotype."""
        chains = self.kept.attributes.get("phenotypes", {})
        return frozenset(state for by in chains.values() for states in by.values() for state in states)

    @property
    def run(self) -> Mapping[str, Any]:
        """Steps, rejected steps, seconds; empty while the arm is under way."""
        return self.kept.run or {}

    @property
    def ids(self) -> tuple[str, ...]:
        """(cell,)."""
        return self.kept.ids

    @functools.cached_property
    def types(self) -> NDArray[np.str_]:
        """(cell,)."""
        return np.array(self.kept.types, dtype=str)

    @functools.cached_property
    def counts(self) -> dict[str, int]:
        """Cells of each type, in the order of first appearance."""
        names, counts = np.unique(self.types, return_counts=True)
        known = dict(zip(names.tolist(), counts.tolist(), strict=True))
        return {one: known[one] for one in dict.fromkeys(self.kept.types)}

    @property
    def radius(self) -> Array:
        """(cell,) um."""
        return self.kept.radius

    @property
    def cell_times(self) -> Array:
        """(cell_time,) s that were reached."""
        return self.kept.times

    @property
    def field_times(self) -> Array:
        """(field_time,) s that were reached."""
        return self.kept.field_times

    @functools.cached_property
    def quantities(self) -> dict[str, Named]:
        """What is known of cells, by name."""
        return {name: Named(self.kept.unit(name), self.kept.label(name)) for name in self.kept.quantities}

    @functools.cached_property
    def species(self) -> dict[str, Named]:
        """What fields there are, by name."""
        return {name: Named(self.kept.unit(name), _in_words(name, self.kept.label(name))) for name in self.kept.species}

    @functools.cached_property
    def centres(self) -> tuple[Array, Array, Array]:
        """Middles of the voxels along x, y, z, um."""
        x, y, z = ((np.arange(n) + 0.5) * length / n for n, length in zip(self.voxels, self.size, strict=True))
        return x, y, z

    def positions(self, frame: int = 0) -> Array:
        """(cell, 3) um at a time of the cells."""
        return np.asarray(self.kept.positions(float(self.cell_times[frame])), dtype=float)

    def values(self, name: str, frame: int) -> Array:
        """(cell,) of a quantity at a time of the cells; NaN where a type has none.

        Raises
        ------
        InputError
            There is no such quantity, or its chunk is damaged.
        """
        if name not in self.quantities:
            raise self._unknown("quantity", name, self.quantities)
        if frame not in self._frames:  # one chunk holds all quantities of a time
            self._frames.clear()
            self._frames[frame] = self.kept.cells(float(self.cell_times[frame]))
        return np.asarray(self._frames[frame][name], dtype=float)

    def course(self, name: str) -> Array:
        """(cell_time, cell) of a quantity."""
        if name not in self._courses:
            self.read_courses([name])
        return self._courses[name]

    def read_courses(self, names: Iterable[str]) -> None:
        """Read the courses of several quantities in one go, to be asked for later."""
        wanted = [name for name in dict.fromkeys(names) if name in self.quantities and name not in self._courses]
        rows = [[self.values(name, frame) for name in wanted] for frame in range(self.cell_times.size)]
        for place, name in enumerate(wanted):
            self._courses[name] = np.stack([row[place] for row in rows])

    def density(self, name: str, frame: int) -> Array:
        """(z, y, x) of a species at a time of the fields, 1/um^3 of liquid.

        Raises
        ------
        InputError
            There is no such field, or its chunk is damaged.
        """
        if name not in self.species:
            raise self._unknown("field", name, self.species)
        return np.asarray(self.kept.field(name, float(self.field_times[frame])), dtype=float)

    @property
    def transfer(self) -> sparse.csr_array | None:
        """Vesicles from each cell (row) to each cell (column); None where pairs were not followed."""
        return self.kept.transfer

    def _unknown(self, what: str, name: str, known: Iterable[str]) -> Exception:
        return error(str(self.kept.path), f"there is no {what} `{name}` in arm `{self.arm}`",
                     f"numbers go by the name of the {what}", "there is nothing to show", nearest(name, known))


def _in_words(name: str, label: str) -> str:
    return label if label not in {"", name} else field_label(name)


def has_tissue(folder: Path | str) -> bool:
    """Whether a run folder holds cells with positions."""
    return (Path(folder) / STORE).is_dir()


def tissues_of(folder: Path | str, arms: Iterable[str] = ()) -> dict[str, Tissue]:
    """Arms in space of a run that have stored some cells, by name; those that are named, or all.

    Raises
    ------
    InputError
        The run has none, or no such arm, or one of those that are named has stored nothing yet.
    """
    chosen = tuple(arms)
    known = chosen or tuple(arms_in_space(folder))
    if not known:
        raise error(str(folder), f"`{Path(folder).name}` holds no cells with positions",
                    "only a run with `fidelity: tissue` keeps where its cells are", "there is nothing to draw",
                    "run a model whose `domain` is of kind tissue, gel, monolayer or box, with `fidelity: tissue`")
    found = {arm: Tissue(open_tissue(folder, arm)) for arm in known}
    begun = {arm: one for arm, one in found.items() if one.cell_times.size}
    missing = [arm for arm in (chosen or known[:1]) if arm not in begun]
    if missing and (chosen or not begun):
        raise error(str(folder), f"arm `{missing[0]}` has stored no cells yet", "pictures are of what was stored",
                    "there is nothing to draw", "go on with the run: `vesica run MODEL --out DIR --resume`")
    return begun


def frame_at(times: Array, wanted: float | None) -> int:
    """Index of the time next to ``wanted`` s; the last one for None."""
    return int(times.size - 1) if wanted is None else int(np.argmin(np.abs(times - wanted)))
