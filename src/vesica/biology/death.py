"""Amounts of a cell type that can die: per cell at the start, and per living cell."""

from __future__ import annotations

from vesica.maths import inverse


def per_living(amount: float, alive: float) -> float:
    """Amount in one living cell, of an amount per cell at the start; zero where none lives.

    Parameters
    ----------
    amount : any
    alive : 1
        Share of the cells that live.

    Returns
    -------
    the unit of ``amount``

    Notes
    -----
    Death takes a cell with all it holds, whatever that is. With y per cell at the start, hazard h and
    ``dy/dt = s F(y / s) - h y``, ``ds/dt = -h s``, what a living cell holds obeys ``dx/dt = F(x)``, as if none died.
    """
    return amount * inverse(alive)
