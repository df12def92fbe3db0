"""What flow through a flat channel leaves to the cells on its floor."""

from __future__ import annotations

import math


def floor_share(diffusivity: float, length: float, height: float, speed: float) -> float:
    """Largest share of what flows through a channel that a floor could take, did it take all that touches it.

    Parameters
    ----------
    diffusivity : um^2/s
    length, height : um, of a channel much wider than high
    speed : um/s, > 0
        Mean speed of the flow: flow over width times height.

    Returns
    -------
    1

    Notes
    -----
    Laminar flow has the shear rate ``g = 6 speed/height`` at the floor, and the flux into it at a distance x is
    ``c D (g/(9 D x))^(1/3) / Gamma(4/3)``; Leveque 1928 Ann Mines 13:201. That holds while little is taken; further
    along, the medium is poorer and flows more slowly above the floor than the shear rate at it says, so that this is
    an upper limit. It is 1 where it would be more.
    """
    shear = 6.0 * speed / height
    mean_flux = 1.5 * diffusivity * (shear / (9.0 * diffusivity * length)) ** (1.0 / 3.0) / math.gamma(4.0 / 3.0)
    return min(1.0, mean_flux * length / (speed * height))
