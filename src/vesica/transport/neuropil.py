"""Diffusion of vesicles in the gaps between cells: a network of gaps of many widths, some too narrow.

A gap of width w lets a sphere of diameter d pass like ``w H(d/w)`` (`pores.slit_hindrance`), one narrower than d not
at all. The network conducts as the effective medium in which each gap, put in place of its neighbours' mean, changes
nothing on average (Bruggeman 1935 Ann Phys 416:636; for networks Kirkpatrick 1973 Rev Mod Phys 45:574): with z gaps at
a crossing the mean of ``(c - x)/(c + (z/2 - 1) x)`` over all gaps is 0 for the effective x. What fewer than 2/z of the
gaps admit is trapped: it diffuses inside its open gaps, but gets nowhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from vesica.transport.grid import Array
from vesica.transport.pores import slit_hindrance

_WIDEST: Final = 9.0  # standard deviations of log width that are integrated; beyond lie 1e-19
_NODES, _ROOTS = np.polynomial.legendre.leggauss(160)
_SHAPES: Final = 200  # of a deformable vesicle, tried for each gap
_FAINTEST: Final = 1e-30  # of the widest gap: below it a network counts as shut


@dataclass(frozen=True)
class Passage:
    """How vesicles of several sizes get through the gaps.

    Parameters
    ----------
    diffusivity : (size,) um^2/s
        D* of the tissue, exactly 0 where trapped.
    admitted : (size,) 1
        Share of the gaps, by number, that are wide enough.
    """

    diffusivity: Array
    admitted: Array

    @property
    def is_trapped(self) -> NDArray[np.bool_]:
        """(size,) whether they cannot leave their place."""
        return np.asarray(self.diffusivity == 0.0)


@dataclass(frozen=True)
class Gaps:
    """The gaps between the cells of a tissue.

    Parameters
    ----------
    median : um
        Of the log-normal law of widths, by number.
    spread : 1
        Its geometric standard deviation, >= 1; 1 is a single width.
    connectivity : 1
        Gaps that meet at a crossing, z > 2; infinite: all gaps side by side.
    tortuosity : 1
        Of a small molecule's way round the cells, lambda >= 1.
    is_deformable : bool
        Whether vesicles keep the area of their membrane, lose volume, and become long spheroids as thin as `thinnest`.
    thinnest : um
        Two membranes of 5 nm, what stands out of them, and a little lumen.
    calibration : 1
        Factor on D* of what has a size, for what slows it besides the walls; see `fitted_calibration`.
    """

    median: float
    spread: float
    connectivity: float
    tortuosity: float
    is_deformable: bool = False
    thinnest: float = 0.02
    calibration: float = 1.0

    @property
    def threshold(self) -> float:
        """Share of open gaps from which they form a way through, 2/z."""
        return 2.0 / self.connectivity

    def admitted(self, diameter: float) -> float:
        """Share of the gaps, by number, that a vesicle of a diameter in um can enter."""
        return float(ndtr(-self.narrowest(diameter)))

    def hindrance(self, diameter: float) -> float:
        """Diffusion of a vesicle of a diameter in um, relative to that of points with the same D0."""
        return self.calibration * _hindrance(replace(self, calibration=1.0), diameter) if diameter > 0.0 else 1.0

    def narrowest(self, diameter: float) -> float:
        """The narrowest gap that lets a vesicle in, in standard deviations of log width."""
        least = min(diameter, self.thinnest) if self.is_deformable else diameter
        if least <= 0.0:
            return -math.inf
        if self.spread == 1.0:
            return -math.inf if least < self.median else math.inf
        return math.log(least / self.median) / math.log(self.spread)

    def effective(self, diameter: float) -> float:
        """Conductance of the effective medium, um: of a gap ``w H``."""
        if self.spread == 1.0:
            return float(self.median * self._law(diameter, np.array([self.median]))[0])
        low = max(self.narrowest(diameter), -_WIDEST)
        cube = (0.5 * (_NODES + 1.0)) ** 3  # dense at the narrowest gaps, where conductances vanish
        score = low + (_WIDEST - low) * cube
        jacobian = (_WIDEST - low) * 1.5 * (0.5 * (_NODES + 1.0)) ** 2
        share = _ROOTS * jacobian * np.exp(-0.5 * score**2) / math.sqrt(2.0 * math.pi)
        width = self.median * self.spread**score
        shut = float(ndtr(low)) if low > -_WIDEST else 0.0
        return effective_conductance(width * self._law(diameter, width), share, shut, self.connectivity)

    def _law(self, diameter: float, width: Array) -> Array:
        if not self.is_deformable or diameter <= self.thinnest:
            return slit_hindrance(diameter / width)
        shape = np.linspace(self.thinnest, diameter, _SHAPES)
        mobility = diameter / spheroid_drag(shape, diameter)
        return np.asarray((slit_hindrance(shape / width[:, None]) * mobility).max(axis=1))


def in_gaps(diameter: ArrayLike, free: ArrayLike, gaps: Gaps) -> Passage:
    """Vesicles of several sizes in the gaps of a tissue.

    Parameters
    ----------
    diameter : (size,) um
    free : (size,) um^2/s
        D0, in free liquid.
    """
    sizes = np.atleast_1d(np.asarray(diameter, dtype=float))
    through = np.array([gaps.hindrance(float(one)) for one in sizes])
    admitted = np.array([gaps.admitted(float(one)) for one in sizes])
    return Passage(np.asarray(free) * through / gaps.tortuosity**2, admitted)


@lru_cache(maxsize=4096)
def _hindrance(gaps: Gaps, diameter: float) -> float:
    """Without calibration; kept, for the many cargo fields of one class share their sizes."""
    if gaps.admitted(diameter) <= gaps.threshold:
        return 0.0
    return gaps.effective(diameter) / gaps.effective(0.0)


def effective_conductance(values: Array, shares: Array, shut: float, connectivity: float) -> float:
    """Of a network whose links have conductances drawn from a law.

    Parameters
    ----------
    values : (node,) any unit, >= 0
    shares : (node,)
        Weights of the values; with ``shut`` they sum to 1.
    shut : 1
        Share of links that conduct nothing.
    connectivity : 1
        Links at a crossing, > 2.

    Notes
    -----
    Kirkpatrick 1973, eq. 5.4, divided by z/2 - 1.
    """
    turn = connectivity / 2.0 - 1.0
    highest = float(values.max())

    def balance(log_x: float) -> float:
        x = math.exp(log_x)
        return float(np.sum(shares * (values - x) / (values / turn + x))) - shut

    low, high = math.log(_FAINTEST * highest), math.log(highest)
    if balance(low) <= 0.0:
        return 0.0
    if balance(high) >= 0.0:
        return highest
    return math.exp(brentq(balance, low, high, xtol=1e-13, rtol=1e-14))


def spheroid_drag(thickness: ArrayLike, diameter: float) -> Array:
    """Diameter of the sphere with the drag of a long spheroid that keeps a sphere's area, um.

    Parameters
    ----------
    thickness : um
        Of the spheroid, at most the diameter.
    diameter : um
        Of the sphere that it was.

    Notes
    -----
    ``s sqrt(p^2 - 1)/ln(p + sqrt(p^2 - 1))`` at the axial ratio p, the mean over all directions (Perrin 1936 J Phys
    Radium 7:1); p from the area ``(pi s^2/2)(1 + p asin(e)/e)``, ``e^2 = 1 - 1/p^2``.
    """
    s = np.asarray(thickness, dtype=float)
    p = _axial_ratio((diameter / s) ** 2)
    root = np.sqrt(np.maximum(p**2 - 1.0, 0.0))
    log = np.log(p + root)
    return np.asarray(s * np.where(root > 1e-6, root / np.where(root > 1e-6, log, 1.0), 1.0))


def _axial_ratio(area: Array) -> Array:
    """Axial ratio p of a spheroid whose area is ``area`` times that of a sphere of its thickness, by bisection."""
    low, high = np.ones_like(area), 2.0 * area  # the area of a needle is pi/4 p
    for _ in range(60):
        p = 0.5 * (low + high)
        e = np.sqrt(1.0 - 1.0 / p**2)
        is_small = 0.5 * (1.0 + p * np.where(e > 1e-6, np.arcsin(e) / np.maximum(e, 1e-6), 1.0)) < area
        low, high = np.where(is_small, p, low), np.where(is_small, high, p)
    return np.asarray(0.5 * (low + high))


def fitted_median(gaps: Gaps, diameter: float, ratio: float) -> Gaps:
    """The same gaps, with the median width at which a particle has ``D*/D0 = ratio``.

    Parameters
    ----------
    gaps : Gaps
    diameter : um
    ratio : 1
        Below ``calibration/lambda^2``.

    Raises
    ------
    ValueError
        No width gives the ratio.
    """
    def miss(log_width: float) -> float:
        return replace(gaps, median=math.exp(log_width)).hindrance(diameter) / gaps.tortuosity**2 - ratio

    low, high = math.log(diameter / 100.0), math.log(diameter * 1e4)
    if not ratio > 0.0 or miss(high) < 0.0 or miss(low) > 0.0:
        msg = f"no median width of gaps gives D*/D0 = {ratio:g} at {diameter:g} um"
        raise ValueError(msg)
    return replace(gaps, median=math.exp(brentq(miss, low, high, xtol=1e-10)))


def fitted_calibration(gaps: Gaps, diameter: float, ratio: float) -> Gaps:
    """The same gaps, with the calibration at which a particle has ``D*/D0 = ratio``.

    Raises
    ------
    ValueError
        The particle is trapped.
    """
    through = replace(gaps, calibration=1.0).hindrance(diameter)
    if through == 0.0:
        msg = f"particles of {diameter:g} um are trapped in these gaps"
        raise ValueError(msg)
    return replace(gaps, calibration=ratio * gaps.tortuosity**2 / through)
