"""The space of a run in words and numbers: box, liquid, walls, flow, and how fast things spread in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from vesica.analysis.tissue.names import field_label
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel
from vesica.spec.space import AXES, Space, Wall

CLOSED: Final = Wall()


def space(model: ResolvedModel, runs: Iterable[ArmRun]) -> dict[str, Any]:
    """What ``summary.json`` says of the box; see docs/format.md.

    How fast things spread is what the solver used, from the notes of the first arm that has them; a field that only a
    later arm holds is added from there.
    """
    box = model.domain.space
    if box is None:
        return {}
    numbers = {path: parameter.value for path, parameter in model.parameters.items()}
    used: dict[str, list[Mapping[str, float]]] = {}
    for run in runs:
        for name, sizes in run.notes.get("tissue", {}).get("spread", {}).items():
            used.setdefault(name, sizes)
    spread = [row for name, sizes in used.items() for row in _rows(name, sizes, box, numbers)]
    return {"size_um": list(box.size), "voxels": list(box.voxels), "voxel_um": list(box.spacing),
            "volume_fraction": numbers.get("vessel.volume_fraction", 1.0),
            "walls": {f"{axis}.{side}": wall.kind for axis, pair in zip(AXES, box.walls, strict=True)
                      for side, wall in zip(("low", "high"), pair, strict=True)},
            "flow": _flow(box, numbers), "spread": spread, "words": words(model, box, numbers)}


def _flow(box: Space, numbers: Mapping[str, float]) -> dict[str, Any] | None:
    if box.flow is None:
        return None
    return {"axis": AXES[box.flow.axis], "profile": box.flow.profile,
            "velocity_um_per_s": numbers.get("vessel.flow_velocity", 0.0)}


def _rows(name: str, sizes: list[Mapping[str, float]], box: Space, numbers: Mapping[str, float],
          ) -> list[dict[str, Any]]:
    """One row for each size of vesicles, one for anything else; um, um^2/s."""
    speed = 0.0 if box.flow is None else abs(numbers.get("vessel.flow_velocity", 0.0))
    along = 0.0 if box.flow is None else box.size[box.flow.axis]
    rows = []
    for one in sizes:
        effective = float(one["diffusivity"])
        peclet = None if speed == 0.0 else speed * along / effective if effective > 0.0 else None
        rows.append({"name": name, "label": field_label(name),
                     "diameter_nm": 1e3 * one["diameter"] if "diameter" in one else None,
                     "free": one.get("free"), "effective": effective, "admitted": one.get("admitted"),
                     "peclet": peclet})
    return rows


def words(model: ResolvedModel, box: Space, numbers: Mapping[str, float]) -> list[str]:
    """The box in sentences."""
    size, voxels = (" x ".join(f"{one:,.4g}" for one in what) for what in (box.size, box.voxels))
    edges = sorted(set(box.spacing))
    edge = f"{edges[0]:.4g}" if math.isclose(edges[0], edges[-1]) else " x ".join(f"{one:.4g}" for one in box.spacing)
    said = [f"A {model.domain.kind} of {size} µm in {voxels} voxels of {edge} µm."]
    fraction = numbers.get("vessel.volume_fraction", 1.0)
    if fraction < 1.0:
        said.append(f"Liquid between cells takes {fraction:.0%} of it; concentrations are those in this liquid.")
    said.append(_walls(box))
    if box.flow is None:
        said.append("Nothing flows.")
    else:
        speed = numbers.get("vessel.flow_velocity", 0.0)
        said.append(f"Liquid flows along {AXES[box.flow.axis]} at {speed:.3g} µm/s in the mean"
                    f"{', as a parabola between walls' if box.flow.profile == 'channel' else ''}." if speed else
                    "Flow is zero.")
    if model.schedule.fidelity == "well_mixed":
        said.append("This run computes it as one mixed body.")
    return said


def _walls(box: Space) -> str:
    """Walls that are alike in one sentence."""
    kinds: dict[str, list[str]] = {}
    for axis, pair, n in zip(AXES, box.walls, box.voxels, strict=True):
        for side, wall in zip(("low", "high"), pair, strict=True):
            if n > 1 or wall != CLOSED:
                held = f" at given {', '.join(wall.values)}" if wall.kind == "held" and wall.values else ""
                kinds.setdefault(wall.kind + held, []).append(f"{axis}.{side}")
    if not kinds or list(kinds) == ["closed"]:
        return "All walls are closed."
    return "Walls: " + "; ".join(f"{', '.join(where)} {kind}" for kind, where in kinds.items()) + "."
