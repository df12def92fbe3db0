"""Pictures of `vesica agree`: gaps to the mean field against 1/scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.analysis.agreement.outcome import Setting, worst_first
from vesica.analysis.agreement.verdict import Comparison
from vesica.report.lab.charts import both, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Axis, Curve, Mark, Points
from vesica.report.material import ArmStyle

SEEN: Final = ArmStyle("whole numbers", 1)
FITTED: Final = ArmStyle("b/scale + c/scale^2", 2)
SHOWN: Final = 4
_SPREAD: Final = 2.0  # standard errors of a whisker


def figures(setting: Setting, comparisons: Sequence[Comparison]) -> tuple[LabFigure, ...]:
    """The pools that disagree most, or else those whose gap at the smallest scale is clearest."""
    known = [one for one in comparisons if one.well_mixed[-1] != 0 and np.all(np.isfinite(one.means))]
    bad = worst_first([one for one in known if one.words == "disagrees"])
    clear = sorted((one for one in known if one.words != "disagrees"), key=_clearness, reverse=True)
    chosen: dict[str, Comparison] = {}
    for one in (*bad, *clear):
        chosen.setdefault(one.observable.pool, one)
    return tuple(_figure(setting, one, number) for number, one in enumerate(list(chosen.values())[:SHOWN], 1))


def _clearness(one: Comparison) -> float:
    return abs(float(one.gaps[0])) / max(float(one.errors[0]), 1e-6 * abs(float(one.well_mixed[0])), 1e-300)


def _figure(setting: Setting, one: Comparison, number: int) -> LabFigure:
    seen = one.observable
    title = f"{seen.pool} in {seen.arm} at {seen.time / 3600.0:g} h: {one.words}"
    caption = ("Mean of whole numbers less the mean field, in per cent of the mean field, against 1/scale: copy "
               "numbers are scaled at fixed concentrations. Whiskers: two standard errors. Line: the "
               f"{'value 0 of a linear chain' if seen.is_exact else 'fitted expansion, which has no constant term'}.")
    return LabFigure(f"gap_{number}", caption, *both(partial(_draw, setting, one, title)), title)


def _draw(setting: Setting, one: Comparison, title: str, width: float) -> Markup:
    percent = 100.0 / abs(float(one.well_mixed[-1]))
    inverse = 1.0 / np.array(setting.scales)[::-1]
    gaps, errors = percent * one.gaps[::-1], _SPREAD * percent * one.errors[::-1]
    line = np.geomspace(inverse[0], inverse[-1], 60)
    points = Points("whole numbers", SEEN, inverse, gaps, gaps - errors, gaps + errors)
    reach = max(1.2 * float(np.max(np.abs(gaps) + errors)), 1e-3)
    expected = percent * one.expected(1.0 / line)  # where the fit is bad it may lead far away
    fit = Curve("expected", FITTED, line, np.where(np.abs(expected) <= reach, expected, np.nan))
    return plane(title, Axis("1/scale", is_log=True), Axis("gap (% of the mean field)", span=(-reach, reach)),
                 curves=(fit,), points=(points,), levels=(Mark(0.0, "mean field"),), width=width)
