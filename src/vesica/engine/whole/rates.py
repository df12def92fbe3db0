"""The numbers that a donor cell of whole numbers runs on, as one row for the compiled loops."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from vesica.biology import biogenesis, release

# Places in a row, in the order of the fields of `Rates`.
(FORMATION, MATURATION, RECYCLING, BUDDING, CAPACITY, RETROFUSION, LYSOSOME, DOCKING, UNDOCKING, SITES, FUSION,
 RELEASED, DETACHMENT, TETHER_RETURN) = range(14)
ROW = 14


@dataclass(frozen=True)
class Rates:
    """Rates of one donor cell while nothing changes; rules and inhibitors are in them already.

    Parameters
    ----------
    formation : 1/s
        Early endosomes per cell and time.
    maturation, recycling : 1/s
        Of one endosome.
    budding : vesicle/s
        Into an empty MVB.
    capacity : vesicle
        Need not be whole: see `mvb_law.slots_pmf`.
    retrofusion : 1/s
        Of one vesicle inside.
    lysosome, docking, undocking, fusion : 1/s
        Of one MVB; docking while all sites are free.
    sites : 1
        Docking sites; may be infinite. A fraction of a site is taken with the hazard of that fraction.
    released_share : 1
        Share of the vesicles of a fused MVB that leave at once.
    detachment, tether_return : 1/s
        Of one tethered vesicle.
    """

    formation: float
    maturation: float
    recycling: float
    budding: float
    capacity: float
    retrofusion: float
    lysosome: float
    docking: float
    undocking: float
    sites: float
    fusion: float
    released_share: float
    detachment: float
    tether_return: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= 0.0 or (math.isinf(value) and name != "sites"):
                raise ValueError(f"`{name}` of a donor cell is {value}; it must be finite and not negative")
        if self.capacity < 1.0 or self.sites <= 0.0 or self.released_share > 1.0:
            raise ValueError(f"a donor cell needs capacity >= 1, sites > 0 and released_share <= 1, not {self}")

    def row(self) -> NDArray[np.float64]:
        """(14,) the fields in order."""
        return np.array(astuple(self), dtype=float)


def checked(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(cell, 14) rows of rates, as they are.

    Raises
    ------
    ValueError
        With the first row that is none.
    """
    is_right = np.isfinite(np.delete(rows, SITES, axis=1)).all(axis=1) & (rows >= 0.0).all(axis=1)
    is_right &= (rows[:, CAPACITY] >= 1.0) & (rows[:, SITES] > 0.0) & (rows[:, RELEASED] <= 1.0)
    if not is_right.all():
        Rates(*rows[np.flatnonzero(~is_right)[0]].tolist())  # says what is wrong
    return rows


def rates_of(parameters: Mapping[str, float], cell: str) -> Rates:
    """Rates of a cell type whose rules are all at rest, by the kernels that the mean-field fidelities use."""
    p = {name.removeprefix(f"{cell}."): value for name, value in parameters.items() if name.startswith(f"{cell}.")}
    return Rates(
        formation=p["endosome_formation_rate"], maturation=p["endosome_maturation_rate"],
        recycling=p["endosome_recycling_rate"],
        budding=biogenesis.budding_per_mvb(p["ilv_budding_rate"], p["escrt_share"], p["escrt_activity"],
                                           p["nsmase2_activity"]),
        capacity=p["ilv_capacity"], retrofusion=p["retrofusion_rate"], lysosome=p["mvb_lysosome_rate"],
        docking=release.docking_hazard(p["mvb_docking_rate"], p["rab27_activity"], 0.0, p["docking_sites"]),
        undocking=p["mvb_undocking_rate"], sites=p["docking_sites"],
        fusion=release.fusion_hazard(p["mvb_fusion_rate"], p["snare_activity"]),
        released_share=p["released_share"], detachment=p["tether_detachment_rate"],
        tether_return=p["tether_return_rate"],
    )
