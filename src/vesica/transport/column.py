"""A column of liquid cut into layers: their heights, and the rates at which particles pass between them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STRETCH: Final = 36.0  # 12 layers then begin with one of 1 % of the depth, and each is 1.35 times the one below
_GRAVITY: Final = 9.80665  # m/s^2, standard acceleration of free fall, exact by convention


def layer_heights(depth: float, layers: int, stretch: float = STRETCH) -> Array:
    """Heights of the layers of a column from the bottom up.

    Parameters
    ----------
    depth : um
    layers : number of layers, 1 or more
    stretch : 1
        About how many times higher the last layer is than the first: each is ``stretch**(1/layers)`` times the one
        below. So twice the layers cut every layer in two, and errors fall as layers^-2. With 1 all are alike.

    Returns
    -------
    um, of length ``layers``; they sum to ``depth``
    """
    if stretch == 1.0:
        return np.full(layers, depth / layers)
    edges = depth * np.expm1(np.log(stretch) * np.arange(layers + 1) / layers) / (stretch - 1.0)
    edges[-1] = depth
    return np.asarray(np.diff(edges))


def points(heights: Array, *, wall: bool = False) -> Array:
    """Heights above the bottom at which the concentration of each layer holds, um: the middles.

    ``wall``: that of layer 0 is the bottom itself, where the cells are. What they see then is off by the square of
    the layers' heights, like all else; taken from the middle of the layer, it would be off by the height.
    """
    found = np.cumsum(heights) - 0.5 * heights
    if wall:
        found[0] = 0.0
    return np.asarray(found)


def hops(heights: Array, diffusivity: float, drift: float = 0.0, *, wall: bool = False) -> tuple[Array, Array]:
    """Rates at which a particle passes from a layer to the next one above, and back.

    Parameters
    ----------
    heights : um, of length n, from the bottom up
    diffusivity : um^2/s, > 0
    drift : um/s
        Towards layer 0 if positive.
    wall : whether layer 0 stands for the liquid at the bottom, see `points`

    Returns
    -------
    up, down : 1/s, of length n - 1
        ``up[i]`` from layer i to i+1, ``down[i]`` from i+1 to i.

    Notes
    -----
    Finite volumes with the exponentially fitted flux of Scharfetter & Gummel 1969 IEEE Trans Electron Devices
    16:64: with h the distance of two points, p = drift h/D and B(p) = p/(exp(p) - 1), the flux upwards is
    ``D/h (B(p) c[i] - B(-p) c[i+1])``. It is exact between two points at steady flow, so a closed column at rest
    holds c ~ exp(-drift z/D) at its points on any grid. Without drift it is D (c[i] - c[i+1])/h.
    """
    distance = np.diff(points(heights, wall=wall))
    peclet = drift * distance / diffusivity
    speed = diffusivity / distance
    return speed * _bernoulli(peclet) / heights[:-1], speed * _bernoulli(-peclet) / heights[1:]


def _bernoulli(x: Array) -> Array:
    """``x/(exp(x) - 1)``, 1 at 0; beyond 700 it is below 1e-301."""
    bounded = np.minimum(x, 700.0)
    return np.asarray(np.divide(bounded, np.expm1(bounded), out=np.ones_like(bounded), where=bounded != 0.0))


def settling_speed(diameter: float, density_difference: float, viscosity: float) -> float:
    """Speed at which a small sphere sinks in a liquid at rest; negative where it rises.

    Parameters
    ----------
    diameter : um
    density_difference : kg/m^3
        Of the sphere less that of the liquid.
    viscosity : Pa s

    Returns
    -------
    um/s

    Notes
    -----
    ``(rho - rho_liquid) g d^2 / (18 eta)``; Stokes 1851 Trans Camb Phil Soc 9:8.
    """
    um_per_s = 1e-6  # um^2 are 1e-12 m^2, a m/s is 1e6 um/s
    return density_difference * _GRAVITY * diameter**2 / (18.0 * viscosity) * um_per_s
