"""What one size file of a ZetaView says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vesica.readers.records import FloatArray
from vesica.readers.text import Provenance


@dataclass(frozen=True, eq=False)
class ZetaviewBins:
    """One of the two tables of the same tracks.

    Parameters
    ----------
    diameter : (bin,) nm
        Centres.
    number : (bin,) track
    concentration : (bin,) particle/mL
        Of the measured suspension: the dilution is not applied.
    volume : (bin,) nm^3
        ``number pi / 6 diameter^3``.
    projected_area : (bin,) nm^2
        ``number pi / 4 diameter^2``: a quarter of the surface.
    """

    diameter: FloatArray
    number: FloatArray
    concentration: FloatArray
    volume: FloatArray
    projected_area: FloatArray


@dataclass(frozen=True, eq=False)
class ZetaviewRecord:
    """One size file.

    Parameters
    ----------
    entries : name -> words
        Of the header, without units and without ``sensed`` or ``entered``.
    traces : track
    particles_per_frame : particle or None
    dilution : dimensionless or None
        As entered; never applied to the concentrations of this file.
    temperature : degC or None
    viscosity : mPa s or None
    median : nm or None
        As printed, by number.
    linear : ZetaviewBins or None
        None for an empty measurement.
    logarithmic : ZetaviewBins or None
        The same tracks once more: never to be added to ``linear``.
    provenance : Provenance
    """

    entries: Mapping[str, str]
    traces: int
    particles_per_frame: float | None
    dilution: float | None
    temperature: float | None
    viscosity: float | None
    median: float | None
    linear: ZetaviewBins | None
    logarithmic: ZetaviewBins | None
    provenance: Provenance


@dataclass(frozen=True)
class Positions:
    """The table of measuring positions that lies beside a size file.

    Parameters
    ----------
    count : int
    removed : word -> number of positions
        Why the instrument left positions out.
    concentration : particle/mL or None
        Mean over the positions in use, as printed.
    drift : um/s or None
    provenance : Provenance
    """

    count: int
    removed: Mapping[str, int]
    concentration: float | None
    drift: float | None
    provenance: Provenance
