r"""What nanoparticle tracking analysis shows of a true size distribution. Pure functions on plain arrays.

Two things stand between true and measured sizes. Small vesicles scatter too little light to
be tracked: of diameter :math:`d`, the share

.. math:: V(d) = \frac{1}{1 + (d_{50}/d)^s}

is seen, a logistic in :math:`\ln d`. And a diameter comes from a short random walk, so one
vesicle is measured as :math:`x` with a log-normal error of median :math:`d` and relative
standard deviation :math:`w`: the width of :math:`\ln x` is :math:`\sigma_e = \sqrt{\ln(1 + w^2)}`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.errors import error

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NtaResponse:
    """The constants of one instrument and its settings; every one is given, none has a default.

    Parameters
    ----------
    visible_diameter : nm, > 0
        :math:`d_{50}`, where half of the vesicles are seen.
    visible_slope : dimensionless, > 0
        :math:`s`, steepness of the logistic in log diameter.
    tracking_error : dimensionless, > 0
        :math:`w`, relative standard deviation of the measured diameter of one vesicle.
    """

    visible_diameter: float
    visible_slope: float
    tracking_error: float

    def __post_init__(self) -> None:
        for name in ("visible_diameter", "visible_slope", "tracking_error"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise error(
                    f"nta.{name}",
                    f"`{name} = {value}`",
                    "constants of a response are larger than zero",
                    "the instrument would see nothing, or be free of error",
                    "take the value from the library",
                )

    @property
    def log_width(self) -> float:
        r""":math:`\sigma_e`, standard deviation of the logarithm of a measured diameter."""
        return math.sqrt(math.log1p(self.tracking_error**2))


def visible_share(diameter: FloatArray, *, visible_diameter: float, visible_slope: float) -> FloatArray:
    """Share of vesicles bright enough to be tracked.

    Parameters
    ----------
    diameter : (size,) nm, > 0
    visible_diameter : nm, > 0
        Where half are seen.
    visible_slope : dimensionless, > 0

    Returns
    -------
    (size,) 0..1
    """
    return 1.0 / (1.0 + (visible_diameter / diameter) ** visible_slope)


def measured_share(edges: FloatArray, diameter: FloatArray, *, log_width: float) -> FloatArray:
    r"""Probability that a tracked vesicle is measured in each bin.

    Parameters
    ----------
    edges : (bin + 1,) nm, >= 0
        Of the measured bins.
    diameter : (size,) nm, > 0
        True diameters.
    log_width : dimensionless, > 0
        :math:`\sigma_e`.

    Returns
    -------
    (bin, size) 0..1
        Columns sum to one, less what is measured outside of the edges.
    """
    from scipy.special import ndtr  # heavy: imported where used

    with np.errstate(divide="ignore"):
        log_edges = np.log(edges)  # an edge at zero is minus infinity: nothing lies below it
    share: FloatArray = np.diff(ndtr((log_edges[:, None] - np.log(diameter)) / log_width), axis=0)
    return share


def uniform_edges(diameter: FloatArray) -> FloatArray:
    """Edges of uniform bins from their centres.

    Parameters
    ----------
    diameter : (bin,) nm, > 0

    Returns
    -------
    (bin + 1,) nm

    Raises
    ------
    InputError
        Fewer than three centres, or not increasing by one step, or not positive.
    """
    steps = np.diff(diameter)
    is_uniform = diameter.size >= 3 and diameter[0] > 0 and np.ptp(steps) <= 2e-3 * steps.min()
    if not is_uniform:
        raise error(
            "nta.diameter",
            "sizes that do not increase by one step from above zero",
            "NTA bins are uniform, without gaps",
            "particles would be weighted wrongly",
            "use a distribution read by `readers.read_size_distribution`",
        )
    half = steps.mean() / 2
    edges: FloatArray = np.maximum(np.append(diameter - half, diameter[-1] + half), 0.0)
    return edges


def observed_density(diameter: FloatArray, density: FloatArray, response: NtaResponse) -> FloatArray:
    """Blur and thin a true size density as the instrument does.

    Parameters
    ----------
    diameter : (bin,) nm
        Centres of uniform bins, for truth and measurement.
    density : (bin,) per nm, >= 0
        True number density, of any volume or count.
    response : NtaResponse

    Returns
    -------
    (bin,) per nm
        Mean over each measured bin.

    Notes
    -----
    Vesicles stand at the centres of their true bins, an error of second order in the bin width
    over the tracking error. Every visible vesicle is measured somewhere: with bins wide enough
    on both ends, the number measured equals the number visible.
    """
    edges = uniform_edges(diameter)
    seen = density * visible_share(
        diameter, visible_diameter=response.visible_diameter, visible_slope=response.visible_slope
    )
    # Truth and measurement share the bins, so the bin width cancels.
    return measured_share(edges, diameter, log_width=response.log_width) @ seen
