"""A made-up `tissue.zarr`, as docs/format.md lays it out: smooth closed forms, no simulation and no paper behind them.

Inflammation starts at the face y = 0 and travels along y at ``SPEED``; TNF falls off from that face over ``LENGTH``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vesica.results import Quantity, TissueLayout, TissueWriter
from vesica.spec.space import Space, Wall

Array = NDArray[np.float64]
SPEED = 40.0  # um/h
WIDTH = 25.0  # um, of the front
LENGTH = 120.0  # um
SHARES = {"neuron": 0.4, "astrocyte": 0.25, "microglia": 0.12, "oligodendrocyte": 0.15, "endothelium": 0.08}
RADII = {"neuron": 7.0, "astrocyte": 5.0, "microglia": 4.0, "oligodendrocyte": 4.5, "endothelium": 4.0}
QUANTITIES = {"inflammatory": ("share", "inflammatory"), "NFkB": ("", "NF-kB"),
              "taken_up:microglia": ("vesicle", "vesicles of microglia taken up"),
              "released:microglia": ("vesicle", "vesicles released"),
              "around:TNF": ("molecule/um^3", "TNF around the cell")}
SPECIES = {"free:microglia": ("vesicle/um^3", "vesicles of microglia"), "TNF": ("molecule/um^3", "TNF")}
HOURS = np.array([0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0])


@dataclass(frozen=True)
class Made:
    """What is put into one arm."""

    size: tuple[float, float, float] = (600.0, 1000.0, 10.0)
    voxels: tuple[int, int, int] = (30, 50, 1)
    count: int = 400
    strength: float = 1.0  # of everything; 0 leaves all at rest
    seed: int = 5
    pairs: bool = True
    reached: int | None = None  # times that were written; the others stay NaN
    moves: bool = False
    run: Mapping[str, object] | None = None


def front_at(hours: float) -> float:
    """Place of the front, um along y."""
    return SPEED * hours


def write(folder: Path, arms: Mapping[str, Made]) -> Path:
    """Write ``folder/tissue.zarr`` with a group for each arm; gives the folder."""
    for name, made in arms.items():
        _write_arm(folder, name, made)
    return folder


def _write_arm(folder: Path, name: str, made: Made) -> None:
    rng = np.random.default_rng(made.seed)
    types = np.sort(rng.choice(list(SHARES), made.count, p=list(SHARES.values())))
    positions = rng.uniform(0.05, 0.95, (made.count, 3)) * np.array(made.size)
    closed = (Wall(), Wall())
    layout = TissueLayout(
        Space(made.size, made.voxels, (closed, (Wall("held", values={"LPS": 1.0}), Wall()), closed)),
        [f"cell_{i}" for i in range(made.count)], types.tolist(), [RADII[one] for one in types], positions,
        (HOURS * 3600.0).tolist(), (HOURS * 3600.0).tolist(),
        [Quantity(key, *words) for key, words in QUANTITIES.items()],
        [Quantity(key, *words) for key, words in SPECIES.items()], moves=made.moves,
        chains={"microglia": {"activation": ("inflammatory",)}},
        attributes={"title": "made up", "volume_fraction": 0.2})
    writer = TissueWriter.create(folder, name, layout)
    for hour in HOURS[: made.reached]:
        places = positions + np.array([0.5 * hour, 0.0, 0.0])
        writer.cells(hour * 3600.0, _quantities(made, types, positions, hour), places if made.moves else None)
        writer.fields(hour * 3600.0, _fields(made, hour))
    if made.pairs:
        writer.transfer(_pairs(types, positions, made.strength), of="microglia")
    writer.finish(made.run or {"steps": 480, "rejected": 3, "seconds": 71.5}, diverged=made.reached is not None)


def _quantities(made: Made, types: Array, positions: Array, hour: float) -> Array:
    """(quantity, cell) at one time."""
    wave = made.strength / (1.0 + np.exp((positions[:, 1] - front_at(hour)) / WIDTH))
    wave *= hour > 0
    tnf = made.strength * 0.05 * np.exp(-positions[:, 1] / LENGTH) * min(hour / 4.0, 1.0)
    glia = types == "microglia"
    return np.stack([np.where(glia, wave, np.nan), 0.2 + 0.8 * wave, 40.0 * wave,
                     np.where(glia, 900.0 * wave, np.nan), tnf])


def _fields(made: Made, hour: float) -> dict[str, Array]:
    """Species -> (z, y, x) at one time."""
    x, y, z = ((np.arange(n) + 0.5) * length / n for n, length in zip(made.voxels, made.size, strict=True))
    vesicles = 2e-4 * made.strength * np.exp(-(((y - front_at(hour)) / 150.0) ** 2)) * (hour > 0)
    ripple = 1.0 + 0.5 * np.cos(2 * np.pi * 3 * x / made.size[0])
    tnf = 0.05 * made.strength * np.exp(-y / LENGTH) * min(hour / 4.0, 1.0)
    whole = (z.size, y.size, x.size)
    return {"free:microglia": np.broadcast_to(vesicles[:, None] * ripple[None, :], whole),
            "TNF": np.broadcast_to(tnf[:, None], whole)}


def _pairs(types: Array, positions: Array, strength: float) -> sparse.csr_array:
    """Every microglial cell sends to the cells within 80 um of it, fewer to those further off."""
    senders = np.flatnonzero(types == "microglia")
    distance = np.linalg.norm(positions[senders, None] - positions[None], axis=2)
    full = np.zeros((types.size, types.size))
    full[senders] = np.where(distance < 80.0, 100.0 * strength * np.exp(-distance / 30.0), 0.0)
    return sparse.csr_array(full)
