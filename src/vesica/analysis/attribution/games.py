"""Games: shares of players in a value that all coalitions of them are known of.

A coalition of n players is a whole number whose bit i says that player i is in it; values are (2^n,) in that order.

Sources: Shapley 1953 (Contributions to the Theory of Games II, 307); Harsanyi 1963 Int Econ Rev 4:194 (dividends);
Grabisch & Roubens 1999 Int J Game Theory 28:547 (interaction index).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def players_of(values: Array) -> int:
    """Number of players of a game.

    Raises
    ------
    ValueError
        The number of values is no power of two.
    """
    count = int(values.shape[0]).bit_length() - 1
    if values.shape[0] != 1 << count:
        msg = f"{values.shape[0]} values are those of no number of players"
        raise ValueError(msg)
    return count


def sizes(count: int) -> NDArray[np.int64]:
    """(2^n,) players in each coalition."""
    masks = np.arange(1 << count)
    return np.array(sum((masks >> player) & 1 for player in range(count)) + np.zeros_like(masks), dtype=np.int64)


def shapley(values: Array) -> Array:
    """What each player adds, averaged over all orders in which they may come.

    Parameters
    ----------
    values : (2^n,)

    Returns
    -------
    (n,) in the unit of the values
        Their sum is the value of all less that of none.
    """
    count = players_of(values)
    masks, size = np.arange(1 << count), sizes(count)
    weight = np.array([1.0 / (count * math.comb(count - 1, k)) for k in range(count)])
    found = np.zeros(count)
    for player in range(count):
        without = masks[(masks >> player) & 1 == 0]
        found[player] = weight[size[without]] @ (values[without | 1 << player] - values[without])
    return found


def interactions(values: Array) -> Array:
    """How much more two players add together than each alone, averaged over what the others do.

    Parameters
    ----------
    values : (2^n,)

    Returns
    -------
    (n, n) in the unit of the values, symmetric, zero on the diagonal
        Positive where one needs the other, negative where one does what the other would have done.
    """
    count = players_of(values)
    masks, size = np.arange(1 << count), sizes(count)
    weight = np.array([1.0 / ((count - 1) * math.comb(count - 2, k)) for k in range(count - 1)])
    found = np.zeros((count, count))
    for one in range(count):
        for other in range(one):
            pair = 1 << one | 1 << other
            rest = masks[masks & pair == 0]
            together = values[rest | pair] - values[rest | 1 << one] - values[rest | 1 << other] + values[rest]
            found[one, other] = found[other, one] = weight[size[rest]] @ together
    return found


def dividends(values: Array) -> Array:
    """What a coalition adds beyond all that its parts add: a sum of the value over all parts, with signs.

    Parameters
    ----------
    values : (2^n,)

    Returns
    -------
    (2^n,)
        Their sum over all parts of a coalition is its value.
    """
    found = values.copy()
    for player in range(players_of(values)):
        pairs = found.reshape(-1, 2, 1 << player)
        pairs[:, 1] -= pairs[:, 0]
    return found
