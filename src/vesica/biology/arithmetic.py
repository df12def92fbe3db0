"""The small kernels that rates of networks, written as expressions, are made of."""

from __future__ import annotations

from vesica import maths


def difference(first: float, second: float) -> float:
    """First less second, of the same unit."""
    return first - second


def quotient(first: float, second: float) -> float:
    """First over second, units divide."""
    return first / second


def raised(base: float, exponent: float) -> float:
    """A pure number to a power; zero to a positive power below zero, as `maths.power` has it."""
    return maths.power(base, exponent)


def exponential(exponent: float) -> float:
    """E to a pure number."""
    return maths.exp(exponent)


def logarithm(number: float) -> float:
    """Natural logarithm of a pure number."""
    return maths.log(number)


def hill_share(source: float, half_max: float, steepness: float) -> float:
    """Share of the full effect at a level of the source.

    Parameters
    ----------
    source, half_max : molecule/um^3
        Or any other unit, the same.
    steepness : 1

    Returns
    -------
    1
    """
    return maths.hill(source, half_max, steepness)
