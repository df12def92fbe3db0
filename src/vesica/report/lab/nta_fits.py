"""Fitted size laws over what was measured, and groups compared, in the report of `vesica nta read`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vesica.analysis.nta.compare import Comparison
from vesica.analysis.nta.fits import TRUE_RANGE, LawFit, SizeFits
from vesica.analysis.nta.records import NtaResult, SampleResult
from vesica.report.lab.charts import Curve, Mark, Row, both, distribution, intervals
from vesica.report.lab.nta_sizes import file_name, half_visible, size_end, unit_words
from vesica.report.lab.page import LabFigure
from vesica.report.material import ArmStyle, Array
from vesica.report.numbers import number

_PLACES = 400
_DASHES = (None, "7 3", "2 2.5")


def figures(result: NtaResult, styles: dict[str, ArmStyle]) -> tuple[LabFigure, ...]:
    """A picture for every sample that was fitted, and one of all comparisons."""
    samples = {sample.name: sample for sample in result.samples}
    fitted = [_fitted(samples[one.name], one, result, styles[samples[one.name].group])
              for one in result.fits if isinstance(one, SizeFits) and one.name in samples]
    compared = [one for one in result.comparisons if isinstance(one, Comparison)]
    return (*fitted, *_folds(compared), *_distances(compared))


def _fitted(sample: SampleResult, fits: SizeFits, result: NtaResult, style: ArmStyle) -> LabFigure:
    law = sample.distribution
    measured = Curve("measured", style, law.diameter, law.shown / np.diff(law.edges))
    total = float(law.shown.sum())
    curves = [measured]
    for place, fit in enumerate(fits.fits):
        look = ArmStyle(fit.law, style.number + 1 + place)
        curves.append(_law(fit, total, look, _DASHES[place % len(_DASHES)], float(law.edges[-1])))
    span = (0.0, min(size_end(curves), float(law.edges[-1])))
    title = f"Size laws of {sample.name}"
    label = f"{unit_words(result)} per nm"
    wide, narrow = both(lambda width: distribution(title, curves, y_label=label, detection=half_visible(),
                                                   x_span=span, width=width))
    true = "" if all(fit.sizes == "measured" for fit in fits.fits) else (
        " The law behind the detection limit is that of the true sizes, the unseen particles with it, so it need not "
        "follow what was measured.")
    caption = f"{fits.words} {' '.join(fits.verdict)}{true}"
    return LabFigure(file_name(f"fit_{sample.name}"), caption, wide, narrow, title)


def _law(fit: LawFit, total: float, style: ArmStyle, dash: str | None, last: float) -> Curve:
    """A law as particles per nm: of the measured total, or with the unseen ones."""
    is_true = fit.sizes == "true"
    low, high = TRUE_RANGE if is_true else (1.0, last)
    x = np.linspace(low, min(high, last), _PLACES)
    density = _density(fit, x)
    inside = float(np.trapezoid(_density(fit, fine := np.linspace(low, high, 4 * _PLACES)), fine))
    factor = fit.unseen_factor.value if is_true and fit.unseen_factor is not None else 1.0
    name = f"{fit.law} (true sizes)" if is_true else fit.law
    return Curve(name, style, x, total * factor * density / inside, dash=dash)


def _density(fit: LawFit, x: Array) -> Array:
    """1/nm, of the log-normal law or the mixture with these parameters."""
    value = {name: interval.value for name, interval in fit.parameters.items()}
    if "median" in value:
        return _lognormal(x, value["median"], value["gsd"])
    second = value["share_2"]
    return ((1.0 - second) * _lognormal(x, value["median_1"], value["gsd_1"])
            + second * _lognormal(x, value["median_2"], value["gsd_2"]))


def _lognormal(x: Array, median: float, gsd: float) -> Array:
    width = math.log(gsd)
    out: Array = np.exp(-0.5 * (np.log(x / median) / width) ** 2) / (x * width * math.sqrt(2.0 * math.pi))
    return out


def _chance(p: float | None, p_holm: float | None) -> str:
    """P as a note of a row, corrected where several pairs were compared."""
    return "" if p is None else f", p {number(p if p_holm is None else p_holm, 2)}"


def _folds(compared: Sequence[Comparison]) -> tuple[LabFigure, ...]:
    rows = []
    for one in compared:
        found = one.concentration
        if found is not None:
            rows.append(Row(f"{one.second} / {one.first}", found.fold, found.low, found.high, ArmStyle("", 2),
                            note=f"×{number(found.fold)}{_chance(found.p, found.p_holm)}"))
    if not rows:
        return ()
    marks = [Mark(1.0, "no change")]
    wide, narrow = both(lambda width: intervals("Fold changes", "ratio of concentrations", [("", rows)], marks=marks,
                                                is_log=True, width=width))
    words = " ".join(dict.fromkeys(c.concentration.words for c in compared if c.concentration))
    caption = ("Ratio of the concentrations of two groups with its 95 % interval, and p, corrected by Holm for the "
               f"number of pairs. {words}")
    return (LabFigure("fold_changes", caption, wide, narrow, "Groups compared: how many"),)


def _distances(compared: Sequence[Comparison]) -> tuple[LabFigure, ...]:
    rows = []
    for one in compared:
        found = one.shape
        if found is not None:
            rows.append(Row(f"{one.first} and {one.second}", found.distance, found.low, found.high, ArmStyle("", 5),
                            note=f"{number(found.distance)} nm{_chance(found.p, found.p_holm)}"))
    if not rows:
        return ()
    wide, narrow = both(lambda width: intervals("Distances of shape", "Wasserstein distance (nm)", [("", rows)],
                                                is_log=False, width=width))
    words = " ".join(dict.fromkeys(c.shape.words for c in compared if c.shape))
    caption = ("How far one size distribution must be moved to become the other, in nm, each scaled to the same number "
               f"of particles. {words}")
    return (LabFigure("shape_distances", caption, wide, narrow, "Groups compared: of which sizes"),)
