"""Who captures what another sends: against the dense matrix, sums that close, and lengths in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from vesica.engine.tissue.all_pairs import captures, green
from vesica.engine.tissue.transfer import LEAST, TOLERANCE, Steady, escaping, transfer, travelled
from vesica.errors import InputError
from vesica.transport.grid import CLOSED, Face, Faces, Grid
from vesica.transport.kernels import Kernel, gaussian_kernel
from vesica.transport.liquid import Liquid

GRID = Grid((12, 10, 8), (5.0, 6.0, 7.0))
MIXED: Faces = ((Face("periodic"), Face("periodic")), (Face("held"), Face()), (Face("open", 0.1), Face()))
CLOSE = 1e3 * TOLERANCE  # what a residual leaves in the numbers, times the condition of small problems


@dataclass(frozen=True)
class Taking:
    """Conductances (cell, cell) um^3/s: below 4 pi alpha D* x width = 23, as those of cells that a kernel fits."""

    matrix: np.ndarray

    @property
    def largest_loss(self) -> float:
        return 1.0

    def rates(self, samples: np.ndarray) -> np.ndarray:
        return np.asarray(self.matrix @ samples)


def kernel(count: int = 20, grid: Grid = GRID) -> Kernel:
    size = [n * h for n, h in zip(grid.voxels, grid.spacing, strict=True)]
    return gaussian_kernel(grid, np.random.default_rng(1).random((count, 3)) * size, 6.0)


def conductances(count: int = 20, *, coupled: bool = False) -> np.ndarray:
    random = np.random.default_rng(2)
    found = np.diag(random.uniform(0.0, 8.0, count))
    if coupled:
        near = 2.0 * random.random((count, count)) / count
        found += near @ near.T
    return found


def field(faces: Faces = MIXED, *, decay: float = 1e-4, coupled: bool = False) -> Steady:
    return Steady(GRID, Liquid(1.5, decay, 0.2, faces), kernel(), Taking(conductances(coupled=coupled)))


def dense(it: Steady, coupled: bool) -> np.ndarray:
    """(sender, receiver) by a dense solution of the whole problem, column by column of M."""
    size = GRID.size
    columns = [it.applied(np.eye(size)[k].reshape(GRID.shape)).ravel() for k in range(size)]
    weights = kernel().matrix().toarray()
    return np.asarray((conductances(coupled=coupled) @ weights @ np.linalg.solve(np.array(columns).T, weights.T)).T)


@pytest.mark.parametrize("coupled", [False, True])
def test_probabilities_are_those_of_the_dense_matrix(coupled: bool) -> None:
    """By rows of senders and by columns of receivers; walls of all kinds, and cells that take together."""
    it = field(coupled=coupled)
    expected = dense(it, coupled)
    for senders, receivers in ((range(20), range(20)), ((3, 7), range(20)), (range(20), (5, 0))):
        found = transfer(it, senders, receivers)
        exact = expected[np.ix_(list(senders), list(receivers))]
        kept = found.probability.toarray()
        np.testing.assert_allclose(found.captured, exact.sum(axis=1), atol=CLOSE)
        np.testing.assert_allclose(kept, np.where(kept > 0.0, exact, 0.0), atol=CLOSE)
        assert (exact[kept == 0.0] <= LEAST * 1.001).all()
        np.testing.assert_allclose(found.captured + found.elsewhere, expected.sum(axis=1)[list(senders)], atol=CLOSE)
    assert 0.1 < expected.sum(axis=1).min() < 0.6 < expected.sum(axis=1).max() < 0.95  # there is something to get wrong


@pytest.mark.parametrize("faces", [CLOSED, MIXED])
def test_what_leaves_a_cell_is_captured_decays_or_escapes(faces: Faces) -> None:
    """Rows sum to one: each part is computed by itself, and the residual is what is missing."""
    it = field(faces)
    found = transfer(it, range(10), range(20))
    np.testing.assert_allclose(found.captured + found.elsewhere + found.escaped, 1.0, atol=4 * TOLERANCE)
    np.testing.assert_allclose(escaping(it)[:10], found.escaped, atol=CLOSE)
    density = it.solve(it.kernel.spread(np.eye(20)[4]))
    assert (it.left(density) > 1e-3) == (faces is MIXED)
    if faces is CLOSED:
        assert it.decayed(density) == pytest.approx(found.escaped[4], rel=1e-9)


def test_what_a_cell_takes_back_at_its_surface_never_leaves() -> None:
    """Row i is kept_i for itself, and 1 - kept_i times what it would be."""
    kept = np.linspace(0.0, 0.5, 20)
    plain = transfer(field(), range(6), range(20))
    it = Steady(GRID, field().liquid, kernel(), Taking(conductances()), kept)
    for receivers in (range(20), range(3)):
        found = transfer(it, range(6), receivers)
        expected = plain.probability.toarray()[:, list(receivers)] * (1.0 - kept[:6, None])
        expected[np.arange(len(receivers))[:6], np.arange(len(receivers))[:6]] += kept[: min(6, len(receivers))]
        np.testing.assert_allclose(found.probability.toarray(), expected, atol=2 * LEAST)
        np.testing.assert_allclose(found.captured + found.elsewhere + found.escaped, 1.0, atol=CLOSE)


@pytest.mark.parametrize(("faces", "decay"), [(CLOSED, 1e-4), (CLOSED, 0.0), (MIXED, 1e-4), (MIXED, 0.0)])
@pytest.mark.parametrize("coupled", [False, True])
def test_all_pairs_at_once_are_the_same(faces: Faces, decay: float, coupled: bool) -> None:
    """Without the field: quadrature over time and one dense system, to 1e-9 of the solutions one by one."""
    it = field(faces, decay=decay, coupled=coupled)
    every, nobody = captures(green(it.grid, it.liquid, kernel()), it.uptake)
    found = transfer(it, range(20), range(20))
    kept = found.probability.toarray()
    np.testing.assert_allclose(np.where(kept != 0.0, every, 0.0), kept, atol=CLOSE)
    np.testing.assert_allclose(every.sum(axis=1), found.captured, atol=CLOSE)
    np.testing.assert_allclose(nobody, found.escaped, atol=CLOSE)
    if faces is CLOSED and decay == 0.0:
        np.testing.assert_allclose(nobody, 0.0, atol=1e-12)


def test_many_pairs_are_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one_by_one = transfer(field(), range(20), range(20))
    monkeypatch.setattr("vesica.engine.tissue.transfer.MANY", 10)
    monkeypatch.setattr(Steady, "solve", None)
    found = transfer(field(), range(20), range(20))
    np.testing.assert_allclose(found.probability.toarray(), one_by_one.probability.toarray(), atol=CLOSE + LEAST)
    np.testing.assert_allclose(found.escaped, one_by_one.escaped, atol=CLOSE)


def test_the_report_counts_solutions() -> None:
    told: list[tuple[int, int]] = []
    transfer(field(), (1, 2, 3), (4, 5), lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]  # as there are fewer receivers


def test_the_same_bits_whatever_else_is_asked() -> None:
    it = field()
    one, all_of_them = transfer(it, (4,), range(20)), transfer(it, range(10), range(20))
    assert (one.probability.toarray()[0] == all_of_them.probability.toarray()[4]).all()


@pytest.mark.parametrize("liquid", [Liquid(1.0, 0.0, 0.2), Liquid(1.0, 1e-3, 0.2, MIXED, velocity=(0.1, 0.0, 0.0))])
def test_what_cannot_be_solved_is_refused(liquid: Liquid) -> None:
    with pytest.raises(InputError):
        Steady(GRID, liquid, kernel(), Taking(np.zeros((20, 20))))


# ---- distances


def test_distance_travelled_in_a_line_of_cells_that_all_take() -> None:
    """Even loss k on a line: capture falls as exp(-|x|/L), L = sqrt(D/k); mean L, median L ln 2, 90 % within L ln 10.

    On voxels of h = 1 um capture falls by q from one to the next, with q + 1/q = 2 + (h/L)^2: (1 - q)/(1 + q) q^|n|,
    and the mean is 2 q/(1 - q^2). What lies below 1e-6, from 109 um on, is not kept. Walls are 25 L away.
    """
    n, length = 501, 10.0
    grid = Grid((n, 1, 1), (1.0, 4.0, 4.0))
    positions = np.stack([grid.centres(0), np.full(n, 2.0), np.full(n, 2.0)], axis=1)
    sharp = gaussian_kernel(grid, positions, 1e-6)  # each cell has a voxel of its own
    alpha, diffusivity = 0.2, 2.0
    loss = diffusivity / length**2
    it = Steady(grid, Liquid(diffusivity, 0.0, alpha), sharp, Taking(np.eye(n) * loss * alpha * 16.0))
    found = transfer(it, (250,), range(n))
    q = np.exp(-np.arccosh(1.0 + 0.5 / length**2))
    steps = np.abs(np.arange(n) - 250)
    exact = (1.0 - q) / (1.0 + q) * q**steps
    np.testing.assert_allclose(found.probability.toarray()[0], np.where(exact >= LEAST, exact, 0.0), atol=1e-9)
    far = travelled(found, positions)
    kept = np.where(exact >= LEAST, exact, 0.0)
    assert far.mean == pytest.approx(kept @ steps / kept.sum(), rel=1e-8)
    assert far.mean == pytest.approx(2.0 * q / (1.0 - q**2), rel=q**109 * (109 / length + 1.0))  # the tail's part
    assert far.mean == pytest.approx(length, rel=2e-3)
    assert far.median == 7.0  # um: the first whole voxel beyond 10 ln 2
    assert far.most == 23.0  # beyond 10 ln 10


def test_distances_weigh_what_is_sent_and_go_around_periodic_boxes() -> None:
    grid = Grid((10, 1, 1), (1.0, 1.0, 1.0))
    positions = np.array([[0.5, 0.5, 0.5], [9.5, 0.5, 0.5], [4.5, 0.5, 0.5]])
    faces: Faces = ((Face("periodic"), Face("periodic")), *CLOSED[1:])
    it = Steady(grid, Liquid(1.0, 1e-3, 1.0, faces), gaussian_kernel(grid, positions, 1e-6, faces),
                Taking(np.diag([0.0, 1.0, 0.0])))
    found = transfer(it, (0, 2), (1,))
    assert travelled(found, positions, np.array([1.0, 0.0]), np.array([10.0, 0.0, 0.0])).mean == 1.0
    assert travelled(found, positions, np.array([1.0, 0.0])).mean == 9.0
    both = travelled(found, positions, np.array([1.0, 1.0]), np.array([10.0, 0.0, 0.0]))
    assert 1.0 < both.mean < 5.0
    assert np.isnan(travelled(found, positions, np.zeros(2)).mean)
