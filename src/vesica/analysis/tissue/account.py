"""What a run in space says, arm by arm: fronts, ranges, journeys; for ``summary.json``, tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.tissue import choices, exchange, fronts, profiles, ranges, view
from vesica.analysis.tissue.exchange import Journey
from vesica.analysis.tissue.fronts import Front
from vesica.analysis.tissue.profiles import Profile
from vesica.analysis.tissue.ranges import Range
from vesica.analysis.tissue.view import AXES, Tissue
from vesica.spec.vocabulary import sender_of

Array = NDArray[np.float64]
HOUR: Final = 3600.0
KINDS: Final = 3  # cell types of which fronts and profiles of a quantity are shown
NOTHING: Final = 1e-3  # of the largest change: less is none


@dataclass(frozen=True, eq=False)
class Look:
    """What is looked at in every arm.

    Parameters
    ----------
    quantities, species : of cells, of fields
    axis : along which profiles go (0, 1, 2); fronts find their own unless ``is_fixed``
    high : profiles begin at the far end
    around : a cell type; profiles then go by the distance from the nearest of its cells
    """

    quantities: tuple[str, ...]
    species: tuple[str, ...]
    axis: int
    high: bool = False
    is_fixed: bool = False
    around: str = ""

    @property
    def from_words(self) -> str:
        """What distances are measured from."""
        if self.around:
            return f"the nearest {self.around}"
        return f"the face {AXES[self.axis]}.{'high' if self.high else 'low'}"


def look_at(tissues: Sequence[Tissue], levels: Collection[str] = ()) -> Look:
    """What is worth a look where nobody said; ``levels`` are the signals that a model names, all if there are none."""
    axis = choices.axis_of(tissues)
    found = Look(tuple(choices.quantities(tissues, levels)), tuple(choices.fields(tissues)), axis)
    return Look(found.quantities, found.species, axis, high=_begins_high(tissues, found))


def _begins_high(tissues: Sequence[Tissue], look: Look) -> bool:
    """Whether the fields stand higher at the far end: profiles begin where there is most."""
    score = 0.0
    for tissue in tissues:
        if not tissue.field_times.size:
            continue
        for name in look.species:
            mean = profiles.along_axis(tissue.density(name, tissue.field_times.size - 1), tissue.centres[look.axis],
                                       look.axis).mean
            score += (mean[-1] - mean[0]) / mean.max() if mean.max() > 0.0 else 0.0
    return bool(score > 0.0)


def kinds_of(tissues: Sequence[Tissue], name: str, most: int = KINDS) -> list[str]:
    """Cell types in which a quantity changes or differs most over all arms; where it does in none, all that have it.

    Types are looked at apart: a mean over several would tell where which of them are.
    """
    spread: dict[str, float] = {}
    for tissue in (one for one in tissues if name in one.quantities):
        course = tissue.course(name)
        for kind in tissue.counts:
            own = course[:, tissue.types == kind]
            if np.isfinite(own).any():
                spread[kind] = max(spread.get(kind, 0.0), float(np.nanmax(own) - np.nanmin(own)))
    largest = max(spread.values(), default=0.0)
    if largest > 0.0:
        spread = {kind: round(one / largest, 2) for kind, one in spread.items() if one > NOTHING * largest}
    count = {kind: max(one.counts.get(kind, 0) for one in tissues) for kind in spread}
    return sorted(spread, key=lambda kind: (-spread[kind], -count[kind]))[:most]  # of alike ones the commonest


def front_of(tissue: Tissue, name: str, kind: str, look: Look, threshold: float | None = None) -> Front:
    """The front of a quantity in cells of one type of an arm."""
    own = tissue.types == kind
    return fronts.find(tissue.cell_times, tissue.positions()[own], tissue.course(name)[:, own], tissue.size,
                       axis=look.axis if look.is_fixed else None, threshold=threshold)


def threshold_of(tissues: Sequence[Tissue], name: str, kind: str) -> float | None:
    """One threshold for all arms: half-way from the mean at the start to the highest mean of a bin in any arm.

    None where it rises in no arm; an arm that stays below it has no front.
    """
    found = [front_of(tissue, name, kind, Look((), (), 0)).threshold for tissue in tissues
             if name in tissue.quantities and tissue.cell_times.size > 1]
    known = [one for one in found if math.isfinite(one)]
    return max(known) if known else None


def cell_profile(tissue: Tissue, name: str, frame: int, look: Look, kind: str = "") -> Profile:
    """Profile of a quantity at a time of the cells; of one type where ``kind`` names it."""
    positions, values = tissue.positions(frame), tissue.values(name, frame)
    distance = _distance(tissue, positions, frame, look)
    held = np.isfinite(values) & (tissue.types == kind if kind else True)
    if look.around:
        held &= tissue.types != look.around
    return profiles.profile(distance[held], values[held], profiles.edges_for(distance[held]))


def field_profile(tissue: Tissue, name: str, frame: int, look: Look) -> Profile:
    """Profile of a field at a time of the fields."""
    density = tissue.density(name, frame)
    if look.around:
        at = view.frame_at(tissue.cell_times, float(tissue.field_times[frame]))
        sources = tissue.positions(at)[tissue.types == look.around]
        width = _edge(tissue)
        edges = width * np.arange(math.ceil(0.5 * max(tissue.size) / width) + 1)
        return profiles.around_cells(density, tissue.centres, sources, edges)
    found = profiles.along_axis(density, tissue.centres[look.axis], look.axis)
    if not look.high:
        return found
    turned = (one[::-1] for one in (found.mean, found.low, found.high, found.count))
    return Profile(tissue.size[look.axis] - found.distance[::-1], *turned)


def range_of(tissue: Tissue, name: str, look: Look) -> Range:
    """Range of a field at the last time, from where profiles begin."""
    found = field_profile(tissue, name, tissue.field_times.size - 1, look)
    return ranges.range_of(found.distance, found.mean, shape="" if look.around else "plane")


def range_around(tissue: Tissue, name: str) -> tuple[str, Range] | None:
    """Range of a field from the cells it comes from, at the last time, and their type; None where it has no such.

    Vesicles come from the cells that send them. Anything else comes from the type around which it falls off most, if
    it is highest there. The law of a point source is fitted where one cell sends in three dimensions, from two voxels
    on: nearer, the field is that of a cell's share of voxels.
    """
    sender = sender_of(name.removeprefix(choices.FREE).partition("/")[0])
    kinds = [sender] if name.startswith(choices.FREE) else list(tissue.counts)
    found = {kind: field_profile(tissue, name, tissue.field_times.size - 1, Look((), (), 0, around=kind))
             for kind in kinds if tissue.counts.get(kind)}
    fall = {kind: _fall(one) for kind, one in found.items()}
    best = max(fall, key=lambda kind: fall[kind], default="")
    if not best or not fall[best] > 0.0:
        return None
    one = found[best]
    read = ranges.range_of(one.distance, one.mean, shape="")
    if tissue.counts[best] == 1 and all(n > 1 for n in tissue.voxels):
        known = np.isfinite(one.mean) & (one.distance >= 2.0 * _edge(tissue))
        law = ranges.range_of(one.distance[known], one.mean[known], shape="point", far=0.0)
        read = replace(read, length=law.length, low=law.low, high=law.high)
    return best, read


def _fall(found: Profile) -> float:
    """Share of its height that a profile loses; 0 where it is highest elsewhere."""
    mean = found.mean[np.isfinite(found.mean)]
    if mean.size < 2 or not mean.max() > 0.0 or mean[0] < ranges.PEAK * mean.max():
        return 0.0
    return float((mean[0] - mean.min()) / mean[0])


def _edge(tissue: Tissue) -> float:
    """Longest edge of a voxel along an axis that is a dimension, um."""
    edges = [length / n for length, n in zip(tissue.size, tissue.voxels, strict=True) if n > 1]
    return max(edges, default=max(tissue.size))


def _distance(tissue: Tissue, positions: Array, frame: int, look: Look) -> Array:
    if look.around:
        return profiles.from_cells(positions, positions[tissue.types == look.around])
    return profiles.from_face(positions, tissue.size[look.axis], look.axis, high=look.high)


def journeys_of(tissue: Tissue) -> dict[str, dict[str, Journey]]:
    """Vesicles and their way from type to type; empty where pairs were not followed."""
    if tissue.transfer is None or not tissue.cell_times.size:
        return {}
    return exchange.journeys(tissue.transfer, tissue.positions(0), tissue.types, size=tissue.size,
                             periodic=tissue.periodic)


def fronts_of(tissues: Mapping[str, Tissue], look: Look, threshold: float | None = None,
              ) -> dict[tuple[str, str], dict[str, Front]]:
    """(quantity, cell type) -> arm -> front, against one threshold for all arms."""
    found: dict[tuple[str, str], dict[str, Front]] = {}
    every = list(tissues.values())
    moving = [name for name in look.quantities if not name.startswith(choices.COUNTED)]
    for tissue in every:
        tissue.read_courses(look.quantities)
    for name in moving:
        for kind in kinds_of(every, name):
            level = threshold_of(every, name, kind) if threshold is None else threshold
            found[name, kind] = {arm: front_of(one, name, kind, look, level) for arm, one in tissues.items()
                                 if name in one.quantities}
    return found


def space_of(tissue: Tissue, look: Look, fronts: Mapping[tuple[str, str], Front]) -> dict[str, Any]:
    """What ``summary.json`` says of an arm in space; docs/format.md has the keys."""
    found: dict[str, Any] = {"cells": dict(tissue.counts), "range": {}, "profiles_from": look.from_words}
    found["front"] = {f"{kind}.{name}": _front_record(one) for (name, kind), one in fronts.items()}
    for name in look.species:
        if name in tissue.species and tissue.field_times.size:
            around = range_around(tissue, name)
            found["range"][name] = {**_range_record(range_of(tissue, name, look)), "around": None if around is None
                                    else {"cells": around[0], **_range_record(around[1])}}
    found["journeys"] = {sender: {receiver: {"vesicles": one.vesicles, "mean_um": one.mean, "median_um": one.median,
                                             "most_um": one.most} for receiver, one in by.items()}
                         for sender, by in journeys_of(tissue).items()}
    found["run"] = dict(tissue.run)
    return found


def _front_record(one: Front) -> dict[str, Any]:
    return {"verdict": one.verdict, "axis": AXES[one.axis], "from": one.side, "threshold": _known(one.threshold),
            "speed_um_per_h": one.speed, "low": one.low, "high": one.high, "words": one.words,
            "course": [[time / HOUR, _known(place)] for time, place in zip(one.times, one.positions, strict=True)]}


def _range_record(one: Range) -> dict[str, Any]:
    return {"to_e_um": one.to_e, "to_tenth_um": one.to_tenth, "length_um": one.length, "low": one.low,
            "high": one.high}


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def with_space(summary: dict[str, Any], folder: Path | str) -> dict[str, Any]:
    """The summary with ``space`` in every arm that ran in space; unchanged where none did."""
    if not view.has_tissue(folder):
        return summary
    known = view.tissues_of(folder)
    tissues = {name: known[name] for name in summary.get("arms", {}) if name in known}
    if not tissues:
        return summary
    look = look_at(list(tissues.values()), choices.levels_in(summary))
    found = fronts_of(tissues, look)
    arms = {name: {**arm, "space": space_of(tissues[name], look, {what: by[name] for what, by in found.items()
                                                                  if name in by})} if name in tissues else arm
            for name, arm in summary.get("arms", {}).items()}
    return {**summary, "arms": arms}
