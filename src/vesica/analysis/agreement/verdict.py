"""One observable: its gap to the mean field at each scale, what the gap should be, and whether it is.

The system-size expansion (van Kampen, Stochastic Processes in Physics and Chemistry, chapter X) says that the mean of
whole numbers, at ``s`` times the copies and the same concentrations, differs from the mean field by
``b / s + c / s^2 + ...``, and its variance falls as ``1 / s``. So a fit without a constant term must leave nothing
over. Where the mean obeys a closed linear system there is no gap at any scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vesica.analysis.agreement.limits import Noise, allowed, standard_errors

Array = NDArray[np.float64]
Words = Literal["agrees", "disagrees", "two modes"]

ORDERS: Final = 2  # terms of the expansion that are fitted, where there are scales enough
POWER: Final = 0.99


@dataclass(frozen=True)
class Observable:
    """What is compared: a pool of an arm at a time (s), per average cell or in the whole medium.

    Parameters
    ----------
    is_extensive : bool
        Grows with the scale; its values are divided by it.
    is_exact : bool
        Its mean obeys a closed linear system.
    noise : Noise
        How its replicates scatter where there are too few events to see it.
    is_level : bool
        Of a living cell as it stands, so that deaths do not lessen it.
    """

    arm: str
    pool: str
    time: float
    unit: str
    is_extensive: bool
    is_exact: bool
    noise: Noise
    is_level: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found of one observable; arrays are (scale,), in the units of x1.

    Parameters
    ----------
    errors : standard errors of the means
    limits : largest gap that chance explains, at the stated false-alarm rate
    bias, second : b and c of ``b / s + c / s^2``
    chance : of what the fit leaves over, or more
    stepping : how far the windows of the stochastic run move the mean
    detectable : constant gap that would have been found with 99 % power
    shares : share of replicates in the mode of the mean field, where there are two
    """

    observable: Observable
    well_mixed: Array
    means: Array
    errors: Array
    limits: Array
    bias: float
    second: float
    chance: float
    stepping: float
    detectable: float
    words: Words
    shares: Array | None = None

    @property
    def gaps(self) -> Array:
        """Mean of whole numbers less the mean field."""
        return self.means - self.well_mixed

    def expected(self, scales: Array) -> Array:
        """The gap that the fit gives at each scale."""
        return self.bias / scales + self.second / scales**2


def compare(
    observable: Observable,
    scales: Array,
    well_mixed: Array,
    samples: Sequence[Array],
    *,
    stepping: float,
    alarm: float,
) -> Comparison:
    """Judge one observable by its means; see `modes` for networks with two stable states.

    Parameters
    ----------
    scales : (scale,), rising
    well_mixed : (scale,)
        The mean field of the very models that were run, in the units of x1.
    samples : (scale,) arrays of (replicate,), in the units of x1
    stepping : how far the time steps of the runs may move a mean, in the units of x1
    alarm : chance of a false alarm that this comparison may have
    """
    means = np.array([float(np.mean(sample)) for sample in samples])
    errors = standard_errors(observable.noise, scales, samples)
    limits = allowed(observable.noise, scales, well_mixed, means, errors, [len(s) for s in samples], alarm)
    error = limits / _normal(alarm)  # an error bar whose normal limit is the one that holds here
    usable = np.isfinite(error)
    orders = 0 if observable.is_exact else min(ORDERS, max(int(usable.sum()) - 1, 0))
    terms = scales[usable, None] ** -np.arange(1.0, orders + 1.0)
    gaps, weights = (means - well_mixed)[usable], 1.0 / error[usable]
    found = np.linalg.lstsq(terms * weights[:, None], gaps * weights, rcond=None)[0] if orders else np.zeros(0)
    left = np.maximum(np.abs(gaps - terms @ found) - stepping, 0.0) * weights
    freedom = max(int(usable.sum()) - orders, 1)
    from scipy.special import chdtrc

    chance = float(chdtrc(freedom, float(left @ left)))
    b, c = (*found, 0.0, 0.0)[:2]
    return Comparison(
        observable, well_mixed, means, errors, limits, float(b), float(c), chance, stepping,
        _detectable(terms, weights, freedom, alarm) + stepping, "agrees" if chance > alarm else "disagrees",
    )


def _normal(alarm: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri(alarm / 2.0))


def _detectable(terms: Array, weights: Array, freedom: int, alarm: float) -> float:
    """A gap that is the same at all scales, found with 99 % power: what is left of it stands so far out."""
    from scipy.special import chdtri, ndtri

    ones = weights.copy()
    if terms.shape[1]:
        design = terms * weights[:, None]
        ones -= design @ np.linalg.lstsq(design, weights, rcond=None)[0]
    size = math.sqrt(float(ones @ ones))
    return (math.sqrt(float(chdtri(freedom, alarm))) + float(ndtri(POWER))) / size if size > 0 else math.inf
