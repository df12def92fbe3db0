"""How far the mean of a few replicates of whole numbers may lie from its expectation by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEEN_OFTEN: Final = 8  # replicates that must differ from the commonest value before their scatter is believed
SOLVERS: Final = 1e-6  # relative; two mean fields of the same model differ by less
NEGLIGIBLE: Final = 1e-3  # relative; of a signal that is the same in all replicates


@dataclass(frozen=True)
class Noise:
    """Where the scatter of an observable comes from.

    Parameters
    ----------
    unit : float
        By how much one event moves a value at x1: one molecule in one of n cells moves the mean of the cells by 1/n.
        Zero for a continuous value.
    clump : float
        Most of such units that may come at once: the vesicles of one MVB.
    falls : bool
        Whether an event matters less in larger cells; the death of a cell does not.
    is_share : bool
        A share of cells, at most one.
    deaths : float
        Cells expected to have died in a run. Each moves a value by at most a share of 1 / ``of_cells``, at any scale.
    """

    unit: float
    clump: float = 1.0
    falls: bool = True
    is_share: bool = False
    deaths: float = 0.0
    of_cells: float = 1.0

    def at(self, scale: float) -> float:
        """Unit at a scale, in the units of x1."""
        return self.unit / scale if self.falls else self.unit


def standard_errors(noise: Noise, scales: Array, samples: Sequence[Array]) -> Array:
    """(scale,) errors of the means: the larger of a scale's own, and that of all scales under the law of the noise.

    A mean and a variance from the same few skewed numbers err together; the variance of the other scales does not.
    """
    powers = scales if noise.falls else np.ones_like(scales)
    counts = np.array([len(sample) for sample in samples], dtype=float)
    own = np.array([float(np.var(sample, ddof=1)) for sample in samples])
    pooled = float(np.sum((counts - 1.0) * own * powers) / np.sum(counts - 1.0))
    return np.asarray(np.sqrt(np.maximum(own, pooled / powers) / counts))


def allowed(
    noise: Noise, scales: Array, expected: Array, means: Array, errors: Array, counts: Sequence[int], alarm: float
) -> Array:
    """(scale,) largest gap that chance explains at a two-sided false-alarm rate; inf where nothing can be told.

    The larger of two: Student's limit of the sampled error, and the Poisson limit of independent events that come in
    the largest clumps there are where fewer than `SEEN_OFTEN` are expected, singly else. The second holds where
    all replicates read zero.
    """
    from scipy.special import stdtrit

    found = np.empty_like(expected)
    for k, (scale, mean_field, count) in enumerate(zip(scales, expected, counts, strict=True)):
        limit = max(float(-stdtrit(count - 1, alarm / 2.0)) * errors[k], SOLVERS * abs(mean_field))
        if noise.unit > 0:
            limit = max(limit, _of_events(noise, float(scale), float(mean_field), count, alarm,
                                          above=bool(means[k] > mean_field)))
        elif errors[k] <= 1e-12 * abs(mean_field):
            limit = NEGLIGIBLE * abs(mean_field) if k == len(scales) - 1 else math.inf
        limit += _of_deaths(noise, float(mean_field), count, alarm)
        found[k] = limit if limit > 0 else 1e-300
    return found


def _of_deaths(noise: Noise, mean: float, count: int, alarm: float) -> float:
    """By how much so many more deaths than expected move the mean as chance has it in ``count`` replicates."""
    from scipy.stats import poisson

    if noise.deaths <= 0.0:
        return 0.0
    expected = noise.deaths * count
    return abs(mean) * float(poisson.isf(alarm / 2.0, expected) - expected) / (noise.of_cells * count)


def _of_events(noise: Noise, scale: float, mean: float, count: int, alarm: float, *, above: bool) -> float:
    """Poisson limit of the mean of ``count`` replicates; below, the normal limit is the wider one."""
    from scipy.special import ndtri
    from scipy.stats import poisson

    unit = noise.at(scale)
    events = max(min(mean, 1.0 - mean) if noise.is_share else mean, 0.0) * count / unit
    clump = noise.clump if events < SEEN_OFTEN * noise.clump else 1.0
    events = max(events / clump, 1e-6)
    far = float(-ndtri(alarm / 2.0)) * math.sqrt(events)
    if above or noise.is_share:  # of a share, either side may be the rare one
        far = max(far, float(poisson.isf(alarm / 2.0, events)) - events)
    return far * unit * clump / count
