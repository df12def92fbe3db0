"""Model files of `vesica run` from fitted rates: only numbers that map one to one onto a parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vesica.analysis.kinetics.release import LOSS_WORDS, ReleaseFit
from vesica.analysis.kinetics.release_data import ReleaseData
from vesica.analysis.kinetics.uptake import UptakeFit
from vesica.analysis.kinetics.uptake_data import UptakeData

DEPTH = 0.2  # cm: the dish is made as wide as this depth of medium asks; it acts on the still bound only
DONORS_HOURS = 24.0  # h in which the source of a dose conditions its medium

Line = tuple[str, str, str]  # parameter, quantity, comment


def release_model(data: ReleaseData, fitted: ReleaseFit, cell: str) -> bytes:
    """A model with the fitted losses; the release rate stands beside it as a measurement to compare.

    Parameters
    ----------
    data : ReleaseData
    fitted : ReleaseFit
    cell : str
        A cell type of the library.
    """
    with_cells = [one for one in data.cultures if one.cells > 0]
    first = with_cells[0]
    kept, found = fitted.design.kept, fitted.fit
    area = 1.0 if first.surface is None else first.surface / first.volume
    decay = found.value("decay") if "decay" in kept else 0.0
    plastic = found.value("plastic") * area if "plastic" in kept else 0.0
    capture = found.value("reuptake") if "reuptake" in kept else 0.0
    together = (
        " and ".join(LOSS_WORDS[name] for name in fitted.design.contained("decay"))
        if kept
        else "none was found"
    )
    lines: list[Line] = [
        ("medium.ev_decay_rate", f"{decay:.6g} 1/h", f"fitted `decay`: {together}"),
        (
            "medium.plastic_loss_rate",
            f"{plastic:.6g} 1/h",
            "fitted `plastic` times area per volume"
            if plastic
            else "not told apart, or not found: inside the line above",
        ),
        (
            f"{cell}.macropinocytosis_rate",
            f"{capture:.6g} mL/h",
            "fitted `reuptake`: the volume that one cell clears"
            if "reuptake" in kept
            else "re-uptake was not told apart: inside ev_decay_rate, or none",
        ),
        (f"{cell}.binding_rate", "0 um^3/s/EV", "re-uptake is first order in the fit, so no sites"),
        (f"{cell}.ev_recycling_rate", "0 1/h", "the fitted re-uptake is net of what comes back"),
    ]
    rates = ", ".join(
        f"{name}: {found.value(name):.4g} EV/cell/h"
        for name in found.problem.names
        if name.startswith("secretion")
    )
    comment = [
        "Fitted by `vesica fit release`. Each fitted number stands in one parameter, see the comments.",
        f"The release rate is not an input: {rates} is the measurement that",
        f"`{cell}.released_per_cell_per_hour` of the run is to be compared with. It is the",
        "outcome of biogenesis, docking and fusion together, so no single number of the model can be set from it.",
    ]
    counts = list(dict.fromkeys(one.cells for one in with_cells))
    arms = [f"  cells_{count:.0f}: {{cells: {{{cell}: {{count: {count:.9g}}}}}}}" for count in counts]
    hours = float(data.time.max())
    return _yaml(
        comment,
        "Release into medium, with fitted losses",
        first.volume,
        "stirred",
        [f"  {cell}: {{count: {first.cells:.9g}}}"],
        lines,
        arms,
        hours,
    )


def uptake_model(data: UptakeData, fitted: UptakeFit, cell: str) -> bytes | None:
    """A model with the fitted uptake of one cell type, or None where no fitted number maps onto a parameter.

    Parameters
    ----------
    data : UptakeData
    fitted : UptakeFit
    cell : str
        A cell type of the library.
    """
    mapped = uptake_lines(data, fitted, cell)
    if not mapped:
        return None
    volume, count = data.volume, float(data.density[0]) * data.volume
    longest = float(data.time.max())
    largest = float((data.dose * data.volume).max())  # particles in one dish
    # enough donors that one dish holds the largest dose several times over, by the library's order of 10 EV/cell/h
    donors = max(1e6, math.ceil(largest / (10.0 * DONORS_HOURS)))
    arms = [
        f"  source: {{cells: {{source: {{count: {donors:.6g}}}, {cell}: {{count: 0}}}}, interventions: []}}",
        *_dose_arms(data, cell),
    ]
    comment = [
        "Fitted by `vesica fit uptake`. Each fitted number stands in one parameter, see the comments.",
        "The EVs come from the arm `source`, pooled medium of astrocytes. Recipients release nothing.",
        "What the label shows as taken up includes what was degraded, so degradation and escape are off as in the fit:",
        "remove those two lines to let the library's numbers act (recycling then acts on whole EVs only).",
    ]
    cells = ["  source: {like: astrocyte, count: 0}", f"  {cell}: {{count: {count:.9g}}}"]
    extra = [f"interventions: [{{block: release, cells: [{cell}]}}]"]
    return _yaml(
        comment,
        "Uptake with fitted rates",
        volume,
        "stirred",
        cells,
        mapped,
        arms,
        DONORS_HOURS + longest,
        extra,
    )


def _dose_arms(data: UptakeData, cell: str) -> list[str]:
    """An arm for every dose; another number of cells stands in the arm and in its name."""
    out = []
    for place, density in enumerate(dict.fromkeys(data.density)):
        count = float(density) * data.volume
        suffix = f"_cells_{count:.0f}" if place else ""
        cells = f"cells: {{{cell}: {{count: {count:.9g}}}}}, " if place else ""
        out += [
            f"  per_cell_{dose:.0f}{suffix}: {{{cells}exposures: [{{doses_from: source, to: {cell}, "
            f"particles_per_cell: {dose:.9g}, at: {DONORS_HOURS:g} h}}]}}"
            for dose in np.unique(data.per_cell[data.density == density])
            if dose > 0
        ]
    return out


def uptake_lines(data: UptakeData, fitted: UptakeFit, cell: str) -> list[Line]:
    """Parameters of the model that take a fitted number each; empty where particles were not counted."""
    found, law = fitted.fit, fitted.law
    names = found.problem.names
    if not data.is_counted and "per_particle" not in names:
        return []  # capacity, or clearance, in arbitrary units says nothing about particles
    size = 1.0 if data.is_counted else found.value("per_particle")
    quiet: list[Line] = [
        ("medium.ev_decay_rate", "0 1/h", "the fit has no loss in the medium"),
        ("medium.plastic_loss_rate", "0 1/h", "the fit has no loss in the medium"),
        (f"{cell}.surface_fusion_rate", "0 1/h", "inside internalisation"),
        (f"{cell}.ev_degradation_rate", "0 1/h", "the label stays, see above"),
        (f"{cell}.escape_rate", "0 1/h", "the label stays, see above"),
    ]
    if law.name == "first_order":
        return [
            (
                f"{cell}.macropinocytosis_rate",
                f"{found.value('clearance') / size:.6g} mL/h",
                "fitted `clearance`",
            ),
            (f"{cell}.binding_rate", "0 um^3/s/EV", "first order in the fit, so no sites"),
            (f"{cell}.ev_recycling_rate", "0 1/h", "the fit has none"),
            *quiet,
        ]
    inner = {name: found.value(name) if name in names else 0.0 for name in ("internalisation", "recycling")}
    return [
        (f"{cell}.binding_rate", f"{found.value('binding'):.6g} mL/h/EV", "fitted `binding`"),
        (f"{cell}.unbinding_rate", f"{found.value('unbinding'):.6g} 1/h", "fitted `unbinding`"),
        (
            f"{cell}.receptor_sites",
            f"{found.value('capacity') / size:.6g} EV",
            "fitted `capacity`, in particles",
        ),
        (f"{cell}.internalisation_rate", f"{inner['internalisation']:.6g} 1/h", "fitted `internalisation`"),
        (f"{cell}.ev_recycling_rate", f"{inner['recycling']:.6g} 1/h", "fitted `recycling`"),
        (f"{cell}.macropinocytosis_rate", "0 um^3/s", "the fit has no uptake beside the sites"),
        (f"{cell}.capture_radius", "1 m", "diffusion to the cell is already in the fitted rate of binding"),
        *quiet,
    ]


def _yaml(
    comment: Sequence[str],
    title: str,
    volume: float,
    mixing: str,
    cells: Sequence[str],
    lines: Sequence[Line],
    arms: Sequence[str],
    hours: float,
    extra: Sequence[str] = (),
) -> bytes:
    diameter = 10.0 * math.sqrt(4.0 * volume / (math.pi * DEPTH))  # mm
    width = max(len(f"{name}: {quantity}") for name, quantity, _ in lines) + 4
    out = [
        "vesica: 1",
        f"title: {title}",
        *(f"# {line}" for line in comment),
        "use: [library:cns]",
        "",
        "# the diameter gives 2 mm of medium; it matters only for what a still dish would let through",
        f"domain: {{kind: dish, diameter: {diameter:.4g} mm, medium: {volume:.9g} mL, mixing: {mixing}}}",
        "",
        "cells:",
        *cells,
        "",
        "parameters:",
        *(f"  {f'{name}: {quantity}':<{width}}# {words}" for name, quantity, words in lines),
        "",
        *extra,
        "arms:",
        *arms,
        "",
        "observe: [released, taken_up]",
        f"run: {{duration: {hours:g} h, every: {max(hours / 48, 0.05):.3g} h, fidelity: well_mixed, seed: 1}}",
        "",
    ]
    return "\n".join(out).encode()
