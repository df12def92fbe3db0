"""Runs a model many times with every estimate drawn from its range, structure by structure.

Each number whose confidence is `estimate` is drawn log-uniformly between its bounds
(uniformly where the lower bound is zero); numbers that rest on one library entry are
drawn together. Draw k is named by (seed, entry, k): it is the same in every structure,
so that structures are compared pairwise, and can be made again alone.
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vesica.analysis.runs.published import judge_draws, ratio_of
from vesica.analysis.runs.quantities import quantities
from vesica.analysis.runs.summary import published_sentences
from vesica.engine.program import Program, compile_model
from vesica.engine.simulate import as_arm_run, run_all_lanes
from vesica.errors import keep_interrupts
from vesica.library.ranges import between, position
from vesica.results import write_json
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Parameter, Published, ResolvedModel

DRAW_TOLERANCE: Final = 1e-6  # relative; 100 times below the 10 % that decides a direction is ample
FEWEST_FOR_RANKS: Final = 8  # with fewer draws some of a hundred inputs ranks like the ratio by chance
SAME_RATIO: Final = 1e-9
BATCH: Final = 64  # draws that go side by side
PARTIAL: Final = "draws.partial.jsonl"
ReportProgress = Callable[[float, str], None]
Read = Callable[[ResolvedModel, ArmRun], Mapping[str, float]]


@dataclass(frozen=True)
class Drawn:
    """One draw of one structure: quantities by arm, or why it failed."""

    structure: str
    number: int
    values: Mapping[str, Mapping[str, float]]
    message: str = ""


def drawn_entries(model: ResolvedModel) -> dict[str, list[Parameter]]:
    """Estimates with a range, by library entry."""
    found: dict[str, list[Parameter]] = {}
    for parameter in model.parameters.values():
        if parameter.confidence == "estimate" and parameter.low < parameter.high:
            found.setdefault(parameter.entry or parameter.path, []).append(parameter)
    return found


def draw(model: ResolvedModel, seed: int, number: int) -> dict[str, float]:
    """Values by path of draw ``number``."""
    values: dict[str, float] = {}
    for entry, parameters in drawn_entries(model).items():
        at = position(seed, entry, number)
        values.update({parameter.path: between(parameter.low, parameter.high, at) for parameter in parameters})
    return values


def at_end(model: ResolvedModel, run: ArmRun) -> dict[str, float]:
    """Quantities of an arm by name."""
    return {name: value for name, (value, _) in quantities(model, run).items()}


def _batch(program: Program, structure: str, numbers: Sequence[int], read: Read = at_end) -> list[Drawn]:
    """Several draws side by side; one that cannot be run, or runs away, carries a message and no exception."""
    model = program.model
    drawn = {number: draw(model, model.schedule.seed, number) for number in numbers}
    values: dict[int, dict[str, dict[str, float]]] = {number: {} for number in numbers}
    messages = dict.fromkeys(numbers, "")
    for arm in run_all_lanes(program, drawn, messages):
        for number, trajectory in arm.items():
            values[number][trajectory.arm.name] = dict(read(model, as_arm_run(program, trajectory)))
    return [Drawn(structure, number, values[number], messages[number]) for number in numbers]


_PROGRAMS: dict[str, Program] = {}
_READ: list[Read] = [at_end]


def _prepare(models: Mapping[str, ResolvedModel], read: Read) -> None:
    """In a worker: compile every structure once."""
    _READ[0] = read
    if multiprocessing.parent_process() is not None:
        keep_interrupts()
    _PROGRAMS.clear()
    for name, model in models.items():
        schedule = replace(model.schedule, relative_tolerance=DRAW_TOLERANCE)
        _PROGRAMS[name] = compile_model(replace(model, schedule=schedule))


def _work(task: tuple[str, tuple[int, ...]]) -> list[Drawn]:
    return _batch(_PROGRAMS[task[0]], *task, _READ[0])


def run_draws(
    models: Mapping[str, ResolvedModel], count: int, *, folder: Path | None = None,
    report_progress: ReportProgress | None = None, workers: int | None = None, read: Read = at_end,
) -> dict[str, list[Drawn]]:
    """Draws 0 ... count - 1 of every structure.

    Parameters
    ----------
    models : mapping of structure to model
    folder : Path, optional
        Finished draws are kept there, so that an interrupted study goes on where it was.
    workers : int, optional
        Processes; the number of cores by default. The results do not depend on it.
    read : function of a module
        What is kept of an arm, by name.
    """
    kept = {(drawn.structure, drawn.number): drawn for drawn in _kept(folder)}
    tasks = []
    for first in range(0, count, BATCH):  # structure by structure within a batch: a study cut off compares in pairs
        for name in models:
            left = tuple(k for k in range(first, min(first + BATCH, count)) if (name, k) not in kept)
            tasks += [(name, left)] if left else []
    done = sum((name, number) in kept for name in models for number in range(count))
    for batch in _compute((dict(models), read), tasks, workers or os.cpu_count() or 1):
        for drawn in batch:
            kept[drawn.structure, drawn.number] = drawn
            _keep(folder, drawn)
        done += len(batch)
        if report_progress is not None:
            report_progress(done / (len(models) * count), f"draw {batch[-1].number} of `{batch[-1].structure}`")
    return {name: [kept[name, number] for number in range(count)] for name in models}


def _compute(
    setting: tuple[Mapping[str, ResolvedModel], Read], tasks: Sequence[tuple[str, tuple[int, ...]]], workers: int
) -> Iterator[list[Drawn]]:
    if workers == 1 or len(tasks) < 2:
        _prepare(*setting)
        yield from map(_work, tasks)
        return
    context = multiprocessing.get_context("spawn")  # fork after numba's threads have started is fatal
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=setting)
    try:
        yield from pool.map(_work, tasks)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _keep(folder: Path | None, drawn: Drawn) -> None:
    if folder is not None:
        with (folder / PARTIAL).open("a", encoding="utf-8") as file:
            # the line break comes first, so that a line that was cut off spoils no other
            file.write("\n" + json.dumps([drawn.structure, drawn.number, drawn.values, drawn.message]))


def _kept(folder: Path | None) -> Iterator[Drawn]:
    if folder is None or not (folder / PARTIAL).exists():
        return
    for line in (folder / PARTIAL).read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(json.JSONDecodeError):  # a line that was being written when the study was cut off
            yield Drawn(*json.loads(line))


def deciding_inputs(
    positions: Mapping[str, Sequence[float]], ratios: Sequence[float | None], count: int = 2
) -> list[tuple[str, float]]:
    """The inputs whose ranks follow the ratio most closely, with Spearman's correlation.

    Empty when the ratio is the same in every draw: then nothing decides it but the structure.
    Empty, too, when fewer than `FEWEST_FOR_RANKS` draws know the ratio.

    Parameters
    ----------
    positions : mapping of entry to (draw,) positions in its range
    ratios : (draw,)
        None where a draw failed.
    """
    from scipy.stats import spearmanr

    known = [number for number, ratio in enumerate(ratios) if ratio is not None and not math.isnan(ratio)]
    values = [ratios[number] for number in known]
    if len(known) < FEWEST_FOR_RANKS or max(values) - min(values) < SAME_RATIO:
        return []
    found = [(entry, float(spearmanr([at[number] for number in known], values).statistic))
             for entry, at in positions.items()]
    return sorted(found, key=lambda pair: -abs(pair[1]))[:count]


def judged(
    summary: dict[str, Any], models: Mapping[str, ResolvedModel], drawn: Mapping[str, Sequence[Drawn]], chosen: str
) -> dict[str, Any]:
    """The summary with what the draws say about every published direction."""
    items: dict[str, Published] = {item.key: item for item in models[chosen].published}
    seed, count = models[chosen].schedule.seed, len(drawn[chosen])
    positions = {entry: [position(seed, entry, number) for number in range(count)]
                 for entry in drawn_entries(models[chosen])}
    rows = []
    for row in summary["published"]:
        item = items[row["key"]]
        ratios = {name: [ratio_of(one.values, item) for one in of] for name, of in drawn.items()}
        decided = deciding_inputs(positions, ratios[chosen])
        rows.append(row | judge_draws(item, ratios, chosen) | {"decided_by": [list(pair) for pair in decided]})
    failed = sum(bool(one.message) for of in drawn.values() for one in of)
    known = {"count": count, "structures": list(models), "chosen": chosen, "failed": failed,
             "drawn_inputs": len(positions)}
    replaced = published_sentences(summary["published"])
    kept = [sentence for sentence in summary["headline"] if sentence not in replaced]
    return summary | {"published": rows, "draws": known, "headline": [*_headline(rows, known), *kept]}


def _headline(rows: list[dict[str, Any]], known: Mapping[str, Any]) -> list[str]:
    counted = [row for row in rows if row["counts_as_reproduced"]]
    structures = "1 structure" if len(known["structures"]) == 1 else f"{len(known['structures'])} structures"
    draws = "1 draw" if known["count"] == 1 else f"{known['count']} draws"
    sentences = []
    if rows:
        sentences.append(f"Of {len(rows)} published directions, {len(counted)} count as reproduced over {draws} of "
                         f"{known['drawn_inputs']} uncertain numbers in {structures}.")
    if known["failed"]:
        sentences.append(f"{known['failed']} of {known['count'] * len(known['structures'])} drawn runs failed and "
                         "are left out of these shares.")
    for label, words in (
        ("assumed", "Built into the structure in use, so no result"),
        ("could have failed", "Left open by it, and not reproduced"),
        ("follows", "Following in nearly every draw, with nothing that could have shown the opposite"),
    ):
        named = [f"{row['says']} ({row['draws'][known['chosen']]['holds']:.0%} of draws)" for row in rows
                 if row["label"] == label and not row["counts_as_reproduced"]]
        if named:
            sentences.append(f"{words}: {'; '.join(named)}.")
    return sentences


def record(drawn: Mapping[str, Sequence[Drawn]], models: Mapping[str, ResolvedModel]) -> dict[str, Any]:
    """Content of ``draws.json``: inputs and quantities, draw by draw."""
    found: dict[str, Any] = {}
    for name, of in drawn.items():
        model = models[name]
        inputs = {
            entry: [between(parameters[0].low, parameters[0].high, position(model.schedule.seed, entry, one.number))
                    for one in of]
            for entry, parameters in drawn_entries(model).items()
        }
        arms = {arm.name for arm in model.arms}
        keys = {arm: sorted({key for one in of for key in one.values.get(arm, {})}) for arm in arms}
        found[name] = {
            "inputs": inputs,
            "quantities": {arm: {key: [one.values.get(arm, {}).get(key) for one in of] for key in keys[arm]}
                           for arm in sorted(arms)},
        }
    seed = next(iter(models.values())).schedule.seed
    return {"count": len(next(iter(drawn.values()))), "seed": seed, "structures": found}


def run(
    models: Mapping[str, ResolvedModel], chosen: str, folder: Path, count: int, *,
    report_progress: ReportProgress | None = None,
) -> None:
    """Add a study of draws to a finished run folder: ``draws.json``, and the summary's verdicts."""
    drawn = run_draws(models, count, folder=folder, report_progress=report_progress)
    write_json(folder / "draws.json", record(drawn, models))
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    write_json(folder / "summary.json", judged(summary, models, drawn, chosen))
    (folder / PARTIAL).unlink(missing_ok=True)
