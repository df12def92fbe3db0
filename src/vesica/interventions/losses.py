"""What is taken away: cargo, signals, factors, parts of the machinery, transitions between phenotypes.

A gene that the library says more about (``gene.NAME.NUMBER.fold``) changes numbers of the machinery by what is left of
them without it: ``1 + (fold - 1) lost``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vesica.errors import Finding, nearest
from vesica.interventions.scene import Scene, refused
from vesica.spec.arms import Effect
from vesica.spec.cells import CellType
from vesica.spec.quantities import Notes
from vesica.spec.resolved import Loss, ResolvedModel
from vesica.spec.rule_words import MATRIX
from vesica.spec.treatments import KnockDown, KnockOut

# what biologists knock out, and the activity of the machinery that stands for it
ALIASES: Final[dict[str, str]] = {
    "Rab27a": "rab27_activity", "Rab27": "rab27_activity",
    "TSG101": "escrt_activity", "ALIX": "escrt_activity", "HRS": "escrt_activity", "ESCRT": "escrt_activity",
    "nSMase2": "nsmase2_activity", "SMPD3": "nsmase2_activity",
    "SNAP23": "snare_activity", "VAMP7": "snare_activity", "STX4": "snare_activity", "syntaxin-4": "snare_activity",
    "YKT6": "snare_activity", "SNARE": "snare_activity",
    "A-SMase": "asmase_activity", "ASMase": "asmase_activity", "SMPD1": "asmase_activity",
}  # fmt: skip
ACTIVITIES: Final = ("escrt_activity", "nsmase2_activity", "rab27_activity", "snare_activity", "asmase_activity")


def targets(name: str, model: ResolvedModel, cells: Iterable[CellType]) -> list[str]:
    """Paths of parameters that a name stands for: copies made, resting activity, machinery, secretion, a transition."""
    paths = []
    for cell in cells:
        signals = [signal.name for signal in cell.signals]
        if name in cell.cargo or name in signals:
            paths.append(f"{cell.name}.{name}.basal")
        if name in cell.solubles:
            paths.append(f"{cell.name}.{name}.secretion_rate")
        if name == MATRIX:
            paths.append(f"{cell.name}.matrix_secretion_rate")
        paths += [f"{cell.name}.{name}.hazard" for chain in cell.chains for way in chain.transitions
                  if name == "_to_".join(way)]
        field = _aliases().get(name.lower(), name)
        if field in ACTIVITIES:
            paths.append(f"{cell.name}.{field}")
    return [path for path in paths if path in model.parameters]


def losses(name: str, lost: float, model: ResolvedModel, cells: Iterable[CellType]) -> tuple[Loss, ...]:
    """What else the library says that cells lack without a gene."""
    found = []
    for fold in model.parameters:
        kind, _, rest = fold.partition(".")
        if kind == "gene" and rest.split(".")[0].lower() == name.lower():
            paths = (f"{cell.name}.{rest.split('.')[1]}" for cell in cells)
            found += [Loss(path, fold, lost) for path in paths if path in model.parameters]
    return tuple(found)


def _aliases() -> dict[str, str]:
    return {alias.lower(): field for alias, field in ALIASES.items()}


def names(scene: Scene) -> set[str]:
    """Everything that can be knocked out of these cells."""
    found = {*ALIASES, *ACTIVITIES, *scene.genes}
    for cell in scene.cells:
        found |= {*cell.cargo, *cell.solubles, *(signal.name for signal in cell.signals)}
        found |= {"_to_".join(way) for chain in cell.chains for way in chain.transitions}
        found |= {MATRIX} if cell.matrix is not None else set()
    return found


def knocked_out(intervention: KnockOut, scene: Scene) -> Effect:
    """Nothing of it is left."""
    return _scaled(intervention.knock_out, 0.0, "knocked out", scene, "knock_out")


def knocked_down(intervention: KnockDown, scene: Scene) -> Effect:
    """A share of it is left."""
    notes = Notes.elsewhere()
    left = notes.quantity(intervention.to, "", f"{scene.path}.to", at_most=1.0)
    if left is None:
        return Effect(findings=tuple(notes.findings))
    return _scaled(intervention.knock_down, left, "knocked down", scene, "knock_down")


def _scaled(name: str, factor: float, done: str, scene: Scene, key: str) -> Effect:
    model, cells = scene.model, scene.cells
    paths, also = targets(name, model, cells), losses(name, 1.0 - factor, model, cells)
    if not paths and not also:
        elsewhere = [*targets(name, model, model.cells), *(one.path for one in losses(name, 1.0, model, model.cells))]
        return refused(Finding(
            "error", f"{scene.path}.{key}",
            f"`{name}` is nothing that {scene.who} make{'s' if len(cells) == 1 else ''}",
            "what can be taken away is a cargo, signal or soluble of the cell, or a part of its machinery",
            "the intervention would do nothing",
            f"the model has it in {', '.join(sorted({p.split('.')[0] for p in elsewhere}))}" if elsewhere
            else nearest(name, names(scene)),
        ))  # fmt: skip
    owners = [cell for cell in cells if any(found.startswith(f"{cell.name}.")
                                            for found in (*paths, *(one.path for one in also)))]
    words = [_aliases()[name.lower()]] if name.lower() in _aliases() else []
    words += dict.fromkeys(one.path.rpartition(".")[2] for one in also)
    through = f" ({', '.join(word.replace('_', ' ') for word in words)})" if words else ""
    left = "" if factor == 0.0 else f" to {factor:.3g} of normal"
    english = f"{name}{through} {done} in {scene.among(owners)}{left}"
    return Effect(factors=dict.fromkeys(paths, factor), losses=also, english=english)
