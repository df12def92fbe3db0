"""Parts of the field solver: bases, functions of the rate, stencils, flow, and how a liquid is refused."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

from vesica.errors import InputError
from vesica.transport.basis import axis_basis, wall_speed
from vesica.transport.fields import FieldStepper
from vesica.transport.flow import Advection, channel_flow, peclet_number, uniform_flow
from vesica.transport.grid import CLOSED, Face, Grid
from vesica.transport.liquid import Liquid
from vesica.transport.modes import FIRST, INVERSE, RESOLVE, SECOND, Modes
from vesica.transport.phi import phis
from vesica.transport.stencil import Diffusion

EPS = float(np.finfo(float).eps)
C, P, HELD, OPEN = Face(), Face("periodic"), Face("held", value=2.0), Face("open", exchange=0.7, value=0.5)
PAIRS = [(C, C), (P, P), (HELD, HELD), (HELD, C), (OPEN, OPEN), (OPEN, HELD)]
MIXED = ((HELD, C), (OPEN, OPEN), (P, P))


def operator(n: int, spacing: float, low: Face, high: Face, diffusivity: float) -> np.ndarray:
    """d2/dx2 on voxels, written out face by face."""
    found = np.zeros((n, n))
    for i, (j, face) in itertools.product(range(n), ((-1, low), (1, high))):
        if 0 <= i + j < n or low.kind == "periodic":
            found[i, (i + j) % n] += 1.0 / spacing**2
            found[i, i] -= 1.0 / spacing**2
        else:
            found[i, i] -= wall_speed(face, spacing, diffusivity) / (diffusivity * spacing)
    return found


@pytest.mark.parametrize("walls", PAIRS)
@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 40])
def test_a_basis_is_that_of_its_operator(n: int, walls: tuple[Face, Face]) -> None:
    """Orthonormal to n roundings, and V values V' is the operator to n roundings of its norm, 4/h^2."""
    basis = axis_basis(n, 2.0, *walls, 3.0)
    bound = 20.0 * n * EPS
    assert np.abs(basis.vectors.T @ basis.vectors - np.eye(n)).max() <= bound
    assert np.abs((basis.vectors * basis.values) @ basis.vectors.T - operator(n, 2.0, *walls, 3.0)).max() <= bound
    assert np.all(basis.values <= 0.0)
    assert np.abs(basis.sums - basis.vectors.sum(axis=0)).max() <= bound


@pytest.mark.parametrize("walls", [pair for pair in PAIRS if pair[0] == pair[1]])
@pytest.mark.parametrize("n", [2, 7, 8])
def test_modes_between_like_walls_are_even_or_odd_to_the_last_bit(n: int, walls: tuple[Face, Face]) -> None:
    vectors = axis_basis(n, 1.0, *walls, 1.0).vectors
    evens = (n + 1) // 2
    assert np.array_equal(vectors[:, :evens], vectors[::-1, :evens])
    assert np.array_equal(vectors[:, evens:], -vectors[::-1, evens:])


def test_open_walls_lie_between_closed_and_held() -> None:
    """Resistances in series: h/(2 D) of half a voxel and 1/exchange of the wall."""
    assert wall_speed(Face("open", exchange=0.0), 2.0, 3.0) == 0.0
    assert wall_speed(Face("open", exchange=6.0), 2.0, 3.0) == pytest.approx(1.0 / (1.0 / 3.0 + 1.0 / 6.0), rel=4 * EPS)
    assert wall_speed(Face("open", exchange=1e300), 2.0, 3.0) == wall_speed(Face("held"), 2.0, 3.0)
    assert wall_speed(Face("held"), 2.0, 0.0) == 0.0


def test_phi_functions_against_forty_digits() -> None:
    """phi_1 loses 2 roundings; above 0.4 each recursion loses up to 1/(0.4 phi) of them: below 20 in all."""
    mpmath.mp.dps = 40
    for z in (-0.0, -1e-300, -1e-9, -1e-3, -0.1, -0.399, -0.401, -1.0, -7.0, -100.0, -1e6):
        exact = [sum(mpmath.mpf(z) ** j / mpmath.factorial(j + k) for j in range(60)) for k in (1, 2, 3)]
        if abs(z) > 0.5:
            one = mpmath.expm1(mpmath.mpf(z)) / z
            exact = [one, (one - 1) / z, ((one - 1) / z - mpmath.mpf("0.5")) / z]
        for found, true in zip(phis(z), exact, strict=True):
            assert abs(float((mpmath.mpf(found) - true) / true)) <= 20 * EPS


def whole_transform(modes: Modes, field: np.ndarray) -> np.ndarray:
    x, y, z = (axis.vectors for axis in modes.axes)
    return np.einsum("kc,jb,ia,kji->cba", z, y, x, field)


def back_transform(modes: Modes, field: np.ndarray) -> np.ndarray:
    x, y, z = (axis.vectors for axis in modes.axes)
    return np.einsum("kc,jb,ia,cba->kji", z, y, x, field)


@pytest.mark.parametrize("faces", [CLOSED, MIXED, ((HELD, HELD),) * 3])
@pytest.mark.parametrize("voxels", [(5, 6, 7), (8, 1, 3), (9, 1, 1), (1, 1, 1)])
@pytest.mark.parametrize("duration", [1.0, 40.0])
def test_functions_of_the_rate_against_whole_matrices(faces, voxels, duration) -> None:
    """Sums of up to 7 terms in three axes, twice: 200 roundings of the largest, and the marginals alike."""
    modes = Modes(Grid(voxels, (2.0, 2.0, 2.0)), faces, 3.0, 0.01)
    x, y, z = (3.0 * axis.values for axis in modes.axes)
    rate = duration * (x[None, None, :] + y[None, :, None] + z[:, None, None] - 0.01)
    first, second, third = (np.vectorize(lambda v, k=k: phis(v)[k])(rate) for k in range(3))
    field = np.random.default_rng(0).normal(size=rate.shape)
    spectrum = whole_transform(modes, field)
    cases = {FIRST: (duration * first, duration**2 * second), SECOND: (duration * second, duration**2 * third),
             INVERSE: (1.0 / (1.0 - rate), None), RESOLVE: (1.0 / rate, None)}
    for function, (factor, over_time) in cases.items():
        out = field.copy()
        marginals = modes.apply(out, duration, function)
        assert np.abs(out - back_transform(modes, factor * spectrum)).max() <= 200 * EPS * np.abs(factor).max() * 10
        if over_time is None:
            continue
        integral = back_transform(modes, over_time * spectrum)
        bound = 200 * EPS * np.abs(over_time).max() * np.sqrt(field.size) * 10
        assert abs(modes.total(marginals) - integral.sum()) <= bound
        for axis, side in itertools.product(range(3), range(2)):
            if faces[axis][side].kind in {"held", "open"}:
                at = integral.take(-side, axis=2 - axis).sum()
                assert abs(modes.at_wall(marginals, axis, side) - at) <= bound


@pytest.mark.parametrize("function", [FIRST, SECOND, INVERSE, RESOLVE])
def test_fast_cosines_are_the_same_modes(function: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, on a grid that is long if any is: 400 roundings of the largest factor, 12 s."""
    grid = Grid((12, 9, 5), (2.0, 2.0, 2.0))
    start = np.random.default_rng(4).normal(size=grid.shape)
    fields, marginals, ways = [], [], []
    for longest in (1e9, 1):
        monkeypatch.setattr("vesica.transport.modes._LONG", longest)
        modes, field = Modes(grid, CLOSED, 3.0, 0.1), start.copy()
        marginals.append(modes.total(modes.apply(field, 12.0, function)))
        fields.append(field)
        ways.append(modes._is_long)
    assert ways == [False, True]
    assert np.abs(fields[0] - fields[1]).max() <= 400 * EPS * 12.0
    assert abs(marginals[0] - marginals[1]) <= 400 * EPS * 144.0 * 23.0
    assert not Modes(Grid((13, 17, 1), (1.0, 1.0, 1.0)), CLOSED, 1.0, 0.0)._is_long  # 17 has no small factors


@pytest.mark.parametrize("faces", [CLOSED, MIXED, ((HELD, HELD),) * 3])
def test_stencils_are_the_operator(faces) -> None:
    """The uniform stencil, and the one of maps with even maps, against the axes' matrices; 30 roundings of 6 D/h^2
    u.
    """
    grid = Grid((5, 4, 3), (2.0, 2.5, 3.0))
    field = np.random.default_rng(1).random(grid.shape)
    exact = -0.1 * field
    for axis in range(3):
        matrix = 3.0 * operator(grid.voxels[axis], grid.spacing[axis], *faces[axis], 3.0)
        exact += np.moveaxis(np.tensordot(matrix, field, (1, 2 - axis)), 0, 2 - axis)
    even = np.ones(grid.shape)
    for liquid in (Liquid(3.0, 0.1, 0.2, faces), Liquid(3.0, 0.1, 0.2, faces, None, even, 0.2 * even)):
        out = np.empty(grid.shape)
        Diffusion(grid, liquid).rate(field, out, gains=False)
        assert np.abs(out - exact).max() <= 100 * EPS * 3.0


def test_two_slabs_in_series_by_the_harmonic_mean() -> None:
    """Steady flux through slabs of D 1 and 4: C falls by flux/D per length, exactly, so the rate is 0 to rounding."""
    grid = Grid((10, 1, 1), (1.0, 1.0, 1.0))
    faces = ((Face("held", value=1.0), Face("held", value=0.0)), (C, C), (C, C))
    relative = np.where(np.arange(10) < 5, 1.0, 4.0)
    flux = 1.0 / (5.0 / 1.0 + 5.0 / 4.0)
    x = np.arange(10) + 0.5
    exact = np.where(x < 5, 1.0 - flux * x, flux * (10.0 - x) / 4.0).reshape(grid.shape)
    diffusion = Diffusion(grid, Liquid(1.0, 0.0, 1.0, faces, None, relative.reshape(grid.shape)))
    out = np.empty(grid.shape)
    diffusion.rate(exact, out)
    assert np.abs(out).max() <= 40 * EPS
    assert diffusion.through_walls(exact, 1.0)[:2] == pytest.approx([-flux, flux], rel=40 * EPS)


def test_flow_moves_amounts_and_makes_none() -> None:
    """What the rate adds up to is what goes through walls, in every direction, and a constant field stays as it is."""
    grid = Grid((6, 5, 4), (2.0, 3.0, 1.0))
    faces = ((Face("held", value=3.0), Face("open", exchange=1.0)), (P, P), (C, C))
    for sign in (1.0, -1.0):
        flow = Advection(grid, Liquid(1.0, 0.0, 0.5, faces, (sign * 0.3, sign * -0.2, 0.0)))
        field = np.random.default_rng(2).random(grid.shape)
        out = np.zeros(grid.shape)
        through = flow.add_rate(field, out)
        assert abs(0.5 * grid.voxel_volume * out.sum() + through.sum()) <= 1e3 * EPS
        assert through[2:].tolist() == [0.0] * 4
    calm = ((P, P), (P, P), (P, P))
    out = np.zeros(grid.shape)
    Advection(grid, Liquid(1.0, 0.0, 1.0, calm, (0.3, -0.2, 0.1))).add_rate(np.full(grid.shape, 7.0), out)
    assert np.abs(out).max() <= 20 * EPS


def test_flow_of_a_step_stays_between_its_neighbours() -> None:
    """A forward step of half a voxel makes no new extremes (van Leer); one of two voxels does: the check can fail."""
    grid = Grid((40, 1, 1), (1.0, 1.0, 1.0))
    flow = Advection(grid, Liquid(1.0, 0.0, 1.0, ((P, P), (C, C), (C, C)), (1.0, 0.0, 0.0)))
    step = np.zeros(grid.shape)
    step[0, 0, 10:20] = 1.0
    assert flow.longest_step == 0.5
    for share, is_bounded in ((0.5, True), (2.0, False)):
        field = step.copy()
        for _ in range(30):
            rate = np.zeros(grid.shape)
            flow.add_rate(field, rate)
            field += share * rate
        assert bool(field.min() >= -EPS and field.max() <= 1.0 + 10 * EPS) == is_bounded


def test_profiles_of_flow() -> None:
    """The parabola of a channel has its mean, is even, and is 3/2 of it in the middle (1/n^2 below, of one voxel)."""
    grid = Grid((4, 3, 101), (1.0, 1.0, 1.0))
    x, y, z = channel_flow(grid, axis=0, across=2, mean=2.0)
    assert (y, z) == (0.0, 0.0)
    assert np.mean(x) == pytest.approx(2.0, rel=1e-14)
    assert np.allclose(x, x[::-1], rtol=1e-12, atol=0.0)
    assert np.max(x) == pytest.approx(3.0 * (1.0 - 1.0 / (3.0 * 101**2)), rel=1e-12)
    assert uniform_flow(1, 0.5) == (0.0, 0.5, 0.0)
    assert peclet_number(-0.5, 100.0, 5.0) == 10.0


@pytest.mark.parametrize(("liquid", "words"), [
    (Liquid(-1.0), "not below 0"),
    (Liquid(1.0, float("nan")), "finite number"),
    (Liquid(1.0, 0.0, 0.0), "lies above 0"),
    (Liquid(1.0, 0.0, 1.0, ((P, C), (C, C), (C, C))), "periodic, or none"),
    (Liquid(1.0, 0.0, 1.0, CLOSED, (1.0, 0.0, 0.0)), "no liquid passes a closed wall"),
    (Liquid(1.0, fraction_map=np.zeros((2, 2, 2))), "finite values, above 0"),
    (Liquid(1.0, relative_diffusivity=np.ones((2, 2, 3))), "has the shape"),
])
def test_a_liquid_that_cannot_be(liquid: Liquid, words: str) -> None:
    with pytest.raises(InputError, match=words):
        FieldStepper(Grid((2, 2, 2), (1.0, 1.0, 1.0)), liquid, None)
