"""Whole numbers, event by event: the direct method with a dependency graph and a tree of sums.

After a firing only the kernels and rates that it changes are computed again; the next reaction
is found by descending a tree whose nodes hold the sums of eight children. Sums are formed
anew from the children, never by adding differences, so nothing drifts.

Source: Gillespie 1977 J Phys Chem 81:2340; Gibson & Bruck 2000 J Phys Chem A 104:1876 (the graph).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vesica.engine.codegen import compiled
from vesica.engine.counters import exponential, uniform
from vesica.engine.network import FAN, Network

Array = NDArray[np.float64]
evaluate_one = compiled().evaluate_one
_1, _2, _3, _4, _5, _6, _7, _8 = (np.uint64(k) for k in range(1, 9))  # unsigned: see `network.Place`
STRIDE = 200_000  # events of one call of the compiled loop: it returns often enough for Ctrl-C


@dataclass(frozen=True)
class Stop:
    """Where the exact stepper came back: at its time, or at NaN because a rate was no number."""

    time: float
    events: int


def advance(net: Network, v: Array, sums: Array, stream: NDArray[np.uint64], time: float, until: float) -> Stop:
    """Fire reactions until ``until``.

    Parameters
    ----------
    v : (value,)
        Parameters, inputs and pools of one replicate; pools hold whole numbers and are changed.
    sums : (node,)
        Room for the tree, ``net.level[-1]`` long.
    stream : (counters.SIZE,) uint64
        As `counters.stream` makes it; moved on.
    time, until : s
    """
    refresh(net, v, sums)
    events = 0
    while time < until:
        time, fired = fire(net, v, sums, stream, time, until, STRIDE)
        events += fired
    return Stop(time, events)


def fire(net: Network, v: Array, sums: Array, stream: NDArray[np.uint64], time: float, until: float, allowed: int
         ) -> tuple[float, int]:
    """At most ``allowed`` events from a tree that `refresh` has filled; returns time and events."""
    counts = np.zeros(len(net.reactions), dtype=np.int64)
    found: tuple[float, int] = fire_on(v, sums, stream, counts, time, until, allowed, *arrays(net))
    return found


def refresh(net: Network, v: Array, sums: Array) -> None:
    """Compute every kernel, every rate and the whole tree."""
    refresh_all(v, sums, *arrays(net))


def arrays(net: Network) -> tuple[NDArray[np.generic], ...]:
    """What `refresh_all` and `fire_on` read of a network."""
    return (net.classes, net.first, net.args, net.out, net.fixed_start, net.fixed, net.one, net.two, net.two_less,
            net.more_start, net.more, net.more_less, net.move_start, net.move_place, net.move_count, net.kernel_start,
            net.kernel, net.change_start, net.change, net.level, net.touch_start, net.touch_node, net.touch_child)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def rate_of(v, r, factor_start, factors, factor_less):  # noqa: ANN001, ANN201
    """Firings of reaction ``r`` per time."""
    a = 1.0
    for k in range(factor_start[r], factor_start[r + 1]):
        a *= v[factors[k]] - factor_less[k]
    return 0.0 if a <= 0.0 else a  # what is no number stays so, and is seen


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _live_rate(v, constant, r, one, two, two_less, more_start, more, more_less):  # noqa: ANN001, ANN202
    """The same from the product ``constant`` of the factors that no state changes."""
    a = constant[r] * v[one[r]] * (v[two[r]] - two_less[r])
    for k in range(more_start[r], more_start[r + 1]):
        a *= v[more[k]] - more_less[k]
    return 0.0 if a <= 0.0 else a  # what is no number stays so, and is seen


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _sum(sums, child):  # noqa: ANN001, ANN202
    """Sum of the `FAN` children from ``child`` on."""
    c = np.uint64(child)
    return (((sums[c] + sums[c + _1]) + (sums[c + _2] + sums[c + _3]))
            + ((sums[c + _4] + sums[c + _5]) + (sums[c + _6] + sums[c + _7])))


@njit(cache=True, nogil=True, error_model="numpy")
def _constants(v, fixed_start, fixed):  # noqa: ANN001, ANN202
    """(reaction,) products of the factors that no state changes."""
    constant = np.ones(fixed_start.size - 1)
    for r in range(constant.size):
        for k in range(fixed_start[r], fixed_start[r + 1]):
            constant[r] *= v[fixed[k]]
    return constant


@njit(cache=True, nogil=True, error_model="numpy")
def refresh_all(  # noqa: ANN201, PLR0913
    v, sums, classes, first, args, out, fixed_start, fixed, one, two, two_less, more_start, more, more_less,  # noqa: ANN001
    _ms, _mp, _mc, _ks, _k, _cs, _c, level, _ts, _tn, _tc,  # noqa: ANN001
):
    """`refresh` for compiled callers."""
    for i in range(out.size):
        v[out[i]] = evaluate_one(v, classes[i], first[i], args)
    constant = _constants(v, fixed_start, fixed)
    sums[:] = 0.0
    for r in range(constant.size):
        sums[r] = _live_rate(v, constant, r, one, two, two_less, more_start, more, more_less)
    for k in range(level.size - 2):
        for node in range((level[k + 1] - level[k]) // FAN):
            sums[level[k + 1] + node] = _sum(sums, level[k] + node * FAN)


@njit(cache=True, nogil=True, error_model="numpy")
def _last(sums, child):  # noqa: ANN001, ANN202
    """The last of the `FAN` children that has a weight: it takes what rounding leaves."""
    chosen = 0
    for j in range(FAN):
        if sums[child + np.uint64(j)] > 0.0:
            chosen = j
    return np.uint64(chosen)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _choose(sums, child, left):  # noqa: ANN001, ANN202
    """Which of the `FAN` children from ``child`` on holds the place ``left`` of their sum, and what is left in it."""
    chosen, start = np.uint64(0), child
    w0 = sums[start]
    w1 = w0 + sums[start + _1]
    w2 = w1 + sums[start + _2]
    w3 = w2 + sums[start + _3]
    if left >= w3:
        left -= w3
        chosen, start = _4, start + _4
        w0 = sums[start]
        w1 = w0 + sums[start + _1]
        w2 = w1 + sums[start + _2]
    if left >= w2:
        left -= w2
        chosen += _3
    elif left >= w1:
        left -= w1
        chosen += _2
    elif left >= w0:
        left -= w0
        chosen += _1
    if not sums[child + chosen] > 0.0:
        chosen = _last(sums, child)
    return chosen, left


@njit(cache=True, nogil=True, error_model="numpy")
def fire_on(  # noqa: ANN201, PLR0913
    v, sums, stream, counts, time, until, allowed, classes, first, args, out, fixed_start, fixed, one, two, two_less,  # noqa: ANN001
    more_start, more, more_less, move_start, move_place, move_count, kernel_start, kernel, change_start, change,  # noqa: ANN001
    level, touch_start, touch_node, touch_child,  # noqa: ANN001
):
    """Fire at most ``allowed`` reactions, counted in ``counts``; returns the time reached and how many fired."""
    top = level.size - 2
    constant = _constants(v, fixed_start, fixed)
    for fired in range(allowed):
        total = _sum(sums, level[top])
        if not (total > 0.0 and total < math.inf):
            return (until if total == 0.0 else math.nan), fired
        time += exponential(stream) / total
        if time >= until:
            return until, fired
        left = uniform(stream) * total
        node = np.uint64(0)
        for k in range(top, -1, -1):
            chosen, left = _choose(sums, np.uint64(level[k]) + node * _8, left)
            node = node * _8 + chosen
        counts[node] += 1
        for m in range(move_start[node], move_start[node + _1]):
            v[move_place[m]] += move_count[m]
        for k in range(kernel_start[node], kernel_start[node + _1]):
            i = kernel[k]
            v[out[i]] = evaluate_one(v, classes[i], first[i], args)
        for k in range(change_start[node], change_start[node + _1]):
            r = change[k]
            sums[r] = _live_rate(v, constant, r, one, two, two_less, more_start, more, more_less)
        for k in range(touch_start[node], touch_start[node + _1]):
            sums[touch_node[k]] = _sum(sums, touch_child[k])
    return time, allowed


def expected_events(net: Network, v: Array, span: float) -> float:
    """Events that the present rates would give in ``span`` s; NaN-free lower estimate for `check`."""
    sums = np.zeros(int(net.level[-1]))
    refresh(net, v.copy(), sums)
    total = float(sums[: len(net.reactions)].sum()) * span
    return total if math.isfinite(total) else math.inf
