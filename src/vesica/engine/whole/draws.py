"""Random numbers for arrays, one stream after another number."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.counters import binomial, poisson

Array = NDArray[np.float64]
Words = NDArray[np.uint64]


@njit(cache=True, nogil=True, error_model="numpy")
def binomials(stream: Words, numbers: Array, chances: Array) -> Array:
    """(n,) how many of each number do what each does with its chance."""
    found = np.empty(numbers.size)
    for k in range(numbers.size):
        found[k] = binomial(stream, float(numbers[k]), chances[k])
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def poissons(stream: Words, means: Array) -> Array:
    """(n,) Poisson numbers."""
    found = np.empty(means.size)
    for k in range(means.size):
        found[k] = poisson(stream, means[k])
    return found
