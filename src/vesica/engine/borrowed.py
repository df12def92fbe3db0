"""Arrays that compiled functions pass around without counting references.

Each call of a function with arrays counts them up and down, atomically: for short functions with many arrays that costs
more than what they do. A borrowed array is not counted, so whoever lends it must keep it: use it for arguments that
Python holds during the call, never for an array made in a compiled function.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.cgutils import get_null_value
from numba.extending import intrinsic


@intrinsic
def borrowed(_context: Any, array: types.Array) -> Any:
    """The same array, uncounted; only in compiled functions."""

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        found = context.make_array(array)(context, builder, values[0])
        found.meminfo = get_null_value(found.meminfo.type)
        found.parent = get_null_value(found.parent.type)
        return found._getvalue()

    return array(array), build


@intrinsic
def pointer(_context: Any, array: types.Array) -> Any:
    """The first element of an array in C order: it is read and written by index, and knows no size.

    It costs a function one word, not seven, and nothing is counted; whoever makes it keeps the array.
    """
    if not isinstance(array, types.Array) or array.layout != "C":
        return None

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return context.make_array(array)(context, builder, values[0]).data

    return types.CPointer(array.dtype)(array), build


@intrinsic
def shift(_context: Any, base: types.CPointer, _places: types.Integer) -> Any:
    """The pointer so many places on."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.gep(values[0], [values[1]])

    return base(base, types.int64), build
