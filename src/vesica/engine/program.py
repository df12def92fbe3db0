"""Turns a process table into index arrays: the frozen `Program` that every arm runs.

All values live in one vector: the constant one, parameters, derived numbers, inputs,
pools, assigned values. A `Tables` holds the part that is alive in an arm: laws whose cell
types or vesicle origins are absent are left out, so an arm pays for what it holds. A `Part`
asks for fewer still.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vesica.engine.contact import SEEN
from vesica.engine.divided import divided
from vesica.engine.jacobian import jacobian_tape
from vesica.engine.kernels import CLASS_OF
from vesica.engine.nodes import Group
from vesica.engine.places import base
from vesica.engine.processes import process_table
from vesica.engine.table import ONE, Assignment, Flux, Pool, ProcessTable, Watched, imbalances
from vesica.engine.tables import Tables, Walk
from vesica.errors import error
from vesica.spec.resolved import ResolvedModel

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some laws of one cell type; all that they do not move stands still and is read like a parameter.

    Parameters
    ----------
    owner : str
        Cell type.
    processes : frozenset of str
        The laws; empty for all of the cell type.
    pools : frozenset of str
        The pools that move, and so only laws that move one of them; empty for all that the laws move.
    """

    owner: str
    processes: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()

    def holds(self, flux: Flux) -> bool:
        """Whether the flux is one of its laws."""
        return (flux.owner == self.owner and (not self.processes or flux.process in self.processes)
                and (not self.pools or any(pool in self.pools for pool, _ in flux.moves)))


@dataclass(frozen=True)
class Program:
    """A compiled model.

    Parameters
    ----------
    index : dict of str to int
        Place of each value in the value vector.
    size : int
        Length of the value vector.
    groups : tuple of Group
        Cell types that are divided into kinds of cells (`divided`).
    """

    model: ResolvedModel
    table: ProcessTable
    index: dict[str, int]
    size: int
    groups: tuple[Group, ...] = ()
    _tables: dict[tuple[frozenset[str], Part | None], Tables] = field(default_factory=dict)

    @functools.cached_property
    def shown(self) -> tuple[Pool | Watched, ...]:
        """What results hold: all pools, values that are watched, and parts of the vessel."""
        return (*self.table.pools, *self.table.watched, *self.table.parts)

    @functools.cached_property
    def species(self) -> tuple[str, ...]:
        """Names of what results hold."""
        return tuple(one.name for one in self.shown)

    @functools.cached_property
    def divided(self) -> Program:
        """The same model for a mean field: kinds of cells, sizes of vesicles, places of the vessel; itself without."""
        table, groups = divided(self.table, self.model)
        return self if table is self.table else numbered(self.model, table, groups)

    @functools.cached_property
    def apart(self) -> Program:
        """The same model for cells one by one: what they see of one another (`seen`) is a number that is given."""
        if not self.seen:
            return self
        laws = tuple(one for one in self.table.assignments if one.kernel != SEEN)
        return Program(self.model, replace(self.table, assignments=laws), self.index, self.size, self.groups)

    @property
    def seen(self) -> tuple[Assignment, ...]:
        """What cells see of others."""
        return tuple(one for one in self.table.assignments if one.kernel == SEEN)

    def members(self, name: str) -> tuple[str, ...]:
        """Names of the values of this divided program that a name of the undivided one stands for."""
        return (name,) if name in self.index else self._parts.get(name, ())

    @functools.cached_property
    def _parts(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name in self.index:
            found.setdefault(base(name), []).append(name)
        return {name: tuple(of) for name, of in found.items()}

    def tables(self, present: frozenset[str], part: Part | None = None) -> Tables:
        """Index arrays of the laws alive where ``present`` is there (``cell:X``, ``origin:X``), or a part of them."""
        if (present, part) not in self._tables:
            self._tables[present, part] = _tables(self, present, part)
        return self._tables[present, part]


def compile_model(model: ResolvedModel) -> Program:
    """Bind the laws, prove that every token balances, number the values.

    Raises
    ------
    InputError
        Where a law would make or lose a token.
    """
    table = process_table(model)
    for flux, token, gained in imbalances(table):
        raise error(flux, f"the process `{flux}` gains {gained} of `{token}`", "every process conserves every token",
                    "the ledger of the run could not close", "this is a fault of vesica: please report it")
    return numbered(model, table)


def numbered(model: ResolvedModel, table: ProcessTable, groups: tuple[Group, ...] = ()) -> Program:
    """A program of a table: every value gets its place."""
    names: list[str] = [ONE, *table.parameters, *table.derived, *table.inputs]
    names += [pool.name for pool in table.pools]
    names += [assignment.target for assignment in table.assignments]
    index = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return Program(model, table, index, len(index), groups)


def is_live(needs: frozenset[str], present: frozenset[str]) -> bool:
    """Whether everything a law or a pool needs is there."""
    return needs <= present


def _tables(program: Program, present: frozenset[str], part: Part | None) -> Tables:
    table = program.table
    pools = [pool for pool in table.pools if is_live(pool.needs, present)]
    fluxes = tuple(flux for flux in table.fluxes if is_live(flux.needs, present))
    if part is not None:
        fluxes = tuple(flux for flux in fluxes if part.holds(flux))
        moved = part.pools or {pool for flux in fluxes for pool, _ in flux.moves}
        pools = [pool for pool in pools if pool.name in moved]
    watched = [one.name for one in table.watched if part is None and is_live(one.needs, present)]
    assignments = _needed(table.assignments, fluxes, watched)
    ordered = _ordered(assignments)
    segments, first, args, out = _walk(program, ordered)
    state = {pool.name: place for place, pool in enumerate(pools)}
    moves = _moves(fluxes, state, {pool.name: pool for pool in pools})
    factors = [[program.index[name] for name in flux.factors] for flux in fluxes]
    flat = [place for group in factors for place in group]
    place_of = {name: place for place, name in enumerate(program.species)}
    return Tables(
        names=tuple(pool.name for pool in pools), columns=_ints(place_of[pool.name] for pool in pools),
        pools=_ints(program.index[pool.name] for pool in pools),
        watched=_ints(program.index[name] for name in watched),
        watched_names=tuple(watched),
        classes=_ints(s[0] for s in segments), starts=_ints(s[1] for s in segments), ends=_ints(s[2] for s in segments),
        first=_ints(first), args=_ints(args), out=_ints(out),
        fluxes=fluxes,
        factor_start=_offsets(factors), factors=_ints(flat),
        tape=jacobian_tape(program.index, ordered, first, fluxes, moves, state),
        **_move_arrays(moves),
    )


def walk_of(program: Program, names: Sequence[str]) -> Walk:
    """The kernels that some values rest on, in order; nothing for those that are known without."""
    segments, first, args, out = _walk(program, _ordered(_needed(program.table.assignments, (), names)))
    return Walk(*(_ints(segment[k] for segment in segments) for k in range(3)), _ints(first), _ints(args), _ints(out))


def _needed(
    assignments: Iterable[Assignment], fluxes: tuple[Flux, ...], watched: Sequence[str]
) -> list[Assignment]:
    """Assignments that some flux rests on, directly or through others, and those that are watched."""
    by_name = {assignment.target: assignment for assignment in assignments}
    wanted: dict[str, None] = {}
    stack = [*watched, *(name for flux in fluxes for name in flux.factors)]
    while stack:
        name = stack.pop()
        if name in by_name and name not in wanted:
            wanted[name] = None
            stack.extend(by_name[name].args)
    return [assignment for name, assignment in by_name.items() if name in wanted]


def _ordered(assignments: list[Assignment]) -> list[Assignment]:
    """Sorted by depth, then class: arguments come first, and equal kernels stand together."""
    by_name = {assignment.target: assignment for assignment in assignments}
    depth: dict[str, int] = {}

    def depth_of(name: str) -> int:
        if name not in by_name:
            return 0
        if name not in depth:
            depth[name] = 1 + max((depth_of(arg) for arg in by_name[name].args), default=0)
        return depth[name]

    return sorted(assignments, key=lambda a: (depth_of(a.target), CLASS_OF[a.kernel]))


def _walk(program: Program, ordered: list[Assignment]) -> tuple[list[list[int]], list[int], list[int], list[int]]:
    segments: list[list[int]] = []
    first: list[int] = []
    args: list[int] = []
    out: list[int] = []
    ready: set[str] = set()
    for place, assignment in enumerate(ordered):
        number = CLASS_OF[assignment.kernel]
        if not segments or segments[-1][0] != number or any(arg in ready for arg in assignment.args):
            segments.append([number, place, place])
            ready = set()
        segments[-1][2] = place + 1
        ready.add(assignment.target)
        first.append(len(args))
        args.extend(program.index[arg] for arg in assignment.args)
        out.append(program.index[assignment.target])
    return segments, first, args, out


def _moves(fluxes: tuple[Flux, ...], state: dict[str, int], pools: dict[str, Pool]) -> list[list[tuple[int, int, str]]]:
    """Per flux: (state, count, cell type whose number scales it or "")."""
    found = []
    for flux in fluxes:
        scaled = flux.owner if flux.owner != "medium" else ""
        found.append([
            (state[pool], count, "" if pools[pool].compartment == flux.owner else scaled)
            for pool, count in flux.moves if pool in state
        ])
    return found


def _move_arrays(moves: list[list[tuple[int, int, str]]]) -> dict[str, Any]:
    flat = [move for group in moves for move in group]
    return {
        "move_start": _offsets(moves),
        "move_state": _ints(move[0] for move in flat),
        "move_count": np.array([move[1] for move in flat], dtype=np.float64),
        "move_owner": tuple(move[2] for move in flat),
    }


def _ints(values: Iterable[int]) -> Index:
    return np.array(list(values), dtype=np.int64)


def _offsets(groups: list[Any]) -> Index:
    return np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int64)
