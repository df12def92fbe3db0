"""A fitted law of uptake as a PEtab problem."""

from __future__ import annotations

import numpy as np

from vesica.analysis.kinetics.petab import PetabProblem, Quantity, parameter_rows
from vesica.analysis.kinetics.uptake import UptakeFit, units_of
from vesica.analysis.kinetics.uptake_data import UptakeData


def petab_problem(data: UptakeData, fitted: UptakeFit) -> PetabProblem:
    """The law that was chosen, net signals, and the fitted numbers as nominal values."""
    found, law = fitted.fit, fitted.law
    units = units_of(data)
    value = dict(zip(found.problem.names, map(float, found.values), strict=True))
    value.setdefault("per_particle", 1.0)
    free = "(dose - density * (bound + inside))" if law.consumes else "dose"
    if law.name == "first_order":
        bound, inside = "0 * bound", f"clearance / per_particle * {free}"
    else:
        bound = (
            f"binding * {free} * (capacity / per_particle - bound) - (unbinding + internalisation) * bound"
        )
        inside = "internalisation * bound - recycling * inside"
        value |= {name: value.get(name, 0.0) for name in ("internalisation", "recycling")}
    constants = [
        Quantity(name, f"{name.replace('_', ' ')} ({units[name]})", number) for name, number in value.items()
    ]
    states = [
        Quantity("bound", "on one cell (particle/cell)", 0.0, bound),
        Quantity("inside", "inside one cell (particle/cell)", 0.0, inside),
    ]
    outside = [
        Quantity("dose", "nominal dose (particle/mL)", 0.0),
        Quantity("density", "cells (cell/mL)", 0.0),
    ]
    pairs, place = np.unique(np.stack([data.dose, data.density], axis=1), axis=0, return_inverse=True)
    place = np.asarray(place).reshape(-1)
    conditions = tuple(
        {
            "conditionId": f"dose_{n + 1}",
            "conditionName": f"{dose / density:.6g} particles per cell",
            "dose": float(dose),
            "density": float(density),
        }
        for n, (dose, density) in enumerate(pairs)
    )
    rows = tuple(
        {
            "condition": f"dose_{place[i] + 1}",
            "time": float(data.time[i]),
            "measurement": float(data.signal[i]),
            "noise": float(data.weight[i]),
        }
        for i in range(data.signal.size)
    )
    return PetabProblem(
        "uptake",
        (*constants, *outside, *states),
        conditions,
        "per_particle * (bound + inside)",
        "noiseParameter1_reading * sigma",
        "lin",
        rows,
        tuple(parameter_rows(found, {name: name for name in found.problem.names})),
    )
