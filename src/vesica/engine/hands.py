"""What hands do to the medium of a mean field at one time: samples and changes, additions, and agents.

In this order: what is taken is what stood there before anything was added. A hand mixes what it leaves.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.doses import level
from vesica.engine.program import Program
from vesica.engine.schedule import tick
from vesica.engine.system import Lanes
from vesica.engine.volumes import ADDED, FREE, REMOVED, Body, bodies, in_fresh
from vesica.spec.resolved import Arm, Handling

Array = NDArray[np.float64]
Sample = dict[str, Any]
AGENT: Final = "agent."


class Hands:
    """Follows the hands of one arm through its run, all replicates alike.

    Parameters
    ----------
    program : Program
        As it runs, places and kinds of cells divided.
    system : Lanes
        Volumes and agents are set among its values.

    Attributes
    ----------
    samples : (lane,) lists of notes
        Of what each sample held: ``at`` s, ``compartment``, ``volume`` um^3, ``amounts`` by pool and ``agents``
        (molecule/um^3) by name.
    """

    def __init__(self, program: Program, system: Lanes, arm: Arm) -> None:
        self._program, self._system, self._arm = program, system, arm
        self._names = system.tables.names
        self._state = {name: place for place, name in enumerate(self._names)}
        self._bodies = {body.compartment: body for body in bodies(program, self._names)}
        self._levels = dict.fromkeys(program.model.agents, 0.0)
        self.samples: list[list[Sample]] = [[] for _ in range(system.lanes)]

    def act(self, state: Array, time: float) -> None:
        """Change amounts (state, lane), volumes and agents by what is done at ``time`` s."""
        for one in self._arm.handling:
            if tick(one.at) == time:
                self._handle(state, one)
        for added in self._arm.additions:
            if tick(added.at) == time:
                for body in self._bodies.values():
                    if added.compartment in ("", body.compartment):
                        states = body.pools[f"medium.{added.soluble}"]
                        state[states] += added.concentration * self._system.values[body.volumes]
        self._expose(state, time)

    def take_last(self, state: Array, time: float) -> None:
        """Samples at the end of the run, which leave the medium as it is: nothing follows."""
        for one in self._arm.handling:
            if tick(one.at) == time and one.is_sample:
                self._note(state, one, self._bodies[one.compartment])

    def _handle(self, state: Array, one: Handling) -> None:
        body, values = self._bodies[one.compartment], self._system.values
        if one.is_sample:
            self._note(state, one, body)
        before = values[body.volumes].sum(axis=0)
        share = np.minimum(one.taken / before, 1.0)
        self._renew_agents(state, one)
        if one.given != one.taken:
            values[body.volumes] *= (before + (one.given - one.taken)) / before
        parts = values[body.volumes] / values[body.volumes].sum(axis=0)
        for pool, states in body.pools.items():
            amount = state[states].sum(axis=0)
            taken = amount * share
            place = in_fresh(self._program, pool)
            fresh = values[place] * one.given if place is not None else 0.0
            state[states] = (amount - taken + fresh) * parts
            if pool.startswith(FREE):
                state[self._state[pool.replace(FREE, REMOVED)]] += taken
                state[self._state[pool.replace(FREE, ADDED)]] += fresh

    def _note(self, state: Array, one: Handling, body: Body) -> None:
        share = np.minimum(one.taken / self._system.values[body.volumes].sum(axis=0), 1.0)
        for lane, notes in enumerate(self.samples):
            amounts = {pool: float(state[states, lane].sum() * share[lane]) for pool, states in body.pools.items()}
            agents = {name: float(self._level(state, name)[lane]) for name in self._levels}
            notes.append({"at": one.at, "compartment": one.compartment, "volume": one.taken, "amounts": amounts,
                          "agents": agents})

    def _level(self, state: Array, agent: str) -> Array:
        """(lane,) concentration of an agent now."""
        place = self._state.get(f"{AGENT}{agent}")
        found: Array = self._system.values[self._program.index[f"{AGENT}{agent}"]] if place is None else state[place]
        return found

    def _renew_agents(self, state: Array, one: Handling) -> None:
        """Fresh medium holds agents at the concentration of their schedule; only what evaporates has another."""
        volume = sum(self._system.values[body.volumes].sum(axis=0) for body in self._bodies.values())
        for agent, scheduled in self._levels.items():
            place = self._state.get(f"{AGENT}{agent}")
            if place is not None:
                after = volume - one.taken + one.given
                state[place] += (scheduled - state[place]) * one.given / after

    def _expose(self, state: Array, time: float) -> None:
        """Set the concentrations that hold from ``time`` s on; of what evaporates, add or scale what is there."""
        for agent, before in self._levels.items():
            now = sum(level(one, time) for one in self._arm.exposures if one.agent == agent)
            place = self._state.get(f"{AGENT}{agent}")
            if place is None:
                self._system.values[self._program.index[f"{AGENT}{agent}"]] = now
            elif now > before:
                state[place] += now - before
            elif now < before:
                state[place] *= now / before
            self._levels[agent] = now
