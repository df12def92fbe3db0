"""Size distributions in the report of `vesica nta read`: one picture for all groups, one for each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from vesica.analysis.nta.records import PER_ML, Distribution, Estimate, GroupResult, NtaResult
from vesica.report.lab.charts import Curve, Mark, both, distribution
from vesica.report.lab.page import LabFigure
from vesica.report.material import ArmStyle
from vesica.report.numbers import number

OVERLAID: Final = 7  # curves of one picture; more are not told apart
MARKED: Final = 3  # modes that are marked in one picture
SINGLE: Final = 12  # groups that get a picture of their own
LANES: Final = {"samples": "samples", "replicates": "replicate measurements", "videos": "videos", "none": "values"}


def unit_words(result: NtaResult) -> str:
    """``particles/mL``, and of what where the dilution is unknown."""
    return "particles/mL" if result.unit == PER_ML else "particles/mL of the measured suspension"


def file_name(words: str, taken: Iterable[str] = ()) -> str:
    """A name for a file: letters, digits, ``_`` and ``-``; numbered where it is taken."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", words).strip("_").lower()[:60] or "picture"
    used, name, count = set(taken), plain, 1
    while name in used:
        count += 1
        name = f"{plain}_{count}"
    return name


def overlays(result: NtaResult, styles: dict[str, ArmStyle]) -> tuple[LabFigure, ...]:
    """All groups in one picture, in several where there are many; none for a single group."""
    shown = [group for group in result.groups if group.distribution.shown.sum() > 0.0]
    if len(shown) < 2:
        return ()
    parts = [shown[start : start + OVERLAID] for start in range(0, len(shown), OVERLAID)]
    out = []
    for place, part in enumerate(parts, start=1):
        end = f" ({place} of {len(parts)})" if len(parts) > 1 else ""
        marks = {g.name: mode_marks(g.sizes, styles[g.name]) for g in part}
        is_crowded = len(part) > MARKED  # then the modes stand in the legend
        names = {g.name: ", ".join([g.name, *(m.words for m in marks[g.name] if is_crowded)]) for g in part}
        curves = [mean_curve(names[g.name], g.distribution, styles[g.name]) for g in part]
        modes = [] if is_crowded else [mark for g in part for mark in marks[g.name]]
        caption = f"{_band_words(g.distribution for g in part)} {limit_words()}"
        suffix = f"_{place}" if len(parts) > 1 else ""
        title = f"Size distributions of the groups{end}"
        out.append(distribution_figure(f"distributions{suffix}", title, caption, curves, modes, result))
    return tuple(out)


def singles(result: NtaResult, styles: dict[str, ArmStyle]) -> tuple[LabFigure, ...]:
    """Each group by itself: its mean with band, and the samples or replicates it is the mean of."""
    shown = [group for group in result.groups if group.distribution.shown.sum() > 0.0]
    if len(shown) > 1 and all(len(group.unit_names) < 2 for group in shown):
        return ()  # the overlay shows the same
    out, names = [], set()
    for group in shown[:SINGLE]:
        name = file_name(f"distribution_{group.name}", names)
        names.add(name)
        left = f" Groups beyond the first {SINGLE} are in distributions.csv." if len(shown) > SINGLE else ""
        out.append(_single(name, group, styles[group.name], result, left))
    return tuple(out)


def _single(name: str, group: GroupResult, style: ArmStyle, result: NtaResult, left: str) -> LabFigure:
    curves = []
    if len(group.unit_names) > 1:
        widths = np.diff(group.distribution.edges)
        thin = ArmStyle("", style.number)
        label = LANES[group.unit_of_replication].replace("replicate measurements", "replicates")
        for place, bins in enumerate(np.clip(group.unit_distributions, 0.0, None)):
            words = f"{label}, one by one" if place == 0 else ""
            curves.append(Curve(words, thin, group.distribution.diameter, bins / widths, dash="1 2.2"))
    curves.append(mean_curve(f"mean of {group.name}" if curves else group.name, group.distribution, style))
    return distribution_figure(name, group.name, f"{_band_words([group.distribution])} {limit_words()}{left}", curves,
                         mode_marks(group.sizes, style), result)


def mean_curve(name: str, law: Distribution, style: ArmStyle) -> Curve:
    """Mean +- standard error per nm, cut at zero for the eye only."""
    widths = np.diff(law.edges)
    if law.se is None:
        return Curve(name, style, law.diameter, law.shown / widths)
    low, high = ((law.concentration + sign * law.se).clip(min=0.0) / widths for sign in (-1.0, 1.0))
    return Curve(name, style, law.diameter, law.shown / widths, low, high)


def mode_marks(sizes: dict[str, Estimate], style: ArmStyle) -> list[Mark]:
    """The mode as a line with its words, where there is one."""
    found = sizes.get("mode")
    return [Mark(found.value, f"mode {number(found.value)} nm", style)] if found else []


def _band_words(laws: Iterable[Distribution]) -> str:
    kinds = {law.level: law.n for law in laws if law.se is not None}
    if not kinds:
        return "Single measurements: there is no band."
    words = " or ".join(f"{LANES[level]}" for level in kinds)
    return f"Line: mean per nm of diameter. Band: plus and minus one standard error of the mean over {words}."


def limit_words() -> str:
    """What the shaded side of a distribution means."""
    return (f"Shaded: below {number(half_visible())} nm NTA sees less than half of the particles (a number of the "
            "library; it depends on instrument and settings), so the curve there is the instrument's as much as the "
            "sample's.")


def half_visible() -> float:
    """Diameter (nm) at which NTA sees half of the particles, by the central number of the library."""
    from vesica import library
    from vesica.analysis.nta.corrections import library_response

    return float(library_response(library.load("cns")).visible_diameter)


def size_end(curves: Sequence[Curve]) -> float:
    """Diameter (nm, a multiple of 50) beyond which every curve holds less than 0.2 % of its particles."""
    ends = [300.0]
    for curve in curves:
        total = np.cumsum(np.nan_to_num(curve.y) * np.gradient(curve.x))
        if total[-1] > 0.0:
            ends.append(float(curve.x[np.searchsorted(total, 0.998 * total[-1])]))
    return math.ceil(max(ends) / 50.0) * 50.0


def distribution_figure(name: str, title: str, caption: str, curves: Sequence[Curve], modes: Sequence[Mark],
                        result: NtaResult) -> LabFigure:
    """Curves per nm in one picture that ends where they end, the detection limit shaded."""
    span = (0.0, min(size_end(curves), float(max(c.x[-1] for c in curves))))
    modes = [mark for mark in modes if mark.at <= span[1]]
    label = f"{unit_words(result)} per nm"
    wide, narrow = both(lambda width: distribution(
        title, curves, y_label=label, modes=modes, detection=half_visible(), x_span=span, width=width))
    return LabFigure(name, caption, wide, narrow, title)
