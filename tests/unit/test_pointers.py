"""Pointers of compiled functions, and bits of words."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from vesica.engine.bits import ones
from vesica.engine.borrowed import pointer, shift


@njit
def swap_rows(table):
    first = pointer(table)
    second = shift(first, table.shape[1])
    for i in range(table.shape[1]):
        first[i], second[i] = second[i], first[i]


@njit
def count(word):
    return ones(word)


def test_pointers_read_and_write_the_array_itself() -> None:
    table = np.arange(6.0).reshape(2, 3)
    swap_rows(table)
    assert table.tolist() == [[3.0, 4.0, 5.0], [0.0, 1.0, 2.0]]


def test_arrays_in_another_order_have_no_pointer() -> None:
    with pytest.raises(TypingError):
        swap_rows(np.asfortranarray(np.arange(6.0).reshape(2, 3)))


@pytest.mark.parametrize("word", [0, 1, 2**63, 2**64 - 1, 0x0F0F])
def test_ones(word: int) -> None:
    assert count(np.uint64(word)) == word.bit_count()
