"""All fields of an arm: their densities, and one step of all of them with what cells send and take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.transport.correction import Conductance
from vesica.transport.fields import FieldStep, FieldStepper
from vesica.transport.grid import Grid
from vesica.transport.kernels import Kernel

Array = NDArray[np.float64]
THREADS: Final = 2


@dataclass(frozen=True)
class Exchange:
    """How cells and fields meet, the same for all fields.

    Parameters
    ----------
    kernel : Kernel
        Of all cells of the arm.
    resistance : (cell,) 1/um
        ``g = resistance/(alpha D*)`` is what the grid does not resolve of the way to a cell; see
        `vesica.transport.correction`.
    """

    kernel: Kernel
    resistance: Array


@dataclass(frozen=True)
class Law:
    """What a field does by itself.

    Parameters
    ----------
    stepper : FieldStepper
    decay : 1/s
        That of the stepper.
    counters : mapping of name to share
        Counters that get this share of what decays.
    freed : tuple of (field, share)
        Fields, by number, that get this share of what decays, at the same place.
    couples : bool
        Cells meet it through their surface; otherwise all over their arbor, and `resistance` does not count.
    """

    stepper: FieldStepper
    diffusivity: float
    decay: float = 0.0
    counters: Mapping[str, float] = field(default_factory=dict)
    freed: tuple[tuple[int, float], ...] = ()


@dataclass
class Counts:
    """What the solver did so far."""

    steps: int = 0
    rejected: int = 0


class Fields:
    """Densities (z, y, x), per um^3 of liquid, of all fields of an arm.

    Parameters
    ----------
    names : fields, in the order of all arrays
    laws : one for each
    fraction : volume fraction of the liquid
    """

    def __init__(self, grid: Grid, names: Sequence[str], laws: Sequence[Law], exchange: Exchange, fraction: float
                 ) -> None:
        self.grid, self.names, self.laws, self.exchange, self.fraction = grid, tuple(names), tuple(laws), exchange, fraction
        self.density = np.zeros((len(self.names), *grid.shape))
        self.counts = Counts()
        self.gained: dict[str, float] = {}
        self._first = [k for k, law in enumerate(self.laws) if law.freed]
        getting = {to for law in self.laws for to, _ in law.freed}
        if getting & set(self._first):
            msg = "a field that frees others is freed itself"
            raise ValueError(msg)
        self._second = [k for k in range(len(self.laws)) if k not in set(self._first)]

    def amounts(self) -> Array:
        """(field,) of the whole space."""
        return self.density.sum(axis=(1, 2, 3)) * (self.fraction * self.grid.voxel_volume)

    def around(self) -> Array:
        """(field, cell) what cells find around them, per um^3 of liquid."""
        return np.stack([self.exchange.kernel.sample(one) for one in self.density]) if len(self.names) else np.zeros(
            (0, self.exchange.kernel.cells))

    def advance(self, duration: float, sent: Array, taking: Array) -> tuple[Array, Array]:
        """One step of all fields.

        Parameters
        ----------
        duration : s
        sent : (field, cell)
            Amounts that cells send during the step.
        taking : (field, cell) um^3/s
            Rates at which cells take at their surface, per concentration there.

        Returns
        -------
        captured : (field, cell) amounts
        around : (field, cell) mean concentrations that cells found meanwhile
        """
        captured, around = np.zeros_like(sent), np.zeros_like(sent)
        background: dict[int, Array] = {}
        with ThreadPoolExecutor(THREADS) as pool:
            for group in (self._first, self._second):
                steps = pool.map(lambda k: self._one(k, duration, sent[k], taking[k], background.get(k)), group)
                for k, (step, back) in zip(group, steps, strict=True):
                    self._book(k, duration, step, background)
                    captured[k], around[k] = step.captured + back, step.sampled_mean
        return captured, around

    def _one(self, k: int, duration: float, sent: Array, taking: Array, background: Array | None
             ) -> tuple[FieldStep, Array]:
        """One field; what a cell takes back of what it sends never gets away from its surface."""
        law = self.laws[k]
        gap = self.exchange.resistance / (self.fraction * law.diffusivity) if law.diffusivity > 0.0 else np.zeros_like(
            self.exchange.resistance)
        conductance = Conductance(taking, gap)
        back = conductance.rates(gap * sent)
        step = law.stepper.advance(self.density[k], duration, (sent - back) / duration, conductance,
                                   background=background)
        return step, back

    def _book(self, k: int, duration: float, step: FieldStep, background: dict[int, Array]) -> None:
        law = self.laws[k]
        self.density[k] = step.density
        self.counts.steps += step.steps
        self.counts.rejected += step.rejected
        for name, share in law.counters.items():
            self.gained[name] = self.gained.get(name, 0.0) + share * step.decayed
        for to, share in law.freed:
            lost = share * law.decay * step.mean_density
            background[to] = background[to] + lost if to in background else lost
        through = float(np.sum(step.left))
        if through:
            self.gained[f"left:{self.names[k]}"] = self.gained.get(f"left:{self.names[k]}", 0.0) + through
