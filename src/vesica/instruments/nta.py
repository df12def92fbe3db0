r"""The true size law behind a measured NTA distribution, or the reason why it cannot be had.

A log-normal law truncated to known bounds is seen through the response of `nta_response`
and fitted to the measured bins. A measurement that cannot support such a law is refused
with a reason rather than fitted: the caller gets a value either way.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from vesica.errors import Finding, error
from vesica.instruments.nta_fit import Problem, Solution, build_problem, main_peak, solve, standard_errors
from vesica.instruments.nta_law import Inversion, Reason, Refusal, SizeLawFit
from vesica.instruments.nta_response import FloatArray, NtaResponse, uniform_edges
from vesica.readers.records import SizeDistribution

# A fit that leaves a fifth of the measured density (root of squares) explains 96 % of its square.
RESIDUAL_LIMIT: Final = 0.2
# Size standards are sold with 1.02 to 1.1, vesicle populations lie above 1.2: half way between, because
# NTA adds shifts between videos to the width of a standard.
MONODISPERSE_GSD: Final = 1.15
# Beyond this relative standard error a median is no measurement.
UNCERTAIN_MEDIAN: Final = 0.25


def fit_distribution(
    distribution: SizeDistribution,
    response: NtaResponse,
    *,
    low: float,
    high: float,
    residual_limit: float = RESIDUAL_LIMIT,
) -> Inversion:
    """`fit_true_law` on a distribution as read; totals are in its unit."""
    errors = distribution.standard_error
    return fit_true_law(
        distribution.diameter,
        distribution.density,
        response,
        low=low,
        high=high,
        residual_limit=residual_limit,
        standard_error=None if errors is None else errors / distribution.bin_width,
        path=distribution.provenance.file,
    )


def fit_true_law(
    diameter: FloatArray,
    density: FloatArray,
    response: NtaResponse,
    *,
    low: float,
    high: float,
    standard_error: FloatArray | None = None,
    residual_limit: float = RESIDUAL_LIMIT,
    path: str = "nta",
) -> Inversion:
    """Fit the true size law to a measured density.

    Parameters
    ----------
    diameter : (bin,) nm
        Centres of uniform bins.
    density : (bin,) per nm, >= 0
        As measured.
    response : NtaResponse
    low, high : nm
        Bounds of the true law, ``0 < low < high``.
    standard_error : (bin,) per nm, optional
        Of ``density``; sets the weights. Without it, all bins weigh the same.
    residual_limit : dimensionless
        Largest relative residual that one log-normal law is allowed to leave.
    path : str
        Name of the data, for the refusal.

    Returns
    -------
    Inversion
        With a refusal where the data cannot support a law.

    Notes
    -----
    Standard errors are those of weighted least squares: with given errors they are widened
    where residuals are larger than these errors, without given errors they come from the
    residuals. Bins next to each other are correlated (the instrument smooths), so they are
    widened by the root of the integrated autocorrelation of the residuals. They hold for the
    response as given: its own uncertainty is not in them.
    """
    edges = uniform_edges(diameter)
    _check(diameter, density, standard_error, low, high)
    if not density.sum() > 0:
        return Inversion(
            None,
            _refusal(
                path,
                Reason.EMPTY,
                "every bin is empty",
                "a measurement has particles",
                "there is no size to learn",
                "leave this measurement out",
            ),
            0.0,
        )
    mode, peak_width = main_peak(diameter, density, response.log_width)
    objection = _objection_to_peak(mode, peak_width, response, low, high, path)
    if objection is not None:
        return Inversion(None, objection, peak_width)
    problem = build_problem(edges, density, response, low, high, standard_error)
    solution = solve(problem, mode, peak_width)
    fit = _fit(problem, solution)
    refusal = _objection(fit, solution, residual_limit, path)
    return Inversion(fit, refusal, peak_width)


def _check(
    diameter: FloatArray,
    density: FloatArray,
    standard_error: FloatArray | None,
    low: float,
    high: float,
) -> None:
    if not 0 < low < high:
        raise error(
            "nta.low",
            f"bounds {low:g} to {high:g} nm",
            "the lower bound is above zero and below the upper",
            "no vesicle would fit between them",
            "write, for example, 30 to 1000 nm",
        )
    for name, values in (("density", density), ("standard_error", standard_error)):
        if values is None:
            continue
        if values.shape != diameter.shape or not np.isfinite(values).all() or (values < 0).any():
            raise error(
                f"nta.{name}",
                f"{name} of shape {values.shape} for {diameter.shape} sizes, or negative",
                "there is one finite value for each bin, zero or more",
                "the fit would be meaningless",
                "use a distribution read by `readers.read_size_distribution`",
            )


def _refusal(path: str, reason: Reason, wrote: str, rule: str, consequence: str, fix: str) -> Refusal:
    return Refusal(reason, Finding("error", path, wrote, rule, consequence, fix))


def _objection_to_peak(
    mode: float,
    peak_width: float,
    response: NtaResponse,
    low: float,
    high: float,
    path: str,
) -> Refusal | None:
    """Judge what can be judged before fitting."""
    if not low <= mode <= high:
        return _refusal(
            path,
            Reason.MODE_OUT_OF_BOUNDS,
            f"the measured peak is at {mode:.4g} nm",
            f"the true law lies between {low:g} and {high:g} nm",
            "the law would be all tail, at one of its bounds",
            "widen the bounds, or check the sample",
        )
    if peak_width < response.log_width:
        # A convolution in log diameter is never narrower than its kernel, whatever was lost before.
        return _refusal(
            path,
            Reason.NARROWER_THAN_TRACKING,
            f"the measured peak has a relative width of {peak_width:.3f}",
            f"tracking alone widens a single size to {response.log_width:.3f}",
            "no spread is left for vesicles: so a monodisperse sample, such as calibration beads, "
            "looks where the instrument is better than the response given",
            "give a vesicle sample, or the tracking error measured with such beads",
        )
    return None


def _fit(problem: Problem, solution: Solution) -> SizeLawFit:
    log_total, log_median, log_width = (float(value) for value in solution.parameters)
    width = math.exp(log_width)
    errors, bins = standard_errors(problem, solution)
    median, gsd, total = math.exp(log_median), math.exp(width), math.exp(log_total) * problem.scale
    law = problem.law(log_median, width)
    left = problem.model(solution.parameters) - problem.target
    return SizeLawFit(
        median=median,
        gsd=gsd,
        median_se=median * float(errors[1]),
        gsd_se=gsd * width * float(errors[2]),
        low=problem.low,
        high=problem.high,
        total=total,
        total_se=total * float(errors[0]),
        relative_residual=float(np.linalg.norm(left) / np.linalg.norm(problem.target)),
        correlated_bins=bins,
        share_below_visibility=_share_below(problem, median, gsd),
        share_unseen=float(1.0 - problem.seen @ law),
        response=problem.response,
    )


def _share_below(problem: Problem, median: float, gsd: float) -> float:
    """Share of the truncated law below the diameter of half visibility, in closed form."""
    from scipy.special import ndtr

    width = math.log(gsd)
    low, high, visible = (
        float(ndtr(math.log(size / median) / width))
        for size in (problem.low, problem.high, problem.response.visible_diameter)
    )
    return min(max((visible - low) / (high - low), 0.0), 1.0)


def _objection(fit: SizeLawFit, solution: Solution, residual_limit: float, path: str) -> Refusal | None:
    """Find the first reason, gravest first, not to use the fit."""
    return _not_such_a_law(fit, solution, residual_limit, path) or _not_determined(fit, solution, path)


def _not_such_a_law(fit: SizeLawFit, solution: Solution, residual_limit: float, path: str) -> Refusal | None:
    if not solution.has_converged:
        return _refusal(
            path,
            Reason.NOT_CONVERGED,
            "the fit does not settle",
            "a law is a settled fit",
            "its numbers would depend on where the fit was stopped",
            "check the distribution by eye",
        )
    if fit.gsd < MONODISPERSE_GSD:
        return _refusal(
            path,
            Reason.MONODISPERSE,
            f"the true sizes spread by a gsd of {fit.gsd:.3f} about {fit.median:.4g} nm",
            f"vesicles spread by more than {MONODISPERSE_GSD:g}",
            "this is a monodisperse sample such as calibration beads, not a law of vesicles",
            "give a vesicle sample; use this one to measure the tracking error",
        )
    if fit.relative_residual > residual_limit:
        return _refusal(
            path,
            Reason.POOR_FIT,
            f"one log-normal law leaves {fit.relative_residual:.0%} of the measured density",
            f"it may leave {residual_limit:.0%}",
            "the sample has several populations, aggregates or too few particles, and one median "
            "would describe none of them",
            "describe the populations separately, or measure more videos",
        )
    return None


def _not_determined(fit: SizeLawFit, solution: Solution, path: str) -> Refusal | None:
    visible = fit.response.visible_diameter
    if solution.at_limit:
        return _refusal(
            path,
            Reason.AT_LIMIT,
            f"the fit ends at median {fit.median:.4g} nm, gsd {fit.gsd:.3g}",
            "a fit ends inside the bounds of its parameters",
            "the data do not determine the law; the bound does",
            "widen the bounds, or check the sample",
        )
    if fit.median < visible:
        return _refusal(
            path,
            Reason.MEDIAN_INVISIBLE,
            f"the fitted median is {fit.median:.4g} nm",
            f"half of the vesicles of {visible:.4g} nm are seen, and fewer of smaller ones",
            f"{fit.share_unseen:.0%} of the vesicles would be extrapolated from the others",
            "measure the small ones by another method, such as electron microscopy",
        )
    if not fit.median_se < UNCERTAIN_MEDIAN * fit.median:
        return _refusal(
            path,
            Reason.UNCERTAIN,
            f"the median is {fit.median:.4g} +- {fit.median_se:.2g} nm",
            f"its standard error is below {UNCERTAIN_MEDIAN:.0%}",
            "the data do not determine the law",
            "measure more particles",
        )
    return None
