"""Kernels of cells over voxels: sums, moments, walls, and that giving is the adjoint of taking."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vesica.transport import kernels
from vesica.transport.grid import CLOSED, Face, Faces, Grid
from vesica.transport.kernels import Kernel, arbor_width, gaussian_kernel, width_for

EPS = np.finfo(float).eps
PERIODIC = (Face("periodic"), Face("periodic"))
MIXED: Faces = ((Face("held"), Face()), PERIODIC, (Face("open", 1.0), Face("held")))
GRID = Grid((9, 7, 12), (5.0, 8.0, 3.0))
BOX = np.array([45.0, 56.0, 36.0])


def cells(count: int = 40) -> np.ndarray:
    """Anywhere in the box, with its corners and middles of voxels."""
    inside = np.random.default_rng(7).uniform(0.0, 1.0, (count, 3)) * BOX
    return np.concatenate([inside, [[0.0, 0.0, 0.0], BOX * (1 - 1e-12), [2.5, 4.0, 1.5]]])


@pytest.mark.parametrize("faces", [CLOSED, (PERIODIC,) * 3, MIXED])
@pytest.mark.parametrize("width", [3.0, 9.0, 60.0])  # the last is wider than the box
def test_weights_are_positive_and_sum_to_one(faces: Faces, width: float) -> None:
    """Each row is a sum of at most 200 differences of erf, each with an error of EPS: 400 EPS for the product."""
    kernel = gaussian_kernel(GRID, cells(), width, faces)
    matrix = kernel.matrix()
    assert matrix.min() >= 0.0
    assert np.abs(np.asarray(matrix.sum(axis=1)) - 1.0).max() < 400 * EPS


@pytest.mark.parametrize("faces", [CLOSED, MIXED])
def test_giving_is_the_adjoint_of_taking(faces: Faces) -> None:
    """Both are the matrix of weights; sums of up to 756 products of order 1, in another order: 1000 EPS."""
    kernel = gaussian_kernel(GRID, cells(), width_for(GRID, np.full(43, 6.0)), faces)
    random = np.random.default_rng(3)
    field, amounts = random.uniform(size=GRID.shape), random.uniform(size=43)
    matrix = kernel.matrix()
    assert np.abs(kernel.sample(field) - matrix @ field.ravel()).max() < 1000 * EPS
    assert np.abs(kernel.spread(amounts).ravel() - matrix.T @ amounts).max() < 1000 * EPS
    assert kernel.spread(amounts).sum() == pytest.approx(amounts.sum(), rel=1000 * EPS)
    assert kernel.overlap == pytest.approx(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel(), rel=1e-12)
    assert kernel.volumes == pytest.approx(GRID.voxel_volume / kernel.overlap)
    onto = np.ones(GRID.shape)
    assert kernel.spread(amounts, onto) is onto
    assert onto.sum() == pytest.approx(GRID.size + amounts.sum(), rel=1000 * EPS)


def test_blocks_of_cells_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    field, amounts = np.random.default_rng(3).uniform(size=GRID.shape), np.arange(43.0)
    whole = gaussian_kernel(GRID, cells(), 6.0)
    assert len(whole._blocks) == 1  # kept from here on
    monkeypatch.setattr(kernels, "_WORK", 1000.0)
    parts = gaussian_kernel(GRID, cells(), 6.0)
    assert len(parts._blocks) == 43
    assert np.array_equal(whole.sample(field), parts.sample(field))
    assert np.array_equal(whole.spread(amounts), parts.spread(amounts))


def test_single_precision_fields_are_summed_in_double() -> None:
    kernel = gaussian_kernel(GRID, cells(), 6.0)
    field = np.random.default_rng(3).uniform(size=GRID.shape).astype(np.float32)
    assert np.array_equal(kernel.sample(field), kernel.sample(field.astype(float)))


def moments(offset: float, width: float) -> tuple[float, float]:
    """Mean, from the cell, and variance of the weights along a line of voxels, both in voxels."""
    grid = Grid((41, 1, 1), (1.0, 1.0, 1.0))
    kernel = gaussian_kernel(grid, np.array([[20.0 + offset, 0.5, 0.5]]), width)
    weights, x = kernel.axis_weights(0)[0], grid.centres(0) - 20.0 - offset
    mean = float(weights @ x)
    return mean, float(weights @ (x - mean) ** 2)


def test_the_mean_of_the_weights_is_the_cell_and_their_variance_the_width() -> None:
    """A Gaussian of width s integrated over voxels has the mean x + (1/pi) exp(-2 pi^2 s^2) sin(2 pi x) + ...

    At the least width 0.6, s^2 = 0.36 - 1/12, so it strays by 1.35e-3 voxels; the cut at 3.5 s adds at most
    2 phi(3.5)/(2 pi s) = 5.3e-4 to that exponential of 4.2e-3, 13 %. The variance strays by the same series
    (its terms are below 4 s^2 exp(-2 pi^2 s^2) + 2/(pi^2) exp(..) = 6e-3), and cutting at 3.5 s takes
    7 phi(3.5)/(2 Phi(3.5) - 1) = 0.61 % of s^2.
    """
    strays = [moments(offset, 0.6) for offset in np.linspace(0.0, 1.0, 21)]
    expected = math.exp(-2.0 * math.pi**2 * (0.36 - 1.0 / 12.0)) / math.pi
    assert max(abs(mean) for mean, _ in strays) == pytest.approx(expected, rel=0.13)
    assert all(abs(variance - 0.36) < 6e-3 + 0.0061 * 0.28 for _, variance in strays)
    own = 4.0 - 1.0 / 12.0
    assert moments(0.3, 2.0)[0] == pytest.approx(0.0, abs=4.4e-5)  # the cut alone, 2 phi(3.5)/(2 pi^2 s)
    assert moments(0.3, 2.0)[1] == pytest.approx(own * (1.0 - 0.0061) + 1.0 / 12.0, rel=1e-3)


def test_what_lies_outside_is_reflected_or_wrapped() -> None:
    """The same cell in a box three times as long, folded by hand, gives the same weights; so does its mirror image."""
    line, long = Grid((8, 1, 1), (5.0, 5.0, 5.0)), Grid((24, 1, 1), (5.0, 5.0, 5.0))
    for x in (0.0, 3.0, 11.0, 39.0, 40.0):
        free = gaussian_kernel(long, np.array([[40.0 + x, 2.5, 2.5]]), 7.0).axis_weights(0)[0].reshape(3, 8)
        closed = gaussian_kernel(line, np.array([[x, 2.5, 2.5]]), 7.0).axis_weights(0)[0]
        round_ = gaussian_kernel(line, np.array([[x, 2.5, 2.5]]), 7.0, (PERIODIC,) * 3).axis_weights(0)[0]
        mirror = gaussian_kernel(line, np.array([[40.0 - x, 2.5, 2.5]]), 7.0).axis_weights(0)[0]
        assert closed == pytest.approx(free[0, ::-1] + free[1] + free[2, ::-1], abs=10 * EPS)
        assert round_ == pytest.approx(free.sum(axis=0), abs=10 * EPS)
        assert mirror[::-1] == pytest.approx(closed, abs=10 * EPS)


def test_weights_change_smoothly_with_the_place() -> None:
    """No jump where a voxel enters the kernel: the cut Gaussian's density at its end is 8.7e-4/s per um."""
    places = np.linspace(20.0, 30.0, 2001)
    kernel = gaussian_kernel(GRID, np.stack([places, np.full(2001, 28.0), np.full(2001, 18.0)], axis=1), 6.0)
    jumps = np.abs(np.diff(kernel.axis_weights(0), axis=0)).max()
    assert jumps < 0.005 * 0.4 / 5.8  # step x density of a Gaussian at its middle


def test_widths_are_those_of_voxels_or_of_cells() -> None:
    assert width_for(GRID, 1.5) == pytest.approx(np.array([[3.0, 4.8, 1.8]]))
    assert width_for(GRID, [10.0, 2.0])[0] == pytest.approx([10.6, 10.6, 10.6])
    assert arbor_width(GRID, 50.0) == pytest.approx(np.full((1, 3), 50.0 / math.sqrt(5.0)))


def test_the_order_of_cells_changes_no_bit() -> None:
    """Cells are visited by their place, also where kernels are wider than the box and all begin in voxel 0."""
    places, order = cells(), np.random.default_rng(9).permutation(43)
    amounts, field = np.random.default_rng(3).uniform(size=43), np.random.default_rng(4).uniform(size=GRID.shape)
    for width in (3.0, 6.0, 60.0):
        one, other = (gaussian_kernel(GRID, where, width, MIXED) for where in (places, places[order]))
        assert np.array_equal(one.sample(field)[order], other.sample(field))
        assert np.array_equal(one.spread(amounts), other.spread(amounts[order]))
        assert np.array_equal(one.volumes[order], other.volumes)


def test_no_cells_are_a_kernel_too() -> None:
    kernel: Kernel = gaussian_kernel(GRID, np.zeros((0, 3)), 6.0)
    assert kernel.sample(np.ones(GRID.shape)).shape == (0,)
    assert kernel.spread(np.zeros(0)).sum() == 0.0
