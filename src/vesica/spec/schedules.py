"""When things happen: length, output and fidelity of a run, and how one in space goes."""

from __future__ import annotations

import math
from typing import Final

from vesica.spec.model import ModelSpec
from vesica.spec.quantities import Notes, seconds
from vesica.spec.resolved import Schedule, TissueRun

FIDELITIES: Final = ("well_mixed", "stochastic", "tissue")
LONGEST: Final = 876_600 * 3600.0  # s; 100 years
MOST_OUTPUTS: Final = 200_000
FARTHEST_TOUCH: Final = 50.0  # um between cells that touch by their processes
MOST_STORED: Final = 20_000  # times at which cells, or fields, of a space are stored


def _round_up(value: float) -> str:
    """Two digits, never below the value."""
    digits = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / digits + 1e-9) * digits:.3g}"


def schedule(spec: ModelSpec, notes: Notes) -> Schedule:
    """Length and output of the run, in s, and how it goes."""
    run = spec.run
    duration = seconds(run.duration, "run.duration", notes, positive=True) or math.nan
    every = seconds(run.every, "run.every", notes, positive=True) or math.nan
    if every > duration:
        notes.add("warning", "run.every", f"output every `{run.every}` of a run of `{run.duration}`",
                  "output comes at least once in a run", "nothing is seen between start and end",
                  "give a shorter interval")
    if duration > LONGEST:
        notes.add("error", "run.duration", f"`{run.duration}` is {duration / 3600 / 8766:.3g} years",
                  "a run lasts at most 100 years (876600 h)", "cells in a dish do not live that long",
                  "give the length of an experiment, as `48 h`")
    elif (outputs := duration / every) >= MOST_OUTPUTS:  # counted, never laid out
        notes.add("error", "run.every", f"output every `{run.every}` of a run of `{run.duration}` is "
                  f"{math.floor(outputs) + 1 if math.isfinite(outputs) else outputs:.3g} outputs",
                  f"a run has at most {MOST_OUTPUTS:,} outputs".replace(",", " "),
                  "they would fill the memory and the disk",
                  f"give a longer interval, from `{_round_up(duration / MOST_OUTPUTS)} s` on")
    if run.fidelity not in FIDELITIES:
        notes.unknown("run.fidelity", "fidelity", run.fidelity, FIDELITIES, "nobody could run the model")
    window = None if run.window is None else seconds(run.window, "run.window", notes, positive=True)
    _check_whole(spec, notes)
    return Schedule(duration, every, run.fidelity, run.seed, run.relative_tolerance, run.absolute_tolerance,
                    run.replicates, run.cells_at_most, window, _in_space(spec, duration, every, notes), run.nodes)


def _in_space(spec: ModelSpec, duration: float, every: float, notes: Notes) -> TissueRun:
    """How a run in space goes; a note where there is none."""
    said = spec.run.tissue
    if "tissue" in spec.run.model_fields_set and spec.run.fidelity != "tissue":
        notes.add("note", "run.tissue", f"`tissue:` in a run that is `{spec.run.fidelity}`",
                  "it is for runs of cells in space", "it does nothing here",
                  "write `fidelity: tissue`, or leave it out")
    times = {word: None if (text := getattr(said, word)) is None
             else notes.quantity(text, "s", f"run.tissue.{word}", positive=True)
             for word in ("step", "cells_every", "fields_every", "checkpoint_every")}
    contact = notes.quantity(said.contact_distance, "um", "run.tissue.contact_distance", at_most=FARTHEST_TOUCH)
    for word in ("cells_every", "fields_every"):
        between = times[word] or math.inf
        if spec.run.fidelity == "tissue" and duration / between >= MOST_STORED:
            notes.add("error", f"run.tissue.{word}", f"every `{getattr(said, word)}` of a run of `{spec.run.duration}` "
                      f"is {duration / between:.3g} times", f"space is stored at most {MOST_STORED} times",
                      "it would fill the disk",
                      f"give a longer interval, from `{_round_up(duration / MOST_STORED)} s` on")
    return TissueRun(said.cells, said.tolerance, times["step"] or 0.0, times["fields_every"] or 0.0,
                     times["cells_every"] or every, times["checkpoint_every"] or math.inf, said.precision, said.pairs,
                     contact or 0.0)


def _check_whole(spec: ModelSpec, notes: Notes) -> None:
    """Words that only a run in whole numbers can follow."""
    if spec.run.fidelity == "stochastic":
        return
    if spec.run.replicates != 1 and spec.run.fidelity == "tissue":
        notes.add("error", "run.replicates", f"{spec.run.replicates} replicates of a run that is `tissue`",
                  "a run in space is one, of many cells", "a folder holds the cells of one run only",
                  "leave `replicates` out; another `seed` in another folder makes another run")
    elif spec.run.replicates != 1:
        notes.add("error", "run.replicates", f"{spec.run.replicates} replicates of a run that is `well_mixed`",
                  "replicates differ by chance alone, and a mean has no chance in it",
                  "all of them would be the same numbers",
                  "write `fidelity: stochastic`, or leave `replicates` out; `--draws N` varies uncertain numbers")
    for word in ("cells_at_most", "window"):
        if word in spec.run.model_fields_set and getattr(spec.run, word) is not None:
            notes.add("note", f"run.{word}", f"`{word}` in a run that is `{spec.run.fidelity}`",
                      "it is for runs in whole numbers", "it does nothing here",
                      "write `fidelity: stochastic`, or leave it out")
