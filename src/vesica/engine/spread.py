"""Numbers of single cells: log-normal factors of mean one, made of independent normals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vesica.spec.cells import Spread
from vesica.spec.variability import factors_of, sigma

Array = NDArray[np.float64]


def mixing(count: int, correlation: float) -> Array:
    r"""(count, count) A with A A' = (1 - rho) I + rho 1 1': normals of equal correlation from independent ones.

    The principal axes are the mean of all, of variance 1 + (n - 1) rho, and n - 1 contrasts of variance 1 - rho
    (Helmert's). Written out, so that signs and order are the same on every machine.
    """
    axes = np.zeros((count, count))
    axes[:, 0] = math.sqrt(max(0.0, 1.0 + (count - 1) * correlation) / count)
    for k in range(1, count):
        length = math.sqrt(max(0.0, 1.0 - correlation) / (k * (k + 1)))
        axes[:k, k], axes[k, k] = length, -k * length
    return axes


def factors(spreads: Sequence[Spread], row: Mapping[str, float], normals: Array) -> dict[str, Array]:
    r"""Path -> (cell,) factors: :math:`\exp(\sigma y - \sigma^2/2)` with :math:`\sigma^2 = \ln(1 + cv^2)`, of mean one.

    Parameters
    ----------
    row : mapping of parameter path to value
        Coefficients of variation and correlations are read from it.
    normals : (normal, cell)
        Independent and standard; `variability.factors_of` of them for each spread, in order.
    """
    found, first = {}, 0
    for spread in spreads:
        count = factors_of(spread)
        own = normals[first : first + count]
        first += count
        axes = mixing(count, row[spread.correlation]) if spread.correlation else np.ones((len(spread.paths), 1))
        for path, variation, axis in zip(spread.paths, spread.variations, axes, strict=True):
            spread_of = sigma(row[variation])
            found[path] = np.exp(spread_of * (axis @ own) - 0.5 * spread_of**2)
    return found


def quadrature(count: int, nodes: int) -> tuple[Array, Array]:
    """Weights and points of a quadrature over ``count`` independent standard normals.

    The product of Gauss-Hermite rules of so many ``nodes``, exact for polynomials up to degree 2 nodes - 1 in each
    normal; with ``nodes`` 0 the points at +-sqrt(count) on each axis, exact up to degree 3 (Stroud 1971 Approximate
    Calculation of Multiple Integrals, E_n^(r^2) 3-1). All weights are positive.

    Returns
    -------
    weights : (node,), with the sum 1
    points : (count, node)
    """
    if nodes == 0:
        ends = math.sqrt(count) * np.eye(count)
        return np.full(2 * count, 0.5 / count), np.concatenate([ends, -ends], axis=1)
    point, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight = weight / weight.sum()
    places = list(itertools.product(range(nodes), repeat=count))
    weights = np.array([math.prod(weight[k] for k in place) for place in places])
    return weights / weights.sum(), np.array([[point[k] for k in place] for place in places]).T
