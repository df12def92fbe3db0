"""NTA: the forward response against closed forms, the inversion against known laws, and every refusal."""

import math

import numpy as np
import pytest

from vesica import readers, samples
from vesica.errors import InputError
from vesica.instruments import (
    MONODISPERSE_GSD,
    NtaResponse,
    Reason,
    fit_distribution,
    fit_true_law,
    observed_density,
    truncated_lognormal_density,
    visible_share,
)

RESPONSE = NtaResponse(visible_diameter=70.0, visible_slope=6.0, tracking_error=0.15)
BLUR_ONLY = NtaResponse(visible_diameter=1e-3, visible_slope=20.0, tracking_error=0.15)
LOW, HIGH = 30.0, 1000.0
DIAMETER = np.arange(1000) + 0.5


def lognormal(diameter, median: float, width: float):
    """Density of an untruncated log-normal, nm^-1."""
    score = np.log(diameter / median) / width
    return np.exp(-0.5 * score**2) / (diameter * width * math.sqrt(2 * math.pi))


def observed_elsewhere(
    median: float, gsd: float, response: NtaResponse, *, low=LOW, high=HIGH, diameter=DIAMETER
):
    """What is measured of a truncated law, by arithmetic that shares nothing with `vesica.instruments`.

    Trapezoids on 20,001 true sizes and the point value of the error's density at the centre
    of each bin. Differs from the mean over a bin by h^2/24 of the second derivative: over a peak
    of log width s at d, (h/(s d))^2/24, at most 1e-4 for h = 1 nm and s d >= 20 nm.
    """
    true = np.exp(np.linspace(math.log(low), math.log(high), 20_001))
    law = lognormal(true, median, math.log(gsd))
    law /= np.trapezoid(law, true)
    seen = law / (1 + (response.visible_diameter / true) ** response.visible_slope)
    width = math.sqrt(math.log(1 + response.tracking_error**2))
    return np.array([np.trapezoid(seen * lognormal(x, true, width), true) for x in diameter])


def test_visibility_is_a_half_at_its_diameter_and_a_power_far_below() -> None:
    """1 / (1 + (d50/d)^s): exactly 1/2 at d50; at d50/10 it is 10^-s less its square, 1e-6 relatively for s =
    6.
    """
    shares = visible_share(np.array([70.0, 7.0]), visible_diameter=70.0, visible_slope=6.0)
    assert shares[0] == 0.5
    assert shares[1] == pytest.approx(1e-6, rel=2e-6)


def test_the_log_width_has_the_relative_spread_it_is_made_of() -> None:
    """A log-normal of log width s has the relative standard deviation sqrt(exp(s^2) - 1), a closed form."""
    for error in (0.01, 0.15, 0.5):
        width = NtaResponse(70.0, 6.0, error).log_width
        assert math.sqrt(math.expm1(width**2)) == pytest.approx(error, rel=1e-12)


def test_blur_of_a_lognormal_is_a_wider_lognormal() -> None:
    """Log-normal errors add variances of the logarithm; everything is visible.

    True vesicles stand at bin centres (midpoint rule: spectrally accurate for a smooth law that
    vanishes at both ends) and measured bins hold their mean, (h/(s d))^2/24 off the point value:
    with h = 1, s = 0.34 and d > 40 nm below 1e-3 of the value; 5 widths out, score^2 times that.
    We compare to the peak, so 1e-4 of it: (1/(0.34*100))^2/24 = 4e-5.
    """
    density = lognormal(DIAMETER, 100.0, 0.3)
    width = math.hypot(0.3, BLUR_ONLY.log_width)
    expected = lognormal(DIAMETER, 100.0, width)
    found = observed_density(DIAMETER, density, BLUR_ONLY)
    assert np.abs(found - expected).max() <= 1e-4 * expected.max()


def test_the_invisible_end_of_a_lognormal_is_shifted() -> None:
    """Far below d50, V = (d/d50)^s, and a power times a log-normal is one about median exp(s width^2).

    Its total is (median/d50)^s exp((s width)^2 / 2). At d50 = 1e5 nm and sizes below 300 nm, V leaves
    out (d/d50)^s < 1e-5 for s = 2; the grid adds 1e-4 as in the test above.
    """
    response = NtaResponse(visible_diameter=1e5, visible_slope=2.0, tracking_error=0.15)
    found = observed_density(DIAMETER, lognormal(DIAMETER, 80.0, 0.3), response)
    total = (80.0 / 1e5) ** 2 * math.exp((2 * 0.3) ** 2 / 2)
    expected = total * lognormal(DIAMETER, 80.0 * math.exp(2 * 0.3**2), math.hypot(0.3, response.log_width))
    assert np.abs(found - expected).max() <= 2e-4 * expected.max()


def test_as_many_are_measured_as_are_visible() -> None:
    """Each visible vesicle is measured once: what is lost lies 6 and more widths outside (< 1e-9), or is
    rounding.
    """
    density = lognormal(DIAMETER, 120.0, 0.2)
    seen = density * visible_share(DIAMETER, visible_diameter=70.0, visible_slope=6.0)
    assert observed_density(DIAMETER, density, RESPONSE).sum() == pytest.approx(seen.sum(), rel=1e-9)


def test_truncated_law_integrates_to_one() -> None:
    """Midpoints of 0.01 nm between the bounds; the law is cut where it is not zero, edges are on the grid:
    h^2/24.
    """
    size = np.arange(LOW, 300.0, 0.01) + 0.005
    density = truncated_lognormal_density(size, median=60.0, gsd=1.8, low=LOW, high=300.0)
    assert density.sum() * 0.01 == pytest.approx(1.0, abs=1e-6)
    outside = truncated_lognormal_density(np.array([29.9, 300.1]), median=60.0, gsd=1.8, low=LOW, high=300.0)
    assert outside.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("median", "gsd"), [(80.0, 1.5), (110.0, 1.3), (95.0, 1.8), (150.0, 1.2)])
def test_a_known_law_comes_back_without_noise(median: float, gsd: float) -> None:
    """Bins hold point values where the fit has means, 1e-4 apart at most (`observed_elsewhere`).

    The three numbers move by no more than that for each bin's share,
    so 1e-3, the accuracy promised, is ample.
    """
    found = fit_true_law(
        DIAMETER, 3e9 * observed_elsewhere(median, gsd, RESPONSE), RESPONSE, low=LOW, high=HIGH
    )
    law = found.law()
    assert law.median == pytest.approx(median, rel=1e-3)
    assert law.gsd == pytest.approx(gsd, rel=1e-3)
    assert law.total == pytest.approx(3e9, rel=1e-3)
    assert law.relative_residual < 1e-3


def test_shares_unseen_and_below_visibility() -> None:
    """Against the same law on a fine grid; both fits of the law agree to 1e-3, so shares do to a few 1e-3 of
    1.
    """
    law = fit_true_law(DIAMETER, observed_elsewhere(80.0, 1.5, RESPONSE), RESPONSE, low=LOW, high=HIGH).law()
    size = np.exp(np.linspace(math.log(LOW), math.log(HIGH), 20_001))
    density = lognormal(size, 80.0, math.log(1.5))
    density /= np.trapezoid(density, size)
    below = np.trapezoid(np.where(size < 70.0, density, 0.0), size)
    unseen = 1 - np.trapezoid(density / (1 + (70.0 / size) ** 6), size)
    assert law.share_below_visibility == pytest.approx(below, abs=3e-3)
    assert law.share_unseen == pytest.approx(unseen, abs=3e-3)


@pytest.mark.parametrize("seed", range(5))
def test_a_known_law_comes_back_with_counting_noise(seed: int) -> None:
    """Within 4 standard errors: by chance outside in 1 of 16,000 for each of the 15 numbers compared.

    3,000 tracks in bins of 5 nm with Poisson noise; the error of a bin is the root of its expectation.
    """
    centres = np.arange(200) * 5.0 + 2.5
    expected = 3000 * 5.0 * observed_elsewhere(90.0, 1.5, RESPONSE, diameter=centres)
    counts = np.random.Generator(np.random.Philox(seed)).poisson(expected)
    law = fit_true_law(
        centres, counts / 5.0, RESPONSE, low=LOW, high=HIGH, standard_error=np.sqrt(expected) / 5
    ).law()
    assert abs(law.median - 90.0) < 4 * law.median_se
    assert abs(law.gsd - 1.5) < 4 * law.gsd_se
    assert abs(law.total - 3000) < 4 * law.total_se
    # Errors that are wide enough to hide anything would pass too: the median of 3,000 sizes of log width
    # 0.41 is known to 0.41 / sqrt(3000) = 0.7 %, and fitting three numbers through a response costs a factor
    # of 2 or 3.
    assert 0.005 < law.median_se / law.median < 0.03


@pytest.mark.parametrize("name", ["ev_nanosight34.csv", "ev_sizes.csv"])
def test_samples_drawn_vesicle_by_vesicle_give_their_law_back(name: str) -> None:
    """The script draws, thins and measures single vesicles; within 4 standard errors of what it was told."""
    distribution = readers.read_size_distribution(samples.path(name))
    response = NtaResponse(visible_diameter=65.0, visible_slope=6.0, tracking_error=0.1)
    law = fit_distribution(distribution, response, low=LOW, high=HIGH).law()
    assert abs(law.median - 95.0) < 4 * law.median_se
    assert abs(law.gsd - 1.45) < 4 * law.gsd_se
    assert abs(law.total - 8e10) < 4 * law.total_se
    assert law.median_se < 0.02 * law.median


def refused(found, reason: Reason) -> str:
    assert found.refusal is not None
    assert found.refusal.reason is reason
    part = found.refusal.finding
    assert all((part.wrote, part.rule, part.consequence, part.fix))
    with pytest.raises(InputError, match=r"error: "):
        found.law()
    return str(part)


def test_beads_narrower_than_the_tracking_error_are_refused() -> None:
    """Beads of 100 nm with a spread of 3 %, measured with an error of 5 %, read as if it were 15 %."""
    found = fit_true_law(
        DIAMETER, lognormal(DIAMETER, 100.0, math.hypot(0.03, 0.05)), RESPONSE, low=LOW, high=HIGH
    )
    said = refused(found, Reason.NARROWER_THAN_TRACKING)
    assert "calibration beads" in said
    assert found.fit is None
    # Half maxima of a smoothed Gaussian, less the smoothing: linear interpolation between bins of 1 nm in a
    # peak of 6 nm, h^2/8 of its curvature, 0.4 % of the height; doubled for two flanks.
    assert found.peak_log_width == pytest.approx(math.hypot(0.03, 0.05), rel=0.02)


@pytest.mark.parametrize("gsd", [1.02, 1.1, 1.14])
def test_beads_with_the_right_response_are_recognised(gsd: float) -> None:
    found = fit_true_law(DIAMETER, observed_elsewhere(100.0, gsd, RESPONSE), RESPONSE, low=LOW, high=HIGH)
    if found.fit is None:  # at 1.02 the peak is as wide as tracking, to 1 %
        refused(found, Reason.NARROWER_THAN_TRACKING)
    else:
        refused(found, Reason.MONODISPERSE)
        assert found.fit.gsd < MONODISPERSE_GSD


def test_an_empty_measurement_is_refused() -> None:
    refused(fit_true_law(DIAMETER, np.zeros(1000), RESPONSE, low=LOW, high=HIGH), Reason.EMPTY)


def test_a_mode_outside_of_the_bounds_is_refused() -> None:
    density = observed_elsewhere(300.0, 1.4, RESPONSE)
    said = refused(fit_true_law(DIAMETER, density, RESPONSE, low=30.0, high=150.0), Reason.MODE_OUT_OF_BOUNDS)
    assert "between 30 and 150 nm" in said


def test_two_populations_are_refused() -> None:
    """Equal heights at 90 and 300 nm: one log-normal leaves far more than a fifth."""
    first, second = (observed_elsewhere(median, 1.25, RESPONSE) for median in (90.0, 300.0))
    density = first / first.max() + second / second.max()
    found = fit_true_law(DIAMETER, density, RESPONSE, low=LOW, high=HIGH)
    assert "several populations" in refused(found, Reason.POOR_FIT)
    # The limit is the caller's: with a limit of 1 the same fit is not refused for its residual.
    loose = fit_true_law(DIAMETER, density, RESPONSE, low=LOW, high=HIGH, residual_limit=1.0)
    assert loose.refusal is None or loose.refusal.reason is not Reason.POOR_FIT


def test_a_median_below_visibility_is_refused() -> None:
    found = fit_true_law(DIAMETER, observed_elsewhere(55.0, 1.5, RESPONSE), RESPONSE, low=LOW, high=HIGH)
    assert "extrapolated" in refused(found, Reason.MEDIAN_INVISIBLE)
    assert found.fit is not None
    assert found.fit.median == pytest.approx(55.0, rel=1e-2)


def test_a_fit_that_ends_at_a_bound_is_refused() -> None:
    """The true law reaches below the bound that is given: the median runs into it."""
    truth = observed_elsewhere(20.0, 1.7, RESPONSE, low=10.0)
    found = fit_true_law(DIAMETER, truth, RESPONSE, low=45.0, high=HIGH, residual_limit=1.0)
    refused(found, Reason.AT_LIMIT)


def test_an_uncertain_median_is_refused() -> None:
    """Errors of three times the peak in every bin: 50 bins share one shape, so the median is off by half or
    more.
    """
    centres = np.arange(50) * 20.0 + 10.0
    density = observed_elsewhere(120.0, 1.5, RESPONSE, diameter=centres)
    found = fit_true_law(
        centres, density, RESPONSE, low=LOW, high=HIGH, standard_error=np.full(50, 3 * density.max())
    )
    refused(found, Reason.UNCERTAIN)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: NtaResponse(0.0, 6.0, 0.1), "visible_diameter = 0.0"),
        (lambda: NtaResponse(70.0, -6.0, 0.1), "visible_slope"),
        (lambda: NtaResponse(70.0, 6.0, math.nan), "tracking_error"),
        (lambda: fit_true_law(DIAMETER, DIAMETER, RESPONSE, low=100.0, high=50.0), "bounds 100 to 50 nm"),
        (lambda: fit_true_law(DIAMETER, -DIAMETER, RESPONSE, low=30.0, high=500.0), "or negative"),
        (lambda: fit_true_law(DIAMETER, DIAMETER[1:], RESPONSE, low=30.0, high=500.0), "or negative"),
        (lambda: fit_true_law(DIAMETER**2, DIAMETER, RESPONSE, low=30.0, high=500.0), "without gaps"),
        (lambda: fit_true_law(DIAMETER[::-1], DIAMETER, RESPONSE, low=30.0, high=500.0), "without gaps"),
        (lambda: observed_density(DIAMETER * np.nan, DIAMETER, RESPONSE), "without gaps"),
    ],
)
def test_bad_arguments_are_refused(call, said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_the_result_does_not_depend_on_the_unit_of_the_density() -> None:
    """A power of two scales exactly; densities are divided by their peak before anything else."""
    density = observed_elsewhere(90.0, 1.5, RESPONSE)
    one, other = (
        fit_true_law(DIAMETER, density * f, RESPONSE, low=LOW, high=HIGH).law() for f in (1.0, 2.0**40)
    )
    assert (one.median, one.gsd) == (other.median, other.gsd)
    assert other.total == one.total * 2.0**40
