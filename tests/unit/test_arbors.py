"""Cells that take all over a territory: totals close, nothing goes below zero, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from vesica.engine.tissue.transfer import Steady, transfer
from vesica.transport.arbors import ArborUptake
from vesica.transport.conductance import Conductance
from vesica.transport.fields import FieldStepper, Liquid
from vesica.transport.grid import Grid
from vesica.transport.kernels import Kernel, gaussian_kernel

GRID = Grid((16, 12, 10), (10.0, 10.0, 10.0))
ALPHA, DIFFUSIVITY = 0.2, 0.16
EPS = float(np.finfo(float).eps)


def kernel(count: int = 12) -> Kernel:
    """Territories of 25 um."""
    size = np.array([160.0, 120.0, 100.0])
    return gaussian_kernel(GRID, np.random.default_rng(1).random((count, 3)) * size, 11.2)


def uptake(strength: float = 167.0, count: int = 12) -> ArborUptake:
    """Of EVs by microglia, in um^3/s: thirty times what diffusion brings across a territory."""
    return ArborUptake(np.full(count, strength), GRID, kernel(count), ALPHA)


def test_what_places_lose_is_what_cells_take() -> None:
    """Sum over voxels of local C V equals the sum over cells of K <C>, for any field: to rounding of 2,000 summands."""
    field = np.random.default_rng(2).random(GRID.shape)
    it = uptake()
    lost = float((it.local * field).sum()) * GRID.voxel_volume
    assert it.rates(kernel().sample(field)).sum() == pytest.approx(lost, rel=1e-13)
    assert it.largest_loss == pytest.approx(it.local.max() / ALPHA, rel=EPS)
    assert not it.returned(np.ones(12)).any()


@pytest.mark.parametrize("scheme", ["auto", "implicit"])
def test_strong_territories_take_nothing_that_is_not_there(scheme: str) -> None:
    """Cells send and take for an hour: the balance closes and no density is below 0; the shape of a kernel as a sink
    instead, which is for round cells, goes far below 0."""
    stepper = FieldStepper(GRID, Liquid(DIFFUSIVITY, 1e-5, ALPHA), kernel(), scheme=scheme)  # type: ignore[arg-type]
    source = np.where(np.arange(12) < 3, 0.01, 0.0)
    step = stepper.advance(np.zeros(GRID.shape), 3600.0, source, uptake())
    assert step.density.min() >= -1e-6 * step.density.max()
    gained = stepper.content(step.density)
    assert gained == pytest.approx(step.deposited - step.captured.sum() - step.decayed, abs=1e-12 * step.deposited)
    assert step.captured.sum() > 0.7 * step.deposited
    assert (step.scheme, step.steps + step.rejected < 100) == ("implicit", True)
    steady = Steady(GRID, Liquid(DIFFUSIVITY, 1e-5, ALPHA), kernel(),
                    Conductance(np.full(12, 167.0), np.zeros(12), ALPHA * kernel().volumes))
    unreal = steady.solve(kernel().spread(source))
    assert unreal.min() < -0.01 * unreal.max()  # what this module is for


@pytest.mark.parametrize(("scheme", "strength"), [("etd", 5.0), ("etd", 20.0), ("implicit", 20.0)])
def test_the_balance_closes_with_every_scheme(scheme: str, strength: float) -> None:
    """What is there is what was given less what was taken and decayed, to rounding."""
    stepper = FieldStepper(GRID, Liquid(3.0, 1e-4, ALPHA), kernel(), scheme=scheme)  # type: ignore[arg-type]
    step = stepper.advance(np.full(GRID.shape, 0.5), 300.0, np.linspace(0.0, 1.0, 12), uptake(strength))
    kept = stepper.content(step.density) - stepper.content(np.full(GRID.shape, 0.5))
    assert kept == pytest.approx(step.deposited - step.captured.sum() - step.decayed, rel=1e-10)
    assert step.density.min() > 0.0


@pytest.mark.parametrize("scheme", ["etd", "implicit"])
def test_an_even_field_under_even_territories_decays_exponentially(scheme: str) -> None:
    """One cell whose weights are even over a small box: C falls as exp(-K t/(alpha V)), within the tolerance."""
    small = Grid((2, 2, 2), (5.0, 5.0, 5.0))
    even = gaussian_kernel(small, np.full((1, 3), 5.0), 1e3)
    it = ArborUptake(np.array([2.0]), small, even, ALPHA)
    rate = 2.0 / (ALPHA * 1000.0)
    stepper = FieldStepper(small, Liquid(1.0, 0.0, ALPHA), even, tolerance=1e-4, scheme=scheme)  # type: ignore[arg-type]
    step = stepper.advance(np.ones(small.shape), 100.0, np.zeros(1), it)
    np.testing.assert_allclose(step.density, np.exp(-rate * 100.0), rtol=2e-3)
    assert step.captured[0] == pytest.approx(200.0 * (1.0 - np.exp(-rate * 100.0)), rel=1e-3)


def test_transfer_knows_territories() -> None:
    """Probabilities are those that fields run to: of 1 vesicle/s that cell 0 sends, cell j takes P_0j per s in the end.

    The field stands still after 30 times its slowest time; steps have a tolerance of 1e-5.
    """
    liquid = Liquid(DIFFUSIVITY, 1e-3, ALPHA)
    field = Steady(GRID, liquid, kernel(), uptake())
    found = transfer(field, range(12), range(12))
    assert found.probability.toarray().min() >= 0.0
    np.testing.assert_allclose(found.captured + found.escaped, 1.0, atol=1e-9)
    source = np.eye(1, 12, 0)[0]
    stepper = FieldStepper(GRID, liquid, kernel(), tolerance=1e-5, scheme="implicit")
    density = stepper.advance(np.zeros(GRID.shape), 3e4, source, uptake()).density
    np.testing.assert_allclose(uptake().rates(kernel().sample(density)), found.probability.toarray()[0], rtol=1e-4,
                               atol=1e-6)
