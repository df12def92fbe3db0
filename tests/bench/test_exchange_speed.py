"""Cells in voxels: time to meet a field, to find what voxels hide, and memory of a kernel."""

from __future__ import annotations

import time

import numpy as np
import pytest

from vesica.transport.correction import pair_resistance, self_resistance
from vesica.transport.grid import CLOSED, Grid
from vesica.transport.kernels import gaussian_kernel, width_for

pytestmark = pytest.mark.bench


def fastest(call: object, times: int = 5) -> float:
    """Least of the seconds of several calls."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        call()  # type: ignore[operator]
        taken.append(time.perf_counter() - begin)
    return min(taken)


@pytest.mark.parametrize(("h", "n"), [(10.0, 100), (5.0, 100)])
def test_a_hundred_thousand_cells_meet_a_field(h: float, n: int) -> None:
    """Floor: a multiplication and an addition for each weight, 0.1 ns of vectors, and its lines from memory."""
    cells = 100_000
    grid = Grid((n,) * 3, (h,) * 3)
    places = np.random.default_rng(1).uniform(0.0, n * h, (cells, 3))
    width = width_for(grid, np.full(cells, 5.0))
    made = fastest(lambda: gaussian_kernel(grid, places, width), 2)
    kernel = gaussian_kernel(grid, places, width)
    field, amounts = np.random.default_rng(2).uniform(size=grid.shape), np.ones(cells)
    kernel.sample(field)
    kernel.spread(amounts)
    work = float(kernel.count.astype(float).prod(axis=1).sum())
    taken = [fastest(lambda: kernel.sample(field)), fastest(lambda: kernel.spread(amounts, field))]
    size = sum(row.nbytes for row in kernel.rows) + kernel.first.nbytes + kernel.count.nbytes + kernel.order.nbytes
    print(f"{h:g} um: kernel {made * 1e6 / cells:.2f} us and {size / cells:.0f} bytes a cell; "
          f"sample {taken[0] / cells * 1e9:.0f}, spread {taken[1] / cells * 1e9:.0f} ns a cell, "
          f"{taken[0] / work * 1e9:.2f} and {taken[1] / work * 1e9:.2f} ns a weight")
    assert max(taken) / work < 2e-8


def test_what_voxels_hide_from_a_hundred_thousand_cells() -> None:
    grid, cells = Grid((100, 100, 40), (10.0,) * 3), 100_000
    places = np.random.default_rng(1).uniform(0.0, 1.0, (cells, 3)) * [1000.0, 1000.0, 400.0]
    width = width_for(grid, np.full(cells, 5.0))
    self_resistance(grid, CLOSED, places[:10], width[:10], 5.0)
    own = fastest(lambda: self_resistance(grid, CLOSED, places, width, 5.0), 1)
    begin = time.perf_counter()
    pairs = pair_resistance(grid, CLOSED, places, width, 5.0).nnz // 2
    near = time.perf_counter() - begin
    print(f"self {own * 1e6 / cells:.1f} us a cell; pairs {near * 1e6 / pairs:.1f} us each, {pairs / cells:.1f} a cell")
    assert own < 20.0
    assert near < 60.0
