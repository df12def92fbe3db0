"""Spaces that cannot be, or that are not what their owner thinks, once cells and numbers are known."""

from __future__ import annotations

from typing import Final

from vesica.spec import arms
from vesica.spec.exposures import AgentExposure
from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes
from vesica.spec.resolved import ResolvedModel
from vesica.spec.space import AXES
from vesica.spec.space_words import TissueSpec
from vesica.spec.spaces import at_walls, spatial
from vesica.spec.treatments import AddedSpec, DoseSpec, VesiclesSpec

WORDS: Final = ("density", "spacing", "region", "motility")  # of cells in space
NOT_YET: Final = "a run in space follows exposures of agents, interventions and changed numbers"


def refuse_outside(spec: ModelSpec, notes: Notes) -> None:
    """Words of cells in space, in a vessel without positions."""
    said = [(f"cells.{name}", cell) for name, cell in spec.cells.items()]
    said += [(f"arms.{arm}.cells.{name}", cell) for arm, one in spec.arms.items() for name, cell in one.cells.items()]
    for condition in arms.conditions(spec):
        for path, item in condition.exposures:
            if isinstance(item, AgentExposure) and item.face is not None:
                notes.add("error", f"{path}.face", f"`face: {item.face}` in a {spec.domain.kind}",
                          "an agent comes in by a wall of a tissue, gel, monolayer or box",
                          "there is no such wall", "delete it, or give another `domain`")
    rule = (f"cells have positions in a tissue, gel, monolayer or box, not in a {spec.domain.kind}",
            "nobody would know where they are")
    for place_, cell in said:
        for word in WORDS:
            if getattr(cell, word) is not None:
                notes.add("error", f"{place_}.{word}", f"`{word}` in a {spec.domain.kind}", *rule,
                          "give a `count`, or another `domain`")
    if spec.positions is not None:
        notes.add("error", "positions", f"`positions:` in a {spec.domain.kind}", *rule,
                  "write `domain: {kind: tissue}`")
    if spec.run.fidelity == "tissue":
        notes.add("error", "run.fidelity", f"`fidelity: tissue` of a {spec.domain.kind}", *rule,
                  "write `fidelity: well_mixed`, or another `domain`")


def check(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """Note what is wrong with a space and with what is done to it."""
    if spatial(spec) is None:
        return
    _check_numbers(model, notes)
    _check_faces(spec, model, notes)
    if spec.run.fidelity == "tissue":
        _check_done(spec, notes)
    elif spec.run.fidelity == "stochastic":
        notes.add("error", "run.fidelity", f"`fidelity: stochastic` of a {model.domain.kind}",
                  "whole numbers in space are a run of cells in space", "cells would have no positions",
                  "write `fidelity: tissue` and `tissue: {cells: whole}` under `run:`")
    else:
        _check_mixed(spec, model, notes)


def _check_numbers(model: ResolvedModel, notes: Notes) -> None:
    """Shares, and numbers that are at least one."""
    least = {"vessel.tortuosity": 1.0, "vessel.gap_spread": 1.0, "vessel.gap_connectivity": 2.01}
    values = [("", {path: number.value for path, number in model.parameters.items()})]
    values += [(f"arms.{arm.name}.", dict(arm.values)) for arm in model.arms]
    for place, numbers in values:
        for path, low in least.items():
            if path in numbers and numbers[path] < low:
                notes.add("error", f"{place}parameters.{path}", f"`{path}` is {numbers[path]:g}",
                          f"it is {low:g} or more", "gaps between cells would not be what their names say",
                          f"give {low:g} or more")
        share = numbers.get("vessel.volume_fraction", 0.5)
        if share > 1.0:
            notes.add("error", f"{place}parameters.vessel.volume_fraction", f"`vessel.volume_fraction` is {share:g}",
                      "it is a share of the tissue, at most 1", "there would be more liquid than room",
                      "give a share such as `0.2`")
    if model.domain.space is not None:
        for region in model.domain.space.regions:
            if region.numbers.get("tortuosity", 1.0) < 1.0:
                notes.add("error", f"domain.regions.{region.name}.tortuosity",
                          f"a tortuosity of {region.numbers['tortuosity']:g}", "it is 1 or more",
                          "ways would be shorter than straight", "give 1 or more")


def _check_faces(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """An agent comes in by one wall, which is there, or stands everywhere."""
    faces: dict[str, dict[str, str]] = {}  # agent -> face -> where it is written
    for condition in arms.conditions(spec):
        here: dict[str, str] = {}
        for path, item in condition.exposures:
            if not isinstance(item, AgentExposure):
                continue
            face = item.face or ""
            if here.setdefault(item.agent, face) != face:
                notes.add("error", f"{path}.face", f"`{item.agent}` at {face or 'no wall'} and at "
                          f"{here[item.agent] or 'no wall'} in arm `{condition.name}`",
                          "an agent comes in by one wall, or stands everywhere", "it would have two sources",
                          "give both parts the same `face`")
            faces.setdefault(item.agent, {}).setdefault(face, path)
            if face and model.domain.space is not None:
                low, _ = model.domain.space.walls[AXES.index(face[0])]
                if low.kind == "periodic":
                    notes.add("error", f"{path}.face", f"`{face}` is a periodic wall", "nothing stands at a wall that "
                              "is none", "the agent would come in from nowhere",
                              f"write `walls: {{{face[0]}: closed}}`, or another `face`")
    for agent, found in faces.items():
        if "" in found and len(found) > 1:
            notes.add("error", found[""], f"`{agent}` stands everywhere here, and comes in by a wall elsewhere",
                      "an agent spreads by itself in all arms, or in none", "it would be two things",
                      "give every exposure to it a `face`, or none")


def _check_done(spec: ModelSpec, notes: Notes) -> None:
    """What is done to a medium that a run in space cannot do yet."""
    for condition in arms.conditions(spec):
        for path, exposure in condition.exposures:
            if isinstance(exposure, DoseSpec | VesiclesSpec | AddedSpec):
                word = {DoseSpec: "doses_from", VesiclesSpec: "vesicles", AddedSpec: "add"}[type(exposure)]
                notes.add("error", path, f"`{word}` in a run in space", f"{NOT_YET}; not yet what is poured in",
                          "nobody has said where in the box it would be",
                          "give an agent at a wall (`face: y.low`), or hold a factor there (`walls:`); "
                          "`fidelity: well_mixed` takes it")
        for path, _ in condition.handling:
            notes.add("error", path, "`handling:` in a run in space",
                      f"{NOT_YET}; not yet changes and samples of medium",
                      "nobody has said which part of the box they take",
                      "delete it, or write `fidelity: well_mixed`")


def _check_mixed(spec: ModelSpec, model: ResolvedModel, notes: Notes) -> None:
    """What a mixed run of a space leaves out."""
    said, space = spatial(spec), model.domain.space
    if said is None or space is None:
        return
    lost = [f"flow along {said.flow.along}"] if said.flow is not None else []
    held = sorted(at_walls(spec))
    lost += [f"{' and '.join(held)} at a wall"] if held else []
    faces = sorted({exposure.face for arm in model.arms for exposure in arm.exposures if exposure.face})
    lost += [f"agents at {' and '.join(faces)}"] if faces else []
    lost += ["open walls"] if any(wall.kind == "open" for both in space.walls for wall in both) else []
    if lost:
        notes.add("warning", "run.fidelity", f"`fidelity: well_mixed` of a {model.domain.kind} with {', '.join(lost)}",
                  "a mixed run has one medium, and no walls", "it goes on without them",
                  "write `fidelity: tissue`")
    if isinstance(said, TissueSpec):
        for arm in model.arms:
            if "vessel.volume_fraction" in arm.values:
                notes.add("error", f"arms.{arm.name}.parameters.vessel.volume_fraction",
                          "an arm with another `vessel.volume_fraction` in a run that is `well_mixed`",
                          "all arms of a mixed run have the same volume", "the number would change nothing",
                          "write `fidelity: tissue`, or change the number of the whole model")
