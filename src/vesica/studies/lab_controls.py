"""Runs the controls of a laboratory on a model, each with the channel that it is taken to measure on and off."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from vesica import interventions
from vesica.analysis.attribution.controls import CONTROLS, DOSED, SEEN, Control, Reading, reading, reasons
from vesica.analysis.attribution.players import contacts
from vesica.analysis.attribution.result import NOISE, Effect
from vesica.engine.doses import present_in
from vesica.engine.gates import gated, used
from vesica.errors import InputError
from vesica.spec.gates import CONTACT, Gate
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import Arm, ResolvedModel
from vesica.spec.vocabulary import KIND_LABELS
from vesica.studies import coalitions
from vesica.studies.attribute import Case
from vesica.studies.coalitions import Off, Values, Wanted

ReportProgress = Callable[[float, str], None]
WHOLE, NONE = 0, 1  # numbers of the runs with everything on, and with every channel off
FIRST: Final = 2  # of the runs in which one control's channel is off
# the membrane of a common insert
INSERT: Final = {"pore": "0.4 um", "pores": "1e8 1/cm^2", "thickness": "10 um"}
SHARE: Final = 0.4  # of the medium, in the insert


@dataclass(frozen=True)
class Asked:
    """A model as it was read, and the options that were chosen."""

    spec: ModelSpec
    switches: Mapping[str, str]


def readings(
    asked: Asked, case: Case, *, report_progress: ReportProgress | None = None, workers: int | None = None
) -> list[list[Reading]]:
    """What every control would report, by effect.

    Raises
    ------
    RunFault
        A run diverged.
    """
    offs = _closed(case)
    wanted = (*case.setting.wanted, *_looked_at(case))
    settings, tasks = [replace(case.setting, wanted=wanted)], []
    first = {WHOLE: {}, NONE: offs[None]}
    absent: dict[str, str] = {}
    benches: dict[str, int] = {}
    for place, control in enumerate(CONTROLS):
        model = _variant(asked, case, control, offs.get(control.name, {}))
        if isinstance(model, str):
            absent[control.name] = model
            continue
        first[FIRST + place] = offs[control.name]
        benches[control.name] = len(settings)
        settings.append(replace(settings[0], model=model))
        tasks += coalitions.batches(benches[control.name], None, {WHOLE: {}, FIRST + place: offs[control.name]})
    tasks = [*coalitions.batches(0, None, first), *tasks]
    known: dict[int, dict[int, Values]] = {}
    for done, (task, values) in enumerate(coalitions.compute(settings, tasks, workers or os.cpu_count() or 1), 1):
        known.setdefault(task.bench, {}).update(values)
        if report_progress is not None:
            report_progress(done / len(tasks), "controls of the laboratory")
    return [[_reading(effect, control, place, known, benches, absent) for place, control in enumerate(CONTROLS)]
            for effect in case.effects]


def _reading(effect: Effect, control: Control, place: int, known: Mapping[int, Mapping[int, Values]],
             benches: Mapping[str, int], absent: Mapping[str, str]) -> Reading:
    if control.name in absent:
        return Reading(control, absent=absent[control.name])
    base, under = known[0], known[benches[control.name]]
    whole, none = effect.of(base[WHOLE]), effect.of(base[NONE])
    if abs(whole - none) <= NOISE * abs(whole):
        return Reading(control, absent="all channels together change nothing")
    off = FIRST + place
    found = reading(control, whole, none, effect.of(base[off]), (effect.of(under[WHOLE]), effect.of(under[off])))
    here = effect.arm
    before = {place: {key: value for key, value in base[place].items() if key[1] != effect.name}
              for place in (WHOLE, off)}  # an effect is no reason of itself
    said = reasons(control, here, before[WHOLE], under[WHOLE], of_target=True)
    if abs(found.besides or 0.0) >= SEEN:
        said += reasons(control, here, before[off], under[off], of_target=False)
    return replace(found, reasons=tuple(said))


def _closed(case: Case) -> dict[str | None, dict[str, float]]:
    """Numbers that turn off all that is sent (under None), and what each control is taken to measure."""
    by_name = {arm.name: arm for arm in case.model.arms}
    program, gates = gated(case.model, by_cargo=case.by_cargo)
    live = used(gates, [present_in(program, arm, by_name) for arm in case.model.arms])
    touching = {path: 0.0 for path, _ in contacts(case.model, case.model.arms)}

    def closing(closes: Callable[[Gate], bool], *, contact: bool) -> dict[str, float]:
        return {gate.path: 0.0 for gate in live if closes(gate)} | (touching if contact else {})

    found: dict[str | None, dict[str, float]] = {None: closing(lambda _: True, contact=True)}
    for control in CONTROLS:
        off = closing(control.closes, contact=CONTACT in control.channels)
        if off:
            found[control.name] = off
    return found


def _looked_at(case: Case) -> tuple[Wanted, ...]:
    """Quantities that tell what a control did: release of each kind, cargo of cells, uptake, solubles of the medium."""
    found = []
    for arm in coalitions.stood(case.model, [case.effects[0].arm], case.question.at).arms:
        for cell in case.model.cells:
            if arm.counts.get(cell.name, 0.0) > 0:
                kinds = ["released"] if len(cell.origins) == 1 else [
                    KIND_LABELS[kind].replace(" ", "_") for kind in KIND_LABELS]
                found += [(arm.name, f"{cell.name}.{kind}_per_cell_per_hour") for kind in kinds]
                found.append((arm.name, f"{cell.name}.taken_up_per_cell"))
                found += [(arm.name, f"{cell.name}.{cargo}") for cargo in cell.cargo]
        found += [(arm.name, f"medium.{soluble}") for soluble in case.model.solubles] + [(arm.name, DOSED)]
    return tuple(found)


def _variant(asked: Asked, case: Case, control: Control, off: Off) -> ResolvedModel | str:
    """The model under a control, or why it cannot be done."""
    if not off:
        return f"nothing is sent by {control.measures}"
    arm = next(one for one in case.model.arms if one.name == case.effects[0].arm)
    if control.depletes:
        return _depleted(case, control.depletes) if arm.doses else "nothing is dosed in this arm"
    try:
        spec = (_in_transwell(asked.spec, case, arm) if control.transwell
                else _treated(asked.spec, case, arm, control))
        if isinstance(spec, str):
            return spec
        resolved, _ = interventions.resolve(spec, switches=asked.switches)
    except InputError as failure:
        return failure.findings[0].wrote
    return coalitions.stood(resolved, case.effects[0].arms, case.question.at)


def _depleted(case: Case, removed: float) -> ResolvedModel:
    """The model with fewer vesicles in the doses of the arms that are looked at, and the same solubles."""

    def left(arm: Arm) -> Arm:
        if arm.name not in case.effects[0].arms:
            return arm
        return replace(arm, doses=tuple(replace(dose, kept=dose.kept * (1.0 - removed)) for dose in arm.doses))

    return replace(case.model, arms=tuple(map(left, case.model.arms)))


def _treated(spec: ModelSpec, case: Case, arm: Arm, control: Control) -> ModelSpec:
    """The words of a model in which the senders' dishes get a control: those that doses come from, or the arm's own."""
    looked_at = case.effects[0].arms
    treated = [one.name for one in case.model.arms if (one.name not in looked_at) == bool(arm.doses)]
    if control.everywhere:
        treated = [one.name for one in case.model.arms]
    data = spec.model_dump(by_alias=True, exclude_unset=True)
    places: list[dict[str, Any]] = [data["arms"][name] for name in treated] if spec.arms else [data]
    for place in places:
        had = place.get("interventions")
        had = data.get("interventions", ()) if had is None else had
        place["interventions"] = [*had, *map(dict, control.interventions)]
    return _again(spec, data)


def _in_transwell(spec: ModelSpec, case: Case, arm: Arm) -> ModelSpec | str:
    """The words of a model whose dish is a well with an insert that holds everybody but the recipient."""
    recipient, volume = case.effects[0].cell, case.model.domain.volume
    others = [name for name, count in arm.counts.items() if count > 0 and name != recipient]
    if spec.domain.kind != "dish":
        return f"the vessel is a {spec.domain.kind}"
    if not others or arm.counts.get(recipient, 0.0) <= 0:
        return "sender and recipient do not share a dish"
    data = spec.model_dump(by_alias=True, exclude_unset=True)
    dish = data["domain"]
    insert, well = (f"{volume * share:g} um^3" for share in (SHARE, 1.0 - SHARE))
    data["domain"] = {"kind": "transwell", "diameter": dish["diameter"], "medium": well,
                      "mixing": dish.get("mixing", "still"),
                      "insert": {"diameter": dish["diameter"], "medium": insert, "cells": others, **INSERT}}
    return _again(spec, data)


def _again(spec: ModelSpec, data: Mapping[str, Any]) -> ModelSpec:
    """A spec of changed words, which knows where it came from."""
    return ModelSpec.model_validate(data).with_origin(spec.origin)

