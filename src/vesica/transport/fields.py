"""The field of one species in a tissue: diffusion, decay, flow, and cells that give and take, in one step.

``alpha dC/dt = div(alpha D* grad C) - div(q C) - alpha k C + S - U``: C per volume of liquid, S and U of cells.
Two schemes of second order do it, with the error estimated in every step: exponential (`vesica.transport.etd`), four
transforms whatever the step, and implicit (`vesica.transport.implicit`) where cells take faster than liquid brings or
voxels differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vesica.errors import Finding, RunFault
from vesica.transport.etd import Exponential
from vesica.transport.grid import Array, Grid
from vesica.transport.implicit import Implicit
from vesica.transport.liquid import Exchange, Liquid, Uptake, check_liquid
from vesica.transport.mean import Course, mean_density
from vesica.transport.scheme import Field, Parts, Scheme, Task, work_arrays
from vesica.transport.tally import Tally

__all__ = ["FieldStep", "FieldStepper", "Liquid", "Uptake"]

LOWEST: Final = -1e-6  # of the highest density; a step that goes below is rejected
_CAUTION: Final = 0.8  # of the step that would just meet the tolerance
_GROWTH, _SHRINKAGE = 4.0, 0.1  # most by which a step changes
_MOST, _REFUSALS = 100_000, 50  # steps in one call; rejections in a row, 1e-15 of the first
_STIFF: Final = 8.0  # duration x loss from which an implicit step, as dear as ten others, is the cheaper way
_GRIP: Final = 0.7  # uptake over what diffusion brings from which exponential steps have to be short against 1/loss
_FINEST: Final = 0.02  # of the time in which a voxel changes: shorter steps do not lift what lies below 0
Walls = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class FieldStep:
    """What a call of `FieldStepper.advance` did.

    Parameters
    ----------
    density : (z, y, x) 1/um^3 of liquid
    captured : (cell,)
        Amount that each cell took.
    decayed, deposited : amount
        Deposited is what cells and the background gave.
    left : (low, high) for x, y, z
        Net amount that went out.
    sampled_mean : (cell,) 1/um^3
        Mean over time of what each cell sampled, as its capture used it.
    lowest : 1
        Lowest density over the highest, of all steps, at most 0.
    steps, rejected, scheme :
        How it went.
    mean_density : (z, y, x) 1/um^3, where asked for
        Mean over the duration; what decays of it sums to ``decayed``.

    Notes
    -----
    ``content(after) - content(before) = deposited - captured.sum() - decayed - sum of left``, to rounding.
    """

    density: Field
    captured: Array
    decayed: float
    left: Walls
    deposited: float
    sampled_mean: Array
    lowest: float
    steps: int
    rejected: int
    scheme: Literal["etd", "implicit"]
    mean_density: Field | None = None


class FieldStepper:
    """Steps of one field.

    Parameters
    ----------
    grid : Grid
    liquid : Liquid
    kernel : weights of cells over voxels, or None without cells
    tolerance : 1
        Estimated error of a sample in a step, over ``scale``.
    scale : 1/um^3
        Without it, the largest sample at the time.
    precision : "double" or "single", of exponential steps
    scheme : "etd", "implicit" or "auto"
        "auto" steps implicitly where voxels differ, and where over the duration of a call cells take more than
        eight times what their voxels hold and a cell takes more than 0.7 of what diffusion brings to its voxels.

    Raises
    ------
    vesica.errors.InputError
        The liquid does not fit the grid.
    """

    def __init__(self, grid: Grid, liquid: Liquid, kernel: Exchange | None, *, tolerance: float = 1e-3,
                 scale: float | None = None, precision: Literal["double", "single"] = "double",
                 scheme: Literal["auto", "etd", "implicit"] = "auto") -> None:
        check_liquid(grid, liquid)
        self._parts = Parts(grid, liquid, kernel)
        self._tolerance, self._scale, self._scheme = tolerance, scale, scheme
        self._dtype: Any = np.float64 if precision == "double" else np.float32
        self._schemes: dict[str, Scheme] = {}
        least = min(h for n, h in zip(grid.voxels, grid.spacing, strict=True) if n > 1 or grid.size == 1)
        self._exchange = 6.0 * liquid.diffusivity / least**2
        self.step = math.inf

    @property
    def liquid(self) -> Liquid:
        """What carries the field."""
        return self._parts.liquid

    def move(self, kernel: Exchange | None) -> None:
        """Cells have moved: from now on these are their weights."""
        self._parts.kernel = kernel

    def content(self, density: Field) -> float:
        """Amount in the liquid of a field."""
        return self._parts.diffusion.amount(density)

    def advance(self, density: NDArray[Any], duration: float, source: Array, uptake: Uptake | None = None, *,
                background: NDArray[Any] | None = None, mean: bool = False) -> FieldStep:
        """Go on by ``duration`` with constant rates of giving and constant laws of taking.

        Parameters
        ----------
        density : (z, y, x) 1/um^3 of liquid; not changed
        duration : s
        source : (cell,) amount/s
        uptake : law of taking, or None
        background : (z, y, x) amount/um^3 of liquid/s
            Made everywhere, constant over the duration.
        mean : whether to find ``mean_density``, two transforms more

        Raises
        ------
        vesica.errors.RunFault
            The field does not stay finite.
        """
        name = self._pick(duration, uptake)
        task = Task(np.asarray(source, dtype=float).reshape(-1), uptake, background)
        dtype = self._dtype if name == "etd" else np.float64
        total = Tally.zero(self._parts.cells)
        with work_arrays(self._parts.grid, dtype, 3 if name == "etd" else 9) as work:
            scheme = self._get(name)
            scheme.work = work[2:]
            state, lowest, steps, rejected = self._go(scheme, np.ascontiguousarray(density, dtype), duration, task,
                                                      work, total)
            scheme.work = []
        left = tuple((float(total.left[2 * k]), float(total.left[2 * k + 1])) for k in range(3))
        course = Course(density, state, duration, total.captured, total.decayed)
        average = mean_density(self._parts, task, course) if mean else None
        return FieldStep(state, total.captured, total.decayed, left, total.deposited,  # type: ignore[arg-type]
                         total.sampled / duration, lowest, steps, rejected, name,
                         average)

    def _pick(self, duration: float, uptake: Uptake | None) -> Literal["etd", "implicit"]:
        if not self._parts.liquid.is_uniform:
            return "implicit"
        if self._scheme != "auto":
            return self._scheme
        if uptake is None or uptake.largest_loss * duration <= _STIFF or self._parts.cells == 0:
            return "etd"
        return "implicit" if self._grip(uptake) > _GRIP else "etd"

    def _grip(self, uptake: Uptake) -> float:
        """Largest uptake of a cell over what diffusion brings to its voxels, 1.

        ``K/(4 pi alpha D* sqrt(pi) s)``, where a Gaussian of width s fills the volume ``(2 sqrt(pi) s)^3``.
        """
        liquid, kernel = self._parts.liquid, self._parts.kernel
        assert kernel is not None  # noqa: S101
        taken = uptake.rates(np.ones(kernel.cells))
        brought = 2.0 * math.pi * liquid.fraction * liquid.diffusivity * kernel.volumes ** (1.0 / 3.0)
        return float(np.max(taken / brought)) if liquid.diffusivity > 0.0 else 0.0

    def _get(self, name: str) -> Any:
        if name not in self._schemes:
            self._schemes[name] = (Exponential(self._parts, self._dtype) if name == "etd"
                                   else Implicit(self._parts, self._tolerance))
        return self._schemes[name]

    def _go(self, scheme: Scheme, state: Field, duration: float, task: Task, work: list[Field],
            total: Tally) -> tuple[Field, float, int, int]:
        """Steps through a duration, each accepted by its error and its lowest density.

        The first two work arrays take turns; the one that holds the end leaves the list.
        """
        given = state
        done, steps, rejected, refused, lowest = 0.0, 0, 0, 0, 0.0
        if math.isinf(self.step) and task.uptake is not None and task.uptake.largest_loss > 0.0:
            self.step = 2.0 / task.uptake.largest_loss  # the first of all; its error says how to go on
        floor = float(state.min()) * (1.0 + 1e-9)
        scheme.begin(state, task)
        while duration - done > 1e-12 * duration:
            if refused > _REFUSALS or steps > _MOST:
                raise _fault(self._parts, done, duration)
            pieces = max(1.0, math.ceil((duration - done) / min(self.step, scheme.longest_step) - 1e-9))
            step = (duration - done) / pieces
            trial = work[1] if state is work[0] else work[0]
            tally = scheme.step(state, trial, step, task)
            error = self._relative_error(tally)
            is_low = tally.least < LOWEST * tally.most and tally.least < floor
            if not math.isfinite(tally.most + tally.least) or error > 1.0 or (is_low and step > self._finest(task)):
                rejected, refused = rejected + 1, refused + 1
                self.step = step * (0.5 if is_low or not error > 1.0 else _factor(error, 0.5))
                scheme.begin(state, task)
                continue
            if not is_low:
                factor = _factor(error, _GROWTH)
                if factor <= 1.0 or step * factor > self.step or self.step >= duration:  # else the end cut it short
                    self.step = step * factor
            total.add(tally)
            lowest = min(lowest, tally.least / tally.most if tally.most > 0.0 else 0.0)
            floor = tally.least * (1.0 + 1e-9)
            state = trial
            done, refused = done + step, 0
            steps += 1
        work[:2] = [array for array in work[:2] if array is not state]
        return state.copy() if state is given else state, lowest, steps, rejected

    def _relative_error(self, tally: Tally) -> float:
        """Over what is allowed."""
        allowed = self._tolerance * (self._scale or tally.scale)
        return tally.error / allowed if tally.error > 0.0 else 0.0

    def _finest(self, task: Task) -> float:
        loss = 0.0 if task.uptake is None else task.uptake.largest_loss
        fastest = self._exchange + loss + self._parts.liquid.decay
        return _FINEST / fastest if fastest > 0.0 else 0.0


def _factor(error: float, most: float) -> float:
    """By how much the next step is longer: a local error goes as the third power, or a lower one where it is large."""
    if error == 0.0:
        return most
    power: float = error ** (-1.0 / 3.0 if error <= 1.0 else -0.5)
    return min(most, max(_SHRINKAGE, _CAUTION * power))


def _fault(parts: Parts, done: float, duration: float) -> RunFault:
    return RunFault(Finding(
        "error", "domain", f"a field came {done:g} s of {duration:g} s far",
        "a step is taken when its error is within the tolerance and nothing lies below 0",
        f"the field cannot go on (D* {parts.liquid.diffusivity:g} um2/s)",
        "check rates of cells for values that are not finite, use smaller voxels, or a coarser tolerance"))
