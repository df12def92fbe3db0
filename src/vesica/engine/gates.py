"""Programs made for attribution: what each sender sends passes a gate, a parameter that is one or zero.

Vesicles behind a closed gate stand in the medium as if they were glass: no cell binds or drinks them, nothing reads
them, and what they free when they burst is lost. A soluble behind a closed gate never reaches the medium. The sender
itself goes on as before, and so do cells that stand before a run: gates act while it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from vesica.engine.processes import process_table
from vesica.engine.program import Program, is_live, numbered
from vesica.engine.table import Assignment, Flux, ProcessTable
from vesica.spec.gates import Gate, of_soluble, of_vesicles
from vesica.spec.resolved import DEFINITION, Parameter, ResolvedModel

FREE: Final = "medium.free:"
FELT: Final = " as others feel it"


def gated(model: ResolvedModel, *, by_cargo: bool = False) -> tuple[Program, dict[Gate, tuple[Flux, ...]]]:
    """A model with gates, all of them open, and the laws behind each.

    Parameters
    ----------
    by_cargo : bool
        A gate for each cargo of a class of vesicles, in place of one for the class: the vesicles go where they went,
        and the cargo behind a closed gate stays behind.
    """
    gating = _Gating(model, by_cargo)
    table = gating.table(process_table(model))
    paths = [gate.path for gate in gating.gates]
    numbers = {path: Parameter(path, 1.0, "", 1.0, 1.0, "given", source=DEFINITION) for path in paths}
    model = replace(model, parameters={**model.parameters, **numbers})
    table = replace(table, parameters=(*table.parameters, *paths))
    return numbered(model, table), {gate: tuple(fluxes) for gate, fluxes in gating.gates.items()}


class _Gating:
    """Puts gates into a table, and remembers what is behind them."""

    def __init__(self, model: ResolvedModel, by_cargo: bool) -> None:  # noqa: FBT001
        self.solubles = {f"medium.{soluble}": soluble for soluble in model.solubles}
        self.by_cargo = by_cargo
        self.gates: dict[Gate, list[Flux]] = {}
        self.felt: dict[str, Assignment] = {}

    def table(self, table: ProcessTable) -> ProcessTable:
        """The table with gates."""
        fluxes = tuple(new for flux in table.fluxes for new in self._flux(flux))
        assignments = [replace(one, args=tuple(self._read(arg) for arg in one.args)) for one in table.assignments]
        return replace(table, fluxes=fluxes, assignments=(*self.felt.values(), *assignments))

    def _gate(self, free: str) -> Gate | None:
        """Gate of a pool of free vesicles, or of their cargo; none for vesicles themselves where cargo has gates."""
        origin, _, cargo = free.removeprefix(FREE).partition("/")
        if not self.by_cargo:
            return of_vesicles(origin)
        return of_vesicles(origin, cargo) if cargo else None

    def _flux(self, flux: Flux) -> Iterable[Flux]:
        """The flux behind its gates: whole, or split into what the gate holds back and what it does not."""
        moves = dict(flux.moves)
        flux = replace(flux, factors=tuple(name if name in moves else self._read(name) for name in flux.factors))
        taken = next((pool for pool, count in flux.moves if pool.startswith(FREE) and count < 0), "")
        gained = [pool for pool, count in flux.moves if pool in self.solubles and count > 0]
        lost = [pool for pool, count in flux.moves if pool in self.solubles and count < 0]
        if taken and flux.owner != "medium":
            yield self._behind(self._gate(taken), flux)
            return
        if not gained or lost or (flux.owner == "medium" and not taken):  # the last two only convert what is there
            yield flux
            return
        rest = tuple(move for move in flux.moves if move[0] not in gained)
        if rest:
            yield replace(flux, moves=rest)
        for pool in gained:
            gate = self._gate(taken) if taken else of_soluble(flux.owner, self.solubles[pool])
            yield self._behind(gate, replace(flux, name=f"{flux.name} to {pool}", moves=((pool, moves[pool]),)))

    def _behind(self, gate: Gate | None, flux: Flux) -> Flux:
        if gate is None:
            return flux
        closed = replace(flux, factors=(*flux.factors, gate.path))
        self.gates.setdefault(gate, []).append(closed)
        return closed

    def _read(self, name: str) -> str:
        """Value name of free vesicles as others feel them."""
        gate = self._gate(name) if name.startswith(FREE) else None
        if gate is None:
            return name
        self.gates.setdefault(gate, [])
        self.felt.setdefault(name, Assignment(f"{name}{FELT}", "product", (name, gate.path)))
        return f"{name}{FELT}"


def used(gates: Mapping[Gate, tuple[Flux, ...]], presents: Iterable[frozenset[str]]) -> tuple[Gate, ...]:
    """Gates with a law that is alive in one of the arms."""
    presents = tuple(presents)
    return tuple(gate for gate, fluxes in gates.items()
                 if any(is_live(flux.needs, present) for flux in fluxes for present in presents))


def reaching(program: Program, presents: Iterable[frozenset[str]], effects: Iterable[str]) -> frozenset[str]:
    """Every value from which some way of laws leads to one of the effects; all others cannot change it.

    Parameters
    ----------
    presents : what each of the arms holds, as `doses.present_in` gives it
    effects : names of pools and assigned values
    """
    presents = tuple(presents)
    into: dict[str, set[str]] = {}
    for one in program.table.assignments:
        into.setdefault(one.target, set()).update(one.args)
    for flux in program.table.fluxes:
        if any(is_live(flux.needs, present) for present in presents):
            for pool, _ in flux.moves:
                into.setdefault(pool, set()).update(flux.factors)
    found, stack = set(effects), list(effects)
    while stack:
        new = into.get(stack.pop(), set()) - found
        found |= new
        stack.extend(new)
    return frozenset(found)
