"""Files of a recording: a column of times, and the fluorescence of one cell in each further column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vesica.instruments.files.tables import table
from vesica.instruments.nta_response import FloatArray


def write_traces(
    time: FloatArray, cells: Mapping[str, FloatArray], *, unit: str = "AU", remarks: Sequence[str] = ()
) -> bytes:
    """Traces as `readers.trace` reads: ``time`` (frame,) s, ``cells`` name -> (frame,) fluorescence."""
    columns = np.column_stack([time, *cells.values()])
    head = ("time (s)", *(f"{name} ({unit})" for name in cells))
    return table(head, (list(map(float, row)) for row in columns), remarks=remarks, digits=6)
