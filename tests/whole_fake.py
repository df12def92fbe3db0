"""A stand-in for the engine of whole numbers: closed ledgers, histograms and single cells, drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

from tests.models import chain_model
from vesica import results
from vesica.analysis.runs.replicates import summarise_replicates
from vesica.engine import simulate
from vesica.engine.program import Program
from vesica.engine.rows import parameter_row
from vesica.engine.schedule import output_times
from vesica.engine.well_mixed import Trajectory
from vesica.errors import Finding, RunFault
from vesica.spec.resolved import Arm, ResolvedModel

NAME = "tests.whole_fake:trajectories"
FAULTY = "tests.whole_fake:faulty"
PLACES = ("donor.returned", "donor.mvb_ilv", "donor.docked_ilv", "donor.tethered", "donor.degraded_inside",
          "medium.free:donor", "medium.plastic:donor", "medium.decayed:donor", "taker.bound:donor",
          "taker.inside:donor", "taker.degraded:donor", "taker.delivered:donor")
BURST = {"values": list(range(81)), "probabilities": stats.binom.pmf(range(81), 80, 0.3).tolist()}
CELLS = {"donor": 4e5, "taker": 2e5}
ARMS = (Arm("control", CELLS), Arm("stimulated", CELLS, against="control"))


def model(replicates: int = 4, cells_at_most: int = 400) -> ResolvedModel:
    """Two arms of 400 of 4e5 donors with 200 of 2e5 takers."""
    chain = chain_model(arms=ARMS)
    schedule = replace(chain.schedule, fidelity="stochastic", replicates=replicates, cells_at_most=cells_at_most,
                       duration=7200.0, every=1800.0, seed=5)
    return replace(chain, schedule=schedule)


def trajectories(program: Program, replicate: int) -> Iterator[Trajectory]:
    """Each arm from its own random numbers, named by seed, replicate and arm."""
    for number, arm in enumerate(program.model.arms):
        yield _trajectory(program, arm, np.random.default_rng([program.model.schedule.seed, replicate, number]))


def faulty(program: Program, replicate: int) -> Iterator[Trajectory]:
    """Replicate 2 breaks down after its first arm."""
    for number, trajectory in enumerate(trajectories(program, replicate)):
        if (replicate, number) == (2, 1):
            raise RunFault(Finding("error", "", "too many vesicles", "they are counted", "none is left", "run fewer"))
        yield trajectory


def _trajectory(program: Program, arm: Arm, rng: np.random.Generator) -> Trajectory:
    times = output_times(program.model.schedule)
    species = {name: column for column, name in enumerate(program.species)}
    values = np.zeros((times.size, len(species)))
    steps = np.arange(times.size)
    values[:, species["taker.alive"]] = 1.0

    def put(name: str, total: int) -> None:
        """A total of the sample that grows from 0 in equal whole steps."""
        cell = name.partition(".")[0]
        values[:, species[name]] = steps * total / (1.0 if cell == "medium" else arm.counts[cell])

    for token in ("", *(f"/{cargo.name}" for cargo in program.model.cargo)):
        places = [name for name in PLACES if name + token in species]
        split = rng.multinomial(100_000 if token else 40_000, np.full(len(places), 1 / len(places)))
        put(f"donor.made{token}", int(split.sum()))
        for place, total in zip(places, split.tolist(), strict=True):
            put(place + token, total)
    put("donor.released:donor", int(rng.poisson(20_000)))
    for cell in arm.counts:
        if f"{cell}.fused" in species:
            put(f"{cell}.fused", 1_000)
            put(f"{cell}.lysed", 3_000)
        if f"{cell}.alive" in species:
            values[:, species[f"{cell}.alive"]] = 1.0
    put("taker.taken_up:donor", int(rng.poisson(8_000)))
    levels = {"donor.alarm": 1.5} | {f"taker.{cargo.name}": 4000.0 for cargo in program.model.cargo}
    for name, height in levels.items():  # each rises by a half
        cell = arm.counts[name.partition(".")[0]]
        values[:, species[name]] = np.round(height * (1.0 + 0.5 * steps / steps[-1]) * cell) / cell
    traced = min(8, int(max(arm.counts.values())))
    steps_of = np.diff(values, axis=0, prepend=values[:1])
    trace = np.cumsum(rng.poisson(np.minimum(steps_of, 1e4), (traced, *values.shape)), axis=1).astype(float)
    for name in levels:
        trace[:, :, species[name]] = rng.normal(values[:, species[name]], 0.05 * values[-1, species[name]],
                                                (traced, times.size))
    trace[:, :, [name.startswith("medium.") for name in species]] = np.nan
    notes = {"steps": {"leaps": 10, "critical": 2, "exact": 5, "events": 1000, "windows": 4, "largest_change": 0.01},
             "distributions": _distributions(rng)}
    return Trajectory(arm, times, values, parameter_row(program.model, arm), np.zeros(program.size), {},
                      solver={"solver": "fake"}, trace=trace, notes=notes)


def _distributions(rng: np.random.Generator) -> dict:
    def counted(draws: np.ndarray, label: str, unit: str, **more: object) -> dict:
        values, counts = np.unique(draws, return_counts=True)
        return {"label": label, "unit": unit, "what": f"{label}, one by one", "values": values.tolist(),
                "counts": counts.tolist(), **more}

    return {
        "donor.burst": counted(rng.binomial(80, 0.3, 2000), "EVs per fusion", "vesicle", law=BURST),
        "donor.copies/mir": counted(rng.poisson(0.05, 5000), "copies of mir per EV", "molecule"),
        "donor.diameter": counted(np.round(rng.normal(85.0, 12.0, 3000)), "diameter", "nm"),
        "donor.waiting": counted(np.round(rng.exponential(0.5, 1500), 1), "time between fusions", "h"),
        "donor.released_per_hour": counted(rng.poisson(24.0, 400) / 2.0, "EVs per cell and hour", "EV/cell/h"),
        "taker.received/mir": counted(rng.poisson(3.0, 200), "copies of mir received", "copies/cell"),
        "taker.first_copy/mir": counted(np.round(rng.exponential(0.7, 190), 1), "first copy", "h", none=10),
        "taker.taken_up": counted(rng.poisson(40.0, 200), "EVs taken up", "EV/cell"),
    }


def run(folder: Path, of: ResolvedModel | None = None, **options: object) -> results.Results:
    """Run the model of this module into a folder."""
    return simulate.run(of or model(), folder, model_text="vesica: 1\n", spec_text="one\n",
                        summarise=summarise_replicates, **options)
