"""Donor cells at rest: mean-field numbers to start from, and the cells made of them."""

from __future__ import annotations

import math
from typing import Final

from numba import njit

from vesica.engine.borrowed import shift
from vesica.engine.counters import binomial, exponential, poisson, uniform
from vesica.engine.whole import mvbs, records
from vesica.engine.whole import rates as r
from vesica.engine.whole.donor_arrays import first_of, hold_of, stream_of
from vesica.engine.whole.loading_loop import envelope, lent_bounds, passed
from vesica.engine.whole.rates import Rates

NEVER: Final = 1e300  # s; an age at which an MVB is as full as it gets


def resting_means(rates: Rates) -> tuple[float, float, float, float]:
    """Endosomes, free and docked MVBs at rest and the hazard with which a free one docks.

    Births b = f m/(m + c) = h M + g D and k (1 - D/S) M = (g + u) D: a quadratic in D whose smaller root keeps
    D < S. A mean-field value: exact where sites abound.

    Raises
    ------
    ValueError
        Where MVBs or endosomes are made and never end.
    """
    ends = rates.maturation + rates.recycling
    endosomes = rates.formation / ends if ends else 0.0
    born = endosomes * rates.maturation
    half = rates.lysosome + rates.docking
    is_docking = bool(rates.docking and born)
    leave = rates.fusion + rates.undocking
    stays = is_docking and not leave  # docked MVBs fill the sites for good; the lysosome takes the others
    if ((rates.formation and not ends) or (born and not half) or (is_docking and not (rates.lysosome or rates.fusion))
            or (stays and not math.isfinite(rates.sites))):
        raise ValueError("endosomes, MVBs or docked MVBs never end: such a cell has no rest; start from another")
    docked = 0.0
    if is_docking and math.isfinite(rates.sites):
        b = born + rates.sites * (rates.fusion + rates.lysosome / rates.docking * leave)
        root = math.sqrt(b * b - 4.0 * rates.fusion * born * rates.sites)
        docked = 2.0 * born * rates.sites / (b + root)
    elif is_docking:
        docked = rates.docking * born / (rates.lysosome * leave + rates.docking * rates.fusion)
    if docked >= rates.sites * (1.0 - 1e-9) and not rates.lysosome:
        raise ValueError("MVBs are made faster than all docking sites can fuse them, and no lysosome takes them: "
                         "such a cell has no rest; start from another")
    docking = rates.docking * (1.0 - docked / rates.sites)
    net = docking * (rates.fusion / leave if leave else 1.0)  # of those that dock, some come back
    return endosomes, born / (rates.lysosome + net) if born else 0.0, docked, docking


@njit(cache=True, nogil=True, error_model="numpy")
def furnish(streams, rates, means, share, free, docked, n_free, n_docked):  # noqa: ANN001, ANN201
    """Resting cells in the mean-field approximation; see `donor.resting`. Stops where a room is too small.

    Parameters
    ----------
    rates : (1 or cell, 14)
    means : (1 or cell, 4)
        `resting_means` of each.
    """
    for c in range(n_free.size):
        s, k = streams[c], c if rates.shape[0] > 1 else 0
        rate, mean_free, mean_docked = rates[k], means[k, 1], means[k, 2]
        loss = rate[r.BUDDING] / rate[r.CAPACITY] + rate[r.RETROFUSION]
        rest = rate[r.BUDDING] / rate[r.CAPACITY] / loss if loss > 0.0 else 0.0
        free_ends, docked_ends = rate[r.LYSOSOME] + means[k, 3], rate[r.FUSION] + rate[r.UNDOCKING]
        again = means[k, 3] / free_ends * rate[r.UNDOCKING] / docked_ends if free_ends * docked_ends > 0.0 else 0.0
        share[c] = rest
        n_free[c] = min(int(poisson(s, mean_free)), free.shape[1])
        if math.isinf(rate[r.SITES]):
            n_docked[c] = min(int(poisson(s, mean_docked)), docked.shape[1])
        else:
            n_docked[c] = min(int(binomial(s, math.floor(rate[r.SITES]), mean_docked / rate[r.SITES])),
                              docked.shape[1])
        for k in range(n_free[c]):
            age = exponential(s) / free_ends + visits(s, again, free_ends, docked_ends)
            mvbs.bear(s, rate, rest, -loss * age, free[c, k])
        for k in range(n_docked[c]):
            age = NEVER  # docked before the lysosome could take it, and there to stay
            if docked_ends > 0.0:
                age = exponential(s) / free_ends + exponential(s) / docked_ends
                age += visits(s, again, free_ends, docked_ends)
            mvbs.bear(s, rate, rest, -loss * age, docked[c, k])


@njit(cache=True, nogil=True, error_model="numpy")
def visits(s, again, free_ends, docked_ends):  # noqa: ANN001, ANN201
    """Time of the earlier visits to the membrane, each with the life before it; ``again`` that there was one more."""
    age = 0.0
    while again > 0.0 and uniform(s) < again:
        age += exponential(s) / free_ends + exponential(s) / docked_ends
    return age


@njit(cache=True, nogil=True, error_model="numpy")
def load_known(at, high, state, tables, bounds, loaded, ahead):  # noqa: ANN001, ANN201
    """Load the vesicles that are known in MVBs of cells ``at`` to ``high``, without taking from pools.

    Parameters
    ----------
    state : donor_arrays.State
    bounds
        Room for those of one cell.
    loaded : (cell,) int64
        MVBs that are done.
    ahead : (cell,)
        New vesicles to pass until the next candidate; negative before the first.

    Returns
    -------
    int
        The next cell: below ``high`` where that one needs more room.
    """
    for c in range(at, high):
        s, hold = stream_of(state, c), hold_of(c, state, tables, lent_bounds(bounds), ahead)
        envelope(hold.law, hold.pool, hold.bounds)
        if ahead[c] < 0.0:
            ahead[c] = passed(s, hold.bounds)
        n_free = state.n_free[c]
        for k in range(loaded[c], n_free + state.n_docked[c]):
            mvb = shift(first_of(state.free, c), k * mvbs.MARKS)
            if k >= n_free:
                mvb = shift(first_of(state.docked, c), (k - n_free) * mvbs.MARKS)
            if not records.has_room(hold, int(mvb[mvbs.KNOWN])):
                loaded[c] = k
                return c
            mvb[mvbs.HEAD] = records.fill(s, int(mvb[mvbs.KNOWN]), records.NOBODY, hold, False)
    return high
