"""All pictures of what was asked for: maps of arms and times side by side, and charts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.tissue.outcome import Wanted
from vesica.analysis.tissue.slabs import Slab
from vesica.analysis.tissue.view import Tissue
from vesica.report.lab.page import LabFigure
from vesica.report.material import ArmStyle
from vesica.report.numbers import for_reading
from vesica.report.tissue import charts, maps
from vesica.report.tissue.canvas import PANEL, Picture
from vesica.report.tissue.maps import Map, Scale

Array = NDArray[np.float64]
SMALL: Final = 2.3  # inch, of one map among several
_TALLEST: Final = 4.5  # inch
_NARROWEST: Final = 1.8  # inch: room for the scale bar and the title


def pictures(wanted: Wanted, slab: Slab, *, png: bool = True) -> list[Picture]:
    """Maps by type, of every quantity and of every field; rows are arms, columns are times."""
    found = [by_type(wanted, slab, png=png)]
    found += [one for name in wanted.look.quantities if (one := by_quantity(wanted, name, slab, png=png))]
    return found + [one for name in wanted.look.species if (one := of_field(wanted, name, slab, png=png))]


def by_type(wanted: Wanted, slab: Slab, *, png: bool = True) -> Picture:
    """Cells by type, at the last time: one map for each arm, or one for all where they hold the same cells."""
    tissues = list(wanted.tissues.values())
    colours = maps.type_colours(tissues)
    alike = all(_same_cells(tissues[0], one) for one in tissues[1:])
    shown = dict(list(wanted.tissues.items())[:1]) if alike else wanted.tissues
    row = [maps.cells_by_type(one, wanted.cell_frames(one)[-1], slab,
                              "cell types" if alike else arm, colours) for arm, one in shown.items()]
    words = maps.type_words(tissues[0]) if alike else {name: name for name in colours}
    key = {words[name]: colour for name, colour in colours.items() if name in words}
    caption = f"Cells by type, {slab.words}. Discs have the radius of the cells."
    return maps.picture("types", "Cells by type", caption, _lines(row), key=key, png=png,
                        width=map_width(slab, PANEL if len(row) == 1 else SMALL))


def _same_cells(one: Tissue, other: Tissue) -> bool:
    return one.ids == other.ids and np.array_equal(one.positions(0), other.positions(0))


def _lines(row: Sequence[Map], most: int = 3) -> list[list[Map]]:
    """Maps in lines of at most ``most``."""
    return [list(row[start : start + most]) for start in range(0, len(row), most)]


def quantity_scale(wanted: Wanted, name: str) -> Scale | None:
    """One scale for all arms and times of a quantity; None where there is nothing to see."""
    having = [one for one in wanted.tissues.values() if name in one.quantities]
    if not having:
        return None
    factor, unit = for_reading(having[0].quantities[name].unit)
    values = [factor * one.values(name, frame) for one in having for frame in wanted.cell_frames(one)]
    if not any(np.isfinite(one).any() for one in values):
        return None
    return maps.scale_for(values, having[0].quantities[name].label, unit, for_cells=True,
                          is_share=any(name in one.states for one in having))


def field_scale(wanted: Wanted, name: str, slab: Slab) -> Scale | None:
    """One scale for what is shown of a field in all arms and times; None where there is none of it."""
    having = [one for one in wanted.tissues.values() if name in one.species and one.field_times.size]
    if not having:
        return None
    factor, unit = for_reading(having[0].species[name].unit)
    values = [factor * slab.image(one.density(name, frame), one.centres) for one in having
              for frame in wanted.field_frames(one)]
    if not any((one > 0.0).any() for one in values):
        return None
    return maps.scale_for(values, having[0].species[name].label, unit, for_cells=False)


def by_quantity(wanted: Wanted, name: str, slab: Slab, *, png: bool = True) -> Picture | None:
    """Cells in the colour of a quantity."""
    scale = quantity_scale(wanted, name)
    if scale is None:
        return None
    rows = [[maps.cells_by_value(one, name, frame, slab, scale, _title(wanted, arm, float(one.cell_times[frame])))
             for frame in wanted.cell_frames(one)] for arm, one in wanted.tissues.items() if name in one.quantities]
    caption = f"Cells by {scale.label}, {slab.words}.{scale.cut_words}"
    if any(maps.MISSING in one.colours for row in rows for one in row):
        caption += " Grey: types without it."
    return _arranged(f"cells-{safe(name)}", f"Cells by {scale.label}", caption, rows, scale, png=png)


def of_field(wanted: Wanted, name: str, slab: Slab, *, png: bool = True) -> Picture | None:
    """Slices of a field."""
    scale = field_scale(wanted, name, slab)
    if scale is None:
        return None
    rows = [[maps.slice_of(one, name, frame, slab, _title(wanted, arm, float(one.field_times[frame])))
             for frame in wanted.field_frames(one)] for arm, one in wanted.tissues.items()
            if name in one.species and one.field_times.size]
    caption = f"{scale.label} in the liquid, mean over {slab.words}."
    caption += (" By powers of ten." if scale.is_log else "") + scale.cut_words
    return _arranged(f"field-{safe(name)}", scale.label, caption, rows, scale, png=png)


def _title(wanted: Wanted, arm: str, seconds: float) -> str:
    when = maps.hours_words(seconds)
    return f"{arm}, {when}" if len(wanted.tissues) > 1 or arm else when


def _arranged(name: str, title: str, caption: str, rows: list[list[Map]], scale: Scale, *, png: bool) -> Picture:
    if max(map(len, rows)) == 1:
        rows = _lines([row[0] for row in rows])
    alone = len(rows) == 1 and len(rows[0]) == 1
    return maps.picture(name, title, caption, rows, scale=scale, png=png,
                        width=map_width(rows[0][0].slab, PANEL if alone else SMALL))


def map_width(slab: Slab, most: float) -> float:
    """Of one map, inch: narrow where it would be too tall for a screen."""
    return min(most, max(_TALLEST * slab.size[0] / slab.size[1], _NARROWEST))


def figures(wanted: Wanted, styles: dict[str, ArmStyle]) -> list[LabFigure]:
    """Fronts over time and profiles by distance, at the last time that was asked for."""
    found: list[LabFigure | None] = []
    for (name, kind), by in wanted.fronts.items():
        label = next((one.quantities[name].label for one in wanted.tissues.values() if name in one.quantities), name)
        found.append(charts.front_courses(by, styles, f"{label}, {kind}", f"front-{safe(kind)}-{safe(name)}"))
    at_cells = {arm: wanted.cell_frames(one)[-1] for arm, one in wanted.tissues.items() if one.cell_times.size}
    at_fields = {arm: wanted.field_frames(one)[-1] for arm, one in wanted.tissues.items() if one.field_times.size}
    found += [charts.cell_profiles(wanted.tissues, styles, (name, kind), wanted.look, at_cells,
                                   f"profile-{safe(kind)}-{safe(name)}")
              for name in wanted.look.quantities for kind in wanted.kinds[name] if kind != wanted.look.around]
    found += [charts.field_profiles(wanted.tissues, styles, name, wanted.look, at_fields,
                                    f"profile-field-{safe(name)}") for name in wanted.look.species]
    return [one for one in found if one is not None]


def safe(name: str) -> str:
    """A name that every file system takes, and that is an id of HTML."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "unnamed"
