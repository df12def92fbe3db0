"""Make the synthetic laboratory samples of `src/vesica/samples` from a fixed seed.

Run `python scripts/make_lab_samples.py` in the root of the repository, or give another folder. The courses are
integrated step by step, so these files do not share the closed forms that tests check with them.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

SEED = 20261121
FOLDER = Path(__file__).resolve().parent.parent / "src" / "vesica" / "samples"
MARK = f"# synthetic, made by scripts/make_lab_samples.py with seed {SEED}, nothing here was measured"

# Truth of release_timecourse.csv
SECRETION, DECAY, CLEARANCE = 100.0, 0.02, 1e-7  # particle/cell/h, 1/h, mL/cell/h
RELEASE_ERROR = 0.10  # relative, of one reading
# Truth of uptake_dose_time.csv
BINDING, UNBINDING, SITES = 1e-9, 0.5, 600.0  # mL/particle/h, 1/h, particle/cell
INTERNALISATION, RECYCLING = 0.5, 0.1  # 1/h
SIGNAL, BLANK, DYE, UPTAKE_ERROR = (
    0.02,
    3.0,
    1e-5,
    0.08,
)  # per particle; a.u.; a.u. per particle/cell and h; relative


def release_timecourse(rng: np.random.Generator) -> str:
    """Two densities of cells and a cell-free arm with added EVs, three wells each, by small Euler steps."""
    rows: list[Sequence[object]] = [
        ["time (h)", "condition", "cells", "volume (mL)", "replicate", "concentration (particle/mL)"]
    ]
    for condition, cells, start in (("cells", 1e6, 0.0), ("cells", 4e6, 0.0), ("cell_free", 0.0, 5e8)):
        for time in (2, 4, 8, 16, 24, 48):
            value, step = start * 10.0, 1e-3
            for _ in range(round(time / step)):
                value += step * (SECRETION * cells - (DECAY + CLEARANCE * cells / 10.0) * value)
            for replicate in "abc":
                reading = value / 10.0 * math.exp(RELEASE_ERROR * rng.normal())
                rows.append([time, condition, f"{cells:.0f}", 10, replicate, f"{reading:.3g}"])
    return _table(rows)


def uptake_dose_time(rng: np.random.Generator) -> str:
    """Five doses at six times in duplicate, with a dye control and cells without EVs; 1e5 cells in 0.5 mL."""
    rows: list[Sequence[object]] = [
        ["dose (particle/cell)", "time (h)", "condition", "replicate", "signal (a.u.)"]
    ]
    times, doses = (0.5, 1, 2, 4, 8, 24), (300, 1000, 3000, 10000, 30000)
    for dose in doses:
        held = _held(dose, times)
        for time, particles in zip(times, held, strict=True):
            background = BLANK + DYE * dose * time
            for condition, true in (("ev", background + SIGNAL * particles), ("dye", background)):
                rows += [
                    [dose, time, condition, replicate, f"{true * (1 + UPTAKE_ERROR * rng.normal()):.4g}"]
                    for replicate in "ab"
                ]
    rows += [
        [0, time, "no_ev", replicate, f"{BLANK * (1 + UPTAKE_ERROR * rng.normal()):.4g}"]
        for time in times
        for replicate in "ab"
    ]
    return _table(rows)


def _held(dose: float, times: Sequence[float]) -> list[float]:
    """Particles bound to and inside one cell of 2e5 per mL, by small Euler steps."""
    density, bound, inside, clock, out = 2e5, 0.0, 0.0, 0.0, []
    step = 5e-4
    for time in times:
        while clock < time - step / 2:
            free = (dose - bound - inside) * density
            into = BINDING * free * (SITES - bound) - (UNBINDING + INTERNALISATION) * bound
            inside += step * (INTERNALISATION * bound - RECYCLING * inside)
            bound += step * into
            clock += step
        out.append(bound + inside)
    return out


def _table(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return f"{MARK}\n{text.getvalue()}"


MAKERS = {"release_timecourse.csv": release_timecourse, "uptake_dose_time.csv": uptake_dose_time}


def main(folder: Path) -> None:
    """Write every sample, each from its own stream."""
    for number, (name, make) in enumerate(MAKERS.items()):
        (folder / name).write_text(make(np.random.default_rng([SEED, number])), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
