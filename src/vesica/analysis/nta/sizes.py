"""Diameters of a binned distribution, with bins that may be negative after a blank was subtracted."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vesica.analysis.nta.records import SizeStatistics
from vesica.readers.records import FloatArray

NO_SIZES: Final = SizeStatistics(None, None, None, None, None, None, None)
NAMES: Final = ("mean", "mode", "sd", "d10", "d50", "d90", "span")
UNCOUNTED: Final = 1000  # tracks assumed for the width of the smoothing, where the file says none
_LOG_STEP: Final = 0.005  # grid of the smoothing: 0.5 nm at 100 nm


def size_statistics(edges: FloatArray, bins: FloatArray, tracks: int | None) -> SizeStatistics:
    """Mean, mode, SD, D10, D50, D90 and span.

    Parameters
    ----------
    edges : (bin + 1,) nm, increasing
    bins : (bin,) any unit, particles in each bin; may be negative
    tracks : int or None
        How many particles were counted: sets the smoothing of the mode.

    Returns
    -------
    SizeStatistics
        nm. All None unless the sum is positive; one None where negative bins leave no answer.

    Notes
    -----
    Moments are sums over bin centres with the sign kept, so subtracting a blank does not bias them:
    cutting the negative bins off first would leave only the positive half of the noise,
    which adds ``sum(se) / sqrt(2 pi)`` to the total and pulls the mean towards the empty end of the axis.
    Quantiles are linear in the cumulative sum; where that falls, the mean of its two monotone envelopes
    (running maximum, and running minimum from the right) is taken, which favours neither side.
    """
    total = float(bins.sum())
    if not total > 0:
        return NO_SIZES
    centres = (edges[1:] + edges[:-1]) / 2
    mean = float(centres @ bins / total)
    variance = float((centres - mean) ** 2 @ bins / total)
    d10, d50, d90 = quantiles(edges, bins, (0.1, 0.5, 0.9))
    return SizeStatistics(
        mean=mean if edges[0] <= mean <= edges[-1] else None,
        mode=mode(edges, bins, tracks),
        sd=math.sqrt(variance) if variance > 0 else None,
        d10=d10, d50=d50, d90=d90, span=(d90 - d10) / d50 if d50 > 0 else None,
    )  # fmt: skip


def quantiles(edges: FloatArray, bins: FloatArray, shares: tuple[float, ...]) -> tuple[float, ...]:
    """Diameters (nm) below which ``shares`` of the particles lie; see `size_statistics`."""
    cumulative = np.append(0.0, np.cumsum(bins)) / bins.sum()
    if (bins < 0).any():
        cumulative = (np.maximum.accumulate(cumulative) + np.minimum.accumulate(cumulative[::-1])[::-1]) / 2
    return tuple(float(np.interp(share, cumulative, edges)) for share in shares)


def bandwidth(edges: FloatArray, bins: FloatArray, tracks: int | None) -> float:
    """Width of the Gaussian that smooths for the mode, in the logarithm of the diameter.

    Silverman's rule ``0.9 min(SD, IQR / 1.349) n**(-1/5)`` (Silverman, *Density Estimation*, 1986, eq. 3.31),
    n = tracks: bins are no counts, so their number says nothing about the noise.
    """
    lower, upper = np.log(np.maximum(quantiles(edges, bins, (0.25, 0.75)), 1e-3))
    log_centres = np.log((edges[1:] + edges[:-1]) / 2)
    weights = bins.clip(min=0.0) / bins.clip(min=0.0).sum()
    centre = float(log_centres @ weights)
    spread = math.sqrt(float((log_centres - centre) ** 2 @ weights))
    width = min(spread, (upper - lower) / 1.349) or spread
    return float(0.9 * width * max(tracks or UNCOUNTED, 1) ** -0.2)


def mode(edges: FloatArray, bins: FloatArray, tracks: int | None) -> float | None:
    """Diameter (nm) where the smoothed density per nm is largest.

    The distribution is spread over a grid that is even in log diameter (particles conserved), smoothed by a Gaussian of
    `bandwidth`, and read per nm. Ten positive particles in one bin are so no mode of their own.
    """
    if not (bins > 0).any():
        return None
    width = bandwidth(edges, bins, tracks)
    low = max(float(edges[0]), 1.0)
    grid = np.arange(math.log(low), math.log(float(edges[-1])) + _LOG_STEP, _LOG_STEP)
    cumulative = np.append(0.0, np.cumsum(bins))
    mass = np.diff(np.interp(np.exp(grid), edges, cumulative))
    reach = math.ceil(4 * width / _LOG_STEP)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * _LOG_STEP / width) ** 2) if reach else np.ones(1)
    smooth = np.convolve(mass, kernel, mode="full")[reach : reach + mass.size]
    centres = np.exp((grid[1:] + grid[:-1]) / 2)
    return float(centres[np.argmax(smooth / centres)])


def common_edges(grids: list[FloatArray]) -> FloatArray:
    """The grid that several distributions are brought to: theirs if it is one, else the coarsest one.

    The coarsest grid is extended at its own step until it holds all others.
    """
    first = grids[0]
    if all(grid.shape == first.shape and np.allclose(grid, first) for grid in grids):
        return first
    coarsest = max(grids, key=lambda grid: float(np.median(np.diff(grid))))
    step = float(np.median(np.diff(coarsest)))
    low, high = min(grid[0] for grid in grids), max(grid[-1] for grid in grids)
    before = math.ceil(max(coarsest[0] - low, 0.0) / step - 1e-9)
    after = math.ceil(max(high - coarsest[-1], 0.0) / step - 1e-9)
    left = coarsest[0] - step * np.arange(before, 0, -1)
    right = coarsest[-1] + step * np.arange(1, after + 1)
    return np.concatenate([left, coarsest, right])


def rebin(edges: FloatArray, bins: FloatArray, onto: FloatArray) -> FloatArray:
    """Move particles onto another grid; their number is kept where the new grid holds the old one.

    Parameters
    ----------
    edges : (bin + 1,) nm
    bins : (..., bin) any unit
    onto : (new + 1,) nm

    Returns
    -------
    (..., new), particles evenly spread within each old bin
    """
    if edges.shape == onto.shape and np.allclose(edges, onto):
        return bins
    flat = np.atleast_2d(bins)
    cumulative = np.concatenate([np.zeros((flat.shape[0], 1)), np.cumsum(flat, axis=1)], axis=1)
    moved = np.array([np.diff(np.interp(onto, edges, row)) for row in cumulative])
    return moved.reshape(*bins.shape[:-1], onto.size - 1)
