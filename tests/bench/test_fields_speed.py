"""One field with cells that secrete and absorb, side by side with split stepping at equal error; the floor beside
it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.bench.split_steps import split_step, thomas
from vesica.transport.conductance import Conductance
from vesica.transport.fields import FieldStepper, Liquid
from vesica.transport.grid import Array, Grid
from vesica.transport.kernels import Kernel, gaussian_kernel

pytestmark = pytest.mark.bench
H, DECAY, RUN = 10.0, 1e-3, 1800.0  # um, 1/s, s
ALLOWED = 0.01  # error at the sources


@dataclass(frozen=True)
class Scene:
    """A cell in every hundredth voxel, each tenth of them secretes, all take ``loss`` 1/s of what their voxel holds."""

    grid: Grid
    at: np.ndarray
    kernel: Kernel
    source: Array
    loss: float
    diffusivity: float

    @property
    def uptake(self) -> Conductance:
        taken = np.full(self.at.size, self.loss * H**3)
        return Conductance(taken, np.zeros(self.at.size), np.full(self.at.size, H**3))

    def run(self, *, tolerance: float, step: float, scheme: str = "auto") -> tuple[Array, int]:
        """Samples at the end of the run, and steps."""
        liquid = Liquid(self.diffusivity, DECAY)
        stepper = FieldStepper(self.grid, liquid, self.kernel, tolerance=tolerance, scheme=scheme)
        field, steps = np.zeros(self.grid.shape), 0
        for _ in range(round(RUN / step)):
            found = stepper.advance(field, step, self.source, self.uptake)
            field, steps = found.density, steps + found.steps + found.rejected
        return self.kernel.sample(field), steps

    def split(self, step: float, steps: int) -> Array:
        """Samples after some steps of the opponent."""
        field = np.zeros(self.grid.shape)
        pull = self.diffusivity * step / H**2
        lines = [thomas(n, pull, DECAY * step / 3.0) for n in self.grid.voxels]
        gain, loss = self.source * step / H**3, np.full(self.at.size, self.loss * step)
        for _ in range(steps):
            split_step(field, pull, *lines, self.at, gain, loss)
        return self.kernel.sample(field)

    def error(self, found: Array, exact: Array) -> float:
        """Largest, at the sources."""
        here = self.source > 0.0
        return float(np.abs(found[here] / exact[here] - 1.0).max())


def scene(n: int, diffusivity: float, loss: float) -> Scene:
    grid, rng = Grid((n, n, n), (H, H, H)), np.random.default_rng(3)
    at = np.sort(rng.choice(grid.size, grid.size // 100, replace=False))
    z, y, x = np.unravel_index(at, grid.shape)
    kernel = gaussian_kernel(grid, (np.stack([x, y, z], axis=1) + 0.5) * H, 1e-9)
    source = np.zeros(at.size)
    source[rng.choice(at.size, at.size // 10, replace=False)] = 1.0
    return Scene(grid, at, kernel, source, loss, diffusivity)


def processor(work: Callable[[], object], repeats: int) -> float:
    """Least s of this thread, which other work on the machine does not lengthen."""
    found = []
    for _ in range(repeats):
        begin = time.thread_time()
        work()
        found.append(time.thread_time() - begin)
    return min(found)


def floor(grid: Grid) -> float:
    """s of one step if products of matrices were all: two of half the size, three axes, there and back, twice."""
    n = grid.voxels[0]
    left, right, out = np.ones((n, n // 2)), np.ones((n // 2, n // 2)), np.empty((n, n // 2))

    def work() -> None:
        for _ in range(200):
            np.dot(left, right, out=out)

    work()
    return processor(work, 3) / 200 * 2 * 12 * grid.size / n**2


@pytest.mark.parametrize(("diffusivity", "loss"), [(4.0, 0.01), (4.0, 0.1), (40.0, 0.01)])
def test_fields_against_split_steps_at_one_per_cent(diffusivity: float, loss: float) -> None:
    """30 min from switch-on, one species. The opponent at the step that gives it 1 % at the sources; ours at a
    tolerance of 1 % of what cells sample and take, and at one ten times looser, with which the end of the run is
    within 1 %.

    On 100^3 voxels, with as many cells in a volume, steps are as many as on 50^3, where errors were measured; the time
    of the opponent is that of 20 steps times their number.
    """
    small, large = scene(50, diffusivity, loss), scene(100, diffusivity, loss)
    exact, _ = small.run(tolerance=1e-5, step=30.0)
    error = small.error(small.split(0.6, round(RUN / 0.6)), exact)
    steps = round(RUN / (0.6 * ALLOWED / error))
    theirs_found: list[Array] = []
    theirs = processor(lambda: theirs_found.append(small.split(RUN / steps, steps)), 1)
    their_error = small.error(theirs_found[0], exact)
    split = processor(lambda: large.split(RUN / steps, 20), 2) / 20 * steps
    print(f"\nD* {diffusivity:g} um2/s, cells take {loss:g}/s; error of split steps of 0.6 s: {error:.1%}")
    print(f"split, {steps} steps of {RUN / steps:.3f} s, error {their_error:.1e}: "
          f"50^3 {theirs:.2f} s, 100^3 {split:.1f} s")
    for tolerance in (0.1, 0.01):
        found, ours = small.run(tolerance=tolerance, step=RUN)
        mine = processor(lambda t=tolerance: small.run(tolerance=t, step=RUN), 2)
        big = processor(lambda t=tolerance: large.run(tolerance=t, step=RUN), 1)
        print(f"vesica at tolerance {tolerance:g}, {ours} steps, error {small.error(found, exact):.1e}: "
              f"50^3 {mine:.3f} s, "
              f"ratio {theirs / mine:.0f}; 100^3 {big:.3f} s, ratio {split / big:.0f}; "
              f"floor of its matrix products {floor(large.grid) * ours:.3f} s")
        assert small.error(found, exact) <= ALLOWED
    assert their_error == pytest.approx(ALLOWED, rel=0.2)


def test_cost_of_a_step_against_voxels() -> None:
    """ns of processor per voxel of one step, 20^3 to 160^3 voxels: products of matrices grow with voxels along an
    axis.
    """
    for n in (20, 40, 80, 160):
        one = scene(n, 4.0, 0.01)
        for precision, scheme in (("double", "etd"), ("single", "etd"), ("double", "implicit")):
            stepper = FieldStepper(one.grid, Liquid(4.0, DECAY), one.kernel, scheme=scheme, precision=precision)
            field = stepper.advance(np.zeros(one.grid.shape), 600.0, one.source, one.uptake).density
            found = stepper.advance(field, 60.0, one.source, one.uptake)
            least = processor(lambda s=stepper, f=field, o=one: s.advance(f, 60.0, o.source, o.uptake), 3)
            each = least / one.grid.size / (found.steps + found.rejected) * 1e9
            print(f"{n:>4}^3 {precision:<7} {scheme:<9} {each:7.1f} ns per voxel and step")
