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
    import zarr

    root = zarr.open_group(folder / "tissue.zarr", mode="a", zarr_format=3)
    for name, made in arms.items():
        _write_arm(root.create_group(name), made)
    return folder


def _write_arm(group: object, made: Made) -> None:
    rng = np.random.default_rng(made.seed)
    size = np.array(made.size)
    types = rng.choice(list(SHARES), made.count, p=list(SHARES.values()))
    order = np.argsort(types, kind="stable")
    types = types[order]
    positions = rng.uniform(0.05, 0.95, (made.count, 3)) * size
    spacing = [length / n for length, n in zip(made.size, made.voxels, strict=True)]
    group.attrs.update({
        "type": "vesica tissue", "version": 1, "title": "made up", "size": list(made.size),
        "voxels": list(made.voxels), "spacing": spacing, "volume_fraction": 0.2,
        "walls": [["closed", "closed"], ["held", "closed"], ["closed", "closed"]],
        "run": dict(made.run or {"steps": 480, "rejected": 3, "seconds": 71.5})})
    reached = HOURS.size if made.reached is None else made.reached
    _cells(group.create_group("cells"), made, types, positions, reached)
    _fields(group.create_group("fields"), made, reached)
    if made.pairs:
        _pairs(group.create_group("transfer"), types, positions, made.strength)


def labels(group: object, name: str, words: list[str], axis: str) -> None:
    """An array of text."""
    array = group.create_array(name, shape=(len(words),), dtype=str, dimension_names=(axis,))
    array[:] = np.array(words, dtype=object)


def numbers(group: object, name: str, values: Array, chunks: tuple[int, ...] | None = None) -> None:
    """An array of numbers."""
    array = group.create_array(name, shape=values.shape, dtype=values.dtype, chunks=chunks or values.shape,
                               fill_value=np.nan if values.dtype.kind == "f" else 0)
    array[...] = values


def _cells(group: object, made: Made, types: Array, positions: Array, reached: int) -> None:
    count = made.count
    labels(group, "id", [f"cell_{i}" for i in range(count)], "cell")
    labels(group, "type", types.tolist(), "cell")
    numbers(group, "radius", np.array([RADII[one] for one in types]))
    numbers(group, "time", HOURS * 3600.0)
    frames = positions[None]
    if made.moves:
        frames = np.stack([positions + [0.5 * hour, 0.0, 0.0] for hour in HOURS])
        frames[reached:] = np.nan
    numbers(group, "position", frames, (1, count, 3))
    for key, words in (("quantity", list(QUANTITIES)), ("unit", [u for u, _ in QUANTITIES.values()]),
                       ("label", [one for _, one in QUANTITIES.values()])):
        labels(group, key, words, "quantity")
    values = np.full((HOURS.size, len(QUANTITIES), count), np.nan, dtype=np.float32)
    for frame, hour in enumerate(HOURS[:reached]):
        values[frame] = _quantities(made, types, positions, hour)
    numbers(group, "value", values, (1, len(QUANTITIES), count))


def _quantities(made: Made, types: Array, positions: Array, hour: float) -> Array:
    """(quantity, cell) at one time."""
    wave = made.strength / (1.0 + np.exp((positions[:, 1] - front_at(hour)) / WIDTH))
    wave *= hour > 0
    tnf = made.strength * 0.05 * np.exp(-positions[:, 1] / LENGTH) * min(hour / 4.0, 1.0)
    glia = types == "microglia"
    return np.stack([np.where(glia, wave, np.nan), 0.2 + 0.8 * wave, 40.0 * wave,
                     np.where(glia, 900.0 * wave, np.nan), tnf])


def _fields(group: object, made: Made, reached: int) -> None:
    x, y, z = ((np.arange(n) + 0.5) * length / n for n, length in zip(made.voxels, made.size, strict=True))
    for name, centres in zip("xyz", (x, y, z), strict=True):
        numbers(group, name, centres)
    numbers(group, "time", HOURS * 3600.0)
    for key, words in (("species", list(SPECIES)), ("unit", [u for u, _ in SPECIES.values()]),
                       ("label", [one for _, one in SPECIES.values()])):
        labels(group, key, words, "species")
    shape = (z.size, y.size, x.size)
    density = np.full((HOURS.size, len(SPECIES), *shape), np.nan, dtype=np.float32)
    for frame, hour in enumerate(HOURS[:reached]):
        vesicles = 2e-4 * made.strength * np.exp(-(((y - front_at(hour)) / 150.0) ** 2)) * (hour > 0)
        ripple = 1.0 + 0.5 * np.cos(2 * np.pi * 3 * x / made.size[0])
        density[frame, 0] = (vesicles[:, None] * ripple[None, :])[None]
        density[frame, 1] = np.broadcast_to(
            (0.05 * made.strength * np.exp(-y / LENGTH) * min(hour / 4.0, 1.0))[:, None], shape)
    numbers(group, "density", density, (1, 1, *shape))


def _pairs(group: object, types: Array, positions: Array, strength: float) -> None:
    """Every microglial cell sends to the cells within 80 um of it, fewer to those further off."""
    senders = np.flatnonzero(types == "microglia")
    distance = np.linalg.norm(positions[senders, None] - positions[None], axis=2)
    amount = np.where(distance < 80.0, 100.0 * strength * np.exp(-distance / 30.0), 0.0)
    full = np.zeros((types.size, types.size))
    full[senders] = amount
    matrix = sparse.csr_array(full)
    group.attrs.update({"class": "microglia"})
    for name in ("data", "indices", "indptr"):
        numbers(group, name, getattr(matrix, name).astype(np.float64 if name == "data" else np.int64))
