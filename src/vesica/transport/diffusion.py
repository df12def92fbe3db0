"""Diffusion of vesicles in medium, and of a dose in a still column above a cell layer."""

from __future__ import annotations

import math
from typing import Final

BOLTZMANN: Final = 1.380649e-23  # J/K, SI definition, exact
_UM3_PER_M3: Final = 1e18


def stokes_einstein(temperature: float, viscosity: float, diameter: float) -> float:
    """Diffusion coefficient of a sphere in a liquid.

    Parameters
    ----------
    temperature : K
    viscosity : Pa s
    diameter : um

    Returns
    -------
    um^2/s

    Notes
    -----
    ``k T / (3 pi eta d)``; Einstein 1905 Ann Phys 17:549.
    """
    return BOLTZMANN * temperature / (3.0 * math.pi * viscosity * diameter) * _UM3_PER_M3


def still_column_share(diffusivity: float, depth: float, time: float) -> float:
    """Share of a dose, spread evenly in a still column, that a perfectly absorbing bottom has taken.

    Parameters
    ----------
    diffusivity : um^2/s
    depth : um
    time : s

    Returns
    -------
    1

    Notes
    -----
    Closed top, absorbing bottom: ``1 - sum 8/((2n+1)^2 pi^2) exp(-(2n+1)^2 pi^2 D t / 4 L^2)``
    (Crank, The Mathematics of Diffusion, 2nd ed. 1975, eq. 4.18). For small times the
    half-space result ``2 sqrt(D t / pi) / L`` is used; below D t / L^2 = 0.02 the two differ by less
    than erfc-type terms of order exp(-L^2 / D t) < 1e-21.
    """
    tau = diffusivity * time / depth**2
    if tau < 0.02:
        return 2.0 * math.sqrt(tau / math.pi)
    left = sum(
        8.0 / ((2 * n + 1) * math.pi) ** 2 * math.exp(-((2 * n + 1) ** 2) * math.pi**2 * tau / 4.0) for n in range(40)
    )
    return 1.0 - left


def capture_ceiling(diffusivity: float, radius: float, density: float) -> float:
    """Vesicles that diffusion brings to a perfectly absorbing sphere per time.

    Parameters
    ----------
    diffusivity : um^2/s
    radius : um
    density : vesicle/um^3

    Returns
    -------
    vesicle/s

    Notes
    -----
    ``4 pi D a C``; Smoluchowski 1917 Z Phys Chem 92:129.
    """
    return 4.0 * math.pi * diffusivity * radius * density


def capture_chance(distance: float, radius: float, diffusivity: float, loss: float, time: float) -> float:
    """Chance that a vesicle released at a point has reached a perfectly absorbing sphere after a time.

    Parameters
    ----------
    distance : um
        From the point to the middle of the sphere; beyond its radius.
    radius : um
    diffusivity : um^2/s
    loss : 1/s
        On the way.
    time : s

    Returns
    -------
    1

    Notes
    -----
    With ``g = r - a``: ``a/(2 r) (exp(-g/L) erfc(g/sqrt(4 D t) - sqrt(k t)) + exp(g/L) erfc(g/sqrt(4 D t)
    + sqrt(k t)))``, ``L = sqrt(D/k)``; it tends to ``(a/r) exp(-g/L)``. It solves p' = D lap p - k p with p = 1 on the
    sphere (Carslaw & Jaeger, Conduction of Heat in Solids, 2nd ed. 1959, sections 9.10 and 14.2). A steady source of
    q vesicles per time is therefore captured at q times this chance of the time since it began.
    """
    gap = distance - radius
    wait = gap / math.sqrt(4.0 * diffusivity * time)
    worn = math.sqrt(loss * time)
    length = math.sqrt(loss / diffusivity) * gap
    # exp(length) erfc(wait + worn), without overflow: wait^2 + worn^2 = (wait + worn)^2 - length
    second = _scaled_erfc(wait + worn) * math.exp(-(wait**2) - worn**2)
    return radius / (2.0 * distance) * (math.exp(-length) * math.erfc(wait - worn) + second)


def _scaled_erfc(x: float) -> float:
    """``exp(x^2) erfc(x)`` for x >= 0; beyond 20 by its asymptotic series, whose first dropped term is 3e-10."""
    if x < 20.0:
        return math.exp(x * x) * math.erfc(x)
    y = 1.0 / (2.0 * x * x)
    return (1.0 - y + 3.0 * y**2 - 15.0 * y**3) / (x * math.sqrt(math.pi))
