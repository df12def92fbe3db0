"""Phenotypes: states of a cell, and the rates that are theirs."""

from __future__ import annotations


def owned_factor(so_far: float, share: float, factor: float) -> float:
    """Mean factor on a rate over the states of a chain, one state after another: ``so_far + share factor``.

    From zero through all states of a living cell it is the mean of the factors. A single cell is in one state, and
    feels the factor of that state alone.

    Parameters
    ----------
    so_far : 1
    share : 1
        Of the living cells, in this state.
    factor : 1

    Returns
    -------
    1
    """
    return so_far + share * factor
