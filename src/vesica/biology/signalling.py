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


def slope(there: float, here: float, reach: float) -> float:
    """Gradient between two places: positive where there is more of it further on.

    Parameters
    ----------
    there, here : molecule/um^3
    reach : um
        Between the two.

    Returns
    -------
    molecule/um^4
    """
    return (there - here) / reach


def occupancy_difference(gradient: float, length: float, dissociation: float, concentration: float) -> float:
    """Difference of receptor occupancy between the two ends of a cell: what it can tell a direction by.

    Parameters
    ----------
    gradient : molecule/um^4
        Along the cell.
    length : um
        Of the cell.
    dissociation, concentration : molecule/um^3
        Of the receptor and its ligand.

    Returns
    -------
    1

    Notes
    -----
    Occupancy is C/(K + C), and its slope times the length is (dC/dx) L K/(K + C)^2: largest at C = K, as has been known
    since Zigmond 1977 J Cell Biol 75:606. The gradient is taken as even over a cell.
    """
    return gradient * length * dissociation / (dissociation + concentration) ** 2
