"""Heat kernels along an axis: images against modes, what walls keep, and the voxels' own kernel."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from vesica.transport.grid import Face, Grid
from vesica.transport.heat import Axis
from vesica.transport.kernels import gaussian_kernel

CLOSED, HELD, PERIODIC = Face(), Face("held"), Face("periodic")
WALLS = [*itertools.product((CLOSED, HELD), repeat=2), (PERIODIC, PERIODIC)]
LENGTH = 40.0
PLACES = np.array([0.5, 7.0, 20.0, 39.0])


def plain_images(x: float, y: float, tau: float, walls: tuple[Face, Face]) -> float:
    """Many images, one by one."""
    if walls[0].kind == "periodic":
        shifts = [(1.0, x - y + m * LENGTH) for m in range(-40, 41)]
    else:
        low, high = (-1.0 if face.kind == "held" else 1.0 for face in walls)
        shifts = [((low * high) ** abs(m), x - y + 2 * m * LENGTH) for m in range(-40, 41)]
        shifts += [(low * (low * high) ** abs(m), x + y + 2 * m * LENGTH) for m in range(-40, 41)]
    return sum(sign * math.exp(-(far**2) / (4.0 * tau)) for sign, far in shifts) / math.sqrt(4.0 * math.pi * tau)


@pytest.mark.parametrize("walls", WALLS)
def test_early_images_and_late_modes_are_one_kernel(walls: tuple[Face, Face]) -> None:
    """Times on both sides of the change at (L/2)^2 or (L/4)^2; what each leaves out is below 1e-13 of 1/L."""
    axis = Axis.of(8, LENGTH / 8, walls)
    tau = np.array([1.0, 50.0, 99.0, 101.0, 399.0, 401.0, 2000.0])
    for x, y in itertools.product(PLACES, repeat=2):
        found = axis.continuum(np.array([x]), np.array([y]), tau)[0]
        assert found == pytest.approx([plain_images(x, y, one, walls) for one in tau], abs=1e-12 / LENGTH)


@pytest.mark.parametrize("walls", [(CLOSED, CLOSED), (PERIODIC, PERIODIC), (CLOSED, HELD)])
def test_closed_and_periodic_axes_keep_all_and_held_ones_do_not(walls: tuple[Face, Face]) -> None:
    """The integral over the axis, by 4000 midpoints (error far below 1e-9 for a smooth kernel with flat ends)."""
    axis, tau = Axis.of(8, LENGTH / 8, walls), np.array([30.0, 500.0])
    middles = (np.arange(4000) + 0.5) * LENGTH / 4000
    kept = axis.continuum(middles, np.full(4000, 12.0), tau).sum(axis=0) * LENGTH / 4000
    if walls[1].kind == "held":
        assert np.all(kept < 1.0 - np.array([0.0, 0.2]))
    else:
        assert kept == pytest.approx([1.0, 1.0], abs=1e-9)


@pytest.mark.parametrize("walls", WALLS)
def test_on_many_voxels_the_discrete_kernel_is_the_continuum_at_a_later_time(walls: tuple[Face, Face]) -> None:
    """Two Gaussians of width s see the heat kernel s^2 later; on voxels of 0.1 um waves err by (q h)^2/12: 1e-4.

    Cells are 4 s from the walls, where reflected and held images of a Gaussian would differ.
    """
    axis, width = Axis.of(400, 0.1, walls), 1.5
    grid = Grid((400, 1, 1), (0.1, 1.0, 1.0))
    faces = (walls, (CLOSED, CLOSED), (CLOSED, CLOSED))
    x, y, tau = 8.0, 15.0, np.array([5.0, 60.0, 300.0])
    kernel = gaussian_kernel(grid, np.array([[x, 0.5, 0.5], [y, 0.5, 0.5]]), width, faces)
    modes = axis.project(kernel.axis_weights(0))
    found = axis.discrete(modes[:1], modes[1:], tau)[0]
    exact = axis.continuum(np.array([x]), np.array([y]), tau + width**2)[0]
    assert found == pytest.approx(exact, rel=2e-3)  # the cut at 3.5 s takes 0.6 % of s^2, 0.02 % of the times


def test_an_open_wall_is_taken_as_closed() -> None:
    assert Axis.of(8, 5.0, (Face("open", 1.0), CLOSED)).signs == (1.0, 1.0)
    assert Axis.of(8, 5.0, (HELD, CLOSED)).signs == (-1.0, 1.0)
