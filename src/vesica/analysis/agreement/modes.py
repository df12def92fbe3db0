"""Networks with two stable states: whole numbers visit both, the mean field stays in one, and means mislead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.agreement.verdict import Comparison, compare
from vesica.rng import stream

Array = NDArray[np.float64]

FEWEST: Final = 8  # replicates in each mode
APART: Final = 4.0  # standard deviations within a mode
STEPS: Final = 8.0  # single events, or two bursts, that modes lie apart at least
TRIALS: Final = 199
ALARM: Final = 0.01
GRID: Final = 256
SAME: Final = 1e-9  # relative; a sample whose numbers differ by rounding alone


def two_modes(sample: Array, seed: int, coarse: float = 0.0) -> float | None:
    """Where a sample falls into two modes, or None where one mode explains it.

    ``coarse`` is a distance that a few whole numbers lie apart by themselves.

    Silverman's test (1981 J R Stat Soc B 43:97): the narrowest kernel that smooths the sample into one mode is wider
    than in 99 % of 199 smooth samples with one mode. Besides, both parts hold `FEWEST` replicates and lie `APART`
    times their own spread from each other, so that a skewed or a coarse sample is not taken for two states.
    """
    spread = float(np.std(sample))
    if spread <= SAME * abs(float(np.mean(sample))):
        return None
    values = np.sort((sample - np.mean(sample)) / spread)
    critical = _critical(values)
    cut = _antimode(values, 0.7 * critical)
    low, high = values[values <= cut], values[values > cut]
    if min(low.size, high.size) < FEWEST:
        return None
    if float(np.mean(high) - np.mean(low)) < max(APART * max(float(np.std(low)), float(np.std(high))), coarse / spread):
        return None
    generator = stream(seed, "modes", 0)
    shrink = 1.0 / np.sqrt(1.0 + critical**2)
    beyond = 0
    for _ in range(TRIALS):
        drawn = generator.choice(values, values.size) + critical * generator.standard_normal(values.size)
        beyond += _modes(np.sort(drawn * shrink), critical) > 1
    return float(cut * spread + np.mean(sample)) if (beyond + 1) / (TRIALS + 1) <= ALARM else None


def by_modes(
    comparison: Comparison, scales: Array, samples: Sequence[Array], *, alarm: float, seed: int
) -> Comparison:
    """A comparison of means, made by modes where the largest scale has two.

    Replicates in the mode that holds the mean field must agree with it, and their share must not fall as copies
    grow: over a finite time whole numbers follow the mean field more and more surely (Kurtz 1970 J Appl Probab 7:49).
    """
    noise = comparison.observable.noise
    if noise.is_share:  # of a few cells: whole numbers, and no states
        return comparison
    cut = two_modes(samples[-1], seed, max(STEPS, 2.0 * noise.clump) * noise.at(float(scales[-1])))
    if cut is None:
        return comparison
    kept, shares = [], []
    for sample, mean_field in zip(samples, comparison.well_mixed, strict=True):
        inside = sample[(sample > cut) == (mean_field > cut)]
        kept.append(inside)
        shares.append(len(inside) / len(sample))
    enough = np.array([len(inside) >= FEWEST for inside in kept])
    known = np.array(shares)
    if not enough[-1]:
        return replace(comparison, shares=known)
    inner = compare(comparison.observable, scales[enough], comparison.well_mixed[enough],
                    [one for one, is_enough in zip(kept, enough, strict=True) if is_enough],
                    stepping=comparison.stepping, alarm=alarm)
    error = np.sqrt(sum(p * (1.0 - p) / len(sample) for p, sample in ((known[k], samples[k]) for k in (0, -1))))
    falls = known[-1] < known[0] - 5.0 * error
    return replace(comparison, shares=known, chance=inner.chance,
                   words="disagrees" if falls or inner.words == "disagrees" else "two modes")


def _density(values: Array, width: float) -> Array:
    grid = np.linspace(values[0] - 3.0 * width, values[-1] + 3.0 * width, GRID)
    return np.asarray(np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2).sum(axis=1))


def _modes(values: Array, width: float) -> int:
    density = _density(values, width)
    return int(np.sum((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])))


def _critical(values: Array) -> float:
    """Narrowest kernel with one mode, to 1 %."""
    low, high = 0.01, 2.0 * float(values[-1] - values[0])
    while high / low > 1.01:
        middle = np.sqrt(low * high)
        low, high = (low, middle) if _modes(values, middle) <= 1 else (middle, high)
    return float(high)


def _antimode(values: Array, width: float) -> float:
    """Lowest point between the two highest modes; the top of the sample where there is one mode."""
    grid = np.linspace(values[0] - 3.0 * width, values[-1] + 3.0 * width, GRID)
    density = _density(values, width)
    peaks = np.flatnonzero((density[1:-1] > density[:-2]) & (density[1:-1] >= density[2:])) + 1
    if peaks.size < 2:
        return float(values[-1])
    first, last = sorted(peaks[np.argsort(density[peaks])[-2:]])
    return float(grid[first + np.argmin(density[first : last + 1])])
