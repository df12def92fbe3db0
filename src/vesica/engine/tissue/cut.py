"""Cuts the process table of a space: one part for each cell type, one for the liquid between cells.

Fields are the pools of the medium that are somewhere: vesicles of each size with their cargo, and solubles. To a cell
a field is a concentration that is given. What it sends goes to counters ``sent:FIELD`` of its own; laws that take from
a field are set apart, as the field solver needs their rate per concentration, and what they took comes in at a rate
that is given. All else is the table as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vesica.engine import classes
from vesica.engine.contact import SEEN
from vesica.engine.places import VOLUME, is_placed
from vesica.engine.processes import process_table
from vesica.engine.program import Program, is_live, numbered
from vesica.engine.table import Assignment, Flux, Pool, ProcessTable
from vesica.engine.tables import Tables
from vesica.errors import error
from vesica.spec.resolved import ResolvedModel

SENT: Final = "sent:"
ARRIVING: Final = "arriving by "  # before the name of a law that takes: the rate at which what it took comes in
MEDIUM: Final = "medium"
AGENT: Final = "agent."
NOWHERE: Final = frozenset({"plastic_loss"})  # processes of a dish that a space does not have
BETWEEN: Final = frozenset({"junction"})  # ... and those that cells do with each other, in a step of its own
DIFFUSIVITY: Final = ".diffusivity"
_SIZE: Final = re.compile(rf"{re.escape(classes.MARK)}(\d)$")


@dataclass(frozen=True)
class Uptake:
    """A law that takes from a field.

    Parameters
    ----------
    field : str
    gains : tuple of (pool, count)
        Of the cell, for each that is taken.
    is_linear : bool
        The field is a factor of the law once: its other factors are the conductance. Otherwise it is the rate over
        the concentration.
    """

    flux: Flux
    field: str
    gains: tuple[tuple[str, int], ...]
    is_linear: bool


@dataclass(frozen=True)
class CellPart:
    """What one cell type does by itself.

    Parameters
    ----------
    inside : Program
        Pools of the cell, and what it sent; fields and what it sees of others are inputs.
    sending : Program
        Its laws that send, over the same values.
    taking : Program
        The laws of ``uptake``, too; linear ones without their field.
    reads : tuple of str
        Fields and agents that its values rest on.
    """

    cell: str
    inside: Program
    sending: Program
    taking: Program
    uptake: tuple[Uptake, ...]
    reads: tuple[str, ...]

    def tables(self, present: frozenset[str]) -> Tables:
        """Index arrays of what goes on inside."""
        return self.inside.tables(present)

    def uptake_tables(self, present: frozenset[str]) -> tuple[Tables, tuple[Uptake, ...]]:
        """Index arrays of the laws that take, and these in the order of the fluxes."""
        tables = self.taking.tables(present)
        by_name = {one.flux.name: one for one in self.uptake}
        return tables, tuple(by_name[flux.name] for flux in tables.fluxes)


@dataclass(frozen=True)
class Decay:
    """First-order loss of a field, the same everywhere: value names of its rate, and what comes of what is lost.

    ``counters`` are totals; ``freed`` are other fields, at the same place.
    """

    field: str
    factors: tuple[str, ...]
    counters: tuple[tuple[str, int], ...] = ()
    freed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class LiquidPart:
    """What goes on between cells.

    Parameters
    ----------
    decays : tuple of Decay
        Rates that do not depend on where they are: part of the diffusion operator.
    reactions : Program or None
        All else, with lanes = voxels and concentrations as pools; counters are amounts per volume.
    """

    program: Program
    decays: tuple[Decay, ...]
    reactions: Program | None


@dataclass(frozen=True)
class Cut:
    """A model in space, in parts.

    Parameters
    ----------
    whole : Program
        The table by size of vesicles, uncut: rest, derived numbers, tokens.
    fields : tuple of Pool
    """

    model: ResolvedModel
    whole: Program
    fields: tuple[Pool, ...]
    cells: Mapping[str, CellPart]
    liquid: LiquidPart

    def live_fields(self, present: frozenset[str]) -> tuple[str, ...]:
        """Fields that an arm holds."""
        return tuple(pool.name for pool in self.fields if is_live(pool.needs, present))


def cut(model: ResolvedModel) -> Cut:
    """Cut the table of a model with a space.

    Raises
    ------
    InputError
        A law takes from two fields at once.
    """
    table = by_size(classes.sized(process_table(model), model))
    fields = tuple(pool for pool in table.pools if is_placed(pool))
    names = frozenset(pool.name for pool in fields)
    cells = {cell.name: _cell_part(model, table, names, cell.name) for cell in model.cells}
    return Cut(model, numbered(model, table), fields, cells, _liquid_part(model, table, names))


def size_of(name: str) -> str:
    """Ending of a name that is of one size of vesicles (``^2``), or nothing."""
    found = _SIZE.search(name)
    return found.group() if found else ""


def by_size(table: ProcessTable) -> ProcessTable:
    """The table with what rests on how fast a class diffuses written once for each size: ``NAME^K``."""
    own = {name for name in table.derived if name.endswith(DIFFUSIVITY)}
    moving = set(own)
    while more := {one.target for one in table.assignments if own & set(one.args)} - own:
        own |= more
    wanted: dict[tuple[str, str], None] = {}

    def at(name: str, size: str) -> str:
        if name in own:
            wanted.setdefault((name, size))
            return name + size
        return name

    fluxes = [replace(flux, factors=tuple(at(one, size) for one in flux.factors)) if (size := size_of(flux.name))
              else flux for flux in table.fluxes]
    laws = {one.target: one for one in table.assignments}
    found: list[Assignment] = []
    done: set[tuple[str, str]] = set()
    while left := [pair for pair in wanted if pair not in done]:
        for name, size in left:
            done.add((name, size))
            if name in laws:
                law = laws[name]
                found.append(Assignment(name + size, law.kernel, tuple(at(arg, size) for arg in law.args)))
    derived = (*table.derived, *(name + size for name, size in done if name in moving))
    return replace(table, fluxes=tuple(fluxes), assignments=(*table.assignments, *found),
                   derived=tuple(dict.fromkeys(derived)))


def _cell_part(model: ResolvedModel, table: ProcessTable, fields: frozenset[str], cell: str) -> CellPart:
    own = [flux for flux in table.fluxes if flux.owner == cell and flux.process not in BETWEEN]
    taking = tuple(_uptake(flux, fields) for flux in own if any(_takes(flux, fields)))
    inside = tuple(_sending(flux, fields) for flux in own if not any(_takes(flux, fields)))
    inside += tuple(replace(one.flux, name=ARRIVING + one.flux.name, factors=(ARRIVING + one.flux.name,))
                    for one in taking)
    laws = tuple(one for one in table.assignments if one.kernel != SEEN)
    seen = tuple(one.target for one in table.assignments if one.kernel == SEEN)
    sent = dict.fromkeys(pool for flux in inside for pool, _ in flux.moves if pool.startswith(SENT))
    needs = {pool.name: pool.needs for pool in table.pools}
    pools = (*(pool for pool in table.pools if pool.compartment == cell),
             *(Pool(name, cell, "", name, needs[name.removeprefix(SENT)], counter=True) for name in sent))
    watched = tuple(one for one in table.watched if one.compartment == cell)
    arriving = (ARRIVING + one.flux.name for one in taking)
    given = tuple(dict.fromkeys((*table.inputs, *sorted(fields), *seen, *arriving)))
    part = replace(table, pools=pools, assignments=laws, fluxes=inside, tokens=(), inputs=given, watched=watched,
                   parts=())
    program = numbered(model, part)
    sends = tuple(flux for flux in inside if any(pool.startswith(SENT) for pool, _ in flux.moves))
    takes = tuple(one.flux for one in taking)
    sending, reading = (Program(model, replace(part, fluxes=fluxes, watched=()), program.index, program.size)
                        for fluxes in (sends, takes))
    return CellPart(cell, program, sending, reading, taking, _read(part, taking, fields))


def _takes(flux: Flux, fields: frozenset[str]) -> list[str]:
    return [pool for pool, count in flux.moves if pool in fields and count < 0]


def _sending(flux: Flux, fields: frozenset[str]) -> Flux:
    """A law whose moves into fields go to what the cell sent."""
    return replace(flux, moves=tuple((f"{SENT}{pool}" if pool in fields else pool, count)
                                     for pool, count in flux.moves))


def _uptake(flux: Flux, fields: frozenset[str]) -> Uptake:
    taken = _takes(flux, fields)
    count = dict(flux.moves)[taken[0]]
    if len(taken) > 1 or count != -1:
        raise error(flux.name, f"the process `{flux.name}` takes {len(taken)} things from the liquid at once",
                    "in a space a law of cells takes one of one field at a time",
                    "nobody knows how fast each would come", "write it as two processes, or run the model `well_mixed`")
    field = taken[0]
    gains = tuple((pool, n) for pool, n in _sending(flux, fields - {field}).moves if pool != field)
    is_linear = flux.factors.count(field) == 1
    factors = tuple(name for name in flux.factors if name != field) if is_linear else flux.factors
    return Uptake(replace(flux, factors=factors, moves=gains), field, gains, is_linear)


def _read(part: ProcessTable, taking: Iterable[Uptake], fields: frozenset[str]) -> tuple[str, ...]:
    """Fields and agents that some value or law of a cell rests on, what it only takes left out."""
    laws = {one.target: one for one in part.assignments}
    stack = [name for flux in part.fluxes for name in flux.factors] + [one.name for one in part.watched]
    stack += [name for one in taking for name in one.flux.factors]
    seen: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack.extend(laws[name].args if name in laws else ())
    return tuple(sorted(name for name in seen if name in fields or name.startswith(AGENT)))


def _liquid_part(model: ResolvedModel, table: ProcessTable, fields: frozenset[str]) -> LiquidPart:
    own = [flux for flux in table.fluxes if flux.owner == MEDIUM and flux.process not in NOWHERE]
    laws = {one.target: one for one in table.assignments}
    constant = _constant(table, laws)
    decays, others = [], []
    for flux in own:
        decay = _decay(flux, fields, constant)
        decays += [decay] if decay else []
        others += [] if decay else [flux]
    program = numbered(model, replace(table, watched=(), parts=(), tokens=()))
    if not others:
        return LiquidPart(program, tuple(decays), None)
    moved = {pool for flux in others for pool, _ in flux.moves}
    pools = tuple(pool for pool in table.pools if pool.name in moved)
    rest = tuple(dict.fromkeys((*table.inputs, *(pool.name for pool in table.pools if pool.name not in moved))))
    part = replace(table, pools=pools, fluxes=tuple(others), inputs=rest, tokens=(), watched=(), parts=())
    return LiquidPart(program, tuple(decays), numbered(model, part))


def _decay(flux: Flux, fields: frozenset[str], constant: frozenset[str]) -> Decay | None:
    """The flux as first-order loss of one field into a counter; none where it is more."""
    lost = [(pool, count) for pool, count in flux.moves if pool in fields and count < 0]
    if len(lost) != 1 or lost[0][1] != -1 or flux.factors.count(lost[0][0]) != 1:
        return None
    field = lost[0][0]
    factors = tuple(name for name in flux.factors if name != field)
    if not constant.issuperset(factors):
        return None
    gained = [(pool, count) for pool, count in flux.moves if pool != field]
    return Decay(field, factors, tuple(one for one in gained if one[0] not in fields),
                 tuple(one for one in gained if one[0] in fields))


def _constant(table: ProcessTable, laws: Mapping[str, Assignment]) -> frozenset[str]:
    """Values that are the same everywhere, as they rest on no pool: numbers, drugs, and what is made of these."""
    known = {*table.parameters, *table.derived, *table.inputs} - {VOLUME}
    while more := {one.target for one in laws.values() if known.issuperset(one.args)} - known:
        known |= more
    return frozenset(known)
