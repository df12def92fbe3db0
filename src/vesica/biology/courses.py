"""Time courses of vesicles beside cells in a closed form: release into medium, and uptake from it.

All functions take arrays that broadcast, in any consistent units; the laboratory uses h, mL, particle and cell.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def mean_decay(exponent: ArrayLike) -> Array:
    """Mean of ``exp(-x)`` from 0 to the exponent: ``(1 - exp(-x)) / x``, 1 at 0.

    Parameters
    ----------
    exponent : 1
        May be negative (growth).

    Returns
    -------
    1
    """
    x = np.asarray(exponent, dtype=float)
    safe = np.where(np.abs(x) < 1e-12, 1.0, x)
    return np.where(np.abs(x) < 1e-12, 1.0 - x / 2.0, -np.expm1(-safe) / safe)


def release_course(
    time: ArrayLike,
    start: ArrayLike,
    secretion: ArrayLike,
    cells: ArrayLike,
    loss: ArrayLike,
    capture: ArrayLike = 0.0,
    growth: float = 0.0,
) -> Array:
    """Particles in the medium of cells that release them, while some are lost and taken up again.

    Solves ``dN/dt = q n - (k + u n) N`` with ``n = n0 exp(g t)`` and ``N(0) = N0``.

    Parameters
    ----------
    time : h
    start : particle
        N0, in the medium at the start.
    secretion : particle/cell/h
        q, gross.
    cells : cell
        n0, at the start.
    loss : 1/h
        k, whatever does not depend on cells: decay, plastic.
    capture : 1/cell/h
        u, re-uptake by one cell per particle (cleared volume / volume of the medium).
    growth : 1/h
        g, >= 0.

    Returns
    -------
    particle

    Notes
    -----
    Without growth ``N0 e^-x + q n t (1 - e^-x)/x`` with ``x = (k + u n) t``. With growth, substituting
    ``y = (u n0 / g) e^(g s)`` in the integral over s gives the incomplete gamma function; with Kummer's
    transformation (Abramowitz & Stegun 13.1.27, 6.5.12)
    ``q / (g + k) [n(t) M(1, c, -Y) - n0 e^-L M(1, c, -Y0)]``, ``c = 2 + k/g``, ``Y = u n / g``,
    ``L = k t + Y - Y0``.
    """
    time, start, secretion, cells, loss, capture = map(
        np.asarray, (time, start, secretion, cells, loss, capture)
    )
    if growth == 0.0:
        exponent = (loss + capture * cells) * time
        return start * np.exp(-exponent) + secretion * cells * time * mean_decay(exponent)
    from scipy.special import hyp1f1

    ratio = np.exp(growth * time)
    at_start = capture * cells / growth
    exponent = loss * time + at_start * np.expm1(growth * time)
    order = 2.0 + loss / growth
    made = ratio * hyp1f1(1.0, order, -at_start * ratio) - np.exp(-exponent) * hyp1f1(1.0, order, -at_start)
    return start * np.exp(-exponent) + secretion * cells / (growth + loss) * made


def naive_ratio(exponent: ArrayLike) -> Array:
    """What ``particles / cells / time`` reads, as a share of the true secretion rate.

    Parameters
    ----------
    exponent : 1
        Total first-order loss times the time of harvest, in medium that held nothing at the start and
        with a constant number of cells.

    Returns
    -------
    1

    Notes
    -----
    ``(1 - e^-x)/x``: from `release_course` divided by ``q n t``; 0.79 at x = 0.5, 1/x for long times.
    """
    return mean_decay(exponent)


def first_order_course(
    time: ArrayLike, dose: ArrayLike, clearance: ArrayLike, density: ArrayLike = 0.0
) -> Array:
    """Particles taken up by one cell that clears the medium at a constant rate.

    Parameters
    ----------
    time : h
    dose : particle/mL
        Concentration at the start.
    clearance : mL/cell/h
    density : cell/mL
        Cells that share the medium; 0 where the dose is not consumed.

    Returns
    -------
    particle/cell

    Notes
    -----
    ``C0 / d (1 - exp(-K d t))`` for clearance K and density d; ``K C0 t`` at d = 0.
    """
    time, dose, clearance = map(np.asarray, (time, dose, clearance))
    return dose * clearance * time * mean_decay(clearance * np.asarray(density) * time)


def binding_course(
    time: ArrayLike,
    dose: ArrayLike,
    binding: ArrayLike,
    unbinding: ArrayLike,
    sites: ArrayLike,
    density: ArrayLike = 0.0,
) -> Array:
    """Particles bound to the sites of one cell.

    Solves ``dB/dt = k_on (C0 - d B) (R - B) - k_off B`` from ``B(0) = 0``.

    Parameters
    ----------
    time : h
    dose : particle/mL
        C0.
    binding : mL/particle/h
        k_on; ``k_on R`` is the volume that an empty cell clears.
    unbinding : 1/h
        k_off.
    sites : particle/cell
        R.
    density : cell/mL
        d; 0 where the dose is not consumed (Langmuir).

    Returns
    -------
    particle/cell

    Notes
    -----
    A Riccati equation: with ``S = C0 + d R + k_off/k_on`` and ``w = sqrt(S^2 - 4 d C0 R)`` the roots of its
    right-hand side are ``B- = 2 C0 R / (S + w)`` and ``B+ = (S + w) / (2 d)``, and
    ``B = B- (1 - E) / (1 - (B-/B+) E)`` with ``E = exp(-k_on w t)``.
    """
    time, dose, binding, unbinding, sites, density = map(
        np.asarray, (time, dose, binding, unbinding, sites, density)
    )
    total = dose + density * sites + unbinding / binding
    root = np.sqrt(np.maximum(total**2 - 4.0 * density * dose * sites, 0.0))
    plateau = 2.0 * dose * sites / (total + root)
    ratio = 4.0 * density * dose * sites / (total + root) ** 2
    spent = -np.expm1(-binding * root * time)  # 1 - E
    short = binding * dose * sites * time  # both roots coincide only where nothing unbinds and d R = C0
    apart = 1.0 - ratio * (1.0 - spent)
    return np.where(
        apart > 1e-12,
        plateau * spent / np.where(apart > 1e-12, apart, 1.0),
        short / (1.0 + binding * density * sites * time),
    )


def internalising_course(
    time: ArrayLike,
    dose: ArrayLike,
    binding: ArrayLike,
    unbinding: ArrayLike,
    sites: ArrayLike,
    internalisation: ArrayLike,
    recycling: ArrayLike,
) -> tuple[Array, Array]:
    """Particles bound to one cell and inside it, where the dose is not consumed.

    Solves ``dB/dt = k_on C0 (R - B) - (k_off + k_int) B`` and ``dI/dt = k_int B - k_rec I``.

    Parameters
    ----------
    time : h
    dose : particle/mL
    binding : mL/particle/h
    unbinding, internalisation, recycling : 1/h
    sites : particle/cell

    Returns
    -------
    bound, inside : particle/cell

    Notes
    -----
    ``B = B* (1 - e^(-a t))``, ``a = k_on C0 + k_off + k_int``, ``B* = k_on C0 R / a``;
    ``I = k_int B* [ (1 - e^(-r t))/r - (e^(-r t) - e^(-a t))/(a - r) ]``, ``r = k_rec``.
    """
    time, dose, binding, unbinding, sites, internalisation, recycling = map(
        np.asarray, (time, dose, binding, unbinding, sites, internalisation, recycling)
    )
    rate = binding * dose + unbinding + internalisation
    plateau = binding * dose * sites / rate
    bound = plateau * -np.expm1(-rate * time)
    slower = np.minimum(
        rate, recycling
    )  # the bracket is symmetric in both rates, and this form cannot overflow
    late = np.exp(-slower * time) * time * mean_decay(np.abs(rate - recycling) * time)
    inside = internalisation * plateau * (time * mean_decay(recycling * time) - late)
    return bound, inside


def consumed_course(
    times: Array,
    dose: Array,
    binding: Array,
    unbinding: Array,
    sites: Array,
    internalisation: Array,
    recycling: Array,
    density: Array,
) -> tuple[Array, Array]:
    """`internalising_course` where cells consume the dose: ``C = C0 - d (B + I)``, by a small ODE.

    Parameters
    ----------
    times : (time,) h, increasing
    dose, binding, unbinding, sites, internalisation, recycling, density : (course,)
        As above; density in cell/mL.

    Returns
    -------
    bound, inside : (course, time) particle/cell

    Raises
    ------
    ArithmeticError
        The solver gave up.

    Notes
    -----
    What is recycled returns to the medium intact. LSODA, relative tolerance 1e-8; all courses are one system
    whose Jacobian has three diagonals, states scaled by the dose per cell or the sites.
    """
    from scipy.integrate import ODEintWarning, odeint

    offered = dose / density  # particle/cell
    size = np.minimum(offered, sites)  # of a state; cells hold little of a large dose
    share, room = size / offered, sites / size
    leaving = unbinding + internalisation
    onward = binding * dose
    out = np.empty(2 * dose.size)

    def rates(_time: float, state: Array) -> Array:
        bound, inside = state[0::2], state[1::2]
        out[0::2] = onward * (1.0 - share * (bound + inside)) * (room - bound) - leaving * bound
        out[1::2] = internalisation * bound - recycling * inside
        return out

    begin = np.zeros(2 * dose.size)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ODEintWarning)
        try:
            done = odeint(
                rates, begin, np.append(0.0, times), tfirst=True, ml=1, mu=1, rtol=1e-8, atol=1e-12, mxstep=2000
            )
        except ODEintWarning as failure:
            raise ArithmeticError(str(failure)) from failure
    course = done[1:].T
    return course[0::2] * size[:, None], course[1::2] * size[:, None]


def half_saturation(
    binding: ArrayLike, leaving: ArrayLike, sites: ArrayLike = 0.0, density: ArrayLike = 0.0
) -> Array:
    """Nominal concentration at which half of the sites of a cell are taken, at rest.

    Parameters
    ----------
    binding : mL/particle/h
    leaving : 1/h
        Unbinding and internalisation together.
    sites : particle/cell
    density : cell/mL
        0 where the dose is not consumed.

    Returns
    -------
    particle/mL

    Notes
    -----
    The free concentration is then ``leaving / k_on``, and ``d R / 2`` particles per volume are bound; exact
    for binding alone (what is inside is not counted).
    """
    return np.asarray(leaving) / np.asarray(binding) + np.asarray(density) * np.asarray(sites) / 2.0
