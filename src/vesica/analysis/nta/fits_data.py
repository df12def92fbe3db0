"""Measured sizes as the fits take them: single tracks, or bins that weigh as much as the tracks behind them.

The bins of an NTA distribution are no counts. The software smooths them (finite track length adjustment), and
scaling by the concentration would make a million particles of 500 tracks. So a bin weighs its share times the number
of completed tracks: the likelihood then holds as much information as was counted, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vesica.errors import error
from vesica.readers.records import FloatArray

# Five parameters are fitted at most; AICc corrects for few data while n is well above them.
FEWEST_TRACKS: Final = 30


@dataclass(frozen=True, eq=False)
class SizeData:
    """Sizes to be fitted.

    Parameters
    ----------
    basis : "tracks" or "bins"
    diameter : (item,) nm
        Of each track, or the centre of each bin that holds something.
    left, right : (item,) nm
        Edges of the bins; equal to ``diameter`` for tracks.
    weight : (item,) track
        Sums to ``tracks``.
    tracks : track
        Number of tracks: the n of every likelihood.
    shown : (low, high) nm
        What the export can show: zero to infinity for tracks, the outer edges for bins.
    negative_share : 0..1
        Of the total, what stood in negative bins (a blank was subtracted) and was set to zero.
    """

    basis: Literal["tracks", "bins"]
    diameter: FloatArray
    left: FloatArray
    right: FloatArray
    weight: FloatArray
    tracks: float
    shown: tuple[float, float]
    negative_share: float = 0.0

    @property
    def words(self) -> str:
        """What was fitted, in a sentence."""
        if self.basis == "tracks":
            return (
                f"Fitted to the diameters of {self.tracks:,.0f} tracks; intervals are those of these tracks and hold "
                "no difference between replicates."
            )
        text = (
            f"Fitted to bins that together weigh {self.tracks:,.0f} completed tracks: NTA smooths its bins, so they "
            "are no counts, and intervals are those of the tracks. Export single tracks to fit these."
        )
        if self.negative_share > 0:
            text += f" Negative bins ({100 * self.negative_share:.1f} % of the total) were taken as empty."
        return text

    def quantile(self, share: float) -> float:
        """Diameter (nm) below which this share of the weight lies."""
        order = np.argsort(self.diameter)
        cumulative = (np.cumsum(self.weight[order]) - self.weight[order] / 2) / self.weight.sum()
        return float(np.interp(share, cumulative, self.diameter[order]))


def size_data_of_tracks(diameter: FloatArray, *, path: str = "tracks") -> SizeData:
    """Sizes from single tracks.

    Parameters
    ----------
    diameter : (track,) nm, > 0
    path : str
        Name of the data, for errors.

    Raises
    ------
    InputError
        A diameter that is not a positive number, or too few tracks.
    """
    diameter = np.asarray(diameter, dtype=float)
    wrong = ~(np.isfinite(diameter) & (diameter > 0))
    if wrong.any():
        raise error(
            path,
            f"{int(wrong.sum())} of {diameter.size} track diameters are not positive numbers",
            "a particle has a diameter above zero",
            "its logarithm does not exist, and a law cannot be fitted",
            "leave out tracks without a size",
        )
    _enough(diameter.size, path)
    weight = np.ones_like(diameter)
    return SizeData("tracks", diameter, diameter, diameter, weight, float(diameter.size), (0.0, np.inf))


def size_data_of_bins(
    edges: FloatArray, concentration: FloatArray, tracks: float | None, *, path: str = "bins"
) -> SizeData:
    """Sizes from a binned distribution, scaled so that n = completed tracks.

    Parameters
    ----------
    edges : (bin + 1,) nm, >= 0, increasing
    concentration : (bin,) any unit
        In each bin; negative values (of a subtracted blank) count as zero.
    tracks : track or None
        Completed tracks of all videos that went into the distribution.
    path : str

    Raises
    ------
    InputError
        Tracks unknown or too few, nothing in the bins, shapes that do not fit.
    """
    edges, concentration = np.asarray(edges, dtype=float), np.asarray(concentration, dtype=float)
    _check_bins(edges, concentration, path)
    if tracks is None:
        raise error(
            path,
            "the number of completed tracks is not in the file",
            "a size law is fitted with n = completed tracks",
            "concentrations are no counts: intervals would be arbitrarily narrow",
            "export a summary with `Completed tracks`, or leave out `--fit`",
        )
    _enough(tracks, path)
    positive = concentration.clip(min=0.0)
    held = positive > 0
    if held.sum() < 3:
        raise error(
            path,
            f"{int(held.sum())} bins hold particles",
            "a law needs at least three",
            "a width cannot be told",
            "leave this sample out of `--fit`",
        )
    left, right = edges[:-1][held], edges[1:][held]
    return SizeData(
        basis="bins",
        diameter=(left + right) / 2,
        left=left,
        right=right,
        weight=positive[held] * (tracks / positive.sum()),
        tracks=float(tracks),
        shown=(float(edges[0]), float(edges[-1])),
        negative_share=float((positive - concentration).sum() / positive.sum()),
    )


def _check_bins(edges: FloatArray, concentration: FloatArray, path: str) -> None:
    fits = edges.ndim == 1 and edges.size == concentration.size + 1
    if not (fits and np.isfinite(edges).all() and edges[0] >= 0 and (np.diff(edges) > 0).all()):
        raise error(
            path,
            f"{edges.size} edges for {concentration.size} bins, or edges that do not increase from zero",
            "n bins lie between n + 1 increasing edges",
            "particles would be counted at the wrong size",
            "use a distribution as the readers give it",
        )
    if not np.isfinite(concentration).all():
        raise error(
            path,
            "a bin without a number",
            "every bin holds a finite concentration",
            "the total would not be a number",
            "use a distribution as the readers give it",
        )


def _enough(tracks: float, path: str) -> None:
    if not tracks >= FEWEST_TRACKS:
        raise error(
            path,
            f"{tracks:g} tracks",
            f"a size law is fitted to at least {FEWEST_TRACKS} tracks",
            "the width of the law would be a guess, and a second population would always appear",
            "record more or longer videos",
        )
