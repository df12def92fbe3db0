"""The functions of exponential integrators: phi_0 = exp, phi_(k+1)(z) = (phi_k(z) - 1/k!)/z, for z <= 0."""

from __future__ import annotations

import math
from typing import Final

from numba import njit

_NEAR: Final = 0.4  # below, the power series: 0.4^13/14! < 1e-16 of the first term
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = (1.0 / math.factorial(3 + k) for k in range(8))
_C8, _C9, _C10, _C11, _C12 = (1.0 / math.factorial(11 + k) for k in range(5))


@njit(cache=True, nogil=True, error_model="numpy")
def phis(z: float) -> tuple[float, float, float]:
    """phi_1, phi_2, phi_3 of a number, each to a few units in the last place.

    Far from 0 by expm1 and the recursion; near 0, where that cancels, phi_3 by its series and the others from it.
    """
    if abs(z) >= _NEAR:
        first = math.expm1(z) / z
        second = (first - 1.0) / z
        return first, second, (second - 0.5) / z
    third = _C8 + z * (_C9 + z * (_C10 + z * (_C11 + z * _C12)))
    third = _C4 + z * (_C5 + z * (_C6 + z * (_C7 + z * third)))
    third = _C0 + z * (_C1 + z * (_C2 + z * (_C3 + z * third)))
    second = 0.5 + z * third
    return 1.0 + z * second, second, third
