"""What is compared between fidelities: pools of every arm at a few times, and how each of them scatters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.agreement.limits import Noise
from vesica.analysis.agreement.verdict import Observable
from vesica.engine.program import Program
from vesica.engine.table import Pool
from vesica.engine.well_mixed import Trajectory
from vesica.spec.resolved import ResolvedModel
from vesica.spec.scaling import is_extensive
from vesica.spec.vocabulary import APOPTOTIC, kind_of, sender_of
from vesica.studies.exact_means import exact_means

Array = NDArray[np.float64]
Place = tuple[str, str, float]  # arm, pool, time in s

TIMES: Final = 3  # of an arm, the end among them
# Sums of squares, complements of what is compared, and counters of what happens between two looks.
_LEFT_OUT: Final = frozenset({
    "mvb_ilv2", "docked_ilv2", "docked_ilv", "made", "returned", "degraded_inside", "plastic", "decayed", "added",
    "degraded", "dead", "died_with",
})  # fmt: skip
_COUNTERS: Final = frozenset({"fused", "released", "taken_up", "delivered"})
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
            grows = is_extensive(program.model, pool.name)
            for time in times:
                row = int(np.argmin(np.abs(run.times - time)))
                if pool.is_level and abs(run.values[row, column]) < program.model.schedule.absolute_tolerance:
                    continue  # none of it: what solvers leave there is no level
                noise = noise_of(program, pool, run, row)
                found.append(Observable(run.arm.name, pool.name, float(time), pool.unit, grows, pool.name in exact,
                                        noise, pool.is_level))
    return found


def is_compared(pool: str) -> bool:
    """Whether a pool is among the observables."""
    stem, slash, _ = pool.partition(".")[2].partition("/")
    stem = stem.partition(":")[0]
    return stem not in _LEFT_OUT and (not slash or stem in _WITH_CARGO)


def per_living_cell(watched: Sequence[Observable], values: Array, dying: Collection[str]) -> Array:
    """Amounts in cells of types that die, for each cell that lives; what is counted so far, and the rest, as it is.

    A death takes with it all that a cell holds, and larger cells die no more quietly: amounts per cell would scatter as
    the few deaths do. NaN where no cell lives.

    Parameters
    ----------
    values : (observable,) of one run
    dying : names of cell types
    """
    alive = {(one.arm, one.pool, one.time): value for one, value in zip(watched, values, strict=True)
             if one.pool.endswith(".alive")}
    found = values.copy()
    for place, one in enumerate(watched):
        owner = one.pool.partition(".")[0]
        if owner in dying and one.is_extensive and not one.is_level and not _is_counter(one.pool):
            share = alive[one.arm, f"{owner}.alive", one.time]
            found[place] = values[place] / share if share > 0 else np.nan
    return found


def _is_counter(pool: str) -> bool:
    """Whether a pool of cells counts what happened, so that a death takes nothing from it."""
    return pool.partition(".")[2].partition("/")[0].partition(":")[0] in _COUNTERS


def noise_of(program: Program, pool: Pool, run: Trajectory, row: int) -> Noise:
    """How a pool scatters, at a row of the mean field, where events are too few to tell from the sample."""
    model = program.model
    owner, _, name = pool.name.partition(".")
    cells = run.arm.counts.get(owner, 0.0)
    unit = 1.0 / cells if cells > 0 else 1.0
    if pool.is_share or name.startswith("died_of:"):
        return Noise(unit, falls=False, is_share=True)
    if pool.is_level or not is_extensive(model, pool.name):
        return Noise(0.0)
    travels = ":" in name or pool.unit == "vesicle" or "/" in name
    dying = {cell.name: run.arm.counts[cell.name] for cell in model.cells
             if cell.can_die and run.arm.counts.get(cell.name, 0.0) > 0}
    clump = largest_burst(model) if travels else 1.0
    origin = name.partition(":")[2].partition("/")[0]
    secreted = {f"medium.{one}" for cell in model.cells if cell.name in dying for one in cell.solubles}
    is_apoptotic = origin != "" and kind_of(origin) == APOPTOTIC
    is_made_by_them = (sender_of(origin) in dying or pool.name in secreted) and owner not in dying
    if not dying or not (is_apoptotic or is_made_by_them or (owner in dying and _is_counter(pool.name))):
        return Noise(unit, clump=clump)
    alive = {cell: run.values[row, program.species.index(f"{cell}.alive")] for cell in dying}
    deaths = sum(number * (1.0 - alive[cell]) for cell, number in dying.items())
    # a death takes along what one cell did; of apoptotic vesicles it brings all there are
    of_cells = deaths if is_apoptotic else min(dying.values())
    return Noise(unit, clump=clump, deaths=float(deaths), of_cells=float(of_cells))


def largest_burst(model: ResolvedModel) -> float:
    """Vesicles that one fusion may set free, with about one copy of a cargo each."""
    return max((number.value for path, number in model.parameters.items() if path.endswith(".ilv_capacity")),
               default=1.0)
