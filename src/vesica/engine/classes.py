"""Classes of vesicles in a vessel with pores: those that are small enough to pass, and those that are not.

A pore sieves by size, so each class is followed as two, ``CLASS^0`` smaller than the pores and ``CLASS^1`` larger, on
the whole way from the medium into cells. What reads a class goes on reading the sum of the two under its plain name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from vesica.biology.sizes import SizeLaw
from vesica.engine.table import Assignment, Flux, ProcessTable
from vesica.spec.resolved import Domain, ResolvedModel
from vesica.transport.pores import Membrane

MARK: Final = "^"
_WAY: Final = ("free:", "bound:", "inside:", "matrix:")  # pools that a vesicle goes through, after the owner's name
_POINTS: Final = 64  # of the quadrature over diameters


def is_sieving(domain: Domain) -> bool:
    """Whether a vessel has pores that hold back what is large."""
    return domain.kind == "transwell"


def divided(table: ProcessTable, model: ResolvedModel) -> ProcessTable:
    """The table with every class of vesicles as two, by the size of the pores."""
    if not is_sieving(model.domain):
        return table
    travelling = {pool.name: _class_of(pool.name) for pool in table.pools if _class_of(pool.name)}
    topology = {cargo.name: cargo.topology for cargo in model.cargo}
    pools = [new for pool in table.pools for new in
             ([replace(pool, name=f"{pool.name}{MARK}{k}") for k in (0, 1)] if pool.name in travelling else [pool])]
    sums = tuple(Assignment(name, "total", (f"{name}{MARK}0", f"{name}{MARK}1")) for name in travelling)
    fluxes = [new for flux in table.fluxes for new in _fluxes(flux, travelling, topology)]
    tokens = tuple(replace(token, weights={at: weight for name, weight in token.weights.items() for at in
                                           ([f"{name}{MARK}{k}" for k in (0, 1)] if name in travelling else [name])})
                   for token in table.tokens)
    shares = [_share(origin, kind, k) for origin in dict.fromkeys(travelling.values())
              for kind in ("", "lumen", "membrane") for k in (0, 1)]
    return replace(table, pools=tuple(pools), assignments=(*sums, *table.assignments), fluxes=tuple(fluxes),
                   tokens=tokens, derived=(*table.derived, *shares))


def _fluxes(flux: Flux, travelling: Mapping[str, str], topology: Mapping[str, str]) -> list[Flux]:
    """A law of vesicles on their way, for both sizes; one that sends them on their way is shared out."""
    touched = [name for name in (*flux.factors, *(name for name, _ in flux.moves)) if name in travelling]
    if not touched:
        return [flux]
    starts = not any(name in travelling for name in flux.factors)
    cargo = touched[0].partition("/")[2]
    found = []
    for k in (0, 1):
        def at(name: str, k: int = k) -> str:
            return f"{name}{MARK}{k}" if name in travelling else name

        share = (_share(travelling[touched[0]], topology.get(cargo, ""), k),) if starts else ()
        found.append(replace(flux, name=f"{flux.name}{MARK}{k}", factors=(*map(at, flux.factors), *share),
                             moves=tuple((at(name), count) for name, count in flux.moves)))
    return found


def _class_of(pool: str) -> str:
    """The class of vesicles that a pool holds on its way, or nothing."""
    _, _, rest = pool.partition(".")
    for way in _WAY:
        if rest.startswith(way):
            return rest.removeprefix(way).partition("/")[0]
    return ""


def _share(origin: str, topology: str, k: int) -> str:
    """Name of the share of a class, or of its lumen or membrane cargo, that is of one size."""
    return f"{origin}.{topology or 'number'}_share{MARK}{k}"


def share_of(model: ResolvedModel, pool: str) -> str:
    """Name of the share of its class that a pool of one size holds; nothing for a pool that is not divided."""
    plain, mark, rest = pool.partition(MARK)
    if not mark:
        return ""
    cargo = plain.partition("/")[2]
    topology = next((one.topology for one in model.cargo if one.name == cargo), "")
    return _share(_class_of(plain), topology, int(rest[0]))


def split(domain: Domain, origin: str, law: SizeLaw, row: Mapping[str, float]) -> list[tuple[str, SizeLaw]]:
    """What moves of a class, by name, with its size law; the class itself too."""
    if not is_sieving(domain):
        return [(origin, law)]
    pore = row["vessel.pore_diameter"]
    small = replace(law, high=pore) if law.low < pore < law.high else law
    large = replace(law, low=pore) if law.low < pore < law.high else law
    return [(origin, law), (f"{origin}{MARK}0", small), (f"{origin}{MARK}1", large)]


def shares(domain: Domain, laws: Mapping[str, SizeLaw], row: Mapping[str, float]) -> dict[str, float]:
    """Shares of each class below the size of the pores and above it: of vesicles, lumen cargo, membrane cargo."""
    found: dict[str, float] = {}
    for origin, law in laws.items() if is_sieving(domain) else ():
        below = _below(law, row["vessel.pore_diameter"])
        for topology, share in below.items():
            found |= {_share(origin, topology, 0): share, _share(origin, topology, 1): 1.0 - share}
    return found


def _below(law: SizeLaw, pore: float) -> dict[str, float]:
    if not law.low < pore < law.high:
        return dict.fromkeys(("", "lumen", "membrane"), float(pore >= law.high))
    small = replace(law, high=pore)
    at = [math.log(d / law.median) / math.log(law.gsd) for d in (law.low, pore, law.high)]
    mass = [0.5 * math.erfc(-z / math.sqrt(2.0)) for z in at]
    number = (mass[1] - mass[0]) / (mass[2] - mass[0])
    return {"": number, "lumen": number * small.mean_lumen_volume / law.mean_lumen_volume,
            "membrane": number * small.mean_area / law.mean_area}


def through_pores(diffusivity: float, law: SizeLaw | None, area: float, row: Mapping[str, float]) -> float:
    """um^3/s that the pores of a membrane let pass of what has this size law, or is small."""
    membrane = Membrane(area, *(row[f"vessel.{name}"] for name in
                                ("pore_density", "pore_diameter", "membrane_thickness")))
    if law is None:
        return float(membrane.conductance(0.0, diffusivity))
    edges = np.geomspace(law.low, law.high, _POINTS + 1)
    middle = np.sqrt(edges[1:] * edges[:-1])
    weight = np.array([law.density(float(d)) for d in middle]) * np.diff(edges)
    passed = membrane.conductance(middle, diffusivity / law.moment(-1) / middle)  # D goes with 1/d
    return float(np.sum(weight * passed) / np.sum(weight))
