"""Cells that touch: words for what the others show, gap junctions, and the gradient that a cell feels.

A cell never reads another cell's values by themselves. It reads them through the kernel ``seen``, whose target is its
own: `vesica.engine.nodes` puts the mean over kinds of cells there, whole numbers the mean over the living cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from vesica.spec.cells import CellType, Network, NetworkState
from vesica.spec.vocabulary import CONTACT

if TYPE_CHECKING:  # it asks here for its words
    from vesica.engine.naming import Names

SEEN: Final = "seen"  # the kernel that reads another cell type
SLOPE: Final = "_gradient"  # ends the name of the gradient of a soluble in the medium


def touched(names: Names, cell: str, what: str) -> str:
    """Value name of what the cells that touch a cell show of a membrane cargo (copies) or of a level."""
    value = ""
    for other, share in _touching(names, cell):
        if what in other.cargo:
            density = names.table.assign(f"{other.name}.{what} per area", "quotient", f"{other.name}.{what}",
                                         f"{other.name}.membrane_area")
            part = names.table.assign(f"{cell}.touched_{what} on {other.name}", "touched_copies", share,
                                      f"{cell}.membrane_area", _seen(names, cell, other, density))
        elif what in other.levels:
            part = names.table.assign(f"{cell}.touched_{what} on {other.name}", "product", share,
                                      _seen(names, cell, other, _of_all(names, other, f"{other.name}.{what}")))
        else:
            continue
        value = names.table.assign(f"{value}+{part}", "total", value, part) if value else part
    return value or names.table.derive("zero")


def gradient(names: Names, cell: str, soluble: str) -> str:
    """Value name of the difference of receptor occupancy over the length of a cell; zero in a mixed vessel."""
    concentration = names.concentration(soluble)
    slope = names.table.derive(f"medium.{soluble}{SLOPE}")
    radius = f"{cell}.capture_radius"
    length = names.table.assign(f"{cell}.length", "total", radius, radius)
    return names.table.assign(f"{cell}.gradient_{soluble}", "occupancy_difference", slope, length,
                              f"{cell}.{soluble}.sensing_kd", concentration)


def bind_junctions(names: Names, cell: CellType) -> None:
    """What passes gap junctions between a cell type and those that it touches, each cell type for itself.

    What comes in and what goes out are two fluxes. The fluxes of both cell types have one area of contact
    (`spec.contacts`) and one permeability, so what one loses the other gains.
    """
    for network, state in _passing(cell):
        for other, share in _touching(names, cell.name):
            for others_network, twin in _passing(other):
                if twin.name == state.name:
                    _junction(names, cell, other, share, (network, others_network), state)


def _junction(names: Names, cell: CellType, other: CellType, share: str, networks: tuple[Network, Network],
              state: NetworkState) -> None:
    c, assign = cell.name, names.table.assign
    name = f"{c}.{state.name} with {other.name}"
    sides = [assign(f"{one.name}.{state.name} junction", "product", f"{one.name}.{network.name}.{state.name}_junction",
                    f"{one.name}.contact_response")
             for one, network in zip((cell, other), networks, strict=True)]
    permeability = assign(f"{name}, permeability", "junction", *sides)
    rate = assign(f"{name}, rate", "exchange_rate", permeability, share, f"{c}.membrane_area", f"{c}.cell_volume")
    pool = f"{c}.{state.name}"
    there = _seen(names, c, other, _of_all(names, other, f"{other.name}.{state.name}"))
    alive = (_seen(names, c, other, f"{other.name}.alive"),) if other.can_die else ()
    needs = frozenset({f"cell:{c}", f"cell:{other.name}"})
    names.table.flux(f"junction/{pool} from {other.name}", c, (rate, there), {pool: 1}, needs)
    names.table.flux(f"junction/{pool} to {other.name}", c, (rate, *alive, pool), {pool: -1}, needs)


def _passing(cell: CellType) -> Iterator[tuple[Network, NetworkState]]:
    for network in cell.networks:
        yield from ((network, state) for state in network.states if state.has_junction)


def _touching(names: Names, cell: str) -> Iterator[tuple[CellType, str]]:
    """Cell types that a cell type touches, each with the path of its share; itself among them if it says so."""
    for other in names.model.cells:
        path = f"{cell}.{CONTACT}{other.name}"
        if path in names.model.parameters:
            yield other, path


def _of_all(names: Names, cell: CellType, level: str) -> str:
    """Value name of a level times the share of the cells that live; pools of cargo are of all cells already."""
    return names.table.assign(f"{level} of all", "product", level, f"{cell.name}.alive") if cell.can_die else level


def _seen(names: Names, cell: str, other: CellType, value: str) -> str:
    """Value name of the mean of something over the cells of another type, for a cell."""
    return names.table.assign(f"{cell}.seen {value}", SEEN, value)


def is_of(target: str, cell: str) -> bool:
    """Whether what is seen is seen by a cell type."""
    return target.startswith(f"{cell}.seen ")
