"""What differs between the boxes of two models, in plain English: size, voxels, walls, flow, regions, cells' places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from vesica.analysis.explain.changes import Change, by_name, fields
from vesica.analysis.explain.compare_arms import concentration
from vesica.spec.resolved import TissueRun
from vesica.spec.space import AXES, Flow, Space, Wall

GROUP: Final = "Dish and run"
Show = Callable[[Any], str]


def _by(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:.6g}" for number in numbers)


def _wall(wall: Wall) -> str:
    values = " and ".join(f"{name} at {concentration(level)}" for name, level in sorted(wall.values.items()))
    if wall.kind == "open":
        return f"open, {wall.exchange:.6g} um/s" + (f", with {values} behind" if values else "")
    return f"holds {values}" if wall.kind == "held" else wall.kind


def _walls(walls: tuple[tuple[Wall, Wall], ...]) -> str:
    return ", ".join(f"{axis} {_wall(low)}" if low == high else f"{axis} {_wall(low)} to {_wall(high)}"
                     for axis, (low, high) in zip(AXES, walls, strict=True))


def _flow(flow: Flow | None) -> str:
    return "none" if flow is None else f"{flow.profile} along {AXES[flow.axis]}" + (
        f", across {AXES[flow.across]}" if flow.profile == "channel" else "")


_SPACE: Final[Mapping[str, tuple[str, Show]]] = {
    "size": ("size of the box", lambda value: f"{_by(value)} um"), "voxels": ("voxels", _by),
    "walls": ("walls", _walls), "flow": ("flow", _flow),
}  # fmt: skip
_RUN: Final[Mapping[str, tuple[str, Show]]] = {
    "cells": ("cells in space", str), "tolerance": ("tolerance of a step in space", "{:g}".format),
    "longest_step": ("longest step in space", lambda value: f"{value:.6g} s" if value else "not given"),
    "fields_every": ("fields stored every", lambda value: f"{value:.6g} s" if value else "start and end"),
    "cells_every": ("cells stored every", "{:.6g} s".format), "precision": ("precision of fields", str),
    "pairs": ("transfer cell by cell", lambda value: "yes" if value else "no"),
    "contact_distance": ("cells touch up to", "{:.6g} um".format),
}  # fmt: skip


def spaces(one: Space | None, other: Space | None) -> Iterator[Change]:
    """Differences of two boxes; a box that only one model has is one difference, which the kind of vessel says."""
    if one is None or other is None:
        if one is not other:
            yield Change(GROUP, "a box with positions", "A" if other is None else "B")
        return
    yield from fields(GROUP, "", one, other, _SPACE)
    yield from by_name(GROUP, "region", {part.name: part for part in one.regions},
                       {part.name: part for part in other.regions}, _region,
                       lambda title, here, there: [Change(GROUP, title, "", _region(here), _region(there))]
                       if _region(here) != _region(there) else [])
    for arm in sorted({*one.cells} & {*other.cells}):
        moved = [name for name, cells in one.cells[arm].items()
                 if (there := other.cells[arm].get(name)) is not None and there != cells]
        if moved:
            yield Change(GROUP, f"places of {', '.join(moved)} in arm {arm}")


def _region(part: Any) -> str:
    numbers = "".join(f", {name} {value:.6g}" for name, value in sorted(part.numbers.items()))
    return f"{_by(part.low)} to {_by(part.high)} um{numbers}"


def runs(one: TissueRun, other: TissueRun) -> Iterator[Change]:
    """Differences of two ways to run a box."""
    yield from fields(GROUP, "", one, other, _RUN)
