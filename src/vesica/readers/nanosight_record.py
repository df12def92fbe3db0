"""What one NanoSight ExperimentSummary says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from vesica.errors import Finding, error
from vesica.readers.records import PER_MILLILITRE, FloatArray, SizeDistribution, frozen
from vesica.readers.text import Provenance

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_ROWS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class VideoResult:
    """What the instrument printed for one video; None where the export lacks the row.

    Parameters
    ----------
    name : str
    concentration : particle/mL
        Already multiplied by ``dilution`` where that is recorded.
    dilution : dimensionless, >= 1
        None when not recorded: concentrations are then those of the diluted sample.
    particles_per_frame, centres_per_frame : particle
    completed_tracks, valid_tracks : int
    mean, mode, sd, d10, d50, d90 : nm
    validity : str
        ``OK``, or the instrument's words.
    temperature : degC
    viscosity : mPa s
    drift_x, drift_y : pixel/frame
    length : s
        Frames analysed over frame rate.
    flags : name -> the instrument's words, as in `nta_record.NtaVideo`
    """

    name: str
    concentration: float | None
    dilution: float | None
    particles_per_frame: float | None
    centres_per_frame: float | None
    completed_tracks: float | None
    valid_tracks: float | None
    mean: float | None
    mode: float | None
    sd: float | None
    d10: float | None
    d50: float | None
    d90: float | None
    validity: str | None
    temperature: float | None = None
    viscosity: float | None = None
    drift_x: float | None = None
    drift_y: float | None = None
    length: float | None = None
    flags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, eq=False)
class WeightedBlock:
    """One block of size or diffusion data.

    Parameters
    ----------
    kind : "size" or "diffusion"
    weighting : str
        ``Number``, ``Surface Area`` or ``Volume``.
    centre : (bin,) nm, or 1e4 nm^2/s for diffusion
    amount : (bin, video)
        As printed.
    printed : name -> (video,)
        ``mean``, ``mode``, ``sd``, ``d10``, ``d50``, ``d90``, ``valid_tracks``; None where missing.
    percentiles : (101, video) or None
        Below which 0, 1, ... 100 % lie, in the unit of ``centre``.
    """

    kind: Literal["size", "diffusion"]
    weighting: str
    centre: FloatArray
    amount: FloatArray
    printed: Mapping[str, tuple[float | None, ...]]
    percentiles: FloatArray | None


@dataclass(frozen=True, eq=False)
class NanosightSummary:
    """One ExperimentSummary file.

    Parameters
    ----------
    software : str
        Second line of the file.
    sample : str
        `Sample Description` (3.3, 3.4) or `Sample Name` (3.2).
    videos : (video,) VideoResult
    diameter : (bin,) nm
        Bin centres.
    concentration : (bin, video) particle/mL
        Particles in each bin, number weighting.
    average, standard_error : (bin,) particle/mL or None
        As printed; None for exports without these columns.
    provenance : Provenance
        With every section verbatim.
    warnings : findings, one per problem the instrument or this reader saw.
    doubts : the part of ``warnings`` that this reader has, not the instrument
    details : name -> words
        Rows of `Experiment Details`.
    conditions, settings : name -> words of each video
    blocks : every weighting of sizes and diffusion coefficients, the number weighting of sizes first
    """

    software: str
    sample: str
    videos: tuple[VideoResult, ...]
    diameter: FloatArray
    concentration: FloatArray
    average: FloatArray | None
    standard_error: FloatArray | None
    provenance: Provenance
    warnings: tuple[Finding, ...]
    doubts: tuple[Finding, ...] = ()
    details: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_ROWS)
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_ROWS)
    blocks: tuple[WeightedBlock, ...] = ()

    @property
    def dilution(self) -> tuple[float | None, ...]:
        """Dilution of each video; None when not recorded."""
        return tuple(video.dilution for video in self.videos)

    def distribution(self) -> SizeDistribution:
        """Average the videos; the spread between them is the sample standard deviation.

        Raises
        ------
        InputError
            Every bin of every video is empty.
        """
        if not self.concentration.any():
            raise error(
                self.provenance.file,
                "every bin is empty",
                "a size distribution has particles",
                "there is no shape to read",
                "leave this measurement out",
                file=self.provenance.file,
            )
        n_videos = len(self.videos)
        spread = frozen(self.concentration.std(axis=1, ddof=1)) if n_videos > 1 else None
        return SizeDistribution(
            diameter=self.diameter,
            concentration=frozen(self.concentration.mean(axis=1)),
            sd=spread,
            bin_width=float(self.diameter[1] - self.diameter[0]),
            unit=PER_MILLILITRE,
            repeats=n_videos,
            instrument=f"NanoSight, {self.software}",
            provenance=self.provenance,
            warnings=self.warnings,
        )
