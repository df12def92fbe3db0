"""Which well holds what: arms in random order within blocks, a block for each replicate, edges empty where they fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vesica.analysis.design.readouts import Look
from vesica.analysis.design.search import Contrast, Kind, host
from vesica.errors import error
from vesica.rng import stream

FORMATS: Final = {96: (8, 12), 24: (4, 6), 6: (2, 3)}  # rows, columns


@dataclass(frozen=True)
class Well:
    """One culture.

    ``plate``, ``replicate`` count from 1; ``row``, ``column`` from 0; ``kind`` is an arm and its harvest (s).
    """

    plate: int
    row: int
    column: int
    kind: Kind
    replicate: int

    @property
    def name(self) -> str:
        """``B2``."""
        return f"{chr(ord('A') + self.row)}{self.column + 1}"


@dataclass(frozen=True)
class Plan:
    """All wells of an experiment, and what is read of each kind.

    ``is_edge_free``: no well at the edge of a plate is used.
    """

    format: int
    wells: tuple[Well, ...]
    looks: dict[Kind, tuple[Look, ...]]
    seed: int
    is_edge_free: bool

    @property
    def plates(self) -> int:
        """How many there are."""
        return max(well.plate for well in self.wells)

    @property
    def replicates(self) -> int:
        """Of each kind of well."""
        return max(well.replicate for well in self.wells)


def places(wells: int, *, is_inner: bool) -> list[tuple[int, int]]:
    """(row, column) of the wells of a plate, column by column; ``is_inner`` without those at the edge."""
    rows, columns = FORMATS[wells]
    skip = 1 if is_inner else 0
    return [(row, column) for column in range(skip, columns - skip) for row in range(skip, rows - skip)]


def layout(contrasts: Sequence[Contrast], replicates: int, wells: int, seed: int) -> Plan:
    """Place a design on plates.

    A block holds each kind of well once, so that a control stands on every plate beside what is compared with it, and
    what differs from plate to plate or column to column is shared. Blocks are filled column by column.

    Parameters
    ----------
    wells : of a plate: 96, 24 or 6
    seed : of the order within blocks

    Raises
    ------
    InputError
        A block does not fit on a plate.
    """
    looks = looks_of(contrasts)
    kinds = list(looks)
    room = {is_inner: len(places(wells, is_inner=is_inner)) // len(kinds) for is_inner in (True, False)}
    if not room[False]:
        larger = [size for size in sorted(FORMATS) if len(places(size, is_inner=False)) >= len(kinds)]
        fix = f"use `--plate {larger[0]}`" if larger else "ask for fewer `--arm`s"
        raise error("--plate", f"a plate with {wells} wells for {len(kinds)} kinds of wells",
                    "one replicate of every arm stands on the same plate",
                    "a plate would lack its controls, and differences between plates would look like effects",
                    f"{fix}, or lower `--combine`")
    plates = {is_inner: math.ceil(replicates / room[is_inner]) if room[is_inner] else math.inf for is_inner in room}
    is_inner = plates[True] == plates[False]
    found = []
    for block in range(replicates):
        plate, turn = divmod(block, room[is_inner])
        order = stream(seed, "plate plan", block).permutation(len(kinds))
        spots = places(wells, is_inner=is_inner)[turn * len(kinds) : (turn + 1) * len(kinds)]
        found += [Well(plate + 1, row, column, kinds[k], block + 1)
                  for (row, column), k in zip(spots, order, strict=True)]
    return Plan(wells, tuple(found), looks, seed, is_inner)


def looks_of(contrasts: Sequence[Contrast]) -> dict[Kind, tuple[Look, ...]]:
    """What is read of each kind of well, in order of time."""
    looks = list(dict.fromkeys(look for one in contrasts for look in one.looks))
    found: dict[Kind, list[Look]] = {}
    for look in looks:
        harvests = sorted({one.time for one in looks if one.arm == look.arm and not one.readout.from_medium})
        found.setdefault((look.arm, host(look, harvests)), []).append(look)
    return {kind: tuple(sorted(mine, key=lambda look: look.time)) for kind, mine in found.items()}
