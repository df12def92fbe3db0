r"""What particle tracking would read from a sample: videos, tracks and the distribution made of them.

A particle of diameter :math:`d` is tracked with probability :math:`V(d)` (`nta_response`), and read with a
log-normal error. Of a suspension with :math:`c` trackable particles per volume, a video of :math:`F` frames
that each show the volume :math:`v` follows

.. math:: N \sim \mathrm{Poisson}(g\, q\, c\, v F / L)

particles, each for a geometric number of frames of mean :math:`L`; :math:`g` (mean 1) is the variation between
videos and :math:`q = \exp(-c v s)` the share that no neighbour hides, with :math:`s` the share of the field around a
particle in which another one is lost. The instrument divides particles per frame by :math:`v`. So the variance of a
concentration is, relative to its square, :math:`CV_g^2 + (2 - 1/L)/N`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error
from vesica.instruments.nta_response import FloatArray, NtaResponse, visible_share

DILUTIONS: Final = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))
UM3_PER_ML: Final = 1e12


@dataclass(frozen=True)
class NtaInstrument:
    """The constants of an instrument and its use; every one is given.

    Parameters
    ----------
    response : NtaResponse
    field_volume : um^3, > 0
        Sample that one frame shows.
    frames : int
        Of one video.
    frame_rate : 1/s
    track_length : frames, >= 1
        Mean length of a track.
    video_cv : dimensionless, >= 0
        Between videos, beyond counting.
    overlap_share : dimensionless, >= 0
        Share of the field around a particle in which another one is lost.
    low, high : particles per frame
        The range the operator aims at.
    smoothing : dimensionless, >= 0
        Of the distribution, in log diameter.
    """

    response: NtaResponse
    field_volume: float
    frames: int
    frame_rate: float
    track_length: float
    video_cv: float
    overlap_share: float
    low: float
    high: float
    smoothing: float

    def __post_init__(self) -> None:
        numbers = (self.field_volume, self.frame_rate, self.high - self.low, self.low)
        if (
            min(numbers) <= 0
            or self.frames < 1
            or self.track_length < 1
            or not math.isfinite(sum(numbers))
            or min(self.video_cv, self.overlap_share, self.smoothing) < 0
        ):
            raise error(
                "nta.instrument",
                f"{self}",
                "volumes, rates and ranges are above zero, tracks one frame or more",
                "no number of particles would follow",
                "take the constants from the library",
            )

    @property
    def counted_volume(self) -> float:
        """Volume whose particles are each counted once in a video, mL."""
        return self.field_volume / UM3_PER_ML * self.frames / self.track_length

    def per_frame(self, concentration: float) -> float:
        """Particles per frame that a trackable concentration (particle/mL) would show without neighbours."""
        return concentration * self.field_volume / UM3_PER_ML


@dataclass(frozen=True, eq=False)
class Population:
    """Particles of one kind in a sample.

    Parameters
    ----------
    diameter : (size,) nm, > 0, increasing
    weight : (size,) >= 0
        Relative numbers; only their ratios count.
    concentration : particle/mL, >= 0
        Of all of them, in the undiluted sample.
    """

    diameter: FloatArray
    weight: FloatArray
    concentration: float

    def trackable(self, response: NtaResponse) -> FloatArray:
        """(size,) Particle/mL that are bright enough, by size."""
        total = self.weight.sum()
        if not total > 0 or self.concentration == 0:
            return np.zeros_like(self.weight)
        seen = visible_share(
            self.diameter, visible_diameter=response.visible_diameter, visible_slope=response.visible_slope
        )
        trackable: FloatArray = self.concentration * self.weight / total * seen
        return trackable


@dataclass(frozen=True, eq=False)
class Video:
    """What one video gave.

    Parameters
    ----------
    diameter : (track,) nm
        As read.
    frames : (track,)
        In which each particle was followed.
    particles_per_frame : particle
    concentration : particle/mL
        Of the suspension in the cell, not adjusted for dilution.
    """

    diameter: FloatArray
    frames: NDArray[np.int64]
    particles_per_frame: float
    concentration: float


def lipoproteins(
    population: Sequence[Population], response: NtaResponse, *, share: float, median: float, gsd: float
) -> Population:
    """A log-normal background that makes up ``share`` of the tracked particles.

    Parameters
    ----------
    population : what else is in the sample
    response : NtaResponse
    share : 0 <= share < 1
        Of all particles that are tracked: that is what a particle count in plasma reports.
    median : nm
    gsd : dimensionless, > 1
    """
    if not 0 <= share < 1:
        raise error(
            "nta.lipoprotein",
            f"a share of {share:g}",
            "the share of a background is at least 0 and below 1",
            "nothing but background would be counted",
            "write, for example, 98 %",
        )
    width = math.log(gsd)
    # Five widths to either side hold all but 6e-7 of the law.
    diameter = median * np.exp(np.linspace(-5 * width, 5 * width, 401))
    weight = np.exp(-0.5 * (np.log(diameter / median) / width) ** 2)  # per step of ln d, as the sizes stand
    own = sum(float(one.trackable(response).sum()) for one in population)
    seen = float(Population(diameter, weight, 1.0).trackable(response).sum())
    return Population(diameter, weight, own * share / (1 - share) / seen)


def operator_dilution(trackable: float, instrument: NtaInstrument) -> int:
    """Dilution (1, 2, 5, 10 ...) that brings a trackable concentration (particle/mL) to the middle of the range.

    As near as it gets, as a ratio to the geometric mean of both ends. A sample that is too thin stays undiluted.
    """
    middle = math.sqrt(instrument.low * instrument.high)
    shown = instrument.per_frame(trackable)
    if shown <= middle:
        return 1
    return min(DILUTIONS, key=lambda dilution: abs(math.log(shown / dilution / middle)))


def record_video(
    population: Sequence[Population], instrument: NtaInstrument, *, dilution: float, rng: np.random.Generator
) -> Video:
    """One video of a diluted sample.

    Parameters
    ----------
    population : what is in the undiluted sample
    instrument : NtaInstrument
    dilution : >= 1
    rng : numpy.random.Generator

    Returns
    -------
    Video
        Without tracks where nothing trackable is in the sample.
    """
    if not (math.isfinite(dilution) and dilution >= 1):
        raise error(
            "nta.dilution",
            f"a dilution of {dilution:g}",
            "a dilution is 1 (none) or more",
            "the sample would be concentrated",
            "write the factor by which the sample was diluted, such as 200",
        )
    diameter = np.concatenate([one.diameter for one in population])
    trackable = np.concatenate([one.trackable(instrument.response) for one in population]) / dilution
    total = float(trackable.sum())
    if total == 0:
        return Video(np.empty(0), np.empty(0, dtype=np.int64), 0.0, 0.0)
    gain = _gain(rng, instrument.video_cv)
    mean = gain * unhidden_share(total, instrument) * total * instrument.counted_volume
    tracks = int(rng.poisson(mean))
    true = rng.choice(diameter, size=tracks, p=trackable / total)
    read = true * np.exp(instrument.response.log_width * rng.standard_normal(tracks))
    frames = rng.geometric(1 / instrument.track_length, size=tracks)
    per_frame = float(frames.sum()) / instrument.frames
    return Video(read, frames, per_frame, per_frame / (instrument.field_volume / UM3_PER_ML))


def unhidden_share(trackable: float, instrument: NtaInstrument) -> float:
    """Share of particles that no neighbour hides, at a trackable concentration (particle/mL) in the cell."""
    return math.exp(-instrument.per_frame(trackable) * instrument.overlap_share)


def _gain(rng: np.random.Generator, cv: float) -> float:
    """A gamma variate of mean one."""
    return float(rng.gamma(1 / cv**2, cv**2)) if cv > 0 else 1.0


def size_bins(video: Video, edges: FloatArray, *, smoothing: float) -> FloatArray:
    """Distribution of a video over bins, in particle/mL of the suspension in the cell.

    Parameters
    ----------
    video : Video
    edges : (bin + 1,) nm, >= 0, increasing
    smoothing : dimensionless, >= 0
        Each track is spread as a log-normal of this width about its diameter; 0 is a histogram.

    Returns
    -------
    (bin,) particle/mL
        Sums to ``video.concentration`` less what lies outside the edges. Each track weighs the same.

    Notes
    -----
    The instrument's own analysis (finite track length adjustment) removes part of the tracking error by
    a deconvolution that is not published in full. It is left out: what is smoothed here are the
    tracks as read, so peaks are as wide as the tracking error makes them.
    """
    if video.diameter.size == 0:
        return np.zeros(edges.size - 1)
    if smoothing == 0:
        shares = np.histogram(video.diameter, edges)[0].astype(float)
    else:
        from scipy.special import ndtr

        with np.errstate(divide="ignore"):
            log_edges = np.log(edges)
        shares = np.zeros(edges.size - 1)
        for some in np.array_split(np.sort(np.log(video.diameter)), video.diameter.size // 100 + 1):
            # beyond ten widths of neighbours in size nothing is added: 1e-23 of a track
            first, last = np.searchsorted(log_edges, (some[0] - 10 * smoothing, some[-1] + 10 * smoothing))
            near = slice(max(first - 1, 0), last + 1)
            parts = np.diff(ndtr((log_edges[near, None] - some) / smoothing), axis=0).sum(axis=1)
            shares[near.start : near.start + parts.size] += parts
    return video.concentration * shares / video.diameter.size
