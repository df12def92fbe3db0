"""The picture of `vesica plate`: standards, their curve with its band, and the samples on it."""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import numpy as np

from vesica.analysis.plates.study import IN_RANGE, Plate
from vesica.instruments.four_parameter import gradient
from vesica.report.lab.charts import both, dose_response
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Curve, Mark, Points
from vesica.report.material import ArmStyle
from vesica.report.numbers import number

STANDARDS: Final = ArmStyle("standards", 2)
SAMPLES: Final = ArmStyle("samples", 3)
_REACH: Final = 1.96  # standard errors of the band


def figures(plate: Plate) -> tuple[LabFigure, ...]:
    """The standard curve."""
    curve = plate.curve
    levels = [level for level in curve.levels if level.concentration > 0]
    x = np.concatenate([np.full(len(level.signals), level.concentration) for level in levels])
    y = np.concatenate([level.signals for level in levels])
    grid = np.geomspace(x.min() / 1.5, x.max() * 1.5, 120)
    line = curve.curve.signal(grid)
    slopes = gradient(grid, *curve.curve.values)
    reach = _REACH * np.sqrt(np.einsum("ij,jk,ik->i", slopes, curve.covariance, slopes))
    read = [one for sample in plate.samples for one in sample.dilutions if one.flag == IN_RANGE]
    points = [Points("standards", STANDARDS, x, y)]
    if read:
        at = np.array([one.in_well for one in read])
        points.append(Points("samples, at their dilution", SAMPLES, at, np.array([one.mean for one in read]),
                             hollow=True))
    marks = [Mark(curve.lower, f"from {number(curve.lower)}"), Mark(curve.upper, f"to {number(curve.upper)}")]
    if math.isfinite(curve.lod) and curve.lod > grid[0]:
        marks.append(Mark(curve.lod, f"LOD {number(curve.lod)}"))
    signal = f"signal ({plate.reading.unit})" if plate.reading.unit else "signal"
    draw = partial(dose_response, "Standard curve", f"concentration in the well ({plate.unit})", signal, points=points,
                   curves=[Curve("4PL curve", STANDARDS, grid, line, line - reach, line + reach)], marks=marks)
    wide, narrow = both(lambda width: draw(width=width))
    return (LabFigure("curve", "Wells of the standards, the fitted curve with its 95 % band, and samples read off it. "
                               "Results are given between the dashed lines, and nowhere else.", wide, narrow,
                      "Standard curve"),)
