"""Timings side by side; prints ratios, asserts agreement only. Run by `make bench`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.models import H, chain_model
from vesica.engine.doses import present_in
from vesica.engine.program import compile_model
from vesica.engine.rows import derived_values, parameter_row
from vesica.engine.sbml_out import ArmState, sbml
from vesica.engine.simulate import run_all
from vesica.engine.well_mixed import Trajectory, run_arm
from vesica.spec.resolved import Arm

pytestmark = pytest.mark.bench
EXAMPLE = Path(__file__).parents[2] / "examples" / "ethanol_astrocytes.yaml"
REPEATS = 7


def timed(work: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float, float]:
    """Smallest, median and largest wall time in s, after one warm-up."""
    work()
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return min(found), statistics.median(found), max(found)


def say(name: str, figures: tuple[float, float, float]) -> None:
    print(f"{name:<58} min {figures[0]:8.4f}  median {figures[1]:8.4f}  max {figures[2]:8.4f} s")


def test_one_stiff_run_against_libroadrunner() -> None:
    """Same equations and start; libroadrunner at 1e-8, vesica at the first tolerance with no larger error."""
    roadrunner = pytest.importorskip("roadrunner")
    arm = Arm("both", {"donor": 1e6, "taker": 5e5})
    model = chain_model(arms=(arm,))
    program = compile_model(model)
    row = parameter_row(model, arm)

    def at(tolerance: float) -> Callable[[], Trajectory]:
        schedule = replace(model.schedule, relative_tolerance=tolerance, absolute_tolerance=tolerance)
        sharper, rests = compile_model(replace(model, schedule=schedule)), {}
        return lambda: run_arm(sharper, arm, row, {}, rests=rests)

    exact = at(1e-12)().values
    scale = np.abs(exact).max(axis=0) + 1e-12
    start = dict(zip(program.species, exact[0].tolist(), strict=True))
    values = dict(row) | derived_values(program, row) | {"1": 1.0, "agent.agent": 0.0}
    solver = roadrunner.RoadRunner(sbml(program, ArmState(present_in(program, arm, {}), arm.counts, values, start)))
    solver.integrator.relative_tolerance, solver.integrator.absolute_tolerance = 1e-8, 1e-8
    solver.timeCourseSelections = [f"v{program.index[name]}" for name in program.species]
    cells = np.array([arm.counts.get(pool.compartment, 1.0) for pool in program.table.pools])

    def theirs() -> np.ndarray:
        solver.resetToOrigin()
        return solver.simulate(0.0, 48 * H, 97)

    their_error = float(np.max(np.abs(theirs()[-1] / cells - exact[-1]) / scale))
    for tolerance in (1e-8, 1e-9, 1e-10):
        ours = at(tolerance)
        error = float(np.max(np.abs(ours().values[-1] - exact[-1]) / scale))
        if error <= their_error:
            break
    mine, other = timed(ours), timed(theirs)
    say(f"one run, {len(program.species)} states, 97 outputs: vesica at {tolerance:.0e}", mine)
    say("the same in libroadrunner at 1e-08", other)
    print(f"ratio libroadrunner / vesica {other[1] / mine[1]:.2f}; "
          f"errors: vesica {error:.1e}, libroadrunner {their_error:.1e}")
    assert max(error, their_error) < 1e-4


def test_flagship_and_draws() -> None:
    from vesica import api
    from vesica.studies import draws

    resolved = api.examine(EXAMPLE).resolved
    program = compile_model(resolved)
    say(f"flagship, {len(resolved.arms)} arms, in memory", timed(lambda: list(run_all(program))))
    begin = time.perf_counter()
    draws.run_draws({"one": resolved}, 40)
    print(f"40 draws with worker start-up: {time.perf_counter() - begin:.1f} s, so 200 take about "
          f"{(time.perf_counter() - begin) * 5:.0f} s at most")
    assert len(resolved.arms) > 10


@pytest.mark.parametrize("words", [["--help"], ["check", str(EXAMPLE)]])
def test_commands(words: list[str]) -> None:
    command = [sys.executable, "-m", "vesica", *words]
    say("vesica " + " ".join(Path(word).name for word in words),
        timed(lambda: subprocess.run(command, check=True, capture_output=True)))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_reading_100_nanosight_files_against_a_script(tmp_path: Path) -> None:
    """The size block as laboratories cut it out with pandas today, and everything that `vesica` reads and checks."""
    pandas = pytest.importorskip("pandas")
    from vesica import samples
    from vesica.readers import read_nta

    data = samples.path("ev_nanosight34.csv").read_bytes()
    files = []
    for number in range(100):  # each its own bytes: a file given twice would be refused
        files.append(tmp_path / f"ev_{number:03d}.csv")
        files[-1].write_bytes(data + b"\r\n" * number)

    def script() -> list[np.ndarray]:
        found = []
        for file in files:
            lines = file.read_text(encoding="cp1252").splitlines()
            head = next(place for place, line in enumerate(lines) if line.startswith("Bin centre (nm)"))
            block = pandas.read_csv(file, skiprows=head, nrows=1000, encoding="cp1252", header=0)
            found.append(block.iloc[:, 1].to_numpy(dtype=float))
        return found

    read = [read_nta(file) for file in files]
    for cut, one in zip(script(), read, strict=True):
        np.testing.assert_array_equal(cut[: one.videos[0].concentration.size], one.videos[0].concentration)
    ours, theirs = timed(lambda: [read_nta(file) for file in files], 3), timed(script, 3)
    say("100 NanoSight files: read_nta, all sections and checks", ours)
    say("100 NanoSight files: one size block each by pandas", theirs)
    print(f"ratio vesica / script {ours[1] / theirs[1]:.2f} "
          f"({ours[0] / theirs[2]:.2f} to {ours[2] / theirs[0]:.2f})")
