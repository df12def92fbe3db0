"""The one record of a measured size distribution, whatever instrument it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.errors import Finding
from vesica.readers.text import Provenance

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

PER_MILLILITRE = "particle/mL"
COUNT = "particle"


@dataclass(frozen=True, eq=False)
class SizeDistribution:
    """Particles per size bin on a uniform grid.

    Parameters
    ----------
    diameter : (bin,) nm
        Bin centres, increasing by ``bin_width``.
    concentration : (bin,) ``unit``
        Particles in each bin (not per nm), >= 0.
    sd : (bin,) ``unit`` or None
        Standard deviation between repeats, where the file gives it.
    bin_width : nm
    unit : "particle/mL" or "particle"
        Concentration, or a number of particles.
    repeats : int or None
        How many measurements were averaged; None when the file does not say.
    instrument : str
        What the file says or suggests; ``"unknown"`` otherwise.
    provenance : Provenance
    warnings : findings of the reader that do not prevent use.
    """

    diameter: FloatArray
    concentration: FloatArray
    sd: FloatArray | None
    bin_width: float
    unit: str
    repeats: int | None
    instrument: str
    provenance: Provenance
    warnings: tuple[Finding, ...] = ()

    @property
    def density(self) -> FloatArray:
        """(bin,) ``unit`` per nm."""
        return self.concentration / self.bin_width

    @property
    def edges(self) -> FloatArray:
        """(bin + 1,) nm."""
        half = self.bin_width / 2
        return np.append(self.diameter - half, self.diameter[-1] + half)

    @property
    def total(self) -> float:
        """Particles of all bins, in ``unit``."""
        return float(self.concentration.sum())

    @property
    def mean(self) -> float:
        """Number-weighted mean diameter, nm, from bin centres."""
        return float(self.diameter @ self.concentration / self.concentration.sum())

    @property
    def standard_error(self) -> FloatArray | None:
        """(bin,) ``unit``: ``sd / sqrt(repeats)``; the whole ``sd`` when the repeats are unknown."""
        if self.sd is None:
            return None
        error: FloatArray = self.sd / np.sqrt(self.repeats or 1)
        return error


def frozen(values: object) -> FloatArray:
    """Copy into a read-only array of floats, so that a frozen record is frozen throughout."""
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def moments(diameter: FloatArray, concentration: FloatArray) -> tuple[float, float]:
    """Number-weighted mean and standard deviation of the diameter.

    Parameters
    ----------
    diameter : (bin,) nm
    concentration : (bin,), any unit

    Returns
    -------
    mean, sd : nm
        From bin centres, as NanoSight prints them.
    """
    total = concentration.sum()
    mean = float(diameter @ concentration / total)
    return mean, float(np.sqrt((diameter - mean) ** 2 @ concentration / total))


def quantile(diameter: FloatArray, concentration: FloatArray, share: float) -> float:
    """Diameter below which ``share`` of the particles lie.

    Parameters
    ----------
    diameter : (bin,) nm
        Centres of a uniform grid.
    concentration : (bin,), any unit
    share : 0..1

    Returns
    -------
    nm
        Linear within the bin; the cumulative sum of a bin is reached at its right edge.
    """
    half = (diameter[1] - diameter[0]) / 2
    edges = np.append(diameter - half, diameter[-1] + half)
    cumulative = np.append(0.0, np.cumsum(concentration)) / concentration.sum()
    return float(np.interp(share, cumulative, edges))
