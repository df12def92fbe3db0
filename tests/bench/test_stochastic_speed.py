"""Ten thousand secreting cells for a day, cargo and all: time, memory, and the floor."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path

import pytest

from vesica import api
from vesica.engine.program import compile_model
from vesica.engine.whole.run import trajectories
from vesica.spec.resolved import ResolvedModel
from vesica.spec.sample import sampled

EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"
HOURS = 24.0
DRAWN = 20e-9  # s for one random number and what hangs on it


def astrocytes(cells: int) -> ResolvedModel:
    """The control arm of the flagship for a day, as so many astrocytes in whole numbers, without their networks."""
    spec = api.load(EXAMPLE)
    plain = spec.cells["astrocyte"].model_copy(update={"networks": (), "phenotypes": {}, "targets": {}})
    control = {"control": spec.arms["control"]}
    changes = {"cells": {"astrocyte": plain}, "switches": {}, "arms": control, "published": ()}
    model = api.examine(spec.model_copy(update=changes)).resolved
    assert model is not None
    schedule = replace(model.schedule, fidelity="stochastic", cells_at_most=cells, duration=HOURS * 3600.0)
    arms = tuple(arm for arm in model.arms if arm.name == "control")
    return sampled(replace(model, schedule=schedule, arms=arms))[0]


@pytest.mark.bench
def test_ten_thousand_cells_for_a_day() -> None:
    """Targets: 20 s and 2 GiB. The floor is one draw for each look at an MVB and for each vesicle set free."""
    next(trajectories(compile_model(astrocytes(10)), 0))  # compiled kernels are not what is measured
    for cells in (1_000, 10_000):
        program = compile_model(astrocytes(cells))
        start, used = time.perf_counter(), time.process_time()
        run = next(trajectories(program, 0))
        wall, used = time.perf_counter() - start, time.process_time() - used
        column = {name: place for place, name in enumerate(program.species)}
        freed = run.values[-1, column["astrocyte.released:astrocyte"]] * cells
        looks = run.values[:, column["astrocyte.mvb"]].mean() * cells * run.notes["steps"]["windows"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"\n{cells:,} cells x {HOURS:g} h, 3 cargoes: {wall:.1f} s ({used:.1f} s of processor), peak "
              f"{peak:.2f} GiB; {freed:,.0f} vesicles set free, {looks:,.0f} looks at MVBs; floor "
              f"{(looks + freed) * DRAWN:.1f} s")
        assert run.message == ""
