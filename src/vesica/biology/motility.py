"""How cells crawl: a walk with persistence, a bias along gradients, and neighbours that push each other away."""

from __future__ import annotations

from vesica.maths import exp


def walk_diffusivity(speed: float, persistence: float, dimensions: float) -> float:
    """Diffusivity of a persistent walk over long times.

    Parameters
    ----------
    speed : um/s
        Root mean square.
    persistence : s
        Time in which a direction is forgotten.
    dimensions : 1

    Returns
    -------
    um^2/s

    Notes
    -----
    Mean squared displacement 2 d D t for t well above the persistence, D = speed^2 persistence/d (Fuerth 1920 Z Phys
    2:244).
    """
    return speed * speed * persistence / dimensions


def mean_squared_displacement(speed: float, persistence: float, time: float) -> float:
    """Mean squared displacement of a persistent walk, in any number of dimensions.

    Parameters
    ----------
    speed : um/s
        Root mean square.
    persistence, time : s

    Returns
    -------
    um^2

    Notes
    -----
    2 v^2 p (t - p (1 - exp(-t/p))): (v t)^2 at first, then 2 v^2 p t (Fuerth 1920 Z Phys 2:244).
    """
    return 2 * speed * speed * persistence * (time - persistence * (1 - exp(-time / persistence)))


def drift_share(bias: float) -> float:
    """Share of its speed with which a cell goes up a gradient.

    Parameters
    ----------
    bias : 1
        Sum over attractants of their weight times the difference of receptor occupancy over the cell
        (`vesica.biology.signalling.occupancy_difference`).

    Returns
    -------
    1

    Notes
    -----
    Own choice: in proportion to a small bias, and never faster than the cell crawls. The chemotactic index of cells
    rises in this way and levels off (Zigmond 1977 J Cell Biol 75:606 for the dependence on occupancy).
    """
    return bias / (1 + bias)
