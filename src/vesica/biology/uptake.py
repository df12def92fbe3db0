"""Binding of vesicles to a cell and what the cell does with them."""

from __future__ import annotations

import math


def free_sites(receptor_sites: float, bound: float) -> float:
    """Sites of one cell that hold no vesicle. All in vesicles."""
    return receptor_sites - bound


def capture_divisor(binding_rate: float, sites: float, diffusivity: float, capture_radius: float) -> float:
    """How much slower binding and unbinding are because vesicles must diffuse to the cell.

    ``1 + k_on (R - B) / (4 pi D a)``: many sites compete for the flux to a sphere, so the
    capture of one cell never exceeds ``4 pi D a C``; a vesicle that leaves is caught again.

    Parameters
    ----------
    binding_rate : um^3/s/vesicle
    sites : vesicle
    diffusivity : um^2/s
    capture_radius : um

    Returns
    -------
    1

    Notes
    -----
    Berg & Purcell 1977 Biophys J 20:193; Collins & Kimball 1949 J Colloid Sci 4:425.
    """
    return 1 + binding_rate * sites / (4 * math.pi * diffusivity * capture_radius)


def binding_hazard(binding_rate: float, sites: float, divisor: float, volume: float) -> float:
    """Hazard that one vesicle of the medium is bound by one given cell.

    Parameters
    ----------
    binding_rate : um^3/s/vesicle
    sites : vesicle
    divisor : 1
    volume : um^3

    Returns
    -------
    1/s
    """
    return binding_rate * sites / divisor / volume


def unbinding_hazard(unbinding_rate: float, divisor: float) -> float:
    """Hazard that a bound vesicle gets away: 1/s and a pure number to 1/s."""
    return unbinding_rate / divisor


def drinking_hazard(macropinocytosis_rate: float, volume: float) -> float:
    """Hazard that one vesicle of the medium is drunk by one cell: um^3/s and um^3 to 1/s."""
    return macropinocytosis_rate / volume
