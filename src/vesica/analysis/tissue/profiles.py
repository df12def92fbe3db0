"""Profiles: what cells and fields are at a distance from a face of the box, or from cells of a type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAST: Final = 5  # cells in a bin; with fewer it says nothing
BINS: Final = 25  # at most
MOST: Final = 1_000_000  # voxels that are looked up one by one


@dataclass(frozen=True, eq=False)
class Profile:
    """A quantity over a distance, in bins.

    Parameters
    ----------
    distance : (bin,) um
        Mean of the cells or voxels in the bin.
    mean : (bin,)
        NaN where fewer than `LEAST` cells lie in the bin.
    low, high : (bin,)
        Quartiles: half of the cells (or voxels) in the bin lie between them.
    count : (bin,)
    """

    distance: Array
    mean: Array
    low: Array
    high: Array
    count: NDArray[np.int64]


def from_face(positions: Array, length: float, axis: int, *, high: bool = False) -> Array:
    """Distance of each cell from a face of the box.

    Parameters
    ----------
    positions : (cell, 3) um
    length : um, of the box along the axis
    axis : 0, 1 or 2 for x, y, z
    high : from the face at the far end

    Returns
    -------
    (cell,) um
    """
    along = positions[:, axis]
    return np.asarray(length - along if high else along)


def from_cells(positions: Array, sources: Array) -> Array:
    """Distance of each point from the nearest source, centre to centre.

    Parameters
    ----------
    positions : (point, 3) um
    sources : (source, 3) um

    Returns
    -------
    (point,) um; infinite where there is no source
    """
    from scipy.spatial import KDTree

    if not len(sources):
        return np.full(len(positions), np.inf)
    return np.asarray(KDTree(sources).query(positions)[0])


def edges_for(distance: Array, width: float = 0.0, bins: int = BINS) -> Array:
    """Even bins that hold all distances: ``width`` um wide, or as many as there are cells for, up to ``bins``.

    Returns
    -------
    (bin + 1,) um
    """
    known = distance[np.isfinite(distance)]
    if not known.size:
        return np.array([0.0, 1.0])
    low, high = float(known.min()), float(known.max())
    if high <= low:
        return np.array([low, low + 1.0])
    many = int(np.ceil((high - low) / width)) if width > 0.0 else min(bins, max(known.size // (2 * LEAST), 1))
    return np.linspace(low, high, many + 1) if width <= 0.0 else low + width * np.arange(many + 1)


def profile(distance: Array, values: Array, edges: Array, *, weights: Array | None = None,
            least: int = LEAST) -> Profile:
    """Mean and quartiles of ``values`` in bins of ``distance``.

    Parameters
    ----------
    distance, values : (cell,); cells with a missing value are left out
    edges : (bin + 1,) um, rising; the last bin holds its upper edge
    weights : (cell,), of the mean: volumes of liquid, for voxels
    least : cells that a bin must hold
    """
    known = np.isfinite(values) & np.isfinite(distance) & (distance >= edges[0]) & (distance <= edges[-1])
    distance, values = distance[known], values[known]
    weights = np.ones(values.size) if weights is None else weights[known]
    at = np.minimum(np.searchsorted(edges, distance, side="right") - 1, edges.size - 2)
    count = np.bincount(at, minlength=edges.size - 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    out = np.full((3, edges.size - 1), np.nan)
    for one in np.flatnonzero(count >= max(least, 1)):
        inside = at == one
        middle[one] = np.average(distance[inside], weights=weights[inside])
        out[0, one] = np.average(values[inside], weights=weights[inside])
        out[1:, one] = np.quantile(values[inside], (0.25, 0.75))
    return Profile(middle, *out, count.astype(np.int64))


def means(distance: Array, course: Array, edges: Array, least: int = LEAST) -> Array:
    """(time, bin) mean of ``course`` (time, cell) in bins of ``distance`` (cell,); NaN where cells are too few."""
    inside = (distance >= edges[0]) & (distance <= edges[-1])
    at = np.minimum(np.searchsorted(edges, distance[inside], side="right") - 1, edges.size - 2)
    out = np.full((len(course), edges.size - 1), np.nan)
    for row, values in zip(out, course[:, inside], strict=True):
        known = np.isfinite(values)
        count = np.bincount(at[known], minlength=row.size)
        total = np.bincount(at[known], weights=values[known], minlength=row.size)
        np.divide(total, count, out=row, where=count >= least)
    return out


def along_axis(density: Array, centres: Array, axis: int) -> Profile:
    """Of a field along x, y or z (0, 1, 2): one bin for each layer of voxels.

    Parameters
    ----------
    density : (z, y, x)
    centres : (n,) um, middles of the voxels along the axis
    """
    layers = np.moveaxis(density, 2 - axis, 0).reshape(centres.size, -1)
    low, high = np.quantile(layers, (0.25, 0.75), axis=1)
    count = np.full(centres.size, layers.shape[1], dtype=np.int64)
    return Profile(centres, layers.mean(axis=1), low, high, count)


def around_cells(density: Array, centres: tuple[Array, Array, Array], sources: Array, edges: Array) -> Profile:
    """Of a field over the distance from the nearest source cell; every voxel counts once, at its middle.

    Of more than a million voxels every second, third, ... along each axis is taken.

    Parameters
    ----------
    density : (z, y, x)
    centres : middles of the voxels along x, y, z, um
    sources : (source, 3) um
    """
    step = max(1, round((density.size / MOST) ** (1.0 / 3.0) + 0.4999))
    density = density[::step, ::step, ::step]
    z, y, x = np.meshgrid(*(one[::step] for one in centres[::-1]), indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    return profile(from_cells(points, sources), density.ravel(), edges, least=1)
