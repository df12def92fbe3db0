"""Exponential Runge-Kutta of second order: diffusion and decay exact, what cells give and take inside the step.

With u' = L u + N(u), F = L u + N(u) and dt the step (ETDRK2; Cox & Matthews 2002 J Comput Phys 176:430)::

    a  = u + dt phi_1(L dt) F(u)
    u+ = a + dt phi_2(L dt) (N(a) - N(u))

L acts in its own eigenbasis (`vesica.transport.modes`), N where the cells are: four transforms a step. What cells take
evenly, kappa u, goes over from N to L, where it is exact: cells whose arbors overlap take almost evenly, and N holds
only how they differ. N is taken as linear in time between its two stages, so amounts captured and carried
are means of the stages, and what decays or leaves is the integral of the same curve: dt u + dt^2 phi_2 F + dt^2 phi_3
(N(a) - N(u)). With kappa the field bends where the mean of the stages does not; what cells took of the difference is
shared out among them as the rest. The balance closes to rounding.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from vesica.transport.grid import Array
from vesica.transport.modes import FIRST, SECOND, Marginals, Modes
from vesica.transport.scheme import Field, Parts, Task, differ, extremes, scale_of
from vesica.transport.stencil import wall_slice
from vesica.transport.tally import Tally

_EVEN: Final = 0.3  # share of what cells take that is the same everywhere, from which it goes over into L


class Exponential:
    """Steps of one field in a uniform liquid.

    Parameters
    ----------
    parts : Parts
    rate : work array of the field
    dtype : float64 or float32
    """

    def __init__(self, parts: Parts, dtype: Any) -> None:
        liquid = parts.liquid
        self._parts = parts
        self._modes = Modes(parts.grid, liquid.faces, liquid.diffusivity, liquid.decay, dtype)
        self._volume = parts.grid.voxel_volume * liquid.fraction
        self.longest_step = parts.longest_step
        self.work: list[Field] = []
        self._task: Task | None = None
        self._loss = 0.0

    def begin(self, density: Field, task: Task) -> None:
        """Rate of change at the start of a step, in the field and at the cells."""
        parts = self._parts
        self._samples = np.zeros(0) if task.is_local else parts.sample(density)
        self._rates = np.zeros(0) if task.is_local else task.uptake_rates(self._samples)
        if task is not self._task:
            self._task, self._loss = task, self._even_loss(task)
        parts.diffusion.rate(density, self.work[0])
        if task.background is not None:
            self.work[0] += task.background
        if task.is_local:
            parts.spread(task.source / parts.liquid.fraction, self.work[0])
            parts.take(task, density, -1.0 / parts.liquid.fraction, self.work[0])
        else:
            parts.spread((task.source - self._rates) / parts.liquid.fraction, self.work[0])
        self._carried = np.zeros(6) if parts.flow is None else parts.flow.add_rate(density, self.work[0])
        self._slopes = np.zeros(0) if task.is_local else parts.sample(self.work[0])

    def _even_loss(self, task: Task) -> float:
        """kappa, 1/s: what cells take over what voxels hold, as far as it is the same everywhere; 0 for a few cells."""
        parts = self._parts
        if task.uptake is None:
            return 0.0
        local = task.local
        if local is None:
            local = np.zeros(parts.grid.shape)
            parts.spread(task.uptake_rates(np.ones(parts.cells)), local)
        local = local / parts.liquid.fraction
        mean, square = float(local.mean()), float(np.vdot(local, local)) / local.size
        evenness = mean**2 / square if square > 0.0 else 0.0
        return evenness * mean if evenness > _EVEN else 0.0

    def step(self, density: Field, out: Field, duration: float, task: Task) -> Tally:
        """Try a step into ``out``, and be ready for the next one from there."""
        parts = self._parts
        start, slopes, rates, carried = self._samples, self._slopes, self._rates, self._carried
        tally = Tally.zero(parts.cells)
        loss = self._loss
        first = self._modes.apply(self.work[0], duration, FIRST, loss)
        np.add(density, self.work[0], out=out)
        integrals = [first]
        if task.uptake is None and parts.flow is None:
            self._account(tally, density, duration, task, integrals)
            self.begin(out, task)
            middle = self._samples
            tally.sampled += 0.5 * duration * (start + middle)
        else:
            middle = parts.sample(0.5 * (density + out) if task.is_local else out)
            then = task.uptake_rates(middle)
            grown = (0.0, 0.0)
            if task.is_local:  # the middle of both stages at once: nobody asks for each
                start, rates, grown = middle, then, extremes(self.work[0])
            before = differ(out, density) if parts.flow is not None else 0.0
            risen = float(self.work[0].sum(dtype=float)) if loss > 0.0 else 0.0
            carried = carried + self._second(density, out, then - rates, task)
            integrals.append(self._modes.apply(self.work[0], duration, SECOND, loss))
            np.add(out, self.work[0], out=out)
            added = extremes(self.work[0]) if task.is_local else grown
            after = float(np.abs(self.work[0]).max()) if parts.flow is not None else 0.0
            tally.captured += 0.5 * duration * (rates + then)
            taken = float(tally.captured.sum())
            if loss > 0.0 and taken > 0.0:  # nothing is taken from an empty field
                bent = sum(self._modes.total(part) for part in integrals) - 0.5 * duration * risen
                tally.captured *= 1.0 + loss * self._volume * bent / taken
            tally.sampled += 0.5 * duration * (start + middle)
            tally.left += 0.5 * duration * carried
            self._account(tally, density, duration, task, integrals)
            self.begin(out, task)
            if task.is_local:
                tally.error = _error_of(grown, added)
            else:
                tally.error = _error(start, middle, self._samples, duration * np.abs(slopes - self._slopes))
            if before > 0.0:
                tally.error = max(tally.error, after * min(1.0, after / before))
        tally.scale = scale_of(self._samples if task.is_local else start, self._samples, out)
        tally.least, tally.most = extremes(out)
        return tally

    def _second(self, density: Field, stage: Field, more: Array, task: Task) -> Array:
        """``N(stage) - N(density)`` into the work array, which holds ``stage - density``.

        Returns what the flow carries out at the stage.
        """
        parts, flow = self._parts, self._parts.flow
        if task.local is not None:  # what is taken more of each voxel goes with kappa
            self.work[0] *= task.local / parts.liquid.fraction - self._loss
        else:
            self.work[0] *= -self._loss
        carried = np.zeros(6)
        if flow is None:
            np.negative(self.work[0], out=self.work[0])
        else:
            flow.add_rate(density, self.work[0])
            np.negative(self.work[0], out=self.work[0])
            carried = flow.add_rate(stage, self.work[0])
        if not task.is_local:
            parts.spread(-more / parts.liquid.fraction, self.work[0])
        return carried

    def _account(self, tally: Tally, density: Field, duration: float, task: Task, integrals: list[Marginals]) -> None:
        """Amounts that decayed, left through walls and were given."""
        diffusion, modes = self._parts.diffusion, self._modes
        tally.deposited += duration * self._parts.given(task)
        if self._parts.liquid.decay > 0.0:
            total = duration * float(density.sum(dtype=float)) + sum(modes.total(part) for part in integrals)
            tally.decayed += self._parts.liquid.decay * self._volume * total
        for wall in range(6):
            if diffusion.leaks[wall]:
                axis, side = divmod(wall, 2)
                at = density[wall_slice(wall)]
                over = duration * (float(at.sum(dtype=float)) - diffusion.values[wall] * at.size)
                over += sum(modes.at_wall(part, axis, side) for part in integrals)
                tally.left[wall] += self._volume * float(diffusion.losses[wall].flat[0]) * over


def _error(start: Array, middle: Array, end: Array, bend: Array) -> float:
    """Estimate of the largest error of a sample at the end of a step, 1/um^3.

    The first stage misses what cells take of the change it makes; the second adds that, ``end - middle``, and misses
    what they take of this: its response, by the ratio of the two. A curved course between the stages adds the error of
    the trapezium, ``bend/12`` (slopes at the ends), or half the change where the course bends faster than the step.
    That error of the mean sample is the error of what is captured in the step, too, and counts a tenth.
    """
    if start.size == 0:
        return 0.0
    change, response = np.abs(middle - start), np.abs(end - middle)
    share = np.divide(response, change, out=np.zeros_like(change), where=change > 0.0)
    share = np.minimum(share, 1.0)
    curve = np.minimum(bend / 12.0, 0.5 * np.abs(end - start))
    return float(np.max(np.maximum(share * (response + curve), 0.1 * curve)))


def _error_of(grown: tuple[float, float], added: tuple[float, float]) -> float:
    """The same of a whole field, from the lowest and highest that the two stages add: ratio times response."""
    change, response = (max(-float(low), float(high)) for low, high in (grown, added))
    return response * min(1.0, response / change) + 0.02 * response if change > 0.0 else response
