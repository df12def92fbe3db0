r"""What a method of isolation keeps of vesicles, by their size.

Source: own choice of law; sedimentation and exclusion are gradual in size, and a sigmoid in log diameter has its mean
over a log-normal law in closed form. For median :math:`m`, cut-off :math:`c` and geometric standard deviations
:math:`g` (vesicles) and :math:`h` (cut-off), weighted by :math:`d^k`,

.. math:: \overline{r} = r\,\Phi\!\left(\frac{\ln(m/c) + k \ln^2 g}{\sqrt{\ln^2 g + \ln^2 h}}\right)

where the law is not cut. A law that is cut, and methods one after another, are integrated over the law.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw

Array = NDArray[np.float64]
Weight = Literal["number", "area", "lumen"]
NODES: Final = 256  # of Gauss and Legendre in log diameter, over a law that spans a factor of ten: exact to rounding
_erfc = np.vectorize(math.erfc, otypes=[float])


@dataclass(frozen=True)
class Sieve:
    """Share of the vesicles of a diameter that a method keeps.

    Parameters
    ----------
    share : 1
        Of vesicles far from both bounds.
    cutoff, ceiling : um, optional
        Half as many are kept at either: of smaller ones fewer, of larger ones fewer.
    gsd : 1
        Geometric standard deviation of both bounds, > 1.
    """

    share: float = 1.0
    cutoff: float | None = None
    ceiling: float | None = None
    gsd: float = 1.3

    def kept(self, diameters: Array) -> Array:
        """(vesicle,) share kept of each diameter in um."""
        found = np.full(np.shape(diameters), self.share)
        for bound, sign in ((self.cutoff, 1.0), (self.ceiling, -1.0)):
            if bound is not None:
                steps = sign * np.log(np.asarray(diameters) / bound) / math.log(self.gsd)
                found = found * 0.5 * _erfc(-steps / math.sqrt(2.0))
        return found


@dataclass(frozen=True)
class Sieves:
    """Several, one after another."""

    parts: tuple[Sieve, ...] = ()

    def __add__(self, other: Sieve) -> Sieves:
        """With one more."""
        return Sieves((*self.parts, other))

    def kept(self, diameters: Array) -> Array:
        """(vesicle,) share kept of each diameter in um."""
        found = np.ones(np.shape(diameters))
        for part in self.parts:
            found = found * part.kept(diameters)
        return found

    def mean(self, law: SizeLaw, weight: Weight = "number") -> float:
        """Share kept of all vesicles of a law, of their membrane area, or of their lumen volume."""
        if all(part.cutoff is None and part.ceiling is None for part in self.parts):
            return math.prod(part.share for part in self.parts)
        diameters, chances = _nodes(law)
        size = {"number": np.ones(NODES), "area": diameters**2, "lumen": (diameters - 2.0 * law.thickness) ** 3}
        weights = chances * size[weight]
        return float(self.kept(diameters) @ weights / weights.sum())


@functools.lru_cache(maxsize=256)
def _nodes(law: SizeLaw) -> tuple[Array, Array]:
    """Diameters in um and their chances: nodes in log diameter between the bounds of a law."""
    at, weights = np.polynomial.legendre.leggauss(NODES)
    low, high = math.log(law.low), math.log(law.high)
    logs = low + (high - low) * (at + 1.0) / 2.0
    chances = weights * np.exp(-0.5 * ((logs - math.log(law.median)) / math.log(law.gsd)) ** 2)
    return np.exp(logs), chances / chances.sum()


def digested(efficiency: float, *, is_reached: bool) -> float:
    """Share of a molecule that an enzyme leaves: all of it where membranes keep the enzyme out."""
    return 1.0 - efficiency if is_reached else 1.0
