"""Vessels that cannot be, or that are not what their owner thinks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Domain, ResolvedModel
from vesica.spec.vessel_words import ChannelSpec, DishSpec, SliceSpec, TranswellSpec

MOST_OPEN: Final = 0.9  # share of a membrane that may be pore: round pores side by side cover 0.907
QUICKEST: Final = 1.0  # s in which the flow may empty a segment before it is worth a word
THICKEST: Final = 2000.0  # um of a slice that lives


def check(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """Note what is wrong with the vessel, once its numbers and the cells in it are known."""
    numbers = {path: parameter.value for path, parameter in model.parameters.items()}
    said = spec.domain
    if isinstance(said, DishSpec | TranswellSpec):
        _layers(spec, said, notes)
    if isinstance(said, TranswellSpec):
        _membrane(said, model.domain, numbers, notes)
    elif isinstance(said, ChannelSpec):
        _flow(said, model.domain, numbers, notes)
    elif isinstance(said, SliceSpec):
        _slice(said, model, numbers, notes)


def _layers(spec: ModelSpec, said: DishSpec | TranswellSpec, notes: Notes) -> None:
    if said.layers is None:
        return
    if said.mixing == "stirred":
        notes.add("error", "domain.layers", f"{said.layers} layers of a medium with `mixing: stirred`",
                  "stirred medium is the same everywhere, and has no layers", "one of the two words would do nothing",
                  "leave `layers` out, or write `mixing: still`")
    elif spec.run.fidelity != "well_mixed":
        notes.add("note", "domain.layers", f"`layers` in a run that is `{spec.run.fidelity}`",
                  "runs in whole numbers know stirred medium only", "it does nothing here",
                  "write `fidelity: well_mixed`, or leave it out")


def _membrane(said: TranswellSpec, domain: Domain, numbers: Mapping[str, float], notes: Notes) -> None:
    pore, density = (numbers.get(f"vessel.{name}", math.nan) for name in ("pore_diameter", "pore_density"))
    insert = domain.compartments[0]
    wide = math.sqrt(4.0 * insert.volume / insert.depth / math.pi)
    if pore >= wide:
        notes.add("error", "domain.insert.pore", f"pores of `{said.insert.pore}` in a membrane of "
                  f"`{said.insert.diameter}`", "a pore is smaller than its membrane", "there would be no membrane",
                  "give the pore that the maker prints on the insert, such as `0.4 um`")
        return
    porosity = density * math.pi * pore**2 / 4.0
    if porosity > MOST_OPEN:
        notes.add("error", "domain.insert.pores", f"`{said.insert.pores}` pores of `{said.insert.pore}` would take "
                  f"{porosity:.3g} times the area of the membrane",
                  f"pores take at most {MOST_OPEN:g} of it, those of common inserts 0.1 % to 20 %",
                  "nothing would be left to hold the membrane together",
                  f"give fewer pores; with `{said.insert.pore}` there is room for "
                  f"`{_down(MOST_OPEN * 1e8 / (math.pi * pore**2 / 4.0))} 1/cm^2`")


def _flow(said: ChannelSpec, domain: Domain, numbers: Mapping[str, float], notes: Notes) -> None:
    flow = numbers.get("vessel.flow", math.nan)
    if not flow > 0.0:
        return
    stay = domain.volume / said.segments / flow
    if stay < QUICKEST:
        notes.add("warning", "domain.flow", f"`{said.flow}` empties each of the {said.segments} segments in "
                  f"{stay:.2g} s", "medium stays in a segment for a second or more",
                  "what cells release is gone at once, and the run takes longer",
                  "check the units of `flow`, `length`, `width` and `height`; or take fewer `segments`")


def _slice(said: SliceSpec, model: ResolvedModel, numbers: Mapping[str, float], notes: Notes) -> None:
    tissue = model.domain.compartments[0]
    if tissue.depth > THICKEST:
        notes.add("warning", "domain.thickness", f"a slice of `{said.thickness}`",
                  f"slices that live are thinner than {THICKEST / 1e3:g} mm: oxygen comes in by diffusion only",
                  "its middle would die, which the model does not know", "check the unit of `thickness`")
    for arm in model.arms:
        filled = sum(count * numbers.get(f"{cell}.cell_volume", 0.0) for cell, count in arm.counts.items())
        if filled > tissue.volume:
            notes.add("error", "domain.thickness", f"the cells of arm `{arm.name}` take {filled / 1e9:.3g} mm^3, and "
                      f"the slice has {tissue.volume / 1e9:.3g} mm^3", "cells lie within their slice",
                      "they would not fit in", "give fewer cells, or check `thickness` and `area`")
            return


def _down(value: float) -> str:
    """Two digits, never above the value."""
    digits = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.floor(value / digits) * digits:.2g}"
