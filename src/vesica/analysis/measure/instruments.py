"""Each instrument applied to samples of a run: its files, what it read, and what was really there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from vesica.analysis.measure.plates import measure_plates
from vesica.analysis.measure.rna import measure_qpcr, measure_sequencing
from vesica.analysis.measure.sample import Sample
from vesica.analysis.measure.types import REMARK, Measured, Order, Reading, note
from vesica.errors import Finding
from vesica.instruments import constants, nta_forward, trps
from vesica.instruments.files.nanosight import NanosightMeasurement, VideoReading, write_nanosight
from vesica.instruments.files.trace import write_traces
from vesica.instruments.files.trps import SheetRow, write_blockades, write_sheet
from vesica.instruments.nta_response import FloatArray
from vesica.instruments.phluorin import draw_events, trace
from vesica.rng import stream

NTA_EDGES: Final = np.arange(1001.0)  # nm: the bins of a NanoSight file


def measure_nta(samples: Sequence[Sample], order: Order) -> Measured:
    """Particle tracking: one NanoSight 3.4 summary for each sample and replicate."""
    instrument = constants.nta(order.library)
    value = constants.reader(order.library)
    n_videos = round(value("nta.video.count", ""))
    found = Measured()
    for sample in samples:
        present = list(sample.populations)
        if order.lipoprotein > 0:
            present.append(
                nta_forward.lipoproteins(
                    present,
                    instrument.response,
                    share=order.lipoprotein,
                    median=value("nta.lipoprotein.median", "nm"),
                    gsd=value("nta.lipoprotein.gsd", ""),
                )
            )
        trackable = sum(float(one.trackable(instrument.response).sum()) for one in present)
        dilution = order.dilution or nta_forward.operator_dilution(trackable, instrument)
        found.findings.extend(_outside(sample, instrument, trackable / dilution, dilution))
        expected = trackable * nta_forward.unhidden_share(trackable / dilution, instrument)
        seen_mean = _tracked_mean(present, instrument)
        for replicate in range(1, order.replicates + 1):
            name = f"{sample.name}_r{replicate}"
            videos = [
                nta_forward.record_video(
                    present, instrument, dilution=dilution, rng=stream(order.seed, f"nta {name}", video)
                )
                for video in range(n_videos)
            ]
            found.files[f"nta/{name}_ExperimentSummary.csv"] = _summary(name, videos, instrument, dilution)
            read = np.array([video.concentration * dilution for video in videos])
            sizes = np.concatenate([video.diameter for video in videos])
            error = float(read.std(ddof=1) / math.sqrt(read.size))
            found.readings.append(
                Reading(
                    "nta",
                    sample.name,
                    replicate,
                    "particles",
                    "particle/mL",
                    sample.concentration,
                    expected,
                    float(read.mean()),
                    error,
                )
            )
            found.readings.append(
                _mean_size("nta", sample, replicate, sizes, _mean_of(sample, None), seen_mean)
            )
        found.truth[sample.name] = {
            "dilution": dilution,
            "trackable_per_mL": trackable,
            "background_per_mL": sum(one.concentration for one in present) - sample.concentration,
        }
    return found


def _outside(
    sample: Sample, instrument: nta_forward.NtaInstrument, trackable: float, dilution: float
) -> list[Finding]:
    shown = instrument.per_frame(trackable)
    if trackable == 0 or instrument.low <= shown <= instrument.high:
        return []
    is_thin = shown < instrument.low
    fix = ("dilute less" if dilution > 1 else "concentrate the sample") if is_thin else "dilute more"
    fix += ", or leave `--dilution` out" if dilution > 1 or not is_thin else ""
    consequence = (
        "counting is poor" if shown < instrument.low else "neighbours hide each other: counts are too low"
    )
    return [
        note(
            "warning",
            sample.name,
            f"NTA would show {shown:.3g} particles per frame",
            f"{instrument.low:g} to {instrument.high:g} are the range an operator aims at",
            consequence,
            fix,
        )
    ]


def _tracked_mean(
    present: Sequence[nta_forward.Population], instrument: nta_forward.NtaInstrument
) -> float | None:
    """Mean diameter (nm) that tracks have on average: of the trackable particles, times the mean tracking error."""
    tracked = [(one.diameter, one.trackable(instrument.response)) for one in present]
    total = sum(float(weight.sum()) for _, weight in tracked)
    if total == 0:
        return None
    mean = sum(float(diameter @ weight) for diameter, weight in tracked) / total
    return mean * math.exp(instrument.response.log_width**2 / 2)


def _summary(
    name: str, videos: Sequence[nta_forward.Video], instrument: nta_forward.NtaInstrument, dilution: float
) -> bytes:
    readings = tuple(
        VideoReading(
            f"{name} video {number}",
            nta_forward.size_bins(video, NTA_EDGES, smoothing=instrument.smoothing) * dilution,
            video.diameter.size,
            video.diameter.size,
            video.particles_per_frame,
            video.particles_per_frame,
        )
        for number, video in enumerate(videos, start=1)
    )
    return write_nanosight(
        NanosightMeasurement(
            readings,
            float(dilution),
            sample=name,
            remarks=REMARK,
            experiment=f"{name}.nano",
            frames=instrument.frames,
        ),
        version="3.4",
    )


def _mean_of(sample: Sample, seen: Callable[[FloatArray], FloatArray] | None) -> float | None:
    """Mean diameter (nm) of a sample's vesicles, or of those seen with a probability."""
    weight = mass = 0.0
    for one in sample.populations:
        shares = one.weight / one.weight.sum() * one.concentration
        shares = shares if seen is None else shares * seen(one.diameter)
        weight, mass = weight + float(shares.sum()), mass + float(shares @ one.diameter)
    return mass / weight if weight > 0 else None


def _mean_size(
    instrument: str, sample: Sample, replicate: int, sizes: FloatArray, true: float | None, seen: float | None
) -> Reading:
    enough = sizes.size > 1
    return Reading(
        instrument,
        sample.name,
        replicate,
        "mean diameter",
        "nm",
        true,
        seen,
        float(sizes.mean()) if sizes.size else None,
        float(sizes.std(ddof=1) / math.sqrt(sizes.size)) if enough else None,
    )


def measure_trps(samples: Sequence[Sample], order: Order) -> Measured:
    """Resistive pulse sensing: blockades of each sample, of beads, and the sheet that ties them together."""
    instrument = constants.trps(order.library)
    found, sheet = Measured(), []
    for sample in samples:
        present = sample.populations
        dilution = order.dilution or trps.operator_dilution(present, instrument)
        seen = sum(
            one.concentration
            * float(one.weight @ instrument.seen_share(one.diameter))
            / float(one.weight.sum())
            for one in present
        )
        for replicate in range(1, order.replicates + 1):
            name = f"{sample.name}_r{replicate}"
            beads = trps.record_beads(instrument, rng=stream(order.seed, f"trps beads {name}", 0))
            run = trps.record(
                present, instrument, dilution=dilution, rng=stream(order.seed, f"trps {name}", 0)
            )
            reading = trps.calibrate(run, beads, instrument, dilution=dilution)
            found.files[f"trps/{name}.csv"] = write_blockades(run, reading.diameter, remark=REMARK)
            found.files[f"trps/{name}_calibration.csv"] = write_blockades(beads, remark=REMARK)
            at, amount = instrument.bead_diameter, instrument.bead_concentration
            sheet += [
                SheetRow(f"{name}.csv", "sample", name, run.minutes, float(dilution)),
                SheetRow(f"{name}_calibration.csv", "beads", name, beads.minutes, 1.0, at, amount),
            ]
            found.readings += _trps_readings(sample, replicate, instrument, reading, seen)
        found.truth[sample.name] = {
            "dilution": dilution,
            "detectable_per_mL": seen,
            "detection_diameter_nm": instrument.detection_diameter,
        }
    found.files["trps/recordings.csv"] = write_sheet(sheet)
    return found


def _trps_readings(
    sample: Sample, replicate: int, instrument: trps.TrpsInstrument, reading: trps.Reading, seen: float
) -> list[Reading]:
    counted = Reading(
        "trps",
        sample.name,
        replicate,
        f"particles > {instrument.detection_diameter:g} nm",
        "particle/mL",
        sample.concentration,
        seen,
        reading.concentration,
        reading.concentration_error,
    )
    true, shown = _mean_of(sample, None), _mean_of(sample, instrument.seen_share)
    return [counted, _mean_size("trps", sample, replicate, reading.diameter, true, shown)]


def measure_phluorin(samples: Sequence[Sample], order: Order) -> Measured:
    """CD63-pHluorin: traces of single cells, while cells fuse at the rate of the run at that time."""
    recorder = constants.recorder(order.library)
    value = constants.reader(order.library)
    visible = value("phluorin.event.visible_share", "")
    cells = round(value("phluorin.recording.cells", "cell"))
    found = Measured()
    for sample in samples:
        if not sample.fusions:
            found.findings.append(
                note(
                    "note",
                    sample.name,
                    "no cells that secrete vesicles are in this arm",
                    "a recording shows cells",
                    "no trace is written",
                    "choose another arm",
                )
            )
        for cell, per_second in sample.fusions.items():
            for replicate in range(1, order.replicates + 1):
                name = f"{sample.name}_{cell}_r{replicate}"
                made = []
                for number in range(cells):
                    rng = stream(order.seed, f"phluorin {name}", number)
                    made.append(trace(*draw_events(per_second * visible, recorder, rng), recorder, rng))
                found.files[f"phluorin/{name}.csv"] = write_traces(
                    recorder.times,
                    {f"cell {number}": one.fluorescence for number, one in enumerate(made, start=1)},
                    remarks=[REMARK],
                )
                events = sum(one.event_time.size for one in made)
                hours = cells * recorder.duration / 3600
                found.readings.append(
                    Reading(
                        "phluorin",
                        sample.name,
                        replicate,
                        f"fusions shown, {cell}",
                        "1/cell/h",
                        per_second * 3600,
                        per_second * 3600 * visible,
                        events / hours,
                        math.sqrt(events) / hours,
                    )
                )
                found.truth[name] = {
                    "fusions_per_cell_per_hour": per_second * 3600,
                    "visible_share": visible,
                    "events": {
                        f"cell {number}": {
                            "time_s": one.event_time.tolist(),
                            "jump": one.event_amplitude.tolist(),
                        }
                        for number, one in enumerate(made, start=1)
                    },
                }
    return found


Measurer = Callable[[Sequence[Sample], Order], Measured]
INSTRUMENTS: Final[Mapping[str, Measurer]] = MappingProxyType(
    {
        "nta": measure_nta,
        "trps": measure_trps,
        "elisa": measure_plates("elisa"),
        "simoa": measure_plates("simoa"),
        "qpcr": measure_qpcr,
        "sequencing": measure_sequencing,
        "phluorin": measure_phluorin,
    }
)
