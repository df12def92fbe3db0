"""Instruments with the constants of the library: the one place where assay entries are looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vesica.instruments.elisa import ElisaAssay, SimoaAssay
from vesica.instruments.four_parameter import FourParameter
from vesica.instruments.nta_forward import NtaInstrument
from vesica.instruments.nta_response import NtaResponse
from vesica.instruments.phluorin import Recorder
from vesica.instruments.qpcr import QpcrAssay
from vesica.instruments.sequencing import SequencingLibrary
from vesica.instruments.trps import TrpsInstrument
from vesica.library import Library, internal


def reader(library: Library) -> Callable[[str, str], float]:
    """``value("nta.field.volume", "um^3")``: an entry in the unit that is asked for."""
    return lambda name, unit="": internal(library.entries[name], unit)[0]


def nta(library: Library) -> NtaInstrument:
    """Particle tracking."""
    value = reader(library)
    response = NtaResponse(
        visible_diameter=value("nta.visibility.half_diameter", "nm"),
        visible_slope=1 / value("nta.visibility.width", ""),
        tracking_error=value("nta.tracking.relative_error", ""),
    )
    return NtaInstrument(
        response=response,
        field_volume=value("nta.field.volume", "um^3"),
        frames=round(value("nta.video.frames", "")),
        frame_rate=value("nta.frame.rate", "1/s"),
        track_length=value("nta.track.length", ""),
        video_cv=value("nta.video.cv", ""),
        overlap_share=value("nta.overlap.share", ""),
        low=value("nta.frame.low", "particle"),
        high=value("nta.frame.high", "particle"),
        smoothing=value("nta.smoothing.log_width", ""),
    )


def trps(library: Library) -> TrpsInstrument:
    """Resistive pulse sensing."""
    value = reader(library)
    return TrpsInstrument(
        detection_diameter=value("trps.detection.diameter_Coumans14", "nm"),
        blockade_error=value("trps.blockade.error", ""),
        bead_diameter=value("trps.calibration.diameter", "nm"),
        bead_cv=value("trps.calibration.cv", ""),
        bead_concentration=value("trps.calibration.concentration", "particle/mL"),
        bead_blockade=value("trps.calibration.blockade", ""),
        flow=value("trps.flow.rate", "mL/min"),
        flow_cv=value("trps.flow.cv", ""),
        rate_high=value("trps.rate.high", "1/min"),
        duration=value("trps.recording.time", "min"),
        passage=value("trps.blockade.duration", "ms"),
    )


def elisa(library: Library) -> ElisaAssay:
    """A sandwich ELISA; vesicles are captured by the library's share, soluble analyte as its standard."""
    value = reader(library)
    curve = FourParameter(
        value("elisa.signal.bottom", ""),
        value("elisa.signal.top", ""),
        value("elisa.curve.half", "pM"),
        value("elisa.curve.slope", ""),
    )
    return ElisaAssay(
        curve, value("elisa.well.cv", ""), value("elisa.blank.sd", ""), value("elisa.capture.efficiency", "")
    )


def simoa(library: Library) -> SimoaAssay:
    """A single-molecule array."""
    value = reader(library)
    return SimoaAssay(
        value("elisa.simoa.slope", "1/pM"),
        value("elisa.simoa.background", ""),
        round(value("elisa.simoa.beads", "")),
        value("elisa.simoa.cv", ""),
        value("elisa.capture.efficiency", ""),
    )


def qpcr(library: Library) -> QpcrAssay:
    """A miRNA assay with a spike-in."""
    value = reader(library)
    return QpcrAssay(
        efficiency=value("qpcr.amplification.efficiency", ""),
        cycle_of_one=value("qpcr.threshold.cycle_of_one", ""),
        last_cycle=value("qpcr.cycle.limit", ""),
        cycle_sd=value("qpcr.cycle.sd", ""),
        input_volume=value("qpcr.input.volume", "mL"),
        eluate_share=value("qpcr.eluate.share", ""),
        recovery=value("qpcr.extraction.recovery", ""),
        recovery_cv=value("qpcr.extraction.cv", ""),
        transcription=value("qpcr.transcription.efficiency", ""),
        spike_copies=value("qpcr.spike.copies", "copy"),
    )


def sequencing(library: Library, depth: float | None = None) -> SequencingLibrary:
    """A small-RNA library, of the given depth where there is one."""
    value = reader(library)
    usual = SequencingLibrary(
        value("sequencing.library.depth", ""),
        value("sequencing.library.depth_cv", ""),
        value("sequencing.library.dispersion", ""),
    )
    return usual if depth is None else replace(usual, depth=depth)


def recorder(library: Library) -> Recorder:
    """A CD63-pHluorin recording in an evanescent field."""
    value = reader(library)
    jump = value("phluorin.event.amplitude", "")
    return Recorder(
        decay=value("phluorin.signal.decay_Verweij18", "s"),
        amplitude=jump,
        amplitude_cv=value("phluorin.event.amplitude_cv", ""),
        noise=jump * value("phluorin.trace.noise", ""),
        baseline=jump * value("phluorin.trace.baseline", ""),
        bleaching=value("phluorin.trace.bleaching", "s"),
        interval=value("phluorin.frame.interval", "s"),
        duration=value("phluorin.recording.time", "s"),
    )
