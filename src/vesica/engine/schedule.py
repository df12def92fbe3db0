"""Times at which an integration must stop, and the order of arms."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.spec.resolved import Arm, Exposure, Inhibition, Schedule

TICK_DECIMALS: Final = 6  # of a second: times closer than that are one, or a solver is asked for a step of one rounding


def tick(time: float) -> float:
    """Round a time in s to a microsecond."""
    return round(time, TICK_DECIMALS)


def level(course: Exposure | Inhibition, time: float) -> float:
    """Concentration, in molecule/um^3, that holds from ``time`` s on."""
    begun = [value for start, value in zip(course.times, course.levels, strict=True) if tick(start) <= time]
    return begun[-1] if begun else 0.0


def output_times(schedule: Schedule) -> NDArray[np.float64]:
    """(time,) s from zero to the end; the end is always there."""
    steps = int(np.floor(schedule.duration / schedule.every * (1 + 1e-12)))
    grid = np.round(np.arange(steps + 1) * schedule.every, TICK_DECIMALS)
    end = tick(schedule.duration)
    return grid if grid[-1] >= end else np.append(grid, end)


def edges(schedule: Schedule, arm: Arm, snapshots: tuple[float, ...]) -> list[float]:
    """Sorted times where something jumps, with start and end (a solver must not step over a pulse)."""
    end = tick(schedule.duration)
    inside = {0.0, end}
    inside |= {tick(time) for one in (*arm.exposures, *arm.inhibitions) for time in one.times}
    inside |= {tick(one.at) for one in (*arm.doses, *arm.supplies, *arm.handling, *arm.additions)}
    inside |= set(snapshots)
    return sorted(time for time in inside if 0.0 <= time <= end)


def ordered(arms: tuple[Arm, ...]) -> list[Arm]:
    """Arms after the arms they take doses from; otherwise in the given order (acyclic by `check`)."""
    by_name = {arm.name: arm for arm in arms}
    done: dict[str, Arm] = {}

    def visit(arm: Arm) -> None:
        for dose in arm.doses:
            if dose.from_arm not in done:
                visit(by_name[dose.from_arm])
        done.setdefault(arm.name, arm)

    for arm in arms:
        visit(arm)
    return list(done.values())


def snapshot_times(arms: tuple[Arm, ...], source: str) -> tuple[float, ...]:
    """Times at which other arms take vesicles from ``source``."""
    return tuple(sorted({tick(dose.at) for arm in arms for dose in arm.doses if dose.from_arm == source}))
