"""Borrowed arrays are the arrays themselves, uncounted."""

from __future__ import annotations

import sys

import numpy as np
from numba import njit

from vesica.engine.borrowed import borrowed


@njit
def _double(values: np.ndarray) -> int:
    lent = borrowed(values)
    for k in range(lent.shape[0]):
        lent[k] *= 2
    return lent[1:].size


def test_a_borrowed_array_is_written_through_and_its_owner_keeps_it() -> None:
    values = np.arange(4)
    assert _double(values) == 3
    assert values.tolist() == [0, 2, 4, 6]
    owners = sys.getrefcount(values)
    for _ in range(100):
        _double(values)
    assert sys.getrefcount(values) == owners
