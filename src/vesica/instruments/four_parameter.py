r"""The four-parameter logistic curve of plate assays, forward and inverse. Pure functions on plain arrays.

.. math:: y = a + \frac{d - a}{1 + (c/x)^b}

with :math:`a` the signal without analyte, :math:`d` at saturation, :math:`c` the concentration of
half effect and :math:`b > 0` the slope. :math:`d < a` is a falling curve (competitive assay).

Source: Findlay & Dillard, AAPS J 9:E260 (2007), doi 10.1208/aapsj0902029, for its use in ligand-binding assays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error

FloatArray = NDArray[np.float64]
PARAMETERS = ("bottom", "top", "half", "slope")


@dataclass(frozen=True)
class FourParameter:
    """A four-parameter logistic curve.

    Parameters
    ----------
    bottom : signal
        At zero concentration.
    top : signal
        At saturation; differs from ``bottom``.
    half : concentration, > 0
        Where the signal is half way.
    slope : dimensionless, > 0
        Hill slope.

    Raises
    ------
    InputError
        A parameter that makes it no curve.
    """

    bottom: float
    top: float
    half: float
    slope: float

    def __post_init__(self) -> None:
        is_finite = all(math.isfinite(value) for value in self.values)
        if not (is_finite and self.half > 0 and self.slope > 0 and self.top != self.bottom):
            raise error(
                "four_parameter",
                f"bottom {self.bottom:g}, top {self.top:g}, half {self.half:g}, slope {self.slope:g}",
                "half and slope are above zero, top differs from bottom",
                "the curve would be flat or undefined",
                "correct the parameters, or fit the standards again",
            )

    @property
    def values(self) -> tuple[float, float, float, float]:
        """In the order of `PARAMETERS`."""
        return self.bottom, self.top, self.half, self.slope

    def signal(self, concentration: FloatArray) -> FloatArray:
        """(point,) Signal at concentrations >= 0; exactly ``bottom`` at zero."""
        return forward(concentration, *self.values)

    def concentration(self, signal: FloatArray) -> FloatArray:
        """(point,) Concentration of a signal; NaN where the curve never has it (nothing is extrapolated)."""
        return inverse(signal, *self.values)


def forward(concentration: FloatArray, bottom: float, top: float, half: float, slope: float) -> FloatArray:
    """Signal of the curve.

    Parameters
    ----------
    concentration : (point,) >= 0, in the unit of ``half``
    bottom, top, half, slope
        As in `FourParameter`.

    Returns
    -------
    (point,) in the unit of ``top``
    """
    from scipy.special import expit

    with np.errstate(divide="ignore"):  # ln 0 is minus infinity, where the logistic is exactly zero
        share = expit(slope * (np.log(np.asarray(concentration, dtype=float)) - math.log(half)))
    signal: FloatArray = bottom + (top - bottom) * share
    return signal


def inverse(signal: FloatArray, bottom: float, top: float, half: float, slope: float) -> FloatArray:
    """Concentration at which the curve has a signal.

    Returns
    -------
    (point,) in the unit of ``half``
        NaN where the signal is not strictly between ``bottom`` and ``top``.
    """
    share = (np.asarray(signal, dtype=float) - bottom) / (top - bottom)
    inside = (share > 0) & (share < 1)
    part = np.where(inside, share, 0.5)
    return np.where(inside, half * (part / (1 - part)) ** (1 / slope), np.nan)


def gradient(concentration: FloatArray, bottom: float, top: float, half: float, slope: float) -> FloatArray:
    """Derivatives of the signal by the parameters, in the order of `PARAMETERS`.

    Returns
    -------
    (point, 4)
        With h the share of saturation: ``1 - h``, ``h``, ``-(top - bottom) h (1 - h) slope / half`` and
        ``(top - bottom) h (1 - h) ln(x / half)``; the last is zero at zero concentration, its limit.
    """
    x = np.asarray(concentration, dtype=float)
    h = (forward(x, bottom, top, half, slope) - bottom) / (top - bottom)
    bell = (top - bottom) * h * (1 - h)
    with np.errstate(divide="ignore"):
        logs = np.where(x > 0, np.log(x / half), 0.0)
    columns: FloatArray = np.stack([1 - h, h, -bell * slope / half, bell * logs], axis=-1)
    return columns


def concentration_error(
    concentration: FloatArray,
    signal_error: FloatArray,
    curve: FourParameter,
    covariance: FloatArray | None = None,
) -> FloatArray:
    r"""Standard error of a concentration read off the curve.

    Parameters
    ----------
    concentration : (point,) > 0
        As read off.
    signal_error : (point,) signal
        Standard error of the signal, of the mean where wells were averaged.
    curve : FourParameter
    covariance : (4, 4), optional
        Of the fitted parameters, in the order of `PARAMETERS`.

    Returns
    -------
    (point,) in the unit of ``curve.half``

    Notes
    -----
    First order: :math:`\sigma_x^2 = (\sigma_y^2 + g^T \Sigma g)/(dy/dx)^2` with :math:`g` the `gradient`. It
    underestimates near both ends of the curve, where the curve bends within one error of the signal.
    """
    x = np.asarray(concentration, dtype=float)
    by_parameter = gradient(x, *curve.values)
    steepness = -by_parameter[..., 2] * curve.half / x  # dy/d(ln x) = -dy/d(ln half)
    variance = np.asarray(signal_error, dtype=float) ** 2
    if covariance is not None:
        variance = variance + np.einsum("...i,ij,...j->...", by_parameter, covariance, by_parameter)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma: FloatArray = np.sqrt(variance) / np.abs(steepness)
    return sigma


def detection_limit(curve: FourParameter, blank_mean: float, blank_sd: float, multiple: float) -> float:
    """Concentration whose signal lies ``multiple`` standard deviations of the blank beyond its mean.

    Three is the usual limit of detection, ten of quantification. Infinite where the curve never
    gets there; zero where the blank lies on the other side of ``bottom`` by more than that.
    """
    direction = math.copysign(1.0, curve.top - curve.bottom)
    share = (blank_mean + direction * multiple * blank_sd - curve.bottom) / (curve.top - curve.bottom)
    if share <= 0:
        return 0.0
    return curve.half * (share / (1 - share)) ** (1 / curve.slope) if share < 1 else math.inf
