"""What hands do to the medium of a mean field at one time: samples and changes, additions, and agents.

In this order: what is taken is what stood there before anything was added. A hand mixes what it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.engine.places import FREE, base
from vesica.engine.program import Program
from vesica.engine.schedule import level, tick
from vesica.engine.system import Lanes
from vesica.engine.volumes import ADDED, REMOVED, Body, bodies, fresh, set_volumes
from vesica.spec.resolved import Addition, Arm, Handling

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
    rows : (lane,) mappings of parameter path to value

    Attributes
    ----------
    samples : (lane,) lists of notes
        Of what each sample held: ``at`` s, ``compartment``, ``volume`` um^3, ``amounts`` by pool and ``agents``
        (molecule/um^3) by name.
    """

    def __init__(self, program: Program, system: Lanes, arm: Arm, rows: Sequence[Mapping[str, float]]) -> None:
        self._program, self._system, self._arm, self._rows = program, system, arm, rows
        self._names = system.tables.names
        self._state = {name: place for place, name in enumerate(self._names)}
        self._bodies = {body.compartment: body for body in bodies(program, self._names)}
        self._levels = dict.fromkeys(program.model.agents, 0.0)
        self.samples: list[list[Sample]] = [[] for _ in range(system.lanes)]

    def act(self, state: Array, time: float) -> None:
        """Change amounts (state, lane), volumes and agents by what is done at ``time`` s."""
        for number, one in enumerate(self._arm.handling):
            if tick(one.at) == time:
                self._handle(state, one, replace(self._arm, handling=self._arm.handling[: number + 1]))
        for added in self._arm.additions:
            if tick(added.at) == time:
                self._add(state, added)
        self._expose(state, time)

    def _add(self, state: Array, added: Addition) -> None:
        if (place := self._state.get(f"{AGENT}{added.soluble}")) is not None:
            state[place] += added.concentration
            return
        for body in self._bodies.values():
            if added.compartment in ("", body.compartment):
                state[body.pools[f"medium.{added.soluble}"]] += (
                    added.concentration * self._system.values[body.volumes])

    def take_last(self, state: Array, time: float) -> None:
        """Samples at the end of the run, which leave the medium as it is: nothing follows."""
        for one in self._arm.handling:
            if tick(one.at) == time and one.is_sample:
                self._note(state, one, self._bodies[one.compartment])

    def _handle(self, state: Array, one: Handling, so_far: Arm) -> None:
        """Take, give and mix; ``so_far`` is the arm with what was done up to this."""
        body, values = self._bodies[one.compartment], self._system.values
        if one.is_sample:
            self._note(state, one, body)
        before = values[body.volumes].sum(axis=0)
        share = np.minimum(one.taken / before, 1.0)
        self._renew_agents(state, one)
        if one.given != one.taken:
            set_volumes(self._program, self._rows, values, so_far, one.at)
        parts = values[body.volumes] / values[body.volumes].sum(axis=0)
        for pool, states in body.pools.items():
            amount = state[states].sum(axis=0)
            taken = amount * share
            given = fresh(self._program, pool, values) * one.given
            state[states] = (amount - taken + given) * parts
            if pool.startswith(FREE):
                state[self._state[base(pool).replace(FREE, REMOVED)]] += taken
                state[self._state[base(pool).replace(FREE, ADDED)]] += given

    def _note(self, state: Array, one: Handling, body: Body) -> None:
        share = np.minimum(one.taken / self._system.values[body.volumes].sum(axis=0), 1.0)
        for lane, notes in enumerate(self.samples):
            amounts: dict[str, float] = {}
            for pool, states in body.pools.items():
                amounts[base(pool)] = amounts.get(base(pool), 0.0) + float(state[states, lane].sum() * share[lane])
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
