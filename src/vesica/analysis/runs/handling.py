"""What was done to the medium of an arm: its volume over time, and what each sample held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from vesica.results.arm_run import ArmRun
from vesica.spec.handling import volume_at
from vesica.spec.resolved import ResolvedModel
from vesica.units import factor

UM3_PER_ML: Final = 1e12
HOUR: Final = 3600.0


def volumes(model: ResolvedModel, run: ArmRun) -> list[list[float]]:
    """Steps ``[h, mL]`` of the volume of all medium: each holds until the next; of what was simulated."""
    times = sorted({0.0, *(one.at for one in run.arm.handling if one.given != one.taken and one.at < _end(model))})
    return [[time / HOUR, volume_at(model, run.arm, time) / UM3_PER_ML] for time in times]


def volume_then(steps: list[list[float]], time_h: float) -> float:
    """Volume at a time, mL, from the steps of `volumes`."""
    return [volume for start, volume in steps if start <= time_h * (1 + 1e-12)][-1]


def samples(model: ResolvedModel, run: ArmRun) -> list[dict[str, Any]]:
    """What a lab would find in each sample: concentrations, and vesicles in the whole sample.

    Of a run in whole numbers the concentrations are those of the part of the dish that was followed.
    """
    share = run.notes.get("sample", {}).get("share", 1.0)
    return [_sample(model, note, share) for note in run.notes.get("samples", ())]


def _end(model: ResolvedModel) -> float:
    return model.schedule.duration


def _sample(model: ResolvedModel, note: Mapping[str, Any], share: float) -> dict[str, Any]:
    volume, amounts = note["volume"] / UM3_PER_ML, note["amounts"]
    classes = {origin: amounts[f"medium.free:{origin}"] / volume for origin in model.origins
               if f"medium.free:{origin}" in amounts}  # fmt: skip
    cargo = {one.name: sum(amounts.get(f"medium.free:{origin}/{one.name}", 0.0) for origin in classes) / volume
             for one in model.cargo}  # fmt: skip
    solubles = {name: amounts[f"medium.{name}"] / note["volume"] * factor("molecule/um^3", "nM")
                for name in model.solubles if f"medium.{name}" in amounts}  # fmt: skip
    agents = {name: level * factor("molecule/um^3", "mM") for name, level in note["agents"].items()}
    total = sum(classes.values())
    return {"at_h": note["at"] / HOUR, "of": note["compartment"], "volume_mL": volume / share,
            "vesicles": total * volume / share, "vesicles_per_mL": total, "classes_per_mL": classes,
            "cargo_per_mL": cargo, "solubles_nM": solubles, "agents_mM": agents}
