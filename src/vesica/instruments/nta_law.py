"""A size law fitted to NTA, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vesica.errors import Finding, InputError
from vesica.instruments.nta_response import FloatArray, NtaResponse


class Reason(StrEnum):
    """Why a law was refused."""

    EMPTY = "empty"
    MODE_OUT_OF_BOUNDS = "mode out of bounds"
    NARROWER_THAN_TRACKING = "narrower than the tracking error"
    NOT_CONVERGED = "not converged"
    POOR_FIT = "poor fit"
    AT_LIMIT = "at the limit of the fit"
    MONODISPERSE = "monodisperse"
    MEDIAN_INVISIBLE = "median below visibility"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class SizeLawFit:
    """A truncated log-normal law fitted through the response.

    Parameters
    ----------
    median, gsd : nm, dimensionless
        Of the log-normal before truncation.
    median_se, gsd_se : nm, dimensionless
        Standard errors.
    low, high : nm
        Bounds of the law.
    total, total_se : the unit of the measured density times nm
        True number between the bounds, seen or not.
    relative_residual : dimensionless
        Root of the summed squares of measured minus fitted, over that of measured.
    correlated_bins : dimensionless, >= 1
        Bins per independent residual; the standard errors are widened by its root.
    share_below_visibility : 0..1
        Share of true vesicles smaller than the diameter of half visibility.
    share_unseen : 0..1
        Share of true vesicles that are not tracked.
    response : NtaResponse
    """

    median: float
    gsd: float
    median_se: float
    gsd_se: float
    low: float
    high: float
    total: float
    total_se: float
    relative_residual: float
    correlated_bins: float
    share_below_visibility: float
    share_unseen: float
    response: NtaResponse


@dataclass(frozen=True)
class Refusal:
    """Why no law is given, for programs and for people."""

    reason: Reason
    finding: Finding


@dataclass(frozen=True)
class Inversion:
    """Outcome of `fit_true_law`.

    Parameters
    ----------
    fit : SizeLawFit or None
        The best fit; None when the refusal came before fitting. Not to be used where ``refusal`` stands.
    refusal : Refusal or None
    peak_log_width : dimensionless
        Width of the main measured peak in log diameter (standard deviation of its half maximum).
    """

    fit: SizeLawFit | None
    refusal: Refusal | None
    peak_log_width: float

    def law(self) -> SizeLawFit:
        """Return the fitted law; raises the reason as `InputError` where it was refused."""
        if self.refusal is not None or self.fit is None:
            raise InputError(*(() if self.refusal is None else (self.refusal.finding,)))
        return self.fit


def truncated_lognormal_density(
    diameter: FloatArray,
    *,
    median: float,
    gsd: float,
    low: float,
    high: float,
) -> FloatArray:
    """Density of a log-normal law between two bounds.

    Parameters
    ----------
    diameter : (size,) nm, > 0
    median, gsd : nm, dimensionless > 1
        Before truncation.
    low, high : nm
        The density is zero outside.

    Returns
    -------
    (size,) nm^-1
        Integrates to one over ``low..high``.
    """
    from scipy.special import ndtr

    width = math.log(gsd)
    share = ndtr(math.log(high / median) / width) - ndtr(math.log(low / median) / width)
    score = np.log(diameter / median) / width
    density = np.exp(-0.5 * score**2) / (diameter * width * math.sqrt(2.0 * math.pi) * share)
    return np.where((diameter >= low) & (diameter <= high), density, 0.0)
