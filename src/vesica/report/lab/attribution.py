"""Pictures of `vesica attribute`: shares by player with their intervals, and the laboratory's controls as marks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.analysis.attribution.controls import Reading, percent_of
from vesica.analysis.attribution.outcome import Found, is_shared, shapley_of
from vesica.analysis.attribution.players import LABELS
from vesica.analysis.attribution.result import Attribution, relative
from vesica.analysis.attribution.rounds import Estimate
from vesica.report.lab.charts import bars as bar_chart
from vesica.report.lab.charts import both, intervals
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Row
from vesica.report.material import ArmStyle

REPORTED: Final = ArmStyle("what the control would report", 2)
OFF: Final = ArmStyle("what is lost when the channel is off", 1)
ORDERS: Final = ArmStyle("share over all orders", 3)


def figures(found: Sequence[Found]) -> tuple[LabFigure, ...]:
    """For each effect its shares, and the controls beside them."""
    drawn = []
    for place, one in enumerate(found, 1):
        if not is_shared(one.attribution):
            continue
        drawn.append(_shares(one.attribution, place))
        done = [reading for reading in one.readings if reading.reported is not None]
        if done:
            drawn.append(_controls(one.attribution, done, place))
    return tuple(drawn)


def _shares(one: Attribution, place: int) -> LabFigure:
    channels = list(one.groups("channel"))
    styles = {name: ArmStyle(LABELS.get(name, name), number) for number, name in enumerate(channels, 1)}
    rows = [_row(player.name, relative(one.of([i]), one.brought), styles[player.channel])
            for i, player in enumerate(one.players)]
    change = f"change of {one.effect.name}" if one.effect.is_change else one.effect.name
    title = f"{change} in {one.effect.arm} at {one.effect.time:g} h"
    how = ("Every coalition was run." if one.is_exact else
           f"Whiskers: 95 % intervals over {one.share.shape[0]} rounds of {2 * len(one.players)} orders.")
    caption = ("Share of what all players bring together, averaged over all orders in which they may come; the shares "
               f"add up to 100 %. {how} A number and a colour stand for a channel.")
    draw = partial(_bars, title, rows)
    return LabFigure(f"shares_{place}", caption, *both(draw), f"Who brings {one.effect.name}")


def _row(name: str, share: Estimate, style: ArmStyle) -> Row:
    value, low, high = (100.0 * float(part) for part in (share.value, share.low, share.high))
    is_known = np.isfinite([low, high]).all() and high > low
    return Row(name, value, low if is_known else None, high if is_known else None, style, note=percent_of(value / 100))


def _bars(title: str, rows: Sequence[Row], width: float) -> Markup:
    return bar_chart(title, "share of what is brought (%)", rows, width=width)


def _controls(one: Attribution, readings: Sequence[Reading], place: int) -> LabFigure:
    groups = []
    for reading in readings:
        rows = [_point(REPORTED, reading.reported), _point(OFF, reading.true)]
        share = shapley_of(one, reading)
        if share is not None:
            rows.append(_row(ORDERS.name, share, ORDERS))
        groups.append((f"{reading.control.name}, for {reading.control.measures}", rows))
    caption = ("What each control would report for the channel that it is taken to measure, beside what is lost when "
               "that channel alone is off, and its share over all orders. Where the first two differ, the control "
               "leaves some of the channel, or does something besides; where the last two differ, channels depend on "
               "each other.")
    draw = partial(_intervals, f"Controls and {one.effect.name}", groups)
    return LabFigure(f"controls_{place}", caption, *both(draw), "What the laboratory's controls would report")


def _point(style: ArmStyle, value: float | None) -> Row:
    share = 100.0 * (value or 0.0)
    return Row(style.name, share, style=style, note=percent_of(value or 0.0))


def _intervals(title: str, groups: Sequence[tuple[str, Sequence[Row]]], width: float) -> Markup:
    return intervals(title, "share of what is brought (%)", groups, is_log=False, width=width)
