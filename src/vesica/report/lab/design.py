"""Pictures of `vesica design`: power by replicates, what the hypotheses predict, and the plates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.analysis.design.answer import Answer, hours, words_of
from vesica.analysis.design.fold import FoldStudy
from vesica.analysis.design.outcome import analysis
from vesica.analysis.design.plate import FORMATS, Well
from vesica.analysis.design.power import interval
from vesica.analysis.design.search import Design
from vesica.report import blocks, svg
from vesica.report.lab.charts import both, intervals, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Axis, Curve, Mark, Row
from vesica.report.material import ArmStyle

CURVES: Final = 4
PREDICTED: Final = 6
_LINE: Final = 16.0


def figures(answer: Answer) -> tuple[LabFigure, ...]:
    """Plates first: they are what one takes to the bench."""
    plates = [_plate_figure(answer, plate) for plate in range(1, answer.plan.plates + 1)]
    return (*plates, _power_figure(answer), _predictions_figure(answer))


def sections(answer: Answer) -> tuple[blocks.Section, ...]:
    """How to analyse the experiment."""
    steps = tuple(blocks.Cell(step) for step in analysis(answer))
    return (blocks.Section("analysis", "Analysis", "As it was simulated.", (blocks.Items(steps),)),)


def _power_figure(answer: Answer) -> LabFigure:
    title = "Power by replicates"
    caption = (
        "Chance that the wrong hypothesis is refuted, against replicates of each kind of well, for the designs as "
        "numbered in the table. "
        "Bands: 95 % of the simulation. Dashed: the power asked for."
    )
    shown = answer.designs[:CURVES]
    names = [f"design {place}" for place in range(1, len(shown) + 1)]
    return LabFigure("power", caption, *both(partial(_power, answer, shown, names, title)), title)


def _power(answer: Answer, shown: Sequence[Design], names: Sequence[str], title: str, width: float) -> Markup:
    replicates = np.arange(2.0, answer.question.most + 1)
    curves = []
    for place, (one, name) in enumerate(zip(shown, names, strict=True), 1):
        low, high = np.array([interval(float(power), one.simulations) for power in one.power]).T
        curves.append(Curve(name, ArmStyle(name, place + 1), replicates, 100 * one.power, 100 * low, 100 * high))
    return plane(
        title,
        Axis("replicates of each kind of well"),
        Axis("power (%)", span=(0.0, 100.0)),
        curves=curves,
        levels=(Mark(100 * answer.question.power, "asked for"),),
        width=width,
    )


def _predictions_figure(answer: Answer) -> LabFigure:
    first, second = answer.question.names
    title = "What the hypotheses predict"
    caption = (
        "Fold change against the control as the assay reads it (of shares of cells: of their odds). Whiskers: 95 % of "
        f"single replicates under `{first}` and `{second}`, cultures and assay together."
    )
    return LabFigure("predictions", caption, *both(partial(_predictions, answer, title)), title)


def _predictions(answer: Answer, title: str, width: float) -> Markup:
    contrasts = list(dict.fromkeys(one for design in answer.designs for one in design.contrasts))[:PREDICTED]
    groups = []
    for contrast in contrasts:
        rows = []
        for h, name in enumerate(answer.question.names):
            middle = answer.bench.expected(h, contrast)
            noise = answer.bench.readings(h, contrast.looks[0]) - answer.bench.readings(h, contrast.looks[1])
            low, high = np.quantile(noise, (0.025, 0.975)) + middle
            rows.append(Row(name, math.exp(middle), math.exp(low), math.exp(high), ArmStyle(name, h + 1)))
        groups.append((words_of(contrast), rows))
    return intervals(title, "fold change", groups, marks=(Mark(1.0, "no effect"),), is_log=True, width=width)


def _plate_figure(answer: Answer, plate: int) -> LabFigure:
    title = f"Plate {plate} of {answer.plan.plates}"
    caption = (
        "Colour and number: kind of well, as in the key; small: replicate. One block of columns holds each kind once, "
        "in random order. Empty circles stay empty"
        + (" (or hold medium, against drying)." if answer.plan.is_edge_free else ".")
    )
    return LabFigure(f"plate_{plate}", caption, *both(partial(_plate, answer, plate, title)), title)


def _plate(answer: Answer, plate: int, title: str, width: float) -> Markup:
    rows, columns = FORMATS[answer.plan.format]
    left = 18.0
    step = min((width - left - 4.0) / columns, 62.0)
    wells = {(well.row, well.column): well for well in answer.plan.wells if well.plate == plate}
    parts = [
        svg.text(left + step * (column + 0.5), 12.0, column + 1, class_="tick", text_anchor="middle")
        for column in range(columns)
    ]
    top = 18.0
    for row in range(rows):
        y = top + step * (row + 0.5)
        parts.append(svg.text(0.0, y + 4, chr(ord("A") + row), class_="tick"))
        parts += [
            _well(answer, wells.get((row, column)), left + step * (column + 0.5), y, step)
            for column in range(columns)
        ]
    y = top + step * rows + 20.0
    for kind, number in answer.styles.items():
        style = ArmStyle(kind[0], number + 1)
        said = f"{number}  {kind[0]}" + (
            f", harvested at {hours(kind[1])}" if math.isfinite(kind[1]) else ", medium only"
        )
        parts.append(svg.tag("circle", cx=left + 5, cy=y - 4, r=5.5, class_=_css(style)))
        parts.append(svg.text(left + 18, y, svg.shorten(said, width - left - 20, 11.5), class_="name"))
        y += _LINE
    words = "; ".join(f"{well.name}: {well.kind[0]}, replicate {well.replicate}" for well in wells.values())
    return svg.picture(width, y, title, f"{title}. {words}.", *parts)


def _css(style: ArmStyle) -> str:
    return f"dot {'hollow ' if style.turn else ''}{style.css}"


def _well(answer: Answer, well: Well | None, x: float, y: float, step: float) -> Markup:
    radius = 0.43 * step
    if well is None:
        return svg.tag("circle", cx=x, cy=y, r=radius, class_="empty-well")
    number = answer.styles[well.kind]
    style = ArmStyle(well.kind[0], number + 1)
    hover = svg.tag("title", f"{well.name}: {well.kind[0]}, replicate {well.replicate}")
    out = svg.tag("circle", hover, cx=x, cy=y, r=radius, class_=_css(style))
    inside = "well-number" + (" on-paper" if style.turn else "")
    out += svg.text(x, y + 3.5, number, class_=inside, text_anchor="middle")
    if step > 30:
        out += svg.text(x, y + 0.32 * step, well.replicate, class_=f"{inside} small", text_anchor="middle")
    return out


def fold_figures(found: FoldStudy) -> tuple[LabFigure, ...]:
    """Power by replicates, one curve for each scatter."""
    title = f"Power to show a {found.fold:g}-fold change"
    caption = f"Welch's test of logarithms at an error of {100 * found.error:g} %, exact for log-normal scatter."

    def draw(width: float) -> Markup:
        replicates = np.arange(2.0, found.most + 1)
        curves = [
            Curve(
                f"{name}: {100 * cv:.3g} %", ArmStyle(name, place + 2), replicates, 100 * np.array(found.powers[name])
            )
            for place, (name, cv) in enumerate(found.variations.items())
        ]
        return plane(
            title,
            Axis("replicates of each group"),
            Axis("power (%)", span=(0.0, 100.0)),
            curves=curves,
            levels=(Mark(100 * found.power, "asked for"),),
            width=width,
        )

    return (LabFigure("power", caption, *both(draw), title),)
