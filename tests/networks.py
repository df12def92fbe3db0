"""Small reaction networks by hand: process tables without biology, and what theory says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import expm_multiply

from vesica.engine.counters import stream
from vesica.engine.network import Network, network
from vesica.engine.program import Program
from vesica.engine.steppers import ssa, tau
from vesica.engine.table import Assignment, Flux, Pool, ProcessTable
from vesica.engine.tables import Tables

Reaction = tuple[str, tuple[str, ...], dict[str, int]]


@dataclass(frozen=True)
class Small:
    """A network with its numbers: what a stepper needs to run it.

    Parameters
    ----------
    start : (state,)
        Whole numbers at time zero.
    """

    program: Program
    tables: Tables
    net: Network
    values: np.ndarray
    start: np.ndarray

    def fresh(self, start: Sequence[float] | None = None) -> np.ndarray:
        """Values of a new replicate."""
        v = self.values.copy()
        v[self.net.place] = self.start if start is None else start
        return v

    def sums(self) -> np.ndarray:
        return np.zeros(int(self.net.level[-1]))


def small(pools: Mapping[str, float], reactions: Sequence[Reaction], parameters: Mapping[str, float],
          assignments: Sequence[Assignment] = ()) -> Small:
    """A network in the medium.

    Parameters
    ----------
    pools : mapping of pool to its number at the start
    reactions : (name, factors, moves)
        The rate is the product of the factors, as in the process table.
    """
    nowhere: frozenset[str] = frozenset()
    table = ProcessTable(
        tuple(Pool(name, "medium", "", name, nowhere) for name in pools), tuple(assignments),
        tuple(Flux(name, name, "medium", factors, tuple(moves.items()), nowhere) for name, factors, moves in reactions),
        (), (), tuple(parameters), ())
    names = ["1", *parameters, *pools, *(a.target for a in assignments)]
    index = {name: place for place, name in enumerate(names)}
    program = Program(None, table, index, len(index))  # type: ignore[arg-type]
    tables = program.tables(nowhere)
    values = np.zeros(len(index))
    values[0] = 1.0
    for name, value in parameters.items():
        values[index[name]] = value
    return Small(program, tables, network(program, tables, {}), values, np.array(list(pools.values()), dtype=float))


def chain(length: int = 20, arriving: float = 100.0) -> Small:
    """Arrival, hopping along ``length`` pools, decay everywhere: 2 length reactions; Poisson at all times."""
    reactions: list[Reaction] = [("in", ("arriving",), {"s0": 1})]
    for i in range(length):
        if i < length - 1:
            reactions.append((f"hop{i}", ("hop", f"s{i}"), {f"s{i}": -1, f"s{i + 1}": 1}))
        reactions.append((f"decay{i}", ("decay", f"s{i}"), {f"s{i}": -1}))
    return small({f"s{i}": 0.0 for i in range(length)}, reactions, {"arriving": arriving, "hop": 1.0, "decay": 0.5})


def replicates(of: Small, times: Sequence[float], count: int, *, seed: int = 1, leap: bool = False,
               start: Sequence[float] | None = None) -> np.ndarray:
    """(replicate, time, state) whole numbers at ``times``, replicate k with stream k."""
    found = np.empty((count, len(times), of.net.place.size))
    step = tau.advance if leap else ssa.advance
    for k in range(count):
        v, sums, numbers, now = of.fresh(start), of.sums(), stream(seed, "replicates", k), 0.0
        for j, until in enumerate(times):
            if until > now:
                step(of.net, v, sums, numbers, now, until)
            now = until
            found[k, j] = v[of.net.place]
    return found


def master(of: Small, limits: Sequence[int], time: float) -> np.ndarray:
    """Probabilities of all states below ``limits`` at ``time``; what leaves the box is lost and told by the sum.

    Written from the meaning of the table alone: the rate is the product of the factors, a pool that stands
    twice counts ordered pairs.
    """
    names = [pool.name for pool in of.program.table.pools]
    shape = tuple(limits)
    counts = np.indices(shape).reshape(len(shape), -1)
    size = counts.shape[1]
    rows, columns, weights = [], [], []
    for flux in of.program.table.fluxes:
        rate = np.ones(size)
        for k, factor in enumerate(flux.factors):
            if factor in names:
                rate = rate * np.maximum(counts[names.index(factor)] - flux.factors[:k].count(factor), 0)
            else:
                rate = rate * of.values[of.program.index[factor]]
        target = counts.copy()
        for pool, moved in flux.moves:
            target[names.index(pool)] += moved
        inside = np.all((target >= 0) & (target < np.array(shape)[:, None]), axis=0)
        place = np.ravel_multi_index(tuple(np.where(inside, target, 0)), shape)
        here = np.arange(size)
        rows += [here, place[inside]]
        columns += [here, here[inside]]
        weights += [-rate, rate[inside]]
    generator = csr_matrix((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (size, size))
    start = np.zeros(size)
    start[np.ravel_multi_index(tuple(of.start.astype(int)), shape)] = 1.0
    return expm_multiply(generator * time, start).reshape(shape)
