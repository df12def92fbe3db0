"""What `vesica maps` hands on: sentences, tables and plain data of a run in space."""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.numbers import counted, number
from vesica.analysis.tissue import account, view
from vesica.analysis.tissue.account import HOUR, Look
from vesica.analysis.tissue.fronts import Front
from vesica.analysis.tissue.profiles import Profile
from vesica.analysis.tissue.view import AXES, Tissue
from vesica.errors import Finding

KIND: Final = "maps"


@dataclass(frozen=True, eq=False)
class Wanted:
    """Arms, times (s; empty for the last one) and what is looked at.

    ``fields`` and ``cells`` are the times at which each arm has fields and cells next to those that were asked for.
    """

    tissues: Mapping[str, Tissue]
    look: Look
    times: tuple[float, ...] = ()
    threshold: float | None = None

    def cell_frames(self, tissue: Tissue) -> list[int]:
        """Indices of the times of cells."""
        return _frames(tissue.cell_times.tolist(), self.times)

    def field_frames(self, tissue: Tissue) -> list[int]:
        """Indices of the times of fields; none where an arm stored none."""
        return _frames(tissue.field_times.tolist(), self.times)

    @functools.cached_property
    def fronts(self) -> dict[tuple[str, str], dict[str, Front]]:
        """(quantity, cell type) -> arm -> front, against one threshold for all arms."""
        return account.fronts_of(self.tissues, self.look, self.threshold)

    @functools.cached_property
    def kinds(self) -> dict[str, list[str]]:
        """Cell types of which each quantity is shown."""
        return {name: account.kinds_of(list(self.tissues.values()), name) for name in self.look.quantities}


def _frames(times: list[float], wanted: tuple[float, ...]) -> list[int]:
    if not times:
        return []
    return list(dict.fromkeys(view.frame_at(np.array(times), one) for one in (wanted or (None,))))


def outcome(wanted: Wanted, title: str, findings: tuple[Finding, ...] = ()) -> LabOutcome:
    """Everything but the pictures."""
    fronts = wanted.fronts
    flat = [(arm, kind, name, one) for (name, kind), by in fronts.items() for arm, one in by.items()]
    tables = [table for table in (_fronts(flat), _courses(flat), _ranges(wanted), _profiles(wanted),
                                  _journeys(wanted)) if table.rows]
    summary = {"arms": {arm: _record(wanted, arm) for arm in wanted.tissues},
               "quantities": list(wanted.look.quantities), "fields": list(wanted.look.species),
               "profiles_from": wanted.look.from_words}
    return LabOutcome(KIND, title, tuple(_headline(wanted, flat)), tuple(tables), summary, findings)


def _headline(wanted: Wanted, fronts: Sequence[tuple[str, str, str, Front]]) -> list[str]:
    """What there is, and where something moves; arms that are alike share a sentence."""
    held: dict[str, list[str]] = {}
    for arm, tissue in wanted.tissues.items():
        said = ", ".join(f"{kind}: {count:,}" for kind, count in tissue.counts.items())
        held.setdefault(f"{counted(tissue.types.size, 'cell')} ({said}); stored up to "
                        f"{number(float(tissue.cell_times[-1]) / HOUR)} h.", []).append(arm)
    lines = [f"{', '.join(arms)}: {words}" for words, arms in held.items()]
    said_of: dict[tuple[str, str], list[str]] = {}
    for arm, kind, name, one in fronts:
        said_of.setdefault((f"{name} of {kind}", one.words), []).append(arm)
    return lines + [f"{name} in {', '.join(arms)}: {words}" for (name, words), arms in said_of.items()]


def _record(wanted: Wanted, arm: str) -> dict[str, object]:
    own = {what: by[arm] for what, by in wanted.fronts.items() if arm in by}
    return account.space_of(wanted.tissues[arm], wanted.look, own)


def _fronts(fronts: Sequence[tuple[str, str, str, Front]]) -> Table:
    fields = (Field("arm"), Field("cells"), Field("quantity"), Field("verdict"), Field("axis"), Field("from"),
              Field("threshold"), Field("speed", "um/h", "median of the slopes of all pairs of times"),
              Field("low", "um/h"), Field("high", "um/h", "95 % interval"))
    rows = [(arm, kind, name, one.verdict, AXES[one.axis], one.side, _finite(one.threshold), one.speed, one.low,
             one.high) for arm, kind, name, one in fronts]
    return Table("fronts", "Fronts", fields, tuple(rows))


def _courses(fronts: Sequence[tuple[str, str, str, Front]]) -> Table:
    fields = (Field("arm"), Field("cells"), Field("quantity"), Field("time", "h"),
              Field("position", "um", "from where it begins"))
    rows = [(arm, kind, name, float(time) / HOUR, _finite(place)) for arm, kind, name, one in fronts
            if one.verdict != "none" for time, place in zip(one.times, one.positions, strict=True)]
    return Table("front_positions", "Where the fronts stand", fields, tuple(rows))


def _ranges(wanted: Wanted) -> Table:
    fields = (Field("arm"), Field("field"), Field("from"), Field("to_1_e", "um", "read off"),
              Field("to_10_percent", "um", "read off"), Field("decay_length", "um", "fitted"), Field("low", "um"),
              Field("high", "um", "95 % interval"))
    rows = []
    for arm, tissue in wanted.tissues.items():
        for name in wanted.look.species:
            if name not in tissue.species or not tissue.field_times.size:
                continue
            one = account.range_of(tissue, name, wanted.look)
            rows.append((arm, name, wanted.look.from_words, one.to_e, one.to_tenth, one.length, one.low, one.high))
            near = account.range_around(tissue, name)
            if near is not None:
                kind, one = near
                rows.append((arm, name, f"the nearest {kind}", one.to_e, one.to_tenth, one.length, one.low, one.high))
    return Table("ranges", "Range of influence at the last stored time", fields, tuple(rows))


def _profiles(wanted: Wanted) -> Table:
    fields = (Field("arm"), Field("what"), Field("cells"), Field("time", "h"), Field("unit"), Field("distance", "um"),
              Field("mean"), Field("low", "", "first quartile"), Field("high", "", "third quartile"), Field("count"))
    rows: list[tuple[str | float | int | None, ...]] = []

    def add(arm: str, what: str, kind: str, time: float, unit: str, found: Profile) -> None:
        for at, mean, low, high, count in zip(found.distance, found.mean, found.low, found.high, found.count,
                                              strict=True):
            if math.isfinite(mean):
                rows.append((arm, what, kind, time / HOUR, unit, float(at), float(mean), float(low), float(high),
                             int(count)))

    for arm, tissue in wanted.tissues.items():
        for frame in wanted.cell_frames(tissue):
            for name in (one for one in wanted.look.quantities if one in tissue.quantities):
                for kind in kinds_with(tissue, name, frame):
                    add(arm, name, kind, float(tissue.cell_times[frame]), tissue.quantities[name].unit,
                        account.cell_profile(tissue, name, frame, wanted.look, kind))
        for frame in wanted.field_frames(tissue):
            for name in (one for one in wanted.look.species if one in tissue.species):
                add(arm, name, "", float(tissue.field_times[frame]), tissue.species[name].unit,
                    account.field_profile(tissue, name, frame, wanted.look))
    return Table("profiles", f"Profiles by distance from {wanted.look.from_words}", fields, tuple(rows))


def kinds_with(tissue: Tissue, name: str, frame: int) -> list[str]:
    """Cell types that have a quantity."""
    held = np.isfinite(tissue.values(name, frame))
    return [kind for kind in tissue.counts if held[tissue.types == kind].any()]


def _journeys(wanted: Wanted) -> Table:
    fields = (Field("arm"), Field("sender"), Field("receiver"), Field("vesicles"),
              Field("mean_distance", "um", "straight, centre to centre"), Field("median_distance", "um"),
              Field("distance_90", "um", "90 % come no further"))
    rows = [(arm, sender, receiver, one.vesicles, one.mean, one.median, one.most)
            for arm, tissue in wanted.tissues.items() for sender, by in account.journeys_of(tissue).items()
            for receiver, one in by.items()]
    return Table("journeys", "Who sent to whom, and how far", fields, tuple(rows))


def cells_csv(wanted: Wanted) -> bytes:
    """Every cell at every time that was asked for, with what is looked at; an empty cell is a type without it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(wanted.look.quantities)
    units = {name: one.unit for tissue in wanted.tissues.values() for name, one in tissue.quantities.items()}
    heads = [f"{name} ({units[name]})" if units.get(name) else name for name in names]
    writer.writerow(["arm", "time (h)", "id", "type", "x (um)", "y (um)", "z (um)", "radius (um)", *heads])
    for arm, tissue in wanted.tissues.items():
        for frame in wanted.cell_frames(tissue):
            places = tissue.positions(frame)
            columns = [tissue.values(name, frame) if name in tissue.quantities else np.full(len(places), np.nan)
                       for name in names]
            hour = f"{float(tissue.cell_times[frame]) / HOUR:.6g}"
            for cell, (one, kind) in enumerate(zip(tissue.ids, tissue.types, strict=True)):
                writer.writerow([arm, hour, one, kind, *(f"{x:.6g}" for x in (*places[cell], tissue.radius[cell])),
                                 *(f"{v:.6g}" if math.isfinite(v) else "" for v in (col[cell] for col in columns))])
    return text.getvalue().encode()


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
