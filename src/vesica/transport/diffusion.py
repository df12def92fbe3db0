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
