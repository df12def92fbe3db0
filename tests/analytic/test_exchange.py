"""A cell takes what a sphere takes, on any voxels: Smoluchowski, Collins and Kimball, two spheres, walls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import erfcx

from tests.lattices import captures, lattice_green
from vesica.transport.conductance import Conductance
from vesica.transport.correction import pair_resistance, self_resistance
from vesica.transport.grid import CLOSED, Face, Faces, Grid
from vesica.transport.kernels import gaussian_kernel, width_for
from vesica.transport.spheres import image_term, pair_capture, shell_term

OFFSETS = ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.3, 0.1, 0.45), (0.5, 0.0, 0.2))
WATSON = 0.252731009858663  # of the cubic lattice, u(3)/6: Watson 1939, Glasser and Zucker 1977
PERIODIC = (Face("periodic"), Face("periodic"))


def uptake_of(grid: Grid, places: np.ndarray, radius: float, reactivity: float, *, pairs: bool = False) -> tuple:
    """Kernel and conductance with D* = alpha = 1."""
    width = width_for(grid, np.full(len(places), radius))
    kernel = gaussian_kernel(grid, places, width)
    gamma = self_resistance(grid, CLOSED, places, width, radius)
    near = pair_resistance(grid, CLOSED, places, width, radius) if pairs else None
    return kernel, Conductance(np.full(len(places), reactivity), gamma, kernel.volumes, near)


@pytest.mark.parametrize("radius", [5.0, 8.0])
@pytest.mark.parametrize("h", [5.0, 10.0, 20.0])
def test_a_perfect_absorber_captures_as_a_sphere_at_any_offset(radius: float, h: float) -> None:
    """``4 pi D a C (1 + a/sqrt(pi D t))`` within 3 % from t = h^2/D on, within 1 % from 4 max(h, a)^2/D on.

    Steady capture is exact by construction. What is left is the memory of the first moments: a Gaussian of width s
    misses the sphere's ``a^2`` in the Laplace transform's next term. The largest error is 2.9 %, at h = a = 5 um and
    t = h^2/D; a closed box of volume V adds ``4 pi a s^2/V`` = 0.04 %, its field being curved when it is steady.
    """
    grid = Grid((32,) * 3, (h,) * 3)
    times = np.array([1.0, 2.0, 4.0]) * h**2
    exact = 4.0 * math.pi * radius * (1.0 + radius / np.sqrt(math.pi * times))
    worst = 0.0
    for offset in OFFSETS[:3]:
        kernel, uptake = uptake_of(grid, (16.0 + np.array([offset])) * h, radius, math.inf)
        error = captures(grid, kernel, uptake, times, h**2 / 8.0)[:, 0] / exact - 1.0
        worst = max(worst, float(np.abs(error).max()))
        assert np.abs(error[times >= 4.0 * max(h, radius) ** 2]).max(initial=0.0) < 0.01
    assert worst < 0.03


def test_the_usual_sink_in_one_voxel_is_a_sphere_of_0_315_voxels() -> None:
    """Without the correction a cell of 5 um captures 31, 63, 126 % on 5, 10, 20 um: the checks above can fail.

    A vanishing width puts all weight into the voxel of a cell at its middle; then gamma is
    ``1/(4 pi a) - 0.25273/h``, with Watson's constant of the lattice, but for the neutral box's ``h^2/(4 V)`` (a voxel
    has the mean square h^2/12 on each axis; 2e-6/h) and the early times left out, 1e-5 of the width's square.
    """
    grid = Grid((50,) * 3, (20.0,) * 3)
    gamma = self_resistance(grid, CLOSED, np.full((1, 3), 510.0), 2.0, 5.0)[0]
    assert gamma == pytest.approx(1.0 / (20.0 * math.pi) - WATSON / 20.0, abs=5e-6 / 20.0)
    taken = [h / (4.0 * math.pi * WATSON * 5.0) for h in (5.0, 10.0, 20.0)]
    assert [round(100.0 * one) for one in taken] == [31, 63, 126]


@pytest.mark.parametrize("ratio", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("h", [10.0, 20.0])
def test_finite_reactivity_follows_collins_and_kimball(h: float, ratio: float) -> None:
    """``k k_D C/(k + k_D) (1 + k/k_D erfcx((1 + k/k_D) sqrt(D t)/a))``, k_D = 4 pi D a, from h^2/D on (a <= h).

    Collins & Kimball 1949 J Colloid Sci 4:425. 1.5 %: the memory of the perfect absorber, and less for slower ones.
    """
    grid = Grid((24,) * 3, (h,) * 3)
    radius, times = 5.0, np.array([1.0, 2.0, 4.0]) * h**2
    ceiling = 4.0 * math.pi * radius
    exact = ceiling * ratio / (1.0 + ratio) * (1.0 + ratio * erfcx((1.0 + ratio) * np.sqrt(times) / radius))
    for offset in OFFSETS[1:3]:
        kernel, uptake = uptake_of(grid, (12.0 + np.array([offset])) * h, radius, ratio * ceiling)
        rates = captures(grid, kernel, uptake, times, h**2 / 8.0)[:, 0]
        assert rates == pytest.approx(exact, rel=0.015)


def test_without_its_resistance_a_cell_takes_too_much_by_a_known_factor() -> None:
    """``(1/k + 1/k_D)/(1/k + 1/k_D - gamma)``, 1.59 at k = k_D on 20 um; 3 % is the memory of either at 4 h^2/D."""
    grid, radius, times = Grid((24,) * 3, (20.0,) * 3), 5.0, np.array([1600.0])
    places, share = np.full((1, 3), 246.0), 1.0 / (4.0 * math.pi * radius)
    kernel, right = uptake_of(grid, places, radius, 1.0 / share)
    gamma = self_resistance(grid, CLOSED, places, width_for(grid, radius), radius)
    wrong = Conductance(np.array([1.0 / share]), np.zeros(1), kernel.volumes)
    taken = [captures(grid, kernel, one, times, 50.0)[0, 0] for one in (right, wrong)]
    assert taken[1] / taken[0] == pytest.approx(2.0 * share / (2.0 * share - gamma[0]), rel=0.03)
    assert taken[1] > 1.5 * taken[0]


def total_resistance(grid: Grid, faces: Faces, places: np.ndarray, radius: float) -> np.ndarray:
    """``gamma + w'Gw`` for closed walls: what a cell meets in all, but for the box's mean, (cell,) 1/um."""
    width = width_for(grid, np.full(len(places), radius))
    kernel = gaussian_kernel(grid, places, width, faces)
    return self_resistance(grid, faces, places, width, radius) + np.diag(lattice_green(grid, kernel))


def test_the_resistance_of_a_cell_does_not_depend_on_the_voxels() -> None:
    """The same cells in the same closed box: gamma and the lattice's own Green's function, solved by cosine
    transforms, add to one number. Beside walls, in edges, in corners; 1e-4 of 1/(4 pi a) is the quadrature's aim.
    """
    places = np.array([[50.0, 60.0, 40.0], [47.0, 61.0, 12.0], [6.0, 60.0, 40.0], [6.0, 7.0, 40.0], [5.0, 5.0, 5.0],
                       [97.0, 60.0, 40.0]])
    sums = [total_resistance(Grid((100 // h, 120 // h, 80 // h), (float(h),) * 3), CLOSED, places, 5.0)
            for h in (4, 10, 20)]
    for other in sums[1:]:
        assert other == pytest.approx(sums[0], abs=1e-4 / (20.0 * math.pi))


def test_a_thin_section_is_one_voxel_thick_and_as_exact() -> None:
    """A section of 12 um: voxels of 20 x 20 x 12 um against 4 x 4 x 4."""
    places = np.array([[100.0, 100.0, 6.0], [91.0, 104.0, 6.0], [7.0, 100.0, 5.5]])
    fine = total_resistance(Grid((50, 50, 3), (4.0, 4.0, 4.0)), CLOSED, places, 5.0)
    coarse = total_resistance(Grid((10, 10, 1), (20.0, 20.0, 12.0)), CLOSED, places, 5.0)
    assert coarse == pytest.approx(fine, abs=1e-4 / (20.0 * math.pi))


def test_a_column_of_voxels_too() -> None:
    """One dimension: a box of one voxel across."""
    places = np.array([[10.0, 11.0, 40.0], [10.0, 11.0, 6.0]])
    fine = total_resistance(Grid((5, 5, 20), (4.0, 4.0, 4.0)), CLOSED, places, 5.0)
    coarse = total_resistance(Grid((1, 1, 8), (20.0, 20.0, 10.0)), CLOSED, places, 5.0)
    assert coarse == pytest.approx(fine, abs=1e-4 / (20.0 * math.pi))


def held_total(h: float, places: np.ndarray, radius: float, faces: Faces) -> np.ndarray:
    """The same with walls z held, by a dense inverse along z for each cosine of x, and periodic y."""
    grid = Grid((round(60 / h), round(80 / h), round(40 / h)), (h,) * 3)
    width = width_for(grid, np.full(len(places), radius))
    kernel = gaussian_kernel(grid, places, width, faces)
    laplace = np.zeros((grid.size, grid.size))
    index = np.arange(grid.size).reshape(grid.shape)
    for axis, name in enumerate((2, 1, 0)):
        n = grid.voxels[axis]
        for i in range(n):
            for step, wall in ((-1, faces[axis][0].kind), (1, faces[axis][1].kind)):
                here = np.take(index, i, axis=name).ravel()
                if 0 <= i + step < n or wall == "periodic":
                    there = np.take(index, (i + step) % n, axis=name).ravel()
                    laplace[here, here] -= 1.0
                    laplace[here, there] += 1.0
                elif wall == "held":
                    laplace[here, here] -= 2.0
    weights = kernel.matrix().toarray()
    green = weights @ np.linalg.solve(-laplace / h**2, weights.T) / grid.voxel_volume
    return self_resistance(grid, faces, places, width, radius) + np.diag(green)


def test_held_and_periodic_walls() -> None:
    """Closed x, periodic y, held z: the sum of gamma and the dense inverse is the same on 5 and 10 um, 1e-4 as above.

    A held wall keeps half of the first voxel's distance, in the inverse here as in the eigenvectors there.
    """
    faces: Faces = ((Face(), Face()), PERIODIC, (Face("held"), Face("held")))
    places = np.array([[30.0, 40.0, 20.0], [27.0, 1.0, 13.0], [8.0, 33.0, 11.0]])
    fine, coarse = (held_total(h, places, 3.0, faces) for h in (5.0, 10.0))
    assert coarse == pytest.approx(fine, abs=1e-4 / (12.0 * math.pi))


def pair_total(grid: Grid, places: np.ndarray, radius: float, *, pairs: bool, reach: float = 4.0) -> np.ndarray:
    """Matrix of all resistances between cells."""
    width = width_for(grid, np.full(len(places), radius))
    kernel = gaussian_kernel(grid, places, width)
    total = lattice_green(grid, kernel) + np.diag(self_resistance(grid, CLOSED, places, width, radius))
    return total + pair_resistance(grid, CLOSED, places, width, radius, reach=reach).toarray() if pairs else total


@pytest.mark.parametrize(("radius", "h", "pairs", "limit"), [
    (5.0, 5.0, False, 0.01), (5.0, 10.0, False, 0.01), (8.0, 5.0, False, 0.01), (8.0, 10.0, False, 0.01),
    (8.0, 20.0, False, 0.015),  # 0.6 h = 1.5 a
    (5.0, 10.0, True, 0.005), (5.0, 20.0, True, 0.005), (8.0, 20.0, True, 0.005),
])
def test_two_cells_at_four_radii_share_as_two_spheres_do(radius: float, h: float, pairs: bool, limit: float) -> None:
    """The exact share of two absorbing spheres at 4 a is 0.8023 of one; monopoles give 0.8, 0.29 % less.

    Without pairs two Gaussians see erf(d/2s) of 1/(4 pi d): for s = 0.6 h = 4a/3 that is 3.4 % of 0.25 in 1.25, 0.7 %;
    with them the 0.29 % stay. The box's own resistance is that of one cell in the middle; it differs at 2 a by
    2 pi/3 (2 a)^2/L^3 per 1/(4 pi a), below 0.05 %.
    """
    grid = Grid((32,) * 3, (h,) * 3) if h > 5.0 else Grid((48,) * 3, (h,) * 3)
    share = 1.0 / (4.0 * math.pi * radius)
    for direction in ((1.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
        for offset in OFFSETS[1:3]:
            away = np.array(direction) / np.linalg.norm(direction) * 2.0 * radius
            middle = (grid.voxels[0] // 2 + np.array(offset)) * h
            total = pair_total(grid, np.stack([middle - away, middle + away]), radius, pairs=pairs)
            box = total[0, 0] - share
            assert share / (total[0, 0] + total[0, 1] - 2.0 * box) == pytest.approx(
                float(pair_capture(4.0 * radius, radius)), rel=limit)


def test_a_coarse_pair_needs_the_pairs() -> None:
    """At 20 um and a = 5 um each takes 3 to 5 % too much without them: the check above can fail."""
    grid, share = Grid((32,) * 3, (20.0,) * 3), 1.0 / (20.0 * math.pi)
    total = pair_total(grid, np.array([[310.0, 320.0, 320.0], [330.0, 320.0, 320.0]]), 5.0, pairs=False)
    error = share / (total[0, 0] + total[0, 1] - 2.0 * (total[0, 0] - share)) / float(pair_capture(20.0, 5.0)) - 1.0
    assert 0.03 < error < 0.05


@pytest.mark.parametrize("height", [5.0, 7.0, 10.0])
@pytest.mark.parametrize("h", [5.0, 10.0, 20.0])
def test_beside_a_closed_wall_a_cell_and_its_image_are_two_spheres(height: float, h: float) -> None:
    """The half of a box with a cell and its mirror image: one cell beside the wall, exactly.

    In the half the wall's term is the exact one of two spheres; in the whole it is the pair's 1/(4 pi d). Their
    difference is known, and the sums agree to the quadrature's 1e-4 twice.
    """
    side = 160.0
    n = round(side / h)
    at = np.array([side / 2.0 + 1.3, side / 2.0 - 2.1])
    half, whole = Grid((n, n, n), (h,) * 3), Grid((n, n, 2 * n), (h,) * 3)
    one = total_resistance(half, CLOSED, np.array([[*at, height]]), 5.0)[0]
    two = pair_total(whole, np.array([[*at, side + height], [*at, side - height]]), 5.0, pairs=True)
    share = 1.0 / (20.0 * math.pi)
    expected = two[0, 0] + two[0, 1] + share * (1.0 / float(pair_capture(2.0 * height, 5.0)) - 1.0 - 2.5 / height)
    assert one == pytest.approx(expected, abs=2e-4 * share)


def test_many_cells_meet_the_same_resistances_on_any_voxels() -> None:
    """60 absorbers of 5 um in a box of 80 um (1.2e5/mm^3), walls and all: every pair as good on 20 um as on 4 um.

    With all pairs the quadrature alone is left, 1e-4 of 1/(4 pi a). Within 4 widths, far pairs keep what the lattice
    adds along its axes, ``1/(4 pi r) 0.25 (h/r)^2`` (r = 2.4 h: 4.3 %, times a/r = 0.1), four times that in an edge.
    """
    random = np.random.default_rng(11)
    places: list[np.ndarray] = []
    while len(places) < 60:
        one = random.uniform(5.0, 75.0, 3)
        if all(np.linalg.norm(one - other) > 10.0 for other in places):
            places.append(one)
    share = 1.0 / (20.0 * math.pi)
    for reach, limit in ((20.0, 1e-4), (4.0, 4 * 0.0043 + 4 * 0.00047)):
        coarse, fine = (pair_total(Grid((n,) * 3, (80.0 / n,) * 3), np.array(places), 5.0, pairs=True, reach=reach)
                        for n in (4, 20))
        assert np.linalg.eigvalsh(coarse)[0] > 0.0
        assert coarse == pytest.approx(fine, abs=limit * share)


def test_pairs_are_symmetric_and_positive_with_the_cells_own() -> None:
    """Dense, overlapping cells on coarse voxels: all eigenvalues are positive, so that uptake loses energy."""
    random = np.random.default_rng(5)
    grid = Grid((6, 6, 6), (20.0,) * 3)
    places = random.uniform(0.0, 120.0, (400, 3))  # many overlap
    width = width_for(grid, np.full(400, 5.0))
    pairs = pair_resistance(grid, CLOSED, places, width, 5.0)
    matrix = pairs.toarray() + np.diag(self_resistance(grid, CLOSED, places, width, 5.0))
    assert np.array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix)[0] > 0.0


def test_order_of_cells_changes_nothing() -> None:
    places = np.random.default_rng(5).uniform(0.0, 100.0, (30, 3))
    grid, order = Grid((10, 10, 10), (10.0,) * 3), np.random.default_rng(6).permutation(30)
    width = width_for(grid, np.linspace(3.0, 8.0, 30))
    gamma = self_resistance(grid, CLOSED, places, width, np.linspace(3.0, 8.0, 30))
    again = self_resistance(grid, CLOSED, places[order], width[order], np.linspace(3.0, 8.0, 30)[order])
    assert again == pytest.approx(gamma[order], rel=1e-12)


def test_two_spheres_take_ln_2_where_they_touch_and_one_each_far_away() -> None:
    """Far away ``1/(1 + a/d)`` to (a/d)^4; at 4 a the series by hand."""
    assert pair_capture(10.0, 5.0) == pytest.approx(math.log(2.0), abs=1e-4)
    assert pair_capture(500.0, 5.0) == pytest.approx(1.0 / 1.01, rel=2e-8)
    by_hand = math.sqrt(3.0) * sum((-1) ** (n - 1) / math.sinh(n * math.acosh(2.0)) for n in range(1, 30))
    assert pair_capture(20.0, 5.0) == pytest.approx(by_hand, rel=1e-12)


def test_shells_meet_the_point_law_outside_and_newtons_inside() -> None:
    """Overlapping: against the mean over 2000 rings of the second sphere (midpoints: error 1e-6)."""
    one, two = np.array([5.0]), np.array([3.0])
    assert shell_term(np.array([8.0]), one, two)[0] == pytest.approx(1.0 / (32.0 * math.pi), rel=1e-14)
    assert shell_term(np.array([1.0]), one, two)[0] == pytest.approx(1.0 / (20.0 * math.pi), rel=1e-14)
    cosines = (np.arange(2000) + 0.5) / 1000.0 - 1.0
    for distance in (2.5, 4.0, 7.0):
        away = np.sqrt(distance**2 + 9.0 + 6.0 * distance * cosines)
        mean = np.mean(1.0 / np.maximum(away, 5.0)) / (4.0 * math.pi)
        assert shell_term(np.array([distance]), one, two)[0] == pytest.approx(mean, rel=1e-5)


def test_a_sphere_cut_by_a_closed_wall_takes_as_known_bodies_do() -> None:
    """Half a sphere: 2 x 1/(4 pi a). Cut at right angles: the double takes a (2 - 1/sqrt 2). Touching: 1/ln 2."""
    unit = 1.0 / (4.0 * math.pi * 5.0)
    terms = image_term(1.0, np.array([0.0, 5.0 * math.sqrt(2.0), 10.0 - 1e-12, 10.0]), np.full(4, 5.0)) / unit
    expected = [1.0, 2.0 / (2.0 - math.sqrt(0.5)) - 1.0, 1.0 / math.log(2.0) - 1.0, 1.0 / math.log(2.0) - 1.0]
    assert terms == pytest.approx(expected, abs=1e-4)
    assert np.all(np.diff(image_term(1.0, np.linspace(0.0, 60.0, 200), np.full(200, 5.0))) < 0.0)


@pytest.mark.parametrize("reactivity", [0.0, 3.0, 1e6, math.inf])
def test_uptake_solves_its_equation(reactivity: float) -> None:
    """``(1/k + g) U + P U = <C>``: against the dense inverse, k = 0 and infinity among others, to 1e-10."""
    random = np.random.default_rng(2)
    k = np.array([1.0, reactivity, 5.0, 0.0, 2.0])
    own, near = random.uniform(0.5, 1.0, 5), random.uniform(-0.1, 0.1, (5, 5))
    near = np.triu(near, 1) + np.triu(near, 1).T
    samples = random.uniform(1.0, 2.0, 5)
    uptake = Conductance(k, own, np.full(5, 10.0), csr_matrix(near)).rates(samples)
    takes = k > 0.0
    matrix = (np.diag(np.where(takes, 1.0 / np.where(takes, k, 1.0), 0.0) + own) + near)[np.ix_(takes, takes)]
    assert uptake[takes] == pytest.approx(np.linalg.solve(matrix, samples[takes]), rel=1e-10)
    assert np.all(uptake[~takes] == 0.0)


def shared(h: float, reactivity: float) -> np.ndarray:
    """Steady uptake of two cells 12 um apart of which the first sends 3 per time, without the box's mean."""
    grid = Grid((round(200 / h),) * 3, (h,) * 3)
    kernel, uptake = uptake_of(grid, np.array([[97.0, 101.0, 99.0], [109.0, 101.0, 99.0]]), 5.0, reactivity)
    green, sent = lattice_green(grid, kernel), np.array([3.0, 0.0])
    back = uptake.returned(sent)
    assert 0.0 < back[0] < sent[0]
    assert back[1] == 0.0
    solve = np.array([uptake.rates(row) for row in np.eye(2)])
    field = np.linalg.solve(np.eye(2) + green @ solve, green @ (sent - back))  # <C> = G (S - back - U)
    return uptake.rates(field) + back


def test_what_a_cell_sends_it_takes_back_alike_on_any_voxels() -> None:
    """``k Z_11 S/(1 + k Z_11)`` with all of its resistance Z, but for what the neighbour changes: 2 % of k Z_11.

    The neighbour, 12 um away, gets what the grid shows it: on 20 um half as much, erf(r/2s) = 0.52, for s = 0.6 h.
    """
    fine, coarse = shared(5.0, 5.0), shared(20.0, 5.0)
    assert coarse[0] == pytest.approx(fine[0], rel=0.02)
    assert coarse[1] / fine[1] == pytest.approx(math.erf(0.5) / math.erf(12.0 / 10.6), abs=0.1)


def test_the_largest_loss_is_that_of_the_fastest_cell() -> None:
    uptake = Conductance(np.array([0.0, 2.0, math.inf]), np.array([1.0, 0.5, 4.0]), np.array([1.0, 8.0, 1.0]))
    assert uptake.conductance == pytest.approx([0.0, 1.0, 0.25])
    assert uptake.largest_loss == 0.25
    assert Conductance(np.zeros(0), np.zeros(0), np.zeros(0)).largest_loss == 0.0


@pytest.mark.parametrize(("k", "g"), [(math.inf, 0.0), (-1.0, 1.0), (1.0, -1.0), (math.nan, 1.0)])
def test_impossible_numbers_are_refused(k: float, g: float) -> None:
    with pytest.raises(ValueError, match="perfect absorber"):
        Conductance(np.array([k]), np.array([g]), np.ones(1))


def test_pairs_that_are_not_positive_are_refused() -> None:
    pairs = csr_matrix(np.array([[0.0, 3.0], [3.0, 0.0]]))
    with pytest.raises(ValueError, match="nearly coincide"):
        Conductance(np.full(2, math.inf), np.ones(2), np.ones(2), pairs).rates(np.array([1.0, -1.0]))
