"""The log-normal diameter law of vesicles, cut at both ends, and its moments in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@dataclass(frozen=True)
class SizeLaw:
    """Log-normal law of the diameter between two bounds.

    Parameters
    ----------
    median, low, high, thickness : um
        Median of the law before it is cut, bounds, and membrane thickness.
    gsd : 1
        Geometric standard deviation, > 1.
    """

    median: float
    gsd: float
    low: float
    high: float
    thickness: float

    def moment(self, order: int) -> float:
        """Mean of diameter^order, um^order.

        E[d^k] = exp(k mu + k^2 s^2/2) (Phi(b - k s) - Phi(a - k s)) / (Phi(b) - Phi(a)) with
        a, b the bounds in standard units.
        """
        mu, s = math.log(self.median), math.log(self.gsd)
        a, b = (math.log(self.low) - mu) / s, (math.log(self.high) - mu) / s
        mass = _normal_cdf(b) - _normal_cdf(a)
        shifted = _normal_cdf(b - order * s) - _normal_cdf(a - order * s)
        return math.exp(order * mu + 0.5 * (order * s) ** 2) * shifted / mass

    @property
    def mean_area(self) -> float:
        """Mean of pi d^2, um^2."""
        return math.pi * self.moment(2)

    @property
    def mean_lumen_volume(self) -> float:
        """Mean of pi (d - 2 t)^3 / 6, um^3; exact while the lower bound exceeds 2 t."""
        t2 = 2.0 * self.thickness
        third = self.moment(3) - 3 * t2 * self.moment(2) + 3 * t2**2 * self.moment(1) - t2**3
        return math.pi / 6.0 * third

    def density(self, diameter: float) -> float:
        """Probability per um at a diameter in um."""
        if not self.low <= diameter <= self.high:
            return 0.0
        mu, s = math.log(self.median), math.log(self.gsd)
        a, b = (math.log(self.low) - mu) / s, (math.log(self.high) - mu) / s
        z = (math.log(diameter) - mu) / s
        mass = _normal_cdf(b) - _normal_cdf(a)
        return math.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * s * diameter * mass)
