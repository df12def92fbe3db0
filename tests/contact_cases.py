"""Small models of cells that touch, by the front door."""

from __future__ import annotations

from typing import Any

import numpy as np

from vesica import interventions
from vesica.engine.program import Program, compile_model
from vesica.engine.simulate import as_arm_run, run_all
from vesica.results.arm_run import ArmRun
from vesica.spec.model import ModelSpec
from vesica.spec.resolved import ResolvedModel

DISH: dict[str, Any] = {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": "stirred"}
STILL: dict[str, Any] = {"kind": "dish", "diameter": "35 mm", "medium": "2 mL", "mixing": "still", "layers": 4}
TRANSWELL: dict[str, Any] = {
    "kind": "transwell", "diameter": "22 mm", "medium": "1.5 mL", "mixing": "stirred",
    "insert": {"diameter": "12 mm", "medium": "0.5 mL", "pore": "0.4 um", "pores": "1e8 1/cm^2",
               "thickness": "10 um", "cells": ["microglia"]},
}  # fmt: skip
# reads and shows one of everything
ALL_WAYS: dict[str, Any] = {
    "states": {"shown": {"initial": 1}, "passed": {"initial": "1 uM", "junction": "0.1 um/s"}},
    "constants": {"k": "1 1/h", "few": "100 molecule"},
    "reactions": {
        "rise": {"equation": "-> shown", "rate": "k * (touched_shown + touched_TLR4 / few + gradient_TNF)"},
        "fall": {"equation": "shown ->", "law": "mass_action", "k": "2 1/h"},
    },
}
PASSING = {"one": {"states": {"IP3": {"initial": "0 uM", "at_start": "1 uM", "junction": "1e-4 um/s"}}},
           "other": {"states": {"IP3": {"initial": "0 uM", "junction": "1e-4 um/s"}}}}


def spec(networks: dict[str, Any], cells: dict[str, Any], domain: dict[str, Any] | None = None, **more: Any
         ) -> ModelSpec:
    run = {"duration": "4 h", "every": "1 h"} | more.pop("run", {})
    return ModelSpec.model_validate({"vesica": 1, "domain": domain or DISH, "networks": networks, "cells": cells,
                                     "run": run, **more})


def resolved(*args: Any, **more: Any) -> ResolvedModel:
    return interventions.resolve(spec(*args, **more))[0]


def everything(domain: dict[str, Any] | None = None) -> ResolvedModel:
    """Two cell types that show, see and pass; microglia touch one another, too."""
    return resolved({"n": ALL_WAYS}, {"microglia": {"count": 1e5, "networks": ["n"], "contacts": {"microglia": "10 %"}},
                                      "neuron": {"count": 2e5, "networks": ["n"], "contacts": {"microglia": "5 %"}}},
                    domain)


def runs(model: ResolvedModel) -> tuple[Program, dict[str, ArmRun]]:
    program = compile_model(model)
    found = {}
    for course in run_all(program):
        assert course.message == ""
        found[course.arm.name] = as_arm_run(program, course)
    return program, found


def of(run: ArmRun, name: str) -> np.ndarray:
    return run.values[:, run.species[name]]
