"""What the sections read from: the summary, the run record and the series, all of which may be partial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vesica.errors import VesicaError
from vesica.report.numbers import is_number

Array = NDArray[np.float64]
COLOURS: Final = 7  # classes c0 ... c6 of the style sheet, after Okabe and Ito
DASHES: Final = (None, "7 3", "2 2.5")
MEDIUM: Final = "medium"  # stands where a cell type does
PER_PANEL: Final = 7  # arms that share one panel of lines


class ResultsLike(Protocol):
    """The part of an opened run folder that a report needs; ``vesica.results.Results`` is one."""

    @property
    def summary(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def run(self) -> Mapping[str, Any]: ...  # noqa: D102

    @property
    def data(self) -> Any: ...  # noqa: D102

    def series(  # noqa: D102
        self, arm: str, species: str, replicate: int = 0
    ) -> tuple[Array, Array]: ...


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> list[Any]:
    """The value as a list if it is one, else empty."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else []


def entries(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list."""
    return [row for row in rows(value) if isinstance(row, Mapping)]


def get(value: object, *keys: str) -> Any:
    """A nested value, or None where a step is missing."""
    for key in keys:
        value = mapping(value).get(key)
    return value


def positive(value: object) -> bool:
    """Whether a value is a number above zero."""
    return is_number(value) and float(value) > 0.0  # type: ignore[arg-type]


@dataclass(frozen=True)
class ArmStyle:
    """How one arm looks in every picture: its number, colour class and dash."""

    name: str
    number: int

    @property
    def css(self) -> str:
        """Colour class."""
        return f"c{(self.number - 1) % COLOURS}"

    @property
    def turn(self) -> int:
        """How often the colours were used up before."""
        return ((self.number - 1) // COLOURS) % len(DASHES)

    @property
    def dash(self) -> str | None:
        """Dash pattern of its lines."""
        return DASHES[self.turn]


@dataclass(frozen=True)
class Material:
    """A run, read with care: every accessor copes with what is not there."""

    results: ResultsLike

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """``summary.json``, empty for a run that has none yet."""
        try:
            return mapping(self.results.summary)
        except VesicaError:
            return {}

    @cached_property
    def run(self) -> Mapping[str, Any]:
        """``run.json``."""
        return mapping(self.results.run)

    @cached_property
    def arms(self) -> Mapping[str, Any]:
        """The arms, in the order of the model."""
        return {str(name): mapping(arm) for name, arm in mapping(self.summary.get("arms")).items()}

    @cached_property
    def styles(self) -> Mapping[str, ArmStyle]:
        """Look of each arm; depends on its place in the model only."""
        return {name: ArmStyle(name, number) for number, name in enumerate(self.arms, start=1)}

    @cached_property
    def cell_types(self) -> list[str]:
        """Cell types of all arms, in order of appearance."""
        found: dict[str, None] = {}
        for arm in self.arms.values():
            found.update(dict.fromkeys(map(str, mapping(arm.get("counts")))))
            found.update(dict.fromkeys(map(str, mapping(arm.get("cells")))))
        return list(found)

    @cached_property
    def origins(self) -> list[str]:
        """Classes of vesicles: cell types, and what else they shed."""
        return list(dict.fromkeys((*self.cell_types, *map(str, mapping(self.summary.get("size_law"))))))

    def signals(self, cell: str) -> list[str]:
        """Every level of a living cell that some arm has: plain signals, and what networks hold or compute."""
        found = (get(arm, "cells", cell, "signals") for arm in self.arms.values())
        return list(dict.fromkeys(str(name) for signals in found for name in mapping(signals)))

    def networks(self, cell: str) -> Mapping[str, Any]:
        """Networks of a cell type, by name."""
        return mapping(get(self.summary, "networks", cell))

    def network_levels(self, cell: str, key: str = "levels") -> list[str]:
        """Levels of all networks of a cell type; with the key ``outputs`` those that something outside reads."""
        return [str(name) for network in self.networks(cell).values() for name in rows(get(network, key))]

    def holds(self, arm: str, cell: str) -> bool:
        """Whether the arm has cells of this type; every arm has a medium."""
        if cell == MEDIUM:
            return True
        counts = self.arms[arm].get("counts")
        if isinstance(counts, Mapping):
            return positive(counts.get(cell))
        return cell in mapping(self.arms[arm].get("cells"))

    def arms_with(self, cell: str) -> list[str]:
        """Arms that hold cells of this type."""
        return [arm for arm in self.arms if self.holds(arm, cell)]

    def reference(self, arm: str, cell: str) -> str | None:
        """The arm that this one is compared with for a cell type, if any.

        The arm's own ``against``; else what a published direction compares it with. Where no arm
        of the run names its control: the first arm with these cells, one called control before others.
        """
        known = self.arms_with(cell)
        named = [self.arms[arm].get("against")]
        named += [
            row.get("against") for row in entries(self.summary.get("published")) if row.get("arm") == arm
        ]
        if not any(other.get("against") for other in self.arms.values()):
            named += [name for name in known if "control" in name.lower()] + known
        return next((str(name) for name in named if name in known), None)

    def groups(self, cell: str) -> list[list[str]]:
        """Arms with this cell type, few enough for one panel, each group with its reference.

        Arms are grouped with those that hold the same cell types; large groups are cut.
        """
        by_cells: dict[tuple[str, ...], list[str]] = {}
        for arm in self.arms_with(cell):
            key = tuple(other for other in self.cell_types if self.holds(arm, other))
            by_cells.setdefault(key, []).append(arm)
        out: list[list[str]] = []
        merged = [arm for members in by_cells.values() for arm in members]
        families = [merged] if len(merged) <= PER_PANEL else list(by_cells.values())
        for members in families:
            pieces = -(-len(members) // PER_PANEL)
            size = -(-len(members) // pieces)
            for start in range(0, len(members), size):
                piece = members[start : start + size]
                first = self.reference(piece[0], cell)
                out.append([first, *piece] if first and first not in piece and len(members) > size else piece)
        return out

    @cached_property
    def _units(self) -> Mapping[str, str]:
        try:
            data = self.results.data
            names, units = data["species"].values, data["unit"].values
            return dict(zip(map(str, names), map(str, units), strict=True))
        except (TypeError, KeyError, AttributeError, ValueError, VesicaError):
            return {}

    def unit(self, species: str) -> str:
        """Unit of a species, where the run says it."""
        return str(get(self.summary, "species", species, "unit") or self._units.get(species, ""))

    def label(self, species: str) -> str:
        """Name of a species for people: the part after the cell type."""
        name = species.split(".", 1)[-1]
        if name.lower().startswith(("mir_", "let_")):
            name = name.replace("_", "-")
        return str(get(self.summary, "species", species, "label") or name.replace("_", " "))

    def series(self, arm: str, species: str) -> tuple[Array, Array] | None:
        """Time (h) and values, or None where the run has none of them."""
        try:
            read = getattr(self.results, "mean_series", self.results.series)  # of all replicates, where there are some
            time, values = read(arm, species)
        except (KeyError, ValueError, IndexError, VesicaError):
            return None
        time, values = np.asarray(time, dtype=float), np.asarray(values, dtype=float)
        known = np.isfinite(time) & np.isfinite(values)
        if time.shape != values.shape or np.count_nonzero(known) < 2:
            return None
        return time, values

    def total(self, arm: str, cell: str, pool: str) -> tuple[Array, Array] | None:
        """``CELL.POOL:CLASS`` summed over the classes of vesicles that the run has."""
        found = [s for origin in self.origins if (s := self.series(arm, f"{cell}.{pool}:{origin}"))]
        if not found:
            return None
        values = np.array([values for _, values in found])
        missing = np.isnan(values).all(axis=0)
        return found[0][0], np.where(missing, np.nan, np.nansum(values, axis=0))
