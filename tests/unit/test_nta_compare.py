"""Groups compared: exact tests in closed form, mixed models, Wasserstein distances of known shapes."""

from __future__ import annotations

import builtins
import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower

from vesica.analysis.nta import further
from vesica.analysis.nta.compare import compare_groups, holm, pairs_of
from vesica.analysis.nta.compare_concentration import (
    Arm,
    compare_concentrations,
    permutation_p,
    power,
    replicates_needed,
    smallest_p,
)
from vesica.analysis.nta.compare_shape import ShapeArm, _draws_of, compare_shapes
from vesica.analysis.nta.read import analyse
from vesica.errors import Finding, InputError
from vesica.instruments.files.nanosight import NanosightMeasurement, VideoReading, write_nanosight
from vesica.readers.nta import read_nta

SIZES = np.arange(1, 500) + 0.5


def arm(name: str, means, videos=(5, 5, 5), seed: int = 2, video_spread: float = 0.1) -> Arm:
    random = np.random.default_rng(seed)
    return Arm(name, tuple(np.exp(m + random.normal(0, video_spread, n)) for m, n in zip(means, videos, strict=True)))


def exact(name: str, *values: float) -> Arm:
    return Arm(name, tuple(np.array([value]) for value in values))


def bell(median: float, width: float = 0.3):
    return stats.lognorm.pdf(SIZES, width, scale=median)


def shapes(name: str, *medians: float) -> ShapeArm:
    return ShapeArm(name, tuple((SIZES, 1e9 * bell(median)) for median in medians))


# ------------------------------------------------------------------ concentration


def test_equal_videos_are_the_t_test_of_replicate_means() -> None:
    """The balanced mixed model is the two-sample t test on replicate means: scipy's own, to rounding."""
    a, b = arm("a", (20, 20.2, 19.9)), arm("b", (20.5, 20.4, 20.9), seed=9)
    found = compare_concentrations(a, b)
    expected = stats.ttest_ind(b.log_means, a.log_means)
    interval = expected.confidence_interval()
    assert found.method == "replicate means"
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx(tuple(interval), rel=1e-10)
    assert found.fold == pytest.approx(math.exp(b.log_means.mean() - a.log_means.mean()), rel=1e-12)


def test_the_mixed_model_agrees_with_the_exact_one_where_both_hold() -> None:
    """statsmodels on a balanced design: REML is the same estimator, converged to about 1e-4 of its spread."""
    from vesica.analysis.nta import compare_concentration as module

    a, b = arm("a", (20, 20.4, 19.7)), arm("b", (20.9, 20.4, 21.2), seed=9)
    mixed, means = module._mixed(a, b), module._means(a, b, "x")
    assert mixed.method == "mixed model"
    assert mixed.difference == pytest.approx(means.difference, abs=1e-4)
    assert mixed.se == pytest.approx(means.se, rel=2e-3)
    assert mixed.df == means.df == 4


def test_unequal_videos_take_the_mixed_model() -> None:
    a, b = arm("a", (20, 20.4, 19.7), (5, 3, 4)), arm("b", (20.9, 20.4, 21.2), (5, 5, 2), seed=9)
    found = compare_concentrations(a, b)
    assert found.method == "mixed model"
    assert "4 degrees of freedom" in found.words
    assert found.low < found.fold < found.high


def test_a_variance_of_zero_between_replicates_is_said_and_not_used() -> None:
    """Replicates of one mean: restricted likelihood gives zero. No warning escapes (here they are errors)."""
    videos = np.array([-0.2, 0.2, -0.1, 0.1, 0.0])
    a = Arm("a", tuple(np.exp(20 + videos[:n] - videos[:n].mean()) for n in (5, 4, 3)))
    b = Arm("b", tuple(np.exp(20.1 + videos[:n] - videos[:n].mean()) for n in (5, 4, 5)))
    found = compare_concentrations(a, b)
    assert found.method == "replicate means"
    assert "came out as next to zero" in found.words


@pytest.mark.parametrize(("sizes", "expected"), [((3, 3), 0.1), ((4, 4), 2 / 70), ((3, 4), 1 / 35), ((2, 2), 1 / 3),
                                                 ((2, 5), 1 / 21), ((20, 20), 1e-4)])
def test_the_smallest_p_by_hand(sizes, expected: float) -> None:
    """1 / C(n, k), doubled for equal groups; from 10,000 regroupings on it is 1 of 9999 drawn + 1."""
    assert smallest_p(*sizes) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sizes", [(3, 3), (3, 4), (2, 5)])
def test_groups_apart_reach_the_smallest_p(sizes) -> None:
    a = exact("a", *np.linspace(1e9, 1.3e9, sizes[0]))
    b = exact("b", *np.linspace(5e9, 7.7e9, sizes[1]))
    found = compare_concentrations(a, b)
    assert found.p_permutation == pytest.approx(smallest_p(*sizes), rel=1e-12)
    assert found.smallest_p == smallest_p(*sizes)


def test_permutation_p_by_enumeration() -> None:
    a, b = np.array([1.0, 4.0, 2.5, 3.0]), np.array([3.5, 2.0, 6.0])
    both = np.concatenate([a, b])

    def distance(x, y) -> float:
        return abs(float(np.mean(x) - np.mean(y)))

    every = []
    for chosen in itertools.combinations(range(7), 4):
        rest = [index for index in range(7) if index not in chosen]
        every.append(distance(both[list(chosen)], both[rest]))
    expected = np.mean(np.array(every) >= distance(a, b) - 1e-12)
    assert permutation_p(distance, a, b) == pytest.approx(expected, rel=1e-12)


def test_power_is_that_of_statsmodels() -> None:
    """Both use the noncentral t law: to the tolerance of its evaluation, 1e-6."""
    for n in (2, 3, 8, 40):
        expected = TTestIndPower().power(0.9, n, 0.05)
        assert power(0.9 * 0.3, 0.3, n) == pytest.approx(expected, abs=1e-6)
    assert power(50.0, 0.1, 3) == 1.0


@pytest.mark.parametrize(("fold", "spread"), [(2.0, 0.3), (1.5, 0.4), (1.1, 0.25), (8.0, 0.2)])
def test_replicates_needed_are_the_first_that_suffice(fold: float, spread: float) -> None:
    """n reaches 80 %, n - 1 does not; statsmodels' fractional solution lies between them (or below 2)."""
    n = replicates_needed(math.log(fold), spread)
    assert power(math.log(fold), spread, n) >= 0.8
    if n > 2:
        assert power(math.log(fold), spread, n - 1) < 0.8


def test_no_number_of_replicates_is_promised_for_no_difference() -> None:
    assert replicates_needed(0.001, 0.5) is None
    assert replicates_needed(0.0, 0.0) is None
    assert replicates_needed(0.7, 0.0) == 2


def test_one_replicate_is_no_group() -> None:
    found = compare_concentrations(arm("a", (20,), (5,)), arm("b", (21, 21.2, 20.8)))
    assert (found.p, found.low, found.method) == (None, None, "none")
    assert "no replicates" in found.words
    assert found.notes[0].severity == "warning"


def test_identical_replicates_do_not_divide_by_zero() -> None:
    same = compare_concentrations(exact("a", 1e9, 1e9, 1e9), exact("b", 1e9, 1e9, 1e9))
    assert (same.fold, same.p, same.p_permutation) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("bad", [0.0, -1e8, math.nan, math.inf])
def test_what_has_no_logarithm_is_refused_with_its_replicate(bad: float) -> None:
    wrong = Arm("LPS", (np.array([1e9]), np.array([1e9, bad])), ("dish 1", "dish 2"))
    with pytest.raises(InputError, match="`dish 2` of group `LPS`"):
        compare_concentrations(exact("a", 1e9, 2e9), wrong)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r'pip install "vesica\[statistics\]"'):
        compare_concentrations(arm("a", (20, 20.4), (5, 3)), arm("b", (21, 20.6), (5, 5)))


# ------------------------------------------------------------------ shape


def test_the_distance_of_a_shifted_shape_is_its_shift() -> None:
    """W of F(x) and F(x - 25) is 25 nm exactly: the same weights on sizes 25 nm higher."""
    weight = bell(100)
    a = ShapeArm("a", ((SIZES, weight), (SIZES, 3 * weight)))
    b = ShapeArm("b", ((SIZES + 25, weight), (SIZES + 25, weight)))
    found = compare_shapes(a, b)
    assert found.distance == pytest.approx(25.0, rel=1e-9)
    assert found.mean_shift == pytest.approx(25.0, rel=1e-9)
    assert found.distance_pooled == pytest.approx(25.0, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((25.0, 25.0), rel=1e-9)  # replicates do not differ


def test_the_distance_does_not_know_how_many_particles_there_are() -> None:
    found = compare_shapes(shapes("a", 100, 110), ShapeArm("b", ((SIZES, bell(100)), (SIZES, 7 * bell(110)))))
    assert found.distance == pytest.approx(0.0, abs=1e-9)
    assert found.distance_pooled > 1.0  # pooled, the second replicate weighs seven times


def test_widening_without_a_shift_is_seen() -> None:
    """Two symmetric uniform laws of half width 10 and 20 nm about 100: W = integral |u - 1/2| (40 - 20) du = 5 nm.

    On 1 nm bins the integral is a sum of steps: off by at most the bin width.
    """
    narrow = ((SIZES, ((SIZES > 90) & (SIZES < 110)).astype(float)),)
    wide = ((SIZES, ((SIZES > 80) & (SIZES < 120)).astype(float)),)
    found = compare_shapes(ShapeArm("a", narrow), ShapeArm("b", wide))
    assert found.distance == pytest.approx(5.0, abs=0.5)
    assert found.mean_shift == pytest.approx(0.0, abs=1e-9)
    assert (found.low, found.p) == (None, None)


def test_permutation_of_shapes_by_hand() -> None:
    """Three against three, far apart: only the split seen and its mirror reach the distance, 2 of 20."""
    found = compare_shapes(shapes("a", 100, 102, 104), shapes("b", 150, 153, 156))
    assert found.p == pytest.approx(0.1, rel=1e-12)
    assert found.smallest_p == pytest.approx(0.1)
    assert found.low < found.distance < found.high


def test_draws_with_replacement_are_all_of_them() -> None:
    """3^3 draws are 10 outcomes: 3 of one replicate (1/27 each), 6 of two (3/27), 1 of all (6/27)."""
    draws = _draws_of(3)
    assert sorted(round(27 * p) for _, p in draws) == [1] * 3 + [3] * 6 + [6]
    assert all(weight.sum() == pytest.approx(1.0) for weight, _ in draws)


def test_more_replicates_are_drawn_and_again_the_same() -> None:
    a, b = shapes("a", *range(100, 110, 2)), shapes("b", *range(104, 114, 2))
    first, again = compare_shapes(a, b), compare_shapes(a, b)
    assert (first.low, first.high) == (again.low, again.high)
    assert first.low < first.distance < first.high
    assert "1000 draws" in first.words


def test_different_grids_are_compared() -> None:
    """The same law on bins of 1 and of 2 nm: every particle moves by half a nm, up or down."""
    coarse = bell(100)[:498].reshape(-1, 2).sum(axis=1)
    grid = SIZES[:498].reshape(-1, 2).mean(axis=1)
    found = compare_shapes(shapes("a", 100), ShapeArm("b", ((grid, coarse),)))
    assert found.distance == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("wrong", [ShapeArm("x", ()), ShapeArm("x", ((SIZES, np.zeros_like(SIZES)),))])
def test_shapes_of_nothing_are_refused(wrong: ShapeArm) -> None:
    with pytest.raises(InputError, match="group `x`"):
        compare_shapes(shapes("a", 100), wrong)


# ------------------------------------------------------------------ several groups


def test_holm_is_that_of_statsmodels() -> None:
    p = [0.01, 0.04, 0.03, 0.5, 0.005]
    assert holm(p) == pytest.approx(list(multipletests(p, method="holm")[1]))
    assert holm([0.02, None, 0.03]) == [0.04, None, 0.04]


def test_all_pairs_or_those_asked_for() -> None:
    assert pairs_of(["a", "b", "c"]) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs_of(["a", "b", "c"], [("c", "a")]) == [("c", "a")]


@pytest.mark.parametrize(
    ("names", "asked", "part"),
    [(["ctrl", "LPS"], [("ctrl", "LSP")], "did you mean `LPS`"), (["a"], [], "needs two groups"),
     (["a", "b"], [("a", "a")], "against itself")],
)
def test_pairs_that_do_not_exist_are_refused(names, asked, part: str) -> None:
    with pytest.raises(InputError) as caught:
        pairs_of(names, asked)
    assert part in str(caught.value)


def test_one_bad_group_spoils_no_other_pair() -> None:
    below = Finding("error", "compare.c", "below the limit", "rule", "consequence", "fix")
    groups = [exact("a", 1e9, 1.2e9, 0.9e9), exact("b", 2e9, 2.5e9, 2.2e9),
              Arm("c", (np.array([1.0]),), objection=below)]  # fmt: skip
    found = compare_groups(groups, [shapes(name, 100, 105) for name in "abc"])
    assert [one.concentration is None for one in found] == [False, True, True]
    assert found[0].concentration.p_holm == found[0].concentration.p  # the only p of its family
    assert found[1].findings[0].severity == "warning"
    assert all(one.shape is not None for one in found)


def test_three_pairs_are_corrected() -> None:
    groups = [exact(n, *(1e9 * m * f for f in (1, 1.1, 0.9))) for n, m in (("a", 1), ("b", 2), ("c", 2.2))]
    found = compare_groups(groups, [shapes(name, 100, 105) for name in "abc"])
    raw = [one.concentration.p for one in found]
    assert [one.concentration.p_holm for one in found] == pytest.approx(list(multipletests(raw, method="holm")[1]))


# ------------------------------------------------------------------ from files


def measured(folder, name: str, total: float, seed: int):
    """A file of three videos, a log-normal law about 100 nm, totals scattered by 3 %."""
    random = np.random.default_rng(seed)
    law = stats.lognorm.pdf(np.arange(1000) + 0.5, 0.3, scale=100)
    videos = tuple(
        VideoReading(f"{name}_{n}", np.round(law / law.sum() * total * random.normal(1, 0.03)), 900, 900, 40.0, 42.0)
        for n in range(3)
    )
    path = folder / f"{name}.csv"
    path.write_bytes(write_nanosight(NanosightMeasurement(videos, 100.0, name, experiment=f"{name}.nano")))
    return read_nta(path)


def test_a_sample_below_its_limit_is_not_part_of_a_ratio(tmp_path) -> None:
    """Each file is a sample and a group of its own; the one at the level of the blank cannot be compared."""
    files = [measured(tmp_path, name, total, seed) for seed, (name, total) in
             enumerate((("strong", 9e9), ("stronger", 12e9), ("empty", 1e9)))]
    blanks = [measured(tmp_path, f"medium{n}", 1e9, 10 + n) for n in range(2)]
    result = further.with_comparisons(analyse(files, blanks))
    assert result.samples[2].concentration is None  # or the rest would show nothing
    by_pair = {(one.first, one.second): one for one in result.comparisons}
    names = [group.name for group in result.groups]
    assert by_pair[names[0], names[1]].concentration is not None
    assert by_pair[names[0], names[2]].concentration is None
    assert any("below the limit" in finding.wrote for finding in by_pair[names[0], names[2]].findings)


def test_one_file_a_group_gives_a_ratio_and_no_p(tmp_path) -> None:
    result = further.with_comparisons(
        analyse([measured(tmp_path, "a", 5e9, 1), measured(tmp_path, "b", 10e9, 2)])
    )
    found = result.comparisons[0].concentration
    assert found.fold == pytest.approx(2.0, rel=0.1)  # three videos of 3 %: 2.4 % of the ratio, four of these
    assert (found.p, found.method) == (None, "none")
    assert any("at least two replicates" in finding.rule for finding in result.findings)
