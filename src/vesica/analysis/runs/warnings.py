"""What a run shows that its author should know: cells that find no rest, amounts below zero, values that are none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from vesica.analysis.runs.quantities import living, released, released_by_living
from vesica.errors import Finding, nearest
from vesica.results.arm_run import ArmRun
from vesica.spec.resolved import ResolvedModel

MOST: Final = 3  # names in one finding
NOTICED: Final = 1.05  # ratio of two yields that somebody would report
DIED: Final = 0.02  # difference in the share alive that may matter to it
BELOW: Final = 1e-6  # of the largest amount in a course: less than that below zero is the solver's


def warnings(
    model: ResolvedModel, runs: Mapping[str, ArmRun], values: Mapping[str, Mapping[str, float]]
) -> list[Finding]:
    """Findings of a run, each said once, for the first arm that shows it.

    Parameters
    ----------
    values : mapping arm -> quantity -> value
        Among which the published quantities should be.
    """
    found: dict[str, Finding] = {}
    known = {name for of in values.values() for name in of}
    for number, item in enumerate(model.published):
        if known and item.name not in known:
            found[item.key] = Finding("warning", f"published[{number}].quantity", f"no arm has the quantity `{item.name}`",
                                      "a published direction is about a quantity of `summary.json`",
                                      "the direction stays open", nearest(item.name, known))
    for name, run in runs.items():
        for one in (*_of_arm(model, name, run), *_faked(model, runs, name)):
            found.setdefault(f"{one.path}: {one.wrote}", one)
    return list(found.values())


def _of_arm(model: ResolvedModel, arm: str, run: ArmRun) -> Iterator[Finding]:
    moving = run.notes.get("unrest") or []
    if moving:
        more = f", and {len(moving) - MOST} more" if len(moving) > MOST else ""
        yield Finding("warning", "rest", f"untreated cells do not come to rest: {'; '.join(moving[:MOST])}{more}",
                      "cells stand untreated for 180 days before a run, until nothing changes",
                      "the run starts from wherever they were on that day, and a control moves by itself",
                      "give what rises a loss; what goes up and down, or cannot be undone, is compared with its control")
    below, unknown = [], []
    for name, is_amount in _levels(model, run):
        course = run.course(name)[: run.last + 1]
        if np.isnan(course).all():
            unknown.append(name)
        elif is_amount and np.nanmin(course) < -BELOW * np.nanmax(np.abs(course)):
            below.append(name)
    if below:
        yield Finding("warning", f"arms.{arm}", f"{_list(below)} {'falls' if len(below) == 1 else 'fall'} below zero",
                      "an amount or a concentration is zero or more",
                      "what reads it computes with less than nothing",
                      "let the rate of what uses it up fall with it, as `k * A` or `k * hill(A, K, 1)`")
    if unknown:
        yield Finding("warning", f"arms.{arm}", f"{_list(unknown)} {'has' if len(unknown) == 1 else 'have'} no value",
                      "a value can be computed at all times", "results show a gap",
                      "look for what divides by a level that is zero, as in `A / B`; write `A / (B + K)`")


def _faked(model: ResolvedModel, runs: Mapping[str, ArmRun], arm: str) -> Iterator[Finding]:
    """Yields of vesicles that differ from those of the control mostly because cells died.

    A particle counter sees apoptotic vesicles too, and a yield is divided by cells: those seeded, or those alive at
    the end. What living cells release is what exosomes and microvesicles make for each cell that lived meanwhile.
    """
    run, control = runs[arm], runs.get(runs[arm].arm.against or "")
    for cell in model.cells if control is not None else ():
        both = (run, control)
        if not (cell.can_die and cell.origins and all(one.count(cell.name) > 0 and one.hours > 0 for one in both)):
            continue
        counted = [released(one, cell) / one.hours for one in both]
        alive = [one.final(f"{cell.name}.alive") for one in both]
        made = [released_by_living(one, cell) / one.hours / living(one, cell) for one in both]
        if not (min(counted) > 0.0 and min(made) > 0.0 and min(alive) > 0.0):
            continue
        true = made[0] / made[1]
        ratios = {"seeded": counted[0] / counted[1], "alive at the end": counted[0] / counted[1] * alive[1] / alive[0]}
        faked = {how: ratio for how, ratio in ratios.items()
                 if abs(math.log(ratio)) > math.log(NOTICED) and abs(math.log(true)) < abs(math.log(ratio)) / 2}
        if faked and abs(alive[0] - alive[1]) > DIED:
            said = ", ".join(f"per cell {how} {ratio:.2f} times" for how, ratio in faked.items())
            yield Finding("warning", f"arms.{arm}", f"{cell.name}: vesicles {said}, by living cells and for each that "
                          f"lived {true:.2f} times those of `{run.arm.against}` ({alive[0]:.0%} live at the end, there "
                          f"{alive[1]:.0%})", "a yield of vesicles is compared between cells that live",
                          "a particle count of this arm would be read as a change of secretion, and is mostly death",
                          f"compare `{cell.name}.released_per_living_cell_per_hour` and the kinds of vesicles")


def _levels(model: ResolvedModel, run: ArmRun) -> Iterator[tuple[str, bool]]:
    """Levels and cargo, and whether each is an amount, which cannot be negative; a pure level may be."""
    for cell in model.cells:
        if run.count(cell.name) > 0:
            yield from ((f"{cell.name}.{name}", bool(unit)) for name, (_, unit) in cell.levels.items())
            yield from ((f"{cell.name}.{cargo}", True) for cargo in cell.cargo)


def _list(names: list[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(f"`{name}`" for name in names[:MOST]) + more
