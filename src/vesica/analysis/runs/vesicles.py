"""Cargo per vesicle, and how many vesicles carry at least one copy."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

import numpy as np

from vesica.biology.sizes import SizeLaw
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.spec.vocabulary import sender_of, size_paths

GRID_POINTS: Final = 200


def size_law(parameters: Mapping[str, float], origin: str) -> SizeLaw:
    """Diameter law of a class of vesicles."""
    return SizeLaw(*(parameters[path] for path in size_paths(origin)))


@functools.lru_cache(maxsize=512)  # several cargoes and times ask for the same law
def grid(law: SizeLaw) -> tuple[list[float], list[float]]:
    """Diameters (um) and density (1/um) over the whole law."""
    step = (law.high - law.low) / GRID_POINTS
    diameters = [law.low + (number + 0.5) * step for number in range(GRID_POINTS)]
    return diameters, [law.density(diameter) for diameter in diameters]


def at_least_one(mean: float, law: SizeLaw, topology: str, empty_share: float = 0.0) -> float:
    """Share of vesicles with one copy or more.

    Copies are Poisson with a mean that grows with lumen volume or area, so the share is
    the mean of ``1 - exp(-copies(d))`` over the size law: below ``1 - exp(-mean)``. Where a share never carries
    it, the others have more, and the mean stays.
    """
    mean = max(mean, 0.0) / (1.0 - empty_share)
    diameters, density = map(np.array, grid(law))
    sizes = (diameters - 2 * law.thickness) ** 3 if topology == "lumen" else diameters**2
    weight = density / density.sum()
    return (1.0 - empty_share) * float(-np.expm1(-mean * sizes / (sizes @ weight)) @ weight)


def cargo_per_vesicle(model: ResolvedModel, run: ArmRun) -> dict[str, dict[str, dict[str, float]]]:
    """Mean copies, and share with at least one, of the free vesicles of each class.

    Where an arm only received vesicles, those it was given are counted.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for origin in model.origins:
        given = run.count(sender_of(origin)) == 0
        pool = "added" if given else "free"
        vesicles = run.final(f"medium.{pool}:{origin}")
        if vesicles <= 0:
            continue
        law = size_law(run.parameters, origin)
        found[origin] = {}
        for cargo in model.carried(origin):
            mean = run.final(f"medium.{pool}:{origin}/{cargo.name}") / vesicles
            empty = run.parameters.get(f"{origin}.{cargo.name}.empty_share", 0.0)
            found[origin][cargo.name] = {"mean": mean, "at_least_one": at_least_one(mean, law, cargo.topology, empty)}
    return found
