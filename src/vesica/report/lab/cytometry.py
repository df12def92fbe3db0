"""Pictures of `vesica cytometry`: distributions of the signals or calibrated values, beads, and the dilution series."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.cytometry.outcome import Study
from vesica.analysis.cytometry.study import Calibration
from vesica.report.lab.charts import both, plane
from vesica.report.lab.page import LabFigure
from vesica.report.lab.pieces import Axis, Curve, Mark, Points
from vesica.report.material import ArmStyle

_BINS: Final = (12, 60)  # fewest and most; cube root of the events of the smallest file between them
_MOST: Final = 4  # channels without calibration that are drawn


def figures(study: Study, rates: Sequence[float], unit: str) -> tuple[LabFigure, ...]:
    """Signals of the gated events; ``rates`` (file,) in ``unit`` are for the dilution series."""
    drawn = [_calibrated(study, line) for line in study.calibrations]
    drawn += [_beads(line) for line in study.calibrations]
    if not drawn:
        names = [one.name for one in study.flows[0].channels if one.name.lower() != "time"]
        drawn = [found for name in names[:_MOST] if (found := _signals(study, name)) is not None]
    if study.swarm is not None:
        drawn.append(_series(study, rates, unit))
    return tuple(one for one in drawn if one is not None)


def _styles(study: Study) -> list[ArmStyle]:
    return [ArmStyle(Path(flow.provenance.file).name, n + 2) for n, flow in enumerate(study.flows)]


def _curves(study: Study, values: Sequence[NDArray[np.float64]]) -> tuple[Curve, ...] | None:
    """Share of events per decade, each file as a curve; None where nothing is positive."""
    positive = [one[np.isfinite(one) & (one > 0)] for one in values]
    whole = np.concatenate(positive)
    if whole.size < 2 or whole.min() == whole.max():
        return None
    smallest = min(one.size for one in positive)
    bins = int(np.clip(3.0 * smallest ** (1.0 / 3.0), *_BINS))
    edges = np.geomspace(whole.min(), whole.max() * (1 + 1e-9), bins + 1)
    width = np.log10(edges[1] / edges[0])
    middle = np.sqrt(edges[1:] * edges[:-1])
    return tuple(Curve(style.name, style, middle, np.histogram(one, edges)[0] / width / max(one.size, 1))
                 for style, one in zip(_styles(study), positive, strict=True))


def _distribution(name: str, title: str, label: str, caption: str, curves: Sequence[Curve], marks: Sequence[Mark]
                  ) -> LabFigure:
    up = Axis("share of events per decade")
    draw = partial(plane, title, Axis(label, is_log=True), up, curves=curves, marks=marks)
    wide, narrow = both(lambda width: draw(width=width))
    return LabFigure(name, caption, wide, narrow, title)


def _slug(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() and letter.isalnum() else "_" for letter in text)


def _calibrated(study: Study, line: Calibration) -> LabFigure | None:
    curves = _curves(study, [study.calibrated(place, line) for place in range(len(study.flows))])
    if curves is None:
        return None
    words = "bead-equivalent diameter (nm)" if line.kind == "diameter" else "MESF (molecules)"
    return _distribution(f"{line.kind}_{_slug(line.channel)}", f"{line.channel} in units of the beads", words,
                         "Gated events within the range of the beads; events beyond it are left out, not moved to its "
                         "end.", curves, ())


def _signals(study: Study, name: str) -> LabFigure | None:
    curves = _curves(study, [flow.signal(name, "FILE")[inside]
                             for flow, inside in zip(study.flows, study.inside, strict=True)])
    if curves is None:
        return None
    marks = [Mark(one.value, "gate") for one in study.conditions
             if one.channel.lower() == name.lower() and one.value > 0]
    return _distribution(f"signal_{_slug(name)}", f"{name}", f"{name} (arbitrary units)",
                         "Gated events in arbitrary units: without a calibration they cannot be compared between "
                         "instruments.", curves, marks)


def _beads(line: Calibration) -> LabFigure:
    style = ArmStyle("beads", 2)
    grid = np.geomspace(line.low, line.high, 60)
    points = (Points("beads", style, np.array(line.signals), np.array(line.values)),)
    curves = (Curve("line", style, grid, line.of(np.clip(grid, line.low, line.high))),)
    label = "bead diameter (nm)" if line.kind == "diameter" else "MESF (molecules)"
    draw = partial(plane, f"Beads in {line.channel}", Axis(f"{line.channel} signal", is_log=True),
                   Axis(label, is_log=True), points=points, curves=curves)
    wide, narrow = both(lambda width: draw(width=width))
    return LabFigure(f"beads_{line.kind}_{_slug(line.channel)}", "Beads and the line through them on log axes. It is "
                     "used between the first and the last bead only.", wide, narrow, f"Beads in {line.channel}")


def _series(study: Study, rates: Sequence[float], unit: str) -> LabFigure:
    style, ideal = ArmStyle("counted", 2), ArmStyle("single particles", 3)
    dilution = np.array([one.dilution for one in study.populations])
    counted = np.array(rates, dtype=float)
    last = int(np.argmax(dilution))
    grid = np.geomspace(dilution.min(), dilution.max(), 20)
    curves = (Curve(ideal.name, ideal, grid, counted[last] * dilution[last] / grid),)
    up = Axis(f"gated events ({unit})", is_log=True)
    draw = partial(plane, "Dilution series", Axis("dilution", is_log=True), up,
                   points=(Points(style.name, style, dilution, counted),), curves=curves)
    wide, narrow = both(lambda width: draw(width=width))
    return LabFigure("series", "Gated events against the dilution, and what single particles would give, drawn through "
                               "the highest dilution.", wide, narrow, "Dilution series")
