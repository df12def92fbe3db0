r"""Vesicles that take whole copies of every cargo from the pools of a cell, drawn sparsely: empty ones cost nothing.

The law is that of `vesicles.take`: of cargo i a vesicle of diameter d takes none with chance
:math:`P_i = \pi_i + (1 - \pi_i)(1 - p_i(d))^{c_i}`, c the pool, :math:`p_i = \min(1, w_i size_i(d)/(1 - \pi_i))`.
So it takes anything with chance :math:`w(d) = 1 - \prod_i P_i`, which rises with d and with every pool.

`loading_loop` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.whole.vesicles import diameters

Array = NDArray[np.float64]

STRATA: Final = 64
PIECES: Final = 32  # linear pieces of the quantile function in a stratum


class Tables(NamedTuple):
    """What compiled functions need of `Loads`.

    Parameters
    ----------
    quantile : (knot,) um
        Inverse distribution function of the diameter at even probabilities; empty if diameters are not drawn.
    thickness : um
    per_size : (1 or cell, cargo)
        Divided by 1 - empty_share.
    is_lumen : (cargo,) bool
    empty_share : (cargo,)
    """

    quantile: Array
    thickness: float
    per_size: Array
    is_lumen: NDArray[np.bool_]
    empty_share: Array


@dataclass(frozen=True)
class Loads:
    """How vesicles are loaded while nothing changes but the pools.

    Parameters
    ----------
    law
        Of the diameters.
    per_size : (1 or cell, cargo) 1/um^3 or 1/um^2
        Enrichment / cell volume for lumen cargo, enrichment / membrane area for membrane cargo.
    is_lumen : (cargo,) bool
    empty_share : (cargo,) 1
        Vesicles that take none whatever their size; the others take 1/(1 - empty_share) as much.
    """

    law: SizeLaw
    per_size: Array
    is_lumen: NDArray[np.bool_]
    empty_share: Array

    def __post_init__(self) -> None:
        columns = {np.shape(self.per_size)[-1:], np.shape(self.is_lumen), np.shape(self.empty_share)}
        if np.ndim(self.per_size) != 2 or len(columns) != 1:
            raise ValueError("loads need per_size (1 or cell, cargo), is_lumen (cargo,) and empty_share (cargo,), "
                             f"not {columns}")
        is_right = np.isfinite(self.per_size) & (np.asarray(self.per_size) >= 0.0)
        if not (is_right.all() and all(0.0 <= share < 1.0 for share in self.empty_share)):
            raise ValueError(f"loads need per_size >= 0 and 0 <= empty_share < 1, not {self}")

    def tables(self) -> Tables:
        """For the compiled functions."""
        empty = np.asarray(self.empty_share, dtype=float)
        return Tables(quantiles(self.law), float(self.law.thickness), np.asarray(self.per_size, dtype=float)
                      / (1.0 - empty), np.asarray(self.is_lumen, dtype=np.bool_), empty)


def sizes_only(law: SizeLaw) -> Loads:
    """Vesicles with a diameter and no cargo."""
    return Loads(law, np.zeros((1, 0)), np.zeros(0, dtype=np.bool_), np.zeros(0))


def no_tables() -> Tables:
    """Vesicles that are only counted."""
    none = np.zeros(0)
    none.setflags(write=False)  # as those of `quantiles`: one compiled version for both
    return Tables(none, 0.0, np.zeros((1, 0)), np.zeros(0, dtype=np.bool_), np.zeros(0))


@lru_cache(maxsize=64)
def quantiles(law: SizeLaw) -> Array:
    """(STRATA * PIECES + 1,) um: diameters at even probabilities from 0 to 1, to be joined by straight lines.

    Between two knots the density is its mean there. Chords lie above the convex upper end, most in the last piece if
    the upper bound is far out: that piece ends where the mean of d^3 is the law's, so it stands for its tail by volume.
    """
    knots = diameters(law, np.linspace(0.0, 1.0, STRATA * PIECES + 1))
    before, top = float(knots[-2]), float(knots[-1])

    def excess(last: float) -> float:
        knots[-1] = last
        return table_moment(knots, 3) - law.moment(3)

    if excess(before) < 0.0 < excess(top):
        for _ in range(60):
            middle = 0.5 * (before + top)
            before, top = (middle, top) if excess(middle) < 0.0 else (before, middle)
    knots[-1] = top
    knots.setflags(write=False)
    return knots


def table_moment(knots: Array, order: int) -> float:
    """Mean of d^order of the diameters that straight lines between the knots give, um^order.

    A piece from a to b contributes (a^k + a^(k-1) b + ... + b^k)/(k + 1) with equal weight.
    """
    a, b = knots[:-1], knots[1:]
    return float(sum((a ** (order - j) * b**j).mean() for j in range(order + 1)) / (order + 1))
