"""Factors of the medium over time, as concentrations."""

from __future__ import annotations

from typing import Final

import numpy as np

from vesica.report.blocks import Figure, Section
from vesica.report.courses import Reader, Wanted, figure_of_all
from vesica.report.material import MEDIUM, Array, Material, get, mapping
from vesica.report.numbers import for_reading

PER_ML: Final = 1e-12  # mL in a um^3


def factors(material: Material) -> Section:
    """Every factor that changes in some arm; nothing for a model without solubles."""
    named = [str(name) for name in mapping(material.summary.get("species")) if str(name).startswith(f"{MEDIUM}.")]
    wanted = [Wanted(material.label(name), _unit()[1], course(material, name)) for name in named]
    figure: Figure | None = figure_of_all(material, MEDIUM, wanted, title="Factors in the medium") if wanted else None
    if figure is None:
        return Section("factors", "")
    lead = "What cells secrete, use up or are given, over all of the medium."
    held = [str(get(network, "label") or name) for name, network in material.networks(MEDIUM).items()]
    lead += f" In the medium itself: {'; '.join(held)}." if held else ""
    return Section("factors", "Factors in the medium over time", lead, (figure,))


def _unit() -> tuple[float, str]:
    return for_reading("molecule/um^3")


def course(material: Material, species: str) -> Reader:
    """Course of a factor of the medium, nM: amounts over the volume that there is, which a hand may change."""

    def read(arm: str) -> tuple[Array, Array] | None:
        found = material.series(arm, species)
        if found is None:
            return None
        times, amounts = found
        return times, amounts / _volume(material, arm, times) * _unit()[0]

    return read


def _volume(material: Material, arm: str, times: Array) -> Array:
    """(time,) volume, um^3, at ``times`` h; each step holds until the next."""
    steps = get(material.arms[arm], "medium", "volume_mL")
    start = [[0.0, get(material.summary, "domain", "volume_mL")]]
    hours, volumes = np.array(steps if isinstance(steps, list) and steps else start, dtype=float).T
    at = np.searchsorted(hours * (1 - 1e-12), times, side="right") - 1
    return np.asarray(volumes[np.maximum(at, 0)] / PER_ML)
