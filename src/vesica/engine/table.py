"""The process table: what a model is once every law is bound to its pools.

A *flux* is a product of named values (hazards, pools, shares) with integer moves between
pools. A content move (cargo that travels with its vesicle, vesicles that travel with
their MVB) is a flux of its own with the hazard of the container, so no division by the
number of containers is ever needed. *Tokens* are what must be conserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ONE: Final = "1"
LITERAL: Final = "number "  # a derived value of this name is the number that follows
TIMES: Final = " * "  # a derived value of this name is the product of two parameters
RUNNING: Final = "running"  # derived number: 1 in a run; 0 at rest, so that what has it as a factor stands still


@dataclass(frozen=True)
class Pool:
    """A state: an amount per average cell of ``compartment``, or in the whole medium.

    ``needs`` names what must be present in an arm for the pool to matter (``cell:NAME``,
    ``origin:NAME``). ``rest`` is the value name of the level at the start. A ``counter``
    only accumulates; it is set to zero when the run starts.
    """

    name: str
    compartment: str
    unit: str
    label: str
    needs: frozenset[str]
    rest: str | None = None
    counter: bool = False
    restart: bool = False  # set back to its rest level when the run starts
    pulse: str | None = None  # value name of what is added when the run starts
    is_level: bool = False  # of the living cell: it stays as it is when cells die
    is_share: bool = False  # of the cells; others are divided by it, so it is known well however small it becomes


@dataclass(frozen=True)
class Assignment:
    """``target = kernel(*args)``, all of them value names."""

    target: str
    kernel: str
    args: tuple[str, ...]


@dataclass(frozen=True)
class Flux:
    """A rate, the product of ``factors``, and its integer moves.

    The rate is per average cell of ``owner`` (or of the whole medium). ``opens`` names
    the tokens that this flux brings in or takes out of the system on purpose.
    """

    name: str
    process: str
    owner: str
    factors: tuple[str, ...]
    moves: tuple[tuple[str, int], ...]
    needs: frozenset[str]
    opens: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Token:
    """Something that is neither made nor lost: the weighted sum over pools is constant."""

    name: str
    weights: Mapping[str, int]


@dataclass(frozen=True)
class Watched:
    """An assigned value that results hold beside the pools."""

    name: str
    compartment: str
    unit: str
    label: str
    needs: frozenset[str]


@dataclass(frozen=True)
class ProcessTable:
    """The whole model as data."""

    pools: tuple[Pool, ...]
    assignments: tuple[Assignment, ...]
    fluxes: tuple[Flux, ...]
    tokens: tuple[Token, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    derived: tuple[str, ...]
    watched: tuple[Watched, ...] = ()
    parts: tuple[Watched, ...] = ()  # of the vessel, that results hold beside the totals


@dataclass
class TableBuilder:
    """Collects a table; only `engine.processes` uses it."""

    pools: dict[str, Pool] = field(default_factory=dict)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    fluxes: list[Flux] = field(default_factory=list)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    derived: dict[str, None] = field(default_factory=dict)
    watched: dict[str, Watched] = field(default_factory=dict)

    def watch(self, watched: Watched) -> str:
        """Hold an assigned value in the results; returns its name."""
        self.watched[watched.name] = watched
        return watched.name

    def pool(self, pool: Pool, **weights: int) -> str:
        """Add a pool, with its weight in each token; returns its name."""
        self.pools[pool.name] = pool
        for token, weight in weights.items():
            self.weigh(token, pool.name, weight)
        return pool.name

    def weigh(self, token: str, pool: str, weight: int) -> None:
        """Give a pool a weight in a token."""
        self.tokens.setdefault(token, {})[pool] = weight

    def assign(self, target: str, kernel: str, *args: str) -> str:
        """Add an assignment once; returns the name of its value."""
        self.assignments.setdefault(target, Assignment(target, kernel, args))
        return target

    def derive(self, name: str) -> str:
        """Name a number that `engine.rows` computes from parameters before a run."""
        self.derived[name] = None
        return name

    def flux(self, name: str, owner: str, factors: tuple[str, ...], moves: dict[str, int],
             needs: frozenset[str], opens: tuple[str, ...] = ()) -> None:
        """Add a flux; its process is the part of the name before the first slash."""
        process = name.split("/", maxsplit=1)[0]
        self.fluxes.append(Flux(name, process, owner, factors, tuple(moves.items()), needs, frozenset(opens)))


def imbalances(table: ProcessTable) -> list[tuple[str, str, int]]:
    """Fluxes that make or lose a token: (flux, token, gained). Empty means every ledger closes.

    Amounts per cell and totals of the medium differ by the number of cells, which multiplies
    every move of a flux alike when counted over the dish; so integers decide.
    """
    found = []
    for token in table.tokens:
        for flux in table.fluxes:
            if token.name in flux.opens:
                continue
            gained = sum(token.weights.get(pool, 0) * moved for pool, moved in flux.moves)
            if gained != 0:
                found.append((flux.name, token.name, gained))
    return found
