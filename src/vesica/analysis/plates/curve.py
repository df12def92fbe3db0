"""The standard curve of a plate: noise of a well, weighted 4PL fit, recovery of the standards, limits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vesica.errors import InputError, error
from vesica.instruments.four_parameter import PARAMETERS, FourParameter, detection_limit, forward, gradient

FloatArray = NDArray[np.float64]

# Conventions of ligand-binding assays: back-calculated standards within 20 % and replicates with a CV below 20 %.
RECOVERY: Final = (0.8, 1.2)
HIGHEST_CV: Final = 0.2
FEWEST_LEVELS: Final = 4  # of standards above zero, for four parameters (a blank or zero standard is one more)
ASSUMED_CV: Final = 0.1  # where no level was read twice; only its constancy matters to the fit
REVERSAL: Final = 3.0  # standard errors by which a standard may lie on the wrong side of its neighbour,
SMALL_TURN: Final = 0.02  # and share of the span of signals: the noise of few wells near the blank is poorly known
BEYOND_CHANCE: Final = 0.05  # probability of a mean square so large, where nothing but noise is behind it
_SLOPES: Final = (0.2, 10.0)
_REACH: Final = 1e3  # times the highest standard, up to which the half point may lie


@dataclass(frozen=True, eq=False)
class Noise:
    """Variance of one well: ``floor^2 + cv^2 (signal - blank)^2``.

    Parameters
    ----------
    floor : signal
    cv : 1
        Of the signal above the blank: what pipetting and washing scale is the analyte.
    freedom : int
        Degrees of freedom that both were estimated from; 0 where the CV is assumed.
    blank : signal
        Mean of the blanks where the curve rises from them, otherwise 0.
    covariance : (2, 2) signal^4, signal^2, 1
        Of the estimates of floor^2 and cv^2.
    """

    floor: float
    cv: float
    freedom: int
    blank: float = 0.0
    covariance: FloatArray = field(default_factory=lambda: np.zeros((2, 2)))

    def sd(self, signal: FloatArray) -> FloatArray:
        """(point,) Of one well at each signal."""
        return np.hypot(self.floor, self.cv * (np.asarray(signal, dtype=float) - self.blank))

    def freedom_at(self, signal: float) -> float:
        """Degrees of freedom of the variance at a signal (Satterthwaite): 2 variance^2 over its own variance."""
        at = np.array([1.0, (signal - self.blank) ** 2])
        spread = float(at @ self.covariance @ at)
        variance = self.floor**2 + self.cv**2 * at[1]
        return min(2 * variance**2 / spread, float(self.freedom)) if spread > 0 else float(self.freedom)


@dataclass(frozen=True)
class Level:
    """A standard: its concentration, and the signals of its wells (well,)."""

    concentration: float
    wells: tuple[str, ...]
    signals: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean signal."""
        return float(np.mean(self.signals))

    @property
    def cv(self) -> float:
        """Coefficient of variation of the signal; NaN for a single well."""
        return variation(self.signals)


@dataclass(frozen=True)
class Recovered:
    """A standard read back off the curve; ``accepted`` by recovery and CV."""

    level: Level
    concentration: float
    accepted: bool

    @property
    def recovery(self) -> float:
        """Read back over given."""
        return self.concentration / self.level.concentration


@dataclass(frozen=True)
class StandardCurve:
    """A fitted curve.

    Parameters
    ----------
    curve : FourParameter
    covariance : (4, 4) of bottom, top, half, slope
    noise : Noise
    misfit : 1
        Chi-squared per degree of freedom; the covariance is scaled by it where chance does not make it so large.
    recovered : of the standards above zero, in their order
    lower, upper : concentrations
        Lowest and highest accepted standard with only accepted ones between; NaN where there is none.
    lod, loq : concentrations
        3 and 10 standard deviations of the blank above its mean; NaN without a blank.
    at_bound : str
        Names of parameters that ran into their bounds.
    """

    curve: FourParameter
    covariance: FloatArray
    noise: Noise
    misfit: float
    levels: tuple[Level, ...]
    recovered: tuple[Recovered, ...]
    lower: float
    upper: float
    lod: float
    loq: float
    at_bound: str

    @property
    def rises(self) -> bool:
        """Whether the signal rises with the concentration."""
        return self.curve.top > self.curve.bottom


def widening(mean_square: float, freedom: int, of_noise: float) -> float:
    """Factor by which a variance is widened, because values scatter more than their errors.

    Parameters
    ----------
    mean_square : 1
        Chi-squared per degree of freedom, with errors that were estimated.
    freedom : int
        Its degrees of freedom.
    of_noise : 1
        Those of the estimate of the errors; 0 where they were assumed.

    Notes
    -----
    Where only noise is behind it, the mean square follows F(freedom, of_noise), whose mean is above one. Student's t
    already pays for errors that were drawn too small; widening at every mean square above one would pay a second
    time, in about a third of all cases. So it is done where F is larger with a probability below `BEYOND_CHANCE`.
    Assumed errors have no such law: any scatter beyond them counts.
    """
    from scipy.stats import f

    if of_noise > 0 and f.sf(mean_square, freedom, of_noise) >= BEYOND_CHANCE:
        return 1.0
    return max(1.0, mean_square)


def variation(values: Sequence[float]) -> float:
    """Coefficient of variation; NaN for fewer than two values or a mean that is not positive."""
    if len(values) < 2 or np.mean(values) <= 0:
        return math.nan
    return float(np.std(values, ddof=1) / np.mean(values))


def noise_of(groups: Sequence[Sequence[float]], blanks: Sequence[float]) -> Noise:
    """Noise of one well, pooled over all wells that were read more than once.

    Parameters
    ----------
    groups : signals of replicate wells (standards, and dilutions of samples)
    blanks : signals of blank wells

    Notes
    -----
    Maximum likelihood of the variances s_i^2 of all groups with f_i degrees of freedom, the blanks among them:
    sum of f_i (ln v_i + s_i^2 / v_i) with v_i = floor^2 + cv^2 (m_i - blank)^2. So two blanks are not left alone with
    the floor: low standards tell it as well.
    """
    from scipy.optimize import minimize

    groups = [np.asarray(group, dtype=float) for group in (*groups, blanks) if len(group) > 1]
    means = np.array([group.mean() for group in groups])
    freedoms = np.array([group.size - 1 for group in groups])
    if not any(len(group) > 1 and np.mean(group) > 0 for group in groups[: len(groups) - (len(blanks) > 1)]):
        return Noise(float(np.std(blanks, ddof=1)) if len(blanks) > 1 else 0.0, ASSUMED_CV, 0)
    middle = float(np.mean(blanks)) if blanks else 0.0
    blank = middle if 2 * middle <= means.min() + means.max() else 0.0  # a falling curve begins at its blanks
    variances = np.array([group.var(ddof=1) for group in groups])
    above = (means - blank) ** 2
    scale = max(float(variances @ freedoms / freedoms.sum()), 1e-12 * float(above.max()))

    def surprise(at: FloatArray) -> float:
        law = np.exp(at[0]) * scale + np.exp(at[1]) * scale * above / above.max()
        return float(freedoms @ (np.log(law) + variances / law))

    best = minimize(surprise, np.array([-2.0, 0.5]), bounds=[(-16.0, 5.0)] * 2, method="L-BFGS-B").x
    floor2, cv2 = float(np.exp(best[0]) * scale), float(np.exp(best[1]) * scale / above.max())
    law = floor2 + cv2 * above
    rows = np.stack([np.ones(above.size), above / above.max()])
    information = (rows * (freedoms / (2 * law**2))) @ rows.T
    units = np.array([1.0, 1 / above.max()])
    covariance = np.linalg.pinv(information) * np.outer(units, units)
    return Noise(math.sqrt(floor2), math.sqrt(cv2), int(freedoms.sum()), blank, covariance)


def fit(levels: Sequence[Level], blanks: Sequence[float], noise: Noise) -> StandardCurve:
    """Fit a four-parameter logistic curve, weighted by the noise of the wells.

    Parameters
    ----------
    levels : standards, zero included where there is one
    blanks : signals; they are standards of zero
    noise : Noise

    Raises
    ------
    InputError
        Too few standards, or standards that do not rise (or fall) throughout.
    """
    from scipy.optimize import least_squares

    zero = (Level(0.0, (), tuple(blanks)),) if blanks else ()
    points = tuple(sorted((*zero, *levels), key=lambda level: level.concentration))
    above = [level for level in points if level.concentration > 0]
    if len(above) < FEWEST_LEVELS:
        raise error("standards", f"{len(above)} standards above zero", f"four parameters need {FEWEST_LEVELS} or more",
                    "the curve would pass through any signal", "read more standards, or name them in the layout")
    _refuse_reversal(points, noise)
    x = np.concatenate([np.full(len(level.signals), level.concentration) for level in points])
    y = np.concatenate([level.signals for level in points])
    sd = np.concatenate([np.full(len(level.signals), noise.sd(np.array([level.mean]))[0]) for level in points])
    lowest, highest = above[0].concentration, above[-1].concentration
    first, last = points[0].mean, points[-1].mean
    span = last - first
    free = np.array([first, last + 0.1 * span, math.log(math.sqrt(lowest * highest)), 0.0])
    bounds = (np.array([-np.inf, -np.inf, math.log(lowest / _REACH), math.log(_SLOPES[0])]),
              np.array([np.inf, np.inf, math.log(highest * _REACH), math.log(_SLOPES[1])]))

    def residual(p: FloatArray) -> FloatArray:
        return (forward(x, p[0], p[1], math.exp(p[2]), math.exp(p[3])) - y) / sd

    def jacobian(p: FloatArray) -> FloatArray:
        half, slope = math.exp(p[2]), math.exp(p[3])
        return gradient(x, p[0], p[1], half, slope) * np.array([1.0, 1.0, half, slope]) / sd[:, None]

    found = least_squares(residual, free, jac=jacobian, bounds=bounds, x_scale="jac", max_nfev=2000)
    curve = FourParameter(float(found.x[0]), float(found.x[1]), math.exp(found.x[2]), math.exp(found.x[3]))
    scale = np.array([1.0, 1.0, curve.half, curve.slope])
    freedom = max(x.size - 4, 1)
    misfit = float(2.0 * found.cost / freedom)
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * np.outer(scale, scale)
    covariance *= widening(misfit, freedom, noise.freedom)
    at_bound = [name for name, active in zip(PARAMETERS, found.active_mask, strict=True) if active]
    recovered = tuple(_recovered(curve, level) for level in above)
    lower, upper = _range(recovered)
    lod, loq = (_limit(curve, blanks, multiple) for multiple in (3.0, 10.0))
    return StandardCurve(curve, covariance, noise, misfit, points, recovered, lower, upper, lod, loq,
                         ", ".join(at_bound))


def _refuse_reversal(points: Sequence[Level], noise: Noise) -> None:
    """Standards go one way, up to the noise: a turn means swapped wells or a hook."""
    means = [level.mean for level in points]
    direction = math.copysign(1.0, means[-1] - means[0])
    if max(means) - min(means) <= REVERSAL * float(noise.sd(np.array([max(map(abs, means))]))[0]):
        raise error("standards", f"all standards read {min(means):.4g} to {max(means):.4g}, within the noise of a well",
                    "the signal of standards goes with their concentration", "any signal would mean any concentration",
                    "check the layout, and whether the assay worked")
    turned = means.index(max(means) if direction > 0 else min(means))
    for before, after in itertools.pairwise(points):
        error_of = math.hypot(*(float(noise.sd(np.array([level.mean]))[0]) / math.sqrt(len(level.signals))
                                for level in (before, after)))
        if direction * (after.mean - before.mean) < -max(REVERSAL * error_of, SMALL_TURN * (max(means) - min(means))):
            at_top = len(points) // 2 < turned < len(points) - 1
            raise _not_monotone(before, after, hooked=at_top and before is points[turned])


def _not_monotone(before: Level, after: Level, *, hooked: bool) -> InputError:
    way = "falls" if after.mean < before.mean else "rises"
    hook = "; a fall at the top is a hook: leave the highest standards out" if hooked else ""
    return error("standards", f"the signal {way} from {before.mean:.4g} at {before.concentration:g} "
                 f"({', '.join(before.wells) or 'blank'}) to {after.mean:.4g} at {after.concentration:g} "
                 f"({', '.join(after.wells)})", "the signal of standards goes one way, up to their noise",
                 "one signal would stand for two concentrations",
                 "check the layout and the order of --standards, or leave wells out with --exclude "
                 f"{','.join(after.wells)}{hook}")


def _recovered(curve: FourParameter, level: Level) -> Recovered:
    read = float(curve.concentration(np.array([level.mean]))[0])
    ratio = read / level.concentration
    steady = math.isnan(level.cv) or level.cv <= HIGHEST_CV
    return Recovered(level, read, bool(RECOVERY[0] <= ratio <= RECOVERY[1] and steady))


def _range(recovered: Sequence[Recovered]) -> tuple[float, float]:
    """The longest run of accepted standards."""
    best: list[Recovered] = []
    run: list[Recovered] = []
    for one in recovered:
        run = [*run, one] if one.accepted else []
        best = run if len(run) > len(best) else best
    if len(best) < 2:
        return math.nan, math.nan
    return best[0].level.concentration, best[-1].level.concentration


def _limit(curve: FourParameter, blanks: Sequence[float], multiple: float) -> float:
    if len(blanks) < 2:
        return math.nan
    return detection_limit(curve, float(np.mean(blanks)), float(np.std(blanks, ddof=1)), multiple)
