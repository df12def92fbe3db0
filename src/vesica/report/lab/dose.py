"""Pictures of `vesica dose`: copies over time, copies over dose, and what decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from vesica.analysis.dose.inputs import Case
from vesica.analysis.dose.study import Draws, Influence, answer, courses, middle
from vesica.report.lab.charts import both, intervals, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Axis, Curve, Mark, Row
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number

NEED: Final = ArmStyle("needed", 3)
SUPPLY: Final = ArmStyle("supplied", 2)
_BAND: Final = (5.0, 50.0, 95.0)
_HOUR: Final = 3600.0
_FLOOR: Final = 1e-9  # of the need: what is less is drawn as this


def figures(one: Case, draws: Draws, ranked: Sequence[Influence]) -> tuple[LabFigure, ...]:
    """The pictures of a study of dose: over time, over dose, and what decides where anything has a range."""
    moving = [item for item in ranked if item.at_low != item.at_high]
    return (_over_time(one, draws), _over_dose(one, draws), *([_swing(moving)] if moving else []))


def _need(x: Array, draws: Draws, value: float) -> Curve:
    low, _, high = np.percentile(draws.course("needed_copies"), _BAND)
    full = np.full_like(x, value)
    return Curve("needed", NEED, x, full, np.full_like(x, low), np.full_like(x, high))


def _over_time(one: Case, draws: Draws) -> LabFigure:
    times = np.geomspace(min(0.5 * _HOUR, one.time / 10.0), max(4.0 * one.time, 96 * _HOUR), 32)
    low, _, high = np.percentile(courses(one, draws, times), _BAND, axis=0)
    fixed = middle(one)
    course = np.array([answer(one, fixed, float(time)).copies for time in times])
    hours, needed = times / _HOUR, answer(one, fixed).needed_copies
    floor = needed * _FLOOR
    supplied = Curve("supplied", SUPPLY, hours, np.where(course < floor, np.nan, course),
                     *(np.maximum(edge, floor) for edge in (low, high)))
    curves = (_need(hours, draws, needed), supplied)
    marks = (Mark(one.time / _HOUR, f"asked: {one.time / _HOUR:g} h"),)
    wide, narrow = both(partial(_plane, "Copies over time", "time (h)", curves, marks))
    return LabFigure("supply", "Copies in the cytosol of one recipient (mean over recipients) that the supply reaches, "
                               "beside those an effect needs. Lines: every input at its value; bands: 5th to 95th "
                               "percentile of the draws.", wide, narrow, "Supply and need over time")


def _over_dose(one: Case, draws: Draws) -> LabFigure:
    per_ev = np.array([value["copies_per_ev"] * value["escape"] for value in draws.values])
    fixed, best = middle(one), answer(one, middle(one))
    doses = np.geomspace(1.0, 10.0 ** np.ceil(np.log10(3.0 * np.percentile(draws.course("bolus"), 95.0))), 40)
    low, _, high = np.percentile(np.outer(per_ev, doses), _BAND, axis=0)
    own = fixed["copies_per_ev"] * fixed["escape"] * doses
    curves = (_need(doses, draws, best.needed_copies), Curve("delivered", SUPPLY, doses, own, low, high))
    taken = best.supplied * one.time
    marks = [Mark(best.bolus, f"needed: {number(best.bolus)}")]
    if taken > _FLOOR * best.bolus:
        marks.append(Mark(taken, f"taken up in {one.time / _HOUR:g} h: {number(taken)}"))
    wide, narrow = both(partial(_plane, "Copies over dose", "EVs taken up at once (EV per cell)", curves, marks,
                                is_log=True))
    return LabFigure("bolus", "Copies delivered by EVs taken up at once, before any decay, beside those an effect "
                              "needs; bands as above.", wide, narrow, "Dose taken up at once")


def _plane(title: str, label: str, curves: Sequence[Curve], marks: Sequence[Mark], width: float, *,
           is_log: bool = False) -> object:
    return plane(title, Axis(label, is_log=is_log), Axis("copies per cell", is_log=True), curves=curves, marks=marks,
                 width=width)


def _swing(ranked: Sequence[Influence]) -> LabFigure:
    rows = [
        Row(item.input.kind.words, float(np.sqrt(low * high)), low, high,
            note=f"ρ {item.correlation:+.2f}" + ("" if item.is_heard else " (noise)"))
        for item in ranked
        for low, high in [sorted(max(end, _FLOOR) for end in (item.at_low, item.at_high))]
    ]
    draw = partial(intervals, "What decides", "copies reached over copies needed", [("", rows)],
                   marks=[Mark(1.0, "enough")], is_log=True)
    wide, narrow = both(lambda width: draw(width=width))
    return LabFigure("swing", "Copies reached over copies needed when one input moves from one end of its range to the "
                              "other and all others stay at their values. ρ: Spearman's correlation of the input and "
                              "this ratio when all inputs are drawn together.", wide, narrow, "What decides")
