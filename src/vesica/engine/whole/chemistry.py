"""What happens inside cells, many cells of one type at once.

Signals are continuous and follow their differential equations, lanes being cells. Cargo, miRNA and
its targets, and received receptors are whole numbers that fire as reactions, each cell from a
stream of its own. Whatever a part does not move stands still while it advances.

All values of the cells lie in one array (value, cell) in the numbering of the program: parameters, inputs,
and the pools of each cell as they are now. A part reads and changes its few rows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.counters import poisson
from vesica.engine.legs import follow
from vesica.engine.network import network
from vesica.engine.program import Part, Program
from vesica.engine.steppers import crowd, ssa, tau
from vesica.engine.system import Lanes, runaway
from vesica.engine.tables import Tables
from vesica.engine.whole.parts import processes_of

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Streams = NDArray[np.uint64]

RELATIVE: Final = 1e-6  # of signals: far below the noise of whole numbers that they act on
ABSOLUTE: Final = 1e-9
LIVES: Final = 4.0  # see `Reactions.settle`


@dataclass(frozen=True)
class Signalled:
    """How signals went through a window.

    Parameters
    ----------
    middle : (signal, cell)
        In the middle of the window.
    message : str
        Which variable of which cell runs away; empty when none does.
    """

    middle: Array
    message: str = ""


class Signals:
    """The signals of one cell type.

    Parameters
    ----------
    present : frozenset of str
        What the arm holds, as `doses.present_in` gives it.

    Attributes
    ----------
    names : (signal,) of pools
    places : (signal,)
        Their rows among all values.
    """

    def __init__(self, program: Program, present: frozenset[str], cell: str) -> None:
        tables = program.tables(present, Part(cell, processes_of("signal")))
        self.names, self.places = tables.names, tables.pools
        self._rows, self._tables = _compact(tables)

    def advance(self, values: Array, start: float, duration: float) -> Signalled:
        """Move the signals of every cell through a window, everything else standing still.

        Parameters
        ----------
        values : (value, cell)
            The signals are changed in place; those of a cell that runs away stay where they were last known.
        start, duration : s
            Of the window; ``start`` is for messages.
        """
        before = values[self.places]
        if not self.names or values.shape[1] == 0:
            return Signalled(before)
        lanes = Lanes(self._tables, values[self._rows], {})
        times = np.array([0.0, 0.5 * duration, duration])
        leg = follow(lanes, before, times, RELATIVE, np.full(len(self.names), ABSOLUTE))
        values[self.places] = leg.states[-1]
        lost = np.flatnonzero(leg.reached < times.size)
        if not lost.size:
            return Signalled(leg.states[1])
        cell = int(lost[0])
        known = int(leg.reached[cell]) - 1
        said = runaway(lanes, cell, leg.states[known, :, cell], start + times[known], leg.messages[cell])
        return Signalled(leg.states[1], f"cell {cell}: {said}")


@dataclass(frozen=True)
class Reacted:
    """How reactions went through a window.

    Parameters
    ----------
    counts : (cell, reaction)
        Firings, in the order of `Reactions.reactions`.
    steps : Steps
        Of all cells together.
    message : str
        Which rate of which cell is no number; empty when all are. Pools of such a cell mean nothing.
    """

    counts: Index
    steps: tau.Steps
    message: str = ""


class Reactions:
    """The whole-number reactions inside the cells of one type.

    Parameters
    ----------
    present : frozenset of str
        What the arm holds, as `doses.present_in` gives it.

    Attributes
    ----------
    names : (pool,)
    places : (pool,)
        Their rows among all values.
    reactions : (reaction,) of names of fluxes
    """

    def __init__(self, program: Program, present: frozenset[str], cell: str) -> None:
        tables = program.tables(present, Part(cell, processes_of("reaction")))
        self.names, self.places = tables.names, tables.pools
        self.reactions = tuple(flux.name for flux in tables.fluxes)
        shares = {pool.name for pool in program.table.pools if pool.is_share}
        self._is_share = np.array([name in shares for name in self.names], dtype=bool)
        self._window = _Whole(program, tables)
        # at rest: all that moves these pools, with what lies outside of them held at its mean
        self._rest = _Whole(program, program.tables(present, Part(cell, pools=frozenset(self.names)))
                            if self.names else tables)

    def advance(self, values: Array, streams: Streams, duration: float, workers: int = 1,
                block: int = crowd.BLOCK) -> Reacted:
        """Fire the reactions of every cell through a window, everything else standing still.

        Parameters
        ----------
        values : (value, cell)
            The pools hold whole numbers and are changed in place.
        streams : (cell, counters.SIZE) uint64
            One of each cell, as `counters.stream` makes it; moved on.
        duration : s
        workers : threads
        block : cells of one job; neither changes any number

        Raises
        ------
        ValueError
            A pool holds a broken or negative number.
        """
        return self._window.advance(values, streams, duration, workers, block)

    def settle(self, values: Array, streams: Streams, workers: int = 1) -> Reacted:
        """Give every cell whole numbers as cells at rest have them.

        Parameters
        ----------
        values : (value, cell)
            Everything at its resting mean, MVBs and signals too; pools of the reactions become whole numbers. Which
            phenotype each cell is in is known already.
        streams : (cell, counters.SIZE) uint64
            Moved on.

        Notes
        -----
        Pools start from Poisson numbers around the mean. Where molecules are made, change and are lost one by one
        and independently, that is the law at rest (Jahnke & Huisinga 2007 J Math Biol 54:1), and nothing is
        left to do. Pools that meet are correlated: all cells then live on with the hazards of rest. To leading
        order covariances differ from Poisson's by C exp(-2 t / T), with T the longest time of relaxation of the
        mean and C of the order of the mean. After `LIVES` T less than 4e-4 of C is left, which moves a variance
        by a hundredth of its standard error with 1,000 cells, sqrt(2/1000) = 4.5 %. Means begin at the mean-field
        rest and miss their own by the order of a molecule, of which exp(-4) = 2 % is left.
        """
        whole = self._rest
        mean = values[self._rest.rows]
        duration = LIVES * whole.slowest(mean) if whole.is_interacting else 0.0
        numbers = np.ascontiguousarray(mean[whole.net.place].T)
        known = numbers[:, self._is_share]
        _poisson_numbers(numbers, streams)
        numbers[:, self._is_share] = known
        values[self.places] = numbers.T
        return whole.advance(values, streams, duration, workers, crowd.BLOCK)


class _Whole:
    """Tables as reactions over the few values that they need."""

    def __init__(self, program: Program, tables: Tables) -> None:
        self.places = tables.pools
        self.rows, self.tables = _compact(tables)
        self.net = network(program, self.tables, {})

    @property
    def is_interacting(self) -> bool:
        """Whether a molecule matters to another: a rate or a move that is not of one molecule alone."""
        net = self.net
        if net.order.size and net.order.max() > 1.0:
            return True
        pools = set(self.tables.pools.tolist())
        for r in range(len(net.reactions)):
            factors = self.tables.factors[self.tables.factor_start[r]:self.tables.factor_start[r + 1]].tolist()
            moves = slice(net.move_start[r], net.move_start[r + 1])
            moved, count = net.move_place[moves], net.move_count[moves]
            taken = moved[count < 0].tolist()
            if [f for f in factors if f in pools] != taken or np.any(count < -1.0) or count[count > 0].sum() > 1.0:
                return True
        return False

    def slowest(self, values: Array) -> float:
        """Longest time of relaxation in s over all cells, from the Jacobian; what is conserved does not count.

        Parameters
        ----------
        values : (own value, cell)
        """
        tape, size = self.tables.tape, len(self.tables.names)
        stored = Lanes(self.tables, values.copy(), {}).jacobian(values[self.net.place])
        matrices = np.zeros((values.shape[1], size, size))
        matrices[:, tape.rows, tape.columns] = stored.T
        rates = np.abs(np.linalg.eigvals(matrices).real)
        relaxing = rates[rates > 1e-12 * rates.max(initial=0.0)]
        return 1.0 / float(relaxing.min()) if relaxing.size else 0.0

    def advance(self, values: Array, streams: Streams, duration: float, workers: int, block: int) -> Reacted:
        """As `Reactions.advance`."""
        pools = values[self.places]
        if not (np.all(pools == np.floor(pools)) and np.all(pools >= 0.0)):
            raise ValueError(f"pools of reactions hold whole numbers, but {self._broken(pools)}")
        many = crowd.advance(self.net, np.ascontiguousarray(values[self.rows].T), streams, duration, workers, block)
        values[self.places] = many.v[:, self.net.place].T
        lost = np.flatnonzero(np.isnan(many.clock))
        message = f"cell {lost[0]}: {self._fault(many.v[lost[0]])}" if lost.size else ""
        return Reacted(many.counts, many.total(), message)

    def _broken(self, pools: Array) -> str:
        pool, cell = np.argwhere(~((pools == np.floor(pools)) & (pools >= 0.0)))[0]
        return f"`{self.tables.names[pool]}` of cell {cell} is {pools[pool, cell]:.6g}"

    def _fault(self, v: Array) -> str:
        """Which rate is no number, in words."""
        rates = np.zeros(int(self.net.level[-1]))
        ssa.refresh(self.net, v, rates)
        bad = np.flatnonzero(~np.isfinite(rates[: len(self.net.reactions)]))
        return f"the rate of `{self.net.reactions[bad[0]]}` is no number" if bad.size else "a rate is no number"


def _compact(tables: Tables) -> tuple[Index, Tables]:
    """The rows of the values that these laws touch, and the laws in the numbering of those rows; the first is one."""
    rows = np.unique(np.concatenate([[0], tables.pools, tables.args, tables.out, tables.factors]).astype(np.int64))
    pools, args, out, factors = (np.searchsorted(rows, part) for part in (tables.pools, tables.args, tables.out,
                                                                          tables.factors))
    return rows, replace(tables, pools=pools, args=args, out=out, factors=factors)


@njit(cache=True, nogil=True, error_model="numpy")
def _poisson_numbers(mean, streams):  # noqa: ANN001, ANN202
    """Replace means (cell, pool) by Poisson numbers, each cell from its own stream."""
    for cell in range(mean.shape[0]):
        for pool in range(mean.shape[1]):
            mean[cell, pool] = poisson(streams[cell], mean[cell, pool])
