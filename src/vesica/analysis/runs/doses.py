"""What doses brought, and what isolation left of them, in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel

COUNTED: Final = {"particles_per_cell": "an equal number of particles",
                  "donor_cells_per_cell": "an equal number of donor cells"}


def dose_of(model: ResolvedModel, run: ArmRun, note: Mapping[str, Any]) -> dict[str, Any]:
    """One dose, from the note that the engine left of it."""
    cells = run.count(note["recipient"])
    per_cell = note["vesicles"] / cells if cells > 0 else None
    share, steps = note["share_of_source"], note.get("steps", [])
    words = _of_preparation(model, note, per_cell) if note.get("preparation") else _of_arm(note, per_cell or 0.0)
    return {"from_arm": note["from_arm"], "preparation": note.get("preparation", ""), "recipient": note["recipient"],
            "at_h": note["at"] / 3600.0, "vesicles": note["vesicles"], "per_cell": per_cell,
            "particles": note.get("particles", note["vesicles"]),
            "available": None if steps else note["vesicles"] / share if share > 0 else 0.0,
            "share_of_source": share, "isolation": steps, "words": f"{words}.{_isolated(note, steps)}"}


def _of_arm(note: Mapping[str, Any], per_cell: float) -> str:
    share = note["share_of_source"]
    words = (
        f"At {note['at'] / 3600:.3g} h each {note['recipient']} was given {per_cell:,.4g} vesicles of arm "
        f"`{note['from_arm']}` ({COUNTED[note['measure']]}), {share:.3g} times what one such dish held in its medium"
    )
    return words + (f": {math.ceil(share)} dishes have to be pooled" if share > 1 else "")


def _of_preparation(model: ResolvedModel, note: Mapping[str, Any], per_cell: float | None) -> str:
    label = next(one.label for one in model.preparations if one.name == note["preparation"])
    each = f", {per_cell:,.4g} for each {note['recipient']}," if per_cell is not None else ""
    what = f"{note['vesicles']:,.4g} vesicles" if note["vesicles"] > 0 else f"{note['particles']:,.4g} particles"
    return f"At {note['at'] / 3600:.3g} h {what} of {label}{each if note['vesicles'] > 0 else ''} were added"


def _isolated(note: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> str:
    """What isolation left, as further sentences."""
    if not steps:
        return "" if note.get("preparation") else " Nothing is said of isolation, so recovery is taken as perfect."
    left = "; ".join(f"{step['step']}: {step['vesicles']:.3g} of the vesicles left" for step in steps)
    seen = note["particles"]
    words = f" Isolation, step by step: {left}. A particle counter saw {seen:,.4g} particles"
    if note["vesicles"] < 0.999 * seen:
        words += f", of which {note['vesicles'] / seen:.3g} came as vesicles"
    return f"{words}."
