"""Pictures of `vesica cargo score`, and the further files of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from vesica.analysis.cargo import anndata_io
from vesica.analysis.cargo.change import Change
from vesica.analysis.cargo.inputs import CELLS, EVS
from vesica.analysis.cargo.loading import Loading
from vesica.analysis.cargo.score import Score
from vesica.errors import InputError
from vesica.readers.records import FloatArray
from vesica.report import svg
from vesica.report.charts import PANEL_WIDTH, WIDE
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Points, axis_scale, legend, point_dots
from vesica.report.material import ArmStyle

_SURE, _UNSURE, _FLAGGED = "sure", "not sure", "on a list of artefacts or other origins"
_KINDS: Final = {_UNSURE: (1, True), _SURE: (1, False), _FLAGGED: (2, False)}
_NAMED: Final = 8  # points with their names
_LIFTS: Final = (0.0, -11.0, 11.0, -17.0, 17.0)  # px that a name may stand off its point
LEVEL: Final = 0.05
_STEEPEST: Final = 20.0  # of -log10 p: beyond, one row would flatten all others


def figures(score: Score) -> list[LabFigure]:
    """Loading over abundance for each group, changes of cells and EVs, and repression."""
    found = [_loading(score, one) for one in score.loadings]
    found += [_volcano(score, one) for one in score.changes if np.isfinite(one.p).any()]
    if score.tests:
        found.append(_repression(score))
    return found


def files(score: Score) -> dict[str, bytes]:
    """`cargo.h5ad`; left out where anndata is not installed."""
    try:
        content = anndata_io.write_h5ad(
            {
                CELLS: (score.cells, score.depth[CELLS], score.paired.cells),
                EVS: (score.evs, score.depth[EVS], score.paired.evs),
            },
            score.loadings,
            score.flagged,
            {"kind": "cargo", "given": score.given, "least_mean_reads": score.least_mean},
        )
    except InputError:
        return {}  # a note of `score_findings` says so
    return {"cargo.h5ad": content}


def _loading(score: Score, one: Loading) -> LabFigure:
    rows = np.flatnonzero(one.is_counted)
    x = (one.cells.log_rate[rows] + one.evs.log_rate[rows]) / (2.0 * np.log(10.0))
    y, low, high = one.shrunk[rows], one.low[rows], one.high[rows]
    names = [score.cells.ids[row] for row in rows]
    kinds = [
        _FLAGGED if name in score.flagged else _SURE if s < LEVEL else _UNSURE
        for name, s in zip(names, one.s_value[rows], strict=True)
    ]
    order = np.argsort(-np.minimum(np.abs(low), np.abs(high)) * (np.sign(low) == np.sign(high)))[:_NAMED]
    heads = (
        "mean rate in cells and EVs (log10 reads per million)",
        "log2 EV over cell, relative to the median row",
    )
    title = f"Loading of EVs: {one.group}"
    wide, narrow = (
        _scatter(x, y, names, kinds, order.tolist(), heads, title, width, bars=(low, high))
        for width in (WIDE, PANEL_WIDTH)
    )
    caption = (
        f"Each point is a row counted in cells and EVs of {one.group}: its shrunk log2 loading with the 95 % interval, "
        "over its mean rate. Zero is the median row. Sure: s-value below 0.05."
    )
    return LabFigure(f"loading_{_word(one.group)}", caption, wide, narrow, title)


def _volcano(score: Score, one: Change) -> LabFigure:
    rows = np.flatnonzero(np.isfinite(one.p) & np.isfinite(one.log2_fold_change))
    x, y = one.log2_fold_change[rows], np.minimum(-np.log10(np.maximum(one.p[rows], 1e-300)), _STEEPEST)
    names = [one.ids[row] for row in rows]
    kinds = [
        _FLAGGED if name in score.flagged else _SURE if q < LEVEL else _UNSURE
        for name, q in zip(names, one.fdr[rows], strict=True)
    ]
    # by p where the picture can tell them apart, then by the change
    strongest = np.lexsort((-np.abs(x), -y))[:_NAMED].tolist()
    title = f"Change of {one.compartment}: {one.group} against {one.against}"
    top = f" ({_STEEPEST:g}: that or more)" if y.max() == _STEEPEST else ""
    heads = ("log2 fold change", f"-log10 p{top}")
    wide, narrow = (
        _scatter(x, y, names, kinds, strongest, heads, title, width) for width in (WIDE, PANEL_WIDTH)
    )
    caption = f"{one.group} against {one.against} in {one.compartment} ({one.method}). Sure: FDR below 0.05."
    return LabFigure(f"change_{_word(one.compartment)}_{_word(one.group)}", caption, wide, narrow, title)


def _repression(score: Score) -> LabFigure:
    tests = score.tests
    x, y = np.array([one.lower for one in tests]), -np.log10(np.maximum([one.p for one in tests], 1e-300))
    names = [one.mirna if len(score.responders) == 1 else f"{one.mirna}, {one.receiver}" for one in tests]
    kinds = [
        _FLAGGED if one.mirna in score.flagged else _SURE if one.fdr < LEVEL else _UNSURE for one in tests
    ]
    title = "Are targets lower than other genes?"
    heads = ("probability that a target changed less than another gene", "-log10 p, one-sided")
    wide, narrow = (
        _scatter(x, y, names, kinds, np.argsort(-y)[:_NAMED].tolist(), heads, title, width)
        for width in (WIDE, PANEL_WIDTH)
    )
    caption = (
        "Each point is a miRNA of the EVs and a receiver. Right of 0.5 its targets are lower than other genes. "
        "Sure: FDR below 0.05."
    )
    return LabFigure("repression", caption, wide, narrow, title)


def _scatter(
    x: FloatArray,
    y: FloatArray,
    names: Sequence[str],
    kinds: Sequence[str],
    named: Sequence[int],
    heads: tuple[str, str],
    title: str,
    width: float,
    bars: tuple[FloatArray, FloatArray] | None = None,
) -> Markup:
    """Points over two linear axes; ``bars`` are the ends of vertical intervals, ``named`` the points with names."""
    series = []
    for words, (number, hollow) in _KINDS.items():
        here = np.array([kind == words for kind in kinds], dtype=bool)
        ends = (None, None) if bars is None else (bars[0][here], bars[1][here])
        if here.any():
            series.append(
                Points(words, ArmStyle(words, number), x[here], y[here], *ends, hollow=hollow, radius=3.0)
            )
    keys, top = legend(series, width)
    low, high = (y, y) if bars is None else bars
    plot, bottom = top + 30.0, top + 30.0 + (290.0 if width >= WIDE else 220.0)
    up = svg.linear_scale(float(low.min()), float(high.max()), bottom, plot, 5)
    left = svg.left_margin(up)
    steps = 6 if width >= WIDE else 4
    along = _axis(x, left + 6.0, width - 20.0, steps)
    parts = [keys, svg.y_axis(up, left, width - 14.0, heads[1]), svg.x_axis(along, bottom, bottom, heads[0])]
    parts += [point_dots(one, along, up) for one in series]
    taken = [
        Box(along(float(a)) - 4.0, along(float(a)) + 4.0, up(float(b)) - 4.0, up(float(b)) + 4.0)
        for a, b in zip(x, y, strict=True)
    ]
    sticks = (
        []
        if bars is None
        else [
            Box(along(float(a)) - 1.0, along(float(a)) + 1.0, up(float(end)), up(float(begin)))
            for a, begin, end in zip(x, low, high, strict=True)
        ]
    )
    room = Box(left, width, plot - 8.0, bottom)
    parts += [
        _label(along(float(x[place])), up(float(y[place])), names[place], room, taken, sticks)
        for place in named[: _NAMED if width >= WIDE else _NAMED // 2]
    ]
    said = f"{len(names)} points: {heads[1]} over {heads[0]}"
    return svg.picture(width, bottom + 38.0, title, said, *parts)


def _axis(x: FloatArray, start: float, end: float, count: int) -> svg.Scale:
    """Round ticks between the ends of the data; unlike the usual axes it does not begin at zero, for logarithms."""
    low, high = float(x.min()), float(x.max())
    if not high > low:
        return axis_scale([low], start, end, is_log=False, count=count)
    step = float(svg.linear_scale(0.0, high - low, start, end, count).ticks[1])
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return svg.Scale(low, high, start, end, tuple(float(f"{tick:.12g}") for tick in ticks))


@dataclass(frozen=True)
class Box:
    """A part of a picture, in px."""

    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two parts overlap."""
        return (
            self.left < other.right and other.left < self.right
            and self.top < other.bottom and other.top < self.bottom
        )  # fmt: skip

    def holds(self, other: Box) -> bool:
        """Whether the other lies inside."""
        return (
            self.left <= other.left and other.right <= self.right
            and self.top <= other.top and other.bottom <= self.bottom
        )  # fmt: skip


def _label(x: float, y: float, name: str, room: Box, taken: list[Box], sticks: Sequence[Box]) -> Markup:
    """A name beside its point where it covers no point, no other name, and if possible no interval.

    Nothing where there is no such place near by: the table has all names. ``taken`` is added to.
    """
    wide = svg.text_width(name) + 2.0
    places = [
        Box(start, start + wide, y + lift - 5.0, y + lift + 5.0)
        for lift in _LIFTS
        for start in (x + 6.0, x - wide - 5.0)
    ]
    free = [one for one in places if room.holds(one) and not any(one.meets(other) for other in taken)]
    if not free:
        return Markup("")
    place = min(free, key=lambda one: sum(one.meets(stick) for stick in sticks))  # the first of the best
    taken.append(place)
    return svg.text(place.left, place.top + 8.5, name, class_="value")


def _word(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text)
