"""What drugs do to rates, and how they bind and leave their targets.

A target is held by the drug for a share theta of the time. ``d theta/dt = k (x (1 - theta) - theta)`` with
``x = (concentration/half_max)^hill`` and k the rate at which the drug leaves: theta approaches ``x/(1 + x)`` within
``1/(k (1 + x))``, and falls by k when the drug is washed out.
"""

from __future__ import annotations

from vesica.maths import power


def drugged(rate: float, fold: float, occupied: float) -> float:
    """A rate as a drug leaves it: ``rate (1 + (fold - 1) occupied)``.

    ``fold`` is what is left of the rate where all targets are held (below one), or how many times more there is.

    Parameters
    ----------
    rate : any
    fold, occupied : 1

    Returns
    -------
    the unit of ``rate``
    """
    return rate * (1 + (fold - 1) * occupied)


def drug_binding(leaving: float, concentration: float, half_max: float, steepness: float, occupied: float) -> float:
    """Rate at which free targets become held, as a share of all of them.

    Parameters
    ----------
    leaving : 1/s
    concentration, half_max : molecule/um^3
    steepness, occupied : 1

    Returns
    -------
    1/s
    """
    return leaving * power(concentration / half_max, steepness) * (1 - occupied)
