"""Runs all arms of a model into a run folder, row by row, resumable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vesica import results
from vesica.engine import schedule
from vesica.engine.doses import Given, Source
from vesica.engine.fidelities import TRACED, is_spatial, is_whole, replicates
from vesica.engine.program import Program, compile_model
from vesica.engine.rest import Rests
from vesica.engine.rows import derived_values, parameter_row
from vesica.engine.steppers.threads import one_thread
from vesica.engine.stored import StoredArm
from vesica.engine.tissue import cost as tissue_cost
from vesica.engine.well_mixed import Trajectory, run_arm, run_lanes
from vesica.errors import Finding, InputError, Interrupted, RunFault
from vesica.results import Axes, Results, RunWriter, provenance
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Arm, ResolvedModel, Supply
from vesica.spec.sample import sampled

Summarise = Callable[[ResolvedModel, Mapping[str, Iterable[ArmRun]], str], dict[str, Any]]
ReportProgress = Callable[[float, str], None]


Follow = Callable[..., Trajectory]  # an arm, as `vesica.engine.well_mixed.run_arm` does


def run_all(
    program: Program, drawn: Mapping[str, float] | None = None, known: Mapping[str, Source] | None = None,
    follow: Follow = run_arm,
) -> Iterator[Trajectory]:
    """All arms in an order in which doses are ready.

    Parameters
    ----------
    drawn : mapping of path to value, optional
        Numbers of a draw, in place of the model's.
    known : mapping of arm to source, optional
        Arms that need not be run again.
    follow : callable, optional
        How one arm is followed.
    """
    sources: dict[str, Source] = dict(known or {})
    rests: Rests = {}
    with one_thread():
        for arm in schedule.ordered(program.model.arms):
            if arm.name in sources:
                continue
            taken_at = schedule.snapshot_times(program.model.arms, arm.name)
            row = parameter_row(program.model, arm, drawn)
            trajectory = follow(program, arm, row, sources, taken_at, rests)
            sources[arm.name] = trajectory.source
            yield trajectory
            if trajectory.message:
                return


def run_all_lanes(
    program: Program, drawn: Mapping[int, Mapping[str, float]], messages: dict[int, str],
    held: Mapping[int, Mapping[str, float]] | None = None, rests: Rests | None = None,
) -> Iterator[dict[int, Trajectory]]:
    """All arms of several draws, arm by arm, the draws side by side.

    Parameters
    ----------
    drawn : mapping of number to values by path
    messages : mapping of number to text
        Gets why a draw failed; it is left out of the arms that follow.
    held : mapping of number to values by path, optional
        Numbers that stay so whatever an arm says.
    rests : dict, optional
        Resting cells already found.
    """
    sources: dict[int, dict[str, Source]] = {number: {} for number in drawn}
    rests = {} if rests is None else rests
    with one_thread():
        for arm in schedule.ordered(program.model.arms):
            under_way = {number: drawn[number] for number in drawn if not messages[number]}
            rows = _rows(program, arm, under_way, messages, held or {})
            if not rows:
                return
            taken_at = schedule.snapshot_times(program.model.arms, arm.name)
            try:
                found = run_lanes(program, arm, list(rows.values()), [sources[number] for number in rows], taken_at,
                                  rests)
            except RunFault as fault:  # no draw of the batch found its rest
                messages.update(dict.fromkeys(rows, str(fault.findings[0].wrote)))
                return
            for number, trajectory in zip(rows, found, strict=True):
                sources[number][arm.name] = trajectory.source
                messages[number] = trajectory.message
            yield {number: one for number, one in zip(rows, found, strict=True) if not one.message}


def _rows(program: Program, arm: Arm, drawn: Mapping[int, Mapping[str, float]], messages: dict[int, str],
          held: Mapping[int, Mapping[str, float]]) -> dict[int, dict[str, float]]:
    """Parameters of each draw; numbers that cannot be run together are a message."""
    rows = {}
    for number, values in drawn.items():
        row = parameter_row(program.model, arm, values) | dict(held.get(number, {}))
        try:
            derived_values(program, row)
        except InputError as failure:
            messages[number] = failure.findings[0].wrote
        else:
            rows[number] = row
    return rows


def as_arm_run(program: Program, trajectory: Trajectory) -> ArmRun:
    """What analysis needs of a trajectory."""
    species = {name: column for column, name in enumerate(program.species)}
    notes = {"doses": [_dose_note(given) for given in trajectory.given],
             "rule_factors": rule_factors(program, trajectory), "solver": dict(trajectory.solver)}
    notes |= trajectory.notes
    return ArmRun(trajectory.arm, trajectory.times, species, trajectory.values, trajectory.row, notes)


def rule_factors(program: Program, trajectory: Trajectory) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What every rule does at the end: cell -> target -> [{"rule", "key", "factor"}], or "added" with its "unit"."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    english = {rule.key: rule.english for rule in program.model.rules}
    if trajectory.last_values.size == 0:  # it stopped before anything was computed
        return found
    for assignment in program.table.assignments:
        if assignment.kernel not in ("modulated", "added"):
            continue
        target, _, key = assignment.target.rpartition("|")
        cell, _, name = target.split("|")[0].partition(".")
        name, _, within = name.partition("@")
        if within and not name.startswith(f"{within}_to_"):  # the mean over phenotypes is a value of its own
            continue
        base = trajectory.last_values[program.index[assignment.args[0]]]
        value = trajectory.last_values[program.index[assignment.target]]
        if trajectory.arm.counts.get(cell, 0) <= 0:
            continue
        entry = {"rule": english[key], "key": key}
        if assignment.kernel == "added":
            entry |= {"added": value - base, "unit": program.model.parameters[assignment.args[1]].unit}
        elif base > 0:
            entry |= {"factor": value / base}
        else:
            continue
        found.setdefault(cell, {}).setdefault(name, []).append(entry)
    return found


def run(  # noqa: PLR0913 - a run is made of all of these
    model: ResolvedModel,
    folder: Path,
    *,
    model_text: str,
    spec_text: str,
    summarise: Summarise,
    command: str = "",
    resume: bool = False,
    inputs: Mapping[str, bytes] | None = None,
    report_progress: ReportProgress | None = None,
    replicate: int | None = None,
    workers: int | None = None,
) -> Results:
    """Run every arm and leave a whole run folder.

    A model in whole numbers runs as a sample of its dish (`vesica.spec.sample`), every replicate of it
    or ``replicate`` alone; each is stored when it is done, in any order.

    Parameters
    ----------
    summarise : callable
        Makes ``summary.json`` from the replicates of the arms; given by the caller, because analysis stands above.
    report_progress : callable, optional
        Called with the share done and what is being done.
    replicate : int, optional
        Number of the only replicate to run.
    workers : int, optional
        Processes for replicates; the number of cores by default.

    Raises
    ------
    InputError
        The folder cannot be used; nothing was written.
    RunFault
        An arm diverged, or the disk is full; what was computed is kept.
    """
    followed, share = sampled(model)
    program = compile_model(followed)
    numbers = tuple(range(model.schedule.replicates)) if replicate is None else (replicate,)
    more = {"expected": tissue_cost.estimate(model)} if is_spatial(model) else {}
    meta = provenance.meta(command, {"folder": folder.name}, model.schedule.seed, **more)
    make = RunWriter.resume if resume else RunWriter.create
    with make(folder, model_text=model_text, spec_text=spec_text, meta=meta, axes=_axes(program, numbers),
              inputs=inputs or {}) as writer:
        if is_whole(followed):
            samples = {arm.name: _sample_note(model, arm, share) for arm in followed.arms}
            found = _whole(program, writer, samples, workers)
        else:
            found = _means(program, writer, _way(program, folder, spec_text, report_progress))
        with contextlib.closing(found):
            _run_rows(program, writer, found, summarise, report_progress)
    return results.open(folder)


@dataclass(frozen=True)
class Row:
    """One arm of one replicate, ready to be stored; or the fault that stopped it."""

    replicate: int  # position on the axis
    found: Trajectory | RunFault
    notes: Mapping[str, Any] = field(default_factory=dict)


def _way(program: Program, folder: Path, spec_text: str, report_progress: ReportProgress | None) -> Follow:
    """How an arm of this model is followed: by its means, or in space."""
    if not is_spatial(program.model):
        return run_arm
    from vesica.engine import warm  # its kernels are loaded where a model asks for them
    from vesica.engine.tissue.stored import run_stored

    warm.make_ready("tissue")
    return run_stored(program, folder, spec_text, report_progress)


def _means(program: Program, writer: RunWriter, follow: Follow) -> Generator[Row, None, None]:
    """The arms that are not in the folder yet; an arm that is gives doses from there."""
    known = {name: Source(run.arm, dict(run.notes["snapshots"])) for name, run in _stored(program, writer).items()}
    arms = run_all(program, known=known, follow=follow)
    while (found := _next(arms)) is not None:
        notes = {} if isinstance(found, RunFault) else _storage_notes(found)
        yield Row(0, found, notes)


def _whole(program: Program, writer: RunWriter, samples: Mapping[str, Any], workers: int | None
           ) -> Generator[Row, None, None]:
    """The arms that are not in the folder yet; a replicate of which one is missing is made anew, and is the same."""
    places = {number: place for place, number in enumerate(writer.axes.replicates)}
    missing = set(writer.pending)
    names = [arm.name for arm in program.model.arms]
    numbers = sorted({writer.axes.replicates[place] for _, place in missing})
    for number, found in replicates(program, numbers, workers):
        if isinstance(found, RunFault):
            yield Row(places[number], found)
        elif (names.index(found.arm.name), places[number]) in missing:
            yield Row(places[number], found, {"sample": samples[found.arm.name]})


def _run_rows(program: Program, writer: RunWriter, rows: Iterator[Row], summarise: Summarise,
              progress: ReportProgress | None) -> None:
    """Store the rows as they come, then their summary."""
    model = program.model
    names = [arm.name for arm in model.arms]
    runs = _stored(program, writer) if not is_whole(model) else {}
    message = ""
    for row in rows:
        if isinstance(row.found, RunFault):
            message = str(row.found.findings[0].wrote)
            break
        name = row.found.arm.name
        run = as_arm_run(program, row.found)
        writer.commit(names.index(name), row.replicate, row.found.values,
                      [row.found.row[path] for path in model.parameters], {**run.notes, **row.notes},
                      trace=row.found.trace)
        if not is_whole(model):
            runs[name] = run
        if progress is not None:
            number = f", replicate {writer.axes.replicates[row.replicate]}" if is_whole(model) else ""
            progress(len(writer.committed) / len(writer.axes.rows), name + number)
        if row.found.message:
            message = f"arm `{name}`: {row.found.message}"
            break
    found: dict[str, Iterable[ArmRun]] = {name: [runs[name]] for name in names if name in runs}
    if is_whole(model):
        kept = results.open(writer.folder)
        found = {name: arm for name in names if (arm := StoredArm(program, kept, name)).numbers}
    if message:
        writer.finish("diverged", message, summarise(model, found, "diverged"))
        raise RunFault(Finding("error", str(writer.folder), message, "every state stays finite",
                               "later times of this arm, and arms that depend on it, are missing",
                               "look at the rules that act on this variable; the results so far are in the folder"))
    writer.finish("completed", "", summarise(model, found, "completed"))


def _next(arms: Iterator[Trajectory]) -> Trajectory | RunFault | None:
    """The next arm; a fault that stopped it before it began; None at the end."""
    try:
        return next(arms, None)
    except Interrupted:
        raise
    except RunFault as fault:  # of the search for resting cells, of cells or fields in space
        return fault


def _axes(program: Program, numbers: tuple[int, ...]) -> Axes:
    pools, parameters = program.shown, program.model.parameters
    most = max((count for arm in program.model.arms for count in arm.counts.values()), default=0.0)
    return Axes(
        arms=tuple(arm.name for arm in program.model.arms),
        replicates=numbers,
        times=tuple(schedule.output_times(program.model.schedule).tolist()),
        species=tuple(pool.name for pool in pools),
        species_unit=tuple(pool.unit for pool in pools),
        species_compartment=tuple(pool.compartment for pool in pools),
        species_label=tuple(pool.label for pool in pools),
        parameters=tuple(parameters),
        parameter_unit=tuple(parameter.unit for parameter in parameters.values()),
        traced=tuple(range(min(TRACED, int(most)))) if is_whole(program.model) else (),
    )


def _dose_note(given: Given) -> dict[str, Any]:
    dose = given.dose
    source = ({"from_arm": "", "preparation": dose.preparation, "carry_over": 0.0} if isinstance(dose, Supply) else
              {"from_arm": dose.from_arm, "preparation": "", "carry_over": dose.carry_over})
    return source | {"recipient": dose.recipient, "measure": dose.measure, "amount": dose.amount,
                     "at": dose.at, "vesicles": given.vesicles, "share_of_source": given.share_of_source,
                     "particles": given.particles, "steps": [dict(step) for step in given.steps],
                     "amounts": dict(given.amounts)}


def _storage_notes(trajectory: Trajectory) -> dict[str, Any]:
    """What a resumed run needs of an arm beyond its rows; JSON keeps every bit of a float."""
    return {"snapshots": [[time, snapshot] for time, snapshot in trajectory.snapshots.items()]}


def _sample_note(model: ResolvedModel, arm: Arm, share: float) -> dict[str, Any]:
    """How many cells of each type are followed, and of how many."""
    dish = next(one.counts for one in model.arms if one.name == arm.name)
    return {"share": share, "cells": dict(arm.counts), "of": dict(dish)}


def _stored(program: Program, writer: RunWriter) -> dict[str, ArmRun]:
    """Committed arms of a run of means, read back."""
    names = [arm.name for arm in program.model.arms]
    kept = results.open(writer.folder)
    return {names[arm]: next(iter(StoredArm(program, kept, names[arm]))) for arm, _ in writer.committed}
