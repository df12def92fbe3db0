"""Pictures and sections of the report of `vesica nta read`."""

from __future__ import annotations

from typing import Final

import numpy as np

from vesica.analysis.misev import ReportingSheet
from vesica.analysis.nta.records import DilutionSeries, NtaResult, SampleResult
from vesica.report.blocks import Section
from vesica.report.lab import misev as lab_misev
from vesica.report.lab import nta_audit as lab_nta_audit
from vesica.report.lab import nta_fits as lab_nta_fits
from vesica.report.lab import nta_sizes as sizes
from vesica.report.lab.charts import Axis, Curve, Mark, Points, Row, bars, both, intervals, plane
from vesica.report.lab.page import LabFigure
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number, percent

_WIDEST_SHARE: Final = 150.0  # %; an interval that reaches further is cut there
_NORMAL_95: Final = 1.96  # a normal value lies within so many standard errors 19 times out of 20


def figures(result: NtaResult) -> tuple[LabFigure, ...]:
    """All pictures of an analysis, in reading order; one that has nothing to show is left out.

    Parameters
    ----------
    result : NtaResult
    """
    styles = group_styles(result)
    return (
        concentrations(result, styles),
        *sizes.overlays(result, styles),
        *sizes.singles(result, styles),
        *size_ranges(result, styles),
        *background(result, styles),
        *(series(one, result, styles) for one in result.series),
        *lab_nta_fits.figures(result, styles),
    )


def sections(result: NtaResult, sheet: ReportingSheet | None = None) -> tuple[Section, ...]:
    """The audit of the videos, and the reporting sheet where there is one."""
    audit = lab_nta_audit.section(result)
    return (audit, lab_misev.section(sheet)) if sheet is not None else (audit,)


def group_styles(result: NtaResult) -> dict[str, ArmStyle]:
    """Number and colour of every group, in their order."""
    return {group.name: ArmStyle(group.name, place) for place, group in enumerate(result.groups, start=1)}


def concentrations(result: NtaResult, styles: dict[str, ArmStyle]) -> LabFigure:
    """Each sample on a row: its videos, its replicates, its value with interval; a limit where it is below it."""
    by_group = {name: [s for s in result.samples if s.group == name] for name in styles}
    several = len(by_group) > 1 and len(result.samples) > len(by_group)
    groups = [(name if several else "", [_row(s, styles[name]) for s in members])
              for name, members in by_group.items() if members]
    label = f"concentration ({sizes.unit_words(result)})"
    wide, narrow = both(lambda width: intervals("Concentration of every sample", label, groups, width=width))
    levels = {sizes.LANES[e.level] for s in result.samples for e in (s.concentration or s.gross,)}
    middle = "Middle dots: replicates. " if any(len(s.replicates) > 1 for s in result.samples) else ""
    caption = (f"Small dots: videos. {middle}Large dot and line: the value of the sample and its 95 % "
               f"interval, from the spread between {' or '.join(sorted(levels))}"
               + (", the blank subtracted from every dot" if result.blanks else "")
               + (". An arrow points down from the detection limit of a sample that is not told from the blank"
                  if any(s.concentration is None for s in result.samples) else "") + ".")
    return LabFigure("concentration", caption, wide, narrow, "Concentration")


def _row(sample: SampleResult, style: ArmStyle) -> Row:
    blank = sample.background.blank.value if sample.background else 0.0
    videos = tuple(max(float(v) - blank, 0.0) for one in sample.replicates for v in one.video_concentrations)
    replicates = tuple(max(one.concentration - blank, 0.0) for one in sample.replicates)
    found = sample.concentration
    return Row(
        sample.name, found.value if found else None, found.low if found else None, found.high if found else None,
        style, large=replicates if len(replicates) > 1 else (), small=videos if len(videos) > 1 else (),
        limit=sample.below_limit,
    )


def size_ranges(result: NtaResult, styles: dict[str, ArmStyle]) -> tuple[LabFigure, ...]:
    """D10, D50 and D90 of every sample."""
    rows: dict[str, list[Row]] = {}
    for sample in result.samples:
        if {"d10", "d50", "d90"} <= set(sample.sizes):
            low, middle, high = (sample.sizes[key].value for key in ("d10", "d50", "d90"))
            note = f"{number(low)} · {number(middle)} · {number(high)}"
            rows.setdefault(sample.group, []).append(
                Row(sample.name, middle, low, high, styles[sample.group], note=note))
    if not rows:
        return ()
    several = len(rows) > 1 and sum(map(len, rows.values())) > len(rows)
    groups = [(name if several else "", members) for name, members in rows.items()]
    wide, narrow = both(lambda width: intervals("Sizes of every sample", "diameter (nm)", groups, is_log=False,
                                                width=width))
    caption = ("Dot: D50, the median diameter. Line: from D10 to D90, the middle four fifths of the particles: a range "
               "of sizes, not an error. Numbers: D10 · D50 · D90 in nm.")
    return (LabFigure("sizes", caption, wide, narrow, "Sizes"),)


def background(result: NtaResult, styles: dict[str, ArmStyle]) -> tuple[LabFigure, ...]:
    """How much of each sample the blank already holds; nothing without a blank."""
    from vesica import library

    rows = []
    for sample in result.samples:
        if sample.background is not None:
            one = sample.background
            ends = (one.share_low, one.share_high)
            low, high = (None if end is None else min(100.0 * end, _WIDEST_SHARE) for end in ends)
            rows.append(Row(sample.name, 100.0 * one.share, low, high, styles[sample.group], note=percent(one.share)))
    if not rows:
        return ()
    limit = 100.0 * library.load("cns").entries["nta.background.share"].value
    marks = [Mark(limit, f"limit {limit:g} %")]
    wide, narrow = both(lambda width: bars("Background", "share of the blank (%)", rows, marks=marks, width=width))
    caption = ("Particles of the blank as a share of those of the sample before subtraction, with the 95 % interval. "
               f"Intervals are cut at {_WIDEST_SHARE:g} %. Above {limit:g} % distrust the net value.")
    return (LabFigure("background", caption, wide, narrow, "Background"),)


def series(one: DilutionSeries, result: NtaResult, styles: dict[str, ArmStyle]) -> LabFigure:
    """Concentration, scaled back, against the dilution: level where the instrument is linear."""
    factors, values, errors = (np.array(part, dtype=float) for part in (one.factors, one.concentrations, one.errors))
    group = next((s.group for s in result.samples if s.name == one.sample), "")
    style = styles.get(group, ArmStyle(one.sample, 1))
    low, high = (np.maximum(values + sign * _NORMAL_95 * errors, 0.0) for sign in (-1.0, 1.0))
    points = [Points("measured", style, factors, values, low, high)]
    curves = [_trend(one, factors, values, style)] if one.slope and len(factors) > 1 and values.min() > 0.0 else []
    top = float(np.max(np.append(high, values)))
    across = Axis("dilution (fold)", is_log=True)
    up = Axis(f"concentration ({sizes.unit_words(result)})", span=(0.0, top))
    title = f"Dilution series of {one.sample}"
    wide, narrow = both(lambda width: plane(title, across, up, points=points, curves=curves, width=width))
    pairs = zip(one.factors, one.particles_per_frame, strict=True)
    frames = ", ".join(f"{number(f)}-fold {number(n)}" for f, n in pairs if n is not None)
    verdict = f"{one.words[:1].upper()}{one.words[1:].rstrip('.')}."
    caption = ("Scaled back to the undiluted sample, with 95 % intervals; a linear instrument gives a level line. "
               f"{verdict}" + (f" Particles per frame: {frames}." if frames else ""))
    return LabFigure(sizes.file_name(f"dilution_series_{one.sample}"), caption, wide, narrow, title)


def _trend(one: DilutionSeries, factors: Array, values: Array, style: ArmStyle) -> Curve:
    """The power law through the middle of the points: a straight line would need two log axes."""
    along = np.geomspace(factors.min(), factors.max(), 60)
    middle = np.exp(np.log(factors).mean()), np.exp(np.log(values).mean())
    values_along = middle[1] * (along / middle[0]) ** one.slope
    return Curve(f"slope {number(one.slope, 2)}", style, along, values_along, dash="5 3")
