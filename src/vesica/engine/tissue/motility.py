"""Cells that crawl in a space: a persistent walk, a bias along gradients, and soft neighbours.

In a step a cell first goes by its own velocity and with the gradients (exact for a velocity that forgets itself, so
that steps of any length give the right displacements), then cells that overlap are pushed apart (exact for a pair).
The two act one after the other: the error is of first order in the step. Walls reflect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vesica.biology.motility import drift_share
from vesica.biology.signalling import occupancy_difference
from vesica.engine.counters import stream
from vesica.engine.tissue.walks import normals
from vesica.spec.cells import CellType
from vesica.spec.vocabulary import CELL_MOTILITY, CHEMOTAXIS

Array = NDArray[np.float64]
_PUSH: Final = 0.25  # of a relaxation time of overlaps in one step
_STRIDE: Final = 0.25  # of a radius in one step


@dataclass(frozen=True)
class Gait:
    """How cells of one type crawl.

    Parameters
    ----------
    speed : um/s
        Root mean square of the walk, and the most that gradients can add.
    persistence : s
    repulsion : 1/s
        Rate at which an overlap with a neighbour goes away.
    attraction : mapping of soluble to its weight and the dissociation constant (1/um^3) that feels it
    """

    speed: float
    persistence: float
    repulsion: float
    attraction: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def gaits_of(cells: Iterable[CellType], row: Mapping[str, float]) -> dict[str, Gait]:
    """How each type crawls that does, by the numbers of an arm."""
    found = {}
    for cell in cells:
        if cell.motility is not None:
            speed, persistence, repulsion = (row[f"{cell.name}.{name}"] for name in CELL_MOTILITY)
            drawn = {name: (row[f"{cell.name}.{CHEMOTAXIS}{name}"], row[f"{cell.name}.{name}.sensing_kd"])
                     for name in cell.motility.attractants}
            found[cell.name] = Gait(speed, persistence, repulsion, drawn)
    return found


@dataclass(frozen=True)
class Felt:
    """A soluble where the cells of one type are.

    Parameters
    ----------
    concentration : (cell,) 1/um^3
    gradient : (cell, 3) 1/um^4
    """

    concentration: Array
    gradient: Array


@dataclass(frozen=True)
class Room:
    """Where cells can go.

    Parameters
    ----------
    size : um, along x, y, z
    periodic : by axis
    free : by axis
        Whether cells move along it: not across a thin section, nor off the bottom of a dish.
    """

    size: tuple[float, float, float]
    periodic: tuple[bool, bool, bool] = (False, False, False)
    free: tuple[bool, bool, bool] = (True, True, True)

    @property
    def period(self) -> Array:
        """(3,) um, 0 for walls."""
        return np.where(self.periodic, self.size, 0.0)

    def fold(self, positions: Array, velocity: Array) -> tuple[Array, Array]:
        """Positions and velocities after walls have reflected them, or have let them in at the other side."""
        size = np.asarray(self.size)
        turns = np.floor(positions / size)
        inside = positions - turns * size
        mirrored = (turns % 2 == 1) & ~np.asarray(self.periodic)
        inside = np.clip(np.where(mirrored, size - inside, inside), 0.0, size)
        inside[(inside >= size) & np.asarray(self.periodic)] = 0.0
        return inside, np.where(mirrored, -velocity, velocity)


class Motility:
    """All cells of an arm, and how some of them move.

    Parameters
    ----------
    gaits : mapping of type to Gait
        Types without one stay where they are, and push others away.
    positions, radii : mapping of type to (cell, 3) and (cell,) um
        Where they are at the start also names their random numbers, so that their order does not matter.
    room : Room
    seed : int
    """

    def __init__(self, gaits: Mapping[str, Gait], positions: Mapping[str, Array], radii: Mapping[str, Array],
                 room: Room, seed: int) -> None:
        self.gaits = {name: gait for name, gait in gaits.items() if name in positions and gait.speed > 0.0}
        self.room, self.seed, self.steps = room, seed, 0
        self.positions = {name: np.array(at, dtype=float) for name, at in positions.items()}
        self._keys = {name: _ranks(self.positions[name]) for name in self.gaits}
        self.velocity = {name: self._start(name) for name in self.gaits}
        self._radii = {name: np.asarray(of, dtype=float) for name, of in radii.items()}
        still = [name for name in self.positions if name not in self.gaits]
        self._still = _joined([self.positions[name] for name in still], 3)
        self._still_radii = _joined([self._radii[name][:, None] for name in still], 1)[:, 0]
        self._still_tree = cKDTree(self._still, boxsize=room.period) if len(self._still) else None

    def state(self) -> dict[str, Any]:
        """All that a checkpoint needs."""
        return {"position": {name: self.positions[name] for name in self.gaits}, "velocity": dict(self.velocity),
                "steps": self.steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        for name in self.gaits:
            self.positions[name] = np.array(state["position"][name])
            self.velocity[name] = np.array(state["velocity"][name])
        self.steps = int(state["steps"])

    def advance(self, duration: float, felt: Mapping[str, Mapping[str, Felt]] | None = None,
                alive: Mapping[str, Array] | None = None) -> None:
        """Move on for a time (s).

        Parameters
        ----------
        felt : mapping of type to mapping of soluble to Felt
            As it stays for the time; nothing for no gradients.
        alive : mapping of type to (cell,)
            Share alive; what is dead neither walks nor turns, but is pushed.
        """
        if not self.gaits:
            return
        count = self._substeps(duration)
        drift = {name: self._drift(name, (felt or {}).get(name, {})) for name in self.gaits}
        for _ in range(count):
            for name in self.gaits:
                self._walk(name, duration / count, drift[name], None if alive is None else alive.get(name))
            self._push(duration / count)
            self.steps += 1

    def _substeps(self, duration: float) -> int:
        """Steps in which nobody goes further than a part of a radius, nor pushes longer than a part of its time."""
        most = 1.0
        for name, gait in self.gaits.items():
            radius = float(self._radii[name].min(initial=np.inf))
            for rate, limit in ((gait.repulsion, _PUSH), (2.0 * gait.speed / radius, _STRIDE)):
                most = max(most, rate * duration / limit)
        return int(np.ceil(most * (1.0 - 1e-12)))

    def _start(self, name: str) -> Array:
        """Velocities as they are on average."""
        gait = self.gaits[name]
        drawn = normals(stream(self.seed, f"motility of {name}", 0), self._keys[name], 0, 3)
        return drawn * (gait.speed / np.sqrt(max(1, sum(self.room.free)))) * np.asarray(self.room.free)

    def _drift(self, name: str, felt: Mapping[str, Felt]) -> Array:
        """(cell, 3) um/s up the gradients."""
        gait, length = self.gaits[name], 2.0 * self._radii[name]
        bias = np.zeros_like(self.positions[name])
        for soluble, (weight, dissociation) in gait.attraction.items():
            if soluble in felt:
                here = felt[soluble]
                bias += weight * occupancy_difference(here.gradient, length[:, None], dissociation,
                                                      here.concentration[:, None])
        bias *= np.asarray(self.room.free)
        size = np.sqrt((bias**2).sum(axis=1, keepdims=True))
        share = gait.speed * drift_share(size)
        return np.divide(share * bias, size, out=np.zeros_like(bias), where=size > 0.0)

    def _walk(self, name: str, step: float, drift: Array, alive: Array | None) -> None:
        """Velocity and displacement of a walk that forgets itself, drawn together (Gillespie 1996 PRE 54:2084)."""
        gait, free = self.gaits[name], np.asarray(self.room.free)
        count = len(self.positions[name])
        drawn = normals(stream(self.seed, f"motility of {name}", 0), self._keys[name], self.steps + 1, 6)
        scale = gait.speed / np.sqrt(max(1, free.sum()))
        keep, reach, cov = _moments(step, gait.persistence)
        velocity = self.velocity[name] * keep[0] + scale * keep[1] * drawn[:, :3] * free
        ahead = self.velocity[name] * reach[0] + scale * free * (cov * drawn[:, :3] + reach[1] * drawn[:, 3:])
        goes = np.ones(count) if alive is None else alive
        moved = self.positions[name] + (ahead + drift * step) * (goes[:, None] > 0.5)
        self.positions[name], self.velocity[name] = self.room.fold(moved, velocity)

    def _push(self, step: float) -> None:
        """Push overlapping cells apart; those that cannot move leave it to the others."""
        names = list(self.gaits)
        places = _joined([self.positions[name] for name in names], 3)
        radii = _joined([self._radii[name][:, None] for name in names], 1)[:, 0]
        rates = np.concatenate([np.full(len(self.positions[name]), self.gaits[name].repulsion) for name in names])
        if not len(places) or not rates.any():
            return
        moved = np.zeros_like(places)
        tree, most = cKDTree(places, boxsize=self.room.period), float(radii.max())
        pairs = tree.query_pairs(2.0 * most, output_type="ndarray")
        one, other = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
        shift = self._apart(places[one], places[other], radii[one] + radii[other],
                            1.0 - np.exp(-0.5 * (rates[one] + rates[other]) * step))
        np.add.at(moved, one, 0.5 * shift)
        np.add.at(moved, other, -0.5 * shift)
        if self._still_tree is not None:
            found = tree.sparse_distance_matrix(self._still_tree, most + float(self._still_radii.max()),
                                                output_type="ndarray")
            found = found[np.lexsort((found["j"], found["i"]))]
            i, j = found["i"], found["j"]
            np.add.at(moved, i, self._apart(places[i], self._still[j], radii[i] + self._still_radii[j],
                                            1.0 - np.exp(-rates[i] * step)))
        first = 0
        for name in names:
            last = first + len(self.positions[name])
            at = self.positions[name] + moved[first:last]
            self.positions[name], self.velocity[name] = self.room.fold(at, self.velocity[name])
            first = last

    def _apart(self, here: Array, there: Array, reach: Array, share: Array) -> Array:
        """(pair, 3) by which the first of each pair is pushed from the second: a share of their overlap."""
        period = self.room.period
        apart = here - there
        apart -= period * np.round(np.divide(apart, period, out=np.zeros_like(apart), where=period > 0.0))
        apart *= np.asarray(self.room.free)
        distance = np.sqrt((apart**2).sum(axis=1))
        overlap = np.maximum(reach - distance, 0.0) * share
        return apart * np.divide(overlap, distance, out=np.zeros_like(overlap), where=distance > 0.0)[:, None]


def _moments(step: float, persistence: float) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Of velocity and displacement after a step, per standard deviation of the velocity.

    Returns
    -------
    what stays of the velocity, and its new part; displacement per velocity, and its own part; what they share
    """
    x = step / persistence
    stays = np.exp(-x)
    new = np.sqrt(-np.expm1(-2.0 * x))
    reach = -persistence * np.expm1(-x)
    # variance of the displacement given the velocity at the start, and its covariance with the new velocity
    if x < 1e-2:  # series: differences would lose all digits
        variance = persistence**2 * x**3 * (2.0 / 3.0 - x / 2.0 + 7.0 * x**2 / 30.0 - x**3 / 12.0)
    else:
        variance = persistence**2 * (2.0 * x + 4.0 * np.expm1(-x) - np.expm1(-2.0 * x))
    shared = persistence * np.expm1(-x) ** 2 / new if new > 0.0 else 0.0
    own = np.sqrt(max(variance - shared**2, 0.0))
    return (float(stays), float(new)), (float(reach), float(own)), float(shared)


def _ranks(positions: Array) -> NDArray[np.int64]:
    """(cell,) place of each cell in the order of positions."""
    found = np.empty(len(positions), np.int64)
    found[np.lexsort(positions.T[::-1])] = np.arange(len(positions))
    return found


def _joined(parts: Sequence[Array], width: int) -> Array:
    return np.concatenate(parts) if parts else np.zeros((0, width))
