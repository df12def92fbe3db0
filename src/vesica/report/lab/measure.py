"""Pictures of `vesica measure` and `vesica events`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from vesica.analysis.events.study import Recording
from vesica.analysis.measure.types import Reading
from vesica.report.lab.charts import Axis, Curve, Mark, Points, both, intervals, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Row
from vesica.report.material import ArmStyle

CELLS_SHOWN: Final = 4
POINTS_SHOWN: Final = 1200  # of a trace: beyond it, every n-th frame is drawn
Z95: Final = 1.959963984540054


def read_against_expected(readings: Sequence[Reading]) -> tuple[LabFigure, ...]:
    """One picture: each reading over what the instrument shows on average, with its 95 % interval."""
    groups = []
    for number, name in enumerate(dict.fromkeys(one.instrument for one in readings), start=1):
        rows = [
            row for one in readings if one.instrument == name if (row := _row(one, ArmStyle(name, number)))
        ]
        if rows:
            groups.append((name, rows))
    if not groups:
        return ()
    caption = (
        "Each reading divided by what the instrument shows on average of what is there: 1 is an instrument "
        "without error. Whiskers are 1.96 standard errors, as the instrument's own data say; readings "
        "below or above what it can see are left out."
    )
    wide, narrow = both(
        lambda width: intervals(
            "Readings over what is expected",
            "read / expected",
            groups,
            marks=[Mark(1.0, "expected")],
            is_log=False,
            width=width,
        )
    )
    return (LabFigure("readings", caption, wide, narrow, "Readings over what is expected"),)


def _row(reading: Reading, style: ArmStyle) -> Row | None:
    if reading.read is None or not reading.expected:
        return None
    ratio, error = reading.read / reading.expected, (reading.error or 0.0) / reading.expected
    label = f"{reading.quantity}, {reading.sample} r{reading.replicate}"
    return Row(label, ratio, max(ratio - Z95 * error, 0.0), ratio + Z95 * error, style)


def traces_with_events(recording: Recording) -> tuple[LabFigure, ...]:
    """The traces of the cells with most events, with the events that were found."""
    figures = []
    traces = recording.traces
    step = max(1, math.ceil(traces.time.size / POINTS_SHOWN))
    most = sorted(range(len(traces.cells)), key=lambda cell: -recording.found[cell].time.size)[:CELLS_SHOWN]
    for number in most:
        name, one, found = traces.cells[number], traces.fluorescence[number], recording.found[number]
        curve = Curve(name, ArmStyle(name, 1), traces.time[::step] / 60, one[::step])
        time = float(traces.time[0]) + found.time
        height = np.interp(time, traces.time, one)
        points = [Points("events", ArmStyle("events", 2), time / 60, height)] if found.time.size else []
        label = f"fluorescence ({traces.unit})" if traces.unit else "fluorescence"
        wide, narrow = both(
            lambda width, c=curve, p=points, n=name, y=label: plane(
                n, Axis("time (min)"), Axis(y), curves=[c], points=p, width=width
            )
        )
        caption = f"{name}, events found: {found.time.size}. Dots stand where the fitted jumps begin."
        figures.append(LabFigure(f"trace_{number + 1}", caption, wide, narrow, name))
    return tuple(figures)
