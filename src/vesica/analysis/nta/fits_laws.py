r"""The size laws that are fitted: log-likelihoods with gradients. Sizes in nm, laws in the logarithm.

`LognormalMixture` describes sizes as *measured*, one population or two. `BehindLimit` describes the *true* sizes:
a log-normal law between two bounds, of which the instrument sees the share :math:`V(d)` and blurs it
(`instruments.nta_response`). All are likelihoods of where a track falls, given that it was tracked and shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from vesica.analysis.nta.fits_data import SizeData
from vesica.instruments.nta_fit import true_nodes
from vesica.instruments.nta_response import NtaResponse, measured_share, visible_share
from vesica.readers.records import FloatArray

# Measured sizes of one population are never narrower than the best tracking (10 %); half of that keeps a
# component from collapsing onto a single track, where a likelihood has no maximum.
NARROWEST: Final = 0.05
WIDEST: Final = math.log(4.0)  # a gsd of 4: 95 % of particles would span more than 250-fold
LARGEST_LOGIT: Final = 7.0  # a share of 0.1 % is less than one of a thousand tracks
_BELOW: Final = 3.0  # a median down to 1/20 of the lower bound: what is left above it is a power of the diameter
_TINY: Final = 1e-300
_GRID_PER_WIDTH: Final = 10  # cubic spline of the log density: error (1/10)^4/384 of its fourth derivative


class SizeLaw(Protocol):
    """What a law gives to the optimiser."""

    data: SizeData

    @property
    def name(self) -> str:
        """In words."""
        ...

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """(parameter,) Of each parameter."""
        ...

    def starts(self) -> list[FloatArray]:
        """Where to begin, in a few ways."""
        ...

    def log_likelihood(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient (parameter,)."""
        ...

    def cumulative(self, parameters: FloatArray, diameter: FloatArray) -> FloatArray:
        """(size,) Share measured below each diameter, of what is shown."""
        ...


@dataclass(frozen=True, eq=False)
class LognormalMixture:
    """Measured sizes are one log-normal law, or a mixture of two.

    Parameters of the likelihood: ln median, ln of the log width, for each component; with two
    components the logit of the share of the second.
    """

    data: SizeData
    components: int

    @property
    def name(self) -> str:
        """In words."""
        return "log-normal" if self.components == 1 else "two log-normals"

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """(parameter,)."""
        sizes = np.log(self.data.diameter)
        one = ((float(sizes.min()) - 1.0, float(sizes.max()) + 1.0), (math.log(NARROWEST), math.log(WIDEST)))
        return one if self.components == 1 else (*one, *one, (-LARGEST_LOGIT, LARGEST_LOGIT))

    def starts(self) -> list[FloatArray]:
        """Moments; for two components, moments below and above several quantiles, and a narrow one in a wide one."""
        everything = np.ones(self.data.diameter.size, dtype=bool)
        whole = self._moments(everything)
        if self.components == 1:
            return [whole]
        starts = []
        for share in (0.25, 0.5, 0.75, 0.9):
            below = self.data.diameter <= self.data.quantile(share)
            if 0 < below.sum() < below.size:
                logit = math.log((1 - share) / share)
                starts.append(np.array([*self._moments(below), *self._moments(~below), logit]))
        wide = whole + np.array([0.0, math.log(2.0)])
        narrow = whole - np.array([0.0, math.log(2.0)])
        starts.append(np.array([*narrow, *wide, 0.0]))
        lower, upper = np.array(self.bounds).T
        return [np.clip(start, lower + 1e-6, upper - 1e-6) for start in starts]

    def _moments(self, chosen: np.ndarray) -> FloatArray:
        sizes, weight = np.log(self.data.diameter[chosen]), self.data.weight[chosen]
        mean = np.average(sizes, weights=weight)
        spread = math.sqrt(max(float(np.average((sizes - mean) ** 2, weights=weight)), (2 * NARROWEST) ** 2))
        return np.array([mean, min(math.log(spread), math.log(WIDEST) - 0.1)])

    def log_likelihood(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient (parameter,)."""
        place = self._points if self.data.basis == "tracks" else self._bins
        shares = self._shares(parameters)
        parts, slopes = zip(*(place(*parameters[2 * k : 2 * k + 2]) for k in range(self.components)), strict=True)
        density = np.maximum(shares @ np.stack(parts), _TINY)  # (item,)
        value = float(self.data.weight @ np.log(density))
        pull = self.data.weight / density
        gradient = [share * float(pull @ one) for share, slope in zip(shares, slopes, strict=True) for one in slope]
        if self.components > 1:
            gradient.append(float(pull @ (parts[1] - parts[0])) * shares[0] * shares[1])
        if self.data.basis == "bins":
            value, gradient = self._given_shown(parameters, shares, value, np.array(gradient))
        return value, np.array(gradient)

    def _given_shown(
        self, parameters: FloatArray, shares: FloatArray, value: float, gradient: FloatArray
    ) -> tuple[float, FloatArray]:
        """Divide by the probability of the range that the bins cover."""
        low, high = (np.array([edge]) for edge in self.data.shown)
        whole = [_between(low, high, *parameters[2 * k : 2 * k + 2]) for k in range(self.components)]
        inside = max(float(sum(s * part[0][0] for s, part in zip(shares, whole, strict=True))), _TINY)
        slope = [share * float(one[0]) for share, part in zip(shares, whole, strict=True) for one in part[1]]
        if self.components > 1:
            slope.append(float(whole[1][0][0] - whole[0][0][0]) * shares[0] * shares[1])
        return value - self.data.tracks * math.log(inside), gradient - self.data.tracks * np.array(slope) / inside

    def _shares(self, parameters: FloatArray) -> FloatArray:
        if self.components == 1:
            return np.ones(1)
        second = 1.0 / (1.0 + math.exp(-parameters[4]))
        return np.array([1.0 - second, second])

    def _points(self, log_median: float, log_width: float) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
        width = math.exp(log_width)
        score = (self._log_diameter - log_median) / width
        density = np.exp(-0.5 * score**2) / (width * math.sqrt(2 * math.pi) * self.data.diameter)
        return density, (density * score / width, density * (score**2 - 1.0))

    def _bins(self, log_median: float, log_width: float) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
        return _between(self.data.left, self.data.right, log_median, log_width)

    @cached_property
    def _log_diameter(self) -> FloatArray:
        return np.log(self.data.diameter)

    def cumulative(self, parameters: FloatArray, diameter: FloatArray) -> FloatArray:
        """(size,) Share measured below each diameter, of what is shown."""
        low, high = self.data.shown
        shares = self._shares(parameters)

        def below(edge: FloatArray) -> FloatArray:
            zero = np.zeros_like(edge)
            parts = [_between(zero, edge, *parameters[2 * k : 2 * k + 2])[0] for k in range(self.components)]
            return shares @ np.stack(parts)

        ends = below(np.array([low, high]))
        return (below(diameter) - ends[0]) / max(ends[1] - ends[0], _TINY)


def _between(
    left: FloatArray, right: FloatArray, log_median: float, log_width: float
) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Probability between edges (item,) and its derivatives by ln median and ln of the log width."""
    from scipy.special import ndtr

    width = math.exp(log_width)
    with np.errstate(divide="ignore"):
        low, high = (np.log(left) - log_median) / width, (np.log(right) - log_median) / width
    # In the upper tail the difference is taken of the small complements, or all digits would be lost.
    upper = low > 0
    probability = np.where(upper, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    normal_low, normal_high = (np.exp(-0.5 * score**2) / math.sqrt(2 * math.pi) for score in (low, high))
    finite_low, finite_high = (np.where(np.isfinite(score), score, 0.0) for score in (low, high))
    by_median = (normal_low - normal_high) / width
    by_width = finite_low * normal_low - finite_high * normal_high
    return probability, (by_median, by_width)


@dataclass(frozen=True, eq=False)
class BehindLimit:
    """True sizes are a log-normal law between two bounds, seen through the response of the instrument.

    Parameters of the likelihood: ln median and ln of the log width, both of the true law before the bounds
    cut it. The response is given, not fitted.
    """

    data: SizeData
    response: NtaResponse
    low: float
    high: float

    @property
    def name(self) -> str:
        """In words."""
        return "log-normal behind the detection limit"

    @property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """(parameter,) A median below the bounds, before they cut the law: numbers then only fall with size."""
        return ((math.log(self.low) - _BELOW, math.log(self.high)), (math.log(NARROWEST), math.log(WIDEST)))

    def starts(self) -> list[FloatArray]:
        """At the middle of what was seen, and at half of it."""
        measured = LognormalMixture(self.data, 1).starts()[0]
        lower, upper = np.array(self.bounds).T
        own = math.sqrt(max(math.exp(2 * measured[1]) - self.response.log_width**2, 0.01))
        starts = (
            np.array([measured[0] - shift, math.log(own) + more]) for shift, more in ((0.0, 0.0), (0.5, 0.3))
        )
        return [np.clip(start, lower + 1e-6, upper - 1e-6) for start in starts]

    @cached_property
    def _nodes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(node,) True log diameters, their quadrature weights, and the share seen."""
        nodes, weights = true_nodes(self.response, self.low, self.high)
        seen = visible_share(
            np.exp(nodes),
            visible_diameter=self.response.visible_diameter,
            visible_slope=self.response.visible_slope,
        )
        return nodes, weights, seen

    @cached_property
    def _places(self) -> FloatArray:
        """(place,) ln nm where the density of tracks is computed; between them a spline."""
        sizes = np.log(self.data.diameter)
        n_places = max(8, math.ceil(np.ptp(sizes) / self.response.log_width * _GRID_PER_WIDTH))
        return np.linspace(sizes.min() - 1e-9, sizes.max() + 1e-9, n_places)

    @cached_property
    def _kernel(self) -> tuple[FloatArray, FloatArray]:
        """(place or item, node) how a seen particle is measured; (node,) the share of it that is shown."""
        nodes = self._nodes[0]
        width = self.response.log_width
        if self.data.basis == "tracks":
            score = (self._places[:, None] - nodes) / width
            return np.exp(-0.5 * score**2) / (width * math.sqrt(2 * math.pi)), np.ones_like(nodes)
        true = np.exp(nodes)
        # Neighbouring bins share an edge: one pass over all edges that occur.
        edges = np.unique(np.concatenate([self.data.left, self.data.right]))
        shares = measured_share(edges, true, log_width=width)
        kernel = shares[np.searchsorted(edges, self.data.left)]
        shown = measured_share(np.array(self.data.shown), true, log_width=width)[0]
        return kernel, shown

    def law(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(node,) True share at each node, and (2, node) its derivatives by the parameters."""
        nodes, weights, _ = self._nodes
        width = math.exp(parameters[1])
        score = (nodes - parameters[0]) / width
        exponent = -0.5 * score**2
        share = weights * np.exp(exponent - exponent.max())
        share /= share.sum()
        by = np.stack([score / width, score**2])
        return share, share * (by - (by @ share)[:, None])

    def log_likelihood(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient (parameter,)."""
        share, by = self.law(parameters)
        seen = self._nodes[2]
        kernel, shown = self._kernel
        density = np.maximum(kernel @ (seen * share), _TINY)
        inside = max(float((seen * shown) @ share), _TINY)
        table = np.column_stack([np.log(density), (kernel @ (seen * by).T) / density[:, None]])  # (place, 3)
        if self.data.basis == "tracks":
            from scipy.interpolate import CubicSpline

            table = CubicSpline(self._places, table)(np.log(self.data.diameter))
            table[:, 0] -= np.log(self.data.diameter)  # per nm, as the other laws
        total = self.data.weight @ table
        value = float(total[0]) - self.data.tracks * math.log(inside)
        return value, total[1:] - self.data.tracks * (by @ (seen * shown)) / inside

    def cumulative(self, parameters: FloatArray, diameter: FloatArray) -> FloatArray:
        """(size,) Share measured below each diameter, of what is shown."""
        seen = self._nodes[2] * self.law(parameters)[0]
        low, high = self.data.shown
        order = np.argsort(diameter)
        edges = np.concatenate([[low], diameter[order], [high]])
        parts = measured_share(edges, np.exp(self._nodes[0]), log_width=self.response.log_width) @ seen
        below = np.empty_like(diameter)
        below[order] = np.cumsum(parts)[:-1] / max(parts.sum(), _TINY)
        return below

    def seen_share(self, parameters: FloatArray, window: tuple[float, float] | None = None) -> tuple[float, FloatArray]:
        """Logarithm of (measured and shown / true particles), and its gradient (parameter,).

        True particles are those between the bounds of the law, or in a ``window`` (nm) within them.
        """
        share, by = self.law(parameters)
        caught = self._nodes[2] * self._kernel[1]
        above = max(float(caught @ share), _TINY)
        value, slope = math.log(above), by @ caught / above
        if window is not None:
            for (left, right), sign in ((window, -1.0), ((self.low, self.high), 1.0)):
                part, slopes = _between(np.array([left]), np.array([right]), *parameters)
                value += sign * math.log(max(float(part[0]), _TINY))
                slope = slope + sign * np.concatenate(slopes) / max(float(part[0]), _TINY)
        return value, slope
