"""The live part of a program as flat index arrays, which all loops of the engine walk."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vesica.engine.jacobian import JacobianTape
from vesica.engine.lu import LuTape, lu_tape
from vesica.engine.table import Flux

Index = NDArray[np.int64]


class Walk(NamedTuple):
    """Kernels in an order in which every argument is ready; see `Tables`."""

    classes: Index
    starts: Index
    ends: Index
    first: Index
    args: Index
    out: Index


@dataclass(frozen=True, eq=False)
class Tables:
    """The live part of a program as flat arrays; see `vesica.engine.sweep` for the loops.

    ``segments`` are (class, start, end) in an order in which every argument is ready;
    instance i reads ``args[first[i]:]`` and writes value ``out[i]``. Flux f is the product
    of the values ``factors[factor_start[f]:factor_start[f + 1]]`` and moves the pools
    ``move_pool`` by ``move_count`` times, if ``move_scaled`` names a cell type, its number.
    """

    names: tuple[str, ...]  # of the live pools, in the order of the state
    columns: Index  # their places among all species
    pools: Index
    watched: Index  # values that results hold beside the pools
    watched_names: tuple[str, ...]
    classes: Index
    starts: Index
    ends: Index
    first: Index
    args: Index
    out: Index
    fluxes: tuple[Flux, ...]
    factor_start: Index
    factors: Index
    move_start: Index
    move_state: Index
    move_count: NDArray[np.float64]
    move_owner: tuple[str, ...]  # cell type whose number multiplies the move, "" for none
    tape: JacobianTape

    @functools.cached_property
    def walk(self) -> Walk:
        """All kernels."""
        return Walk(self.classes, self.starts, self.ends, self.first, self.args, self.out)

    @functools.cached_property
    def moving(self) -> Walk:
        """The kernels that rest on a pool; the others stay as they are while numbers and inputs do."""
        return self.kernels(self.resting_on(self.pools))

    def resting_on(self, places: Index) -> NDArray[np.bool_]:
        """(kernel,) whether it rests on one of these values, directly or through others."""
        known = set(places.tolist())
        kept = []
        ends = [*self.first[1:].tolist(), self.args.size]  # one too many where there is no kernel at all
        for first, end, out in zip(self.first.tolist(), ends[:self.first.size], self.out.tolist(), strict=True):
            kept.append(not known.isdisjoint(self.args[first:end].tolist()))
            if kept[-1]:
                known.add(out)
        return np.array(kept, dtype=bool)

    def kernels(self, chosen: NDArray[np.bool_]) -> Walk:
        """Some of the kernels."""
        before = np.concatenate([[0], np.cumsum(chosen)]).astype(np.int64)
        starts, ends = before[self.starts], before[self.ends]
        some = ends > starts
        return Walk(self.classes[some], starts[some], ends[some], self.first[chosen], self.args, self.out[chosen])

    @functools.cached_property
    def lu(self) -> LuTape:
        """How matrices of the tape's pattern are factorised."""
        return lu_tape(self.pools.size, self.tape.rows, self.tape.columns)
