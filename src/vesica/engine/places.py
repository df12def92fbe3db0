"""Places of a vessel, in a mean field: layers of a still column, insert and well, segments, slice and bath.

The process table knows one medium. Where a vessel is more than one mixed body, everything of the medium is written once
for each place, ``NAME at PLACE``: a cell reads and fills what is at its own place, and transport between neighbours is
added. So a law is written once and holds in every vessel. What results show under the plain names are totals.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from vesica.engine.contact import SLOPE
from vesica.engine.table import Assignment, Flux, Pool, ProcessTable, Watched
from vesica.spec.resolved import Compartment, Domain
from vesica.transport.column import layer_heights

AT: Final = " at "
_PART: Final = re.compile(rf"(?:\^\d)?(?:#(\d{{1,3}}))?(?:{AT}[\w.]+)?$")  # of which part of its owner a name is
FREE: Final = "medium.free:"
VOLUME: Final = "medium.volume"
IN_FRESH: Final = ".in_fresh_medium"  # ends the concentration of a soluble, or ``free:CLASS``, in fresh medium
FLOW: Final = "vessel.flow"  # parameter, of vessels with a flow
OUTLET: Final = frozenset({"outflow"})  # processes of the place where medium leaves
INLET: Final = frozenset({"inflow"})  # ... and where it comes in
_FIXED: Final = ("medium.plastic:", "agent.")  # pools of the medium that are nowhere in particular


@dataclass(frozen=True)
class Place:
    """A mixed part of the medium: a layer (0 at the cells), a segment (0 at the inlet), or a whole compartment."""

    compartment: Compartment
    layer: int

    @property
    def name(self) -> str:
        """``medium.3``, ``insert.0``."""
        return f"{self.compartment.name}.{self.layer}"


def places(domain: Domain) -> tuple[Place, ...]:
    """All places of a vessel, compartment by compartment; none where all its medium is one."""
    if domain.is_mixed:
        return ()
    return tuple(Place(one, layer) for one in domain.compartments for layer in range(one.layers))


def neighbours(domain: Domain) -> tuple[tuple[Place, Place], ...]:
    """Pairs of places between which things move: up a column or down a channel, and through what joins compartments.

    The bottom of an insert lies over the top of its well, the face of a slice (its layer 0) in the bath.
    """
    found = [pair for one in domain.compartments
             for pair in itertools.pairwise(Place(one, layer) for layer in range(one.layers))]
    if len(domain.compartments) == 2:
        first, second = domain.compartments
        found.append((Place(first, 0), Place(second, second.layers - 1)))
    return tuple(found)


def homes(domain: Domain, cell: str) -> tuple[tuple[Place, float], ...]:
    """Where cells of a type are, and which share of them: at the bottom, along a channel, or all through a slice."""
    if domain.is_mixed:
        return ()
    here = next(one for one in domain.compartments if cell in one.cells)
    if domain.kind == "channel":
        return tuple((Place(here, layer), 1.0 / here.layers) for layer in range(here.layers))
    if domain.kind == "slice":
        heights = layer_heights(here.depth, here.layers, here.stretch)
        return tuple((Place(here, layer), float(height) / here.depth) for layer, height in enumerate(heights))
    return ((Place(here, 0), 1.0),)


def divided(table: ProcessTable, domain: Domain, homes_of: Mapping[str, Place]) -> ProcessTable:
    """The table with the medium written once for each place.

    Parameters
    ----------
    homes_of : mapping of owner to place
        Of every cell type, or kind of cells.
    """
    everywhere = places(domain)
    if not everywhere:
        return table
    work = _Work(table, domain, homes_of)
    pools = [new for pool in table.pools for new in work.pools(pool)]
    fluxes = [new for flux in table.fluxes for new in work.fluxes(flux)] + work.transport()
    watched = [work.watched(one) for one in table.watched]
    tokens = tuple(replace(token, weights={at: weight for name, weight in token.weights.items()
                                           for at in work.copies(name)}) for token in table.tokens)
    assignments = work.assignments()
    derived = dict.fromkeys((*table.derived, *work.derived))
    return replace(table, pools=tuple(pools), fluxes=tuple(fluxes), watched=tuple(watched), tokens=tokens,
                   assignments=assignments, derived=tuple(derived))


def beyond(domain: Domain, place: Place) -> tuple[Place, Place] | None:
    """The two places between which cells at a place feel a gradient, none where there is none to feel.

    It points away from the cells: up their column, through the pores of an insert, down a channel, out of a slice.
    """
    here = place.compartment
    other = next((one for one in domain.compartments if one is not here), None)
    if here.name == "insert" and other is not None:
        return Place(here, 0), Place(other, other.layers - 1)
    if here.name == "slice" and other is not None:
        return place, Place(here, place.layer - 1) if place.layer else Place(other, other.layers - 1)
    first = min(place.layer, here.layers - 2)  # at the end of a channel the last step is the way back
    return (Place(here, first), Place(here, first + 1)) if first >= 0 else None


def reach(one: Place, other: Place) -> str:
    """Name of the distance over which a gradient between two places is taken."""
    return f"reach from {one.name} to {other.name}"


def hop(one: Place, other: Place, what: str) -> str:
    """Name of the rate at which a class of vesicles or a soluble goes from a place to the next."""
    return f"hop of {what} from {one.name} to {other.name}"


def travels(pool: str) -> str:
    """What hops with a pool of the medium: its class of vesicles, or the soluble itself."""
    if pool.startswith(FREE):
        kind, _, rest = pool.removeprefix(FREE).partition("/")
        return kind + ("^" + rest.partition("^")[2] if "^" in rest else "")
    return pool.removeprefix("medium.")


class _Work:
    """A table being divided."""

    def __init__(self, table: ProcessTable, domain: Domain, homes_of: Mapping[str, Place]) -> None:
        self.domain, self.homes, self.places = domain, homes_of, places(domain)
        self.moving = tuple(pool.name for pool in table.pools if is_placed(pool))
        self._by_name = {one.target: one for one in table.assignments}
        self.own = _own(table, self.moving, domain)
        self.slopes = {name for name in table.derived if is_slope(name)}
        self.derived = [f"{name}{AT}{place.name}" for name in table.derived if name in self.own
                        and name not in self.slopes for place in self.places]
        self._wanted: dict[tuple[str, str], None] = {}

    def at(self, name: str, place: Place) -> str:
        """A value as it is at a place."""
        if name not in self.own:
            return name
        self._wanted.setdefault((name, place.name))
        return f"{name}{AT}{place.name}"

    def copies(self, name: str) -> list[str]:
        """Names of a pool at all places."""
        return [f"{name}{AT}{place.name}" for place in self.places] if name in self.moving else [name]

    def pools(self, pool: Pool) -> list[Pool]:
        if pool.name not in self.moving:
            return [pool]
        return [replace(pool, name=self.at(pool.name, place),
                        rest=None if pool.rest is None else self.at(pool.rest, place)) for place in self.places]

    def fluxes(self, flux: Flux) -> list[Flux]:
        if self.own.isdisjoint((*flux.factors, *(name for name, _ in flux.moves))):
            return [flux]
        if flux.owner != "medium":
            return [self._flux_at(flux, self.homes[flux.owner], flux.name)]
        where = self.places
        if flux.process in OUTLET:
            where = self.places[-1:]
        elif flux.process in INLET:
            where = tuple(place for place in self.places if place.compartment is self.places[-1].compartment)[:1]
        return [self._flux_at(flux, place, f"{flux.name}{AT}{place.name}") for place in where]

    def _flux_at(self, flux: Flux, place: Place, name: str) -> Flux:
        return replace(flux, name=name, factors=tuple(self.at(one, place) for one in flux.factors),
                       moves=tuple((self.at(one, place), count) for one, count in flux.moves))

    def watched(self, one: Watched) -> Watched:
        home = self.homes.get(one.compartment)
        return one if home is None else replace(one, name=self.at(one.name, home))

    def transport(self) -> list[Flux]:
        """Hops of everything that moves, both ways between each two neighbours."""
        found = []
        for pool in self.moving:
            for pair in neighbours(self.domain):
                for one, other in (pair, pair[::-1]):
                    rate = hop(one, other, travels(pool))
                    self.derived.append(rate)
                    here, there = self.at(pool, one), self.at(pool, other)
                    found.append(Flux(f"transport/{pool} from {one.name} to {other.name}", "transport", "medium",
                                      (rate, here), ((here, -1), (there, 1)), frozenset(), frozenset()))
        return found

    def assignments(self) -> tuple[Assignment, ...]:
        """All of them, and those of the medium at the places where somebody reads them."""
        named = {place.name: place for place in self.places}
        found = [one for one in self._by_name.values() if one.target not in self.own]
        done: set[tuple[str, str]] = set()
        while self._wanted.keys() - done:
            for name, at in list(self._wanted.keys() - done):
                done.add((name, at))
                if name in self.slopes:
                    found += self._slope(name, named[at])
                elif name in self._by_name:
                    one = self._by_name[name]
                    found.append(Assignment(self.at(name, named[at]), one.kernel,
                                            tuple(self.at(arg, named[at]) for arg in one.args)))
        order = {name: number for number, name in enumerate(self._by_name)}
        rank = {place.name: number for number, place in enumerate(self.places)}
        return tuple(sorted(found, key=lambda one: (order.get(one.target.partition(AT)[0], -1),
                                                    rank.get(one.target.partition(AT)[2], -1))))


    def _slope(self, name: str, place: Place) -> list[Assignment]:
        """The gradient of a soluble at a place, from its concentrations there and beyond."""
        pair = beyond(self.domain, place)
        if pair is None:
            self.derived.append(f"{name}{AT}{place.name}")
            return []
        here, there = (self.at(name.removesuffix(SLOPE) + "_concentration", one) for one in pair)
        self.derived.append(reach(*pair))
        return [Assignment(f"{name}{AT}{place.name}", "slope", (there, here, reach(*pair)))]


def is_slope(derived: str) -> bool:
    """Whether a derived value is the gradient of a soluble of the medium: zero in a mixed vessel."""
    return derived.startswith("medium.") and derived.endswith(SLOPE)


def is_placed(pool: Pool) -> bool:
    """Whether a pool of the medium is somewhere in it; what is counted or sticks to plastic is of the whole vessel."""
    return pool.compartment == "medium" and not pool.counter and not pool.name.startswith(_FIXED)


def _own(table: ProcessTable, moving: Iterable[str], domain: Domain) -> frozenset[str]:
    """Names of values that differ from place to place."""
    own = {VOLUME, *moving, *(name for name in table.derived if is_slope(name))}
    if domain.kind == "slice":  # vesicles in tissue are slower than in the bath
        own |= {name for name in table.derived if name.endswith(".diffusivity")}
    while True:
        more = {one.target for one in table.assignments if own & set(one.args)} - own
        if not more:
            return frozenset(own)
        own |= more


def parts(table: Iterable[Pool], domain: Domain) -> tuple[Watched, ...]:
    """Columns that results of such a vessel hold beside the totals: of compartments, and of their layers.

    Layers show vesicles and solubles, not each cargo. ``insert.free:microglia``, ``insert.3.free:microglia``.
    """
    found = []
    everywhere = places(domain)
    for pool in table:
        if not everywhere or not is_placed(pool):
            continue
        plain = pool.name.removeprefix("medium.")
        if len(domain.compartments) > 1:
            found += [Watched(f"{one.name}.{plain}", "medium", pool.unit, f"{pool.label}, {one.name}", pool.needs)
                      for one in domain.compartments]
        if "/" not in plain:
            found += [Watched(f"{place.name}.{plain}", "medium", pool.unit,
                              f"{pool.label}, {place.compartment.name}, layer {place.layer}", pool.needs)
                      for place in everywhere if place.compartment.layers > 1]
    return tuple(found)


def base(name: str) -> str:
    """A name of the undivided table, from one of a kind of cells, a size of vesicles or a place."""
    return _PART.sub("", name, count=1)


def kind_of_cells(name: str) -> str:
    """Number of the kind of cells that a name is of, or nothing."""
    found = _PART.search(name)
    return (found.group(1) or "") if found else ""


def columns_of(name: str) -> tuple[str, ...]:
    """Names under which results show a state: the plain one, and those of its compartment and layer."""
    plain = base(name)
    rest, _, place = name.partition(AT)
    if not place or not rest.startswith("medium."):
        return (plain,)
    compartment = place.partition(".")[0]
    ending = plain.removeprefix("medium.")
    return tuple(dict.fromkeys((plain, f"{compartment}.{ending}", f"{place}.{ending}")))  # a dish is the medium itself
