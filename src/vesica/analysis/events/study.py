"""`vesica events`: fusion events of a recording, their rate, and whether they come as chance brings them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vesica.analysis.counting import poisson_interval
from vesica.analysis.events.fusion import (
    Chance,
    JumpLaw,
    Rate,
    against_chance,
    jump_law,
    rate,
)
from vesica.analysis.lab import Field, LabOutcome, Table
from vesica.analysis.numbers import counted, number
from vesica.errors import Finding, error
from vesica.instruments.phluorin_events import HOUR, Detector, Events, find_events, make_detector
from vesica.readers.trace import Traces

NOT_WHITE: Final = (
    0.08  # correlation of differences may be this far from -1/2; a trace of 600 frames scatters by 0.03
)
SIGNIFICANT: Final = 0.01
ENOUGH_FOUND: Final = 0.9  # share of events found, below which the corrected rate is rough
CROWDED: Final = 0.5  # true events within one window, from which the correction is rough


@dataclass(frozen=True, eq=False)
class Recording:
    """Everything that was found in one file.

    Parameters
    ----------
    traces : Traces
    detector : Detector
    found : (cell,) Events
    law : JumpLaw or None
    rate : Rate
    chance : Chance
    """

    traces: Traces
    detector: Detector
    found: tuple[Events, ...]
    law: JumpLaw | None
    rate: Rate
    chance: Chance


def search(traces: Traces, *, decay: float, window: float, false_per_hour: float, seed: int = 1) -> Recording:
    """Find the events of all cells.

    Parameters
    ----------
    traces : Traces
    decay : s
        Of the signal of one event.
    window : s
        Of the detector, on either side.
    false_per_hour : 1/h
        In one cell.
    seed : int
        Of the synthetic recordings that correct the rate.

    Raises
    ------
    InputError
        The recording is shorter than two windows, or no threshold has that rate.
    """
    detector = make_detector(
        decay=decay, interval=traces.interval, window=window, false_per_hour=false_per_hour
    )
    if traces.time.size < 2 * detector.window + 2:
        length = traces.time.size * traces.interval
        raise error(
            traces.provenance.file,
            f"the recording lasts {length:.4g} s",
            f"it is longer than two windows of {number(window)} s",
            "no jump can be fitted",
            f'use `--window "{number(length / 6, 2)} s"`, or record longer',
            file=traces.provenance.file,
        )
    found = tuple(find_events(one, detector) for one in traces.fluorescence)
    law = jump_law(found, detector)
    total = rate(found, detector, law, seed=seed)
    chance = against_chance(found, detector, law=law, true_rate=total.value, seed=seed)
    return Recording(traces, detector, found, law, total, chance)


def outcome(recording: Recording) -> LabOutcome:
    """Tables, sentences and findings of a recording."""
    total, detector = recording.rate, recording.detector
    summary = {
        "events": total.found,
        "cell_hours": total.hours,
        "rate_per_cell_per_hour": {
            "raw": total.raw,
            "raw_low": total.raw_low,
            "raw_high": total.raw_high,
            "value": total.value,
            "low": total.low,
            "high": total.high,
        },
        "found_share": total.found_share,
        "false_events_expected": detector.false_per_hour * total.hours,
        "detector": {
            "decay_s": detector.decay,
            "interval_s": detector.interval,
            "window_s": detector.window * detector.interval,
            "threshold_sd": detector.threshold,
            "false_per_cell_per_hour": detector.false_per_hour,
        },
        "jump": None
        if recording.law is None
        else {
            "median": recording.law.median,
            "log_width": recording.law.width,
            "unit": recording.traces.unit,
        },
        "chance": {
            "intervals": recording.chance.intervals,
            "interval_cv": recording.chance.interval_cv,
            "interval_p": recording.chance.interval_p,
            "cell_dispersion": recording.chance.cell_dispersion,
            "cell_p": recording.chance.cell_p,
        },
    }
    return LabOutcome(
        "events",
        f"Fusion events of {len(recording.found)} cells",
        _headline(recording),
        (_cell_table(recording), _event_table(recording)),
        summary,
        tuple(_findings(recording)),
        (recording.traces.provenance,),
    )


def _headline(recording: Recording) -> tuple[str, ...]:
    total, false = recording.rate, recording.detector.false_per_hour
    sentences = [
        (
            f"{total.found} events in {number(total.hours)} cell hours: {number(total.raw)} per cell and hour found "
            f"(95 % interval {number(total.raw_low)} to {number(total.raw_high)}, of a Poisson count)."
        ),
        (
            f"At most {false * total.hours:.2g} of them are expected to be false "
            f"({number(false)} per cell and hour in white noise)."
        ),
    ]
    if total.value is not None:
        share = (
            "" if total.found_share is None else f": at that rate {total.found_share:.0%} of events are found"
        )
        sentences.append(
            f"Corrected for events that are missed, merged or false: {number(total.value)} per cell and hour "
            f"({number(total.low)} to {number(total.high)}){share}."
        )
    sentences.append(_chance_words(recording.chance))
    return tuple(sentences)


def _chance_words(chance: Chance) -> str:
    if chance.interval_cv is None or chance.interval_p is None:
        return "Too few intervals to hold the events against chance."
    if chance.interval_p >= SIGNIFICANT:
        words = "The intervals are those of chance"
    else:
        words = (
            "Events come in bursts" if chance.interval_cv > 1 else "Events keep a distance from each other"
        )
    words += f" (spread over mean {chance.interval_cv:.2f}, p = {chance.interval_p:.2g})"
    if chance.cell_p is not None and chance.cell_dispersion is not None:
        differ = "cells differ" if chance.cell_p < SIGNIFICANT else "cells do not differ beyond chance"
        words += f"; {differ} (variance over mean {chance.cell_dispersion:.2f}, p = {chance.cell_p:.2g})"
    return words + "."


def _cell_table(recording: Recording) -> Table:
    unit = recording.traces.unit
    fields = (
        Field("cell"),
        Field("events"),
        Field("searched", "min"),
        Field("rate", "1/h", "found, not corrected"),
        Field("rate_low", "1/h", "95 % Poisson interval"),
        Field("rate_high", "1/h"),
        Field("noise", unit, "standard deviation of a frame"),
        Field("threshold", unit, "smallest jump that counts"),
    )
    rows = []
    for name, one in zip(recording.traces.cells, recording.found, strict=True):
        hours = one.searched / HOUR
        low, high = poisson_interval(one.time.size)
        cut = recording.detector.threshold * recording.detector.error * one.noise
        rows.append(
            (
                name,
                int(one.time.size),
                one.searched / 60,
                one.time.size / hours,
                low / hours,
                high / hours,
                one.noise,
                cut,
            )
        )
    return Table("cells", "Cells", fields, tuple(rows))


def _event_table(recording: Recording) -> Table:
    fields = (
        Field("cell"),
        Field("time", "s"),
        Field("jump", recording.traces.unit),
        Field("score", "", "jump over its standard deviation"),
    )
    start = float(recording.traces.time[0])
    rows = tuple(
        (name, start + float(time), float(jump), float(score))
        for name, one in zip(recording.traces.cells, recording.found, strict=True)
        for time, jump, score in zip(one.time, one.amplitude, one.score, strict=True)
    )
    return Table("events", "Events", fields, rows)


def _findings(recording: Recording) -> list[Finding]:
    return _of_noise(recording) + _of_rate(recording) + _rough(recording)


def _of_noise(recording: Recording) -> list[Finding]:
    """Cells whose noise is not white, or absent: the threshold rests on it."""
    file = recording.traces.provenance.file
    found = []
    coloured = [
        name
        for name, one in zip(recording.traces.cells, recording.found, strict=True)
        if abs(one.whiteness + 0.5) > NOT_WHITE
    ]
    if coloured:
        found.append(
            Finding(
                "warning",
                "noise",
                f"the noise of {len(coloured)} of {len(recording.found)} cells "
                f"(`{coloured[0]}` first) is correlated from frame to frame",
                "the threshold is set for white noise",
                "the stated number of false events does not hold",
                "give the recording unfiltered, or bin frames until their noise is independent",
                file,
            )
        )
    still = [
        name for name, one in zip(recording.traces.cells, recording.found, strict=True) if one.noise == 0
    ]
    if still:
        found.append(
            Finding(
                "warning",
                "noise",
                f"`{still[0]}` has no noise",
                "jumps are judged by the noise of their trace",
                f"{counted(len(still), 'cell')} cannot be searched: no event is reported there",
                "check that the column is a recording",
                file,
            )
        )
    return found


def _of_rate(recording: Recording) -> list[Finding]:
    """Where missed events cannot be corrected for."""
    file = recording.traces.provenance.file
    found = []
    if recording.law is None:
        found.append(
            Finding(
                "note",
                "rate",
                f"{recording.rate.found} events",
                "the law of jumps is fitted to ten or more",
                "events that were missed are not corrected for",
                "record more cells",
                file,
            )
        )
    if recording.rate.saturated:
        found.append(
            Finding(
                "warning",
                "rate",
                f"the rate of {number(recording.rate.raw)} per cell and hour cannot be corrected",
                "most events stand above the threshold and apart from each other",
                "events that are too small or too close are missed: the rate is a lower bound",
                "record with less noise or a brighter label, or use a shorter `--window` where events crowd",
                file,
            )
        )
    return found


def _rough(recording: Recording) -> list[Finding]:
    """Where the correction is known to err: events crowd, or most are hidden."""
    found = []
    file, total = recording.traces.provenance.file, recording.rate
    if total.value and total.found_share is not None and total.found_share < ENOUGH_FOUND:
        found.append(
            Finding(
                "warning",
                "rate",
                f"{total.found_share:.0%} of the events are found",
                f"the correction was tested where {ENOUGH_FOUND:.0%} and more are found",
                "it may be too high by a fifth and more, and its interval too narrow",
                "record with less noise, or use a shorter `--window` where events crowd",
                file,
            )
        )
    window_h = recording.detector.window * recording.detector.interval / HOUR
    if recording.rate.value is not None and recording.rate.value * window_h > CROWDED:
        found.append(
            Finding(
                "warning",
                "rate",
                f"{recording.rate.value * window_h:.2g} events per window on average",
                f"fewer than {CROWDED:g} leave most events apart",
                "the correction may be too high by a fifth there",
                "use a shorter `--window`",
                file,
            )
        )
    return found
