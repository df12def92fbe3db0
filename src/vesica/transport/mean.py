"""Mean over time of a field during a step, voxel by voxel, consistent with what it is said to have lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesica.transport.grid import Array
from vesica.transport.modes import RESOLVE, Modes
from vesica.transport.scheme import Field, Parts, Task
from vesica.transport.stencil import wall_slice


@dataclass(frozen=True)
class Course:
    """From where to where a field went.

    Parameters
    ----------
    before, after : (z, y, x)
    duration : s
    captured : (cell,) amount
    decayed : amount
    """

    before: Field
    after: Field
    duration: float
    captured: Array
    decayed: float


def mean_density(parts: Parts, task: Task, course: Course) -> Field:
    """Mean density over the duration, float64; times decay and volume it sums to what decayed.

    Notes
    -----
    Without flow in a uniform liquid, by the balance of each mode: ``L mean = (after - before)/dt - N``, N what cells
    gave less what they took. Else, and without decay, the mean of both ends. Scaled to what decayed: by rounding alone,
    but where cells take evenly and the step shares out among them what it took, or in the second case.
    """
    liquid = parts.liquid
    if liquid.is_uniform and not liquid.flows and liquid.decay > 0.0:
        mean = _by_balance(parts, task, course)
    else:
        mean = 0.5 * (course.before.astype(float) + course.after)
    held = liquid.decay * course.duration * parts.diffusion.amount(mean)
    return np.asarray(mean * (course.decayed / held)) if held > 0.0 else mean


def _by_balance(parts: Parts, task: Task, course: Course) -> Field:
    liquid, duration = parts.liquid, course.duration
    change = course.after.astype(float) - course.before
    if task.local is None:
        parts.spread((course.captured - task.source * duration) / liquid.fraction, change)
    else:
        taken = task.local * (0.5 * (course.before.astype(float) + course.after))
        total = float(taken.sum()) * parts.grid.voxel_volume
        change += taken * (float(course.captured.sum()) / (total * liquid.fraction) if total > 0.0 else 0.0)
        parts.spread(task.source * (-duration / liquid.fraction), change)
    if task.background is not None:
        change -= duration * task.background
    for wall in range(6):
        if parts.diffusion.leaks[wall]:
            change[wall_slice(wall)] -= duration * parts.diffusion.losses[wall].flat[0] * parts.diffusion.values[wall]
    Modes(parts.grid, liquid.faces, liquid.diffusivity, liquid.decay).apply(change, duration, RESOLVE)
    return change
