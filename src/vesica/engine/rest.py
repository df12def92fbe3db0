"""Resting cells: what untreated cells settle to before a run begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.legs import follow
from vesica.engine.places import FREE
from vesica.engine.program import Program
from vesica.engine.steppers import stiff
from vesica.engine.system import Lanes, runaway
from vesica.engine.table import RUNNING
from vesica.engine.volumes import ADDED, fresh_medium
from vesica.errors import Finding, RunFault
from vesica.spec.gates import GATE

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rests = dict[tuple[frozenset[str], bytes], "Rest"]

REST_TIME: Final = 180 * 86400.0  # s; resting cells are found by letting them stand this long
LOOKS: Final = 400  # at cells that find no rest, to see what runs away
DAY: Final = 86400.0  # s
LOOK: Final = 10 * DAY  # cells that still move are watched for so long
RESTLESS: Final = 1e-3  # relative change in a day of what does not rest; what grows steadily changes by 1/180
TINY: Final = 1e-6  # of any unit; less than that is the tolerance's, nobody's level
NONE: Final = 1e-20  # of any unit: a solver that is asked for 1e-9 leaves so much of what is none
REST_TOLERANCE: Final = 0.1  # of the tolerance of the run: what it starts from is known better than what follows


@dataclass(frozen=True)
class Rest:
    """Resting cells.

    Parameters
    ----------
    state : (state, lane)
    messages : (lane,)
        Why a replicate found no rest; empty where it did.
    unrest : tuple of str
        What still moves in untreated cells, in words; looked for in single runs only.
    """

    state: Array
    messages: tuple[str, ...]
    unrest: tuple[str, ...] = ()


def resting(program: Program, system: Lanes, present: frozenset[str], known: Rests,
            relative: float | None = None) -> Rest:
    """Cells that stood long in fresh medium without exposures, counters at zero; none of them dies meanwhile.

    Solubles of the medium stand as in fresh medium; the run starts with it. Gates of an attribution are open
    meanwhile.

    Parameters
    ----------
    present : frozenset of str
        What the arm holds, as `doses.present_in` gives it.
    known : dict
        States already found, by what is present and all numbers; one that is missing is added.
    relative : 1, optional
        Tolerance; `REST_TOLERANCE` of that of the run unless told.

    Raises
    ------
    RunFault
        Untreated cells run away, in every replicate.
    """
    values = system.values.copy()
    values[[program.index[name] for name in program.table.derived if name == RUNNING]] = 0.0
    values[[program.index[name] for name in program.table.parameters if name.startswith(f"{GATE}.")]] = 1.0
    differ, which = np.unique(values, axis=1, return_inverse=True)  # replicates that rest alike rest once
    key = (present, differ.tobytes())
    if key not in known:
        tolerance = REST_TOLERANCE * program.model.schedule.relative_tolerance if relative is None else relative
        alike = Lanes(system.tables, differ, system.counts, is_single=system.is_single)
        known[key] = _settle(program, alike, tolerance)
    found, which = known[key], which.ravel()
    return Rest(found.state[:, which], tuple(found.messages[lane] for lane in which), found.unrest)


def _settle(program: Program, system: Lanes, relative: float) -> Rest:
    by_name = {pool.name: pool for pool in program.table.pools}
    pools = [by_name[name] for name in system.tables.names]
    start = np.zeros((len(pools), system.lanes))
    for place, pool in enumerate(pools):
        if pool.rest is not None:
            start[place] = system.values[program.index[pool.rest]]
    fresh = fresh_medium(program, system.tables.names, system.values)
    for place, pool in enumerate(pools):
        if pool.compartment == "medium" and not pool.name.startswith((FREE, ADDED)):
            start[place] = fresh[place]  # vesicles of fresh medium come with the run: at rest nobody would count them
    keep = np.array([pool.compartment != "medium" and not pool.counter for pool in pools], dtype=bool)
    restart = np.array([pool.restart for pool in pools], dtype=bool)
    state, messages, moving = start.copy(), [""] * system.lanes, ()
    if keep.any():
        held = Lanes(system.tables, system.values, system.counts, ~keep | restart, is_single=system.is_single)
        empty = never_filled(held, start) & ~np.array([pool.is_level for pool in pools])
        held = Lanes(system.tables, system.values, system.counts, ~keep | restart | empty, is_single=system.is_single)
        leg = follow(held, start, np.array([0.0, REST_TIME]), relative, np.full(len(pools), 1e-9))
        state = leg.states[-1].copy()
        state[empty] = 0.0
        for lane in np.flatnonzero(leg.reached < 2):
            said = _runaway(held, lane, start[:, lane], relative, leg.messages[lane])
            messages[lane] = f"no resting state was found: {said}"
        if system.is_single and not messages[0]:
            moving = unrest(held, state, relative)
    if all(messages):
        raise RunFault(Finding("error", "rest", messages[0],
                               "cells stand without exposures before a run, until nothing changes",
                               "the run would start from an arbitrary state",
                               "look at the rules that act on this variable in untreated cells"))
    state[restart] = start[restart]
    state[~keep] = fresh[~keep]
    for place, pool in enumerate(pools):
        if pool.pulse is not None:
            state[place] += system.values[program.index[pool.pulse]]
    state = np.where(np.abs(state) < NONE, 0.0, state)  # so small a number is a solver's way to say none
    return Rest(state, tuple(messages), moving)


def unrest(held: Lanes, state: Array, relative: float) -> tuple[str, ...]:
    """What still moves after the rest, in words; the first of a chain of causes is not told from what follows it.

    Rates of change are looked at first, which costs nothing. Only where one is large cells stand on for `LOOK`,
    to tell what drifts from what goes up and down.
    """
    rate = np.zeros_like(state)
    held.rate(state, rate)
    if not (np.abs(rate) * DAY > RESTLESS * np.abs(state)).any():
        return ()
    times = np.linspace(0.0, LOOK, 1 + 24 * round(LOOK / DAY))
    leg = follow(held, state, times, relative, np.full(len(state), 1e-9))
    if leg.reached[0] < times.size:
        return ()
    course = leg.states[:, :, 0]
    top = np.abs(course).max(axis=0)
    change = np.abs(course[24] - course[0]) / np.maximum(top, TINY)
    swing = np.ptp(course, axis=0) / np.maximum(top, TINY)
    slope = np.diff(course, axis=0)
    turns = (np.minimum(slope.max(axis=0), -slope.min(axis=0)) / np.maximum(top, TINY)) > RESTLESS / 24
    names = [name.partition("#")[0].removesuffix(" over the cell") for name in held.tables.names]
    said = [(swing[at], f"`{names[at]}` goes up and down by {swing[at]:.2g} times its highest value" if turns[at] else
             f"`{names[at]}` still {'rises' if course[24, at] > course[0, at] else 'falls'} by {change[at]:.1%} a day")
            for at in np.flatnonzero((top > TINY) & ((change > RESTLESS) | (turns & (swing > RESTLESS))))]
    return tuple(dict.fromkeys(words for _, words in sorted(said, key=lambda pair: -pair[0])))


def _runaway(held: Lanes, lane: int, start: Array, relative: float, message: str) -> str:
    """What runs away while cells stand, and when: what grew most, relative to itself, just before the end."""
    times = np.concatenate([[0.0], np.geomspace(1.0, REST_TIME, LOOKS)])
    leg = stiff.integrate(held.alone(lane), start.copy(), times, relative, np.full(start.size, 1e-9))
    if leg.reached < 2:
        return runaway(held, lane, start, 0.0, message)
    before, last = leg.states[-2:]
    worst = int(np.argmax(np.abs(last - before) / (np.abs(before) + 1e-9)))
    at = times[leg.reached - 1] / 3600.0
    return f"`{held.tables.names[worst].partition('#')[0]}` runs away after {at:.4g} h ({message})"


def never_filled(system: Lanes, start: Array) -> Mask:
    """(state,) True where a pool starts empty and nothing can fill it, found by filling what can be, step by step.

    A sparse solver leaves a trace of 1e-40 in such a pool; what converts its own kind would grow from it.
    """
    filled: Mask = (start != 0.0).any(axis=1)
    out = np.empty_like(start)
    while True:
        found = filled.copy()
        for scale in (0.6, 1.7):  # off the levels of rest, where a rate may vanish
            system.rate(np.where(filled[:, None], scale * np.where(start != 0.0, start, 1.0), 0.0), out)
            found |= (out != 0.0).any(axis=1)
        if np.array_equal(found, filled):
            return ~filled
        filled = found
