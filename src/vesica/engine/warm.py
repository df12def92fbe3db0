"""Compile every kernel into the cache: ``python -m vesica.engine.warm``."""

from __future__ import annotations

import time

import numpy as np

from vesica.engine.program import compile_model
from vesica.engine.rows import parameter_row, value_vector
from vesica.engine.system import System
from vesica.spec.resolved import Arm, CellType, Domain, Parameter, ResolvedModel, Schedule, Signal


def compile_kernels() -> float:
    """Compile the loops and all kernels on a cell with one signal; returns seconds."""
    begin = time.perf_counter()
    numbers = {"cell.signal.basal": "", "cell.signal.decay_rate": "1/s"}
    cell = CellType("cell", "cell", (Signal("signal"),), secretes_vesicles=False, takes_up_vesicles=False)
    model = ResolvedModel(
        title="warm", domain=Domain("dish", 1.0, 1.0, "stirred"), cells=(cell,), cargo=(), solubles=(), agents=(),
        rules=(), arms=(Arm("only", {"cell": 1.0}),), schedule=Schedule(1.0, 1.0, "well_mixed", 1),
        parameters={path: Parameter(path, 1.0, unit, 1.0, 1.0, "given") for path, unit in numbers.items()},
    )
    program = compile_model(model)
    (arm,) = model.arms
    values = value_vector(program, parameter_row(model, arm))
    system = System(program.tables(frozenset({"cell:cell"})), values, arm.counts)
    system.rate(np.ones(system.size), np.zeros(system.size))
    system.dense_jacobian(np.ones(system.size), np.zeros((system.size, system.size)))
    return time.perf_counter() - begin


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"kernels ready after {compile_kernels():.1f} s\n")
