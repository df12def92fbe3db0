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

# Every kind of cell, vesicle and dose that compiled loops know.
MODEL: Final = """
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


def is_ready() -> bool:
    """Whether the loops of whole numbers are in the cache."""
    return _mark().is_file()


def make_ready() -> float:
    """Compile what is not in the cache yet; returns seconds."""
    begin = time.perf_counter()
    if not is_ready():
        program = _program()
        with one_thread():
            from vesica.engine.simulate import run_all
            from vesica.engine.whole.run import trajectories

            list(run_all(program))
            list(trajectories(program, 0))
        _mark().touch()
    return time.perf_counter() - begin


def _program() -> Program:
    spec = io.loads(MODEL, file="warm")
    return compile_model(sampled(interventions.resolve(spec)[0])[0])


def _mark() -> Path:
    return cache_dir() / "whole.ready"


if __name__ == "__main__":
    import sys

    sys.stdout.write(f"kernels ready after {make_ready():.1f} s\n")
