"""Compile every loop into the cache: ``python -m vesica.engine.warm``.

What is compiled stays there until the sources change; without it the first run would compile, and runs side by
side would each do so.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from vesica import interventions
from vesica._cache import cache_dir
from vesica.engine.program import Program, compile_model
from vesica.engine.steppers.threads import one_thread
from vesica.spec import io
from vesica.spec.sample import sampled

# Every kind of cell, vesicle and dose that compiled loops know; by fidelity, a model or several.
WHOLE: Final = """
vesica: 1
domain: {kind: dish, diameter: 6.4 mm, medium: 1 uL, mixing: stirred}
cells:
  astrocyte: {count: 4, microvesicles: true}
  neuron: {count: 4, apoptotic_vesicles: true}
parameters: {neuron.death_rate: 3 1/h}
arms:
  both: {}
  given:
    cells: {astrocyte: {count: 0}}
    exposures: [{doses_from: both, to: neuron, particles_per_cell: 2, at: 30 min}]
run: {duration: 1 h, every: 30 min, fidelity: stochastic}
"""


SPACE: Final = """
vesica: 1
domain: {{kind: {kind}, size: [60 um, 40 um, 40 um], voxel: 10 um}}
cells:
  astrocyte: {{count: 3, microvesicles: true}}
  neuron: {{count: 3, apoptotic_vesicles: true}}
run: {{duration: 4 min, every: 2 min, fidelity: tissue, tissue: {{cells: {cells}}}}}
"""
MODELS: Final = {
    "stochastic": (WHOLE,),
    "tissue": (SPACE.format(kind="gel", cells="mean"), SPACE.format(kind="tissue", cells="whole")),
}


def is_ready(fidelity: str) -> bool:
    """Whether the loops of a fidelity are in the cache; of means there are none that take long."""
    return fidelity not in MODELS or _mark(fidelity).is_file()


def make_ready(*fidelities: str) -> float:
    """Compile what is not in the cache yet, for these fidelities or all; returns seconds."""
    begin = time.perf_counter()
    for fidelity in fidelities or MODELS:
        if not is_ready(fidelity):
            for model in MODELS[fidelity]:
                _run(_program(model), fidelity)
            _mark(fidelity).touch()
    return time.perf_counter() - begin


def _run(program: Program, fidelity: str) -> None:
    from vesica.engine.simulate import run_all

    with one_thread():
        if fidelity == "tissue":
            from vesica.engine.tissue.run import run_arm

            list(run_all(program, follow=run_arm))
            return
        from vesica.engine.whole.run import trajectories

        list(run_all(program))
        list(trajectories(program, 0))


def _program(model: str) -> Program:
    spec = io.loads(model, file="warm")
    return compile_model(sampled(interventions.resolve(spec)[0])[0])


def _mark(fidelity: str) -> Path:
    return cache_dir() / f"{fidelity}.ready"


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"kernels ready after {make_ready():.1f} s\n")
