"""All that an arm in space needs to go on bit for bit: taken between two steps, and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vesica.engine.tissue.coupling import Clock, Coupled
from vesica.engine.tissue.fields import Counts, Fields
from vesica.engine.tissue.population import Population


def state_of(coupled: Coupled) -> dict[str, Any]:
    """Arrays, numbers and text; arrays are not copied, so it is to be stored before the next step."""
    return {
        "clock": asdict(coupled.clock), "sent": coupled.sent, "captured": coupled.captured, "taken": coupled.taken,
        "capturing": coupled._capturing, "before": coupled._before, "fields": _of_fields(coupled.fields),
        "cells": {one.cell: _of_cells(one) for one in coupled.populations},
    }


def restore(coupled: Coupled, state: Mapping[str, Any]) -> None:
    """Put back what `state_of` took from an arm that was prepared alike."""
    coupled.clock = Clock(**state["clock"])
    coupled.sent, coupled.captured, coupled.taken = state["sent"], state["captured"], state["taken"]
    coupled._capturing, coupled._before = state["capturing"], state["before"]
    _restore_fields(coupled.fields, state["fields"])
    for one in coupled.populations:
        _restore_cells(one, state["cells"][one.cell])


def _of_fields(fields: Fields) -> dict[str, Any]:
    return {"density": dict(zip(fields.names, fields.density, strict=True)), "counts": asdict(fields.counts),
            "gained": dict(fields.gained), "steps": [law.stepper.step for law in fields.laws]}


def _restore_fields(fields: Fields, state: Mapping[str, Any]) -> None:
    for k, (name, law) in enumerate(zip(fields.names, fields.laws, strict=True)):
        fields.density[k] = state["density"][name]
        law.stepper.step = state["steps"][k]
    fields.counts, fields.gained = Counts(**state["counts"]), dict(state["gained"])


def _of_cells(one: Population) -> dict[str, Any]:
    lanes = one.lanes
    return {"state": lanes.state, "step": lanes._step, "time": lanes.time, "shared": lanes._shared, "own": lanes._own,
            "own_places": lanes._own_places, "rates": one._rates}


def _restore_cells(one: Population, state: Mapping[str, Any]) -> None:
    lanes = one.lanes
    lanes.state[:] = state["state"]
    lanes._step, lanes.time, lanes._shared = state["step"], state["time"], state["shared"]
    lanes._own, lanes._own_places, one._rates = state["own"], state["own_places"], state["rates"]
    lanes._forget()
