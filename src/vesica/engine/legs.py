"""From one edge of the schedule to the next: one replicate by CVODE, many by the batch stepper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.engine.steppers import rosenbrock, stiff
from vesica.engine.system import Lanes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LanesLeg:
    """States of all replicates at the asked times.

    Parameters
    ----------
    states : (time, state, lane)
        Repeats the last known state from where a replicate could not go on.
    reached : (lane,)
        Number of times reached.
    messages : (lane,)
        Why a replicate could not go on; empty when it did.
    evaluations : (lane,)
        Of the rate.
    solver : str
    """

    states: Array
    reached: NDArray[np.int64]
    messages: tuple[str, ...]
    evaluations: NDArray[np.int64]
    solver: str


def follow(system: Lanes, start: Array, times: Array, relative: float, absolute: Array) -> LanesLeg:
    """Integrate every lane from ``times[0]`` through the other times.

    Parameters
    ----------
    start : (state, lane)
    times : (time,) s, rising
    relative : 1
    absolute : (state,)

    Returns
    -------
    LanesLeg
        A lane that the batch stepper gives up is tried again by CVODE and LSODA. The last replicate of
        a study may be alone in its batch, so what decides is what it is, not how many there are.
    """
    lanes = start.shape[1]
    if system.is_single or system.size == 0:
        legs = [stiff.integrate(system.alone(lane), start[:, lane].copy(), times, relative, absolute)
                for lane in range(lanes)]
        return LanesLeg(np.stack([_filled(leg.states, times.size) for leg in legs], axis=2),
                        np.array([leg.reached for leg in legs]), tuple(leg.message for leg in legs),
                        np.array([leg.evaluations for leg in legs]), legs[0].solver)
    leg = rosenbrock.integrate(system.part, system.tables.lu, start, times, relative, absolute[:, None])
    states, reached = leg.states, leg.reached.copy()
    messages = [""] * lanes
    for lane in np.flatnonzero(reached < times.size):
        again = stiff.integrate(system.alone(lane), start[:, lane].copy(), times, relative, absolute)
        states[:, :, lane] = _filled(again.states, times.size)
        reached[lane], messages[lane] = again.reached, again.message
    evaluations = rosenbrock.STAGES * (leg.steps + leg.rejected)
    return LanesLeg(states, reached, tuple(messages), evaluations, "RODAS4")


def _filled(states: Array, times: int) -> Array:
    """(time, state) with the last known state repeated to the end."""
    missing = times - states.shape[0]
    return np.concatenate([states, np.repeat(states[-1:], missing, axis=0)]) if missing else states
