"""Files of a sequencing experiment: the count matrix, and the sheet of its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vesica.instruments.files.tables import table


def write_counts(names: Sequence[str], samples: Sequence[str], counts: NDArray[np.int64]) -> bytes:
    """Counts (kind, sample) with names in the first column, as `readers.counts` reads."""
    rows = ([name, *map(int, row)] for name, row in zip(names, counts, strict=True))
    return table(("small_RNA", *samples), rows)


def write_samples(sheet: Mapping[str, Mapping[str, str | float | int]]) -> bytes:
    """One line for each sample: its name and what is known of it."""
    heads = list(next(iter(sheet.values())))
    return table(("sample", *heads), ([name, *(row[head] for head in heads)] for name, row in sheet.items()))
