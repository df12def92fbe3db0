"""Charts of a run in space: profiles by distance, and where fronts stand over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.analysis.tissue import account
from vesica.analysis.tissue.account import HOUR, Look
from vesica.analysis.tissue.fronts import Front
from vesica.analysis.tissue.profiles import Profile
from vesica.analysis.tissue.view import AXES, Tissue
from vesica.report.lab.charts import both, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Axis, Curve, Points
from vesica.report.material import ArmStyle
from vesica.report.numbers import for_reading, number

DECADES: Final = (1.5, 5.0)  # that a profile spans to be drawn by powers of ten, and how many are drawn


def field_profiles(tissues: Mapping[str, Tissue], styles: Mapping[str, ArmStyle], name: str, look: Look,
                   frames: Mapping[str, int], file: str) -> LabFigure | None:
    """A field over the distance, one line for each arm at its frame."""
    found, unit, label = {}, "", name
    for arm, frame in frames.items():
        if name in tissues[arm].species:
            one = tissues[arm].species[name]
            factor, unit = for_reading(one.unit)
            label, found[arm] = one.label, _scaled(account.field_profile(tissues[arm], name, frame, look), factor)
    return _profiles(found, styles, label, unit, look, file, "Mean over the voxels of a layer."
                     if not look.around else "Mean over the voxels at this distance.")


def cell_profiles(tissues: Mapping[str, Tissue], styles: Mapping[str, ArmStyle], what: tuple[str, str], look: Look,
                  frames: Mapping[str, int], file: str) -> LabFigure | None:
    """A quantity of cells of a type over the distance: a line for each arm, and a band that holds half of them."""
    name, kind = what
    found, unit, label = {}, "", name
    for arm, frame in frames.items():
        if name in tissues[arm].quantities:
            one = tissues[arm].quantities[name]
            factor, unit = for_reading(one.unit)
            label = f"{one.label}, {kind}"
            found[arm] = _scaled(account.cell_profile(tissues[arm], name, frame, look, kind), factor)
    return _profiles(found, styles, label, unit, look, file, "Mean of the cells in a bin; the band holds half of them.",
                     bands=True)


def named(styles: Mapping[str, ArmStyle], arm: str) -> str:
    """Name of an arm in the legend of a chart; nothing where its style has none, as there is a legend outside."""
    return arm if styles[arm].name else ""


def _scaled(found: Profile, factor: float) -> Profile:
    return Profile(found.distance, factor * found.mean, factor * found.low, factor * found.high, found.count)


def _profiles(found: Mapping[str, Profile], styles: Mapping[str, ArmStyle], label: str, unit: str, look: Look,
              file: str, caption: str, *, bands: bool = False) -> LabFigure | None:
    found = {arm: one for arm, one in found.items() if np.isfinite(one.mean).any()}
    if not found or not any(np.nanmax(np.abs(one.mean)) > 0.0 for one in found.values()):
        return None
    seen = np.concatenate([one.mean[np.isfinite(one.mean)] for one in found.values()])
    positive = seen[seen > 0.0]
    is_log = bool(not bands and seen.min() >= 0.0 and positive.size
                  and math.log10(positive.max() / np.median(positive)) >= DECADES[0])
    floor = positive.max() * 10.0 ** -DECADES[1] if is_log else -math.inf
    curves = [Curve(named(styles, arm), styles[arm], one.distance, np.where(one.mean >= floor, one.mean, np.nan),
                    one.low if bands else None, one.high if bands else None, styles[arm].dash)
              for arm, one in found.items()]
    across = Axis(f"distance from {look.from_words} (µm)")
    up = Axis(f"{label} ({unit})" if unit else label, is_log=is_log)
    draw = partial(_plane, f"{label} by distance", across, up, curves)
    return LabFigure(file, caption, *both(draw), title=f"{label} by distance")


def _plane(title: str, across: Axis, up: Axis, curves: Sequence[Curve], width: float) -> Markup:
    return plane(title, across, up, curves=curves, width=width)


def front_courses(fronts: Mapping[str, Front], styles: Mapping[str, ArmStyle], label: str, file: str,
                  ) -> LabFigure | None:
    """Where the front of a quantity stands over time, one colour for each arm, with the fitted line."""
    points, curves, said = [], [], []
    for arm, one in fronts.items():
        known = np.isfinite(one.positions)
        said.append(f"{arm}: {one.words}")
        if one.verdict == "none" or one.speed is None:
            continue
        hours, places = one.times[known] / HOUR, one.positions[known]
        points.append(Points(named(styles, arm), styles[arm], hours, places))
        begin = float(np.median(places - one.speed * hours))
        ends = np.array([hours[0], hours[-1]])
        curves.append(Curve("", styles[arm], ends, begin + one.speed * ends))
    if not points:
        return None
    sides = sorted({f"{AXES[one.axis]}.{one.side}" for one in fronts.values() if one.verdict != "none"})
    level = next(one.threshold for one in fronts.values() if one.verdict != "none")
    title = f"Front of {label}"
    caption = (f"Where the mean of {label} falls below {number(level)}, over time. Lines: the median slope of all "
               f"pairs of points. {' '.join(said)}")
    across, up = Axis("time (h)"), Axis(f"distance from {' or '.join(sides)} (µm)")

    def draw(width: float) -> Markup:
        return plane(title, across, up, curves=curves, points=points, width=width)

    return LabFigure(file, caption, *both(draw), title=title)
