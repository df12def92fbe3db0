"""Bits of a word that compiled functions cannot reach otherwise."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic


@intrinsic
def ones(_context: Any, _word: types.Integer) -> Any:
    """How many bits of a uint64 are one; only in compiled functions."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.ctpop(values[0])

    return types.int64(types.uint64), build
