"""What both schemes share: the parts of a field's equation, and the work of one step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.transport.flow import Advection
from vesica.transport.grid import Array, Grid
from vesica.transport.liquid import Exchange, Liquid, Uptake
from vesica.transport.stencil import Diffusion
from vesica.transport.tally import Tally

Field = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What cells and the background do during a step, all constant.

    Parameters
    ----------
    source : (cell,) amount/s
    uptake : Uptake or None
    background : (z, y, x) amount/um^3 of liquid/s, or None
    """

    source: Array
    uptake: Uptake | None
    background: Field | None

    @property
    def local(self) -> Field | None:
        """(z, y, x) 1/s, where cells take all over a territory (`vesica.transport.arbors`), else nothing."""
        return getattr(self.uptake, "local", None)

    @property
    def is_local(self) -> bool:
        """Whether each voxel loses what is taken in it."""
        return self.local is not None

    def uptake_rates(self, samples: Array) -> Array:
        """Amount/s into each cell."""
        return np.zeros(samples.size) if self.uptake is None else self.uptake.rates(samples)


class Scheme(Protocol):
    """One way to step."""

    longest_step: float

    def begin(self, density: Field, task: Task) -> None:
        """Look at a state from which a step is to go."""
        ...

    def step(self, density: Field, out: Field, duration: float, task: Task) -> Tally:
        """Try a step into ``out``; `begin` has seen ``density``."""
        ...


class Parts:
    """Diffusion, flow and cells of one field."""

    def __init__(self, grid: Grid, liquid: Liquid, kernel: Exchange | None) -> None:
        self.grid, self.liquid, self.kernel = grid, liquid, kernel
        self.diffusion = Diffusion(grid, liquid)
        self.flow = Advection(grid, liquid) if liquid.flows else None
        self.longest_step = np.inf if self.flow is None else self.flow.longest_step

    @property
    def cells(self) -> int:
        """Number of cells."""
        return 0 if self.kernel is None else self.kernel.cells

    def sample(self, density: Field) -> Array:
        """Concentrations at cells, (cell,)."""
        return np.zeros(0) if self.kernel is None else self.kernel.sample(density)

    def spread(self, amounts: Array, out: Field) -> None:
        """Add amounts of cells per volume of voxel."""
        if self.kernel is not None:
            self.kernel.spread(amounts / self.grid.voxel_volume, out)

    def take(self, task: Task, density: Field, factor: float, out: Field) -> None:
        """Add ``factor`` times what cells take per time and volume of space, from their weights or where they are."""
        if task.local is not None:
            out += factor * task.local * density
        elif task.uptake is not None:
            self.spread(factor * task.uptake_rates(self.sample(density)), out)

    def steepest(self, task: Task) -> float:
        """1/s: largest rate at which cells empty what they take from."""
        return 0.0 if task.uptake is None else task.uptake.largest_loss

    def given(self, task: Task) -> float:
        """Amount/s that cells and the background give."""
        back = 0.0 if task.background is None else self.diffusion.amount(task.background)
        return float(task.source.sum()) + back


def scale_of(start: Array, end: Array, field: Field) -> float:
    """Largest sample at the ends of a step, or density where there are no cells."""
    if start.size == 0:
        low, high = extremes(field)
        return max(-float(low), float(high))
    return max(float(np.abs(start).max()), float(np.abs(end).max()))


_LOCK = threading.Lock()
_POOL: list[Field] = []
_KEPT: Final = 24  # arrays kept, of one size


@contextmanager
def work_arrays(grid: Grid, dtype: Any, count: int) -> Iterator[list[Field]]:
    """Arrays of the size of a field, kept for the next one; what the caller takes out of the list is theirs."""
    with _LOCK:
        fitting = [array for array in _POOL if array.shape == grid.shape and array.dtype == dtype]
        taken = fitting[:count]
        _POOL[:] = fitting[count:]  # arrays of another grid are let go
    taken += [np.empty(grid.shape, dtype) for _ in range(count - len(taken))]
    try:
        yield taken
    finally:
        with _LOCK:
            _POOL.extend(taken[: _KEPT - len(_POOL)])


@njit(cache=True, nogil=True, error_model="numpy")
def extremes(field):  # noqa: ANN001, ANN201
    """Lowest and highest value; NaN if any value is not finite."""
    flat = field.ravel()
    low, high, check = flat[0], flat[0], 0.0
    for i in range(flat.size):
        low, high = min(low, flat[i]), max(high, flat[i])
        check += flat[i] * 0.0
    return low + check, high + check


@njit(cache=True, nogil=True, error_model="numpy")
def differ(a, b):  # noqa: ANN001, ANN201
    """Largest difference of two fields."""
    p, q = a.ravel(), b.ravel()
    most = 0.0
    for i in range(p.size):
        most = max(most, abs(p[i] - q[i]))
    return most
