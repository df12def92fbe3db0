"""Steady diffusion to spheres: what one sphere adds to the resistance of another, and a wall's mirror image."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from vesica.transport.grid import Array

_TOUCHING: Final = 1.0 / math.log(2.0) - 1.0  # of two equal spheres that touch, over that of one
_TERMS: Final = 60  # of the series: exp(-60 acosh(1.01)) < 3e-4 of its alternating last term


def pair_capture(distance: ArrayLike, radius: float) -> Array:
    """Flux to each of two equal perfectly absorbing spheres, over that to one alone.

    Parameters
    ----------
    distance : um
        Between their middles, >= 2 radii.
    radius : um

    Notes
    -----
    ``sinh m sum (-1)^(n-1)/sinh(n m)``, ``cosh m = d/2a`` (bispherical coordinates; Jeans, The Mathematical Theory of
    Electricity and Magnetism, 5th ed. 1925, two spheres at the same potential); ln 2 where they touch. The terms
    alternate: two partial sums are averaged.
    """
    ratio = np.maximum(np.asarray(distance, dtype=float) / (2.0 * radius), 1.0)
    m = np.arccosh(ratio)
    n = np.arange(1, _TERMS + 1)
    safe = np.maximum(m, 1e-6)
    terms = np.sinh(safe)[..., None] / np.sinh(np.minimum(n * safe[..., None], 300.0)) * (-1.0) ** (n - 1)
    total = terms.sum(axis=-1) - 0.5 * terms[..., -1]
    return np.asarray(np.where(m < 1e-6, math.log(2.0), total))


def shell_term(distance: Array, one: Array, two: Array) -> Array:
    """Mean of ``1/(4 pi r)`` between the surfaces of two spheres, 1/um; they may overlap.

    Parameters
    ----------
    distance, one, two : um
        Between the middles; the radii.

    Notes
    -----
    ``1/d`` outside of each other, ``1/a`` the smaller inside the larger a, and ``1/a - (d + b - a)^2/(4 a b d)``
    between, all over 4 pi: Newton's shell theorem, integrated over the second sphere.
    """
    big, small = np.maximum(one, two), np.minimum(one, two)
    d = np.maximum(distance, 1e-9 * big)
    cut = 1.0 / big - (d + small - big) ** 2 / (4.0 * big * small * d)
    within = np.where(distance <= big - small, 1.0 / big, cut)
    return np.asarray(np.where(distance >= big + small, 1.0 / d, within) / (4.0 * math.pi))


def image_term(sign: float, distance: Array, radius: Array) -> Array:
    """Resistance that a wall adds to a sphere's ``1/(4 pi a)``, 1/um.

    Parameters
    ----------
    sign : 1 for a closed wall, -1 for a held one
    distance : (cell,) um
        From the middle of the sphere to that of its image, >= 0.
    radius : (cell,) um

    Notes
    -----
    Closed: the exact two spheres; a sphere cut by the wall by the parabola through touching (1/ln 2), a sphere cut at
    right angles (its double takes ``a (2 - 1/sqrt 2)``) and the half sphere (2). Held: the shells' mean, which is
    that of points from one radius off the wall on.
    """
    x = distance / (2.0 * radius)
    if sign < 0.0:
        return -shell_term(distance, radius, radius)
    apart = 1.0 / pair_capture(2.0 * np.maximum(x, 1.0), 1.0) - 1.0
    half = 1.0 / math.sqrt(2.0)
    right = 1.0 / (1.0 - half / 2.0) - 2.0 + (1.0 - _TOUCHING) * half  # what the chord misses at x = 1/sqrt 2
    cut = 1.0 - (1.0 - _TOUCHING) * x + right * x * (1.0 - x) / (half * (1.0 - half))
    return np.asarray(np.where(x < 1.0, cut, apart) / (4.0 * math.pi * radius))
