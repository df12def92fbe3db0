"""Histograms of whole-number runs, pooled over replicates, and what is said of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.numbers import cells_named, number, percent
from vesica.spec.vocabulary import EXOSOME, KIND_LABELS, kind_of, sender_of

Array = NDArray[np.float64]
MOST_BARS: Final = 200  # a histogram of more values is thinned for the summary
COUNTED: Final = ("vesicle", "molecule")


def binomial_interval(hits: int, count: int) -> tuple[float, float]:
    """Exact 95 % interval of a share (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    low = float(beta.ppf(0.025, hits, count - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(0.975, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


class Pool:
    """One histogram, pooled: notes of rows go in, the entry of the summary comes out."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._counts: dict[float, int] = {}
        self._none = self._count = 0
        self._sum = self._squares = 0.0
        self._about: Mapping[str, Any] = {}

    def add(self, entry: Mapping[str, Any]) -> None:
        """Pool one row's histogram; ``mean`` and ``variance`` are those before binning, where it has them."""
        values = np.asarray(entry["values"], dtype=float)
        counts = np.asarray(entry["counts"], dtype=np.int64)
        self._about = self._about or entry
        self._none += int(entry.get("none") or 0)
        for value, seen in zip(values.tolist(), counts.tolist(), strict=True):
            if seen:
                self._counts[value] = self._counts.get(value, 0) + seen
        if count := int(counts.sum()):
            mean, variance = entry.get("mean"), entry.get("variance")
            mean = float(values @ counts) / count if mean is None else float(mean)
            variance = float(counts @ (values - mean) ** 2) / count if variance is None else float(variance)
            self._count += count
            self._sum += count * mean
            self._squares += count * (variance + mean * mean)

    def entry(self) -> dict[str, Any]:
        """Size, mean, spread, quantiles, share with at least one; the histogram, thinned if it is long."""
        values = np.array(sorted(self._counts))
        counts = np.array([self._counts[value] for value in values.tolist()], dtype=np.int64)
        found = {name: self._about.get(name) for name in ("label", "unit", "what")}
        found |= {"n": self._count, "none": self._none, **self._moments(), **_quantiles(values, counts)}
        found |= self._share(values, counts)
        shown, heights = thinned(values, counts)
        found |= {"values": shown.tolist(), "counts": heights.tolist()}
        return found | ({"law": self._about["law"]} if "law" in self._about else {})

    def _moments(self) -> dict[str, float | None]:
        if not self._count:
            return {"mean": None, "sd": None, "fano": None}
        mean = self._sum / self._count
        variance = max(0.0, self._squares / self._count - mean * mean)
        sd = math.sqrt(variance * self._count / (self._count - 1)) if self._count > 1 else None
        is_counted = self._about.get("unit") in COUNTED  # of a rate or a time the ratio would hang on the unit
        return {"mean": mean, "sd": sd, "fano": variance / mean if mean > 0 and is_counted else None}

    def _share(self, values: Array, counts: NDArray[np.int64]) -> dict[str, Any]:
        """How many have at least one, for copies; how many it ever happened to, for first times."""
        kind = self.key.rpartition(".")[2].partition("/")[0]
        if kind not in ("copies", "received", "first_uptake", "first_copy"):
            return {}
        total = self._count + self._none
        hits = self._count if kind.startswith("first") else int(counts[values > 0].sum())
        if not total:
            return {"at_least_one": None}
        low, high = binomial_interval(hits, total)
        found = {"at_least_one": {"share": hits / total, "low": low, "high": high, "count": hits, "of": total}}
        if kind == "first_copy":  # the sentence is that of `received`
            return found
        return found | {"words": _words(self.key, kind, hits, total, low, high)}


def _quantiles(values: Array, counts: NDArray[np.int64]) -> dict[str, float | None]:
    """The smallest value that at least this share does not exceed."""
    shares = {"median": 0.5, "q05": 0.05, "q95": 0.95}
    if not counts.size:
        return dict.fromkeys(shares)
    below = np.cumsum(counts)
    return {name: float(values[np.searchsorted(below, share * below[-1] - 1e-9)]) for name, share in shares.items()}


def thinned(values: Array, counts: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """At most `MOST_BARS` bars: neighbours of one of equal steps are put together, at their mean."""
    if values.size <= MOST_BARS:
        return values, counts
    step = (values[-1] - values[0]) / MOST_BARS
    place = np.minimum(((values - values[0]) / step).astype(int), MOST_BARS - 1)
    heights = np.bincount(place, counts, MOST_BARS)
    sums = np.bincount(place, counts * values, MOST_BARS)
    kept = heights > 0
    return sums[kept] / heights[kept], heights[kept].astype(np.int64)


def vesicles_named(origin: str) -> str:
    """A class of vesicles in words: ``EVs of astrocytes``, ``microvesicles of microglia``."""
    kind = kind_of(origin)
    return f"{'EVs' if kind == EXOSOME else KIND_LABELS[kind]} of {cells_named(sender_of(origin))}"


def _words(key: str, kind: str, hits: int, total: int, low: float, high: float) -> str:
    """A sentence for the bench: how many have one, as a share and as one in so many."""
    owner, _, cargo = key.partition("/")
    owner, molecule = owner.rpartition(".")[0], cargo.replace("_", "-")
    cells = cells_named(owner)
    have = {"copies": f"{vesicles_named(owner)} carry at least one copy of {molecule}",
            "received": f"{cells} got at least one copy of {molecule}",
            "first_uptake": f"{cells} took up a vesicle"}[kind]
    if hits == 0:
        return f"None of {total:,} {have} (95 % interval up to {percent(high)})."
    odds = f", 1 in {number(total / hits)}" if hits < total / 2 else ""
    return f"{percent(hits / total)} of {have}{odds} (95 % interval {percent(low)} to {percent(high)}; {total:,} seen)."
