"""Distributions that means hide: bursts, waiting times, copies, what single cells got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.whole.bursts import Bursts

Array = NDArray[np.float64]
Index = NDArray[np.int64]
HOUR: Final = 3600.0
BINS: Final = 40  # of what is not a whole number
NANOMETRES: Final = 5.0  # width of a bin of diameters
WIDEST: Final = 60  # whole numbers with more values than this are binned


@dataclass
class Counts:
    """How often each whole number 0, 1, 2 ... came."""

    counts: Index = field(default_factory=lambda: np.zeros(1, dtype=np.int64))

    def add(self, numbers: Index) -> None:
        """Count some more."""
        more = np.bincount(numbers, minlength=self.counts.size)
        more[: self.counts.size] += self.counts
        self.counts = more


@dataclass
class Tally:
    """What one replicate of one arm saw, by key; see docs/format.md for the keys."""

    whole: dict[str, Counts] = field(default_factory=dict)
    times: dict[str, list[Array]] = field(default_factory=dict)
    last_fusion: dict[str, Array] = field(default_factory=dict)

    def add(self, key: str, numbers: Index) -> None:
        """Whole numbers that came."""
        self.whole.setdefault(key, Counts()).add(np.asarray(numbers, dtype=np.int64))

    def add_bursts(self, cell: str, bursts: Bursts, start: float, number: int) -> None:
        """What ``number`` cells of a type set free in a window that began at ``start`` s."""
        self.add(f"{cell}.burst", bursts.released)
        self.add_fusions(cell, number, start + bursts.time, bursts.cell)
        sizes = np.diff(bursts.first)
        place = np.arange(bursts.diameter.size) - np.repeat(bursts.first[:-1], sizes)
        is_free = place < np.repeat(bursts.released, sizes)
        self.add_vesicles(cell, bursts.diameter[is_free], bursts.copies[is_free])

    def add_vesicles(self, origin: str, diameters: Array, copies: Index) -> None:
        """Vesicles that entered the medium: (vesicle,) um and (vesicle, cargo)."""
        self.add(f"{origin}.diameter", (diameters * (1e3 / NANOMETRES)).astype(np.int64))
        for column in range(copies.shape[1]):
            self.add(f"{origin}.copies/{column}", copies[:, column])

    def add_fusions(self, cell: str, number: int, times: Array, cells: Index) -> None:
        """Times s (absolute, sorted) at which cells (0 ... number - 1) fused an MVB: waits between two of one cell."""
        last = self.last_fusion.setdefault(cell, np.full(number, np.nan))
        order = np.lexsort((times, cells))
        times, cells = times[order], cells[order]
        is_first = np.ones(times.size, dtype=bool)
        is_first[1:] = cells[1:] != cells[:-1]
        before = np.concatenate([[np.nan], times[:-1]])
        before = np.where(is_first, last[cells], before)
        waits = (times - before) / HOUR
        self.times.setdefault(f"{cell}.waiting", []).append(waits[np.isfinite(waits)])
        last[cells] = times  # sorted: the last one stays


def of_whole(counts: Index, label: str, unit: str, what: str) -> dict[str, Any]:
    """A distribution of whole numbers."""
    numbers = np.arange(counts.size)
    total = int(counts.sum())
    mean = float(counts @ numbers / total) if total else None
    spread = float(counts @ (numbers - mean) ** 2 / (total - 1)) if mean is not None and total > 1 else None
    seen = np.flatnonzero(counts)
    found = {"label": label, "unit": unit, "what": what, "n": total, "mean": mean, "variance": spread}
    return found | {"values": seen.tolist(), "counts": counts[seen].tolist()}


def of_numbers(numbers: Array, label: str, unit: str, what: str, *, none: int | None = None,
               edges: Array | None = None) -> dict[str, Any]:
    """A distribution of other numbers, in bins where there are more than `BINS`; ``none`` of the cells have none."""
    found: dict[str, Any] = {"label": label, "unit": unit, "what": what, "n": int(numbers.size)}
    if none is not None:
        found["none"] = none
    if not numbers.size:
        return found | {"mean": None, "variance": None, "edges": [], "values": [], "counts": []}
    found |= {"mean": float(numbers.mean()), "variance": float(numbers.var(ddof=1)) if numbers.size > 1 else None}
    if numbers.size <= BINS:
        return found | {"edges": [], "values": np.sort(numbers).tolist(), "counts": [1] * numbers.size}
    edges = np.linspace(0.0, float(numbers.max()) or 1.0, BINS + 1) if edges is None else edges
    counts, edges = np.histogram(numbers, edges)
    return found | {"edges": edges.tolist(), "values": (0.5 * (edges[1:] + edges[:-1])).tolist(),
                    "counts": counts.tolist()}


def of_waits(numbers: Array, label: str, what: str) -> dict[str, Any]:
    """A distribution of waiting times (h) in bins of equal ratios: the short ones are as telling as the long."""
    edges = None
    if numbers.size > BINS:
        longest = float(numbers.max())
        edges = np.concatenate([[0.0], np.geomspace(min(float(numbers.mean()) / 100.0, longest / 2), longest, BINS)])
        edges[-1] = longest  # to the last bit
    return of_numbers(numbers, label, "h", what, edges=edges)


def waits(tally: Tally, key: str) -> Array:
    """(wait,) h of all that were seen."""
    found: Sequence[Array] = tally.times.get(key, [])
    return np.concatenate(found) if found else np.zeros(0)
