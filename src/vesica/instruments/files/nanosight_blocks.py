"""Size and diffusion blocks of a NanoSight summary: bins, and the numbers NTA derives from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from vesica.readers.nanosight_rows import AVERAGE, BINS, ERROR, PER_BIN
from vesica.readers.records import FloatArray, moments

N_BINS: Final = 1000
_EDGES: Final = np.arange(N_BINS + 1.0)  # nm
_DIFFUSION_EDGES: Final = 4.0 * np.arange(N_BINS + 1.0)  # 1e4 nm^2/s
_BOLTZMANN: Final = 1.380649e-23  # J/K, exact (SI 2019)
# The measured 3.2 file prints D-values and percentiles one bin lower than its bins say.
_LOWER: Final = 1.0  # nm


class _Video(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def concentration(self) -> FloatArray: ...
    @property
    def valid_tracks(self) -> int: ...
    @property
    def temperature(self) -> float: ...
    @property
    def viscosity(self) -> float: ...


@dataclass(frozen=True)
class Lines:
    """Rows with one cell for each video, and with or without average and standard error."""

    n_videos: int
    averages: bool

    @property
    def average_names(self) -> list[str]:
        """Names of the two last columns, where they are written."""
        return ["Average", "Standard Error"] if self._has_averages else []

    @property
    def _has_averages(self) -> bool:
        return self.averages and self.n_videos > 1

    def title(self, section: str) -> list[str]:
        """Write ``[section]``."""
        return [f"[{section}]", *[""] * (self.n_videos + 1)]

    def each(self, name: str, cells: Sequence[str]) -> list[str]:
        """One cell for each video."""
        return [name, *cells, ""]

    def same(self, name: str, cell: str) -> list[str]:
        """The same for every video."""
        return self.each(name, [cell] * self.n_videos)

    def padded(self, name: str, cells: Sequence[str]) -> list[str]:
        """One cell for each video, and empty ones below average and standard error."""
        return [name, *cells, *[""] * len(self.average_names), ""]

    def averaged(self, name: str, values: FloatArray, form: str) -> list[str]:
        """One number for each video, their mean, and the standard deviation over the root of their number."""
        shown = list(values)
        if self._has_averages:
            shown += [values.mean(), values.std(ddof=1) / math.sqrt(self.n_videos)]
        return [name, *[format(value, form) for value in shown], ""]


def size_blocks(
    videos: Sequence[_Video], lines: Lines, weightings: Sequence[str], *, lower: bool
) -> list[list[str]]:
    """``[Size Data]`` with one block for each weighting."""
    number = np.rint(np.array([video.concentration for video in videos]))
    centres = (_EDGES[:-1] + _EDGES[1:]) / 2
    power = {"Number": 0, "Surface Area": 2, "Volume": 3}
    rows = [["[Size Data]", "", ""], ["Analysis Method", "FTLA", ""]]
    for weighting in weightings:
        bins = np.rint(_weighted(number, centres ** power[weighting]))
        rows += _block(videos, lines, weighting, _EDGES, bins, (BINS, "Size (nm)"), shift=_LOWER if lower else 0.0)
    return rows


def diffusion_blocks(videos: Sequence[_Video], lines: Lines, *, superscript: bool) -> list[list[str]]:
    """``[Diffusion Coefficient Data]``: particles rebinned by D = k T / (3 pi viscosity d)."""
    unit = "E4 nm\N{SUPERSCRIPT TWO}/s" if superscript else "E4 nm^2/s"
    bins = np.rint([_rebinned(video) for video in videos])
    rows = [["[Diffusion Coefficient Data]", "", ""]]
    labels = (f"Bin centre ({unit})", f"Diffusion coefficient ({unit})")
    return [*rows, *_block(videos, lines, "Number", _DIFFUSION_EDGES, bins, labels, shift=0.0)]


def diffusivity(diameter: FloatArray, temperature: float, viscosity: float) -> FloatArray:
    """Free diffusion coefficient of a sphere.

    Parameters
    ----------
    diameter : nm, > 0
    temperature : degC
    viscosity : mPa s

    Returns
    -------
    nm^2/s
        Stokes and Einstein: ``k T / (3 pi viscosity d)``, with J/(Pa s m) = m^2/s = 1e18 nm^2/s.
    """
    thermal = _BOLTZMANN * (temperature + 273.15)
    result: FloatArray = thermal / (3 * math.pi * viscosity * 1e-3 * diameter * 1e-9) * 1e18
    return result


def _weighted(number: FloatArray, weight: FloatArray) -> FloatArray:
    """(video, bin) Shares by weight, with the sum of the numbers."""
    weighted = number * weight
    total = weighted.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(
        weighted * number.sum(axis=1, keepdims=True), total, out=np.zeros_like(weighted), where=total > 0
    )
    return result


def _rebinned(video: _Video) -> FloatArray:
    """(bin,) Particles of each bin of diffusion coefficients, spread evenly within their bin of sizes."""
    cumulative = np.append(0.0, np.cumsum(np.rint(video.concentration)))
    largest = diffusivity(np.array([1.0]), video.temperature, video.viscosity)[0] / 1e4  # of 1 nm, in 1e4 nm^2/s
    with np.errstate(divide="ignore"):
        sizes = largest / _DIFFUSION_EDGES  # a sphere that diffuses this fast
    slower = cumulative[-1] - np.interp(sizes, _EDGES, cumulative)
    result: FloatArray = np.diff(slower)
    return result


def _block(
    videos: Sequence[_Video],
    lines: Lines,
    weighting: str,
    edges: FloatArray,
    bins: FloatArray,
    labels: tuple[str, str],
    *,
    shift: float,
) -> list[list[str]]:
    centres = (edges[:-1] + edges[1:]) / 2
    mean, sd = np.array([moments(centres, row) if row.any() else (0.0, 0.0) for row in bins]).T
    percentiles = np.array([_percentiles(edges, row, shift) for row in bins])
    n_videos = len(videos)
    columns = [*bins]
    if lines.average_names:
        columns += [bins.mean(axis=0), bins.std(axis=0, ddof=1) / math.sqrt(n_videos)]
    return [
        ["Weighting", weighting, ""],
        ["Filename", *[video.name for video in videos], *lines.average_names, ""],
        lines.averaged("Mean", mean, ".1f"),
        lines.averaged("Mode", np.array([_mode(centres, row) for row in bins]), ".1f"),
        lines.averaged("SD", sd, ".1f"),
        *[lines.averaged(f"D{share}", percentiles[:, share], ".1f") for share in (10, 50, 90)],
        lines.padded("Valid Tracks", [f"{video.valid_tracks:.1f}" for video in videos]),
        ["Graph Data", ""],
        [labels[0], *[PER_BIN] * n_videos, *([AVERAGE, ERROR] if lines.average_names else []), ""],
        *[
            [f"{centre:.1f}", *[f"{value:.0f}" for value in values], ""]
            for centre, *values in zip(centres, *columns, strict=True)
        ],
        [],
        lines.same("Percentile", labels[1]),
        *[lines.each(str(share), [f"{value:.1f}" for value in percentiles[:, share]]) for share in range(101)],
        [],
    ]


def _percentiles(edges: FloatArray, row: FloatArray, shift: float) -> FloatArray:
    """(101,) Sizes below which each share lies: linear in the cumulative at right bin edges."""
    occupied = np.flatnonzero(row)
    if not occupied.size:
        return np.zeros(101)
    first, last = occupied[0], occupied[-1] + 1
    cumulative = np.append(0.0, np.cumsum(row[first:last])) / row.sum()
    found = np.interp(np.arange(101) / 100, cumulative, edges[first : last + 1])
    return np.maximum(found - shift, 0.0)


def _mode(centres: FloatArray, row: FloatArray) -> float:
    """Top of the parabola through the highest bin and its neighbours: what NTA prints, to its digit."""
    top = int(row.argmax())
    if not row.any():
        return 0.0
    if top in (0, row.size - 1):
        return float(centres[top])
    left, middle, right = row[top - 1 : top + 2]
    bend = left - 2 * middle + right
    return float(centres[top] + (centres[1] - centres[0]) * (0.5 * (left - right) / bend if bend else 0.0))
