"""The arithmetic of fitting a truncated log-normal law through the NTA response."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from vesica.instruments.nta_response import FloatArray, NtaResponse, measured_share, visible_share

_GSD_BOUNDS: Final = (1.01, 4.0)
# Standard errors from a few videos vanish in empty bins, which would then outweigh the peak;
# our choice of a floor is 1 % of the peak, added in squares.
_WEIGHT_FLOOR: Final = 0.01
# Laws of a smaller log width are not told apart from a single size: half that of a standard of gsd 1.1.
_NARROWEST: Final = 0.05
_NODES: Final = 8
_TOLERANCE: Final = 1e-12
_AT_LIMIT: Final = 1e-4  # in logarithms
_HALF_MAXIMUM: Final = 2.0 * math.sqrt(2.0 * math.log(2.0))  # full width at half maximum, in sigma


def main_peak(diameter: FloatArray, density: FloatArray, log_width: float) -> tuple[float, float]:
    """Mode (nm) and log width of the main peak.

    Counting noise would move and narrow a raw maximum, so the density of the log diameter
    is smoothed first by half the tracking error, which is taken off again in squares.
    """
    smoothing = log_width / 2
    log_diameter = np.log(diameter)
    kernel = np.exp(-0.5 * ((log_diameter[:, None] - log_diameter) / smoothing) ** 2) / diameter
    # Weights 1/d are the bin widths on the log axis; dividing by their sum keeps the ends unbiased.
    smooth = kernel @ (density * diameter) / kernel.sum(axis=1)
    top = int(smooth.argmax())
    sides = []
    for step in (-1, 1):
        here = top
        while 0 <= here + step < smooth.size and smooth[here] > smooth[top] / 2:
            here += step
        inner = here - step
        drop = smooth[inner] - smooth[here]
        part = (smooth[inner] - smooth[top] / 2) / drop if drop > 0 else 1.0
        sides.append(log_diameter[inner] + min(part, 1.0) * (log_diameter[here] - log_diameter[inner]))
    width = (sides[1] - sides[0]) / _HALF_MAXIMUM
    mode = float(diameter[(smooth / diameter).argmax()])
    return mode, math.sqrt(max(width**2 - smoothing**2, 0.0))


@dataclass(frozen=True, eq=False)
class Problem:
    """Arrays of one fit: quadrature over the true log diameter, and scaled data."""

    nodes: FloatArray  # (node,) ln nm
    weights: FloatArray  # (node,)
    seen: FloatArray  # (node,) visible share
    kernel: FloatArray  # (bin, node) per nm
    target: FloatArray  # (bin,) measured density over its peak
    sigma: FloatArray  # (bin,) of the target
    scale: float  # peak of the measured density
    has_errors: bool
    low: float
    high: float
    response: NtaResponse

    def law(self, log_median: float, width: float) -> FloatArray:
        """(node,) Share of the true law at each node; sums to one."""
        weight = self.weights * np.exp(-0.5 * ((self.nodes - log_median) / width) ** 2)
        share: FloatArray = weight / weight.sum()
        return share

    def model(self, parameters: FloatArray) -> FloatArray:
        """(bin,) Target as predicted from ln total, ln median and ln of the log width."""
        law = self.law(parameters[1], math.exp(parameters[2]))
        return math.exp(parameters[0]) * (self.kernel @ (self.seen * law))

    def residual(self, parameters: FloatArray) -> FloatArray:
        """(bin,) In units of sigma."""
        return (self.model(parameters) - self.target) / self.sigma


def true_nodes(response: NtaResponse, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """(node,) Logarithms of true diameters between two bounds (nm), and their quadrature weights.

    Panels are as wide as the narrowest feature: eight Gauss-Legendre nodes integrate a
    Gaussian of that width to rounding.
    """
    narrowest = min(response.log_width, _NARROWEST)
    span = math.log(high / low)
    panels = max(4, math.ceil(span / narrowest))
    points, point_weights = np.polynomial.legendre.leggauss(_NODES)
    half = span / panels / 2
    centres = math.log(low) + half * (2 * np.arange(panels) + 1)
    nodes: FloatArray = (centres[:, None] + half * points).ravel()
    return nodes, np.tile(half * point_weights, panels)


def build_problem(
    edges: FloatArray,
    density: FloatArray,
    response: NtaResponse,
    low: float,
    high: float,
    standard_error: FloatArray | None,
) -> Problem:
    """Lay out the quadrature and scale the data; shapes as in `nta.fit_true_law`."""
    nodes, weights = true_nodes(response, low, high)
    diameter = np.exp(nodes)
    scale = float(density.max())
    sigma = np.full(density.shape, 1.0)
    if standard_error is not None:
        sigma = np.hypot(standard_error / scale, _WEIGHT_FLOOR)
    kernel = measured_share(edges, diameter, log_width=response.log_width) / (edges[2] - edges[1])
    return Problem(
        nodes=nodes,
        weights=weights,
        kernel=kernel,
        target=density / scale,
        seen=visible_share(
            diameter, visible_diameter=response.visible_diameter, visible_slope=response.visible_slope
        ),
        sigma=sigma,
        scale=scale,
        has_errors=standard_error is not None,
        low=low,
        high=high,
        response=response,
    )


@dataclass(frozen=True, eq=False)
class Solution:
    """Where least squares ended."""

    parameters: FloatArray  # ln total, ln median, ln of the log width
    jacobian: FloatArray  # (bin, 3)
    residual: FloatArray  # (bin,)
    has_converged: bool
    at_limit: bool


def solve(problem: Problem, mode: float, peak_width: float) -> Solution:
    """Least squares from two starts (a narrow and a wide law); the better one is kept."""
    from scipy.optimize import least_squares

    lower = np.array([-np.inf, math.log(problem.low), math.log(math.log(_GSD_BOUNDS[0]))])
    upper = np.array([np.inf, math.log(problem.high), math.log(math.log(_GSD_BOUNDS[1]))])
    own_width = math.sqrt(max(peak_width**2 - problem.response.log_width**2, 1e-3))
    found = []
    for width in (own_width, 2 * own_width):
        start = np.array([0.0, math.log(mode), math.log(width)])
        start[1:] = np.clip(start[1:], lower[1:] + 1e-6, upper[1:] - 1e-6)
        unscaled = problem.model(start)
        start[0] = math.log(problem.target.sum() / max(unscaled.sum(), 1e-300))
        found.append(
            least_squares(
                problem.residual,
                start,
                bounds=(lower, upper),
                jac="3-point",
                xtol=_TOLERANCE,
                ftol=_TOLERANCE,
                gtol=_TOLERANCE,
                max_nfev=200,
            )
        )
    best = min(found, key=lambda fit: fit.cost)
    at_limit = bool((np.minimum(best.x[1:] - lower[1:], upper[1:] - best.x[1:]) < _AT_LIMIT).any())
    return Solution(best.x, best.jac, best.fun, best.status > 0, at_limit)


def correlated_bins(residual: FloatArray) -> float:
    """Integrated autocorrelation of residuals, in bins, >= 1.

    Summed up to the first lag without positive correlation.
    """
    power = float(residual @ residual)
    total = 1.0
    for lag in range(1, residual.size if power > 0 else 0):
        correlation = float(residual[:-lag] @ residual[lag:]) / power
        if correlation <= 0:
            break
        total += 2.0 * correlation
    return total


def standard_errors(problem: Problem, solution: Solution) -> tuple[FloatArray, float]:
    """Return standard errors (3,) of the parameters, and the correlated bins they are widened for.

    Infinite where the data do not determine a parameter.
    """
    n_free = max(solution.residual.size - solution.parameters.size, 1)
    excess = float(solution.residual @ solution.residual) / n_free
    if problem.has_errors:
        excess = max(excess, 1.0)  # given errors are never made smaller
    bins = correlated_bins(solution.residual)
    try:
        covariance = np.linalg.inv(solution.jacobian.T @ solution.jacobian)
    except np.linalg.LinAlgError:
        return np.full(solution.parameters.size, np.inf), bins
    return np.sqrt(np.maximum(np.diag(covariance), 0.0) * excess * bins), bins
