"""The vessel of a run in words and numbers: its parts, their layers, and how long vesicles need through them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vesica.analysis.runs.vesicles import size_law
from vesica.spec.resolved import Compartment, ResolvedModel
from vesica.transport.channel import floor_share
from vesica.transport.column import layer_heights
from vesica.transport.diffusion import stokes_einstein
from vesica.transport.pores import Membrane


def vessel(model: ResolvedModel) -> dict[str, Any]:
    """What ``summary.json`` says of the vessel; see docs/format.md."""
    domain = model.domain
    numbers = {path: parameter.value for path, parameter in model.parameters.items()}
    if domain.space is not None:  # `space` says it
        return {"kind": domain.kind, "volume_mL": domain.volume / 1e12, "compartments": {}, "words": []}
    return {
        "kind": domain.kind, "volume_mL": domain.volume / 1e12, "depth_um": domain.depth, "mixing": domain.mixing,
        "compartments": {one.name: _part(one, numbers) for one in domain.compartments},
        "words": words(model),
    }


def _part(one: Compartment, numbers: Mapping[str, float]) -> dict[str, Any]:
    liquid = numbers["vessel.volume_fraction"] if one.name == "slice" else 1.0
    return {"volume_mL": one.volume / 1e12, "liquid_mL": liquid * one.volume / 1e12, "depth_um": one.depth,
            "layers_um": layer_heights(one.depth, one.layers, one.stretch).tolist(), "cells": list(one.cells)}


def diffusivity(numbers: Mapping[str, float], origin: str) -> float:
    """Mean diffusion coefficient of a class of vesicles in medium, um^2/s."""
    unit = stokes_einstein(numbers["medium.temperature"], numbers["medium.viscosity"], 1.0)
    return unit * size_law(numbers, origin).moment(-1)


def words(model: ResolvedModel) -> list[str]:
    """What a vessel does to vesicles, one sentence each."""
    if not model.origins:
        return []
    numbers = {path: parameter.value for path, parameter in model.parameters.items()}
    speed = diffusivity(numbers, model.origins[0])
    say = {"transwell": _transwell, "channel": _channel, "slice": _slice}.get(model.domain.kind, _dish)
    return say(model, numbers, speed)


def _dish(model: ResolvedModel, _: Mapping[str, float], speed: float) -> list[str]:
    domain = model.domain
    if domain.mixing == "stirred":
        return ["The medium is stirred: it is the same everywhere."]
    long = domain.depth**2 / (2.0 * speed)
    said = f"The medium is still and {domain.depth / 1e3:.2g} mm deep; a vesicle needs {_time(long)} to diffuse through"
    layers = max((one.layers for one in domain.compartments), default=1)
    if layers == 1:
        return [f"{said}. This fidelity computes it as stirred; read both bounds."]
    return [f"{said}. It is computed in {layers} layers; what is in the lowest is what cells meet."]


def _transwell(model: ResolvedModel, numbers: Mapping[str, float], speed: float) -> list[str]:
    insert, well = model.domain.compartments
    pore, density, thickness = (numbers[f"vessel.{name}"] for name in
                                ("pore_diameter", "pore_density", "membrane_thickness"))
    membrane = Membrane(insert.volume / insert.depth, density, pore, thickness)
    median = size_law(numbers, model.origins[0]).median
    said = [f"Pores of {pore * 1e3:,.3g} nm take {membrane.porosity:.1%} of the membrane's area."]
    passed = float(membrane.conductance(median, speed))
    if passed == 0.0:
        return [*said, f"A vesicle of {median * 1e3:.3g} nm does not pass them."]
    half = _time(math.log(2.0) / (passed * (1.0 / insert.volume + 1.0 / well.volume)))
    said.append(f"For vesicles of {median * 1e3:.3g} nm half of a difference between insert and well is gone after "
                f"{half}, were both stirred; what is wider than the pores stays where it is made.")
    return said


def _channel(model: ResolvedModel, numbers: Mapping[str, float], speed: float) -> list[str]:
    channel, height, flow = model.domain.compartments[0], model.domain.depth, numbers["vessel.flow"]
    if flow <= 0.0:
        return ["No medium flows through the channel."]
    stay, across = channel.volume / flow, height**2 / (2.0 * speed)
    most = floor_share(speed, channel.depth, height, channel.depth / stay)
    said = f"Medium stays in the channel for {_time(stay)}. Of vesicles that flow past, its floor could take {most:.0%}"
    found = [f"{said} at most."]
    if across > stay / channel.layers:
        found.append(f"A vesicle needs {_time(across)} to diffuse over the height, longer than medium stays in a "
                     f"segment ({_time(stay / channel.layers)}): segments are computed as mixed over the height, so "
                     "cells downstream get more here than in the channel.")
    return found


def _slice(model: ResolvedModel, numbers: Mapping[str, float], speed: float) -> list[str]:
    depth = model.domain.compartments[0].depth
    slow = speed / numbers["vessel.vesicle_tortuosity"] ** 2
    said = f"Vesicles diffuse at {slow:.2g} µm²/s between the cells of the slice, {speed / slow:.3g} times slower than "
    return [f"{said}in medium; through its {depth:.3g} µm they need {_time(depth**2 / (2 * slow))}."]


def _time(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 120.0:
        return f"{seconds:.2g} s"
    return f"{seconds / 60.0:.2g} min" if seconds < 7200.0 else f"{seconds / 3600.0:,.3g} h"
