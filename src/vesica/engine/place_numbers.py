"""Numbers of places: their volumes, and the rates at which vesicles and solubles pass between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine import classes
from vesica.engine.places import AT, FLOW, VOLUME, Place, beyond, hop, neighbours, places, reach
from vesica.spec.resolved import Compartment, Domain, ResolvedModel
from vesica.transport.column import hops, layer_heights, settling_speed
from vesica.transport.diffusion import stokes_einstein

Array = NDArray[np.float64]
Row = Mapping[str, float]


def heights(compartment: Compartment) -> Array:
    """Heights of the layers of a compartment, um."""
    return layer_heights(compartment.depth, compartment.layers, compartment.stretch)


def with_volumes(domain: Domain, volumes: Mapping[str, float]) -> Domain:
    """The vessel when its compartments hold other volumes (um^3): depths follow."""
    parts = tuple(replace(one, volume=volumes[one.name], depth=one.depth * volumes[one.name] / one.volume)
                  for one in domain.compartments)
    return replace(domain, volume=sum(one.volume for one in parts), compartments=parts)


def volumes(domain: Domain, row: Row) -> dict[Place, float]:
    """um^3 of liquid at every place; of a slice, between its cells."""
    found = {}
    for one in domain.compartments:
        liquid = one.volume * (row["vessel.volume_fraction"] if one.name == "slice" else 1.0)
        for layer, share in enumerate(heights(one) / one.depth):
            found[Place(one, layer)] = float(liquid * share)
    return found


def numbers(model: ResolvedModel, row: Row, laws: Mapping[str, SizeLaw], domain: Domain | None = None
            ) -> dict[str, float]:
    """Every derived value of the places by name.

    Parameters
    ----------
    laws : mapping of class of vesicles to its size law
    domain : Domain, optional
        The vessel as it is now, if it is not as it was at the start.
    """
    vessel = model.domain if domain is None else domain
    if not places(vessel):
        return {}
    room = volumes(vessel, row)
    found = {f"{VOLUME}{AT}{place.name}": volume for place, volume in room.items()}
    found |= _reaches(vessel, row)
    moving = {name: _Mover.of_law(law, row) for origin, law in laws.items()
              for name, law in classes.split(vessel, origin, law, row)}
    moving |= {name: _Mover(row[f"{name}.diffusivity"], 0.0, row.get("vessel.tortuosity", 1.0) ** 2)
               for name in model.solubles}
    for what, mover in moving.items():
        for one in vessel.compartments:
            if one.layers > 1:
                found |= _inside(vessel, one, what, mover, row)
        if len(vessel.compartments) == 2:
            found |= _between(vessel, what, mover, row, room)
    if vessel.kind == "slice":
        for origin in laws:
            for place in room:
                mover, in_tissue = moving[origin], place.compartment.name == "slice"
                slower = row["vessel.volume_fraction"] / mover.slowing if in_tissue else 1.0
                found[f"{origin}.diffusivity{AT}{place.name}"] = mover.diffusivity * slower
    return found


def _reaches(vessel: Domain, row: Row) -> dict[str, float]:
    """Um between the two places that give cells a gradient: from middle to middle, and the membrane between them.

    What is mixed as a whole counts as it is at its edge.
    """
    found = {}
    for place in places(vessel):
        if (pair := beyond(vessel, place)) is not None:
            halves = [float(heights(one.compartment)[one.layer]) / 2.0 for one in pair
                      if one.compartment.layers > 1]
            wall = row["vessel.membrane_thickness"] if pair[0].compartment.name == "insert" else 0.0
            found[reach(*pair)] = sum(halves) + wall
    return found


class _Mover:
    """What moves: its diffusion in medium, its speed of sinking, how tissue slows it, and its sizes if it has any."""

    def __init__(self, diffusivity: float, sinking: float, slowing: float, law: SizeLaw | None = None) -> None:
        self.diffusivity, self.sinking, self.slowing, self.law = diffusivity, sinking, slowing, law

    @classmethod
    def of_law(cls, law: SizeLaw, row: Row) -> _Mover:
        """Means over the sizes of a class: of 1/d and of d^2."""
        unit = stokes_einstein(row["medium.temperature"], row["medium.viscosity"], 1.0)
        heavier = row["medium.vesicle_density"] - row["medium.density"]
        return cls(unit * law.moment(-1),
                   settling_speed(1.0, heavier, row["medium.viscosity"]) * law.moment(2),
                   row.get("vessel.vesicle_tortuosity", 1.0) ** 2, law)


def _inside(vessel: Domain, one: Compartment, what: str, mover: _Mover, row: Row) -> dict[str, float]:
    """Hops between the layers of a column or slice, or the segments of a channel."""
    size = heights(one)
    if one.name == "slice":
        up, down = hops(size, mover.diffusivity / mover.slowing, 0.0)
    elif vessel.kind == "channel":
        up, down = hops(size, mover.diffusivity, 0.0)
        up = up + row[FLOW] / (one.volume / one.depth * size[:-1])
    else:
        up, down = hops(size, mover.diffusivity, mover.sinking, wall=True)
    found = {}
    for layer, (out, back) in enumerate(zip(up.tolist(), down.tolist(), strict=True)):
        here, there = Place(one, layer), Place(one, layer + 1)
        found |= {hop(here, there, what): out, hop(there, here, what): back}
    return found


def _between(vessel: Domain, what: str, mover: _Mover, row: Row, room: Mapping[Place, float]) -> dict[str, float]:
    """Hops through what joins two compartments: the pores of an insert, the face of a slice."""
    one, other = neighbours(vessel)[-1]
    area = one.compartment.volume / one.compartment.depth
    if vessel.kind == "slice":
        reach = heights(one.compartment)[0] / 2.0
        passed = row["vessel.volume_fraction"] * mover.diffusivity / mover.slowing * area / reach
    else:
        passed = classes.through_pores(mover.diffusivity, mover.law, area, row)
        ways = [1.0 / passed] if passed > 0.0 else []
        if ways and other.compartment.layers > 1:  # and from the middle of the layer below; layer 0 is at its membrane
            half = heights(other.compartment)[other.layer] / 2.0
            ways.append(half / (mover.diffusivity * other.compartment.volume / other.compartment.depth))
        passed = 1.0 / sum(ways) if ways else 0.0
    return {hop(one, other, what): passed / room[one], hop(other, one, what): passed / room[other]}
