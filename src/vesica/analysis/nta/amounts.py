"""Particles per cell and per ug of protein, and the classes of purity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vesica import library
from vesica.analysis.nta import intervals
from vesica.analysis.nta.records import Amount, Estimate, PurityClass
from vesica.errors import error
from vesica.readers.records import FloatArray


@dataclass(frozen=True)
class Culture:
    """What particles are divided by; None where not given.

    Parameters
    ----------
    cells : cell
        That released into ``volume``.
    volume : mL
        Of the original suspension: what the concentration refers to.
    protein : ug
        In ``volume``.
    protein_concentration : ug/mL
    time : h
    """

    cells: float | None = None
    volume: float | None = None
    protein: float | None = None
    protein_concentration: float | None = None
    time: float | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is to be divided."""
        return any(one is not None for one in (self.cells, self.protein, self.protein_concentration))

    def per_cell(self) -> float | None:
        """Turn particle/mL into particle/cell: mL/cell."""
        return None if self.cells is None or self.volume is None else self.volume / self.cells

    def per_protein(self) -> float | None:
        """Turn particle/mL into particle/ug: mL/ug."""
        if self.protein_concentration is not None:
            return 1.0 / self.protein_concentration
        return None if self.protein is None or self.volume is None else self.volume / self.protein


NOTHING: Final = Culture()


def check(culture: Culture, sample: str, *, is_diluted_known: bool) -> None:
    """Refuse what cannot be divided.

    Raises
    ------
    InputError
        Cells or a mass of protein without a volume, or an unknown dilution.
    """
    needs_volume = culture.cells is not None or culture.protein is not None
    if needs_volume and culture.volume is None:
        what = "cells" if culture.cells is not None else "a mass of protein"
        raise error(
            sample,
            f"{what} without a volume",
            "particles = concentration x volume",
            "particles per cell or per ug would need a guess of the volume",
            "give the volume of the suspension, as `--volume '10 mL'` or a column `volume (mL)`",
        )
    if culture.asks and not is_diluted_known:
        raise error(
            sample,
            "cells or protein are given, but nobody says how much the suspension was diluted",
            "particles per cell and per ug refer to the original suspension",
            "they would be too low by the unknown dilution",
            "say the dilution: `--dilution 200`, or `--dilution 1` if it was measured as it was",
        )


def purity(per_ug: float) -> PurityClass:
    """Class of a number of particles per ug of protein (Webber & Clayton 2013); "between" where they name none."""
    entries = library.load("cns").entries

    def bound(name: str) -> float:
        return entries[f"nta.purity.{name}_WebberClayton13"].value

    if per_ug >= bound("high"):
        return "high purity"
    if per_ug < bound("unpure"):
        return "unpure"
    return "low purity" if bound("low_from") <= per_ug <= bound("low_to") else "between"


def amount(
    quantity: Literal["cell", "ug protein"],
    factors: FloatArray,
    concentration: Estimate | None,
    net: FloatArray,
    blank_se: float,
    upper: float | None,
) -> Amount:
    """Particles per something.

    Parameters
    ----------
    quantity : "cell" or "ug protein"
    factors : (replicate,) mL per cell or per ug
    concentration : particle/mL, or None below the limit
    net : (replicate,) particle/mL
        Concentration of each replicate, blank subtracted.
    blank_se : particle/mL
        What all replicates share.
    upper : particle/mL, or None
        The limit that the concentration is below.

    Notes
    -----
    Numbers of cells, volumes and protein are taken as exact. Where they are the same for all
    replicates, the interval is that of the concentration; where each replicate has its own, it is that of
    the quotients.
    """
    unit = "particle/cell" if quantity == "cell" else "particle/ug"
    words = "concentration x volume / cells" if quantity == "cell" else "concentration / protein"
    factor = float(factors.mean())
    if concentration is None:
        limit = None if upper is None else upper * factor
        return Amount(quantity, unit, None, None, None, limit, None, f"{words}; below the limit")
    if np.ptp(factors) == 0:
        value, low, high = (
            None if one is None else one * factor
            for one in (concentration.value, concentration.low, concentration.high)
        )
        words += "; interval of the concentration, the divisor taken as exact"
    else:
        own = intervals.mean_estimate(net * factors, "replicates", common_se=blank_se * factor)
        value, low, high = own.value, own.low, own.high
        words += "; mean of the quotients of the replicates"
    shown = math.nan if value is None else value
    return Amount(
        quantity, unit, value, low, high, None, purity(shown) if quantity == "ug protein" else None, words
    )
