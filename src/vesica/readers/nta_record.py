"""What one file of a particle tracking instrument says, whatever the instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from vesica.errors import Finding
from vesica.readers.records import FloatArray
from vesica.readers.text import Provenance

Words = Mapping[str, str]
Numbers = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class NtaVideo:
    """One video (NanoSight), one measurement over all positions (ZetaView), or one size table.

    Parameters
    ----------
    name : str
    diameter : (bin,) nm
        Bin centres, increasing; uniform unless ``edges`` says otherwise.
    edges : (bin + 1,) nm
    concentration : (bin,) particle/mL
        Particles in each bin as the file says: adjusted for ``dilution`` only where ``dilution_applied``.
    sd : (bin,) particle/mL or None
        Spread between repeats, where the file gives it (size tables).
    total : particle/mL
        As printed, or the sum of the bins where nothing is printed.
    dilution : dimensionless or None
        As recorded in the file; None where it is not recorded.
    dilution_applied : bool
        Whether ``concentration`` and ``total`` are already multiplied by ``dilution``.
    tracks : int or None
        Completed (or valid) tracks: what was counted, before any smoothing.
    particles_per_frame, centres_per_frame : particle or None
    temperature : degC or None
    viscosity : mPa s or None
    flags : name -> the instrument's own words
        Keys where the instrument says something: ``validity``, ``concentration``, ``completed_tracks``,
        ``particles_per_frame``, ``noise``, ``brightness``, ``detection_threshold``, ``histogram_limit``,
        ``video_length``, ``vibration``, ``settings_changed``, ``errors``, ``errors_2`` (NanoSight), ``drift``,
        ``cell_check``, ``removal`` (ZetaView). What passed is there, too: ``OK``, ``No``, ``Very Good``.
    printed : name -> number
        What the instrument computed itself: ``mean``, ``mode``, ``sd``, ``d10``, ``d50``, ``d90`` (nm),
        ``drift_x``, ``drift_y`` (pixel/frame) or ``drift`` (um/s), ``concentration`` (particle/mL),
        ``valid_tracks``, ``video_length`` (s).
    track_diameter : (track,) nm or None
        Sizes of the single tracks that are in the distribution, where the export holds them.
    """

    name: str
    diameter: FloatArray
    edges: FloatArray
    concentration: FloatArray
    sd: FloatArray | None
    total: float
    dilution: float | None
    dilution_applied: bool
    tracks: int | None = None
    particles_per_frame: float | None = None
    centres_per_frame: float | None = None
    temperature: float | None = None
    viscosity: float | None = None
    flags: Words = field(default_factory=lambda: MappingProxyType({}))
    printed: Numbers = field(default_factory=lambda: MappingProxyType({}))
    track_diameter: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class NtaFile:
    """One exported file (or pack of files) of one measurement.

    Parameters
    ----------
    file : str
        The path as given.
    instrument : "NanoSight", "ZetaView" or "size table"
    software : str
        Name and version as written.
    sample : str
        The sample's name as the operator wrote it; empty where there is none.
    captured : datetime or None
        When it was recorded, where the file's date is unambiguous.
    operator : str
    videos : (video,) NtaVideo
        At least one.
    conditions, settings : name -> words of each video
        Every row of these sections, as written.
    provenance : Provenance
        Of the main file, with every section verbatim.
    companions : Provenance of further files of the pack
    warnings : findings of the reader that do not prevent use
        What the instrument itself doubts is in the flags of the videos and not repeated here.
    """

    file: str
    instrument: Literal["NanoSight", "ZetaView", "size table"]
    software: str
    sample: str
    captured: datetime | None
    operator: str
    videos: tuple[NtaVideo, ...]
    conditions: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, tuple[str, ...]]
    provenance: Provenance
    companions: tuple[Provenance, ...] = ()
    warnings: tuple[Finding, ...] = ()
