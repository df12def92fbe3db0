"""All fields of an arm: their densities, and one step of all of them with what cells send and take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.tissue.chemistry import Chemistry
from vesica.transport.arbors import ArborUptake
from vesica.transport.conductance import Conductance
from vesica.transport.correction import NearPairs
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
    near : NearPairs, optional
        The same between cells that are near each other.
    is_arbor : bool
        Cells take all over their kernel, where their processes are; not through the surface of a sphere.
    """

    kernel: Kernel
    resistance: Array
    near: NearPairs | None = None
    is_arbor: bool = False


@dataclass(frozen=True)
class Law:
    """What a field does by itself.

    Parameters
    ----------
    stepper : FieldStepper
    counters : mapping of name to share
        Counters that get this share of what decays.
    freed : tuple of (field, share)
        Fields, by number, that get this share of what decays, at the same place.
    """

    stepper: FieldStepper
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
    fraction : volume fraction of the liquid, a number or (z, y, x)
    chemistry : reactions between fields, if there are any
    """

    def __init__(self, grid: Grid, names: Sequence[str], laws: Sequence[Law], exchange: Exchange,
                 fraction: float | Array, chemistry: Chemistry | None = None) -> None:
        self.grid, self.names, self.laws = grid, tuple(names), list(laws)
        self.exchange, self.fraction, self.chemistry = exchange, fraction, chemistry
        self.density = np.zeros((len(self.names), *grid.shape))
        self.counts = Counts()
        self.gained: dict[str, float] = {}
        self.uptakes: dict[int, Conductance | ArborUptake] = {}  # of the last step
        self._first = [k for k, law in enumerate(self.laws) if law.freed]
        self._second = [k for k in range(len(self.laws)) if k not in set(self._first)]

    def replace(self, name: str, law: Law) -> None:
        """From now on a field follows another law; how far its solver may step is kept."""
        k = self.names.index(name)
        law.stepper.step = self.laws[k].stepper.step
        self.laws[k] = law

    def meet(self, exchange: Exchange) -> None:
        """Cells have moved."""
        self.exchange = exchange
        for law in self.laws:
            law.stepper.move(exchange.kernel)

    def amounts(self) -> Array:
        """(field,) of the whole space."""
        return np.array([float((one * self.fraction).sum()) for one in self.density]) * self.grid.voxel_volume

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
        self._react(duration / 2.0)
        with ThreadPoolExecutor(THREADS) as pool:
            for group in (self._first, self._second):
                steps = pool.map(lambda k: self._one(k, duration, sent[k], taking[k], background.get(k)), group)
                for k, (step, back) in zip(group, steps, strict=True):
                    self._book(k, duration, step, background)
                    captured[k], around[k] = step.captured + back, step.sampled_mean
        self._react(duration / 2.0)
        return captured, around

    def _react(self, duration: float) -> None:
        if self.chemistry is None:
            return
        for name, gained in self.chemistry.advance(self.density, duration).items():
            amount = float((gained.reshape(self.grid.shape) * self.fraction).sum()) * self.grid.voxel_volume
            self.gained[name] = self.gained.get(name, 0.0) + amount

    def _one(self, k: int, duration: float, sent: Array, taking: Array, background: Array | None
             ) -> tuple[FieldStep, Array]:
        """One field; what a cell takes back of what it sends never gets away from its surface."""
        law = self.laws[k]
        if not taking.any():
            step = law.stepper.advance(self.density[k], duration, sent / duration, background=background,
                                       mean=bool(law.freed))
            return step, np.zeros_like(sent)
        uptake = self.uptakes[k] = self.uptake_of(law, taking)
        back = uptake.returned(sent)
        step = law.stepper.advance(self.density[k], duration, (sent - back) / duration, uptake, background=background,
                                   mean=bool(law.freed))
        return step, back

    def uptake_of(self, law: Law, taking: Array) -> Conductance | ArborUptake:
        """What cells take of a field, of the rates (cell,) um^3/s at their surface."""
        exchange = self.exchange
        if exchange.is_arbor:
            return ArborUptake(taking, self.grid, exchange.kernel, self.fraction)
        fraction = self.fraction if isinstance(self.fraction, float) else exchange.kernel.sample(self.fraction)
        spreads = law.stepper.liquid.diffusivity
        hidden = exchange.resistance / (fraction * spreads) if spreads > 0.0 else 0.0 * taking
        pairs = exchange.near.over(fraction * spreads, taking) if exchange.near else None
        return Conductance(taking, hidden, fraction * exchange.kernel.volumes, pairs)

    def _book(self, k: int, duration: float, step: FieldStep, background: dict[int, Array]) -> None:
        law = self.laws[k]
        if law.freed and step.mean_density is not None and step.decayed > 0.0:
            where = step.mean_density
            lost = where * (step.decayed / (float((where * self.fraction).sum()) * self.grid.voxel_volume * duration))
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

    def state(self) -> dict[str, Any]:
        """All that is needed to go on; `restore` takes it."""
        return {"density": self.density, "steps": [law.stepper.step for law in self.laws], "gained": self.gained,
                "counts": [self.counts.steps, self.counts.rejected]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.density[:] = state["density"]
        for law, step in zip(self.laws, state["steps"], strict=True):
            law.stepper.step = float(step)
        self.gained = {name: float(amount) for name, amount in state["gained"].items()}
        self.counts = Counts(*map(int, state["counts"]))
