"""What the analysis of particle tracking files hands on: every number with its interval and its grounds.

Hierarchy: a *video* belongs to a file, a file is one *replicate* measurement of a *sample*, samples stand in
*groups*. Concentrations are in `NtaResult.unit`: per mL of the original suspension where the dilution is known,
else per mL of the suspension that was in the instrument.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vesica.analysis.nta.verdicts import VideoVerdict
from vesica.errors import Finding
from vesica.readers.nta_record import NtaFile
from vesica.readers.records import FloatArray
from vesica.readers.text import Provenance

PER_ML: str = "particle/mL"
PER_ML_MEASURED: str = "particle/mL of the measured suspension"

Level = Literal["replicates", "samples", "videos", "none"]
PurityClass = Literal["high purity", "between", "low purity", "unpure"]


@dataclass(frozen=True)
class Estimate:
    """A number, its standard error and its 95 % interval.

    Parameters
    ----------
    value : in the unit of the place it stands in
    se : same unit; None where nothing can be said
    low, high : same unit; None where nothing can be said (a single video without tracks)
    df : degrees of freedom of ``se``; inf where the counting error is larger than the spread
    level : "replicates", "samples", "videos" or "none"
        What was repeated. An interval of level "videos" does not hold the differences between
        replicates: it says how well one measurement was made, no more.
    n : how many of them
    words : how the interval was made, in a sentence
    """

    value: float
    se: float | None
    low: float | None
    high: float | None
    df: float
    level: Level
    n: int
    words: str


@dataclass(frozen=True)
class Dilution:
    """How much the sample was diluted before it was measured, and who says so.

    Parameters
    ----------
    factor : dimensionless >= 1, or None where nobody says
    source : "record", "command line", "sheet", "sample name", "file name" or "unknown"
    applied_by : "instrument" (values of the file hold it already), "vesica" (multiplied here), "nobody"
    words : a sentence for people, with what was read
    """

    factor: float | None
    source: Literal["record", "command line", "sheet", "sample name", "file name", "unknown"]
    applied_by: Literal["instrument", "vesica", "nobody"]
    words: str

    @property
    def multiply(self) -> float:
        """What the values of the file are multiplied with."""
        return self.factor if self.applied_by == "vesica" and self.factor else 1.0


@dataclass(frozen=True)
class SizeStatistics:
    """Diameters of one distribution, nm; None where the distribution does not support it.

    ``mode`` is that of the density per nm, smoothed; ``span`` is (d90 - d10) / d50, without unit.
    """

    mean: float | None
    mode: float | None
    sd: float | None
    d10: float | None
    d50: float | None
    d90: float | None
    span: float | None


@dataclass(frozen=True, eq=False)
class Distribution:
    """A size distribution with its band.

    Parameters
    ----------
    edges : (bin + 1,) nm
    concentration : (bin,) `NtaResult.unit` in each bin (not per nm)
        Blank subtracted where there is one; may be negative: calculations use it, pictures show `shown`.
    se : (bin,) same unit, or None with a single unit
        Standard error of the mean over ``n`` units of ``level``; holds the error of the blank.
    level : what the band is made of
    n : int
    """

    edges: FloatArray
    concentration: FloatArray
    se: FloatArray | None
    level: Level
    n: int

    @property
    def diameter(self) -> FloatArray:
        """(bin,) nm, centres."""
        centres: FloatArray = (self.edges[1:] + self.edges[:-1]) / 2
        return centres

    @property
    def shown(self) -> FloatArray:
        """(bin,) concentration, with zero where it is negative."""
        shown: FloatArray = self.concentration.clip(min=0.0)
        return shown

    @property
    def density(self) -> FloatArray:
        """(bin,) `NtaResult.unit` per nm, as calculated."""
        density: FloatArray = self.concentration / (self.edges[1:] - self.edges[:-1])
        return density


@dataclass(frozen=True)
class Background:
    """What the blank says about a sample or a group.

    Parameters
    ----------
    blank : Estimate, `NtaResult.unit`
    share, share_low, share_high : 0..1, blank / gross with its 95 % interval; bounds None where unknown
    critical : `NtaResult.unit` or None
        A blank itself gives net values above this in one of twenty (Currie's L_C); None where no spread is known.
    limit : `NtaResult.unit` or None
        The least net concentration that is told from the blank 19 times out of 20 (Currie's L_D).
    words : how both were made
    """

    blank: Estimate
    share: float
    share_low: float | None
    share_high: float | None
    critical: float | None
    limit: float | None
    words: str


@dataclass(frozen=True, eq=False)
class ReplicateResult:
    """One file: one measurement of a sample; the blank is not subtracted here.

    Parameters
    ----------
    name, file : str
    concentration : `NtaResult.unit`, mean of the used videos
    video_concentrations : (used video,) `NtaResult.unit`
    tracks : of the used videos together, or None where the file does not say
    dilution : Dilution
    sizes : SizeStatistics of the mean distribution, the blank subtracted where there is one
    video_sizes : (used video,) SizeStatistics, the blank not subtracted
    edges, bins : (bin + 1,) nm and (used video, bin) `NtaResult.unit`
    track_diameter : (track,) nm or None
        Of the used videos, where the export holds single tracks.
    n_videos, n_excluded : int
    blank : `NtaResult.unit`
        What is subtracted from each of its videos; 0 without a blank.
    """

    name: str
    file: str
    concentration: float
    video_concentrations: FloatArray
    tracks: int | None
    dilution: Dilution
    sizes: SizeStatistics
    video_sizes: tuple[SizeStatistics, ...]
    edges: FloatArray
    bins: FloatArray
    track_diameter: FloatArray | None
    n_videos: int
    n_excluded: int
    blank: float = 0.0


@dataclass(frozen=True)
class Amount:
    """Particles per cell or per ug of protein; intervals carry that of the concentration, nothing else.

    Parameters
    ----------
    quantity : "cell" or "ug protein"
    unit : "particle/cell" or "particle/ug"
    value, low, high : in ``unit``; None below the limit
    upper_limit : in ``unit``, where the concentration is below the limit
    purity : class after Webber & Clayton 2013, for protein only
    words : what was divided by what
    """

    quantity: Literal["cell", "ug protein"]
    unit: str
    value: float | None
    low: float | None
    high: float | None
    upper_limit: float | None
    purity: PurityClass | None
    words: str


@dataclass(frozen=True, eq=False)
class SampleResult:
    """One sample.

    Parameters
    ----------
    name, group : str
    concentration : Estimate or None
        `NtaResult.unit`; blank subtracted where there is one. None when it is below the limit.
    below_limit : `NtaResult.unit` or None
        Set instead of ``concentration``: the detection limit it is below.
    gross : Estimate before the blank is subtracted
    signed : `NtaResult.unit`
        Net value as calculated, which may be negative: for means over samples only, never to be shown.
    signed_se : same unit or None
    background : Background or None without blank
    sizes : name of a field of `SizeStatistics` -> Estimate (nm; span without unit); empty below the limit
    distribution : Distribution
    replicates : at least one ReplicateResult
    amounts : particles per cell, per ug protein, as far as given
    time : h, of the sample sheet, or None
    """

    name: str
    group: str
    concentration: Estimate | None
    below_limit: float | None
    gross: Estimate
    signed: float
    signed_se: float | None
    background: Background | None
    sizes: dict[str, Estimate]
    distribution: Distribution
    replicates: tuple[ReplicateResult, ...]
    amounts: tuple[Amount, ...] = ()
    time: float | None = None

    @property
    def n_videos(self) -> int:
        """Videos used."""
        return sum(one.n_videos for one in self.replicates)

    @property
    def n_excluded(self) -> int:
        """Videos left out."""
        return sum(one.n_excluded for one in self.replicates)

    @property
    def tracks(self) -> int | None:
        """Tracks of the used videos, where every file says them."""
        counts = [one.tracks for one in self.replicates]
        return None if None in counts else sum(count for count in counts if count is not None)


@dataclass(frozen=True, eq=False)
class GroupResult:
    """One group: its samples, or the replicates of its only sample, are what varies.

    Parameters
    ----------
    name : str
    unit_of_replication : "samples", "replicates" or "videos"
        Samples where the group holds several; else the replicates of its sample; else nothing but videos.
    unit_names : (unit,) of samples, or of replicates
    units : (unit,) `NtaResult.unit`
        Net concentrations as calculated (may be negative): what groups are compared by.
    concentration, below_limit : as in `SampleResult`
    sizes : name -> Estimate
    distribution : Distribution, mean over the units
    unit_distributions : (unit, bin) `NtaResult.unit`, on the grid of ``distribution``
    samples : names
    """

    name: str
    unit_of_replication: Level
    unit_names: tuple[str, ...]
    units: FloatArray
    concentration: Estimate | None
    below_limit: float | None
    sizes: dict[str, Estimate]
    distribution: Distribution
    unit_distributions: FloatArray
    samples: tuple[str, ...]


@dataclass(frozen=True)
class DilutionSeries:
    """The same sample measured at several dilutions.

    Parameters
    ----------
    sample : str
    factors : (step,) dimensionless, increasing
    concentrations : (step,) `NtaResult.unit`, scaled back
    errors : (step,) same unit, standard error of each
    particles_per_frame : (step,) particle, None where unknown
    slope : of log concentration against log dilution; 0 where the series agrees
    p : chance of so much disagreement by counting and videos alone
    agrees : bool
    words : what that means
    """

    sample: str
    factors: tuple[float, ...]
    concentrations: tuple[float, ...]
    errors: tuple[float, ...]
    particles_per_frame: tuple[float | None, ...]
    slope: float
    p: float
    agrees: bool
    words: str


@dataclass(frozen=True, eq=False)
class NtaResult:
    """Everything `vesica nta read` found.

    Parameters
    ----------
    instrument : "NanoSight", "ZetaView" or "size table"
    unit : PER_ML or PER_ML_MEASURED
    samples, groups : in the order of the files or of the sheet
    videos : one VideoVerdict for each video of every file, blanks included
    blanks : NtaFile of each blank; blank_replicates the same, summarised
    files : NtaFile of each sample file, as read
    series : dilution series, where a sample was measured at several dilutions
    keep_all : bool
    fits, comparisons, corrections : of the modules of these names; empty where not asked for
    findings, sources : as in `LabOutcome`
    """

    instrument: str
    unit: str
    samples: tuple[SampleResult, ...]
    groups: tuple[GroupResult, ...]
    videos: tuple[VideoVerdict, ...]
    files: tuple[NtaFile, ...]
    blanks: tuple[NtaFile, ...] = ()
    blank_replicates: tuple[ReplicateResult, ...] = ()
    series: tuple[DilutionSeries, ...] = ()
    keep_all: bool = False
    fits: tuple[object, ...] = ()
    comparisons: tuple[object, ...] = ()
    corrections: tuple[object, ...] = ()
    findings: tuple[Finding, ...] = ()
    sources: tuple[Provenance, ...] = field(default=(), repr=False)
