"""Slopes of a field in the middles of its voxels."""

from __future__ import annotations

import numpy as np

from vesica.transport.grid import Array, Face, Faces, Grid


def gradient(grid: Grid, faces: Faces, density: Array) -> tuple[Array, Array, Array]:
    """Slopes along x, y and z by central differences.

    Parameters
    ----------
    grid : Grid
    faces : Faces
        Beyond a closed wall lies the mirror image, beyond one that is held the field goes on through the value at the
        wall, beyond an open one as it came.
    density : (z, y, x), any unit

    Returns
    -------
    tuple of (z, y, x), that unit per um
        0 along an axis of one voxel. Errors are of second order, ``f''' h^2/6`` away from walls.
    """
    x, y, z = (_slope(np.asarray(density, dtype=float), 2 - axis, grid.spacing[axis], faces[axis]) for axis in range(3))
    return x, y, z


def _slope(density: Array, along: int, spacing: float, faces: tuple[Face, Face]) -> Array:
    if density.shape[along] == 1:
        return np.zeros_like(density)
    field = np.moveaxis(density, along, 0)
    low, high = (_beyond(edge, next_one, opposite, face) for edge, next_one, opposite, face in
                 ((field[0], field[1], field[-1], faces[0]), (field[-1], field[-2], field[0], faces[1])))
    padded = np.concatenate([low[None], field, high[None]])
    return np.moveaxis((padded[2:] - padded[:-2]) / (2.0 * spacing), 0, along)


def _beyond(edge: Array, inner: Array, opposite: Array, face: Face) -> Array:
    """The field half a voxel beyond a wall."""
    if face.kind == "periodic":
        return opposite
    if face.kind == "held":
        return 2.0 * face.value - edge
    return edge if face.kind == "closed" else 2.0 * edge - inner
