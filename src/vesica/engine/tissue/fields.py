"""All fields of an arm: their densities, and one step of all of them with what cells send and take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.transport.conductance import Conductance
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
    diffusivity : um^2/s
        That of the stepper.
    counters : mapping of name to share
        Counters that get this share of what decays.
    freed : tuple of (field, share)
        Fields, by number, that get this share of what decays, at the same place.
    """

    stepper: FieldStepper
    diffusivity: float
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
        self.grid, self.names, self.laws = grid, tuple(names), tuple(laws)
        self.exchange, self.fraction = exchange, fraction
        self.density = np.zeros((len(self.names), *grid.shape))
        self.counts = Counts()
        self.gained: dict[str, float] = {}
        self._first = [k for k, law in enumerate(self.laws) if law.freed]
        self._second = [k for k in range(len(self.laws)) if k not in set(self._first)]

    def amounts(self) -> Array:
        """(field,) of the whole space."""
        return self.density.sum(axis=(1, 2, 3)) * (self.fraction * self.grid.voxel_volume)

    def around(self) -> Array:
        """(field, cell) what cells find around them, per um^3 of liquid."""
        found = np.zeros((len(self.names), self.exchange.kernel.cells))
        for k, one in enumerate(self.density):
            found[k] = self.exchange.kernel.sample(one)
        return found

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
        law, exchange = self.laws[k], self.exchange
        hidden = exchange.resistance / (self.fraction * law.diffusivity) if law.diffusivity > 0.0 else 0.0 * taking
        uptake = Conductance(taking, hidden, self.fraction * exchange.kernel.volumes)
        back = uptake.conductance * hidden * sent
        step = law.stepper.advance(self.density[k], duration, (sent - back) / duration, uptake, background=background)
        return step, back

    def _book(self, k: int, duration: float, step: FieldStep, background: dict[int, Array]) -> None:
        law = self.laws[k]
        if law.freed and step.decayed > 0.0:  # where it decayed: to second order along the mean of both ends
            where = self.density[k] + step.density
            per_volume = step.decayed / (self.fraction * self.grid.voxel_volume * duration)
            lost = where * (per_volume / where.sum())
            for to, share in law.freed:
                background[to] = background.get(to, 0.0) + share * lost
        self.density[k] = step.density
        self.counts.steps += step.steps
        self.counts.rejected += step.rejected
        for name, share in law.counters.items():
            self.gained[name] = self.gained.get(name, 0.0) + share * step.decayed
        through = float(np.sum(step.left))
        if through:
            name = f"left:{self.names[k]}"
            self.gained[name] = self.gained.get(name, 0.0) + through
