"""Write the size file of a ZetaView from the sizes of single tracks.

Concentrations are those of the measured suspension: the dilution is written, not applied. The file
holds the tracks twice, in linear and in logarithmic bins, and the projected area.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from vesica.errors import error
from vesica.readers.records import FloatArray

WIDTH: Final = 5.0  # nm, linear bins
_LOG_START, _LOG_STEP = 10**0.53, 10 ** (1 / 64)  # nm; 64 bins per decade
_LARGEST: Final = 1000.0  # nm; bins go on to the largest track where that is larger


@dataclass(frozen=True, eq=False)
class ZetaviewMeasurement:
    """One measurement over all positions of the cell.

    Parameters
    ----------
    diameter : (track,) nm, > 0
        Empty where nothing was seen.
    per_track : particle/mL
        What one track counts for in the measured suspension.
    particles_per_frame : particle
    dilution : dimensionless, >= 1
    sample, operator, remarks : str
    temperature : degC
    viscosity : mPa s
    positions : int
    drift, cell_check : str
        The instrument's words.
    captured : datetime, optional
    """

    diameter: FloatArray
    per_track: float
    particles_per_frame: float
    dilution: float
    sample: str = ""
    operator: str = ""
    remarks: str = ""
    temperature: float = 25.0
    viscosity: float = 0.89
    positions: int = 11
    drift: str = "ok"
    cell_check: str = "Very Good"
    captured: datetime | None = None


def write_zetaview(measurement: ZetaviewMeasurement) -> bytes:
    """Write a size file.

    Parameters
    ----------
    measurement : ZetaviewMeasurement

    Returns
    -------
    bytes
        Tab-separated, in cp1252 with CRLF line ends.

    Raises
    ------
    InputError
        Sizes or factors that are not positive and finite, or text that the file cannot hold.
    """
    _check(measurement)
    sizes = np.asarray(measurement.diameter, dtype=float)
    top = math.ceil(max(_LARGEST, sizes.max(initial=0.0) + WIDTH) / WIDTH)
    linear: FloatArray = WIDTH * np.arange(top + 1.0)
    n_log = math.ceil(64 * math.log10(linear[-1] / _LOG_START)) + 1
    logarithmic: FloatArray = _LOG_START * _LOG_STEP ** (np.arange(n_log + 1.0) - 0.5)
    rows = [*_head(measurement, sizes), "Size Distribution"]
    rows.append("Size / nm\tNumber\tConcentration / cm-3\tVolume / nm^3\tArea / nm^2")
    if sizes.size:
        rows += _block(linear[:-1] + WIDTH / 2, linear, sizes, measurement.per_track)
    rows.append("\t".join([*[_written(-1.0)] * 4, _written(0.0)]))
    if sizes.size:
        centres: FloatArray = _LOG_START * _LOG_STEP ** np.arange(float(n_log))
        rows += _block(centres, logarithmic, sizes, measurement.per_track)
    return "\r\n".join([*rows, ""]).encode("cp1252")


def _block(centres: FloatArray, edges: FloatArray, sizes: FloatArray, per_track: float) -> list[str]:
    number = np.histogram(sizes, edges)[0].astype(float)
    columns = (
        centres,
        number,
        number * per_track,
        number * math.pi / 6 * centres**3,
        number * math.pi / 4 * centres**2,  # projected, as the instrument writes it
    )
    return ["\t".join(_written(value) for value in row) for row in zip(*columns, strict=True)]


def _written(value: float) -> str:
    """``2.500E+0``: four digits, and an exponent without leading zeros."""
    mantissa, exponent = f"{value:.3E}".split("E")
    return f"{mantissa}E{int(exponent):+d}"


def _head(measurement: ZetaviewMeasurement, sizes: FloatArray) -> list[str]:
    def median(weight: FloatArray) -> str:
        if not sizes.size:
            return "0.0"
        order = np.argsort(sizes)
        share = np.cumsum(weight[order]) / weight.sum()
        return f"{sizes[order][np.searchsorted(share, 0.5)]:.1f}"

    date = "" if measurement.captured is None else f"{measurement.captured:%Y-%m-%d}"
    time = "" if measurement.captured is None else f"{measurement.captured:%H:%M:%S}"
    rows: list[tuple[str, ...]] = [
        ("Original File:", "none: written by vesica", "Section:", "0.09999 [0]"),
        ("Operator:", measurement.operator, "Experiment:", "", "ZetaView S/N:", "none", "Cell S/N:", "none"),
        ("Software:", "vesica in the form of ZetaView (version 8.06.01 SP1)", "Analyze:", "8.06.01 SP1"),
        ("SOP:", "", "Sample:", measurement.sample, "Electrolyte:", "PBS"),
        ("pH:", "7.000000", "entered", "Conductivity: 15000.000000", "sensed"),
        ("TempControl:", "on", "SetTemperature:", f"{measurement.temperature:.6f}"),
        ("Temperature:", f"{measurement.temperature:.6f}", "sensed", "Viscosity:", f"{measurement.viscosity:.6f}"),
        ("Date:", date, "Time:", time),
        ("General Remarks:", measurement.remarks),
        ("Particle Drift Check Result:", measurement.drift, "Cell Check Result:", measurement.cell_check),
        ("Type of Measurement:", "Size Distribution", "Positions:", str(measurement.positions)),
        ("Number of Traces:", str(sizes.size), "(at 0.099990)", "Average Number of Particles:",
         f"{measurement.particles_per_frame:.6f}", "Dilution::", f"{measurement.dilution:.6f}"),
        ("Laser Wavelength nm:", "488", "Filter Wavelength nm:", "Scatter", "Micrometer per Pixel:", "0.713000"),
        ("Results (Pos 0.099993):",),
        ("Median Number (D50):", median(np.ones(sizes.size)), "Median Concentration (D50):",
         median(np.ones(sizes.size)), "Median Volume (D50):", median(sizes**3)),
    ]
    return ["\t".join(row) for row in rows]


def _check(measurement: ZetaviewMeasurement) -> None:
    sizes = np.asarray(measurement.diameter, dtype=float)
    factors = (measurement.per_track, measurement.dilution, measurement.viscosity)
    is_fine = sizes.ndim == 1 and np.isfinite(sizes).all() and (sizes > 0).all()
    if not is_fine or not all(math.isfinite(factor) and factor > 0 for factor in factors):
        raise error(
            measurement.sample or "zetaview",
            "sizes, a concentration per track, a dilution or a viscosity that are not positive numbers",
            "tracks have sizes in nm, and factors are positive",
            "the file would hold particles that cannot be",
            "give positive, finite numbers",
        )
    texts = (measurement.sample, measurement.operator, measurement.remarks, measurement.drift, measurement.cell_check)
    for text in texts:
        try:
            text.encode("cp1252")
            is_text = text == "" or text.isprintable()
        except UnicodeEncodeError:
            is_text = False
        if not is_text or text.rstrip().endswith(":"):
            raise error(
                measurement.sample or "zetaview",
                f"the text {text!r}",
                "a text is one line in the Windows code page 1252, without tabs, and does not end in a colon",
                "it would be read as another entry of the header",
                "write it in plain words",
            )
