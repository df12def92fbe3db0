"""Size laws fitted to tracks and bins: closed forms, gradients, intervals, verdicts and refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import approx_fprime

from vesica.analysis.nta.fits import aicc, akaike_weights, cumulative_gap, fit_sizes, peaks_of
from vesica.analysis.nta.fits_data import size_data_of_bins, size_data_of_tracks
from vesica.analysis.nta.fits_laws import BehindLimit, LognormalMixture
from vesica.analysis.nta.fits_profile import (
    DEVIANCE_95,
    Interval,
    maximise,
    parameter_deviance,
    parameter_interval,
    unseen_factor_deviance,
    unseen_factor_interval,
)
from vesica.errors import InputError
from vesica.instruments import NtaResponse, observed_density, truncated_lognormal_density

RESPONSE = NtaResponse(visible_diameter=70.0, visible_slope=1 / 0.15, tracking_error=0.2)
EDGES = np.arange(1001.0)
CENTRES = EDGES[:-1] + 0.5


def tracks_of(median: float, width: float, n: int, seed: int = 3):
    return np.exp(np.random.default_rng(seed).normal(math.log(median), width, n))


def binned(diameter, edges=EDGES, scale: float = 1e6):
    counts = np.histogram(diameter, edges)[0]
    return size_data_of_bins(edges, counts * scale, float(counts.sum()))


def seen_bins(median: float, gsd: float, tracks: float):
    """Expected bins of a truncated law seen through the response, and true number over seen number."""
    true = truncated_lognormal_density(CENTRES, median=median, gsd=gsd, low=30.0, high=1000.0)
    seen = observed_density(CENTRES, true, RESPONSE)
    return size_data_of_bins(EDGES, seen, tracks), true, seen


def test_aicc_by_hand() -> None:
    """-2 x (-100) + 2 x 2 + 2 x 2 x 3 / (10 - 3) = 200 + 4 + 12/7; with n = k + 1 there is no correction to give."""
    assert aicc(-100.0, 2, 10) == pytest.approx(204 + 12 / 7, rel=1e-15)
    assert aicc(-100.0, 2, 3) == math.inf


def test_weights_by_hand() -> None:
    """exp(0), exp(-1), exp(-2) over their sum."""
    assert akaike_weights([10.0, 12.0, 14.0]) == pytest.approx(np.exp([0, -1, -2]) / np.exp([0, -1, -2]).sum())
    assert akaike_weights([1.0, math.inf]) == [1.0, 0.0]


def test_the_maximum_is_the_mean_and_the_spread_of_logarithms() -> None:
    """Closed form; the optimiser stops at a gradient of 1e-9 per track, curvature about 1/width^2 = 8: 1e-7."""
    sizes = tracks_of(110, 0.35, 500)
    best = maximise(LognormalMixture(size_data_of_tracks(sizes), 1))
    assert best.parameters[0] == pytest.approx(np.log(sizes).mean(), abs=1e-7)
    assert math.exp(best.parameters[1]) == pytest.approx(np.log(sizes).std(), abs=1e-7)
    normal = stats.norm.logpdf(np.log(sizes), np.log(sizes).mean(), np.log(sizes).std()) - np.log(sizes)
    assert best.log_likelihood == pytest.approx(normal.sum(), rel=1e-12)


@pytest.mark.parametrize("n", [50, 5000])
def test_the_profile_interval_of_the_median_is_its_closed_form(n: int) -> None:
    """deviance = n ln(1 + (mu - mean)^2 / s^2) <= 3.84 gives mean -+ s sqrt(exp(3.84/n) - 1).

    Wald's 1.96 s/sqrt(n) is its limit: sqrt(exp(x) - 1) = sqrt(x) (1 + x/4 + ...), x = 3.84/n, so the profile
    interval is wider by x/4 relatively (the next term is 5 x^2/96, at n = 50 3e-4).
    """
    sizes = np.log(tracks_of(110, 0.35, n))
    law = LognormalMixture(size_data_of_tracks(np.exp(sizes)), 1)
    found = parameter_interval(law, maximise(law), 0)
    half = sizes.std() * math.sqrt(math.expm1(DEVIANCE_95 / n))
    assert (found.high - found.value, found.value - found.low) == pytest.approx((half, half), rel=1e-5)
    wald = 1.959963984540054 * sizes.std() / math.sqrt(n)
    assert (found.high - found.value) / wald - 1 == pytest.approx(DEVIANCE_95 / n / 4, rel=0.01 + 40 / n**2)


def laws_of(data):
    return (LognormalMixture(data, 1), LognormalMixture(data, 2), BehindLimit(data, RESPONSE, 30.0, 1000.0))


@pytest.mark.parametrize("basis", ["tracks", "bins"])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_gradients_are_those_of_the_value(basis: str, index: int) -> None:
    """Forward differences with h = 1e-6: off by h f''/2, f'' about n/width^2 = 800/0.12 x 1 -> 4e-3 per unit."""
    sizes = tracks_of(110, 0.35, 800)
    law = laws_of(size_data_of_tracks(sizes) if basis == "tracks" else binned(sizes))[index]
    place = law.starts()[-1] + 0.1
    value, gradient = law.log_likelihood(place)
    numeric = approx_fprime(place, lambda p: law.log_likelihood(p)[0], 1e-6)
    assert gradient == pytest.approx(numeric, abs=0.02)
    assert math.isfinite(value)
    assert np.abs(gradient).max() > 1.0  # not a place where anything passes


def test_bins_of_a_nanometre_give_what_tracks_give() -> None:
    """Grouping by h widens a normal of width s by h^2/24 s^2 in information: (1/(110 x 0.35))^2/24 = 3e-5.

    The maximum moves with the rounding of tracks inside their bins, h/sqrt(12 n) = 0.01 nm for n = 800.
    """
    sizes = tracks_of(110, 0.35, 800)
    exact, grouped = (fit_sizes(d).of("log-normal").parameters for d in (size_data_of_tracks(sizes), binned(sizes)))
    assert grouped["median"].value == pytest.approx(exact["median"].value, abs=0.04)
    assert grouped["gsd"].value == pytest.approx(exact["gsd"].value, rel=1e-3)
    assert grouped["median"].low == pytest.approx(exact["median"].low, abs=0.04)


def test_the_scale_of_bins_is_tracks_and_not_concentration() -> None:
    """A thousand times the concentration changes nothing; four times the tracks halves the interval, to 3.84/4n/4."""
    counts = np.histogram(tracks_of(110, 0.35, 800), EDGES)[0]
    one, same, four = (
        fit_sizes(size_data_of_bins(EDGES, counts * scale, tracks)).of("log-normal").parameters["median"]
        for scale, tracks in ((1.0, 800), (1e3, 800), (1.0, 3200))
    )
    assert same.high == pytest.approx(one.high, rel=1e-9)
    assert (four.high - four.low) / (one.high - one.low) == pytest.approx(0.5, rel=5e-3)


def test_empty_outer_bins_do_not_pull_on_the_law() -> None:
    """Bins are given that they are shown: cutting the export at 120 nm leaves the median where it is.

    Without that, the missing upper half would pull the median below 100 nm. Expected counts are fitted, so the
    estimate is exact up to the optimiser (1e-6 of the median with the weak curvature of half a law).
    """
    edges = np.arange(121.0)
    probability = np.diff(stats.norm.cdf(np.log(np.maximum(edges, 1e-9)), math.log(110), 0.35))
    found = maximise(LognormalMixture(size_data_of_bins(edges, probability, 2000), 1))
    assert math.exp(found.parameters[0]) == pytest.approx(110, rel=1e-4)


def test_two_populations_are_found_and_named() -> None:
    """70 % at 90 nm, 30 % at 250 nm, 4,000 tracks: the true values lie in 99.9999 % intervals.

    A 95 % half-width is 1.96 standard errors; 2.5 of them are 4.9, a false-alarm rate of 1e-6 each.
    """
    sizes = np.concatenate([tracks_of(90, 0.2, 2800, 5), tracks_of(250, 0.2, 1200, 6)])
    fits = fit_sizes(size_data_of_tracks(sizes))
    assert fits.preferred.law == "two log-normals"
    for name, truth in (("median_1", 90), ("median_2", 250), ("gsd_1", math.exp(0.2)), ("share_2", 0.3)):
        found = fits.preferred.parameters[name]
        assert found.low < found.value < found.high
        wide = (found.value + 2.5 * (found.low - found.value), found.value + 2.5 * (found.high - found.value))
        assert wide[0] < truth < wide[1], name
    assert any("Two populations are identifiable" in sentence for sentence in fits.verdict)
    assert fits.of("log-normal").delta > 100


def test_a_shoulder_is_not_called_a_population() -> None:
    """Behboodian 1970: two normals no further apart than twice the smaller width have one peak.

    ln(140/100) = 0.336 < 2 x 0.2, so the second law is a shoulder; at ln(200/100) = 0.693 > 0.4 it is a peak (equal
    shares and widths, where the rule is sharp).
    """
    for median, count in ((140, 1), (200, 2)):
        sizes = np.concatenate([tracks_of(100, 0.2, 3000, 5), tracks_of(median, 0.2, 3000, 6)])
        fits = fit_sizes(size_data_of_tracks(sizes))
        assert peaks_of(fits.of("two log-normals")) == count
        assert any("one peak together" in sentence for sentence in fits.verdict) == (count == 1)


def test_beads_give_no_true_number() -> None:
    """A spread narrower than the tracking error: the law behind the limit ends at its bound, and nothing follows."""
    fits = fit_sizes(size_data_of_tracks(tracks_of(100, 0.09, 2000)), RESPONSE)
    law = fits.of("log-normal behind the detection limit")
    assert law.at_bound == ("gsd",)
    assert law.unseen_factor is None
    assert any("no true number follows" in sentence for sentence in fits.verdict)


def test_one_population_is_not_called_two() -> None:
    fits = fit_sizes(size_data_of_tracks(tracks_of(110, 0.35, 800)), RESPONSE)
    assert fits.preferred.law == "log-normal"
    assert not any("Two populations are identifiable" in sentence for sentence in fits.verdict)
    assert sum(fit.weight for fit in fits.fits) == pytest.approx(1.0)


def test_the_order_of_components_does_not_matter() -> None:
    """The smaller population is named first, with its own interval and bound."""
    from vesica.analysis.nta.fits import _ordered

    raw = [Interval(5.0, 4.9, 5.1), Interval(-1.0, -2, 0), Interval(4.0, 3.9, 4.1), Interval(-2.0, -3, -1),
           Interval(1.0, 0.5, 1.5, has_high=False)]
    turned, names = _ordered(raw)
    assert [one.value for one in turned[:4]] == [4.0, -2.0, 5.0, -1.0]
    assert turned[4] == Interval(-1.0, -1.5, -0.5, has_low=False, has_high=True)
    assert names[4] == "share_2"


@pytest.mark.parametrize(("median", "gsd"), [(85, 1.5), (110, 1.4)])
def test_the_law_behind_the_limit_is_recovered_from_what_is_seen(median: float, gsd: float) -> None:
    """Expected bins of 1 nm: the model is that of the data, but for truth at bin centres (h^2/24 s^2 d^2, 1e-5)."""
    data, true, seen = seen_bins(median, gsd, 2000)
    law = BehindLimit(data, RESPONSE, 30.0, 1000.0)
    best = maximise(law)
    assert math.exp(best.parameters[0]) == pytest.approx(median, rel=1e-3)
    assert math.exp(math.exp(best.parameters[1])) == pytest.approx(gsd, rel=1e-3)
    factor = unseen_factor_interval(law, best)
    assert factor.value == pytest.approx(true.sum() / seen.sum(), rel=2e-3)
    small = unseen_factor_interval(law, best, (30.0, 200.0))
    assert small.value == pytest.approx(true[30:200].sum() / seen.sum(), rel=2e-3)
    for end in (math.log(factor.low), math.log(factor.high)):
        assert unseen_factor_deviance(law, best, end, None) == pytest.approx(DEVIANCE_95, abs=1e-3)


def test_the_same_law_from_tracks_and_from_bins() -> None:
    """Spline of ten points per tracking width: (1/10)^4/384 x 3 = 1e-6 per track, 1e-3 in 800 of them.

    The constant between density and probability of a 1 nm bin is zero; grouping adds n h^2 / 24 (s d)^2 = 0.06.
    """
    sizes = tracks_of(110, 0.35, 800)
    place = np.array([math.log(100), math.log(0.3)])
    tracks = BehindLimit(size_data_of_tracks(sizes), RESPONSE, 30.0, 1000.0)
    fine = np.arange(0, 1000.0, 0.05)
    bins = BehindLimit(binned(sizes, fine), RESPONSE, 30.0, 1000.0)
    shift = 800 * math.log(0.05)
    assert tracks.log_likelihood(place)[0] == pytest.approx(bins.log_likelihood(place)[0] - shift, abs=0.02)


def test_a_sample_that_is_all_tail_has_no_upper_bound_of_its_number() -> None:
    """A true median of 35 nm with half visibility at 70 nm: laws with ever more unseen particles fit 60 tracks."""
    data, _, _ = seen_bins(35, 1.5, 60)
    fits = fit_sizes(data, RESPONSE)
    factor = fits.of("log-normal behind the detection limit").unseen_factor
    assert factor is not None
    assert not factor.has_high
    assert factor.high == math.inf
    assert "no upper bound" in factor.words()
    assert any("not identifiable" in sentence for sentence in fits.verdict)


def test_ends_of_intervals_lie_at_the_limit_of_the_deviance() -> None:
    law = LognormalMixture(binned(tracks_of(110, 0.35, 400)), 1)
    best = maximise(law)
    for index in (0, 1):
        found = parameter_interval(law, best, index)
        for end in (found.low, found.high):
            assert parameter_deviance(law, best, index, end) == pytest.approx(DEVIANCE_95, abs=1e-3)
        assert parameter_deviance(law, best, index, found.value) == pytest.approx(0.0, abs=1e-6)


def test_the_gap_is_the_kolmogorov_distance() -> None:
    """The largest |F_n - F| just after a step, as scipy's one-sided statistic or its complement; 401 of 401 places."""
    sizes = tracks_of(110, 0.35, 400)
    law = LognormalMixture(size_data_of_tracks(sizes), 1)
    best = maximise(law)
    cdf = stats.norm(best.parameters[0], math.exp(best.parameters[1])).cdf(np.log(np.sort(sizes)))
    expected = np.abs(cdf - np.arange(1, 401) / 400).max()
    assert cumulative_gap(law, best) == pytest.approx(expected, abs=1e-9)
    wrong = replace(best, parameters=best.parameters + np.array([0.5, 0.0]))
    assert cumulative_gap(law, wrong) > 0.3


def test_a_sample_no_law_describes_says_so() -> None:
    """Three separate sizes; two components miss one of them, a fifth of the particles or more."""
    sizes = np.concatenate([tracks_of(m, 0.06, 400, seed) for seed, m in enumerate((60, 150, 400))])
    verdict = fit_sizes(size_data_of_tracks(sizes)).verdict
    assert any("none of these laws describes this sample" in sentence for sentence in verdict)


def test_words_of_data_say_what_bins_are() -> None:
    assert "no counts" in binned(tracks_of(110, 0.35, 100)).words
    negative = np.histogram(tracks_of(110, 0.35, 100), EDGES)[0].astype(float)
    negative[:10] = -1.0
    assert "Negative bins (10.0 %" in size_data_of_bins(EDGES, negative, 100).words


@pytest.mark.parametrize(
    ("build", "part"),
    [
        (lambda: size_data_of_tracks(np.array([100.0] * 29)), "29 tracks"),
        (lambda: size_data_of_tracks(np.array([100.0] * 40 + [-1.0, math.nan])), "2 of 42"),
        (lambda: size_data_of_bins(EDGES, np.zeros(1000), 500), "0 bins hold"),
        (lambda: size_data_of_bins(EDGES, np.ones(1000), None), "not in the file"),
        (lambda: size_data_of_bins(EDGES, np.ones(999), 500), "1001 edges for 999"),
        (lambda: size_data_of_bins(EDGES[::-1], np.ones(1000), 500), "do not increase"),
        (lambda: size_data_of_bins(EDGES, np.full(1000, math.nan), 500), "without a number"),
        (lambda: size_data_of_bins(EDGES, np.ones(1000), 5), "5 tracks"),
    ],
)
def test_data_that_cannot_be_fitted_are_refused_in_four_parts(build, part: str) -> None:
    with pytest.raises(InputError) as caught:
        build()
    finding = caught.value.findings[0]
    assert part in finding.wrote
    assert all((finding.rule, finding.consequence, finding.fix))
