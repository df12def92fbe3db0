"""Count tables of known truth for the tests of cargo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vesica.readers.counts import CountTable, hairpins
from vesica.readers.records import frozen
from vesica.readers.text import Provenance


def table(
    counts: NDArray[np.float64], ids: tuple[str, ...] | None = None, name: str = "sample"
) -> CountTable:
    """A count table of an array (row, sample)."""
    ids = ids or tuple(f"gene{row}" for row in range(len(counts)))
    samples = tuple(f"{name}_{place}" for place in range(counts.shape[1]))
    return CountTable(
        ids, samples, frozen(counts), hairpins(ids), Provenance("table.csv", "count table", "", "utf-8")
    )


def negative_binomial(
    rng: np.random.Generator, mean: NDArray[np.float64], dispersion: float
) -> NDArray[np.float64]:
    """Counts with variance mean + dispersion mean^2."""
    if dispersion == 0:
        return rng.poisson(mean).astype(float)
    return rng.poisson(rng.gamma(1 / dispersion, mean * dispersion)).astype(float)


def write(path: Path, ids: tuple[str, ...], samples: tuple[str, ...], counts: NDArray[np.float64]) -> Path:
    """A csv as read by `read_counts`."""
    lines = ["name," + ",".join(samples)]
    lines += [
        name + "," + ",".join(f"{value:.0f}" for value in row) for name, row in zip(ids, counts, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
