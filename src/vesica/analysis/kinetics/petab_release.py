"""A fitted release model as a PEtab problem."""

from __future__ import annotations

from vesica.analysis.kinetics.petab import Event, PetabProblem, Quantity, Row, parameter_rows
from vesica.analysis.kinetics.release import LOSS_UNIT, LOSS_WORDS, LOSSES, ReleaseFit, starts_of
from vesica.analysis.kinetics.release_data import ReleaseData

_NEVER = 1e9  # h
_AFTER = 1e-6  # h: a reading at the time of a medium change was taken before it


def petab_problem(data: ReleaseData, fitted: ReleaseFit) -> PetabProblem:
    """The model that was chosen, the readings, and the fitted numbers as nominal values."""
    found = fitted.fit
    ids = {name: _id(name, data) for name in found.problem.names}
    changes = max((len(one.changes) for one in data.cultures), default=0)
    grown = "cells * exp(growth * time)"
    inflow = f"secretion * {grown} / volume"
    lost = f"(decay + plastic * surface / volume + reuptake * {grown} / volume)"
    constants = [
        Quantity("secretion", "release rate (particle/cell/h)", found.values[0]),
        *(
            Quantity(
                loss,
                f"{LOSS_WORDS[loss]} ({LOSS_UNIT[loss]})",
                found.value(loss) if loss in fitted.design.kept else 0.0,
            )
            for loss in LOSSES
        ),
        Quantity("cells", "cells at 0 h (cell)", 1.0),
        Quantity("volume", "medium (mL)", 1.0),
        Quantity("surface", "plastic (cm^2)", 1.0),
        Quantity("growth", "growth of the cells (1/h)", data.growth),
        Quantity("fresh", "particles in medium at 0 h and after a change (particle/mL)", 0.0),
        Quantity("carry_over", "share of the old medium that stays at a change (1)", data.carry_over),
        *(Quantity(f"change_{n + 1}", "time of a medium change (h)", _NEVER) for n in range(changes)),
    ]
    state = Quantity(
        "concentration",
        "particles in the medium (particle/mL)",
        0.0,
        f"{inflow} - {lost} * concentration",
        "fresh",
    )
    events = tuple(
        Event(f"change_{n + 1}", "concentration", "carry_over * concentration + fresh")
        for n in range(changes)
    )
    rows = [_measurement(data, row) for row in range(data.time.size)]
    known = data.sd is not None
    return PetabProblem(
        "release",
        (*constants, state),
        tuple(_condition(data, index, changes) for index in range(len(data.cultures))),
        "concentration",
        "noiseParameter1_reading * sigma" if known else "sigma",
        "lin" if known else "log",
        tuple(rows),
        tuple(parameter_rows(found, ids)),
        events,
    )


def _id(name: str, data: ReleaseData) -> str:
    """SBML names: no blanks, and the condition by its number."""
    kind, _, rest = name.partition(" ")
    if kind == "secretion" and rest:
        return f"secretion_{data.conditions.index(rest) + 1}"
    return f"start_{int(rest) + 1}" if kind == "start" else kind


def _condition(data: ReleaseData, index: int, changes: int) -> Row:
    one = data.cultures[index]
    names = starts_of(data)
    if one.cells:
        fresh: object = "background" if "background" in names else 0.0
    else:
        fresh = f"start_{index + 1}"
    several = len(data.conditions) > 1
    row: dict[str, object] = {
        "conditionId": f"culture_{index + 1}",
        "conditionName": one.name,
        "cells": one.cells,
        "volume": one.volume,
        "surface": one.volume if one.surface is None else one.surface,
        "fresh": fresh,
    }
    if several:
        row["secretion"] = f"secretion_{data.conditions.index(one.condition) + 1}" if one.cells else 0.0
    for n in range(changes):
        row[f"change_{n + 1}"] = one.changes[n] + _AFTER if n < len(one.changes) else _NEVER
    return row


def _measurement(data: ReleaseData, row: int) -> Row:
    noise = {} if data.sd is None else {"noise": float(data.sd[row])}
    return {
        "condition": f"culture_{data.culture[row] + 1}",
        "time": float(data.time[row]),
        "measurement": float(data.concentration[row]),
        **noise,
    }
