r"""How many vesicles (ILVs) one multivesicular body (MVB) holds: a law of independent slots.

An MVB has ``n_max`` slots. An empty slot fills at :math:`k = b/n_{max}` (b: budding into an empty
MVB), a full one empties at the retrofusion rate, so a slot is full with a probability x that obeys
:math:`\dot x = k - r x`, :math:`r = k + k_{retro}`, whatever the other slots do; both rates
may change in time. One solution P of that equation and :math:`R = \int r\,dt` serve all MVBs of a cell:
:math:`x(t) = P(t) + (x(s) - P(s))\,e^{-(R(t) - R(s))}`. Only differences of R are used, so it may be
counted from any moment.

With the mean over MVBs the law is that of `biogenesis.budding_rate` and `biogenesis.second_moment_rate`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Equal hazards of two stages are moved apart by this much, relatively: the law changes by its square.
APART = 1e-5


def relaxed(value: float, gain: float, loss: float, time: float) -> float:
    """Solution of dx/dt = gain - loss x after ``time``, from ``value``, to 1e-15 of the larger.

    Parameters
    ----------
    value : any unit
    gain : its unit per s
    loss : 1/s, >= 0
    time : s, >= 0
    """
    x = loss * time
    gone = -math.expm1(-x)
    mean_decay = gone / x if x > 1e-8 else 1.0 - 0.5 * x  # (1 - e^-x)/x; left out: x^2/6 < 2e-17
    return value * (1.0 - gone) + gain * time * mean_decay


def filled_chance(share: float, share_then: float, decay: float) -> float:
    """Chance that a slot is full that was empty at the mark; a full one is so with ``decay`` more.

    Parameters
    ----------
    share, share_then : 1
        P now and at the mark.
    decay : 1
        exp(-(R - R_mark)).
    """
    return share - share_then * decay


def slot_rates(budding: float, capacity: float, retrofusion: float) -> tuple[float, float]:
    """Filling k of an empty slot and relaxation r = k + k_retro, 1/s.

    Parameters
    ----------
    budding : vesicle/s
        Into an empty MVB.
    capacity : vesicle
    retrofusion : 1/s
    """
    fill = budding / capacity
    return fill, fill + retrofusion


def slots_pmf(capacity: float) -> tuple[NDArray[np.int64], Array]:
    """Numbers of slots and their shares among MVBs, for a capacity that is no whole number.

    A share of ``capacity - floor`` of the MVBs has one slot more than the others: the mean is the
    capacity, so that means of n are those of the aggregated form, and the mean of n^2 exceeds it by
    f (1 - f) E[p^2] <= p^2/4, f the fractional part.
    """
    low = math.floor(capacity)
    more = capacity - low
    if more == 0.0:
        return np.array([low]), np.array([1.0])
    return np.array([low, low + 1]), np.array([1.0 - more, more])


def factorial_moments(share: float, relaxation: float, hazards: tuple[float, ...]) -> tuple[float, float]:
    r"""E[p] and E[p^2] at the end of a life of exponential stages, rates constant.

    :math:`p = p_{ss}(1 - Y)`, :math:`Y = e^{-r\,age}`, and :math:`E[Y^j] = \prod_i h_i/(h_i + j r)`.

    Parameters
    ----------
    share : 1
        p_ss = k/r.
    relaxation : 1/s
    hazards : 1/s, > 0
        Of each stage: (h,) for the fate of a free MVB that stays free, `fusion_stages` for one that fuses.
    """
    first = math.prod(h / (h + relaxation) for h in hazards)
    second = math.prod(h / (h + 2.0 * relaxation) for h in hazards)
    return share * (1.0 - first), share**2 * (1.0 - 2.0 * first + second)


def fusion_stages(lysosome: float, docking: float, undocking: float, fusion: float) -> tuple[float, float]:
    r"""Hazards of the two exponential stages that the age of an MVB at its fusion is made of, the slower one first.

    A free MVB ends in the lysosome or docks, a docked one fuses or undocks, as often as it comes to that. With
    :math:`a = h + k`, :math:`d = f + u` the age at fusion has the Laplace transform
    :math:`\lambda_1 \lambda_2/((s + \lambda_1)(s + \lambda_2))`,
    :math:`\lambda^2 - (a + d)\lambda + a d - k u = 0`: the rates at which free and docked MVBs relax. Without
    undocking they are a and d.

    Parameters
    ----------
    lysosome, docking, undocking, fusion : 1/s
        h, k, u and f.

    Notes
    -----
    Roots of like sign: :math:`(a + d)^2 - 4(a d - k u) = (a - d)^2 + 4 k u \ge 0`. An MVB fuses with the chance
    `fusion_share`.
    """
    free, docked = lysosome + docking, fusion + undocking
    # a d - k u without a difference of large numbers
    both = lysosome * docked + docking * fusion
    fast = 0.5 * (free + docked + math.sqrt((free - docked) ** 2 + 4.0 * docking * undocking))
    return (both / fast if fast > 0.0 else 0.0), fast


def fusion_share(lysosome: float, docking: float, undocking: float, fusion: float) -> float:
    r"""Chance that an MVB fuses with the membrane before the lysosome takes it.

    :math:`k f/(h(f + u) + k f)`: of the visits to the membrane a share f/(f + u) ends with fusion.

    Parameters
    ----------
    lysosome, docking, undocking, fusion : 1/s
        h, k, u and f; zero where none of them leads out.
    """
    fused = docking * fusion
    total = lysosome * (fusion + undocking) + fused
    return fused / total if total > 0.0 else 0.0


def mean_and_variance(capacity: float, share: float, relaxation: float, hazards: tuple[float, ...]
                      ) -> tuple[float, float]:
    """Mean and variance of the vesicles of an MVB at its fate; arguments as of `factorial_moments`."""
    slots, weights = slots_pmf(capacity)
    p1, p2 = factorial_moments(share, relaxation, hazards)
    pairs = float((slots * (slots - 1)) @ weights)
    mean = capacity * p1
    return mean, mean + pairs * p2 - mean**2


def fate_pmf(capacity: float, share: float, relaxation: float, hazards: tuple[float, ...]) -> Array:
    r"""Law of the number of vesicles of an MVB at its fate, rates constant.

    Parameters
    ----------
    capacity, share, relaxation, hazards
        As in `factorial_moments`; one stage or two. Thinning by a released share s
        multiplies ``share`` by s.

    Returns
    -------
    (slots + 1,)

    Notes
    -----
    One stage: n ~ Binomial(n_max, p_ss X), X = 1 - e^{-r age} ~ Beta(1, h/r), that is a
    beta-binomial number thinned by p_ss. Two stages: the age has the density
    :math:`(h_2 f_1 - h_1 f_2)/(h_2 - h_1)`, f_i exponential, and the law is mixed in the same way.
    """
    if len(hazards) == 1:
        slots, weights = slots_pmf(capacity)
        law = np.zeros(int(slots[-1]) + 1)
        for number, weight in zip(slots.tolist(), weights.tolist(), strict=True):
            law[: number + 1] += weight * _one_stage(number, share, hazards[0] / relaxation)
        return law
    first, second = hazards
    if abs(second - first) < APART * (first + second):
        middle = 0.5 * (first + second)
        first, second = middle * (1.0 - APART), middle * (1.0 + APART)
    laws = [fate_pmf(capacity, share, relaxation, (h,)) for h in (first, second)]
    return (second * laws[0] - first * laws[1]) / (second - first)


def _one_stage(slots: int, share: float, shape: float) -> Array:
    from scipy.stats import betabinom, binom

    full = np.arange(slots + 1)
    unthinned = betabinom.pmf(full, slots, 1.0, shape)
    return binom.pmf(full[:, None], full[None, :], share) @ unthinned
