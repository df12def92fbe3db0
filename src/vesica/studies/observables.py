"""What is compared between fidelities: pools of every arm at a few times, and how each of them scatters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from vesica.analysis.agreement.limits import Noise
from vesica.analysis.agreement.verdict import Observable
from vesica.engine.program import Program
from vesica.engine.table import Pool
from vesica.engine.well_mixed import Trajectory
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import is_extensive
from vesica.studies.exact_means import exact_means

Place = tuple[str, str, float]  # arm, pool, time in s

TIMES: Final = 3  # of an arm, the end among them
# Sums of squares, complements of what is compared, and counters of what happens between two looks.
_LEFT_OUT: Final = frozenset({
    "mvb_ilv2", "docked_ilv2", "docked_ilv", "made", "returned", "degraded_inside", "plastic", "decayed", "added",
    "degraded", "dead",
})  # fmt: skip
_WITH_CARGO: Final = frozenset({"mvb_ilv", "free", "delivered"})  # whose cargo is compared, too


def observables(program: Program, runs: Sequence[Trajectory]) -> list[Observable]:
    """Everything that is compared.

    Parameters
    ----------
    runs : the mean field of every arm
    """
    found = []
    for run in runs:
        exact = exact_means(program, run.arm)
        grid = run.times[1:]
        times = grid[np.unique(np.ceil(np.arange(1, TIMES + 1) * grid.size / TIMES).astype(int) - 1)]
        for column, pool in enumerate(program.table.pools):
            if not is_compared(pool.name) or np.isnan(run.values[-1, column]):
                continue
            noise = noise_of(program.model, pool, run)
            grows = is_extensive(program.model, pool.name)
            found += [Observable(run.arm.name, pool.name, float(time), pool.unit, grows, pool.name in exact, noise)
                      for time in times]
    return found


def is_compared(pool: str) -> bool:
    """Whether a pool is among the observables."""
    stem, slash, _ = pool.partition(".")[2].partition("/")
    stem = stem.partition(":")[0]
    return stem not in _LEFT_OUT and (not slash or stem in _WITH_CARGO)


def noise_of(model: ResolvedModel, pool: Pool, run: Trajectory) -> Noise:
    """How a pool scatters where events are too few to tell from the sample."""
    owner, _, name = pool.name.partition(".")
    cells = run.arm.counts.get(owner, 0.0)
    unit = 1.0 / cells if cells > 0 else 1.0
    if name == "alive":
        return Noise(unit, falls=False, is_share=True)
    if not is_extensive(model, pool.name):
        return Noise(0.0)
    travels = ":" in name or pool.unit == "vesicle" or "/" in name
    return Noise(unit, clump=largest_burst(model) if travels else 1.0)


def largest_burst(model: ResolvedModel) -> float:
    """Vesicles that one fusion may set free, with about one copy of a cargo each."""
    return max((number.value for path, number in model.parameters.items() if path.endswith(".ilv_capacity")),
               default=1.0)
