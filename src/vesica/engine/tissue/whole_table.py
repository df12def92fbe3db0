"""Which laws of a cell are events of whole numbers, and the numbers that these need.

Everything that an event does is done by integer moves of fluxes of the table, so it conserves what they conserve.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vesica.engine.program import Program
from vesica.engine.table import Flux
from vesica.engine.tables import Tables
from vesica.spec.cells import CellType

Index = NDArray[np.int64]

EVENTS: Final = frozenset({"lysosome", "docking", "undocking", "fusion", "tether_detachment", "tether_return",
                           "phenotype", "dying", "death", "blebbing", "blebbing_load"})
BORN, LYSED, DOCKED, SITES, UNDOCKED, FUSED, FREED, DETACHED, TAKEN_BACK, CAPACITY, BUDDING, RETRO = range(12)
NONE: Final = -1


class DonorIds(NamedTuple):
    """Places of fluxes and states; one row for each content (vesicles first, then cargo), a column for each size.

    ``one`` are the moves of MVBs and of their squares: birth, lysosome, docking, undocking, fusion, then the squares of
    the last four.
    """

    one: Index
    lysed: Index
    docked: Index
    undocked: Index
    budded: Index
    back: Index
    budded_free: Index
    back_free: Index
    tethered: Index
    freed: Index
    detached: Index
    taken_back: Index
    rows: Index  # (content, 4): in free MVBs, in docked ones, tethered, in the cell
    mvb: Index  # (4,): free MVBs, docked ones, and the sums of squares


class ChainIds(NamedTuple):
    """Transitions: state they leave and reach (NONE: death), flux, chain; how states are left by another death.

    ``death`` is the flux of dying of no chain, or NONE; ``alive`` the state of being alive, or NONE.
    """

    begin: Index
    end: Index
    flux: Index
    chain: Index
    states: Index
    state_chain: Index
    left: Index
    alive: Index
    death: Index


@dataclass(frozen=True)
class Split:
    """A cell type in parts.

    Parameters
    ----------
    smooth : Tables
        What goes on between events; all pools.
    events : Tables
        Moves of events, in any amount.
    donor, shares : Tables or None
        Rates of the donor in the order BORN to RETRO; shares of content by size.
    chains : Tables
        Hazards in the order of `ChainIds`, the one of ``death`` last.
    lost, lost_ids : Tables, (lost,)
        What a dying cell holds, and the fluxes that take it.
    """

    smooth: Tables
    events: Tables
    donor: Tables | None
    shares: Tables | None
    chains: Tables
    lost: Tables
    lost_ids: Index
    blebs: NDArray[np.bool_]
    donor_ids: DonorIds | None
    chain_ids: ChainIds


def split(program: Program, kind: CellType, present: frozenset[str]) -> Split:
    """Cut the laws of one cell type."""
    c = kind.name
    birth = f"endosome_maturation/{c}"
    own = [flux for flux in program.table.fluxes if flux.owner == c]
    smooth, events = [], []
    for flux in own:
        if flux.name == birth:
            smooth.append(replace(flux, moves=tuple(move for move in flux.moves if move[0] != f"{c}.mvb")))
            events.append(replace(flux, moves=((f"{c}.mvb", 1),)))
        elif flux.process in EVENTS:
            events.append(flux)
        else:
            smooth.append(flux)
    corrections = [flux for flux in smooth if flux.process in ("budding", "loading", "retrofusion")]
    tables = _tables(program, [*events, *corrections], present, keeps=False)
    place = {flux.name: k for k, flux in enumerate(tables.fluxes)}
    state = {name: k for k, name in enumerate(tables.names)}
    by_name = {flux.name: flux for flux in own}
    chain_laws, chain_ids = _chains(kind, by_name, place, state)
    dying = [flux for flux in tables.fluxes if flux.factors and flux.factors[0] == f"{c}.dying"]
    lost = [replace(flux, factors=flux.factors[1:], moves=()) for flux in dying]
    donor_ids = _donor_ids(c, tables.fluxes, place, state) if kind.secretes_vesicles else None
    rates = None if donor_ids is None else _products(program, _donor_rates(program, c, by_name), present)
    shares = None if donor_ids is None else _products(program, _shares(c, by_name, donor_ids, tables), present)
    return Split(_tables(program, smooth, present), tables, rates, shares, _products(program, chain_laws, present),
                 _tables(program, lost, present, keeps=False), np.array([place[flux.name] for flux in dying], np.int64),
                 np.array([flux.process == "blebbing" for flux in dying], dtype=bool), donor_ids, chain_ids)


def _tables(program: Program, fluxes: Iterable[Flux], present: frozenset[str], *, keeps: bool = True) -> Tables:
    """Index arrays of some laws over the values of the program."""
    watched = program.table.watched if keeps else ()
    part = Program(program.model, replace(program.table, fluxes=tuple(fluxes), watched=watched), program.index,
                   program.size)
    return part.tables(present)


def _products(program: Program, groups: Iterable[tuple[str, ...]], present: frozenset[str]) -> Tables:
    """Tables whose fluxes are products of values and move nothing."""
    return _tables(program, [Flux(str(k), "", "", factors, (), frozenset()) for k, factors in enumerate(groups)],
                   present, keeps=False)


def _donor_rates(program: Program, c: str, flux: Mapping[str, Flux]) -> list[tuple[str, ...]]:
    docking = next(one for one in program.table.assignments if one.target == f"{c}.docking")
    return [
        flux[f"endosome_maturation/{c}"].factors, flux[f"lysosome/{c}"].factors[:1], docking.args[:2], docking.args[3:],
        flux[f"undocking/{c}"].factors[:1], flux[f"fusion/{c}"].factors[:1], (f"{c}.released_share",),
        _any_size(flux, f"tether_detachment/{c}").factors[:1], flux[f"tether_return/{c}"].factors[:1],
        (f"{c}.ilv_capacity",), (f"{c}.budding_per_mvb",), flux[f"retrofusion/{c}.mvb"].factors[:1],
    ]


def _any_size(flux: Mapping[str, Flux], name: str) -> Flux:
    return flux[name] if name in flux else flux[f"{name}^0"]


def _sized(place: Mapping[str, int], name: str) -> list[int]:
    """Places of a flux that may be written once for each size."""
    if name in place:
        return [place[name]]
    return [place[f"{name}^{k}"] for k in range(sum(one.startswith(f"{name}^") for one in place))]


def _donor_ids(c: str, fluxes: Iterable[Flux], place: Mapping[str, int], state: Mapping[str, int]) -> DonorIds:
    inside = f"{c}.docked_ilv"
    ends = [name.removeprefix(inside) for name in state if name == inside or name.startswith(f"{inside}/")]
    by_name = {flux.name: flux for flux in fluxes}

    def ids(*names: str) -> Index:
        return np.array([place[name] for name in names], dtype=np.int64)

    def bud(stage: str, end: str) -> str:
        return f"loading/{c}.{stage}{end}" if end else f"budding/{c}.{stage}"

    stocks = [next((state[pool] for pool, n in by_name[bud("docked", end)].moves if n < 0), NONE) for end in ends]
    rows = [[state[f"{c}.mvb_ilv{end}"], state[f"{inside}{end}"], state[f"{c}.tethered{end}"], stock]
            for end, stock in zip(ends, stocks, strict=True)]
    fates = [f"{fate}/{c}" for fate in ("lysosome", "docking", "undocking", "fusion")]
    return DonorIds(
        ids(f"endosome_maturation/{c}", *fates, *(f"{fate}.square" for fate in fates)),
        ids(*(f"lysosome/{c}.ilv{end}" for end in ends)), ids(*(f"docking/{c}.ilv{end}" for end in ends)),
        ids(*(f"undocking/{c}.ilv{end}" for end in ends)), ids(*(bud("docked", end) for end in ends)),
        ids(*(f"retrofusion/{c}.docked{end}" for end in ends)), ids(*(bud("mvb", end) for end in ends)),
        ids(*(f"retrofusion/{c}.mvb{end}" for end in ends)), ids(*(f"fusion/{c}.tethered{end}" for end in ends)),
        np.array([_sized(place, f"fusion/{c}.free{end}") for end in ends], dtype=np.int64),
        np.array([_sized(place, f"tether_detachment/{c}{end}") for end in ends], dtype=np.int64),
        ids(*(f"tether_return/{c}{end}" for end in ends)), np.array(rows, dtype=np.int64),
        np.array([state[f"{c}.{name}"] for name in ("mvb", "docked", "mvb_ilv2", "docked_ilv2")], dtype=np.int64),
    )


def _shares(c: str, flux: Mapping[str, Flux], ids: DonorIds, tables: Tables) -> list[tuple[str, ...]]:
    """Shares of each content that are of each size: what a flux of that size has beside hazard, content and share."""
    names = [tables.fluxes[k].name for k in ids.freed.ravel()]
    return [flux[name].factors[3:] for name in names]


def _chains(kind: CellType, flux: Mapping[str, Flux], place: Mapping[str, int], state: Mapping[str, int]
            ) -> tuple[list[tuple[str, ...]], ChainIds]:
    c = kind.name
    laws: list[tuple[str, ...]] = []
    found: list[tuple[int, int, int, int]] = []
    states: list[tuple[int, int, int]] = []
    for number, chain in enumerate(kind.chains):
        states += [(state[f"{c}.{one.name}"], number, place.get(f"death/{c}.{one.name}", NONE))
                   for one in chain.living]
        dying = {one.name for one in chain.states if one.dies}
        for begin, end in chain.transitions:
            name = f"{'dying' if end in dying else 'phenotype'}/{c}.{begin}_to_{end}"
            laws.append(tuple(factor for factor in flux[name].factors if factor != f"{c}.{begin}"))
            found.append((state[f"{c}.{begin}"], NONE if end in dying else state[f"{c}.{end}"], place[name], number))
    death = flux.get(f"death/{c}")
    laws.append(() if death is None else tuple(factor for factor in death.factors if factor != f"{c}.alive"))
    columns = np.array(found, dtype=np.int64).reshape(-1, 4).T.copy()
    listed = np.array(states, dtype=np.int64).reshape(-1, 3).T.copy()
    return laws, ChainIds(*columns, *listed, np.array([state.get(f"{c}.alive", NONE)]),
                          np.array([NONE if death is None else place[death.name]]))
