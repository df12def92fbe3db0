"""Cells that differ, or are in several places, in a mean field: a cell type becomes a few kinds of cells.

Each kind stands at a node of a quadrature over the numbers that vary, and at a place of the vessel, and weighs as much
as both: pools, values and laws of the type are written once for each kind, ``NAME#K``, while its vesicles stay one
class. What results show is the mean over kinds under the type's own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vesica.engine import spread
from vesica.engine.contact import SEEN, is_of
from vesica.engine.places import Place, columns_of, homes
from vesica.engine.table import LITERAL, TIMES, Assignment, Flux, Pool, ProcessTable, Watched
from vesica.errors import error
from vesica.spec.cells import Spread
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.variability import factors_of, nodes_per_factor

Array = NDArray[np.float64]

# Derived shares and the share that they complete to one
COMPLEMENTS = {"receptor_loss_share": "receptor_insertion_share", "apoptotic_rest_share": "apoptotic_cargo_share",
               "tethered_share": "released_share", "bare_arrival_share": "loaded_arrival_share"}
AGO = ("ago_at_first", "ago_at_rest")  # derived from the miRNAs of a cell and their targets


@dataclass(frozen=True)
class Group:
    """The kinds of cells that stand for one cell type.

    Parameters
    ----------
    weights : (kind,)
        Share of the cells; their sum is 1.
    normals : (normal, kind)
        Where the nodes stand.
    places : (kind,)
        Where in the vessel they are; none where all its medium is one.
    """

    cell: str
    spreads: tuple[Spread, ...]
    weights: Array
    normals: Array
    places: tuple[Place, ...] = ()

    def names(self, name: str) -> list[str]:
        """A name of the type for each of its kinds."""
        return [f"{name}#{kind}" for kind in range(self.weights.size)]

    def numbers(self, row: Mapping[str, float]) -> dict[str, Array]:
        """Path -> (kind,) numbers that vary, with the type's number as their mean."""
        found = {}
        for path, factors in spread.factors(self.spreads, row, self.normals).items():
            found[path] = row[path] * factors / float(self.weights @ factors)
        return found


def rests_on(derived: str, numbers: Iterable[str]) -> bool:
    """Whether a derived value of a cell type is computed from one of these numbers that vary."""
    owner, _, what = derived.partition(".")
    if TIMES in derived:
        return not set(derived.split(TIMES)).isdisjoint(numbers)
    if what in COMPLEMENTS:
        return f"{owner}.{COMPLEMENTS[what]}" in numbers
    return what in AGO and any(path.startswith(f"{owner}.") for path in numbers)


def groups_of(model: ResolvedModel) -> tuple[Group, ...]:
    """Cell types whose cells differ or are in several places, with their kinds."""
    found = []
    for cell in model.cells:
        weights, normals = np.ones(1), np.zeros((0, 1))
        if cell.spreads:
            count = sum(factors_of(one) for one in cell.spreads)
            weights, normals = spread.quadrature(count, nodes_per_factor(model, cell))
        where = homes(model.domain, cell.name)
        if not cell.spreads and len(where) < 2:
            continue
        nodes = weights.size
        shares = np.array([share for _, share in where]) if where else np.ones(1)
        found.append(Group(cell.name, cell.spreads, np.repeat(shares, nodes) * np.tile(weights, shares.size),
                           np.tile(normals, shares.size), tuple(place for place, _ in where for _ in range(nodes))))
    return tuple(found)


def homes_of(model: ResolvedModel, groups: Iterable[Group]) -> dict[str, Place]:
    """Where each cell type, or each of its kinds, is."""
    found = {cell.name: where[0][0] for cell in model.cells if (where := homes(model.domain, cell.name))}
    for group in groups:
        found |= dict(zip(group.names(group.cell), group.places, strict=False))
    return found


def divided(table: ProcessTable, groups: Iterable[Group]) -> ProcessTable:
    """The table with everything of these cell types once for each of their kinds.

    What cells see of others is the mean over the kinds of these, at their own place where these are at several.

    Raises
    ------
    InputError
        A law of somebody else reads what differs from cell to cell.
    """
    groups = tuple(groups)
    seen = tuple(one for one in table.assignments if one.kernel == SEEN)
    table = replace(table, assignments=tuple(one for one in table.assignments if one.kernel != SEEN))
    for group in groups:
        table = _divided(table, group, seen)
    by_cell = {group.cell: group for group in groups}
    views = [new for one in seen for new in _views(one, by_cell)]
    weights = dict.fromkeys(arg for one in views for arg in one.args if arg.startswith(LITERAL))
    return replace(table, assignments=(*table.assignments, *views),
                   derived=tuple(dict.fromkeys((*table.derived, *weights))))


def _divided(table: ProcessTable, group: Group, seen: Iterable[Assignment]) -> ProcessTable:
    own = _own(table, group, seen)
    kinds = range(group.weights.size)

    def at(name: str, kind: int) -> str:
        return f"{name}#{kind}" if name in own else name

    def pool_at(pool: Pool, kind: int) -> Pool:
        return replace(pool, name=at(pool.name, kind), compartment=f"{group.cell}#{kind}",
                       rest=None if pool.rest is None else at(pool.rest, kind),
                       pulse=None if pool.pulse is None else at(pool.pulse, kind))

    def flux_at(flux: Flux, kind: int) -> Flux:
        return replace(flux, name=f"{flux.name}#{kind}", owner=f"{group.cell}#{kind}",
                       factors=tuple(at(name, kind) for name in flux.factors),
                       moves=tuple((at(name, kind), count) for name, count in flux.moves))

    for flux in table.fluxes:
        if flux.owner != group.cell and own & {*flux.factors, *(name for name, _ in flux.moves)}:
            raise error(flux.name, f"the process `{flux.name}` reads what differs from cell to cell",
                        "what cells hold is read by their own processes", "it would not know which cell to read",
                        "this is a fault of vesica: please report it")
    pools = [new for pool in table.pools for new in
             ([pool_at(pool, kind) for kind in kinds] if pool.name in own else [pool])]
    assignments = [new for one in table.assignments for new in
                   ([Assignment(at(one.target, kind), one.kernel, tuple(at(arg, kind) for arg in one.args))
                     for kind in kinds] if one.target in own else [one])]
    fluxes = [new for flux in table.fluxes for new in
              ([flux_at(flux, kind) for kind in kinds] if flux.owner == group.cell else [flux])]
    tokens = tuple(replace(token, weights={at(name, kind): weight for name, weight in token.weights.items()
                                           for kind in (kinds if name in own else (0,))}) for token in table.tokens)
    watched = [new for one in table.watched for new in
               ([replace(one, name=at(one.name, kind), compartment=f"{group.cell}#{kind}") for kind in kinds]
                if one.name in own else [one])]
    numbers = [name for name in (*table.parameters, *table.derived) if name in own]
    derived = (*table.derived, *(at(name, kind) for name in numbers for kind in kinds))
    return replace(table, pools=tuple(pools), assignments=tuple(assignments), fluxes=tuple(fluxes), tokens=tokens,
                   derived=derived, watched=tuple(watched))


def _views(seen: Assignment, groups: Mapping[str, Group]) -> list[Assignment]:
    """What each kind of cells sees of others: of those that are divided the mean, over the kinds at its own place."""
    viewer, shown = (groups.get(name.partition(".")[0]) for name in (seen.target, seen.args[0]))
    targets = [seen.target] if viewer is None else viewer.names(seen.target)
    found: list[Assignment] = []
    for k, target in enumerate(targets):
        here = viewer.places[k] if viewer is not None and viewer.places else None
        found += [Assignment(target, SEEN, seen.args)] if shown is None else _mean(target, seen.args[0], shown, here)
    return found


def _mean(target: str, value: str, shown: Group, here: Place | None) -> list[Assignment]:
    kinds = [k for k in range(shown.weights.size) if here is None or not shown.places or shown.places[k] == here]
    shares = shown.weights[kinds] / shown.weights[kinds].sum()
    found: list[Assignment] = []
    for k, share in zip(kinds, shares.tolist(), strict=True):
        part = Assignment(f"{target}, of kind {k}", "product", (f"{LITERAL}{share!r}", f"{value}#{k}"))
        sums = (found[-1].target, part.target) if found else ()
        found += [part, Assignment(f"{target}, up to kind {k}", "total", sums)] if sums else [part]
    return [*found, Assignment(target, SEEN, (found[-1].target,))]


def _own(table: ProcessTable, group: Group, seen: Iterable[Assignment]) -> frozenset[str]:
    """Names of values that differ from kind to kind: varied numbers, pools, and what is computed from them."""
    own = {path for one in group.spreads for path in one.paths}
    own |= {name for name in table.derived if rests_on(name, own)}
    own |= {pool.name for pool in table.pools if pool.compartment == group.cell}
    own |= {one.target for one in seen if is_of(one.target, group.cell)}
    while True:
        more = {one.target for one in table.assignments if own & set(one.args)} - own
        if not more:
            return frozenset(own)
        own |= more


def counts(arm: Arm, groups: Iterable[Group]) -> dict[str, float]:
    """Cells of each type, and of each of its kinds."""
    found = dict(arm.counts)
    for group in groups:
        number = arm.counts.get(group.cell, 0.0)
        found |= dict(zip(group.names(group.cell), (number * group.weights).tolist(), strict=True))
    return found


@dataclass(frozen=True)
class Means:
    """What results show of the states of a divided table: means over kinds of cells, totals over places and sizes.

    Parameters
    ----------
    columns : (shown,)
        Place of each number among all that results hold.
    states, into : (entry,)
        Which state counts in which number; one state may count in several.
    share : (entry,)
        Share of the type's cells that the state stands for; 1 for what is in the medium.
    alive : (entry,)
        State of the share alive that weighs a level, which is one of living cells only; -1 for all else.
    """

    columns: NDArray[np.int64]
    states: NDArray[np.int64]
    into: NDArray[np.int64]
    share: Array
    alive: NDArray[np.int64]

    def of(self, states: Array) -> Array:
        """(..., shown) from (..., state)."""
        if self.into.size == self.columns.size:
            return states
        weight = self.share * np.where(self.alive >= 0, states[..., np.maximum(self.alive, 0)], 1.0)
        found, total = np.zeros((2, *states.shape[:-1], self.columns.size))
        np.add.at(found, (..., self.into), states[..., self.states] * weight)
        np.add.at(total, (..., self.into), weight)
        is_level = np.zeros(self.columns.size, dtype=bool)
        is_level[self.into[self.alive >= 0]] = True
        return np.where(is_level & (total > 0.0), found / np.where(total > 0.0, total, 1.0), found)


def means(table: ProcessTable, groups: Iterable[Group], names: tuple[str, ...], columns: Mapping[str, int]) -> Means:
    """How states ``names`` of a divided table make means.

    Parameters
    ----------
    columns : mapping of name to its place among all that results hold
    """
    share = {name: weight for group in groups
             for name, weight in zip(group.names(group.cell), group.weights.tolist(), strict=True)}
    shown: dict[str, Pool | Watched] = {one.name: one for one in (*table.pools, *table.watched)}
    state = {name: place for place, name in enumerate(names)}
    entries = [(place, columns[own]) for place, name in enumerate(names) for own in columns_of(name) if own in columns]
    kept = sorted({column for _, column in entries})
    place_of = {column: place for place, column in enumerate(kept)}

    def alive(name: str) -> int:
        one = shown[name]
        cell, _, kind = one.compartment.partition("#")
        is_level = isinstance(one, Watched) or one.is_level
        return state.get(f"{cell}.alive#{kind}", -1) if kind and is_level else -1

    return Means(np.array(kept, np.int64), np.array([place for place, _ in entries], np.int64),
                 np.array([place_of[column] for _, column in entries], np.int64),
                 np.array([share.get(shown[names[place]].compartment, 1.0) for place, _ in entries]),
                 np.array([alive(names[place]) for place, _ in entries], np.int64))
