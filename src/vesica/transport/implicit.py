"""Implicit Runge-Kutta of second order, L-stable: for cells that take faster than liquid brings, and uneven liquid.

Two stages with gamma = 1 - 1/sqrt(2), flow by the explicit partner (ARS(2,2,2); Ascher, Ruuth & Spiteri 1997 Appl
Numer Math 25:151). With M = alpha, G the symmetric rate of diffusion, decay and uptake times alpha, c what is given and
f the flow::

    M x2 = M u + dt gamma (G x2 + c)                               + dt gamma f(u)
    M x3 = M u + dt (1 - gamma) (G x2 + c) + dt gamma (G x3 + c)   + dt (delta f(u) + (1 - delta) f(x2))

Each by conjugate gradients, preconditioned with the solution without cells in a uniform liquid (two transforms). What
an iteration leaves over is added at the end, so that amounts by the stages close to rounding, whatever its tolerance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vesica.errors import Finding, RunFault
from vesica.transport.grid import Array
from vesica.transport.modes import INVERSE, Modes
from vesica.transport.scheme import Field, Parts, Task, extremes, scale_of
from vesica.transport.tally import Tally

GAMMA: Final = 1.0 - 1.0 / math.sqrt(2.0)
DELTA: Final = 1.0 - 1.0 / (2.0 * GAMMA)
_SHARE: Final = 0.02  # of the tolerance that an iteration may leave
_ITERATIONS: Final = 400


class Implicit:
    """Steps of one field in any liquid, float64.

    Parameters
    ----------
    parts : Parts
    tolerance : 1, of the stepper
    """

    def __init__(self, parts: Parts, tolerance: float) -> None:
        liquid, self._parts = parts.liquid, parts
        self._alpha = parts.diffusion.fraction
        self._root = np.sqrt(self._alpha)
        weight = 1.0 if liquid.relative_diffusivity is None else float(
            np.mean(self._alpha * liquid.relative_diffusivity) / np.mean(self._alpha))
        self._modes = Modes(parts.grid, liquid.faces, liquid.diffusivity * weight, liquid.decay)
        self._stop = _SHARE * tolerance
        self.longest_step = parts.longest_step
        self.work: list[Field] = []
        self.iterations = 0

    def begin(self, density: Field, task: Task) -> None:
        """What cells sample at the start."""
        self._samples = self._parts.sample(density)

    def step(self, density: Field, out: Field, duration: float, task: Task) -> Tally:
        """Try a step into ``out``."""
        parts, inner = self._parts, GAMMA * duration
        given, known, middle, change, *spare = self.work
        tally = Tally.zero(parts.cells)
        self._given(given, task, spare[0])
        given *= inner
        np.multiply(self._alpha, density, out=known)
        known += given
        carried = self._flow(density, known, inner, spare[0])
        middle[:] = density
        left_over = self._solve(middle, known, inner, task, spare)
        # change = dt gamma (G x2 + c), as x2 and what is left over say
        np.multiply(self._alpha, middle, out=change)
        change += left_over
        change -= known
        change += given
        np.multiply(self._alpha, density, out=known)
        known += ((1.0 - GAMMA) / GAMMA) * change
        known += given
        self._flow(density, known, DELTA * duration, spare[0])
        self._tell(tally, middle, (1.0 - GAMMA) * duration, task)
        out[:] = middle
        then = self._flow(middle, known, (1.0 - DELTA) * duration, spare[0])
        if parts.flow is not None:
            tally.left += duration * (DELTA * carried + (1.0 - DELTA) * then)
        left_over = self._solve(out, known, inner, task, spare)
        self._tell(tally, out, inner, task)
        left_over /= self._alpha
        out += left_over
        tally.deposited += duration * parts.given(task)
        end = parts.sample(out)
        tally.error = self._error(out, end, known, given, change, inner)
        tally.scale = scale_of(self._samples, end, out)
        tally.least, tally.most = extremes(out)
        return tally

    def _given(self, out: Field, task: Task, spare: Field) -> None:
        """What walls, background and cells give, times alpha."""
        spare.fill(0.0)
        self._parts.diffusion.rate(spare, out)
        if task.background is not None:
            out += task.background
        out *= self._alpha
        self._parts.spread(task.source, out)

    def _flow(self, density: Field, known: Field, weight: float, spare: Field) -> Array:
        if self._parts.flow is None:
            return np.zeros(6)
        spare.fill(0.0)
        carried = self._parts.flow.add_rate(density, spare)
        spare *= self._alpha
        spare *= weight
        known += spare
        return carried

    def _tell(self, tally: Tally, stage: Field, weight: float, task: Task) -> None:
        samples = self._parts.sample(stage)
        tally.sampled += weight * samples
        tally.captured += weight * task.uptake_rates(samples)
        tally.decayed += weight * self._parts.liquid.decay * self._parts.diffusion.amount(stage)
        tally.left += weight * self._parts.diffusion.through_walls(stage, 1.0)

    def _apply(self, x: Field, out: Field, inner: float, task: Task) -> None:
        """``out = (M - dt gamma G) x``."""
        self._parts.diffusion.rate(x, out, gains=False)
        out *= -inner
        out += x
        out *= self._alpha
        if task.uptake is not None:
            if task.local is None:
                self._parts.spread(inner * task.uptake.rates(self._parts.sample(x)), out)
            else:
                out += inner * task.local * x

    def _precondition(self, residual: Field, out: Field, inner: float) -> None:
        np.divide(residual, self._root, out=out)
        self._modes.apply(out, inner, INVERSE)
        out /= self._root

    def _solve(self, x: Field, known: Field, inner: float, task: Task, spare: list[Field]) -> Field:
        """Solve for ``x`` from a first guess in it; returns what is left over, ``known - (M - dt gamma G) x``."""
        residual, better, way = spare
        self._apply(x, residual, inner, task)
        np.subtract(known, residual, out=residual)
        before = 0.0
        for k in range(_ITERATIONS):
            self._precondition(residual, better, inner)
            now = float(np.vdot(residual, better))
            if now == 0.0 or self._is_small(better, x):
                return residual
            if k == 0:
                way[:] = better
            else:
                way *= now / before
                way += better
            self._apply(way, better, inner, task)
            length = now / float(np.vdot(way, better))
            better *= length
            residual -= better
            np.multiply(way, length, out=better)
            x += better
            before = now
            self.iterations += 1
        raise RunFault(Finding(
            "error", "domain", f"an implicit step of a field did not end in {_ITERATIONS} iterations",
            "diffusion differs between voxels by less than a factor of a million", "the step cannot be taken",
            "make numbers of neighbouring regions more alike, or shut a region off by its walls"))

    def _is_small(self, correction: Field, x: Field) -> bool:
        """Whether a correction is within the share of the tolerance, of what cells sample (or of all there is)."""
        samples = self._parts.sample(x)
        scale = float(np.abs(samples).max()) if samples.size else float(np.abs(x).max())
        low, high = extremes(correction)
        return bool(max(-low, high) <= self._stop * scale)

    def _error(self, out: Field, samples: Array, known: Field, given: Field, change: Field, inner: float) -> float:
        """Estimate of the largest error of a sample.

        ``e = (M - dt gamma G)^-1 dt gamma (g3 - g2)``, cells left out, is ``0.207 dt^2 u''``, the error itself
        ``0.040 dt^3 u'''``. On the way to equilibrium the third difference is the square of the second over the first:
        ``0.94 e^2/change``, at most e.
        """
        np.subtract(known, given, out=known)
        np.multiply(self._alpha, out, out=given)
        given -= known  # dt gamma (G x3 + c), given = alpha out - (known - given)
        given -= change
        self._precondition(given, known, inner)
        if not samples.size:
            second = float(np.abs(known).max())
            np.divide(change, self._alpha, out=change)
            first = float(np.abs(change).max()) / GAMMA
            return second * min(1.0, second / first) if first > 0.0 else 0.0
        second_at = np.abs(self._parts.sample(known))
        first_at = np.abs(samples - self._samples)
        ratio = np.divide(second_at, first_at, out=np.ones_like(first_at), where=first_at > 0.0)
        return float(np.max(second_at * np.minimum(1.0, ratio)))
