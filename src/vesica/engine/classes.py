"""Classes of vesicles by size: where a vessel has pores, and in a space, where small ones go farther.

A pore sieves by size, so each class is followed as several, ``CLASS^0`` the smallest to ``CLASS^3`` larger than the
pores, on the whole way from the medium into cells; in a space these are four of as many vesicles. What reads a class
goes on reading their sum under its plain name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Final

import numpy as np

from vesica.biology.sizes import SizeLaw
from vesica.engine.table import Assignment, Flux, ProcessTable
from vesica.spec.resolved import Domain, ResolvedModel
from vesica.transport.pores import Membrane

MARK: Final = "^"
_WAY: Final = ("free:", "bound:", "inside:", "matrix:")  # pools that a vesicle goes through, after the owner's name
PASSING: Final = 3  # sizes smaller than the pores, each of as many vesicles
SIZES: Final = tuple(range(PASSING + 1))
_POINTS: Final = 64  # of the quadrature over diameters


def is_sieving(domain: Domain) -> bool:
    """Whether a vessel has pores that hold back what is large."""
    return domain.kind == "transwell"


def divided(table: ProcessTable, model: ResolvedModel) -> ProcessTable:
    """The table with every class of vesicles by size, where the vessel has pores."""
    return sized(table, model) if is_sieving(model.domain) else table


def sized(table: ProcessTable, model: ResolvedModel) -> ProcessTable:
    """The table with every class of vesicles by size."""
    travelling = {pool.name: _class_of(pool.name) for pool in table.pools if _class_of(pool.name)}
    topology = {cargo.name: cargo.topology for cargo in model.cargo}

    def sizes(name: str) -> list[str]:
        return [f"{name}{MARK}{k}" for k in SIZES] if name in travelling else [name]

    pools = [replace(pool, name=name) for pool in table.pools for name in sizes(pool.name)]
    sums = [one for name in travelling for one in _sum(name)]
    fluxes = [new for flux in table.fluxes for new in _fluxes(flux, travelling, topology)]
    tokens = tuple(replace(token, weights={at: weight for name, weight in token.weights.items() for at in sizes(name)})
                   for token in table.tokens)
    shares = [_share(origin, kind, k) for origin in dict.fromkeys(travelling.values())
              for kind in ("", "lumen", "membrane") for k in SIZES]
    return replace(table, pools=tuple(pools), assignments=(*sums, *table.assignments), fluxes=tuple(fluxes),
                   tokens=tokens, derived=(*table.derived, *shares))


def _sum(name: str) -> list[Assignment]:
    """Pools of all sizes, added up to the plain name."""
    found, so_far = [], f"{name}{MARK}0"
    for k in SIZES[1:]:
        total = name if k == SIZES[-1] else f"{name}, up to size {k}"
        found.append(Assignment(total, "total", (so_far, f"{name}{MARK}{k}")))
        so_far = total
    return found


def _fluxes(flux: Flux, travelling: Mapping[str, str], topology: Mapping[str, str]) -> list[Flux]:
    """A law of vesicles on their way, for all sizes; one that sends them on their way is shared out."""
    touched = [name for name in (*flux.factors, *(name for name, _ in flux.moves)) if name in travelling]
    if not touched:
        return [flux]
    starts = not any(name in travelling for name in flux.factors)
    cargo = touched[0].partition("/")[2]
    found = []
    for k in SIZES:
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
    return [(origin, law), *((f"{origin}{MARK}{k}", one) for k, one in enumerate(_sizes(law, row)))]


def shares(domain: Domain, laws: Mapping[str, SizeLaw], row: Mapping[str, float]) -> dict[str, float]:
    """Shares of each class that are of each size: of vesicles, lumen cargo, membrane cargo."""
    found: dict[str, float] = {}
    for origin, law in laws.items() if is_sieving(domain) else ():
        found |= shares_between(origin, law, _edges(law, row["vessel.pore_diameter"]))
    return found


def shares_between(origin: str, law: SizeLaw, edges: Sequence[float]) -> dict[str, float]:
    """Shares of one class between diameters (edges, um): of vesicles, lumen cargo, membrane cargo."""
    below = [_number_below(law, edge) for edge in edges]
    found: dict[str, float] = {}
    for k, one in enumerate(laws_between(law, edges)):
        number = below[k + 1] - below[k]
        found |= {_share(origin, "", k): number,
                  _share(origin, "lumen", k): number * one.mean_lumen_volume / law.mean_lumen_volume,
                  _share(origin, "membrane", k): number * one.mean_area / law.mean_area}
    return found


def _sizes(law: SizeLaw, row: Mapping[str, float]) -> list[SizeLaw]:
    """Laws of the sizes of a class; the whole one where a size has no vesicle."""
    return laws_between(law, _edges(law, row["vessel.pore_diameter"]))


def laws_between(law: SizeLaw, edges: Sequence[float]) -> list[SizeLaw]:
    """The parts of a law between diameters (edges, um); the whole one where a part has no vesicle."""
    return [replace(law, low=low, high=high) if low < high else law for low, high in itertools.pairwise(edges)]


def _edges(law: SizeLaw, pore: float) -> list[float]:
    """Diameters between which the sizes lie: as many vesicles in each of those that pass."""
    return [*even_edges(law, min(max(pore, law.low), law.high), PASSING), law.high]


def even_edges(law: SizeLaw, top: float | None = None, parts: int = len(SIZES)) -> list[float]:
    """Diameters, um, from the smallest to ``top`` (or the largest) with as many vesicles between each two."""
    top = law.high if top is None else top
    normal, mu, s = NormalDist(), math.log(law.median), math.log(law.gsd)
    a, b = (normal.cdf((math.log(edge) - mu) / s) for edge in (law.low, top))
    ranks = [a + (b - a) * k / parts for k in range(1, parts)]
    inner = [math.exp(mu + s * normal.inv_cdf(rank)) for rank in ranks] if a < b else [top] * len(ranks)
    return [law.low, *inner, top]


def _number_below(law: SizeLaw, diameter: float) -> float:
    """Share of the vesicles of a class that are smaller."""
    low, at, high = (math.erfc(-math.log(d / law.median) / math.log(law.gsd) / math.sqrt(2.0))
                     for d in (law.low, diameter, law.high))
    return (at - low) / (high - low)


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
