"""Factors of the medium over time, as concentrations."""

from __future__ import annotations

from typing import Final

from vesica.report.blocks import Section
from vesica.report.courses import Reader, Wanted, figure_of_all
from vesica.report.handling import volume
from vesica.report.material import MEDIUM, Array, Material, get, mapping
from vesica.report.numbers import for_reading

ML: Final = 1e12  # um^3


def factors(material: Material) -> Section:
    """Every factor that changes in some arm; nothing for a model without solubles."""
    named = [str(name) for name in mapping(material.summary.get("species")) if str(name).startswith(f"{MEDIUM}.")]
    factor, unit = for_reading("molecule/um^3")
    wanted = [Wanted(material.label(name), unit, course(material, name, factor)) for name in named]
    figure = figure_of_all(material, MEDIUM, wanted, title="Factors in the medium") if wanted else None
    if figure is None:
        return Section("factors", "")
    lead = "What cells secrete, use up or are given, over all of the medium."
    held = [str(get(network, "label") or name) for name, network in material.networks(MEDIUM).items()]
    lead += f" In the medium itself: {'; '.join(held)}." if held else ""
    return Section("factors", "Factors in the medium over time", lead, (figure,))


def course(material: Material, species: str, factor: float = 1.0) -> Reader:
    """Amounts of a factor over the volume that there is, times ``factor``; a hand may change the volume."""

    def read(arm: str) -> tuple[Array, Array] | None:
        found = material.series(arm, species)
        held = None if found is None else volume(material, arm, found[0])
        return None if found is None or held is None else (found[0], factor * found[1] / (held * ML))

    return read
