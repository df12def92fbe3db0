"""Small dishes for the tests of vesicles outside their cell, and their master equations."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

import numpy as np
from scipy.linalg import expm

from vesica.engine.whole import journey
from vesica.engine.whole.journey import Hazards, Journey

SEED = 20_240_901


def hazards(**some: object) -> Hazards:
    """Zeros but for those named."""
    return Hazards(**(dict.fromkeys(Hazards.__dataclass_fields__, 0.0) | some))


def dish(index: int, free: tuple[int, ...], cells: int = 1, cargo: int = 0, purpose: str = "journey") -> Journey:
    """``free`` vesicles of each class."""
    start = journey.empty(SEED, purpose, index, len(free), cells, cargo)
    kinds = np.repeat(np.arange(len(free)), free)
    return journey.add_free(start, kinds, np.full(kinds.size, 0.1), np.zeros((kinds.size, cargo), dtype=int))


def law(start: Hashable, moves: Callable[[tuple], Iterable[tuple[tuple, float]]], time: float) -> dict[tuple, float]:
    """Probabilities of all states that can be reached, by the matrix exponential of the master equation."""
    states, queue = {start: 0}, [start]
    flows = []
    while queue:
        at = queue.pop()
        for to, rate in moves(at):
            if rate > 0.0:
                if to not in states:
                    states[to] = len(states)
                    queue.append(to)
                flows.append((states[at], states[to], rate))
    generator = np.zeros((len(states), len(states)))
    for at, to, rate in flows:
        generator[at, to] += rate
        generator[at, at] -= rate
    chances = expm(generator * time)[0]
    return {state: float(chances[place]) for state, place in states.items()}
