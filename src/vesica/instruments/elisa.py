r"""What an ELISA or a single-molecule array (Simoa) would read from wells.

ELISA: a well captures the share :math:`e` of the analyte, the signal follows the four-parameter curve, and wells differ
by a relative error (pipetting, on the signal above the blank) and an absolute one (reader). Standards are
captured like samples, so a curve of standards cancels :math:`e` for soluble analyte; vesicles that are captured worse
than the standard by the factor :math:`r` read :math:`r` times too low, and that is kept as it is.

Simoa: of :math:`n` beads the share :math:`1 - e^{-\lambda}` holds an enzyme at least, :math:`\lambda = b + s c`;
what is reported is the mean number of enzymes per bead, :math:`-\ln(1 - f)`.
Source: Rissin et al., Nat Biotechnol 28:595 (2010), doi 10.1038/nbt.1641.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.errors import error
from vesica.instruments.four_parameter import FourParameter, detection_limit
from vesica.instruments.nta_response import FloatArray

DETECTION: Final = 3.0  # standard deviations of the blank
QUANTIFICATION: Final = 10.0
DIGITAL: Final = 0.7  # share of active beads above which single enzymes can no longer be counted


@dataclass(frozen=True)
class ElisaAssay:
    """An assay: its curve and how wells differ; every constant is given.

    Parameters
    ----------
    curve : FourParameter
        Optical density against concentration (pM) in the well.
    well_cv : dimensionless, >= 0
        Between replicate wells, on the signal above ``curve.bottom``.
    blank_sd : optical density, > 0
    relative_capture : 0..1
        Capture of vesicle-borne analyte over that of the soluble standard.
    """

    curve: FourParameter
    well_cv: float
    blank_sd: float
    relative_capture: float

    def __post_init__(self) -> None:
        if not (self.well_cv >= 0 and self.blank_sd > 0 and 0 < self.relative_capture <= 1):
            raise error(
                "elisa",
                f"{self}",
                "errors are not negative, capture is a share above 0",
                "wells would be without error or without signal",
                "take the constants from the library",
            )

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of detection and quantification (pM): blank + 3 and + 10 standard deviations."""
        found = (
            detection_limit(self.curve, self.curve.bottom, self.blank_sd, k)
            for k in (DETECTION, QUANTIFICATION)
        )
        detection, quantification = found
        return detection, quantification


def elisa_wells(
    concentration: FloatArray, assay: ElisaAssay, *, on_vesicles: bool, rng: np.random.Generator
) -> FloatArray:
    """Optical density of wells.

    Parameters
    ----------
    concentration : (well,) pM, >= 0
        In the well, after any dilution.
    assay : ElisaAssay
    on_vesicles : bool
        Whether the analyte sits on vesicles, which are captured worse than the standard.
    rng : numpy.random.Generator

    Returns
    -------
    (well,) optical density
        May fall below the blank's mean by noise, as a reader's does.
    """
    x = _checked(concentration)
    signal = assay.curve.signal(x * (assay.relative_capture if on_vesicles else 1.0)) - assay.curve.bottom
    noisy: FloatArray = (
        assay.curve.bottom
        + signal * _between_wells(x.size, assay.well_cv, rng)
        + assay.blank_sd * rng.standard_normal(x.size)
    )
    return noisy


@dataclass(frozen=True)
class SimoaAssay:
    """A digital assay; every constant is given.

    Parameters
    ----------
    slope : enzymes per bead and pM, > 0
    background : enzymes per bead, > 0
    beads : int
        That are imaged.
    well_cv : dimensionless, >= 0
    relative_capture : 0..1
    """

    slope: float
    background: float
    beads: int
    well_cv: float
    relative_capture: float

    def __post_init__(self) -> None:
        if not (
            self.slope > 0
            and self.background > 0
            and self.beads > 0
            and self.well_cv >= 0
            and 0 < self.relative_capture <= 1
        ):
            raise error(
                "simoa",
                f"{self}",
                "slope, background, beads and capture are above zero",
                "no bead would be counted",
                "take the constants from the library",
            )

    @property
    def limits(self) -> tuple[float, float]:
        r"""Limits of detection and quantification (pM), from the counting of blank beads.

        For f = 1 - exp(-b) the standard deviation of the mean number of enzymes is
        sqrt(f / ((1 - f) n)), to first order; wells differ besides by ``well_cv`` of the background.
        """
        active = -math.expm1(-self.background)
        sd = math.hypot(math.sqrt(active / ((1 - active) * self.beads)), self.well_cv * self.background)
        return DETECTION * sd / self.slope, QUANTIFICATION * sd / self.slope

    @property
    def highest(self) -> float:
        """Concentration (pM) at which too many beads are active to count single enzymes."""
        return (-math.log1p(-DIGITAL) - self.background) / self.slope


def simoa_wells(
    concentration: FloatArray, assay: SimoaAssay, *, on_vesicles: bool, rng: np.random.Generator
) -> FloatArray:
    """Mean enzymes per bead of wells, by counting active beads; (well,), NaN where every bead is active."""
    x = _checked(concentration) * (assay.relative_capture if on_vesicles else 1.0)
    mean = (assay.background + assay.slope * x) * _between_wells(x.size, assay.well_cv, rng)
    share = rng.binomial(assay.beads, -np.expm1(-mean)) / assay.beads
    enzymes: FloatArray = np.where(share < 1, -np.log1p(-np.minimum(share, 1 - 0.5 / assay.beads)), np.nan)
    return enzymes


def _between_wells(count: int, cv: float, rng: np.random.Generator) -> FloatArray:
    """(count,) gamma variates of mean one."""
    return rng.gamma(1 / cv**2, cv**2, count) if cv > 0 else np.ones(count)


def _checked(concentration: FloatArray) -> FloatArray:
    x = np.asarray(concentration, dtype=float)
    if not (np.isfinite(x) & (x >= 0)).all():
        raise error(
            "elisa.concentration",
            "a negative or missing concentration",
            "wells hold zero or more",
            "its signal is not defined",
            "check the sample",
        )
    return x


def standard_series(highest: float, *, steps: int, factor: float) -> FloatArray:
    """(steps + 1,) A dilution series from ``highest`` down by ``factor``, and a blank at the end."""
    return np.append(highest / factor ** np.arange(steps), 0.0)


def operator_dilution(concentration: float, low: float, high: float) -> int:
    """Dilution (1, 2, 5 ...) that brings a concentration nearest to the middle of [low, high]; 1 where it is below."""
    middle = math.sqrt(low * high)
    steps = [step * 10**power for power in range(9) for step in (1, 2, 5)]
    return (
        1
        if concentration <= middle
        else min(steps, key=lambda step: abs(math.log(concentration / step / middle)))
    )
