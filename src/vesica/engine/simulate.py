"""Runs all arms of a model into a run folder, row by row, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from vesica import results
from vesica.engine import schedule
from vesica.engine.doses import Given, Source
from vesica.engine.program import Program, compile_model
from vesica.engine.rest import Rests
from vesica.engine.rows import derived_values, parameter_row
from vesica.engine.well_mixed import Trajectory, run_arm, run_lanes
from vesica.errors import Finding, InputError, RunFault
from vesica.results import Axes, Results, RunWriter, provenance
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import Arm, ResolvedModel

Summarise = Callable[[ResolvedModel, Mapping[str, ArmRun], str], dict[str, Any]]
ReportProgress = Callable[[float, str], None]


def run_all(
    program: Program, drawn: Mapping[str, float] | None = None, known: Mapping[str, Source] | None = None
) -> Iterator[Trajectory]:
    """All arms in an order in which doses are ready.

    Parameters
    ----------
    drawn : mapping of path to value, optional
        Numbers of a draw, in place of the model's.
    known : mapping of arm to source, optional
        Arms that need not be run again.
    """
    sources: dict[str, Source] = dict(known or {})
    rests: Rests = {}
    with threadpool_limits(1):  # results of BLAS differ between one and two threads
        for arm in schedule.ordered(program.model.arms):
            if arm.name in sources:
                continue
            taken_at = schedule.snapshot_times(program.model.arms, arm.name)
            trajectory = run_arm(program, arm, parameter_row(program.model, arm, drawn), sources, taken_at, rests)
            sources[arm.name] = trajectory.source
            yield trajectory
            if trajectory.message:
                return


def run_all_lanes(
    program: Program, drawn: Mapping[int, Mapping[str, float]], messages: dict[int, str]
) -> Iterator[dict[int, Trajectory]]:
    """All arms of several draws, arm by arm, the draws side by side.

    Parameters
    ----------
    drawn : mapping of number to values by path
    messages : mapping of number to text
        Gets why a draw failed; it is left out of the arms that follow.
    """
    sources: dict[int, dict[str, Source]] = {number: {} for number in drawn}
    rests: Rests = {}
    with threadpool_limits(1):
        for arm in schedule.ordered(program.model.arms):
            rows = _rows(program, arm, {number: drawn[number] for number in drawn if not messages[number]}, messages)
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


def _rows(program: Program, arm: Arm, drawn: Mapping[int, Mapping[str, float]], messages: dict[int, str]
          ) -> dict[int, dict[str, float]]:
    """Parameters of each draw; numbers that cannot be run together are a message."""
    rows = {}
    for number, values in drawn.items():
        row = parameter_row(program.model, arm, values)
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
    return ArmRun(trajectory.arm, trajectory.times, species, trajectory.values, trajectory.row, notes)


def rule_factors(program: Program, trajectory: Trajectory) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Factor of every rule at the end: cell -> target -> [{"rule", "factor"}]."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    english = {rule.key: rule.english for rule in program.model.rules}
    for assignment in program.table.assignments:
        if assignment.kernel != "modulated":
            continue
        target, _, key = assignment.target.rpartition("|")
        cell, _, name = target.split("|")[0].partition(".")
        base = trajectory.last_values[program.index[assignment.args[0]]]
        value = trajectory.last_values[program.index[assignment.target]]
        if trajectory.arm.counts.get(cell, 0) > 0 and base > 0:
            entry = {"rule": english[key], "key": key, "factor": value / base}
            found.setdefault(cell, {}).setdefault(name, []).append(entry)
    return found


def run(
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
) -> Results:
    """Run every arm and leave a whole run folder.

    Parameters
    ----------
    summarise : callable
        Makes ``summary.json`` from the arms; given by the caller, because analysis stands above.
    report_progress : callable, optional
        Called with the share done and what is being done.

    Raises
    ------
    InputError
        The folder cannot be used; nothing was written.
    RunFault
        An arm diverged, or the disk is full; what was computed is kept.
    """
    program = compile_model(model)
    meta = provenance.meta(command, {"folder": folder.name}, model.schedule.seed)
    make = RunWriter.resume if resume else RunWriter.create
    with make(folder, model_text=model_text, spec_text=spec_text, meta=meta, axes=_axes(program),
              inputs=inputs or {}) as writer:
        _run_rows(program, writer, summarise, report_progress)
    return results.open(folder)


def _run_rows(program: Program, writer: RunWriter, summarise: Summarise, progress: ReportProgress | None) -> None:
    """Run and store the arms that are not in the folder yet."""
    model = program.model
    names = [arm.name for arm in model.arms]
    stored = _stored(program, writer.folder, [names[row] for row, _ in writer.committed])
    known = {name: Source(run.arm, dict(run.notes["snapshots"])) for name, run in stored.items()}
    runs = dict(stored)
    message = ""
    arms = run_all(program, known=known)
    while (trajectory := _next(arms)) is not None:
        if isinstance(trajectory, RunFault):
            message = str(trajectory.findings[0].wrote)
            break
        name = trajectory.arm.name
        runs[name] = as_arm_run(program, trajectory)
        notes = dict(runs[name].notes) | _storage_notes(trajectory)
        writer.commit(names.index(name), 0, trajectory.values, [trajectory.row[p] for p in model.parameters], notes)
        if progress is not None:
            progress(len(runs) / len(names), name)
        if trajectory.message:
            message = f"arm `{name}`: {trajectory.message}"
    if message:
        writer.finish("diverged", message, summarise(model, _in_order(runs, names), "diverged"))
        raise RunFault(Finding("error", str(writer.folder), message, "every state stays finite",
                               "later times of this arm, and arms that depend on it, are missing",
                               "look at the rules that act on this variable; the results so far are in the folder"))
    writer.finish("completed", "", summarise(model, _in_order(runs, names), "completed"))


def _next(arms: Iterator[Trajectory]) -> Trajectory | RunFault | None:
    """The next arm; a fault that stopped it before it began; None at the end."""
    try:
        return next(arms, None)
    except RunFault as fault:  # of the search for resting cells; faults of the disk come from the writer
        return fault


def _in_order(runs: Mapping[str, ArmRun], names: list[str]) -> dict[str, ArmRun]:
    return {name: runs[name] for name in names if name in runs}


def _axes(program: Program) -> Axes:
    pools, parameters = program.table.pools, program.model.parameters
    return Axes(
        arms=tuple(arm.name for arm in program.model.arms),
        replicates=(0,),
        times=tuple(schedule.output_times(program.model.schedule).tolist()),
        species=tuple(pool.name for pool in pools),
        species_unit=tuple(pool.unit for pool in pools),
        species_compartment=tuple(pool.compartment for pool in pools),
        species_label=tuple(pool.label for pool in pools),
        parameters=tuple(parameters),
        parameter_unit=tuple(parameter.unit for parameter in parameters.values()),
    )


def _dose_note(given: Given) -> dict[str, Any]:
    dose = given.dose
    return {"from_arm": dose.from_arm, "recipient": dose.recipient, "measure": dose.measure, "amount": dose.amount,
            "at": dose.at, "vesicles": given.vesicles, "share_of_source": given.share_of_source,
            "carry_over": dose.carry_over, "amounts": dict(given.amounts)}


def _storage_notes(trajectory: Trajectory) -> dict[str, Any]:
    """What a resumed run needs of an arm beyond its rows; JSON keeps every bit of a float."""
    return {"snapshots": [[time, snapshot] for time, snapshot in trajectory.snapshots.items()]}


def _stored(program: Program, folder: Path, names: list[str]) -> dict[str, ArmRun]:
    """Committed arms, read back."""
    if not names:
        return {}
    kept = results.open(folder)
    arms = {arm.name: arm for arm in program.model.arms}
    times = schedule.output_times(program.model.schedule)
    species = {pool: column for column, pool in enumerate(program.species)}
    return {
        name: ArmRun(arms[name], times, species, np.stack([kept.series(name, pool)[1] for pool in species], axis=1),
                     kept.parameters(name), kept.notes(name))
        for name in names
    }
