"""What `vesica cytometry` says: channels, counts, calibrated units, swarm, and the MIFlowCyt-EV sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.cytometry.study import HIGHEST_ABORT, WIDE_FIT, Calibration, Condition, Population, Swarm
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.errors import Finding
from vesica.readers.fcs import Flow
from vesica.readers.text import Provenance

FULL: Final = 0.99  # of the top of a detector's range: events there are cut off
OUTSIDE: Final = 0.05  # share of gated events beyond the beads worth a warning


@dataclass(frozen=True, eq=False)
class Study:
    """Files of one sample, with the gate and the calibrations that were applied.

    Parameters
    ----------
    flows, inside, populations : (file,)
    conditions : of the gate
    calibrations : of all files
    swarm : over the dilutions, or None
    """

    flows: tuple[Flow, ...]
    inside: tuple[NDArray[np.bool_], ...]
    populations: tuple[Population, ...]
    conditions: tuple[Condition, ...]
    calibrations: tuple[Calibration, ...]
    swarm: Swarm | None

    def calibrated(self, place: int, line: Calibration) -> NDArray[np.float64]:
        """(event,) Gated events of one file in calibrated units; NaN outside the beads."""
        return line.of(self.flows[place].signal(line.channel, "--calibration")[self.inside[place]])


def outcome(study: Study, sources: Sequence[Provenance] = ()) -> LabOutcome:
    """Everything that is known about the files, as tables and sentences."""
    tables = [_files(study), *([_calibrated(study), _beads(study)] if study.calibrations else []), _channels(study),
              _sheet(study)]
    summary = {
        "files": [{"file": one.file, "dilution": one.dilution, "events": one.total, "gated": one.count,
                   "events_per_second": one.rate, "per_ml": one.concentration, "per_ml_low": one.low,
                   "per_ml_high": one.high, "aborted": one.aborted, "medians": dict(one.medians)}
                  for one in study.populations],
        "calibrations": [{"channel": one.channel, "kind": one.kind, "slope": one.slope, "intercept": one.intercept,
                          "residual": one.residual, "signal_range": [one.low, one.high]}
                         for one in study.calibrations],
        "swarm": None if study.swarm is None else {
            "count_power": study.swarm.count_power, "signal_power": study.swarm.signal_power,
            "is_swarm": study.swarm.is_swarm},
    }
    found = tuple(flow.provenance for flow in study.flows) + tuple(sources)
    return LabOutcome("cytometry", "Flow cytometry of EVs", _headline(study), tuple(tables), summary,
                      tuple(_findings(study)), found)


def _gate(study: Study) -> str:
    return " and ".join(f"{one.channel} {'>' if one.is_above else '<'} {one.value:g}" for one in study.conditions)


def _headline(study: Study) -> tuple[str, ...]:
    count = len(study.populations)
    total = sum(one.total for one in study.populations)
    events = f"{total:,} events" if count == 1 else f"{count} files, {total:,} events"
    inside = sum(one.count for one in study.populations)
    gate = f"{inside:,} inside the gate {_gate(study)}" if study.conditions else "no gate: every event counts"
    lines = [f"{events}; {gate}."]
    known = [one for one in study.populations if one.concentration is not None]
    if known:
        of = "undiluted sample" if known[0].dilution > 1.0 else "sample as it was measured"
        lines.append(f"{known[0].concentration:.3g} events/mL of the {of} "
                     f"({known[0].low:.3g} to {known[0].high:.3g} by counting) from {Path(known[0].file).name}.")
    for line in study.calibrations:
        values = study.calibrated(0, line)
        good = values[np.isfinite(values)]
        if good.size:
            low, middle, high = np.percentile(good, [10, 50, 90])
            words = "bead-equivalent diameter" if line.kind == "diameter" else "MESF"
            lines.append(f"{line.channel}: median {words} {_short(middle)} {line.unit} (D10 {_short(low)}, "
                         f"D90 {_short(high)}) of the {good.size / values.size:.1%} of events within the beads.")
    if study.swarm is not None:
        word = "swarms are likely" if study.swarm.is_swarm else "as single particles do"
        found = study.swarm
        lines.append(f"Over the dilutions counts go as the power {found.count_power:.2f} ± {found.count_error:.2f} and "
                     f"the {found.channel} signal as {found.signal_power:.2f} ± {found.signal_error:.2f}: {word}.")
    return tuple(lines)


def _short(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.10g}"


def _files(study: Study) -> Table:
    fields = (Field("file"), Field("dilution"), Field("events"), Field("gated"), Field("events per second", "1/s"),
              Field("gated concentration", "1/mL", "of the undiluted sample"), Field("low", "1/mL"),
              Field("high", "1/mL"), Field("lost in electronics", "%"))
    rows = tuple((Path(one.file).name, one.dilution, one.total, one.count, one.rate, one.concentration, one.low,
                  one.high, None if one.aborted is None else 100 * one.aborted) for one in study.populations)
    return Table("files", "Events (intervals: counting alone)", fields, rows)


def _channels(study: Study) -> Table:
    fields = (Field("file"), Field("channel"), Field("label"), Field("stored as"), Field("top"), Field("median"),
              Field("D10"), Field("D90"), Field("at the top", "%"))
    rows = []
    for flow, inside in zip(study.flows, study.inside, strict=True):
        for place, channel in enumerate(flow.channels):
            signal = flow.events[inside, place]
            known = [float(v) for v in np.percentile(signal, [50, 10, 90])] if signal.size else [None] * 3
            rows.append((Path(flow.provenance.file).name, channel.name, channel.label,
                         "logarithmic" if channel.is_log else "linear", channel.top, *known,
                         100 * _full(channel.top, signal)))
    return Table("channels", "Channels, gated events, in linear units", fields, tuple(rows))


def _full(top: float, signal: NDArray[np.float64]) -> float:
    return float(np.mean(signal >= FULL * top)) if signal.size and top > 0 else 0.0


def _calibrated(study: Study) -> Table:
    fields = (Field("file"), Field("channel"), Field("quantity"), Field("D10"), Field("median"), Field("D90"),
              Field("unit"), Field("within the beads", "%"), Field("below", "%"), Field("above", "%"))
    rows = []
    for place, flow in enumerate(study.flows):
        for line in study.calibrations:
            signal = flow.signal(line.channel, "--calibration")[study.inside[place]]
            values = study.calibrated(place, line)
            good = values[np.isfinite(values)]
            marks = [float(v) for v in np.percentile(good, [10, 50, 90])] if good.size else [None] * 3
            shares = [100 * float(np.mean(part)) if signal.size else None
                      for part in (np.isfinite(values), signal < line.low, signal > line.high)]
            rows.append((Path(flow.provenance.file).name, line.channel, line.kind, *marks, line.unit, *shares))
    return Table("calibrated", "In the units of the beads, within their range", fields, tuple(rows))


def _beads(study: Study) -> Table:
    fields = (Field("channel"), Field("kind"), Field("bead"), Field("unit"), Field("signal"), Field("line"),
              Field("off", "%"))
    rows = tuple((line.channel, line.kind, value, line.unit, signal, float(line.of(np.array([signal]))[0]),
                  100 * (float(line.of(np.array([signal]))[0]) / value - 1))
                 for line in study.calibrations for value, signal in zip(line.values, line.signals, strict=True))
    return Table("beads", "Beads and the line through them (log-log)", fields, rows)


def _sheet(study: Study) -> Table:
    """MIFlowCyt-EV, as far as the files and options say; the rest is asked for."""
    flow, first = study.flows[0], study.populations[0]
    known = flow.keywords
    lines = {line.kind: line for line in study.calibrations}
    diluted = sorted({one.dilution for one in study.populations})
    rows = (
        ("1 pre-analytical variables and design", "sample, source, separation, storage", ""),
        ("2 sample preparation", "sample name", known.get("smno", "") or known.get("src", "")),
        ("2 sample preparation", "dilution", ", ".join(f"{one:g}" for one in diluted)),
        ("2 sample preparation", "staining, unbound dye removed", ""),
        ("3 assay controls", "buffer only, reagent only, unstained, isotype, detergent", ""),
        ("3 assay controls", "serial dilution", _powers(study)),
        ("4 instrument calibration and acquisition", "cytometer", known.get("cyt", "")),
        ("4 instrument calibration and acquisition", "serial number", known.get("cytsn", "")),
        ("4 instrument calibration and acquisition", "date", known.get("date", "")),
        ("4 instrument calibration and acquisition", "trigger and threshold", known.get("tr", "")),
        ("4 instrument calibration and acquisition", "flow rate or volume",
         "" if flow.volume is None else f"{flow.volume:g} uL"),
        ("4 instrument calibration and acquisition", "events per second",
         "" if first.rate is None else f"{first.rate:.4g}"),
        ("4 instrument calibration and acquisition", "fluorescence calibration (MESF, ERF)", _line(lines.get("mesf"))),
        ("4 instrument calibration and acquisition", "scatter calibration", _line(lines.get("diameter"))),
        ("5 EV characterisation", "diameter", "bead-equivalent, power law within the beads" if "diameter" in lines
         else ""),
        ("5 EV characterisation", "refractive index, epitope number", ""),
        ("6 data reporting", "gate", _gate(study)),
        ("6 data reporting", "counts", f"{first.count} of {first.total}"),
        ("6 data reporting", "concentration",
         "" if first.concentration is None else f"{first.concentration:.3g} 1/mL"),
        ("7 data sharing", "repository of the FCS files", ""),
    )
    return Table("miflowcyt_ev", "MIFlowCyt-EV, as far as known (empty: to be filled in)",
                 (Field("category"), Field("item"), Field("value")), rows)


def _powers(study: Study) -> str:
    if study.swarm is None:
        return ""
    return f"counts power {study.swarm.count_power:.2f}, signal power {study.swarm.signal_power:.2f}"


def _line(line: Calibration | None) -> str:
    if line is None:
        return ""
    return f"{line.channel}: {len(line.values)} beads, {line.values[0]:g} to {line.values[-1]:g} {line.unit}"


def _findings(study: Study) -> Iterable[Finding]:
    for flow in study.flows:
        yield from flow.warnings
    for one in study.populations:
        name = Path(one.file).name
        if one.count == 0:
            yield Finding("warning", name, "no event is inside the gate", "results rest on gated events",
                          "there is none to describe", "check the values of --gate", one.file)
        if one.concentration is None:
            yield Finding("note", name, "the analysed volume is not known", "a concentration is events over a volume",
                          "counts only are given", "give --volume, as `--volume \"50 uL\"`", one.file)
        if one.aborted is not None and one.aborted > HIGHEST_ABORT:
            yield Finding("warning", name, f"{one.aborted:.1%} of the events were lost in the electronics",
                          f"above {HIGHEST_ABORT:.0%} several particles are in the laser at once",
                          "counts are too low, and single events may be swarms", "dilute more, or slow the flow",
                          one.file)
    if study.swarm is None:
        yield Finding("note", "swarm", "fewer than three dilutions were read",
                      "swarms show when counts do not follow the dilution, or signals do", "swarms cannot be ruled out",
                      "read a series, with --dilution for every file")
    elif study.swarm.is_swarm:
        yield Finding("warning", "swarm", f"counts go as the power {study.swarm.count_power:.2f} of the dilution, the "
                      f"{study.swarm.channel} signal as {study.swarm.signal_power:.2f}",
                      "single particles give -1 and 0", "events are likely several EVs at once",
                      "use the higher dilutions, where both hold")
    yield from _of_lines(study)
    yield from _of_tops(study)


def _of_lines(study: Study) -> Iterable[Finding]:
    for line in study.calibrations:
        if line.residual > WIDE_FIT:
            yield Finding("warning", "--calibration",
                          f"the beads of {line.channel} lie {line.residual:.0%} off their line",
                          "a power law holds where beads are all small, or all large, against the wavelength",
                          "values between beads are off by as much", "use beads of a narrower range")
        if line.kind == "diameter":
            yield Finding("note", "--calibration", f"{line.channel} signal goes as the power {1 / line.slope:.2g} "
                          "of the beads' diameter (6 for particles far below the wavelength)",
                          "diameters are those of beads that scatter as much",
                          "EVs scatter less than polystyrene or silica of their size, so they are larger than this",
                          "for EV diameters use a Mie model with their refractive index")
        beyond = [(_share_beyond(study.calibrated(place, line)), Path(one.file).name)
                  for place, one in enumerate(study.populations)]
        far = [(share, name) for share, name in beyond if share > OUTSIDE]
        if far:
            low, high = f"{min(far)[0]:.0%}", f"{max(far)[0]:.0%}"
            span = high if low == high else f"{low} to {high}"
            yield Finding("warning", line.channel,
                          f"{span} of the gated events are beyond the beads in {', '.join(name for _, name in far)}",
                          "nothing is extrapolated beyond the beads", "they have no calibrated value",
                          "use dimmer, brighter, smaller or larger beads, or narrow the gate")


def _share_beyond(values: NDArray[np.float64]) -> float:
    return 1.0 - float(np.mean(np.isfinite(values))) if values.size else 0.0


def _of_tops(study: Study) -> Iterable[Finding]:
    for flow, inside in zip(study.flows, study.inside, strict=True):
        full = [channel.name for place, channel in enumerate(flow.channels) if channel.name.lower() != "time"
                and _full(channel.top, flow.events[inside, place]) > 0.01]
        if full:
            yield Finding("warning", Path(flow.provenance.file).name, f"more than 1 % of the events are at the top of "
                          f"{', '.join(full)}", "a detector is read below its end", "those signals are cut off",
                          "lower the gain", flow.provenance.file)
