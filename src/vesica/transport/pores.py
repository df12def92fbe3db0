"""Diffusion through narrow ways: the pores of a membrane and the gaps of tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_CYLINDER: Final = (1.0, -1.56034, 0.528155, 1.91521, -2.81903, 0.270788, 1.10115, -0.435933)
_SLIT: Final = (1.0, -1.19358, 0.0, 0.4285, -0.3192, 0.08428)


def cylinder_hindrance(ratio: ArrayLike) -> Array:
    """Diffusive flux of spheres in a cylindrical pore, relative to that of points.

    Parameters
    ----------
    ratio : 1
        Diameter of the sphere over that of the pore, >= 0.

    Returns
    -------
    1
        Share of the section that the middle of a sphere may enter, ``(1 - r)^2``, times the mean mobility there.
        0 where a sphere is as wide as the pore.

    Notes
    -----
    Dechadilok & Deen 2006 Ind Eng Chem Res 45:6953, eq. 16, for r <= 0.95; for tighter pores ``0.984 ((1 - r)/r)^2.5``
    times the share (Mavrovouniotis & Brenner 1988 J Colloid Interface Sci 124:269). The lower of both is taken: they
    meet at r = 0.95, to 0.6 %.
    """
    r = np.clip(np.asarray(ratio, dtype=float), 0.0, 1.0)
    wide = np.polynomial.polynomial.polyval(r, _CYLINDER) + 1.125 * _times_log(r)
    tight = 0.984 * (1.0 - r) ** 4.5 / np.maximum(r, 0.5) ** 2.5
    return np.maximum(np.where(r > 0.9, np.minimum(wide, tight), wide), 0.0)


def slit_hindrance(ratio: ArrayLike) -> Array:
    """The same between parallel walls; ``ratio`` is the diameter over the width, the share is ``1 - r``.

    Dechadilok & Deen 2006, the formula for slits; it is 0 at r = 1.
    """
    r = np.clip(np.asarray(ratio, dtype=float), 0.0, 1.0)
    return np.maximum(np.polynomial.polynomial.polyval(r, _SLIT) + 0.5625 * _times_log(r), 0.0)


def tissue_diffusivity(diameter: ArrayLike, diffusivity: ArrayLike, width: float, tortuosity: float) -> Array:
    """Diffusion of spheres in the gaps between cells, um^2/s: ``D H(d/w) / tortuosity^2``.

    Parameters
    ----------
    diameter : um
    diffusivity : um^2/s, in free liquid
    width : um, of the gaps
    tortuosity : 1, of the ways that a small molecule takes

    Notes
    -----
    Nicholson & Sykova 1998 Trends Neurosci 21:207 for the tortuosity of small molecules; the walls by
    `slit_hindrance`. What is wider than the gaps does not move.
    """
    small = np.asarray(diffusivity) / tortuosity**2
    return small * slit_hindrance(np.asarray(diameter) / width)


@dataclass(frozen=True)
class Membrane:
    """A membrane with straight cylindrical pores.

    Parameters
    ----------
    area : um^2
    density : 1/um^2, pores per area
    pore : um, diameter of a pore
    thickness : um
    """

    area: float
    density: float
    pore: float
    thickness: float

    @property
    def porosity(self) -> float:
        """Share of the area that is pore."""
        return self.density * math.pi * self.pore**2 / 4.0

    def conductance(self, diameter: ArrayLike, diffusivity: ArrayLike) -> Array:
        """Flux of spheres through the membrane per difference of their concentration, um^3/s.

        Parameters
        ----------
        diameter : um
        diffusivity : um^2/s, in free liquid

        Notes
        -----
        Each pore resists with its length, ``L/(D H pi d^2/4)``, and with its two mouths, ``1/(D d)`` together: half
        as much from each, the resistance of a disc on a wall (Rayleigh 1878; Hille 1968 J Gen Physiol 51:199), here
        of the part of the mouth that the middle of a sphere may enter, ``d (1 - r)``. Mouths are taken as far apart,
        which overstates their resistance where much of the area is pore.
        """
        ratio = np.clip(np.asarray(diameter, dtype=float) / self.pore, 0.0, 1.0)
        along = cylinder_hindrance(ratio) * math.pi * self.pore**2 / 4.0
        mouths = self.pore * (1.0 - ratio)
        open_ = mouths > 0.0
        # along and mouths in series: along mouths/(L mouths + along); 0 where nothing passes
        each = np.divide(along * mouths, self.thickness * mouths + along, out=np.zeros_like(along), where=open_)
        return np.asarray(self.area * self.density * np.asarray(diffusivity) * each)


def _times_log(r: Array) -> Array:
    """``r ln r``, 0 at 0."""
    return np.asarray(r * np.log(np.where(r > 0.0, r, 1.0)))
