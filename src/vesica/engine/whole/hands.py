"""What hands do to the medium of a dish in whole numbers: every vesicle and molecule is taken by chance.

The same as `vesica.engine.hands` in the mean, in the same order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vesica.engine.counters import binomial, poisson
from vesica.engine.hands import AGENT, Sample
from vesica.engine.places import VOLUME
from vesica.engine.schedule import level, tick
from vesica.engine.whole import journey
from vesica.engine.whole.bench import fill
from vesica.engine.whole.dish import Dish
from vesica.engine.whole.step import CONTINUOUS
from vesica.engine.whole.vesicles import uniforms
from vesica.spec.resolved import Handling

Index = NDArray[np.int64]
Words = NDArray[np.uint64]


class Hands:
    """Follows the hands of one arm; ``samples`` are notes as those of the mean field."""

    def __init__(self, dish: Dish) -> None:
        self._levels = dict.fromkeys(dish.laws.program.model.agents, 0.0)
        self.samples: list[Sample] = []

    def act(self, dish: Dish, time: float) -> None:
        """Change vesicles, solubles, the volume and agents in place by what is done at ``time`` s."""
        for one in dish.arm.handling:
            if tick(one.at) == time:
                self._handle(dish, one)
        for added in dish.arm.additions:
            if tick(added.at) == time and added.soluble in self._levels:
                dish.set_input(f"{AGENT}{added.soluble}", dish.input(f"{AGENT}{added.soluble}") + added.concentration)
            elif tick(added.at) == time:
                dish.solubles[added.soluble] += _molecules(dish, added.concentration * _volume(dish))
        self._expose(dish, time)

    def take_last(self, dish: Dish, time: float) -> None:
        """Samples at the end of the run, which leave the medium as it is: nothing follows."""
        for one in dish.arm.handling:
            if tick(one.at) == time and one.is_sample:
                share = min(one.taken / _volume(dish), 1.0)
                copy, words = dish.journey.copy(), dish.chance.copy()
                taken = {name: _taken(words, amount, share) for name, amount in dish.solubles.items()}
                self._note(dish, one, take_free(copy, share, words), taken)

    def _handle(self, dish: Dish, one: Handling) -> None:
        volume = _volume(dish)
        share = min(one.taken / volume, 1.0)
        vesicles = take_free(dish.journey, share, dish.chance)
        dish.journey.removed[:] += vesicles
        taken = {name: _taken(dish.chance, amount, share) for name, amount in dish.solubles.items()}
        if one.is_sample:
            self._note(dish, one, vesicles, taken)
        for name, amount in taken.items():
            dish.solubles[name] += _molecules(dish, _fresh(dish, name) * one.given) - amount
        after = volume + (one.given - one.taken)
        for agent, scheduled in self._levels.items():
            if dish.evaporation_of(agent) is not None:
                now = dish.input(f"{AGENT}{agent}")
                dish.set_input(f"{AGENT}{agent}", now + (scheduled - now) * one.given / after)
        dish.set_input(VOLUME, after)
        fill(dish, one.given)

    def _note(self, dish: Dish, one: Handling, vesicles: Index, solubles: dict[str, float]) -> None:
        amounts = {f"medium.free:{origin}{suffix}": float(vesicles[k, i]) for k, origin in enumerate(dish.classes)
                   for i, suffix in dish.contents(origin)}  # fmt: skip
        amounts |= {f"medium.{name}": amount for name, amount in solubles.items()}
        agents = {name: dish.input(f"{AGENT}{name}") for name in self._levels}
        self.samples.append({"at": one.at, "compartment": one.compartment, "volume": one.taken, "amounts": amounts,
                             "agents": agents})

    def _expose(self, dish: Dish, time: float) -> None:
        for agent, before in self._levels.items():
            after = sum(level(one, time) for one in dish.arm.exposures if one.agent == agent)
            now = dish.input(f"{AGENT}{agent}")
            if dish.evaporation_of(agent) is None:
                now = after
            elif after > before:
                now += after - before
            elif after < before:
                now *= after / before
            dish.set_input(f"{AGENT}{agent}", now)
            self._levels[agent] = after


def take_free(dish: journey.Journey, share: float, words: Words) -> Index:
    """Take a share of the free vesicles out, in place: each goes with that chance.

    Parameters
    ----------
    share : 0..1
    words
        Stream, as `counters.stream` makes it; moved on.

    Returns
    -------
    (class, content) what was taken
    """
    number = len(dish.rows(journey.FREE))
    goes = uniforms(words, number) < share
    return journey.take_out(dish, {journey.FREE: goes}).sum(axis=0)


def _fresh(dish: Dish, soluble: str) -> float:
    """molecule/um^3 of a soluble in fresh medium."""
    name = f"{soluble}.in_fresh_medium"
    return dish.input(name) if name in dish.laws.program.index else 0.0


def _volume(dish: Dish) -> float:
    return dish.input(VOLUME)


def _taken(words: Words, amount: float, share: float) -> float:
    """Molecules out of so many: whole ones while there are few of them."""
    if amount >= CONTINUOUS:
        return amount * share
    whole = math.floor(amount)
    return float(binomial(words, float(whole), share)) + (amount - whole) * share


def _molecules(dish: Dish, mean: float) -> float:
    """Molecules of a volume of a solution: a Poisson number while there are few of them."""
    return mean if mean >= CONTINUOUS else float(poisson(dish.chance, mean))
