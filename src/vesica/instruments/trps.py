r"""What resistive pulse sensing would read: one blockade for each particle that passes the pore.

A particle of diameter :math:`d` blocks the current by :math:`k d^3` (its volume; the pore is much larger), read with a
log-normal error. It is seen where the blockade exceeds the noise, that is above a limiting diameter.
Beads of known diameter and concentration give :math:`k` and the flow:

.. math:: d = d_{bead} (\Delta I / \Delta I_{bead})^{1/3}, \qquad c = c_{bead}\, \dot n / \dot n_{bead}

Source of the proportionality: DeBlois & Bean, Rev Sci Instrum 41:909 (1970), for particles much smaller than the pore.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vesica.errors import error
from vesica.instruments.nta_forward import DILUTIONS, Population
from vesica.instruments.nta_response import FloatArray


@dataclass(frozen=True)
class TrpsInstrument:
    """A pore, its calibration beads and its use; every constant is given.

    Parameters
    ----------
    detection_diameter : nm
        Smallest particle whose blockade exceeds the noise.
    blockade_error : dimensionless, > 0
        Relative standard deviation of the blockade of one particle.
    bead_diameter, bead_cv, bead_concentration, bead_blockade : nm, dimensionless, particle/mL, nA
        Calibration beads and what one of mean size blocks.
    flow : mL/min
    flow_cv : dimensionless, >= 0
        Between recordings.
    rate_high : 1/min
        Most blockades the operator aims at.
    duration : min
        Of a recording.
    passage : ms
        Mean duration of a blockade.
    """

    detection_diameter: float
    blockade_error: float
    bead_diameter: float
    bead_cv: float
    bead_concentration: float
    bead_blockade: float
    flow: float
    flow_cv: float
    rate_high: float
    duration: float
    passage: float

    @property
    def threshold(self) -> float:
        """Smallest blockade that is seen, nA."""
        return self.bead_blockade * (self.detection_diameter / self.bead_diameter) ** 3

    @property
    def log_width(self) -> float:
        """Standard deviation of the logarithm of a blockade."""
        return math.sqrt(math.log1p(self.blockade_error**2))

    def seen_share(self, diameter: FloatArray) -> FloatArray:
        """(size,) Probability that a particle's blockade exceeds the threshold: a normal law in log volume."""
        from scipy.special import ndtr

        share: FloatArray = ndtr(3 * np.log(np.asarray(diameter) / self.detection_diameter) / self.log_width)
        return share


@dataclass(frozen=True, eq=False)
class Recording:
    """Blockades of one recording.

    Parameters
    ----------
    time : (blockade,) s
    magnitude : (blockade,) nA
    duration : (blockade,) ms
    minutes : min
        Length of the recording.
    """

    time: FloatArray
    magnitude: FloatArray
    duration: FloatArray
    minutes: float

    @property
    def rate(self) -> float:
        """Blockades per minute."""
        return self.time.size / self.minutes


def record(
    population: Sequence[Population], instrument: TrpsInstrument, *, dilution: float, rng: np.random.Generator
) -> Recording:
    """A recording of a diluted sample: a Poisson number of passages, and those above the threshold are seen."""
    if not (math.isfinite(dilution) and dilution >= 1):
        raise error(
            "trps.dilution",
            f"a dilution of {dilution:g}",
            "a dilution is 1 (none) or more",
            "the sample would be concentrated",
            "write the factor by which the sample was diluted, such as 20",
        )
    gain = (
        float(rng.gamma(1 / instrument.flow_cv**2, instrument.flow_cv**2)) if instrument.flow_cv > 0 else 1.0
    )
    volume = gain * instrument.flow * instrument.duration  # mL
    sizes = []
    for one in population:
        total = one.weight.sum()
        passing = int(rng.poisson(one.concentration / dilution * volume)) if total > 0 else 0
        sizes.append(rng.choice(one.diameter, size=passing, p=one.weight / total) if passing else np.empty(0))
    return _seen(np.concatenate(sizes), instrument, rng)


def record_beads(instrument: TrpsInstrument, *, rng: np.random.Generator) -> Recording:
    """A recording of the calibration beads."""
    gain = (
        float(rng.gamma(1 / instrument.flow_cv**2, instrument.flow_cv**2)) if instrument.flow_cv > 0 else 1.0
    )
    beads = int(rng.poisson(instrument.bead_concentration * gain * instrument.flow * instrument.duration))
    return _seen(
        instrument.bead_diameter * (1 + instrument.bead_cv * rng.standard_normal(beads)), instrument, rng
    )


def _seen(diameter: FloatArray, instrument: TrpsInstrument, rng: np.random.Generator) -> Recording:
    count = diameter.size
    exact = instrument.bead_blockade * (diameter / instrument.bead_diameter) ** 3
    magnitude = exact * np.exp(instrument.log_width * rng.standard_normal(count))
    time = np.sort(rng.uniform(0, 60 * instrument.duration, count))
    duration = rng.gamma(4.0, instrument.passage / 4.0, count)  # passages are alike: relative spread one half
    seen = magnitude >= instrument.threshold
    return Recording(time[seen], magnitude[seen], duration[seen], instrument.duration)


def operator_dilution(population: Sequence[Population], instrument: TrpsInstrument) -> int:
    """Smallest dilution (1, 2, 5, 10 ...) that keeps the expected rate below the highest one aimed at."""
    rate = sum(
        one.concentration
        * instrument.flow
        * float(one.weight @ instrument.seen_share(one.diameter))
        / float(one.weight.sum())
        for one in population
        if one.weight.sum() > 0
    )
    return next(
        (dilution for dilution in DILUTIONS if rate / dilution <= instrument.rate_high), DILUTIONS[-1]
    )


@dataclass(frozen=True, eq=False)
class Reading:
    """What a recording says after calibration.

    Parameters
    ----------
    diameter : (blockade,) nm
    concentration : particle/mL
        Of particles above ``lowest``, in the undiluted sample.
    concentration_error : particle/mL
        Standard error from counting sample and beads, and from the flow of both recordings.
    lowest : nm
        Diameter of the smallest blockade that can be seen.
    """

    diameter: FloatArray
    concentration: float
    concentration_error: float
    lowest: float


def calibrate(sample: Recording, beads: Recording, instrument: TrpsInstrument, *, dilution: float) -> Reading:
    """Diameters and concentration of a recording by its bead recording.

    The mean blockade of the beads stands for their mean volume, which exceeds the volume of the mean
    diameter by 3 CV^2 (second order); both are taken into account, as is the log-normal mean of the error.

    Raises
    ------
    InputError
        The bead recording holds no blockade.
    """
    if beads.time.size == 0:
        raise error(
            "trps.calibration",
            "the bead recording holds no blockade",
            "beads give the size scale and the flow",
            "neither diameter nor concentration can be told",
            "record the beads again, at a higher concentration",
        )
    per_volume = (
        float(beads.magnitude.mean())
        / (1 + 3 * instrument.bead_cv**2)
        / math.exp(instrument.log_width**2 / 2)
    )
    diameter = instrument.bead_diameter * (sample.magnitude / per_volume) ** (1 / 3)
    flow = beads.rate / instrument.bead_concentration
    concentration = dilution * sample.rate / flow
    relative = math.sqrt(1 / max(sample.time.size, 1) + 1 / beads.time.size + 2 * instrument.flow_cv**2)
    lowest = instrument.bead_diameter * (instrument.threshold / per_volume) ** (1 / 3)
    return Reading(diameter, concentration, concentration * relative, lowest)
