"""Signals of a cell and the rules that let one thing change the rate of another."""

from __future__ import annotations

from vesica.maths import hill


def modulated(rate: float, fold: float, source: float, half_max: float, steepness: float) -> float:
    """A rate as a rule leaves it: ``rate (1 + (fold - 1) hill(source))``.

    Several rules on one rate multiply, so their order does not matter. ``fold`` above one
    raises, below one lowers the rate, and never makes it negative.

    Parameters
    ----------
    rate : any
    fold, steepness : 1
    source, half_max : any, the same

    Returns
    -------
    the unit of ``rate``
    """
    return rate * (1 + (fold - 1) * hill(source, half_max, steepness))


def added(rate: float, most: float, source: float, half_max: float, steepness: float) -> float:
    """A rate with what a rule adds to it: ``rate + most hill(source)``.

    What rules add comes before all factors (`modulated`), and sums, so the order of rules does not matter.

    Parameters
    ----------
    rate, most : any, the same
    source, half_max : any, the same
    steepness : 1

    Returns
    -------
    the unit of ``rate``
    """
    return rate + most * hill(source, half_max, steepness)


def production(basal: float, decay_rate: float) -> float:
    """Production that holds a signal at its basal level: any and 1/s."""
    return basal * decay_rate


def receptor_share(copies: float, reference: float) -> float:
    """Receptors on the surface relative to a resting cell: molecule, molecule to 1."""
    return copies / reference


def product(first: float, second: float) -> float:
    """Product of two numbers, units multiply."""
    return first * second


def total(first: float, second: float) -> float:
    """Sum of two numbers of the same unit."""
    return first + second


def concentration(amount: float, volume: float) -> float:
    """Amount in the dish over its volume: molecule, um^3 to molecule/um^3."""
    return amount / volume

