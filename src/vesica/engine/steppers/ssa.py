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
STRIDE = 200_000  # events of one call of the compiled loop: it returns often enough for Ctrl-C


@dataclass(frozen=True)
class Stop:
    """Why the exact stepper came back: at its time, or after as many events as were allowed."""

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
    stream : (8,) uint64
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
    found: tuple[float, int] = _fire(v, sums, stream, time, until, allowed, *_arrays(net))
    return found


def refresh(net: Network, v: Array, sums: Array) -> None:
    """Compute every kernel, every rate and the whole tree."""
    _refresh(v, sums, *_arrays(net))


def _arrays(net: Network) -> tuple[NDArray[np.generic], ...]:
    return (net.classes, net.first, net.args, net.out, net.factor_start, net.factors, net.factor_less, net.move_start,
            net.move_place, net.move_count, net.kernel_start, net.kernel, net.change_start, net.change, net.level,
            net.touch_start, net.touch_node, net.touch_child)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def rate_of(v, r, factor_start, factors, factor_less):  # noqa: ANN001, ANN201
    """Firings of reaction ``r`` per time."""
    a = 1.0
    for k in range(factor_start[r], factor_start[r + 1]):
        a *= v[factors[k]] - factor_less[k]
    return a if a > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _sum(sums, child):  # noqa: ANN001, ANN202
    """Sum of the `FAN` children from ``child`` on."""
    return (((sums[child] + sums[child + 1]) + (sums[child + 2] + sums[child + 3]))
            + ((sums[child + 4] + sums[child + 5]) + (sums[child + 6] + sums[child + 7])))


@njit(cache=True, nogil=True, error_model="numpy")
def _refresh(  # noqa: ANN202, PLR0913
    v, sums, classes, first, args, out, factor_start, factors, factor_less, _ms, _mp, _mc, _ks, _k, _cs, _c, level,  # noqa: ANN001
    _ts, _tn, _tc,  # noqa: ANN001
):
    for i in range(out.size):
        v[out[i]] = evaluate_one(v, classes[i], first[i], args)
    sums[:] = 0.0
    for r in range(factor_start.size - 1):
        sums[r] = rate_of(v, r, factor_start, factors, factor_less)
    for k in range(level.size - 2):
        for node in range((level[k + 1] - level[k]) // FAN):
            sums[level[k + 1] + node] = _sum(sums, level[k] + node * FAN)


@njit(cache=True, nogil=True, error_model="numpy")
def _fire(  # noqa: ANN202, PLR0913
    v, sums, stream, time, until, allowed, classes, first, args, out, factor_start, factors, factor_less,  # noqa: ANN001
    move_start, move_place, move_count, kernel_start, kernel, change_start, change, level,  # noqa: ANN001
    touch_start, touch_node, touch_child,  # noqa: ANN001
):
    """Fire at most ``allowed`` reactions; returns the time reached and how many fired."""
    top = level.size - 2
    for fired in range(allowed):
        total = _sum(sums, level[top])
        if not total > 0.0:
            return until, fired
        time += exponential(stream) / total
        if time >= until:
            return until, fired
        left = uniform(stream) * total
        node = 0
        for k in range(top, -1, -1):
            start = level[k] + node * FAN
            chosen = -1
            for j in range(FAN):
                weight = sums[start + j]
                if weight > 0.0:
                    chosen = j  # the last one with a weight takes what rounding leaves
                    if left < weight:
                        break
                    left -= weight
            node = node * FAN + chosen
        for m in range(move_start[node], move_start[node + 1]):
            v[move_place[m]] += move_count[m]
        for k in range(kernel_start[node], kernel_start[node + 1]):
            i = kernel[k]
            v[out[i]] = evaluate_one(v, classes[i], first[i], args)
        for k in range(change_start[node], change_start[node + 1]):
            r = change[k]
            sums[r] = rate_of(v, r, factor_start, factors, factor_less)
        for k in range(touch_start[node], touch_start[node + 1]):
            sums[touch_node[k]] = _sum(sums, touch_child[k])
    return time, allowed


def expected_events(net: Network, v: Array, span: float) -> float:
    """Events that the present rates would give in ``span`` s; NaN-free lower estimate for `check`."""
    sums = np.zeros(int(net.level[-1]))
    refresh(net, v.copy(), sums)
    total = float(sums[: len(net.reactions)].sum()) * span
    return total if math.isfinite(total) else math.inf
