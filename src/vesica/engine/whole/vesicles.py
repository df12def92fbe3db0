r"""Single vesicles: a diameter, and whole copies of every cargo out of the donor's whole-number pool.

A copy of lumen cargo is taken by a vesicle of diameter d with chance :math:`w V(d)/V_{cell}`, V the lumen, a
copy of membrane cargo with :math:`w \pi d^2/A_{cell}`: with a pool of c copies that is a binomial number with
the mean of `biology.cargo`. Vesicles that bud one after another take from what is left, so a
pool is never overdrawn. Where a share :math:`\pi_0` of vesicles carries none whatever their size, the others take
:math:`1/(1 - \pi_0)` as much: the mean stays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.biology.sizes import SizeLaw
from vesica.engine.counters import binomial, uniform

Array = NDArray[np.float64]
Words = NDArray[np.uint64]
PANELS = 64  # of four nodes each, over the size law: relative error below 1e-12 for smooth laws


@dataclass(frozen=True)
class Loading:
    """How one cargo gets into vesicles.

    Parameters
    ----------
    per_size : 1/um^3 or 1/um^2
        Enrichment / cell volume for lumen cargo, enrichment / membrane area for membrane cargo.
    topology : "lumen" or "membrane"
    empty_share : 1, < 1
        Vesicles that take none whatever their size.
    """

    per_size: float
    topology: str
    empty_share: float = 0.0

    def __post_init__(self) -> None:
        if not (self.per_size >= 0.0 and 0.0 <= self.empty_share < 1.0):
            raise ValueError(f"loading needs per_size >= 0 and 0 <= empty_share < 1, not {self}")

    def chances(self, diameters: Array, thickness: float) -> Array:
        """(vesicle,) chance of one copy to be taken by a vesicle that is not empty by fate.

        Never above one: a vesicle cannot take more than there is. Where `is_capped`, the mean is below
        that of the mean-field fidelities.
        """
        return np.minimum(1.0, self._uncapped(diameters, thickness))

    def is_capped(self, law: SizeLaw) -> bool:
        """Whether the largest vesicles would take more than the pool holds."""
        return bool(self._uncapped(np.array([law.high]), law.thickness)[0] > 1.0)

    def _uncapped(self, diameters: Array, thickness: float) -> Array:
        size = lumen_volumes(diameters, thickness) if self.topology == "lumen" else math.pi * diameters**2
        return self.per_size * size / (1.0 - self.empty_share)


def lumen_volumes(diameters: Array, thickness: float) -> Array:
    """(vesicle,) um^3 inside the membrane."""
    return math.pi / 6.0 * np.maximum(diameters - 2.0 * thickness, 0.0) ** 3


def diameters(law: SizeLaw, uniforms: Array) -> Array:
    """(vesicle,) um: the inverse distribution function of the cut log-normal law at each number in (0, 1)."""
    from scipy.special import ndtr, ndtri

    mu, s = math.log(law.median), math.log(law.gsd)
    a, b = (math.log(law.low) - mu) / s, (math.log(law.high) - mu) / s
    # The tail with the smaller numbers keeps its digits.
    sign = -1.0 if a > 0.0 else 1.0
    first, last = (-b, -a) if sign < 0.0 else (a, b)
    at = 1.0 - uniforms if sign < 0.0 else uniforms
    z = sign * ndtri(ndtr(first) + at * (ndtr(last) - ndtr(first)))
    return np.clip(np.exp(mu + s * z), law.low, law.high)


@njit(cache=True, nogil=True, error_model="numpy")
def uniforms(stream: Words, number: int) -> Array:
    """(number,) the next numbers of a stream, in (0, 1)."""
    found = np.empty(number)
    for k in range(number):
        found[k] = uniform(stream)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def take(stream: Words, pool: int, chances: Array, empty_share: float) -> tuple[NDArray[np.int64], int]:
    """Copies that vesicles take from a pool, one vesicle after another.

    Parameters
    ----------
    stream : (SIZE,) uint64
        Of `counters.stream`; moved on.
    pool : molecule
    chances : (vesicle,)
        Of `Loading.chances`.
    empty_share : 1

    Returns
    -------
    (vesicle,) int64 copies, and what the pool has left
    """
    copies = np.zeros(chances.size, dtype=np.int64)
    for k in range(chances.size):
        if empty_share > 0.0 and uniform(stream) < empty_share:
            continue
        copies[k] = int(binomial(stream, float(pool), chances[k]))
        pool -= copies[k]
    return copies, pool


def _nodes(law: SizeLaw) -> tuple[Array, Array]:
    """Diameters and weights that sum to one: Gauss-Legendre in panels, even in log d."""
    x, w = np.polynomial.legendre.leggauss(4)
    edges = np.linspace(math.log(law.low), math.log(law.high), PANELS + 1)
    half = 0.5 * np.diff(edges)[:, None]
    d = np.exp((edges[:-1, None] + half * (x + 1.0)).ravel())
    weight = (half * w).ravel() * d * np.array([law.density(one) for one in d])
    return d, weight / weight.sum()


def occupied_share(law: SizeLaw, loading: Loading, pool: int) -> float:
    """P(>= 1): share of vesicles with a copy or more, while the pool holds ``pool`` copies.

    (1 - pi0) E[1 - (1 - p(d))^pool], with p of `Loading.chances`. It falls short of the
    Poisson form of `analysis.vesicles.at_least_one` by at most the pool times E[p^2]/2.
    """
    d, weight = _nodes(law)
    chances = loading.chances(d, law.thickness)
    with np.errstate(divide="ignore"):  # a chance of one: every such vesicle is occupied
        none = pool * np.log1p(-chances)
    return (1.0 - loading.empty_share) * float(-np.expm1(none) @ weight)


def copies_moments(law: SizeLaw, loading: Loading, pool: int) -> tuple[float, float]:
    """Mean and variance of the copies of one vesicle that takes from ``pool`` copies."""
    d, weight = _nodes(law)
    chances = loading.chances(d, law.thickness)
    loaded = 1.0 - loading.empty_share
    mean = loaded * pool * float(chances @ weight)
    square = loaded * float((pool * chances * (1.0 - chances) + (pool * chances) ** 2) @ weight)
    return mean, square - mean**2


def burst_moments(number: tuple[float, float], copies: tuple[float, float]) -> tuple[float, float]:
    """Mean and variance of the copies in a burst, from those of its vesicles and of copies per vesicle.

    A sum of n independent numbers: E n E c, and E n Var c + Var n (E c)^2.
    """
    return number[0] * copies[0], number[0] * copies[1] + number[1] * copies[0] ** 2


def release_moments(bursts: float, burst: tuple[float, float]) -> tuple[float, float]:
    """Mean and variance of what a Poisson number of independent bursts releases (compound Poisson).

    Parameters
    ----------
    bursts : 1
        Mean number.
    burst
        Mean and variance of what one releases.
    """
    return bursts * burst[0], bursts * (burst[1] + burst[0] ** 2)
