"""What an assay reads of a culture: its truth, what cultures do to it, and what the instrument does, on a log scale.

A reading is the logarithm of the quantity as the assay reports it (of counts of cells: the log odds). Cultures differ
log-normally about their median. Below the detection limit an assay reads the limit. Constants are those of the library,
as in `vesica measure`; with a coefficient of variation of the user's (`Plain`) they are left out, as it holds them all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vesica.instruments import constants
from vesica.instruments.elisa import DETECTION, ElisaAssay, SimoaAssay, elisa_wells, simoa_wells
from vesica.instruments.nta_forward import NtaInstrument
from vesica.instruments.qpcr import QpcrAssay
from vesica.library import Library

Array = NDArray[np.float64]

UM3_PER_ML: Final = 1e12
PER_PM: Final = 6.02214076e-4  # molecule/um^3
TOP: Final = 0.95  # share of the span of an ELISA curve up to which a sample is not diluted


@dataclass(frozen=True)
class Truth:
    """What is really there.

    Parameters
    ----------
    value : in the unit of the quantity, >= 0
    scale : value that one unit in the tube stands for (1 particle/mL, 1 template in a reaction, 1 pM in a well)
        NaN for levels that are read relative to a reference only: they have no limit and no counting.
    particles : particle/mL
        Where the quantity is one per vesicle and NTA counts these; else NaN.
    background : particle/mL
        Of particles that were in the medium from the start (serum), which NTA sees too; a blank is taken off.
    """

    value: float
    scale: float = math.nan
    particles: float = math.nan
    background: float = 0.0

    @property
    def in_tube(self) -> float:
        """Amount in the tube; NaN for relative levels."""
        return self.value / self.scale


class Assay(Protocol):
    """One way to read a quantity."""

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """Log readings of cultures, of the shape of ``culture``: standard normal numbers, one a culture."""

    def expected(self, truth: Truth) -> float:
        """Log reading without any noise: at the limit where the truth is below it."""

    def limit(self, truth: Truth) -> float:
        """Lowest value that is told from nothing, in the unit of the quantity; 0 where there is none."""


def _floored(values: Array, limit: float) -> Array:
    """Logarithms; at the limit where below it. A quantity without limit that is zero has no logarithm."""
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(values, limit))


def log_sd(cv: float) -> float:
    """Standard deviation of the logarithm of a log-normal quantity."""
    return math.sqrt(math.log1p(cv**2))


@dataclass(frozen=True)
class Plain:
    """All scatter of an assay as one coefficient of variation; the limit stays that of the assay it stands for."""

    cv: float
    instead_of: Assay | None = None

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """Log-normal about the truth; log odds shift by as much."""
        if isinstance(self.instead_of, Counted):
            return self.instead_of.expected(truth) + log_sd(self.cv) * culture
        return _floored(truth.value * np.exp(log_sd(self.cv) * culture), self.limit(truth))

    def expected(self, truth: Truth) -> float:
        """As of the assay it stands for."""
        if isinstance(self.instead_of, Counted):
            return self.instead_of.expected(truth)
        return float(_floored(np.array(truth.value), self.limit(truth)))

    def limit(self, truth: Truth) -> float:
        """As of the assay it stands for."""
        return 0.0 if self.instead_of is None else self.instead_of.limit(truth)


@dataclass(frozen=True)
class Tracked:
    """Particles by NTA: ``videos`` of one sample, diluted where frames would be full.

    ``lowest`` particle/mL is told from a blank. Reading a video has the variance of `instruments.nta_forward`.
    """

    instrument: NtaInstrument
    videos: int
    lowest: float
    culture_cv: float

    def counted(self, concentration: Array, random: np.random.Generator) -> Array:
        """Concentration as read, relative to the true one (particle/mL), before limits."""
        tool = self.instrument
        frame = tool.per_frame(1.0) * concentration
        dilution = np.where(frame > tool.high, frame / math.sqrt(tool.low * tool.high), 1.0)
        tracks = tool.counted_volume * concentration / dilution / (2.0 - 1.0 / tool.track_length)
        shape = self.videos / tool.video_cv**2
        videos = random.gamma(shape, 1.0 / shape, concentration.shape) if tool.video_cv > 0 else 1.0
        count = random.poisson(np.minimum(tracks * self.videos * videos, 1e15))
        return np.divide(count, tracks * self.videos, out=np.zeros_like(tracks), where=tracks > 0)

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        there = truth.in_tube * np.exp(log_sd(self.culture_cv) * culture) + truth.background
        return _floored((there * self.counted(there, random) - truth.background) * truth.scale, self.limit(truth))

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        return math.log(max(truth.value, self.limit(truth)))

    def limit(self, truth: Truth) -> float:
        """What is told from a blank, by its number and by how videos of it differ."""
        blank = DETECTION * self.instrument.video_cv / math.sqrt(self.videos) * truth.background
        return max(self.lowest, blank) * truth.scale


@dataclass(frozen=True)
class Amplified:
    """RNA by RT-qPCR: the mean of ``wells`` reactions less that of an abundant reference (spike-in, housekeeping gene).

    A reaction without template, or beyond the last cycle, counts as the last cycle.
    """

    kit: QpcrAssay
    wells: int
    culture_cv: float

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        factor = np.exp(log_sd(self.culture_cv) * culture)
        per_cycle = math.log1p(self.kit.efficiency)
        reference = random.standard_normal(culture.shape) * self.kit.cycle_sd / math.sqrt(self.wells)
        errors = random.standard_normal((self.wells, *culture.shape)) * self.kit.cycle_sd
        if not math.isfinite(truth.scale):
            return _floored(truth.value * factor, 0.0) + per_cycle * (reference - errors.mean(axis=0))
        templates = random.poisson(np.minimum(truth.in_tube * factor, 1e15), (self.wells, *culture.shape))
        with np.errstate(divide="ignore"):
            cycles = self.kit.cycle_of_one - np.log(templates) / per_cycle + errors
        mean = np.minimum(cycles, self.kit.last_cycle).mean(axis=0)
        read = (self.kit.cycle_of_one - mean + reference) * per_cycle + math.log(truth.scale)
        lowest = math.log(self.limit(truth))
        return np.where(mean < self.kit.last_cycle, np.maximum(read, lowest), lowest)

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        return float(_floored(np.array(truth.value), self.limit(truth)))

    def limit(self, truth: Truth) -> float:
        """Templates of the last cycle, in the unit of the quantity."""
        if not math.isfinite(truth.scale):
            return 0.0
        return float(self.kit.templates(np.array(self.kit.last_cycle))) * truth.scale


@dataclass(frozen=True)
class Captured:
    """Protein by ELISA: the mean of ``wells``, read off a good standard curve, diluted where it would be flat."""

    plate: ElisaAssay
    wells: int
    culture_cv: float

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        factor = np.exp(log_sd(self.culture_cv) * culture)
        there = truth.in_tube * factor if math.isfinite(truth.scale) else self.plate.curve.half * factor
        highest = float(self.plate.curve.concentration(np.array(self._highest)))
        dilution = np.where(there > highest, there / self.plate.curve.half, 1.0)
        shape = (self.wells, *culture.shape)
        wells = np.broadcast_to(there / dilution, shape).ravel()
        signal = elisa_wells(wells, self.plate, on_vesicles=False, rng=random).reshape(shape).mean(axis=0)
        inside = np.clip(signal, self.plate.curve.bottom, self._ceiling)
        read = np.nan_to_num(self.plate.curve.concentration(inside), nan=0.0) * dilution
        if not math.isfinite(truth.scale):
            return _floored(truth.value * read / self.plate.curve.half, 0.0)
        return _floored(read * truth.scale, self.limit(truth))

    @property
    def _highest(self) -> float:
        curve = self.plate.curve
        return curve.bottom + TOP * (curve.top - curve.bottom)

    @property
    def _ceiling(self) -> float:
        """A signal above the curve is read just below its top."""
        curve = self.plate.curve
        return curve.top - 1e-3 * (curve.top - curve.bottom)

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        return float(_floored(np.array(truth.value), self.limit(truth)))

    def limit(self, truth: Truth) -> float:
        """Blank and three standard deviations."""
        return self.plate.limits[0] * truth.scale if math.isfinite(truth.scale) else 0.0


@dataclass(frozen=True)
class Digital:
    """Protein by a single-molecule array: the mean of ``wells`` less the background, diluted where beads are full."""

    array: SimoaAssay
    wells: int
    culture_cv: float

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        there = truth.in_tube * np.exp(log_sd(self.culture_cv) * culture)
        dilution = np.maximum(1.0, 2.0 * there / self.array.highest)
        shape = (self.wells, *culture.shape)
        wells = np.broadcast_to(there / dilution, shape).ravel()
        enzymes = simoa_wells(wells, self.array, on_vesicles=False, rng=random).reshape(shape).mean(axis=0)
        read = np.maximum(enzymes - self.array.background, 0.0) / self.array.slope * dilution
        return _floored(read * truth.scale, self.limit(truth))

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        return float(_floored(np.array(truth.value), self.limit(truth)))

    def limit(self, truth: Truth) -> float:
        """Background and three standard deviations."""
        return self.array.limits[0] * truth.scale


@dataclass(frozen=True)
class Counted:
    """A share of cells by looking at ``cells`` of them: log odds, with a half added to both counts (Haldane).

    Cultures differ by ``spread`` in log odds. A share ``misread`` of either kind is taken for the other.
    """

    cells: int
    spread: float
    misread: float

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        share = 1.0 / (1.0 + np.exp(-self.expected(truth) - self.spread * culture))
        found = random.binomial(self.cells, share)
        return np.log((found + 0.5) / (self.cells - found + 0.5))

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        share = self.misread + (1.0 - 2.0 * self.misread) * min(max(truth.value, 0.0), 1.0)
        return math.log(share / (1.0 - share))

    def limit(self, truth: Truth) -> float:
        """As the protocol says."""
        return 0.0


@dataclass(frozen=True)
class PerVesicle:
    """An assay of what vesicles hold, over their number by NTA in the same sample."""

    cargo: Assay
    number: Tracked

    def read(self, truth: Truth, culture: Array, random: np.random.Generator) -> Array:
        """As the protocol says."""
        counted = self.number.counted(np.full(culture.shape, truth.particles), random)
        least = 0.5 * self.number.lowest / truth.particles  # a ratio to no count at all is not reported
        return self.cargo.read(truth, culture, random) - np.log(np.maximum(counted, least))

    def expected(self, truth: Truth) -> float:
        """As the protocol says."""
        return self.cargo.expected(truth)

    def limit(self, truth: Truth) -> float:
        """As the protocol says."""
        return self.cargo.limit(truth)


def shelf(library: Library, variations: Mapping[str, float]) -> dict[str, Assay]:
    """Every assay by its name, and ``NAME per vesicle``, with the user's coefficients of variation where given."""
    value = constants.reader(library)
    culture = value("design.culture.cv", "")
    tracked = Tracked(constants.nta(library), round(value("nta.video.count", "")),
                      value("design.nta.limit", "particle/mL"), culture)
    amplified = Amplified(constants.qpcr(library), round(value("design.qpcr.wells", "")), culture)
    wells = round(value("design.elisa.wells", ""))
    captured = Captured(constants.elisa(library), wells, culture)
    digital = Digital(constants.simoa(library), wells, culture)
    counted = Counted(round(value("design.count.cells", "cell")), value("design.count.spread", ""),
                      value("design.count.misread", ""))
    found: dict[str, Assay] = {"nta": tracked, "qpcr": amplified, "elisa": captured, "simoa": digital,
                               "count": counted,
                               "qpcr per vesicle": PerVesicle(amplified, tracked),
                               "elisa per vesicle": PerVesicle(captured, tracked),
                               "simoa per vesicle": PerVesicle(digital, tracked)}
    for name, cv in variations.items():
        for given in (name, f"{name} per vesicle"):
            if given in found or given == "other":
                found[given] = Plain(cv, found.get(given))
    return found
