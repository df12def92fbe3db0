"""Who talks to whom: vesicles from type to type, how far they came, and what each channel did to a rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Journey:
    """Vesicles from one type of cells to another.

    ``mean``, ``median``, ``most`` (90 % come no further): straight distance from the centre of the cell that sent one
    to the centre of the cell that took it up, um; each vesicle counts alike. None where none arrived.
    """

    vesicles: float
    mean: float | None
    median: float | None
    most: float | None


def journeys(transfer: sparse.csr_array, positions: Array, types: NDArray[np.str_], *,
             size: Sequence[float] = (0.0, 0.0, 0.0), periodic: Sequence[bool] = (False, False, False),
             ) -> dict[str, dict[str, Journey]]:
    """Vesicles and distances by type of sender and type of receiver.

    Parameters
    ----------
    transfer : (cell, cell) vesicles, from row to column
    positions : (cell, 3) um
    types : (cell,)
    size, periodic : of the box; along a periodic axis the shorter way counts
    """
    pairs = transfer.tocoo()
    apart = np.abs(positions[pairs.row] - positions[pairs.col])
    for axis, (length, repeats) in enumerate(zip(size, periodic, strict=True)):
        if repeats:
            apart[:, axis] = np.minimum(apart[:, axis], length - apart[:, axis])
    distance = np.sqrt((apart**2).sum(axis=1))
    names = list(dict.fromkeys(types.tolist()))
    found: dict[str, dict[str, Journey]] = {}
    for sender in names:
        for receiver in names:
            chosen = (types[pairs.row] == sender) & (types[pairs.col] == receiver)
            if chosen.any():
                found.setdefault(sender, {})[receiver] = _journey(distance[chosen], pairs.data[chosen])
    return found


def _journey(distance: Array, vesicles: Array) -> Journey:
    total = float(vesicles.sum())
    if total <= 0.0:
        return Journey(total, None, None, None)
    order = np.argsort(distance, kind="stable")
    reached = np.cumsum(vesicles[order]) / total
    median, most = (float(distance[order][min(int(np.searchsorted(reached, share - 1e-12)), order.size - 1)])
                    for share in (0.5, 0.9))
    return Journey(total, float(np.sum(distance * vesicles) / total), median, most)


def shares_of(factors: Mapping[str, float], kinds: Mapping[str, str]) -> dict[str, float]:
    """What share of the change of a rate came by each channel.

    A rate that rules multiply by ``f_r`` changed by ``sum log f_r``; the share of a channel is the sum of ``log f_r``
    of its rules over the sum of all ``|log f_r|``. It is below zero for a channel that lowers the rate; the sizes
    of the shares add up to one where no channel works both ways.

    Parameters
    ----------
    factors : rule -> factor, above zero
    kinds : rule -> channel, as ``vesicle``, ``factor``, ``contact``, ``agent``

    Returns
    -------
    channel -> share, largest first; empty where nothing changed the rate

    Raises
    ------
    ValueError
        A factor that is not above zero: what stops a rate altogether leaves nothing to share out.
    """
    logs: dict[str, float] = {}
    for rule, factor in factors.items():
        if not factor > 0.0:
            msg = f"rule `{rule}` multiplies by {factor}: no share can be given"
            raise ValueError(msg)
        logs[kinds[rule]] = logs.get(kinds[rule], 0.0) + math.log(factor)
    return shares_of_logs(logs, sum(abs(math.log(factor)) for factor in factors.values()))


def shares_of_logs(logs: Mapping[str, float], total: float | None = None) -> dict[str, float]:
    """The same from the sum of logarithms of each channel, as a row's notes keep them (``signal_shares``)."""
    total = sum(map(abs, logs.values())) if total is None else total
    if total <= 0.0:
        return {}
    shares = {name: value / total for name, value in logs.items() if value}
    return dict(sorted(shares.items(), key=lambda item: -abs(item[1])))
