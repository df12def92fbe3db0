"""Whole numbers, many events a step: tau-leaping with steps chosen for a bounded change of every rate.

Reactions that could empty a pool within ten firings are critical and fire one at a time, exactly
when they would; the others fire binomially within what their pools hold, one after another, so no pool
can become negative. No leap expects to take more than a quarter of a pool: in a fast equilibrium gains
and losses cancel, the bound on the change of rates allows leaps far beyond the time of relaxation, and
binomial firing would stop at the whole pool while gains go on.

Where a leap would be shorter than ten events, the exact stepper takes a hundred.

Source: Cao, Gillespie & Petzold 2006 J Chem Phys 124:044109 (tau selection, epsilon 0.03, for drift
0.01, critical below 10 firings); Tian & Burrage 2004 J Chem Phys 121:10356 (binomial firing).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.codegen import compiled
from vesica.engine.counters import binomial, exponential, poisson, uniform
from vesica.engine.network import Network
from vesica.engine.steppers import ssa

Array = NDArray[np.float64]
evaluate_one = compiled().evaluate_one

EPSILON: Final = 0.03
DRIFT: Final = 0.01  # the same for the drift of a pool: its errors add up from leap to leap, those of noise do not
CRITICAL: Final = 10.0  # firings that a pool must allow
SHORTEST: Final = 10.0  # events that a leap must be worth
LARGEST_SHARE: Final = 0.25  # of a pool that a leap may expect to take
EXACT_EVENTS: Final = 100
LEAPS: Final = 2_000  # of one call of the compiled loop


@dataclass(frozen=True)
class Steps:
    """How a replicate went.

    Parameters
    ----------
    leaps : int
    critical : int
        Leaps that ended with the firing of a critical reaction.
    exact : int
        Events fired one by one.
    lost : int
        1 where a rate was no number: the replicate stopped there, and its pools mean nothing.
    """

    leaps: int = 0
    critical: int = 0
    exact: int = 0
    lost: int = 0

    def __add__(self, other: Steps) -> Steps:
        """Both together."""
        return Steps(self.leaps + other.leaps, self.critical + other.critical, self.exact + other.exact,
                     self.lost + other.lost)


def advance(net: Network, v: Array, sums: Array, stream: NDArray[np.uint64], time: float, until: float) -> Steps:
    """Leap until ``until``; arguments as of `ssa.advance`."""
    done, counts = Steps(), np.zeros(len(net.reactions), dtype=np.int64)
    while time < until:
        time, leaps, critical, is_short = leap_on(v, stream, counts, time, until, *arrays(net))
        done += Steps(leaps, critical)
        if is_short:
            ssa.refresh(net, v, sums)
            time, fired = ssa.fire(net, v, sums, stream, time, until, EXACT_EVENTS)
            done += Steps(exact=fired)
    return done + Steps(lost=1) if math.isnan(time) else done


def arrays(net: Network) -> tuple[NDArray[np.generic], ...]:
    """What `leap_on` reads of a network."""
    return (net.place, net.classes, net.first, net.args, net.out, net.live, net.factor_start, net.factors,
            net.factor_less, net.move_start, net.move_state, net.move_count, net.order, net.is_pair)


@njit(cache=True, nogil=True, error_model="numpy")
def leap_on(  # noqa: ANN201, PLR0913
    v, stream, counts, time, until, place, classes, first, args, out, live, factor_start, factors, factor_less,  # noqa: ANN001
    move_start, move_state, move_count, order, is_pair,  # noqa: ANN001
):
    """Up to `LEAPS` leaps; returns time, leaps, critical firings, and whether the exact stepper should go on."""
    reactions, states = factor_start.size - 1, place.size
    rate = np.empty(reactions)
    is_critical = np.empty(reactions, dtype=np.bool_)
    mean, spread, loss, gained = np.empty(states), np.empty(states), np.empty(states), np.empty(states)
    for i in range(out.size):
        v[out[i]] = evaluate_one(v, classes[i], first[i], args)
    leaps = critical_firings = 0
    while leaps < LEAPS and time < until:
        for i in live:
            v[out[i]] = evaluate_one(v, classes[i], first[i], args)
        total, critical_total = _look(v, place, factor_start, factors, factor_less, move_start, move_state, move_count,
                                      rate, is_critical, mean, spread, loss)
        if not (total > 0.0 and total < math.inf):
            return (until if total == 0.0 else math.nan), leaps, critical_firings, False
        tau = _longest(v, place, order, is_pair, mean, spread, loss)
        if tau < SHORTEST / total:
            return time, leaps, critical_firings, True
        wait = exponential(stream) / critical_total if critical_total > 0.0 else math.inf
        step = min(tau, wait, until - time)
        gained[:] = 0.0
        _fire_many(v, stream, counts, step, place, move_start, move_state, move_count, rate, is_critical, gained)
        if wait == step:
            critical_firings += _fire_one(v, stream, counts, critical_total, place, move_start, move_state, move_count,
                                          rate, is_critical, gained)
        for s in range(states):
            v[place[s]] += gained[s]
        time = until if step >= until - time else time + step
        leaps += 1
    return time, leaps, critical_firings, False


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _look(  # noqa: ANN202, PLR0913
    v, place, factor_start, factors, factor_less, move_start, move_state, move_count,  # noqa: ANN001
    rate, is_critical, mean, spread, loss,  # noqa: ANN001
):
    """Rates, which are critical, and how the others change each pool; returns the sum of all and of critical ones."""
    total = critical_total = 0.0
    mean[:] = 0.0
    spread[:] = 0.0
    loss[:] = 0.0
    for r in range(rate.size):
        rate[r] = ssa.rate_of(v, r, factor_start, factors, factor_less)
        total += rate[r]
        is_critical[r] = rate[r] > 0.0 and firings(v, r, place, move_start, move_state, move_count) < CRITICAL
        if is_critical[r]:
            critical_total += rate[r]
        else:
            for m in range(move_start[r], move_start[r + 1]):
                mean[move_state[m]] += move_count[m] * rate[r]
                spread[move_state[m]] += move_count[m] * move_count[m] * rate[r]
                loss[move_state[m]] += max(0.0, -move_count[m]) * rate[r]
    return total, critical_total


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _longest(v, place, order, is_pair, mean, spread, loss):  # noqa: ANN001, ANN202
    """The longest leap in which every rate stays as it is within `EPSILON`, and no pool loses more than it may."""
    tau = math.inf
    for s in range(place.size):
        if loss[s] > 0.0:
            tau = min(tau, LARGEST_SHARE * v[place[s]] / loss[s])
        if order[s] > 0.0 and spread[s] > 0.0:
            x = v[place[s]]
            g = order[s] + (1.0 / (x - 1.0) if is_pair[s] and x > 1.0 else 0.0)
            if mean[s] != 0.0:
                tau = min(tau, max(DRIFT * x / g, 1.0) / abs(mean[s]))
            bound = max(EPSILON * x / g, 1.0)
            tau = min(tau, bound * bound / spread[s])
    return tau


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _fire_many(v, stream, counts, step, place, move_start, move_state, move_count, rate, is_critical, gained):  # noqa: ANN001, ANN202, PLR0913
    """Fire what is not critical; losses count at once, gains wait in ``gained``."""
    for r in range(rate.size):
        if is_critical[r] or not rate[r] > 0.0:
            continue
        held = firings(v, r, place, move_start, move_state, move_count)
        expected = rate[r] * step
        count = poisson(stream, expected) if held == math.inf else binomial(stream, held, expected / max(held, 1.0))
        counts[r] += int(count)
        for m in range(move_start[r], move_start[r + 1]):
            if move_count[m] < 0.0:
                v[place[move_state[m]]] += move_count[m] * count
            else:
                gained[move_state[m]] += move_count[m] * count


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _fire_one(  # noqa: ANN202, PLR0913
    v, stream, counts, critical_total, place, move_start, move_state, move_count, rate, is_critical, gained,  # noqa: ANN001
):
    """Choose one critical reaction by its rate and fire it, if a leap has left enough for it; returns how many."""
    left = uniform(stream) * critical_total
    chosen = -1
    for r in range(rate.size):
        if is_critical[r]:
            chosen = r
            left -= rate[r]
            if left < 0.0:
                break
    if firings(v, chosen, place, move_start, move_state, move_count) < 1.0:
        return 0
    counts[chosen] += 1
    for m in range(move_start[chosen], move_start[chosen + 1]):
        gained[move_state[m]] += move_count[m]
    return 1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def firings(v, r, place, move_start, move_state, move_count):  # noqa: ANN001, ANN201
    """How often reaction ``r`` can fire before a pool is empty; infinite where it takes nothing."""
    most = math.inf
    for m in range(move_start[r], move_start[r + 1]):
        if move_count[m] < 0.0:
            most = min(most, math.floor(v[place[move_state[m]]] / -move_count[m]))
    return most
