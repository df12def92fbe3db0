"""Which cell captures what another sends: the fate of a vesicle that leaves a cell now, as things stand.

One that leaves cell i is captured by cell j with the probability ``P_ij = (K W' M^-1 w_i)_j``, M the operator of the
field in its steady form: what diffuses away, decays, leaves through walls and is taken up by cells,
``M = alpha V (decay - D* lap) + W K W'``. M is symmetric, so a column of P costs one solution, as a row does: as many
are solved as there are senders or receivers, whichever is fewer; and one more gives what escapes of every sender.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vesica.engine.steppers.threads import one_thread
from vesica.engine.tissue.all_pairs import MOST, captures, green
from vesica.errors import Finding, RunFault, error
from vesica.transport.grid import Grid
from vesica.transport.kernels import Kernel
from vesica.transport.liquid import Exchange, Liquid, Uptake
from vesica.transport.modes import INVERSE, Modes
from vesica.transport.stencil import Diffusion

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Report = Callable[[int, int], None]
TOLERANCE: Final = 1e-10  # of what leaves the sender: left over when a solution is good
LEAST: Final = 1e-6  # of a row: smaller probabilities are not kept one by one
MANY: Final = 64  # solutions, from which on all pairs at once are faster
_THREADS: Final = 2
_TURNS: Final = 2000


class Steady:
    """One field in steady state between cells that take from it.

    Parameters
    ----------
    grid : Grid
    liquid : Liquid
        Walls take as if nothing were behind them.
    kernel : Exchange
        Of all cells.
    uptake : Uptake
        What cells take, as it is now.
    kept : (cell,), optional
        Share of what a cell sends that it takes back at its surface, before it is in the liquid.

    Raises
    ------
    InputError
        The liquid flows (then M is not symmetric), or nothing ever takes a vesicle out.
    """

    def __init__(self, grid: Grid, liquid: Liquid, kernel: Exchange, uptake: Uptake, kept: Array | None = None) -> None:
        if liquid.flows:
            raise error("run.tissue.pairs", "pairs of cells in liquid that flows", "transfer from cell to cell is "
                        "solved for liquid at rest", "the way back is not the way there",
                        "set the flow to 0, or leave `pairs` out: transfer by types of cells is always followed")
        self.grid, self.liquid, self.kernel, self.uptake = grid, liquid, kernel, uptake
        self.kept = np.zeros(kernel.cells) if kept is None else np.asarray(kept, dtype=float)
        self._diffusion = Diffusion(grid, liquid)
        self._weight = grid.voxel_volume * (liquid.fraction if liquid.fraction_map is None else liquid.fraction_map)
        taken = float(uptake.rates(np.ones(kernel.cells)).sum()) if kernel.cells else 0.0
        self._mean_loss = taken / float(np.sum(self._weight * np.ones(grid.shape)))
        if not (self._mean_loss > 0.0 or liquid.decay > 0.0 or any(self._diffusion.leaks)):
            raise error("run.tissue.pairs", "vesicles that nothing takes up and that do not decay, in a closed box",
                        "a vesicle is captured, decays or leaves", "it would be on its way for ever",
                        "give a decay rate, or cells that take it up")
        slowest = liquid.diffusivity / max(n * h for n, h in zip(grid.voxels, grid.spacing, strict=True)) ** 2
        self._shift = max(self._mean_loss, 1e-6 * max(slowest, liquid.decay))
        self._modes = Modes(grid, liquid.faces, liquid.diffusivity, liquid.decay)

    def applied(self, density: Array) -> Array:
        """M times a density: amount/s that is lost, by voxel (z, y, x)."""
        rate = np.empty_like(density)
        self._diffusion.rate(density, rate, gains=False)
        rate *= -self._weight
        local = getattr(self.uptake, "local", None)
        if local is None:
            self.kernel.spread(self.captured(density), rate)
        else:
            rate += self.grid.voxel_volume * local * density
        return rate

    def captured(self, density: Array) -> Array:
        """Amount/s into each cell, (cell,)."""
        return self.uptake.rates(self.kernel.sample(density))

    def decayed(self, density: Array) -> float:
        """Amount/s that decays."""
        return self.liquid.decay * float(np.sum(self._weight * density))

    def left(self, density: Array) -> float:
        """Amount/s that leaves through walls."""
        rate = np.empty_like(density)
        self._diffusion.rate(density, rate, gains=False)
        return -float(np.sum(self._weight * rate)) - self.decayed(density)

    def solve(self, source: Array) -> Array:
        """Density (z, y, x) in 1/um^3 that a source (z, y, x) in amount/s keeps up.

        Conjugate gradients; before each step the residual goes through the exact inverse for uptake that is even.

        Raises
        ------
        RunFault
            It does not converge.
        """
        density = np.zeros(self.grid.shape)
        residual = np.array(source, dtype=float)
        stop = TOLERANCE * float(np.abs(residual).sum())
        way, square = np.zeros_like(density), 1.0
        for turn in range(_TURNS):
            if float(np.abs(residual).sum()) <= stop:
                return density
            ahead = residual / self._weight
            self._modes.apply(ahead, 1.0 / self._shift, INVERSE)
            before, square = square, float(np.vdot(residual, ahead))
            way = ahead + (square / before) * way if turn else ahead
            image = self.applied(way)
            step = square / float(np.vdot(way, image))
            density += step * way
            residual -= step * image
        raise RunFault(Finding("error", "run.tissue.pairs", f"transfer between cells is not found in {_TURNS} turns",
                               "a steady field of vesicles follows from what cells take",
                               "nobody would know who captured what",
                               "leave `pairs` out, and please report it with the model"))


@dataclass(frozen=True)
class Transfer:
    """What becomes of a vesicle that leaves each sender.

    Parameters
    ----------
    senders, receivers : numbers of cells among all
    probability : (sender, receiver) csr
        Of capture; without those below `LEAST` of their row.
    captured : (sender,)
        By all receivers, those left out of ``probability`` included.
    elsewhere : (sender,)
        Captured by cells that are no receivers.
    escaped : (sender,)
        Decayed, or gone through walls. With the two before it adds up to 1.
    """

    senders: Index
    receivers: Index
    probability: csr_array
    captured: Array
    elsewhere: Array
    escaped: Array


def transfer(field: Steady, senders: Iterable[int], receivers: Iterable[int],
             report: Report | None = None) -> Transfer:
    """Probabilities of capture for all pairs.

    Parameters
    ----------
    senders, receivers : numbers of cells among all
    report : callable, optional
        Told how many solutions are done, and how many there will be.

    Notes
    -----
    From `MANY` solutions on, and for up to `all_pairs.MOST` cells between voxels that are alike, the field is
    eliminated instead, and all pairs are found at once.
    """
    given, taking = np.array(list(senders), np.int64), np.array(list(receivers), np.int64)
    kernel = field.kernel
    with one_thread():
        if (min(given.size, taking.size) >= MANY and kernel.cells <= MOST and field.liquid.is_uniform
                and isinstance(kernel, Kernel) and getattr(field.uptake, "local", None) is None):
            every, nobody = captures(green(field.grid, field.liquid, kernel), field.uptake)
            table, total, escaped = every[np.ix_(given, taking)], every.sum(axis=1)[given], nobody[given]
        elif given.size <= taking.size:
            table, total, escaped = _rows(field, given, taking, report)
        else:
            table, escaped = _columns(field, given, taking, report), escaping(field)[given]
            total = 1.0 - escaped
    kept = field.kept[given]
    table = table * (1.0 - kept)[:, None] + np.where(given[:, None] == taking, kept[:, None], 0.0)
    captured = table.sum(axis=1)
    sparse = csr_array(np.where(np.abs(table) >= LEAST * captured[:, None], table, 0.0))
    return Transfer(given, taking, sparse, captured, kept + (1.0 - kept) * total - captured, (1.0 - kept) * escaped)


def _rows(field: Steady, given: Index, taking: Index, report: Report | None) -> tuple[Array, Array, Array]:
    """(sender, receiver) probabilities by a solution for each sender; what all cells capture; what escapes."""
    table, total, escaped = np.zeros((given.size, taking.size)), np.zeros(given.size), np.zeros(given.size)

    def one(row: int) -> None:
        density = field.solve(field.kernel.spread(_unit(field, given[row])))
        taken = field.captured(density)
        table[row], total[row] = taken[taking], taken.sum()
        escaped[row] = field.decayed(density) + field.left(density)

    _each(one, given.size, report)
    return table, total, escaped


def _columns(field: Steady, given: Index, taking: Index, report: Report | None) -> Array:
    """(sender, receiver) probabilities by a solution for each receiver."""
    table = np.zeros((given.size, taking.size))

    def one(column: int) -> None:
        source = field.uptake.rates(_unit(field, taking[column]))
        table[:, column] = field.kernel.sample(field.solve(field.kernel.spread(source)))[given]

    _each(one, taking.size, report)
    return table


def _unit(field: Steady, cell: int) -> Array:
    unit = np.zeros(field.kernel.cells)
    unit[cell] = 1.0
    return unit


def _each(one: Callable[[int], None], count: int, report: Report | None) -> None:
    """Do each of some solutions, two at a time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, _ in enumerate(pool.map(one, range(count)), start=1):
            if report is not None:
                report(done, count)


def escaping(field: Steady) -> Array:
    """(cell,) probability that what a cell sends is captured by nobody, by one solution for all cells.

    M applied to a field of ones is what one vesicle everywhere loses; less what cells take, what escapes.
    """
    ones = np.ones(field.grid.shape)
    lost = field.applied(ones) - field.kernel.spread(field.captured(ones))
    return field.kernel.sample(field.solve(lost))


@dataclass(frozen=True)
class Travelled:
    """Straight distance from the sender to the cell that captured a vesicle, um, over all that were captured."""

    mean: float
    median: float
    most: float  # 90 % went no further


def travelled(found: Transfer, positions: Array, sent: Array | None = None, period: Array | None = None) -> Travelled:
    """How far vesicles went before they were captured.

    Parameters
    ----------
    positions : (cell, 3) um
        Of all cells.
    sent : (sender,), optional
        Vesicles that each sends; the same of each, if not given.
    period : (3,) um
        Of the box by axis, 0 for walls.

    Returns
    -------
    Travelled
        Not a number where nothing is captured.
    """
    entries = found.probability.tocoo()
    weight = entries.data * (np.ones(found.senders.size) if sent is None else np.asarray(sent, float))[entries.row]
    apart = positions[found.senders[entries.row]] - positions[found.receivers[entries.col]]
    if period is not None:
        apart -= period * np.round(np.divide(apart, period, out=np.zeros_like(apart), where=period > 0.0))
    distance = np.sqrt((apart**2).sum(axis=1))
    if not weight.sum() > 0.0:
        return Travelled(np.nan, np.nan, np.nan)
    order = np.argsort(distance, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    median, most = (float(distance[order][np.searchsorted(share, level * (1.0 - 1e-12))]) for level in (0.5, 0.9))
    return Travelled(float(weight @ distance / weight.sum()), median, most)

